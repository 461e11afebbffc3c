"""The table of runs in little room and in much: figures in their columns, axes with a zero, plots with whole labels."""

from __future__ import annotations

import itertools
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from autobench_nb import Orchestrator
from tests.e2e.runs import Fifo, Runs

pytestmark = pytest.mark.browser

WIDTHS = (330, 400, 640, 660, 700, 760, 900, 920, 1100, 1400)
BEYOND = """([mean, total]) => {
    // As long as figures can be: nobody waits a day for them.
    for (const one of document.querySelectorAll('.ab-run-running .ab-run-mean b')) one.textContent = mean;
    for (const one of document.querySelectorAll('.ab-run-running .ab-run-total')) one.innerHTML = total;
    const beyond = [];
    for (const cell of document.querySelectorAll('.ab-run > :is(.ab-num, .ab-run-actions)')) {
        const range = document.createRange();
        range.selectNodeContents(cell);
        const [text, box] = [range.getBoundingClientRect(), cell.getBoundingClientRect()];
        if (box.width && text.width && (text.left < box.left - 1 || text.right > box.right + 1))
            beyond.push(`${cell.textContent}: ${text.width} px in the ${box.width} px of ${cell.className}`);
    }
    return beyond;
}"""
CUT_WORDS = """() => [...document.querySelectorAll('.ab-run-heads > span, .ab-run-fold .ab-run-name-text')]
    .filter((one) => one.clientWidth > 1 && one.scrollWidth > one.clientWidth + 1)
    .map((one) => one.textContent)"""
CUT_LABELS = """(svg) => [...svg.querySelectorAll('text')]
    .filter((one) => one.getBBox().x < 0 || one.getBBox().x + one.getBBox().width > svg.viewBox.baseVal.width)
    .map((one) => one.textContent)"""
FOCUSED = "() => document.activeElement.ariaLabel ?? document.activeElement.textContent"
IN_LOG = "() => document.activeElement.closest('.ab-log') !== null"
SCROLLS_BY = "(list) => list.scrollHeight - list.clientHeight"
PROMPT = "printf 'Delete 12 files of the last measurement? [y/N] '; read answer"


def test_no_figure_leaves_its_column_at_any_width(
    runs: Runs, page: Page, bench: Orchestrator, tmp_path: Path, fifo: Fifo
) -> None:
    """Before, at 700 px, two of them met: "progress unknown4 m 43 s so far"."""
    first = tmp_path / "first"
    work = f"if [ -e {first} ]; then {fifo.command}; else touch {first}; sleep 0.2; fi"
    assert bench.run({"slow": "sleep 0.12", "quick": "true"}, repeat=4).wait(60)
    run = bench.run({"guessed": work, "silent": fifo.command}, repeat=4, parallel=2)
    expect(runs.cell("guessed", "mean")).to_contain_text("~")
    expect(runs.cell("silent", "mean")).to_have_text("progress unknown")
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        longest = ["147.32", "<b>23 h 59 m</b> so far"]
        assert page.evaluate(BEYOND, longest) == [], width
    run.cancel()


def test_words_of_heads_and_folds_are_whole_at_any_width(
    runs: Runs, page: Page, bench: Orchestrator
) -> None:
    """Before: "18 jobs, one rea…", and a button beyond the edge."""
    sweep = [f"sleep 0.0{n % 7}; test {n % 3} != 0" for n in range(60)]
    assert bench.run(sweep, name="sweep", parallel=8).wait(60)
    expect(runs.row("20 jobs, one reason")).to_be_visible()
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate(BEYOND, ["", ""]) == [], width
        assert page.evaluate(CUT_WORDS) == [], width


@pytest.mark.parametrize("width", [330, 700, 1400])
def test_an_axis_begins_with_its_zero(
    runs: Runs, page: Page, bench: Orchestrator, width: int
) -> None:
    """Before, "20, 60 ms" stood there, and at 330 px "60 ms" alone."""
    page.set_viewport_size({"width": width, "height": 900})
    for slowest in (0.12, 0.15, 0.2, 0.25):
        assert bench.run({"quick": "true", "slow": f"sleep {slowest}"}, name=f"{slowest}").wait(60)
    for axis in runs.panel.locator(".ab-run-axis").all():
        shown = [label for label in axis.locator("i").all() if label.is_visible()]
        assert shown[0].inner_text() == "0"
        assert len(shown) >= 2
        places = [label.evaluate("(one) => Number.parseFloat(one.style.left)") for label in shown]
        steps = [after - before for before, after in itertools.pairwise(places)]
        assert max(steps) - min(steps) < 0.01, "each as far from the next"
        assert re.fullmatch(r"\d+ ms", shown[-1].inner_text())


@pytest.mark.parametrize("width", [330, 700, 1400])
def test_an_opened_job_tells_its_times_alike_and_its_plot_has_whole_labels(
    runs: Runs, page: Page, bench: Orchestrator, width: int
) -> None:
    """Before, "3.01 ms" was read as ".01 ms", and a short job ended before it began: 15.860 to 15.8."""
    page.set_viewport_size({"width": width, "height": 900})
    assert bench.run({"slow": "sleep 0.12", "short": "true"}, repeat=3, warmup=1).wait(60)
    for name in ("slow", "short"):
        detail = runs.open(name)
        expect(detail).to_contain_text("peak memory")
        assert detail.locator(".ab-plot-picture").evaluate(CUT_LABELS) == []
        # Its log has two lines, of the orchestrator.
        expect(detail).to_contain_text("0 lines printed")
        started = detail.locator("dd", has_text=re.compile(r"\d\d:\d\d:\d\d")).inner_text()
        begin, end = re.findall(r"\d\d:\d\d:\d\d\.\d{3}", started)
        assert begin < end or begin[:2] > end[:2], "midnight aside"
        runs.row(name).locator(".ab-run-toggle").click()
        expect(detail).to_have_count(0)


def test_a_list_that_has_room_for_an_opened_job_does_not_scroll(
    runs: Runs, page: Page, bench: Orchestrator
) -> None:
    """Before, it did by 4 px, which cut the head of its run."""
    page.set_viewport_size({"width": 1400, "height": 1_200})
    assert bench.run({"one": "true", "two": "true"}, repeat=3).wait(60)
    expect(runs.open("one")).to_contain_text("peak memory")
    rows = runs.panel.locator(".ab-runs-list")
    expect(runs.groups.first).to_be_in_viewport(ratio=1)
    assert rows.evaluate(SCROLLS_BY) == 0


def test_the_field_for_an_answer_is_wide_enough_to_be_written_in(
    runs: Runs, page: Page, bench: Orchestrator
) -> None:
    """Before, it was 44 px wide at 700 px."""
    run = bench.run({"asks": PROMPT}, stdin=True)
    field = runs.row("asks").get_by_role("textbox")
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        expect(field).to_be_visible()
        box = field.bounding_box()
        assert box is not None
        assert box["width"] >= 100, width
    # Whoever looks at another tab sees that something waits.
    tab = page.get_by_role("tab", name=re.compile("1 question to you"))
    expect(tab).to_contain_text("⚑ 1")
    run.cancel()


def test_a_narrow_table_says_what_stands_below_the_mean(
    runs: Runs, page: Page, bench: Orchestrator
) -> None:
    assert bench.run({"one": "true", "two": "true"}).wait(60)
    head = runs.grid.get_by_role("columnheader").filter(has_text="mean")
    for width, words in ((330, "mean ± sd, total"), (1_400, "mean ± sd")):
        page.set_viewport_size({"width": width, "height": 900})
        assert head.inner_text().lower() == words
        cut = "(one) => one.scrollWidth > one.clientWidth + 1"
        assert not head.evaluate(cut), width


def test_a_run_without_a_name_is_called_as_in_python(runs: Runs, bench: Orchestrator) -> None:
    """Before, by its id: "20261128-184502-417k3x9f2"."""
    run = bench.run({"one": "true", "two": "true"})
    assert run.wait(60)
    assert run.label in repr(run)
    name = runs.groups.locator("b")
    expect(name).to_have_text(run.label)
    expect(name).to_have_attribute("title", f"{run.label}, id {run.id}")


def test_keys_alone_come_from_the_table_to_the_log_in_a_few_steps(
    runs: Runs, page: Page, bench: Orchestrator
) -> None:
    """Before, after some sixty: each button of each row was a stop of its own."""
    assert bench.run({f"job {n}": f"exit {n % 2}" for n in range(20)}, name="many").wait(60)
    expect(runs.row("job 19")).to_be_visible()
    runs.panel.get_by_role("searchbox").focus()
    stops: list[str] = []
    while not page.evaluate(IN_LOG) and len(stops) < 100:
        page.keyboard.press("Tab")
        stops.append(page.evaluate(FOCUSED))
    assert len(stops) <= 12, stops

    # What can be done about a job is reached from its row.
    runs.grid.focus()
    page.keyboard.press("Home")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    reached = []
    for _ in range(4):
        page.keyboard.press("Tab")
        reached.append(page.evaluate(FOCUSED))
    assert reached[-1] == "Retry job 1", reached
