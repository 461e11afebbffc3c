"""Log text is data: nothing in it is markup, a script, a disguised link, or a way to hide or reorder what is read."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from autobench_nb import Orchestrator
from tests.e2e.pane import Pane

pytestmark = pytest.mark.browser

MARKUP = (
    '<img src=x onerror="window.hit=1">',
    "<script>window.hit=1</script>",
    "<a href='javascript:window.hit=1'>click</a>",
    "&lt;b&gt;",
)


@pytest.mark.parametrize("markup", MARKUP)
def test_markup_is_shown_as_the_text_that_it_is(
    pane: Pane, page: Page, bench: Orchestrator, markup: str
) -> None:
    log = bench.log(f"psu {markup}", device_id=markup, job_id=markup)
    log.info(markup, logger=markup, **{markup: markup})
    pane.open_menu().get_by_label("logger", exact=True).check()
    page.keyboard.press("Escape")
    row = pane.grid.locator(".ab-log-row").first
    expect(row.locator(".ab-log-message")).to_contain_text(markup)
    row.locator(".ab-log-level").dblclick()
    expect(pane.detail.locator("dt")).to_have_text([markup])
    row.click()
    pane.press("p")
    expect(pane.root.get_by_role("list", name="Pinned lines")).to_contain_text(markup)
    pane.query.fill('channel:"psu <')
    expect(pane.facet("Device", markup)).to_be_visible()
    assert page.locator(".ab-log :is(img, script, a)").count() == 0
    assert page.evaluate("() => window.hit") is None


def test_only_http_links_that_lead_where_they_say_are_links(
    pane: Pane, bench: Orchestrator
) -> None:
    bench.log("psu").info(
        "see https://example.org/a?b=1. http://lab.test/x javascript:alert(1) "
        "https://good.example@evil.example/ file:///etc/passwd data:text/html,x"
    )
    links = pane.grid.get_by_role("link")
    expect(links).to_have_text(["https://example.org/a?b=1", "http://lab.test/x"])
    for link, href in zip(
        links.all(), ["https://example.org/a?b=1", "http://lab.test/x"], strict=True
    ):
        expect(link).to_have_attribute("href", href)
        expect(link).to_have_attribute("rel", "noopener noreferrer")
        expect(link).to_have_attribute("target", "_blank")


def test_what_would_hide_or_reorder_text_is_made_visible(pane: Pane, bench: Orchestrator) -> None:
    bench.log("psu").info("a\u202eevil\u202cb\u200bc\x00d\x07e\u2066f")
    hidden = pane.grid.locator(".ab-log-hidden")
    expect(pane.row("evil")).to_be_visible()
    texts = [item.inner_text() for item in hidden.all()]
    assert {"‹U+202E›", "‹U+202C›", "‹U+200B›", "␇", "‹U+2066›"} <= set(texts)
    shown = pane.row("evil").locator(".ab-log-message").inner_text()
    assert not re.search("[\u202e\u202c\u200b\u2066\x00\x07]", shown)
    expect(hidden.first).to_have_attribute("title", "right-to-left override")


def test_a_line_of_ten_megabytes_is_cut_in_the_view_and_whole_on_request(
    pane: Pane, page: Page, bench: Orchestrator
) -> None:
    whole = "start " + "x" * 10_000_000 + " the very end"
    bench.log("psu").info(whole)
    row = pane.row("start")
    expect(row.locator(".ab-log-hint")).to_have_text("10,000,019 characters, cut here")
    assert len(row.inner_text()) < 3_000
    row.click()
    pane.press("Enter")
    expect(pane.detail).to_contain_text("16,384 characters of 10,000,019 came over the wire")
    assert len(pane.detail.inner_text()) < 20_000
    pane.detail.get_by_role("button", name="show whole").click()
    expect(pane.detail).to_contain_text("more characters: copy the line to have all")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    pane.detail.get_by_role("button", name="copy", exact=True).click()
    expect(pane.root.locator(".ab-log-notice")).to_have_text("Copied 1 line")
    page.wait_for_function(
        """async () => {
            const text = await navigator.clipboard.readText();
            return text.length > 10_000_000 && text.endsWith('the very end');
        }"""
    )


def test_a_query_is_data_too(pane: Pane, page: Page, bench: Orchestrator) -> None:
    bench.log("psu").info("line")
    pane.ask("<img/src=x/onerror=window.hit=1>")
    pane.shows()
    pane.ask('"<b>"')
    expect(pane.root.locator(".ab-log-mirror")).to_have_text('"<b>"')
    assert page.locator(".ab-log :is(img, b.injected)").count() == 0
    assert page.evaluate("() => window.hit") is None
