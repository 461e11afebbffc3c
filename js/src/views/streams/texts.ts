/** What a stream's card says, out of its record: pure. Times in ms since 1970. */

import { visible } from '../../logs/text/visible';
import type { Stream, StreamCheck, StreamRecording } from '../../sync/messages';
import { ago, brief, clock, count, estimate } from '../shared/format';
import type { Held } from './pull';

export type Mark = 'ok' | 'bad' | 'untold';

/** One of the three checks. */
export interface CheckText {
  readonly name: string;
  readonly mark: Mark;
  readonly text: string;
}

export function checkTexts(stream: Stream, now: number): readonly CheckText[] {
  const { process, young, moving } = stream.checks ?? {};
  const up = stream.startedAt == null ? 'runs' : `up ${estimate(Math.max(0, now - stream.startedAt) / 1_000)}`;
  const since = moving?.ok === false ? stream.frozenSince : null;
  const limit = `limit ${brief(stream.frozenS ?? 0)} s`;
  const frozen: CheckText | null =
    since == null
      ? null
      : { name: 'frozen', mark: 'bad', text: `same for ${estimate(Math.max(0, now - since) / 1_000)}, ${limit}` };
  return [
    told('process', process, `ffmpeg, ${up}`),
    told('young picture', young, youngText(stream, now)),
    frozen ?? told(moving?.ok === false ? 'frozen' : 'not frozen', moving, movingText(stream, now)),
  ];
}

function told(name: string, check: StreamCheck | undefined, well: string): CheckText {
  if (check?.ok) return { name, mark: 'ok', text: well };
  return { name, mark: check?.ok === false ? 'bad' : 'untold', text: visible(check?.reason ?? 'not told') };
}

function youngText(stream: Stream, now: number): string {
  if (stream.lastPictureAt == null) return '';
  // The state is told once a second at most, so that a fraction would be made up.
  return `${ago(now - stream.lastPictureAt)}, limit ${brief(stream.youngS ?? 0)} s`;
}

function movingText(stream: Stream, now: number): string {
  if (stream.changedAt == null) return '';
  return `changed ${ago(now - stream.changedAt)}, limit ${brief(stream.frozenS ?? 0)} s`;
}

/** "1280 × 720 · 30 fps · 4.6 Mbit/s": what is known of it. */
export function pictureText(stream: Stream): string {
  const parts: string[] = [];
  if (stream.width != null && stream.height != null) parts.push(`${stream.width} × ${stream.height}`);
  if (stream.fps != null) parts.push(`${brief(stream.fps)} fps`);
  if (stream.bytesPerS != null) parts.push(`${((stream.bytesPerS * 8) / 1e6).toFixed(1)} Mbit/s`);
  return parts.join(' · ');
}

/** What stands over a picture that is not the newest that there should be. `shot`: the picture that is shown. */
export function overText(
  stream: Stream,
  now: number,
  { shot, held }: { readonly shot: { readonly at: number } | null; readonly held: Held | null },
): string | null {
  const of = shot === null ? '' : ` the picture of ${clock(shot.at)}`;
  if (held === 'lost') return shot === null ? 'link lost' : `link lost:${of}`;
  if (held === 'busy' && stream.wanted !== false) return shot === null ? 'the kernel is busy' : `the kernel is busy:${of}`;
  if (stream.wanted === false) return shot === null ? 'off' : `off: the last picture, of ${clock(shot.at)}`;
  if (stream.status === 'frozen' && stream.frozenSince != null) {
    const seconds = Math.max(0, now - stream.frozenSince) / 1_000;
    return `same picture for ${estimate(seconds)}, since ${clock(stream.frozenSince)}`;
  }
  if (stream.status === 'live') return null;
  if (stream.lastPictureAt == null) return stream.status === 'starting' ? 'starting' : 'no picture';
  return shot === null ? `no picture since ${clock(stream.lastPictureAt)}` : `last picture ${ago(now - stream.lastPictureAt)}`;
}

/** "2, last 08:29:01: device busy". */
export function restartText(stream: Stream, now: number): string {
  const last = stream.lastEnd == null ? '' : `, last ${clock(stream.lastEnd.at)}: ${visible(stream.lastEnd.reason)}`;
  const next = stream.nextTryAt == null ? '' : `, the next in ${estimate(Math.max(0, stream.nextTryAt - now) / 1_000)}`;
  return `${count(stream.restarts ?? 0)}${next}${last}`;
}

/** Less room than for so long is worth a warning, in seconds. */
const LITTLE_ROOM_S = 600;

/** What is left on the disk: "41 GB free, for ~ 2 h 05 m at this rate"; null where that is not known. */
export function roomText(stream: Stream): { readonly text: string; readonly isLittle: boolean } | null {
  const { freeBytes, bytesPerS } = stream;
  if (freeBytes == null) return null;
  const free = `${bytes(freeBytes)} free`;
  if (!bytesPerS) return { text: free, isLittle: false };
  const seconds = freeBytes / bytesPerS;
  return { text: `${free}, for ~ ${estimate(seconds)} at this rate`, isLittle: seconds < LITTLE_ROOM_S };
}

export function isRecording(recording: StreamRecording | null | undefined): boolean {
  return recording != null && recording.endedAt == null;
}

export function recordingText(recording: StreamRecording | null | undefined, now: number): string {
  if (recording?.startedAt == null) return 'off';
  const end = recording.endedAt ?? now;
  const took = estimate(Math.max(0, end - recording.startedAt) / 1_000);
  const lost = recording.dropped ? `, ${count(recording.dropped)} pictures dropped` : '';
  const kept = recording.endedAt == null ? '' : recording.reason ? 'off, failed after ' : 'off, kept: ';
  return `${kept}${took} · ${bytes(recording.bytes ?? 0)}${lost}`;
}

/** "299 MB". */
export function bytes(n: number): string {
  if (n < 1e3) return `${n} B`;
  const [scale, unit] = n < 1e6 ? [1e3, 'kB'] : n < 1e9 ? [1e6, 'MB'] : [1e9, 'GB'];
  return `${(n / scale).toFixed(n / scale < 10 ? 1 : 0)} ${unit}`;
}

/** The last part of a path. */
export function fileOf(path: string | undefined): string {
  return visible((path ?? '').split('/').at(-1) ?? '');
}
