import { type Signal, useSignal } from '@preact/signals';
import type { ComponentChildren, JSX } from 'preact';
import { useMemo } from 'preact/hooks';
import type { Client } from '../../client';
import { visible } from '../../logs/text/visible';
import type { Stream } from '../../sync/messages';
import { brief } from '../shared/format';
import { otherFields } from '../shared/records';
import { toneOf } from '../shared/tone';
import { LivePicture } from './LivePicture';
import { PicturePull } from './pull';
import { type CheckText, checkTexts, fileOf, isRecording, pictureText, recordingText, restartText } from './texts';

const READ_ONLY = 'You came in with a read-only token: you may look, and not command.';
const SIGNS = { ok: '✓', bad: '✗', untold: '–' } as const;
const SAID = { ok: 'well', bad: 'failed', untold: 'not known' } as const;
/** What the card shows, or what is not for people. */
const SHOWN = [
  ...['status', 'url', 'source', 'runs', 'wanted', 'reason', 'startedAt', 'lastPictureAt', 'changedAt', 'frozenSince'],
  ...['checks', 'width', 'height', 'fps', 'bytesPerS', 'pictures', 'restarts', 'nextTryAt', 'youngS', 'frozenS', 'recording'],
];

interface Props {
  client: Client;
  id: string;
  stream: Stream;
  now: number;
}

/** One stream that is run here: its picture, its three checks, its recording, and what can be asked of it. */
export function StreamCard({ client, id, stream, now }: Props): JSX.Element {
  const pull = useMemo(() => new PicturePull(client, id), [client, id]);
  const name = visible(id);
  const tone = toneOf(stream.status);
  const more = otherFields(stream, SHOWN);
  return (
    <section class="ab-stream" aria-label={`Stream ${name}`} data-stream={id}>
      <LivePicture id={id} stream={stream} pull={pull} now={now} />
      <div class="ab-stream-facts">
        <h3 class="ab-stream-head">
          <b>{name}</b> <span class={`ab-stream-status ab-text-${tone}`}>{brief(stream.status ?? '–')}</span>{' '}
          <span class="ab-faint ab-num">{pictureText(stream)}</span>
        </h3>
        <ul class="ab-stream-checks" aria-label={`Checks of ${name}`}>
          {checkTexts(stream, now).map((check) => (
            <CheckLine key={check.name} check={check} />
          ))}
        </ul>
        <dl class="ab-stream-more">
          <dt>source</dt>
          <dd class="ab-mono" title={visible(stream.source ?? '')}>
            {visible(stream.source ?? '')}
          </dd>
          <dt>restarts</dt>
          <dd class="ab-num">{restartText(stream, now)}</dd>
          <dt>recording</dt>
          <dd class="ab-num">
            <RecordingText stream={stream} now={now} />
          </dd>
          {more.map(([field, value]) => (
            <Field key={field} name={field} value={value} />
          ))}
        </dl>
        <StreamActions client={client} id={id} stream={stream} pull={pull} />
      </div>
    </section>
  );
}

function CheckLine({ check }: { check: CheckText }): JSX.Element {
  return (
    <li class={`ab-stream-check ab-stream-${check.mark}`} title={check.text}>
      <span aria-hidden="true">{SIGNS[check.mark]}</span>
      <span class="ab-hidden">{SAID[check.mark]}: </span>
      <span class="ab-stream-check-name">{check.name}</span>
      <span class="ab-muted ab-num ab-stream-check-text">{check.text}</span>
    </li>
  );
}

function Field({ name, value }: { name: string; value: unknown }): JSX.Element {
  return (
    <>
      <dt title={visible(name)}>{visible(name)}</dt>
      <dd title={brief(value)}>{brief(value)}</dd>
    </>
  );
}

function RecordingText({ stream, now }: { stream: Stream; now: number }): JSX.Element {
  const { recording } = stream;
  const path = recording?.path;
  return (
    <>
      {isRecording(recording) && (
        <span class="ab-text-bad" aria-hidden="true">
          ●{' '}
        </span>
      )}
      {recordingText(recording, now)}{' '}
      {path && (
        <span class="ab-faint" title={visible(path)}>
          {fileOf(path)}
        </span>
      )}
      {recording?.reason && <span class="ab-text-bad ab-stream-why"> {visible(recording.reason)}</span>}
    </>
  );
}

interface ActionsProps {
  client: Client;
  id: string;
  stream: Stream;
  pull: PicturePull;
}

/** What can be asked of a stream; what was refused, and why, stands beside it. */
function StreamActions({ client, id, stream, pull }: ActionsProps): JSX.Element {
  const busy = useSignal<string | null>(null);
  const error = useSignal<string | null>(null);
  const ask = async (what: string, act: () => Promise<unknown>): Promise<void> => {
    busy.value = what;
    error.value = null;
    try {
      await act();
    } catch (raised) {
      error.value = `${what}: ${(raised as Error).message}`;
    }
    busy.value = null;
  };
  const records = isRecording(stream.recording);
  const waits = stream.wanted && stream.startedAt == null;
  const shot = pull.shot.value;
  const button = (label: string, act: () => Promise<unknown>) => (
    <Action client={client} busy={busy} label={label} name={id} onClick={() => void ask(label, act)}>
      {label}
    </Action>
  );
  return (
    <div class="ab-stream-actions">
      {stream.wanted && !waits ? (
        <>
          {button(records ? 'Stop recording' : 'Record', () => client.command('stream.record', { streamId: id, on: !records }))}
          {button('Stop', () => client.command('stream.stop', { streamId: id }))}
        </>
      ) : (
        <>
          {button(waits ? 'Try now' : 'Start', () => client.command('stream.start', { streamId: id }))}
          {waits && button('Stop', () => client.command('stream.stop', { streamId: id }))}
        </>
      )}
      {shot !== null && (
        <a
          class="ab-button ab-stream-still"
          href={shot.url}
          download={`${id}-${shot.number}.jpg`}
          aria-label={`Save still of ${visible(id)}`}
        >
          Still
        </a>
      )}
      {error.value !== null && (
        <span class="ab-text-bad ab-stream-error" role="status">
          {visible(error.value)}
        </span>
      )}
    </div>
  );
}

interface ActionProps {
  client: Client;
  busy: Signal<string | null>;
  label: string;
  name: string;
  onClick(): void;
  children: ComponentChildren;
}

function Action({ client, busy, label, name, onClick, children }: ActionProps): JSX.Element {
  const isReader = client.readOnly.value;
  const isBusy = busy.value !== null;
  const said = `${label} ${visible(name)}`;
  return (
    <button
      type="button"
      class="ab-button"
      disabled={isReader || isBusy}
      title={isReader ? READ_ONLY : undefined}
      aria-label={isReader ? `${said}. ${READ_ONLY}` : said}
      onClick={onClick}
    >
      {busy.value === label ? '…' : children}
    </button>
  );
}
