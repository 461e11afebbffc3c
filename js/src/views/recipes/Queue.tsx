import type { JSX } from 'preact';
import { visible } from '../../logs/text/visible';
import type { QueuePause } from '../../sync/messages';
import { clock, count, estimate } from '../shared/format';
import { VirtualRows } from '../shared/VirtualRows';
import { AskButton } from './AskButton';
import type { RecipeFace } from './model/face';
import type { WaitingRun } from './model/waiting-runs';

const ROW = 28;
const MOST_ROWS = 8;

/** The queue is paused: why, since when, and the way out. */
export function PausedBanner({ face, paused }: { face: RecipeFace; paused: QueuePause }): JSX.Element {
  return (
    <div class="ab-rec-banner" role="status">
      <span aria-hidden="true" class="ab-text-warn">
        ⚠
      </span>
      <span class="ab-rec-words">
        <b>Queue paused: {visible(paused.reason)}.</b>{' '}
        <span class="ab-muted">
          What runs goes on, nothing new starts{paused.since !== undefined && ` since ${clock(paused.since)}`}.
        </span>
      </span>
      <span class="ab-space" />
      <AskButton
        face={face}
        id="resume queue"
        label="Resume anyway: let the queue go on"
        onClick={() => void face.ask('resume queue', 'Resume the queue', 'queue.resume', {})}
      >
        Resume anyway
      </AskButton>
    </div>
  );
}

/** What waits for its turn: its priority, what it waits for, about how long it takes; and up, down, out. */
export function Queue({
  face,
  waiting,
  isPaused,
}: {
  face: RecipeFace;
  waiting: readonly WaitingRun[];
  isPaused: boolean;
}): JSX.Element {
  return (
    <section class="ab-rec-queue" aria-label="Queue">
      <h2 class="ab-rec-title">
        <span class="ab-rec-caps">Queue</span>
        <span class="ab-muted ab-num">{count(waiting.length)} waiting</span>
        {isPaused && <span class="ab-text-warn">paused</span>}
        <span class="ab-space" />
        {!isPaused && (
          <AskButton
            face={face}
            id="pause queue"
            class="ab-link ab-quiet"
            label="Pause the queue"
            onClick={() =>
              void face.ask('pause queue', 'Pause the queue', 'queue.pause', { reason: 'paused in the dashboard' })
            }
          >
            Pause the queue
          </AskButton>
        )}
      </h2>
      <div role="table" aria-label="Runs that wait" aria-rowcount={waiting.length + 1}>
        <div class="ab-rec-queue-row ab-rec-queue-head" role="row">
          <span role="columnheader">#</span>
          <span role="columnheader">priority</span>
          <span role="columnheader">run</span>
          <span role="columnheader" class="ab-rec-queue-for">
            waits for
          </span>
          <span role="columnheader" class="ab-rec-queue-takes">
            takes
          </span>
          <span role="columnheader" class="ab-rec-queue-move">
            move
          </span>
        </div>
        <VirtualRows
          count={waiting.length}
          rowHeight={ROW}
          maxHeight={ROW * MOST_ROWS}
          attributes={{ role: 'rowgroup' }}
          row={(i) => {
            const run = waiting[i];
            return run === undefined ? null : <Row key={run.id} face={face} run={run} place={i} last={waiting.length - 1} />;
          }}
        />
      </div>
    </section>
  );
}

function Row({ face, run, place, last }: { face: RecipeFace; run: WaitingRun; place: number; last: number }): JSX.Element {
  const name = visible(run.about ? `${run.title} ${run.about}` : run.title);
  const move = (to: 'up' | 'down') =>
    void face.ask(`move ${run.id}`, `Move ${visible(run.title)} ${to}`, 'queue.move', { runId: run.id, to });
  const remove = () => {
    const what = `Remove ${visible(run.title)}`;
    if (run.kind === 'recipe') void face.ask(`remove ${run.id}`, what, 'recipe.cancel', { runId: run.id });
    else if (run.jobIds.length > 0) void face.cancelJobs(`remove ${run.id}`, what, run.jobIds);
    else void face.ask(`remove ${run.id}`, what, 'job.cancel', { jobId: run.id });
  };
  return (
    <div class="ab-rec-queue-row" role="row" aria-rowindex={place + 2}>
      <span role="cell" class="ab-faint ab-num">
        {place + 1}
      </span>
      <span role="cell" class="ab-num ab-muted">
        {run.priority}
      </span>
      <span role="cell" class="ab-rec-queue-name" title={name}>
        <span>{visible(run.title)}</span> <span class="ab-faint">{visible(run.about)}</span>
      </span>
      <span role="cell" class="ab-rec-queue-for ab-muted" title={visible(run.waitsFor)}>
        {visible(run.waitsFor)}
      </span>
      <span role="cell" class="ab-rec-queue-takes ab-num">
        {run.takesS === null ? <span class="ab-faint">unknown</span> : `~ ${estimate(run.takesS)}`}
      </span>
      <span role="cell" class="ab-rec-queue-move">
        <AskButton
          face={face}
          id={`move ${run.id}`}
          class="ab-rec-move"
          label={`Move ${name} up`}
          unless={place === 0 ? 'It is the next one.' : ''}
          onClick={() => move('up')}
        >
          ↑
        </AskButton>
        <AskButton
          face={face}
          id={`move ${run.id}`}
          class="ab-rec-move"
          label={`Move ${name} down`}
          unless={place === last ? 'It is the last one.' : ''}
          onClick={() => move('down')}
        >
          ↓
        </AskButton>
        <AskButton
          face={face}
          id={`remove ${run.id}`}
          class="ab-rec-move"
          label={`Remove ${name} from the queue`}
          onClick={remove}
        >
          ✕
        </AskButton>
      </span>
    </div>
  );
}
