/** The pane's main facts, each with a server of its own. Names are those of the tests that pytest shows. */

import assert from 'node:assert/strict';

const numbered = (from, to, text = 'line') => Array.from({ length: to - from }, (_, k) => `${text} ${from + k}`);

export const SCENARIOS = {
  async 'lines arrive live, the newest on top, without the plumbing'(pane) {
    await pane.open();
    await pane.has('.ab-log-empty', 'No line has been logged yet');
    await pane.log('first', { message: 'second', level: 'warn' });
    await pane.shows('second', 'first');
    await pane.has('.ab-log-foot', '2 of 2 shown');
    await pane.has('.ab-log-facetnote', 'muted at first');
  },

  async 'the query filters, says what is wrong, and is cleared'(pane) {
    await pane.open();
    await pane.log('volt', { message: 'hot', level: 'warn' }, { message: 'picture 7', channel: 'cam' });
    await pane.ask('level>=warn');
    await pane.shows('hot');
    await pane.ask('/picture \\d/ -channel:psu');
    await pane.shows('picture 7');
    await pane.ask('level:loud');
    await pane.has('.ab-log-error', 'expected a level');
    await pane.click('.ab-log-clear');
    await pane.shows('picture 7', 'hot', 'volt');
  },

  async 'what is searched is what is seen, and it is marked'(pane) {
    await pane.open();
    await pane.log('\u001b[1mfa\u001b[0miled', 'fine', 'pay \u202e0001');
    await pane.ask('/\\bfailed\\b/');
    await pane.shows('failed');
    const marked = await pane.page.$$eval('.ab-log mark', (all) => all.map((one) => one.innerText).join(''));
    assert.equal(marked, 'failed');
    await pane.ask('U+202E');
    await pane.shows('pay ‹U+202E›0001');
    await pane.ask('1mfa');
    await pane.has('.ab-log-empty', 'None of');
  },

  async 'facets mute, show alone, and stand by their counts'(pane) {
    await pane.open();
    await pane.log('a', 'b', 'c', { message: 'picture', channel: 'cam' });
    await pane.click('[aria-label="Channel"] .ab-log-facetname', 'psu');
    await pane.shows('picture');
    await pane.click('[aria-label="Channel"] .ab-log-facetname', 'psu');
    await pane.shows('picture', 'c', 'b', 'a');
    const labels = await pane.page.$$eval('[aria-label="Channel"] .ab-log-facetlabel', (all) =>
      all.map((one) => one.innerText),
    );
    assert.match(labels.slice(0, 2).join(), /psu.*,.*cam/);
  },

  async 'the histogram is brushed into a time range'(pane) {
    await pane.open();
    const now = Date.now();
    await pane.log(...numbered(0, 60).map((message, n) => ({ message, ts: now - 60_000 + n * 1_000 })));
    await pane.has('.ab-log-foot', '60 of 60 shown');
    const box = await (await pane.page.$('.ab-log-plot .u-over')).boundingBox();
    await pane.page.mouse.move(box.x + box.width * 0.25, box.y + 20);
    await pane.page.mouse.down();
    await pane.page.mouse.move(box.x + box.width * 0.5, box.y + 20, { steps: 5 });
    await pane.page.mouse.up();
    await pane.until(
      () => /^since:\S+ until:\S+$/.test(document.querySelector('.ab-log-query input').value),
      'the range stands in the query',
    );
    await pane.until(() => /^1\d of 60/.test(document.querySelector('.ab-log-shown').innerText), 'a quarter is shown');
  },

  async 'matches are located among all lines and walked'(pane) {
    await pane.open();
    await pane.log(...numbered(0, 12).map((text, n) => (n % 5 === 2 ? `${text} hit` : text)));
    await pane.ask('hit');
    await pane.shows('line 7 hit', 'line 2 hit');
    await pane.press('m');
    await pane.has('.ab-hit', 'line 7 hit');
    await pane.has('.ab-log-row', 'line 5');
    await pane.press('n');
    await pane.has('.ab-current', 'line 7 hit');
    await pane.has('.ab-log-count', '1 / 2');
    await pane.press('n', 'n');
    await pane.has('.ab-current', 'line 7 hit');
  },

  async 'from a context one comes back'(pane) {
    await pane.open();
    await pane.log(...numbered(0, 9).map((message, n) => ({ message, level: n === 4 ? 'warn' : 'info' })));
    await pane.ask('level>=warn');
    await pane.shows('line 4');
    await pane.press('j', 'Enter');
    await pane.click('.ab-log-verbs button', 'in context');
    await pane.has('.ab-log-context', 'In context');
    await pane.has('.ab-log-row', 'line 3');
    await pane.click('.ab-log-context button', 'Back to');
    await pane.lacks('.ab-log-context');
    await pane.shows('line 4');
    assert.equal(await pane.page.$eval('.ab-current', (row) => row.innerText.includes('line 4')), true);
  },

  async 'scrolled away nothing moves, and the foot counts and follows'(pane) {
    await pane.open();
    await pane.log(...numbered(0, 200));
    await pane.has('.ab-log-row', 'line 199');
    const grid = await (await pane.page.$('.ab-log [role="grid"]')).boundingBox();
    await pane.page.mouse.move(grid.x + 300, grid.y + 100);
    await pane.page.mouse.wheel({ deltaY: 420 });
    await pane.has('.ab-log-follow[aria-pressed="false"]', 'Follow');
    const before = await pane.drawn();
    await pane.log(...numbered(0, 3, 'new'));
    await pane.has('.ab-log-new', '3 new lines');
    assert.deepEqual(await pane.drawn(), before);
    await pane.click('.ab-log-follow');
    await pane.has('.ab-log-row', 'new 2');
  },

  async 'a pause holds the rows and counts what waits'(pane) {
    await pane.open();
    await pane.log('before');
    await pane.shows('before');
    await pane.press(' ');
    await pane.log('after', 'later');
    await pane.has('.ab-log-follow', '2 lines wait');
    await pane.shows('before');
    await pane.click('.ab-log-pause');
    await pane.shows('later', 'after', 'before');
  },

  async 'keys open, pin, select, wrap and turn the order round'(pane) {
    await pane.open();
    await pane.log('one', { message: 'two', fields: { volt: 11.98 }, exc: 'Traceback\n  oops' });
    await pane.shows('▸two1 line of traceback{volt: 11.98}', 'one').catch(() => pane.has('.ab-log-row', 'two'));
    await pane.press('j', 'Enter');
    await pane.has('.ab-log-detail', 'oops');
    await pane.press('p');
    await pane.has('.ab-log-pins', 'two');
    await pane.press('Escape', 's', 'w');
    await pane.until(() => document.querySelector('.ab-log-scroller.ab-wrap') !== null, 'lines wrap');
    await pane.until(() => document.querySelector('.ab-log-row').innerText.includes('one'), 'the oldest stands on top');
    await pane.press('?');
    await pane.has('[role="dialog"]', 'search');
    await pane.page.keyboard.press('Escape');
    await pane.lacks('[role="dialog"]');
    await pane.page.keyboard.press('/');
    await pane.until(() => document.activeElement.matches('.ab-log-query input'), 'the search has the focus');
  },

  async 'ten thousand lines are some rows, from end to end'(pane) {
    await pane.open();
    for (let first = 0; first < 10_000; first += 2_500) await pane.log(...numbered(first, first + 2_500));
    await pane.has('.ab-log-foot', '10,000 of 10,000 shown');
    await pane.press('End');
    await pane.has('.ab-log-row', 'line 0');
    assert.ok((await pane.drawn()).length < 80);
    await pane.press('Home');
    await pane.has('.ab-log-row', 'line 9999');
  },

  async 'loss is a row and figures that add up'(pane) {
    await pane.open();
    for (let first = 0; first < 30_000; first += 3_000) await pane.log(...numbered(first, first + 3_000));
    await pane.has('.ab-log-lostcount', 'lost');
    await pane.until(() => {
      const numbers = [...document.querySelectorAll('.ab-log-account > *')].map((one) => one.innerText.replaceAll(',', ''));
      const figure = (word) => Number(numbers.find((text) => text.endsWith(word))?.match(/(\d+) \D*$/)?.[1] ?? 0);
      const page = Number(numbers[0].match(/of (\d+) shown/)[1]);
      const written = figure('written');
      return written > 30_000 && page + figure('muted') + figure('more in the ring') + figure('lost') === written;
    }, 'page, ring and loss add up to what was written');
    await pane.press('End');
    await pane.has('.ab-log-gap', 'lost from the ring');
  },

  async 'a file has what was asked for'(pane) {
    await pane.open();
    await pane.log('volt', { message: 'Ärger', level: 'warn' });
    await pane.shows('Ärger', 'volt');
    await pane.ask('level>=warn');
    await pane.press('m', 'e');
    await pane.page.evaluate(() => {
      const make = URL.createObjectURL.bind(URL);
      URL.createObjectURL = (blob) => {
        blob.text().then((text) => {
          window.saved = text;
        });
        return make(blob);
      };
    });
    await pane.click('.ab-log-menu button', 'CSV');
    const text = await pane.until(() => window.saved, 'a file is made');
    assert.match(text, /^seq,ts,/);
    assert.match(text, /Ärger/);
    assert.doesNotMatch(text, /volt/);
  },

  async 'at 330 px everything has its place'(pane) {
    await pane.open(330);
    await pane.log(...numbered(0, 30));
    await pane.has('.ab-log-row', 'line 29');
    const wide = await pane.page.evaluate(() =>
      ['.ab-log', '.ab-log-tools', '.ab-log-foot'].filter((css) => {
        const element = document.querySelector(css);
        return element.scrollWidth > element.clientWidth;
      }),
    );
    assert.deepEqual(wide, []);
    const tops = await pane.page.$$eval('.ab-log-tools > *', (all) =>
      all.filter((one) => one.offsetParent).map((one) => one.getBoundingClientRect().top),
    );
    assert.ok(tops.filter((top) => Math.abs(top - Math.max(...tops)) < 8).length > 1, 'no button stands alone');
    await pane.click('.ab-log-facetbutton');
    await pane.has('.ab-log-facets', 'CHANNEL').catch(() => pane.has('.ab-log-facets', 'Channel'));
  },
};
