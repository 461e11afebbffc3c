"""What the jobs of a run are compared by is chosen: bars, axis, ratios and means follow."""

from __future__ import annotations

import re
import sys

import pytest
from playwright.sync_api import Locator, Page, expect

from autobench_nb import Orchestrator
from tests.e2e.axe import violations
from tests.e2e.runs import Fifo, Runs

pytestmark = pytest.mark.browser

MUCH = f"{sys.executable} -c 'bytearray(90_000_000)'"


def choice(runs: Runs) -> Locator:
    return runs.grid.get_by_label("What jobs are compared by")


def width(bar: Locator) -> float:
    box = bar.bounding_box()
    assert box is not None
    return box["width"]


def test_bars_ratios_and_means_are_of_the_measure_that_is_chosen(
    runs: Runs, bench: Orchestrator
) -> None:
    run = bench.run({"little": "sleep 0.3", "much": MUCH}, repeat=3, name="both")
    assert run.wait(60)
    expect(runs.row("little").locator("circle")).to_have_count(3)
    choice(runs).select_option("Peak memory")
    expect(runs.cell("little", "ratio")).to_have_text("1.00")
    expect(runs.cell("much", "mean")).to_have_text(re.compile(r"^[\d.]+ ?± [\d.]+ MiB$"))
    expect(runs.panel.locator(".ab-run-axis")).to_contain_text("MiB")
    for name in ("little", "much"):
        expect(runs.row(name).locator("circle")).to_have_count(3)
    little, much = (runs.row(name).locator(".ab-strip-bar") for name in ("little", "much"))
    assert width(little) < width(much) / 5
    means = run.to_pandas("max_rss_bytes").set_index("name")["mean_bytes"]
    expect(runs.cell("much", "mean")).to_contain_text(f"{means['much'] / 2**20:.3g}"[:3])
    runs.panel.get_by_label("Order of the jobs").select_option("Most first")
    expect(runs.panel.locator(".ab-run-name-text")).to_have_text(["much", "little"])
    choice(runs).select_option("Wall time")
    expect(runs.cell("much", "ratio")).not_to_have_text("")
    expect(runs.panel.locator(".ab-run-axis")).to_contain_text(re.compile("m?s$"))


def test_a_metric_can_be_compared_and_stands_in_the_opened_job(
    runs: Runs, bench: Orchestrator
) -> None:
    run = bench.run(
        {"first": lambda: {"loss": 0.5}, "second": lambda: {"loss": 0.75}, "fails": "exit 3"},
        name="losses",
    )
    assert run.wait(60)
    choice(runs).select_option("loss")
    expect(runs.cell("second", "ratio")).to_have_text("1.5×")
    expect(runs.cell("second", "mean")).to_have_text("0.750")
    # Nobody has said whether less is better: no job is praised.
    expect(runs.cell("first", "ratio")).to_have_text("1.00")
    expect(runs.panel.locator(".ab-run-fastest")).to_have_count(0)
    expect(runs.open("second")).to_contain_text(re.compile(r"loss\s*0\.750"))


def test_a_job_that_was_not_measured_so_says_it(
    runs: Runs, bench: Orchestrator, fifo: Fifo
) -> None:
    run = bench.run({"with": lambda: {"loss": 0.5}, "without": "true", "runs": fifo.command})
    expect(choice(runs)).to_be_visible()
    choice(runs).select_option("loss")
    expect(runs.cell("without", "mean")).to_have_text("not measured")
    expect(runs.cell("runs", "mean")).to_have_text("told at its end")
    fifo.open()
    assert run.wait(60)


@pytest.mark.parametrize("size", [1400, 700, 330])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_choice_is_there_in_every_width_and_theme(
    runs: Runs, page: Page, bench: Orchestrator, size: int, scheme: str
) -> None:
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    page.set_viewport_size({"width": size, "height": 900})
    name = "a metric with quite a long name, as they come"
    assert bench.run([lambda: {name: 1.5}, lambda: {name: 2.5}], name="r").wait(60)
    expect(choice(runs)).to_be_visible()
    choice(runs).select_option(name)
    expect(runs.panel.locator(".ab-run-mean").first).to_have_text("1.50")
    over = page.evaluate("() => document.documentElement.scrollWidth - innerWidth")
    assert over <= 0
    box = choice(runs).bounding_box()
    head = runs.grid.locator(".ab-run-head-mean").bounding_box()
    assert box is not None
    assert head is not None
    assert box["x"] + box["width"] <= head["x"] + 1
    assert violations(page) == []
