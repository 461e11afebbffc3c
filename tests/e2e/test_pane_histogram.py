"""The histogram: bars over time, a brush that sets the range in the query line, and the ways out again."""

from __future__ import annotations

import re
import time
from itertools import pairwise

import pytest
from playwright.sync_api import FloatRect, Page, expect

from autobench_nb import Orchestrator
from tests.e2e.pane import Pane, post

pytestmark = pytest.mark.browser

RANGE = re.compile(r"since:\S+ until:\S+")


@pytest.fixture
def lab(bench: Orchestrator, pane: Pane) -> Pane:
    """100 lines over ten minutes, an error at each end of it; one info every six seconds between."""
    begin = int(time.time() * 1000) - 600_000
    post(
        bench,
        [
            {
                "channel": "psu",
                "level": "error" if n in (0, 99) else "info",
                "message": f"line {n}",
                "ts": begin + n * 6_000,
            }
            for n in range(100)
        ],
    )
    expect(pane.foot).to_contain_text("101 of 101 shown")
    # Facets and histogram are drawn at the same time, a moment after the rows.
    expect(pane.facet("Level", "error")).to_contain_text("2")
    expect(pane.facet("Level", "info")).to_contain_text("99")
    pane.settled()
    return pane


def box(pane: Pane) -> FloatRect:
    found = pane.root.locator(".ab-log-plot .u-over").bounding_box()
    assert found is not None
    return found


def brush(page: Page, pane: Pane, start: float, end: float) -> None:
    """Drag over the plot, from and to these parts of its width."""
    at = box(pane)
    y = at["y"] + at["height"] / 2
    page.mouse.move(at["x"] + at["width"] * start, y)
    page.mouse.down()
    page.mouse.move(at["x"] + at["width"] * (start + end) / 2, y)
    page.mouse.move(at["x"] + at["width"] * end, y)
    page.mouse.up()


def shown(pane: Pane) -> int:
    return int(pane.foot.locator(".ab-log-shown").inner_text().split()[0])


def test_a_brush_sets_the_time_range_and_shows_only_its_lines(lab: Pane, page: Page) -> None:
    brush(page, lab, 0.25, 0.5)
    expect(lab.query).to_have_value(RANGE)
    expect(lab.foot).not_to_contain_text("101 of")
    assert 20 <= shown(lab) <= 30
    expect(lab.rows.filter(has_text=re.compile(r"line (0|99)$"))).to_have_count(0)
    expect(lab.root.locator(".ab-log-band")).to_be_visible()


def test_zoom_in_and_out_again_and_back_to_all_times(lab: Pane, page: Page) -> None:
    lab.ask("level:info")
    brush(page, lab, 0.25, 0.5)
    expect(lab.query).to_have_value(re.compile("^level:info since"))
    lab.button("zoom in").click()
    expect(lab.root.locator(".ab-log-band")).to_have_count(0)
    before = shown(lab)
    brush(page, lab, 0.5, 1)
    expect(lab.foot).not_to_contain_text(f"{before} of")
    assert shown(lab) < before
    lab.button("zoom out").click()
    expect(lab.root.locator(".ab-log-band")).to_be_visible()
    lab.button("all times").click()
    expect(lab.query).to_have_value("level:info")
    expect(lab.button("all times")).to_have_count(0)


def test_a_double_click_takes_the_range_away(lab: Pane, page: Page) -> None:
    brush(page, lab, 0.25, 0.5)
    expect(lab.query).to_have_value(RANGE)
    at = box(lab)
    page.mouse.dblclick(at["x"] + 5, at["y"] + 5)
    expect(lab.query).to_have_value("")
    expect(lab.foot).to_contain_text("101 of 101 shown")


def test_what_is_under_the_pointer_is_said_by_level(lab: Pane, page: Page) -> None:
    at = box(lab)
    page.mouse.move(at["x"] + 2, at["y"] + 10)
    expect(lab.root.locator(".ab-log-hover")).to_contain_text("1 error")


def test_bars_have_the_colours_of_their_levels(lab: Pane, page: Page) -> None:
    """The first bar has the error's colour at its foot, the second has none of it."""
    color = """([x, name]) => {
        const canvas = document.querySelector('.ab-log-plot canvas');
        const probe = document.querySelector('.ab-log').appendChild(document.createElement('i'));
        probe.style.color = `var(--ab-log-bar-${name})`;
        const [r, g, b] = getComputedStyle(probe).color.match(/[\\d.]+/g).map(Number);
        probe.remove();
        const column = canvas.getContext('2d').getImageData(x, 0, 1, canvas.height).data;
        let near = 0;
        for (let k = 0; k < column.length; k += 4)
            if (Math.abs(column[k] - r) + Math.abs(column[k+1] - g) + Math.abs(column[k+2] - b) < 24) near++;
        return near;
    }"""
    page.wait_for_function(f"() => ({color})([2, 'error']) > 0")
    assert page.evaluate(color, [2, "error"]) > 0
    assert page.evaluate(color, [300, "error"]) == 0
    assert page.evaluate(
        f"() => Array.from({{length: 40}}, (_, k) => ({color})([300 + k, 'info'])).some(n => n > 0)"
    )


def test_times_stand_below_the_bars(lab: Pane, page: Page) -> None:
    drawn = """() => {
        const canvas = document.querySelector('.ab-log-plot canvas');
        const over = document.querySelector('.ab-log-plot .u-over');
        const top = Math.ceil(over.clientHeight * devicePixelRatio);
        const { data, width } = canvas.getContext('2d').getImageData(0, top, canvas.width, canvas.height - top);
        const columns = new Set();
        for (let at = 3; at < data.length; at += 4) if (data[at] > 100) columns.add(((at - 3) / 4) % width);
        return [...columns].sort((a, b) => a - b);
    }"""
    columns: list[int] = page.evaluate(drawn)
    written = sum(1 for a, b in pairwise(columns) if b - a > 20) + 1
    assert 5 <= written <= 14, "one every minute of ten, or every half"
    # None is cut at an edge.
    assert columns[0] > 0
    assert columns[-1] < page.evaluate("() => document.querySelector('.ab-log-plot canvas').width")
