/** What a status means for the eye. Devices and streams say what they like; these are the words that are known. */

export type Tone = 'ok' | 'busy' | 'warn' | 'bad' | 'idle';

const WORDS: Readonly<Record<Tone, readonly string[]>> = {
  ok: ['ok', 'online', 'connected', 'ready', 'up', 'healthy', 'active', 'streaming', 'recording', 'live', 'present', 'open'],
  busy: ['busy', 'running', 'starting', 'connecting', 'booting', 'initializing', 'scanning', 'ending'],
  warn: [
    'warn',
    'warning',
    'degraded',
    'reconnecting',
    'recovering',
    'stalled',
    'slow',
    'unstable',
    'retrying',
    'stale',
    'frozen',
    'silent',
    'waiting',
  ],
  bad: [
    'error',
    'failed',
    'lost',
    'offline',
    'disconnected',
    'down',
    'missing',
    'dead',
    'fault',
    'crashed',
    'unreachable',
    'fatal',
  ],
  idle: ['idle', 'stopped', 'off', 'unknown', 'disabled', 'closed', 'standby', 'detached', ''],
};

const TONES = new Map(Object.entries(WORDS).flatMap(([tone, words]) => words.map((word) => [word, tone as Tone])));

export function toneOf(status: unknown): Tone {
  return typeof status === 'string' ? (TONES.get(status.trim().toLowerCase()) ?? 'idle') : 'idle';
}

/** How many of a record are well, want a look, or are lost. */
export interface StatusCounts {
  readonly warn: number;
  readonly bad: number;
}

export function countStatuses(items: Iterable<{ status?: unknown }>): StatusCounts {
  let warn = 0;
  let bad = 0;
  for (const item of items) {
    const tone = toneOf(item?.status);
    if (tone === 'warn') warn++;
    else if (tone === 'bad') bad++;
  }
  return { warn, bad };
}

export function addStatusCounts(a: StatusCounts, b: StatusCounts): StatusCounts {
  return { warn: a.warn + b.warn, bad: a.bad + b.bad };
}
