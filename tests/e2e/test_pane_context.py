"""Context is a place one comes back from; export takes what was asked for; a click on a job shows its lines."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from autobench_nb import Orchestrator
from tests.e2e.pane import Pane

pytestmark = pytest.mark.browser

WARNED = (4, 10, 16)


@pytest.fixture
def lab(bench: Orchestrator, pane: Pane) -> Pane:
    """Lines 0 to 19; 4, 10 and 16 are warnings, and only they are asked for."""
    log = bench.log("psu")
    for n in range(20):
        (log.warn if n in WARNED else log.info)(f"line {n}")
    pane.ask("level>=warn")
    pane.shows("line 16", "line 10", "line 4")
    return pane


def enter(pane: Pane, message: str) -> None:
    pane.row(message).locator(".ab-log-message").dblclick(position={"x": 300, "y": 8})
    pane.detail.get_by_role("button", name="in context").click()
    expect(strip(pane)).to_be_visible()


def strip(pane: Pane) -> Locator:
    return pane.root.get_by_role("group", name="In context")


def is_back(pane: Pane) -> None:
    expect(strip(pane)).to_have_count(0)
    expect(pane.button("Filter")).to_have_attribute("aria-pressed", "true")
    pane.shows("line 16", "line 10", "line 4")
    current = pane.grid.locator(".ab-current .ab-log-message")
    expect(current).to_have_text("line 10")
    expect(current).to_be_in_viewport()


def exported(pane: Pane, what: str, name: str) -> str:
    menu = pane.open_menu()
    menu.get_by_label(what, exact=True).check()
    with pane.page.expect_download() as download:
        menu.get_by_role("button", name=name, exact=True).click()
    # Read as bytes, since a byte order mark is one of the things looked for.
    return Path(download.value.path()).read_bytes().decode()


@pytest.mark.parametrize("way", ["button", "escape", "filter", "m"])
def test_one_comes_back_from_a_context_to_what_was_asked(lab: Pane, way: str) -> None:
    enter(lab, "line 10")
    expect(lab.row("line 11")).to_be_visible()
    expect(lab.foot).to_contain_text("21 of 21 shown")
    expect(strip(lab)).to_contain_text("the 3 matches are marked")
    if way == "button":
        strip(lab).get_by_role("button", name=re.compile("Back to level>=warn")).click()
    elif way == "filter":
        lab.button("Filter").click()
    else:
        lab.press("Escape" if way == "escape" else "m")
    is_back(lab)


def test_a_context_is_no_choice_that_is_kept(lab: Pane, page: Page) -> None:
    enter(lab, "line 10")
    page.reload()
    expect(strip(lab)).to_have_count(0)
    lab.shows("line 16", "line 10", "line 4")


def test_who_asks_for_other_lines_has_left_the_context(lab: Pane) -> None:
    enter(lab, "line 10")
    lab.ask('"line 1"')
    expect(strip(lab)).to_have_count(0)
    lab.shows(*(f"line {n}" for n in (*range(19, 9, -1), 1)))


def test_what_was_cleared_is_cleared_again_after_the_context(lab: Pane) -> None:
    lab.row("line 10").click()
    lab.press("p", "x")
    lab.shows("line 16", "line 10")
    lab.row("line 16").click()
    lab.ask("")
    lab.row("line 10").click()
    pins = lab.root.get_by_role("list", name="Pinned lines")
    lab.ask("level>=error")
    pins.get_by_text("line 10").click()
    expect(lab.row("line 9")).to_be_visible()
    lab.press("Escape")
    expect(lab.gaps).to_contain_text(["hidden by “clear to here”"])


def test_export_in_a_context_and_in_locate_gives_the_matches(
    lab: Pane, bench: Orchestrator
) -> None:
    enter(lab, "line 10")
    for _ in range(2):
        found = json.loads(exported(lab, "the matches", "JSON"))
        assert [entry["message"] for entry in found] == ["line 4", "line 10", "line 16"]
        lab.button("Locate").click()
        expect(strip(lab)).to_have_count(0)
    everything = json.loads(exported(lab, "all held", "JSON"))
    assert len(everything) == len(bench.logs) == 21


def test_locate_that_was_chosen_stays_and_says_nothing_of_a_way_back(lab: Pane) -> None:
    lab.button("Locate").click()
    lab.row("line 10").locator(".ab-log-message").dblclick(position={"x": 300, "y": 8})
    lab.detail.get_by_role("button", name="in context").click()
    expect(strip(lab)).to_have_count(0)
    expect(lab.button("Locate")).to_have_attribute("aria-pressed", "true")


@pytest.mark.parametrize("bom", [False, True])
def test_a_csv_file_has_a_byte_order_mark_on_request(
    lab: Pane, bench: Orchestrator, bom: bool
) -> None:
    bench.log("psu").warn("Ärger über 5 °C")
    expect(lab.rows).to_have_count(4)
    menu = lab.open_menu()
    menu.get_by_label(re.compile("Byte order mark")).set_checked(bom)
    menu.get_by_label("what is shown", exact=True).check()
    with lab.page.expect_download() as download:
        menu.get_by_role("button", name="CSV", exact=True).click()
    text = Path(download.value.path()).read_bytes().decode()
    assert text.startswith("\ufeffseq,") is bom
    rows = list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline="")))
    assert rows[-1]["message"] == "Ärger über 5 °C"


@pytest.mark.parametrize(
    "state", ["plain", "twice", "another query", "locate", "context", "cleared", "paused"]
)
def test_a_click_on_a_job_shows_its_lines_always(
    pane: Pane, page: Page, bench: Orchestrator, state: str
) -> None:
    bench.log("psu").warn("of no job")
    expect(pane.row("of no job")).to_be_visible()
    if state == "paused":
        pane.press(" ")
    run = bench.run({"squeeze": "echo squeezed"})
    assert run.wait(60)
    panel = page.get_by_role("tabpanel")
    name = panel.get_by_role("button", name=re.compile("squeeze")).first
    expect(name).to_be_visible()
    if state != "paused":
        expect(pane.row("squeezed")).to_be_visible()
    if state == "twice":
        name.click()
    elif state == "another query":
        pane.ask("level>=warn -squeezed")
    elif state == "locate":
        pane.button("Locate").click()
    elif state == "context":
        pane.ask("level>=warn")
        enter(pane, "of no job")
    elif state == "cleared":
        pane.press("x")
    name.click()
    expect(pane.query).to_have_value(f"job:{run.jobs[0].id}")
    expect(pane.row("squeezed")).to_be_visible()
    expect(pane.row("of no job")).to_have_count(0)


def test_a_tag_in_locate_shows_only_the_lines_of_its_job(pane: Pane, bench: Orchestrator) -> None:
    bench.log("psu").info("one", job_id="a1")
    bench.log("psu").info("other")
    pane.button("Locate").click()
    pane.rows.locator(".ab-tag", has_text="a1").click()
    pane.shows("one")
