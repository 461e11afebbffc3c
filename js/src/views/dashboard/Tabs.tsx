import { useComputed } from '@preact/signals';
import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import type { Client } from '../../client';
import { fold, size } from '../../sync/read';
import { countDevices } from '../devices/texts';
import { seriousFindings } from '../findings/texts';
import { activeJobs, askingJobs } from '../runs/model/record';
import { Pill } from '../shared/elements';
import { count, plural } from '../shared/format';
import { addStatusCounts, countStatuses } from '../shared/tone';

export const TABS = ['Runs', 'Devices', 'Streams', 'Findings', 'State'] as const;
export type Tab = (typeof TABS)[number];

interface TabsProps {
  client: Client;
  id: string;
  tab: Tab;
  onTab(tab: Tab): void;
}

/** The row of tabs. Arrow keys, Home and End go through them. */
export function Tabs({ client, id, tab, onTab }: TabsProps): JSX.Element {
  const bar = useRef<HTMLDivElement>(null);
  useEffect(() => {
    bar.current
      ?.querySelector<HTMLElement>('[aria-selected="true"]')
      ?.scrollIntoView?.({ block: 'nearest', inline: 'nearest' });
  }, [tab]);
  const onKey = (event: KeyboardEvent) => {
    const to = nextIndex(event.key, TABS.indexOf(tab));
    if (to === null) return;
    event.preventDefault();
    event.stopPropagation();
    const next = TABS.at(to % TABS.length) as Tab;
    onTab(next);
    bar.current?.querySelector<HTMLElement>(`[data-tab="${next}"]`)?.focus();
  };
  return (
    <div class="ab-tabs" role="tablist" aria-label="Parts of the dashboard" ref={bar} onKeyDown={onKey}>
      {TABS.map((name) => (
        <button
          key={name}
          type="button"
          role="tab"
          id={`${id}-${name}`}
          data-tab={name}
          class="ab-tab"
          aria-selected={name === tab}
          aria-controls={`${id}-panel`}
          tabIndex={name === tab ? 0 : -1}
          onClick={() => onTab(name)}
        >
          {name}
          <TabPill client={client} tab={name} />
        </button>
      ))}
    </div>
  );
}

/** The tab that a key leads to, from the end where it is negative; null where the key leads nowhere. */
function nextIndex(key: string, i: number): number | null {
  if (key === 'ArrowRight') return i + 1;
  if (key === 'ArrowLeft') return i - 1;
  if (key === 'Home') return 0;
  return key === 'End' ? -1 : null;
}

/** What waits behind a tab: runs that go on, devices that want a look, findings that are serious. */
function TabPill({ client, tab }: { client: Client; tab: Tab }): JSX.Element | null {
  const slice = useComputed(() => {
    const state = client.state.value;
    if (state === null) return null;
    return tab === 'Runs' ? state.jobs : tab === 'Devices' ? state.devices : tab === 'Streams' ? state.streams : state.pno;
  }).value;
  const state = client.state.peek();
  if (slice === null || state === null) return null;
  if (tab === 'Runs') {
    const active = activeJobs(state.jobs);
    const asking = size(state.jobs.prompts) + askingJobs(state.jobs);
    return (
      <>
        {active > 0 && (
          <Pill title={`${plural(active, 'job')} ${active === 1 ? 'waits or runs' : 'wait or run'}`}>{count(active)}</Pill>
        )}
        {asking > 0 && (
          <Pill tone="warn">
            <span aria-hidden="true" title={`${plural(asking, 'question')} to you`}>
              ⚑ {count(asking)}
            </span>
            <span class="ab-hidden">, {plural(asking, 'question')} to you</span>
          </Pill>
        )}
      </>
    );
  }
  if (tab === 'Devices' || tab === 'Streams') {
    const { warn, bad } =
      tab === 'Devices'
        ? fold(state.devices, countDevices, addStatusCounts)
        : fold(state.streams, countStatuses, addStatusCounts);
    const what = plural(warn + bad, tab === 'Devices' ? 'device' : 'stream');
    const title = `${what} ${warn + bad === 1 ? 'wants' : 'want'} a look`;
    return warn + bad ? (
      <Pill tone={bad ? 'bad' : 'warn'} title={title}>
        {count(warn + bad)}
      </Pill>
    ) : null;
  }
  if (tab === 'Findings') {
    const serious = seriousFindings(state.pno);
    return serious ? (
      <Pill tone="bad" title={plural(serious, 'serious finding')}>
        {count(serious)}
      </Pill>
    ) : null;
  }
  return null;
}
