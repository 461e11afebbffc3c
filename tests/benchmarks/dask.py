"""Steps on a Dask cluster, beside plain ``client.map`` of the same function."""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path

from tests.benchmarks.harness import Benchmark, Row, peer
from tests.jobs.dask_cluster import running_cluster

STEPS = 10_000
ROUNDS = 5
"""They take turns, so that what else the machine does meets both; of each the best counts."""
AT_ONCE = 128
"""Steps under way: a message to or from the scheduler carries those that are ready, and costs little more for many."""


def run(quick: bool) -> list[Row]:
    """Steps a second, through three workers."""
    distributed = peer("distributed")
    from autobench_nb import DaskExecutor, Orchestrator

    count = 50 if quick else STEPS // ROUNDS
    plain, ours = [], []
    with tempfile.TemporaryDirectory() as folder, running_cluster(Path(folder)) as cluster:
        executors = {"lab": DaskExecutor(cluster.address)}
        with (
            distributed.Client(cluster.address, set_as_default=False) as client,
            Orchestrator(parallelism=AT_ONCE, executors=executors, connection_file=False) as bench,
        ):
            client.gather(client.map(_step, range(12), pure=False))
            bench.run({str(n): os.getpid for n in range(12)}, executor="lab").wait()
            for _ in range(ROUNDS):
                begin = time.perf_counter()
                client.gather(client.map(_step, range(count), pure=False))
                plain.append(count / (time.perf_counter() - begin))
                begin = time.perf_counter()
                done = bench.run({str(n): os.getpid for n in range(count)}, executor="lab")
                done.wait()
                ours.append(count / (time.perf_counter() - begin))
                done.check()
    note = (
        "each of ours is a job: queued, told, logged, a row of results; plain ones are none of it, and all of them are "
        "given to the scheduler at once"
    )
    return [
        Row(
            f"{count * ROUNDS:,} steps on three Dask workers, {AT_ONCE} at once",
            max(ours),
            "steps/s",
            "client.map",
            max(plain),
            None,
            note,
            better="more",
        )
    ]


def _step(number: int) -> int:
    del number
    return os.getpid()


BENCHMARKS = [Benchmark("dask", run)]
