"""Steps of recipes on a real Dask cluster: what is measured there comes back, all of a step is done at one place."""

from __future__ import annotations

import hashlib
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import autobench_nb as ab
from autobench_nb.recipe_runs.run import RecipeRun
from tests.jobs.dask_cluster import GPU, Cluster, running_cluster
from tests.journal.laboratory import eventually
from tests.recipe_runs.conftest import PATIENCE_S, recipe_of

pytest.importorskip("distributed")

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:distributed.*")
LAB = {"executor": "lab"}


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with running_cluster(tmp_path_factory.mktemp("dask")) as cluster:
        yield cluster


@pytest.fixture
def lab(cluster: Cluster) -> Iterator[ab.Orchestrator]:
    executors = {"lab": ab.DaskExecutor(cluster.address)}
    with ab.Orchestrator(environ={}, parallelism=4, executors=executors) as bench:
        yield bench


@pytest.fixture
def steps(lab: ab.Orchestrator, tmp_path: Path) -> Callable[..., RecipeRun]:
    def run(*steps: dict[str, Any], wait: bool = True) -> RecipeRun:
        made = lab.run(recipe_of(*steps), folder=tmp_path / "run")
        assert not wait or made.wait(PATIENCE_S), made
        return made

    return run


def test_metrics_are_read_out_of_what_a_command_prints_on_a_worker(
    steps: Callable[..., RecipeRun],
) -> None:
    run = steps(
        {
            "id": "rate",
            "run": "echo 'rate 1'; seq 30000; echo 'rate 250' >&2",
            "repeat": 2,
            "extract": {"rate": {"regex": r"rate (\d+)", "unit": "MB/s"}},
            "expect": {"rate": {"min": 200}, "wall": {"max": 60}},
            **LAB,
        },
        {"id": "use", "needs": ["rate"], "run": "test ${steps.rate.rate} = 250", **LAB},
    )
    assert run.check().metrics_of("rate")["rate"] == 250
    assert run.metrics_of("rate")["wall"] > 0


def test_a_steps_folder_is_made_on_the_worker_and_its_artifacts_are_brought_back_with_their_hashes(
    lab: ab.Orchestrator, tmp_path: Path
) -> None:
    folder = tmp_path / "run"
    large = bytes(9_000_000)
    run = lab.run(
        recipe_of(
            {
                "id": "make",
                "folder": "deep/er",
                "prepare": "rm -rf out; mkdir out",
                "run": "cd out; echo small > small.txt; head -c 9000000 /dev/zero > large.bin",
                "cleanup": "rm -f out/nothing",
                "artifacts": ["out/*.bin", "out/*"],
                **LAB,
            }
        ),
        folder=folder,
    )
    assert run.wait(PATIENCE_S)
    run.check()
    kept = lab.state.get(f"/jobs/recipeRuns/{run.id}")["steps"]["make"]["artifacts"]
    assert {one["path"]: one["sha256"] for one in kept} == {
        "out/large.bin": hashlib.sha256(large).hexdigest(),
        "out/small.txt": hashlib.sha256(b"small\n").hexdigest(),
    }
    assert (folder / "artifacts" / run.id / "make" / "out" / "large.bin").read_bytes() == large


def test_an_artifact_that_was_not_made_on_the_worker_fails_the_step(
    steps: Callable[..., RecipeRun],
) -> None:
    run = steps({"id": "make", "run": "true", "artifacts": ["no.bin"], **LAB})
    assert run.status == "failed"
    assert run.reason_of("make") == "the artifact 'no.bin' was not made"


def test_all_that_is_done_for_a_step_is_done_by_one_worker(
    steps: Callable[..., RecipeRun], lab: ab.Orchestrator
) -> None:
    cells = {str(n): n for n in range(6)}
    run = steps(
        {
            "id": "at",
            "matrix": {"n": list(cells.values())},
            "prepare": "echo prepare $WORKER",
            "run": "echo run $WORKER",
            "cleanup": "echo cleanup $WORKER",
            "repeat": 3,
            **LAB,
        }
    )
    run.check()
    places = {}
    for n in cells:
        said = [entry.message for entry in lab.logs.query(f"step:at[{n}] channel:benchmark")]
        assert len(said) == 9
        (places[n],) = {line.split()[1] for line in said}
    assert len(set(places.values())) > 1


def test_a_worker_that_dies_in_a_step_that_was_prepared_has_it_prepared_again_elsewhere(
    steps: Callable[..., RecipeRun], cluster: Cluster, tmp_path: Path
) -> None:
    trace = tmp_path / "trace"
    run = steps(
        {
            "id": "both",
            "prepare": f"echo prepare $WORKER >> {trace}",
            "run": f"echo run $WORKER >> {trace}; test $(grep -c run {trace}) -gt 1 || exec sleep 1000",
            **LAB,
        },
        wait=False,
    )
    eventually(lambda: trace.exists() and "run" in trace.read_text(), PATIENCE_S)
    name = re.findall(r"run (\w+)", trace.read_text())[0]
    cluster.kill(name)
    try:
        assert run.wait(PATIENCE_S)
        run.check()
        words = [line.split() for line in trace.read_text().splitlines()]
        assert [word for word, _ in words] == ["prepare", "run", "prepare", "run"]
        assert words[0][1] == words[1][1] != words[2][1] == words[3][1]
        assert "attempt 2" in str(run.results[0].reason)
    finally:
        cluster.start_workers({name: GPU if name == "w3" else ()})


def test_a_function_beside_the_recipe_runs_where_the_recipes_folder_is_not(
    lab: ab.Orchestrator, tmp_path: Path
) -> None:
    near = tmp_path / "near"
    near.mkdir()
    (near / "measures.py").write_text(
        "import os\n\n\ndef size(context):\n    return {'size': context.parameters['n'] * 2, 'pid': os.getpid()}\n"
    )
    (near / "recipe.yaml").write_text(
        "apiVersion: autobench/v1\nkind: Benchmark\nmetadata: {name: far}\nspec:\n"
        "  parameters: {n: {type: integer, default: 21}}\n  steps:\n"
        "    - {id: size, call: 'measures:size', executor: lab, expect: {size: {equals: 42}}}\n"
    )
    run = lab.run(near / "recipe.yaml", folder=tmp_path / "run")
    assert run.wait(PATIENCE_S)
    run.check()
    # A machine that has not got the folder: here it is removed once the text of the module was read.
    from autobench_nb.recipe_runs.context import CallOfStep, StepContext, source_of

    source = source_of("measures:size", str(near))
    shutil.rmtree(near)
    context = StepContext("run", "size", tmp_path, parameters={"n": 4})
    assert CallOfStep("measures:size", str(near), context, source)()["size"] == 8


def test_a_step_says_what_it_needs_of_its_worker(
    steps: Callable[..., RecipeRun], lab: ab.Orchestrator
) -> None:
    run = steps(
        {
            "id": "gpu",
            "matrix": {"n": [1, 2, 3]},
            "run": "echo $WORKER",
            "resources": {"GPU": 1},
            **LAB,
        }
    )
    run.check()
    assert {entry.message for entry in lab.logs.query("channel:benchmark")} == {"w3"}
    run = steps({"id": "never", "run": "true", "resources": {"GPU": 2}, **LAB}, wait=False)
    told = eventually(
        lambda: [e.message for e in lab.logs.query('step:never "has GPU=2"')], PATIENCE_S
    )
    assert re.fullmatch(r"never: waits: no worker of the scheduler \S+ has GPU=2\.", told[0])
    run.cancel()
    assert run.wait(PATIENCE_S)


def test_what_only_a_cluster_has_is_refused_on_this_machine(
    lab: ab.Orchestrator, tmp_path: Path
) -> None:
    run = lab.run(recipe_of({"id": "gpu", "run": "true", "resources": {"GPU": 1}}), folder=tmp_path)
    assert run.wait(PATIENCE_S)
    assert "no resources to choose from" in str(run.reason_of("gpu"))
