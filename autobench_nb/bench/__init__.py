"""What is operated: jobs, devices, streams, the pno scan."""

from __future__ import annotations

from autobench_nb.bench.devices import Devices
from autobench_nb.bench.executors import Attempt, Executor, Outcome
from autobench_nb.bench.in_process import CurrentJob, current_job
from autobench_nb.bench.job import Job
from autobench_nb.bench.jobs import Jobs
from autobench_nb.bench.pno import Pno
from autobench_nb.bench.results import Result, Results
from autobench_nb.bench.run import Run
from autobench_nb.bench.runner import Runner
from autobench_nb.bench.streams import Streams

__all__ = [
    "Attempt",
    "CurrentJob",
    "Devices",
    "Executor",
    "Job",
    "Jobs",
    "Outcome",
    "Pno",
    "Result",
    "Results",
    "Run",
    "Runner",
    "Streams",
    "current_job",
]
