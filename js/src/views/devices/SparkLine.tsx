import type { JSX } from 'preact';
import { useId } from 'preact/hooks';
import { visible } from '../../logs/text/visible';
import type { DeviceRecord } from '../../sync/messages';
import { get } from '../../sync/read';
import { HEIGHT, sparkOf, WIDTH } from './spark';
import { figure, placesOf, staleS } from './texts';

interface Props {
  device: DeviceRecord;
  quantity: string;
  now: number;
}

/** The last minute of one quantity as a small curve; from where on nothing is known it is hatched. */
export function SparkLine({ device, quantity, now }: Props): JSX.Element {
  const hatch = useId();
  const window = get(device.samples, quantity);
  const spark = sparkOf(window, now, device.observed != null, staleS(device) * 1_000);
  const { low, high, silentFrom, end } = spark;
  const places = placesOf(low === null || high === null ? [] : [low, high]);
  const range =
    low === null || high === null
      ? 'no samples'
      : low === high
        ? figure(low, window?.unit ?? '', places)
        : `${figure(low, '', places)} to ${figure(high, window?.unit ?? '', places)}`;
  const said = `${visible(quantity)} in the last minute: ${range}${silentFrom === null ? '' : ', then silence'}`;
  return (
    <svg class="ab-spark" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} width={WIDTH} height={HEIGHT} role="img" aria-label={said}>
      <title>{said}</title>
      <defs>
        <pattern id={hatch} width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
          <path d="M0 0V5" class="ab-spark-hatch" />
        </pattern>
      </defs>
      {silentFrom !== null && silentFrom < WIDTH && (
        <rect x={silentFrom} y="1" width={WIDTH - silentFrom} height={HEIGHT - 2} fill={`url(#${hatch})`} />
      )}
      {spark.pieces.map((piece) =>
        piece.includes(' ') ? <polyline key={piece} points={piece} class="ab-spark-line" /> : null,
      )}
      {end !== null && <circle cx={end[0]} cy={end[1]} r="2" class={silentFrom === null ? 'ab-spark-end' : 'ab-spark-was'} />}
    </svg>
  );
}
