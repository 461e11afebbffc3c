"""The machine of jobs: events in, lists of effects out."""

from __future__ import annotations

import pytest

from autobench_nb.errors import ClosedError
from autobench_nb.jobs.machine import (
    CancelRequested,
    ForgetJobs,
    JobEffect,
    JobEnded,
    JobMachine,
    Lifecycle,
    RunnerClosed,
    RunSubmitted,
    StartJob,
    StopJob,
    WakeWaiters,
    WriteEnded,
    WriteQueued,
    WriteStarted,
)
from autobench_nb.state.model import JobStatus

CANCELLED, FAILED, SUCCEEDED = JobStatus.CANCELLED, JobStatus.FAILED, JobStatus.SUCCEEDED


def submitted(run: str, jobs: str, limit: int = 1, executor: str = "local") -> RunSubmitted:
    return RunSubmitted(run, tuple(Lifecycle(job, run, limit, executor) for job in jobs))


def machine(max_kept: int = 100) -> JobMachine:
    return JobMachine(max_kept)


def started(effects: list[JobEffect]) -> list[str]:
    return [effect.job_id for effect in effects if isinstance(effect, StartJob)]


def test_a_submitted_job_is_written_as_queued_then_as_running_and_started() -> None:
    assert machine().handle(submitted("r", "a"), 5.0) == [
        WriteQueued(("a",)),
        WriteStarted("a", 5.0),
        StartJob("a", "local"),
    ]


def test_a_job_is_started_on_the_executor_that_was_asked_for() -> None:
    effects = machine().handle(submitted("r", "a", executor="lab"), 0.0)
    assert effects[-1] == StartJob("a", "lab")


def test_the_end_of_a_job_is_written_before_its_run_is_woken_and_the_next_one_starts() -> None:
    jobs = machine()
    jobs.handle(submitted("r", "a"), 0.0)
    assert jobs.handle(submitted("s", "b"), 1.0) == [WriteQueued(("b",))]
    assert jobs.handle(JobEnded("a", FAILED, "exit status 2"), 2.0) == [
        WriteEnded("a", FAILED, "exit status 2", 2.0),
        WakeWaiters("r"),
        WriteStarted("b", 2.0),
        StartJob("b", "local"),
    ]


def test_a_run_is_woken_by_its_last_job_only() -> None:
    jobs = machine()
    jobs.handle(submitted("r", "ab", limit=2), 0.0)
    assert WakeWaiters("r") not in jobs.handle(JobEnded("b", SUCCEEDED), 1.0)
    assert WakeWaiters("r") in jobs.handle(JobEnded("a", SUCCEEDED), 2.0)


def test_jobs_start_in_the_order_in_which_they_came() -> None:
    jobs = machine()
    order = started(jobs.handle(submitted("r", "abc"), 0.0))
    while jobs.running:
        (job,) = jobs.running
        order += started(jobs.handle(JobEnded(job, SUCCEEDED), 1.0))
    assert order == ["a", "b", "c"]


def test_a_job_with_limit_one_runs_alone_between_wider_ones() -> None:
    jobs = machine()
    for run, limit in (("ab", 3), ("!", 1), ("c", 3)):
        jobs.handle(submitted(f"run {run}", run, limit), 0.0)
    assert jobs.running == ("a", "b")
    assert started(jobs.handle(JobEnded("a", SUCCEEDED), 1.0)) == []
    assert started(jobs.handle(JobEnded("b", SUCCEEDED), 2.0)) == ["!"]
    assert started(jobs.handle(JobEnded("!", SUCCEEDED), 3.0)) == ["c"]


def test_a_queued_job_is_cancelled_at_once_and_a_running_one_is_asked_to_stop() -> None:
    jobs = machine()
    jobs.handle(submitted("r", "ab"), 0.0)
    assert jobs.handle(CancelRequested("r"), 1.0) == [
        StopJob("a", "cancelled"),
        WriteEnded("b", CANCELLED, "cancelled", 1.0),
    ]
    assert jobs.handle(JobEnded("a", CANCELLED, "cancelled"), 2.0) == [
        WriteEnded("a", CANCELLED, "cancelled", 2.0),
        WakeWaiters("r"),
    ]


def test_a_cancelled_job_at_the_head_of_the_queue_lets_those_behind_it_start() -> None:
    """Before, they waited until something that runs had ended."""
    jobs = machine()
    jobs.handle(submitted("wide", "a", 2), 0.0)
    jobs.handle(submitted("alone", "!", 1), 0.0)
    jobs.handle(submitted("wide too", "b", 2), 0.0)
    assert started(jobs.handle(CancelRequested("!"), 1.0)) == ["b"]


@pytest.mark.parametrize("name", ["", "nobody", "r"])
def test_what_is_not_there_or_has_ended_cannot_be_cancelled(name: str) -> None:
    jobs = machine()
    jobs.handle(submitted("r", "a"), 0.0)
    jobs.handle(JobEnded("a", SUCCEEDED), 1.0)
    assert jobs.handle(CancelRequested(name), 2.0) == []


def test_a_job_that_has_ended_does_not_end_again() -> None:
    jobs = machine()
    jobs.handle(submitted("r", "a"), 0.0)
    jobs.handle(JobEnded("a", SUCCEEDED), 1.0)
    assert jobs.handle(JobEnded("a", FAILED, "again"), 2.0) == []


def test_the_oldest_ended_jobs_are_forgotten() -> None:
    jobs = machine(max_kept=1)
    jobs.handle(submitted("r", "abc"), 0.0)
    jobs.handle(JobEnded("a", SUCCEEDED), 1.0)
    assert ForgetJobs(("a",)) in jobs.handle(JobEnded("b", SUCCEEDED), 2.0)
    assert ForgetJobs(("b",)) in jobs.handle(JobEnded("c", SUCCEEDED), 3.0)
    assert jobs.kept == ("c",)


def test_closing_ends_what_waits_stops_what_runs_and_starts_nothing() -> None:
    jobs = machine()
    jobs.handle(submitted("r", "ab"), 0.0)
    assert jobs.handle(RunnerClosed("closed"), 1.0) == [
        StopJob("a", "closed"),
        WriteEnded("b", CANCELLED, "closed", 1.0),
    ]
    with pytest.raises(ClosedError):
        jobs.handle(submitted("s", "c"), 2.0)
    assert (jobs.waiting, jobs.running) == ((), ("a",))


def test_a_lifecycle_tells_when_and_how() -> None:
    jobs, event = machine(), submitted("r", "a")
    (job,) = event.jobs
    jobs.handle(event, 1.0)
    assert (job.status, job.created_ms, job.started_ms) == (JobStatus.RUNNING, 1.0, 1.0)
    jobs.handle(JobEnded("a", FAILED, "why"), 2.0)
    assert (job.status, job.reason, job.finished_ms, job.has_ended) == (FAILED, "why", 2.0, True)
