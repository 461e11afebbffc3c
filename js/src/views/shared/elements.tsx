import type { ComponentChildren, JSX } from 'preact';
import { CopyButton } from './CopyButton';
import type { Tone } from './tone';

/** A dot in a colour. What the colour says is said in words too, by the text beside the dot. */
export function Dot({ tone, halo = false }: { tone: Tone; halo?: boolean }): JSX.Element {
  return <span class={`ab-dot ab-tone-${tone}${halo ? ' ab-halo' : ''}`} aria-hidden="true" />;
}

interface PillProps {
  tone?: 'warn' | 'bad';
  /** What a lone figure means, for the eye and for the ear. */
  title?: string;
  children: ComponentChildren;
}

export function Pill({ tone, title, children }: PillProps): JSX.Element {
  return (
    <span class={`ab-pill${tone ? ` ab-pill-${tone}` : ''}`} title={title}>
      {title === undefined ? (
        children
      ) : (
        <>
          <span aria-hidden="true">{children}</span>
          <span class="ab-hidden">{title}</span>
        </>
      )}
    </span>
  );
}

/** A place where there is nothing yet: what that means, and the next step. */
export function Empty({ title, code, children }: { title: string; code?: string; children?: ComponentChildren }): JSX.Element {
  return (
    <div class="ab-empty">
      <b>{title}</b>
      {children && <p>{children}</p>}
      {code && (
        <div class="ab-empty-code">
          <pre>
            <code>{code}</code>
          </pre>
          <CopyButton text={code} what="the example" />
        </div>
      )}
    </div>
  );
}

/** Bars where rows will be, while the first snapshot is on its way. */
export function Skeleton({ rows }: { rows: readonly number[] }): JSX.Element {
  return (
    <div class="ab-skeleton" aria-hidden="true">
      {rows.map((width, i) => (
        <i key={`${i}-${width}`} style={{ width: `${width}%` }} />
      ))}
    </div>
  );
}
