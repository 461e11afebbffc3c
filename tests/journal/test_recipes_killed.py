"""Runs of recipes whose process is killed at random moments, again and again, come to the end that they would have had.

What a step does stands in a file, ``S`` where it begins and ``E`` where it ends, each with the life that it was in.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import autobench_nb as ab

KILLS = int(os.environ.get("RECIPE_KILLS", "3"))
"""How often each recipe's process is killed before it may come to its end."""

BREEDER = """if True:
    import os, sys
    import autobench_nb as ab
    import autobench_nb.orchestrator.orchestrator, autobench_nb.journal.live, autobench_nb.cli.main
    from autobench_nb.recipe_runs import runs

    HOW = dict(connection_file=False, parallelism=3, environ={})
    # Whatever is imported late is imported now, once for all lives.
    with ab.Orchestrator(journal=sys.argv[1] + "/warm.db", **HOW) as bench:
        bench.run(ab.load_recipe(sys.argv[1] + "/warm.yaml"), folder=sys.argv[1]).wait()

    def live(folder, life, streams):
        os.environ["LIFE"] = life
        with ab.Orchestrator(journal=folder + "/lab.db", **HOW) as bench:
            if streams:
                bench.streams.add(ab.Ffmpeg("cam", size="160x90", fps=20.0))
            os.write(1, b"up %d\\n" % os.getpid())
            begun = bool(len(bench.journal.runs()))
            run = bench.resume() if begun else bench.run(folder + "/recipe.yaml", folder=folder + "/work")
            while not run.wait(0.005):
                for one in dict(bench.state.get("/jobs/prompts", None) or {}):
                    bench.recipe_runs.answer(one, "done")
            os.write(1, b"over %s\\n" % str(run.status).encode())

    for line in sys.stdin:
        folder, life, streams = line.split()
        child = os.fork()
        if child == 0:
            live(folder, life, streams == "True")
            os._exit(0)
        os.waitpid(child, 0)
        os.write(1, b"dead\\n")
"""


def does(step: str, work: str = "sleep 0.04", cell: str = "") -> str:
    """A line for the shell that tells when ``work`` begins and ends."""
    name = "${step.id}" + (f"-{cell}" if cell else "")
    return f"echo S {name} $LIFE >> told; {work}; echo E {name} $LIFE >> told"


def step(name: str, *needs: str, work: str = "sleep 0.04", **more: Any) -> dict[str, Any]:
    return {"id": name, "needs": list(needs), "run": does(name, work), **more}


def cells(name: str, *needs: str, values: int = 4, **more: Any) -> dict[str, Any]:
    made = {"id": name, "needs": list(needs), "matrix": {"x": list(range(values))}}
    return {**made, "run": does(name, cell="${matrix.x}"), **more}


COUNTED = 'n=$(cat tries 2>/dev/null || echo 0); echo $((n + 1)) > tries; test "$n" -ge 4'

CALLED = """
import os, time

def tell(context):
    cell = "".join(f"-{value}" for value in context.cell.values())
    for word, pause in (("S", 0.03), ("E", 0)):
        with open(context.folder / "told", "a") as file:
            file.write(f"{word} {context.step_id.partition('[')[0]}{cell} {os.environ['LIFE']}\\n")
        time.sleep(pause)
    return {"seen": float(sum(one["wall"] for one in context.metrics.values()) > 0), "one": 1.0}
"""

RECIPES: dict[str, tuple[list[dict[str, Any]], dict[str, str]]] = {
    # name: (steps, how those come out that do not succeed)
    "parallel": ([*(step(one) for one in "abcde"), step("join", *"abcde")], {}),
    "matrix": ([step("first"), cells("grid", "first", values=6), step("last", "grid")], {}),
    "retries": (
        [step("flaky", work=COUNTED, retries={"max": 30, "backoff": 0.02}), step("after", "flaky")],
        {},
    ),
    "operator": (
        [step("a"), {"id": "ask", "needs": ["a"], "operator": {"ask": "go on?"}}, step("b", "ask")],
        {},
    ),
    "record": (
        [
            step("a"),
            # Long enough for a first picture on a busy machine: a recording without one has failed.
            step("boot", "a", work="sleep 1.5"),
            {"id": "film", "needs": ["a"], "record": {"stream": "cam", "during": ["boot"], "file": "boot.mkv"}},
            step("b", "boot", "film"),
        ],
        {},
    ),
    "artifacts": (
        [
            *(step(f"make{n}", work=f"seq {n}00000 > file{n}", artifacts=[f"file{n}"]) for n in (1, 2, 3)),
            step("after", "make1", "make2", "make3", artifacts=["told"]),
        ],
        {},
    ),
    "interleaved": ([cells("turn", values=3, repeat=3, order="interleaved"), step("end", "turn")], {}),
    "time-outs": (
        [
            step("slow", work="sleep 30", timeout=0.08, edges={"timeout": "rescue"}),
            step("rescue", "slow"),
            step("never", "slow"),
        ],
        {"slow": "timeout", "never": "skipped"},
    ),
    "failing": (
        [
            step("bad", work="sleep 0.03; exit 3", edges={"failure": "continue"}),
            step("on", "bad"),
            step("worse", work="exit 4"),
            step("not", "worse"),
            step("fine", "on"),
        ],
        {"bad": "failed", "worse": "failed", "not": "skipped"},
    ),
    "callables": (
        [
            {"id": "one", "call": "called:tell"},
            {"id": "many", "needs": ["one"], "call": "called:tell", "matrix": {"x": [1, 2, 3]}},
            {"id": "end", "needs": ["many"], "call": "called:tell", "expect": {"one": {"equals": 1}}},
        ],
        {},
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def breeder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[subprocess.Popen[str]]:
    """A process of which each life is a child, so that none of them imports anything."""
    folder = tmp_path_factory.mktemp("warm")
    (folder / "warm.yaml").write_text(document([step("warm"), cells("cells", "warm", values=2)]))
    process = subprocess.Popen(
        [sys.executable, "-c", BREEDER, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    yield process
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.close()
    process.wait()
    process.stdout.close()


def document(steps: list[dict[str, Any]]) -> str:
    head = {"apiVersion": "autobench/v1", "kind": "Benchmark", "metadata": {"name": "killed"}}
    return json.dumps({**head, "spec": {"steps": steps}})


def settled_in(path: Path) -> dict[str, str]:
    """How the steps stand that are settled, by the journal of a process that has ended."""
    if not path.exists():
        return {}
    with ab.open_journal(path) as journal:
        steps = journal.steps()
    found = dict(zip(steps["step_id"], steps["status"], strict=True))
    return {name: one for name, one in found.items() if one not in ("running", "interrupted")}


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_that_is_killed_and_resumed_ends_as_if_nothing_had_happened(
    breeder: subprocess.Popen[str], tmp_path: Path, name: str
) -> None:
    if name == "record" and shutil.which("ffmpeg") is None:
        pytest.skip("there is no ffmpeg")
    steps, otherwise = RECIPES[name]
    work, path = tmp_path / "work", tmp_path / "lab.db"
    work.mkdir()
    (tmp_path / "recipe.yaml").write_text(document(steps))
    (tmp_path / "called.py").write_text(CALLED)
    moments = random.Random(f"{name} {os.environ.get('RECIPE_SEED', '')}")
    assert breeder.stdin is not None
    assert breeder.stdout is not None
    before: list[dict[str, str]] = []
    outcome, life = "", 0
    while not outcome:
        before.append(settled_in(path))
        breeder.stdin.write(f"{tmp_path} {life} {name == 'record'}\n")
        breeder.stdin.flush()
        word, pid = breeder.stdout.readline().split()
        assert word == "up"
        if life < KILLS:
            time.sleep(moments.uniform(0, 0.2))
            with contextlib.suppress(ProcessLookupError):  # it may have come to its end
                os.kill(int(pid), signal.SIGKILL)
        while (line := breeder.stdout.readline().split())[0] != "dead":
            outcome = line[1]
        life += 1
    worst = {"failed", "timeout"} & set(otherwise.values())
    assert outcome == (worst.pop() if worst else "succeeded")
    end = settled_in(path)
    assert {one: end[one] for one in end if end[one] != "succeeded"} == otherwise
    told = [line.split() for line in (work / "told").read_text().splitlines()]
    begun = [(one, int(number)) for word, one, number in told if word == "S"]
    for number, settled in enumerate(before):
        again = {one for one, when in begun if when >= number} & set(map(plain, settled))
        assert not again, f"settled before life {number}, and done again"
        assert settled.items() <= end.items()
    ended: set[str] = set()
    needs = {one["id"]: one["needs"] for one in steps if "needs" in one and "operator" not in one}
    for word, one, _ in told:
        if word == "E":
            ended.add(one.partition("-")[0])
        else:
            wanted = {
                need for need in needs.get(one.partition("-")[0], ()) if need not in otherwise
            }
            assert wanted - ended <= {"ask", "film"}, f"{one} began before what it needs"
    with ab.open_journal(path) as journal:
        results = journal.results()
        artifacts = journal.artifacts()
    if name == "interleaved":
        per_cell = results[results["step_id"].str.startswith("turn")].groupby("step_id")
        assert (per_cell["repetition"].apply(set) == {1, 2, 3}).all()
    if name == "artifacts":
        kept = artifacts.drop_duplicates("step_id", keep="last").set_index("step_id")
        for number in (1, 2, 3):
            (file,) = (work / "artifacts").rglob(f"file{number}")
            assert (
                hashlib.sha256(file.read_bytes()).hexdigest() == kept.loc[f"make{number}", "sha256"]
            )
    if name == "record":
        (film,) = (work / "artifacts").rglob("boot.mkv")
        assert film.stat().st_size > 0


def plain(step_id: str) -> str:
    """As a step calls itself: ``grid[3]`` is ``grid-3``."""
    return step_id.replace("[", "-").rstrip("]")
