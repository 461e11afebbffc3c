"""The table of runs in a real page: what is true of it, what can be done in it, and how it looks in little room."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect

import autobench_nb
from autobench_nb import Orchestrator
from tests.e2e.axe import violations
from tests.e2e.conftest import Lab, wait_until
from tests.e2e.pane import Pane, allow_clipboard, clipboard
from tests.e2e.runs import Fifo, Runs

pytestmark = pytest.mark.browser

PROMPT = "printf 'Go on? [y/N] '; read answer; echo it said $answer"
TEXT_GAP = """([left, right]) => {
    const box = (name) => {
        const range = document.createRange();
        range.selectNodeContents(document.querySelector(`.ab-run-running .ab-run-${name}`));
        return range.getBoundingClientRect();
    };
    // As long as the longest estimate of minutes.
    document.querySelector('.ab-run-running .ab-run-total').textContent = '~ 10 m 42 s left';
    return box(right).left - box(left).right;
}"""
FAILS = "echo 'the disk of the third machine is full' >&2; exit 3"


# --- what is true


def test_jobs_of_a_run_are_compared_on_one_axis_with_each_repetition(
    runs: Runs, bench: Orchestrator
) -> None:
    assert bench.run({"quick": "true", "slow": "sleep 0.2"}, repeat=6, name="both").wait(60)
    expect(runs.cell("slow", "ratio")).to_have_text(re.compile(r"^\d[\d.]*×$"))
    expect(runs.cell("quick", "ratio")).to_have_text("1.00")
    expect(runs.groups).to_contain_text("both")
    expect(runs.groups).to_contain_text("2 jobs")
    expect(runs.groups).to_contain_text("all done")
    for name in ("quick", "slow"):
        expect(runs.row(name).locator("circle")).to_have_count(6)
        expect(runs.cell(name, "mean")).to_have_text(re.compile(r"^[\d.]+ ?± [\d.]+ (µs|ms|s)$"))
        expect(runs.cell(name, "repeat")).to_have_text("6")
    expect(runs.panel.locator(".ab-run-axis")).to_contain_text("ms")
    bars = [runs.row(name).locator(".ab-strip-bar").bounding_box() for name in ("quick", "slow")]
    assert bars[0] is not None
    assert bars[1] is not None
    assert bars[0]["x"] == bars[1]["x"]
    assert bars[0]["width"] < bars[1]["width"] / 2
    heads = runs.grid.get_by_role("columnheader")
    expect(heads).to_have_count(8)


@pytest.mark.parametrize("motion", ["no-preference", "reduce"])
def test_unknown_progress_is_a_stripe_without_a_value(
    motion: Any, runs: Runs, page: Page, bench: Orchestrator, fifo: Fifo
) -> None:
    """Before, it stood at 25 %."""
    page.emulate_media(reduced_motion=motion)
    bench.run({"silent": fifo.command})
    bar = runs.row("silent").get_by_role("progressbar")
    expect(bar).to_have_class(re.compile("ab-track-unknown"))
    assert bar.get_attribute("aria-valuenow") is None
    expect(runs.cell("silent", "ratio")).to_have_text("")
    expect(runs.cell("silent", "total")).to_have_text(re.compile(r"^\d+ s so far$"))
    moving = bar.evaluate("(one) => getComputedStyle(one).animationName")
    assert (moving == "none") == (motion == "reduce")
    fifo.open()


def test_known_progress_is_what_the_job_says_and_no_more(
    runs: Runs, bench: Orchestrator, fifo: Fifo
) -> None:
    """Before, 15 % was shown as 25 %."""
    bench.run({"tiles": f"printf '15%% of tiles\\r'; {fifo.command}"})
    bar = runs.row("tiles").get_by_role("progressbar")
    expect(bar).to_have_attribute("aria-valuenow", "15")
    expect(runs.cell("tiles", "ratio")).to_have_text("15 %")
    whole, done = bar.bounding_box(), bar.locator(".ab-track-now").bounding_box()
    assert whole is not None
    assert done is not None
    assert done["width"] / whole["width"] == pytest.approx(0.15, abs=0.01)
    expect(runs.row("tiles")).to_contain_text("15% of tiles")
    fifo.open()


def test_a_repetition_in_flight_is_guessed_from_past_ones_with_a_tilde(
    runs: Runs, bench: Orchestrator, tmp_path: Path, fifo: Fifo
) -> None:
    first = tmp_path / "first"
    work = f"if [ -e {first} ]; then {fifo.command}; else touch {first}; sleep 0.3; fi"
    bench.run({"guessed": work}, repeat=4)
    bar = runs.row("guessed").get_by_role("progressbar")
    expect(bar).to_have_attribute("aria-valuenow", "25")
    expect(runs.cell("guessed", "ratio")).to_have_text("~ 48 %")
    expect(bar).to_have_attribute("aria-valuetext", "at least 25 %, about 48 %")
    expect(runs.cell("guessed", "repeat")).to_have_text("1 of 4")
    expect(runs.cell("guessed", "total")).to_have_text(re.compile(r"^~ \d+ s left$"))
    for width in (330, 400, 700, 1400):
        runs.page.set_viewport_size({"width": width, "height": 900})
        assert runs.page.evaluate(TEXT_GAP, ["ratio", "total"]) >= 10, width
    bench.jobs.cancel("1")
    fifo.open()


def test_clocks_stop_when_the_orchestrator_is_gone(
    runs: Runs, page: Page, bench: Orchestrator, fifo: Fifo
) -> None:
    bench.run({"silent": fifo.command})
    total = runs.cell("silent", "total")
    expect(total).to_have_text(re.compile("so far"))
    page.evaluate("() => { const at = Date.now(); Date.now = () => at + 5_000; }")
    expect(total).to_have_text(re.compile(r"^[5-9] s so far$"))
    server = bench.server
    assert server is not None
    server.close()
    expect(page.locator(".ab-badge")).not_to_contain_text("live")
    said = total.inner_text()
    page.evaluate("() => { Date.now = () => 9e15; }")
    # The badge counts down by a clock of its own: once it has been drawn anew, the others had their chance.
    expect(page.locator(".ab-runs")).to_have_class(re.compile("ab-runs-lost"))
    page.evaluate("() => new Promise((done) => setTimeout(done, 1_200))")
    assert total.inner_text() == said
    track = runs.row("silent").locator(".ab-track-unknown")
    assert track.evaluate("(one) => getComputedStyle(one).animationPlayState") == "paused"


def test_a_failure_says_why_whole_in_every_width(
    runs: Runs, page: Page, bench: Orchestrator
) -> None:
    """Before: 'took longer tha…' beside an empty bar."""
    long = "a name that has quite some words in it"
    assert bench.run({long: FAILS, "fine": "sleep 0.01"}, repeat=3, name="widths").wait(60)
    why = runs.cell(long, "why")
    expect(why).to_contain_text("Exit status 3")
    expect(why).to_contain_text("the disk of the third machine is full")
    expect(runs.cell("fine", "mean")).to_be_visible()
    cut = """(one) => [one, ...one.querySelectorAll('*')].some((part) =>
        part.scrollWidth > part.clientWidth + 1 && getComputedStyle(part).overflowX === 'hidden')"""
    for width in (1400, 700, 400, 330):
        page.set_viewport_size({"width": width, "height": 900})
        expect(why).to_be_visible()
        assert not why.evaluate(cut), width
        box = why.bounding_box()
        assert box is not None
        assert box["x"] + box["width"] <= width
        expect(runs.row(long).locator(".ab-run-name-text")).to_be_visible()
        expect(runs.cell("fine", "mean")).to_have_text(re.compile("±"))
        expect(runs.panel.get_by_role("button", name=f"Retry {long}")).to_be_visible()
        assert page.evaluate("() => document.documentElement.scrollWidth") <= width


def test_many_jobs_fold_by_how_they_ended(runs: Runs, bench: Orchestrator) -> None:
    work = {
        f"lr={lr} wd={wd}": "exit 1" if lr == "1" else "true" for lr in "123" for wd in range(10)
    }
    assert bench.run(work, name="sweep", parallel=4).wait(60)
    failed = runs.row("10 jobs, one reason")
    expect(failed).to_contain_text("Exit status 1. All have lr=1")
    expect(runs.row("20 jobs done").locator("circle")).to_have_count(20)
    expect(runs.groups).to_contain_text("30 jobs")
    expect(runs.groups).to_contain_text("10 failed")
    expect(runs.groups.locator(".ab-tick-failed")).to_have_count(10)
    expect(runs.panel.locator(".ab-run")).to_have_count(3)
    failed.get_by_role("button", name=re.compile("^Show")).click()
    expect(runs.panel.locator(".ab-run")).to_have_count(13)
    expect(runs.row("lr=1 wd=3")).to_contain_text("Exit status 1")


def test_ten_thousand_jobs_are_a_table_that_is_walked(
    runs: Runs, page: Page, bench: Orchestrator, fifo: Fifo
) -> None:
    count = 10_000
    run = bench.run(
        {f"job {n}": fifo.command if n == 0 else "true" for n in range(count)}, name="many"
    )
    expect(runs.chip("All")).to_contain_text("10,000", timeout=60_000)
    shown = runs.row("9,999 jobs queued")
    expect(shown).to_contain_text("one at a time")
    shown.get_by_role("button", name=re.compile("^Show")).click()
    rows = runs.panel.locator(".ab-run")
    expect(runs.row("job 1")).to_be_visible()
    assert rows.count() < 100
    runs.grid.focus()
    page.keyboard.press("End")
    last = runs.row(f"job {count - 1}")
    expect(last).to_be_visible()
    expect(last).to_contain_text("9999th in the queue")
    assert rows.count() < 100
    page.keyboard.press("Home")
    expect(runs.row("job 1")).to_be_visible()
    page.get_by_role("searchbox", name=re.compile("Find a job")).fill("job 4321")
    expect(rows).to_have_count(1)
    expect(runs.row("job 4321")).to_be_visible()
    run.cancel()
    first = run.jobs[0].id
    wait_until(lambda: bench.jobs[first]["status"] == "cancelled", "the end of what read the pipe")


# --- what can be done


def test_what_failed_is_done_again_by_its_button(runs: Runs, bench: Orchestrator) -> None:
    run = bench.run({"flaky": "exit 1", "steady": "true"}, name="both")
    runs.panel.get_by_role("button", name="Retry flaky").click()
    expect(runs.panel.get_by_role("button", name="Retry flaky")).to_have_count(2)
    expect(runs.groups).to_have_count(1)
    expect(runs.groups).to_contain_text("3 jobs")
    assert bench.jobs.records()[2]["retryOf"] == run.jobs[0].id
    runs.panel.get_by_role("button", name="Retry 1 failed job of both").click()
    expect(runs.groups).to_contain_text("4 jobs")
    assert bench.jobs.records()[3]["retryOf"] == bench.jobs.records()[2]["id"]


def test_what_waits_can_be_put_first_and_cancelled(
    runs: Runs, bench: Orchestrator, fifo: Fifo
) -> None:
    bench.run({"blocker": fifo.command, "second": "true", "third": "true"}, name="queue")
    expect(runs.cell("third", "why")).to_contain_text("2nd in the queue")
    runs.panel.get_by_role("button", name="Put third first").click()
    expect(runs.cell("third", "why")).to_contain_text("1st in the queue")
    runs.panel.get_by_role("button", name="Cancel third").click()
    expect(runs.cell("third", "why")).to_contain_text("Cancelled")
    runs.panel.get_by_role("button", name="Cancel rest of queue").click()
    expect(runs.groups).to_contain_text("3 cancelled")


def test_a_prompt_is_answered_where_it_is_shown(runs: Runs, bench: Orchestrator) -> None:
    run = bench.run({"unpack": PROMPT}, stdin=True)
    row = runs.row("unpack")
    expect(row).to_contain_text("waits at: Go on? [y/N]")
    expect(runs.chip("Waits for you")).to_contain_text("1")
    expect(runs.groups).to_contain_text("1 waits for you")
    row.get_by_role("textbox").fill("yes")
    row.get_by_role("textbox").press("Enter")
    expect(runs.cell("unpack", "mean")).to_be_visible()
    expect(runs.groups).to_contain_text("done")
    assert run.wait(30)
    assert "it said yes" in bench.logs.to_pandas()["message"].str.cat()


def test_a_job_opens_and_tells_what_it_was_asked_and_how_it_went(
    runs: Runs, pane: Pane, page: Page, bench: Orchestrator, context: BrowserContext, tmp_path: Path
) -> None:
    allow_clipboard(context)
    command = "echo line of output; sleep 0.01"
    how = {"env": {"LC_ALL": "C", "API_TOKEN": "s3cret", "BZIP2": None}, "cwd": tmp_path}
    bench.log("psu").info("of no job")
    run = bench.run({"squeeze": command}, repeat=5, warmup=2, **how)
    assert run.wait(60)
    expect(runs.cell("squeeze", "repeat")).to_have_text("5")
    detail = runs.open("squeeze")
    expect(detail).to_contain_text(command)
    expect(detail).to_contain_text(str(tmp_path))
    expect(detail).to_contain_text("+API_TOKEN=[redacted]")
    expect(detail).to_contain_text("−BZIP2")
    expect(detail).not_to_contain_text("s3cret")
    expect(detail).to_contain_text("2 warm-ups, then 5 repetitions")
    expect(detail).to_contain_text("0 in all 7")
    expect(detail).to_contain_text("of one processor")
    expect(detail.locator(".ab-plot-warmup")).to_have_count(2)
    expect(detail.locator(".ab-plot-plain, .ab-plot-off")).to_have_count(5)
    expect(detail.locator(".ab-run-last")).to_contain_text("line of output")
    # Its lines are in the log, too, and stay there when it is shut.
    expect(pane.query).to_have_value(f"job:{run.jobs[0].id}")
    expect(pane.row("of no job")).to_have_count(0)
    detail.get_by_role("button", name="copy the command").click()
    expect(detail.get_by_role("button", name="copied the command")).to_be_visible()
    assert clipboard(page) == command
    runs.row("squeeze").locator(".ab-run-toggle").click()
    expect(detail).to_have_count(0)
    expect(pane.query).to_have_value(f"job:{run.jobs[0].id}")


# --- how it looks


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_table_can_be_read_and_heard(
    scheme: Any, runs: Runs, page: Page, bench: Orchestrator, fifo: Fifo
) -> None:
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    bench.run({"done": "true", "failed": FAILS, "other": "true"}, repeat=3, name="one")
    expect(runs.groups).to_contain_text("1 failed")
    asks = bench.run({"asks": PROMPT}, stdin=True, parallel=3)
    run = bench.run({"runs": fifo.command, "waits": "true"}, name="two", parallel=2)
    late = bench.run({"late": "true"}, parallel=1)
    expect(runs.row("asks")).to_contain_text("waits at")
    expect(runs.open("done")).to_contain_text("peak memory")
    for width in (1280, 330):
        page.set_viewport_size({"width": width, "height": 1_200})
        assert violations(page, ".ab-runs") == []
    asks.cancel()
    run.cancel()
    late.cancel()
    fifo.open()


def test_in_330_px_no_tab_is_cut_and_no_button_stands_alone(
    runs: Runs, page: Page, bench: Orchestrator
) -> None:
    bench.pno.start()
    bench.pno.finding("noise", "too loud", "error")
    bench.devices.add("cam0", type="camera", status="lost")
    bench.run({"one": FAILS, "two": "true"})
    expect(runs.groups).to_contain_text("1 failed")
    page.set_viewport_size({"width": 330, "height": 900})
    tabs = page.get_by_role("tab")
    for tab in tabs.all():
        box = tab.bounding_box()
        assert box is not None
        assert box["x"] >= 0, tab.inner_text()
        assert box["x"] + box["width"] <= 330, tab.inner_text()
    tops = [chip.bounding_box() for chip in runs.panel.locator(".ab-run-chip").all()]
    assert len({box["y"] for box in tops if box is not None}) == 1


def test_a_page_that_is_taller_than_its_screen_shows_its_foot_and_its_head_again(
    runs: Runs, page: Page, bench: Orchestrator
) -> None:
    page.set_viewport_size({"width": 400, "height": 700})
    assert bench.run({f"job {number}": "true" for number in range(6)}).wait(30)
    expect(runs.groups).to_contain_text("all done")
    head, foot = page.locator(".ab-head"), page.locator(".ab-log-foot")
    page.locator(".ab-head").hover()
    page.mouse.wheel(0, 2_000)
    expect(foot).to_be_in_viewport(ratio=0.9)
    page.locator(".ab-tabs").hover()
    page.mouse.wheel(0, -2_000)
    expect(head).to_be_in_viewport(ratio=0.9)


def test_before_anything_has_run_each_tab_says_how_to_begin(
    runs: Runs, page: Page, bench: Orchestrator, context: BrowserContext
) -> None:
    allow_clipboard(context)
    hint = page.locator(".ab-hint")
    expect(hint).to_contain_text("Nothing has run yet.")
    hint.get_by_role("button", name="copy the example").click()
    expect(hint).to_contain_text("copied")
    assert clipboard(page) == 'bench.run("gzip -9c /bin/ls > /dev/null", repeat=20)'
    for tab in ("Devices", "Streams", "Findings"):
        page.get_by_role("tab", name=tab).click()
        example = page.get_by_role("tabpanel").locator("code").inner_text()
        exec(example, {"ab": autobench_nb, "bench": bench})
        if tab == "Findings":
            expect(page.get_by_role("tabpanel")).to_contain_text("next")
        else:
            expect(page.get_by_role("tabpanel").locator(".ab-empty")).to_have_count(0)
    page.get_by_role("tab", name="Runs").click()
    expect(hint).to_be_visible()
    bench.run("true")
    expect(hint).to_have_count(0)


def test_a_low_dashboard_in_a_notebook_shows_rows(page: Page, lab: Lab) -> None:
    lab.write(
        "low.ipynb",
        "import autobench_nb as ab\n"
        "bench = ab.Orchestrator()\n"
        "run = bench.run({f'job {n}': 'true' for n in range(12)}, name='low')\n"
        "_ = run.wait(60)",
        "bench.dashboard(height=200)",
    )
    lab.open(page, "low.ipynb")
    lab.run_all(page)
    dashboard = page.locator(".ab-dash")
    rows = dashboard.locator(".ab-run")
    expect(rows.first).to_be_visible()
    box = dashboard.locator(".ab-runs-list").bounding_box()
    assert box is not None
    assert 150 < box["height"] <= 200
    inside = [one for row in rows.all() if (one := row.bounding_box()) is not None]
    assert (
        sum(
            box["y"] <= one["y"] and one["y"] + one["height"] <= box["y"] + box["height"]
            for one in inside
        )
        >= 4
    )
    expect(dashboard.locator(".ab-run-tools")).to_be_hidden()
    expect(dashboard.locator(".ab-head")).not_to_contain_text(re.compile("AutoBench.*AutoBench"))
