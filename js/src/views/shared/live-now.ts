import { type ReadonlySignal, useComputed } from '@preact/signals';
import type { Client } from '../../client';
import { useNow } from './hooks';

/**
 * The time in ms since 1970, drawn anew so often while the link is live, and `on`; where the link is lost or the kernel gone,
 * the moment of which what is shown is.
 */
export function useLiveNow(client: Client, everyMs: number, on = true): ReadonlySignal<number> {
  const now = useNow(everyMs, on && client.lastSeen.value === null);
  return useComputed(() => client.lastSeen.value ?? now.value);
}
