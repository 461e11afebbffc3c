"""Where a job stands, what happens to it, and what is to be done about it: pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from autobench_nb.state.model import JobStatus

FINAL: Final = frozenset(
    {JobStatus.SUCCEEDED, JobStatus.FAILED, JobStatus.CANCELLED, JobStatus.TIMEOUT}
)
"""The statuses of a job that has ended."""


@dataclass(slots=True)
class Lifecycle:
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


@dataclass(frozen=True, slots=True)
class RunSubmitted:
    """Some jobs were asked for together, in this order."""

    run_id: str
    jobs: tuple[Lifecycle, ...]


@dataclass(frozen=True, slots=True)
class JobEnded:
    """A started job is over, with this status; ``reason`` says why it did not succeed."""

    job_id: str
    status: JobStatus
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class CancelRequested:
    """Somebody wants the job, or all jobs of the run, of that id to end."""

    name: str
    reason: str = "cancelled"


@dataclass(frozen=True, slots=True)
class FirstRequested:
    """Somebody wants this queued job to be the next one."""

    job_id: str


@dataclass(frozen=True, slots=True)
class MoveRequested:
    """Somebody wants a run that waits to change places with its neighbour: the one before it, or the one after it."""

    run_id: str
    is_up: bool


@dataclass(frozen=True, slots=True)
class JobRested:
    """A running job has done a part of its work, and others may have their turns before it goes on."""

    job_id: str


@dataclass(frozen=True, slots=True)
class JobCalled:
    """A job that rests is to go on when its turn in the queue comes."""

    job_id: str


@dataclass(frozen=True, slots=True)
class PlaceRequested:
    """A recipe's run wants its place in the queue."""

    run_id: str
    priority: int = 0
    limit: int = 1


@dataclass(frozen=True, slots=True)
class PlaceLeft:
    """A recipe's run is over, or does not want its place any more."""

    run_id: str


@dataclass(frozen=True, slots=True)
class HoldRequested:
    """Nothing may start until :class:`HoldEnded`: of this run, or without one of all."""

    run_id: str | None = None


@dataclass(frozen=True, slots=True)
class HoldEnded:
    """What was held may start again."""

    run_id: str | None = None


@dataclass(frozen=True, slots=True)
class RunnerClosed:
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


@dataclass(frozen=True, slots=True)
class StartJob:
    """Do the work of this job, and feed :class:`JobEnded` when it is over."""

    job_id: str
    executor: str


@dataclass(frozen=True, slots=True)
class StopJob:
    """Ask the running job to end. It ends when it does: :class:`JobEnded` follows."""

    job_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class WriteQueued:
    """Write to the state that these jobs wait: before that one, or at the end of the queue."""

    job_ids: tuple[str, ...]
    before: str | None = None


@dataclass(frozen=True, slots=True)
class WriteFirst:
    """Write to the state that this job, which waits, stands at the head of the queue."""

    job_id: str


@dataclass(frozen=True, slots=True)
class WriteMoved:
    """Write to the state the places that some runs have now, and in which order jobs wait.

    ``places``: by run its priority and its place.
    """

    places: tuple[tuple[str, int, int], ...]
    waiting: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class WriteStarted:
    """Write to the state that the job has left the queue and runs."""

    job_id: str
    started_ms: float


@dataclass(frozen=True, slots=True)
class WriteEnded:
    """Write to the state how the job ended, and that it left the queue or the running ones."""

    job_id: str
    status: JobStatus
    reason: str | None
    finished_ms: float


@dataclass(frozen=True, slots=True)
class ForgetJobs:
    """Take these ended jobs out of the state: newer ones have their place."""

    job_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ReachPlace:
    """Tell the run that its turn has come."""

    run_id: str


@dataclass(frozen=True, slots=True)
class WakeWaiters:
    """All jobs of the run have ended: wake who waits for it."""

    run_id: str


StateWrite = WriteQueued | WriteFirst | WriteMoved | WriteStarted | WriteEnded | ForgetJobs
JobEffect = StartJob | StopJob | ReachPlace | WakeWaiters | StateWrite
