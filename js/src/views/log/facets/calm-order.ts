import { useEffect, useRef, useState } from 'preact/hooks';

/** How long an order stands at least while the counts grow, in ms. */
const REST_MS = 2_000;
/** How long after another query, whose counts come a little later, in ms. */
const COUNTING_MS = 500;
/** So that a timer that is early finds the rest over, in ms. */
const SLACK_MS = 20;

interface Counted {
  readonly name: string;
  readonly count: number;
  /** What stands behind all others, whatever its count. */
  readonly isLast: boolean;
}

interface CalmOrder<T> {
  readonly ordered: readonly T[];
  /** Keep the order while the reader is at it: nothing moves away under a pointer. */
  hold(on: boolean): void;
}

/**
 * Values with the highest counts first. New values find their place at once, and all do where the query is another; else they
 * change places now and then only.
 */
export function useCalmOrder<T extends Counted>(values: readonly T[], query: string): CalmOrder<T> {
  const kept = useRef({ places: new Map<string, number>(), at: 0, isHeld: false, query });
  const [, redraw] = useState(0);
  const order = kept.current;
  const sorted = byCount(values);
  const now = performance.now();
  const isNew = order.query !== query || values.some(({ name }) => !order.places.has(name));
  if (!order.isHeld && (isNew || now - order.at >= REST_MS)) {
    order.places = new Map(sorted.map(({ name }, place) => [name, place]));
    order.at = order.query === query ? now : now - REST_MS + COUNTING_MS;
    order.query = query;
  }
  const placeOf = ({ name }: T) => order.places.get(name) ?? Number.POSITIVE_INFINITY;
  const ordered = [...sorted].sort((a, b) => placeOf(a) - placeOf(b) || 0);
  const { isHeld } = order;
  const isStale = ordered.some((value, place) => value !== sorted[place]);
  useEffect(() => {
    if (!isStale || isHeld) return;
    const timer = setTimeout(() => redraw((n) => n + 1), Math.max(0, order.at + REST_MS - performance.now()) + SLACK_MS);
    return () => clearTimeout(timer);
  }, [isStale, isHeld]);
  const hold = (on: boolean) => {
    order.isHeld = on;
    if (!on) redraw((n) => n + 1);
  };
  return { ordered, hold };
}

function byCount<T extends Counted>(values: readonly T[]): T[] {
  return [...values].sort((a, b) => Number(a.isLast) - Number(b.isLast) || b.count - a.count);
}
