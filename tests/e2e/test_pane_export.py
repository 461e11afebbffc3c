"""Taking lines away: copies, permalinks by (epoch, seq), and files of exactly what is shown, or all."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from autobench_nb import Orchestrator
from tests.e2e.pane import Pane, allow_clipboard, clipboard

pytestmark = pytest.mark.browser

FORMULAS = ("=1+1", "+cmd|'/c calc'!A0", "-2", "@SUM(A1)", "\t=tab", "＝full width")


@pytest.fixture
def lab(context: BrowserContext, bench: Orchestrator, pane: Pane) -> Pane:
    allow_clipboard(context)
    log = bench.log("psu")
    log.info("volt", volt=11.98, job_id="a1")
    log.warn('hot, "very"')
    log.info("picture")
    expect(pane.rows).to_have_count(3)
    return pane


def saved(pane: Pane, what: str, name: str) -> str:
    """The text of the file that the menu's export gives."""
    menu = pane.open_menu()
    menu.get_by_label(what, exact=True).check()
    with pane.page.expect_download() as download:
        menu.get_by_role("button", name=name, exact=True).click()
    expect(menu).to_have_count(0)
    assert download.value.suggested_filename.endswith(f".{name.lower()}")
    return Path(download.value.path()).read_text(encoding="utf-8")


def messages(entries: list[dict[str, Any]]) -> list[str]:
    return [entry["message"] for entry in entries]


def test_a_row_is_copied_as_text_and_as_json(lab: Pane, page: Page, bench: Orchestrator) -> None:
    lab.row("volt").click()
    lab.press("c")
    expect(lab.root.locator(".ab-log-notice")).to_have_text("Copied 1 line")
    assert re.fullmatch(
        r'\d{4}-\d\d-\d\dT[\d:.]+Z INFO  psu \[job:a1\] volt \{"volt":11\.98\}', clipboard(page)
    )
    lab.press("Shift+C")
    page.wait_for_function("async () => (await navigator.clipboard.readText()).startsWith('{')")
    entry = json.loads(clipboard(page))
    assert (entry["message"], entry["jobId"], entry["fields"]) == ("volt", "a1", {"volt": 11.98})
    assert entry["seq"] == next(one.seq for one in bench.logs if one.message == "volt")


def test_a_selection_is_copied_from_the_oldest_line_on(lab: Pane, page: Page) -> None:
    lab.row("picture").click()
    lab.row("volt").click(modifiers=["Shift"])
    expect(lab.foot).to_contain_text("3 selected")
    lab.press("Shift+C")
    expect(lab.root.locator(".ab-log-notice")).to_have_text("Copied 3 lines")
    assert messages(json.loads(clipboard(page))) == ["volt", 'hot, "very"', "picture"]
    lab.row("hot").click(modifiers=["Control"])
    expect(lab.foot).to_contain_text("2 selected")
    lab.press("c")
    page.wait_for_function("async () => !(await navigator.clipboard.readText()).startsWith('[')")
    lines = clipboard(page).splitlines()
    assert [line.split()[3] for line in lines] == ["[job:a1]", "picture"]


def test_a_permalink_leads_another_page_to_the_line(
    lab: Pane, page: Page, context: BrowserContext, bench: Orchestrator
) -> None:
    for n in range(100):
        bench.log("psu").info(f"later {n}")
    lab.ask("volt")
    lab.row("volt").click()
    lab.press("l")
    expect(lab.root.locator(".ab-log-notice")).to_have_text("Copied the permalink")
    link = clipboard(page)
    seq = next(one.seq for one in bench.logs if one.message == "volt")
    assert link.endswith(f"#log={bench.epoch}/{seq}")
    lab.ask("")
    other = context.new_page()
    other.goto(link)
    row = other.locator(".ab-log .ab-current")
    expect(row.locator(".ab-log-message")).to_contain_text("volt")
    expect(row).to_be_in_viewport()


def test_a_permalink_of_another_epoch_leads_nowhere(
    lab: Pane, context: BrowserContext, bench: Orchestrator
) -> None:
    other = context.new_page()
    assert bench.server is not None
    other.goto(f"{bench.server.url}#log=of-another-life/1")
    expect(other.locator(".ab-log-row").filter(has_text="picture")).to_be_visible()
    expect(other.locator(".ab-log .ab-current")).to_have_count(0)


def test_export_gives_exactly_the_lines_shown_in_each_format(lab: Pane) -> None:
    lab.ask("channel:psu -volt")
    lab.shows("picture", 'hot, "very"')
    wanted = ['hot, "very"', "picture"]
    assert messages(json.loads(saved(lab, "what is shown", "JSON"))) == wanted
    lines = saved(lab, "what is shown", "NDJSON").splitlines()
    assert messages([json.loads(line) for line in lines]) == wanted
    rows = list(csv.DictReader(io.StringIO(saved(lab, "what is shown", "CSV"))))
    assert [row["message"] for row in rows] == wanted
    assert [row["level"] for row in rows] == ["warn", "info"]


def test_export_gives_all_lines_held_whatever_is_asked(lab: Pane, bench: Orchestrator) -> None:
    lab.ask("channel:psu -volt")
    lab.shows("picture", 'hot, "very"')
    entries = json.loads(saved(lab, "all held", "JSON"))
    assert messages(entries) == [entry.message for entry in bench.logs]
    assert len(entries) == 4


def test_export_gives_the_selection_and_nothing_of_what_waits(
    lab: Pane, bench: Orchestrator
) -> None:
    lab.row("hot").click()
    lab.row("volt").click(modifiers=["Control"])
    assert messages(json.loads(saved(lab, "selection", "JSON"))) == ["volt", 'hot, "very"']
    lab.press(" ")
    bench.log("psu").info("waits")
    expect(lab.button(re.compile("Paused · 1 line"))).to_be_visible()
    assert "waits" not in saved(lab, "what is shown", "NDJSON")


def test_cells_that_a_spreadsheet_would_run_are_neutralised(lab: Pane, bench: Orchestrator) -> None:
    for text in FORMULAS:
        bench.log("psu").info(text)
    expect(lab.rows).to_have_count(3 + len(FORMULAS))
    rows = list(csv.DictReader(io.StringIO(saved(lab, "all held", "CSV"), newline="")))
    found = [row["message"] for row in rows][-len(FORMULAS) :]
    assert found == [f"'{text}" for text in FORMULAS]
    assert messages(json.loads(saved(lab, "all held", "JSON")))[-len(FORMULAS) :] == list(FORMULAS)
