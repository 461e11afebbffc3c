import { effect, signal } from '@preact/signals';
import type { JSX } from 'preact';
import { useEffect, useId, useMemo, useRef, useState } from 'preact/hooks';
import type { Client } from '../../client';
import { count, plural } from '../shared/format';
import { Facets } from './facets/Facets';
import { HistogramView } from './histogram/HistogramView';
import { KeySheet } from './keys/KeySheet';
import { onKey, type PaneParts } from './keys/keys';
import { Actions, ranges, readPermalink } from './model/actions';
import { Footer } from './status/Footer';
import './log.css';
import { PaneModel } from './model/model';
import type { LogPaneOptions, PaneHost } from './model/types';
import { Pins } from './pins/Pins';
import { RowsView } from './rows/RowsView';
import { Banner, NoRows } from './status/NoRows';
import { Menu } from './toolbar/Menu';
import { Toolbar } from './toolbar/Toolbar';

export type { LogPaneOptions, PaneHost, Shown } from './model/types';

const HEIGHT = 480;
/** How long the pane rests before it says what it shows; while lines stream, it says so at most once in this time. */
const TELL_MS = 400;
/** How often relative times are drawn anew. */
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
  const [menuOpen, setMenu] = useState(false);
  const [sheetOpen, setSheet] = useState(false);
  const model = useMemo(() => new PaneModel(client, host, options), [client, host]);
  const actions = useMemo(() => new Actions(model), [model]);
  const now = useMemo(() => signal(Date.now()), []);
  useEffect(() => () => model.close(), [model]);
  useEffect(() => tellHost(model), [model]);
  useEffect(() => followHash(model, actions), [model]);
  const { facets, histogram, time } = model.prefs.choices.value;
  const over = model.facetsOver.value;
  useEffect(() => {
    if (time !== 'relative') return;
    now.value = Date.now();
    const timer = setInterval(() => {
      now.value = Date.now();
    }, NOW_MS);
    return () => clearInterval(timer);
  }, [time]);

  const parts: PaneParts = {
    focusSearch: () => {
      input.current?.focus();
      input.current?.select();
    },
    focusRows: () => root.current?.querySelector<HTMLElement>('[role="grid"]')?.focus(),
    openMenu: () => setMenu(true),
    toggleSheet: () => setSheet((open) => !open),
    closeOverlay: () => {
      const open = menuOpen || sheetOpen || model.facetsOver.peek();
      model.facetsOver.value = false;
      setMenu(false);
      setSheet(false);
      if (open) parts.focusRows();
      return open;
    },
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (onKey(event, model, actions, parts)) event.preventDefault();
    // A notebook must not take the pane's keys for its own.
    event.stopPropagation();
  };
  const stop = (event: Event) => event.stopPropagation();
  const height = options.height ?? HEIGHT;
  return (
    <section
      ref={root}
      class={`autobench ab-log${facets ? ' ab-with-facets' : ''}${over ? ' ab-facets-over' : ''}`}
      aria-label="Log"
      data-lm-suppress-shortcuts="true"
      style={{ height: typeof height === 'number' ? `${height}px` : height }}
      onKeyDown={onKeyDown}
      onKeyUp={stop}
      onKeyPress={stop}
    >
      <Toolbar model={model} actions={actions} id={id} input={input} menuOpen={menuOpen} onMenu={() => setMenu(!menuOpen)} />
      {menuOpen && (
        <Menu
          model={model}
          actions={actions}
          onClose={() => setMenu(false)}
          onKeys={() => {
            setMenu(false);
            setSheet(true);
          }}
        />
      )}
      {histogram && <HistogramView model={model} />}
      <Pins model={model} actions={actions} />
      <div class="ab-log-body">
        {(facets || over) && <Facets model={model} />}
        <div class="ab-log-main">
          <RowsView model={model} actions={actions} id={id} now={now} />
          <NoRows model={model} />
          <Banner model={model} />
          <Unread model={model} actions={actions} />
        </div>
      </div>
      <Footer model={model} onKeys={() => setSheet(true)} />
      {sheetOpen && <KeySheet onClose={() => parts.closeOverlay()} />}
      <Live model={model} />
    </section>
  );
}

/** How many lines came since the reader left the end at which they appear, or how many wait while paused. */
function Unread({ model, actions }: { model: PaneModel; actions: Actions }): JSX.Element | null {
  const { unread, waiting, waitingMatches } = model.stats.value;
  const newest = model.prefs.choices.value.order === 'newest';
  const side = newest ? ' ab-top' : '';
  if (model.paused.value !== null) {
    const matching = model.compiled.value.test === null ? '' : `, ${count(waitingMatches)} match`;
    return (
      <button type="button" class={`ab-log-new${side}`} title="Go on (Space)" onClick={() => actions.togglePause()}>
        Paused · {waiting ? `${plural(waiting, 'line')} wait${waiting === 1 ? 's' : ''}${matching}` : 'nothing waits yet'}
      </button>
    );
  }
  if (model.following.value) return null;
  return (
    <button
      type="button"
      class={`ab-log-new${side}${unread ? '' : ' ab-quiet'}`}
      title="Follow new lines (f)"
      onClick={() => model.follow(true)}
    >
      {newest ? '↑' : '↓'} {unread ? plural(unread, 'new line') : 'Follow'}
    </button>
  );
}

/** What is said aloud: counts of matches, pauses, errors; never single lines. */
function Live({ model }: { model: PaneModel }): JSX.Element {
  const [counted, setCounted] = useState('');
  const { error, text } = model.compiled.value;
  useEffect(() => {
    const timer = setTimeout(() => {
      const { matches, held } = model.stats.peek();
      if (error) setCounted(`Query error: ${error.message}`);
      else setCounted(text.trim() ? `${count(matches)} of ${count(held)} lines match` : '');
    }, 800);
    return () => clearTimeout(timer);
  }, [text, error]);
  return (
    <>
      <div class="ab-log-notice" aria-hidden="true" hidden={model.notice.value === ''}>
        {model.notice.value}
      </div>
      <div class="ab-log-said" role="status" aria-live="polite">
        {counted}
      </div>
      <div class="ab-log-said" role="status" aria-live="polite">
        {model.said.value}
      </div>
    </>
  );
}

/** Tell the host what is shown and selected, after a rest. */
function tellHost(model: PaneModel): () => void {
  let timer = 0;
  const { host } = model;
  const ends = [
    effect(() => {
      void [model.stats.value, model.compiled.value, model.prefs.choices.value, model.paused.value, model.cleared.value];
      if (!host.onShown || timer) return;
      timer = window.setTimeout(() => {
        timer = 0;
        host.onShown?.(model.shown());
      }, TELL_MS);
    }),
    effect(() => {
      const current = model.current.value;
      const selected = model.selected.value;
      host.onSelection?.(ranges(selected.size ? selected : current === null ? [] : [current]));
    }),
  ];
  return () => {
    clearTimeout(timer);
    for (const end of ends) end();
  };
}

/** Go to the line of a permalink, now and when the hash changes; fetch it where this page does not hold it. */
function followHash(model: PaneModel, actions: Actions): () => void {
  let done = '';
  const go = () => {
    const link = readPermalink(location.hash);
    const { store } = model;
    if (!link || done === location.hash || model.chosen.peek() || store.size === 0 || store.epoch !== link.epoch) return;
    if (link.seq >= store.nextSeq) return;
    done = location.hash;
    if (store.find(link.seq) >= 0) actions.around(link.seq);
    else {
      void model.client.replay(Math.max(0, link.seq - 100), 200).then(() => {
        if (store.find(link.seq) >= 0) actions.around(link.seq);
        else model.say(`Line ${link.seq} is no longer held`);
      });
    }
  };
  const end = effect(() => {
    void model.client.logs.revision.value;
    queueMicrotask(go);
  });
  addEventListener('hashchange', go);
  return () => {
    end();
    removeEventListener('hashchange', go);
  };
}
