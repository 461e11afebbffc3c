"""The query line of the pane: the language, errors as one types, completion, and what stands where nothing matches."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from autobench_nb import Orchestrator
from tests.e2e.pane import Pane

pytestmark = pytest.mark.browser


@pytest.fixture
def lab(bench: Orchestrator, pane: Pane) -> Pane:
    """A pane with five lines, from the oldest: cold, warm, hot, noise, picture."""
    psu, cam = bench.log("psu"), bench.log("cam", device_id="cam0")
    psu.debug("cold", temp=20)
    psu.info("warm, pass 12", temp=60, job_id="42")
    psu.warn("hot", temp=81.5, job_id="42")
    psu.error("noise on rail 3")
    cam.warn("picture")
    expect(pane.rows).to_have_count(5)
    return pane


@pytest.mark.parametrize(
    ("query", "messages"),
    [
        ("level>=warn", ["picture", "noise", "hot"]),
        ("level:warn", ["picture", "hot"]),
        ("channel:psu level>=info -noise", ["hot", "warm"]),
        ("channel:p* job:42", ["hot", "warm"]),
        ("/pass \\d+/", ["warm"]),
        ('"rail 3"', ["noise"]),
        ("HOT", ["hot"]),
        ("fields.temp>=60", ["hot", "warm"]),
        ("(cold OR device:cam0) since:-5m", ["picture", "cold"]),
        ("NOT channel:psu -channel:websocket", ["picture"]),
        ("has:job level:info..warn", ["hot", "warm"]),
        (
            "level>=warn channel:psu -noise /o/ job:42 since:-5m fields.temp>=80 (hot OR cold)",
            ["hot"],
        ),
    ],
)
def test_the_query_says_which_lines_are_shown_here_and_in_python(
    lab: Pane, bench: Orchestrator, query: str, messages: list[str]
) -> None:
    lab.ask(query)
    expect(lab.rows.locator(".ab-log-message")).to_contain_text(messages)
    expect(lab.rows).to_have_count(len(messages))
    found = [entry.message for entry in bench.logs.query(query) if entry.channel != "websocket"]
    assert len(found) == len(messages)
    assert all(begin in message for begin, message in zip(messages, reversed(found), strict=True))


def test_an_error_is_said_in_words_with_its_column_while_one_types(lab: Pane) -> None:
    lab.ask("level>=warn")
    expect(lab.rows).to_have_count(3)
    lab.ask("level>=warn level:loud")
    error = lab.root.locator(".ab-log-error")
    expect(error).to_have_text(
        "loud is not possible here at column 19: expected a level: debug, info, warn, error or fatal."
    )
    expect(lab.query).to_have_attribute("aria-invalid", "true")
    expect(lab.query).to_have_attribute("aria-describedby", str(error.get_attribute("id")))
    expect(lab.root.locator(".ab-log-mirror .ab-bad")).to_have_text("loud")
    # What was shown stays while one types on.
    expect(lab.rows).to_have_count(3)
    for _ in "loud":
        lab.page.keyboard.press("Backspace")
    lab.query.press_sequentially("error")
    expect(error).to_have_count(0)
    expect(lab.query).to_have_attribute("aria-invalid", "false")
    lab.shows("noise on rail 3")


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("lev", "level>="),
        ("chan", "channel:"),
        ("channel:p", "psu"),
        ("level>=e", "error"),
        ("job:", "42"),
        ("device:", "cam0"),
        ("fields.t", "fields.temp"),
        ("since:-", "-5m"),
    ],
)
def test_fields_and_their_values_are_completed(lab: Pane, typed: str, offered: str) -> None:
    lab.query.press_sequentially(typed)
    options = lab.root.get_by_role("option")
    expect(options.locator("span:first-child").get_by_text(offered, exact=True)).to_be_visible()
    expect(lab.query).to_have_attribute("aria-expanded", "true")


def test_a_completion_is_taken_by_keys_and_by_the_mouse(lab: Pane) -> None:
    lab.query.press_sequentially("chan")
    lab.page.keyboard.press("Tab")
    expect(lab.query).to_have_value("channel:")
    expect(lab.query).to_be_focused()
    options = lab.root.get_by_role("option")
    cam = options.filter(has_text="cam")
    lab.page.keyboard.press("ArrowDown")
    while cam.get_attribute("aria-selected") != "true":
        lab.page.keyboard.press("ArrowDown")
    expect(lab.query).to_have_attribute("aria-activedescendant", str(cam.get_attribute("id")))
    lab.page.keyboard.press("Enter")
    expect(lab.query).to_have_value("channel:cam")
    lab.shows("picture")
    lab.query.fill("channel:")
    lab.query.press_sequentially("p")
    options.filter(has_text="psu").click()
    expect(lab.query).to_have_value("channel:psu")
    expect(lab.rows).to_have_count(4)
    expect(options).to_have_count(0)


def test_escape_closes_the_completions_before_it_leaves_the_line(lab: Pane) -> None:
    lab.query.press_sequentially("chan")
    expect(lab.root.get_by_role("option")).not_to_have_count(0)
    lab.page.keyboard.press("Escape")
    expect(lab.root.get_by_role("option")).to_have_count(0)
    expect(lab.query).to_be_focused()
    lab.page.keyboard.press("Escape")
    expect(lab.grid).to_be_focused()


def test_earlier_queries_come_back_by_the_arrow_key(lab: Pane) -> None:
    lab.ask("level:error")
    lab.page.keyboard.press("Enter")
    lab.ask("picture")
    lab.page.keyboard.press("Enter")
    lab.button("Clear the query").click()
    expect(lab.rows).to_have_count(5)
    lab.query.focus()
    lab.page.keyboard.press("ArrowDown")
    expect(lab.root.get_by_role("option").locator("span:first-child")).to_have_text(
        ["picture", "level:error"]
    )
    lab.page.keyboard.press("ArrowDown")
    lab.page.keyboard.press("Enter")
    expect(lab.query).to_have_value("level:error")
    lab.shows("noise on rail 3")


def test_matches_are_marked_in_the_text(lab: Pane) -> None:
    lab.ask("rail OR /pass \\d+/")
    expect(lab.grid.locator("mark")).to_have_text(["rail", "pass 12"])


def test_where_nothing_matches_the_pane_says_which_term_to_drop(lab: Pane) -> None:
    lab.ask("channel:psu picture")
    lab.shows()
    expect(lab.root).to_contain_text("None of 6 lines match.")
    lab.button("drop channel:psu").click()
    expect(lab.query).to_have_value("picture")
    lab.shows("picture")
    lab.ask("no such line")
    lab.button("Clear query").click()
    expect(lab.rows).to_have_count(5)


def test_a_word_that_is_a_name_is_offered_as_one(lab: Pane) -> None:
    lab.query.press_sequentially("psu")
    offered = lab.root.get_by_role("option").filter(has_text="channel:psu")
    expect(offered).to_be_visible()
    lab.ask("error PSU")
    lab.page.keyboard.press("Escape")
    lab.shows()
    lab.button("ask level:error channel:psu").click()
    expect(lab.query).to_have_value("level:error channel:psu")
    lab.shows("noise on rail 3")
    lab.ask("cam")
    lab.button("ask channel:cam").click()
    lab.shows("picture")
