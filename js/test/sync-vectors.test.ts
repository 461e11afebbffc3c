/** What Python says of messages, traces and canonical JSON holds here too: tests/vectors is read by both. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { canonicalJson, stateHash } from '../src/sync/canonical';
import { ProtocolError, parse } from '../src/sync/messages';
import { Mirror } from '../src/sync/mirror';
import { plain, widen } from '../src/sync/read';

function vectors<T>(name: string): T {
  return JSON.parse(readFileSync(new URL(`../../tests/vectors/${name}.json`, import.meta.url), 'utf8')) as T;
}

interface MessageCase {
  name: string;
  text: string;
  kind?: string | null;
  code?: string;
}

describe('messages of the server', () => {
  it.each(vectors<{ server: MessageCase[] }>('messages').server)('$name', ({ text, kind, code }) => {
    if (code === undefined) {
      expect(parse(text)?.type ?? null).toBe(kind ?? null);
      return;
    }
    try {
      parse(text);
    } catch (error) {
      expect(error).toBeInstanceOf(ProtocolError);
      expect((error as ProtocolError).code).toBe(code);
      return;
    }
    expect.unreachable(`${text} was taken`);
  });
});

interface Step {
  now: number;
  hello?: true;
  subscribe?: Parameters<Mirror['subscribe']>[1];
  receive?: object;
  sends?: Record<string, unknown>[];
  logs?: { seqs: number[]; missed: number; isHistory: boolean }[];
  mirror: Record<string, unknown>;
}

function standing(mirror: Mirror): Record<string, unknown> {
  const { epoch, version, nextSeq, missed, stale, state } = mirror;
  return { epoch, version, nextSeq, missed, stale, hash: state === null ? null : stateHash(state) };
}

describe('traces through the mirror', () => {
  it.each(vectors<{ traces: { name: string; steps: Step[] }[] }>('traces').traces)('$name', ({ steps }) => {
    const mirror = new Mirror();
    for (const [i, step] of steps.entries()) {
      const effects = step.receive ? mirror.receive(step.receive, step.now) : [];
      const sent: object[] = step.hello ? [mirror.hello()] : [];
      if (step.subscribe) sent.push(mirror.subscribe(step.now, step.subscribe));
      const logs: object[] = [];
      for (const effect of effects) {
        if (effect.kind === 'send') sent.push(effect.message);
        if (effect.kind === 'logs') {
          const { entries, missed, isHistory } = effect;
          logs.push({ seqs: entries.map((entry) => entry.seq), missed, isHistory });
        }
      }
      expect({ i, sent, logs }).toEqual({ i, sent: step.sends ?? [], logs: step.logs ?? [] });
      const { state, ...rest } = step.mirror;
      expect({ i, ...standing(mirror) }).toEqual({ i, ...rest });
      if ('state' in step.mirror) expect(plain(mirror.state)).toEqual(state);
    }
  });
});

describe('canonical JSON', () => {
  it.each(vectors<{ cases: { json: string; canonical: string; hash: string }[] }>('canonical').cases)(
    '$json',
    ({ json, canonical, hash }) => {
      const value: unknown = JSON.parse(json);
      expect(canonicalJson(value)).toBe(canonical);
      expect(stateHash(value)).toBe(hash);
    },
  );

  it('of a wide record is that of the plain one', () => {
    const record = Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`k${i}`, { i }]));
    const before = canonicalJson(record);
    expect(canonicalJson(widen(structuredClone(record)))).toBe(before);
  });

  it('refuses what is no JSON text', () => {
    expect(() => canonicalJson('\ud800')).toThrow(RangeError);
    expect(() => canonicalJson(Number.NaN)).toThrow(RangeError);
  });
});
