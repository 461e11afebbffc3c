"""What the tests of links share: a bench in a kernel, the badge, and what the page holds of the log."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from tests.e2e.conftest import PAGE_PATIENCE_MS, Lab, wait_until

BENCH = """
import threading
import autobench_nb as ab
bench = ab.Orchestrator(name="links", log_capacity=200_000, ws_reconnect_min_ms=100, ws_reconnect_max_ms=1_000)
stop = threading.Event()

def tick():
    n = 0
    while not stop.wait(0.02):
        bench.log("tick").info(f"tick {n}")
        n += 1

threading.Thread(target=tick, daemon=True).start()
"""
"""Logs fifty lines a second, until ``stop`` is set."""
QUIET = """
import autobench_nb as ab
bench = ab.Orchestrator(name="links", log_capacity=200_000)
"""

HELD = """
(epoch) => {
  const runtimes = [...globalThis[Symbol.for('autobench-nb/1')].values()];
  const { logs } = runtimes[0].clientFor(epoch);
  const seqs = Array.from({ length: logs.size }, (_, i) => logs.seq(i));
  return { seqs, missed: logs.missed, nextSeq: logs.nextSeq };
}
"""
WATCH = """
() => {
  window.seen = new Set();
  const look = () => {
    for (const badge of document.querySelectorAll('.ab-dash .ab-badge')) window.seen.add(badge.className);
    for (const one of document.querySelectorAll('.ab-dash :is(.ab-notice, .ab-stuck, .ab-skeleton, .ab-log-lost)')) {
      window.seen.add(one.className);
    }
  };
  new MutationObserver(look).observe(document.body, { subtree: true, childList: true, attributes: true });
}
"""
"""Keeps every look that the badge had, and every notice that there was."""


@pytest.fixture(scope="module")
def warm(browser: Browser) -> Iterator[BrowserContext]:
    """One for all tests of a file: it has JupyterLab's code at hand, which a new one has to load and compile."""
    made = browser.new_context(viewport={"width": 1280, "height": 900})
    made.set_default_timeout(PAGE_PATIENCE_MS)
    yield made
    made.close()


@pytest.fixture
def context(warm: BrowserContext, lab: Lab) -> Iterator[BrowserContext]:
    """As a new one, but for what it has loaded: no page, no cookie, nothing kept."""
    yield warm
    for page in warm.pages:
        page.close()
    page = warm.new_page()
    page.goto(f"{lab.url}api")
    page.evaluate("() => { localStorage.clear(); sessionStorage.clear(); }")
    page.close()
    warm.clear_cookies()


def show(lab: Lab, page: Page, name: str, setup: str = BENCH) -> Locator:
    """Show a bench's dashboard in a notebook; it is live."""
    lab.write(name, setup, "bench")
    lab.open(page, name)
    lab.run_all(page)
    dashboard = page.locator(".ab-dash")
    expect(dashboard.locator(".ab-badge")).to_contain_text("live")
    return dashboard


def uses(dashboard: Locator, link: str) -> None:
    """The badge says live, and by this link."""
    badge = dashboard.locator(".ab-badge")
    expect(badge).to_contain_text("live")
    expect(badge).to_contain_text(link)


def held(page: Page, epoch: str) -> dict[str, Any]:
    """The seqs that the page holds, how many it missed, and where it stands."""
    told: dict[str, Any] = page.evaluate(HELD, epoch)
    return told


def holds_all(page: Page) -> None:
    """Once nothing is logged any more: the page holds each line once, and missed none."""
    Lab.evaluate(page, "stop.set()")
    epoch = Lab.evaluate(page, "print(bench.epoch)")

    def stands() -> bool:
        # A client that comes or goes is a line, too.
        end = int(Lab.evaluate(page, "print(bench.logs.next_seq)"))
        return bool(held(page, epoch)["seqs"] == list(range(end)))

    wait_until(stands, f"every line once: {held(page, epoch)}", 20)
    assert held(page, epoch)["missed"] == 0


def row(dashboard: Locator, link: str) -> Locator:
    """The link's row in the menu, which is unfolded."""
    if not dashboard.locator(".ab-links").count():
        dashboard.locator(".ab-badge-open").click()
    return dashboard.locator(".ab-links-row").filter(has_text=link)
