"""Views that were saved with a notebook: what the file holds, and what a page shows of it without a kernel."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import Page, expect

from autobench_nb.notebook.bundle import static_file
from tests.e2e.conftest import Lab, saved_widget_state

pytestmark = [pytest.mark.browser, pytest.mark.slow]

NOTEBOOK = "six-views.ipynb"
STATE = "application/vnd.jupyter.widget-state+json"
OUR_SHEETS = """() => document.adoptedStyleSheets
    .filter((sheet) => [...sheet.cssRules].some((rule) => rule.cssText.includes('.autobench'))).length"""
SHUT_DOWN = """async () => {
    const { sessionContext } = jupyterapp.shell.currentWidget;
    await sessionContext.shutdown();
}"""


def test_six_saved_views_hold_the_code_once_and_show_themselves_without_a_kernel(
    lab: Lab, page: Page
) -> None:
    pane = 'ab.LogPane(bench, key="{}")'
    views = ["bench.dashboard(height=120)", *map(pane.format, range(3)), "ab.StatePane(bench)"]
    setup = 'import autobench_nb as ab\nbench = ab.Orchestrator("rig")\nbench.log().info("hello")'
    lab.write(NOTEBOOK, setup, *views, "ab.StatusBadge(bench)")
    lab.open(page, NOTEBOOK)
    with saved_widget_state(page):
        lab.run_all(page)
        shown = page.locator(".autobench .ab-badge, .autobench.ab-badge, .ab-log")
        expect(shown.first).to_be_visible()
        expect(page.locator(".ab-log").first).to_contain_text("hello")
        # One copy of code and styles for all views of the page.
        assert page.evaluate(OUR_SHEETS) == 1

        # What the file keeps comes when the live views stand.
        expect(page.locator(".ab-picture")).to_have_count(6)
        Lab.save(page)
    text = (lab.folder / NOTEBOOK).read_text("utf-8")
    states = json.loads(text)["metadata"]["widgets"][STATE]["state"]
    code = static_file("widget.js").read_text("utf-8")
    assert len([one for one in states.values() if "view" in one["state"]]) == 6
    assert sum(code in one["state"].values() for one in states.values()) == 1
    once = len(code) + static_file("widget.css").stat().st_size
    assert len(text) < 1.25 * once, "1.75 MB before"

    # Without a kernel the saved code shows the saved views, which say what is not there.
    page.evaluate(SHUT_DOWN)
    page.goto(f"{lab.url}lab/tree/{NOTEBOOK}?reset&token={lab.token}")
    expect(page.locator(".ab-log").first).to_be_visible(timeout=60_000)
    expect(page.locator(".jp-OutputArea-output:visible").first).to_be_visible()
    expect(page.get_by_text("Run the cell again").first).to_be_visible(timeout=60_000)
    assert page.get_by_text("model not found").count() == 0
