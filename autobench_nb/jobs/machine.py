"""Which job runs when, and what follows from what happens to it: pure.

Events go in (a run was submitted, a job has ended, a cancel was asked for, the runner was closed), effects come out
(start this job, stop that one, write this to the state, wake who waits). There is no thread, no lock and no clock here:
:class:`~autobench_nb.jobs.runner.Runner` feeds the machine under its own lock and carries the effects out in their
order.

Jobs start in the order in which they came, those of a higher priority before those of a lower one, and none overtakes
another otherwise unless somebody asks for it. Each brings a limit: how many jobs may run while it does. So a job with
limit 1 always runs alone, whatever the limits of those before and after it.

A recipe's run takes a *place* in the queue. When its turn has come, its jobs go before all that came later, also those
that it asks for long after, until it leaves its place: one run after the other. A job may *rest* between two
repetitions, so that others of its run can have theirs in between; it runs on when it is called again.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Final

from autobench_nb.errors import ClosedError
from autobench_nb.jobs.events import (
    FINAL,
    CancelRequested,
    FirstRequested,
    ForgetJobs,
    HoldEnded,
    HoldRequested,
    JobCalled,
    JobEffect,
    JobEnded,
    JobEvent,
    JobRested,
    Lifecycle,
    MoveRequested,
    PlaceLeft,
    PlaceRequested,
    ReachPlace,
    RunnerClosed,
    RunSubmitted,
    StartJob,
    StateWrite,
    StopJob,
    WakeWaiters,
    WriteEnded,
    WriteFirst,
    WriteMoved,
    WriteQueued,
    WriteStarted,
)
from autobench_nb.jobs.waiting import Turn, WaitingLine
from autobench_nb.state.model import JobStatus

__all__ = [
    "FINAL",
    "CancelRequested",
    "FirstRequested",
    "ForgetJobs",
    "HoldEnded",
    "HoldRequested",
    "JobCalled",
    "JobEffect",
    "JobEnded",
    "JobEvent",
    "JobMachine",
    "JobRested",
    "Lifecycle",
    "MoveRequested",
    "PlaceLeft",
    "PlaceRequested",
    "ReachPlace",
    "RunSubmitted",
    "RunnerClosed",
    "StartJob",
    "StateWrite",
    "StopJob",
    "WakeWaiters",
    "WriteEnded",
    "WriteFirst",
    "WriteMoved",
    "WriteQueued",
    "WriteStarted",
]

_FIRST: Final = 2**60


class JobMachine:
    """The queue, the running jobs, the runs that are not over, and the last ``max_kept`` ended jobs."""

    def __init__(self, max_kept: int) -> None:
        self._max_kept = max_kept
        self._waiting: WaitingLine[Lifecycle] = WaitingLine()
        self._running: dict[str, Lifecycle] = {}
        self._resting: dict[str, Lifecycle] = {}
        self._places: dict[str, Turn] = {}
        self._reached: str | None = None
        self._held: set[str | None] = set()
        # By run, its jobs that have not ended, in the order in which they were asked for.
        self._runs: dict[str, dict[str, Lifecycle]] = {}
        self._ended: deque[str] = deque()
        self._stopping: dict[str, str] = {}
        self._closed = False
        self._number = 0

    @property
    def waiting(self) -> tuple[str, ...]:
        """The ids of the queued jobs, next one first."""
        return tuple(job.job_id for job in self._waiting if not job.is_place)

    @property
    def running(self) -> tuple[str, ...]:
        """The ids of the running jobs, in the order of their start."""
        return tuple(self._running)

    @property
    def resting(self) -> tuple[str, ...]:
        """The ids of the jobs that rest between two repetitions."""
        return tuple(self._resting)

    @property
    def is_held(self) -> bool:
        """Whether nothing at all may start."""
        return None in self._held

    def place_of(self, run_id: str) -> tuple[int, int] | None:
        """The priority and the place of a recipe's run that is not over; None where it has none."""
        turn = self._places.get(run_id)
        return None if turn is None else (-turn.rank, turn.place)

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
                job = self._waiting.pop(job_id)
                if job is not None:
                    self._waiting.add(job, Turn(-_FIRST, -self._next(), 0))
                    effects.append(WriteFirst(job_id))
            case MoveRequested(run_id, is_up):
                self._move(run_id, -1 if is_up else 1, effects)
            case JobRested(job_id):
                job = self._running.pop(job_id, None)
                if job is not None and job_id in self._stopping:
                    reason = self._stopping[job_id]
                    self._end(job, JobStatus.CANCELLED, reason, now_ms, effects)
                elif job is not None:
                    self._resting[job_id] = job
            case JobCalled(job_id):
                job = self._resting.pop(job_id, None)
                if job is not None:
                    self._waiting.add(job, self._turn(job))
            case PlaceRequested(run_id, priority, limit):
                self._refuse_if_closed()
                self._places[run_id] = Turn(-priority, self._next(), 0)
                holder = Lifecycle(run_id, run_id, limit, is_place=True)
                self._waiting.add(holder, self._places[run_id])
            case PlaceLeft(run_id):
                self._waiting.pop(run_id)
                self._places.pop(run_id, None)
                self._held.discard(run_id)
                self._reached = None if self._reached == run_id else self._reached
            case HoldRequested(name):
                self._held.add(name)
            case HoldEnded(name):
                self._held.discard(name)
            case RunnerClosed(reason):
                self._closed = True
                waiting = (one for one in self._waiting if not one.is_place)
                everything = (*self._running.values(), *self._resting.values(), *waiting)
                self._cancel(everything, reason, now_ms, effects)
        self._start(now_ms, effects)
        return effects

    def _submit(
        self, run_id: str, jobs: tuple[Lifecycle, ...], now_ms: float, effects: list[JobEffect]
    ) -> None:
        self._refuse_if_closed()
        before = None
        place = self._places.get(run_id)
        number = self._next() if place is None else place.place
        for job in jobs:
            job.created_ms = now_ms
            job.place = number
            rank = -job.priority if place is None else place.rank
            before = self._waiting.add(job, Turn(rank, number, self._next()))
        self._runs.setdefault(run_id, {}).update((job.job_id, job) for job in jobs)
        effects.append(WriteQueued(tuple(job.job_id for job in jobs), before))

    def _move(self, run_id: str, step: int, effects: list[JobEffect]) -> None:
        """Have a run take the priority of its neighbour, and stand on the other side of it."""
        line: dict[str, Turn] = {}
        for turn, job in self._waiting.turns():
            if turn.rank > -_FIRST and job.run_id != self._reached:
                line.setdefault(job.run_id, turn)
        names = list(line)
        at = names.index(run_id) if run_id in line else -1
        if at < 0 or not 0 <= at + step < len(names):
            return
        neighbour = names[at + step]
        rank = line[neighbour].rank
        alike = [name for name in names if line[name].rank == rank and name != run_id]
        alike.insert(alike.index(neighbour) + (step > 0), run_id)
        numbers = sorted(line[name].place for name in alike)
        moved = {
            name: number
            for name, number in zip(alike, numbers, strict=True)
            if (rank, number) != line[name][:2]
        }
        turns = {}
        for turn, job in self._waiting.turns():
            if job.run_id in moved and turn.rank > -_FIRST:
                job.priority, job.place = -rank, moved[job.run_id]
                turns[job.job_id] = Turn(rank, moved[job.run_id], turn.number)
        self._waiting.turn_round(turns)
        for name in moved.keys() & self._places.keys():
            self._places[name] = Turn(rank, moved[name], 0)
        places = tuple((name, -rank, number) for name, number in moved.items())
        effects.append(WriteMoved(places, self.waiting))

    def _refuse_if_closed(self) -> None:
        if self._closed:
            raise ClosedError("this runner is closed and takes no more jobs: make a new one.")

    def _next(self) -> int:
        self._number += 1
        return self._number

    def _turn(self, job: Lifecycle) -> Turn:
        """The turn of a job that comes back to the queue."""
        place = self._places.get(job.run_id)
        number = self._next()
        return Turn(-job.priority, number, 0) if place is None else Turn(*place[:2], number)

    def _named(self, name: str) -> Iterator[Lifecycle]:
        run = self._runs.get(name)
        if run is not None:
            yield from run.values()
            return
        job = self._running.get(name) or self._waiting.get(name) or self._resting.get(name)
        if job is not None and not job.is_place:
            yield job

    def _cancel(
        self,
        jobs: tuple[Lifecycle, ...],
        reason: str,
        now_ms: float,
        effects: list[JobEffect],
    ) -> None:
        for job in jobs:
            resting = self._resting.pop(job.job_id, None)
            if resting is None and self._waiting.pop(job.job_id) is None:
                self._stopping[job.job_id] = reason
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
        self._stopping.pop(job.job_id, None)
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
        if None in self._held:
            return
        limit = min((job.limit for job in self._running.values()), default=None)
        for turn, job in tuple(self._startable()):
            lowest = job.limit if limit is None else min(job.limit, limit)
            if len(self._running) >= lowest or not self._may_pass(turn):
                return
            if job.is_place:
                if self._reached is not None:
                    return
                self._waiting.pop(job.job_id)
                self._reached = job.run_id
                effects.append(ReachPlace(job.run_id))
                continue
            self._waiting.pop(job.job_id)
            limit = lowest
            self._running[job.job_id] = job
            if job.status is JobStatus.QUEUED:
                job.started_ms = now_ms
                job.status = JobStatus.RUNNING
                effects.append(WriteStarted(job.job_id, now_ms))
            effects.append(StartJob(job.job_id, job.executor))

    def _startable(self) -> Iterator[tuple[Turn, Lifecycle]]:
        """Those that wait and are not held, next one first; no more than could start."""
        found = 0
        for turn, job in self._waiting.turns():
            if job.run_id in self._held and not job.is_place:
                continue
            yield turn, job
            found += 1
            if found > job.limit + 1:
                return

    def _may_pass(self, turn: Turn) -> bool:
        """Whether nobody who has reached a place stands before it."""
        place = None if self._reached is None else self._places.get(self._reached)
        return place is None or turn[:2] <= place[:2]
