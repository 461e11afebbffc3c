/** Every view that can be mounted, by the name that the widget's trait and the page have for it. */

import { type ReadonlySignal, useComputed } from '@preact/signals';
import type { ComponentType, JSX } from 'preact';
import { useEffect, useMemo } from 'preact/hooks';
import './views.css';
import type { Client } from '../client';
import type { LogEntry } from '../sync/messages';
import { Dashboard } from './dashboard/Dashboard';
import { LinkMenu } from './link/LinkMenu';
import { isStuck, Notice } from './link/Notice';
import { BadgeView, StatusBadge, useLinkMenu } from './link/StatusBadge';
import { LogPane, type LogPaneOptions, type PaneHost } from './log/LogPane';
import { StateTree } from './state-tree/StateTree';

/** What every view gets from whoever mounts it. */
export interface ViewProps {
  client: Client;
  title: string;
  options: Record<string, unknown>;
  /** Where this view's choices are kept. */
  storageKey: string;
  rows?: ReadonlySignal<LogEntry[] | null>;
  onShown?: PaneHost['onShown'];
  onSelection?: PaneHost['onSelection'];
  onBack?: () => void;
}

function DashboardView({ client, title, options, storageKey }: ViewProps): JSX.Element {
  useRetained(client);
  return <Dashboard client={client} title={title} options={options as LogPaneOptions} storageKey={storageKey} />;
}

function LogsView({ client, options, storageKey, rows, onShown, onSelection, onBack }: ViewProps): JSX.Element {
  useRetained(client);
  // A pane begins anew with another host, so it stays the same for the life of the view.
  const host = useMemo<PaneHost>(
    () => ({ storageKey: `autobench-nb/${storageKey}`, ...defined({ rows, onShown, onSelection, onBack }) }),
    [storageKey],
  );
  return <LogPane client={client} options={options as LogPaneOptions} host={host} />;
}

function StateView({ client, title, options }: ViewProps): JSX.Element {
  useRetained(client);
  const menu = useLinkMenu();
  const hasState = useComputed(() => client.state.value !== null).value;
  const { height, pointer } = options as { height?: number; pointer?: string };
  return (
    <section class="autobench ab-dash" aria-label={`State of ${title}`} data-lm-suppress-shortcuts="true">
      <header class="ab-head">
        <b>State</b>
        <span class="ab-faint ab-head-title">{title}</span>
        <span class="ab-space" />
        <StatusBadge client={client} menu={menu} quiet />
      </header>
      {menu.open.value && <LinkMenu client={client} id={menu.id} />}
      <Notice client={client} hasState={hasState} />
      {!hasState && isStuck(client.status.value) ? null : (
        <StateTree client={client} height={height ?? 420} pointer={pointer} />
      )}
    </section>
  );
}

function Badge({ client }: ViewProps): JSX.Element {
  useRetained(client);
  return <BadgeView client={client} />;
}

function useRetained(client: Client): void {
  useEffect(() => client.retain(), [client]);
}

function defined<T extends object>(values: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as never;
}

export const VIEWS: Readonly<Record<string, ComponentType<ViewProps>>> = {
  dashboard: DashboardView,
  logs: LogsView,
  state: StateView,
  badge: Badge,
};
