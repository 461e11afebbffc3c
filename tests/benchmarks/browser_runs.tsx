/** The table of runs with many jobs, some of which go on: what the browser benchmark scrolls through. */

import { type Signal, signal } from '@preact/signals';
import { render } from 'preact';
import '../../js/src/views/views.css';
import { LogStore } from '../../js/src/logs/store/store';
import type { JobRecord, Operation } from '../../js/src/sync/messages';
import { applyPatch } from '../../js/src/sync/patch';
import { widen } from '../../js/src/sync/read';
import { RunsView } from '../../js/src/views/runs/RunsView';

/** Jobs of all that run at once. */
const RUNNING = 4;

interface Shown {
  readonly state: Signal<unknown>;
  /** Ids of those that run, and of those that will. */
  readonly running: string[];
  readonly waiting: string[];
}

let shown: Shown | null = null;
let live: { stop(): Record<string, number> } | null = null;

function record(k: number, runId: string, status: JobRecord['status']): JobRecord {
  const mean = 1 + (k % 17) / 10;
  const over = status === 'succeeded';
  return {
    id: `j${k}`,
    runId,
    name: `job ${k} lr=${(k % 40) / 100}`,
    kind: 'command',
    command: `train --lr ${(k % 40) / 100}`,
    status,
    createdAt: k,
    startedAt: status === 'queued' ? null : 1e12,
    finishedAt: over ? 1e12 + mean * 20_000 : null,
    repeat: 20,
    done: over ? 20 : 3,
    progress: over ? 1 : 0.15,
    lines: 10,
    meanS: status === 'queued' ? null : mean,
    sdS: 0.01,
    maxS: mean * 1.1,
    ...(over ? { measures: [{ name: 'max_rss_bytes', unit: 'B', mean: 1e6 + k, sd: 10, min: 1e6, max: 2e6, count: 20 }] } : {}),
  };
}

/** A table of `count` jobs, so many a run; the last run goes on. */
export function fillRuns(count: number, each: number): void {
  const items: Record<string, JobRecord> = {};
  const runs: Record<string, object> = {};
  const [running, waiting]: [string[], string[]] = [[], []];
  for (let k = 0; k < count; k++) {
    const runId = `run-${Math.floor(k / each)}`;
    runs[runId] ??= { id: runId, name: `sweep ${Math.floor(k / each)}`, createdAt: k, jobs: each, parallel: RUNNING };
    const isLast = k >= count - Math.min(each, 400);
    const status = !isLast ? 'succeeded' : running.length < RUNNING ? 'running' : 'queued';
    items[`j${k}`] = record(k, runId, status);
    if (status === 'running') running.push(`j${k}`);
    if (status === 'queued') waiting.push(`j${k}`);
  }
  const jobs = { queue: [...waiting], running: [...running], lastCompleted: null, items, runs };
  const state = signal(widen({ jobs }));
  const client = {
    state,
    logs: new LogStore(1_000),
    epoch: signal('benchmark'),
    status: signal({ phase: 'live' }),
    lastSeen: signal(null),
    readOnly: signal(false),
    busy: signal(null),
    waiting: signal(0),
    command: async (_name: string, { jobIds = [] }: { jobIds?: string[] }) => ({
      items: Object.fromEntries(
        jobIds.map((id) => [id, { count: 20, times: Array.from({ length: 20 }, (_, i) => 1 + i / 20) }]),
      ),
    }),
  };
  const box = document.body.appendChild(document.createElement('div'));
  box.className = 'autobench ab-dash';
  shown = { state, running, waiting };
  render(<RunsView client={client as never} maxHeight={560} />, box);
}

/** Patches as an orchestrator sends them, so many a second: each running job gets on, and now and then one makes room for the next. */
export function beginRuns(rate: number): void {
  const { state, running, waiting } = shown as Shown;
  const gaps: number[] = [];
  const applied: number[] = [];
  let last = performance.now();
  let isOn = true;
  let turn = 0;
  const frame = (now: number) => {
    gaps.push(now - last);
    last = now;
    if (isOn) requestAnimationFrame(frame);
  };
  requestAnimationFrame((now) => {
    last = now;
    requestAnimationFrame(frame);
  });
  const timer = setInterval(() => {
    turn++;
    const operations: Operation[] = running.flatMap((id) => [
      { op: 'replace', path: `/jobs/items/${id}/progress`, value: (turn % 100) / 100 },
      { op: 'replace', path: `/jobs/items/${id}/lines`, value: turn },
      { op: 'replace', path: `/jobs/items/${id}/meanS`, value: 1 + (turn % 9) / 100 },
    ]);
    const next = turn % 4 === 0 ? waiting.shift() : undefined;
    if (next !== undefined) {
      const ended = running.shift() as string;
      running.push(next);
      operations.push(
        { op: 'replace', path: `/jobs/items/${ended}/status`, value: 'succeeded' },
        { op: 'replace', path: `/jobs/items/${next}/status`, value: 'running' },
        { op: 'replace', path: '/jobs/queue', value: [...waiting] },
        { op: 'replace', path: '/jobs/running', value: [...running] },
      );
    }
    const began = performance.now();
    state.value = applyPatch(state.peek(), operations);
    applied.push(performance.now() - began);
  }, 1_000 / rate);
  live = {
    stop() {
      isOn = false;
      clearInterval(timer);
      const sorted = [...gaps].sort((a, b) => a - b);
      const at = (part: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] as number;
      return { patches: applied.length, pictures: gaps.length, p50: at(0.5), p99: at(0.99), longest: at(1) };
    },
  };
}

export function stopRuns(): Record<string, number> | undefined {
  return live?.stop();
}

/** Open the fold of a run's jobs that are done. */
export function unfoldRuns(): void {
  for (const button of document.querySelectorAll<HTMLButtonElement>('.ab-run-fold.ab-run-is-done .ab-run-toggle'))
    button.click();
}

/** What one would write by hand: every job a row, all of them in the document; the running ones' texts change. */
export function plainRuns(count: number): void {
  const box = document.body.appendChild(document.createElement('div'));
  box.style.cssText = 'height: 560px; overflow: auto; font: 12px/28px sans-serif';
  box.innerHTML = Array.from(
    { length: count },
    (_, k) =>
      `<div class="plain"><span>✓</span> <span>job ${k}</span> <progress value="0.4"></progress> <b>1.${k % 9} s</b></div>`,
  ).join('');
  const rows = [...box.children].slice(-RUNNING);
  let turn = 0;
  const timer = setInterval(() => {
    turn++;
    for (const row of rows) {
      (row.querySelector('progress') as HTMLProgressElement).value = (turn % 100) / 100;
      (row.querySelector('b') as HTMLElement).textContent = `1.${turn % 9} s`;
    }
  }, 50);
  live = {
    stop() {
      clearInterval(timer);
      return {};
    },
  };
}
