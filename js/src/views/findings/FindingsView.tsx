import { useComputed, useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { useMemo } from 'preact/hooks';
import type { Client } from '../../client';
import { visible } from '../../logs/text/visible';
import type { Pno } from '../../sync/messages';
import { AskButton, Asking } from '../shared/ask';
import { Empty } from '../shared/elements';
import { clock, count, plural } from '../shared/format';
import { useLiveNow } from '../shared/live-now';
import { FindingRow, type Ways } from './FindingRow';
import { bySeverity, checkText, countTexts, nextText, progressOf, quietChecks, ranAt, scanText } from './texts';

/** Findings that are drawn at once; the rest when it is asked for. */
const AT_ONCE = 100;
const EXAMPLE = 'bench.pno.schedule(every_s=600, after_runs=True)';

/** What the checks of the pno scan found, the worst first, with the evidence of each; and what found nothing. */
export function FindingsView({ client, ...ways }: { client: Client } & Ways): JSX.Element | null {
  const pno = useComputed(() => client.state.value?.pno).value;
  const now = useLiveNow(client, 1_000).value;
  const sorted = useComputed(() => bySeverity(client.state.value?.pno.findings ?? [])).value;
  const isWhole = useSignal(false);
  if (pno === undefined) return null;
  const shown = isWhole.value ? sorted : sorted.slice(0, AT_ONCE);
  const hasRun = ranAt(pno) !== null;
  return (
    <div class="ab-findings">
      <Head client={client} pno={pno} now={now} />
      {(sorted.length > 0 || (pno.checks ?? []).length > 0) && <Counts pno={pno} />}
      {sorted.length === 0 ? (
        <NoFindings pno={pno} hasRun={hasRun} />
      ) : (
        <>
          <div class="ab-finding-row ab-finding-heads" aria-hidden="true">
            <span>severity</span>
            <span>check</span>
            <span>subject</span>
            <span>message</span>
            <span>evidence</span>
          </div>
          <div class="ab-findings-list" role="list" aria-label={plural(sorted.length, 'finding')} tabIndex={0}>
            {shown.map((finding, i) => (
              <FindingRow key={finding.id ?? i} client={client} finding={finding} {...ways} />
            ))}
          </div>
        </>
      )}
      {shown.length < sorted.length && (
        <button
          type="button"
          class="ab-link ab-findings-all"
          onClick={() => {
            isWhole.value = true;
          }}
        >
          show the other {count(sorted.length - shown.length)}
        </button>
      )}
      <Quiet pno={pno} />
    </div>
  );
}

/** When the last scan ran and why, the one under way, the next; and the button that begins one. */
function Head({ client, pno, now }: { client: Client; pno: Pno; now: number }): JSX.Element {
  const asking = useMemo(() => new Asking(), [client]);
  const key = 'scan';
  const at = ranAt(pno);
  const progress = progressOf(pno);
  const problem = asking.problems.value.get(key);
  const next = nextText(pno, now);
  const isBusy = asking.since.value.has(key) || progress !== null;
  return (
    <div class="ab-findings-head">
      <span class="ab-findings-last">
        <b>{progress === null ? 'Last scan' : 'Scan'}</b>{' '}
        <span class="ab-muted ab-num">{at === null ? 'none yet' : clock(at)}</span>{' '}
        <span class="ab-faint ab-num">
          {scanText(pno, now)}
          {pno.status !== 'done' && pno.status !== 'running' && pno.status !== 'idle' && ` · ${visible(pno.status)}`}
        </span>
      </span>
      {progress !== null && (
        <span class="ab-findings-progress">
          <span
            class="ab-bar"
            role="progressbar"
            aria-label="pno scan"
            aria-valuemin={0}
            aria-valuemax={100}
            aria-valuenow={Math.round(progress.share * 100)}
          >
            <i class="ab-bar-now" style={{ width: `${progress.share * 100}%` }} />
          </span>
          <span class="ab-muted ab-num">{progress.text}</span>
        </span>
      )}
      {next && progress === null && <span class="ab-faint ab-num">{next}</span>}
      {problem && <span class="ab-text-bad">{visible(problem.text)}</span>}
      <AskButton
        client={client}
        label="Run scan"
        isBusy={isBusy}
        onClick={() => void asking.ask(key, () => client.command('pno.scan', {}))}
      >
        {progress === null ? 'Run scan' : 'Scanning …'}
      </AskButton>
    </div>
  );
}

function Counts({ pno }: { pno: Pno }): JSX.Element {
  const clear = quietChecks(pno).clear.length;
  return (
    <div class="ab-findings-counts ab-num">
      {countTexts(pno).map(({ n, noun, tone }) => (
        <span key={noun} class={`ab-text-${tone}`}>
          <b>{count(n)}</b> {noun}
        </span>
      ))}
      {clear > 0 && (
        <span class="ab-muted">
          <b>{count(clear)}</b> {clear === 1 ? 'check' : 'checks'} found nothing
        </span>
      )}
    </div>
  );
}

function NoFindings({ pno, hasRun }: { pno: Pno; hasRun: boolean }): JSX.Element {
  if (pno.status === 'running') return <Empty title="Nothing was found so far." />;
  return hasRun ? (
    <Empty title="Nothing was found.">The last scan reported no finding.</Empty>
  ) : (
    <Empty title="No check has run yet." code={EXAMPLE}>
      Run a scan now, or have scans run by themselves, from a cell:
    </Empty>
  );
}

/** What was checked without a finding, and what was not checked: one line that unfolds. */
function Quiet({ pno }: { pno: Pno }): JSX.Element | null {
  const isOpen = useSignal(false);
  const { clear, undone } = quietChecks(pno);
  if (clear.length + undone.length === 0) return null;
  return (
    <div class="ab-findings-quiet ab-muted">
      <p>
        <span class="ab-findings-well" aria-hidden="true">
          ✓
        </span>{' '}
        {plural(clear.length, 'check')} found nothing
        {undone.length > 0 && <span class="ab-text-warn">{`, ${count(undone.length)} were not carried out`}</span>}{' '}
        <button
          type="button"
          class="ab-link"
          aria-expanded={isOpen.value}
          onClick={() => {
            isOpen.value = !isOpen.value;
          }}
        >
          {isOpen.value ? 'hide' : 'show'}
        </button>
      </p>
      {isOpen.value && (
        <ul class="ab-num">
          {clear.map((check) => (
            <li key={check.name}>{checkText(check)}</li>
          ))}
          {undone.map((check) => (
            <li key={check.name} class="ab-text-warn">
              {checkText(check)}: not carried out
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}
