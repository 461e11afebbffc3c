import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { useEffect, useId } from 'preact/hooks';
import type { Client } from '../../client';
import { visible } from '../../logs/text/visible';
import type { Evidence, Finding } from '../../sync/messages';
import { CopyButton } from '../shared/CopyButton';
import { brief, clock } from '../shared/format';
import { otherFields } from '../shared/records';
import { labelOf, leadsOf, STRIP_HEIGHT, STRIP_WIDTH, type Strip, severityOf, stripOf, TONES, valueTexts } from './texts';

/** Where evidence leads outside of this view. */
export interface Ways {
  /** Show these lines in the log pane. */
  onQuery?: ((query: string) => void) | undefined;
  onTab?: ((tab: 'Devices' | 'Streams' | 'Runs') => void) | undefined;
}

interface Props extends Ways {
  client: Client;
  finding: Finding;
}

/** One finding, and what it rests on. */
export function FindingRow({ client, finding, onQuery, onTab }: Props): JSX.Element {
  const severity = severityOf(finding);
  const opened = useSignal<number | null>(null);
  const unfolded = useId();
  const more = otherFields(finding, ['id', 'severity', 'check', 'message', 'subject', 'foundAt', 'evidence']);
  const evidence = finding.evidence ?? [];
  const shown = opened.value === null ? undefined : evidence[opened.value];
  return (
    <div class={`ab-finding ab-finding-${severity}`} role="listitem">
      <div class="ab-finding-row">
        <span class={`ab-finding-severity ab-mono ab-text-${TONES[severity]}`}>{severity.toUpperCase()}</span>
        <span class="ab-finding-check">{visible(finding.check ?? '')}</span>
        <span class="ab-finding-subject">
          {finding.subject && (
            <span class="ab-finding-chip ab-mono" title={visible(finding.subject)}>
              {visible(finding.subject)}
            </span>
          )}
        </span>
        <span class="ab-finding-message ab-num">
          {visible(finding.message ?? '')}
          {more.length > 0 && (
            <span class="ab-faint ab-mono"> {more.map(([key, value]) => `${visible(key)} ${brief(value)}`).join(' · ')}</span>
          )}
        </span>
        <span class="ab-finding-evidence">
          {evidence.map((piece, i) => (
            <Piece
              key={`${i} ${piece.kind}`}
              piece={piece}
              finding={finding}
              isOpen={opened.value === i}
              controls={unfolded}
              onOpen={() => {
                opened.value = opened.value === i ? null : i;
              }}
              onQuery={onQuery}
              onTab={onTab}
            />
          ))}
        </span>
      </div>
      <div id={unfolded} hidden={shown === undefined}>
        {shown !== undefined && <Unfolded client={client} piece={shown} onTab={onTab} />}
      </div>
    </div>
  );
}

interface PieceProps extends Ways {
  piece: Evidence;
  finding: Finding;
  isOpen: boolean;
  controls: string;
  onOpen(): void;
}

/** A link to one piece of evidence: into the log, to another tab, or unfolding in place. */
function Piece({ piece, finding, isOpen, controls, onOpen, onQuery, onTab }: PieceProps): JSX.Element | null {
  const leads = leadsOf(piece);
  const label = labelOf(piece);
  const strip = stripOf(piece.series);
  const said = `${label}: ${visible(finding.check ?? '')} ${visible(finding.subject ?? '')}`.trim();
  if (leads === null) return <span class="ab-faint">{label}</span>;
  const unfolds = leads.to === 'values' || leads.to === 'still' || leads.to === 'path';
  const press = () => {
    if (leads.to === 'log') onQuery?.(leads.query);
    else if (leads.to === 'tab') onTab?.(leads.tab);
    else onOpen();
  };
  if ((leads.to === 'log' && onQuery === undefined) || (leads.to === 'tab' && onTab === undefined)) {
    return <span class="ab-faint">{label}</span>;
  }
  return (
    <>
      {strip !== null && <StripPicture strip={strip} piece={piece} />}
      <button
        type="button"
        class="ab-link"
        aria-label={said}
        aria-expanded={unfolds ? isOpen : undefined}
        aria-controls={unfolds ? controls : undefined}
        onClick={press}
      >
        {label}
      </button>
    </>
  );
}

/** The history with the new value apart; the test and the size of the effect stand in its title. */
function StripPicture({ strip, piece }: { strip: Strip; piece: Evidence }): JSX.Element {
  const values = valueTexts(piece).map(([name, value]) => `${name} ${value}`);
  const range = `${strip.old.length} earlier values and the new one, from ${brief(strip.low)} to ${brief(strip.high)}`;
  const said = [range, ...values].join('; ');
  return (
    <svg
      class="ab-strip-history"
      viewBox={`0 0 ${STRIP_WIDTH} ${STRIP_HEIGHT}`}
      width={STRIP_WIDTH}
      height={STRIP_HEIGHT}
      role="img"
      aria-label={said}
    >
      <title>{said}</title>
      <path d={`M2 ${strip.median}H${STRIP_WIDTH - 12}`} class="ab-strip-median" />
      {strip.old.map(([x, y]) => (
        <circle key={x} cx={x} cy={y} r="1.6" class="ab-strip-old" />
      ))}
      <circle cx={strip.now[0]} cy={strip.now[1]} r="3" class="ab-strip-new" />
    </svg>
  );
}

function Unfolded({ client, piece, onTab }: { client: Client; piece: Evidence } & Pick<Ways, 'onTab'>): JSX.Element {
  const leads = leadsOf(piece);
  if (leads?.to === 'still') return <Still client={client} id={leads.streamId} onTab={onTab} />;
  if (leads?.to === 'path') {
    return (
      <p class="ab-finding-more">
        <span class="ab-mono ab-finding-path">{visible(leads.path)}</span> <CopyButton text={leads.path} what="the path" />
      </p>
    );
  }
  return (
    <dl class="ab-finding-more ab-num">
      {valueTexts(piece).map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt> <dd>{value}</dd>
        </div>
      ))}
      {piece.series !== undefined && (
        <div>
          <dt>series</dt>{' '}
          <dd>
            {piece.series
              .filter(Number.isFinite)
              .slice(-12)
              .map((value) => Number(value.toPrecision(4)))
              .join(', ')}
            {piece.series.length > 12 && <span class="ab-faint">{` (the newest 12 of ${piece.series.length})`}</span>}
          </dd>
        </div>
      )}
    </dl>
  );
}

/** The newest picture of a stream, as it is when it is looked at. */
function Still({ client, id, onTab }: { client: Client; id: string } & Pick<Ways, 'onTab'>): JSX.Element {
  const picture = useSignal<{ url: string; at: number } | null>(null);
  const problem = useSignal('asking for it …');
  useEffect(() => {
    let isGone = false;
    client.command('stream.picture', { streamId: id, after: 0 }).then(
      ({ jpeg, at }) => {
        if (isGone) return;
        if (jpeg === null) problem.value = 'There is no picture of it.';
        else picture.value = { url: `data:image/jpeg;base64,${jpeg}`, at: at ?? 0 };
      },
      (error: Error) => {
        if (!isGone) problem.value = error.message;
      },
    );
    return () => {
      isGone = true;
    };
  }, [client, id]);
  const shot = picture.value;
  return (
    <div class="ab-finding-more ab-finding-still">
      {shot === null ? (
        <span class="ab-muted">{visible(problem.value)}</span>
      ) : (
        <figure>
          <img src={shot.url} alt={`What ${visible(id)} showed last`} />
          <figcaption class="ab-muted ab-num">
            its last picture, of {clock(shot.at)}{' '}
            <a href={shot.url} download={`${id}.jpg`} class="ab-link">
              save
            </a>
          </figcaption>
        </figure>
      )}
      {onTab && (
        <button type="button" class="ab-link" onClick={() => onTab('Streams')}>
          show the stream
        </button>
      )}
    </div>
  );
}
