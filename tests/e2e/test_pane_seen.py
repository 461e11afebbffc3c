"""What is searched is what is seen, in the pane, over HTTP and in Python; clocks tell which of two hours is meant."""

from __future__ import annotations

import datetime as dt
import json
import re
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from autobench_nb import Orchestrator
from tests.e2e.conftest import PAGE_PATIENCE_MS
from tests.e2e.pane import Pane, post

pytestmark = pytest.mark.browser

VECTORS: dict[str, Any] = json.loads(
    (Path(__file__).parents[1] / "vectors" / "seen.json").read_text("utf-8")
)


def over_http(bench: Orchestrator, query: str) -> list[str]:
    assert bench.server is not None
    request = urllib.request.Request(
        f"{bench.server.url}api/logs?query={urllib.parse.quote(query)}",
        headers={"Authorization": f"Bearer {bench.token}"},
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        return [entry["message"] for entry in json.load(answer)["entries"]]


def test_a_colour_change_inside_a_word_hides_nothing(pane: Pane, bench: Orchestrator) -> None:
    raw = "\x1b[1mfa\x1b[0miled"
    bench.log("psu").info(raw)
    bench.log("psu").info("fine")
    for query in ("failed", "/\\bfailed$/", "message:failed"):
        pane.ask(query)
        pane.shows("failed")
        assert "".join(pane.row("failed").locator("mark").all_inner_texts()) == "failed"
        assert [entry.message for entry in bench.logs.query(query)] == [raw]
        assert over_http(bench, query) == [raw]
    pane.ask("31m OR 1mfa")
    pane.shows()
    assert over_http(bench, "1mfa") == []


def test_every_text_of_the_vectors_is_found_by_what_its_row_shows(
    pane: Pane, bench: Orchestrator
) -> None:
    """By what stands in the row, letter for letter, whatever was written to make it look so."""
    pane.page.set_viewport_size({"width": 1280, "height": 1400})
    texts = [text for text in VECTORS["texts"] if text["seen"] and "\n" not in text["raw"]]
    post(bench, [{"channel": "psu", "message": text["raw"]} for text in texts])
    pane.ask("channel:psu")
    expect(pane.rows).to_have_count(len(texts))
    drawn = pane.rows.locator(".ab-log-message").all_text_contents()
    assert drawn[::-1] == [text["seen"] for text in texts]
    for text in sorted({text["seen"] for text in texts}):
        pattern = re.sub(r"([\\^$.*+?()\[\]{}|/])", r"\\\1", text)
        pane.ask(f"message:/^{pattern}$/")
        same = sum(other["seen"] == text for other in texts)
        expect(pane.count).to_have_text(f"– / {same}")
        expect(pane.rows).to_have_count(same)


def test_what_is_copied_and_exported_is_what_was_written(pane: Pane, bench: Orchestrator) -> None:
    raw = "\x1b[1mfa\x1b[0miled \u202e"
    bench.log("psu").info(raw)
    pane.ask("failed")
    menu = pane.open_menu()
    with pane.page.expect_download() as download:
        menu.get_by_role("button", name="JSON", exact=True).click()
    (entry,) = json.loads(Path(download.value.path()).read_text("utf-8"))
    assert entry["message"] == raw


@pytest.fixture
def berlin(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(
        viewport={"width": 1280, "height": 900}, timezone_id="Europe/Berlin"
    )
    context.set_default_timeout(PAGE_PATIENCE_MS)
    yield context.new_page()
    context.close()


@pytest.mark.parametrize("width", [330, 1280])
def test_clocks_carry_the_offset_where_an_hour_comes_twice(
    berlin: Page, bench: Orchestrator, width: int
) -> None:
    moments = {
        "before": "2025-10-25T23:59:59.250+00:00",
        "once": "2025-10-26T00:30:00.250+00:00",
        "again": "2025-10-26T01:30:00.250+00:00",
        "after": "2025-10-26T02:00:00.250+00:00",
    }
    wanted = {
        "before": "01:59:59",
        "once": "02:30:00+02",
        "again": "02:30:00+01",
        "after": "03:00:00",
    }
    berlin.set_viewport_size({"width": width, "height": 900})
    pane = Pane.open(berlin, bench, plumbing=False)
    post(
        bench,
        [
            {
                "channel": "psu",
                "message": name,
                "ts": dt.datetime.fromisoformat(at).timestamp() * 1e3,
            }
            for name, at in moments.items()
        ],
    )
    for name, clock in wanted.items():
        time = pane.row(name).locator(".ab-log-time")
        expect(time).to_be_visible()
        shown = time.inner_text().split()[-1].replace(".250", "")
        assert shown == clock or (width == 330 and shown.startswith(clock)), (name, shown)
        assert time.evaluate("el => el.scrollWidth <= el.clientWidth + 1") or "+" not in clock
        assert ("+" in str(time.get_attribute("title"))) is ("+" in clock)
    pane.row("once").click()
    pane.press("p")
    pins = pane.root.get_by_role("list", name="Pinned lines")
    expect(pins).to_contain_text("02:30:00+02")
