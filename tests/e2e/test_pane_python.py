"""A log pane in JupyterLab and the kernel that made it: options, rows shown and selected, a DataFrame's rows."""

from __future__ import annotations

import json
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.conftest import Lab, wait_until

pytestmark = [pytest.mark.browser, pytest.mark.slow]

SETUP = """
import time
import autobench_nb as ab
bench = ab.Orchestrator(name="panes", log_capacity=1_000)
psu, cam = bench.log("psu"), bench.log("cam")
for number in range(40):
    psu.info(f"volt {number}", volt=number)
    cam.log("warn" if number % 10 == 0 else "debug", f"picture {number}")
"""
PANES = """
from IPython.display import display
left = ab.LogPane(bench, query="channel:psu", height=300, order="oldest", key="left")
right = ab.LogPane(bench, query="level>=warn", height=300, columns=["time", "message"], key="right")
display(left, right)
"""


def values(page: Page, expression: str) -> Any:
    printed = Lab.evaluate(page, f"import json; print(json.dumps({expression}))")
    return json.loads(printed)


@pytest.fixture
def panes(lab: Lab, page: Page) -> tuple[Locator, Locator]:
    lab.write("panes.ipynb", SETUP, PANES)
    lab.open(page, "panes.ipynb")
    lab.run_all(page)
    both = page.locator(".ab-log")
    expect(both).to_have_count(2)
    expect(both.nth(0).locator('[role="grid"]')).to_contain_text("volt")
    expect(both.nth(1).locator('[role="grid"]')).to_contain_text("picture 30")
    return both.nth(0), both.nth(1)


def test_a_pane_gives_the_kernel_exactly_the_rows_that_it_shows(
    page: Page, panes: tuple[Locator, Locator]
) -> None:
    left, _ = panes
    messages = "left.to_pandas().message.tolist()"
    wait_until(lambda: values(page, messages) == [f"volt {n}" for n in range(40)], "40 rows")
    left.get_by_role("combobox", name="Query").first.fill("channel:psu fields.volt>=38")
    wait_until(
        lambda: values(page, messages) == ["volt 38", "volt 39"], "the two rows of the new query"
    )


def test_two_panes_side_by_side_do_not_disturb_each_other(
    page: Page, panes: tuple[Locator, Locator]
) -> None:
    left, right = panes
    left.get_by_role("combobox", name="Query").first.fill("picture")
    expect(left.locator('[role="grid"]')).to_contain_text("picture")
    expect(right.get_by_role("combobox", name="Query").first).to_have_value("level>=warn")
    expect(right.locator('[role="grid"]')).not_to_contain_text("volt")
    warnings = [f"picture {n}" for n in (0, 10, 20, 30)]
    shown = "[m for m in right.to_pandas().message if m.startswith('picture')]"
    wait_until(lambda: values(page, shown) == warnings, "the other pane's own rows")


def test_the_options_given_from_python_are_what_the_pane_begins_with(
    page: Page, panes: tuple[Locator, Locator]
) -> None:
    left, right = panes
    expect(left.get_by_role("combobox", name="Query").first).to_have_value("channel:psu")
    box = left.bounding_box()
    assert box is not None
    assert round(box["height"]) == 300
    expect(right.locator(".ab-log-channel")).to_have_count(0)
    expect(left.locator(".ab-log-channel").first).to_be_visible()


def test_the_selected_rows_reach_the_kernel(page: Page, panes: tuple[Locator, Locator]) -> None:
    left, _ = panes
    rows = left.locator('[role="grid"] [role="row"]')
    left.get_by_role("combobox", name="Query").first.fill("channel:psu fields.volt>=35")
    expect(rows.filter(has_text="volt 34")).to_have_count(0)
    rows.filter(has_text="volt 36").click()
    rows.filter(has_text="volt 38").click(modifiers=["Shift"])
    selected = "left.selection.to_pandas().message.tolist()"
    wait_until(
        lambda: values(page, selected) == ["volt 36", "volt 37", "volt 38"],
        "the three selected rows",
    )


def test_a_pane_shows_exactly_a_data_frame_s_rows_and_goes_back(
    page: Page, panes: tuple[Locator, Locator]
) -> None:
    left, right = panes
    left.get_by_role("combobox", name="Query").first.fill("")
    Lab.evaluate(page, "left.show(bench.logs.query('picture level>=warn').to_pandas())")
    grid = left.locator('[role="grid"]')
    expect(grid).not_to_contain_text("volt")
    expect(grid.locator('[role="row"]').filter(has_text="picture")).to_have_count(4)
    expect(right.get_by_role("combobox", name="Query").first).to_have_value("level>=warn")
    kept = "[m for m in left.to_pandas().message]"
    wait_until(
        lambda: values(page, kept) == [f"picture {n}" for n in (0, 10, 20, 30)], "the frame's rows"
    )
    Lab.evaluate(page, "left.live()")
    expect(grid).to_contain_text("volt")


def test_a_cell_that_blocks_the_kernel_does_not_stop_a_pane_served_by_a_thread(
    lab: Lab, page: Page
) -> None:
    lab.write(
        "busy.ipynb",
        "import time, pathlib, autobench_nb as ab\n"
        "bench = ab.Orchestrator(name='busy')\nbench.serve(thread=True)\n",
        "ab.LogPane(bench)",
        "bench.log('app').info('the cell has begun')\n"
        "while not pathlib.Path('go-on').exists():\n    time.sleep(0.01)\n",
    )
    lab.open(page, "busy.ipynb")
    lab.begin_all(page)
    expect(page.locator('.ab-log [role="grid"]')).to_contain_text(
        "the cell has begun", timeout=60_000
    )
    assert not lab.all_ended(page)
    (lab.folder / "go-on").touch()
    wait_until(lambda: lab.all_ended(page), "the end of the blocking cell")


def test_the_dashboard_opens_its_page_signed_in(lab: Lab, page: Page) -> None:
    token = "the-token-of-two-looks"
    lab.write(
        "page.ipynb",
        "import autobench_nb as ab\n"
        f"ab.Orchestrator(name='two looks', environ={{'AUTOBENCH_TOKEN': '{token}'}})",
    )
    asked: list[str] = []
    page.context.on(
        "request",
        lambda request: asked.extend((request.url, request.headers.get("referer", ""))),
    )
    lab.open(page, "page.ipynb")
    lab.run_all(page)
    expect(page.locator(".ab-dash .ab-badge").first).to_contain_text("live")
    with page.context.expect_page() as opened:
        page.get_by_role("button", name="Open page").click()
    other = opened.value
    expect(other.locator(".ab-badge").first).to_contain_text("live")
    expect(other.locator(".ab-head")).to_contain_text("two looks")
    assert not other.url.partition("?")[2]
    assert other.evaluate("() => [window.opener, document.referrer, history.length]") == [
        None,
        "",
        1,
    ]
    signed_in = [url for url in asked if "?code=" in url]
    assert len(signed_in) == 1
    assert not [text for text in asked if token in text]


def test_a_view_whose_kernel_is_gone_says_so_and_keeps_what_it_showed(lab: Lab, page: Page) -> None:
    lab.write(
        "gone.ipynb",
        "import autobench_nb as ab\nbench = ab.Orchestrator(name='gone')\nbench.log('psu').warn('hot')",
        "bench",
    )
    lab.open(page, "gone.ipynb")
    lab.run_all(page)
    dashboard = page.locator(".ab-dash")
    expect(dashboard.locator('[role="grid"]')).to_contain_text("hot")
    page.evaluate("() => jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart()")
    expect(dashboard).to_contain_text("The kernel that made this view is gone. Run the cell again.")
    expect(dashboard.locator('[role="grid"]')).to_contain_text("hot")
    lab.run_all(page)
    expect(page.locator(".ab-dash .ab-badge").first).to_contain_text("live")
