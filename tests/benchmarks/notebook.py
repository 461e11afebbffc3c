"""From a cell to its first live row, in a real JupyterLab, beside anywidget's own example: a counter."""

from __future__ import annotations

import os
import statistics
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tests.benchmarks.harness import Benchmark, MissingPeer, Row, peer

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.e2e.conftest import Lab

NOTEBOOK = "first-row.ipynb"
SETUP = '''
import anywidget, traitlets
import autobench_nb as ab

class Counter(anywidget.AnyWidget):
    _esm = """
    function render({ model, el }) {
      const button = document.createElement("button");
      button.innerHTML = `count is ${model.get("value")}`;
      button.addEventListener("click", () => {
        model.set("value", model.get("value") + 1);
        model.save_changes();
      });
      model.on("change:value", () => { button.innerHTML = `count is ${model.get("value")}`; });
      el.appendChild(button);
    }
    export default { render };
    """
    value = traitlets.Int(0).tag(sync=True)

bench = ab.Orchestrator()
server = bench.serve()
log = bench.log("app")
ab.LogPane
'''
PANE = "log.info('row {0}')\nab.LogPane(bench)"
COUNTER = "Counter(value={0})"
TEXTS = {PANE: "row {0}", COUNTER: "count is {0}"}
PLACES = {PANE: ".ab-log-row", COUNTER: "button"}

RUN_CELL = """async ([code, selector, text]) => {
    const panel = jupyterapp.shell.currentWidget;
    const notebook = panel.content;
    notebook.activeCellIndex = notebook.widgets.length - 1;
    notebook.activeCell.model.sharedModel.setSource(code);
    const isThere = () => [...notebook.activeCell.node.querySelectorAll(selector)]
        .some((one) => one.textContent.includes(text) && one.getBoundingClientRect().height > 0);
    const begin = performance.now();
    const seen = new Promise((resolve) => {
        const observer = new MutationObserver(() => {
            if (!isThere()) return;
            observer.disconnect();
            resolve(performance.now() - begin);
        });
        observer.observe(notebook.node, { childList: true, subtree: true, characterData: true });
    });
    void jupyterapp.commands.execute('notebook:run-cell');
    return await seen;
}"""
RESTART = (
    "async () => { await jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart(); }"
)
RUN_FIRST = """async () => {
    const notebook = jupyterapp.shell.currentWidget.content;
    notebook.activeCellIndex = 0;
    await jupyterapp.commands.execute('notebook:run-cell');
}"""


@contextmanager
def notebook() -> Iterator[tuple[Lab, Page]]:
    """A JupyterLab with a notebook of two cells, and a page of a browser."""
    sync_playwright = peer("playwright.sync_api", "playwright").sync_playwright
    peer("jupyterlab")
    from tests.e2e.conftest import FLAGS, find_chromium, running_lab

    path = find_chromium()
    if path is None:
        raise MissingPeer("chromium", "apt install chromium")
    with (
        tempfile.TemporaryDirectory() as folder,
        tempfile.TemporaryDirectory() as home,
        running_lab(Path(folder), Path(home)) as lab,
        sync_playwright() as driver,
    ):
        browser = driver.chromium.launch(executable_path=path, args=list(FLAGS))
        lab.write(NOTEBOOK, SETUP, "pass")
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.set_default_timeout(60_000)
        yield lab, page
        browser.close()


def shown_ms(page: Page, code: str, number: int) -> float:
    """Milliseconds from the start of the last cell with ``code`` until what it shows is in the page."""
    asked = [code.format(number), PLACES[code], TEXTS[code].format(number)]
    took: float = page.evaluate(RUN_CELL, asked)
    return took


def anew(lab: Lab, page: Page) -> None:
    """A page that was just loaded and a kernel that has shown nothing yet."""
    lab.open(page, NOTEBOOK)
    page.evaluate(RESTART)
    page.evaluate(RUN_FIRST)


def first_row(quick: bool) -> list[Row]:
    """Medians; the two take turns, each in a page and a kernel of its own, then again and again in one."""
    rounds, repeats = (1, 1) if quick else (5, 15)
    first: dict[str, list[float]] = {PANE: [], COUNTER: []}
    further: dict[str, list[float]] = {PANE: [], COUNTER: []}
    number = 0
    with notebook() as (lab, page):
        for turn in range(rounds):
            for code in (PANE, COUNTER) if turn % 2 == 0 else (COUNTER, PANE):
                number += 1
                anew(lab, page)
                first[code].append(shown_ms(page, code, number))
        for _ in range(repeats):
            for code in (PANE, COUNTER):
                number += 1
                further[code].append(shown_ms(page, code, number))
    note = f"the median of {{}}; load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
    return [
        Row(
            f"from the cell to the pane's first live row in JupyterLab, {what}",
            statistics.median(found[PANE]),
            "ms",
            "anywidget's counter, from the cell to its button",
            statistics.median(found[COUNTER]),
            1.5,
            note.format(len(found[PANE])),
        )
        for what, found in (("first view of a page", first), ("further views", further))
    ]


BENCHMARKS = [Benchmark("notebook first row", first_row)]
