"""A real JupyterLab whose kernel is busy: lines go on arriving, nobody reconnects, and commands say that they wait."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import Lab, wait_until

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(240)]

PATIENCE_MS = 60_000

SERVE = """
import hashlib, pathlib, time
import autobench_nb as ab
bench = ab.Orchestrator("a busy bench", environ={{}}, request_sample=0.0)
bench.serve(thread={thread})
bench
"""
SLEEP = """
run = bench.run({{"the ticker": "n=0; while true; do n=$((n+1)); echo tick $n; sleep 0.1; done"}})
while not pathlib.Path("{name}-woken").exists():
    time.sleep(0.05)
"""
COMPUTE = """
log, digest, rounds, lines, due = bench.log("app"), b"", 0, 0, 0.0
while rounds % 10_000 or not pathlib.Path("{name}-done").exists():
    digest = hashlib.sha256(digest).digest()
    rounds += 1
    if time.monotonic() > due:
        due = time.monotonic() + 0.1
        lines += 1
        log.info(f"computed {{lines}}")
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


@pytest.mark.parametrize("thread", [False, True], ids=["on the notebook's loop", "thread=True"])
def test_while_a_cell_blocks_lines_arrive_and_nobody_reconnects(
    lab: Lab, page: Page, thread: bool
) -> None:
    name = f"busy-{thread}"
    cells = [cell.format(thread=thread, name=name) for cell in (SERVE, SLEEP, COMPUTE)]
    lab.write(f"{name}.ipynb", *cells)
    lab.open(page, f"{name}.ipynb")
    run(page, 0)
    dashboard = page.locator(".ab-dash").first
    badge = dashboard.locator(".ab-badge").first
    expect(badge).to_contain_text("live", timeout=PATIENCE_MS)
    rows = dashboard.locator(".ab-log-message")
    # The widget's messages were there first; from here on nothing better comes.
    expect(badge).to_contain_text("direct", timeout=PATIENCE_MS)
    connected = lab.evaluate(page, CONNECTED)

    # A cell that sleeps, with a job that prints.
    run(page, 1)
    expect(badge).to_contain_text("kernel busy", timeout=PATIENCE_MS)
    for line in ("tick 3", "tick 9"):
        expect(rows.filter(has_text=line).first).to_be_visible(timeout=PATIENCE_MS)
    expect(badge).to_contain_text("live")
    assert kernel(page) == "busy"
    dashboard.get_by_role("button", name="Cancel").first.click()
    if thread:
        expect(dashboard).to_contain_text("cancelled", timeout=PATIENCE_MS)
        assert kernel(page) == "busy"
    else:
        expect(dashboard.locator(".ab-notice")).to_contain_text("A command waits for the kernel.")
    (lab.folder / f"{name}-woken").touch()
    wait_until(lambda: kernel(page) == "idle", "the end of the cell that sleeps")
    expect(dashboard).to_contain_text("cancelled", timeout=PATIENCE_MS)
    expect(dashboard.locator(".ab-notice")).to_have_count(0)
    expect(badge).not_to_contain_text("kernel busy")

    # A cell that computes, and says so ten times a second.
    run(page, 2)
    for line in ("computed 3", "computed 9"):
        expect(rows.filter(has_text=line).first).to_be_visible(timeout=PATIENCE_MS)
    expect(badge).to_contain_text("kernel busy", timeout=PATIENCE_MS)
    assert kernel(page) == "busy"
    (lab.folder / f"{name}-done").touch()
    wait_until(lambda: kernel(page) == "idle", "the end of the cell that computes")

    assert lab.evaluate(page, CONNECTED) == connected
    lab.evaluate(page, "bench.close()")
