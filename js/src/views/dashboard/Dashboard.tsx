import { type ReadonlySignal, signal, useComputed } from '@preact/signals';
import type { JSX } from 'preact';
import { useEffect, useId, useMemo, useRef } from 'preact/hooks';
import type { Client } from '../../client';
import { solo } from '../../logs/query/edit';
import type { JobRecord } from '../../sync/messages';
import { fold } from '../../sync/read';
import { DevicesView } from '../DevicesView';
import { FindingsView, seriousFindings } from '../findings/FindingsView';
import { JobsView } from '../jobs/JobsView';
import { activeJobs } from '../jobs/jobs';
import { isStuck, Notice } from '../link/Notice';
import { StatusBadge } from '../link/StatusBadge';
import { LogPane, type LogPaneOptions } from '../log/LogPane';
import { StreamsView } from '../StreamsView';
import { count, plural } from '../shared/format';
import { useNow } from '../shared/hooks';
import { Pill, Skeleton } from '../shared/parts';
import { kept } from '../shared/prefs';
import { addTallies, tally } from '../shared/tone';
import { StateTree } from '../state-tree/StateTree';

const TABS = ['Runs', 'Devices', 'Streams', 'Findings', 'State'] as const;
type Tab = (typeof TABS)[number];

interface Props {
  client: Client;
  title: string;
  options: LogPaneOptions;
  /** Where this dashboard's choices are kept. */
  storageKey: string;
}

/** All of it: the badge, runs, devices, streams, findings, the state, and the log. */
export function Dashboard({ client, title, options, storageKey }: Props): JSX.Element {
  const id = useId();
  const prefs = useMemo(() => kept<{ tab: string }>(storageKey, { tab: 'Runs' }), [storageKey]);
  const edits = useMemo(() => signal<((query: string) => string) | null>(null), []);
  const host = useMemo(() => ({ storageKey: `autobench-nb/${storageKey}/log`, edits }), [storageKey]);
  const tab = TABS.find((name) => name === prefs.value.tab) ?? 'Runs';
  const hasState = useComputed(() => client.state.value !== null).value;
  const pick = (job: JobRecord) => {
    edits.value = (query) => solo(query, 'job', job.id);
  };
  return (
    <section class="autobench ab-dash" aria-label={`AutoBench: ${title}`} data-lm-suppress-shortcuts="true">
      <Head client={client} title={title} />
      <Notice client={client} hasState={hasState} />
      {!hasState && isStuck(client.status.value) ? null : (
        <>
          <Tabs client={client} id={id} tab={tab} onTab={(next) => prefs.set({ tab: next })} />
          <div class="ab-panel" role="tabpanel" id={`${id}-panel`} aria-labelledby={`${id}-${tab}`}>
            {!hasState ? (
              <Skeleton rows={[62, 48, 70]} />
            ) : tab === 'Runs' ? (
              <JobsView client={client} onPick={pick} />
            ) : tab === 'Devices' ? (
              <DevicesView client={client} />
            ) : tab === 'Streams' ? (
              <StreamsView client={client} />
            ) : tab === 'Findings' ? (
              <FindingsView client={client} />
            ) : (
              <StateTree client={client} height={320} />
            )}
          </div>
          <LogPane client={client} options={options} host={host} />
        </>
      )}
    </section>
  );
}

function Head({ client, title }: { client: Client; title: string }): JSX.Element {
  const version = useComputed(() => client.state.value?.version).value;
  const viewers = useComputed(() => client.state.value?.meta.telemetry?.clients).value;
  const rate = useRate(client);
  const live = client.status.value.phase === 'live';
  const name = useComputed(() => client.state.value?.meta.name).value;
  const shown = typeof name === 'string' && name ? name : title;
  return (
    <header class="ab-head">
      <b>AutoBench</b>
      <span class="ab-faint ab-head-title" title={shown}>
        {shown}
      </span>
      <span class="ab-space" />
      {version !== undefined && (
        <span class="ab-head-figures ab-muted ab-num">
          <span title="Version of the state">v {count(version)}</span>
          <span title="Log lines a second">{count(rate)} lines/s</span>
          {viewers !== undefined && viewers > 0 && (
            <span title="Clients that look at this orchestrator">{plural(viewers, 'viewer')}</span>
          )}
        </span>
      )}
      {live && client.hasPage && (
        <button
          type="button"
          class="ab-link ab-head-page"
          title="Open this in a page of its own"
          onClick={() => client.openPage()}
        >
          Open page
        </button>
      )}
      <StatusBadge client={client} quiet />
    </header>
  );
}

/** Log lines a second, over the last two seconds. */
function useRate(client: Client): number {
  const samples = useRef<{ at: number; seq: number }[]>([]);
  const now: ReadonlySignal<number> = useNow(1_000);
  const at = now.value;
  const list = samples.current;
  const last = list[list.length - 1];
  if ((last === undefined || last.at !== at) && client.logs.nextSeq > 0) {
    list.push({ at, seq: client.logs.nextSeq });
    if (list.length > 3) list.shift();
  }
  const first = list[0];
  const newest = list[list.length - 1];
  if (!first || !newest || newest.at <= first.at || newest.seq < first.seq) return 0;
  return Math.round(((newest.seq - first.seq) * 1000) / (newest.at - first.at));
}

interface TabsProps {
  client: Client;
  id: string;
  tab: Tab;
  onTab(tab: Tab): void;
}

function Tabs({ client, id, tab, onTab }: TabsProps): JSX.Element {
  const bar = useRef<HTMLDivElement>(null);
  useEffect(() => {
    bar.current
      ?.querySelector<HTMLElement>('[aria-selected="true"]')
      ?.scrollIntoView?.({ block: 'nearest', inline: 'nearest' });
  }, [tab]);
  const onKey = (event: KeyboardEvent) => {
    const i = TABS.indexOf(tab);
    const to =
      event.key === 'ArrowRight'
        ? i + 1
        : event.key === 'ArrowLeft'
          ? i - 1
          : event.key === 'Home'
            ? 0
            : event.key === 'End'
              ? -1
              : null;
    if (to === null) return;
    event.preventDefault();
    event.stopPropagation();
    const next = TABS.at(to % TABS.length) as Tab;
    onTab(next);
    bar.current?.querySelector<HTMLElement>(`[data-tab="${next}"]`)?.focus();
  };
  return (
    <div class="ab-tabs" role="tablist" aria-label="Parts of the state" ref={bar} onKeyDown={onKey}>
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
    return active ? <Pill>{count(active)}</Pill> : null;
  }
  if (tab === 'Devices' || tab === 'Streams') {
    const { warn, bad } = fold(tab === 'Devices' ? state.devices : state.streams, tally, addTallies);
    return warn + bad ? <Pill tone={bad ? 'bad' : 'warn'}>{count(warn + bad)}</Pill> : null;
  }
  if (tab === 'Findings') {
    const serious = seriousFindings(state.pno);
    return serious ? <Pill tone="bad">{count(serious)}</Pill> : null;
  }
  return null;
}
