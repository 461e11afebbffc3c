import type { JSX, RefObject } from 'preact';
import { tokens } from '../../../logs/query';
import type { QueryError } from '../model/compile';

interface Props {
  text: string;
  error: QueryError | null;
  box: RefObject<HTMLDivElement | null>;
}

/** The query's text with its parts in colours, and where it cannot be read, marked. */
export function ColouredQuery({ text, error, box }: Props): JSX.Element {
  return (
    <div class="ab-log-mirror" ref={box} aria-hidden="true">
      {tokens(text).map(({ from, to, kind, negated }) => {
        const isBad = error !== null && error.column >= from && error.column < to;
        return (
          <span key={from} class={`ab-tok-${kind}${negated ? ' ab-not' : ''}${isBad ? ' ab-bad' : ''}`}>
            {text.slice(from, to)}
          </span>
        );
      })}
      {error && error.column >= text.length && <span class="ab-bad"> </span>}
    </div>
  );
}
