"""For everyone: a grid that screen readers can count, live regions that do not chatter, focus, motion, contrast."""

from __future__ import annotations

import re
from typing import Any, Literal

import pytest
from playwright.sync_api import Browser, Page, expect

from autobench_nb import Orchestrator
from tests.e2e.axe import violations
from tests.e2e.conftest import Lab
from tests.e2e.pane import Pane, Serve

pytestmark = pytest.mark.browser


def write(bench: Orchestrator) -> None:
    """Something of everything that a row can be."""
    psu = bench.log("psu", job_id="a1", logger="dev.psu")
    psu.info("volt \x1b[31mred\x1b[0m", volt=11.98, ok=True)
    psu.debug("see https://example.org/a")
    psu.warn("hot\u202e")
    bench.log("cam", device_id="cam0").fatal("gone")
    try:
        raise ValueError("rail 3")
    except ValueError:
        psu.exception("not set")


def test_the_rows_are_a_grid_with_its_count_and_positions(serve: Serve, page: Page) -> None:
    bench = serve(log_capacity=1_000)
    pane = Pane.open(page, bench)
    for n in range(500):
        bench.log("psu").info(f"line {n}")
    expect(pane.foot).to_contain_text("501 of 501 shown")
    expect(pane.grid).to_have_attribute("aria-rowcount", "501")
    expect(pane.grid).to_have_attribute("aria-multiselectable", "true")
    first = pane.row(re.compile("^line 499$"))
    expect(first).to_have_attribute("aria-rowindex", "1")
    expect(first.get_by_role("gridcell").first).to_be_visible()
    # Only some rows are drawn; each says where it stands among all.
    pane.press("Shift+G")
    last = pane.grid.get_by_role("row").last
    expect(last).to_have_attribute("aria-rowindex", re.compile("^50[01]$"))
    pane.press("k")
    current = pane.grid.locator(".ab-current")
    expect(pane.grid).to_have_attribute("aria-activedescendant", str(current.get_attribute("id")))
    expect(current).to_have_attribute("aria-selected", "true")


def test_live_regions_tell_counts_and_never_lines(
    pane: Pane, page: Page, bench: Orchestrator
) -> None:
    page.evaluate(
        """() => {
            window.told = [];
            const log = document.querySelector('.ab-log');
            const regions = log.querySelectorAll('[aria-live], [role=status], [role=log]');
            const watch = new MutationObserver(all => all.forEach(m => told.push(m.target.textContent)));
            regions.forEach(one => watch.observe(one, { childList: true, characterData: true, subtree: true }));
            window.regions = regions.length;
        }"""
    )
    assert page.evaluate("() => regions") >= 1
    for n in range(300):
        bench.log("psu").info(f"line {n} hit")
    expect(pane.foot).to_contain_text("301 of 301 shown")
    pane.settled()
    assert [text for text in page.evaluate("() => told") if text] == []
    pane.query.press_sequentially("hit")
    page.wait_for_function("() => told.some(text => text === '300 of 301 lines match')")
    pane.press("n")
    page.wait_for_function("() => told.some(text => text === 'Match 1 of 300')")
    told = [text for text in page.evaluate("() => told") if text]
    assert len(told) <= 3
    assert not any("line 2" in text for text in told)


def test_the_focus_is_visible_wherever_it_is(pane: Pane, page: Page, bench: Orchestrator) -> None:
    write(bench)
    pane.query.focus()
    without: list[str] = []
    for _ in range(40):
        page.keyboard.press("Tab")
        found: dict[str, Any] = page.evaluate(
            """() => {
                const el = document.activeElement;
                const style = getComputedStyle(el);
                // The rows' own ring is drawn above them, by what holds them.
                const around = getComputedStyle(el.parentElement, '::after');
                const outlined = [style, around].some(
                    one => one.outlineStyle !== 'none' && parseFloat(one.outlineWidth) >= 2
                );
                const seen = outlined || style.boxShadow !== 'none';
                return { inside: !!el.closest('.ab-log'), seen, html: el.outerHTML };
            }"""
        )
        if not found["inside"]:
            break
        if not found["seen"]:
            without.append(found["html"][:120])
    assert without == []
    pane.press("j")
    look = "el => { const s = getComputedStyle(el); return s.backgroundColor + s.boxShadow + s.outline; }"
    current, other = pane.grid.locator(".ab-current"), pane.rows.last
    assert current.evaluate(look) != other.evaluate(look)


def test_nothing_moves_for_those_who_asked_for_less_motion(
    browser: Browser, bench: Orchestrator
) -> None:
    context = browser.new_context(reduced_motion="reduce")
    try:
        page = context.new_page()
        pane = Pane.open(page, bench)
        write(bench)
        expect(pane.row("gone")).to_be_visible()
        bench.run("sleep 600", name="long")
        expect(page.get_by_role("tabpanel")).to_contain_text("long")
        moving = page.evaluate(
            """() => [...document.querySelectorAll('.autobench, .autobench *')].filter(el => {
                const style = getComputedStyle(el);
                const animated = style.animationName === 'none' ? 0 : style.animationDuration;
                const times = `${style.transitionDuration},${animated}`;
                return times.split(',').some(time => parseFloat(time) > 0.001) || style.scrollBehavior === 'smooth';
            }).map(el => el.className)"""
        )
        assert moving == []
    finally:
        context.close()


@pytest.mark.parametrize("theme", ["light", "dark", "forced"])
def test_axe_finds_nothing(
    browser: Browser, bench: Orchestrator, theme: Literal["light", "dark", "forced"]
) -> None:
    context = browser.new_context(
        color_scheme="dark" if theme == "dark" else "light",
        forced_colors="active" if theme == "forced" else "none",
        viewport={"width": 1280, "height": 1000},
    )
    try:
        page = context.new_page()
        pane = Pane.open(page, bench)
        write(bench)
        expect(pane.row("not set")).to_be_visible()
        assert violations(page) == []
        pane.row("not set").locator(".ab-log-fold").click()
        pane.row("volt").click()
        pane.press("p", "x")
        pane.ask("level>=debug volt OR not")
        pane.press("m", "n")
        assert violations(page) == []
        pane.ask("level:loud")
        pane.open_menu()
        assert violations(page) == []
        page.keyboard.press("Escape")
        pane.press("?")
        assert violations(page) == []
        page.keyboard.press("Escape")
        pane.ask("chan")
        pane.query.press_sequentially("n")
        expect(pane.root.get_by_role("option").first).to_be_visible()
        assert violations(page) == []
        page.keyboard.press("Escape")
        pane.press("m")
        pane.ask("nothing matches this")
        expect(pane.button("Clear query")).to_be_visible()
        pane.press(" ")
        assert violations(page) == []
    finally:
        context.close()


def test_axe_finds_nothing_where_more_contrast_is_asked_for(
    page: Page, bench: Orchestrator
) -> None:
    page.emulate_media(contrast="more")
    pane = Pane.open(page, bench)
    write(bench)
    expect(pane.row("not set")).to_be_visible()
    assert violations(page) == []


@pytest.mark.parametrize(
    "theme", ["JupyterLab Light", "JupyterLab Dark", "JupyterLab Dark High Contrast"]
)
def test_axe_finds_nothing_in_a_notebook_of_each_theme(lab: Lab, page: Page, theme: str) -> None:
    lab.write(
        "themes.ipynb",
        """
import autobench_nb as ab
bench = ab.Orchestrator()
bench.serve(thread=True)
for level in ("debug", "info", "warn", "error", "fatal"):
    bench.log("psu", job_id="a1").log(level, f"{level} of psu", volt=11.98)
ab.LogPane(bench, query="channel:psu", mode="locate", height=420)
""",
    )
    lab.open(page, "themes.ipynb")
    page.evaluate(
        "(theme) => jupyterapp.commands.execute('apputils:change-theme', { theme })", theme
    )
    lab.run_all(page)
    root = page.locator(".ab-log")
    expect(root.locator(".ab-log-row").filter(has_text="fatal of psu")).to_be_visible()
    light = page.evaluate("() => document.body.dataset.jpThemeLight")
    assert light == ("true" if theme == "JupyterLab Light" else "false")
    assert violations(page, ".ab-log") == []
    # The notebook's own style for buttons does not get through.
    expect(root.get_by_role("button", name="Pause")).to_have_css("border-radius", "6px")
    Lab.evaluate(page, "bench.close()")


def test_axe_finds_nothing_in_a_narrow_pane(browser: Browser, bench: Orchestrator) -> None:
    context = browser.new_context(viewport={"width": 400, "height": 900})
    try:
        page = context.new_page()
        pane = Pane.open(page, bench)
        write(bench)
        expect(pane.rows).to_have_count(5)
        assert violations(page) == []
        # What cannot be typed on a phone can be touched.
        pane.ask("hot")
        pane.button("Locate").click()
        expect(pane.rows).to_have_count(5)
        pane.button("Filter").click()
        expect(pane.rows).to_have_count(1)
        pane.ask("")
        pane.button("Facets").click()
        expect(pane.facet("Channel", "cam")).to_be_visible()
        assert violations(page) == []
        # Nothing is wider than the window.
        assert page.evaluate("() => document.documentElement.scrollWidth") <= 400
    finally:
        context.close()
