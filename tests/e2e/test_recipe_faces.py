"""Runs of recipes in a real page: question, graph, time, matrix, metrics, queue, and what was interrupted."""

from __future__ import annotations

import contextlib
import itertools
import re
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import FloatRect, Locator, Page, expect

import autobench_nb as ab
from autobench_nb import Orchestrator
from autobench_nb.recipe_runs.run import RecipeRun
from autobench_nb.recipes.load import parse_recipe
from tests.e2e.axe import violations
from tests.e2e.conftest import wait_until
from tests.e2e.pane import Pane, Serve
from tests.e2e.runs import Fifo

pytestmark = pytest.mark.browser

READS_ONLY = re.compile("read-only token")
SIDEWAYS = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"

ACCEPTANCE = """
apiVersion: autobench/v1
kind: Benchmark
metadata: {name: acceptance}
spec:
  steps:
    - {id: power, run: 'true'}
    - {id: check, needs: [power], run: 'echo the picture is frozen; exit 3', edges: {failure: dump}}
    - {id: dump, run: 'true'}
    - id: memory
      needs: [power]
      run: 'if [ -e tried ]; then true; else touch tried; echo 3 bits; exit 1; fi'
      retries: {max: 2, backoff: 50ms}
    - id: train
      needs: [power]
      matrix: {precision: [fp32, bf16], batch: [1, 32]}
      run: 'case ${matrix.precision}/${matrix.batch} in bf16/32) [ -e fixed ] || exit 7;; esac; echo took 25 ms'
      repeat: 6
      warmup: 1
      extract: {took: {regex: 'took (\\d+)', unit: ms, better: lower}}
      expect: {took: {max: 26}}
      edges: {failure: continue}
    - id: swap
      needs: [dump]
      timeout: 1h
      operator: {ask: "Swap the card\\nThe spare is marked B.", answers: [Done, Abort], fails: [Abort]}
      edges: {timeout: quarantine}
    - {id: quarantine, run: 'true'}
    - {id: burn, needs: [memory, train, swap], run: 'FIFO'}
    - {id: report, needs: [burn], run: 'true'}
"""


class Faces:
    """What an open page shows of runs of recipes."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.root = page.locator(".ab-rec")
        self.prompt = self.root.locator(".ab-rec-prompt")
        self.graph = self.root.locator(".ab-rec-graph")
        self.said = self.root.locator(".ab-rec-said")

    def node(self, name: str) -> Locator:
        return self.graph.locator(f'[data-node="{name}"]')

    def button(self, name: str | re.Pattern[str]) -> Locator:
        return self.root.get_by_role("button", name=name, exact=isinstance(name, str))

    def row(self, name: str) -> Locator:
        """A step's row along the time."""
        return self.root.locator(".ab-rec-gantt-row").filter(
            has=self.page.locator(".ab-rec-name", has_text=re.compile(f"^{name}$"))
        )

    def state(self) -> Locator:
        return self.root.locator(".ab-rec-state")


@pytest.fixture
def bench(serve: Serve) -> Orchestrator:
    return serve(parallelism=4)


@pytest.fixture
def fifo(tmp_path: Path) -> Fifo:
    return Fifo(tmp_path / "fifo")


@pytest.fixture
def run(bench: Orchestrator, tmp_path: Path, fifo: Fifo) -> RecipeRun:
    """A run of the recipe above, as far as it comes without a person."""
    recipe = parse_recipe(ACCEPTANCE.replace("FIFO", fifo.command))
    started = bench.run(recipe, folder=tmp_path / "work")
    wait_until(lambda: bench.state.get("/jobs/prompts", {}), "the question")
    wait_until(
        lambda: (started.steps["memory"], started.steps["train[fp32,32]"]) == ("succeeded",) * 2,
        "the steps that need nobody",
    )
    wait_until(lambda: started.steps["train[bf16,32]"] == "failed", "the cell that fails")
    return started


@pytest.fixture
def faces(run: RecipeRun, pane: Pane, page: Page) -> Faces:
    return Faces(page)


def top(locator: Locator) -> float:
    box = locator.bounding_box()
    assert box is not None
    return box["y"]


def box_of(locator: Locator) -> FloatRect:
    box = locator.bounding_box()
    assert box is not None
    return box


def words_apart(words: Locator) -> bool:
    """Whether no two of some words in a line lie upon each other."""
    boxes = words.evaluate_all(
        "all => all.map((one) => one.getBoundingClientRect()).map(({ left, right }) => [left, right])"
    )
    return all(a[1] <= b[0] for a, b in itertools.pairwise(sorted(boxes)))


AROUND_THE_BREAK = """(gantt) => {
    const box = (name, what) => {
        const rows = [...gantt.querySelectorAll('.ab-rec-gantt-row')];
        const row = rows.find((one) => one.querySelector('.ab-rec-name')?.textContent === name);
        const { left, right, width } = row.querySelector(what).getBoundingClientRect();
        return { left, right, width };
    };
    return {
        axis: gantt.querySelector('.ab-rec-axis').clientWidth,
        before: box('first', '.ab-rec-bar-ok'),
        gap: box('first', '.ab-rec-break'),
        after: box('second', '.ab-rec-bar-run'),
    };
}"""
"""Where the bars stand at one moment: while the run goes on they move."""


def simple(*steps: dict[str, Any], name: str = "simple") -> ab.Recipe:
    import yaml

    document = {
        "apiVersion": "autobench/v1",
        "kind": "Benchmark",
        "metadata": {"name": name},
        "spec": {"steps": list(steps)},
    }
    return parse_recipe(yaml.safe_dump(document))


# --- a question to a person


def test_a_question_stands_first_with_its_answers_time_and_edge_and_is_answered_by_a_button(
    faces: Faces, page: Page, run: RecipeRun, fifo: Fifo
) -> None:
    expect(faces.prompt).to_contain_text("Swap the card")
    expect(faces.prompt).to_contain_text("The spare is marked B.")
    expect(faces.prompt).to_contain_text(
        re.compile(r"times out in 59:\d\d → goes on at quarantine")
    )
    expect(faces.prompt.get_by_role("progressbar")).to_have_attribute(
        "aria-valuenow", re.compile("^(99|100)$")
    )
    assert top(faces.prompt) < top(faces.graph)
    expect(page.get_by_role("tab", name=re.compile("1 question to you"))).to_be_visible()
    faces.root.locator(".ab-rec-asks").click()
    done = faces.prompt.get_by_role("button", name="Answer Done")
    expect(done).to_be_focused()
    page.keyboard.press("Enter")
    expect(faces.prompt).to_have_count(0)
    expect(faces.said).to_have_text("Answer Done to swap: done.")
    assert run.reason_of("swap") == "answered 'Done'"
    fifo.open()
    expect(faces.state()).to_have_text("failed")
    expect(faces.root.locator(".ab-rec-reason")).to_contain_text("check: exit status 3")


# --- the graph


def test_the_graph_shows_which_edges_were_taken_and_how_each_step_stands(faces: Faces) -> None:
    expect(faces.node("check")).to_have_accessible_name(
        re.compile(r"^check ?: failed, exit status 3$")
    )
    expect(faces.node("power")).to_have_accessible_name(re.compile(r"^power ?: done, [\d.]+ m?s$"))
    expect(faces.node("train")).to_have_accessible_name(
        re.compile(r"^train ?: matrix, failed, 4 of 4, 1 failed")
    )
    expect(faces.node("swap")).to_have_accessible_name(re.compile(r"^swap ?: waits for you$"))
    expect(faces.node("quarantine")).to_have_accessible_name(
        re.compile(r"^quarantine ?: waiting, on timeout$")
    )
    labels = faces.graph.locator(".ab-rec-edge-label")
    expect(labels.locator(".ab-rec-edge-bad")).to_have_text(["failure", "failure"])
    expect(labels.locator(".ab-rec-edge-other")).to_have_text("timeout")
    expect(faces.graph.locator("g.ab-rec-edge-taken")).to_have_count(5)


IN_THE_WAY = """(graph) => {
    const isApart = (a, b) => a.right <= b.left || b.right <= a.left || a.bottom <= b.top || b.bottom <= a.top;
    const boxes = (what) => [...graph.querySelectorAll(what)].map((one) => one.getBoundingClientRect());
    const [picture] = boxes('svg');
    const words = boxes('.ab-rec-edge-label');
    const within = (box) => box.left >= picture.left && box.right <= picture.right && box.top >= picture.top;
    return words.filter((word, i) => !within(word)
        || boxes('[data-node]').some((node) => !isApart(word, node))
        || words.some((other, k) => k !== i && !isApart(word, other))).length;
}"""


def test_words_beside_edges_are_whole_at_each_width(
    faces: Faces, page: Page, run: RecipeRun
) -> None:
    for width in (1400, 1000, 900):
        page.set_viewport_size({"width": width, "height": 900})
        expect(faces.graph.locator(".ab-rec-edge-label")).to_have_count(3)
        assert faces.graph.evaluate(IN_THE_WAY) == 0, width
        names = faces.graph.locator("[data-node] .ab-rec-name")
        assert all(
            names.evaluate_all("all => all.map((one) => one.scrollWidth <= one.clientWidth)")
        )
    for width in (700, 330):
        page.set_viewport_size({"width": width, "height": 900})
        expect(faces.graph.locator(".ab-rec-rails")).to_be_visible()
        expect(faces.node("quarantine")).to_contain_text("on timeout")
        assert all(
            names.evaluate_all("all => all.map((one) => one.scrollWidth <= one.clientWidth)")
        )


def test_the_graph_is_walked_by_keys_along_its_edges(faces: Faces, page: Page) -> None:
    assert faces.graph.locator('[data-node][tabindex="0"]').count() == 1
    faces.node("power").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Home")
    expect(faces.node("power")).to_be_focused()
    page.keyboard.press("End")
    expect(faces.node("report")).to_be_focused()
    page.keyboard.press("ArrowLeft")
    expect(faces.node("burn")).to_be_focused()
    assert faces.graph.locator('[data-node][tabindex="0"]').count() == 1
    page.keyboard.press("Enter")
    expect(faces.node("burn")).to_have_attribute("aria-pressed", "true")
    step = faces.root.get_by_role("region", name="Step burn")
    expect(step).to_contain_text("memory, train, swap")
    page.keyboard.press("Enter")
    expect(step).to_have_count(0)


def test_narrow_it_is_a_list_beside_rails_and_nothing_is_wider_than_the_page(
    faces: Faces, page: Page
) -> None:
    for width in (1400, 700, 330):
        page.set_viewport_size({"width": width, "height": 900})
        expect(faces.graph.locator("[data-node]")).to_have_count(9)
        # A picture that would be cut at its edges is a list where there is not very much room.
        expect(faces.graph.locator(".ab-rec-rails")).to_have_count(0 if width == 1400 else 1)
        expect(faces.prompt.get_by_role("button", name="Answer Done")).to_be_visible()
        assert page.evaluate(SIDEWAYS) == 0, width
    faces.node("power").focus()
    page.keyboard.press("ArrowDown")
    assert page.evaluate("() => document.activeElement.dataset.node") not in (None, "power")
    rows = faces.graph.locator("[data-node]")
    names = [rows.nth(i).get_attribute("data-node") for i in range(9)]
    shown = faces.root.locator(".ab-rec-gantt-name .ab-rec-name").all_inner_texts()
    assert names == shown


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 330])
def test_the_faces_are_for_everybody(faces: Faces, page: Page, scheme: Any, width: int) -> None:
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 900})
    faces.node("train").click()
    expect(faces.root.locator(".ab-rec-metric svg")).to_be_visible()
    found = violations(page, ".ab-rec")
    assert found == [], "\n".join(found)


# --- along the time


def test_each_try_has_a_bar_and_the_wait_between_is_hatched(faces: Faces) -> None:
    memory = faces.row("memory")
    expect(memory.locator(".ab-rec-bar-bad")).to_have_count(1)
    expect(memory.locator(".ab-rec-bar-between")).to_have_count(1)
    expect(memory.locator(".ab-rec-bar-ok")).to_have_count(1)
    expect(memory.locator(".ab-rec-bar-bad")).to_have_attribute(
        "title", re.compile("^failed: try 1: exit status 1")
    )
    expect(faces.row("train").locator(".ab-rec-bar")).to_have_count(4)
    expect(faces.row("swap").locator(".ab-rec-bar-late")).to_be_visible()
    expect(faces.row("swap")).to_contain_text(re.compile(r"59:\d\d to answer"))


def test_the_clock_stops_and_buttons_say_why_when_the_orchestrator_is_gone(
    faces: Faces, page: Page, bench: Orchestrator
) -> None:
    now = faces.root.locator(".ab-rec-axis-now")
    expect(now).to_have_text(re.compile("^now"))
    assert bench.server is not None
    bench.server.close()
    expect(now).to_have_text(re.compile("^last seen"))
    said = now.inner_text()
    page.evaluate("() => { Date.now = () => 9e15; }")
    page.evaluate("() => new Promise((done) => setTimeout(done, 1_200))")
    assert now.inner_text() == said
    pause = faces.root.get_by_role("button", name=re.compile("^Pause acceptance"))
    expect(pause).to_be_disabled()
    expect(pause).to_have_attribute("title", re.compile("no link to the orchestrator"))


def test_what_is_to_come_is_dashed_from_what_it_took_before(
    bench: Orchestrator, page: Page, tmp_path: Path, fifo: Fifo
) -> None:
    steps = (
        {"id": "first", "run": f"if [ -e again ]; then {fifo.command}; fi"},
        {"id": "later", "needs": ["first"], "wait": 0.2},
        {"id": "last", "needs": ["later"], "run": "sleep 0.3"},
    )
    recipe = simple(*steps)
    assert bench.run(recipe, folder=tmp_path / "work").wait(60)
    (tmp_path / "work" / "again").touch()
    second = bench.run(recipe, folder=tmp_path / "work")
    Pane.open(page, bench)
    faces = Faces(page)
    expect(faces.row("last").locator(".ab-rec-bar-next")).to_be_visible()
    expect(faces.row("last")).to_contain_text("~ 1 s")
    expect(faces.node("last")).to_have_accessible_name(re.compile(r"^last ?: waiting, ~ 1 s$"))
    fifo.open()
    assert second.wait(60)


class Meter:
    """A power meter for who has none: 60 W."""

    name, type, units, power = "pm0", "power meter", {"watts": "W"}, "watts"

    def __init__(self) -> None:
        self.actions: dict[str, Any] = {}

    def probe(self) -> dict[str, float]:
        return {"watts": 60.0}

    def close(self) -> None:
        pass


def test_the_power_of_a_run_stands_under_its_steps_on_the_same_axis_and_is_read_by_pointer_and_keys(
    bench: Orchestrator, page: Page, tmp_path: Path, fifo: Fifo
) -> None:
    bench.devices.add(Meter(), every_s=0.05)
    run = bench.run(
        simple(
            {"id": "nap", "run": "sleep 1.5"}, {"id": "hold", "needs": ["nap"], "run": fifo.command}
        ),
        folder=tmp_path,
    )
    Pane.open(page, bench)
    faces = Faces(page)
    strip = faces.root.get_by_role("group", name="Power by pm0")
    curve = strip.get_by_role("slider", name="Power along the time of the run, 0 to 60 W")
    expect(strip).to_contain_text(re.compile(r"60 W[\d.]+ J so far"))
    expect(faces.row("hold").locator(".ab-rec-bar-run")).to_be_visible()
    for width in (1400, 700, 330):
        page.set_viewport_size({"width": width, "height": 900})
        axis, drawn = box_of(faces.root.locator(".ab-rec-axis")), box_of(curve)
        assert abs(axis["x"] - drawn["x"]) < 1
        assert abs(axis["width"] - drawn["width"]) < 1
        assert page.evaluate(SIDEWAYS) == 0, width
        expect(strip).to_contain_text("J so far")
    box = box_of(curve)
    page.mouse.move(box["x"] + 2, box["y"] + 10)
    expect(strip.locator(".ab-rec-power-said")).to_have_text("0 s: 60 W")
    for share in (0.1, 0.3, 0.5, 0.7, 0.9):
        page.mouse.move(box["x"] + share * box["width"], box["y"] + 10)
        said = strip.locator(".ab-rec-power-said")
        expect(said).to_be_visible()
        assert said.evaluate(
            """(said) => {
                const [word, whole] = [said, said.parentElement].map((one) => one.getBoundingClientRect());
                return word.left >= whole.left && word.right <= whole.right;
            }"""
        ), share
    page.mouse.move(0, 0)
    expect(strip.locator(".ab-rec-power-said")).to_have_count(0)
    curve.focus()
    page.keyboard.press("Home")
    expect(curve).to_have_attribute("aria-valuetext", "0 s: 60 W")
    page.keyboard.press("ArrowRight")
    expect(curve).to_have_attribute("aria-valuenow", "1")
    assert violations(page, ".ab-rec-gantt") == []
    fifo.open()
    assert run.wait(60)
    expect(strip).to_contain_text("at most 60 W")


def test_without_a_link_the_power_is_what_it_was(
    bench: Orchestrator, page: Page, tmp_path: Path, fifo: Fifo
) -> None:
    bench.devices.add(Meter(), every_s=0.05)
    run = bench.run(simple({"id": "hold", "run": fifo.command}), folder=tmp_path)
    Pane.open(page, bench)
    now = Faces(page).root.locator(".ab-rec-power-now")
    expect(now).to_have_text(re.compile(r"^60 W[\d.]+ m?J so far$"))
    assert bench.server is not None
    bench.server.close()
    expect(now).to_have_text(re.compile(r"^was 60 W[\d.]+ m?J so far$"))
    fifo.open()
    assert run.wait(60)


def test_without_a_power_meter_there_is_no_curve(faces: Faces) -> None:
    expect(faces.row("memory").locator(".ab-rec-bar-ok")).to_be_visible()
    expect(faces.root.locator(".ab-rec-power")).to_have_count(0)


def test_a_cell_that_failed_is_seen_among_those_that_went_well_beside_it(faces: Faces) -> None:
    bad = faces.row("train").locator(".ab-rec-bar-bad")
    assert bad.evaluate(
        """(bar) => {
            const box = bar.getBoundingClientRect();
            return document.elementFromPoint(box.left + 1, box.top + box.height / 2) === bar;
        }"""
    )


# --- the matrix, metrics


def test_the_matrix_has_time_and_outcome_in_each_cell_and_what_failed_is_done_again(
    faces: Faces, run: RecipeRun, fifo: Fifo, tmp_path: Path, bench: Orchestrator
) -> None:
    matrix = faces.root.get_by_role("region", name="Matrix of train")
    cell = matrix.get_by_role("button", name=re.compile("^bf16, 32: failed, "))
    expect(cell).to_be_visible()
    expect(
        matrix.get_by_role("button", name=re.compile(r"^fp32, 1: done, [\d.]+ (ms|s)$"))
    ).to_be_visible()
    why = matrix.get_by_role("list", name="Why cells failed")
    expect(why).to_contain_text("bf16, 32: while warming up: exit status 7")
    again = matrix.get_by_role("button", name=re.compile(r"^Retry 1 failed cell: train\[bf16,32\]"))
    expect(again).to_be_disabled()
    expect(again).to_have_attribute("title", re.compile("when the run is over"))
    run.answer("Done")
    fifo.open()
    assert run.wait(60)
    (tmp_path / "work" / "fixed").touch()
    again.click()
    expect(matrix.get_by_role("button", name=re.compile("^bf16, 32: done"))).to_be_visible()
    fifo.open()
    expect(why).to_have_count(0)


def test_a_cell_that_takes_longer_than_its_own_past_is_overdue(
    bench: Orchestrator, page: Page, tmp_path: Path, fifo: Fifo
) -> None:
    hang = f"if [ -e again ] && [ ${{matrix.s}} = 0 ]; then {fifo.command}; else sleep ${{matrix.s}}; fi"
    recipe = simple({"id": "nap", "matrix": {"s": [0, 1.5]}, "run": hang})
    assert bench.run(recipe, folder=tmp_path / "work").wait(60)
    (tmp_path / "work" / "again").touch()
    second = bench.run(recipe, folder=tmp_path / "work")
    Pane.open(page, bench)
    faces = Faces(page)
    matrix = faces.root.get_by_role("region", name="Matrix of nap")
    late = matrix.get_by_role(
        "button", name=re.compile("^0: running, .* overdue: it took ~ \\d+ s before")
    )
    expect(late).to_have_class(re.compile("ab-rec-overdue"))
    expect(matrix.locator(".ab-rec-overdue")).to_have_count(1)
    expect(faces.row("nap")).to_contain_text("1 overdue")
    late.click()
    expect(faces.root.get_by_role("region", name="Step nap[0]")).to_contain_text(
        re.compile(r"usually~ \d+ s, overdue")
    )
    fifo.open()
    assert second.wait(60)
    expect(matrix.locator(".ab-rec-overdue")).to_have_count(0)


def test_names_of_steps_and_times_of_cells_stand_whole_at_each_width(
    bench: Orchestrator, page: Page, tmp_path: Path
) -> None:
    run = bench.run(
        simple(
            {"id": "check_number_00", "run": "true"},
            {
                "id": "sweep",
                "matrix": {"tool": ["gzip", "zstd"], "level": list(range(1, 10))},
                "run": "sleep 0.${matrix.level}; exit 1",
            },
        ),
        folder=tmp_path,
    )
    assert run.wait(60)
    Pane.open(page, bench)
    faces = Faces(page)
    expect(faces.state()).to_have_text("failed")
    whole = "all => all.every((one) => one.scrollWidth <= one.clientWidth)"
    for width in (1400, 700, 330):
        page.set_viewport_size({"width": width, "height": 900})
        expect(faces.graph.locator(".ab-rec-rails")).to_have_count(1 if width < 560 else 0)
        for what in (".ab-rec-name", ".ab-rec-cell", ".ab-rec-row-name"):
            assert faces.root.locator(what).evaluate_all(whole), (width, what)
        head, bars = (
            box_of(faces.root.locator(".ab-rec-axis")),
            box_of(faces.row("sweep").locator(".ab-rec-bars")),
        )
        assert abs(head["x"] - bars["x"]) < 1
        assert page.evaluate(SIDEWAYS) == 0, width


def test_a_metric_by_repetition_has_its_mean_spread_and_limit(faces: Faces) -> None:
    faces.node("train").click()
    chart = faces.root.locator(".ab-rec-metric")
    expect(chart.get_by_role("img")).to_have_accessible_name(
        "took of 7 repetitions in their order, mean 25 ms, limit max 26 ms"
    )
    expect(chart).to_contain_text("25 ms mean ± sd of 6, lower is better")
    expect(chart.locator(".ab-plot-warmup")).to_have_count(1)
    expect(chart.locator(".ab-plot-plain")).to_have_count(6)
    expect(chart.locator(".ab-rec-limit line")).to_have_count(1)
    chart.get_by_label("Metric").select_option("wall")
    expect(chart.get_by_role("img")).to_have_accessible_name(re.compile("^wall of 7 repetitions"))


def test_a_step_leads_to_its_lines(faces: Faces, pane: Pane) -> None:
    faces.node("check").click()
    faces.root.get_by_role("button", name="Show log of check").click()
    expect(pane.query).to_have_value("step:check")
    expect(pane.row("the picture is frozen")).to_be_visible()


# --- what is asked for


def test_a_run_is_paused_resumed_skipped_cancelled_and_done_again_from_a_step(
    bench: Orchestrator, page: Page, tmp_path: Path, fifo: Fifo
) -> None:
    recipe = simple(
        {"id": "one", "run": fifo.command},
        {"id": "two", "needs": ["one"], "run": "false"},
        {"id": "three", "needs": ["two"], "run": fifo.command},
    )
    run = bench.run(recipe, folder=tmp_path)
    Pane.open(page, bench)
    faces = Faces(page)
    faces.button("Pause simple").click()
    expect(faces.state()).to_have_text("paused")
    expect(faces.said).to_have_text("Pause simple: done.")
    fifo.open()
    expect(faces.node("one")).to_have_accessible_name(re.compile(r"^one ?: done"))
    faces.node("two").click()
    faces.button("Skip two").click()
    expect(faces.said).to_have_text("Skip two: done.")
    faces.button("Resume simple").click()
    expect(faces.node("two")).to_have_accessible_name(re.compile(r"^two ?: done, skipped by you$"))
    expect(faces.node("three")).to_have_accessible_name(re.compile(r"^three ?: running"))
    retry = faces.root.get_by_role("button", name=re.compile("^Retry from two"))
    expect(retry).to_be_disabled()
    faces.button("Cancel simple").click()
    expect(faces.state()).to_have_text("cancelled")
    assert run.wait(60)
    faces.button("Retry from two").click()
    expect(faces.state()).to_have_text("failed")
    expect(faces.node("two")).to_have_accessible_name(re.compile(r"^two ?: failed, exit status 1$"))
    expect(faces.row("three").locator(".ab-rec-bar-cancelled")).to_have_count(1)


def test_a_spectator_sees_all_and_is_told_why_nothing_can_be_pressed(
    run: RecipeRun, bench: Orchestrator, page: Page
) -> None:
    assert bench.server is not None
    page.goto(bench.server.url)
    page.get_by_label("token", exact=False).fill(bench.read_token)
    page.keyboard.press("Enter")
    faces = Faces(page)
    expect(faces.prompt).to_contain_text("Swap the card")
    faces.node("train").click()
    buttons = faces.root.locator(
        ".ab-rec-answers button, .ab-rec-buttons button, .ab-rec-matrix h2 button"
    )
    expect(buttons).to_have_count(7)
    for i in range(7):
        expect(buttons.nth(i)).to_be_disabled()
        expect(buttons.nth(i)).to_have_accessible_name(READS_ONLY)
        expect(buttons.nth(i)).to_have_attribute("title", READS_ONLY)
    expect(faces.root.locator(".ab-rec-metric svg")).to_be_visible()


def test_a_refusal_is_said_in_words(faces: Faces, bench: Orchestrator) -> None:
    (prompt,) = bench.state.get("/jobs/prompts")
    held = bench.recipe_runs._prompts.pop(prompt)
    faces.prompt.get_by_role("button", name="Answer Done").click()
    expect(faces.root.get_by_role("alert")).to_have_text(
        "Answer Done to swap: Nobody asks that any more."
    )
    bench.recipe_runs._prompts[prompt] = held


# --- the queue


def test_what_waits_is_moved_and_removed_and_a_paused_queue_says_why(
    serve: Serve, page: Page, tmp_path: Path, fifo: Fifo
) -> None:
    bench = serve()
    now = bench.run({"now": fifo.command})
    waiting = [
        bench.run(simple({"id": "one", "run": "true"}, name=name), folder=tmp_path, priority=rank)
        for name, rank in (("first", 0), ("second", 0), ("urgent", 5))
    ]
    sweep = bench.run({"a": "true", "b": "true"}, name="sweep")
    Pane.open(page, bench)
    faces = Faces(page)
    queue = faces.root.get_by_role("region", name="Queue")
    names = queue.locator(".ab-rec-queue-name")
    expect(names).to_have_text([re.compile(one) for one in ("urgent", "first", "second", "sweep")])
    expect(queue.locator(".ab-rec-queue-for").nth(1)).to_have_text("the end of now")
    expect(queue.locator(".ab-rec-queue-for").nth(2)).to_have_text("the end of urgent")
    queue.get_by_role("button", name=re.compile("^Move sweep .*up")).click()
    expect(names).to_have_text([re.compile(one) for one in ("urgent", "first", "sweep", "second")])
    queue.get_by_role("button", name=re.compile("^Move urgent .*down")).click()
    expect(names).to_have_text([re.compile(one) for one in ("first", "urgent", "sweep", "second")])
    expect(queue.get_by_role("button", name=re.compile("^Move first .*up"))).to_be_disabled()
    queue.get_by_role("button", name=re.compile("^Remove second .*queue")).click()
    expect(names).to_have_count(3)
    assert waiting[1].wait(60)
    queue.get_by_role("button", name="Pause the queue").click()
    banner = faces.root.locator(".ab-rec-banner")
    expect(banner).to_contain_text("Queue paused: paused in the dashboard.")
    fifo.open()
    assert now.wait(60)
    expect(queue.locator(".ab-rec-queue-for").nth(1)).to_have_text("the paused queue")
    banner.get_by_role("button", name=re.compile("^Resume anyway")).click()
    expect(banner).to_have_count(0)
    assert sweep.wait(60)
    assert all(one.wait(60) for one in waiting)
    began = {
        one["recipe"]: one["startedAt"] for one in bench.state.get("/jobs/recipeRuns").values()
    }
    swept = min(one.lifecycle.started_ms or 0.0 for one in sweep.jobs)
    assert began["first"] <= began["urgent"] <= swept


# --- what was interrupted

INTERRUPTED = """
import os, sys, time
import autobench_nb as ab
from autobench_nb.recipes.load import parse_recipe
bench = ab.Orchestrator(environ={}, journal=sys.argv[1], connection_file=False)
run = bench.run(parse_recipe(sys.argv[2]), folder=sys.argv[3])
while run.steps["second"] != "running":
    time.sleep(0.01)
bench.journal.flush()
os._exit(9)
"""
GOES_ON = """
apiVersion: autobench/v1
kind: Benchmark
metadata: {name: overnight}
spec:
  steps:
    - {id: first, run: 'true'}
    - {id: second, needs: [first], run: 'if [ -e again ]; then true; else exec sleep 600; fi'}
    - {id: third, needs: [second], run: 'true'}
"""


def test_an_interrupted_run_goes_on_from_its_next_step_by_a_button(
    serve: Serve, page: Page, tmp_path: Path
) -> None:
    journal = tmp_path / "lab.db"
    died = subprocess.run(
        [sys.executable, "-c", INTERRUPTED, str(journal), GOES_ON, str(tmp_path)],
        check=False,
        timeout=60,
    )
    assert died.returncode == 9
    (tmp_path / "again").touch()
    bench = serve(journal=journal)
    Pane.open(page, bench)
    faces = Faces(page)
    row = faces.root.get_by_role("list", name="Interrupted runs")
    expect(row).to_contain_text("overnight was interrupted")
    expect(row).to_contain_text("1 of 3 steps are finished and kept")
    row.get_by_role("button", name="Resume from second: overnight").click()
    expect(row).to_have_count(0)
    expect(faces.state()).to_have_text("succeeded")
    expect(faces.said).to_have_text("Resume overnight: done.")


def test_a_run_that_was_killed_yesterday_and_goes_on_today_has_a_marked_break_in_its_time(
    serve: Serve, page: Page, tmp_path: Path, fifo: Fifo
) -> None:
    journal = tmp_path / "lab.db"
    steps = GOES_ON.replace("'true'}", "'sleep 1'}", 1).replace("then true", f"then {fifo.command}")
    died = subprocess.run(
        [sys.executable, "-c", INTERRUPTED, str(journal), steps, str(tmp_path)],
        check=False,
        timeout=60,
    )
    assert died.returncode == 9
    with contextlib.closing(sqlite3.connect(journal)) as kept, kept:
        night_ms = 14 * 3_600_000
        kept.execute(
            "UPDATE steps SET started_ms = started_ms - ?, finished_ms = finished_ms - ?",
            (night_ms, night_ms),
        )
    (tmp_path / "again").touch()
    bench = serve(journal=journal)
    (interrupted,) = bench.state.get("/journal/interrupted")
    run = bench.resume(interrupted)
    Pane.open(page, bench)
    faces = Faces(page)
    expect(faces.row("second").locator(".ab-rec-bar-run")).to_be_visible()
    expect(faces.root.locator(".ab-rec-times")).to_contain_text("since it was resumed")
    caption = faces.root.locator(".ab-rec-breaks")
    told = faces.root.locator(".ab-rec-axis-break, .ab-rec-breaks:not(.ab-hidden)")
    for width in (1400, 700, 330):
        page.set_viewport_size({"width": width, "height": 900})
        # Where there is room above the axis, else below it.
        expect(told).to_have_count(1)
        expect(caption).to_have_text(re.compile(r"broken: 14 h 0\d m in which nothing ran"))
        expect(faces.root.locator(".ab-rec-axis-now")).to_have_text(re.compile(r"^now( \+\d+ s)?$"))
        at = faces.root.locator(".ab-rec-gantt").evaluate(AROUND_THE_BREAK)
        before, gap, after = at["before"], at["gap"], at["after"]
        assert gap["width"] < 0.08 * at["axis"]
        assert before["width"] > gap["width"]
        assert before["right"] <= gap["left"] + 1
        assert gap["right"] <= after["left"] + 2
        assert words_apart(faces.root.locator(".ab-rec-axis i"))
        assert page.evaluate(SIDEWAYS) == 0, width
    fifo.open()
    assert run.wait(60)


# --- many


def test_ten_thousand_steps_are_few_nodes_and_small_patches(
    serve: Serve, page: Page, tmp_path: Path, fifo: Fifo
) -> None:
    bench = serve()
    sizes: list[int] = []
    bench.state.subscribe(lambda commit: sizes.append(len(commit.patch)), "/jobs/recipeRuns")
    recipe = simple(
        {"id": "begin", "run": fifo.command},
        *({"id": f"s{n}", "needs": ["begin"], "run": "true"} for n in range(2_000)),
        {"id": "sweep", "needs": ["begin"], "matrix": {"n": list(range(7_999))}, "run": "true"},
    )
    Pane.open(page, bench)
    run = bench.run(recipe, folder=tmp_path)
    faces = Faces(page)
    expect(faces.graph.locator("[data-node]").first).to_be_visible()
    assert faces.graph.locator("[data-node]").count() <= 50
    expect(faces.node("begin")).to_have_accessible_name(re.compile(r"^begin ?: running"))
    expect(faces.root.locator(".ab-rec-head")).to_contain_text("so far")
    wait_until(
        lambda: len(bench.state.get(f"/jobs/recipeRuns/{run.id}/steps")) == 10_000, "all steps"
    )
    # No part of the first write is the whole.
    run.pause()
    wait_until(lambda: run.status == "paused", "the pause")
    expect(faces.state()).to_have_text("paused")
    assert sizes[-1] < 2_000
    run.cancel()
    fifo.open()
    assert run.wait(120)
    expect(faces.state()).to_have_text("cancelled", timeout=60_000)
