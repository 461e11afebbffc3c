// @vitest-environment happy-dom
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Bundle, type Entry, type HostModel, pageBundle } from '../src/loader/page-bundle';
import { loadingView } from '../src/loader/view';

interface View {
  initialize(context: { model: HostModel }): () => void;
  render(context: { model: HostModel; el: HTMLElement; signal?: AbortSignal }): Promise<() => void>;
}

type Listener = Parameters<HostModel['on']>[1];

class FakeModel implements HostModel {
  sent: unknown[] = [];
  isGone = false;
  readonly listeners = new Set<Listener>();
  readonly widget_manager: HostModel['widget_manager'];

  constructor(
    models: Record<string, Record<string, unknown>> | null,
    private readonly own: Record<string, unknown> = { bundle: 'IPY_MODEL_b1' },
  ) {
    if (models !== null) {
      this.widget_manager = {
        get_model: async (id) => {
          const found = models[id];
          if (found === undefined) throw new Error('widget model not found');
          return { get: (name) => found[name] };
        },
      };
    }
  }
  get(name: string): unknown {
    return this.own[name];
  }
  set(): void {}
  save_changes(): void {}
  send(content: object): void {
    if (this.isGone) throw new Error('comm is closed');
    this.sent.push(content);
  }
  on(_event: string, callback: Listener): void {
    this.listeners.add(callback);
  }
  off(_event: string, callback: Listener): void {
    this.listeners.delete(callback);
  }
  hears(content: unknown, buffers: Parameters<Listener>[1] = []): void {
    for (const listener of [...this.listeners]) listener(content, buffers);
  }
}

const HELD = { b1: { code: 'the code', styles: '.a{}' } };
let build = 0;
let imported: string[] = [];
const importText = async (code: string): Promise<unknown> => {
  imported.push(code);
  return { default: () => ({}) };
};
const bundleFor = (model: HostModel, own = `build ${build}`): Promise<Bundle> => pageBundle(own, model, importText);

beforeEach(() => {
  build++;
  imported = [];
  vi.useFakeTimers();
});
afterEach(() => void vi.useRealTimers());

describe('the code of the views', () => {
  it('is imported once for all views of a page', async () => {
    const all = await Promise.all([1, 2, 3, 4, 5, 6].map(() => bundleFor(new FakeModel(HELD))));
    expect(imported).toEqual(['the code']);
    expect(new Set(all).size).toBe(1);
    expect(all[0]?.sheet()).toBe(all[5]?.sheet());
  });

  it('is imported as soon as the model that holds it comes, before there is a view', async () => {
    const holder = new FakeModel(null, { code: 'the code', styles: '.ab-early{}' });
    const end = (loadingView((model) => bundleFor(model)) as View).initialize({ model: holder });
    await vi.advanceTimersByTimeAsync(1);
    expect(imported).toEqual(['the code']);
    expect([...document.adoptedStyleSheets].map((sheet) => sheet.cssRules[0]?.cssText).join()).toContain('.ab-early');
    expect(holder.sent).toEqual([]);
    expect(holder.listeners.size).toBe(0);
    await bundleFor(new FakeModel({}));
    expect(imported).toEqual(['the code']);
    end();
  });

  it.each([true, false])('has the browser ready before the first view, where there is none yet: %s', async (isFirst) => {
    let warmed = 0;
    const holder = new FakeModel(null, { code: 'the code', styles: '' });
    const load = (model: HostModel) =>
      pageBundle(`build ${build}`, model, async () => ({ default: () => ({}), warm: () => void warmed++ }));
    const end = (loadingView(load) as View).initialize({ model: holder });
    if (!isFirst) (await load(new FakeModel(null))).make();
    await vi.advanceTimersByTimeAsync(3_000);
    expect(warmed).toBe(isFirst ? 1 : 0);
    end();
  });

  it('is that of each build where a page holds two', async () => {
    await bundleFor(new FakeModel(HELD), `one ${build}`);
    await bundleFor(new FakeModel({ b1: { code: 'other code', styles: '' } }), `two ${build}`);
    expect(imported).toEqual(['the code', 'other code']);
  });

  it.each([
    ['knows no such model', {}],
    ['has a model without code', { b1: { code: '', styles: '' } }],
    ['has no way to other models', null],
  ])('comes from the kernel where the host %s', async (_name, models) => {
    const model = new FakeModel(models);
    const bundle = bundleFor(model);
    await vi.advanceTimersByTimeAsync(1);
    expect(model.sent).toEqual([{ type: 'bundle' }]);
    model.hears({ type: 'link', url: 'ws://127.0.0.1:1/ws' });
    model.hears({ type: 'bundle', code: 'from the kernel', styles: '' });
    await bundle;
    expect(imported).toEqual(['from the kernel']);
    expect(model.listeners.size).toBe(0);
  });

  it('cannot be had without model and kernel, and the next view tries again', async () => {
    const model = new FakeModel({});
    model.isGone = true;
    await expect(bundleFor(model)).rejects.toThrow('The kernel that made this view is gone.');
    await bundleFor(new FakeModel(HELD));
    expect(imported).toEqual(['the code']);
  });

  it('is tried by a view whose kernel lives while that of another does not answer', async () => {
    const silent = bundleFor(new FakeModel({}));
    const refused = expect(silent).rejects.toThrow('does not answer');
    const living = bundleFor(new FakeModel(HELD));
    await vi.advanceTimersByTimeAsync(31_000);
    await refused;
    await living;
    expect(imported).toEqual(['the code']);
  });
});

describe('a view whose code is on its way', () => {
  const heard: unknown[] = [];
  let ended = 0;
  const entry: Entry = {
    initialize: ({ model }) => {
      const hear: Listener = (content, buffers) => void heard.push([content, buffers]);
      model.on('msg:custom', hear);
      return () => {
        ended++;
        model.off('msg:custom', hear);
      };
    },
    render: (context) => {
      (context as { el: HTMLElement }).el.textContent = 'drawn';
      return () => {
        (context as { el: HTMLElement }).el.textContent = '';
      };
    },
  };
  const deferred = () => {
    let resolve: (bundle: Bundle) => void = () => {};
    let reject: (error: Error) => void = () => {};
    const promise = new Promise<Bundle>((yes, no) => {
      resolve = yes;
      reject = no;
    });
    const arrive = (): void => resolve({ make: () => entry, sheet: () => new CSSStyleSheet(), warm: () => {} });
    return { view: loadingView(() => promise) as View, arrive, reject };
  };
  const settle = () => vi.advanceTimersByTimeAsync(1);

  beforeEach(() => {
    heard.length = 0;
    ended = 0;
  });

  it('is initialized at once, and its code hears what the kernel said before it came', async () => {
    const { view, arrive } = deferred();
    const model = new FakeModel(HELD);
    view.initialize({ model });
    const bytes = [new DataView(new ArrayBuffer(3))];
    model.hears({ n: 1 });
    model.hears({ n: 2 }, bytes);
    arrive();
    await settle();
    model.hears({ n: 3 }, bytes);
    expect(heard).toEqual([
      [{ n: 1 }, []],
      [{ n: 2 }, bytes],
      [{ n: 3 }, bytes],
    ]);
    expect(model.listeners.size).toBe(1);
  });

  it('leaves nothing behind, whether it ends before its code comes or after', async () => {
    for (const isEarly of [true, false]) {
      const { view, arrive } = deferred();
      const model = new FakeModel(HELD);
      const end = view.initialize({ model });
      if (isEarly) end();
      arrive();
      await settle();
      if (!isEarly) end();
      expect(model.listeners.size).toBe(0);
      expect(ended).toBe(isEarly ? 0 : 1);
    }
  });

  it('is drawn when the code is there, with its styles, and taken away again', async () => {
    const { view, arrive } = deferred();
    const model = new FakeModel(HELD);
    const el = document.body.appendChild(document.createElement('div'));
    view.initialize({ model });
    const drawn = view.render({ model, el });
    await settle();
    expect(el.textContent).toBe('');
    arrive();
    const end = await drawn;
    expect(el.textContent).toBe('drawn');
    expect(document.adoptedStyleSheets.length).toBeGreaterThan(0);
    end();
    expect(el.textContent).toBe('');
  });

  it('is not drawn where it was taken away meanwhile', async () => {
    const { view, arrive } = deferred();
    const model = new FakeModel(HELD);
    const el = document.createElement('div');
    const gone = new AbortController();
    view.initialize({ model });
    const drawn = view.render({ model, el, signal: gone.signal });
    gone.abort();
    arrive();
    await drawn;
    expect(el.textContent).toBe('');
  });

  it('says why where the code cannot be had', async () => {
    const { view, reject } = deferred();
    const model = new FakeModel(HELD);
    const el = document.createElement('div');
    view.initialize({ model });
    const drawn = view.render({ model, el });
    reject(new Error('The kernel that made this view is gone.'));
    const end = await drawn;
    expect(el.textContent).toBe('AutoBench cannot show this view: The kernel that made this view is gone. Run the cell again.');
    end();
    expect(el.textContent).toBe('');
  });
});
