"""Who does the jobs that run: a thread for each, from its start to what became of it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from functools import partial
from typing import TypeAlias

from autobench_nb.errors import reason_of
from autobench_nb.jobs.job import Job
from autobench_nb.jobs.output import NARRATION, LogFunction
from autobench_nb.jobs.repetitions import tell
from autobench_nb.jobs.threads import JobThreads
from autobench_nb.logs.entry import Level
from autobench_nb.state.model import JobKind, JobStatus

Perform: TypeAlias = Callable[[Job], tuple[JobStatus, str | None] | None]
Ended: TypeAlias = Callable[[Job, JobStatus | None, str | None], None]


class Performers:
    """Has a thread do each job that is started, and knows those that go on.

    Args:
        perform: Does all of a job's work, and gives the status that it has earned, and why; None where the job rests.
        ended: Is told that (no status: it rests), in the job's own thread; in the caller's where the system gives none.
        log: ``LogRing.append``.
    """

    def __init__(self, perform: Perform, ended: Ended, log: LogFunction) -> None:
        self._perform = perform
        self._ended = ended
        self._log = log
        self._threads: dict[threading.Thread, Job] = {}
        self._commands = JobThreads()

    def start(self, job: Job) -> None:
        """Do the work of ``job`` in a thread that does no other meanwhile."""
        try:
            if job.task.kind is JobKind.COMMAND:
                idle = self._commands.take()
                self._threads[idle] = job
                idle.works.put(partial(self._run, job))
                return
            # A callable has a thread of its own: what it leaves in one is not the next one's.
            thread = threading.Thread(
                target=self._run, args=(job,), name=f"autobench-job-{job.id}", daemon=True
            )
            self._threads[thread] = job
            thread.start()
        except RuntimeError as error:  # the system gives no more threads
            self._threads = {one: its for one, its in self._threads.items() if its is not job}
            self._ended(job, JobStatus.FAILED, f"no thread for it: {error}")

    def close(self, patience_s: float) -> None:
        """Wait for the end of all, but for that of callables ``patience_s`` seconds at most; who stays is logged."""
        self._commands.close()
        until = time.monotonic() + patience_s
        for thread, job in tuple(self._threads.items()):
            if thread is threading.current_thread():  # a callable closes its own orchestrator
                continue
            # A process surely ends; who waits here within a batch of the state's holds up nobody.
            patient = job.task.kind is JobKind.COMMAND or job.how.isolate
            thread.join(None if patient else max(0.0, until - time.monotonic()))
            if thread.is_alive():
                self._log(
                    NARRATION,
                    Level.WARN,
                    f"{thread.name} does not end: its callable never looks at job.cancelled.",
                )

    def after_fork_in_child(self) -> None:
        """The threads are the parent's."""
        self._threads.clear()
        self._commands.after_fork_in_child()

    def _run(self, job: Job) -> None:
        status: JobStatus | None
        reason: str | None
        try:
            status, reason = self._perform(job) or (None, None)
            if status is not None:
                tell(job, status, reason)
        except BaseException as error:  # noqa: BLE001 - a fault of ours may fail this job, but not stop the queue
            status, reason = (
                JobStatus.FAILED,
                f"the runner itself failed: {reason_of(error)}",
            )
        try:
            self._ended(job, status, None if reason is None else job.seen(reason))
        finally:
            # In a forked child they are forgotten.
            self._threads.pop(threading.current_thread(), None)
