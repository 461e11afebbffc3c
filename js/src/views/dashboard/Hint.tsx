import { useComputed } from '@preact/signals';
import type { JSX } from 'preact';
import { useMemo } from 'preact/hooks';
import type { Client } from '../../client';
import { size } from '../../sync/read';
import { CopyButton } from '../shared/CopyButton';
import { storedChoices } from '../shared/prefs';

const CODE = 'bench.run("gzip -9c /bin/ls > /dev/null", repeat=20)';

/** One line for who sees this for the first time. It goes with the first job. */
export function Hint({ client, storageKey }: { client: Client; storageKey: string }): JSX.Element | null {
  const prefs = useMemo(() => storedChoices<{ isShut: boolean }>(`${storageKey}/hint`, { isShut: false }), [storageKey]);
  const isNew = useComputed(() => {
    const jobs = client.state.value?.jobs;
    return jobs !== undefined && jobs.lastCompleted === null && size(jobs.items) === 0;
  }).value;
  if (!isNew || prefs.value.isShut) return null;
  return (
    <p class="ab-hint">
      <span class="ab-hint-words">Nothing has run yet. In a cell:</span>
      <span class="ab-hint-try">Try</span>
      <code>{CODE}</code>
      <CopyButton text={CODE} what="the example" />
      <span class="ab-space" />
      <span class="ab-hint-more ab-muted">each tab has its own example</span>
      <button
        type="button"
        class="ab-plain ab-hint-close"
        aria-label="Do not show this hint"
        onClick={() => prefs.set({ isShut: true })}
      >
        ✕
      </button>
    </p>
  );
}
