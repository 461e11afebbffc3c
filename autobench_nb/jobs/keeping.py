"""What a run of plain jobs tells the ledger: what was asked for, so that it can be done again, and how it came out."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from autobench_nb.errors import JobError
from autobench_nb.jobs.executors.executor import Executor, check_work
from autobench_nb.jobs.job import Job
from autobench_nb.jobs.ledger import Ledger, NoLedger, RunBegan, RunEnded, StepBegan, StepSettled
from autobench_nb.jobs.run import Run
from autobench_nb.jobs.saved import SavedRun
from autobench_nb.jobs.work import How, Task
from autobench_nb.state.model import JobKind, JobStatus


def tell_run_began(ledger: Ledger, run: Run, now_ms: float) -> None:
    """Tell that a run was asked for."""
    if isinstance(ledger, NoLedger):  # to write its work down takes longer than to start it
        return
    ledger.run_began(
        RunBegan(
            run_id=run.id,
            at_ms=now_ms,
            name=run.name or ", ".join(job.name for job in run.jobs[:3]),
            options=_options_of(run),
            steps=tuple(job.id for job in run.jobs),
            retry_of=run.retry_of,
        )
    )


def tell_job_began(ledger: Ledger, job: Job, now_ms: float) -> None:
    """Tell that a job has started."""
    ledger.step_began(
        StepBegan(
            run_id=job.run_id,
            step_id=job.id,
            at_ms=now_ms,
            name=job.name,
            command=job.command,
        )
    )


def tell_job_ended(
    ledger: Ledger, job: Job, status: JobStatus, reason: str | None, now_ms: float
) -> None:
    """Tell how a job came out, unless that was told with its last result."""
    if job.told_end != (status, reason):
        ledger.step_settled(end_of(job, status, reason, now_ms))


def end_of(job: Job, status: JobStatus, reason: str | None, now_ms: float) -> StepSettled:
    """How a job came out, as the ledger hears of it."""
    return StepSettled(
        run_id=job.run_id,
        step_id=job.id,
        status=str(status),
        at_ms=now_ms,
        reason=reason,
        job_ids=(job.id,),
    )


def tell_run_ended(ledger: Ledger, run: Run, now_ms: float) -> None:
    """Tell how a run came out, and which of its jobs never started."""
    for job in run.jobs:
        if job.lifecycle.started_ms is None:
            tell_job_ended(ledger, job, job.status, job.reason, now_ms)
    worst = next((job.reason for job in run.jobs if job.status is run.status), None)
    ledger.run_ended(RunEnded(run_id=run.id, status=str(run.status), at_ms=now_ms, reason=worst))


def _options_of(run: Run) -> dict[str, Any]:
    """The work as plain data, by the job's id; why not where it is none."""
    work: dict[str, Any] = {}
    for job in run.jobs:
        task = job.task
        if task.kind is not JobKind.COMMAND:
            return {"whyNot": f"{job.name} is a callable, which cannot be written down"}
        work[job.id] = {
            "name": task.name,
            "command": task.command,
            "argv": list(task.argv),
            "shell": task.shell,
            "how": dataclasses.asdict(job.how),
            "executor": job.lifecycle.executor,
        }
    return {"work": work, "parallel": run.parallel}


def work_left(
    saved: SavedRun, executors: Mapping[str, Executor]
) -> list[tuple[str, Task, How, str]]:
    """What is left of an interrupted run: the job's id, its task, how it is done, and the name of its executor.

    Raises:
        JobError: It was not written down what it ran, nothing is left, or an executor is not there.
    """
    told = saved.options.get("work")
    if told is None:
        reason = saved.options.get("whyNot") or "what it ran was not written down"
        raise JobError(f"run {saved.run_id} cannot be resumed: {reason}.")
    if not saved.left:
        raise JobError(f"run {saved.run_id} has nothing left to do.")
    known = {field.name for field in dataclasses.fields(How)}
    work = []
    for job_id in saved.left:
        one = told[job_id]
        task = Task(one["name"], JobKind.COMMAND, one["command"], tuple(one["argv"]), one["shell"])
        how = How(**{name: value for name, value in one["how"].items() if name in known})
        check_work(executors, one["executor"], [task], how)
        work.append((job_id, task, how, one["executor"]))
    return work
