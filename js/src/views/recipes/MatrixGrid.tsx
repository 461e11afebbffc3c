import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { useRef } from 'preact/hooks';
import { visible } from '../../logs/text/visible';
import type { PlanRecord, RecipeRunRecord, StepRecord } from '../../sync/messages';
import { duration, estimate, plural } from '../shared/format';
import { VirtualRows } from '../shared/VirtualRows';
import { useWidth } from '../shared/width';
import { AskButton } from './AskButton';
import type { RecipeFace } from './model/face';
import { isOverdue } from './model/forecast';
import { cellName, type Matrix, type MatrixRow, matrixOf, WRAP } from './model/matrix';
import { cellsOf, countOf, isBad, type StepNode } from './model/nodes';
import { isRunOver, SIGNS, tookS, WORDS } from './model/words';

const ROW = 30;
const MOST_ROWS = 12;
const FEW = 4;
/** With less room than so many px, fewer cells of a matrix with one axis stand in a line. */
const NARROW = 420;
const NARROW_WRAP = 3;
/** As wide as a grid is at most, what stands around it and between its cells, and a letter, in px. */
const MOST_WIDTH = 900;
const PADS = 48;
const LETTER = 6.6;

interface Props {
  face: RecipeFace;
  run: RecipeRunRecord;
  node: StepNode;
  now: number;
  onLog(stepId: string): void;
}

/** The cells of a step's matrix: the time and the outcome of each, and below them why some failed. */
export function MatrixGrid({ face, run, node, now, onLog }: Props): JSX.Element | null {
  const cells = cellsOf(run, node.key);
  const root = useRef<HTMLElement>(null);
  const width = useWidth(root);
  const matrix = matrixOf(node.plan, cells, width > 0 && width < NARROW ? NARROW_WRAP : WRAP);
  if (matrix === null) return null;
  const { tally, plan } = node;
  const failed = cells.filter((cell) => isBad(cell.status));
  const size = `${matrix.rows.length} × ${matrix.rows[0]?.cells.length ?? 0}`;
  const counts = [
    [countOf(tally, ['succeeded']), 'done', ''],
    [failed.length, 'failed', 'ab-text-bad'],
    [countOf(tally, ['running', 'retrying']), 'running', 'ab-text-busy'],
    [countOf(tally, ['waiting', 'queued']), 'to come', ''],
    [countOf(tally, ['skipped', 'cancelled']), 'left out', ''],
  ] as const;
  const name = visible(node.name);
  return (
    <section ref={root} class="ab-rec-matrix" aria-label={`Matrix of ${name}`}>
      <h2 class="ab-rec-title">
        <span class="ab-rec-caps">{name}</span>
        <span class="ab-faint ab-num">
          {matrix.axes.length < 3 && matrix.columns.length > 0 ? size : plural(cells.length, 'cell')}
        </span>
        {counts
          .filter(([count]) => count > 0)
          .map(([count, word, tone]) => (
            <span key={word} class={`ab-num ${tone || 'ab-muted'}`}>
              {count} {word}
            </span>
          ))}
        <span class="ab-space" />
        {failed.length > 0 && (
          <AskButton
            face={face}
            id={`retry ${run.id}`}
            class="ab-link"
            label={failed.length === 1 ? `Retry 1 failed cell: ${visible(failed[0]?.id ?? '')}` : 'Retry all that failed'}
            unless={isRunOver(run) ? '' : 'Cells can be done again when the run is over.'}
            onClick={() =>
              void face.ask(
                `retry ${run.id}`,
                `Retry ${name}`,
                'recipe.retry',
                failed.length === 1 ? { runId: run.id, stepId: failed[0]?.id ?? '' } : { runId: run.id },
              )
            }
          >
            {failed.length === 1 ? 'Retry 1' : 'Retry all that failed'}
          </AskButton>
        )}
      </h2>
      <p class="ab-rec-measure ab-faint">
        {(plan.repeat ?? 1) > 1 ? 'the mean time of a repetition, of what failed the time of its try' : 'the time of each cell'}
        {matrix.rowAxis && matrix.columnAxis && `; down: ${visible(matrix.rowAxis)}, across: ${visible(matrix.columnAxis)}`}
      </p>
      <Grid face={face} matrix={matrix} node={node} now={now} room={Math.min(width, MOST_WIDTH)} />
      <Failures failed={failed} onLog={onLog} />
    </section>
  );
}

interface GridProps {
  face: RecipeFace;
  matrix: Matrix;
  node: StepNode;
  now: number;
  /** Px of its width. */
  room: number;
}

function Grid({ face, matrix, node, now, room }: GridProps): JSX.Element {
  const lines: (MatrixRow | string)[] = matrix.rows.flatMap((row) => (row.group === null ? [row] : [row.group, row]));
  const width = Math.max(1, matrix.rows[0]?.cells.length ?? 1);
  const longestName = Math.max(0, ...matrix.rows.map(({ label }) => label.length));
  const names = matrix.rowAxis === null ? 0 : Math.max(40, Math.min(110, 8 + longestName * LETTER));
  const heads = matrix.columns.map((column) => `${matrix.columnAxis ?? ''} ${column}`.trim());
  const longest = Math.max(0, ...heads.map((head) => head.length));
  // The name of the axis is said in each column where there is room: "batch 32".
  const isNamed = longest * LETTER < (room - names - PADS) / width;
  const style = { '--ab-rec-columns': width, '--ab-rec-names': `${names}px` };
  return (
    <div
      class={`ab-rec-grid${names === 0 ? ' ab-rec-grid-flat' : ''}`}
      role="table"
      aria-label={`Cells of ${visible(node.name)}`}
      style={style}
      aria-rowcount={lines.length + 1}
    >
      {matrix.columns.length > 0 && (
        <div class="ab-rec-line ab-rec-line-head" role="row">
          <span role="columnheader" class="ab-rec-corner">
            <span class="ab-hidden">{visible(matrix.rowAxis ?? '')}</span>
          </span>
          {matrix.columns.map((column, i) => (
            <span key={column} role="columnheader" title={`${visible(matrix.columnAxis ?? '')} ${visible(column)}`}>
              {visible(isNamed ? (heads[i] ?? column) : column)}
            </span>
          ))}
        </div>
      )}
      <VirtualRows
        count={lines.length}
        rowHeight={ROW}
        maxHeight={ROW * MOST_ROWS}
        attributes={{ role: 'rowgroup' }}
        row={(i) => {
          const line = lines[i];
          if (line === undefined) return null;
          if (typeof line === 'string') {
            return (
              <div key={`group ${line}`} class="ab-rec-line-group" role="row">
                <span role="rowheader">{visible(line)}</span>
              </div>
            );
          }
          return (
            <div key={`row ${i}`} class="ab-rec-line" role="row">
              <span role="rowheader" class="ab-rec-row-name" title={visible(line.label)}>
                {visible(line.label)}
              </span>
              {line.cells.map((cell, k) => (
                <span key={cell?.id ?? k} role="cell">
                  {cell !== null && <Cell face={face} cell={cell} node={node} now={now} />}
                </span>
              ))}
            </div>
          );
        }}
      />
    </div>
  );
}

function Cell({ face, cell, node, now }: { face: RecipeFace; cell: StepRecord; node: StepNode; now: number }): JSX.Element {
  const text = cellText(cell, node.plan, now);
  const isChosen = face.cell.value === cell.id;
  const tries = (cell.tries ?? 1) > 1 ? `, ${cell.tries} tries` : '';
  const name = visible(cellName(cell));
  const late = isOverdue(cell, node, now) ? `, overdue: it took ~ ${estimate(cell.expectedS ?? 0)} before` : '';
  return (
    <button
      type="button"
      class={`ab-plain ab-rec-cell ab-num ab-rec-is-${cell.status}${late && ' ab-rec-overdue'}${isChosen ? ' ab-rec-chosen' : ''}`}
      aria-pressed={isChosen}
      aria-label={`${name}: ${WORDS[cell.status]}, ${text}${tries}${late}`}
      title={[`${name}: ${WORDS[cell.status]}${tries}${late}`, cell.reason ? visible(cell.reason) : '']
        .filter(Boolean)
        .join('\n')}
      onClick={() => face.chooseCell(node.key, cell.id)}
    >
      {cell.status !== 'succeeded' && cell.status !== 'waiting' && cell.status !== 'queued' && (
        <span aria-hidden="true">{SIGNS[cell.status]} </span>
      )}
      {text}
    </button>
  );
}

/** "31.2 s", "~ 35 s" of what is to come; empty where there is no time to tell. */
export function cellText(cell: StepRecord, plan: PlanRecord, now: number): string {
  const { status } = cell;
  const usual = cell.expectedS ?? plan.expectedS;
  if (status === 'waiting' || status === 'queued') return usual == null ? '–' : `~ ${estimate(usual)}`;
  if (status === 'running') {
    if ((plan.repeat ?? 1) > 1) return `${cell.done ?? 0} of ${plan.repeat}`;
    return cell.startedAt == null ? '' : estimate(Math.max(0, now - cell.startedAt) / 1_000);
  }
  if (status === 'retrying') return 'again';
  const mean = (plan.repeat ?? 1) > 1 ? cell.metrics?.wall?.mean : undefined;
  const took = mean ?? tookS(cell);
  return took === null ? WORDS[status] : duration(took);
}

function Failures({ failed, onLog }: { failed: readonly StepRecord[]; onLog(stepId: string): void }): JSX.Element | null {
  const isOpen = useSignal(false);
  if (failed.length === 0) return null;
  const shown = isOpen.value ? failed.slice(0, 200) : failed.slice(0, FEW);
  return (
    <ul class="ab-rec-failures" aria-label="Why cells failed">
      {shown.map((cell) => (
        <li key={cell.id}>
          <b class="ab-text-bad">{visible(cellName(cell))}</b>: {visible(cell.reason ?? WORDS[cell.status])}{' '}
          <button type="button" class="ab-link" aria-label={`Show log of ${visible(cell.id)}`} onClick={() => onLog(cell.id)}>
            show log
          </button>
        </li>
      ))}
      {failed.length > FEW && (
        <li>
          <button type="button" class="ab-link" aria-expanded={isOpen.value} onClick={() => (isOpen.value = !isOpen.value)}>
            {isOpen.value ? 'Show fewer' : `Show ${Math.min(failed.length, 200) - FEW} more`}
          </button>
        </li>
      )}
    </ul>
  );
}
