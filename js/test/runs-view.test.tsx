// @vitest-environment happy-dom
import { render } from 'preact';
import { act } from 'preact/test-utils';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Client } from '../src/client';
import type { AppState, JobRecord, Jobs } from '../src/sync/messages';
import { Dashboard } from '../src/views/dashboard/Dashboard';
import { RunsView } from '../src/views/runs/RunsView';
import { FakeSocket, install } from './fake-socket';
import { appState, connects, job } from './fixtures';

const INFO = { url: 'ws://127.0.0.1:1/ws', token: 't', epoch: 'A', nonce: 'n', proof: 'p' };
const NOW = 1_000_000;
let el: HTMLElement;
let client: Client;

beforeEach(() => {
  vi.useFakeTimers({ now: NOW });
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

const RUN = { runId: 'run-1', repeat: 20 };
const LIST: readonly JobRecord[] = [
  job('j1', { ...RUN, name: 'gzip', status: 'failed', createdAt: 1, done: 3, errors: 1, reason: 'exit status 137: no room' }),
  job('j2', {
    ...RUN,
    name: 'xz',
    command: 'xz -9 data',
    status: 'running',
    createdAt: 2,
    done: 10,
    meanS: 10,
    sdS: 0.21,
    maxS: 11,
    repetition: 11,
    repetitionAt: NOW - 4_000,
    startedAt: NOW - 104_000,
    fraction: null,
  }),
  job('j3', { ...RUN, name: 'zstd', createdAt: 3 }),
];

function stateOf(list: readonly JobRecord[], change: Partial<Jobs> = {}): AppState {
  const items = Object.fromEntries(list.map((one) => [one.id, one]));
  const queue = list.filter((one) => one.status === 'queued').map((one) => one.id);
  const running = list.filter((one) => one.status === 'running').map((one) => one.id);
  return appState({ jobs: { queue, running, lastCompleted: null, items, ...change } });
}

function go(
  list: readonly JobRecord[] = LIST,
  change: Partial<Jobs> = {},
  how: Parameters<typeof connects>[2] = {},
): FakeSocket {
  client.offer(INFO);
  const socket = FakeSocket.last();
  connects(socket, stateOf(list, change), how);
  return socket;
}

const show = (onPick?: (job: JobRecord) => void) =>
  act(() => render(<RunsView client={client} {...(onPick ? { onPick } : {})} />, el));
const all = (selector: string) => [...el.querySelectorAll<HTMLElement>(selector)];
const one = (selector: string) => el.querySelector<HTMLElement>(selector) as HTMLElement;
const row = (name: string) =>
  all('.ab-run').find((line) => line.querySelector('.ab-run-name')?.textContent?.includes(name)) as HTMLElement;
const named = (label: string) =>
  all('button').find((button) => (button.getAttribute('aria-label') ?? button.textContent) === label) as HTMLElement;
const press = (key: string) =>
  act(() => {
    one('[role="treegrid"]').dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true }));
  });
const answer = async (socket: FakeSocket, value: object) => {
  const id = socket.said().at(-1)?.id;
  await act(async () => {
    socket.hears({ type: 'result', id, ok: true, value });
    await vi.advanceTimersByTimeAsync(0);
  });
};

describe('the table of runs', () => {
  it('has heads, and a head for each run that says it in words', () => {
    go();
    show();
    expect(all('[role="columnheader"]').map((head) => head.textContent?.trim())).toEqual([
      'State',
      'Job',
      'Time to the scale of its run',
      '×Times the fastest',
      'mean ± sd, total',
      'repetitions',
      'total / left',
      'actions',
    ]);
    const said = all('.ab-run-summary > span').map((part) => part.textContent);
    expect(said).toEqual(['3 jobs', '1 failed', '1 running', '1 queued']);
  });

  it('shows what a job came to, how far another is, and why one failed, whole', () => {
    go();
    show();
    expect(row('gzip').querySelector('.ab-run-why')?.textContent).toBe('Exit status 137: no room');
    expect(row('gzip').querySelector('.ab-run-repeat')?.textContent).toBe('3 of 20');
    expect(row('xz').querySelector('.ab-run-mean')?.textContent).toBe('~ 10.00± 0.21 s');
    expect(row('xz').querySelector('.ab-run-repeat')?.textContent).toBe('10 of 20');
    expect(row('xz').querySelector('.ab-run-total')?.textContent).toBe('~ 1 m 36 s left');
    expect(row('zstd').querySelector('.ab-run-why')?.textContent).toContain('1st in the queue');
  });

  it('says of progress no more than is known, and what it guesses with a tilde', () => {
    go();
    show();
    const bar = row('xz').querySelector('[role="progressbar"]');
    expect(bar?.getAttribute('aria-valuenow')).toBe('50');
    expect(bar?.getAttribute('aria-valuetext')).toBe('at least 50 %, about 52 %');
    expect(row('xz').querySelector('.ab-run-ratio')?.textContent).toBe('~ 52 %');
  });

  it('shows unknown progress as a stripe without a value', () => {
    go([job('j1', { status: 'running', name: 'fetch', fraction: null, startedAt: NOW - 48_000 })]);
    show();
    const bar = one('[role="progressbar"]');
    expect(bar.className).toContain('ab-track-unknown');
    expect(bar.hasAttribute('aria-valuenow')).toBe(false);
    expect(row('fetch').textContent).toContain('48 s so far');
    expect(row('fetch').querySelector('.ab-run-ratio')?.textContent).toBe('');
  });

  it('has clocks that stop when the link is lost, and go on with it', () => {
    const socket = go([job('j1', { status: 'running', name: 'fetch', fraction: null, startedAt: NOW })]);
    show();
    act(() => void vi.advanceTimersByTime(5_000));
    expect(row('fetch').textContent).toContain('5 s so far');
    act(() => socket.hears({ type: 'server.busy', busy: false, since: 0 }));
    act(() => socket.closes(1006));
    act(() => void vi.advanceTimersByTime(60_000));
    expect(row('fetch').textContent).toContain('5 s so far');
    expect(one('.ab-runs').className).toContain('ab-runs-lost');
    act(() => render(null, el));
    show();
    expect(row('fetch').textContent).toContain('5 s so far');
  });

  it('asks for the single repetitions of what is seen, and draws them', async () => {
    const ended = {
      ...RUN,
      status: 'succeeded' as const,
      done: 20,
      meanS: 1,
      sdS: 0.1,
      maxS: 1.2,
      startedAt: 0,
      finishedAt: 20_000,
    };
    const socket = go([job('j1', { ...ended, name: 'a' }), job('j2', { ...ended, name: 'b', meanS: 2, maxS: 2.5 })]);
    show();
    await act(async () => void (await vi.advanceTimersByTimeAsync(100)));
    expect(socket.said().at(-1)).toMatchObject({ type: 'command', name: 'job.times', args: { jobIds: ['j1', 'j2'] } });
    await answer(socket, { items: { j1: { times: [0.9, 1, 1, 1.01, 1.02, 1.2], count: 20 } } });
    expect(row('a').querySelectorAll('circle')).toHaveLength(6);
    expect(row('a').querySelectorAll('.ab-strip-off')).toHaveLength(2);
    expect(row('a').querySelector('.ab-strip-bar')?.getAttribute('width')).toBe('40%');
    expect(row('b').querySelector('.ab-strip-bar')?.getAttribute('width')).toBe('80%');
    expect([row('a'), row('b')].map((line) => line.querySelector('.ab-run-ratio')?.textContent)).toEqual(['1.00', '2.0×']);
    expect(one('.ab-run-axis').textContent).toBe('00.511.522.5 s');
  });

  it('filters by chips and by words, and says where nothing is left', () => {
    go();
    show();
    const chips = all('.ab-run-chip').map((chip) => chip.textContent);
    expect(chips).toEqual(['All 3', 'Running 1', 'Waits for you 0', 'Failed 1']);
    // Nothing failed, or nothing that waits, is no news and has no colour.
    expect(all('.ab-run-chip-none').map((chip) => chip.textContent)).toEqual(['Waits for you 0']);
    act(() => one('.ab-run-chip-failed').click());
    expect(all('.ab-run').map((line) => line.querySelector('.ab-run-name-text')?.textContent)).toEqual(['gzip']);
    act(() => one('.ab-run-chip-asks').click());
    expect(el.textContent).toContain('None of 3 jobs is like that.');
    act(() => named('Show all').click());
    const search = one('input[type="search"]') as HTMLInputElement;
    act(() => {
      search.value = 'DATA xz';
      search.dispatchEvent(new Event('input', { bubbles: true }));
    });
    expect(all('.ab-run').map((line) => line.querySelector('.ab-run-name-text')?.textContent)).toEqual(['xz']);
  });

  it('is walked by keys, which open a job and fold a run', async () => {
    go();
    const picked = vi.fn();
    show((one) => picked(one.id));
    const grid = one('[role="treegrid"]');
    act(() => grid.focus());
    const current = () => document.getElementById(grid.getAttribute('aria-activedescendant') ?? '');
    expect(current()?.getAttribute('aria-level')).toBe('1');
    press('ArrowDown');
    press('ArrowDown');
    expect(current()?.textContent).toContain('xz');
    press('ArrowRight');
    expect(current()?.getAttribute('aria-expanded')).toBe('true');
    expect(one('.ab-run-detail').textContent).toContain('xz -9 data');
    press('l');
    expect(picked.mock.calls).toEqual([['j2']]);
    press('ArrowLeft');
    expect(one('.ab-run-detail')).toBeNull();
    press('Home');
    press('Enter');
    expect(all('.ab-run')).toHaveLength(0);
    press('ArrowRight');
    press('End');
    expect(current()?.textContent).toContain('zstd');
  });
});

describe('what can be done about a job', () => {
  it('is always there: cancel what runs or waits, retry what failed, first what waits', () => {
    const socket = go([...LIST, job('j4', { ...RUN, name: 'last', createdAt: 4 })]);
    show();
    act(() => named('Cancel xz').click());
    expect(socket.said().at(-1)).toMatchObject({ type: 'command', name: 'job.cancel', args: { jobId: 'j2' } });
    expect(named('ending … Cancel xz').textContent).toBe('ending …');
    act(() => named('Retry gzip').click());
    expect(socket.said().at(-1)).toMatchObject({ name: 'job.retry', args: { jobIds: ['j1'] } });
    expect(named('Put zstd first')).toBeUndefined();
    act(() => named('Put last first').click());
    expect(socket.said().at(-1)).toMatchObject({ name: 'job.first', args: { jobId: 'j4' } });
    act(() => named('Cancel rest of run-1').click());
    expect(socket.said().at(-1)).toMatchObject({ name: 'job.cancel', args: { jobId: 'run-1' } });
  });

  it('says in words why it was refused', async () => {
    const socket = go();
    show();
    act(() => named('Cancel xz').click());
    const id = socket.said().at(-1)?.id;
    await act(async () => {
      socket.hears({ type: 'result', id, ok: false, error: { code: 'not-found', message: 'There is no such job.' } });
      await vi.advanceTimersByTimeAsync(0);
    });
    expect(one('[role="alert"]').textContent).toBe('xz was not cancelled: There is no such job.');
    expect(named('Cancel xz').textContent).toBe('Cancel');
  });

  it('is not for a spectator, who is told why', () => {
    const socket = go(LIST, {}, { readOnly: true });
    show(() => {});
    for (const name of ['Cancel xz', 'Retry gzip', 'Retry 1 failed job of run-1', 'Cancel rest of run-1']) {
      const button = all('button').find((one) => one.getAttribute('aria-label')?.startsWith(name)) as HTMLButtonElement;
      expect(button.disabled).toBe(true);
      expect(button.title).toContain('read-only token');
      expect(button.getAttribute('aria-label')).toContain('read-only token');
      act(() => button.click());
    }
    expect(socket.said().filter(({ type }) => type === 'command')).toEqual([]);
    expect((named('Show log of gzip') as HTMLButtonElement).disabled).toBe(false);
  });

  it('is there again for one who comes back with the other token', () => {
    go(LIST, {}, { readOnly: true });
    show();
    act(() => {
      client.offer({ ...INFO, token: 'the other one' });
      connects(FakeSocket.last(), stateOf(LIST));
    });
    expect((named('Cancel xz') as HTMLButtonElement).disabled).toBe(false);
  });

  it('leads to its lines', () => {
    go();
    const picked = vi.fn();
    show((one) => picked(one.id));
    act(() => named('Show log of gzip').click());
    act(() => row('xz').querySelector<HTMLElement>('.ab-run-toggle')?.click());
    expect(picked.mock.calls).toEqual([['j1'], ['j2']]);
    act(() => row('xz').querySelector<HTMLElement>('.ab-run-toggle')?.click());
    expect(picked).toHaveBeenCalledTimes(2);
  });

  it('an answer goes to the job that asks, and stays typed until it is on its way', async () => {
    const socket = go([job('j1', { name: 'unpack', status: 'running', asks: true, current: 'unpacking\nGo on? [y/N] ' })]);
    show();
    expect(row('unpack').textContent).toContain('waits at: Go on? [y/N]');
    const field = one('.ab-run-answer input') as HTMLInputElement;
    expect(field.type).toBe('text');
    act(() => {
      field.value = 'y';
      field.dispatchEvent(new Event('input', { bubbles: true }));
    });
    act(() => void one('.ab-run-answer').dispatchEvent(new Event('submit', { bubbles: true, cancelable: true })));
    expect(socket.said().at(-1)).toMatchObject({ name: 'job.send', args: { jobId: 'j1', text: 'y\n' } });
    expect(field.value).toBe('y');
    await answer(socket, { sent: true });
    expect(field.value).toBe('');
  });

  it('a password that is asked for is not shown', () => {
    go([job('j1', { name: 'login', status: 'running', asks: true, current: 'Password: ' })]);
    show();
    expect((one('.ab-run-answer input') as HTMLInputElement).type).toBe('password');
  });
});

describe('an opened job', () => {
  const details = {
    id: 'j1',
    runId: 'run-1',
    name: 'gzip',
    kind: 'command',
    command: 'gzip -9 data',
    folder: '/home/me/corpora',
    environment: [
      { name: 'BZIP2', value: null },
      { name: 'TOKEN', value: '[redacted]' },
    ],
    executor: 'local',
    timeoutS: 60,
    repeat: 2,
    warmup: 1,
    parallel: 1,
    takesInput: false,
    repetitions: [0, 1, 2].map((number) => ({
      number,
      status: 'succeeded',
      startedAt: NOW,
      wallS: 2,
      cpuUserS: 1.5,
      cpuSystemS: 0.1,
      maxRssBytes: 8_283_750,
      exitCode: 0,
      signal: null,
      otherLoad: null,
    })),
    ended: 3,
  };

  it('shows what was asked for and how it went', async () => {
    const ended = { runId: 'run-1', name: 'gzip', command: 'gzip -9 data', repeat: 2, warmup: 1, done: 2, meanS: 2, sdS: 0 };
    const socket = go([job('j1', { ...ended, status: 'succeeded', startedAt: NOW, finishedAt: NOW + 6_000, lines: 22 })]);
    show(() => {});
    act(() => row('gzip').querySelector<HTMLElement>('.ab-run-toggle')?.click());
    await act(async () => void (await vi.advanceTimersByTimeAsync(0)));
    expect(socket.said().findLast((said) => said.name === 'job.get')).toMatchObject({ args: { jobId: 'j1' } });
    await answer(socket, details);
    const facts = Object.fromEntries(all('dt').map((word) => [word.textContent, word.nextElementSibling?.textContent]));
    expect(facts.command).toBe('gzip -9 data copy the command');
    expect(facts.folder).toBe('/home/me/corpora');
    expect(facts.environment).toBe('−BZIP2+TOKEN=[redacted]');
    expect(facts.started).toContain('1 warm-up, then 2 repetitions · at most 1 m 00 s each');
    expect(facts['exit status']).toBe('0 in all 3');
    expect(facts.CPU).toBe('3.00 s user + 200 ms system · 0.80 of one processor, in 2 repetitions');
    expect(facts['peak memory']).toBe('7.9 MiB');
    expect(one('.ab-plot').querySelectorAll('.ab-plot-warmup')).toHaveLength(1);
    expect(one('.ab-run-detail-log').textContent).toContain('22 lines');
  });

  it('copies its command', async () => {
    const writeText = vi.fn(async () => {});
    vi.stubGlobal('navigator', { clipboard: { writeText } });
    go([job('j1', { name: 'gzip', command: 'gzip -9 data', status: 'succeeded' })]);
    show();
    act(() => row('gzip').querySelector<HTMLElement>('.ab-run-toggle')?.click());
    await act(async () => named('copy the command').click());
    expect(writeText).toHaveBeenCalledWith('gzip -9 data');
    vi.unstubAllGlobals();
  });
});

describe('before anything has run', () => {
  const dashboard = () =>
    act(() => render(<Dashboard client={client} title="AutoBench" options={{ histogram: false }} storageKey="t" />, el));

  it('one line says how to begin, and goes with the first job', () => {
    const socket = go([]);
    dashboard();
    expect(one('.ab-hint').textContent).toContain('bench.run("gzip -9c /bin/ls > /dev/null", repeat=20)');
    expect(el.textContent).toContain('Jobs stand here as they are queued.');
    const patch = [
      { op: 'add', path: '/jobs/items/1', value: job('1', { status: 'running' }) },
      { op: 'replace', path: '/version', value: 2 },
    ];
    act(() => socket.hears({ type: 'state.patch', fromVersion: 1, toVersion: 2, patch }));
    expect(one('.ab-hint')).toBeNull();
    expect(all('.ab-run')).toHaveLength(1);
  });

  it('the hint can be shut for good', () => {
    go([]);
    dashboard();
    act(() => named('Do not show this hint').click());
    expect(one('.ab-hint')).toBeNull();
    act(() => render(null, el));
    dashboard();
    expect(one('.ab-hint')).toBeNull();
  });

  it('each tab has an example of its own to copy', () => {
    go([]);
    dashboard();
    for (const [tab, code] of [
      ['Devices', 'bench.devices.add('],
      ['Streams', 'bench.streams.add('],
      ['Findings', 'bench.pno.schedule('],
    ] as const) {
      act(() => one(`[data-tab="${tab}"]`).click());
      expect(one('[role="tabpanel"] code').textContent).toContain(code);
      expect(one('[role="tabpanel"] .ab-copy')).not.toBeNull();
    }
  });

  it('a bench that nobody has named does not say its name twice', () => {
    go([]);
    dashboard();
    expect(one('.ab-head').textContent).not.toMatch(/AutoBench.*AutoBench/);
    expect(one('.ab-head-title')).toBeNull();
  });
});
