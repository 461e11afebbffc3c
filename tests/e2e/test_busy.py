"""A real JupyterLab whose kernel is busy: lines go on arriving, nobody reconnects, and commands say that they wait.

    AUTOBENCH_BUSY_S=60 python -m pytest tests/e2e/test_busy.py

has each cell block for a minute. Without the variable it takes as long as the lines do.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.e2e.conftest import PAGE_PATIENCE_MS, Lab, wait_until
from tests.e2e.hosts import need
from tests.e2e.links import row

LONG_S = float(os.environ.get("AUTOBENCH_BUSY_S", "0"))
"""For how many seconds each cell blocks at least: 60 is the long form, by hand."""

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(240 + 3 * LONG_S)]

PATIENCE_MS = 60_000

SERVE = """
import hashlib, pathlib, time
import autobench_nb as ab
bench = ab.Orchestrator("a busy bench", environ={{}}, request_sample=0.0)
bench.serve(thread={thread})
bench
"""
SLEEP = """
run = bench.run({{f"{{label}} ticker": f"n=0; while true; do n=$((n+1)); echo {{label}} tick $n; sleep 0.1; done"}})
while not pathlib.Path("{name}-woken").exists():
    time.sleep(0.05)
pathlib.Path("{name}-woken").unlink()
"""
COMPUTE = """
log, digest, rounds, lines, due = bench.log("app"), b"", 0, 0, 0.0
while rounds % 10_000 or not pathlib.Path("{name}-done").exists():
    digest = hashlib.sha256(digest).digest()
    rounds += 1
    if time.monotonic() > due:
        due = time.monotonic() + 0.1
        lines += 1
        log.info(f"{{label}} computed {{lines}}")
pathlib.Path("{name}-done").unlink()
"""
CONNECTED = "print(len(list(bench.logs.query('channel:websocket connected'))))"


def run(page: Page, cell: int) -> None:
    """Begin to run a cell."""
    page.evaluate(
        "(cell) => { jupyterapp.shell.currentWidget.content.activeCellIndex = cell; }", cell
    )
    Lab.execute(page, "notebook:run-cell")


def kernel(page: Page) -> str:
    status: str = page.evaluate(
        "() => jupyterapp.shell.currentWidget.sessionContext.session.kernel.status"
    )
    return status


LINKS = ("direct", "proxy", "widget messages")


@pytest.fixture(params=[False, True], ids=["on the notebook's loop", "thread=True"], scope="module")
def busy(request: pytest.FixtureRequest, lab: Lab, browser: Browser) -> Iterator[Busy]:
    """A live dashboard, by whichever link is chosen in its menu."""
    need("jupyter_server_proxy")
    name = f"busy-{request.param}"
    cells = [cell.format(thread=request.param, name=name) for cell in (SERVE, SLEEP, COMPUTE)]
    lab.write(f"{name}.ipynb", *cells)
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.set_default_timeout(PAGE_PATIENCE_MS)
    page = context.new_page()
    lab.open(page, f"{name}.ipynb")
    run(page, 0)
    dashboard = page.locator(".ab-dash").first
    expect(dashboard.locator(".ab-badge").first).to_contain_text("live", timeout=PATIENCE_MS)
    yield Busy(lab, page, dashboard, request.param, name)
    lab.evaluate(page, "bench.close()")
    context.close()


@dataclass
class Busy:
    """A dashboard whose kernel is to be busy."""

    lab: Lab
    page: Page
    dashboard: Locator
    thread: bool
    name: str

    def expect_lines(self, *lines: str) -> None:
        rows = self.dashboard.locator(".ab-log-message")
        for line in lines:
            expect(rows.filter(has_text=line).first).to_be_visible(timeout=PATIENCE_MS)

    def let_go(self, what: str) -> None:
        """The cell that waits for it ends."""
        (self.lab.folder / f"{self.name}-{what}").touch()
        wait_until(lambda: kernel(self.page) == "idle", "the end of the cell that blocks")

    def block_for(self, began: float) -> None:
        """In the long form, until the cell has blocked long enough."""
        wait_until(lambda: time.monotonic() > began + LONG_S, "the end of a long while", LONG_S + 5)

    def connections(self) -> str:
        return self.lab.evaluate(self.page, CONNECTED)


@pytest.mark.parametrize("link", LINKS)
def test_while_a_cell_blocks_lines_arrive_and_nobody_reconnects(busy: Busy, link: str) -> None:
    lab, page, dashboard = busy.lab, busy.page, busy.dashboard
    badge = dashboard.locator(".ab-badge").first
    row(dashboard, link).get_by_role("radio").check()
    expect(badge).to_contain_text(link, timeout=PATIENCE_MS)
    connected = busy.connections()

    began = time.monotonic()

    # A cell that sleeps, with a job that prints.
    lab.evaluate(page, f"label = {link!r}")
    run(page, 1)
    expect(badge).to_contain_text("kernel busy", timeout=PATIENCE_MS)
    busy.expect_lines(f"{link} tick 3", f"{link} tick 9")
    expect(badge).to_contain_text("live")
    expect(badge).to_contain_text(link)
    busy.block_for(began)
    assert kernel(page) == "busy"
    dashboard.get_by_role("button", name=f"Cancel {link} ticker").click()
    ended = dashboard.locator(".ab-run-line").filter(has_text=f"{link} ticker")
    if busy.thread and link != "widget messages":
        expect(ended).to_contain_text("cancelled", timeout=PATIENCE_MS)
        assert kernel(page) == "busy"
    elif not busy.thread:
        expect(dashboard.locator(".ab-notice")).to_contain_text("A command waits for the kernel.")
    busy.let_go("woken")
    expect(ended).to_contain_text("cancelled", timeout=PATIENCE_MS)
    expect(dashboard.locator(".ab-notice")).to_have_count(0)
    expect(badge).not_to_contain_text("kernel busy")

    # A cell that computes, and says so ten times a second.
    began = time.monotonic()
    run(page, 2)
    busy.expect_lines(f"{link} computed 3", f"{link} computed 9")
    expect(badge).to_contain_text("kernel busy", timeout=PATIENCE_MS)
    expect(badge).to_contain_text(link)
    busy.block_for(began)
    assert kernel(page) == "busy"
    busy.let_go("done")

    assert busy.connections() == connected
