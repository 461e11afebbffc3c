import { useComputed } from '@preact/signals';
import type { JSX } from 'preact';
import type { Client } from '../../client';
import { visible } from '../../logs/text/visible';
import type { Finding, Pno, Severity } from '../../sync/messages';
import { Dot, Empty } from '../shared/elements';
import { ago, brief, count, plural } from '../shared/format';
import { useNow } from '../shared/hooks';
import { otherFields } from '../shared/records';
import { VirtualRows } from '../shared/VirtualRows';

const ROW = 26;
const ROWS = 12;
const SEVERITIES: readonly Severity[] = ['fatal', 'error', 'warn', 'info'];
const TONES = { fatal: 'bad', error: 'bad', warn: 'warn', info: 'busy' } as const;

/** Findings that ask for somebody: errors and worse. */
export function seriousFindings(pno: Pno | undefined): number {
  const by = pno?.summary?.bySeverity;
  return (by?.error ?? 0) + (by?.fatal ?? 0);
}

/** What the checks of the pno scan found, the worst first. */
export function FindingsView({ client }: { client: Client }): JSX.Element | null {
  const pno = useComputed(() => client.state.value?.pno).value;
  const now = useNow(1_000);
  const sorted = useComputed(() => bySeverity(client.state.value?.pno.findings ?? [])).value;
  if (pno === undefined) return null;
  const ran = pno.lastRunAt ? Date.parse(pno.lastRunAt) : Number.NaN;
  const progress = pno.progress ?? null;
  const by = pno.summary?.bySeverity ?? {};
  return (
    <div class="ab-findings">
      <div class="ab-findings-head">
        <span>
          pno scan <b>{pno.status}</b>
        </span>
        {progress !== null && progress < 1 && (
          <span
            class="ab-bar"
            role="progressbar"
            aria-label="pno scan"
            aria-valuemin={0}
            aria-valuemax={100}
            aria-valuenow={Math.round(progress * 100)}
          >
            <i class="ab-bar-now" style={{ width: `${progress * 100}%` }} />
          </span>
        )}
        {!Number.isNaN(ran) && <span class="ab-faint">last run {ago(now.value - ran)}</span>}
        <span class="ab-space" />
        {SEVERITIES.filter((severity) => (by[severity] ?? 0) > 0).map((severity) => (
          <span key={severity} class={`ab-num ab-text-${TONES[severity]}`}>
            {count(by[severity] ?? 0)} {severity}
          </span>
        ))}
      </div>
      {sorted.length === 0 ? (
        <NoFindings hasRun={Boolean(pno.lastRunAt)} />
      ) : (
        <VirtualRows
          count={sorted.length}
          rowHeight={ROW}
          maxHeight={ROW * ROWS}
          attributes={{ role: 'list', 'aria-label': plural(sorted.length, 'finding') }}
          row={(i) => <Row key={sorted[i]?.id ?? i} finding={sorted[i] as Finding} />}
        />
      )}
    </div>
  );
}

const EXAMPLE = `bench.pno.start()
bench.pno.finding("noise", "rail 3 is 40 mV above its limit", "warn", device="psu0")
bench.pno.finish()`;

function NoFindings({ hasRun }: { hasRun: boolean }): JSX.Element {
  return hasRun ? (
    <Empty title="Nothing was found.">The last scan reported no finding.</Empty>
  ) : (
    <Empty title="No check has run yet." code={EXAMPLE}>
      Report what a check finds from a cell:
    </Empty>
  );
}

function Row({ finding }: { finding: Finding }): JSX.Element {
  const severity = finding.severity ?? 'info';
  const more = otherFields(finding, ['id', 'severity', 'check', 'message']);
  const message = visible(finding.message ?? '');
  const details = more.map(([key, value]) => `${visible(key)} ${brief(value)}`).join(' · ');
  return (
    <div class={`ab-finding ab-finding-${severity}`} role="listitem" title={`${message}\n${details}`.trim()}>
      <Dot tone={TONES[severity] ?? 'idle'} />
      <span class={`ab-finding-severity ab-text-${TONES[severity] ?? 'idle'}`}>{severity}</span>
      <span class="ab-finding-check ab-muted">{visible(finding.check ?? '')}</span>
      <span class="ab-finding-message">
        {message} <span class="ab-faint ab-mono">{details}</span>
      </span>
    </div>
  );
}

function bySeverity(findings: readonly Finding[]): Finding[] {
  const rank = (finding: Finding) => SEVERITIES.indexOf(finding.severity ?? 'info');
  return [...findings].sort((a, b) => rank(a) - rank(b));
}
