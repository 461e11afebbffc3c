// @vitest-environment happy-dom
import { signal } from '@preact/signals';
import { render } from 'preact';
import { act } from 'preact/test-utils';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Client } from '../src/client';
import { PLAIN } from '../src/logs/text/time';
import { textParts, visible } from '../src/logs/text/visible';
import type { LogsHistory } from '../src/sync/messages';
import { Head } from '../src/views/dashboard/Head';
import { DevicesView } from '../src/views/devices/DevicesView';
import { FindingsView } from '../src/views/findings/FindingsView';
import { Facets } from '../src/views/log/facets/Facets';
import { PaneModel } from '../src/views/log/model/model';
import { Cells } from '../src/views/log/rows/Cells';
import { RunsView } from '../src/views/runs/RunsView';
import { StateTree } from '../src/views/state-tree/StateTree';
import { StreamsView } from '../src/views/streams/StreamsView';
import { FakeSocket, install } from './fake-socket';
import { appState, connects, entry, history, job } from './fixtures';

const MARKS = ['\u202e', '\u2066', '\u200e', '\u061c', '\u200b', '\u00ad', '\u2060', '\ufeff', '\u0085', '\u{e0041}'];
const shown = (mark: string) => `‹U+${mark.codePointAt(0)?.toString(16).toUpperCase().padStart(4, '0')}›`;

let el: HTMLElement;
let client: Client;
beforeEach(() => {
  vi.useFakeTimers();
  install();
  localStorage.clear();
  el = document.body.appendChild(document.createElement('div'));
  client = new Client();
});
afterEach(() => {
  act(() => render(null, el));
  el.remove();
  client.close();
  vi.useRealTimers();
});

/** What a person reads, hovers over or hears of the view. */
function told(view: preact.VNode): string {
  act(() => render(view, el));
  const attributes = [...el.querySelectorAll('*')].flatMap((one) => [
    one.getAttribute('title'),
    one.getAttribute('aria-label'),
  ]);
  return [el.textContent, ...attributes.filter(Boolean)].join('\n');
}

function go(name: string): void {
  const { meta } = appState();
  const state = appState({
    meta: { ...meta, name },
    devices: { [name]: { type: name, status: name, [name]: name } },
    streams: { [name]: { url: `https://x/${name}`, health: name, status: 'ok' } },
    jobs: {
      queue: [],
      running: ['j'],
      lastCompleted: null,
      items: { j: job('j', { name, command: name, status: 'running' }) },
    },
    pno: { status: 'idle', findings: [{ id: '1', check: name, message: name, [name]: name } as never] },
    logs: { nextSeq: 1, capacity: 500, size: 1, head: 0 },
  });
  const line = { ...entry(0), channel: name, logger: name, jobId: 'j', stepId: name, deviceId: name, fields: { [name]: name } };
  client.offer({ url: 'ws://127.0.0.1:1/ws', token: 't', epoch: 'A', nonce: 'n', proof: 'p' });
  connects(FakeSocket.last(), state, { logs: { ...(history(0, 1) as LogsHistory), entries: [line] } });
}

describe.each(MARKS.map((mark) => [shown(mark), mark] as const))('the mark %s', (sign, mark) => {
  const name = `a${mark}b`;
  const views: readonly (readonly [string, () => preact.VNode])[] = [
    ['devices', () => <DevicesView client={client} />],
    ['streams', () => <StreamsView client={client} />],
    ['findings', () => <FindingsView client={client} />],
    ['runs', () => <RunsView client={client} />],
    ['head', () => <Head client={client} title="t" menu={{ id: 'm', open: signal(false) }} />],
    ['state tree', () => <StateTree client={client} height={2_000} pointer={`/devices/${name}/${name}`} />],
  ];

  it.each(views)('stands where it is in the %s', (_, view) => {
    go(name);
    const text = told(view());
    expect(text).not.toContain(mark);
    expect(text).toContain(`a${sign}b`);
  });

  it("stands where it is in a line's cells and in the facets", () => {
    go(name);
    const model = new PaneModel(client, { storageKey: 'marks' }, {});
    const columns = ['channel', 'logger', 'job', 'step', 'device', 'fields'] as const;
    const look = { open: false, now: 0, stamp: PLAIN, marks: undefined, wrap: false, whole: undefined } as const;
    const line = told(<Cells store={client.logs} seq={0} columns={columns} {...look} job={name} />);
    expect(line).not.toContain(mark);
    // Channel, logger, step and device in the text and in the title, the job's name, a field's name and its value.
    expect(line.split(sign).length - 1).toBe(11);
    const facets = told(<Facets model={model} />);
    expect(facets).not.toContain(mark);
    expect(facets).toContain(`a${sign}b`);
    model.close();
  });

  it('is shown as in messages', () => {
    const parts = textParts(name).map((part) => (part.kind === 'mark' ? part.shown : name.slice(part.from, part.to)));
    expect(visible(name)).toBe(parts.join(''));
  });
});

it('leaves emoji, tabs and right-to-left words alone', () => {
  expect(visible('⏱️ \t שלום 👩‍🔬')).toBe('⏱️ \t שלום 👩‍🔬');
});
