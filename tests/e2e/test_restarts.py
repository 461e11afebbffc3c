"""Reloads, restarts and deaths, in a real JupyterLab: what is seen then, and what a saved notebook keeps."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.request import Request, urlopen

import nbformat
import psutil
import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.conftest import Lab, wait_until

pytestmark = [pytest.mark.browser, pytest.mark.slow]

SETUP = """
import os, autobench_nb as ab
bench = ab.Orchestrator(name="my rig", environ={"AUTOBENCH_TOKEN": "-".join("the token of my rig".split()), **FAST})
psu = bench.log("psu")
psu.info("volt 1")
psu.warn("key AKIA" + "IOSFODNN7EXAMPLE")
run = bench.run({"greet": "echo hello", "count": lambda: 41 + 1})
await run
"""
FAST = """
FAST = {"WS_HEARTBEAT_INTERVAL_MS": "500", "WS_HEARTBEAT_TIMEOUT_MS": "500", "WS_RECONNECT_MAX_MS": "1000"}
"""
LONG_MS = 60_000
PANES = ["bench", "ab.LogPane(bench, height=150)", "ab.StatePane(bench, height=150)"]
LAST_SEEN = re.compile(r"last seen \d\d:\d\d:\d\d")
JUPYTERS_OWN = re.compile(
    # What Jupyter itself says of a kernel, and of a model, that is not there, and of its own missing files; and what
    # its proxy answers for a port where nobody listens any more.
    r"widget model not found|status of 500 \(Internal Server Error\)|"
    r"WebSocket|Kernel|kernel|/api/|404|ERR_CONNECTION_REFUSED|favicon|Connection lost|Canceled|is already disposed"
)


@pytest.fixture
def errors(page: Page) -> Iterator[list[str]]:
    """What the console got as errors; of ours there may be none."""
    said: list[str] = []
    page.on(
        "console", lambda message: said.append(message.text) if message.type == "error" else None
    )
    yield said
    assert [text for text in said if not JUPYTERS_OWN.search(text)] == []


@pytest.fixture
def dashboard(lab: Lab, page: Page, errors: list[str], request: pytest.FixtureRequest) -> Locator:
    """A live dashboard, and two panes below it, in a notebook of the test's own."""
    lab.write(name_of(request), FAST + SETUP, *PANES)
    lab.open(page, name_of(request))
    lab.run_all(page)
    expect_live(page)
    expect(page.locator(".ab-dash .ab-log")).to_contain_text("volt 1", timeout=LONG_MS)
    return page.locator(".ab-dash").first


def name_of(request: pytest.FixtureRequest) -> str:
    return f"{request.node.name}.ipynb"


@pytest.fixture
def notebook(request: pytest.FixtureRequest) -> str:
    return name_of(request)


def open_without_kernel(lab: Lab, page: Page, notebook: str) -> None:
    """As the next day: the kernel is gone, the page is a new one, and the notebook's own kernel is another."""
    page.goto("about:blank")
    for session in ask(lab, "GET", "api/sessions"):
        ask(lab, "DELETE", f"api/sessions/{session['id']}")
    lab.open(page, notebook)


def ask(lab: Lab, method: str, path: str) -> Any:
    """What Jupyter's own interface answers."""
    headers = {"Authorization": f"token {lab.token}"}
    with urlopen(Request(lab.url + path, method=method, headers=headers)) as answer:
        body = answer.read()
    return json.loads(body) if body else None


def reload(lab: Lab, page: Page, notebook: str) -> None:
    """Load the page again, with the same workspace and the same kernel."""
    page.goto(f"{lab.url}lab/tree/{notebook}?token={lab.token}")
    expect(page.locator(".jp-CodeCell").first).to_be_visible(timeout=LONG_MS)


def expect_live(page: Page) -> None:
    expect(page.locator(".ab-dash .ab-badge").first).to_contain_text("live", timeout=LONG_MS)


def pictures(page: Page) -> Locator:
    return page.locator(".ab-picture")


def expect_no_words_of_jupyters_own(page: Page) -> None:
    """Jupyter gives up on each view after two seconds, and puts words in its place: nobody sees them."""
    words = page.get_by_text("model not found")
    expect(words).to_have_count(3, timeout=LONG_MS)
    for one in words.all():
        expect(one).to_be_hidden()


def settled(page: Page) -> None:
    """Wait until each pane's cell has its picture in the notebook's model, and none is still to come."""
    page.wait_for_function(
        """(panes) => jupyterapp.shell.currentWidget.content.widgets
            .filter((cell) => cell.model.type === 'code')
            .filter((cell) => JSON.stringify(cell.model.outputs.toJSON()).includes('ab-picture'))
            .length === panes &&
            !JSON.stringify(jupyterapp.shell.currentWidget.content.model.toJSON())
                .includes('application/vnd.autobench.place')""",
        arg=len(PANES),
    )


def test_a_reopened_notebook_shows_what_was_and_the_live_view_when_it_is_run_again(
    lab: Lab, page: Page, dashboard: Locator, notebook: str
) -> None:
    settled(page)
    for picture in pictures(page).all():
        expect(picture).to_be_hidden()
    Lab.save(page)
    open_without_kernel(lab, page, notebook)
    expect(pictures(page)).to_have_count(3)
    first = pictures(page).first
    expect(first).to_be_visible()
    for text in ("my rig", "volt 1", "greet", "succeeded", "42"):
        expect(first).to_contain_text(text)
    expect_no_words_of_jupyters_own(page)
    lab.run_all(page)
    expect_live(page)
    for picture in pictures(page).all():
        expect(picture).to_be_hidden()


def test_a_notebook_that_is_not_trusted_shows_its_pictures_as_text_and_tables_and_runs_nothing(
    lab: Lab, page: Page, dashboard: Locator, notebook: str
) -> None:
    """As one that comes from somebody else: Jupyter shows neither widgets nor styles, and HTML cleaned by itself."""
    Lab.evaluate(page, "psu.info('<img src=x onerror=\"window.wasRun = true\">')")
    settled(page)
    page.wait_for_function(
        "() => JSON.stringify(jupyterapp.shell.currentWidget.content.model.toJSON()).includes('wasRun')"
    )
    Lab.save(page)
    file = lab.folder / notebook
    strange = nbformat.reads(file.read_text("utf-8"), 4)
    strange.cells[0].source += "\n# changed by somebody else"
    page.goto("about:blank")
    nbformat.write(strange, file)
    open_without_kernel(lab, page, notebook)
    expect(pictures(page)).to_have_count(3)
    for text in ("my rig", "volt 1", "greet", "succeeded", "onerror="):
        expect(pictures(page).first).to_contain_text(text)
    trusted = "() => jupyterapp.shell.currentWidget.content.widgets.some((cell) => cell.model.trusted === true)"
    assert not page.evaluate(trusted)
    expect(page.locator(".ab-picture img")).to_have_count(0)
    assert not page.evaluate("() => window.wasRun === true")


def test_what_is_saved_is_small_has_no_script_and_no_secret(
    lab: Lab, page: Page, dashboard: Locator, notebook: str
) -> None:
    settled(page)
    Lab.save(page)
    text = (lab.folder / notebook).read_text("utf-8")
    assert "the-token-of-my-rig" not in text
    saved = nbformat.reads(text, 4)
    outputs = [output for cell in saved.cells for output in cell.get("outputs", ())]
    shown = [one["data"]["text/html"] for one in outputs if "text/html" in one.get("data", {})]
    kept = [html for html in shown if "ab-picture" in html]
    assert len(kept) == 3
    for html in kept:
        assert len(html.encode()) < 30_000
        assert "<script" not in html
        assert "AKIAIOSFODNN7EXAMPLE" not in html


def test_a_reload_of_a_saved_notebook_is_live_again(
    lab: Lab, page: Page, dashboard: Locator, notebook: str
) -> None:
    Lab.save(page)
    reload(lab, page, notebook)
    expect_live(page)
    expect(page.locator(".ab-dash .ab-log")).to_contain_text("volt 1")
    for picture in pictures(page).all():
        expect(picture).to_be_hidden()


def test_a_reload_of_a_notebook_that_was_not_saved_shows_its_cells_and_no_error(
    lab: Lab, page: Page, dashboard: Locator, notebook: str
) -> None:
    page.on("dialog", lambda dialog: dialog.accept())
    reload(lab, page, notebook)
    expect(page.get_by_text("model not found")).to_have_count(0)
    page.wait_for_function(
        "() => jupyterapp.shell.currentWidget.sessionContext.session?.kernel?.status === 'idle'"
    )
    lab.run_all(page)
    expect_live(page)


@contextlib.contextmanager
def asleep() -> Iterator[None]:
    """The browser's machine sleeps: nothing of the browser runs, its system neither reads nor answers for it."""
    children = psutil.Process().children(recursive=True)
    browser = [one for one in children if one.name().startswith(("chrom", "headless_shell"))]
    assert browser
    try:
        for process in browser:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.suspend()
        yield
    finally:
        for process in browser:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.resume()


def test_a_lid_that_was_closed_for_longer_than_the_server_waits_catches_up(
    lab: Lab, page: Page, dashboard: Locator
) -> None:
    """Until the server has dropped the page: after three heartbeats without an answer."""
    Lab.evaluate(
        page,
        "import asyncio\n"
        "async def lines_while(fact):\n"
        # How many look on is told along with other news.
        "    while fact(bench.state.get('/meta/telemetry/clients')):\n"
        "        psu.debug('is anybody there?')\n"
        "        await asyncio.sleep(0.1)\n"
        "async def wait_alone():\n"
        "    await lines_while(lambda clients: clients == 0)\n"
        "    open('seen', 'w').close()\n"
        "    await lines_while(lambda clients: clients > 0)\n"
        "    psu.info('while the lid was closed')\n"
        "    open('alone', 'w').close()\n"
        "task = asyncio.get_running_loop().create_task(wait_alone())",
    )
    wait_until((lab.folder / "seen").exists, "the server that has a page")
    with asleep():
        wait_until((lab.folder / "alone").exists, "the server that is alone", 180)
    expect(dashboard.locator(".ab-log")).to_contain_text(
        "while the lid was closed", timeout=LONG_MS
    )
    expect_live(page)


def test_after_a_kernel_restart_all_panes_say_the_same_and_the_reloaded_page_shows_what_was(
    lab: Lab, page: Page, dashboard: Locator, notebook: str
) -> None:
    settled(page)
    Lab.save(page)
    page.evaluate("() => jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart()")
    expect_all_to_say_the_same(page)
    expect_nobody_to_be_dialled(page)
    expect(dashboard.locator(".ab-log")).to_contain_text("volt 1")
    reload(lab, page, notebook)
    expect(pictures(page).first).to_be_visible(timeout=LONG_MS)
    expect_no_words_of_jupyters_own(page)


def expect_all_to_say_the_same(page: Page) -> None:
    """All panes of a dead kernel, in the four places where they say it."""
    said = page.locator(".ab-notice b, .ab-log-banner b")
    seen = page.locator(".ab-last-seen")
    expect(seen).to_have_count(4, timeout=LONG_MS)
    expect(said).to_have_count(4)
    wait_until(lambda: len(set(said.all_inner_texts())) == 1, "four places that say the same")
    wait_until(lambda: len(set(seen.all_inner_texts())) == 1, "four places of the same time")
    assert LAST_SEEN.fullmatch(seen.first.inner_text())


def test_of_a_kernel_that_was_killed_the_clock_of_a_job_stands_still(
    page: Page, dashboard: Locator
) -> None:
    Lab.evaluate(page, "long = bench.run({'long': 'sleep 1000'})")
    row = dashboard.locator(".ab-run-running")
    expect(row).to_contain_text("long")
    pid = int(Lab.evaluate(page, "print(os.getpid())"))
    expect(row).to_contain_text(re.compile(r"\d+ s so far"), timeout=LONG_MS)
    kill(pid)
    expect(dashboard.locator(".ab-notice")).to_contain_text(LAST_SEEN, timeout=LONG_MS)
    shown = row.inner_text()
    began = page.evaluate("() => Date.now()")
    page.wait_for_function("(began) => Date.now() > began + 2500", arg=began)
    assert row.inner_text() == shown
    expect_all_to_say_the_same(page)
    expect_nobody_to_be_dialled(page)


def expect_nobody_to_be_dialled(page: Page) -> None:
    """Where the kernel is gone there is no server: once that is known no socket is tried, however long one waits."""
    expect(page.locator(".ab-notice").first).to_contain_text("kernel that made this view is gone")
    tried: list[str] = []
    page.on("websocket", lambda one: tried.append(one.url) if "/ws?nonce=" in one.url else None)
    began = page.evaluate("() => performance.now()")
    page.wait_for_function("(began) => performance.now() > began + 5000", arg=began)
    assert tried == []


def kill(pid: int) -> None:
    import os
    import signal

    os.kill(pid, signal.SIGKILL)


def test_a_server_that_comes_back_on_its_port_is_found_without_a_reload(
    page: Page, dashboard: Locator
) -> None:
    Lab.evaluate(
        page,
        "port = bench.server.port\n"
        "old = bench.server; old.close(); await old.wait_closed()\n"
        "bench.log('psu').info('while nobody served')\n"
        "bench.serve(port=port)",
    )
    expect(dashboard.locator(".ab-log")).to_contain_text("while nobody served", timeout=LONG_MS)
    expect_live(page)


def test_an_interrupt_of_a_cell_that_awaits_a_run_leaves_the_view_live(
    lab: Lab, page: Page, dashboard: Locator
) -> None:
    page.evaluate(
        """() => {
            const kernel = jupyterapp.shell.currentWidget.sessionContext.session.kernel;
            const code = "await bench.run({'long': 'sleep 1000'})";
            window.awaited = kernel.requestExecute({ code, store_history: false }).done;
        }"""
    )
    expect(dashboard.locator(".ab-run-running")).to_contain_text("long")
    page.evaluate("() => jupyterapp.shell.currentWidget.sessionContext.session.kernel.interrupt()")
    status = page.evaluate("async () => (await window.awaited).content.status")
    assert status == "error"
    Lab.evaluate(page, "bench.log('psu').info('after the interrupt')")
    expect(dashboard.locator(".ab-log")).to_contain_text("after the interrupt")
    expect_live(page)


def test_a_pane_that_asked_while_the_kernel_was_busy_is_live_when_it_is_free(
    lab: Lab, page: Page, dashboard: Locator, notebook: str
) -> None:
    settled(page)
    Lab.save(page)
    page.evaluate(
        """() => {
            const kernel = jupyterapp.shell.currentWidget.sessionContext.session.kernel;
            kernel.requestExecute({
                code: "import time\\nwhile not os.path.exists('go-on'): time.sleep(0.05)\\nos.remove('go-on')",
                store_history: false,
            });
        }"""
    )
    # No memory of where the server is: the pane has to ask, and the kernel does not answer.
    page.evaluate("() => sessionStorage.clear()")
    reload(lab, page, notebook)
    expect(page.get_by_text("Loading widget...")).to_have_count(3, timeout=LONG_MS)
    expect(pictures(page).first).to_be_visible()
    (lab.folder / "go-on").touch()
    expect_live(page)


def test_a_picture_is_made_when_all_jobs_have_ended_long_after_their_cell(
    page: Page, dashboard: Locator
) -> None:
    Lab.evaluate(page, "late = bench.run({'late': 'sleep 0.5; echo done'})")
    page.wait_for_function(
        """() => jupyterapp.shell.currentWidget.content.widgets
            .filter((cell) => cell.model.type === 'code')
            .some((cell) => /ab-picture.*>late</.test(JSON.stringify(cell.model.outputs.toJSON())))"""
    )


def test_another_notebook_and_a_spectator_look_at_the_same_and_only_one_of_them_may_cancel(
    lab: Lab, page: Page, dashboard: Locator
) -> None:
    """Found by its address, without a token: the file of connection details has it."""
    url = Lab.evaluate(page, "print(bench.server.url)")
    read_token = Lab.evaluate(page, "print(bench.read_token)")
    lab.write(
        "other.ipynb",
        "import autobench_nb as ab\n"
        f"client = await ab.connect({url!r})\n"
        f"spectator = await ab.connect({url!r}, {read_token!r})",
        "ab.Dashboard(spectator)",
        "ab.LogPane(spectator, height=150)",
    )
    other = page.context.new_page()
    lab.open(other, "other.ipynb")
    lab.run_all(other)
    expect(other.locator(".ab-head-reads")).to_have_text("read-only", timeout=LONG_MS)
    Lab.evaluate(page, "psu.info('for everybody'); long = bench.run({'long': 'sleep 1000'})")
    for log in (*page.locator(".ab-log").all(), *other.locator(".ab-log").all()):
        expect(log).to_contain_text("for everybody", timeout=LONG_MS)
    row = other.locator(".ab-run-running")
    cancel = row.get_by_role("button", name="Cancel long")
    expect(cancel).to_be_disabled()
    expect(cancel).to_have_attribute("title", re.compile("read-only token"))
    cancelled = "client.jobs.cancel(client.wait_for(lambda one: one.jobs.running, 10)[0])"
    assert (
        Lab.evaluate(other, f"import asyncio; print(await asyncio.to_thread(lambda: {cancelled}))")
        == "True"
    )
    ended = dashboard.locator(".ab-run-line").filter(has_text="long")
    expect(ended).to_contain_text("cancelled", timeout=LONG_MS)
    other.close()
