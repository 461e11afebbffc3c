"""What following and observing cost: an item of a loop beside tqdm's, a look at the machine's noise."""

from __future__ import annotations

import io
from typing import Any

import autobench_nb as ab
from autobench_nb.machine import NoiseMeter
from tests.benchmarks.harness import Benchmark, Row, peer, race

ITEMS = 200_000


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


def _effort(quick: bool) -> dict[str, Any]:
    return {"rounds": 2, "round_s": 0.01} if quick else {"rounds": 9, "round_s": 0.1}


BENCHMARKS = [
    Benchmark("laboratory.track", track),
    Benchmark("laboratory.noise", noise),
]
