import type { ReadonlySignal } from '@preact/signals';
import { signal } from '@preact/signals';
import { useEffect, useMemo } from 'preact/hooks';
import type { Client } from '../../client';

/** When each client was last known to be live, in ms since 1970: views that come later stop at the same moment. */
const lastLive = new WeakMap<Client, number>();

/**
 * The time in ms since 1970, drawn anew so often while the link is live, and `on`; where the link is lost or the kernel gone,
 * the last moment at which it was live. Null where it never was.
 */
export function useLiveNow(client: Client, everyMs: number, on = true): ReadonlySignal<number | null> {
  const live = client.status.value.phase === 'live';
  const now = useMemo(() => signal<number | null>(lastLive.get(client) ?? null), [client]);
  useEffect(() => {
    if (!live) {
      now.value = lastLive.get(client) ?? null;
      return;
    }
    const tick = () => {
      lastLive.set(client, Date.now());
      now.value = Date.now();
    };
    tick();
    const timer = setInterval(() => {
      if (!on) lastLive.set(client, Date.now());
      else if (document.visibilityState === 'visible') tick();
    }, everyMs);
    return () => clearInterval(timer);
  }, [client, live, everyMs, on]);
  return now;
}
