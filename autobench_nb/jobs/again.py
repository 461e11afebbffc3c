"""Work that is done once more: jobs that are retried, and runs that were interrupted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from autobench_nb.errors import JobError
from autobench_nb.jobs.job import Job
from autobench_nb.jobs.keeping import work_left
from autobench_nb.jobs.run import Run
from autobench_nb.jobs.saved import SavedRun
from autobench_nb.jobs.work import How

if TYPE_CHECKING:
    from autobench_nb.jobs.runner import Runner


def retry_jobs(runner: Runner, job_ids: Sequence[str], repeat: int | None) -> Run:
    """Queue a new run of new jobs that do the work of old ones; see :meth:`Runner.retry`."""
    again: list[tuple[Job, How]] = []
    for job_id in job_ids:
        old = runner.job(job_id)
        if old is None:
            raise JobError(f"there is no job {job_id!r} any more.")
        if old.course is not None:
            raise JobError(f"job {job_id} does a step of a recipe: retry the step, run.retry(...).")
        again.append((old, old.how if repeat is None else replace(old.how, repeat=repeat)))
    runs = {old.run.id: old.run for old, _ in again}
    of = next(iter(runs.values())) if len(runs) == 1 else None
    run = runner.new_run(
        Run,
        sum(how.repeat for _, how in again),
        name=of and of.name,
        parallel=max(old.lifecycle.limit for old, _ in again),
        retry_of=of and of.id,
    )
    run.adopt(
        runner.new_job(run, old.task, how, old.lifecycle.limit, old.lifecycle.executor, old.id)
        for old, how in again
    )
    runner.queue(run)
    return run


def resume_run(runner: Runner, saved: SavedRun) -> Run:
    """Queue what is left of an interrupted run; see :meth:`Runner.resume`."""
    work = work_left(saved, runner.executors)
    limit = int(saved.options["parallel"])
    run = runner.new_run(
        Run, sum(how.repeat for _, _, how, _ in work), name=saved.name, parallel=limit
    )
    run.id = saved.run_id
    run.adopt(
        runner.new_job(run, task, how, limit, executor, job_id=job_id)
        for job_id, task, how, executor in work
    )
    runner.queue(run)
    return run
