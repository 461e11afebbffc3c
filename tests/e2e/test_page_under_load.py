"""The plan's load, seen from a page: 10,000 entries a minute as fast as they go, and the page still answers."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Page, expect

from autobench_nb import Orchestrator
from tests.e2e.conftest import wait_until
from tests.e2e.pane import Pane, Serve

pytestmark = pytest.mark.browser

A_MINUTE = 10_000
CAPACITY = 5_000


@contextmanager
def bursts(bench: Orchestrator) -> Iterator[threading.Event]:
    """Log in bursts, minute after minute, until the context ends; the event is set after the first minute."""
    over, warm = threading.Event(), threading.Event()

    def talk() -> None:
        log = bench.log("pno")
        number = 0
        while not over.is_set():
            for _ in range(500):
                log.info(f"burst line {number}", number=number)
                number += 1
            if number >= A_MINUTE:
                warm.set()
            over.wait(0.02)  # 25,000 a second: a minute's worth in less than half of one

    talker = threading.Thread(target=talk)
    talker.start()
    try:
        yield warm
    finally:
        over.set()
        talker.join()


def test_a_page_filters_pauses_and_goes_on_while_bursts_come_and_holds_no_more_than_its_cap(
    serve: Serve, page: Page
) -> None:
    bench = serve(log_capacity=CAPACITY)
    pane = Pane.open(page, bench)
    expect(pane.foot).to_contain_text(f"keeps {CAPACITY:,}")
    with bursts(bench) as warm:
        assert warm.wait(60)
        expect(pane.foot).to_contain_text("lost")
        pane.ask("needle")

        def is_found() -> bool:
            # The page may miss one that a burst has pushed out of the ring before its turn came.
            bench.log("app").warn("a needle in the burst")
            return pane.rows.count() > 0

        wait_until(is_found, "a needle in the burst")
        assert all("needle" in text for text in pane.rows.all_inner_texts())
        pane.ask("")
        expect(pane.rows.first).to_contain_text("burst line")
        bench.devices.add("cap0", type="capture", status="seen by the page")
        assert page.locator(".ab-log-row").count() < 200, "only what is in view is in the document"
    bench.log("app").info("the last of all")
    expect(pane.rows.first).to_contain_text("the last of all")
    held = re.search(r"of ([\d,]+) shown", pane.foot.inner_text())
    assert held is not None
    assert 0.9 * CAPACITY < int(held[1].replace(",", "")) <= CAPACITY
    expect(page.locator(".ab-badge")).to_contain_text("live")


def test_every_one_of_800_000_lines_can_be_reached_though_no_element_may_be_so_tall(
    serve: Serve, page: Page
) -> None:
    held = 800_000
    bench = serve(log_capacity=held, client_logs_snapshot=held, ws_connection_log=False)
    log = bench.log("psu")
    for number in range(held):
        log.info(f"line {number}")
    pane = Pane.open(page, bench)
    expect(pane.foot).to_contain_text("800,000 of 800,000 shown", timeout=180_000)
    expect(pane.rows.first).to_contain_text("line 799999")
    height = pane.grid.locator(".ab-log-height").evaluate("el => el.offsetHeight")
    assert height < 800_000 * 21
    # By the thumb to the very end, and row by row back from it.
    pane.grid.evaluate("el => { el.scrollTop = el.scrollHeight; }")
    expect(pane.row(re.compile("^line 0$"))).to_be_visible()
    for last in (10, 20, 30):
        pane.grid.hover()
        page.mouse.wheel(0, -210)
        expect(pane.row(re.compile(f"^line {last}$"))).to_be_visible()
        # In one look: the rows still move, and their elements are used again.
        seen: list[int] = page.evaluate(
            "() => [...document.querySelectorAll('.ab-log-row')].map(row => Number(row.dataset.seq))"
        )
        assert seen == list(range(seen[0], seen[0] - len(seen), -1)), "no row is left out"
    # To one in the middle, by what it says.
    pane.ask('"line 400000"')
    expect(pane.count).to_have_text("– / 1", timeout=60_000)
    pane.press("m", "n")
    expect(pane.row("line 400000")).to_be_visible()
    expect(pane.row("line 400001")).to_be_visible()
