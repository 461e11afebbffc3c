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
    MoveRequested,
    PlaceRequested,
    ReachPlace,
    RunnerClosed,
    RunSubmitted,
    StartJob,
    StopJob,
    WakeWaiters,
    WriteEnded,
    WriteMoved,
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


def queue_of(*runs: tuple[str, int]) -> JobMachine:
    """A machine in which a job runs, and of each of these runs two jobs wait."""
    made = machine()
    made.handle(submitted("r", "x"), 1.0)
    for name, priority in runs:
        jobs = tuple(Lifecycle(f"{name}{n}", name, priority=priority) for n in (1, 2))
        made.handle(RunSubmitted(name, jobs), 1.0)
    return made


def test_a_run_that_is_moved_stands_before_or_behind_its_neighbour_with_all_of_its_jobs() -> None:
    made = queue_of(("a", 0), ("b", 0), ("c", 0))
    (write,) = made.handle(MoveRequested("c", is_up=True), 2.0)
    assert isinstance(write, WriteMoved)
    assert made.waiting == write.waiting == ("a1", "a2", "c1", "c2", "b1", "b2")
    made.handle(MoveRequested("a", is_up=False), 2.0)
    assert made.waiting == ("c1", "c2", "a1", "a2", "b1", "b2")


def test_a_run_that_moves_past_one_of_another_priority_takes_it() -> None:
    made = queue_of(("low", 0), ("mid", 5), ("old", 9), ("new", 9))
    (write,) = made.handle(MoveRequested("mid", is_up=True), 2.0)
    assert isinstance(write, WriteMoved)
    assert [(name, priority) for name, priority, _ in write.places if name == "mid"] == [("mid", 9)]
    assert made.waiting == ("old1", "old2", "mid1", "mid2", "new1", "new2", "low1", "low2")
    made.handle(RunSubmitted("later", (Lifecycle("later1", "later", priority=9),)), 3.0)
    assert made.waiting.index("later1") == 6


@pytest.mark.parametrize(("name", "is_up"), [("a", True), ("b", False), ("x", True), ("r", False)])
def test_a_run_without_a_neighbour_there_or_that_does_not_wait_is_not_moved(
    name: str, is_up: bool
) -> None:
    made = queue_of(("a", 0), ("b", 0))
    assert made.handle(MoveRequested(name, is_up), 2.0) == []
    assert made.waiting == ("a1", "a2", "b1", "b2")


def test_a_recipe_s_run_is_moved_among_jobs_and_reached_in_its_new_place() -> None:
    made = queue_of(("a", 0), ("b", 0))
    made.handle(PlaceRequested("recipe"), 2.0)
    made.handle(MoveRequested("recipe", is_up=True), 3.0)
    made.handle(MoveRequested("recipe", is_up=True), 3.0)
    effects = made.handle(JobEnded("x", SUCCEEDED), 4.0)
    assert ReachPlace("recipe") in effects
    assert started(effects) == []
