"""The runner: a queue of jobs, and threads of its own that do them, so that they go on while a cell blocks."""

from __future__ import annotations

import atexit
import itertools
import os
import threading
import time
import weakref
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Final, Self

from autobench_nb import forks
from autobench_nb.errors import ClosedError, JobError
from autobench_nb.jobs.executors.executor import Executor
from autobench_nb.jobs.executors.in_process import InProcess
from autobench_nb.jobs.executors.local_process import GRACE_S, LocalProcess
from autobench_nb.jobs.job import Job
from autobench_nb.jobs.output import LogFunction
from autobench_nb.jobs.records import Jobs
from autobench_nb.jobs.repetitions import perform, tell
from autobench_nb.jobs.results import MAX_ROWS, Results
from autobench_nb.jobs.run import Run
from autobench_nb.jobs.schedule import Schedule
from autobench_nb.jobs.slice import REPORT_INTERVAL_S, JobReporter, JobsSlice
from autobench_nb.jobs.work import How, Task, Work, read_work
from autobench_nb.logs.entry import Level
from autobench_nb.state.model import JobKind, JobStatus
from autobench_nb.state.store import StateStore

CLOSE_PATIENCE_S: Final = 5.0
"""How long ``close`` waits for callables that do not look at ``current_job().cancelled``."""


class Runner:
    """Runs jobs, ``parallelism`` at once, in the order in which they were asked for.

    ``log``: ``LogRing.append``. ``ready(timeout_s)``: whether the log path has room, waiting for it at most so long;
    what floods the log is slowed by it. The last ``max_kept`` ended jobs stay in the state, the last ``max_rows``
    results in ``results``. ``grace_s``: between SIGTERM and SIGKILL. ``report_interval_s``: how often what
    changes while a job runs is written to the state.

    Thread-safe. Ends what runs when closed, and when the interpreter exits.
    """

    def __init__(
        self,
        store: StateStore,
        log: LogFunction,
        *,
        parallelism: int = 1,
        max_kept: int = 1_000,
        ready: Callable[[float], bool] | None = None,
        max_rows: int = MAX_ROWS,
        grace_s: float = GRACE_S,
        report_interval_s: float = REPORT_INTERVAL_S,
    ) -> None:
        self.parallelism = _limit("parallelism", parallelism)
        self.results = Results(max_rows)
        self.jobs = Jobs(store, self.cancel)
        self._store = store
        self._log = log
        self._ready = ready
        self._slice = JobsSlice(store)
        self._reporter = JobReporter(store, report_interval_s)
        self._executors: dict[JobKind, Executor] = {
            JobKind.COMMAND: LocalProcess(grace_s=grace_s),
            JobKind.CALLABLE: InProcess(),
        }
        # Always taken after the store's lock, never before it: a batch of the user's may hold that one.
        self._lock = threading.Lock()
        self._schedule = Schedule(max_kept)
        self._unfinished: dict[str, Job] = {}
        self._threads: dict[threading.Thread, Job] = {}
        self._run_numbers = itertools.count(1)
        self._job_numbers = itertools.count(1)
        self._closed = False
        _open.add(self)
        forks.register(self)

    def after_fork_in_child(self) -> None:
        """Threads and commands are the parent's: nothing is started, ended or waited for here."""
        self._lock = threading.Lock()
        self._closed = True
        self._schedule.waiting.clear()
        self._threads.clear()
        _open.discard(self)

    def submit(
        self,
        work: Work,
        *,
        repeat: int = 1,
        warmup: int = 0,
        timeout_s: float | None = None,
        name: str | None = None,
        cwd: str | os.PathLike[str] | None = None,
        env: Mapping[str, str | None] | None = None,
        shell: bool | str = True,
        pty: bool = False,
        parallel: int | None = None,
    ) -> Run:
        """Queue jobs, one for each item of ``work``; returns at once.

        ``work``: one item, a list of items, or ``{label: item}``; an item is a shell command (text), a list of
        arguments (within a list or dict; no shell), or a callable without arguments, also a coroutine function.
        ``repeat`` measured repetitions follow ``warmup`` ones that are not measured; the first that fails ends its job.
        ``timeout_s`` is for each repetition. ``env`` is laid over the process's own, None removes a variable.
        ``shell``: the shell's path, or False to split text into words and run it without one. ``pty=True``: a terminal
        instead of pipes. ``parallel``: as many of these jobs may run at once (default: the runner's ``parallelism``);
        a job that is to run alone does, whoever else is in the queue.

        Raises :class:`JobError` for what cannot be run, :class:`ClosedError` after :meth:`close`.
        """
        tasks = read_work(work, name=name, shell=shell)
        how = How(
            repeat, warmup, timeout_s, None if cwd is None else os.fspath(cwd), dict(env or {}), pty
        )
        limit = self.parallelism if parallel is None else _limit("parallel", parallel)
        with self._store.batch(), self._lock:
            if self._closed:
                raise ClosedError("this runner is closed and takes no more jobs: make a new one.")
            run = Run(f"run-{next(self._run_numbers)}", self, len(tasks) * repeat)
            run.adopt([self._new_job(run, task, how) for task in tasks])
            self._slice.add(run.jobs)
            for job in run.jobs:
                self._schedule.add(job.id, limit)
                self._unfinished[job.id] = job
        self._dispatch()
        return run

    def cancel(self, name: str) -> int:
        """Ask the job, or all jobs of the run, of that id to end; how many of them had not ended yet.

        Queued ones end now, running commands after SIGTERM or SIGKILL, coroutines when they are cancelled, plain
        callables when they look at ``current_job().cancelled``.
        """
        return self._cancel(lambda job: name in (job.id, job.run_id), "cancelled")

    def close(self) -> None:
        """Cancel what is queued and what runs, wait for its end, leave no process and no thread. Again: no effect.

        A plain callable that does not end within 5 s is left behind in its (daemon) thread, with an entry in the log.
        """
        with self._lock:
            if self._closed:
                return
            self._closed = True
        _open.discard(self)
        self._cancel(lambda _: True, "the orchestrator was closed")
        until = time.monotonic() + CLOSE_PATIENCE_S
        for thread, job in tuple(self._threads.items()):
            if thread is threading.current_thread():  # a callable closes its own orchestrator
                continue
            patient = job.task.kind is JobKind.COMMAND  # it surely ends
            thread.join(None if patient else max(0.0, until - time.monotonic()))
            if thread.is_alive():
                self._log(
                    "job",
                    Level.WARN,
                    f"{thread.name} does not end: its callable never looks at job.cancelled.",
                )
        self._reporter.close()
        for executor in self._executors.values():
            executor.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        if self._closed:
            return "<Runner closed>"
        running, waiting = len(self._schedule.running), len(self._schedule.waiting)
        return f"<Runner {running} running, {waiting} queued, parallelism {self.parallelism}>"

    def _new_job(self, run: Run, task: Task, how: How) -> Job:
        return Job(
            str(next(self._job_numbers)),
            run,
            task,
            how,
            log=self._log,
            ready=self._ready,
            changed=self._reporter.touch,
        )

    # --- the queue

    def _dispatch(self) -> None:
        """Start what may start."""
        while True:
            with self._store.batch(), self._lock:
                job_id = self._schedule.next()
                if job_id is None:
                    return
                job = self._unfinished[job_id]
                job.begin()
                self._slice.start(job, self._schedule.waiting)
                thread = threading.Thread(
                    target=self._work, args=(job,), name=f"autobench-job-{job_id}", daemon=True
                )
                failure = None
                try:
                    thread.start()
                    self._threads[thread] = job
                except RuntimeError as error:  # the system gives no more threads
                    failure = f"no thread for it: {error}"
            if failure is not None:
                self._end(job, JobStatus.FAILED, failure)

    def _cancel(self, chosen: Callable[[Job], bool], reason: str) -> int:
        over: list[Job] = []
        with self._store.batch(), self._lock:
            jobs = [job for job in self._unfinished.values() if chosen(job)]
            running = []
            for job in jobs:
                place = self._schedule.withdraw(job.id)
                if place is None:
                    running.append(job)
                else:
                    self._leave(job, JobStatus.CANCELLED, reason, place, ran=False, over=over)
        for job in running:
            job.stop.request(JobStatus.CANCELLED, reason)
        for job in over:
            job.run.finish()
        return len(jobs)

    def _end(self, job: Job, status: JobStatus, reason: str | None) -> None:
        over: list[Job] = []
        with self._store.batch(), self._lock:
            place = self._schedule.finish(job.id)
            self._leave(job, status, reason, place, ran=True, over=over)
        for ended in over:
            ended.run.finish()

    def _leave(
        self,
        job: Job,
        status: JobStatus,
        reason: str | None,
        place: int,
        *,
        ran: bool,
        over: list[Job],
    ) -> None:
        """Write its end. Both locks are held; who waits for the run is woken after they are given back."""
        job.end(status, reason)
        del self._unfinished[job.id]
        self._slice.end(job, place, self._schedule.running, self._schedule.waiting, ran=ran)
        self._slice.forget(self._schedule.surplus())
        if job.run.job_ended():
            over.append(job)

    # --- one job, in its thread

    def _work(self, job: Job) -> None:
        try:
            status, reason = perform(job, self._executors[job.task.kind], self.results)
        except Exception as error:  # noqa: BLE001 - a fault of ours may fail this job, but not stop the queue
            status, reason = (
                JobStatus.FAILED,
                f"the runner itself failed: {type(error).__name__}: {error}",
            )
        tell(job, status, reason)
        self._end(job, status, reason)
        self._dispatch()
        with self._lock:
            self._threads.pop(
                threading.current_thread(), None
            )  # in a forked child they are forgotten


_open: weakref.WeakSet[Runner] = weakref.WeakSet()


@atexit.register
def _close_all() -> None:
    """Runners that nobody closed leave no child process behind."""
    for runner in tuple(_open):
        runner.close()


def _limit(name: str, value: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise JobError(f"{name}={value!r} is not possible: give a whole number, 1 or more.")
    return value
