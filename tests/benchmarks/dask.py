"""Steps on a Dask cluster, beside plain ``client.map`` of the same function."""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path

from tests.benchmarks.harness import Benchmark, Row, peer
from tests.jobs.dask_cluster import running_cluster

STEPS = 10_000
AT_ONCE = 32


def run(quick: bool) -> list[Row]:
    """Steps a second, through three workers."""
    distributed = peer("distributed")
    from autobench_nb import DaskExecutor, Orchestrator

    count = 100 if quick else STEPS
    with tempfile.TemporaryDirectory() as folder, running_cluster(Path(folder)) as cluster:
        with distributed.Client(cluster.address, set_as_default=False) as client:
            client.gather(client.map(_step, range(12), pure=False))
            begin = time.perf_counter()
            client.gather(client.map(_step, range(count), pure=False))
            plain = count / (time.perf_counter() - begin)
        executors = {"lab": DaskExecutor(cluster.address)}
        with Orchestrator(parallelism=AT_ONCE, executors=executors, connection_file=False) as bench:
            bench.run({str(n): os.getpid for n in range(12)}, executor="lab").wait()
            begin = time.perf_counter()
            done = bench.run({str(n): os.getpid for n in range(count)}, executor="lab")
            done.wait()
            ours = count / (time.perf_counter() - begin)
            done.check()
    note = (
        "each of ours is a job: queued, told, logged, a row of results; plain ones are none of it"
    )
    return [
        Row(
            f"{count:,} steps on three Dask workers",
            ours,
            "steps/s",
            "client.map",
            plain,
            None,
            note,
            better="more",
        )
    ]


def _step(number: int) -> int:
    del number
    return os.getpid()


BENCHMARKS = [Benchmark("dask", run)]
