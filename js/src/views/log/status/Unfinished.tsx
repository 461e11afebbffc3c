import { useComputed, useSignal, useSignalEffect } from '@preact/signals';
import type { JSX } from 'preact';
import { visible } from '../../../logs/text/visible';
import type { JobRecord } from '../../../sync/messages';
import { plural } from '../../shared/format';
import type { Actions } from '../model/actions';
import type { PaneModel } from '../model/model';

/** Jobs whose unfinished lines are shown; of more the number is told. */
const MOST = 3;

interface Props {
  model: PaneModel;
  actions: Actions;
}

/**
 * What running commands have written since their last line's end: a prompt, a progress bar. The ring holds whole lines
 * only, so that these stand below the rows. A command that had such a line once keeps its place until it ends, since
 * rows that move up and down with every beginning of a line cannot be read.
 */
export function Unfinished({ model, actions }: Props): JSX.Element | null {
  const seen = useSignal<ReadonlySet<string>>(new Set());
  const running = useComputed(() => runningCommands(model.client.state.value));
  useSignalEffect(() => {
    const now = running.value.filter((job) => job.current || seen.peek().has(job.id)).map((job) => job.id);
    if (now.length !== seen.peek().size || now.some((id) => !seen.peek().has(id))) seen.value = new Set(now);
  });
  if (model.asked.isTable.value) return null;
  const shown = running.value.filter((job) => job.current || seen.value.has(job.id));
  if (shown.length === 0) return null;
  return (
    <div class="ab-log-unfinished" role="group" aria-label="Unfinished lines">
      {shown.slice(0, MOST).map((job) => (
        <div key={job.id} class="ab-log-unfinishedline">
          <span class="ab-log-unfinishedtext" title={visible(job.current ?? '')}>
            {visible(lastLine(job.current ?? ''))}
            <span class="ab-log-caret" aria-hidden="true" />
          </span>
          <button
            type="button"
            class="ab-tag"
            title="This line has no end yet. Click to show the lines of its job"
            onClick={() => actions.onlyTerm('job', job.id)}
          >
            {visible(job.name ?? job.id)}
          </button>
        </div>
      ))}
      {shown.length > MOST && (
        <div class="ab-log-unfinishedline">and {plural(shown.length - MOST, 'more job')} with an unfinished line</div>
      )}
    </div>
  );
}

/** The commands that run, in the order in which they were started. Callables say what they do in words of their own. */
function runningCommands(state: { jobs?: { running?: string[]; items?: Record<string, JobRecord> } } | null): JobRecord[] {
  const jobs = state?.jobs;
  return (jobs?.running ?? [])
    .map((id) => jobs?.items?.[id])
    .filter((job): job is JobRecord => job !== undefined && job.kind === 'command');
}

function lastLine(text: string): string {
  return text.slice(text.trimEnd().lastIndexOf('\n') + 1).trimEnd();
}
