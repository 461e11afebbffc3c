"""What following and observing cost: an item of a loop beside tqdm's, a look at the machine's noise."""

from __future__ import annotations

import io
from collections.abc import Callable
from time import thread_time
from typing import Any

import autobench_nb as ab
from autobench_nb.machine import NoiseMeter
from tests.benchmarks.harness import Benchmark, Row, peer, race

ITEMS = 200_000
QUEUED = 10_000
QUEUED_DONE = 300


def track(quick: bool) -> list[Row]:
    """One item of a loop that is followed, beside the same loop under tqdm; the bare loop is taken off both."""
    tqdm = peer("tqdm").tqdm
    items = range(2_000 if quick else ITEMS)
    with ab.Orchestrator() as bench:

        def ours() -> None:
            for _ in bench.track(items):
                pass

        def theirs() -> None:
            for _ in tqdm(items, file=io.StringIO()):
                pass

        def bare() -> None:
            for _ in items:
                pass

        best = race({"ours": ours, "theirs": theirs, "bare": bare}, **_effort(quick))
    ours_us, theirs_us = (
        (best[name] - best["bare"]) / len(items) * 1e6 for name in ("ours", "theirs")
    )
    return [
        Row("bench.track, an item", ours_us, "us", "tqdm", theirs_us, 3.0),
        Row("bench.track, an item: what is allowed", ours_us, "us", "what is allowed", 1.0, 1.0),
    ]


def noise(quick: bool) -> list[Row]:
    """One look at the noise of this machine, of which a repetition takes two."""
    meter = NoiseMeter()
    count = 10 if quick else 200

    def look() -> None:
        for _ in range(count):
            meter._last = None
            meter.look()

    best = race({"look": look}, **_effort(quick))
    note = f"of eight measures this machine tells {8 - len(meter.absent)}"
    return [
        Row("a look at the machine's noise", best["look"] / count * 1e6, "us", "what is allowed", 50.0, 1.0, note)
    ]  # fmt: skip


def queued(quick: bool) -> list[Row]:
    """Ten thousand queued steps: what each that is done costs in patches, and how long others wait for the state."""
    cells, done = (100, 20) if quick else (QUEUED, QUEUED_DONE)
    step = ab.Step(id="s", call=_nothing, matrix={"n": list(range(cells))})
    recipe = ab.Recipe(metadata=ab.Metadata(name="queued"), spec=ab.Spec(steps=[step]))
    patched: list[int] = []
    held: list[float] = []
    with ab.Orchestrator(environ={}, connection_file=False) as bench:
        runs, store = bench.recipe_runs, bench._rooms.store
        attempt = store.attempt

        def timed(write: Callable[[], None], patience_s: float | None = None) -> bool:
            def measured() -> None:
                # Its own processor time: what else the machine does, and who else wants the lock, is not its doing.
                begin = thread_time()
                write()
                held.append((thread_time() - begin) * 1e3)

            return attempt(measured, patience_s)

        store.attempt = timed  # type: ignore[assignment]
        runs.pause_queue()
        run = bench.run(recipe)
        while len(bench.state.get(f"/jobs/recipeRuns/{run.id}/steps", {})) < cells:
            run.wait(0.01)
        shown = max(held)
        held.clear()
        unsubscribe = bench.state.subscribe(lambda commit: patched.append(len(commit.patch)))
        runs.resume_queue()
        while len(run.results) < done // 3:  # until then it is told that all are queued
            run.wait(0.01)
        patched.clear()
        begun = len(run.results)
        while len(run.results) < done:
            run.wait(0.01)
        unsubscribe()
        count, later = len(run.results) - begun, sorted(held)
        run.cancel()
        run.wait()
    of = f"{cells:,} queued steps"
    return [
        Row(
            f"{of}: patches, a step that is done", sum(patched) / count, "B", "", None, None,
            "that its job is queued, runs and has ended, and so the step, and how far the run is",
        ),
        Row(f"{of}: the state is locked to show them, at most at once", shown, "ms", "", None, None),
        Row(
            f"{of}: the state is locked to tell a change (99 of 100)", later[len(later) * 99 // 100], "ms",
            "what is allowed", 5.0, 1.0,
        ),
    ]  # fmt: skip


def _nothing() -> None:
    """Cost nothing."""


def _effort(quick: bool) -> dict[str, Any]:
    return {"rounds": 2, "round_s": 0.01} if quick else {"rounds": 9, "round_s": 0.1}


BENCHMARKS = [
    Benchmark("laboratory.track", track),
    Benchmark("laboratory.noise", noise),
    Benchmark("laboratory.queued", queued),
]
