import { describe, expect, it } from 'vitest';
import figures from '../../tests/vectors/figures.json';
import type { JobRecord, Jobs, RepetitionRecord } from '../src/sync/messages';
import { Wide } from '../src/sync/wide';
import { exitText, explain } from '../src/views/runs/model/explain';
import { bytesText, figureText, joulesText, ratioText } from '../src/views/runs/model/figures';
import { folded } from '../src/views/runs/model/folding';
import { groupsOf } from '../src/views/runs/model/groups';
import { type Choices, layout, shutAtFirst } from '../src/views/runs/model/layout';
import { measuresOf, type Summed, WALL } from '../src/views/runs/model/measures';
import { plotOf } from '../src/views/runs/model/plot';
import { leftS, percentOf, progressOf } from '../src/views/runs/model/progress';
import { expectations, leftOfS, usualS } from '../src/views/runs/model/queue';
import { type Axis, axisFor, axisTicks, placeOn } from '../src/views/runs/model/scale';
import { EVERYTHING, isSought, wordsOf } from '../src/views/runs/model/search';
import { isOutlier, median, sdOf, spreadOf } from '../src/views/runs/model/stats';
import { dotsOf } from '../src/views/runs/model/strip';
import { countsOf, summaryOf } from '../src/views/runs/model/summary';
import { MOST_TICKS, ticksOf } from '../src/views/runs/model/ticks';
import { Heights } from '../src/views/shared/heights';
import { job } from './fixtures';

const CHOICES: Choices = {
  sought: EVERYTHING,
  sort: 'started',
  measure: WALL,
  shut: new Map(),
  unfolded: new Set(),
};
const summed = (change: Partial<Summed>): Summed => ({ mean: 1, sd: null, least: 1, most: 1, unit: null, ...change });

function jobsOf(list: readonly JobRecord[], change: Partial<Jobs> = {}): Jobs {
  const items = Object.fromEntries(list.map((one) => [one.id, one]));
  const queue = list.filter((one) => one.status === 'queued').map((one) => one.id);
  const running = list.filter((one) => one.status === 'running').map((one) => one.id);
  return { queue, running, lastCompleted: null, items, ...change };
}

const done = (id: string, change: Partial<JobRecord> = {}) =>
  job(id, {
    runId: 'run-1',
    createdAt: Number(id),
    status: 'succeeded',
    done: 1,
    meanS: 1,
    maxS: 1,
    startedAt: 0,
    finishedAt: 1_000,
    ...change,
  });

describe('a figure', () => {
  it.each(figures.seconds as [number, number | null, string][])(
    'of %f s and sd %f has the digits that are known: %s',
    (mean, sd, text) => {
      expect(figureText(mean, sd)).toBe(text);
    },
  );

  it.each(figures.quantities as [number, number | null, string | null, string][])(
    'of %f and sd %f in %s is %s',
    (mean, sd, unit, text) => {
      expect(figureText(mean, sd, unit)).toBe(text);
    },
  );

  it('of a ratio says two places near one, and none far off', () => {
    expect([1.004, 1.09, 2.14, 9.94, 12.3, 140].map(ratioText)).toEqual(['1.00×', '1.09×', '2.1×', '9.9×', '12×', '140×']);
  });

  it('of bytes has a unit', () => {
    expect([8_283_750, 512, 5 * 1024 ** 3].map(bytesText)).toEqual(['7.9 MiB', '0.5 KiB', '5.0 GiB']);
    expect([0.45, 12.34, 999, 36_000, 2e6].map(joulesText)).toEqual(['450 mJ', '12.3 J', '999 J', '36.0 kJ', '2.0 MJ']);
  });
});

describe('outliers', () => {
  const calm = [1, 1.01, 0.99, 1.02, 0.98, 1.01, 1];

  it('lie beyond three scaled MADs of the median', () => {
    const spread = spreadOf([...calm, 1.4]);
    expect(isOutlier(1.4, spread)).toBe(true);
    expect(calm.some((time) => isOutlier(time, spread))).toBe(false);
  });

  it('are not named among fewer than five', () => {
    expect(spreadOf([1, 1, 1, 9])).toBeNull();
  });

  it('are found where a coarse clock makes most times equal', () => {
    const spread = spreadOf([1, 1, 1, 1, 1, 1, 1, 3]);
    expect(isOutlier(3, spread)).toBe(true);
    expect(isOutlier(1, spread)).toBe(false);
  });

  it('are none among equal times', () => {
    const spread = spreadOf([2, 2, 2, 2, 2]);
    expect(isOutlier(2, spread)).toBe(false);
  });

  it('the median of an even number of times lies between two', () => {
    expect(median([4, 1, 3, 2])).toBe(2.5);
    expect(sdOf([2, 4])).toBeCloseTo(Math.SQRT2);
    expect(sdOf([2])).toBeNull();
  });
});

describe('the axis of a run', () => {
  const to = (high: number, low = 0, unit: string | null = 's') => ({ low, high, unit });
  const labels = (axis: Axis) => axisTicks(axis).map((tick) => tick.label);

  it('has round numbers from zero, the last with the unit', () => {
    expect(labels(to(4.44))).toEqual(['0', '1', '2', '3', '4 s']);
    expect(labels(to(0.044))).toEqual(['0', '10', '20', '30', '40 ms']);
    expect(labels(to(1.3))).toEqual(['0', '0.5', '1 s']);
  });

  it('has the units of its measure, or none', () => {
    expect(labels(to(7 * 1024 ** 2, 0, 'B'))).toEqual(['0', '2', '4', '6 MiB']);
    expect(labels(to(45, 0, 'J'))).toEqual(['0', '10', '20', '30', '40 J']);
    expect(labels(to(0.9, 0, null))).toEqual(['0', '0.2', '0.4', '0.6', '0.8']);
  });

  it('goes below zero where something lies there, with zero on it', () => {
    const axis = axisFor([summed({ mean: -2, least: -4, most: 1 }), summed({ mean: 1, least: 0.5, most: 2 })]) as Axis;
    expect(axis).toMatchObject({ low: -4, high: 2 });
    expect(placeOn(axis, 0)).toBeCloseTo(2 / 3);
    expect(labels(axis)).toEqual(['-4', '-2', '0', '2']);
  });

  it('ends at the slowest repetition, so that no dot lies beyond it', () => {
    const ticks = axisTicks(to(4));
    expect(ticks[ticks.length - 1]).toEqual({ at: 1, label: '4 s' });
    expect(dotsOf([1, 2, 4], to(4)).map((dot) => dot.x)).toEqual([0.25, 0.5, 1]);
  });

  it('is none where nothing was measured, or all of it is nothing', () => {
    expect(axisFor([])).toBeNull();
    expect(axisFor([summed({ mean: 0, least: 0, most: 0 })])).toBeNull();
  });

  it('marks the outliers among the dots, however many there are', () => {
    const times = [...Array.from({ length: 999 }, (_, i) => 1 + (i % 10) / 1_000), 5];
    const dots = dotsOf(times, to(5));
    expect(dots.length).toBeLessThanOrEqual(200);
    const few = dotsOf([1, 1.01, 0.99, 1, 1.02, 5], to(5));
    expect(few.map((dot) => dot.isOff)).toEqual([false, false, false, false, false, true]);
  });
});

describe('progress', () => {
  const running = (change: Partial<JobRecord>) =>
    job('1', { status: 'running', repeat: 4, startedAt: 0, repetition: 1, repetitionAt: 0, fraction: null, ...change });

  it('is unknown where a job says nothing and has no past', () => {
    expect(progressOf(running({}), 60_000)).toBeNull();
    expect(progressOf(running({ repeat: 1 }), 60_000)).toBeNull();
    expect(leftS(running({}), 60_000)).toBeNull();
  });

  it('is what a repetition says of itself, and no guess', () => {
    expect(progressOf(running({ repeat: 1, fraction: 0.15 }), 0)).toEqual({ done: 0, inFlight: 0.15, isEstimate: false });
    expect(progressOf(running({ fraction: 0 }), 0)).toEqual({ done: 0, inFlight: 0, isEstimate: false });
  });

  it('is guessed from past repetitions, and never takes one for over before it is', () => {
    const one = running({ done: 1, repetition: 2, meanS: 10, repetitionAt: 10_000 });
    expect(progressOf(one, 15_000)).toEqual({ done: 0.25, inFlight: 0.125, isEstimate: true });
    const late = progressOf(one, 100_000);
    expect((late?.done ?? 0) + (late?.inFlight ?? 0)).toBeLessThan(0.5);
  });

  it('is what is done for certain where the clock stands still', () => {
    expect(progressOf(running({ done: 1, meanS: 10 }), null)).toEqual({ done: 0.25, inFlight: 0, isEstimate: false });
  });

  it('does not count warm-ups', () => {
    expect(progressOf(running({ repetition: 0, fraction: 0.9, warmup: 2 }), 5_000)).toBeNull();
  });

  it('of an orchestrator that does not tell fractions is taken from the whole', () => {
    const { fraction: _, ...old } = running({ repeat: 2, done: 1, progress: 0.75 });
    expect(progressOf(old as JobRecord, 0)).toEqual({ done: 0.5, inFlight: 0.25, isEstimate: false });
  });

  it('is rounded down, and 100 % is for what is over', () => {
    expect([0.2999, 0.3, 0.999, 1].map(percentOf)).toEqual([29, 30, 99, 99]);
  });

  it('tells what is left by the mean, by what it says of itself, or not at all', () => {
    expect(leftS(running({ done: 1, meanS: 10, repetition: 2, repetitionAt: 0 }), 4_000)).toBe(26);
    expect(leftS(running({ done: 1, meanS: 10, repetition: 2, fraction: 0.5 }), 4_000)).toBe(25);
    expect(leftS(running({ repeat: 1, fraction: 0.25 }), 10_000)).toBe(30);
    expect(leftS(running({ repeat: 1, fraction: 0.01 }), 10_000)).toBeNull();
  });
});

describe('groups', () => {
  it('are runs; jobs that were asked for one by one stand together, and what is done again with what it repeats', () => {
    const list = [
      done('1'),
      done('2'),
      done('3', { runId: 'run-2' }),
      done('4', { runId: 'run-3' }),
      done('5', { runId: 'run-4', retryOf: '2' }),
    ];
    const runs = {
      'run-1': { id: 'run-1', name: 'sweep', jobs: 2 },
      'run-2': { id: 'run-2', jobs: 1 },
      'run-3': { id: 'run-3', jobs: 1 },
      'run-4': { id: 'run-4', jobs: 1, retryOf: 'run-1' },
    };
    const groups = groupsOf(jobsOf(list, { runs }));
    expect(groups.map((group) => [group.title, group.ids, group.single])).toEqual([
      ['sweep', ['1', '2', '5'], false],
      ['one by one', ['3', '4'], true],
    ]);
  });

  it('come to an end where runs repeat each other in a circle', () => {
    const runs = { 'run-1': { id: 'run-1', retryOf: 'run-2' }, 'run-2': { id: 'run-2', retryOf: 'run-1' } };
    expect(groupsOf(jobsOf([done('1')], { runs }))).toHaveLength(1);
  });

  it('have the label that Python says where nobody has named the run, not its id', () => {
    const two = [done('1'), done('2')];
    const runs = { 'run-1': { id: 'run-1', label: 'run-7', name: null, jobs: 2 } };
    expect(groupsOf(jobsOf(two, { runs }))[0]?.title).toBe('run-7');
    expect(groupsOf(jobsOf(two))[0]?.title).toBe('run-1');
  });
});

describe('the queue', () => {
  const runs = { 'run-1': { id: 'run-1', jobs: 4, parallel: 1 } };
  const list = [
    done('1', { finishedAt: 10_000 }),
    job('2', { runId: 'run-1', status: 'running', repeat: 2, done: 1, meanS: 5, repetition: 2, repetitionAt: 10_000 }),
    job('3', { runId: 'run-1' }),
    job('4', { runId: 'run-1' }),
  ];

  it('tells when each starts and how long it takes, from what others took', () => {
    const jobs = jobsOf(list, { runs });
    const usual = usualS(jobs.items as never, Object.keys(jobs.items));
    const expected = expectations(jobs, usual, 12_000);
    expect(expected.get('3')).toEqual({ startsS: 3, takesS: 10 });
    expect(expected.get('4')).toEqual({ startsS: 13, takesS: 10 });
    expect(leftOfS(['2', '3', '4'], jobs.items as never, expected, 12_000)).toBe(23);
  });

  it('tells nothing where what runs does not', () => {
    const jobs = jobsOf([job('2', { runId: 'run-1', status: 'running', fraction: null }), job('3', { runId: 'run-1' })], {
      runs,
    });
    const expected = expectations(jobs, new Map(), 0);
    expect(expected.get('3')).toEqual({ startsS: null, takesS: null });
    expect(leftOfS(['2', '3'], jobs.items as never, expected, 0)).toBeNull();
  });

  it('starts several at a time', () => {
    const jobs = jobsOf([job('3', { runId: 'run-1' }), job('4', { runId: 'run-1' }), job('5', { runId: 'run-1' })], {
      runs: { 'run-1': { id: 'run-1', parallel: 2 } },
    });
    const expected = expectations(jobs, new Map([['run-1', 7]]), 0);
    expect(['3', '4', '5'].map((id) => expected.get(id)?.startsS)).toEqual([0, 0, 7]);
  });

  it('knows of a job that is done again how long it took', () => {
    const jobs = jobsOf([done('1', { meanS: 3 }), job('2', { runId: 'run-2', retryOf: '1', repeat: 4 })]);
    expect(expectations(jobs, new Map(), 0).get('2')?.takesS).toBe(12);
  });
});

describe('the summary of a run', () => {
  it('says how many, what failed, what waits, and about what is left', () => {
    const list = [done('1'), job('2', { status: 'failed' }), job('3', { status: 'running', asks: true }), job('4')];
    const counts = countsOf(jobsOf(list).items as never, ['1', '2', '3', '4']);
    const said = summaryOf(counts, 62, 184).map((one) => one.text);
    expect(said).toEqual([
      '62 jobs',
      '58 no longer listed',
      '1 done',
      '1 failed',
      '1 waits for you',
      '1 queued',
      '~ 3 min left',
    ]);
  });

  it('says how long it took once it is over', () => {
    const counts = countsOf(jobsOf([done('1'), done('2', { finishedAt: 14_200 })]).items as never, ['1', '2']);
    const said = summaryOf(counts, 2, null).map((one) => one.text);
    expect(said.slice(0, 3)).toEqual(['2 jobs', 'all done', '14.2 s']);
  });

  it('offers only those again that were not done again', () => {
    const list = [job('1', { status: 'failed' }), job('2', { status: 'timeout' }), done('3', { retryOf: '1' })];
    expect(countsOf(jobsOf(list).items as never, ['1', '2', '3']).failedIds).toEqual(['2']);
  });

  it('has a tick for each job, and of many one for several in which a failure is seen', () => {
    const few = jobsOf([done('1'), job('2', { status: 'failed' }), job('3')]);
    expect(ticksOf(few.items as never, ['1', '2', '3'])).toEqual(['done', 'failed', 'queued']);
    const many = jobsOf(Array.from({ length: 10_000 }, (_, i) => done(String(i), i === 5_000 ? { status: 'failed' } : {})));
    const ticks = ticksOf(many.items as never, Object.keys(many.items));
    expect(ticks).toHaveLength(MOST_TICKS);
    expect(ticks.filter((tick) => tick === 'failed')).toHaveLength(1);
  });
});

describe('many jobs of a run', () => {
  const list = Array.from({ length: 62 }, (_, i) => {
    const id = String(i);
    const name = `lr=${i % 9 === 0 ? '1' : '0.1'} wd=${i}`;
    if (i % 9 === 0) return job(id, { runId: 'run-1', name, status: 'failed', reason: 'exit status 1', createdAt: i });
    if (i < 50) return done(id, { name, meanS: 100 - i, maxS: 100 - i });
    return job(id, { runId: 'run-1', name, createdAt: i, status: i < 52 ? 'running' : 'queued' });
  });
  const jobs = jobsOf(list);
  const ids = list.map((one) => one.id);

  it('fold by how they ended, failures by their reason with what their names have in common', () => {
    const rows = folded(jobs.items as never, ids, '49');
    const said = rows.map((row) => (row.kind === 'job' ? row.id : [row.fold.standing, row.fold.ids.length, row.fold.inCommon]));
    expect(said).toEqual([['failed', 7, 'lr=1'], ['running', 2, ''], ['done', 44, ''], '49', ['queued', 9, '']]);
  });

  it('reasons that differ in a measured figure alone are one', () => {
    const late = ['60.21', '60.34'].map((s, i) =>
      job(String(i), { status: 'timeout', reason: `took longer than 60 s: ended after ${s} s` }),
    );
    expect(folded(jobsOf(late).items as never, ['0', '1'], null)).toHaveLength(1);
    const other = ['1', '2'].map((s, i) => job(String(i), { status: 'failed', reason: `exit status ${s}` }));
    expect(folded(jobsOf(other).items as never, ['0', '1'], null)).toHaveLength(2);
  });

  it('unfold where they are asked for, and the fastest does not stand there twice', () => {
    const lines = layout(jobs, CHOICES);
    const fold = lines.find((line) => line.kind === 'fold' && line.fold.standing === 'done');
    const open = layout(jobs, { ...CHOICES, unfolded: new Set([fold?.key ?? '']) });
    expect(open.filter((line) => line.kind === 'job' && line.id === '49')).toHaveLength(1);
    expect(open.length).toBe(lines.length + 43);
  });

  it('are found by name, command and reason, whatever was shut before', () => {
    const shut = new Map([['run-1', true]]);
    const found = layout(jobs, { ...CHOICES, shut, sought: { chip: 'all', text: 'WD=7 lr' } });
    expect(found.filter((line) => line.kind === 'job').map((line) => line.kind === 'job' && line.id)).toEqual(['7']);
    const failed = layout(jobs, { ...CHOICES, sought: { chip: 'failed', text: '' } });
    expect(failed.filter((line) => line.kind === 'job')).toHaveLength(7);
  });

  it('of which one asks shows it among the running', () => {
    const asking = job('1', { status: 'running', asks: true, current: 'Go on? ' });
    expect(isSought(asking, 'running', [])).toBe(true);
    expect(isSought(asking, 'asks', wordsOf('go ON'))).toBe(true);
    expect(isSought(asking, 'failed', [])).toBe(false);
  });
});

describe('the layout', () => {
  it('compares the jobs of a run with its fastest, and one alone with nobody', () => {
    const [head] = layout(jobsOf([done('1', { meanS: 2, maxS: 2.5 }), done('2', { meanS: 1, maxS: 1.1 })]), CHOICES);
    expect(head?.run.best).toEqual({ id: '2', mean: 1, isBest: true });
    expect(head?.run.axis).toEqual({ low: 0, high: 2.5, unit: 's' });
    const [alone] = layout(jobsOf([done('1')]), CHOICES);
    expect(alone?.run.best).toBeNull();
  });

  it('keeps the place of the axis from the start, so that nothing moves when the first job has ended', () => {
    const kinds = (...list: JobRecord[]) => layout(jobsOf(list), CHOICES).map(({ kind }) => kind);
    const going = done('2', { status: 'running', meanS: null, finishedAt: null });
    const before = kinds(done('1', { status: 'queued', meanS: null, startedAt: null, finishedAt: null }), going);
    expect(before).toEqual(['run', 'axis', 'job', 'job']);
    expect(kinds(done('1'), going)).toEqual(before);
    const failed = (id: string) => done(id, { status: 'failed', meanS: null });
    expect(kinds(failed('1'), failed('2'))).toEqual(['run', 'job', 'job']);
  });

  it('compares by the measure that is chosen: axis, best and order follow', () => {
    const of = (memory: number, rate: number, loss: number): Partial<JobRecord> => ({
      measures: [
        { name: 'max_rss_bytes', unit: 'B', mean: memory, sd: 1, min: memory - 1, max: memory + 1, count: 2 },
        { name: 'rate', unit: 'MB/s', better: 'higher', mean: rate, sd: null, min: rate, max: rate, count: 1 },
        { name: 'loss', mean: loss, sd: null, min: loss, max: loss, count: 1 },
      ],
    });
    const jobs = jobsOf([done('1', of(400, 80, 0.2)), done('2', of(300, 90, 0.3)), done('3', { meanS: 0.5 })]);
    const run = (measure: string) => layout(jobs, { ...CHOICES, measure })[0]?.run;
    expect(measuresOf(jobs.items as never)).toEqual(['wall_s', 'max_rss_bytes', 'loss', 'rate']);
    expect(run('max_rss_bytes')).toMatchObject({ best: { id: '2', isBest: true }, axis: { high: 401, unit: 'B' } });
    // Of a rate more is better, as its recipe says; of a loss nobody has said.
    expect(run('rate')).toMatchObject({ best: { id: '2', mean: 90, isBest: true }, axis: { unit: 'MB/s' } });
    expect(run('loss')).toMatchObject({ best: { id: '1', isBest: false }, axis: { high: 0.3, unit: null } });
    const order = layout(jobs, { ...CHOICES, measure: 'rate', sort: 'slowest' }).flatMap((line) =>
      line.kind === 'job' ? line.id : [],
    );
    expect(order).toEqual(['2', '1', '3']);
  });

  it('sorts by speed within a run, and what was not measured comes last', () => {
    const jobs = jobsOf([done('1', { meanS: 2 }), job('2', { runId: 'run-1', createdAt: 2 }), done('3', { meanS: 1 })]);
    const order = (sort: Choices['sort']) =>
      layout(jobs, { ...CHOICES, sort }).flatMap((line) => (line.kind === 'job' ? line.id : []));
    expect(order('started')).toEqual(['1', '2', '3']);
    expect(order('fastest')).toEqual(['3', '1', '2']);
    expect(order('slowest')).toEqual(['1', '3', '2']);
    expect(order('newest')).toEqual(['3', '2', '1']);
  });

  it('shuts runs that went well long ago when they are first seen, and no others', () => {
    const list = [1, 2, 3, 4].flatMap((run) => [0, 1].map((i) => done(String(run * 10 + i), { runId: `run-${run}` })));
    const failed = list.map((one) => (one.id === '10' ? { ...one, status: 'failed' as const } : one));
    expect([...shutAtFirst(jobsOf(list))]).toEqual(['run-1', 'run-2']);
    expect([...shutAtFirst(jobsOf(failed))]).toEqual(['run-2']);
  });

  it('of ten thousand jobs in a thousand runs has all of them', () => {
    const list = Array.from({ length: 10_000 }, (_, i) => done(String(i), { runId: `run-${Math.floor(i / 10)}` }));
    const items = Wide.of(list.map((one) => [one.id, one] as const));
    const lines = layout({ queue: [], running: [], lastCompleted: null, items: items as never }, CHOICES);
    expect(lines.filter((line) => line.kind === 'job')).toHaveLength(10_000);
    expect(lines.filter((line) => line.kind === 'run')).toHaveLength(1_000);
  });
});

describe('an opened job', () => {
  const repetition = (number: number, wallS: number, otherLoad: number | null = 0.3): RepetitionRecord => ({
    number,
    status: 'succeeded',
    startedAt: 0,
    wallS,
    cpuUserS: wallS,
    cpuSystemS: 0,
    maxRssBytes: 1,
    exitCode: 0,
    signal: null,
    otherLoad,
  });
  const calm = [3.03, 3.02, 3.04, 3.01, 3.05, 3.03, 3.02, 3.04];
  const noisy = [repetition(0, 9), ...calm.map((time, i) => repetition(i + 1, time)), repetition(9, 3.61, 1.9)];

  it('names what is off, what the machine did meanwhile, and the figure without it', () => {
    const { fact, more, off } = explain(noisy, [1, 4]);
    expect(off.map((one) => one.number)).toEqual([9]);
    expect(fact).toBe('1 of 9 slower than 3 MAD while other work kept 1.9 processors busy');
    expect(more).toBe(' (else 0.3). Without it 3.030 ± 0.013 s; the order of the jobs stays the same.');
  });

  it('says so where the order would be another, and where the machine was no busier', () => {
    expect(explain(noisy, [3.05]).more).toContain('the order of the jobs would be another');
    const idle = noisy.map((one) => ({ ...one, otherLoad: 0.3 }));
    expect(explain(idle, []).more).toContain('though the machine was no busier');
    expect(
      explain(
        noisy.map((one) => ({ ...one, otherLoad: null })),
        [],
      ).more,
    ).toMatch(/^\. Without it/);
  });

  it('says nothing where nothing is off', () => {
    expect(explain(noisy.slice(0, 9), []).fact).toBe('');
  });

  it('is plotted with its warm-ups hollow and what is off by name', () => {
    const plot = plotOf(noisy, explain(noisy, []).spread);
    expect(plot?.points.map((point) => point.kind)).toEqual(['warmup', ...calm.map(() => 'plain'), 'off']);
    expect(plot?.points[9]?.name).toBe('3.6');
    expect(plot?.points.every((point) => point.y >= 0 && point.y <= 164)).toBe(true);
    expect(plot?.load?.most).toBe(1.9);
    expect(plotOf([], null)).toBeNull();
    expect(plotOf([repetition(1, 1)], null)).toBeNull();
  });

  it('is plotted with room for its longest label', () => {
    const room = (...times: number[]) => {
      const plot = plotOf(
        times.map((time, i) => repetition(i + 1, time)),
        null,
      );
      const longest = Math.max(...(plot?.rules ?? []).map(({ label }) => label.length));
      expect(plot?.left).toBeGreaterThanOrEqual(longest * 6);
      expect(plot?.points.every((point) => point.x > (plot?.left ?? 0))).toBe(true);
      return plot?.left;
    };
    expect(room(3, 3.2)).toBe(42);
    expect(room(0.1224, 0.1297)).toBeGreaterThan(42);
    expect(room(0.002_987, 0.002_988)).toBeGreaterThan(42);
  });

  it('says how its repetitions ended', () => {
    expect(exitText(noisy, 10)).toBe('0 in all 10');
    expect(exitText(noisy, 30)).toBe('0 in the last 10');
    const killed = { ...repetition(2, 1), exitCode: null, signal: 'SIGKILL' };
    expect(exitText([repetition(1, 1), killed], 2)).toBe('0 in 1, SIGKILL in 1');
    expect(exitText([killed], 1)).toBe('SIGKILL');
  });
});

describe('lines of different heights', () => {
  it('stand below each other, guessed first and then as measured', () => {
    const heights = new Heights(() => 20);
    heights.set(['a', 'b', 'c']);
    expect([heights.top(0), heights.top(1), heights.total]).toEqual([0, 20, 60]);
    expect(heights.measure('b', 50)).toBe(true);
    expect(heights.measure('b', 50)).toBe(false);
    expect([heights.top(2), heights.total]).toEqual([70, 90]);
    expect([0, 19, 20, 69, 70, 1_000].map((y) => heights.at(y))).toEqual([0, 0, 1, 1, 2, 2]);
    heights.set(['b', 'c']);
    expect(heights.total).toBe(70);
    heights.forget();
    expect(heights.total).toBe(40);
  });

  it('are none where there are no lines', () => {
    const heights = new Heights(() => 20);
    expect([heights.total, heights.at(10), heights.top(3)]).toEqual([0, 0, 0]);
  });
});
