"""Whatever the state does not take, a run of a recipe comes to its end, and is shown as far as it can be."""

from __future__ import annotations

import json
import math
import os
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import autobench_nb as ab
from autobench_nb.errors import RecipeError
from autobench_nb.jobs import Runner
from autobench_nb.logs.ring.ring import LogRing
from autobench_nb.recipe_runs.run import RecipeRun
from autobench_nb.recipe_runs.runs import RecipeRuns
from autobench_nb.recipes.model import Limits, Metadata, Parameter, Recipe, Spec, Step
from autobench_nb.state.projections import Projection
from autobench_nb.state.store import StateStore
from tests.recipe_runs.conftest import PATIENCE_S, RunSteps, recipe_of


def shown(bench: ab.Orchestrator, run: Any) -> Any:
    return bench.state.get(f"/jobs/recipeRuns/{run.id}")


@pytest.mark.parametrize("value", [math.inf, -math.inf, math.nan, 2**64 - 1, -(2**60)])
def test_a_number_that_json_does_not_carry_reaches_the_command_and_is_shown_as_a_text(
    bench: ab.Orchestrator, run_steps: RunSteps, value: float
) -> None:
    kind = "integer" if isinstance(value, int) else "number"
    step = {"id": "a", "run": "echo ${parameters.p} ${matrix.x}", "matrix": {"x": [value]}}
    run = run_steps(step, parameters={"p": {"type": kind, "default": value}}).check()
    found = shown(bench, run)
    assert found["parameters"] == {"p": str(value)}
    assert found["steps"][f"a[{value}]"]["cell"] == {"x": str(value)}
    said = [entry.message for entry in bench.logs if entry.step_id == f"a[{value}]"]
    assert f"{value} {value}" in said


def odd(context: Any) -> dict[str, float]:
    return {"rate \udcff": 5.0, "": 1.0}


def fails(context: Any) -> None:
    raise ValueError("of \udcff")


def test_names_and_reasons_that_are_no_utf8_are_shown_escaped(
    bench: ab.Orchestrator, tmp_path: Path
) -> None:
    steps = [Step(id="a", call=odd), Step(id="b", call=fails)]
    recipe = Recipe(metadata=Metadata(name="x"), spec=Spec(steps=steps))
    run = bench.run(recipe, folder=tmp_path)
    assert run.wait(PATIENCE_S)
    found = shown(bench, run)
    assert r"rate \xff" in found["steps"]["a"]["metrics"]
    assert found["steps"]["b"]["reason"] == r"ValueError: of \xff"
    assert run.to_pandas()["status"].tolist() == ["succeeded", "failed"]


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such a name")
def test_an_artifact_whose_name_is_no_utf8_is_kept_and_told(
    bench: ab.Orchestrator, run_steps: RunSteps, tmp_path: Path
) -> None:
    step = {"id": "a", "run": r"printf x > $(printf 'a\377')", "artifacts": ["a*"]}
    run = run_steps(step).check()
    (told,) = shown(bench, run)["steps"]["a"]["artifacts"]
    assert told["path"] == r"a\xff"
    assert os.listdir(os.fsencode(tmp_path / "artifacts" / run.id / "a")) == [b"a\xff"]


class Refusing:
    """Runs of recipes over a state that refuses what is said of them, as long as ``refuses``."""

    def __init__(self) -> None:
        self.refuses = True
        projection = Projection("/jobs/recipeRuns", "/config/features", self._project)
        self.store = StateStore(projections=[projection])
        self.ring = LogRing(1_000)
        self.runner = Runner(self.store, self.ring.append)
        self.runs = RecipeRuns(self.store, self.ring.append, self.runner)

    def _project(self, runs: dict[str, Any]) -> dict[str, bool]:
        if self.refuses:
            raise RuntimeError("not now")
        return {"seen": bool(runs)}

    def complaints(self) -> list[str]:
        said = [entry.message for entry in self.ring.since(0).entries]
        return [message for message in said if "The state did not take" in message]

    def close(self) -> None:
        self.runs.close()
        self.runner.close()


@pytest.fixture
def refusing() -> Iterator[Refusing]:
    threads = set(threading.enumerate())
    made = Refusing()
    yield made
    made.close()
    assert set(threading.enumerate()) <= threads


def test_a_state_that_refuses_a_record_neither_fails_a_run_nor_holds_it_up_and_has_it_later(
    refusing: Refusing, tmp_path: Path
) -> None:
    told = threading.Event()

    def look(_: Any) -> None:
        steps = refusing.store.get(f"/jobs/recipeRuns/{run.id}/steps", {})
        if steps.get("a", {}).get("status") == "succeeded":
            told.set()

    run = refusing.runs.submit(recipe_of({"id": "a", "run": "true"}), folder=tmp_path)
    assert run.wait(PATIENCE_S)
    assert (run.status, run.reason_of("a")) == ("succeeded", None)
    assert len(refusing.complaints()) == 1
    refusing.store.subscribe(look)
    refusing.refuses = False
    end = time.monotonic() + PATIENCE_S
    while not told.wait(0.01):
        assert time.monotonic() < end
        refusing.store.flush()
    record = refusing.store.get(f"/jobs/recipeRuns/{run.id}")
    assert (record["status"], record["counts"]) == ("succeeded", {"succeeded": 1})


def test_runs_are_closed_though_the_state_never_takes_their_records(
    refusing: Refusing, tmp_path: Path
) -> None:
    runs = [
        refusing.runs.submit(recipe_of({"id": "a", "run": "true"}), folder=tmp_path)
        for _ in range(3)
    ]
    assert all(run.wait(PATIENCE_S) for run in runs)
    refusing.close()
    assert len(refusing.complaints()) == 3


def test_a_recipe_of_python_that_no_program_can_be_given_is_refused_when_it_is_asked_for(
    bench: ab.Orchestrator,
) -> None:
    bad = "\udcff"
    for step, where in (
        (Step(id="a", run=f"cat {bad}"), "steps[0].run"),
        (Step(id="a", run=["cat", "\0"]), "steps[0].run[1]"),
        (Step(id="a", run="true", matrix={"file": ["a", bad]}), "steps[0].matrix.file[1]"),
        (Step(id="a", run="true", env={"A": "\0"}), "steps[0].env.A"),
        (Step(id="a", run="true", expect={"wall": Limits(max=math.nan)}), "expect.wall.max"),
    ):
        with pytest.raises(RecipeError) as caught:
            bench.run(Recipe(metadata=Metadata(name="x"), spec=Spec(steps=[step])))
        assert where in str(caught.value)
    text = {"p": Parameter(type="string")}
    steps = [Step(id="a", run="echo ${parameters.p}")]
    recipe = Recipe(metadata=Metadata(name="x"), spec=Spec(parameters=text, steps=steps))
    for value in (bad, "a\0b"):
        with pytest.raises(RecipeError, match=r"surrogate|NUL"):
            bench.run(recipe, parameters={"p": value})


def odd_value() -> dict[str, float]:
    return {"a \udcff": 1.0, "b": math.nan}


def test_an_error_or_a_value_that_is_no_utf8_spoils_no_table_and_is_journaled(
    tmp_path: Path,
) -> None:
    with ab.Orchestrator(environ={}, journal=tmp_path / "lab.db") as bench:
        for work in ({"odd": lambda: fails(None)}, {"value": odd_value}, {"well": "true"}):
            bench.run(work).wait(PATIENCE_S)
        reasons = bench.results.to_pandas()["reason"].dropna().tolist()
        assert reasons == [r"ValueError: of \xff"]
        assert bench.journal is not None
        kept = bench.journal.results().set_index("name")
        assert kept["status"].to_dict() == {
            "odd": "failed",
            "value": "succeeded",
            "well": "succeeded",
        }
        assert json.loads(str(kept.loc["value", "value"])) == {r"a \xff": 1.0, "b": None}


def test_a_resumed_run_has_its_endless_numbers_again(tmp_path: Path) -> None:
    parameters = {
        "p": {"type": "number", "default": 1},
        "n": {"type": "integer", "default": 10**30},
    }
    cell = {"id": "a", "matrix": {"x": [math.inf, -math.inf]}, "run": "echo ${matrix.x}"}
    late = {"id": "b", "needs": ["a"], "run": "echo ${parameters.p} ${parameters.n}"}
    ask = {"id": "ask", "operator": {"ask": "go on?"}}
    recipe = recipe_of(cell, ask, {**late, "needs": ["a", "ask"]}, parameters=parameters)
    with ab.Orchestrator(environ={}, journal=tmp_path / "lab.db") as bench:
        told = threading.Event()
        run = bench.run(recipe, parameters={"p": math.inf}, folder=tmp_path)
        assert isinstance(run, RecipeRun)
        bench.state.subscribe(lambda _: told.set(), "/jobs/recipeRuns")
        end = time.monotonic() + PATIENCE_S
        while sum(one == "succeeded" for one in run.steps.values()) < 2:
            assert time.monotonic() < end
            told.wait(0.01)
            told.clear()
    with ab.Orchestrator(environ={}, journal=tmp_path / "lab.db") as bench:
        again = bench.resume()
        assert isinstance(again, RecipeRun)
        while not bench.state.get("/jobs/prompts", {}):
            assert time.monotonic() < end
            told.wait(0.01)
        again.answer("done")
        assert again.wait(PATIENCE_S)
        said = [one.message for one in bench.logs if one.step_id == "b"]
        assert f"inf {10**30}" in said
        assert set(again.steps.values()) == {"succeeded"}


class Camera:
    """Streams that write one line for each recording."""

    def __init__(self) -> None:
        self.count = 0

    def record(self, stream_id: str, file: Path) -> Camera:
        self.count += 1
        file.write_text(f"{stream_id} {self.count}")
        return self

    def stop(self) -> dict[str, float]:
        return {"pictures": 1.0}


def test_what_an_earlier_try_has_recorded_is_kept_beside_the_new_recording(tmp_path: Path) -> None:
    store, ring = StateStore(), LogRing(1_000)
    runner = Runner(store, ring.append)
    runs = RecipeRuns(store, ring.append, runner, streams=Camera())
    film = {"id": "film", "record": {"stream": "cam", "during": ["boot"], "file": "boot.mkv"}}
    boot = {"id": "boot", "run": "true"}
    run = runs.submit(recipe_of(film, boot), folder=tmp_path)
    try:
        assert run.wait(PATIENCE_S)
        for _ in range(2):
            run.retry("film")
            assert run.wait(PATIENCE_S)
    finally:
        runs.close()
        runner.close()
    found = {file.name: file.read_text() for file in (tmp_path / "artifacts").rglob("*.mkv")}
    assert found == {"boot.mkv": "cam 3", "boot.1.mkv": "cam 1", "boot.2.mkv": "cam 2"}
