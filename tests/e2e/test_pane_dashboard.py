"""The page around the pane: tabs that say what waits behind them, and rows that lead into the log."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from autobench_nb import Orchestrator
from tests.e2e.pane import Pane

pytestmark = pytest.mark.browser

TABS = ("Runs", "Devices", "Streams", "Findings", "State")


def test_tabs_are_walked_by_arrows_and_show_their_part(pane: Pane, page: Page) -> None:
    tabs = page.get_by_role("tab")
    expect(tabs).to_have_count(len(TABS))
    tabs.first.focus()
    for name in (*TABS[1:], TABS[0]):
        page.keyboard.press("ArrowRight")
        chosen = page.get_by_role("tab", selected=True)
        expect(chosen).to_contain_text(name)
        expect(chosen).to_be_focused()
        panel = page.get_by_role("tabpanel")
        expect(panel).to_have_attribute("aria-labelledby", str(chosen.get_attribute("id")))
    page.keyboard.press("End")
    expect(page.get_by_role("tab", selected=True)).to_contain_text("State")
    page.keyboard.press("Home")
    expect(page.get_by_role("tab", selected=True)).to_contain_text("Runs")


def test_the_chosen_tab_survives_a_reload(pane: Pane, page: Page, bench: Orchestrator) -> None:
    bench.devices.add("cam0", type="camera")
    page.get_by_role("tab", name=re.compile("Devices")).click()
    expect(page.get_by_role("tabpanel")).to_contain_text("cam0")
    page.reload()
    expect(page.get_by_role("tabpanel")).to_contain_text("cam0")
    expect(page.get_by_role("tab", selected=True)).to_contain_text("Devices")


def test_devices_show_live_what_the_state_says(pane: Pane, page: Page, bench: Orchestrator) -> None:
    bench.devices.add("cam0", type="camera")
    page.get_by_role("tab", name=re.compile("Devices")).click()
    panel = page.get_by_role("tabpanel")
    expect(panel).to_contain_text("cam0")
    bench.devices.update("cam0", status="error")
    expect(panel).to_contain_text("error")
    expect(page.get_by_role("tab", name=re.compile("Devices"))).to_contain_text("1")
    bench.devices.remove("cam0")
    expect(panel).not_to_contain_text("cam0")


def test_a_run_is_seen_while_it_goes_on_and_leads_to_its_lines(
    pane: Pane, page: Page, bench: Orchestrator
) -> None:
    bench.log("psu").info("of no job")
    run = bench.run({"squeeze": "echo squeezed; sleep 600"})
    panel = page.get_by_role("tabpanel")
    expect(panel).to_contain_text("squeeze")
    expect(page.get_by_role("tab", name=re.compile("Runs"))).to_contain_text("1")
    expect(page).to_have_title(re.compile(r"^\(1\)"))
    expect(pane.row("squeezed")).to_be_visible()
    panel.get_by_role("button", name=re.compile("squeeze")).first.click()
    expect(pane.query).to_have_value(f"job:{run.jobs[0].id}")
    expect(pane.row("of no job")).to_have_count(0)
    expect(pane.row("squeezed")).to_be_visible()
    run.cancel()
    expect(panel).to_contain_text("cancelled")
    expect(page).not_to_have_title(re.compile(r"^\("))


def test_the_state_is_a_tree_that_lives(pane: Pane, page: Page, bench: Orchestrator) -> None:
    page.get_by_role("tab", name="State").click()
    tree = page.get_by_role("tree")
    expect(tree).to_contain_text("serverConfig")
    bench.state.set("/config/room", "lab 3")
    config = tree.get_by_role("treeitem").filter(has_text=re.compile("^.?config"))
    config.first.click()
    page.keyboard.press("ArrowRight")
    expect(tree).to_contain_text("lab 3")
    bench.state.set("/config/room", "lab 4")
    expect(tree).to_contain_text("lab 4")
