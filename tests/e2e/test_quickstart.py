"""The quickstart, opened and run in a real JupyterLab, live in a real browser."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import Lab, wait_until

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(420)]

RUN_MS = 240_000
NOTEBOOK = "01-quickstart.ipynb"


def outputs(page: Page) -> str:
    """All text that the cells gave, as the notebook's model holds it."""
    text: str = page.evaluate(
        """() => jupyterapp.shell.currentWidget.content.widgets
            .filter((cell) => cell.model.type === 'code')
            .map((cell) => JSON.stringify(cell.model.outputs.toJSON()))
            .join('\\n')"""
    )
    return text


def test_the_quickstart_is_live_while_it_runs_and_all_there_after_a_reload(
    lab: Lab, page: Page
) -> None:
    lab.open(page, NOTEBOOK)
    lab.begin_all(page)
    dashboard = page.locator(".ab-dash").first
    expect(dashboard).to_be_visible(timeout=RUN_MS)
    dashboard.scroll_into_view_if_needed()
    badge = dashboard.locator(".ab-badge").first
    expect(badge).to_contain_text("live", timeout=60_000)
    # Live: the first compressor's output is on the page while cells still run.
    expect(dashboard.locator(".ab-log")).to_contain_text("to be run 5 times", timeout=60_000)
    expect(dashboard).to_contain_text("gzip -9")
    assert not lab.all_ended(page)

    wait_until(lambda: lab.all_ended(page), "the end of the last cell", RUN_MS / 1000)
    text = outputs(page)
    assert '"output_type":"error"' not in text
    assert "compression ratio" in text or "image/png" in text
    assert "succeeded" in text

    # Filter the log pane: only what the query wants is left.
    search = dashboard.get_by_role("combobox").first
    search.fill("level>=warn")
    rows = dashboard.locator('[role="grid"] [role="row"]')
    expect(rows.filter(has_text="the disk is filling up")).to_have_count(1)
    expect(rows.filter(has_text="to be run 5 times")).to_have_count(0)

    # Reload: the kernel holds state and log, the page mirrors them again.
    page.evaluate("() => jupyterapp.commands.execute('docmanager:save')")
    page.wait_for_function("() => !jupyterapp.shell.currentWidget.context.model.dirty")
    page.goto(f"{lab.url}lab/tree/{NOTEBOOK}?token={lab.token}")
    again = page.locator(".ab-dash").first
    expect(again).to_be_visible(timeout=60_000)
    again.scroll_into_view_if_needed()
    expect(again.locator(".ab-badge").first).to_contain_text("live", timeout=60_000)
    expect(again).to_contain_text("xz -6")
    again.get_by_role("combobox").first.fill("")
    expect(again.locator(".ab-log")).to_contain_text("to be run 5 times", timeout=30_000)


def test_the_saved_notebook_holds_no_token(lab: Lab, page: Page) -> None:
    """Widget state is saved into the file, so the token must never be a trait; nor may an output hold it."""
    lab.open(page, NOTEBOOK)
    lab.begin_all(page)
    expect(page.locator(".ab-dash").first).to_be_visible(timeout=RUN_MS)
    token = page.evaluate(
        """async () => {
            const kernel = jupyterapp.shell.currentWidget.sessionContext.session.kernel;
            const done = kernel.requestExecute({code: 'print("TOKEN", bench.token)', store_history: false});
            let text = '';
            done.onIOPub = (message) => { if (message.header.msg_type === 'stream') text += message.content.text; };
            await done.done;
            return text.split('TOKEN ')[1].trim();
        }"""
    )
    assert len(token) >= 32
    Lab.execute(page, "docmanager:save")
    saved = lab.folder / NOTEBOOK
    wait_until(lambda: "Server http" in saved.read_text("utf-8"), "the saved notebook", 60)
    assert token not in saved.read_text("utf-8")
