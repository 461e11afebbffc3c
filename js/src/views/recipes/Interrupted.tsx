import type { JSX } from 'preact';
import { visible } from '../../logs/text/visible';
import type { InterruptedRun } from '../../sync/messages';
import { ago, count } from '../shared/format';
import { AskButton } from './AskButton';
import type { RecipeFace } from './model/face';

interface Props {
  face: RecipeFace;
  runs: readonly InterruptedRun[];
  now: number;
}

/** Runs whose orchestrator ended while they were under way, and the way to go on with them. */
export function Interrupted({ face, runs, now }: Props): JSX.Element | null {
  if (runs.length === 0) return null;
  return (
    <ul class="ab-rec-interrupted" aria-label="Interrupted runs">
      {runs.map((run) => (
        <li key={run.id}>
          <span class="ab-text-warn" aria-hidden="true">
            ◑
          </span>
          <span class="ab-rec-words">
            <b>{visible(run.name ?? run.id)}</b>{' '}
            <span class="ab-muted ab-num">
              was interrupted {ago(now - run.lastSeenAt)}: {count(run.settled)} of {count(run.steps)} steps are finished and
              kept
              {run.reason ? `. It cannot be resumed: ${visible(run.reason)}` : ''}
            </span>
          </span>
          <span class="ab-space" />
          <AskButton
            face={face}
            id={`go on ${run.id}`}
            label={`Resume from ${visible(run.next ?? 'its next step')}: ${visible(run.name ?? run.id)}`}
            unless={run.resumable ? '' : (run.reason ?? 'It cannot be resumed.')}
            onClick={() =>
              void face.ask(`go on ${run.id}`, `Resume ${visible(run.name ?? run.id)}`, 'journal.resume', { runId: run.id })
            }
          >
            Resume from <b>{visible(run.next ?? 'its next step')}</b>
          </AskButton>
        </li>
      ))}
    </ul>
  );
}
