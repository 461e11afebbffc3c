// @vitest-environment happy-dom
import { render } from 'preact';
import { act } from 'preact/test-utils';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Client } from '../src/client';
import type { AskedAction, DeviceRecord, SampleWindow } from '../src/sync/messages';
import { read, readAll, readWish } from '../src/views/devices/arguments';
import { DevicesView } from '../src/views/devices/DevicesView';
import { sparkOf, WIDTH } from '../src/views/devices/spark';
import {
  countDevices,
  deviceTone,
  fateText,
  figure,
  footTexts,
  inOrder,
  mainQuantity,
  nowOf,
  placesOf,
  quantityTexts,
  troubleOf,
} from '../src/views/devices/texts';
import { setTime } from '../src/views/shared/format';
import { FakeSocket, install } from './fake-socket';
import { appState, connects } from './fixtures';

const NOW = 1_000_000_000;
const WATTS: SampleWindow = {
  unit: 'W',
  size: 120,
  next: 3,
  points: [
    [NOW - 2_000, 118],
    [NOW - 1_000, 120.4],
    [NOW, 121],
  ],
};
const PSU: DeviceRecord = {
  ...{ type: 'power supply', status: 'ok', supervised: true, critical: true, pausing: false, everyS: 1, timeoutS: 5 },
  ...{ desired: { port1: 'on' }, observed: { port1: 'on', port2: 'off', watts: 121 }, was: null, differs: [] },
  ...{ lastSeen: new Date(NOW).toISOString(), error: null, failures: 0, hangs: false, nextTryAt: null, powerFrom: 'watts' },
  actions: {
    cycle: { about: 'Off and on again.', args: [], required: [] },
    on: { about: 'Switch a port on.', args: ['port', 'slow'], required: ['port'], types: { port: 'integer', slow: 'boolean' } },
  },
  samples: { watts: WATTS },
  asked: [],
};
const SILENT: DeviceRecord = {
  ...PSU,
  ...{ status: 'degraded', observed: null, was: { port1: 'on', port2: 'off', watts: 121 }, error: 'no answer within 5 s' },
  ...{ failures: 3, nextTryAt: NOW + 8_000, lastSeen: new Date(NOW - 19_000).toISOString() },
};

function asked(change: Partial<AskedAction>): AskedAction {
  return {
    ...{ id: 'psu-1', action: 'cycle', args: {}, fate: 'done', reason: null, value: null },
    ...{ askedAt: NOW - 100, startedAt: NOW - 90, endedAt: NOW - 66, tookMs: 34 },
    ...change,
  };
}

describe('what a row says', () => {
  it('desired and observed are two things, and what is not known now says so', () => {
    expect(quantityTexts(PSU).map(({ name, desired, observed }) => [name, desired, observed])).toEqual([
      ['port1', 'on', 'on'],
      ['port2', null, 'off'],
    ]);
    expect(quantityTexts(SILENT).map(({ observed, isKnown }) => [observed, isKnown])).toEqual([
      ['unknown', false],
      ['unknown', false],
    ]);
    expect(quantityTexts({ ...PSU, desired: { port9: 'on' } })[0]?.observed).toBe('not observed');
    const meter = { ...PSU, desired: {}, observed: { watts: 121 } };
    expect(quantityTexts(meter)).toMatchObject([{ desired: null, observed: 'answers', isKnown: true }]);
    expect(quantityTexts({ ...meter, observed: null, was: { watts: 1 } })).toMatchObject([{ observed: 'unknown' }]);
  });

  it('who does not answer is tried again, and says which try comes when', () => {
    expect(troubleOf(PSU, NOW)).toBeNull();
    expect(troubleOf(SILENT, NOW)).toEqual({ word: 'degraded', next: 'try 4 in 8 s' });
    expect(troubleOf({ ...SILENT, status: 'unknown', failures: 1, nextTryAt: NOW }, NOW)).toEqual({
      word: 'no answer',
      next: 'try 2 now',
    });
    expect(troubleOf({ ...PSU, status: 'unknown', lastSeen: null }, NOW)?.word).toBe('not asked yet');
    expect(troubleOf({ ...SILENT, hangs: true }, NOW)?.next).toBe('try 4 in 8 s, a call has not come back');
  });

  it('a figure keeps its places, and an old one says that it was', () => {
    expect(mainQuantity(PSU)).toBe('watts');
    expect(mainQuantity({ samples: { load: { ...WATTS, unit: '' }, cpu: { ...WATTS, unit: '%' } } })).toBe('cpu');
    expect(mainQuantity({})).toBeNull();
    expect(nowOf(PSU, 'watts')).toEqual({ text: '121.0 W', isNow: true });
    expect(nowOf(SILENT, 'watts')).toEqual({ text: 'was 121.0 W', isNow: false });
    expect(nowOf({}, 'watts')).toBeNull();
    expect([placesOf([]), placesOf([1, 2]), placesOf([0.123456]), placesOf([1234.5]), placesOf([12.345])]).toEqual([
      0, 0, 3, 0, 2,
    ]);
    expect([figure(12_345, 'MiB', 0), figure(0.0001, '', 2), figure(0, 'V', 2), figure(-3.5, 'V', 1)]).toEqual([
      ...['12,345 MiB', '0.0001', '0.00 V', '-3.5 V'],
    ]);
  });

  it('each fate has its own words', () => {
    const text = (change: Partial<AskedAction>) => fateText(asked(change), NOW).text;
    expect(text({})).toBe('done in 34 ms');
    expect(text({ fate: 'refused', reason: 'it needs psu0, which is degraded' })).toBe(
      'refused: it needs psu0, which is degraded',
    );
    expect(text({ fate: 'failed', reason: 'OSError: no' })).toBe('failed: OSError: no');
    expect(text({ fate: 'timeout', reason: 'no acknowledgement within 10 s' })).toBe(
      'timed out: no acknowledgement within 10 s',
    );
    expect(text({ fate: 'cancelled', reason: 'removed' })).toBe('cancelled: removed');
    expect(text({ fate: 'waiting', askedAt: NOW - 2_000, startedAt: null, endedAt: null, tookMs: null })).toBe('waits 2 s');
    expect(text({ fate: 'running', startedAt: NOW - 3_000 })).toBe('under way 3 s');
  });

  it('a time that was set has no digits that nobody gave', () => {
    expect([5, 1.5, 0.25, 60, 90, 3_600, 12, 10.5, 100].map(setTime)).toEqual([
      '5 s',
      '1.5 s',
      '250 ms',
      '1 m',
      '1 m 30 s',
      '1 h',
      '12 s',
      '10.5 s',
      '1 m 40 s',
    ]);
  });

  it('what is not as desired wants a look, though it answers', () => {
    expect(deviceTone({ ...PSU, differs: ['port1'] })).toBe('warn');
    expect([deviceTone(PSU), deviceTone(SILENT), deviceTone({ ...SILENT, critical: false })]).toEqual(['ok', 'bad', 'warn']);
    expect(deviceTone({ status: 'lost' })).toBe('bad');
    expect(countDevices([PSU, SILENT, { ...PSU, differs: ['port1'] }])).toEqual({ warn: 1, bad: 1 });
    expect(footTexts([PSU], 1).map(({ text }) => text)).toEqual(['2 devices', '1 well', '1 written by hand']);
    expect(
      footTexts([PSU, SILENT, { ...PSU, differs: ['port1'] }, { ...PSU, status: 'closed' }]).map(({ text }) => text),
    ).toEqual([...['4 devices', '1 well', '1 silent', '1 not as desired', '1 closed']]);
  });
});

describe('the last minute', () => {
  it('is read out of the ring in order', () => {
    const full: SampleWindow = {
      unit: '',
      size: 3,
      next: 4,
      points: [
        [4, 40],
        [2, 20],
        [3, 30],
      ],
    };
    expect(inOrder(full).map(([at]) => at)).toEqual([2, 3, 4]);
    expect(inOrder(undefined)).toEqual([]);
  });

  it('ends now where the device answers, and is silent from its last sample on where it does not', () => {
    const well = sparkOf(WATTS, NOW, true, 7_000);
    expect([well.end?.[0], well.silentFrom, well.low, well.high]).toEqual([WIDTH, null, 118, 121]);
    const silent = sparkOf(WATTS, NOW + 30_000, false, 7_000);
    expect(silent.silentFrom).toBe(WIDTH / 2);
    expect(sparkOf(WATTS, NOW + 90_000, false, 7_000)).toMatchObject({ pieces: [], end: null, silentFrom: 0 });
    expect(sparkOf(undefined, NOW, true, 7_000).pieces).toEqual([]);
  });

  it('is broken where samples are missing, and a page whose clock is ahead makes nobody silent', () => {
    const gap: SampleWindow = {
      ...WATTS,
      points: [
        [NOW - 40_000, 1],
        [NOW - 39_000, 1],
        [NOW, 1],
      ],
    };
    expect(sparkOf(gap, NOW, true, 7_000).pieces).toHaveLength(2);
    const ahead = sparkOf(WATTS, NOW + 600_000, true, 7_000);
    expect([ahead.silentFrom, ahead.end?.[0]]).toEqual([null, WIDTH]);
  });
});

describe('what people type', () => {
  it('becomes a value of the kind that the action takes, or a problem', () => {
    expect(read('7', 'integer')).toEqual({ value: 7 });
    expect(read('7.5', 'integer')).toEqual({ problem: 'a whole number' });
    expect(read(' 1e3 ', 'number')).toEqual({ value: 1_000 });
    expect(read('x', 'number')).toEqual({ problem: 'a number' });
    expect(read('Infinity', 'number')).toEqual({ problem: 'a number' });
    expect(read('yes', 'boolean')).toEqual({ problem: 'true or false' });
    expect(read(' 7', 'text')).toEqual({ value: ' 7' });
    expect(['7', 'true', 'on', '"7"', '{"a": 1}', 'null'].map((text) => read(text, 'any').value)).toEqual([
      ...[7, true, 'on', '7', '{"a": 1}', 'null'],
    ]);
    expect(['', '  '].map((text) => read(text, 'any'))).toEqual([{}, {}]);
  });

  it('a wish is of the kind that was observed', () => {
    expect(readWish('12', 3.3)).toEqual({ value: 12 });
    expect(readWish('on', 3.3)).toEqual({ problem: 'a number' });
    expect(readWish('true', false)).toEqual({ value: true });
    expect(readWish('on', 'off')).toEqual({ value: 'on' });
  });

  it('what is left out and needed is a problem, what may be left out is not sent', () => {
    const spec = { about: '', args: ['port', 'slow', 'mode'], required: ['port'], choices: { mode: ['a', 7] } };
    expect(readAll(spec, {})).toEqual({ args: {}, problems: { port: 'needed' } });
    expect(readAll(spec, { port: '2', mode: '1' })).toEqual({ args: { port: 2, mode: 7 }, problems: {} });
  });
});

interface Asked {
  name: string;
  id: string;
  args: Record<string, unknown>;
}

describe('the rows', () => {
  let el: HTMLElement;
  let client: Client;
  let socket: FakeSocket;

  beforeEach(() => {
    vi.useFakeTimers();
    vi.setSystemTime(NOW);
    install();
    el = document.body.appendChild(document.createElement('div'));
    client = new Client();
  });
  afterEach(() => {
    act(() => render(null, el));
    el.remove();
    client.close();
    vi.useRealTimers();
  });

  function show(devices: Record<string, DeviceRecord>, change: object = {}, readOnly = false): void {
    client.offer({ url: 'ws://127.0.0.1:1/ws', token: 't', epoch: 'A', nonce: 'n', proof: 'p' });
    socket = FakeSocket.last();
    connects(socket, appState({ devices, ...change }), { readOnly });
    act(() => render(<DevicesView client={client} />, el));
  }
  const text = () => el.textContent ?? '';
  const said = (name: string) => (socket.said() as unknown as Asked[]).filter((one) => one.name === name);
  const button = (label: string) => el.querySelector<HTMLButtonElement>(`button[aria-label^="${label}"]`);
  const answer = (id: string, result: object) =>
    act(async () => {
      socket.hears({ type: 'result', id, ...result });
      await vi.advanceTimersByTimeAsync(0);
    });

  it('an action without arguments is done at once, and its fate stands beside its button', async () => {
    show({ psu0: PSU });
    act(() => button('Cycle psu0')?.click());
    const command = said('device.do')[0] as Asked;
    expect(command.args).toEqual({ deviceId: 'psu0', action: 'cycle', args: {} });
    expect(el.querySelector('[data-action="cycle"]')?.textContent).toContain('asked');
    const op = { op: 'replace', path: '/devices/psu0/asked', value: [asked({})] };
    await act(async () => {
      socket.hears({
        type: 'state.patch',
        fromVersion: 1,
        toVersion: 2,
        patch: [op, { op: 'replace', path: '/version', value: 2 }],
      });
    });
    await answer(command.id, { ok: true, value: {} });
    expect(el.querySelector('[data-action="cycle"]')?.textContent).toContain('done in 34 ms');
  });

  it('an action with arguments asks for them, of the kind that it takes', () => {
    show({ psu0: PSU });
    act(() => button('On psu0')?.click());
    const form = el.querySelector('form') as HTMLFormElement;
    const port = form.querySelector('input') as HTMLInputElement;
    expect(document.activeElement).toBe(port);
    const submit = () => act(() => form.dispatchEvent(new Event('submit', { bubbles: true, cancelable: true })) as never);
    submit();
    expect(form.textContent).toContain('needed');
    expect(said('device.do')).toHaveLength(0);
    act(() => {
      port.value = '2';
      port.dispatchEvent(new Event('input', { bubbles: true }));
    });
    submit();
    expect(said('device.do')[0]?.args).toEqual({ deviceId: 'psu0', action: 'on', args: { port: 2 } });
    expect(el.querySelector('form')).toBeNull();
    expect(document.activeElement).toBe(button('On psu0'));
    act(() => button('On psu0')?.click());
    act(() => {
      document.activeElement?.dispatchEvent(new KeyboardEvent('keydown', { key: 'Escape', bubbles: true }));
    });
    expect(el.querySelector('form')).toBeNull();
    expect(document.activeElement).toBe(button('On psu0'));
  });

  it('a command that never reached the device says why beside its button', async () => {
    show({ psu0: PSU });
    act(() => button('Cycle psu0')?.click());
    await answer(said('device.do')[0]?.id as string, { ok: false, error: { code: 'not-found', message: 'It is gone.' } });
    expect(el.querySelector('[data-action="cycle"]')?.textContent).toContain('It is gone.');
  });

  it('an action whose answer was lost tells its fate from the record', async () => {
    const old = asked({ id: 'psu-0' });
    show({ psu0: { ...PSU, asked: [old] } });
    act(() => button('Cycle psu0')?.click());
    const fate = () => el.querySelector('[data-action="cycle"]')?.textContent;
    expect(fate()).toContain('asked');
    // The server's clock is an hour behind the page's.
    const runs = asked({ id: 'psu-1', fate: 'running', askedAt: NOW - 3_600_000, startedAt: NOW, endedAt: null, tookMs: null });
    const patch = (value: AskedAction, version: number) => [
      { op: 'replace', path: '/devices/psu0/asked', value: [old, value] },
      { op: 'replace', path: '/version', value: version },
    ];
    act(() => socket.hears({ type: 'state.patch', fromVersion: 1, toVersion: 2, patch: patch(runs, 2) }));
    expect(fate()).toContain('under way');
    await answer(said('device.do')[0]?.id as string, { ok: false, error: { code: 'timeout', message: 'No answer.' } });
    const done = { ...runs, fate: 'done' as const, endedAt: NOW, tookMs: 34 };
    act(() => socket.hears({ type: 'state.patch', fromVersion: 2, toVersion: 3, patch: patch(done, 3) }));
    expect(fate()).toContain('done in 34 ms');
  });

  it('a device that does not answer can be tried now, and an old figure never stands as a present one', () => {
    show({ psu0: SILENT });
    expect(text()).toContain('degraded, try 4 in 8 s');
    expect(el.querySelector('.ab-dev-now')?.textContent).toBe('was 121.0 W');
    act(() => button('Try now psu0')?.click());
    expect(said('device.probe')[0]?.args).toEqual({ deviceId: 'psu0' });
  });

  it('a critical device that pauses the queue says so, and the queue can be resumed anyway', () => {
    const jobs = { queue: [], running: [], lastCompleted: null, items: {}, paused: { reason: 'psu0 degraded', since: NOW } };
    show({ psu0: { ...SILENT, pausing: true } }, { jobs });
    expect(text()).toContain('Queue paused: psu0 degraded.');
    act(() => button('Resume anyway: the queue')?.click());
    expect(said('queue.resume')).toHaveLength(1);
    act(() =>
      socket.hears({
        type: 'state.patch',
        fromVersion: 1,
        toVersion: 2,
        patch: [
          { op: 'replace', path: '/jobs/paused', value: null },
          { op: 'replace', path: '/version', value: 2 },
        ],
      }),
    );
    expect(text()).not.toContain('Queue paused');
  });

  it('what is desired is changed and taken back in the opened row', () => {
    show({ psu0: PSU });
    act(() => el.querySelector<HTMLButtonElement>('.ab-dev-open')?.click());
    const wish = el.querySelector<HTMLInputElement>('[aria-label="Wish for port1 of psu0"]') as HTMLInputElement;
    act(() => {
      wish.value = 'off';
      wish.dispatchEvent(new Event('input', { bubbles: true }));
    });
    act(() => button('Set wish for port1')?.click());
    expect(said('device.desire')[0]?.args).toEqual({ deviceId: 'psu0', desired: { port1: 'off' } });
    expect(button('Take back wish for port2')).toBeNull();
    expect(button('Take back wish for port1')?.disabled).toBe(true);
  });

  it('who may only look sees every button, and why it cannot be pressed', () => {
    show({ psu0: SILENT }, {}, true);
    for (const label of ['Cycle psu0', 'On psu0', 'Try now psu0']) {
      expect(button(label)?.disabled).toBe(true);
      expect(button(label)?.getAttribute('aria-label')).toContain('read-only');
    }
  });

  it('the clock stands still while the link is lost', async () => {
    show({ psu0: SILENT });
    const seen = () => el.querySelector('.ab-dev-seen time')?.textContent;
    expect(seen()).toBe('19 s ago');
    act(() => socket.closes(1006));
    await act(async () => {
      await vi.advanceTimersByTimeAsync(60_000);
    });
    expect(seen()).toBe('19 s ago');
  });

  it('what a device says of itself is shown and never run', () => {
    show({ '<b>x': { ...PSU, error: '<img src=x onerror=alert(1)>', status: 'degraded', type: '<i>' } });
    expect(el.querySelector('img')).toBeNull();
    expect(text()).toContain('<b>x');
  });

  it('names that every object has are names like others', () => {
    const spec = { about: '', args: ['constructor', '__proto__'], required: ['constructor', '__proto__'] };
    const odd = JSON.parse('{"constructor": 1, "__proto__": "x", "toString": true}') as Record<string, unknown>;
    show({ constructor: { ...PSU, desired: odd, observed: odd, actions: { valueOf: spec }, samples: {} } as DeviceRecord });
    act(() => button('ValueOf constructor')?.click());
    const inputs = [...el.querySelectorAll<HTMLInputElement>('.ab-dev-form input')];
    expect(inputs.map((one) => one.value)).toEqual(['', '']);
    for (const one of inputs) {
      act(() => {
        one.value = '7';
        one.dispatchEvent(new Event('input', { bubbles: true }));
      });
    }
    act(() => {
      el.querySelector('form')?.dispatchEvent(new Event('submit', { bubbles: true, cancelable: true }));
    });
    expect(JSON.stringify(said('device.do')[0]?.args.args)).toBe('{"constructor":7,"__proto__":7}');
  });

  it('a device of a hundred quantities has all of them when it is opened', () => {
    const many = Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`q${i}`, i % 2 ? i : `s${i}`]));
    show({ rack: { ...PSU, desired: {}, observed: many, samples: {}, powerFrom: null } });
    expect(el.querySelector('.ab-dev-standing')?.textContent).toContain('and 47 more');
    act(() => el.querySelector<HTMLButtonElement>('.ab-dev-open')?.click());
    expect(el.querySelectorAll('.ab-dev-quantity')).toHaveLength(101);
  });

  it('a command says that it waits for the kernel while that does not listen', () => {
    show({ psu0: PSU });
    act(() => socket.hears({ type: 'server.busy', busy: true, since: NOW, listens: false }));
    act(() => button('Cycle psu0')?.click());
    expect(el.querySelector('[data-action="cycle"]')?.textContent).toContain('waits for the kernel');
  });

  it('of many devices a figure waits for the next second, and a fate does not', async () => {
    const many = Object.fromEntries(Array.from({ length: 9 }, (_, i) => [`psu${i}`, PSU]));
    show(many);
    const row = () => el.querySelector('[data-device="psu3"]') as HTMLElement;
    const patch = (name: string, value: unknown, version: number) =>
      act(() =>
        socket.hears({
          ...{ type: 'state.patch', fromVersion: version - 1, toVersion: version },
          patch: [
            { op: 'replace', path: `/devices/psu3/${name}`, value },
            { op: 'replace', path: '/version', value: version },
          ],
        }),
      );
    patch('observed', { port1: 'on', port2: 'off', watts: 77 }, 2);
    expect(row().querySelector('.ab-dev-now')?.textContent).toContain('121.0 W');
    patch('asked', [asked({})], 3);
    expect(row().textContent).toContain('done in 34 ms');
    expect(row().querySelector('.ab-dev-now')?.textContent).toContain('77.0 W');
    patch('observed', { port1: 'on', port2: 'off', watts: 78 }, 4);
    await act(async () => {
      await vi.advanceTimersByTimeAsync(1_100);
    });
    expect(row().querySelector('.ab-dev-now')?.textContent).toContain('78.0 W');
  });

  it('devices that nothing asks stay a table below', () => {
    show({ psu0: PSU, note: { type: 'by hand', status: 'ready' } });
    expect(el.querySelectorAll('[data-device]')).toHaveLength(1);
    expect(el.querySelector('[role="table"]')?.textContent).toContain('by hand');
  });
});
