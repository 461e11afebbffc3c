"""Choices are the user's own: they persist for each pane, and neither another pane nor the server changes them."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from autobench_nb import Orchestrator
from tests.e2e.pane import Pane

pytestmark = pytest.mark.browser

KEY = "autobench-nb/page/log"
MOUNT = """async ({ link, panes }) => {
    document.body.replaceChildren(...panes.map(({ key }) => {
        const el = document.createElement('div');
        el.id = key;
        el.style.width = '620px';
        return el;
    }));
    document.body.style.display = 'flex';
    const css = document.head.appendChild(document.createElement('link'));
    css.rel = 'stylesheet';
    css.href = 'static/widget.css';
    const { default: widget } = await import(new URL('static/widget.js', location.href).href);
    window.traits = {};
    for (const { key, ...options } of panes) {
        const kept = { view: 'logs', epoch: link.epoch, title: '', options: { key, height: 420, ...options } };
        const listeners = [];
        const model = {
            get: name => kept[name],
            set: (name, value) => { kept[name] = value; },
            save_changes() {},
            on: (_, listener) => listeners.push(listener),
            off() {},
            send: message => {
                if (message.type !== 'link') return;
                queueMicrotask(() => listeners.forEach(one => one({ type: 'link', ...link })));
            },
        };
        traits[key] = kept;
        const made = widget();
        made.initialize({ model });
        made.render({ model, el: document.getElementById(key) });
    }
}"""


def side_by_side(page: Page, bench: Orchestrator, **second: Any) -> tuple[Pane, Pane]:
    """Two panes of ``bench`` in one page, as two widgets of a notebook stand in one."""
    assert bench.server is not None
    page.goto(bench.server.login_url)
    expect(page.locator(".ab-badge")).to_contain_text("live")
    page.evaluate(
        MOUNT, {"link": bench.link(), "panes": [{"key": "left"}, {"key": "right", **second}]}
    )
    left, right = (Pane(page, page.locator(f"#{key} .ab-log")) for key in ("left", "right"))
    for pane in (left, right):
        expect(pane.foot).to_contain_text(re.compile(r"\d of \d+ shown"))
    return left, right


def choose(pane: Pane) -> None:
    """Choose something other than the standard in everything that can be chosen."""
    pane.press("w", "s", "h", "+", "+", "m")
    menu = pane.open_menu()
    menu.get_by_label("seq", exact=True).check()
    menu.get_by_label("time", exact=True).uncheck()
    menu.get_by_label("Width of channel").fill("150")
    menu.get_by_label("Open tracebacks").check()
    menu.get_by_label("Relative times").check()
    pane.page.keyboard.press("Escape")
    pane.ask("channel:psu")


def chosen(pane: Pane) -> None:
    expect(pane.query).to_have_value("channel:psu")
    row = pane.row("volt")
    expect(row.locator(".ab-log-seq")).to_be_visible()
    expect(row.locator(".ab-log-time")).to_have_count(0)
    assert row.locator(".ab-log-channel").evaluate("el => Math.round(el.offsetWidth)") == 150
    expect(pane.root.locator(".ab-log-plot")).to_have_count(0)
    expect(pane.button("Oldest ↓")).to_be_visible()
    expect(pane.button("Locate")).to_have_attribute("aria-pressed", "true")
    expect(pane.grid).to_have_class(re.compile(r"\bab-wrap\b"))
    menu = pane.open_menu()
    for label in ("Wrap", "Open tracebacks", "Relative times"):
        expect(menu.get_by_label(label)).to_be_checked()
    expect(menu.get_by_label("Context")).to_have_value("2")
    pane.page.keyboard.press("Escape")


def test_choices_survive_a_reload(pane: Pane, page: Page, bench: Orchestrator) -> None:
    bench.log("psu").info("volt")
    choose(pane)
    chosen(pane)
    page.reload()
    chosen(pane)


@pytest.mark.parametrize(
    "kept", ["no JSON at all", '{"v": 999, "query": "other"}', '{"v": 1, "columns": 7, "query": 3}']
)
def test_kept_choices_that_are_not_of_this_version_are_left_aside(
    page: Page, bench: Orchestrator, kept: str
) -> None:
    page.add_init_script(f"localStorage.setItem({json.dumps(KEY)}, {json.dumps(kept)})")
    pane = Pane.open(page, bench)
    bench.log("psu").info("volt")
    expect(pane.query).to_have_value("")
    expect(pane.row("volt").locator(".ab-log-time")).to_be_visible()


def test_the_server_s_config_changes_limits_and_no_choice(
    pane: Pane, page: Page, bench: Orchestrator
) -> None:
    bench.log("psu").info("volt")
    choose(pane)
    for n in range(40):
        bench.log("psu").info(f"more {n}")
    bench.state.merge(
        "/serverConfig/logs",
        {"capacity": 16, "minLevel": "error", "snapshot": 5, "allowedChannels": ["psu"]},
    )
    expect(pane.foot).to_contain_text("keeps 16")
    bench.log("psu").info("volt")
    chosen(pane)
    kept = json.loads(page.evaluate("key => localStorage.getItem(key)", KEY))
    assert (kept["query"], kept["order"], kept["context"]) == ("channel:psu", "oldest", 2)


def test_two_panes_side_by_side_do_not_disturb_each_other(page: Page, bench: Orchestrator) -> None:
    left, right = side_by_side(page, bench, query="level>=info")
    bench.log("psu").info("volt")
    bench.log("psu").info("other")
    bench.log("cam").warn("picture")
    expect(left.row("picture")).to_be_visible()
    right.row("picture").click()
    right.press("p", "Enter")
    left.press(" ")
    choose(left)
    bench.log("cam").warn("came while the left one paused")
    right.shows("came while the left one paused", "picture", "other", "volt")
    expect(right.query).to_have_value("level>=info")
    expect(right.root.locator(".ab-log-plot")).to_be_visible()
    expect(right.detail).to_have_count(1)
    expect(left.detail).to_have_count(0)
    expect(left.root.get_by_role("list", name="Pinned lines")).to_have_count(0)
    expect(left.row("came while")).to_have_count(0)
    right.press("x")
    expect(left.gaps).to_have_count(0)
    # Each keeps its choices under a key of its own.
    kept = page.evaluate("() => Object.entries(localStorage)")
    assert [key for key, text in kept if '"order":"oldest"' in text] == ["autobench-nb/logs/left"]


def test_a_pane_tells_its_host_what_it_shows_and_what_is_selected(
    page: Page, bench: Orchestrator
) -> None:
    left, _ = side_by_side(page, bench)
    for n in range(5):
        bench.log("psu").info(f"line {n}")
    left.ask("channel:psu")
    left.row("line 1").click()
    left.row("line 3").click(modifiers=["Shift"])
    page.wait_for_function("() => traits.left.shown?.query === 'channel:psu'")
    page.wait_for_function("() => JSON.stringify(traits.left.chosen ?? []).length > 2")
    shown = page.evaluate("() => traits.left.shown")
    seqs = {entry.message: entry.seq for entry in bench.logs}
    assert shown["count"] == 5
    assert shown["epoch"] == bench.epoch
    assert page.evaluate("() => traits.left.chosen") == [[seqs["line 1"], seqs["line 3"] + 1]]
    muted = "-(channel:request,websocket level<warn)"
    assert page.evaluate("() => traits.right.shown.query") == muted
    assert page.evaluate("() => traits.right.chosen ?? []") == []
