import { signal, useComputed } from '@preact/signals';
import type { JSX } from 'preact';
import { useId, useMemo } from 'preact/hooks';
import type { Client } from '../../client';
import { setOnly } from '../../logs/query';
import type { JobRecord } from '../../sync/messages';
import { DevicesView } from '../devices/DevicesView';
import { FindingsView } from '../findings/FindingsView';
import { LinkMenu } from '../link/LinkMenu';
import { isStuck, Notice } from '../link/Notice';
import { useLinkMenu } from '../link/StatusBadge';
import { LogPane, type LogPaneOptions } from '../log/LogPane';
import { RecipesView } from '../recipes/RecipesView';
import { RunsView } from '../runs/RunsView';
import { Skeleton } from '../shared/elements';
import { storedChoices } from '../shared/prefs';
import { StateTree } from '../state-tree/StateTree';
import { StreamsView } from '../streams/StreamsView';
import { Head } from './Head';
import { Hint } from './Hint';
import { TABS, type Tab, Tabs } from './Tabs';

interface Props {
  client: Client;
  title: string;
  options: LogPaneOptions;
  /** Where this dashboard's choices are kept. */
  storageKey: string;
}

/** A log pane of fewer px is meant to be low: the parts above it keep as low, and show rows before anything else. */
const LOW = 320;

/** All of it: the badge, runs, devices, streams, findings, the state, and the log. */
export function Dashboard({ client, title, options, storageKey }: Props): JSX.Element {
  const id = useId();
  const menu = useLinkMenu();
  const prefs = useMemo(() => storedChoices<{ tab: string }>(storageKey, { tab: 'Runs' }), [storageKey]);
  const edits = useMemo(() => signal<((query: string) => string) | null>(null), []);
  const host = useMemo(() => ({ storageKey: `autobench-nb/${storageKey}/log`, edits }), [storageKey]);
  const tab = TABS.find((name) => name === prefs.value.tab) ?? 'Runs';
  const hasState = useComputed(() => client.state.value !== null).value;
  const low = typeof options.height === 'number' && options.height < LOW ? options.height : undefined;
  const pick = (job: JobRecord) => {
    edits.value = () => setOnly('', 'job', [job.id]);
  };
  const pickStep = (stepId: string) => {
    edits.value = () => setOnly('', 'step', [stepId]);
  };
  const ask = (query: string) => {
    edits.value = () => query;
  };
  return (
    <section
      class={`autobench ab-dash${low === undefined ? '' : ' ab-dash-low'}`}
      aria-label={title === 'AutoBench' ? title : `AutoBench: ${title}`}
      data-lm-suppress-shortcuts="true"
    >
      <Head client={client} title={title} menu={menu} />
      {menu.open.value && <LinkMenu client={client} id={menu.id} />}
      <Notice client={client} hasState={hasState} />
      {!hasState && isStuck(client.status.value) ? null : (
        <>
          {hasState && <Hint client={client} storageKey={storageKey} />}
          <Tabs client={client} id={id} tab={tab} onTab={(next) => prefs.set({ tab: next })} />
          <div class="ab-panel" role="tabpanel" id={`${id}-panel`} aria-labelledby={`${id}-${tab}`}>
            {hasState ? (
              <Panel
                client={client}
                tab={tab}
                onPick={pick}
                onPickStep={pickStep}
                onQuery={ask}
                onTab={(next) => prefs.set({ tab: next })}
                maxHeight={low}
              />
            ) : (
              <Skeleton rows={[62, 48, 70]} />
            )}
          </div>
          <LogPane client={client} options={options} host={host} />
        </>
      )}
    </section>
  );
}

interface PanelProps {
  client: Client;
  tab: Tab;
  onPick(job: JobRecord): void;
  onPickStep(stepId: string): void;
  onQuery(query: string): void;
  onTab(tab: Tab): void;
  maxHeight: number | undefined;
}

/** What a tab shows. */
function Panel({ client, tab, onPick, onPickStep, onQuery, onTab, maxHeight }: PanelProps): JSX.Element {
  switch (tab) {
    case 'Runs':
      return (
        <>
          <RecipesView client={client} onPickStep={onPickStep} isLow={maxHeight !== undefined} />
          <RunsView client={client} onPick={onPick} {...(maxHeight === undefined ? {} : { maxHeight })} />
        </>
      );
    case 'Devices':
      return <DevicesView client={client} />;
    case 'Streams':
      return <StreamsView client={client} />;
    case 'Findings':
      return <FindingsView client={client} onQuery={onQuery} onTab={onTab} />;
    case 'State':
      return <StateTree client={client} height={maxHeight ?? 320} />;
  }
}
