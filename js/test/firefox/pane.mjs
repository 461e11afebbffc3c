/** What the scenarios share: a pane in a page of Firefox, what it shows, and lines that another program logs. */

/** How long a fact may take to come about, in ms. */
const TIMEOUT_MS = 20_000;

export class Pane {
  constructor(page, server) {
    this.page = page;
    this.server = server;
  }

  /** Sign in and wait until the page is live. `width` in px. */
  async open(width = 1280) {
    await this.resize(width, 800);
    await this.page.goto(this.server.login);
    await this.until(() => document.querySelector('.ab-badge')?.textContent.includes('live'), 'the page is live');
    await this.until(() => document.querySelector('.ab-log-foot')?.textContent.includes('shown'), 'the pane is drawn');
  }

  /** A page of that size, in px. */
  async resize(width, height) {
    try {
      await this.page.setViewport({ width, height });
    } catch (error) {
      // It turns the screen, too, which Firefox 140 ESR cannot; the size is set all the same.
      if (!error.message.includes('setScreenOrientationOverride')) throw error;
    }
    await this.until((wanted) => innerWidth === wanted, `the page is ${width} px wide`, width);
  }

  /** Log lines over HTTP: texts, or objects of the wire; of the channel `psu` where they name none. */
  async log(...entries) {
    const lines = entries.map((one) => ({
      channel: 'psu',
      level: 'info',
      ...(typeof one === 'string' ? { message: one } : one),
    }));
    const answer = await fetch(`${this.server.url}api/logs`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${this.server.token}`, 'Content-Type': 'application/json' },
      body: JSON.stringify(lines),
    });
    if (!answer.ok) throw new Error(`the lines were not taken: ${answer.status} ${await answer.text()}`);
  }

  /** Wait until a function of the page gives something true; what it gave. */
  async until(fact, what, ...args) {
    // Puppeteer's own wait compiles a function in the page, which the page's security policy forbids there.
    const end = Date.now() + TIMEOUT_MS;
    for (;;) {
      const found = await this.page.evaluate(fact, ...args);
      if (found) return found;
      if (Date.now() > end) break;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    const seen = await this.page.evaluate(() => document.querySelector('.ab-log')?.innerText ?? document.body.innerText);
    throw new Error(`it did not come about that ${what}; seen:\n${seen.slice(0, 1_500)}`);
  }

  /** Wait until exactly these messages are drawn, from the top. */
  async shows(...messages) {
    await this.until(
      (wanted) => {
        const drawn = [...document.querySelectorAll('.ab-log-row .ab-log-message')].map((one) => one.innerText.trim());
        return JSON.stringify(drawn) === wanted;
      },
      `exactly these lines are shown: ${messages.join(' | ')}`,
      JSON.stringify(messages),
    );
  }

  /** Wait until an element of the pane has this text. */
  has(selector, text) {
    return this.until(
      (css, wanted) => [...document.querySelectorAll(`.ab-log ${css}`)].some((one) => one.innerText.includes(wanted)),
      `${selector} says “${text}”`,
      selector,
      text,
    );
  }

  /** Wait until the pane has no such element. */
  lacks(selector) {
    return this.until((css) => document.querySelector(`.ab-log ${css}`) === null, `there is no ${selector}`, selector);
  }

  async ask(query) {
    await this.page.focus('.ab-log-query input');
    await this.page.keyboard.down('Control');
    await this.page.keyboard.press('a');
    await this.page.keyboard.up('Control');
    await this.page.keyboard.press('Backspace');
    if (query !== '') await this.page.keyboard.type(query);
    await this.until((wanted) => document.querySelector('.ab-log-query input').value === wanted, `${query} is asked`, query);
  }

  /** Press keys as one whose focus is on the rows. */
  async press(...keys) {
    await this.page.focus('.ab-log [role="grid"]');
    for (const key of keys) await this.page.keyboard.press(key);
  }

  /** A click of the mouse on the element that is seen there: it fails where another one lies over it. */
  async click(selector, text = '', count = 1) {
    const place = await this.until(
      (css, wanted) => {
        const found = [...document.querySelectorAll(css)].find((one) => one.innerText.includes(wanted) && one.offsetParent);
        if (!found) return null;
        found.scrollIntoView({ block: 'nearest' });
        const { left, top, width, height } = found.getBoundingClientRect();
        const [x, y] = [left + Math.min(width / 2, 200), top + Math.min(height / 2, 10)];
        return found.contains(document.elementFromPoint(x, y)) ? { x, y } : null;
      },
      `${selector} “${text}” can be clicked`,
      selector,
      text,
    );
    await this.page.mouse.click(place.x, place.y, { count });
  }

  /** The messages of the rows that are drawn. */
  drawn() {
    return this.page.$$eval('.ab-log-row .ab-log-message', (all) => all.map((one) => one.innerText.trim()));
  }
}
