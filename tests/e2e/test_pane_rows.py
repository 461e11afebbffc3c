"""Rows: fields and JSON expand, tracebacks fold, ANSI colours, wrap, columns, times."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime

import pytest
from playwright.sync_api import Browser, Page, expect

from autobench_nb import Orchestrator
from tests.e2e.conftest import wait_until
from tests.e2e.pane import Pane, post

pytestmark = pytest.mark.browser


def test_fields_are_brief_in_the_row_and_whole_when_it_is_opened(
    pane: Pane, bench: Orchestrator
) -> None:
    bench.log("psu", job_id="a1").info("rail 3", volt=11.98, unit="V", ok=True)
    bench.log("psu").info("other", volt=5)
    brief = pane.row("rail 3").locator(".ab-log-fields")
    expect(brief).to_have_text("{volt: 11.98, unit: V, ok: true}")
    brief.click()
    expect(pane.detail.locator("dt")).to_have_text(["volt", "unit", "ok"])
    expect(pane.detail.locator("dd")).to_have_text(["11.98", "V", "true"])
    expect(pane.detail).to_contain_text("job a1")
    pane.detail.get_by_role("button", name="11.98").click()
    expect(pane.query).to_have_value("fields.volt:11.98")
    expect(pane.rows).to_have_count(1)
    pane.row("rail 3").locator(".ab-log-level").dblclick()
    expect(pane.detail).to_have_count(0)


@pytest.mark.parametrize("part", [".ab-log-fields", ".ab-log-hint"])
def test_a_double_click_opens_a_line_wherever_in_its_message_it_is_made(
    pane: Pane, bench: Orchestrator, part: str
) -> None:
    """Before, the first click on fields opened the line and the double click shut it again."""
    bench.log("psu").info("rail 3\nrail 4", volt=11.98)
    pane.row("rail 3").locator(part).dblclick()
    expect(pane.detail).to_contain_text("volt")
    pane.settled()
    expect(pane.detail).to_have_count(1)


@pytest.mark.parametrize("how", ["a double click", "the keyboard"])
def test_a_line_that_is_opened_at_the_lower_edge_comes_into_view(
    pane: Pane, bench: Orchestrator, how: str
) -> None:
    """Before, what it holds stood below the edge, and nothing told that it had been opened."""
    for n in range(100):
        bench.log("psu").info(f"line {n}", volt=n, amps=n / 2)
    expect(pane.row("line 99")).to_be_visible()
    box = pane.grid.bounding_box()
    assert box is not None
    last = 99 - int(box["height"] // 21) + 1
    row = pane.row(re.compile(f"^line {last}"))
    if how == "the keyboard":
        row.locator(".ab-log-level").click()
        pane.press("Enter")
    else:
        row.locator(".ab-log-level").dblclick()
    expect(pane.detail).to_contain_text("amps")
    expect(pane.detail).to_be_in_viewport(ratio=1)


def test_a_message_of_json_is_laid_out_when_it_is_opened(pane: Pane, bench: Orchestrator) -> None:
    bench.log("psu").info('{"volt": 11.98, "rails": [1, 2]}')
    pane.row("rails").dblclick()
    expect(pane.detail.locator(".ab-log-whole")).to_have_text(
        re.compile('^\\{\n  "volt": 11.98,\n  "rails": \\[\n    1,\n    2\n  \\]\n\\}$'),
        use_inner_text=True,
    )


def test_a_traceback_is_folded_into_its_line_and_opens(pane: Pane, bench: Orchestrator) -> None:
    log = bench.log("psu")
    try:
        raise ValueError("rail 3")
    except ValueError:
        log.exception("not set")
    hint = pane.row("not set").locator(".ab-log-hint")
    expect(hint).to_have_text(re.compile("[4-9] lines of traceback"))
    expect(pane.grid).not_to_contain_text("ValueError: rail 3")
    pane.row("not set").locator(".ab-log-fold").click()
    expect(pane.detail.locator(".ab-log-traceback")).to_contain_text("ValueError: rail 3")
    expect(hint).to_have_count(0)
    pane.row("not set").locator(".ab-log-fold").click()
    expect(pane.detail).to_have_count(0)
    pane.open_menu().get_by_label("Open tracebacks").check()
    expect(pane.detail.locator(".ab-log-traceback")).to_contain_text("ValueError: rail 3")


def test_only_the_first_line_of_several_is_shown_until_the_row_is_opened(
    pane: Pane, bench: Orchestrator
) -> None:
    bench.log("psu").info("first\nsecond\nthird")
    expect(pane.row("first").locator(".ab-log-hint")).to_have_text("+ 2 lines")
    expect(pane.grid).not_to_contain_text("second")
    pane.row("first").click()
    pane.press("Enter")
    expect(pane.detail).to_contain_text("second\nthird", use_inner_text=True)


def test_ansi_sequences_colour_the_text_and_are_not_shown(pane: Pane, bench: Orchestrator) -> None:
    bench.log("psu").info("plain \x1b[1;31mred\x1b[0m \x1b[38;2;1;2;3mown\x1b[0m\x1b[2K end")
    pane.shows("plain red own end")
    red = pane.rows.get_by_text("red", exact=True)
    expect(red).to_have_class(re.compile("ab-fg1"))
    expect(red).to_have_css("font-weight", "700")
    expect(pane.rows.get_by_text("own", exact=True)).to_have_attribute(
        "style", re.compile("--ab-own-fg: #010203")
    )
    assert red.evaluate("el => getComputedStyle(el).color") != pane.rows.locator(
        ".ab-log-message"
    ).evaluate("el => getComputedStyle(el).color")


def test_long_lines_are_cut_or_wrap(pane: Pane, bench: Orchestrator) -> None:
    bench.log("psu").info("word " * 200 + "end")
    row = pane.row("word")
    height = "el => el.getBoundingClientRect().height"
    expect(row).to_be_visible()
    one = row.evaluate(height)
    pane.press("w")
    pane.page.wait_for_function(
        "one => document.querySelector('.ab-log-row').getBoundingClientRect().height > one * 2",
        arg=one,
    )
    pane.press("w")
    pane.page.wait_for_function(
        "one => document.querySelector('.ab-log-row').getBoundingClientRect().height === one",
        arg=one,
    )


def test_columns_are_chosen_in_the_menu(pane: Pane, bench: Orchestrator) -> None:
    bench.log("psu", logger="dev.psu", job_id="a1").info("volt", volt=3)
    row = pane.row("volt")
    expect(row.locator(".ab-log-seq, .ab-log-logger")).to_have_count(0)
    menu = pane.open_menu()
    for name in ("seq", "logger"):
        menu.get_by_label(name, exact=True).check()
    expect(row.locator(".ab-log-seq")).to_have_text(re.compile(r"^\d+$"))
    expect(row.locator(".ab-log-logger")).to_have_text("dev.psu")
    for name in ("time", "fields", "job"):
        menu.get_by_label(name, exact=True).uncheck()
    expect(row.locator(".ab-log-time, .ab-log-fields, .ab-tag")).to_have_count(0)
    expect(menu.get_by_label("message", exact=True)).to_be_disabled()
    expect(pane.grid).to_have_attribute("aria-colcount", "6")


def test_columns_are_resized_by_dragging_and_by_keys(
    pane: Pane, page: Page, bench: Orchestrator
) -> None:
    bench.log("psu").info("volt")
    channel = pane.row("volt").locator(".ab-log-channel")
    expect(channel).to_be_visible()

    def width() -> int:
        return int(channel.evaluate("el => Math.round(el.getBoundingClientRect().width)"))

    def becomes(fact: Callable[[int], bool]) -> None:
        # The cell is looked up each time: a row that was drawn anew is another element.
        wait_until(lambda: fact(width()), "the column has that width")

    before = width()
    grip = pane.root.locator(".ab-log-grip[title^=channel]")
    at = grip.bounding_box()
    assert at is not None
    x, y = at["x"] + at["width"] / 2, at["y"] + 10
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 60, y)
    page.mouse.up()
    becomes(lambda now: now == before + 60)
    grip.dblclick()
    becomes(lambda now: now == before)
    slider = pane.open_menu().get_by_label("Width of channel")
    slider.focus()
    expect(slider).to_be_focused()
    page.keyboard.press("ArrowRight")
    becomes(lambda now: now > before)


def test_times_are_of_the_user_s_zone_or_relative(browser: Browser, bench: Orchestrator) -> None:
    bench.log("psu").info("volt")
    ts = bench.logs[0].ts
    context = browser.new_context(timezone_id="Asia/Kathmandu")
    try:
        pane = Pane.open(context.new_page(), bench)
        shown = pane.row("volt").locator(".ab-log-time")
        # Kathmandu is 5:45 ahead of UTC the year round.
        minutes = int(ts // 60_000 + 345) % 1_440
        expect(shown).to_contain_text(f"{minutes // 60:02}:{minutes % 60:02}:")
        expect(shown).to_have_attribute("title", re.compile(r"Asia/Kathmandu|Asia/Katmandu"))
        pane.press("t")
        expect(shown).to_have_text(re.compile(r"^\d+(\.\d)? s$|^\d+ m \d+ s$"))
        first = shown.inner_text()
        expect(shown).not_to_have_text(first)
    finally:
        context.close()


def test_a_date_stands_before_the_time_once_lines_are_not_all_of_today(
    pane: Pane, bench: Orchestrator
) -> None:
    bench.log("psu").info("today")
    shown = pane.row("today").locator(".ab-log-time")
    expect(shown).to_have_text(re.compile(r"^\d\d:\d\d:\d\d\.\d\d\d$"))
    now = datetime.now()
    old = now.replace(year=now.year - 1, month=5, day=6, hour=7, minute=8, second=9, microsecond=0)
    post(bench, [{"channel": "psu", "message": "then", "ts": old.timestamp() * 1000}])
    expect(pane.row("then").locator(".ab-log-time")).to_have_text(f"{old:%Y-%m-%d %H:%M:%S}.000")
    # Every line tells its day then, so that they stand in one column, and none is cut.
    expect(shown).to_contain_text(f"{now:%Y-%m-%d} ")
    assert shown.evaluate("el => el.scrollWidth <= el.clientWidth")
    pane.page.set_viewport_size({"width": 400, "height": 800})
    expect(shown.locator(".ab-log-date")).to_be_hidden()
