import type { ReadonlySignal } from '@preact/signals';
import type { JSX } from 'preact';
import { useRef } from 'preact/hooks';
import { levelName } from '../../../logs/levels';
import { largerRing } from '../../../logs/store/capacity';
import type { LogStore } from '../../../logs/store/store';
import type { Stamp } from '../../../logs/text/time';
import type { LogEntry } from '../../../sync/messages';
import type { Actions } from '../model/actions';
import type { Marks } from '../model/compile';
import { jobName } from '../model/job-name';
import type { PaneModel } from '../model/model';
import type { Choices } from '../model/prefs';
import type { Drawn } from '../model/scroll';
import { Cells } from './Cells';
import { Detail } from './Detail';
import { GapLine } from './GapLine';
import { NO_SLOTS, recycled, type Slots } from './slots';

interface Props {
  drawn: Drawn;
  model: PaneModel;
  actions: Actions;
  id: string;
  now: ReadonlySignal<number>;
}

/** What all rows of one picture share; read once for all of them. */
interface Picture {
  readonly model: PaneModel;
  readonly actions: Actions;
  readonly id: string;
  readonly store: LogStore;
  readonly choices: Choices;
  readonly stamp: Stamp;
  readonly marks: Marks | undefined;
  /** Now in ms, for relative times; 0 for clock times. */
  readonly now: number;
  readonly current: number | null;
  readonly selected: ReadonlySet<number>;
  readonly opened: ReadonlySet<number>;
  readonly pins: readonly LogEntry[];
  readonly messages: ReadonlyMap<number, string>;
  /** Whether lines are shown that do not match: all of them, or those around a match. */
  readonly isLocating: boolean;
  readonly hasContext: boolean;
}

/** The rows of one picture. Lines keep their elements from one picture to the next. */
export function DrawnRows({ drawn, model, actions, id, now }: Props): JSX.Element {
  const { map, first, top } = drawn;
  const picture = pictureOf(model, actions, id, now, map.store);
  const fetching = model.remote.fetching.value;
  const capacity = model.overflowing();
  const ringHint = capacity === null ? null : largerRing(capacity);
  const slots = useRef<Slots>(NO_SLOTS);
  slots.current = recycled(slots.current, drawn);
  const rows: JSX.Element[] = [];
  drawn.rows.forEach((row, k) => {
    const index = first + k + 1;
    if (row.gap !== null) {
      const { gap } = row;
      const name = `g${gap.to}${gap.kind}`;
      const busy = fetching.has(gap.to);
      const hint = gap.from === 0 && gap.fetch === null && gap.kind !== 'cleared' ? ringHint : null;
      rows.push(<GapLine key={name} gap={gap} hint={hint} busy={busy} actions={actions} id={`${id}-${name}`} index={index} />);
      return;
    }
    const element = lineRow(picture, row.seq, index, row.beside, slots.current.get(row.seq) as number);
    if (element) rows.push(element);
  });
  return (
    <div class="ab-log-drawn" role="presentation" style={{ transform: `translateY(${top}px)` }}>
      {rows}
    </div>
  );
}

function pictureOf(model: PaneModel, actions: Actions, id: string, now: ReadonlySignal<number>, store: LogStore): Picture {
  const { asked, chosen, view, remote } = model;
  const choices = asked.prefs.choices.value;
  const { marks, asked: isAsked } = asked.query.value;
  return {
    model,
    actions,
    id,
    store,
    choices,
    stamp: view.stamp.value,
    marks,
    now: choices.time === 'relative' ? now.value : 0,
    current: chosen.current.value,
    selected: chosen.selected.value,
    opened: chosen.opened.value,
    pins: chosen.pins.value,
    messages: remote.messages.value,
    isLocating: asked.mode.value === 'locate' && isAsked,
    hasContext: choices.context > 0 && isAsked,
  };
}

/** The row of one line; null where the store has let the line go: the next picture, which is on its way, is without it. */
function lineRow(picture: Picture, seq: number, index: number, beside: boolean, slot: number): JSX.Element | null {
  const { model, store, choices, marks, messages } = picture;
  const i = store.find(seq);
  if (i < 0) return null;
  const isOpen = picture.opened.has(seq) !== (choices.unfold && store.exc(i) !== undefined);
  const isSelected = picture.selected.has(seq);
  const isCurrent = seq === picture.current;
  const whole = messages.get(seq);
  return (
    <div
      key={slot}
      id={`${picture.id}-${seq}`}
      class={classOf(picture, seq, i, isOpen, beside)}
      role="row"
      aria-rowindex={index}
      aria-selected={isSelected || isCurrent}
      data-seq={seq}
      data-tall={isOpen || choices.wrap ? '' : undefined}
    >
      <Cells
        store={store}
        seq={seq}
        columns={choices.columns}
        open={isOpen}
        now={picture.now}
        stamp={picture.stamp}
        marks={marks}
        wrap={choices.wrap}
        whole={whole}
        job={jobName(model.client, store.job(i))}
      />
      {isOpen && (
        <Detail
          key={seq}
          store={store}
          seq={seq}
          actions={picture.actions}
          marks={marks}
          whole={whole}
          pinned={picture.pins.some((pin) => pin.seq === seq)}
        />
      )}
    </div>
  );
}

function classOf(picture: Picture, seq: number, i: number, isOpen: boolean, beside: boolean): string {
  const { model, store, isLocating, hasContext } = picture;
  const isMatch = (isLocating || hasContext) && model.view.isMatch(i);
  const names = ['ab-log-row', `ab-${levelName(store.level(i))}`];
  if (picture.selected.has(seq)) names.push('ab-selected');
  if (seq === picture.current) names.push('ab-current');
  if (isMatch && isLocating) names.push('ab-hit');
  else if (!isMatch && (isLocating || hasContext) && !isOpen) names.push('ab-around');
  if (hasContext && !beside) names.push('ab-apart');
  return names.join(' ');
}
