"""A match in its context: filter or locate, from match to match, lines around it, pins."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from autobench_nb import Orchestrator
from tests.e2e.pane import Pane

pytestmark = pytest.mark.browser

HITS = (4, 10, 16)


@pytest.fixture
def lab(bench: Orchestrator, pane: Pane) -> Pane:
    """Lines 0 to 19; 4, 10 and 16 are marked as hits."""
    log = bench.log("psu")
    for n in range(20):
        log.info(f"line {n} hit" if n in HITS else f"line {n}")
    expect(pane.foot).to_contain_text("21 of 21 shown")
    return pane


def current(pane: Pane, message: str) -> None:
    """This line is the current one, for the eye and for a screen reader, and it is in view."""
    row = pane.grid.locator(".ab-current")
    expect(row.locator(".ab-log-message")).to_have_text(message)
    expect(row).to_have_attribute("aria-selected", "true")
    expect(pane.grid).to_have_attribute("aria-activedescendant", str(row.get_attribute("id")))
    expect(row).to_be_in_viewport()


def test_filter_shows_the_matches_and_locate_shows_them_among_all_lines(lab: Pane) -> None:
    lab.ask("hit")
    lab.shows("line 16 hit", "line 10 hit", "line 4 hit")
    lab.button("Locate").click()
    expect(lab.foot).to_contain_text("21 of 21 shown")
    expect(lab.grid.locator(".ab-hit .ab-log-message")).to_have_text(
        ["line 16 hit", "line 10 hit", "line 4 hit"]
    )
    expect(lab.row("line 5")).to_have_class(re.compile("ab-around"))
    lab.button("Filter").click()
    lab.shows("line 16 hit", "line 10 hit", "line 4 hit")


@pytest.mark.parametrize("mode", ["Filter", "Locate"])
def test_n_and_shift_n_walk_the_matches_and_say_which_of_how_many(lab: Pane, mode: str) -> None:
    lab.button(mode).click()
    lab.ask("hit")
    expect(lab.count).to_have_text("– / 3")
    lab.press("n")
    current(lab, "line 16 hit")
    expect(lab.count).to_have_text("1 / 3")
    lab.press("n", "n")
    current(lab, "line 4 hit")
    expect(lab.count).to_have_text("3 / 3")
    lab.press("n")
    current(lab, "line 16 hit")
    lab.press("Shift+N")
    current(lab, "line 4 hit")
    lab.press("Shift+N")
    current(lab, "line 10 hit")
    expect(lab.count).to_have_text("2 / 3")


def test_enter_in_the_query_goes_to_the_next_match_and_with_shift_back(lab: Pane) -> None:
    lab.ask("hit")
    for key, message, count in [
        ("Enter", "line 16 hit", "1 / 3"),
        ("Enter", "line 10 hit", "2 / 3"),
        ("Enter", "line 4 hit", "3 / 3"),
        ("Shift+Enter", "line 10 hit", "2 / 3"),
    ]:
        lab.page.keyboard.press(key)
        current(lab, message)
        expect(lab.count).to_have_text(count)
    expect(lab.query).to_be_focused()


def test_the_place_among_the_matches_moves_as_more_arrive(lab: Pane, bench: Orchestrator) -> None:
    lab.ask("hit")
    lab.press("n")
    expect(lab.count).to_have_text("1 / 3")
    bench.log("psu").info("another hit")
    expect(lab.count).to_have_text("2 / 4")
    current(lab, "line 16 hit")


def test_lines_of_context_stand_around_each_match(lab: Pane) -> None:
    lab.ask("hit")
    lab.press("+")
    around = [
        f"line {n}{' hit' * (n in HITS)}"
        for hit in reversed(HITS)
        for n in range(hit + 1, hit - 2, -1)
    ]
    lab.shows(*around)
    expect(lab.foot).to_contain_text("± 1 line")
    expect(lab.row("line 5")).to_have_class(re.compile("ab-around"))
    # Where lines between two groups are left out, the eye sees the break.
    expect(lab.grid.locator(".ab-apart")).not_to_have_count(0)
    lab.press("+", "+")
    expect(lab.rows).to_have_count(19)
    lab.press("-", "-", "-")
    lab.shows("line 16 hit", "line 10 hit", "line 4 hit")


def test_a_match_is_seen_in_its_context_with_one_click(lab: Pane) -> None:
    lab.ask("hit")
    lab.row("line 10 hit").locator(".ab-log-message").dblclick(position={"x": 300, "y": 8})
    lab.detail.get_by_role("button", name="in context").click()
    current(lab, "line 10 hit")
    expect(lab.row("line 11")).to_be_visible()
    expect(lab.row("line 9")).to_be_visible()
    expect(lab.query).to_have_value("hit")


def test_a_pinned_line_stays_whatever_is_asked_and_leads_back(lab: Pane) -> None:
    lab.row("line 7").click()
    lab.press("p")
    pins = lab.root.get_by_role("list", name="Pinned lines")
    expect(pins.get_by_role("listitem")).to_have_count(1)
    lab.ask("hit")
    lab.shows("line 16 hit", "line 10 hit", "line 4 hit")
    expect(lab.row("line 7")).to_have_count(0)
    pins.get_by_text("line 7").click()
    current(lab, "line 7")
    expect(lab.row("line 6")).to_be_visible()
    lab.button(re.compile("^Unpin line")).click()
    expect(pins).to_have_count(0)


def test_a_pin_outlives_its_line(bench: Orchestrator, lab: Pane) -> None:
    lab.row("line 7").click()
    lab.press("p")
    bench.state.set("/serverConfig/logs/capacity", 5)
    expect(lab.foot).to_contain_text("keeps 5")
    pins = lab.root.get_by_role("list", name="Pinned lines")
    expect(pins).to_contain_text("line 7")
    expect(lab.row("line 7")).to_have_count(0)
    pins.get_by_text("line 7").click()
    expect(lab.root.locator(".ab-log-notice")).to_contain_text("no longer held")


def test_enter_finds_what_was_typed_a_moment_before(lab: Pane) -> None:
    """Typed and sent before the next picture: the match is one of the new query's, not of the old one's."""
    lab.ask("line")
    expect(lab.count).to_have_text("– / 20")
    lab.query.evaluate(
        """input => {
            input.value = 'hit';
            input.dispatchEvent(new InputEvent('input', { bubbles: true }));
            input.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', bubbles: true }));
        }"""
    )
    current(lab, "line 16 hit")
    expect(lab.count).to_have_text("1 / 3")
