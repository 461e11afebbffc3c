"""Whatever is filtered, marked or coloured by the log itself can be read: WCAG AA, in light and in dark."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.axe import low_contrast
from tests.e2e.pane import Pane, Serve

pytestmark = pytest.mark.browser

CHANNELS = ("psu", "ocr", "ffmpeg")
LEVELS = ("debug", "info", "warn", "error", "fatal")
# Contrast of each piece of text with what is painted behind it (WCAG 2.2, 1.4.3), whatever notation its colours have.
PIECES = """(within) => {
    const context = new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true });
    const paint = colours => {
        context.clearRect(0, 0, 1, 1);
        for (const colour of colours) { context.fillStyle = colour; context.fillRect(0, 0, 1, 1); }
        const [r, g, b] = [...context.getImageData(0, 0, 1, 1).data].map(v => v / 255)
            .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    return [...document.querySelectorAll(within)].map(piece => {
        const behind = [];
        for (let one = piece; one; one = one.parentElement) behind.unshift(getComputedStyle(one).backgroundColor);
        const [low, high] = [paint(behind), paint([...behind, getComputedStyle(piece).color])].sort((a, b) => a - b);
        return [(high + 0.05) / (low + 0.05), `${piece.className} ${piece.getAttribute('style')}`];
    });
}"""


def write(serve: Serve) -> Any:
    bench = serve()
    for channel in CHANNELS:
        for level in LEVELS:
            bench.log(channel).log(level, f"{level} of {channel}")
    return bench


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_filters_that_are_on_and_off_can_be_read_and_told_apart(
    scheme: Any, serve: Serve, page: Page
) -> None:
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    pane = Pane.open(page, write(serve))
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


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_lines_around_the_matches_can_be_read_at_every_level(
    scheme: Any, serve: Serve, page: Page
) -> None:
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    pane = Pane.open(page, write(serve))
    pane.ask("channel:psu")
    pane.press("m", "n")
    expect(pane.root.locator(".ab-hit")).to_have_count(len(LEVELS))
    expect(pane.root.locator(".ab-around:not(:has([title$=websocket]))")).to_have_count(10)
    assert low_contrast(page, ".ab-log") == []
    text = "(one) => getComputedStyle(one.querySelector('.ab-log-message')).color"
    hit, around = pane.row("info of psu"), pane.row("info of ocr")
    assert hit.evaluate(text) != around.evaluate(text)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_colours_that_a_log_chooses_can_be_read(scheme: Any, serve: Serve, page: Page) -> None:
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": 1600, "height": 2000})
    bench = serve()
    # The sixteen on their own and on one another, dimmed and inverted; some of the 256; any of the 16 million.
    sixteen = [*range(30, 38), *range(90, 98)]
    codes = [str(code) for code in sixteen]
    codes += [f"{code};{ground}" for code in (30, 37, 97) for ground in range(41, 48)]
    codes += [f"2;{code}" for code in sixteen] + ["7", "2"] + [f"7;{code}" for code in sixteen]
    codes += [f"38;5;{n}" for n in range(16, 256, 5)] + [f"48;5;{n}" for n in range(16, 256, 9)]
    codes += ["38;2;255;255;0", "38;2;0;0;90", "48;2;255;255;255", "48;2;0;0;0"]
    for level in LEVELS:
        for k in range(0, len(codes), 60):
            pieces = "".join(f"\x1b[{code}mtext\x1b[0m " for code in codes[k : k + 60])
            bench.log("psu").log(level, pieces)
    pane = Pane.open(page, bench)
    pane.press("w", "h")
    expect(pane.root.locator(".ab-log-ansi")).to_have_count(len(codes) * len(LEVELS))
    found: list[tuple[float, str]] = page.evaluate(PIECES, ".ab-log-ansi")
    assert [(round(ratio, 2), which) for ratio, which in found if ratio < 4.5] == []
