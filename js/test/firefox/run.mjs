/**
 * `node run.mjs FIREFOX < requests`: the pane's main facts in a Firefox that is driven over WebDriver BiDi.
 *
 * Each line of input asks for one of them, as JSON: `name`, and of the server `login`, `url` and `token`. Each is answered by
 * a line: `{"ok": true}`, or the error. Without a name the answer is the names there are. It ends with its input.
 */

import { createInterface } from 'node:readline';
import puppeteer from 'puppeteer-core';
import { Pane } from './pane.mjs';
import { SCENARIOS } from './scenarios.mjs';

const answer = (said) => process.stdout.write(`${JSON.stringify(said)}\n`);
const browser = await puppeteer.launch({ browser: 'firefox', executablePath: process.argv[2], headless: true });
try {
  for await (const line of createInterface({ input: process.stdin })) {
    const { name, ...server } = JSON.parse(line);
    if (name === undefined) answer({ names: Object.keys(SCENARIOS) });
    else answer(await outcome(name, server));
  }
} finally {
  await browser.close();
}

async function outcome(name, server) {
  const context = await browser.createBrowserContext();
  const page = await context.newPage();
  const errors = [];
  page.on('pageerror', (error) => errors.push(String(error)));
  try {
    await SCENARIOS[name](new Pane(page, server));
    const left = errors.filter((text) => !text.includes('ResizeObserver loop'));
    return left.length ? { error: `the page threw: ${left.join('; ')}` } : { ok: true };
  } catch (error) {
    return { error: String(error.stack ?? error) };
  } finally {
    await context.close();
  }
}
