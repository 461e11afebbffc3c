import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { useId, useMemo } from 'preact/hooks';
import type { Client } from '../../client';
import { visible } from '../../logs/text/visible';
import type { DeviceRecord } from '../../sync/messages';
import { get, size } from '../../sync/read';
import { Asking } from '../shared/ask';
import { Dot } from '../shared/elements';
import { ago } from '../shared/format';
import { ActionForm, DeviceActions } from './DeviceActions';
import { DeviceDetail } from './DeviceDetail';
import { SparkLine } from './SparkLine';
import { deviceTone, mainQuantity, nowOf, quantityTexts, troubleOf } from './texts';

/** Quantities that a row has room for. */
const SHOWN = 3;

interface Props {
  client: Client;
  id: string;
  device: DeviceRecord;
  now: number;
}

/** One device: how it is to be and is, its last minute, what can be asked of it. Opened, all that is known of it. */
export function DeviceRow({ client, id, device, now }: Props): JSX.Element {
  const asking = useMemo(() => new Asking(), [client, id]);
  const form = useSignal<string | null>(null);
  const isOpen = useSignal(false);
  const detail = useId();
  const name = visible(id);
  const quantity = mainQuantity(device);
  const present = quantity === null ? null : nowOf(device, quantity);
  const tone = deviceTone(device);
  // A figure with a unit speaks for itself where it is the only one.
  const hasMany = size(device.samples) > 1 || !get(device.samples, quantity ?? '')?.unit;
  return (
    <div class={`ab-dev ab-dev-${tone}`} role="listitem" aria-label={`Device ${name}`} data-device={id}>
      <div class="ab-dev-row">
        <span class="ab-dev-dot">
          <Dot tone={tone} />
        </span>
        <span class="ab-dev-name">
          <button
            type="button"
            class="ab-plain ab-dev-open"
            aria-expanded={isOpen.value}
            aria-controls={detail}
            title={name}
            onClick={() => {
              isOpen.value = !isOpen.value;
            }}
          >
            <b>{name}</b>
          </button>
          {device.critical && (
            <span class="ab-dev-critical" title="While it is degraded, the queue is paused">
              critical
            </span>
          )}
        </span>
        <span class="ab-dev-type ab-muted" title={visible(device.type ?? '')}>
          {visible(device.type ?? '')}
        </span>
        <Standing device={device} now={now} />
        <span class="ab-dev-seen ab-muted ab-num">
          <span class="ab-dev-narrow">seen </span>
          {device.lastSeen ? <Seen text={device.lastSeen} now={now} /> : 'never'}
        </span>
        <span class="ab-dev-spark">{quantity !== null && <SparkLine device={device} quantity={quantity} now={now} />}</span>
        <span
          class={`ab-dev-now ab-num${present?.isNow === false ? ' ab-faint' : ''}`}
          title={quantity === null ? undefined : visible(quantity)}
        >
          {present?.isNow ? <b>{present.text}</b> : present?.text}
          {present !== null && hasMany && <small class="ab-faint">{visible(quantity ?? '')}</small>}
        </span>
        <span class="ab-dev-acts" role="group" aria-label={`Actions of ${name}`}>
          <DeviceActions client={client} asking={asking} id={id} device={device} now={now} form={form} />
        </span>
      </div>
      {form.value !== null && (
        <ActionForm client={client} asking={asking} id={id} device={device} now={now} form={form} action={form.value} />
      )}
      <div id={detail} hidden={!isOpen.value}>
        {isOpen.value && <DeviceDetail client={client} asking={asking} id={id} device={device} now={now} />}
      </div>
    </div>
  );
}

/** Desired → observed, and below it what is wrong. */
function Standing({ device, now }: { device: DeviceRecord; now: number }): JSX.Element {
  const texts = quantityTexts(device);
  const trouble = troubleOf(device, now);
  const isOne = texts.length === 1;
  return (
    <span class="ab-dev-standing">
      {texts.slice(0, SHOWN).map(({ name, desired, observed, isKnown, differs }) => (
        <span key={name} class="ab-dev-pair">
          {!isOne && name && <span class="ab-faint">{name} </span>}
          {desired === null ? (
            <span class="ab-faint" title="Nothing is wished for">
              –
            </span>
          ) : (
            <span>{desired}</span>
          )}{' '}
          <span class="ab-faint" aria-hidden="true">
            →
          </span>
          <span class="ab-hidden"> is wished for, observed is </span>{' '}
          <span class={differs || !isKnown ? 'ab-text-warn' : ''}>{observed}</span>
        </span>
      ))}
      {texts.length > SHOWN && <span class="ab-faint ab-dev-pair">{`and ${texts.length - SHOWN} more`}</span>}
      {trouble !== null && (
        <span class="ab-dev-trouble ab-num" title={visible(device.error ?? '')}>
          <b class={device.status === 'degraded' ? 'ab-text-warn' : 'ab-muted'}>{trouble.word}</b>
          {trouble.next && <span class="ab-muted">{`, ${trouble.next}`}</span>}
        </span>
      )}
      {device.error && device.status !== 'closed' && <span class="ab-dev-error ab-muted">{visible(device.error)}</span>}
    </span>
  );
}

/** When it answered last. */
function Seen({ text, now }: { text: string; now: number }): JSX.Element {
  const at = Date.parse(text);
  if (Number.isNaN(at)) return <>{visible(text)}</>;
  return (
    <time dateTime={text} title={new Date(at).toLocaleString()}>
      {ago(now - at)}
    </time>
  );
}
