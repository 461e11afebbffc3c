import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import type { Client } from '../../client';
import { visible } from '../../logs/text/visible';
import type { DeviceRecord } from '../../sync/messages';
import { get, keys } from '../../sync/read';
import { AskButton, type Asking } from '../shared/ask';
import { brief, clock, setTime } from '../shared/format';
import { otherFields } from '../shared/records';
import { readWish } from './arguments';
import { askedTitle } from './DeviceActions';
import { SparkLine } from './SparkLine';
import { fateText, nowOf } from './texts';

/** What the row or the detail shows in its own way, or what is not for people. */
const TOLD = [
  ...['type', 'status', 'lastSeen', 'supervised', 'critical', 'pausing', 'desired', 'observed', 'was', 'differs', 'units'],
  ...['error', 'failures', 'hangs', 'everyS', 'timeoutS', 'nextTryAt', 'actions', 'asked', 'samples', 'powerFrom', 'needs'],
];

interface Props {
  client: Client;
  asking: Asking;
  id: string;
  device: DeviceRecord;
  now: number;
}

/** An opened device: each quantity with its wish, what it was asked for, how it is watched. */
export function DeviceDetail(props: Props): JSX.Element {
  const { device, now } = props;
  const names = quantities(device);
  const asked = [...(device.asked ?? [])].reverse();
  const needs = (device as { needs?: unknown }).needs;
  const more = otherFields(device, TOLD);
  return (
    <div class="ab-dev-detail">
      {device.error && <p class="ab-dev-wrap ab-text-warn">{visible(device.error)}</p>}
      {names.length > 0 && (
        <div class="ab-dev-quantities" role="table" aria-label="Quantities">
          <div class="ab-dev-quantity ab-dev-head" role="row">
            <span role="columnheader">quantity</span>
            <span role="columnheader">desired</span>
            <span role="columnheader" class="ab-dev-right">
              observed
            </span>
            <span role="columnheader">last 60 s</span>
          </div>
          {names.map((name) => (
            <Quantity key={name} {...props} name={name} />
          ))}
        </div>
      )}
      {asked.length > 0 && (
        <ul class="ab-dev-asked" aria-label="What was asked of it last">
          {asked.map((one) => {
            const fate = fateText(one, now);
            return (
              <li key={one.id} class="ab-num">
                <span class="ab-faint">{clock(one.askedAt)}</span>{' '}
                <span class={fate.tone === 'ok' ? 'ab-dev-well' : `ab-text-${fate.tone}`} aria-hidden="true">
                  {fate.sign}
                </span>{' '}
                <span class="ab-dev-wrap">{askedTitle(one, fate).replace(` at ${clock(one.askedAt)}`, '')}</span>
              </li>
            );
          })}
        </ul>
      )}
      <p class="ab-dev-watched ab-muted ab-num">
        {visible(device.type ?? 'device')}, asked every {setTime(device.everyS ?? 1)}, has {setTime(device.timeoutS ?? 5)} to
        answer
        {Array.isArray(needs) && needs.length > 0 && `; needs ${needs.map((one) => visible(String(one))).join(', ')}`}
        {device.powerFrom && `; ${visible(device.powerFrom)} gives jobs their energy`}
        {more.map(([name, value]) => `; ${visible(name)} ${brief(value)}`).join('')}
      </p>
    </div>
  );
}

/** All quantities that were observed or are wished for, each once. */
function quantities(device: DeviceRecord): string[] {
  const seen = device.observed ?? device.was ?? {};
  return [...new Set([...keys(device.desired), ...keys(seen), ...keys(device.samples)])];
}

function Quantity({ client, asking, id, device, now, name }: Props & { name: string }): JSX.Element {
  const value = get(device.observed ?? {}, name);
  const was = get(device.was ?? {}, name);
  const seen = value ?? was;
  const number = nowOf(device, name);
  const text =
    typeof seen === 'number' || seen === undefined ? number?.text : value === undefined ? `was ${brief(was)}` : brief(value);
  const differs = (device.differs ?? []).includes(name);
  return (
    <div class="ab-dev-quantity" role="row">
      <span role="cell" class="ab-dev-cut" title={visible(name)}>
        {visible(name)}
      </span>
      <span role="cell">
        <Wish client={client} asking={asking} id={id} device={device} name={name} seen={seen} />
      </span>
      <span role="cell" class={`ab-num ab-dev-right${differs ? ' ab-text-warn' : ''}${value === undefined ? ' ab-faint' : ''}`}>
        {text ?? 'unknown'}
      </span>
      <span role="cell">{get(device.samples, name) && <SparkLine device={device} quantity={name} now={now} />}</span>
    </div>
  );
}

interface WishProps extends Omit<Props, 'now'> {
  name: string;
  seen: unknown;
}

/** What is wished for of one quantity, and the way to wish otherwise. */
function Wish({ client, asking, id, device, name, seen }: WishProps): JSX.Element {
  const typed = useSignal('');
  const problem = useSignal('');
  const wish = get(device.desired, name);
  const key = `desire ${name}`;
  const failed = asking.problems.value.get(key);
  const isBusy = asking.since.value.has(key);
  const label = `${visible(name)} of ${visible(id)}`;
  const desire = async (value: unknown): Promise<void> => {
    problem.value = '';
    const done = await asking.ask(key, () => client.command('device.desire', { deviceId: id, desired: { [name]: value } }));
    if (done) typed.value = '';
  };
  const submit = (event: Event) => {
    event.preventDefault();
    const found = readWish(typed.value, seen);
    if (found.problem !== undefined) problem.value = found.problem;
    else if ('value' in found) void desire(found.value);
  };
  const said = problem.value || failed?.text || '';
  return (
    <form class="ab-dev-wish" onSubmit={submit}>
      <span class="ab-dev-cut ab-dev-wished">{wish === undefined ? <span class="ab-faint">–</span> : brief(wish)}</span>
      {device.status !== 'closed' && (
        <>
          <input
            class="ab-input"
            type="text"
            autocomplete="off"
            aria-label={`Wish for ${label}`}
            placeholder={seen === undefined ? '' : brief(seen)}
            disabled={client.readOnly.value}
            value={typed.value}
            onInput={(event) => {
              typed.value = event.currentTarget.value;
            }}
          />
          <AskButton
            client={client}
            label={`Set wish for ${label}`}
            isBusy={isBusy}
            onClick={() => submit(new Event('submit'))}
          >
            Set
          </AskButton>
          {wish !== undefined && (
            <AskButton
              client={client}
              class="ab-link ab-quiet"
              label={`Take back wish for ${label}`}
              isBusy={isBusy}
              onClick={() => void desire(null)}
            >
              take back
            </AskButton>
          )}
        </>
      )}
      {said && <span class="ab-text-bad ab-dev-problem">{visible(said)}</span>}
    </form>
  );
}
