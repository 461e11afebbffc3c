"""What one meets first: one's own lines and not the plumbing's, counts in order, rows where there is little room."""

from __future__ import annotations

import re
import time

import pytest
from playwright.sync_api import Locator, Page, expect

from autobench_nb import Orchestrator
from tests.e2e.pane import Pane, Serve, post
from tests.e2e.test_pane_prefs import MOUNT

pytestmark = pytest.mark.browser

CONNECTED = re.compile(r"Client \d+ connected")


@pytest.fixture
def new(bench: Orchestrator, page: Page) -> Pane:
    """The pane of one who has never chosen anything."""
    return Pane.open(page, bench, plumbing=False)


def lines(pane: Pane) -> Locator:
    return pane.root.locator(".ab-log-row .ab-log-message")


def test_plumbing_is_muted_at_first_and_a_facet_says_so_and_unmutes_it(
    new: Pane, page: Page, bench: Orchestrator
) -> None:
    bench.log("psu").info("volt")
    expect(lines(new)).to_have_text(["volt"])
    expect(new.foot).to_contain_text("1 of 1 shown")
    expect(new.foot).to_contain_text("1 muted")
    facet = new.facet("Channel", "websocket")
    expect(facet).to_have_attribute("aria-pressed", "false")
    expect(facet.locator(".ab-log-facetcount")).to_have_text("1")
    note = new.root.locator(".ab-log-facetnote")
    expect(note).to_contain_text("muted at first")
    expect(new.query).to_have_value("")
    note.get_by_role("button", name="show").click()
    expect(lines(new)).to_have_text(["volt", CONNECTED])
    expect(note).to_have_count(0)
    expect(new.foot).not_to_contain_text("muted")
    # It is a choice like others: kept, and made again by the facet.
    page.reload()
    expect(lines(new)).to_contain_text(["volt", CONNECTED])
    new.facet("Channel", "websocket").click()
    expect(new.query).to_have_value("-channel:websocket")
    expect(lines(new)).to_have_text(["volt"])


@pytest.mark.parametrize("way", ["the facet", "the foot", "the menu", "All"])
def test_plumbing_is_shown_by_whatever_names_it(new: Pane, bench: Orchestrator, way: str) -> None:
    bench.log("psu").info("volt")
    expect(lines(new)).to_have_text(["volt"])
    if way == "the facet":
        new.facet("Channel", "websocket").click()
    elif way == "the foot":
        new.foot.get_by_role("button", name="1 muted").click()
    elif way == "the menu":
        new.open_menu().get_by_label(re.compile("^Plumbing")).check()
        new.page.keyboard.press("Escape")
    else:
        new.root.get_by_role("region", name="Channel", exact=True).get_by_role(
            "button", name="All"
        ).click()
    expect(lines(new)).to_have_text(["volt", CONNECTED])


@pytest.mark.parametrize(
    "query", ["channel:websocket", "channel:web*", "channel:request,websocket"]
)
def test_who_asks_for_a_channel_gets_it(new: Pane, bench: Orchestrator, query: str) -> None:
    bench.log("psu").info("volt")
    new.ask(query)
    expect(lines(new)).to_have_text([CONNECTED])
    new.ask("")
    expect(lines(new)).to_have_text(["volt"])


def test_a_warning_of_the_plumbing_is_not_muted(new: Pane, bench: Orchestrator) -> None:
    bench.log("request").info("GET / 200")
    bench.log("request").error("GET /x 500")
    bench.log("websocket").warn("client 1 was too slow")
    expect(lines(new)).to_have_text(["client 1 was too slow", "GET /x 500"])


def test_before_anything_was_logged_the_pane_says_how_to_log(new: Pane) -> None:
    expect(new.root).to_contain_text("No line has been logged yet")
    expect(new.root).to_contain_text("bench.log(")


def test_kernel_and_pane_have_the_same_lines_while_plumbing_is_muted(
    page: Page, bench: Orchestrator
) -> None:
    assert bench.server is not None
    page.goto(bench.server.login_url)
    page.evaluate(MOUNT, {"link": bench.link(), "panes": [{"key": "one"}]})
    bench.log("psu").info("volt")
    page.wait_for_function("() => traits.one.shown?.count === 1")
    query = page.evaluate("() => traits.one.shown.query")
    assert [entry.message for entry in bench.logs.query(query)] == ["volt"]


def test_the_histogram_does_not_span_what_only_the_plumbing_said(
    new: Pane, bench: Orchestrator
) -> None:
    now = time.time() * 1_000
    post(bench, [{"channel": "psu", "message": f"m{n}", "ts": now - n} for n in range(70)])
    expect(new.foot).to_contain_text("70 of 70 shown")
    plot = new.root.locator(".ab-log-plot")
    box = plot.bounding_box()
    assert box is not None
    told = set()
    for share in (0.02, 0.5, 0.98):
        new.page.mouse.move(box["x"] + box["width"] * share, box["y"] + 20)
        new.settled()
        told.add(new.root.locator(".ab-log-hover").inner_text())
    # Bins of a tenth of a second and more: 70 ms of lines are one or two of them.
    widths = [float(ms) for ms in re.findall(r"\+ (\d+) ms", " ".join(told))]
    assert not widths or min(widths) >= 50, told


def test_facets_stand_in_the_order_of_their_counts(new: Pane, bench: Orchestrator) -> None:
    for channel, count in (("few", 2), ("many", 9), ("some", 5)):
        for n in range(count):
            bench.log(channel).info(f"{channel} {n}", job_id=f"job-{channel}", device_id=channel)
    names = new.root.get_by_role("region", name="Channel", exact=True).locator(".ab-log-facetlabel")
    order = [re.compile(name) for name in ("many", "some", "few", "websocket")]
    expect(names).to_have_text(order)
    for section in ("Job", "Device"):
        labels = new.root.get_by_role("region", name=section, exact=True).locator(
            ".ab-log-facetlabel"
        )
        expect(labels).to_have_text([re.compile(name) for name in ("many", "some", "few")])
    levels = new.root.get_by_role("region", name="Level", exact=True).locator(".ab-log-facetlabel")
    expect(levels).to_have_text(["debug", "info", "warn", "error", "fatal"])
    # Under a pointer nothing changes its place; afterwards it does.
    names.first.hover()
    for n in range(20):
        bench.log("few").info(f"more {n}")
    expect(new.facet("Channel", "few").locator(".ab-log-facetcount")).to_have_text("22")
    expect(names).to_have_text(order)
    new.grid.hover()
    expect(names).to_have_text([re.compile(n) for n in ("few", "many", "some", "websocket")])


def test_every_figure_of_the_foot_has_its_words(serve: Serve, page: Page) -> None:
    bench = serve(log_capacity=30)
    pane = Pane.open(page, bench, plumbing=False)
    for n in range(90):
        bench.log("psu").info(f"line {n}")
    # The last line has come: the foot says no other figures after it.
    expect(pane.foot).to_contain_text("30 of 30 shown")
    expect(pane.row("line 89")).to_be_visible()
    for figure in pane.foot.locator(".ab-log-account > *").all():
        assert re.search("[a-z]", figure.inner_text()), figure.inner_text()
        assert len(figure.get_attribute("title") or "") > 20, figure.inner_text()


@pytest.mark.parametrize(("width", "height"), [(330, 640), (360, 700), (700, 640)])
def test_a_page_on_a_small_screen_shows_lines_below_the_runs(
    serve: Serve, page: Page, width: int, height: int
) -> None:
    """Before, on a phone, tools, histogram and hints left 34 px of the log to its lines."""
    bench = serve(log_capacity=30)
    page.set_viewport_size({"width": width, "height": height})
    pane = Pane.open(page, bench, plumbing=False)
    assert bench.run({f"job {n}": "true" for n in range(12)}).wait(60)
    for n in range(90):
        bench.log("psu").info(f"line {n}")
    expect(pane.row("line 89")).to_be_visible()
    box = pane.grid.bounding_box()
    assert box is not None
    assert box["height"] >= 5 * 21


@pytest.mark.parametrize("width", [330, 400, 700, 1400])
def test_a_pane_200_px_high_shows_rows_and_not_chrome(
    page: Page, bench: Orchestrator, width: int
) -> None:
    assert bench.server is not None
    page.set_viewport_size({"width": width, "height": 700})
    page.goto(bench.server.login_url)
    page.evaluate(MOUNT, {"link": bench.link(), "panes": [{"key": "low", "height": 200}]})
    page.evaluate("width => { document.getElementById('low').style.width = `${width}px`; }", width)
    for n in range(40):
        bench.log("psu").info(f"line {n}")
    pane = Pane(page, page.locator(".ab-log"))
    expect(pane.row("line 39")).to_be_visible()
    box, whole = pane.grid.bounding_box(), pane.root.bounding_box()
    assert box is not None
    assert whole is not None
    assert whole["height"] == 200
    # Five rows and more, most of the pane.
    assert box["height"] >= 5 * 21
    assert box["height"] / whole["height"] > 0.6
    expect(pane.query).to_be_visible()
    expect(pane.button("More")).to_be_visible()


@pytest.mark.parametrize("width", [330, 360, 400])
def test_no_lone_button_wraps_in_a_narrow_pane(page: Page, bench: Orchestrator, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    pane = Pane.open(page, bench)
    tools = pane.root.get_by_role("toolbar")

    def last_line() -> int:
        """Tools on the last line of the toolbar, of lines that one after another begin below."""
        tops: list[float] = tools.evaluate(
            "el => [...el.children].filter(one => one.offsetParent).map(one => one.getBoundingClientRect().top)"
        )
        return sum(abs(top - max(tops)) < 8 for top in tops)

    assert last_line() > 1
    pane.press(" ")
    for n in range(1_234):
        bench.log("psu").info(f"waits {n}")
    expect(pane.button(re.compile("Resume · 1,234"))).to_be_visible()
    assert last_line() > 1
    overflow = pane.root.evaluate("el => el.scrollWidth - el.clientWidth")
    assert overflow <= 0
    foot = pane.foot.evaluate("el => el.scrollWidth - el.clientWidth")
    assert foot <= 0
