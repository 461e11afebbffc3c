"""Nothing is lost without a word: what the page does not hold is a row, a figure that adds up, and a click away."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, WebSocketRoute, expect

from autobench_nb import Journal, Orchestrator
from tests.e2e.pane import Pane, Serve

pytestmark = pytest.mark.browser


def write(bench: Orchestrator, first: int, end: int) -> None:
    log = bench.log("psu")
    for n in range(first, end):
        log.info(f"line {n}")


def test_what_left_the_ring_before_one_came_is_said(serve: Serve, page: Page) -> None:
    bench = serve(log_capacity=100)
    write(bench, 0, 1_304)
    pane = Pane.open(page, bench)
    expect(pane.foot).to_contain_text("100 of 100 shown")
    pane.press("End")
    missed = pane.gaps
    expect(missed).to_have_text(
        [re.compile(r"^1,205 lines lost from the ring\s*a larger ring: log_capacity=100_000$")]
    )
    expect(missed.get_by_role("button")).to_have_count(0)
    expect(pane.row("line 1205")).to_be_visible()
    expect(pane.row("line 1204")).to_have_count(0)


def test_what_left_the_ring_for_the_journal_is_a_click_away(
    serve: Serve, page: Page, tmp_path: Path
) -> None:
    bench = serve(log_capacity=100, journal=Journal(tmp_path / "lab.db", logs=True))
    write(bench, 0, 1_304)
    pane = Pane.open(page, bench)
    expect(pane.foot).to_contain_text("100 of 100 shown")
    pane.press("End")
    expect(pane.row("line 1204")).to_have_count(0)
    pane.gaps.get_by_role("button", name="fetch them").click()
    expect(pane.row("line 1204")).to_be_visible()


def test_the_whole_ring_comes_by_itself_after_the_first_lines(serve: Serve, page: Page) -> None:
    bench = serve(log_capacity=10_000, client_logs_snapshot=10)
    write(bench, 0, 5_000)
    pane = Pane.open(page, bench)
    expect(pane.foot).to_contain_text("5,001 of 5,001 shown")
    expect(pane.gaps).to_have_count(0)
    pane.press("End")
    expect(pane.rows.last).to_contain_text("line 0")


def test_what_the_page_let_go_at_its_cap_is_said_and_a_click_fetches_it(
    serve: Serve, page: Page
) -> None:
    bench = serve(log_capacity=1_000, client_logs_capacity=64)
    pane = Pane.open(page, bench)
    write(bench, 0, 200)
    expect(pane.foot).to_contain_text("more in the ring")
    expect(pane.row("line 199")).to_be_visible()
    pane.press("End")
    evicted = pane.gaps.filter(has_text="more in the ring")
    expect(evicted).to_be_visible()
    expect(pane.row(re.compile("^line 1$"))).to_have_count(0)
    evicted.get_by_role("button", name="fetch them").click()
    expect(pane.gaps).to_have_count(0)
    expect(pane.foot).to_contain_text("201 of 201 shown")
    pane.press("End")
    expect(pane.row(re.compile("^line 0$"))).to_be_visible()
    # What was fetched makes way again for what arrives.
    write(bench, 200, 400)
    expect(pane.gaps).to_have_count(1)


def figures(text: str) -> dict[str, int]:
    """The figures of a foot by their words."""
    numbers = re.findall(
        r"([\d,]+) (?:of ([\d,]+) )?(shown|muted|more in the ring|not for this page|lost|written)",
        text,
    )
    return {word: int((of or lines).replace(",", "")) for lines, of, word in numbers}


def gap_lines(pane: Pane) -> dict[str, int]:
    """Lines that the gap rows stand for: in the ring, and lost."""
    found = {"more in the ring": 0, "lost": 0}
    for text in pane.gaps.all_inner_texts():
        lines, word = re.match(r"([\d,]+) lines? (more in the ring|lost)", text).groups()  # type: ignore[union-attr]
        found[word] += int(lines.replace(",", ""))
    return found


@pytest.mark.parametrize(
    ("ring", "cap", "lines"),
    [(100, 100, 1_304), (500, 500, 8_407), (400, 64, 900), (300, 300, 200)],
)
def test_the_figures_of_page_ring_and_loss_add_up_and_are_the_same_everywhere(
    serve: Serve, page: Page, ring: int, cap: int, lines: int
) -> None:
    bench = serve(log_capacity=ring, client_logs_capacity=cap)
    pane = Pane.open(page, bench, plumbing=False)
    for first in range(0, lines, 250):
        write(bench, first, min(lines, first + 250))
        expect(pane.row(re.compile(f"^line {min(lines, first + 250) - 1}$"))).to_be_visible()
    account = bench.logs.account
    assert account.held + account.lost == account.written == lines + 1
    if account.lost == 0:
        expect(pane.foot).not_to_contain_text("written")
        return
    expect(pane.foot).to_contain_text(f"= {account.written:,} written")
    expect(pane.foot).to_contain_text(f"{account.lost:,} lost")
    pane.press("End")
    told = figures(pane.foot.inner_text())
    muted, in_ring = told.get("muted", 0), told.get("more in the ring", 0)
    assert told["shown"] + muted + in_ring == account.held
    assert told["shown"] + muted + in_ring + told["lost"] == told["written"]
    # Each figure of the foot is that of the gap rows.
    assert gap_lines(pane) == {"more in the ring": in_ring, "lost": told["lost"]}
    said = f"{account.held:,} held + {account.lost:,} lost = {account.written:,} written"
    assert said in repr(bench.logs)


def test_a_ring_that_overflows_says_once_how_it_is_made_larger(serve: Serve, page: Page) -> None:
    bench = serve(log_capacity=50)
    pane = Pane.open(page, bench)
    told = pane.root.get_by_role("status").filter(has_text="log_capacity=100_000")
    write(bench, 0, 20)
    expect(pane.row("line 19")).to_be_visible()
    expect(told).to_have_count(0)
    write(bench, 20, 120)
    expect(told).to_contain_text("The ring keeps the newest 50 lines; older ones are lost")
    pane.button("Understood").click()
    expect(told).to_have_count(0)
    page.reload()
    write(bench, 120, 220)
    expect(pane.row("line 219")).to_be_visible()
    expect(told).to_have_count(0)


def test_what_the_server_may_not_send_is_no_loss(serve: Serve, page: Page) -> None:
    bench = serve(log_level_min="warn")
    pane = Pane.open(page, bench)
    bench.log("psu").info("kept back")
    bench.log("psu").warn("sent")
    expect(pane.row("sent")).to_be_visible()
    expect(pane.foot).to_contain_text("2 not for this page")
    expect(pane.foot).to_contain_text("= 3 written")
    expect(pane.gaps).to_have_count(0)


class Wire:
    """The page's socket, with a hand on it: while ``slow``, it sheds log batches as the server does."""

    def __init__(self, page: Page) -> None:
        self.slow = False
        self.shed = 0
        page.route_web_socket(re.compile("/ws$"), self._join)

    def _join(self, route: WebSocketRoute) -> None:
        server = route.connect_to_server()
        server.on_message(lambda text: self._pass(route, text))

    def _pass(self, route: WebSocketRoute, text: str | bytes) -> None:
        message = json.loads(text)
        if message["type"] != "logs.append":
            route.send(text)
        elif self.slow:
            self.shed += len(message["entries"])
        else:
            route.send(json.dumps({**message, "missed": message["missed"] + self.shed}))
            self.shed = 0


@pytest.fixture
def holed(serve: Serve, page: Page) -> Pane:
    """A pane that was too slow for lines 3 to 7."""
    bench = serve()
    wire = Wire(page)
    pane = Pane.open(page, bench)
    write(bench, 0, 3)
    expect(pane.row("line 2")).to_be_visible()
    wire.slow = True
    write(bench, 3, 8)
    while wire.shed < 5:
        pane.settled()
    wire.slow = False
    write(bench, 8, 10)
    expect(pane.row("line 9")).to_be_visible()
    return pane


def test_a_hole_is_a_row_where_it_is_and_a_click_fills_it(holed: Pane) -> None:
    pane = holed
    hole = pane.gaps.filter(has_text="5 lines more in the ring: skipped")
    expect(hole).to_be_visible()
    expect(pane.foot).to_contain_text("5 more in the ring")
    expect(pane.grid.locator(".ab-log-gap + .ab-log-row")).to_contain_text("line 2")
    hole.get_by_role("button", name="fetch them").click()
    expect(hole).to_have_count(0)
    pane.shows(*(f"line {n}" for n in range(9, -1, -1)))


def test_a_hole_is_said_also_between_the_lines_of_a_query(holed: Pane) -> None:
    pane = holed
    pane.ask('"line 1" OR "line 9"')
    pane.shows("line 9", "line 1")
    expect(pane.gaps).to_contain_text(["5 lines more in the ring: skipped"])


def test_what_came_while_the_link_was_down_is_there_after_it(serve: Serve, page: Page) -> None:
    bench = serve()
    sockets: list[WebSocketRoute] = []

    def join(route: WebSocketRoute) -> None:
        route.connect_to_server()
        sockets.append(route)

    page.route_web_socket(re.compile("/ws$"), join)
    pane = Pane.open(page, bench)
    write(bench, 0, 3)
    expect(pane.row("line 2")).to_be_visible()
    sockets[0].close(code=1011)
    write(bench, 3, 6)
    expect(pane.row("line 5")).to_be_visible()
    pane.shows(*(f"line {n}" for n in range(5, -1, -1)))
    expect(pane.gaps).to_have_count(0)


def test_a_lost_link_is_said_over_the_rows_and_they_stay(serve: Serve, page: Page) -> None:
    bench = serve()
    pane = Pane.open(page, bench)
    write(bench, 0, 1)
    expect(pane.row("line 0")).to_be_visible()
    bench.close()
    lost = page.get_by_role("alert")
    expect(lost).to_contain_text("from before")
    expect(lost.get_by_role("button", name="Try now")).to_be_visible()
    expect(pane.row("line 0")).to_be_visible()
