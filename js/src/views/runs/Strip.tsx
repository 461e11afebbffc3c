import type { JSX } from 'preact';
import { type Axis, placeOn } from './model/scale';
import { dotsOf } from './model/strip';

const HEIGHT = 28;
const BAR = 6;
/** The cloud of dots, within the height. */
const TOP = 8;
const CLOUD = 12;

interface Props {
  mean: number;
  numbers: readonly number[];
  axis: Axis;
  /** In words, for who does not see it. */
  label: string;
  /** Whether the numbers are of several jobs: then there is no bar. */
  isFold?: boolean;
}

/** From 0 to the mean a bar, each repetition a dot, the mean a line; what lies beyond 3 MAD in amber. */
export function Strip({ mean, numbers, axis, label, isFold = false }: Props): JSX.Element {
  const [zero, end] = [placeOn(axis, 0), placeOn(axis, mean)];
  const at = percent(end);
  return (
    <svg class="ab-strip" width="100%" height={HEIGHT} role="img" aria-label={label}>
      <title>{label}</title>
      {!isFold && (
        <rect
          class="ab-strip-bar"
          x={percent(Math.min(zero, end))}
          y={(HEIGHT - BAR) / 2}
          width={percent(Math.abs(end - zero))}
          height={BAR}
          rx="1.5"
        />
      )}
      {dotsOf(numbers, axis).map(({ x, y, isOff }, i) => (
        <circle
          key={i}
          class={isOff ? 'ab-strip-off' : 'ab-strip-dot'}
          cx={`${x * 100}%`}
          cy={TOP + y * CLOUD}
          r={isOff ? 2.2 : 1.7}
        />
      ))}
      <rect class="ab-strip-mean" x={at} y="6" width="1.5" height="16" />
    </svg>
  );
}

function percent(share: number): string {
  return `${share * 100}%`;
}
