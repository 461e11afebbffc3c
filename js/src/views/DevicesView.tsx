import { useComputed } from '@preact/signals';
import type { JSX } from 'preact';
import type { Client } from '../client';
import { visible } from '../logs/text/visible';
import { size } from '../sync/read';
import { Empty } from './shared/elements';
import { ago, brief } from './shared/format';
import { useNow } from './shared/hooks';
import { RecordTable } from './shared/RecordTable';

/** The devices: what they are, how they do, and when they were last heard of. */
export function DevicesView({ client }: { client: Client }): JSX.Element | null {
  const devices = useComputed(() => client.state.value?.devices).value;
  const now = useNow(1_000);
  if (devices === undefined) return null;
  if (size(devices) === 0) {
    return (
      <Empty title="No device is known." code={'bench.devices.add("cap0", type="capture", status="connected")'}>
        Add one from a cell:
      </Empty>
    );
  }
  return (
    <RecordTable
      noun="device"
      record={devices}
      heads={['type', 'last seen']}
      shown={['type', 'lastSeen']}
      cells={(device) => [brief(device.type ?? ''), lastSeen(device.lastSeen, now.value)]}
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
