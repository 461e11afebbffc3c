"""Stream cards in a real browser: live over each link, and honest about a picture that is not the newest."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, WebSocketRoute, expect

from autobench_nb import Ffmpeg, Orchestrator
from tests.e2e.conftest import Lab, wait_until
from tests.e2e.hosts import need
from tests.e2e.links import context as context
from tests.e2e.links import row, show, uses
from tests.e2e.links import warm as warm
from tests.e2e.pane import Pane

pytestmark = [pytest.mark.browser, pytest.mark.slow]

BENCH = """
import autobench_nb as ab
bench = ab.Orchestrator(name="cards")
cam = bench.streams.add(ab.Ffmpeg("cam1", "testsrc2", size="320x180", fps=10))
"""
SAID = {
    "direct": "10 pictures a second",
    "proxy": "10 pictures a second",
    "widget messages": "One picture a second",
}


def number(card: Locator) -> int:
    """Which picture the card shows; 0 where it shows none."""
    image = card.locator("img")
    return int(image.get_attribute("data-number") or 0) if image.count() else 0


def goes_on(card: Locator) -> None:
    """The card shows one newer picture after the other."""
    shown = number(card)
    for _ in range(3):
        before = shown

        def has_come(before: int = before) -> int:
            now = number(card)
            return now if now > before else 0

        shown = wait_until(has_come, f"a picture after {before}")


@pytest.mark.parametrize("link", ["direct", "proxy", "widget messages"])
def test_a_stream_is_live_over_each_link_and_says_how_often(
    lab: Lab, page: Page, link: str
) -> None:
    if link == "proxy":
        need("jupyter_server_proxy")
    dashboard = show(lab, page, f"stream-{link.replace(' ', '-')}.ipynb", BENCH)
    uses(dashboard, "direct")
    if link != "direct":
        row(dashboard, link).get_by_role("radio").check()
        uses(dashboard, link)
    page.get_by_role("tab", name=re.compile("Streams")).click()
    card = dashboard.locator('[data-stream="cam1"]')
    expect(card).to_contain_text("live")
    goes_on(card)
    expect(dashboard.locator(".ab-stream-rate")).to_contain_text(SAID[link])
    card.get_by_role("button", name="Restart cam1").click()
    wait_until(
        lambda: Lab.evaluate(page, "print(cam._streams['cam1']['status'])") == "live", "live again"
    )
    goes_on(card)


def open_streams(page: Page, bench: Orchestrator) -> Locator:
    Pane.open(page, bench)
    page.get_by_role("tab", name=re.compile("Streams")).click()
    return page.locator('[data-stream="cam1"]')


def test_what_is_off_shows_its_last_picture_also_to_who_comes_later(
    bench: Orchestrator, page: Page
) -> None:
    bench.streams.add(Ffmpeg("cam1", "testsrc2", size="320x180", fps=10))
    card = open_streams(page, bench)
    goes_on(card)
    card.get_by_role("button", name="Stop cam1").click()
    expect(card.locator(".ab-stream-over")).to_contain_text("off: the last picture")
    page.reload()
    card = page.locator('[data-stream="cam1"]')
    expect(card.locator(".ab-stream-over")).to_contain_text("off: the last picture")
    wait_until(lambda: number(card), "the last picture of a stream that is off")


def test_a_stream_that_never_ran_says_nothing_of_a_last_picture(
    bench: Orchestrator, page: Page
) -> None:
    bench.streams.add(Ffmpeg("cam1", "testsrc2", size="320x180", fps=10), start=False)
    card = open_streams(page, bench)
    expect(card.locator(".ab-stream-over")).to_have_text("off")
    assert number(card) == 0


def test_a_picture_that_stays_the_same_is_greyed_and_says_since_when(
    bench: Orchestrator, page: Page
) -> None:
    still = Ffmpeg("cam1", "smptebars=size=320x180", fps=10, frozen_s=1)
    bench.streams.add(still)
    card = open_streams(page, bench)
    expect(card.locator(".ab-stream-over")).to_contain_text(
        re.compile(r"same picture for .+, since \d\d:\d\d:\d\d")
    )
    expect(card.locator(".ab-stream-old img")).to_have_count(1)
    expect(card.locator(".ab-stream-checks")).to_contain_text("frozen")


def test_a_recording_is_begun_and_ended_from_the_card_and_tells_how_much_room_is_left(
    bench: Orchestrator, page: Page, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    bench.streams.add(Ffmpeg("cam1", "testsrc2", size="320x180", fps=10))
    card = open_streams(page, bench)
    goes_on(card)
    card.get_by_role("button", name="Record cam1").click()
    expect(card).to_contain_text("REC")
    expect(card.get_by_text(re.compile(r"free, for ~"))).to_be_visible()
    card.get_by_role("button", name="Stop recording cam1").click()
    expect(card).not_to_contain_text("REC")
    path = bench.streams["cam1"]["recording"]["path"]
    expect(card).to_contain_text(path.rpartition("/")[2])


def test_a_lost_link_greys_the_picture_and_names_its_time(bench: Orchestrator, page: Page) -> None:
    broken = False
    routes: list[WebSocketRoute] = []

    def route_one(route: WebSocketRoute) -> None:
        if broken:
            route.close()
            return
        routes.append(route)
        route.connect_to_server()

    page.route_web_socket("**/ws*", route_one)
    bench.streams.add(Ffmpeg("cam1", "testsrc2", size="320x180", fps=10))
    card = open_streams(page, bench)
    goes_on(card)
    broken = True
    for route in routes:
        route.close()
    expect(card.locator(".ab-stream-over")).to_contain_text(
        re.compile(r"link lost: the picture of \d\d:\d\d:\d\d")
    )
    expect(card.locator(".ab-stream-old img")).to_have_count(1)
    broken = False
    expect(card.locator(".ab-stream-over")).to_have_count(0)
    goes_on(card)
