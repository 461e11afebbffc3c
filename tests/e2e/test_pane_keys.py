"""Everything in the pane by keys alone, and the sheet that says which."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from autobench_nb import Orchestrator
from tests.e2e.pane import Pane, allow_clipboard, clipboard

pytestmark = pytest.mark.browser


@pytest.fixture
def lab(bench: Orchestrator, pane: Pane) -> Pane:
    log = bench.log("psu")
    for n in range(100):
        log.info(f"line {n}")
    expect(pane.foot).to_contain_text("101 of 101 shown")
    return pane


def at(pane: Pane, message: str) -> None:
    current = pane.grid.locator(".ab-current")
    expect(current.locator(".ab-log-message")).to_have_text(message)
    expect(current).to_be_in_viewport()


def test_the_sheet_lists_the_keys_opens_by_one_and_closes_by_escape(lab: Pane, page: Page) -> None:
    lab.press("?")
    sheet = lab.root.get_by_role("dialog", name="Keys")
    expect(sheet).to_be_visible()
    expect(sheet.get_by_role("button", name="Close")).to_be_focused()
    said = sheet.locator("dt").all_inner_texts()
    for key in [
        "/",
        "n",
        "N",
        "f",
        "p",
        "x",
        "c",
        "C",
        "l",
        "e",
        "w",
        "t",
        "s",
        "d",
        "h",
        "m",
        "?",
        "j",
        "k",
        "g",
        "G",
        "Enter",
        "Space",
        "Esc",
        "PgDn",
        "PgUp",
        "+",
        "−",
    ]:
        assert any(key in text.split() for text in said), key
    page.keyboard.press("Escape")
    expect(sheet).to_have_count(0)
    expect(lab.grid).to_be_focused()


def test_lines_are_walked_by_letters_arrows_and_pages(lab: Pane) -> None:
    lab.press("j")
    at(lab, "line 99")
    lab.press("j", "ArrowDown")
    at(lab, "line 97")
    lab.press("k", "ArrowUp")
    at(lab, "line 99")
    lab.press("PageDown")
    far = lab.grid.locator(".ab-current .ab-log-message")
    expect(far).not_to_have_text("line 99")
    lab.press("PageUp")
    at(lab, "line 99")
    lab.press("Shift+G")
    expect(lab.row(re.compile("^line 0$"))).to_be_in_viewport()
    lab.press("g")
    expect(lab.row(re.compile("^line 99$"))).to_be_in_viewport()


def test_lines_are_selected_with_shift_and_all_at_once_and_dropped_by_escape(
    lab: Pane, page: Page, context: BrowserContext
) -> None:
    allow_clipboard(context)
    lab.press("j", "Shift+ArrowDown", "Shift+J")
    expect(lab.foot).to_contain_text("3 selected")
    expect(lab.grid.locator('[aria-selected="true"]')).to_have_count(3)
    lab.press("Control+c")
    expect(lab.root.locator(".ab-log-notice")).to_have_text("Copied 3 lines")
    assert [line.split()[-1] for line in clipboard(page).splitlines()] == ["97", "98", "99"]
    lab.press("Escape")
    expect(lab.foot).not_to_contain_text("selected")
    lab.press("Control+a")
    expect(lab.foot).to_contain_text("101 selected")


@pytest.mark.parametrize(
    ("key", "what"),
    [
        ("d", ".ab-log-facets"),
        ("h", ".ab-log-plot"),
    ],
)
def test_facets_and_histogram_go_and_come_by_a_key(lab: Pane, key: str, what: str) -> None:
    expect(lab.root.locator(what)).to_have_count(1)
    lab.press(key)
    expect(lab.root.locator(what)).to_have_count(0)
    lab.press(key)
    expect(lab.root.locator(what)).to_have_count(1)


def test_the_query_line_is_reached_and_left_by_keys(lab: Pane, page: Page) -> None:
    lab.press("/")
    expect(lab.query).to_be_focused()
    page.keyboard.type("line 5 n?x")
    expect(lab.query).to_have_value("line 5 n?x")
    expect(lab.root.get_by_role("dialog")).to_have_count(0)
    page.keyboard.press("Escape")
    if lab.query.evaluate("el => el === document.activeElement"):
        page.keyboard.press("Escape")
    expect(lab.grid).to_be_focused()
    # The browser's own search sees only the rows that are drawn, so the pane's takes its key.
    page.keyboard.press("Control+f")
    expect(lab.query).to_be_focused()


def test_the_menu_is_worked_by_keys_and_gives_the_focus_back(lab: Pane, page: Page) -> None:
    lab.press("e")
    expect(lab.menu).to_be_visible()
    assert lab.menu.evaluate("el => el.contains(document.activeElement)")
    lab.menu.get_by_label("Wrap").focus()
    page.keyboard.press("Space")
    expect(lab.grid).to_have_class(re.compile("ab-wrap"))
    page.keyboard.press("Escape")
    expect(lab.menu).to_have_count(0)
    expect(lab.grid).to_be_focused()


def test_every_control_is_reached_by_tab_and_none_is_a_trap(lab: Pane, page: Page) -> None:
    # The channels come with the first lines.
    expect(lab.root.locator(".ab-log-facets")).to_contain_text("None")
    lab.query.focus()
    seen: list[str] = []
    for _ in range(60):
        page.keyboard.press("Tab")
        inside, name = page.evaluate(
            """() => {
                const el = document.activeElement;
                const name = el.getAttribute('aria-label') || el.textContent || el.getAttribute('role');
                return [!!el.closest('.ab-log'), name];
            }"""
        )
        if not inside:
            break
        seen.append(name)
    else:
        pytest.fail(f"the focus does not leave the pane: {seen}")
    text = " | ".join(seen)
    for name in ("Filter", "Locate", "Pause", "More", "Log lines", "All", "None", "Only debug"):
        assert name in text


def test_gap_rows_are_worked_by_keys(lab: Pane, page: Page) -> None:
    lab.press("j", "j", "x")
    show = lab.gaps.get_by_role("button", name="show them")
    show.focus()
    page.keyboard.press("Enter")
    expect(lab.gaps).to_have_count(0)


def test_the_notebook_does_not_get_the_pane_s_keys(lab: Pane, page: Page) -> None:
    page.evaluate(
        "() => { window.heard = []; addEventListener('keydown', e => heard.push(e.key)); }"
    )
    lab.press("j", "d", "d", "Enter")
    assert page.evaluate("() => heard") == []
