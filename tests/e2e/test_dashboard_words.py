"""Who sees the dashboard for the first time can say of every figure what it means; and so can who hears it."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from autobench_nb import Orchestrator
from autobench_nb.devices import HostDevice
from tests.e2e.axe import violations
from tests.e2e.conftest import wait_until
from tests.e2e.pane import Pane, Serve
from tests.e2e.runs import Fifo

pytestmark = pytest.mark.browser

TABS = ("Runs", "Devices", "Streams", "Findings", "State")
WITHOUT_WORDS = """() => {
    // What a person or a program has named or said is theirs; an axis has its unit and its head.
    const theirs = '.ab-log-rows, .ab-log-query, .ab-log-pins, pre, code, .ab-mono, .ab-run-name, .ab-run-axis, svg, ' +
        '.ab-log-facetname, .ab-run-group b, .ab-head-title, .ab-log-histogram, .ab-td-rest, .ab-tree, select, ' +
        '.ab-log-unfinished';
    const found = [];
    for (const root of document.querySelectorAll('.autobench')) {
        const texts = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
        while (texts.nextNode()) {
            const one = texts.currentNode.parentElement;
            const box = one.getBoundingClientRect();
            if (!/\\d/.test(texts.currentNode.textContent) || !box.width || !box.height) continue;
            if (one.closest(theirs) || one.closest('.autobench') !== root) continue;
            let isSaid = false;
            for (let at = one; at && at !== root && !isSaid; at = at.parentElement) {
                if (/^(grid|treegrid|tabpanel|tablist|rowgroup)$/.test(at.getAttribute('role') ?? '')) break;
                // A word beside it in the same cell, or a title on it.
                isSaid = at.hasAttribute('title') || (at.getAttribute('aria-label') ?? '') !== '' ||
                    (at.textContent.length < 120 && /[a-z]{4,}/i.test(at.textContent)) ||
                    at.previousElementSibling?.tagName === 'DT';
            }
            if (!isSaid) found.push(`${texts.currentNode.textContent.trim()} in ${one.outerHTML.slice(0, 120)}`);
        }
    }
    return found;
}"""


def fill(bench: Orchestrator, fifo: Fifo) -> None:
    """Jobs of every standing, a device, findings, a log that has lost lines."""
    assert bench.run({"quick": "true", "slow": "sleep 0.1"}, repeat=6, name="both").wait(60)
    assert bench.run({"bad": "echo no room >&2; exit 3", "well": lambda: {"loss": 0.5}}).wait(60)
    bench.run(["printf 'Go on? [y/N] '; read answer"], stdin=True, parallel=4)
    bench.run({"runs": fifo.command, "waits": "sleep 1"}, repeat=3, name="goes on", parallel=4)
    bench.devices.add(HostDevice("host"))
    bench.pno.scan()
    log = bench.log("app")
    for number in range(1_500):
        log.info(f"line {number}")
    bench.log("psu").warn("hot", temp=81)


def rest(page: Page, tab: str) -> None:
    page.get_by_role("tab", name=tab).click()
    expect(page.get_by_role("tabpanel")).to_be_visible()
    page.evaluate(
        "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
    )


@pytest.mark.parametrize("width", [1400, 330])
def test_every_figure_has_a_word_or_a_title(
    serve: Serve, page: Page, fifo: Fifo, width: int
) -> None:
    """Once a run said "3.25 s" and a tab "3", and nothing said of what."""
    bench = serve(log_capacity=1_000)
    fill(bench, fifo)
    page.set_viewport_size({"width": width, "height": 1_000})
    Pane.open(page, bench)
    expect(page.locator(".ab-run-group").first).to_be_visible()
    for tab in TABS:
        rest(page, tab)
        assert page.evaluate(WITHOUT_WORDS) == [], tab
    rest(page, "Runs")
    page.locator(".ab-run-search input").fill("slow")
    page.locator(".ab-run-toggle", has_text="slow").last.click()
    expect(page.locator(".ab-run-detail")).to_contain_text("peak memory")
    assert page.evaluate(WITHOUT_WORDS) == []
    fifo.open()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1400, 330])
def test_axe_finds_nothing_in_any_tab_live_or_lost(
    serve: Serve, page: Page, fifo: Fifo, scheme: Any, width: int
) -> None:
    bench = serve(log_capacity=1_000)
    fill(bench, fifo)
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 1_000})
    Pane.open(page, bench)
    expect(page.locator(".ab-run-group").first).to_be_visible()
    for tab in TABS:
        rest(page, tab)
        assert violations(page) == [], tab
    fifo.open()
    server = bench.server
    assert server is not None
    server.abort()
    wait_until(lambda: "live" not in page.locator(".ab-badge").inner_text(), "the link is lost")
    for tab in TABS:
        rest(page, tab)
        assert violations(page) == [], f"{tab}, lost"


def test_a_lost_link_tells_no_rate_and_no_viewers(page: Page, bench: Orchestrator) -> None:
    """Before, it said "0 lines/s, 1 viewer", which nobody knew."""
    Pane.open(page, bench)
    expect(page.locator(".ab-head")).to_contain_text("lines/s")
    assert bench.server is not None
    bench.server.abort()
    expect(page.locator(".ab-badge")).not_to_contain_text("live")
    expect(page.locator(".ab-head")).not_to_contain_text("lines/s")
    expect(page.locator(".ab-head")).not_to_contain_text("viewer")


def test_a_tab_says_to_the_ear_what_its_figure_counts(
    page: Page, bench: Orchestrator, fifo: Fifo
) -> None:
    bench.run({"runs": fifo.command})
    Pane.open(page, bench)
    expect(page.get_by_role("tab", name="Runs 1 job waits or runs")).to_be_visible()
    fifo.open()
