import type { JSX } from 'preact';
import type { LogStore } from '../../../logs/store/store';
import { fullTime } from '../../../logs/text/time';
import { visible } from '../../../logs/text/visible';
import { count, plural } from '../../shared/format';
import type { Actions } from '../model/actions';
import type { Marks } from '../model/compile';
import { LogText, OPEN_TEXT, ROW_TEXT } from './LogText';

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
  return (
    <div class="ab-log-detail" role="gridcell">
      <WholeMessage message={message} marks={marks} />
      {cut !== undefined && (
        <p>
          {plural(message.length, 'character')} of {count(cut)} came over the wire.{' '}
          <button type="button" class="ab-link" onClick={() => actions.showWhole(seq)}>
            show whole
          </button>
        </p>
      )}
      {fields !== undefined && <FieldList fields={fields} actions={actions} />}
      {exc !== undefined && (
        <pre class="ab-log-traceback">
          <LogText text={exc.trimEnd()} marks={marks} />
        </pre>
      )}
      <Verbs store={store} seq={seq} i={i} actions={actions} pinned={pinned} />
    </div>
  );
}

/** The message where its row does not show all of it; one that is JSON is indented. */
function WholeMessage({ message, marks }: { message: string; marks: Marks | undefined }): JSX.Element | null {
  const indented = indentedJson(message);
  if (indented === null && !message.includes('\n') && message.length <= ROW_TEXT) return null;
  return (
    <pre class="ab-log-whole">
      <LogText text={indented ?? message.slice(0, OPEN_TEXT)} marks={marks} />
      {indented === null &&
        message.length > OPEN_TEXT &&
        `\n… ${plural(message.length - OPEN_TEXT, 'more character')}: copy the line to have all`}
    </pre>
  );
}

function FieldList({ fields, actions }: { fields: Record<string, unknown>; actions: Actions }): JSX.Element {
  return (
    <dl class="ab-log-fieldlist">
      {Object.entries(fields).map(([name, value]) => (
        <div key={name}>
          <dt>{visible(name)}</dt>
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
  );
}

interface VerbsProps {
  store: LogStore;
  seq: number;
  i: number;
  actions: Actions;
  pinned: boolean;
}

/** Where the line comes from, and what can be done with it. */
function Verbs({ store, seq, i, actions, pinned }: VerbsProps): JSX.Element {
  const origins = (['logger', 'job', 'step', 'device'] as const).flatMap((kind) => {
    const value = store[kind](i);
    return value === undefined ? [] : [{ kind, value }];
  });
  const verbs: readonly (readonly [string, () => void])[] = [
    ['copy', () => actions.copy([seq], 'text')],
    ['as JSON', () => actions.copy([seq], 'json')],
    ['permalink', () => actions.copyLink(seq)],
    [pinned ? 'unpin' : 'pin', () => actions.pin(seq)],
    ['in context', () => actions.around(seq)],
  ];
  return (
    <div class="ab-log-meta">
      <span>{fullTime(store.ts(i))}</span>
      <span title="The number of the line, from 0, in the life of its orchestrator">seq {seq}</span>
      {origins.map(({ kind, value }) => (
        <button type="button" class="ab-link" key={kind} onClick={() => actions.onlyTerm(kind, value)}>
          {kind} {visible(value)}
        </button>
      ))}
      <span class="ab-spring" />
      <span class="ab-log-verbs">
        {verbs.map(([name, act]) => (
          <button type="button" class="ab-link" key={name} onClick={act}>
            {name}
          </button>
        ))}
      </span>
    </div>
  );
}

/** A message that is a JSON object or array, indented; else null. */
function indentedJson(message: string): string | null {
  if (message.length > OPEN_TEXT || !/^\s*[[{]/.test(message)) return null;
  try {
    return JSON.stringify(JSON.parse(message), null, 2);
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}
