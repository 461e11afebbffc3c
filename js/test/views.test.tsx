// @vitest-environment happy-dom
import { render } from 'preact';
import { act } from 'preact/test-utils';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Client } from '../src/client';
import { Dashboard } from '../src/views/dashboard/Dashboard';
import { DevicesView } from '../src/views/devices/DevicesView';
import { BadgeView } from '../src/views/link/StatusBadge';
import { LogPane } from '../src/views/log/LogPane';
import { StateTree } from '../src/views/state-tree/StateTree';
import { FakeSocket, install } from './fake-socket';
import { appState, connects, job } from './fixtures';

const INFO = { url: 'ws://127.0.0.1:1/ws', token: 't', epoch: 'A', nonce: 'n', proof: 'p' };
let el: HTMLElement;
let client: Client;

beforeEach(() => {
  vi.useFakeTimers();
  install();
  localStorage.clear();
  vi.spyOn(Math, 'random').mockReturnValue(0.5);
  el = document.body.appendChild(document.createElement('div'));
  client = new Client();
});
afterEach(() => {
  act(() => render(null, el));
  el.remove();
  client.close();
  vi.useRealTimers();
});

function go(state = appState(), change: Parameters<typeof connects>[2] = {}): FakeSocket {
  client.offer(INFO);
  const socket = FakeSocket.last();
  connects(socket, state, change);
  return socket;
}

const text = () => el.textContent ?? '';
const all = (selector: string) => [...el.querySelectorAll<HTMLElement>(selector)];
const one = (selector: string) => el.querySelector<HTMLElement>(selector) as HTMLElement;
const show = (view: preact.VNode) => act(() => render(view, el));
const press = (target: HTMLElement, key: string) =>
  act(() => {
    target.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true }));
  });

describe('the badge', () => {
  it('says live and by which link, and offers nothing to press but the links', () => {
    go();
    show(<BadgeView client={client} />);
    expect(text()).toContain('livedirect');
    expect(all('button').map((button) => button.getAttribute('aria-expanded'))).toEqual(['false']);
  });

  it('unfolds each link with its state, reason and remedy, and folds again', () => {
    go();
    show(<BadgeView client={client} />);
    act(() => one('.ab-badge-open').click());
    const rows = all('.ab-links-row').map((row) => row.textContent);
    expect(rows[0]).toContain('directin usea socket to the orchestrator itself');
    expect(rows[1]).toContain('proxynot therethis page is not one of a Jupyter server');
    expect(rows[2]).toContain('widget messagesgone');
    expect(all('.ab-links input').map((input) => (input as HTMLInputElement).checked)).toEqual([true, false, false]);
    act(() => one('.ab-badge-open').click());
    expect(one('.ab-links')).toBeNull();
  });

  it('counts down to the next try, and tries at once when pressed', () => {
    const socket = go();
    show(<BadgeView client={client} />);
    act(() => socket.closes(1006));
    expect(text()).toContain('next try in 1 s · 1 try');
    const before = FakeSocket.all.length;
    act(() => one('.ab-badge-action').click());
    expect(FakeSocket.all.length).toBe(before + 1);
  });

  it('says what to do when the kernel is gone', () => {
    client.gone('The kernel that made this view is gone.');
    show(<BadgeView client={client} />);
    expect(text()).toContain('The kernel that made this view is gone. Run the cell again.');
  });
});

describe('a link that is lost', () => {
  const SEEN = new Date(2026, 10, 28, 19, 2, 11);
  const running = job('j1', { status: 'running', startedAt: SEEN.getTime() - 40_000 });
  const state = () => appState({ jobs: { queue: [], running: ['j1'], lastCompleted: null, items: { j1: running } } });

  it('stops the clock of a job, and says of when it is', async () => {
    vi.setSystemTime(SEEN);
    const socket = go(state());
    show(<Dashboard client={client} title="rig" options={{ histogram: false }} storageKey="rig" />);
    expect(one('.ab-last-seen')).toBeNull();
    expect(one('.ab-run .ab-run-total').textContent).toBe('40 s so far');
    act(() => socket.closes(1006));
    expect(one('.ab-notice').textContent).toContain('last seen 19:02:11');
    await act(async () => {
      await vi.advanceTimersByTimeAsync(90_000);
    });
    expect(one('.ab-run .ab-run-total').textContent).toBe('40 s so far');
  });

  it('lets the clock go on when it is back', () => {
    vi.setSystemTime(SEEN);
    const socket = go(state());
    show(<Dashboard client={client} title="rig" options={{ histogram: false }} storageKey="rig" />);
    act(() => socket.closes(1006));
    vi.setSystemTime(SEEN.getTime() + 60_000);
    act(() => {
      client.reconnect();
      connects(FakeSocket.last(), state());
    });
    expect(all('.ab-last-seen')).toEqual([]);
    expect(one('.ab-run .ab-run-total').textContent).toBe('1 m 40 s so far');
  });

  it('is told in the same words by every pane', () => {
    vi.setSystemTime(SEEN);
    const socket = go(state());
    const host = { storageKey: 'rig' };
    show(
      <div>
        <Dashboard client={client} title="rig" options={{ histogram: false }} storageKey="rig" />
        <LogPane client={client} options={{ histogram: false }} host={host} />
        <BadgeView client={client} />
      </div>,
    );
    act(() => socket.closes(1006));
    const facts = all('.ab-notice b, .ab-log-banner b').map((fact) => fact.textContent);
    expect(facts).toHaveLength(3);
    expect(new Set(facts)).toEqual(new Set(['The connection was lost.']));
    expect(one('.ab-badge-view').textContent).toContain('The connection was lost.');
    expect(all('.ab-last-seen').map((seen) => seen.textContent)).toEqual(Array(4).fill('last seen 19:02:11'));
  });
});

describe('the devices', () => {
  it('are a table of which only what is in view is in the document', () => {
    const devices = Object.fromEntries(
      Array.from({ length: 100_000 }, (_, i) => [`cap${i}`, { status: 'ok', type: 'camera' }]),
    );
    go(appState({ devices }));
    show(<DevicesView client={client} />);
    expect(one('[role="table"]').getAttribute('aria-rowcount')).toBe('100001');
    const names = all('.ab-td-name').map((cell) => cell.textContent);
    expect(names.length).toBeLessThan(60);
    expect(names.slice(0, 3)).toEqual(['cap0', 'cap1', 'cap2']);
  });

  it('follow a patch', () => {
    const socket = go(appState({ devices: { cap0: { status: 'ok' } } }));
    show(<DevicesView client={client} />);
    const patch = [
      { op: 'replace', path: '/devices/cap0/status', value: 'lost' },
      { op: 'replace', path: '/version', value: 2 },
    ];
    act(() => socket.hears({ type: 'state.patch', fromVersion: 1, toVersion: 2, patch }));
    expect(one('.ab-td-status').textContent).toBe('lost');
    expect(one('.ab-td-status').className).toContain('ab-text-bad');
  });
});

describe('the state tree', () => {
  const tree = () => one('[role="tree"]');
  const names = () => all('[role="treeitem"] .ab-tree-name').map((name) => name.textContent);
  const current = () => document.getElementById(tree().getAttribute('aria-activedescendant') ?? '')?.textContent ?? '';

  it('unfolds, folds and moves by keys', () => {
    go(appState({ devices: { cap0: { status: 'ok' } } }));
    show(<StateTree client={client} height={2_000} />);
    press(tree(), 'Home');
    expect(current()).toContain('version');
    while (!current().startsWith('▸devices')) press(tree(), 'ArrowDown');
    press(tree(), 'ArrowRight');
    expect(names()).toContain('cap0');
    press(tree(), 'ArrowRight');
    expect(current()).toContain('cap0');
    press(tree(), 'ArrowLeft');
    press(tree(), 'ArrowLeft');
    expect(names()).not.toContain('cap0');
  });

  it('shows a node of 100,000 in ranges, and opens at a pointer within it', () => {
    const devices = Object.fromEntries(Array.from({ length: 100_000 }, (_, i) => [`cap${i}`, i]));
    go(appState({ devices: devices as never }));
    show(<StateTree client={client} height={20_000} pointer="/devices/cap54321" />);
    expect(names()).toContain('50000 … 59999');
    expect(names()).toContain('54300 … 54399');
    expect(current()).toContain('cap54321');
    expect(names().length).toBeLessThan(300);
  });

  it('finds keys and values, and goes where one is picked', async () => {
    go(appState({ devices: { cap0: { status: 'needle' } } }));
    show(<StateTree client={client} height={2_000} />);
    const input = one('input') as HTMLInputElement;
    await act(async () => {
      input.value = 'NEEDLE';
      input.dispatchEvent(new Event('input', { bubbles: true }));
    });
    await act(async () => {
      await vi.advanceTimersByTimeAsync(500);
    });
    expect(all('.ab-tree-found button').map((hit) => hit.textContent)).toEqual(['/devices/cap0/status']);
    act(() => one('.ab-tree-found button').click());
    expect(current()).toContain('status"needle"');
  });

  it('copies the pointer of the current row', async () => {
    const writeText = vi.fn(async () => {});
    vi.stubGlobal('navigator', { clipboard: { writeText } });
    go(appState({ devices: { 'a/b': { status: 'ok' } } }));
    show(<StateTree client={client} height={2_000} pointer="/devices/a~1b" />);
    press(tree(), 'c');
    expect(writeText).toHaveBeenCalledWith('/devices/a~1b');
  });

  it('shows text of the state as text', () => {
    go(appState({ devices: { x: { status: '<img src=x onerror=alert(1)>' } } }));
    show(<StateTree client={client} height={2_000} pointer="/devices/x" />);
    expect(one('img')).toBeNull();
    expect(text()).toContain('<img src=x');
  });
});

describe('the dashboard', () => {
  const dashboard = () => show(<Dashboard client={client} title="test" options={{ histogram: false }} storageKey="t" />);

  it('shows only what to do while there is nothing to show', () => {
    client.gone('The kernel that made this view is gone.');
    dashboard();
    expect(one('[role="alert"]').textContent).toContain('Run the cell again.');
    expect(one('[role="tablist"]')).toBeNull();
  });

  it('keeps what it shows when the link is lost, and says that it is from before', () => {
    const socket = go(appState({ devices: { cap0: { status: 'lost' } } }));
    dashboard();
    act(() => socket.closes(1006));
    expect(one('[role="alert"]').textContent).toContain('What you see is from before.');
    expect(one('[data-tab="Devices"] .ab-pill [aria-hidden]').textContent).toBe('1');
  });

  it('moves between tabs by arrows and remembers the last', () => {
    go();
    dashboard();
    press(one('[role="tab"][aria-selected="true"]'), 'ArrowRight');
    expect(one('[role="tab"][aria-selected="true"]').textContent).toBe('Devices');
    act(() => render(null, el));
    dashboard();
    expect(one('[role="tab"][aria-selected="true"]').textContent).toBe('Devices');
  });

  it('says for how long the kernel has been busy, and is live all the same', () => {
    const socket = go();
    dashboard();
    act(() => socket.hears({ type: 'server.busy', busy: true, since: Date.now() - 12_300, listens: false }));
    expect(one('.ab-badge').textContent).toMatch(/^kernel busy12 s/);
    expect(one('.ab-badge').title).toBe('A cell is running. Lines and state keep coming. A command waits until the cell ends.');
    expect(el.querySelector('.ab-notice')).toBeNull();
    act(() => socket.hears({ type: 'server.busy', busy: false, since: 0, listens: true }));
    expect(one('.ab-badge').textContent).toMatch(/^live/);
  });

  it('says of a command that it waits for the kernel, until it is answered', async () => {
    const socket = go();
    dashboard();
    act(() => socket.hears({ type: 'server.busy', busy: true, since: Date.now(), listens: false }));
    let answer: Promise<unknown> = Promise.resolve();
    act(() => {
      answer = client.command('job.cancel', { jobId: 'j1' });
    });
    expect(one('.ab-notice').textContent).toContain('A command waits for the kernel. It is carried out when the cell ends.');
    const { id } = socket.said().at(-1) as { id: string };
    act(() => socket.hears({ type: 'result', id, ok: true, value: { cancelled: true } }));
    await answer;
    expect(el.querySelector('.ab-notice')).toBeNull();
  });

  it('says that commands go through where the server listens while the kernel is busy', () => {
    const socket = go();
    dashboard();
    act(() => socket.hears({ type: 'server.busy', busy: true, since: Date.now(), listens: true }));
    expect(one('.ab-badge').title).toContain('commands go through at once');
  });
});
