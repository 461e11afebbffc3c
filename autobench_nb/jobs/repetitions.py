"""What a job's thread does: one repetition after the other, and a result row for each."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from autobench_nb.figures import seconds_text
from autobench_nb.jobs.executors.executor import Executor, RepetitionOutcome
from autobench_nb.jobs.job import Job
from autobench_nb.jobs.keeping import end_of
from autobench_nb.jobs.ledger import Ledger, StepSettled
from autobench_nb.jobs.other_load import SHORTEST_S, OtherLoad
from autobench_nb.jobs.past import PastRepetition
from autobench_nb.jobs.results import Result, Results
from autobench_nb.jobs.timing import now_ms
from autobench_nb.logs.entry import Level
from autobench_nb.machine.noise import Noise
from autobench_nb.state.model import JobStatus
from autobench_nb.tables.wire_values import wire_value


def perform(
    job: Job, executor: Executor, results: Results, ledger: Ledger
) -> tuple[JobStatus, str | None] | None:
    """Warm up, then repeat; gives the status that the job has earned, and why. Rows go to ``ledger`` first.

    None where the job rests: it is to be done again, and goes on where it was.
    """
    how, course = job.how, job.course
    if job.begun is None:
        if job.is_here:
            job.machine = job.run.runner.machines.meet(how.cwd, job.command)
        times = "once" if how.repeat == 1 else f"{how.repeat} times"
        times = times if course is None or how.repeat == 1 else f"at most {times}"
        job.log.say(Level.INFO, f"{job.name}: to be run {times}")
        job.begun = 1 - how.warmup
        if course is not None:
            course.began(job)
    while job.begun <= how.repeat:
        if job.stop.status is not None:
            return job.stop.status, job.stop.reason
        number = job.begun
        job.begun += 1
        outcome = _once(job, executor, results, ledger, max(0, number))
        if outcome.status is not JobStatus.SUCCEEDED:
            where = "" if number > 0 else "while warming up: "
            return outcome.status, f"{where}{outcome.reason}"
        if course is not None and number > 0 and number < how.repeat:
            if course.is_enough(job):
                break
            if course.rests(job):
                return None
    return JobStatus.SUCCEEDED, None


def _once(
    job: Job, executor: Executor, all_results: Results, ledger: Ledger, repetition: int
) -> RepetitionOutcome:
    started_ms = now_ms()
    job.next_repetition(repetition, started_ms)
    started_at = datetime.fromtimestamp(started_ms / 1e3, UTC)
    lines = job.log.lines
    # What explains noise is worth a look only where there are several, and long enough to say anything.
    last = job.past.newest(1)
    load = OtherLoad() if last and (last[0].outcome.wall_s or 0.0) >= SHORTEST_S else None
    course, machines = job.course, job.run.runner.machines
    look = machines.look() if job.is_here else None
    outcome = _measured(job, executor) if course is None else course.perform(job, executor)
    if outcome.reason is not None:
        outcome = replace(outcome, reason=job.seen(outcome.reason))
    noise = Noise() if look is None else machines.since(look)
    other_load = None if load is None else load.processors(_cpu_s(outcome))
    job.past.add(PastRepetition(repetition, started_ms, outcome, other_load))
    if repetition:
        row = Result(
            run_id=job.run_id,
            job_id=job.id,
            name=job.name,
            kind=str(job.task.kind),
            command=job.command,
            repetition=repetition,
            status=str(outcome.status),
            reason=outcome.reason,
            exit_code=outcome.exit_code,
            signal=outcome.signal,
            started_at=started_at,
            wall_s=outcome.wall_s,
            cpu_user_s=outcome.cpu_user_s,
            cpu_system_s=outcome.cpu_system_s,
            max_rss_bytes=outcome.max_rss_bytes,
            shell_s=outcome.shell_s,
            lines=job.log.lines - lines,
            value=outcome.value,
            value_note=_note_on(job, outcome.value),
            step_id=job.step_id,
            metrics=outcome.metrics,
            machine=job.machine,
            **noise._asdict(),
        )
        # First what outlives the process: nobody sees a result that a crash could take away.
        settled = _end_with(job, outcome, repetition)
        ledger.repetition(row, settled)
        for results in (job.results, job.run.results, all_results):
            results.add(row)
        job.count(outcome, row)
    return outcome


def _measured(job: Job, executor: Executor) -> RepetitionOutcome:
    """Do the job's work once, with what stands beside it measured too."""
    gauged = [(gauge, gauge.begin()) for gauge in job.run.runner.gauges]
    outcome = executor.run(job.task, job)
    metrics: dict[str, float] = {}
    for gauge, begun in gauged:
        metrics.update(gauge.end(begun))
    return replace(outcome, metrics={**metrics, **(outcome.metrics or {})}) if metrics else outcome


def _end_with(job: Job, outcome: RepetitionOutcome, repetition: int) -> StepSettled | None:
    """How the job comes out, where this is its last repetition; of a step of a recipe its run says that."""
    is_well = outcome.status is JobStatus.SUCCEEDED
    if job.course is not None or (is_well and repetition < job.how.repeat):
        return None
    reason = None if is_well else outcome.reason
    job.told_end = outcome.status, reason
    return end_of(job, outcome.status, reason, now_ms())


def _cpu_s(outcome: RepetitionOutcome) -> float | None:
    if outcome.cpu_user_s is None:
        return None
    return outcome.cpu_user_s + (outcome.cpu_system_s or 0.0)


def _note_on(job: Job, value: Any) -> str | None:
    """What JSON cannot carry of a returned value. Said in the log where something is lost, each note once a job."""
    wire = wire_value(value)
    if wire.is_lost and wire.note is not None and job.is_news(wire.note):
        job.log.say(
            Level.WARN,
            f"{job.name}: the value that it returned is whole in Python only: {wire.note}.",
        )
    return wire.note


def tell(job: Job, status: JobStatus, reason: str | None) -> None:
    """Log how it ended."""
    if status is JobStatus.SUCCEEDED:
        took = seconds_text(job.timing.mean_s or 0.0, job.timing.sd_s)
        job.log.say(Level.INFO, f"{job.name}: succeeded, {took}")
    elif status is JobStatus.CANCELLED:
        job.log.say(Level.WARN, f"{job.name}: {reason}")
    else:
        job.log.say(Level.ERROR, f"{job.name}: {status}: {reason}")
