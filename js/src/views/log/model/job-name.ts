import type { Client } from '../../../client';
import { get } from '../../../sync/read';

/** The name of a job, where the state knows one; else its id. */
export function jobName(client: Client, id: string | undefined): string | undefined {
  return id === undefined ? undefined : get(client.state.peek()?.jobs.items, id)?.name || id;
}
