import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { visible } from '../../logs/text/visible';
import type { Stream } from '../../sync/messages';
import type { PicturePull } from './pull';
import { isRecording, overText } from './texts';

interface Props {
  id: string;
  stream: Stream;
  pull: PicturePull;
  now: number;
}

/** The picture of a stream: asked for while it is on the screen. It keeps its place and shape while none has come. */
export function LivePicture({ id, stream, pull, now }: Props): JSX.Element {
  const frame = useRef<HTMLDivElement>(null);
  const runs = stream.startedAt != null;
  const hasLast = !runs && (stream.pictures ?? 0) > 0;
  useEffect(() => {
    const target = frame.current;
    if (target === null || !runs) return;
    if (typeof IntersectionObserver === 'undefined') {
      pull.turn(true);
      return () => pull.turn(false);
    }
    const observer = new IntersectionObserver((entries) => pull.turn(entries.at(-1)?.isIntersecting ?? false));
    observer.observe(target);
    return () => {
      observer.disconnect();
      pull.turn(false);
    };
  }, [pull, runs]);
  useEffect(() => {
    if (hasLast) void pull.once();
  }, [pull, hasLast]);
  const shot = pull.shot.value;
  const over = pull.error.value !== null && runs ? pull.error.value : overText(stream, now, { shot, held: pull.held.value });
  const ratio = stream.width && stream.height ? `${stream.width} / ${stream.height}` : '16 / 9';
  return (
    <div ref={frame} class={`ab-stream-picture${over === null ? '' : ' ab-stream-old'}`} style={{ aspectRatio: ratio }}>
      {shot !== null && <img src={shot.url} alt={`What ${visible(id)} shows`} data-number={shot.number} />}
      {over !== null && <span class="ab-stream-over">{visible(over)}</span>}
      {isRecording(stream.recording) && (
        <span class="ab-stream-rec">
          <i aria-hidden="true">●</i> REC
        </span>
      )}
    </div>
  );
}
