import { useComputed } from '@preact/signals';
import type { JSX } from 'preact';
import type { Client } from '../client';
import { visible } from '../logs/text/visible';
import { size } from '../sync/read';
import { Empty } from './shared/elements';
import { brief } from './shared/format';
import { RecordTable } from './shared/RecordTable';

/** The streams: recorders and other sidecars, and where their pictures are. */
export function StreamsView({ client }: { client: Client }): JSX.Element | null {
  const streams = useComputed(() => client.state.value?.streams).value;
  if (streams === undefined) return null;
  if (size(streams) === 0) {
    return (
      <Empty
        title="No stream is known."
        code={'bench.streams.add("cam0", status="recording", url="http://127.0.0.1:8090/cam0")'}
      >
        Add one from a cell:
      </Empty>
    );
  }
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

/** A link only where it is one of the web's: state is data. */
function urlOf(url: string | null | undefined): JSX.Element | string {
  if (!url || !/^https?:\/\//i.test(url)) return visible(url ?? '');
  return (
    <a class="ab-link" href={url} target="_blank" rel="noreferrer noopener" title={visible(url)}>
      {visible(url)}
    </a>
  );
}
