"""Following, pausing, clearing: what the pane does while lines arrive and one reads."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from autobench_nb import Orchestrator
from tests.e2e.pane import Pane

pytestmark = pytest.mark.browser


@pytest.fixture
def lab(bench: Orchestrator, pane: Pane) -> Pane:
    """200 lines, some more than a screen."""
    write(bench, 200)
    expect(pane.foot).to_contain_text("201 of 201 shown")
    return pane


def write(bench: Orchestrator, count: int, text: str = "line") -> None:
    log = bench.log("psu")
    for n in range(count):
        log.info(f"{text} {n}")


def top(pane: Pane, message: str) -> None:
    """The first row in view is this line."""
    first = pane.page.wait_for_function(
        """([grid, message]) => {
            const box = grid.getBoundingClientRect();
            const row = document.elementFromPoint(box.left + box.width / 2, box.top + 8)?.closest('.ab-log-row');
            return row?.querySelector('.ab-log-message').textContent.startsWith(message);
        }""",
        arg=[pane.grid.element_handle(), message],
    )
    assert first.json_value() is True


def test_new_lines_are_followed(lab: Pane, bench: Orchestrator) -> None:
    top(lab, "line 199")
    write(bench, 3, "new")
    top(lab, "new 2")
    expect(lab.root.locator(".ab-log-new")).to_have_count(0)


def test_scrolled_away_nothing_moves_and_what_comes_is_counted(
    lab: Pane, bench: Orchestrator
) -> None:
    lab.grid.hover()
    lab.page.mouse.wheel(0, 210)
    top(lab, "line 189")
    write(bench, 3, "new")
    unread = lab.button(re.compile("3 new lines"))
    expect(unread).to_be_visible()
    top(lab, "line 189")
    write(bench, 1, "newer")
    lab.button(re.compile("4 new lines")).click()
    top(lab, "newer 0")
    expect(lab.root.locator(".ab-log-new")).to_have_count(0)


def test_only_lines_that_the_query_wants_are_unread(lab: Pane, bench: Orchestrator) -> None:
    lab.ask("channel:psu")
    lab.grid.hover()
    lab.page.mouse.wheel(0, 210)
    top(lab, "line 189")
    bench.log("cam").info("not asked for")
    write(bench, 2, "asked for")
    expect(lab.button(re.compile("2 new lines"))).to_be_visible()


def test_scrolling_back_to_the_end_follows_again(lab: Pane, bench: Orchestrator) -> None:
    lab.grid.hover()
    lab.page.mouse.wheel(0, 210)
    top(lab, "line 189")
    expect(lab.button(re.compile("Follow"))).to_be_visible()
    lab.page.mouse.wheel(0, -400)
    # A turn of the wheel is scrolled over many pictures: the end is reached when its line stands first.
    top(lab, "line 199")
    expect(lab.button("Following")).to_have_attribute("aria-pressed", "true")
    write(bench, 1, "new")
    top(lab, "new 0")


def test_marking_text_holds_the_rows_so_that_it_is_not_carried_off(
    lab: Pane, bench: Orchestrator
) -> None:
    message = lab.row("line 195").locator(".ab-log-message")
    box = message.bounding_box()
    assert box is not None
    lab.page.mouse.move(box["x"] + 2, box["y"] + 10)
    lab.page.mouse.down()
    lab.page.mouse.move(box["x"] + 120, box["y"] + 10)
    write(bench, 3, "new")
    expect(lab.button(re.compile("3 new lines"))).to_be_visible()
    top(lab, "line 199")
    lab.page.mouse.up()
    assert lab.page.evaluate("() => getSelection().toString()") == "line 195"
    # Who follows again means it, though the text is still marked.
    lab.press("f")
    for n in range(3):
        write(bench, 50, f"newer {n}")
        top(lab, f"newer {n} 49")
    expect(lab.root.locator(".ab-log-new")).to_have_count(0)


def test_a_line_that_one_opens_stays_where_it_is(lab: Pane, bench: Orchestrator) -> None:
    lab.row("line 198").dblclick()
    expect(lab.detail).to_be_visible()
    write(bench, 3, "new")
    expect(lab.button(re.compile("3 new lines"))).to_be_visible()
    top(lab, "line 199")


@pytest.mark.parametrize("width", [330, 700, 1400])
@pytest.mark.parametrize("order", ["newest", "oldest"])
def test_nothing_lies_over_what_an_opened_line_offers(
    lab: Pane, bench: Orchestrator, width: int, order: str
) -> None:
    """With one match it cannot be scrolled away: each button under the pointer is the one that is seen."""
    lab.page.set_viewport_size({"width": width, "height": 800})
    bench.log("psu").warn("the one")
    lab.ask("level>=warn")
    lab.shows("the one")
    if order == "oldest":
        lab.press("s")
    lab.row("the one").dblclick(position={"x": 150, "y": 8})
    write(bench, 2, "more")
    bench.log("psu").debug("and a new line")
    expect(lab.button(re.compile("Follow$"))).to_be_visible()
    for name in ("copy", "as JSON", "permalink", "pin", "in context"):
        button = lab.detail.get_by_role("button", name=name, exact=True)
        hit = button.evaluate(
            """el => {
                const { left, top, width, height } = el.getBoundingClientRect();
                const inside = [0.1, 0.5, 0.9].map(x => [left + width * x, top + height / 2]);
                return inside.every(([x, y]) => el.contains(document.elementFromPoint(x, y)));
            }"""
        )
        assert hit, name


def test_the_follow_button_stands_in_the_foot_and_keeps_its_place(
    lab: Pane, bench: Orchestrator
) -> None:
    follow = lab.foot.get_by_role("button", name=re.compile("Follow"))
    expect(follow).to_have_attribute("aria-pressed", "true")
    before = follow.bounding_box()
    lab.grid.hover()
    lab.page.mouse.wheel(0, 210)
    expect(follow).to_have_attribute("aria-pressed", "false")
    write(bench, 3, "new")
    expect(follow).to_contain_text("3 new lines")
    assert follow.bounding_box() == before
    follow.click()
    expect(follow).to_have_attribute("aria-pressed", "true")
    top(lab, "new 2")


def test_f_stops_following_and_follows_again(lab: Pane, bench: Orchestrator) -> None:
    lab.press("f")
    write(bench, 2, "new")
    expect(lab.button(re.compile("2 new lines"))).to_be_visible()
    top(lab, "line 199")
    lab.press("f")
    top(lab, "new 1")


def test_oldest_first_follows_at_the_bottom(lab: Pane, bench: Orchestrator) -> None:
    lab.press("s")
    expect(lab.row("line 199")).to_be_in_viewport()
    write(bench, 1, "new")
    expect(lab.row("new 0")).to_be_in_viewport()
    lab.grid.hover()
    lab.page.mouse.wheel(0, -210)
    expect(lab.row("new 0")).not_to_be_in_viewport()
    write(bench, 1, "newer")
    expect(lab.button(re.compile(r"↓ 1 new line\b"))).to_be_visible()
    lab.press("End")
    expect(lab.row("newer 0")).to_be_in_viewport()
    expect(lab.root.locator(".ab-log-new")).to_have_count(0)


def test_a_pause_holds_what_is_shown_and_counts_what_waits(lab: Pane, bench: Orchestrator) -> None:
    lab.ask("channel:psu")
    lab.button("Pause").click()
    resume = lab.button(re.compile("Resume"))
    expect(resume).to_have_attribute("aria-pressed", "true")
    expect(lab.button(re.compile("Paused · nothing waits yet"))).to_be_visible()
    write(bench, 3, "new")
    bench.log("cam").info("not asked for")
    expect(resume).to_contain_text("Resume · 4")
    expect(lab.button(re.compile("Paused · 4 lines wait, 3 match"))).to_be_visible()
    expect(lab.foot).to_contain_text("200 of 205 shown")
    top(lab, "line 199")
    # Asking something else while paused shows nothing that came later.
    lab.ask("new")
    lab.shows()
    lab.ask("channel:psu")
    resume.click()
    top(lab, "new 2")
    expect(lab.foot).to_contain_text("203 of 205 shown")


def test_space_pauses_and_goes_on(lab: Pane, bench: Orchestrator) -> None:
    lab.press(" ")
    write(bench, 1, "new")
    expect(lab.button(re.compile("Paused · 1 line waits"))).to_be_visible()
    lab.press(" ")
    top(lab, "new 0")


def test_clear_to_here_hides_and_its_undo_shows_again(lab: Pane, bench: Orchestrator) -> None:
    lab.row("line 195").click()
    lab.press("x")
    lab.shows(*(f"line {n}" for n in range(199, 194, -1)))
    cleared = lab.gaps.filter(has_text="196 lines hidden by “clear to here”")
    expect(cleared).to_be_visible()
    expect(lab.foot).to_contain_text("5 of 201 shown")
    write(bench, 1, "new")
    expect(lab.foot).to_contain_text("6 of 202 shown")
    cleared.get_by_role("button", name="show them").click()
    expect(lab.foot).to_contain_text("202 of 202 shown")
    expect(lab.gaps).to_have_count(0)


def test_clearing_without_a_line_hides_all_and_deletes_nothing(
    lab: Pane, bench: Orchestrator
) -> None:
    lab.open_menu().get_by_role("button", name="Clear to here").click()
    lab.shows()
    write(bench, 1, "new")
    lab.shows("new 0")
    assert len(bench.logs) == 202
    lab.press("x")
    expect(lab.foot).to_contain_text("202 of 202 shown")
