import { type Signal, useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { useEffect, useId, useRef } from 'preact/hooks';
import type { Client } from '../../client';
import { visible } from '../../logs/text/visible';
import type { ActionSpec, AskedAction, DeviceRecord } from '../../sync/messages';
import { get, keys } from '../../sync/read';
import { AskButton, type Asking } from '../shared/ask';
import { brief, clock, estimate } from '../shared/format';
import { KINDS, kindOf, readAll } from './arguments';
import { type FateText, fateText, newestOf } from './texts';

interface Props {
  client: Client;
  asking: Asking;
  id: string;
  device: DeviceRecord;
  now: number;
  /** The action whose arguments are being filled in. */
  form: Signal<string | null>;
}

/** What can be asked of a device, each with what became of it beside its button. */
export function DeviceActions(props: Props): JSX.Element {
  const { client, asking, id, device, form } = props;
  const isFailing = (device.failures ?? 0) > 0 && device.status !== 'closed';
  const names = device.status === 'closed' ? [] : keys(device.actions);
  const probe = 'probe';
  const failed = asking.problems.value.get(probe);
  return (
    <>
      {isFailing && (
        <span class="ab-dev-act">
          {failed && <Fate fate={{ sign: '✗', tone: 'bad', text: visible(failed.text) }} />}
          <AskButton
            client={client}
            label={`Try now ${visible(id)}`}
            isBusy={asking.since.value.has(probe)}
            onClick={() => void asking.ask(probe, () => client.command('device.probe', { deviceId: id }))}
          >
            Try now
          </AskButton>
        </span>
      )}
      {names.map((name) => {
        const spec = get(device.actions, name) as ActionSpec;
        const hasForm = spec.args.length > 0;
        const isOpen = form.value === name;
        const press = () => {
          if (hasForm) form.value = isOpen ? null : name;
          else void doIt(props, name, {});
        };
        return (
          <span key={name} class="ab-dev-act" data-action={name}>
            <ActionFate {...props} action={name} />
            <AskButton
              client={client}
              label={`${capital(name)} ${visible(id)}`}
              isBusy={!hasForm && asking.since.value.has(keyOf(name))}
              title={visible(spec.about)}
              expanded={hasForm ? isOpen : undefined}
              onClick={press}
            >
              {capital(name)}
              {hasForm && ' …'}
            </AskButton>
          </span>
        );
      })}
    </>
  );
}

function keyOf(action: string): string {
  return `do ${action}`;
}

function capital(name: string): string {
  const text = visible(name).replaceAll('_', ' ');
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}

function doIt({ client, asking, id, device }: Props, action: string, args: Record<string, unknown>): Promise<boolean> {
  const before = newestOf(device, action)?.id;
  return asking.ask(keyOf(action), () => client.command('device.do', { deviceId: id, action, args }), before);
}

/** What became of an action when it was asked for last. */
function ActionFate({ client, asking, device, now, action }: Props & { action: string }): JSX.Element | null {
  const asked = newestOf(device, action);
  const since = asking.since.value.get(keyOf(action));
  // Whether the record tells of what was asked for here: the clocks of server and page may differ.
  const isNew = asked !== undefined && asked.id !== asking.markOf(keyOf(action));
  if (since !== undefined && !isNew) {
    const busy = client.busy.value;
    const waits = busy !== null && !busy.listens ? 'waits for the kernel' : 'asked';
    return <Fate fate={{ sign: '◌', tone: 'busy', text: `${waits} ${estimate((now - since) / 1_000)}` }} />;
  }
  const problem = asking.problems.value.get(keyOf(action));
  // What has reached the device stands in its record, also where no answer came back.
  if (problem !== undefined && !isNew) return <Fate fate={{ sign: '✗', tone: 'bad', text: visible(problem.text) }} />;
  return asked === undefined ? null : <Fate fate={fateText(asked, now)} asked={asked} />;
}

function Fate({ fate, asked }: { fate: FateText; asked?: AskedAction }): JSX.Element {
  const title = asked === undefined ? fate.text : askedTitle(asked, fate);
  return (
    <span class={`ab-dev-fate ab-num ab-text-${fate.tone}`} role="status" title={title}>
      <span aria-hidden="true" class={fate.tone === 'ok' ? 'ab-dev-well' : ''}>
        {fate.sign}
      </span>{' '}
      {fate.text}
    </span>
  );
}

/** "on(port=1) at 19:02:11: done in 34 ms, answered 7". */
export function askedTitle(asked: AskedAction, fate: FateText): string {
  const args = Object.entries(asked.args).map(([name, value]) => `${visible(name)}=${brief(value)}`);
  const answer = asked.value == null ? '' : `, answered ${visible(JSON.stringify(asked.value)).slice(0, 200)}`;
  return `${visible(asked.action)}(${args.join(', ')}) at ${clock(asked.askedAt)}: ${fate.text}${answer}`;
}

/** The arguments of an action: filled in below the device's row. */
export function ActionForm(props: Props & { action: string }): JSX.Element | null {
  const { client, asking, id, device, form, action } = props;
  const spec = get(device.actions, action);
  const typed = useSignal<Record<string, string>>({});
  const isTried = useSignal(false);
  const first = useRef<HTMLFormElement>(null);
  useEffect(() => first.current?.querySelector<HTMLElement>('input, select')?.focus(), [action]);
  if (spec === undefined) return null;
  const { args, problems } = readAll(spec, typed.value);
  // Who came by the action's button goes back to it.
  const close = () => {
    const acts = first.current?.closest('.ab-dev')?.querySelectorAll<HTMLElement>('[data-action]') ?? [];
    for (const act of acts) if (act.dataset.action === action) act.querySelector('button')?.focus();
    form.value = null;
  };
  const submit = (event: Event) => {
    event.preventDefault();
    isTried.value = true;
    if (Object.keys(problems).length > 0 || client.readOnly.value) return;
    close();
    void doIt(props, action, args);
  };
  const shut = (event: KeyboardEvent) => {
    if (event.key !== 'Escape') return;
    event.stopPropagation();
    close();
  };
  return (
    <form
      ref={first}
      class="ab-dev-form"
      aria-label={`Arguments of ${visible(action)}`}
      onSubmit={submit}
      onKeyDown={shut}
      noValidate
    >
      <span class="ab-dev-form-head">
        <b>{capital(action)}</b> {spec.about && <span class="ab-muted">{visible(spec.about)}</span>}
      </span>
      {spec.args.map((name) => (
        <Argument
          key={name}
          spec={spec}
          name={name}
          value={get(typed.value, name) ?? ''}
          problem={isTried.value ? get(problems, name) : undefined}
          onValue={(value) => {
            typed.value = { ...typed.value, [name]: value };
          }}
        />
      ))}
      <span class="ab-dev-form-end">
        <button type="submit" class="ab-button ab-small ab-dev-go" disabled={asking.since.value.has(keyOf(action))}>
          {capital(action)} {visible(id)}
        </button>
        <button type="button" class="ab-link ab-quiet" onClick={close}>
          cancel
        </button>
      </span>
    </form>
  );
}

interface ArgumentProps {
  spec: ActionSpec;
  name: string;
  value: string;
  problem: string | undefined;
  onValue(value: string): void;
}

function Argument({ spec, name, value, problem, onValue }: ArgumentProps): JSX.Element {
  const id = useId();
  const kind = kindOf(spec, name);
  const standard = get(spec.defaults, name);
  const hasStandard = standard !== undefined;
  const given = get(spec.choices, name);
  const choices = given ?? (kind === 'boolean' ? [true, false] : null);
  const need = spec.required.includes(name);
  const hint = hasStandard ? brief(standard) : need ? '' : 'may be left out';
  const shared = { id, 'aria-invalid': problem !== undefined, 'aria-required': need, title: KINDS[kind] };
  return (
    <div class="ab-dev-argument">
      <label for={id}>{visible(name)}</label>
      {choices === null ? (
        <input
          class="ab-input"
          type="text"
          inputMode={kind === 'integer' ? 'numeric' : kind === 'number' ? 'decimal' : 'text'}
          autocomplete="off"
          placeholder={hint}
          value={value}
          onInput={(event) => onValue(event.currentTarget.value)}
          {...shared}
        />
      ) : (
        <select class="ab-input" value={value} onChange={(event) => onValue(event.currentTarget.value)} {...shared}>
          <option value="">{hint || '–'}</option>
          {choices.map((choice, i) => (
            <option key={String(choice)} value={given === undefined ? String(choice) : String(i)}>
              {brief(choice)}
            </option>
          ))}
        </select>
      )}
      {problem && <span class="ab-text-bad ab-dev-problem">{problem}</span>}
    </div>
  );
}
