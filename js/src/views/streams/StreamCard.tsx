import type { JSX } from 'preact';
import { useMemo } from 'preact/hooks';
import type { Client } from '../../client';
import { visible } from '../../logs/text/visible';
import type { Stream } from '../../sync/messages';
import { AskButton, Asking } from '../shared/ask';
import { brief } from '../shared/format';
import { otherFields } from '../shared/records';
import { toneOf } from '../shared/tone';
import { LivePicture } from './LivePicture';
import { PicturePull } from './pull';
import { type CheckText, checkTexts, fileOf, isRecording, pictureText, recordingText, restartText, roomText } from './texts';

const SIGNS = { ok: '✓', bad: '✗', untold: '–' } as const;
const SAID = { ok: 'well', bad: 'failed', untold: 'not known' } as const;
/** What the card shows, or what is not for people. */
const SHOWN = [
  ...['status', 'url', 'source', 'runs', 'wanted', 'reason', 'startedAt', 'lastPictureAt', 'changedAt', 'frozenSince'],
  ...['checks', 'width', 'height', 'fps', 'bytesPerS', 'pictures', 'restarts', 'nextTryAt', 'youngS', 'frozenS', 'recording'],
  ...['lastEnd', 'freeBytes'],
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
  const room = roomText(stream);
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
          {room !== null && (
            <>
              <dt>room</dt>
              <dd class={`ab-num${room.isLittle ? ' ab-text-warn' : ''}`}>{room.text}</dd>
            </>
          )}
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
  const asking = useMemo(() => new Asking(), [client, id]);
  const records = isRecording(stream.recording);
  const waits = stream.wanted && stream.startedAt == null;
  const shot = pull.shot.value;
  const isBusy = asking.since.value.size > 0;
  const streamId = id;
  const button = (label: string, act: () => Promise<unknown>, sign?: string) => (
    <AskButton
      client={client}
      isBusy={isBusy}
      label={`${label} ${visible(id)}`}
      class="ab-button"
      onClick={() => void asking.ask(label, act)}
    >
      {sign && <span aria-hidden="true">{sign} </span>}
      {asking.since.value.has(label) ? '…' : label}
    </AskButton>
  );
  return (
    <div class="ab-stream-actions">
      {stream.wanted &&
        !waits &&
        button(
          records ? 'Stop recording' : 'Record',
          () => client.command('stream.record', { streamId, on: !records }),
          records ? '■' : '●',
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
      {stream.wanted && !waits && button('Restart', () => client.command('stream.restart', { streamId }))}
      {!stream.wanted && button('Start', () => client.command('stream.start', { streamId }))}
      {waits && button('Try now', () => client.command('stream.start', { streamId }))}
      {stream.wanted && button('Stop', () => client.command('stream.stop', { streamId }))}
      {[...asking.problems.value].map(([what, problem]) => (
        <span key={what} class="ab-text-bad ab-stream-error" role="status">
          {what}: {visible(problem.text)}
        </span>
      ))}
    </div>
  );
}
