"""A real JupyterLab and a real Chromium for the tests of this folder.

A test that asks for ``browser`` skips, with the reason, where no Chromium is found; with AUTOBENCH_REQUIRE_BROWSER=1
(as CI sets it) it fails instead.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, expect, sync_playwright

from tests.e2e.pane import bench as bench
from tests.e2e.pane import pane as pane
from tests.e2e.pane import serve as serve
from tests.e2e.runs import fifo as fifo
from tests.e2e.runs import runs as runs
from tests.e2e.waiting import wait_until as wait_until

ROOT = Path(__file__).resolve().parents[2]
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def find_chromium() -> str | None:
    """The browser's path: AUTOBENCH_CHROMIUM, or the first of the usual names on the PATH."""
    given = os.environ.get("AUTOBENCH_CHROMIUM")
    return given or next((path for name in NAMES if (path := shutil.which(name))), None)


PAGE_PATIENCE_MS = 60_000
"""A limit for what never comes, not for what is slow: other work may share the machine."""
expect.set_options(timeout=PAGE_PATIENCE_MS)


@pytest.fixture(scope="package")
def playwright() -> Iterator[Playwright]:
    """Ends with this folder: its loop counts as running in this thread, and no other test could start one."""
    with sync_playwright() as driver:
        yield driver


@pytest.fixture(scope="package")
def browser(playwright: Playwright) -> Iterator[Browser]:
    path = find_chromium()
    if path is None:
        reason = "no Chromium: install one (Debian: apt install chromium) or set AUTOBENCH_CHROMIUM"
        if os.environ.get("AUTOBENCH_REQUIRE_BROWSER"):
            pytest.fail(reason)
        pytest.skip(reason)
    opened = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
    yield opened
    opened.close()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    made = browser.new_context(viewport={"width": 1280, "height": 900})
    made.set_default_timeout(PAGE_PATIENCE_MS)
    yield made
    made.close()


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    """A page whose uncaught errors fail the test."""
    opened = context.new_page()
    errors: list[str] = []
    opened.on("pageerror", lambda error: errors.append(f"{error}\n{error.stack}"))
    yield opened
    assert [error for error in errors if not is_the_hosts_own(error)] == []


def is_the_hosts_own(error: str) -> bool:
    """Whether an error, with its stack, is none of ours.

    JupyterLab's layout now and then removes a node that it has moved already, and its list of cells looks for the nodes
    of one that has just been taken away. Our code runs from blobs: they would stand in the stack.
    """
    is_of_a_layout = "'removeChild' on 'Node'" in error or "(reading 'observe')" in error
    return "ResizeObserver loop" in error or (is_of_a_layout and "blob:" not in error)


def end_group(process: subprocess.Popen[bytes]) -> None:
    """End a process that leads its own group, and every child it left in it."""
    for sig in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, sig)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(15)
            return


@contextlib.contextmanager
def saved_widget_state(page: Page) -> Iterator[None]:
    """Notebooks are saved with the state of their widgets meanwhile.

    The command is a switch, and the JupyterLab that the tests share remembers it for all of its pages.
    """
    command = "@jupyter-widgets/jupyterlab-manager:saveWidgetState"
    Lab.execute(page, command)
    try:
        yield
    finally:
        Lab.execute(page, command)


@dataclass
class Lab:
    """A running JupyterLab. ``folder`` is its root; ``url`` ends in a slash."""

    url: str
    token: str
    folder: Path

    def open(self, page: Page, notebook: str) -> None:
        """Open ``notebook`` in a clean workspace and wait for an idle kernel."""
        page.goto(f"{self.url}lab/tree/{notebook}?reset&token={self.token}")
        page.wait_for_function("() => window.jupyterapp?.shell?.currentWidget?.sessionContext")
        page.wait_for_function(
            "() => jupyterapp.shell.currentWidget.sessionContext.session?.kernel?.status === 'idle'"
        )

    def write(self, name: str, *cells: str) -> None:
        """Put a notebook of these code cells into the root."""
        notebook = new_notebook(cells=[new_code_cell(cell) for cell in cells])
        notebook.metadata["kernelspec"] = {
            "display_name": "Python 3 (ipykernel)",
            "language": "python",
            "name": "python3",
        }
        nbformat.write(notebook, self.folder / name)

    @staticmethod
    def save(page: Page) -> None:
        """Save the open notebook. A picture that follows may change it again at once: then it is dirty, too."""
        page.evaluate("async () => { await jupyterapp.shell.currentWidget.context.save(); }")

    @staticmethod
    def begin_all(page: Page) -> None:
        """Begin to run all cells of the open notebook; ``all_ended`` tells when they have."""
        page.evaluate(
            """() => {
                window.cellsEnded = false;
                jupyterapp.commands.execute('notebook:run-all-cells')
                    .then(() => { window.cellsEnded = true; });
            }"""
        )

    @staticmethod
    def all_ended(page: Page) -> bool:
        """Whether the cells that ``begin_all`` began have ended."""
        ended: bool = page.evaluate("() => window.cellsEnded")
        return ended

    @staticmethod
    def run_all(page: Page) -> None:
        """Run all cells of the open notebook, and wait for their end."""
        Lab.begin_all(page)
        page.wait_for_function("() => window.cellsEnded")

    @staticmethod
    def evaluate(page: Page, code: str) -> str:
        """Run ``code`` in the open notebook's kernel; what it printed."""
        printed: str = page.evaluate(
            """async (code) => {
                const kernel = jupyterapp.shell.currentWidget.sessionContext.session.kernel;
                const done = kernel.requestExecute({ code, store_history: false });
                let text = '';
                done.onIOPub = ({ header, content }) => {
                    if (header.msg_type === 'stream') text += content.text;
                    if (header.msg_type === 'error') text += content.traceback.join('\\n');
                };
                await done.done;
                return text.trim();
            }""",
            code,
        )
        return printed

    @staticmethod
    def execute(page: Page, command: str) -> None:
        page.evaluate("(command) => void jupyterapp.commands.execute(command)", command)


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with running_lab(tmp_path_factory.mktemp("lab"), tmp_path_factory.mktemp("home")) as started:
        yield started


@contextlib.contextmanager
def running_lab(folder: Path, home: Path, *options: str) -> Iterator[Lab]:
    """A JupyterLab with the project's notebooks in ``folder``, and everything it writes of its own in ``home``."""
    for notebook in (ROOT / "notebooks").glob("*.ipynb"):
        shutil.copy(notebook, folder)
    settings = home / "settings" / "@jupyterlab" / "apputils-extension"
    settings.mkdir(parents=True)
    (settings / "notification.jupyterlab-settings").write_text(
        json.dumps({"fetchNews": "false", "checkForUpdates": False})
    )
    token = "the-test-s-own-token"
    env = {
        **os.environ,
        "HOME": str(home),
        "JUPYTER_CONFIG_DIR": str(home / "config"),
        "JUPYTER_DATA_DIR": str(home / "data"),
        "JUPYTER_RUNTIME_DIR": str(home / "runtime"),
        "JUPYTERLAB_SETTINGS_DIR": str(home / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(home / "workspaces"),
        "IPYTHONDIR": str(home / "ipython"),
        "PYTHONPATH": os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")])),
        "PYTHONWARNINGS": "default",
    }
    with (home / "lab.log").open("wb") as log:
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "jupyter", "lab", "--no-browser", "--allow-root"),
                *("--ip=127.0.0.1", "--port=0", f"--IdentityProvider.token={token}"),
                *(f"--ServerApp.root_dir={folder}", "--LabApp.expose_app_in_browser=True"),
                *("--LabApp.news_url=None", "--JupyterNotebookApp.expose_app_in_browser=True"),
                *options,
            ],
            env=env,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:

        def running() -> dict[str, Any] | None:
            if process.poll() is not None:
                pytest.fail("JupyterLab ended: " + (home / "lab.log").read_text()[-4000:])
            for info in (home / "runtime").glob("jpserver-*.json"):
                with contextlib.suppress(json.JSONDecodeError):
                    loaded: dict[str, Any] = json.loads(info.read_text())
                    return loaded
            return None

        info = wait_until(running, "JupyterLab's runtime file")
        yield Lab(info["url"], token, folder)
    finally:
        end_group(process)
