// @vitest-environment happy-dom
import { render } from 'preact';
import { act } from 'preact/test-utils';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Client } from '../src/client';
import { parse } from '../src/logs/query';
import type { CheckRecord, Finding, Pno } from '../src/sync/messages';
import { FindingsView } from '../src/views/findings/FindingsView';
import {
  bySeverity,
  countTexts,
  leadsOf,
  nextText,
  progressOf,
  quietChecks,
  scanText,
  seriousFindings,
  stripOf,
  valueTexts,
} from '../src/views/findings/texts';
import { FakeSocket, install } from './fake-socket';
import { appState, connects } from './fixtures';

const NOW = 1_000_000_000;

function check(name: string, change: Partial<CheckRecord> = {}): CheckRecord {
  return { name, outcome: 'clear', subjects: 0, findings: 0, tookS: 0.003, reason: null, ...change };
}

const FINDINGS: Finding[] = [
  {
    ...{ id: 'f1', severity: 'warn', check: 'results moved', subject: 'gzip -9', message: '1.92 s, was 1.84 s', foundAt: NOW },
    evidence: [
      { kind: 'numbers', label: 'compare', values: { ratio: 1.04321, p: 0.003 }, series: [1.8, 1.9, 1.85, 1.92] },
      { kind: 'job', label: 'job', jobIds: ['j-1'] },
    ],
  },
  {
    ...{ id: 'f2', severity: 'error', check: 'device silent', subject: 'psu0', message: 'No answer', foundAt: NOW },
    evidence: [
      { kind: 'lines', label: 'lines', seqs: [], query: 'device:psu0' },
      { kind: 'device', label: 'device', deviceId: 'psu0' },
    ],
  },
  {
    id: 'f3',
    severity: 'error',
    check: 'stream frozen',
    subject: 'cam1',
    message: 'Same',
    evidence: [{ kind: 'stream', streamId: 'cam1' }],
  },
  {
    id: 'f4',
    severity: 'warn',
    check: 'disk space',
    subject: '/r',
    message: 'little',
    evidence: [{ kind: 'path', label: 'files', path: '/r' }],
  },
];
const PNO: Pno = {
  ...{ status: 'done', progress: 1, lastRunAt: new Date(NOW - 12_000).toISOString(), because: 'a run has ended', tookS: 3.8 },
  ...{ subjects: 4, nextRunAt: NOW + 1_126_000, findings: FINDINGS },
  checks: [
    check('device silent', { outcome: 'found' }),
    check('noisy host'),
    check('clock stepped'),
    check('mine', { outcome: 'skipped', reason: 'no rig' }),
  ],
  summary: { total: 4, bySeverity: { warn: 2, error: 2 } },
};

describe('what the view says', () => {
  it('the head tells when, why, how long, on what, and when next', () => {
    expect(scanText(PNO, NOW)).toBe('12\u00a0s ago, a run has ended · took 3.80\u00a0s · 4\u00a0checks on 4\u00a0subjects');
    expect(scanText({ status: 'idle', findings: [] }, NOW)).toBe('');
    expect(nextText(PNO, NOW)).toMatch(/^next \d\d:\d\d:\d\d, in 18 m 46 s$/);
    expect(nextText({ ...PNO, nextRunAt: null }, NOW)).toBe('');
  });

  it('a scan under way says which check runs, and how many have ended', () => {
    expect(progressOf(PNO)).toBeNull();
    const checks = [check('a'), check('b', { outcome: 'running' }), check('c', { outcome: 'waiting' })];
    expect(progressOf({ ...PNO, status: 'running', progress: 1 / 3, checks })?.text).toBe('1 of 3: b');
    expect(progressOf({ status: 'running', findings: [], progress: 0.5 })).toEqual({ share: 0.5, text: '50 %' });
  });

  it('counts by severity, the worst first, and what found nothing', () => {
    expect(countTexts(PNO).map(({ n, noun }) => `${n} ${noun}`)).toEqual(['2 errors', '2 warnings']);
    expect(seriousFindings(PNO)).toBe(2);
    expect(bySeverity(FINDINGS).map(({ id }) => id)).toEqual(['f2', 'f3', 'f1', 'f4']);
    expect(bySeverity([{ severity: 'odd' as never }, ...FINDINGS])).toHaveLength(5);
    expect(quietChecks(PNO).clear.map(({ name }) => name)).toEqual(['noisy host', 'clock stepped']);
    expect(quietChecks(PNO).undone.map(({ name }) => name)).toEqual(['mine']);
  });

  it('evidence leads to lines that the log can find', () => {
    const query = (evidence: Parameters<typeof leadsOf>[0]) => {
      const leads = leadsOf(evidence);
      return leads?.to === 'log' ? leads.query : null;
    };
    expect(query({ kind: 'lines', seqs: [3, 5] })).toBe('seq:3,5');
    expect(query({ kind: 'lines', seqs: [], query: 'device:psu0' })).toBe('device:psu0');
    const many = Array.from({ length: 100 }, (_, i) => i + 1e9);
    expect(query({ kind: 'lines', seqs: many, query: 'level:error' })).toBe('level:error');
    expect(parse(query({ kind: 'lines', seqs: many }) ?? '').ok).toBe(true);
    expect(query({ kind: 'lines' })).toBeNull();
    expect(query({ kind: 'job', jobIds: ['a b"c'] })).toBe('job:"a b\\"c"');
    expect(leadsOf({ kind: 'strange' })).toBeNull();
    expect(valueTexts({ kind: 'numbers', values: { ratio: 1.04321, n: 12 } })).toEqual([
      ['ratio', '1.043'],
      ['n', '12'],
    ]);
  });

  it('a history is drawn with the new value apart', () => {
    const strip = stripOf([1, 3, 2, 9]);
    expect(strip?.old).toHaveLength(3);
    expect([strip?.low, strip?.high]).toEqual([1, 9]);
    expect(strip && strip.now[1] < Math.min(...strip.old.map(([, y]) => y))).toBe(true);
    expect(stripOf([1])).toBeNull();
    expect(stripOf(undefined)).toBeNull();
    expect(stripOf([2, 2])?.median).toBe(10);
    expect(stripOf([1, Number.NaN, 2])?.old).toHaveLength(1);
  });
});

interface Asked {
  name: string;
  id: string;
  args: Record<string, unknown>;
}

describe('the view', () => {
  let el: HTMLElement;
  let client: Client;
  let socket: FakeSocket;
  const onQuery = vi.fn();
  const onTab = vi.fn();

  beforeEach(() => {
    vi.useFakeTimers();
    vi.setSystemTime(NOW);
    vi.clearAllMocks();
    install();
    el = document.body.appendChild(document.createElement('div'));
    client = new Client();
  });
  afterEach(() => {
    act(() => render(null, el));
    el.remove();
    client.close();
    vi.useRealTimers();
  });

  function show(pno: Pno, readOnly = false): void {
    client.offer({ url: 'ws://127.0.0.1:1/ws', token: 't', epoch: 'A', nonce: 'n', proof: 'p' });
    socket = FakeSocket.last();
    connects(socket, appState({ pno }), { readOnly });
    act(() => render(<FindingsView client={client} onQuery={onQuery} onTab={onTab} />, el));
  }
  const said = (name: string) => (socket.said() as unknown as Asked[]).filter((one) => one.name === name);
  const button = (label: string) => el.querySelector<HTMLButtonElement>(`button[aria-label^="${label}"]`);

  it('evidence leads into the log, to the tab, or unfolds where it stands', () => {
    show(PNO);
    act(() => button('lines: device silent')?.click());
    expect(onQuery).toHaveBeenLastCalledWith('device:psu0');
    act(() => button('job: results moved')?.click());
    expect(onQuery).toHaveBeenLastCalledWith('job:j-1');
    act(() => button('device: device silent')?.click());
    expect(onTab).toHaveBeenLastCalledWith('Devices');
    act(() => button('compare: results moved')?.click());
    expect(button('compare: results moved')?.getAttribute('aria-expanded')).toBe('true');
    expect(el.textContent).toContain('ratio 1.043');
    act(() => button('files: disk space')?.click());
    expect(el.querySelector('.ab-finding-path')?.textContent).toBe('/r');
  });

  it('a still is asked for when it is unfolded', async () => {
    show(PNO);
    act(() => button('stream: stream frozen')?.click());
    const asked = said('stream.picture')[0] as Asked;
    expect(asked.args).toEqual({ streamId: 'cam1', after: 0 });
    await act(async () => {
      socket.hears({ type: 'result', id: asked.id, ok: true, value: { number: 4, at: NOW, jpeg: '/9j/2Q==' } });
      await vi.advanceTimersByTimeAsync(0);
    });
    expect(el.querySelector('img')?.getAttribute('src')).toBe('data:image/jpeg;base64,/9j/2Q==');
  });

  it('a scan is begun by its button, which waits while one is under way', () => {
    show(PNO);
    act(() => button('Run scan')?.click());
    expect(said('pno.scan')).toHaveLength(1);
    expect(button('Run scan')?.disabled).toBe(true);
  });

  it('what found nothing is named when it is unfolded', () => {
    show(PNO);
    const fold = el.querySelector<HTMLButtonElement>('.ab-findings-quiet button');
    expect(el.textContent).toContain('2 checks found nothing, 1 were not carried out');
    act(() => fold?.click());
    expect(el.querySelector('.ab-findings-quiet ul')?.textContent).toContain('noisy host 3 ms');
    expect(el.querySelector('.ab-findings-quiet ul')?.textContent).toContain('mine 3 ms: no rig');
  });

  it('before the first scan it says how one is run', () => {
    show({ status: 'idle', findings: [] });
    expect(el.textContent).toContain('No check has run yet.');
    expect(el.querySelector('code')?.textContent).toContain('bench.pno.schedule');
  });

  it('five thousand findings draw as many as are looked at, until all are asked for', () => {
    show({ ...PNO, findings: Array.from({ length: 5_000 }, (_, i) => ({ id: `f${i}`, message: `m${i}` })) });
    expect(el.querySelectorAll('.ab-finding')).toHaveLength(100);
    expect(el.querySelector('.ab-findings-all')?.textContent).toBe('show the other 4,900');
  });

  it('who may only look cannot begin a scan, and is told why', () => {
    show(PNO, true);
    expect(button('Run scan')?.disabled).toBe(true);
    expect(button('Run scan')?.getAttribute('aria-label')).toContain('read-only');
  });
});
