import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { LEVEL_NAMES } from '../../../logs/levels';
import type { Facet } from '../../../logs/store/columns';
import { count } from '../../shared/format';
import type { PaneModel } from '../model/model';
import * as querying from '../model/querying';
import { jobName } from '../rows/Cells';

const TITLES: Record<Facet, string> = { level: 'Level', channel: 'Channel', logger: 'Logger', job: 'Job', device: 'Device' };
/** Values of a facet that are listed before one asks for more. */
const FEW = 12;
const MANY = 200;

interface Value {
  readonly name: string;
  readonly label: string;
  readonly count: number;
  readonly color: string | null;
}

/** What lines there are, by level, channel, logger, job and device; a click writes into the query line. */
export function Facets({ model }: { model: PaneModel }): JSX.Element {
  void model.slow.value;
  const text = model.text.value;
  return (
    <div class="ab-log-facets" role="group" aria-label="Facets">
      {(['level', 'channel', 'logger', 'job', 'device'] as const).map((facet) => (
        <FacetList key={facet} model={model} facet={facet} values={values(model, facet)} text={text} />
      ))}
    </div>
  );
}

function values(model: PaneModel, facet: Facet): Value[] {
  const counts = model.facets.counts(facet);
  if (facet === 'level') {
    return LEVEL_NAMES.map((name, k) => ({ name, label: name, count: counts[k] ?? 0, color: `var(--ab-${name})` }));
  }
  const names = model.store.names(facet);
  const out: Value[] = [];
  for (let code = 1; code < names.length; code++) {
    const name = names[code] as string;
    const { emoji, color } = facet === 'channel' ? model.store.style(code) : { emoji: '', color: null };
    const label = facet === 'job' ? (jobName(model.client, name) as string) : name;
    out.push({ name, label: emoji ? `${emoji} ${label}` : label, count: counts[code] ?? 0, color });
  }
  // Jobs come and go: the latest stand first. The others keep their places.
  return facet === 'job' ? out.reverse() : out;
}

interface ListProps {
  model: PaneModel;
  facet: Facet;
  values: Value[];
  text: string;
}

function FacetList({ model, facet, values: all, text }: ListProps): JSX.Element | null {
  const [more, setMore] = useState(false);
  if (all.length === 0) return null;
  const listed = all.slice(0, more ? MANY : FEW);
  const ask = (next: string) => model.ask(next);
  const asked = querying.asks(text, facet);
  const hidden = querying.hides(text, facet);
  return (
    <section aria-label={TITLES[facet]}>
      <h2>
        {TITLES[facet]}
        {(facet === 'channel' || asked) && (
          <span>
            <button type="button" class="ab-link" title={`Show every ${facet}`} onClick={() => ask(querying.all(text, facet))}>
              All
            </button>
            {facet === 'channel' && (
              <>
                {' · '}
                <button type="button" class="ab-link" title="Show no channel" onClick={() => ask(querying.none(text))}>
                  None
                </button>
              </>
            )}
          </span>
        )}
      </h2>
      {listed.map((value) => {
        const muted = hidden(value.name);
        return (
          <div key={value.name} class={`ab-log-facet${muted ? ' ab-off' : ''}`}>
            <button
              type="button"
              class="ab-log-facetname"
              aria-pressed={!muted}
              title={`${value.label}: click to ${muted ? 'show' : 'mute'}, Alt+click or double click for only this`}
              onClick={(event) => {
                if (event.altKey) ask(querying.only(text, facet, value.name));
                else ask(querying.toggle(text, facet, value.name));
              }}
              onDblClick={() => ask(querying.only(model.text.peek(), facet, value.name))}
            >
              {value.color !== null && <i class="ab-dot" style={{ backgroundColor: value.color }} />}
              <span class="ab-log-facetlabel">{value.label}</span>
              <span class="ab-log-facetcount">{count(value.count)}</span>
            </button>
            <button
              type="button"
              class="ab-log-only"
              aria-label={`Only ${value.label}`}
              onClick={() => ask(querying.only(text, facet, value.name))}
            >
              only
            </button>
          </div>
        );
      })}
      {all.length > FEW && (
        <button type="button" class="ab-link ab-log-more" onClick={() => setMore(!more)}>
          {more ? 'fewer' : `${count(all.length - FEW)} more`}
        </button>
      )}
    </section>
  );
}
