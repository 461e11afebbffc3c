// @vitest-environment happy-dom
import { render } from 'preact';
import { act } from 'preact/test-utils';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Client } from '../src/client';
import type { Stream } from '../src/sync/messages';
import { clock } from '../src/views/shared/format';
import { StreamsView } from '../src/views/streams/StreamsView';
import {
  bytes,
  checkTexts,
  fileOf,
  overText,
  pictureText,
  recordingText,
  restartText,
  roomText,
} from '../src/views/streams/texts';
import { FakeSocket, install } from './fake-socket';
import { appState, connects } from './fixtures';

const NOW = 1_000_000;
const WELL = { ok: true, reason: null };
const LIVE: Stream = {
  ...{ status: 'live', source: 'testsrc2', runs: true, wanted: true, url: null, reason: null, pictures: 9, restarts: 0 },
  ...{ startedAt: NOW - 70_000, lastPictureAt: NOW, changedAt: NOW - 3_000, frozenSince: null, nextTryAt: null },
  ...{ width: 640, height: 360, fps: 15, bytesPerS: 250_000, youngS: 2, frozenS: 10, recording: null },
  checks: { process: WELL, young: WELL, moving: WELL },
};

describe('what a card says', () => {
  it('each of the three checks speaks for itself', () => {
    expect(checkTexts(LIVE, NOW)).toEqual([
      { name: 'process', mark: 'ok', text: 'ffmpeg, up 1 m 10 s' },
      { name: 'young picture', mark: 'ok', text: 'now, limit 2 s' },
      { name: 'not frozen', mark: 'ok', text: 'changed 3 s ago, limit 10 s' },
    ]);
    const frozen = { ...LIVE, checks: { ...LIVE.checks, moving: { ok: false, reason: 'the same for 10 s' } } };
    expect(checkTexts(frozen, NOW).map(({ mark }) => mark)).toEqual(['ok', 'ok', 'bad']);
    expect(checkTexts(frozen, NOW)[2]).toEqual({ name: 'frozen', mark: 'bad', text: 'the same for 10 s' });
    const since = { ...frozen, frozenSince: NOW - 27_400 };
    expect(checkTexts(since, NOW)[2]).toEqual({ name: 'frozen', mark: 'bad', text: 'same for 27 s, limit 10 s' });
    const untold = { ...LIVE, checks: { process: { ok: null, reason: 'it is off' } } };
    expect(checkTexts(untold, NOW).map(({ mark }) => mark)).toEqual(['untold', 'untold', 'untold']);
    expect(checkTexts({}, NOW).map(({ text }) => text)).toEqual(['not told', 'not told', 'not told']);
  });

  it('a picture that is not the newest says of when it is', () => {
    const shown = { shot: { at: NOW }, held: null };
    const none = { shot: null, held: null };
    expect(overText(LIVE, NOW, shown)).toBeNull();
    expect(overText({ ...LIVE, status: 'frozen', frozenSince: NOW - 14_200 }, NOW, shown)).toBe(
      `same picture for 14 s, since ${clock(NOW - 14_200)}`,
    );
    expect(overText({ ...LIVE, status: 'silent', lastPictureAt: NOW - 5_000 }, NOW, shown)).toBe('last picture 5 s ago');
    expect(overText({ ...LIVE, status: 'silent' }, NOW, none)).toBe(`no picture since ${clock(NOW)}`);
    expect(overText({ status: 'starting' }, NOW, none)).toBe('starting');
    expect(overText({ status: 'failed' }, NOW, none)).toBe('no picture');
  });

  it('what is off speaks of a last picture only where one is shown', () => {
    const off = { ...LIVE, status: 'off', wanted: false };
    expect(overText(off, NOW, { shot: { at: NOW }, held: null })).toBe(`off: the last picture, of ${clock(NOW)}`);
    expect(overText(off, NOW, { shot: null, held: null })).toBe('off');
  });

  it('a picture that cannot be asked for is not taken for a live one', () => {
    const shot = { at: NOW };
    expect(overText(LIVE, NOW, { shot, held: 'lost' })).toBe(`link lost: the picture of ${clock(NOW)}`);
    expect(overText(LIVE, NOW, { shot, held: 'busy' })).toBe(`the kernel is busy: the picture of ${clock(NOW)}`);
    expect(overText(LIVE, NOW, { shot: null, held: 'busy' })).toBe('the kernel is busy');
  });

  it('the room on the disk is told in time, where the rate is known', () => {
    expect(roomText(LIVE)).toBeNull();
    expect(roomText({ ...LIVE, freeBytes: 4.5e9 })).toEqual({
      text: '4.5 GB free, for ~ 5 h 00 m at this rate',
      isLittle: false,
    });
    expect(roomText({ ...LIVE, freeBytes: 100e6 })?.isLittle).toBe(true);
    expect(roomText({ freeBytes: 5 })).toEqual({ text: '5 B free', isLittle: false });
  });

  it('says what is known of it, and nothing of what is not', () => {
    expect(pictureText(LIVE)).toBe('640 × 360 · 15 fps · 2.0 Mbit/s');
    expect(pictureText({})).toBe('');
    expect(restartText({ restarts: 3, nextTryAt: NOW + 6_000 }, NOW)).toBe('3, the next in 6 s');
    expect(restartText({ restarts: 2, lastEnd: { at: NOW, reason: 'device busy' } }, NOW)).toBe(
      `2, last ${clock(NOW)}: device busy`,
    );
    expect(restartText({}, NOW)).toBe('0');
    expect(recordingText(null, NOW)).toBe('off');
    expect(recordingText({ startedAt: NOW - 65_000, endedAt: null, bytes: 299e6, dropped: 2 }, NOW)).toBe(
      '1 m 05 s · 299 MB, 2 pictures dropped',
    );
    expect(recordingText({ startedAt: NOW - 65_000, endedAt: NOW - 60_000, bytes: 12 }, NOW)).toBe('off, kept: 5 s · 12 B');
    expect([999, 1_000, 12_345, 1.5e9].map(bytes)).toEqual(['999 B', '1.0 kB', '12 kB', '1.5 GB']);
    expect([fileOf('a/b/c.mkv'), fileOf(undefined)]).toEqual(['c.mkv', '']);
  });
});

interface Asked {
  name: string;
  id: string;
  args: Record<string, unknown>;
}

describe('the cards', () => {
  let el: HTMLElement;
  let client: Client;
  let socket: FakeSocket;

  beforeEach(() => {
    vi.useFakeTimers();
    install();
    vi.stubGlobal('IntersectionObserver', undefined);
    el = document.body.appendChild(document.createElement('div'));
    client = new Client();
  });
  afterEach(() => {
    act(() => render(null, el));
    el.remove();
    client.close();
    vi.unstubAllGlobals();
    vi.useRealTimers();
  });

  function show(streams: Record<string, Stream>, readOnly = false): void {
    client.offer({ url: 'ws://127.0.0.1:1/ws', token: 't', epoch: 'A', nonce: 'n', proof: 'p' });
    socket = FakeSocket.last();
    connects(socket, appState({ streams }), { readOnly });
    act(() => render(<StreamsView client={client} />, el));
  }
  const pass = (ms: number) =>
    act(async () => {
      await vi.advanceTimersByTimeAsync(ms);
    });
  const asked = (name: string) => (socket.said() as unknown as Asked[]).filter((one) => one.name === name);
  const button = (label: string) => el.querySelector<HTMLButtonElement>(`button[aria-label^="${label}"]`);
  const answer = async (id: string, value: object) => {
    await act(async () => {
      socket.hears({ type: 'result', id, ok: true, value });
      await vi.advanceTimersByTimeAsync(0);
    });
  };

  it('asks for the next picture when the last has come, and says which it knows', async () => {
    show({ cam1: LIVE });
    const first = asked('stream.picture')[0] as Asked;
    expect(first.args).toEqual({ streamId: 'cam1', after: 0 });
    await pass(1_000);
    expect(asked('stream.picture')).toHaveLength(1);
    await answer(first.id, { number: 7, at: NOW, jpeg: '/9j/2Q==' });
    expect(el.querySelector('img')?.getAttribute('src')).toBe('data:image/jpeg;base64,/9j/2Q==');
    await pass(1_000);
    expect(asked('stream.picture').map(({ args }) => args.after)).toEqual([0, 7]);
    act(() => render(null, el));
    await answer((asked('stream.picture')[1] as Asked).id, { number: 7, at: NOW, jpeg: null });
    await vi.advanceTimersByTimeAsync(5_000);
    expect(asked('stream.picture')).toHaveLength(2);
  });

  it('asks once for the last picture of a stream that is off, and not at all where there was none', async () => {
    const off = { ...LIVE, status: 'off', wanted: false, startedAt: null };
    show({ cam1: off, cam2: { ...off, pictures: 0 } });
    await pass(2_000);
    expect(asked('stream.picture').map(({ args }) => args.streamId)).toEqual(['cam1']);
    await answer((asked('stream.picture')[0] as Asked).id, { number: 9, at: NOW, jpeg: '/9j/2Q==' });
    await pass(2_000);
    expect(asked('stream.picture')).toHaveLength(1);
    const over = [...el.querySelectorAll('.ab-stream-over')].map((one) => one.textContent);
    expect(over).toEqual([`off: the last picture, of ${clock(NOW)}`, 'off']);
    expect(button('Start cam1')).not.toBeNull();
  });

  it('a link that is lost while a picture is asked for says so, and of when the picture is', async () => {
    show({ cam1: LIVE });
    await answer((asked('stream.picture')[0] as Asked).id, { number: 7, at: NOW, jpeg: '/9j/2Q==' });
    await pass(200);
    expect(asked('stream.picture')).toHaveLength(2);
    act(() => socket.closes(1006));
    await pass(2_500);
    expect(el.querySelector('.ab-stream-over')?.textContent).toBe(`link lost: the picture of ${clock(NOW)}`);
    expect(el.querySelector('.ab-stream-old img')).not.toBeNull();
  });

  it('every action is a command, and a refusal stands beside it', async () => {
    show({ cam1: LIVE });
    act(() => button('Record cam1')?.click());
    const command = asked('stream.record')[0] as Asked;
    expect(command.args).toEqual({ streamId: 'cam1', on: true });
    expect(button('Stop cam1')?.disabled).toBe(true);
    await act(async () => {
      socket.hears({ type: 'result', id: command.id, ok: false, error: { code: 'failed', message: 'no room.' } });
      await vi.advanceTimersByTimeAsync(0);
    });
    expect(el.querySelector('[role="status"]')?.textContent).toBe('Record: no room.');
    expect(button('Stop cam1')?.disabled).toBe(false);
  });

  it('who may only look sees the buttons, and why they cannot be pressed', () => {
    show({ cam1: LIVE }, true);
    expect(button('Stop cam1')?.disabled).toBe(true);
    expect(button('Stop cam1')?.getAttribute('aria-label')).toContain('read-only');
  });

  it('one that waits for its next try can be tried now, and one that records can be ended', () => {
    show({
      a: { ...LIVE, status: 'waiting', startedAt: null, nextTryAt: NOW },
      b: { ...LIVE, recording: { path: '/r/b.mkv', startedAt: NOW, endedAt: null } },
    });
    expect(button('Try now a')).not.toBeNull();
    expect(button('Stop a')).not.toBeNull();
    expect(button('Stop recording b')).not.toBeNull();
    expect(el.textContent).toContain('REC');
  });

  it('what runs elsewhere stays a row of the table', () => {
    show({ cam0: { status: 'live', url: 'http://127.0.0.1:1/cam0' } });
    expect(el.querySelectorAll('.ab-stream')).toHaveLength(0);
    expect(el.querySelector('a')?.getAttribute('href')).toBe('http://127.0.0.1:1/cam0');
  });
});
