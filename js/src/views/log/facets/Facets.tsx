import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { LEVEL_NAMES } from '../../../logs/levels';
import { showAll, showNone, solo } from '../../../logs/query';
import { FACETS, type Facet } from '../../../logs/store/columns';
import { visible } from '../../../logs/text/visible';
import { count } from '../../shared/format';
import { jobName } from '../model/job-name';
import type { PaneModel } from '../model/model';
import { PLUMBING } from '../model/plumbing';
import { useCalmOrder } from './calm-order';
import { asksOf, hiddenBy, toggleValue } from './facet-query';

const TITLES: Record<Facet, string> = { level: 'Level', channel: 'Channel', logger: 'Logger', job: 'Job', device: 'Device' };
/** Values of a facet that are listed before one asks for more. */
const FEW = 12;
const MANY = 200;

interface Value {
  readonly name: string;
  readonly label: string;
  readonly count: number;
  readonly color: string | null;
  readonly isLast: boolean;
}

/** What lines there are, by level, channel, logger, job and device; a click writes into the query line. */
export function Facets({ model }: { model: PaneModel }): JSX.Element {
  void model.view.counted.value;
  const text = model.asked.text.value;
  return (
    <div class="ab-log-facets" role="group" aria-label="Facets">
      {FACETS.map((facet) => (
        <FacetList key={facet} model={model} facet={facet} values={values(model, facet)} text={text} />
      ))}
    </div>
  );
}

function values(model: PaneModel, facet: Facet): Value[] {
  const counts = model.view.counts(facet);
  if (facet === 'level') {
    return LEVEL_NAMES.map((name, k) => ({
      name,
      label: name,
      count: counts[k] ?? 0,
      color: `var(--ab-${name})`,
      isLast: false,
    }));
  }
  const names = model.store.names(facet);
  const out: Value[] = [];
  for (let code = 1; code < names.length; code++) {
    const name = names[code] as string;
    const { emoji, dot: color } = facet === 'channel' ? model.store.style(code) : { emoji: '', dot: null };
    const label = visible(facet === 'job' ? (jobName(model.client, name) as string) : name);
    const shown = emoji ? `${emoji} ${label}` : label;
    const isLast = facet === 'channel' && isPlumbingMuted(model) && PLUMBING.includes(name);
    out.push({ name, label: shown, count: counts[code] ?? 0, color, isLast });
  }
  // Of as many lines the latest job stands first: jobs come and go.
  return facet === 'job' ? out.reverse() : out;
}

interface ListProps {
  model: PaneModel;
  facet: Facet;
  values: Value[];
  text: string;
}

function FacetList({ model, facet, values, text }: ListProps): JSX.Element | null {
  const [more, setMore] = useState(false);
  const { ordered, hold } = useCalmOrder(values, text);
  if (values.length === 0) return null;
  const isHidden = hiddenBy(text, facet);
  // Levels stand in their own order.
  const listed = facet === 'level' ? values : ordered;
  return (
    <section aria-label={TITLES[facet]} onPointerEnter={() => hold(true)} onPointerLeave={() => hold(false)}>
      <FacetHead model={model} facet={facet} text={text} />
      {listed.slice(0, more ? MANY : FEW).map((value) => (
        <FacetValue
          key={value.name}
          model={model}
          facet={facet}
          value={value}
          text={text}
          muted={value.isLast || isHidden(value.name)}
        />
      ))}
      {values.some(({ isLast }) => isLast) && <PlumbingNote model={model} />}
      {values.length > FEW && (
        <button type="button" class="ab-link ab-log-more" onClick={() => setMore(!more)}>
          {more ? 'fewer' : `${count(values.length - FEW)} more`}
        </button>
      )}
    </section>
  );
}

/** Whether the plumbing's lines are muted though the query does not say so. */
function isPlumbingMuted(model: PaneModel): boolean {
  return model.asked.query.value.parts.muted !== undefined;
}

function PlumbingNote({ model }: { model: PaneModel }): JSX.Element {
  return (
    <p class="ab-log-facetnote">
      muted at first{' '}
      <button
        type="button"
        class="ab-link"
        title="Show the lines of requests and clients"
        onClick={() => model.asked.setPlumbing(true)}
      >
        show
      </button>
    </p>
  );
}

function FacetHead({ model, facet, text }: Omit<ListProps, 'values'>): JSX.Element {
  const { asked } = model;
  const isChannel = facet === 'channel';
  return (
    <h2>
      {TITLES[facet]}
      {(isChannel || asksOf(text, facet)) && (
        <span>
          <button type="button" class="ab-link" title={`Show every ${facet}`} onClick={() => showEvery(model, facet, text)}>
            All
          </button>
          {isChannel && (
            <>
              {' · '}
              <button type="button" class="ab-link" title="Show no channel" onClick={() => asked.ask(showNone(text))}>
                None
              </button>
            </>
          )}
        </span>
      )}
    </h2>
  );
}

function showEvery({ asked }: PaneModel, facet: Facet, text: string): void {
  asked.ask(showAll(text, facet));
  if (facet === 'channel') asked.setPlumbing(true);
}

interface ValueProps extends Omit<ListProps, 'values'> {
  value: Value;
  muted: boolean;
}

/** One value: a click mutes it or shows it again, `only` mutes all others. */
function FacetValue({ model, facet, value, text, muted }: ValueProps): JSX.Element {
  const { asked } = model;
  const { name, label, color, isLast } = value;
  const toggle = () => (isLast ? asked.setPlumbing(true) : asked.ask(toggleValue(text, facet, name)));
  return (
    <div class={`ab-log-facet${muted ? ' ab-off' : ''}`}>
      <button
        type="button"
        class="ab-log-facetname"
        aria-pressed={!muted}
        title={`${label}: click to ${muted ? 'show' : 'mute'}, Alt+click or double click for only this`}
        onClick={(event) => (event.altKey ? asked.ask(solo(text, facet, name)) : toggle())}
        onDblClick={() => asked.askOnly(facet, name)}
      >
        {color !== null && <i class="ab-dot" style={{ backgroundColor: color }} />}
        <span class="ab-log-facetlabel">{label}</span>
        <span class="ab-log-facetcount">{count(value.count)}</span>
      </button>
      <button type="button" class="ab-log-only" aria-label={`Only ${label}`} onClick={() => asked.ask(solo(text, facet, name))}>
        only
      </button>
    </div>
  );
}
