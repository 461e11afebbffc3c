"""The contrast of what is filtered and what is not: axe-core's rule, in light and in dark."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.pane import Pane, Serve
from tests.node import JS, install_modules

pytestmark = pytest.mark.browser


def low_contrast(page: Page, within: str) -> list[str]:
    """Each text below WCAG AA's ratio, with the ratio that it has."""
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate((JS / "node_modules" / "axe-core" / "axe.min.js").read_text("utf-8"))
    found: dict[str, Any] = page.evaluate(
        "(within) => axe.run(within, { runOnly: ['color-contrast'] })", within
    )
    assert found["passes"], "the rule has looked at something"
    return [
        f"{check['data'].get('contrastRatio')}: {node['html'][:120]}"
        for violation in found["violations"]
        for node in violation["nodes"]
        for check in node["any"]
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_filters_that_are_on_and_off_can_be_read_and_told_apart(
    scheme: Any, serve: Serve, page: Page
) -> None:
    install_modules()
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    bench = serve()
    for channel in ("psu", "ocr", "ffmpeg"):
        for level in ("debug", "info", "warn", "error", "fatal"):
            bench.log(channel).log(level, f"{level} of {channel}")
    pane = Pane.open(page, bench)
    pane.ask("level>=info -channel:psu")
    expect(pane.row("info of ocr")).to_be_visible()
    filters = pane.root.locator(".ab-log-facetname")
    muted, shown = filters.filter(has_text="psu"), filters.filter(has_text="ocr")
    expect(muted).to_have_attribute("aria-pressed", "false")
    expect(shown).to_have_attribute("aria-pressed", "true")
    assert low_contrast(page, ".ab-log") == []
    looks = "(one) => [getComputedStyle(one).color, getComputedStyle(one).textDecorationLine]"
    label = ".ab-log-facetlabel"
    assert muted.locator(label).evaluate(looks) != shown.locator(label).evaluate(looks)
