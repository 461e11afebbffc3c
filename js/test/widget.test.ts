// @vitest-environment happy-dom
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { socketUrl } from '../src/page';
import { sharedRuntime } from '../src/runtime';
import { VIEWS } from '../src/views';
import widget, { type Model, warm } from '../src/widget';
import { FakeSocket, install } from './fake-socket';
import { appState } from './fixtures';

interface Entry {
  initialize(context: { model: Model }): () => void;
  render(context: { model: Model; el: HTMLElement }): (() => void) | Promise<() => void>;
}

type Listener = (content: unknown, buffers?: readonly (ArrayBuffer | ArrayBufferView)[]) => void;

class FakeModel implements Model {
  sent: Record<string, unknown>[] = [];
  isGone = false;
  private readonly listeners = new Set<Listener>();

  constructor(readonly traits: Record<string, unknown>) {}

  get(name: string): unknown {
    return this.traits[name];
  }
  set(name: string, value: unknown): void {
    this.traits[name] = value;
  }
  save_changes(): void {}
  send(content: object): void {
    if (this.isGone) throw new Error('comm is closed');
    this.sent.push(content as Record<string, unknown>);
  }
  on(_event: string, callback: Listener): void {
    this.listeners.add(callback);
  }
  off(_event: string, callback: Listener): void {
    this.listeners.delete(callback);
  }
  hears(content: unknown, buffers?: ArrayBuffer[]): void {
    for (const listener of this.listeners) listener(content, buffers);
  }
  asked(type: string): Record<string, unknown>[] {
    return this.sent.filter((message) => message.type === type);
  }
}

let ends: (() => void)[] = [];
let epoch = 0;

function view(name = 'badge', own = `e${++epoch}`) {
  const model = new FakeModel({ view: name, epoch: own, title: 'test', options: {} });
  const entry = widget() as Entry;
  const el = document.body.appendChild(document.createElement('div'));
  const link = {
    type: 'link',
    url: 'ws://127.0.0.1:1/ws',
    page: 'http://127.0.0.1:1/',
    token: 'secret',
    epoch: own,
    nonce: 'n',
    proof: 'p',
  };
  ends.push(entry.initialize({ model }));
  const render = () => {
    const end = entry.render({ model, el });
    const stop = end instanceof Promise ? () => void end.then((then) => then()) : end;
    ends.push(stop);
    return stop;
  };
  return { model, el, link, render };
}

beforeEach(() => {
  vi.useFakeTimers();
  install();
  sessionStorage.clear();
});
afterEach(async () => {
  for (const end of ends.reverse()) end();
  ends = [];
  await vi.advanceTimersByTimeAsync(10_000);
  vi.useRealTimers();
});
const settle = () => vi.advanceTimersByTimeAsync(20);

describe('the widget', () => {
  it('asks the kernel where the server is, and connects when it is told', async () => {
    const { model, link, render } = view();
    render();
    await settle();
    expect(model.asked('link')).toHaveLength(1);
    expect(model.asked('hub.open')).toHaveLength(1);
    model.hears(link);
    expect(FakeSocket.last().url).toBe('ws://127.0.0.1:1/ws?nonce=n');
    FakeSocket.last().opens();
    expect(FakeSocket.last().said()[0]).toMatchObject({ type: 'hello', payload: { token: 'secret' } });
  });

  it('takes a link that came before it was shown', () => {
    const { model, link, render } = view();
    model.hears(link);
    expect(FakeSocket.all).toHaveLength(0);
    render();
    expect(FakeSocket.all).toHaveLength(1);
    expect(model.asked('link')).toEqual([]);
  });

  it('keeps neither address nor token for another life of the page, where the port may be a stranger’s', async () => {
    const before = view();
    before.model.hears(before.link);
    before.render();
    await settle();
    expect(JSON.stringify([{ ...sessionStorage }, { ...localStorage }])).not.toMatch(/secret|127\.0\.0\.1/);
  });

  it('shows by widget messages what the kernel said before there was a view', async () => {
    const { model, el, link, render } = view();
    model.hears(link);
    const welcome = { type: 'welcome', protocol: 1, epoch: link.epoch, serverTime: 'now', stateVersion: 1, nextSeq: 0 };
    const snapshot = { type: 'state.snapshot', stateVersion: 1, data: appState(), epoch: link.epoch, reason: 'connect' };
    const lines = [{ ...welcome, resumed: false }, snapshot].map((line) => JSON.stringify(line)).join('\n');
    model.hears({ type: 'hub', link: '', n: 0 }, [new TextEncoder().encode(lines).buffer as ArrayBuffer]);
    render();
    // Before any timer: its first picture is of what had come, and a better link is looked for after it.
    for (let turn = 0; turn < 3; turn++) await Promise.resolve();
    expect(el.textContent).toContain('livewidget messages');
    expect(FakeSocket.all).toHaveLength(1);
    await settle();
    expect(el.textContent).toContain('livewidget messages');
  });

  it('says that widget messages go by a client, where the kernel has said so', async () => {
    const { model, el, link, render } = view();
    model.hears({ ...link, via: 'client' });
    const welcome = { type: 'welcome', protocol: 1, epoch: link.epoch, serverTime: 'now', stateVersion: 1, nextSeq: 0 };
    const line = JSON.stringify({ ...welcome, resumed: false });
    model.hears({ type: 'hub', link: '', n: 0 }, [new TextEncoder().encode(line).buffer as ArrayBuffer]);
    render();
    await settle();
    expect(el.textContent).toContain('livewidget messages by a client');
    (el.querySelector('.ab-badge-open') as HTMLElement).click();
    await settle();
    expect(el.textContent).toContain('through this notebook’s client, at most 50 messages a second');
  });

  it('sits out no pause when the kernel’s client has found its server again', async () => {
    const { model, el, link, render } = view();
    const told = { ...link, via: 'client' };
    model.hears(told);
    render();
    await settle();
    const names = () => model.asked('hub.open').map((message) => message.link);
    const refuse = () => {
      const end = { type: 'hub.end', link: names().at(-1), code: 1001, reason: 'This notebook’s client has lost its server.' };
      model.hears(end);
    };
    for (let tries = 0; tries < 4; tries++) {
      refuse();
      await vi.advanceTimersByTimeAsync(tries < 3 ? 20_000 : 20);
    }
    expect(el.innerHTML).toContain('next try in');
    const before = names().length;
    model.hears(told);
    await settle();
    expect(names().length).toBe(before);
    model.hears({ ...told, returned: true });
    await settle();
    expect(names().length).toBe(before + 1);
  });

  it('never puts the token into a trait', () => {
    const { model, link, render } = view();
    render();
    model.hears(link);
    expect(JSON.stringify(model.traits)).not.toContain('secret');
  });

  it('says that the kernel is gone when its model throws', async () => {
    const { model, el, render } = view();
    model.isGone = true;
    render();
    await settle();
    expect(el.textContent).toContain('The kernel that made this view is gone. Run the cell again.');
  });

  it('says so when the kernel is silent, asks on, and goes on when it does answer', async () => {
    const { model, el, link, render } = view();
    render();
    await vi.advanceTimersByTimeAsync(6_500);
    expect(el.textContent).toContain('The kernel does not answer: it may be running a cell.');
    await vi.advanceTimersByTimeAsync(60_000);
    const names = model.asked('hub.open').map((message) => message.link);
    expect(names.length).toBeGreaterThan(2);
    expect(new Set(names).size).toBe(1);
    model.hears(link);
    expect(FakeSocket.all).toHaveLength(1);
  });

  it('shares one socket among all widgets of an orchestrator, and closes it after the last', async () => {
    const first = view();
    const second = view('badge', first.link.epoch);
    const endFirst = first.render();
    const endSecond = second.render();
    first.model.hears(first.link);
    second.model.hears(second.link);
    expect(FakeSocket.all).toHaveLength(1);
    endFirst();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(FakeSocket.last().url).toBe(`${first.link.url}?nonce=n`);
    endSecond();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(FakeSocket.all.every((socket) => socket.closed)).toBe(true);
  });

  it('leaves an empty element behind', () => {
    const { el, render } = view();
    render()();
    expect(el.innerHTML).toBe('');
  });
});

describe('the pane that nobody sees', () => {
  it('is drawn without an error, says nothing to anybody, and is gone soon', async () => {
    const [before, kept] = [document.body.innerHTML, { ...localStorage }];
    const mounted: HTMLElement[] = [];
    const { mount } = sharedRuntime(VIEWS);
    vi.spyOn(sharedRuntime(VIEWS), 'mount').mockImplementation((el, name, props) => {
      mounted.push(el as HTMLElement);
      return mount(el, name, props);
    });
    warm();
    expect(mounted[0]?.querySelector('.ab-log-row')?.textContent).toContain('warm 1');
    await vi.advanceTimersByTimeAsync(1_000);
    expect(mounted[0]?.innerHTML).toBe('');
    expect(document.body.innerHTML).toBe(before);
    expect({ ...localStorage }).toEqual(kept);
    expect(FakeSocket.all).toHaveLength(0);
    vi.restoreAllMocks();
  });
});

describe('the runtime', () => {
  it('is one for all copies of a build on a page', () => {
    expect(sharedRuntime({})).toBe(sharedRuntime(VIEWS));
  });
});

describe('the page', () => {
  it.each([
    ['http://127.0.0.1:8765/', 'ws://127.0.0.1:8765/ws'],
    ['https://lab.example/user/a/proxy/8765/?x=1#h', 'wss://lab.example/user/a/proxy/8765/ws'],
  ])('at %s has its socket at %s', (page, socket) => {
    expect(socketUrl(page)).toBe(socket);
  });
});
