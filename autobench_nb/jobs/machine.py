"""Which job runs when, and what follows from what happens to it: pure.

Events go in (a run was submitted, a job has ended, a cancel was asked for, the runner was closed), effects come out
(start this job, stop that one, write this to the state, wake who waits). There is no thread, no lock and no clock here:
:class:`~autobench_nb.jobs.runner.Runner` feeds the machine under its own lock and carries the effects out in their
order.

Jobs start in the order in which they came, and none overtakes another unless somebody asks for it. Each brings a limit:
how many jobs may run while it does. So a job with limit 1 always runs alone, whatever the limits of those before and
after it.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from autobench_nb.errors import ClosedError
from autobench_nb.state.model import JobStatus

FINAL: Final = frozenset(
    {JobStatus.SUCCEEDED, JobStatus.FAILED, JobStatus.CANCELLED, JobStatus.TIMEOUT}
)
"""The statuses of a job that has ended."""


@dataclass(slots=True)
class Lifecycle:
    """Where one job stands. Whoever submits makes it, only the machine changes it, any thread may read it.

    ``limit``: how many jobs may run while this one does, itself among them. ``executor``: the name of where it runs.
    Times in milliseconds since 1970. ``reason``: why it did not succeed.
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
class RunnerClosed:
    """Nothing more may start; what waits and what runs is to end."""

    reason: str


JobEvent = RunSubmitted | JobEnded | CancelRequested | FirstRequested | RunnerClosed


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
    """Write to the state that these jobs wait, at the end of the queue."""

    job_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class WriteFirst:
    """Write to the state that this job, which waits, stands at the head of the queue."""

    job_id: str


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
class WakeWaiters:
    """All jobs of the run have ended: wake who waits for it."""

    run_id: str


StateWrite = WriteQueued | WriteFirst | WriteStarted | WriteEnded | ForgetJobs
JobEffect = StartJob | StopJob | WakeWaiters | StateWrite


class JobMachine:
    """The queue, the running jobs, the runs that are not over, and the last ``max_kept`` ended jobs."""

    def __init__(self, max_kept: int) -> None:
        self._max_kept = max_kept
        # A plain dict would look through all who have left to find the first one.
        self._waiting: OrderedDict[str, Lifecycle] = OrderedDict()
        self._running: dict[str, Lifecycle] = {}
        # By run, its jobs that have not ended, in the order in which they were asked for.
        self._runs: dict[str, dict[str, Lifecycle]] = {}
        self._ended: deque[str] = deque()
        self._closed = False

    @property
    def waiting(self) -> tuple[str, ...]:
        """The ids of the queued jobs, next one first."""
        return tuple(self._waiting)

    @property
    def running(self) -> tuple[str, ...]:
        """The ids of the running jobs, in the order of their start."""
        return tuple(self._running)

    @property
    def kept(self) -> tuple[str, ...]:
        """The ids of the ended jobs that are still kept, oldest first."""
        return tuple(self._ended)

    @property
    def closed(self) -> bool:
        """Whether :class:`RunnerClosed` was fed."""
        return self._closed

    def handle(self, event: JobEvent, now_ms: float) -> list[JobEffect]:
        """Take one event.

        Args:
            event: What happened.
            now_ms: Milliseconds since 1970 at which it happened.

        Returns:
            What is to be done about it, in that order.

        Raises:
            ClosedError: for :class:`RunSubmitted` after :class:`RunnerClosed`; nothing has changed.
        """
        effects: list[JobEffect] = []
        match event:
            case RunSubmitted(run_id, jobs):
                self._submit(run_id, jobs, now_ms, effects)
            case JobEnded(job_id, status, reason):
                job = self._running.pop(job_id, None)
                if job is not None:
                    self._end(job, status, reason, now_ms, effects)
            case CancelRequested(name, reason):
                self._cancel(tuple(self._named(name)), reason, now_ms, effects)
            case FirstRequested(job_id):
                if job_id in self._waiting:
                    self._waiting.move_to_end(job_id, last=False)
                    effects.append(WriteFirst(job_id))
            case RunnerClosed(reason):
                self._closed = True
                everything = (*self._running.values(), *self._waiting.values())
                self._cancel(everything, reason, now_ms, effects)
        self._start(now_ms, effects)
        return effects

    def _submit(
        self, run_id: str, jobs: tuple[Lifecycle, ...], now_ms: float, effects: list[JobEffect]
    ) -> None:
        if self._closed:
            raise ClosedError("this runner is closed and takes no more jobs: make a new one.")
        for job in jobs:
            job.created_ms = now_ms
            self._waiting[job.job_id] = job
        self._runs[run_id] = {job.job_id: job for job in jobs}
        effects.append(WriteQueued(tuple(job.job_id for job in jobs)))

    def _named(self, name: str) -> Iterator[Lifecycle]:
        run = self._runs.get(name)
        if run is not None:
            yield from run.values()
            return
        job = self._running.get(name) or self._waiting.get(name)
        if job is not None:
            yield job

    def _cancel(
        self,
        jobs: tuple[Lifecycle, ...],
        reason: str,
        now_ms: float,
        effects: list[JobEffect],
    ) -> None:
        for job in jobs:
            if self._waiting.pop(job.job_id, None) is None:
                effects.append(StopJob(job.job_id, reason))
            else:
                self._end(job, JobStatus.CANCELLED, reason, now_ms, effects)

    def _end(
        self,
        job: Lifecycle,
        status: JobStatus,
        reason: str | None,
        now_ms: float,
        effects: list[JobEffect],
    ) -> None:
        # The status last: a thread that reads a final one finds the rest in its place.
        job.reason = reason
        job.finished_ms = now_ms
        job.status = status
        effects.append(WriteEnded(job.job_id, status, reason, now_ms))
        self._ended.append(job.job_id)
        surplus = len(self._ended) - self._max_kept
        if surplus > 0:
            effects.append(ForgetJobs(tuple(self._ended.popleft() for _ in range(surplus))))
        left = self._runs[job.run_id]
        del left[job.job_id]
        if not left:
            del self._runs[job.run_id]
            effects.append(WakeWaiters(job.run_id))

    def _start(self, now_ms: float, effects: list[JobEffect]) -> None:
        """Start what may start: the one place that says which job is next."""
        while self._waiting:
            job = next(iter(self._waiting.values()))
            limit = min(one.limit for one in (job, *self._running.values()))
            if len(self._running) >= limit:
                return
            del self._waiting[job.job_id]
            self._running[job.job_id] = job
            job.started_ms = now_ms
            job.status = JobStatus.RUNNING
            effects.append(WriteStarted(job.job_id, now_ms))
            effects.append(StartJob(job.job_id, job.executor))
