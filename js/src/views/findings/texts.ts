/** What the findings' view says, out of the scan's record: pure. Times in ms since 1970. */

import { setOnly } from '../../logs/query';
import { visible } from '../../logs/text/visible';
import type { CheckRecord, Evidence, Finding, Pno, Severity } from '../../sync/messages';
import { ago, brief, clock, count, duration, plural } from '../shared/format';
import type { Tone } from '../shared/tone';

export const SEVERITIES: readonly Severity[] = ['fatal', 'error', 'warn', 'info'];
export const TONES: Readonly<Record<Severity, Tone>> = { fatal: 'bad', error: 'bad', warn: 'warn', info: 'busy' };
const NOUNS: Readonly<Record<Severity, string>> = { fatal: 'fatal', error: 'error', warn: 'warning', info: 'note' };
/** So many lines are named at most, as the orchestrator has it. */
const MANY_SEQS = 100;
const ENDED = ['clear', 'found', 'failed', 'timeout', 'skipped'];

export function severityOf(finding: Finding): Severity {
  return finding.severity !== undefined && finding.severity in TONES ? finding.severity : 'info';
}

/** The worst first; within one severity as they were found. */
export function bySeverity(findings: readonly Finding[]): readonly Finding[] {
  const rank = (finding: Finding) => SEVERITIES.indexOf(severityOf(finding));
  return [...findings].sort((a, b) => rank(a) - rank(b));
}

/** Findings that ask for somebody: errors and worse. */
export function seriousFindings(pno: Pno | undefined): number {
  const by = pno?.summary?.bySeverity;
  return (by?.error ?? 0) + (by?.fatal ?? 0);
}

/** When the last scan ran, or the one under way began; null where none ever did. */
export function ranAt(pno: Pno): number | null {
  const at = pno.lastRunAt ? Date.parse(pno.lastRunAt) : Number.NaN;
  return Number.isNaN(at) ? null : at;
}

/** "12 s ago, asked for by a viewer · took 3.80 s · 9 checks on 4 subjects". */
export function scanText(pno: Pno, now: number): string {
  const at = ranAt(pno);
  if (at === null) return '';
  const checks = pno.checks ?? [];
  const on = pno.subjects === undefined ? '' : ` on ${plural(pno.subjects, 'subject')}`;
  return (
    [
      `${ago(now - at)}${pno.because ? `, ${visible(pno.because)}` : ''}`,
      pno.status !== 'running' && pno.tookS != null && `took ${duration(pno.tookS)}`,
      checks.length > 0 && `${plural(checks.length, 'check')}${on}`,
    ]
      .filter((part) => part !== false)
      // A figure and its unit stay in one line.
      .map((part) => part.replace(/(\d) /g, '$1\u00a0'))
      .join(' · ')
  );
}

/** "next 10:00:00, in 18 m 46 s". */
export function nextText(pno: Pno, now: number): string {
  if (pno.nextRunAt == null) return '';
  const left = (pno.nextRunAt - now) / 1_000;
  return `next ${clock(pno.nextRunAt)}${left > 0.5 ? `, in ${duration(Math.round(left))}` : ''}`;
}

/** Which check runs, and how many have ended; null where no scan is under way. */
export function progressOf(pno: Pno): { readonly share: number; readonly text: string } | null {
  if (pno.status !== 'running') return null;
  const checks = pno.checks ?? [];
  const ended = checks.filter((one) => ENDED.includes(one.outcome)).length;
  const runs = checks.find((one) => one.outcome === 'running');
  const share = Math.min(1, Math.max(0, pno.progress ?? 0));
  if (checks.length === 0) return { share, text: `${Math.round(share * 100)} %` };
  return { share, text: `${count(ended)} of ${count(checks.length)}${runs ? `: ${visible(runs.name)}` : ''}` };
}

/** How many findings of each severity, the worst first; those that there are none of are left out. */
export function countTexts(pno: Pno): readonly { readonly n: number; readonly noun: string; readonly tone: Tone }[] {
  const by = pno.summary?.bySeverity ?? {};
  return SEVERITIES.filter((severity) => (by[severity] ?? 0) > 0).map((severity) => {
    const n = by[severity] ?? 0;
    return { n, noun: severity === 'fatal' || n === 1 ? NOUNS[severity] : `${NOUNS[severity]}s`, tone: TONES[severity] };
  });
}

/** The checks that found nothing, and those that were not carried out. */
export function quietChecks(pno: Pno): { readonly clear: readonly CheckRecord[]; readonly undone: readonly CheckRecord[] } {
  const checks = pno.checks ?? [];
  return {
    clear: checks.filter((one) => one.outcome === 'clear'),
    undone: checks.filter((one) => one.outcome === 'skipped' || (pno.status !== 'running' && one.outcome === 'waiting')),
  };
}

/** "device silent 3 ms": what the folded line of quiet checks unfolds to. */
export function checkText(check: CheckRecord): string {
  const took = check.tookS == null ? '' : ` ${check.tookS < 0.001 ? '< 1 ms' : duration(check.tookS)}`;
  return `${visible(check.name)}${took}${check.reason ? `: ${visible(check.reason)}` : ''}`;
}

/** What can be done with a piece of evidence. */
export type Leads =
  | { readonly to: 'log'; readonly query: string }
  | { readonly to: 'tab'; readonly tab: 'Devices' | 'Streams' | 'Runs' }
  | { readonly to: 'still'; readonly streamId: string }
  | { readonly to: 'values' }
  | { readonly to: 'path'; readonly path: string }
  | null;

export function leadsOf(evidence: Evidence): Leads {
  switch (evidence.kind) {
    case 'lines': {
      // Of very many lines the newest alone are named: then the query, which finds them all.
      const { seqs = [], query: all = '' } = evidence;
      const query = seqs.length === 0 || (all && seqs.length >= MANY_SEQS) ? all : `seq:${seqs.join(',')}`;
      return query === '' ? null : { to: 'log', query };
    }
    case 'job':
      return evidence.jobIds?.length ? { to: 'log', query: setOnly('', 'job', evidence.jobIds) } : null;
    case 'run':
      return { to: 'tab', tab: 'Runs' };
    case 'device':
      return { to: 'tab', tab: 'Devices' };
    case 'stream':
      return evidence.streamId === undefined ? { to: 'tab', tab: 'Streams' } : { to: 'still', streamId: evidence.streamId };
    case 'numbers':
      return { to: 'values' };
    case 'path':
      return evidence.path === undefined ? null : { to: 'path', path: evidence.path };
    default:
      return null;
  }
}

export function labelOf(evidence: Evidence): string {
  return visible(evidence.label || evidence.kind);
}

/** "ratio 1.043": the numbers that a finding rests on. */
export function valueTexts(evidence: Evidence): readonly (readonly [name: string, value: string])[] {
  return Object.entries(evidence.values ?? {}).map(([name, value]) => [visible(name), rounded(value)]);
}

function rounded(value: unknown): string {
  return typeof value === 'number' && !Number.isInteger(value) ? String(Number(value.toPrecision(4))) : brief(value);
}

export const STRIP_WIDTH = 104;
export const STRIP_HEIGHT = 20;

/** Earlier values in order, and the new one apart: as dots in a small picture. */
export interface Strip {
  readonly old: readonly (readonly [x: number, y: number])[];
  readonly now: readonly [x: number, y: number];
  readonly median: number;
  readonly low: number;
  readonly high: number;
}

export function stripOf(series: readonly number[] | undefined): Strip | null {
  const finite = (series ?? []).filter(Number.isFinite);
  const newest = finite.at(-1);
  const old = finite.slice(0, -1);
  if (newest === undefined || old.length === 0) return null;
  const [low, high] = [Math.min(...finite), Math.max(...finite)];
  const y = (value: number) => {
    const share = high > low ? (value - low) / (high - low) : 0.5;
    return Math.round((STRIP_HEIGHT - 4 - share * (STRIP_HEIGHT - 8)) * 10) / 10;
  };
  const step = (STRIP_WIDTH - 20) / Math.max(1, old.length - 1);
  const sorted = [...old].sort((a, b) => a - b);
  const middle = ((sorted[(sorted.length - 1) >> 1] as number) + (sorted[sorted.length >> 1] as number)) / 2;
  return {
    old: old.map((value, i) => [Math.round((4 + i * step) * 10) / 10, y(value)]),
    now: [STRIP_WIDTH - 5, y(newest)],
    median: y(middle),
    low,
    high,
  };
}
