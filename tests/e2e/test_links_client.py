"""A pane of a client, whose server is in another process, where widget messages alone lead to the kernel.

The browser is on another machine, and its JupyterLab has no jupyter-server-proxy.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.e2e.conftest import Lab, wait_until
from tests.e2e.hosts import NO_PROXY, Elsewhere, lab_behind_proxy
from tests.e2e.links import row, uses
from tests.e2e.test_links_hub import elsewhere as elsewhere
from tests.e2e.test_links_hub import far_browser as far_browser
from tests.e2e.test_links_hub import page as page
from tests.e2e.test_links_hub import said_nothing_to_a_stranger
from tests.far import READ_TOKEN, TOKEN, Far, far_away

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(420)]

BY_CLIENT = "widget messages by a client"
BLOCK = """
import pathlib, time
while not pathlib.Path("woken").exists():
    time.sleep(0.05)
pathlib.Path("woken").unlink()
"""


@pytest.fixture(scope="module")
def bare_lab(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """Behind a reverse proxy, without jupyter-server-proxy."""
    folder, home = tmp_path_factory.mktemp("bare"), tmp_path_factory.mktemp("home")
    with lab_behind_proxy(folder, home, NO_PROXY) as lab:
        yield lab


@pytest.fixture
def far() -> Iterator[Far]:
    with far_away() as one:
        yield one


def show(lab: Lab, page: Page, far: Far, name: str, *more: str, token: str = TOKEN) -> Locator:
    """A dashboard of a client in a notebook; it is live."""
    connect = f"import autobench_nb as ab\nclient = await ab.connect({far.url!r}, {token!r})"
    lab.write(name, connect, "ab.Dashboard(client)", *more)
    lab.open(page, name)
    for cell in (0, 1):
        run(page, cell)
    dashboard = page.locator(".ab-dash")
    uses(dashboard, BY_CLIENT)
    return dashboard


def run(page: Page, cell: int) -> None:
    """Begin to run a cell."""
    page.evaluate(
        "(cell) => { jupyterapp.shell.currentWidget.content.activeCellIndex = cell; }", cell
    )
    Lab.execute(page, "notebook:run-cell")


def says(far: Far, dashboard: Locator, line: str) -> None:
    """The far bench logs a line, and the pane shows it."""
    far.do(f"bench.log('app').info({line!r})")
    expect(dashboard.locator(".ab-log-message").filter(has_text=line)).to_be_visible()


def test_it_is_live_obeys_outlives_the_server_and_ends_with_the_client(
    bare_lab: Lab, page: Page, far: Far, elsewhere: Elsewhere
) -> None:
    far.do("bench.log('app').info('before')")
    dashboard = show(bare_lab, page, far, "client.ipynb", BLOCK)
    badge = dashboard.locator(".ab-badge")
    expect(dashboard.locator(".ab-log-message").filter(has_text="before")).to_be_visible()
    says(far, dashboard, "a live line")
    expect(row(dashboard, "direct")).to_contain_text("not this machine")
    expect(row(dashboard, "proxy")).to_contain_text("not installed")
    expect(row(dashboard, "widget messages")).to_contain_text(
        "through this notebook’s client, at most 50 messages a second"
    )

    # A command.
    far.do("globals().update(run=bench.run({'endless': 'sleep 600'}))")
    dashboard.get_by_role("button", name="Cancel").first.click()
    wait_until(lambda: far.do("run.jobs[0].status") == "cancelled", "the cancel")

    # A cell of this kernel blocks.
    run(page, 2)
    expect(badge).to_contain_text("kernel busy")
    says(far, dashboard, "while a cell runs")
    expect(badge).to_contain_text(BY_CLIENT)
    (bare_lab.folder / "woken").touch()
    expect(badge).not_to_contain_text("kernel busy")

    # The server is killed, and another one stands in its place.
    far.kill()
    expect(dashboard).to_contain_text("This notebook's client has lost its server")
    far.start()
    uses(dashboard, BY_CLIENT)
    says(far, dashboard, "of another life")
    assert Lab.evaluate(page, "print(client.epoch)") == far.epoch
    again = page.locator(".ab-dash").first
    expect(again.locator(".ab-log-message").filter(has_text="a live line")).to_have_count(0)

    # The client is closed.
    Lab.evaluate(page, "client.close()")
    expect(dashboard).to_contain_text("This notebook's client was closed")
    wait_until(lambda: far.do("len(bench.server.pump.links)") == 0, "the end of its sockets")
    said_nothing_to_a_stranger(elsewhere, TOKEN)


def test_a_spectator_s_pane_looks_and_cannot_command(bare_lab: Lab, page: Page, far: Far) -> None:
    far.do("globals().update(run=bench.run({'endless': 'sleep 600'}))")
    dashboard = show(bare_lab, page, far, "spectator.ipynb", token=READ_TOKEN)
    says(far, dashboard, "seen")
    expect(dashboard.get_by_role("button", name="Cancel").first).to_be_disabled()


def test_after_a_reload_and_by_a_second_view_it_is_live_as_before(
    bare_lab: Lab, page: Page, far: Far
) -> None:
    show(bare_lab, page, far, "reloaded.ipynb", "ab.LogPane(client, height=150)")
    far.kill()
    far.start()
    uses(page.locator(".ab-dash"), BY_CLIENT)
    # The second view knows the server's second life alone.
    run(page, 2)
    panes = page.locator(".ab-log")
    expect(panes).to_have_count(2)
    Lab.save(page)
    for line in ("for both", "and after a reload"):
        far.do(f"bench.log('app').info({line!r})")
        for pane in panes.all():
            expect(pane.locator(".ab-log-message").filter(has_text=line)).to_be_visible()
        if line == "for both":
            page.reload()
            expect(panes).to_have_count(2)
            for badge in page.locator(".ab-badge").all():
                expect(badge).to_contain_text("live")


def test_where_the_browser_reaches_the_server_it_is_direct_and_so_it_is_after_a_restart(
    lab: Lab, browser: Browser, far: Far
) -> None:
    """The port is another life's by then: the kernel's client says which, as soon as it knows."""
    with browser.new_context(viewport={"width": 1280, "height": 900}) as context:
        page = context.new_page()
        page.set_default_timeout(60_000)
        connect = f"import autobench_nb as ab\nclient = await ab.connect({far.url!r}, {TOKEN!r})"
        lab.write("near.ipynb", connect, "ab.Dashboard(client)")
        lab.open(page, "near.ipynb")
        lab.run_all(page)
        dashboard = page.locator(".ab-dash")
        for line in ("of the first life", "of the second"):
            uses(dashboard, "direct")
            says(far, dashboard, line)
            far.kill()
            expect(dashboard.locator(".ab-notice")).to_be_visible()
            far.start()
        uses(dashboard, "direct")
        Lab.evaluate(page, "client.close()")
