import type { JSX } from 'preact';
import type { LogStore } from '../../../logs/store/store';
import { fullTime } from '../../../logs/text/time';
import { count, plural } from '../../shared/format';
import type { Actions } from '../model/actions';
import { LogText, type Marks, OPEN_TEXT, ROW_TEXT } from './LogText';

interface Props {
  store: LogStore;
  seq: number;
  actions: Actions;
  marks: Marks | undefined;
  whole: string | undefined;
  pinned: boolean;
}

/** What an opened row shows below its line: the whole text, its fields, its traceback, and what can be done with it. */
export function Detail({ store, seq, actions, marks, whole, pinned }: Props): JSX.Element | null {
  const i = store.find(seq);
  if (i < 0) return null;
  const message = whole ?? store.message(i);
  const cut = whole === undefined ? store.cut(i) : undefined;
  const exc = store.exc(i);
  const fields = store.fields(i);
  const pretty = json(message);
  const ids = (['logger', 'job', 'step', 'device'] as const).flatMap((kind) => {
    const value = store[kind](i);
    return value === undefined ? [] : [{ kind, value }];
  });
  return (
    <div class="ab-log-detail" role="gridcell">
      {(message.includes('\n') || message.length > ROW_TEXT) && pretty === null && (
        <pre class="ab-log-whole">
          <LogText text={message.slice(0, OPEN_TEXT)} marks={marks} />
          {message.length > OPEN_TEXT &&
            `\n… ${plural(message.length - OPEN_TEXT, 'more character')}: copy the line to have all`}
        </pre>
      )}
      {cut !== undefined && (
        <p>
          {plural(message.length, 'character')} of {count(cut)} came over the wire.{' '}
          <button type="button" class="ab-link" onClick={() => actions.showWhole(seq)}>
            show whole
          </button>
        </p>
      )}
      {pretty !== null && (
        <pre class="ab-log-whole">
          <LogText text={pretty} marks={marks} />
        </pre>
      )}
      {fields !== undefined && (
        <dl class="ab-log-fieldlist">
          {Object.entries(fields).map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>
                <button
                  type="button"
                  class={`ab-log-value ab-type-${value === null ? 'null' : typeof value}`}
                  title="See only lines with this value"
                  onClick={() => actions.onlyField(name, value)}
                >
                  <LogText text={typeof value === 'string' ? value : JSON.stringify(value)} />
                </button>
              </dd>
            </div>
          ))}
        </dl>
      )}
      {exc !== undefined && (
        <pre class="ab-log-traceback">
          <LogText text={exc.trimEnd()} marks={marks} />
        </pre>
      )}
      <div class="ab-log-meta">
        <span>{fullTime(store.ts(i))}</span>
        <span>seq {seq}</span>
        {ids.map(({ kind, value }) => (
          <button type="button" class="ab-link" key={kind} onClick={() => actions.onlyTerm(kind, value)}>
            {kind} {value}
          </button>
        ))}
        <span class="ab-spring" />
        <button type="button" class="ab-link" onClick={() => actions.copy([seq], 'text')}>
          copy
        </button>
        <button type="button" class="ab-link" onClick={() => actions.copy([seq], 'json')}>
          as JSON
        </button>
        <button type="button" class="ab-link" onClick={() => actions.copyLink(seq)}>
          permalink
        </button>
        <button type="button" class="ab-link" onClick={() => actions.pin(seq)}>
          {pinned ? 'unpin' : 'pin'}
        </button>
        <button type="button" class="ab-link" onClick={() => actions.around(seq)}>
          in context
        </button>
      </div>
    </div>
  );
}

/** A message that is a JSON object or array, indented; else null. */
function json(message: string): string | null {
  if (message.length > OPEN_TEXT || !/^\s*[[{]/.test(message)) return null;
  try {
    return JSON.stringify(JSON.parse(message), null, 2);
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}
