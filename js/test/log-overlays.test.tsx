// @vitest-environment happy-dom
import { signal } from '@preact/signals';
import { type ComponentChild, render } from 'preact';
import { afterEach, describe, expect, it } from 'vitest';
import type { Client } from '../src/client';
import { LogStore } from '../src/logs/store/store';
import { KeySheet } from '../src/views/log/keys/KeySheet';
import { Actions } from '../src/views/log/model/actions';
import { PaneModel } from '../src/views/log/model/model';
import { Menu } from '../src/views/log/toolbar/Menu';

const cleanups: (() => void)[] = [];
afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup();
});

function show(child: ComponentChild): HTMLElement {
  const box = document.body.appendChild(document.createElement('div'));
  cleanups.push(() => {
    render(null, box);
    box.remove();
  });
  render(child, box);
  return box;
}

function modelOfPane(): PaneModel {
  const client = { logs: new LogStore(), state: signal(null), epoch: signal('e1'), status: signal({ phase: 'live' }) };
  const model = new PaneModel(client as unknown as Client, { storageKey: 'overlays' }, {});
  cleanups.push(() => model.close());
  return model;
}

describe('what opens over the rows', () => {
  it('has the focus as soon as it is there, and takes it from nothing that is focused later', async () => {
    const model = modelOfPane();
    const menu = show(<Menu model={model} actions={new Actions(model)} />);
    expect(document.activeElement).toBe(menu.querySelector('input'));
    const context = menu.querySelector<HTMLElement>('input[type=number]');
    context?.focus();
    // Effects that come after the picture have run.
    await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
    expect(document.activeElement).toBe(context);

    const sheet = show(<KeySheet onClose={() => {}} />);
    expect(document.activeElement).toBe(sheet.querySelector('button'));
  });
});
