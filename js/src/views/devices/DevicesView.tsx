import { useComputed, useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { useMemo, useRef } from 'preact/hooks';
import type { Client } from '../../client';
import { visible } from '../../logs/text/visible';
import type { DeviceRecord } from '../../sync/messages';
import { get, has, type Rec, size } from '../../sync/read';
import { AskButton, Asking } from '../shared/ask';
import { Empty } from '../shared/elements';
import { ago, brief } from '../shared/format';
import { useLiveNow } from '../shared/live-now';
import { RecordTable } from '../shared/RecordTable';
import { naturalKeys } from '../shared/records';
import { DeviceRow } from './DeviceRow';
import { footTexts } from './texts';

/** Of more devices than these each is drawn once a second, unless more than its figures has changed. */
const MANY = 8;
const EXAMPLE = `from autobench_nb.devices import HostDevice
bench.devices.add(HostDevice("host"), every_s=1)`;

/** The devices: a row for each that is watched, and a table of those that only have a record. */
export function DevicesView({ client }: { client: Client }): JSX.Element | null {
  const devices = useComputed(() => client.state.value?.devices).value;
  const now = useLiveNow(client, 1_000).value;
  // What stays the same is not drawn anew: one device speaks four times a second, and there may be fifty.
  const drawn = useRef(new Map<string, { device: DeviceRecord; now: number; client: Client; node: JSX.Element }>());
  if (devices === undefined) return null;
  if (size(devices) === 0) {
    return (
      <Empty title="No device is known." code={EXAMPLE}>
        Add one from a cell. This one is the machine itself:
      </Empty>
    );
  }
  const order = naturalKeys(devices);
  const watched = order.filter((id) => get(devices, id)?.supervised === true);
  if (watched.length === 0) return <OtherDevices devices={devices} now={now} />;
  const others = order.filter((id) => get(devices, id)?.supervised !== true);
  const isMany = watched.length > MANY;
  const row = (id: string, device: DeviceRecord): JSX.Element => {
    const known = drawn.current.get(id);
    const isYoung = known?.now === now && known.client === client;
    if (isYoung && (known.device === device || (isMany && isAsBefore(known.device, device)))) return known.node;
    const node = <DeviceRow key={id} client={client} id={id} device={device} now={now} />;
    drawn.current.set(id, { device, now, client, node });
    return node;
  };
  for (const id of drawn.current.keys()) if (!has(devices, id)) drawn.current.delete(id);
  const records = watched.map((id) => get(devices, id) as DeviceRecord);
  return (
    <div class="ab-devices">
      <PauseBanner client={client} pausing={watched.filter((id) => get(devices, id)?.pausing === true)} />
      <div class="ab-dev-row ab-dev-head" aria-hidden="true">
        <span />
        <span>device</span>
        <span class="ab-dev-type">type</span>
        <span>desired → observed</span>
        <span class="ab-dev-right">last seen</span>
        <span>last 60 s</span>
        <span class="ab-dev-right">now</span>
        <span class="ab-dev-right">actions, and what became of them</span>
      </div>
      <div class="ab-dev-list" role="list" aria-label="Devices">
        {watched.map((id, i) => row(id, records[i] as DeviceRecord))}
      </div>
      {others.length > 0 && (
        <OtherDevices devices={Object.fromEntries(others.map((id) => [id, get(devices, id) as DeviceRecord]))} now={now} />
      )}
      <Foot records={records} byHand={others.length} />
    </div>
  );
}

/** Whether only figures are newer: they may wait for the next second where there are many devices. */
function isAsBefore(before: DeviceRecord, after: DeviceRecord): boolean {
  return before.asked === after.asked && before.status === after.status && before.differs === after.differs;
}

/** Why nothing starts, while a critical device is the cause; and how to go on all the same. */
function PauseBanner({ client, pausing }: { client: Client; pausing: readonly string[] }): JSX.Element | null {
  const asking = useMemo(() => new Asking(), [client]);
  const paused = useComputed(() => client.state.value?.jobs.paused ?? null).value;
  if (paused === null || pausing.length === 0) return null;
  const key = 'resume';
  const problem = asking.problems.value.get(key);
  const it = pausing.length === 1 ? 'It is critical' : 'They are critical';
  const until = pausing.length === 1 ? 'it answers' : 'they answer';
  return (
    <div class="ab-dev-banner" role="status">
      <span aria-hidden="true" class="ab-text-warn">
        ⚠
      </span>
      <span class="ab-dev-banner-words">
        <b>Queue paused: {visible(paused.reason)}.</b>{' '}
        <span class="ab-muted">
          {it}: what runs goes on, nothing new starts until {until}.
        </span>
        {problem && <span class="ab-text-bad"> {visible(problem.text)}</span>}
      </span>
      <AskButton
        client={client}
        label="Resume anyway: the queue"
        isBusy={asking.since.value.has(key)}
        onClick={() => void asking.ask(key, () => client.command('queue.resume', {}))}
      >
        Resume anyway
      </AskButton>
    </div>
  );
}

function Foot({ records, byHand }: { records: readonly DeviceRecord[]; byHand: number }): JSX.Element {
  const isOpen = useSignal(false);
  return (
    <>
      <div class="ab-dev-foot ab-muted ab-num">
        {footTexts(records, byHand).map(({ text, tone }) => (
          <span key={text} class={`ab-text-${tone}`}>
            {text}
          </span>
        ))}
        <span class="ab-space" />
        <button
          type="button"
          class="ab-link ab-quiet"
          aria-expanded={isOpen.value}
          onClick={() => {
            isOpen.value = !isOpen.value;
          }}
        >
          + Add a device
        </button>
      </div>
      {isOpen.value && (
        <Empty title="A device is added in a cell." code={EXAMPLE}>
          This one is the machine itself; docs/devices.md has serial, HTTP and your own.
        </Empty>
      )}
    </>
  );
}

/** Those that nothing asks: records that are written by hand. */
function OtherDevices({ devices, now }: { devices: Rec<DeviceRecord>; now: number }): JSX.Element {
  return (
    <RecordTable
      noun="device"
      record={devices}
      heads={['type', 'last seen']}
      shown={['type', 'lastSeen']}
      cells={(device) => [brief(device.type ?? ''), lastSeen(device.lastSeen, now)]}
    />
  );
}

function lastSeen(text: string | null | undefined, now: number): JSX.Element | string {
  if (!text) return '';
  const at = Date.parse(text);
  if (Number.isNaN(at)) return visible(text);
  return (
    <time dateTime={text} title={new Date(at).toLocaleString()}>
      {ago(now - at)}
    </time>
  );
}
