"""What people do to a notebook that shows a view: whatever it is, the view is live, or says why it is not."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.conftest import Lab, wait_until
from tests.e2e.links import QUIET, row, uses
from tests.e2e.links import context as context
from tests.e2e.links import warm as warm

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PATIENCE_MS = 60_000
LAST_SEEN = re.compile(r"last seen \d\d:\d\d:\d\d")
PANES = ("bench", "ab.LogPane(bench, height=150)")


def show_two(lab: Lab, page: Page, name: str, *more: str) -> Locator:
    """A dashboard and a pane of one bench, each in a cell of its own, and live."""
    lab.write(name, QUIET, *PANES, *more)
    lab.open(page, name)
    lab.run_all(page)
    dashboard = page.locator(".ab-dash")
    expect(dashboard.locator(".ab-badge").first).to_contain_text("live", timeout=PATIENCE_MS)
    return dashboard


def says(page: Page, line: str) -> None:
    """The bench logs a line, and every pane of the page shows it."""
    Lab.evaluate(page, f"_ = bench.log('app').info({line!r})")
    for pane in page.locator(".ab-log").all():
        expect(pane).to_contain_text(line, timeout=PATIENCE_MS)


def select(page: Page, cell: int) -> None:
    page.evaluate(
        "(cell) => { jupyterapp.shell.currentWidget.content.activeCellIndex = cell; }", cell
    )


def test_a_view_obeys_when_the_one_that_opened_their_link_is_taken_away(
    lab: Lab, page: Page
) -> None:
    """By widget messages, of which each widget has a channel of its own."""
    dashboard = show_two(lab, page, "taken-away.ipynb", "bench")
    row(dashboard.first, "widget messages").get_by_role("radio").check()
    uses(dashboard.first, "widget messages")
    run = "run = bench.run({'endless': 'sleep 600'})"
    Lab.evaluate(page, run)
    for cell in (1, 2):
        select(page, cell)
        page.evaluate("() => jupyterapp.commands.execute('notebook:clear-cell-output')")
    expect(dashboard).to_have_count(1)
    says(page, "after the others have gone")
    dashboard.get_by_role("button", name="Cancel").first.click()
    wait_until(lambda: Lab.evaluate(page, "print(run.jobs[0].status)") == "cancelled", "the cancel")


def test_a_new_view_of_an_output_is_live_and_so_is_the_first_when_it_is_closed(
    lab: Lab, page: Page
) -> None:
    show_two(lab, page, "new-view.ipynb")
    select(page, 2)
    panes = page.locator(".ab-log")
    before = panes.count()
    notebook = page.evaluate("() => jupyterapp.shell.currentWidget.id")
    page.evaluate("() => jupyterapp.commands.execute('notebook:create-output-view')")
    expect(panes).to_have_count(before + 1, timeout=PATIENCE_MS)
    page.evaluate("(id) => jupyterapp.shell.activateById(id)", notebook)
    page.wait_for_function("(id) => jupyterapp.shell.currentWidget.id === id", arg=notebook)
    says(page, "for both")
    page.evaluate(
        "() => [...jupyterapp.shell.widgets('main')]"
        ".find((one) => one.content?.id?.startsWith('LinkedOutputView')).close()"
    )
    expect(panes).to_have_count(before)
    says(page, "for the first")


@pytest.mark.parametrize("mode", ["full", "defer", "contentVisibility", "none"])
def test_a_view_that_was_scrolled_away_shows_what_came_meanwhile(
    lab: Lab, page: Page, mode: str
) -> None:
    """JupyterLab takes outputs out of the page that are not in sight, in one of its ways to show a notebook."""
    lab.write(f"scrolled-{mode}.ipynb", QUIET, "ab.LogPane(bench, height=150)", *["0\n" * 30] * 8)
    lab.open(page, f"scrolled-{mode}.ipynb")
    page.evaluate(
        "(mode) => { const { content } = jupyterapp.shell.currentWidget;"
        " content.notebookConfig = { ...content.notebookConfig, windowingMode: mode }; }",
        mode,
    )
    lab.run_all(page)
    page.evaluate("() => jupyterapp.shell.currentWidget.content.scrollToItem(1)")
    pane = page.locator(".ab-log")
    expect(pane).to_be_visible(timeout=PATIENCE_MS)
    says(page, "while it is seen")
    page.evaluate("() => jupyterapp.shell.currentWidget.content.scrollToItem(9, 'end')")
    expect(pane).not_to_be_in_viewport()
    Lab.evaluate(page, "for n in range(500): bench.log('app').info(f'meanwhile {n}')")
    page.evaluate("() => jupyterapp.shell.currentWidget.content.scrollToItem(1, 'start')")
    expect(pane).to_be_in_viewport(timeout=PATIENCE_MS)
    expect(pane.locator(".ab-log-message").filter(has_text="meanwhile 499")).to_be_in_viewport(
        timeout=PATIENCE_MS
    )
    says(page, "seen again")


def test_a_notebook_that_is_renamed_goes_on_and_is_live_after_a_reload(
    lab: Lab, page: Page
) -> None:
    show_two(lab, page, "before-it.ipynb")
    Lab.save(page)
    page.evaluate("() => jupyterapp.shell.currentWidget.context.rename('after-it.ipynb')")
    wait_until((lab.folder / "after-it.ipynb").exists, "the renamed notebook")
    says(page, "renamed")
    page.goto(f"{lab.url}lab/tree/after-it.ipynb?token={lab.token}")
    badge = page.locator(".ab-dash .ab-badge").first
    expect(badge).to_contain_text("live", timeout=PATIENCE_MS)
    page.wait_for_function(
        "() => jupyterapp.shell.currentWidget.sessionContext.session?.kernel?.status === 'idle'"
    )
    says(page, "and reloaded")


def test_an_output_that_is_copied_into_another_notebook_shows_its_picture_there(
    lab: Lab, page: Page
) -> None:
    """Its kernel knows nothing of the view."""
    show_two(lab, page, "copied-from.ipynb")
    page.wait_for_function(
        "() => JSON.stringify(jupyterapp.shell.currentWidget.content.widgets[1].model.outputs.toJSON())"
        ".includes('ab-picture')"
    )
    select(page, 1)
    page.evaluate("() => jupyterapp.commands.execute('notebook:copy-cell')")
    lab.write("copied-to.ipynb", "1 + 1")
    page.evaluate(
        "() => jupyterapp.commands.execute('docmanager:open', { path: 'copied-to.ipynb' })"
    )
    page.wait_for_function(
        "() => jupyterapp.shell.currentWidget.context.path === 'copied-to.ipynb' &&"
        " jupyterapp.shell.currentWidget.sessionContext.session?.kernel?.status === 'idle'"
    )
    page.evaluate("() => jupyterapp.commands.execute('notebook:paste-cell-below')")
    other = page.locator(".jp-NotebookPanel").filter(has_text="1 + 1")
    picture = other.locator(".ab-picture")
    expect(picture).to_be_visible(timeout=PATIENCE_MS)
    expect(picture).to_contain_text("links")
    page.evaluate(
        "() => jupyterapp.commands.execute('docmanager:open', { path: 'copied-from.ipynb' })"
    )
    says(page, "the first is none the worse")


def test_two_tabs_of_a_notebook_are_live_and_one_that_is_closed_takes_nothing_with_it(
    lab: Lab, page: Page
) -> None:
    for link in ("direct", "widget messages"):
        show_two(lab, page, "two-tabs.ipynb")
        Lab.save(page)
        other = page.context.new_page()
        other.goto(f"{lab.url}lab/tree/two-tabs.ipynb?reset&token={lab.token}")
        expect(other.locator(".ab-dash .ab-badge")).to_contain_text("live", timeout=PATIENCE_MS)
        for one in (page, other):
            dashboard = one.locator(".ab-dash")
            row(dashboard, link).get_by_role("radio").check()
            uses(dashboard, link)
        Lab.evaluate(page, f"_ = bench.log('app').info('for both, {link}')")
        for one in (page, other):
            expect(one.locator(".ab-dash .ab-log")).to_contain_text(f"for both, {link}")
        other.close()
        says(page, f"alone again, {link}")


def test_a_notebook_that_is_given_another_kernel_says_so_in_every_view(
    lab: Lab, page: Page
) -> None:
    show_two(lab, page, "other-kernel.ipynb")
    says(page, "of the first kernel")
    page.evaluate(
        "() => jupyterapp.shell.currentWidget.sessionContext.changeKernel({ name: 'python3' })"
    )
    seen = page.locator(".ab-last-seen")
    expect(seen).to_have_count(3, timeout=PATIENCE_MS)
    assert len(set(seen.all_inner_texts())) == 1
    assert LAST_SEEN.fullmatch(seen.first.inner_text())
    lab.run_all(page)
    expect(page.locator(".ab-dash .ab-badge")).to_contain_text("live", timeout=PATIENCE_MS)
    says(page, "of the second")
