"""The quickstart, opened and run in a real JupyterLab, live in a real browser."""

from __future__ import annotations

import nbformat
import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import Lab, wait_until

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(420)]

RUN_MS = 240_000
NOTEBOOK = "01-quickstart.ipynb"
THEME = "(name) => jupyterapp.commands.execute('apputils:change-theme', { theme: name })"
IS_BEYOND = """(element) => [...element.querySelectorAll('.ticks i, th, td.mean, td.beside, .legend')]
    .filter((one) => one.getBoundingClientRect().right > element.getBoundingClientRect().right + 1)
    .map((one) => one.textContent)"""


def outputs(page: Page) -> str:
    """All text that the cells gave, as the notebook's model holds it."""
    text: str = page.evaluate(
        """() => jupyterapp.shell.currentWidget.content.widgets
            .filter((cell) => cell.model.type === 'code')
            .map((cell) => JSON.stringify(cell.model.outputs.toJSON()))
            .join('\\n')"""
    )
    return text


def test_the_quickstart_is_live_while_it_runs_and_keeps_its_word_about_reloads(
    lab: Lab, page: Page
) -> None:
    lab.open(page, NOTEBOOK)
    lab.begin_all(page)
    dashboard = page.locator(".ab-dash").first
    expect(dashboard).to_be_visible(timeout=RUN_MS)
    dashboard.scroll_into_view_if_needed()
    expect(dashboard.locator(".ab-badge").first).to_contain_text("live", timeout=60_000)
    # Live: the first compressor's output is on the page while cells still run.
    expect(dashboard.locator(".ab-log")).to_contain_text("to be run 5 times", timeout=60_000)
    expect(dashboard).to_contain_text("gzip -9")
    assert not lab.all_ended(page)

    # Loaded anew while a cell runs: it waits for the cell's end, and then all is there.
    Lab.save(page)
    page.goto(f"{lab.url}lab/tree/{NOTEBOOK}?token={lab.token}")
    expect(page.get_by_text("Loading widget...").first).to_be_visible(timeout=60_000)
    again = page.locator(".ab-dash").first
    expect(again).to_be_visible(timeout=RUN_MS)
    again.scroll_into_view_if_needed()
    expect(again.locator(".ab-badge").first).to_contain_text("live", timeout=60_000)
    expect(again).to_contain_text("xz -6")
    again.get_by_role("combobox", name="Query").first.fill("to be run")
    expect(again.locator(".ab-log")).to_contain_text("gzip -1: to be run 5 times")
    wait_until(lambda: "succeeded" in Lab.evaluate(page, "print(run.status)"), "the race's end")


def test_the_quickstart_ends_with_something_to_show(lab: Lab, page: Page) -> None:
    cells = nbformat.read(lab.folder / NOTEBOOK, as_version=4).cells
    assert len(cells) <= 10
    lab.open(page, NOTEBOOK)
    lab.begin_all(page)
    wait_until(lambda: lab.all_ended(page), "the end of the last cell", RUN_MS / 1000)
    text = outputs(page)
    assert '"output_type":"error"' not in text
    assert "succeeded" in text

    picture = page.locator(".ab-plot").last
    picture.scroll_into_view_if_needed()
    rows = picture.locator("tbody tr")
    expect(rows).to_have_count(6)
    expect(picture).to_contain_text("6 jobs, 6 succeeded, 5 repetitions each")
    expect(picture).to_contain_text("compressed to")
    expect(rows.first).to_contain_text("%")
    expect(picture.locator(".best")).to_have_text(["1.00"])
    for width in (1_280, 700):
        page.set_viewport_size({"width": width, "height": 900})
        assert picture.evaluate(IS_BEYOND) == [], "nothing is cut"
    colors = []
    for theme in ("JupyterLab Light", "JupyterLab Dark"):
        page.evaluate(THEME, theme)
        is_dark = "true" if theme.endswith("Light") else "false"
        page.wait_for_function("(is) => document.body.dataset.jpThemeLight === is", arg=is_dark)
        colors.append(picture.evaluate("(element) => getComputedStyle(element).color"))
    assert colors == ["rgb(28, 35, 48)", "rgb(230, 233, 238)"]

    # The log is there to be asked.
    dashboard = page.locator(".ab-dash").first
    dashboard.scroll_into_view_if_needed()
    dashboard.get_by_role("combobox", name="Query").first.fill("level>=warn")
    lines = dashboard.locator('[role="grid"] [role="row"]')
    expect(lines.filter(has_text="the disk is filling up")).to_have_count(1)
    expect(lines.filter(has_text="to be run 5 times")).to_have_count(0)

    # What was saved holds no token: neither a trait nor an output does.
    token = Lab.evaluate(page, "print(bench.token)")
    assert len(token) >= 32
    Lab.save(page)
    assert token not in (lab.folder / NOTEBOOK).read_text("utf-8")
