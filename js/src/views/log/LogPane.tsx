import type { JSX } from 'preact';
import { useEffect, useId, useMemo, useRef } from 'preact/hooks';
import type { Client } from '../../client';
import { useNow } from '../shared/hooks';
import { Facets } from './facets/Facets';
import { HistogramView } from './histogram/HistogramView';
import { KeySheet } from './keys/KeySheet';
import { type Focus, onKey } from './keys/keys';
import './log.css';
import { Actions } from './model/actions';
import type { LogPaneOptions, PaneHost } from './model/host';
import { PaneModel } from './model/model';
import { followHash } from './model/permalink';
import { tellHost } from './model/tell-host';
import { Pins } from './pins/Pins';
import { RowsView } from './rows/RowsView';
import { Announcements } from './status/Announcements';
import { Banner } from './status/Banner';
import { Footer } from './status/Footer';
import { NoRows } from './status/NoRows';
import { Strips } from './status/Strips';
import { Unfinished } from './status/Unfinished';
import { Menu } from './toolbar/Menu';
import { Toolbar } from './toolbar/Toolbar';

export type { LogPaneOptions, PaneHost, Shown } from './model/host';

const HEIGHT = 480;
/** How often relative times are drawn anew, in ms. */
const NOW_MS = 1_000;

interface Props {
  client: Client;
  options: LogPaneOptions;
  host?: PaneHost;
}

const NOWHERE: PaneHost = { storageKey: 'autobench-nb/log' };

/** The live log: one query line, facets, a histogram, and the rows. */
export function LogPane({ client, options, host = NOWHERE }: Props): JSX.Element {
  const id = useId();
  const root = useRef<HTMLElement>(null);
  const input = useRef<HTMLInputElement>(null);
  const model = useMemo(() => new PaneModel(client, host, options), [client, host]);
  const actions = useMemo(() => new Actions(model), [model]);
  useEffect(() => () => model.close(), [model]);
  useEffect(() => tellHost(model), [model]);
  useEffect(() => followHash(model, actions), [model]);
  const { panels } = model;
  const { facets, histogram, time } = model.asked.prefs.choices.value;
  const now = useNow(NOW_MS, time === 'relative');
  const hasFacetsOver = panels.facets.value;

  const focus: Focus = {
    search: () => {
      input.current?.focus();
      input.current?.select();
    },
    rows: () => root.current?.querySelector<HTMLElement>('[role="grid"]')?.focus(),
  };
  const closePanels = () => {
    panels.closeAll();
    focus.rows();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (onKey(event, model, actions, focus)) event.preventDefault();
    // A notebook must not take the pane's keys for its own.
    event.stopPropagation();
  };
  const stop = (event: Event) => event.stopPropagation();
  const height = options.height ?? HEIGHT;
  return (
    <section
      ref={root}
      class={`autobench ab-log${facets ? ' ab-with-facets' : ''}${hasFacetsOver ? ' ab-facets-over' : ''}`}
      aria-label="Log"
      data-lm-suppress-shortcuts="true"
      style={{ height: typeof height === 'number' ? `${height}px` : height }}
      onKeyDown={onKeyDown}
      onKeyUp={stop}
      onKeyPress={stop}
    >
      <Toolbar model={model} actions={actions} id={id} input={input} />
      {panels.menu.value && <Menu model={model} actions={actions} />}
      {histogram && <HistogramView model={model} />}
      <Pins model={model} actions={actions} />
      <Strips model={model} actions={actions} />
      <div class="ab-log-body">
        {(facets || hasFacetsOver) && <Facets model={model} />}
        <div class="ab-log-main">
          <div class="ab-log-list">
            <RowsView model={model} actions={actions} id={id} now={now} />
            <NoRows model={model} />
          </div>
          <Banner model={model} />
        </div>
      </div>
      <Unfinished model={model} actions={actions} />
      <Footer model={model} actions={actions} />
      {panels.keys.value && <KeySheet onClose={closePanels} />}
      <Announcements model={model} />
    </section>
  );
}
