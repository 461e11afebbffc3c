import type { JSX } from 'preact';
import { type Progress, percentOf } from './model/progress';

/** How far something is: a track filled to the truth, the repetition in flight paler. Unknown is a stripe without a value. */
export function Track({ progress, label }: { progress: Progress | null; label: string }): JSX.Element {
  if (progress === null) {
    return <span class="ab-track ab-track-unknown" role="progressbar" aria-label={label} aria-valuetext="unknown" />;
  }
  const { done, inFlight, isEstimate } = progress;
  // A guess is no value: what is known for certain is.
  const value = percentOf(isEstimate ? done : done + inFlight);
  return (
    <span
      class="ab-track"
      role="progressbar"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={value}
      aria-valuetext={isEstimate ? `at least ${value} %, about ${percentOf(done + inFlight)} %` : `${value} %`}
    >
      <i class="ab-track-done" style={{ width: `${done * 100}%` }} />
      <i class="ab-track-now" style={{ width: `${inFlight * 100}%` }} />
    </span>
  );
}

/** "30 %", "~ 33 %" where it is guessed; nothing where it is not known. */
export function percentText(progress: Progress | null): string {
  if (progress === null) return '';
  const percent = percentOf(progress.done + progress.inFlight);
  return progress.isEstimate && progress.inFlight > 0 ? `~ ${percent} %` : `${percent} %`;
}
