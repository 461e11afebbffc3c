"""Hosts of notebooks besides JupyterLab: Notebook 7 and marimo."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, WebSocketRoute, expect

from tests.e2e.conftest import ROOT, Lab, end_group, wait_until
from tests.e2e.hosts import free_ports, listens, need
from tests.e2e.links import BENCH, holds_all, row, uses

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(300)]

Folders = pytest.TempPathFactory
PATIENCE_MS = 60_000
IDLE = "() => jupyterapp.shell.currentWidget?.sessionContext?.session?.kernel?.status === 'idle'"
MARIMO = """
import marimo

app = marimo.App()


@app.cell
def _():
    import threading
    import autobench_nb as ab

    bench = ab.Orchestrator("in marimo", environ={}, request_sample=0.0)
    stop = threading.Event()

    def tick():
        n = 0
        while not stop.wait(0.1):
            bench.log("tick").info(f"tick {n}")
            n += 1

    threading.Thread(target=tick, daemon=True).start()
    bench.dashboard()
    return
"""


def hold_sockets_up(page: Page) -> list[WebSocketRoute]:
    """Every socket of the page to an orchestrator is held up, direct and through a proxy; those that were tried."""
    held: list[WebSocketRoute] = []
    page.route_web_socket("**/ws?nonce=*", lambda route: held.append(route))
    return held


def test_in_notebook_7_the_first_picture_comes_by_widget_message(
    lab: Lab, context: BrowserContext
) -> None:
    need("notebook")
    page = context.new_page()
    held = hold_sockets_up(page)
    lab.write("notebook-7-first.ipynb", BENCH, "bench")
    page.goto(f"{lab.url}notebooks/notebook-7-first.ipynb?token={lab.token}")
    page.wait_for_function(f"() => window.jupyterapp && ({IDLE})()", timeout=PATIENCE_MS)
    lab.run_all(page)
    dashboard = page.locator(".ab-dash")
    uses(dashboard, "widget messages")
    expect(dashboard.locator('[role="grid"]')).to_contain_text("tick")
    assert held, "the socket was tried meanwhile"


def test_in_marimo_the_first_picture_comes_by_widget_message(marimo_url: str, page: Page) -> None:
    held = hold_sockets_up(page)
    page.goto(marimo_url)
    dashboard = page.locator(".ab-dash")
    expect(dashboard.locator(".ab-badge")).to_contain_text("live", timeout=PATIENCE_MS)
    uses(dashboard, "widget messages")
    expect(dashboard.locator(".ab-log-message").filter(has_text="tick").first).to_be_visible()
    assert held, "the socket was tried meanwhile"


def test_in_notebook_7_it_is_live_with_its_rows_by_each_link_and_after_a_reload(
    lab: Lab, context: BrowserContext
) -> None:
    """Served by the JupyterLab that the tests share: Notebook 7 is another front end of the same server."""
    need("notebook")
    page, errors = context.new_page(), []
    page.on("pageerror", lambda error: errors.append(f"{error}\n{error.stack}"))
    lab.write("notebook-7.ipynb", BENCH, "bench")
    address = f"{lab.url}notebooks/notebook-7.ipynb?token={lab.token}"
    page.goto(address)
    page.wait_for_function(f"() => window.jupyterapp && ({IDLE})()", timeout=PATIENCE_MS)
    lab.run_all(page)
    dashboard = page.locator(".ab-dash")
    uses(dashboard, "direct")
    grid = dashboard.locator('[role="grid"]')
    expect(grid).to_contain_text("tick")
    for link in ("widget messages", "proxy"):
        row(dashboard, link).get_by_role("radio").check()
        uses(dashboard, link)
        Lab.evaluate(page, f"bench.log('app').info('by {link}')")
        expect(grid).to_contain_text(f"by {link}")
    Lab.save(page)
    page.reload()
    expect(dashboard.locator(".ab-badge")).to_contain_text("live", timeout=PATIENCE_MS)
    expect(grid).to_contain_text("tick")
    page.wait_for_function(f"() => window.jupyterapp && ({IDLE})()", timeout=PATIENCE_MS)
    holds_all(page)
    # Notebook itself misses a plugin's settings where a JupyterLab serves it.
    own = "static/notebook/"
    assert [one for one in errors if own not in one and "ResizeObserver loop" not in one] == []


@pytest.fixture(scope="module")
def marimo_url(browser: Browser, tmp_path_factory: Folders) -> Iterator[str]:
    """A marimo that runs a notebook as an app."""
    need("marimo")
    home = tmp_path_factory.mktemp("marimo")
    notebook = home / "bench.py"
    notebook.write_text(MARIMO)
    (port,) = free_ports(1)
    env = {**os.environ, "HOME": str(home), "XDG_CONFIG_HOME": str(home / "config")}
    env["PYTHONPATH"] = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    with (home / "marimo.log").open("wb") as log:
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "marimo", "-q", "run", str(notebook)),
                *("--headless", "--no-token", "--host=127.0.0.1", f"--port={port}"),
            ],
            cwd=home,
            env=env,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        wait_until(lambda: listens(port) or ended(process, home), "marimo")
        yield f"http://127.0.0.1:{port}/"
    finally:
        end_group(process)


def ended(process: subprocess.Popen[bytes], home: Path) -> bool:
    if process.poll() is not None:
        pytest.fail("marimo ended: " + (home / "marimo.log").read_text()[-3_000:])
    return False


def test_in_marimo_it_is_live_with_its_rows_by_socket_and_widget_messages_and_after_a_reload(
    marimo_url: str, page: Page
) -> None:
    page.goto(marimo_url)
    dashboard = page.locator(".ab-dash")
    badge = dashboard.locator(".ab-badge")
    newest = dashboard.locator(".ab-log-message").filter(has_text="tick").first
    expect(badge).to_contain_text("live", timeout=PATIENCE_MS)
    uses(dashboard, "direct")
    expect(row(dashboard, "proxy")).to_contain_text("not one of a Jupyter server")
    for link in ("widget messages", "direct"):
        row(dashboard, link).get_by_role("radio").check()
        uses(dashboard, link)
        shown = newest.inner_text()
        expect(newest).not_to_have_text(shown)
    page.reload()
    expect(badge).to_contain_text("live", timeout=PATIENCE_MS)
    expect(newest).to_be_visible()
    shown = newest.inner_text()
    expect(newest).not_to_have_text(shown)
