// @vitest-environment happy-dom
import { render } from 'preact';
import { act } from 'preact/test-utils';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Client } from '../src/client';
import type { AppState, Jobs, RecipeRunRecord } from '../src/sync/messages';
import { Tabs } from '../src/views/dashboard/Tabs';
import { RecipesView } from '../src/views/recipes/RecipesView';
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

const RUN: RecipeRunRecord = {
  id: 'r1',
  label: 'run-1',
  recipe: 'demo',
  status: 'running',
  startedAt: NOW - 30_000,
  finishedAt: null,
  createdAt: NOW - 31_000,
  total: 3,
  parallel: 1,
  plan: {
    a: { id: 'a', kind: 'run', needs: [], expectedS: 5 },
    ask: { id: 'ask', kind: 'operator', needs: ['a'], edges: { timeout: 'stop' } },
    b: { id: 'b', kind: 'run', needs: ['ask'], expectedS: 60 },
  },
  steps: {
    a: { id: 'a', step: 'a', status: 'succeeded', startedAt: NOW - 30_000, finishedAt: NOW - 20_000 },
    ask: { id: 'ask', step: 'ask', status: 'running', startedAt: NOW - 20_000 },
    b: { id: 'b', step: 'b', status: 'waiting' },
  },
};
const PROMPT = {
  id: 'r1/ask/1',
  runId: 'r1',
  stepId: 'ask',
  ask: 'Is the board in?\nLook at its light.',
  answers: ['yes', 'no'],
  fails: ['no'],
  askedAt: NOW - 20_000,
  until: NOW + 60_000,
};

function stateOf(change: Partial<Jobs>, more: Partial<AppState> = {}): AppState {
  return appState({ jobs: { queue: [], running: [], lastCompleted: null, items: {}, ...change }, ...more });
}

function go(change: Partial<Jobs>, how: Parameters<typeof connects>[2] = {}, more: Partial<AppState> = {}): FakeSocket {
  client.offer(INFO);
  const socket = FakeSocket.last();
  connects(socket, stateOf(change, more), how);
  return socket;
}

const picked = vi.fn();
// There is no layout here: the graph is as wide as it is told.
const show = (isLow = false) => {
  vi.spyOn(HTMLElement.prototype, 'clientWidth', 'get').mockReturnValue(1_000);
  act(() => render(<RecipesView client={client} onPickStep={picked} isLow={isLow} />, el));
};
const all = (selector: string) => [...el.querySelectorAll<HTMLElement>(selector)];
const one = (selector: string) => el.querySelector<HTMLElement>(selector) as HTMLElement;
const named = (label: string) =>
  all('button').find((button) =>
    (button.getAttribute('aria-label') ?? button.textContent)?.startsWith(label),
  ) as HTMLButtonElement;
const answer = async (socket: FakeSocket, result: object) => {
  const id = socket.said().at(-1)?.id;
  await act(async () => {
    socket.hears({ type: 'result', id, ...result });
    await vi.advanceTimersByTimeAsync(0);
  });
};

describe('runs of recipes', () => {
  it('are not there before there is one, nor a paused queue, nor an interrupted run', () => {
    go({});
    show();
    expect(el.innerHTML).toBe('');
  });

  it('begin with the question, its answers, its time and where it would go on', () => {
    const socket = go({ recipeRuns: { r1: RUN }, prompts: { [PROMPT.id]: PROMPT } });
    show();
    expect(one('.ab-rec').firstElementChild?.className).toBe('ab-rec-prompts');
    expect(one('.ab-rec-prompt').textContent).toContain('Is the board in?Look at its light.');
    expect(one('.ab-rec-prompt-time').textContent).toBe('times out in 1:00 → ends the run');
    act(() => void vi.advanceTimersByTime(5_000));
    expect(one('.ab-rec-prompt-time').textContent).toContain('0:55');
    act(() => named('Answer no, which fails the step').click());
    expect(socket.said().at(-1)).toMatchObject({ name: 'operator.answer', args: { promptId: PROMPT.id, answer: 'no' } });
    expect(named('Answer yes').disabled).toBe(true);
  });

  it('say what became of what was asked for', async () => {
    const socket = go({ recipeRuns: { r1: RUN } });
    show();
    act(() => named('Pause demo').click());
    await answer(socket, { ok: true, value: { changed: true } });
    expect(one('.ab-rec-said').textContent).toBe('Pause demo: done.');
    act(() => named('Cancel demo').click());
    await answer(socket, { ok: true, value: { changed: false } });
    expect(one('[role="alert"]').textContent).toContain('Cancel demo: too late');
    act(() => named('Cancel demo').click());
    await answer(socket, { ok: false, error: { code: 'not-found', message: 'There is no run r1 any more.' } });
    expect(one('[role="alert"]').textContent).toBe('Cancel demo: There is no run r1 any more.');
  });

  it('say why a button cannot be pressed', () => {
    const socket = go({ recipeRuns: { r1: RUN } });
    show();
    expect(named('Skip a step').title).toBe('Choose a step first.');
    expect(named('Retry from a step').title).toContain('when the run is over');
    act(() => one('[data-node="b"]').click());
    expect(named('Skip b').disabled).toBe(false);
    act(() => one('[data-node="a"]').click());
    expect(named('Skip a').title).toBe('It is over.');
    act(() => socket.closes(1006));
    expect(named('Pause demo').title).toContain('There is no link to the orchestrator now');
  });

  it('of an ended run can be done again from a step', () => {
    const socket = go({ recipeRuns: { r1: { ...RUN, status: 'failed', finishedAt: NOW } } });
    show();
    act(() => one('[data-node="ask"]').click());
    act(() => named('Retry from ask').click());
    expect(socket.said().at(-1)).toMatchObject({ name: 'recipe.retry', args: { runId: 'r1', stepId: 'ask' } });
  });

  it('are for a spectator to look at', () => {
    const socket = go(
      { recipeRuns: { r1: RUN }, prompts: { [PROMPT.id]: PROMPT }, paused: { reason: 'psu0' } },
      { readOnly: true },
    );
    show();
    for (const label of ['Answer yes', 'Pause demo', 'Cancel demo', 'Resume anyway']) {
      expect(named(label).disabled).toBe(true);
      expect(named(label).getAttribute('aria-label')).toContain('read-only token');
    }
    expect(socket.said().filter(({ type }) => type === 'command')).toEqual([]);
  });

  it('where there is little height, only what waits for a person is shown', () => {
    go({ recipeRuns: { r1: RUN }, prompts: { [PROMPT.id]: PROMPT } });
    show(true);
    expect(all('.ab-rec-prompt')).toHaveLength(1);
    expect(all('.ab-rec-run')).toHaveLength(0);
  });

  it('can be shut and opened, and another one be chosen', () => {
    const older = { ...RUN, id: 'r0', label: 'run-0', status: 'succeeded' as const, finishedAt: NOW - 9, createdAt: 1 };
    go({ recipeRuns: { r0: older, r1: RUN } });
    show();
    act(() => one('.ab-rec-toggle').click());
    expect(all('.ab-rec-graph')).toHaveLength(0);
    act(() => one('.ab-rec-toggle').click());
    const chooser = one('.ab-rec-chooser') as HTMLSelectElement;
    expect([...chooser.options].map((option) => option.text)).toEqual(['run-1 demo, running', 'run-0 demo, succeeded']);
    act(() => {
      chooser.value = 'r0';
      chooser.dispatchEvent(new Event('change', { bubbles: true }));
    });
    expect(one('.ab-rec-state').textContent).toBe('succeeded');
  });

  it('found interrupted in the journal go on by a button, and say why they cannot', () => {
    const about = { createdAt: 1, lastSeenAt: NOW - 120_000, steps: 5, settled: 2 };
    const interrupted = {
      i1: { id: 'i1', name: 'overnight', ...about, next: 'boot', resumable: true, reason: null },
      i2: { id: 'i2', name: 'calls', ...about, next: null, resumable: false, reason: 'it ran a function' },
    };
    const journal = { path: 'lab.db', status: 'writing' as const, reason: null, missed: 0, late: 0, interrupted };
    const socket = go({}, {}, { journal });
    show();
    expect(one('.ab-rec-interrupted').textContent).toContain('was interrupted 2 m ago: 2 of 5 steps are finished and kept');
    expect(named('Resume from its next step: calls').title).toBe('it ran a function');
    act(() => named('Resume from boot: overnight').click());
    expect(socket.said().at(-1)).toMatchObject({ name: 'journal.resume', args: { runId: 'i1' } });
  });

  it('names are text, whatever they hold', () => {
    const plan = { '<b>x</b>': { id: '<b>x</b>', needs: [], kind: 'run' } };
    const steps = { '<b>x</b>': { id: '<b>x</b>', step: '<b>x</b>', status: 'failed' as const, reason: '<img src=x>\u202e' } };
    go({ recipeRuns: { r1: { ...RUN, recipe: '<i>demo</i>', plan, steps } } });
    show();
    expect(all('img, .ab-rec-name b, i.demo')).toEqual([]);
    expect(one('.ab-rec-node').textContent).toContain('<b>x</b>');
    expect(one('.ab-rec-node').textContent).not.toContain('\u202e');
  });

  it('with records that lack what they may lack are drawn all the same', () => {
    go({
      recipeRuns: { r1: { id: 'r1', status: 'queued' }, r2: { id: 'r2', status: 'running', plan: {}, steps: {} } },
      prompts: { p: { id: 'p' } },
    });
    show();
    expect(all('.ab-rec-run')).toHaveLength(1);
    expect(all('.ab-rec-prompt')).toHaveLength(1);
  });
});

describe('the queue', () => {
  it('is moved and emptied by commands', () => {
    const waits = { ...RUN, id: 'r2', recipe: 'later', status: 'queued' as const, startedAt: null, priority: 2, place: 4 };
    const socket = go({
      recipeRuns: { r1: RUN, r2: waits },
      queue: ['j1'],
      items: { j1: job('j1', { runId: 'p' }) },
      runs: { p: { id: 'p', name: 'sweep', priority: 0, place: 5 } },
    });
    show();
    expect(all('.ab-rec-queue-name').map((cell) => cell.textContent?.trim())).toEqual(['later run-1', 'sweep']);
    act(() => named('Move sweep up').click());
    expect(socket.said().at(-1)).toMatchObject({ name: 'queue.move', args: { runId: 'p', to: 'up' } });
    act(() => named('Remove sweep from the queue').click());
    expect(socket.said().at(-1)).toMatchObject({ name: 'job.cancel', args: { jobId: 'p' } });
    act(() => named('Remove later run-1 from the queue').click());
    expect(socket.said().at(-1)).toMatchObject({ name: 'recipe.cancel', args: { runId: 'r2' } });
  });
});

describe('a run of jobs of which some run already', () => {
  it('loses those that wait when it is removed, and no others', async () => {
    const socket = go({
      queue: ['j2', 'j3'],
      running: ['j1'],
      items: { j1: job('j1', { runId: 'p', status: 'running' }), j2: job('j2', { runId: 'p' }), j3: job('j3', { runId: 'p' }) },
      runs: { p: { id: 'p', name: 'sweep', priority: 0, place: 1 } },
      paused: { reason: 'psu0' },
    });
    show();
    act(() => named('Remove sweep 2 jobs from the queue').click());
    const asked = socket.said().filter(({ name }) => name === 'job.cancel');
    expect(asked.map(({ args }) => args)).toEqual([{ jobId: 'j2' }, { jobId: 'j3' }]);
  });
});

describe('the tab of runs', () => {
  it('counts questions', () => {
    go({ recipeRuns: { r1: RUN }, prompts: { [PROMPT.id]: PROMPT } });
    act(() => render(<Tabs client={client} id="t" tab="Runs" onTab={() => {}} />, el));
    expect(one('[data-tab="Runs"]').textContent).toBe('Runs⚑ 1, 1 question to you');
  });
});
