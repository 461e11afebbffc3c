import { type ReadonlySignal, type Signal, signal } from '@preact/signals';
import { useEffect, useMemo } from 'preact/hooks';

/** The time in ms since 1970, drawn anew so often while `on`. */
export function useNow(everyMs: number, on = true): ReadonlySignal<number> {
  const now: Signal<number> = useMemo(() => signal(Date.now()), []);
  useEffect(() => {
    if (!on) return;
    now.value = Date.now();
    const timer = setInterval(() => {
      if (document.visibilityState === 'visible') now.value = Date.now();
    }, everyMs);
    return () => clearInterval(timer);
  }, [everyMs, on]);
  return now;
}
