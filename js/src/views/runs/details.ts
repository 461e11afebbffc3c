import { type Signal, signal } from '@preact/signals';
import { useEffect, useMemo } from 'preact/hooks';
import { type Client, CommandError } from '../../client';
import type { JobDetails, JobRecord } from '../../sync/messages';

/** A job that goes on is not asked about more often, in ms. */
const EVERY_MS = 500;

export interface Asked {
  readonly details: JobDetails | null;
  /** Why there are none; empty while they may still come. */
  readonly problem: string;
}

const NOT_YET: Asked = { details: null, problem: '' };

/** What an opened job was asked to do, and how its repetitions went: asked for anew as they end. */
export function useDetails(client: Client, job: JobRecord): Signal<Asked> {
  const asked = useMemo(() => signal<Asked>(NOT_YET), [client, job.id]);
  const isLive = client.status.value.phase === 'live';
  useEffect(() => {
    if (!isLive) return;
    let isGone = false;
    const ask = async () => {
      try {
        const details = await client.command('job.get', { jobId: job.id });
        if (!isGone) asked.value = { details, problem: '' };
      } catch (error) {
        if (!(error instanceof CommandError)) throw error;
        if (isGone) return;
        const problem = error.code === 'unknown-command' ? 'More than this was not recorded.' : error.message;
        asked.value = { details: asked.peek().details, problem };
      }
    };
    const timer = setTimeout(() => void ask(), asked.peek().details === null ? 0 : EVERY_MS);
    return () => {
      isGone = true;
      clearTimeout(timer);
    };
  }, [client, job.id, job.done, job.status, job.repetition, isLive]);
  return asked;
}
