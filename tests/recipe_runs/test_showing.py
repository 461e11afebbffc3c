"""What the state says of a recipe's run besides how its steps stand: tries, limits, places, what is expected."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import autobench_nb as ab
from autobench_nb.recipe_runs import showing
from autobench_nb.recipe_runs.outlook import usual_cells_s, usual_s
from autobench_nb.recipe_runs.run import RecipeRun
from autobench_nb.state.store import StateStore
from tests.recipe_runs.conftest import PATIENCE_S, RunSteps, recipe_of

WAITS = {"id": "ask", "operator": {"ask": "Go on?"}}


def wait_for(fact: Callable[[], Any]) -> Any:
    """Look until it is so."""
    pause, deadline = threading.Event(), time.monotonic() + PATIENCE_S
    while not (found := fact()):
        assert time.monotonic() < deadline, "it never became so"
        pause.wait(0.01)
    return found


def record_of(bench: ab.Orchestrator, run: RecipeRun) -> dict[str, Any]:
    found: dict[str, Any] = bench.state.get(f"/jobs/recipeRuns/{run.id}")
    return found


def test_tries_before_the_newest_keep_their_times_and_reasons(
    bench: ab.Orchestrator, run_steps: RunSteps, tmp_path: Path
) -> None:
    (tmp_path / "count").write_text("0")
    line = "n=$(($(cat count) + 1)); echo $n > count; [ $n = 3 ]"
    run = run_steps({"id": "flaky", "run": line, "retries": {"max": 3, "backoff": "10ms"}})
    step = record_of(bench, run)["steps"]["flaky"]
    assert (step["status"], step["tries"]) == ("succeeded", 3)
    first, second = step["earlier"]
    assert (first["status"], first["reason"]) == ("failed", "exit status 1")
    assert first["startedAt"] <= first["finishedAt"] <= second["startedAt"]
    assert second["finishedAt"] <= step["startedAt"] <= step["finishedAt"]
    assert len({first["jobId"], second["jobId"], step["jobId"]}) == 3


def test_of_many_tries_the_last_are_told(bench: ab.Orchestrator, run_steps: RunSteps) -> None:
    run = run_steps({"id": "no", "run": "false", "retries": {"max": 25, "backoff": 0, "factor": 1}})
    step = record_of(bench, run)["steps"]["no"]
    assert (step["tries"], len(step["earlier"])) == (26, 20)


def test_what_is_done_again_keeps_the_time_that_it_took_before(
    bench: ab.Orchestrator, run_steps: RunSteps
) -> None:
    run = run_steps({"id": "no", "run": "false"}, {"id": "after", "needs": ["no"], "run": "true"})
    run.retry("no")
    assert run.wait(PATIENCE_S)
    steps = wait_for(
        lambda: (found := record_of(bench, run)["steps"])["no"].get("earlier") and found
    )
    assert [one["status"] for one in steps["no"]["earlier"]] == ["failed"]
    assert "earlier" not in steps["after"]


def test_limits_are_told_as_the_recipe_has_them(
    bench: ab.Orchestrator, run_steps: RunSteps
) -> None:
    run = run_steps(
        {
            "id": "size",
            "run": "echo 5",
            "extract": {"n": {"regex": r"(\d+)"}},
            "expect": {"n": {"max": 6, "min": 1}, "wall": {"max": 60}},
        }
    )
    record = record_of(bench, run)
    assert record["plan"]["size"]["limits"] == {"n": {"max": 6, "min": 1}, "wall": {"max": 60}}
    assert record["parallel"] == 1


def test_a_repetition_of_a_job_tells_its_metrics(
    bench: ab.Orchestrator, run_steps: RunSteps
) -> None:
    run = run_steps(
        {"id": "n", "run": "echo 5", "repeat": 2, "extract": {"n": {"regex": r"(\d+)"}}}
    )
    job = bench.recipe_runs._runner.job(record_of(bench, run)["steps"]["n"]["jobId"])
    assert job is not None
    assert [one.to_wire()["metrics"] for one in job.past.newest(9)] == [{"n": 5.0}, {"n": 5.0}]


def test_a_run_that_waits_for_its_turn_is_in_the_state(
    bench: ab.Orchestrator, run_steps: RunSteps
) -> None:
    first = run_steps(WAITS, wait=False)
    wait_for(lambda: bench.state.get("/jobs/prompts", {}))
    second = run_steps({"id": "one", "run": "true"}, wait=False, priority=3)
    record = wait_for(lambda: bench.state.get(f"/jobs/recipeRuns/{second.id}", None))
    assert (record["status"], record["priority"], record["total"]) == ("queued", 3, 1)
    first.answer("done")
    assert second.wait(PATIENCE_S)


def test_a_large_run_is_written_in_parts_between_which_others_write(
    bench: ab.Orchestrator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    held: list[int] = []
    attempt = StateStore.attempt

    def watched(
        store: StateStore, change: Callable[[], None], patience_s: float | None = None
    ) -> bool:
        before = len(bench.state.get("/jobs/recipeRuns", {}) and steps())
        done = attempt(store, change, patience_s)
        held.append(len(steps()) - before)
        return done

    def steps() -> dict[str, Any]:
        for record in bench.state.get("/jobs/recipeRuns", {}).values():
            found: dict[str, Any] = record["steps"]
            return found
        return {}

    monkeypatch.setattr(StateStore, "attempt", watched)
    count = 5 * showing.PART + 7
    recipe = recipe_of(
        WAITS, {"id": "many", "needs": ["ask"], "matrix": {"n": list(range(count))}, "run": "true"}
    )
    run = bench.run(recipe, folder=tmp_path)
    wait_for(lambda: sum(held) == count + 1)
    monkeypatch.undo()
    assert max(held) == showing.PART
    assert sum(1 for size in held if size) == 6
    run.cancel()
    assert run.wait(PATIENCE_S)


def test_a_step_s_own_id_stands_for_all_cells_of_its_matrix(
    bench: ab.Orchestrator, run_steps: RunSteps
) -> None:
    matrix = {"id": "m", "needs": ["ask"], "matrix": {"n": [1, 2]}, "run": "false"}
    run = run_steps(WAITS, matrix, wait=False)
    wait_for(lambda: bench.state.get("/jobs/prompts", {}))
    run.skip("m")
    run.answer("done")
    assert run.wait(PATIENCE_S)
    assert [run.reason_of(f"m[{n}]") for n in (1, 2)] == ["skipped by request"] * 2
    run.retry("m")
    assert run.wait(PATIENCE_S)
    assert [run.reason_of(f"m[{n}]") for n in (1, 2)] == ["exit status 1"] * 2
    with pytest.raises(ab.AutoBenchError, match="no step 'x'"):
        run.skip("x")


# --- the queue


def test_runs_change_places_and_start_in_the_order_that_the_state_tells(
    bench: ab.Orchestrator, run_steps: RunSteps
) -> None:
    holder = run_steps(WAITS, wait=False)
    wait_for(lambda: bench.state.get("/jobs/prompts", {}))
    runs = [run_steps({"id": "one", "run": "true"}, wait=False) for _ in range(3)]
    plain = bench.run({"a": "true", "b": "true"}, name="plain")
    bench.recipe_runs.move(runs[2].id, is_up=True)
    assert bench.recipe_runs.move(plain.id, is_up=True)
    assert not bench.recipe_runs.move(runs[0].id, is_up=True)
    assert not bench.recipe_runs.move(holder.id, is_up=False)
    assert not bench.recipe_runs.move("nobody", is_up=False)
    order = [runs[0].id, runs[2].id, plain.id, runs[1].id]

    def told() -> bool:
        jobs = bench.state.get("/jobs")
        waiting = {**jobs["recipeRuns"], plain.id: jobs["runs"][plain.id]}
        if not waiting.keys() >= set(order):
            return False  # each run is written by its own thread
        places = sorted(
            (-waiting[name]["priority"], waiting[name]["place"], name) for name in order
        )
        return [name for *_, name in places] == order

    wait_for(told)
    holder.answer("done")
    assert plain.wait(PATIENCE_S)
    assert all(run.wait(PATIENCE_S) for run in runs)
    began = {run.id: record_of(bench, run)["startedAt"] for run in runs}
    began[plain.id] = min(job.lifecycle.started_ms or 0.0 for job in plain.jobs)
    assert sorted(order, key=lambda name: began[name]) == order


# --- what is expected


def test_what_steps_take_is_known_from_past_runs_in_the_journal_and_then_from_this_one(
    tmp_path: Path,
) -> None:
    recipe = recipe_of(
        WAITS, {"id": "nap", "needs": ["ask"], "matrix": {"n": [1, 2, 3]}, "run": "sleep 0.2"}
    )
    quiet: dict[str, Any] = {
        "environ": {},
        "connection_file": False,
        "journal": tmp_path / "lab.db",
    }
    with ab.Orchestrator(**quiet) as bench:
        run = bench.run(recipe, folder=tmp_path)
        prompt = wait_for(lambda: bench.state.get("/jobs/prompts", {}))
        assert "expectedS" not in record_of(bench, run)["plan"]["nap"]
        assert bench.recipe_runs.answer(next(iter(prompt)), "done")
        assert run.wait(PATIENCE_S)
    with ab.Orchestrator(**quiet) as bench:
        run = bench.run(recipe, folder=tmp_path)
        wait_for(lambda: bench.state.get("/jobs/prompts", {}))
        plan = wait_for(
            lambda: "expectedS" in (found := record_of(bench, run)["plan"])["nap"] and found
        )
        assert 0.2 <= plan["nap"]["expectedS"] < PATIENCE_S
        run.cancel()
        assert run.wait(PATIENCE_S)


def test_a_step_that_waits_is_known_from_the_start_and_others_from_their_first_cell_on(
    bench: ab.Orchestrator, run_steps: RunSteps
) -> None:
    run = run_steps(
        {"id": "pause", "wait": "1h", "needs": ["m"]},
        {"id": "m", "matrix": {"n": [1, 2]}, "run": "true"},
        wait=False,
    )
    plan = wait_for(lambda: "expectedS" in (found := record_of(bench, run)["plan"])["m"] and found)
    assert plan["pause"]["expectedS"] == 3_600
    run.cancel()
    assert run.wait(PATIENCE_S)


def test_what_is_usual_is_the_median_of_all_cells() -> None:
    past = [("pack[gzip,1]", 1.0), ("pack[gzip,6]", 2.0), ("pack[xz,6]", 30.0), ("data", 4.0)]
    assert usual_s(past) == {"pack": 2.0, "data": 4.0}


def test_what_a_cell_takes_is_known_from_its_own_past_and_not_from_its_neighbours() -> None:
    past = [("pack[xz,6]", 30.0), ("pack[gzip,1]", 1.0), ("pack[xz,6]", 34.0), ("data", 4.0)]
    assert usual_cells_s(past) == {"pack[xz,6]": 32.0, "pack[gzip,1]": 1.0}


@pytest.mark.parametrize("has_journal", [True, False])
def test_each_cell_says_what_it_took_in_past_runs(tmp_path: Path, has_journal: bool) -> None:
    nap = {"id": "nap", "needs": ["ask"], "matrix": {"s": [0, 0.3]}, "run": "sleep ${matrix.s}"}
    how: dict[str, Any] = {"environ": {}, "connection_file": False}
    if has_journal:
        how["journal"] = tmp_path / "lab.db"
    bench = ab.Orchestrator(**how)
    try:
        first = bench.run(recipe_of(WAITS, nap), folder=tmp_path)
        wait_for(lambda: bench.state.get("/jobs/prompts", {}))
        assert not [one for one in record_of(bench, first)["steps"].values() if "expectedS" in one]
        first.answer("done")
        assert first.wait(PATIENCE_S)
        took_s = {
            name: float(f"{(one['finishedAt'] - one['startedAt']) / 1e3:.3g}")
            for name, one in record_of(bench, first)["steps"].items()
        }
        if has_journal:
            bench.close()
            bench = ab.Orchestrator(**how)
        more = {**nap, "matrix": {"s": [0, 0.3, 0.1]}}
        second = bench.run(recipe_of(WAITS, more), folder=tmp_path)
        wait_for(lambda: bench.state.get("/jobs/prompts", {}))
        steps = record_of(bench, second)["steps"]
        for name in ("nap[0]", "nap[0.3]"):
            assert steps[name]["expectedS"] == took_s[name]
        assert "expectedS" not in steps["nap[0.1]"]
        assert "expectedS" not in steps["ask"]
        second.cancel()
        assert second.wait(PATIENCE_S)
    finally:
        bench.close()


DIES = """
import os, sys, time
import autobench_nb as ab
from tests.recipe_runs.conftest import recipe_of
bench = ab.Orchestrator(environ={}, journal=sys.argv[1], connection_file=False)
run = bench.run(recipe_of(
    {"id": "one", "run": "true"},
    {"id": "two", "needs": ["one"], "run": "exec sleep 600"},
    {"id": "three", "needs": ["two"], "run": "true"},
), folder=sys.argv[2])
while run.steps["two"] != "running":
    time.sleep(0.01)
bench.journal.flush()
os._exit(9)
"""


def test_an_interrupted_run_names_the_step_that_it_would_go_on_from(tmp_path: Path) -> None:
    journal = tmp_path / "lab.db"
    command = [sys.executable, "-c", DIES, str(journal), str(tmp_path)]
    died = subprocess.run(command, timeout=PATIENCE_S, check=False)
    assert died.returncode == 9
    with ab.Orchestrator(environ={}, connection_file=False, journal=journal) as bench:
        (run,) = bench.state.get("/journal/interrupted").values()
        assert (run["next"], run["settled"], run["steps"]) == ("two", 1, 3)
