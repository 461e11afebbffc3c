"""Where a job stands, what happens to it, and what is to be done about it: pure."""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from autobench_nb.state.model import JobStatus

FINAL: Final = frozenset(
    {JobStatus.SUCCEEDED, JobStatus.FAILED, JobStatus.CANCELLED, JobStatus.TIMEOUT}
)
"""The statuses of a job that has ended."""


class Lifecycle(Struct):
    """Where one job stands. Whoever submits makes it, only the machine changes it, any thread may read it.

    ``limit``: how many jobs may run while this one does, itself among them. ``executor``: the name of where it runs.
    Times in milliseconds since 1970. ``reason``: why it did not succeed. ``place``: of its run, among those of the same
    priority. ``is_place``: no job, but holds the place of a recipe's run.
    """

    job_id: str
    run_id: str
    limit: int = 1
    executor: str = "local"
    created_ms: float = 0.0
    started_ms: float | None = None
    finished_ms: float | None = None
    reason: str | None = None
    status: JobStatus = JobStatus.QUEUED
    priority: int = 0
    place: int = 0
    is_place: bool = False

    @property
    def has_ended(self) -> bool:
        """Whether the status is a final one."""
        return self.status in FINAL


# --- events


class RunSubmitted(Struct, frozen=True):
    """Some jobs were asked for together, in this order."""

    run_id: str
    jobs: tuple[Lifecycle, ...]


class JobEnded(Struct, frozen=True):
    """A started job is over, with this status; ``reason`` says why it did not succeed."""

    job_id: str
    status: JobStatus
    reason: str | None = None


class CancelRequested(Struct, frozen=True):
    """Somebody wants the job, or all jobs of the run, of that id to end."""

    name: str
    reason: str = "cancelled"


class FirstRequested(Struct, frozen=True):
    """Somebody wants this queued job to be the next one."""

    job_id: str


class MoveRequested(Struct, frozen=True):
    """Somebody wants a run that waits to change places with its neighbour: the one before it, or the one after it."""

    run_id: str
    is_up: bool


class JobRested(Struct, frozen=True):
    """A running job has done a part of its work, and others may have their turns before it goes on."""

    job_id: str


class JobCalled(Struct, frozen=True):
    """A job that rests is to go on when its turn in the queue comes."""

    job_id: str


class PlaceRequested(Struct, frozen=True):
    """A recipe's run wants its place in the queue."""

    run_id: str
    priority: int = 0
    limit: int = 1


class PlaceLeft(Struct, frozen=True):
    """A recipe's run is over, or does not want its place any more."""

    run_id: str


class HoldRequested(Struct, frozen=True):
    """Nothing may start until :class:`HoldEnded`: of this run, or without one of all."""

    run_id: str | None = None


class HoldEnded(Struct, frozen=True):
    """What was held may start again."""

    run_id: str | None = None


class RunnerClosed(Struct, frozen=True):
    """Nothing more may start; what waits and what runs is to end."""

    reason: str


JobEvent = (
    RunSubmitted
    | JobEnded
    | CancelRequested
    | FirstRequested
    | MoveRequested
    | JobRested
    | JobCalled
    | PlaceRequested
    | PlaceLeft
    | HoldRequested
    | HoldEnded
    | RunnerClosed
)


# --- effects


class StartJob(Struct, frozen=True):
    """Do the work of this job, and feed :class:`JobEnded` when it is over."""

    job_id: str
    executor: str


class StopJob(Struct, frozen=True):
    """Ask the running job to end. It ends when it does: :class:`JobEnded` follows."""

    job_id: str
    reason: str


class WriteQueued(Struct, frozen=True):
    """Write to the state that these jobs wait: before that one, or at the end of the queue."""

    job_ids: tuple[str, ...]
    before: str | None = None


class WriteFirst(Struct, frozen=True):
    """Write to the state that this job, which waits, stands at the head of the queue."""

    job_id: str


class WriteMoved(Struct, frozen=True):
    """Write to the state the places that some runs have now, and in which order jobs wait.

    ``places``: by run its priority and its place.
    """

    places: tuple[tuple[str, int, int], ...]
    waiting: tuple[str, ...]


class WriteStarted(Struct, frozen=True):
    """Write to the state that the job has left the queue and runs."""

    job_id: str
    started_ms: float


class WriteEnded(Struct, frozen=True):
    """Write to the state how the job ended, and that it left the queue or the running ones."""

    job_id: str
    status: JobStatus
    reason: str | None
    finished_ms: float


class ForgetJobs(Struct, frozen=True):
    """Take these ended jobs out of the state: newer ones have their place."""

    job_ids: tuple[str, ...]


class ReachPlace(Struct, frozen=True):
    """Tell the run that its turn has come."""

    run_id: str


class WakeWaiters(Struct, frozen=True):
    """All jobs of the run have ended: wake who waits for it."""

    run_id: str


StateWrite = WriteQueued | WriteFirst | WriteMoved | WriteStarted | WriteEnded | ForgetJobs
JobEffect = StartJob | StopJob | ReachPlace | WakeWaiters | StateWrite
