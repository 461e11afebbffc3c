"""What was asked for: work, the queue, runs, jobs and their results."""

from __future__ import annotations

from autobench_nb.jobs.executors.executor import Executor, Repetition, RepetitionOutcome
from autobench_nb.jobs.executors.in_process import CurrentJob, current_job
from autobench_nb.jobs.executors.local import LocalExecutor
from autobench_nb.jobs.job import Job
from autobench_nb.jobs.records import Jobs
from autobench_nb.jobs.results import Result, Results
from autobench_nb.jobs.run import Run
from autobench_nb.jobs.runner import Runner

__all__ = [
    "CurrentJob",
    "Executor",
    "Job",
    "Jobs",
    "LocalExecutor",
    "Repetition",
    "RepetitionOutcome",
    "Result",
    "Results",
    "Run",
    "Runner",
    "current_job",
]
