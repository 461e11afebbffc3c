import { useComputed } from '@preact/signals';
import type { JSX } from 'preact';
import type { Client } from '../../client';
import { visible } from '../../logs/text/visible';
import type { Stream } from '../../sync/messages';
import { get, type Rec, size } from '../../sync/read';
import { Empty } from '../shared/elements';
import { brief } from '../shared/format';
import { useLiveNow } from '../shared/live-now';
import { RecordTable } from '../shared/RecordTable';
import { naturalKeys } from '../shared/records';
import { PULL_MS } from './pull';
import { StreamCard } from './StreamCard';

/** The streams: a card with the live picture for each that is run here, and a table of those that only have a record. */
export function StreamsView({ client }: { client: Client }): JSX.Element | null {
  const streams = useComputed(() => client.state.value?.streams).value;
  const now = useLiveNow(client, 1_000).value;
  if (streams === undefined) return null;
  if (size(streams) === 0) {
    return (
      <Empty title="No stream is known." code={'bench.streams.add(ab.Ffmpeg("cam0", "/dev/video0"))  # or "testsrc2"'}>
        Add one from a cell:
      </Empty>
    );
  }
  const order = naturalKeys(streams);
  const cards = order.filter((id) => get(streams, id)?.runs === true);
  const others = Object.fromEntries(order.filter((id) => get(streams, id)?.runs !== true).map((id) => [id, get(streams, id)]));
  return (
    <div class="ab-streams">
      {cards.length > 0 && (
        <div class="ab-stream-cards">
          {cards.map((id) => (
            <StreamCard key={id} client={client} id={id} stream={get(streams, id) as Stream} now={now} />
          ))}
        </div>
      )}
      {size(others) > 0 && <OtherStreams streams={others as Rec<Stream>} />}
      {cards.length > 0 && <RateLine client={client} />}
    </div>
  );
}

/** Those that run elsewhere. */
function OtherStreams({ streams }: { streams: Rec<Stream> }): JSX.Element {
  return (
    <RecordTable
      noun="stream"
      record={streams}
      heads={['url', 'health']}
      shown={['url', 'health']}
      cells={(stream) => [urlOf(stream.url), stream.health == null ? '' : brief(stream.health)]}
    />
  );
}

function RateLine({ client }: { client: Client }): JSX.Element {
  const { link } = client.status.value;
  const rate = (kind: keyof typeof PULL_MS) => 1_000 / PULL_MS[kind];
  return (
    <p class="ab-stream-rate ab-muted">
      {link === 'comm'
        ? `One picture a second at most over widget messages, which carry all else too; ${rate('direct')} over a direct link or the proxy.`
        : `At most ${rate(link)} pictures a second are shown; recordings hold every picture.`}
    </p>
  );
}

/** A link only where it is one of the web's: state is data. */
function urlOf(url: string | null | undefined): JSX.Element | string {
  if (!url || !/^https?:\/\//i.test(url)) return visible(url ?? '');
  return (
    <a class="ab-link" href={url} target="_blank" rel="noreferrer noopener" title={visible(url)}>
      {visible(url)}
    </a>
  );
}
