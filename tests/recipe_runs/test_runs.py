"""Runs of recipes: their order, turns, pauses, retries, the state and its patches, and what a new life takes over."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest

import autobench_nb as ab
from autobench_nb.recipe_runs.outlook import StepMetrics
from autobench_nb.recipe_runs.statistics import half_width, t_quantile
from autobench_nb.recipe_runs.turns import Turns
from tests.living import is_alive
from tests.recipe_runs.conftest import PATIENCE_S, RunSteps, recipe_of

CELLS: dict[str, Any] = {
    "id": "cell",
    "matrix": {"name": ["a", "b", "c"]},
    "run": "echo ${matrix.name} >> order",
    "repeat": 3,
}


def wait_for(fact: Callable[[], Any]) -> Any:
    end = time.monotonic() + PATIENCE_S
    while not (found := fact()):
        assert time.monotonic() < end, "what was waited for never came"
        time.sleep(0.005)
    return found


def test_the_cells_of_a_matrix_have_their_repetitions_in_the_order_that_was_asked_for(
    run_steps: RunSteps, tmp_path: Path
) -> None:
    found = {}
    for order in ("blocks", "interleaved", "random"):
        run = run_steps({**CELLS, "order": order}, seed=7)
        assert len(run.check().results) == 9
        found[order] = "".join((tmp_path / "order").read_text().split())
        (tmp_path / "order").unlink()
    assert (found["blocks"], found["interleaved"]) == ("aaabbbccc", "abcabcabc")
    rounds = [found["random"][start : start + 3] for start in (0, 3, 6)]
    assert [sorted(one) for one in rounds] == [["a", "b", "c"]] * 3, (
        "each has its turn in each round"
    )
    turns = Turns(["cell[a]", "cell[b]", "cell[c]"], "random", "7/cell")
    assert found["random"] == "".join(str(turns.next_of(lambda _: True))[5] for _ in range(9)), (
        "by its seed"
    )


def test_a_mean_that_is_known_well_enough_is_not_measured_further(run_steps: RunSteps) -> None:
    until = {"relative": 0.5, "metric": "n"}
    step = {
        "id": "one",
        "run": "echo 5",
        "extract": {"n": {"regex": r"(\d)"}},
        "repeat": {"min": 4, "max": 50, "until": until},
    }
    assert len(run_steps(step).check().results) == 4
    noisy = {**step, "run": "echo $((${step.repetition} % 2 * 9))"}
    noisy["repeat"] = {"min": 2, "max": 6, "until": {"relative": 0.01, "metric": "n"}}
    assert len(run_steps(noisy).check().results) == 6
    assert len(run_steps({**noisy, "repeat": {"min": 3, "max": 50, "budget": 0}}).results) == 3


def test_the_interval_is_that_of_students_t() -> None:
    for freedom, known in (
        (1, 12.7062),
        (2, 4.30265),
        (9, 2.26216),
        (30, 2.04227),
        (1000, 1.96234),
    ):
        assert t_quantile(0.975, freedom) == pytest.approx(known, rel=1e-5)
    assert half_width([1.0, 2.0, 3.0], 0.95) == pytest.approx(4.30265 / 3**0.5, rel=1e-5)
    assert half_width([1.0], 0.95) is None


def test_one_run_comes_after_the_other_and_a_higher_priority_first(
    bench: ab.Orchestrator, tmp_path: Path
) -> None:
    def said(name: str) -> Any:
        steps = [
            {"id": f"s{n}", "run": f"echo {name} >> order", "needs": [f"s{n - 1}"] if n else []}
            for n in range(2)
        ]
        return recipe_of(*steps)

    bench.recipe_runs.pause_queue("so that all are asked for before one starts")
    runs = [bench.run(said("a"), folder=tmp_path), bench.run(said("b"), folder=tmp_path)]
    plain = bench.run("echo plain >> order", cwd=tmp_path)
    runs.append(bench.run(said("first"), folder=tmp_path, priority=1))
    assert bench.state.get("/jobs/paused/reason").startswith("so that")
    assert bench.recipe_runs.resume_queue()
    assert all(run.wait(PATIENCE_S) for run in (*runs, plain))
    assert (tmp_path / "order").read_text().split() == ["first"] * 2 + ["a"] * 2 + ["b"] * 2 + [
        "plain"
    ]
    assert bench.state.get("/jobs/paused") is None


def test_a_run_that_waits_for_its_turn_is_shown_as_queued(
    run_steps: RunSteps, bench: ab.Orchestrator
) -> None:
    bench.recipe_runs.pause_queue()
    run = run_steps({"id": "later", "run": "true"}, wait=False, priority=3)
    wait_for(lambda: bench.state.get(f"/jobs/recipeRuns/{run.id}", None))
    shown = bench.state.get(f"/jobs/recipeRuns/{run.id}")
    assert (shown["status"], shown["priority"], shown["startedAt"]) == ("queued", 3, None)
    bench.recipe_runs.resume_queue()
    assert run.wait(PATIENCE_S)
    run.check()


def test_what_runs_goes_on_in_a_pause_and_nothing_else_begins(
    run_steps: RunSteps, tmp_path: Path
) -> None:
    run = run_steps(
        {
            "id": "long",
            "repeat": 2,
            "run": "echo ${step.repetition} >> trace; while test ! -e go; do sleep 0.02; done",
        },
        {"id": "next", "needs": ["long"], "run": "echo next >> trace"},
        wait=False,
    )
    wait_for(lambda: (tmp_path / "trace").exists())
    assert run.pause()
    wait_for(lambda: str(run.status) == "paused")
    (tmp_path / "go").touch()
    wait_for(lambda: run.steps["long"] == "succeeded")
    assert (tmp_path / "trace").read_text().split() == ["1", "2"]
    assert run.steps["next"] == "waiting"
    assert run.resume()
    assert run.wait(PATIENCE_S)
    run.check()
    assert (tmp_path / "trace").read_text().split() == ["1", "2", "next"]


def test_a_step_is_done_again_with_all_that_waits_for_it_and_the_rest_stays(
    run_steps: RunSteps, tmp_path: Path
) -> None:
    def step(name: str, *needs: str) -> dict[str, Any]:
        return {"id": name, "needs": list(needs), "run": f"echo {name} >> trace"}

    run = run_steps(step("a"), step("b", "a"), step("c", "b"), step("other", "a"))
    before = (tmp_path / "trace").read_text().split()
    run.retry("b")
    assert run.wait(PATIENCE_S)
    run.check()
    again = (tmp_path / "trace").read_text().split()[len(before) :]
    assert sorted(before) == ["a", "b", "c", "other"]
    assert again == ["b", "c"]


def test_a_step_that_waits_for_its_next_try_can_be_skipped(
    run_steps: RunSteps, tmp_path: Path
) -> None:
    run = run_steps(
        {"id": "flaky", "run": "echo x >> tries; exit 1", "retries": {"max": 5, "backoff": "1h"}},
        {"id": "after", "needs": ["flaky"], "run": "true"},
        wait=False,
    )
    wait_for(lambda: run.steps["flaky"] == "retrying")
    assert run.skip("flaky")
    assert run.wait(PATIENCE_S)
    assert run.check().reason_of("flaky") == "skipped by request"
    assert (tmp_path / "tries").read_text() == "x\n"


def test_ids_of_runs_and_jobs_are_unique_beyond_one_process() -> None:
    code = """if True:
        import autobench_nb as ab
        with ab.Orchestrator(connection_file=False) as bench:
            bench.recipe_runs.pause_queue()
            runs = [bench.run({"a": print, "b": print}) for _ in range(200)]
            for run in runs:
                print(run.id, *(job.id for job in run.jobs))
    """
    processes = [
        subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    ids = [one for process in processes for one in process.communicate()[0].split()]
    assert len(ids) == 3 * 200 * 3
    assert len(set(ids)) == len(ids)


def test_a_run_is_paused_its_steps_skipped_and_done_again(
    run_steps: RunSteps, bench: ab.Orchestrator, tmp_path: Path
) -> None:
    run = run_steps(
        {"id": "hold", "operator": {"ask": "Go on?"}},
        {"id": "never", "needs": ["hold"], "run": "exit 1"},
        {"id": "last", "needs": ["never"], "run": "echo x >> done"},
        wait=False,
    )
    wait_for(lambda: bench.state.get("/jobs/prompts", {}))
    assert run.pause()
    assert run.skip("never")
    with pytest.raises(ab.AutoBenchError, match="has no step 'nobody'"):
        run.skip("nobody")
    wait_for(lambda: str(run.status) == "paused")
    assert run.answer("done")
    wait_for(lambda: run.steps["hold"] == "succeeded")
    assert not (tmp_path / "done").exists(), "nothing starts while it is paused"
    assert run.resume()
    assert run.wait(PATIENCE_S)
    assert run.check().reason_of("never") == "skipped by request"
    with pytest.raises(ab.AutoBenchError, match="no step that did not succeed"):
        run.retry()
    assert run.retry("last").wait(PATIENCE_S)
    assert (tmp_path / "done").read_text().split() == ["x", "x"]
    run.retry("never").wait(PATIENCE_S)
    assert (str(run.status), run.steps["last"]) == ("failed", "skipped")
    with pytest.raises(ab.AutoBenchError, match="never: exit status 1"):
        run.check()


def test_a_step_that_runs_is_skipped_its_command_ends_and_it_is_cleaned_up(
    run_steps: RunSteps, bench: ab.Orchestrator, tmp_path: Path
) -> None:
    run = run_steps(
        {
            "id": "long",
            "run": "echo $$ > pid; exec sleep 600",
            "cleanup": "echo x > cleaned",
            "expect": {"wall": {"max": 1}},
        },
        {"id": "next", "needs": ["long"], "run": "echo done > next"},
        wait=False,
    )
    pid = int(wait_for(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text()))
    assert run.skip("long")
    assert run.wait(PATIENCE_S)
    assert run.check().reason_of("long") == "skipped by request"
    assert (tmp_path / "next").exists()
    assert (tmp_path / "cleaned").exists()
    wait_for(lambda: not is_alive(pid))
    assert not run.skip("long"), "it is over"


def test_the_state_tells_the_run_as_it_goes(run_steps: RunSteps, bench: ab.Orchestrator) -> None:
    run = run_steps(
        {"id": "data", "run": "true"},
        {"id": "pack", "needs": ["data"], "matrix": {"tool": ["gzip", "a/b~"]}, "run": "true"},
        parameters={"size": {"type": "integer", "default": 5, "unit": "byte"}},
    )
    record = bench.state.get(f"/jobs/recipeRuns/{run.id}")
    assert (record["status"], record["total"], record["counts"]) == (
        "succeeded",
        3,
        {"succeeded": 3},
    )
    assert (record["parameters"], record["units"]) == ({"size": 5}, {"size": "byte"})
    assert record["plan"]["pack"]["needs"] == ["data"]
    step = record["steps"]["pack[a/b~]"]
    assert (step["cell"], step["status"], step["done"]) == ({"tool": "a/b~"}, "succeeded", 1)
    assert record["startedAt"] <= step["startedAt"] <= step["finishedAt"] <= record["finishedAt"]
    assert bench.jobs[step["jobId"]]["stepId"] == "pack[a/b~]"
    assert {entry.step_id for entry in bench.logs.query(f"job:{step['jobId']}")} == {"pack[a/b~]"}
    again = run_steps(
        {"id": "hold", "operator": {"ask": "?"}}, {"id": "data", "run": "true"}, wait=False
    )
    wait_for(lambda: bench.state.get(f"/jobs/recipeRuns/{again.id}/plan/data", None))
    assert again.cancel()
    assert again.wait(PATIENCE_S)
    assert again.id > run.id, "ids sort by the time at which the runs were asked for"


def test_ten_thousand_steps_are_told_by_small_patches(
    bench: ab.Orchestrator, tmp_path: Path
) -> None:
    recipe = recipe_of(
        {"id": "hold", "operator": {"ask": "Go on?"}},
        {"id": "many", "needs": ["hold"], "matrix": {"n": list(range(9_998))}, "wait": 0},
        {"id": "last", "needs": ["hold"], "wait": 0},
    )
    sizes: list[int] = []
    run = bench.run(recipe, folder=tmp_path)
    wait_for(lambda: bench.state.get("/jobs/prompts", {}))

    def look(commit: Any) -> None:
        sizes.append(len(orjson.dumps([one.to_wire() for one in commit.operations])))

    unsubscribe = bench.state.subscribe(look, "/jobs/recipeRuns")
    run.pause()
    wait_for(lambda: str(run.status) == "paused")
    run.skip("last")
    run.answer("done")
    wait_for(lambda: run.steps["hold"] == "succeeded")
    run.resume()
    assert run.wait(PATIENCE_S)
    run.check()
    unsubscribe()
    assert sum(sizes) < 10_000 * 500, "bytes for each step, all that it was told included"
    bench.close()


def test_a_new_orchestrator_goes_on_after_the_last_finished_step(tmp_path: Path) -> None:
    recipe = recipe_of(
        {"id": "data", "run": "echo x >> data; echo 5", "extract": {"n": {"regex": r"(\d)"}}},
        {"id": "ask", "needs": ["data"], "operator": {"ask": "Go on?"}},
        {"id": "use", "needs": ["ask", "data"], "run": "echo ${steps.data.n} >> use"},
    )
    journal = tmp_path / "lab.db"
    with ab.Orchestrator(environ={}, journal=journal) as bench:
        run = bench.run(recipe, folder=tmp_path)
        wait_for(lambda: bench.state.get("/jobs/prompts", {}))
    with ab.Orchestrator(environ={}, journal=journal) as bench:
        assert bench.journal is not None
        assert list(bench.journal.interrupted) == [run.id]
        again = bench.resume(run.id)
        assert isinstance(again, ab.RecipeRun)
        assert (again.id, again.name) == (run.id, "test")
        wait_for(lambda: bench.state.get("/jobs/prompts", {}))
        assert again.answer("done")
        assert again.wait(PATIENCE_S)
        again.check()
    assert (tmp_path / "data").read_text() == "x\n", "what was finished is not done again"
    assert (tmp_path / "use").read_text() == "5\n"


def test_a_client_pauses_answers_skips_retries_and_cancels_by_command(
    bench: ab.Orchestrator, run_steps: RunSteps
) -> None:
    run = run_steps(
        {"id": "ask", "operator": {"ask": "Go on?", "answers": ["yes"]}},
        {"id": "bad", "needs": ["ask"], "run": "exit 1"},
        wait=False,
    )
    prompt = wait_for(lambda: list(bench.state.get("/jobs/prompts", {})))[0]
    with ab.connect(bench.serve(thread=True).url, token=bench.token) as client:
        client.wait_for(lambda one: one.state.get("/jobs/prompts", {}), timeout_s=PATIENCE_S)
        asked = {"runId": run.id}
        assert client.command("recipe.pause", **asked) == {"changed": True}
        assert client.command("recipe.resume", **asked) == {"changed": True}
        assert client.command("queue.pause", reason="a person is in the room") == {"changed": True}
        assert client.command("queue.resume") == {"changed": True}
        answer = {"promptId": prompt, "answer": "yes"}
        assert client.command("operator.answer", **answer) == {"changed": True}
        with pytest.raises(ab.AutoBenchError, match="Nobody asks that"):
            client.command("operator.answer", promptId="none", answer="yes")
        assert run.wait(PATIENCE_S)
        assert client.command("recipe.cancel", **asked) == {"changed": False}
        assert client.command("recipe.retry", **asked, stepId="bad") == {"changed": True}
        assert run.wait(PATIENCE_S)
        assert client.command("recipe.skip", **asked, stepId="bad") == {"changed": False}


def test_the_mean_of_a_metric_is_that_of_the_cells_that_went_well_as_they_were_measured_last() -> (
    None
):
    metrics = StepMetrics()
    assert "steps.pack.size" not in metrics
    for planned, size in (("pack[1]", 1.0), ("pack[2]", 2.0), ("pack[1]", 4.0)):
        metrics.measured("pack", planned, {"size": size, "wall.2": 1.0})
    metrics.measured("pack", "pack[3]", {"other": 9.0})
    assert (metrics["steps.pack.size"], metrics["steps.pack.wall.2"]) == (3.0, 1.0)
    assert "steps.pack.size" in metrics
    with pytest.raises(KeyError, match=r"steps\.pack\.none"):
        metrics["steps.pack.none"]
