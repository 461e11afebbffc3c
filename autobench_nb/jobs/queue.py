"""The queue of jobs: events go to the machine of jobs, and what it decides is carried out in its order."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable

from autobench_nb.errors import reason_of
from autobench_nb.jobs import keeping
from autobench_nb.jobs.executors.executor import Executor
from autobench_nb.jobs.job import Job
from autobench_nb.jobs.ledger import Ledger
from autobench_nb.jobs.machine import (
    CancelRequested,
    FirstRequested,
    ForgetJobs,
    JobEffect,
    JobEnded,
    JobEvent,
    JobMachine,
    JobRested,
    MoveRequested,
    ReachPlace,
    StartJob,
    StateWrite,
    StopJob,
    WakeWaiters,
    WriteEnded,
    WriteFirst,
    WriteMoved,
)
from autobench_nb.jobs.output import NARRATION, LogFunction
from autobench_nb.jobs.performers import Performers
from autobench_nb.jobs.repetitions import perform
from autobench_nb.jobs.results import Results
from autobench_nb.jobs.run import Run
from autobench_nb.jobs.state_writer import StateWriter
from autobench_nb.jobs.timing import now_ms
from autobench_nb.logs.entry import Level
from autobench_nb.state.model import JobKind, JobStatus


class JobQueue:
    """What :class:`~autobench_nb.jobs.runner.Runner` is beneath what it is asked for.

    Args:
        max_kept: How many ended jobs stay in the state.

    Attributes:
        results: The rows of all repetitions that have ended.
        ledger: What outlives the process.
        reach_place: Is told the id of a recipe's run whose turn has come.
    """

    results: Results
    ledger: Ledger
    _executors: dict[str, Executor]
    _writer: StateWriter
    _performers: Performers

    def __init__(self, max_kept: int) -> None:
        # Held only while the machine takes an event: no lock is taken, and nothing is done, under it.
        self._lock = threading.Lock()
        self._machine = JobMachine(max_kept)
        self._jobs: dict[str, Job] = {}
        self._runs: dict[str, Run] = {}
        # What is to be started and stopped, in the order of the events; done by whoever holds the turn.
        self._acts: deque[StartJob | StopJob] = deque()
        # Reentrant: what is written may call a subscriber of the user's, who may submit, cancel or close.
        self._turn = threading.RLock()
        self.reach_place: Callable[[str], None] = lambda _run_id: None

    @property
    def is_held(self) -> bool:
        """Whether the queue is paused."""
        return self._machine.is_held

    def job(self, job_id: str) -> Job | None:
        """The job of that id; None where there is none any more."""
        return self._jobs.get(job_id)

    def put_first(self, job_id: str) -> bool:
        """Have a queued job be the next one; False where it does not wait."""
        return any(isinstance(one, WriteFirst) for one in self.feed(FirstRequested(job_id)))

    def move(self, run_id: str, *, is_up: bool) -> bool:
        """Have a run that waits change places with its neighbour; False where it does not wait, or has none there."""
        return any(isinstance(one, WriteMoved) for one in self.feed(MoveRequested(run_id, is_up)))

    def place_of(self, run_id: str) -> tuple[int, int] | None:
        """The priority and the place of a recipe's run; None where it is over."""
        return self._machine.place_of(run_id)

    def cancel(self, name: str) -> int:
        """Ask the job, or all jobs of the run, of that id to end; how many of them had not ended yet.

        Queued ones end now, running commands after SIGTERM or SIGKILL, coroutines when they are cancelled, plain
        callables when they look at ``current_job().cancelled``.
        """
        effects = self.feed(CancelRequested(name))
        # No job ends otherwise by being asked to.
        return sum(isinstance(one, StopJob | WriteEnded) for one in effects)

    def catch_up(self) -> None:
        """Write to the state what is not yet written there, as far as nobody else's batch is open."""
        self._writer.flush()

    # --- from events to effects

    def feed(self, event: JobEvent) -> list[JobEffect]:
        """Have the machine take an event, and carry out what it decides, which is given too."""
        with self._lock:
            effects = self._machine.handle(event, now_ms())
            self._take(effects)
        self._carry_out(effects)
        return effects

    def _take(self, effects: list[JobEffect]) -> None:
        """Put the effects of one event behind those of all events before it. The lock is held."""
        acts: list[StartJob | StopJob] = []
        writes: list[StateWrite] = []
        for effect in effects:
            if isinstance(effect, (StartJob, StopJob)):
                acts.append(effect)
            elif not isinstance(effect, WakeWaiters | ReachPlace):
                writes.append(effect)
                if isinstance(effect, ForgetJobs):
                    for job_id in effect.job_ids:
                        self._jobs.pop(job_id, None)
        # The writes first: who finds an act finds what is to be written before it.
        self._writer.put(writes)
        self._acts.extend(acts)

    def _carry_out(self, effects: list[JobEffect]) -> None:
        """Start and stop, write, wake who waits. Who finds the turn taken leaves the first to its holder.

        A command's thread wakes up and gives it to its launcher while its start is written; the order of what is
        written stands already. A callable may look at the state, and finds itself running there.
        """
        while self._acts and self._turn.acquire(blocking=False):
            try:
                while self._acts:
                    self._do(self._acts.popleft())
            finally:
                self._turn.release()
        self._writer.flush()
        for effect in effects:
            self._tell(effect)

    def _tell(self, effect: JobEffect) -> None:
        """Tell who waits for a run, for its place, or for the job of a step."""
        if isinstance(effect, WakeWaiters):
            run = self._runs.pop(effect.run_id, None)
            if run is not None and run.is_plain:
                keeping.tell_run_ended(self.ledger, run, now_ms())
                run.finish()
        elif isinstance(effect, ReachPlace):
            self.reach_place(effect.run_id)
        elif isinstance(effect, WriteEnded):
            job = self._jobs.get(effect.job_id)
            if job is not None and job.course is not None:
                job.course.ended(job)

    def _do(self, act: StartJob | StopJob) -> None:
        match act:
            case StartJob(job_id):
                starting = self._jobs[job_id]
                if starting.task.kind is not JobKind.COMMAND:
                    self._writer.flush()
                self._performers.start(starting)
            case StopJob(job_id, reason):
                job = self._jobs.get(job_id)
                if job is not None:
                    job.stop.request(JobStatus.CANCELLED, reason)

    def _perform(self, job: Job) -> tuple[JobStatus, str | None] | None:
        if job.course is None:
            keeping.tell_job_began(self.ledger, job, now_ms())
        return perform(job, self._executors[job.lifecycle.executor], self.results, self.ledger)

    def _feed_end(self, job: Job, status: JobStatus | None, reason: str | None) -> None:
        if status is None:
            self.feed(JobRested(job.id))
            if job.course is not None:
                job.course.rested(job)
            return
        if job.course is None:
            keeping.tell_job_ended(self.ledger, job, status, reason, now_ms())
        self.feed(JobEnded(job.id, status, reason))


def say_refused(log: LogFunction, error: Exception, of: str = "the jobs") -> None:
    """Say once that the state refused what became of the jobs, or of a run; they go on without it."""
    notes = "".join(f" {note}" for note in getattr(error, "__notes__", ()))
    log(
        NARRATION,
        Level.ERROR,
        f"The state did not take what became of {of}: {reason_of(error)}{notes}. "
        f"{'They go' if of == 'the jobs' else 'It goes'} on; the state is tried again.",
    )
