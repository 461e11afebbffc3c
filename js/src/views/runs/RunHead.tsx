import type { JSX } from 'preact';
import { visible } from '../../logs/text/visible';
import type { JobRecord } from '../../sync/messages';
import { get, type Rec } from '../../sync/read';
import { count, plural } from '../shared/format';
import { CommandButton } from './CommandButton';
import type { LineProps } from './LineView';
import type { Line } from './model/layout';
import { leftOfS } from './model/queue';
import { activeOf, summaryOf } from './model/summary';
import { ticksOf } from './model/ticks';
import { useTabIndex } from './tab-stop';

/** A run in words, with one tick for each job, and what can be done about all of it. */
export function RunHead(props: LineProps & { line: Extract<Line, { kind: 'run' }> }): JSX.Element {
  const { table, jobs, line, row, rowId, now, expected, isCurrent } = props;
  const { group, counts, asked, isShut } = line.run;
  const items = jobs.items as Rec<JobRecord>;
  const title = visible(group.title);
  const active = activeOf(counts);
  const left = active > 0 ? leftOfS(group.ids, items, expected, now) : null;
  const said = summaryOf(counts, asked, left);
  return (
    <div
      role="row"
      id={rowId}
      data-line={line.key}
      aria-level={1}
      aria-rowindex={row}
      aria-expanded={!isShut}
      class={`ab-run-group${isCurrent ? ' ab-run-current' : ''}${isShut ? ' ab-run-shut' : ''}`}
    >
      <span role="gridcell" class="ab-run-group-cell">
        <button
          type="button"
          class="ab-plain ab-run-toggle"
          tabIndex={useTabIndex()}
          onClick={() => table.shut(group.key, !isShut)}
        >
          <span class="ab-run-caret" aria-hidden="true">
            {isShut ? '▸' : '▾'}
          </span>
          <b title={idOf(title, group.key)}>{title}</b>
        </button>
        <span class="ab-run-summary ab-num">
          {said.map(({ text, tone, title: meaning }) => (
            <span key={text} class={tone && `ab-run-said-${tone}`} title={meaning}>
              {text}
            </span>
          ))}
        </span>
        <Ticks items={items} ids={group.ids} />
        <span class="ab-run-group-actions">
          {counts.failedIds.length > 0 && (
            <CommandButton
              table={table}
              class="ab-link"
              label={`Retry ${plural(counts.failedIds.length, 'failed job')} of ${title}`}
              busy={[`retry ${counts.failedIds[0]}`]}
              onClick={() => table.retry(counts.failedIds, plural(counts.failedIds.length, 'failed job'))}
            >
              Retry {count(counts.failedIds.length)}
            </CommandButton>
          )}
          {active > 0 && (
            <CommandButton
              table={table}
              class="ab-link ab-quiet"
              label={`Cancel rest of ${title}`}
              busy={[]}
              onClick={() => table.cancelRuns(activeRuns(group.runIds, group.ids, items), group.title)}
            >
              Cancel rest
            </CommandButton>
          )}
          {active === 0 && counts.failedIds.length === 0 && (
            <CommandButton
              table={table}
              class="ab-link ab-quiet"
              label={`Run again: ${title}`}
              busy={[`retry ${group.ids[0]}`]}
              onClick={() => table.retry(originals(group.ids, items), group.title)}
            >
              Run again
            </CommandButton>
          )}
        </span>
      </span>
    </div>
  );
}

/** What a program calls it, beside what people do. */
function idOf(title: string, key: string): string {
  return title === key || key === '' ? title : `${title}, id ${key}`;
}

function Ticks({ items, ids }: { items: Rec<JobRecord>; ids: readonly string[] }): JSX.Element {
  const ticks = ticksOf(items, ids);
  const each =
    ticks.length < ids.length ? `a tick for about ${count(Math.round(ids.length / ticks.length))} jobs` : 'a tick for each job';
  return (
    <span class="ab-run-ticks" aria-hidden="true" title={`In the order of the jobs, ${each}`}>
      {ticks.map((standing, i) => (
        <i key={i} class={`ab-tick-${standing}`} />
      ))}
    </span>
  );
}

/** The runs of a group in which something goes on. */
function activeRuns(runIds: readonly string[], ids: readonly string[], items: Rec<JobRecord>): readonly string[] {
  const active = new Set<string>();
  for (const id of ids) {
    const job = get(items, id);
    if (job !== undefined && (job.status === 'queued' || job.status === 'running')) active.add(job.runId ?? '');
  }
  return runIds.filter((id) => active.has(id));
}

/** The jobs that were asked for first, without what was done again of them. */
function originals(ids: readonly string[], items: Rec<JobRecord>): readonly string[] {
  return ids.filter((id) => !get(items, id)?.retryOf);
}
