"""The runner: carries out what the machine of jobs decides, in threads of its own that go on while a cell blocks."""

from __future__ import annotations

import atexit
import itertools
import os
import threading
import time
import weakref
from collections import deque
from collections.abc import Callable, Mapping
from functools import partial
from typing import Final

from autobench_nb import forks
from autobench_nb.errors import JobError
from autobench_nb.jobs.executors.executor import Executor
from autobench_nb.jobs.executors.local import LocalExecutor
from autobench_nb.jobs.executors.local_process import GRACE_S
from autobench_nb.jobs.job import Job
from autobench_nb.jobs.machine import (
    CancelRequested,
    ForgetJobs,
    JobEffect,
    JobEnded,
    JobEvent,
    JobMachine,
    Lifecycle,
    RunnerClosed,
    RunSubmitted,
    StartJob,
    StateWrite,
    StopJob,
    WakeWaiters,
    WriteEnded,
)
from autobench_nb.jobs.output import NARRATION, LogFunction
from autobench_nb.jobs.printed import ReadPrinted
from autobench_nb.jobs.records import Jobs
from autobench_nb.jobs.repetitions import perform, tell
from autobench_nb.jobs.results import MAX_ROWS, Results
from autobench_nb.jobs.run import Run
from autobench_nb.jobs.state_writer import REPORT_INTERVAL_S, StateWriter
from autobench_nb.jobs.threads import JobThreads
from autobench_nb.jobs.work import How, Task, Work, limit_of, read_work
from autobench_nb.lifetime import Closable
from autobench_nb.logs.entry import Level
from autobench_nb.logs.text import clean
from autobench_nb.state.model import JobKind, JobStatus
from autobench_nb.state.store import StateStore

CLOSE_PATIENCE_S: Final = 5.0
"""How long ``close`` waits for callables that do not look at ``current_job().cancelled``."""
LOCAL: Final = "local"
"""The name of the executor that every runner has."""


class Runner(Closable):
    """Runs jobs, ``parallelism`` at once, in the order in which they were asked for.

    Thread-safe. Ends what runs when closed, and when the interpreter exits.

    Args:
        store: The state whose ``jobs`` slice it writes.
        log: ``LogRing.append``.
        executors: Where jobs can run, by name, besides ``"local"`` (this machine). They are closed with the runner.
        parallelism: How many jobs may run at once.
        max_kept: How many ended jobs stay in the state.
        ready: ``ready(timeout_s)`` says whether the log path has room, waiting for it at most so long: what floods the
            log is slowed by it.
        max_rows: How many result rows stay in ``results``.
        grace_s: Seconds between SIGTERM and SIGKILL, on this machine.
        report_interval_s: How often what changes while a job runs is written to the state.
        printed: Gives what a job has printed, for ``job.output``.

    Raises:
        JobError: for a ``parallelism`` that is no whole number above 0.
    """

    def __init__(
        self,
        store: StateStore,
        log: LogFunction,
        executors: Mapping[str, Executor] | None = None,
        *,
        parallelism: int = 1,
        max_kept: int = 1_000,
        ready: Callable[[float], bool] | None = None,
        max_rows: int = MAX_ROWS,
        grace_s: float = GRACE_S,
        report_interval_s: float = REPORT_INTERVAL_S,
        printed: ReadPrinted | None = None,
    ) -> None:
        self.parallelism = limit_of("parallelism", parallelism)
        self.results = Results(max_rows)
        self.jobs = Jobs(store, self.cancel)
        self.printed = printed
        self._log = log
        self._ready = ready
        self._executors: dict[str, Executor] = dict(executors or {})
        if LOCAL not in self._executors:
            self._executors[LOCAL] = LocalExecutor(grace_s=grace_s)
        # Held only while the machine takes an event: no lock is taken, and nothing is done, under it.
        self._lock = threading.Lock()
        self._machine = JobMachine(max_kept)
        self._jobs: dict[str, Job] = {}
        self._runs: dict[str, Run] = {}
        self._writer = StateWriter(
            store, self._jobs.get, self._log_refused_write, report_interval_s
        )
        # What is to be started and stopped, in the order of the events; done by whoever holds the turn.
        self._acts: deque[StartJob | StopJob] = deque()
        # Reentrant: what is written may call a subscriber of the user's, who may submit, cancel or close.
        self._turn = threading.RLock()
        self._threads: dict[threading.Thread, Job] = {}
        self._commands = JobThreads()
        self._run_numbers = itertools.count(1)
        self._job_numbers = itertools.count(1)
        _open.add(self)
        forks.register(self)

    def after_fork_in_child(self) -> None:
        """Threads and commands are the parent's: nothing is started, ended or waited for here."""
        self._lock = threading.Lock()
        self._turn = threading.RLock()
        # A new machine: another thread may have been within the old one when the process was forked.
        self._machine = JobMachine(0)
        self._machine.handle(RunnerClosed("a fork of the process that runs the jobs"), now_ms())
        self._acts.clear()
        self._threads.clear()
        self._commands.after_fork_in_child()
        self._writer.after_fork_in_child()
        _open.discard(self)

    @property
    def executors(self) -> tuple[str, ...]:
        """The names of where jobs can run."""
        return tuple(self._executors)

    def submit(
        self,
        work: Work,
        *,
        repeat: int = 1,
        warmup: int = 0,
        timeout_s: float | None = None,
        name: str | None = None,
        cwd: str | bytes | os.PathLike[str] | None = None,
        env: Mapping[str, str | None] | None = None,
        shell: bool | str = True,
        pty: bool = False,
        stdin: bool = False,
        keep_daemons: bool = False,
        subtract_shell: bool = False,
        parallel: int | None = None,
        executor: str = LOCAL,
        isolate: bool = False,
    ) -> Run:
        """Queue jobs, one for each item of ``work``; returns at once.

        Args:
            work: One item, a list of items, or ``{label: item}``; an item is a shell command (text), a list of
                arguments (within a list or dict; no shell), or a callable without arguments, also a coroutine function.
            repeat: Measured repetitions; the first that fails ends its job.
            warmup: Repetitions before them that are not measured.
            timeout_s: Seconds that each repetition may take.
            name: What the job is called, or what stands before the names of several.
            cwd: The working directory of commands.
            env: Laid over the process's own environment; None removes a variable.
            shell: The shell's path, or False to split text into words and run it without one.
            pty: A terminal instead of pipes.
            stdin: A pipe that ``job.send`` writes to; else standard input is empty (a terminal can always be written
                to).
            keep_daemons: What a command leaves behind in sessions of their own lives on when it ends by itself.
            subtract_shell: What the shell's own start takes (``shell_s`` in the results) is taken off the wall and
                CPU time of shell commands.
            parallel: As many of these jobs may run at once (default: the runner's ``parallelism``); a job that is to
                run alone does, whoever else is in the queue.
            executor: The name of where they run.
            isolate: Run callables in processes of their own, which a time limit or a cancel ends for certain.

        Raises:
            JobError: for what cannot be run, and for an executor that is not there or cannot do it.
            ClosedError: after :meth:`close`.
        """
        tasks = read_work(work, name=name, shell=shell)
        where = None if cwd is None else os.fsdecode(cwd)
        how = How(
            repeat=repeat,
            warmup=warmup,
            timeout_s=timeout_s,
            cwd=where,
            env=dict(env or {}),
            pty=pty,
            isolate=isolate,
            stdin=stdin,
            keep_daemons=keep_daemons,
            subtract_shell=subtract_shell,
        )
        self._check(executor, tasks, how)
        limit = self.parallelism if parallel is None else limit_of("parallel", parallel)
        run = Run(f"run-{next(self._run_numbers)}", self, len(tasks) * repeat)
        run.adopt([self._new_job(run, task, how, limit, executor) for task in tasks])
        submitted = RunSubmitted(run.id, tuple(job.lifecycle for job in run.jobs))
        with self._lock:
            effects = self._machine.handle(submitted, now_ms())
            self._runs[run.id] = run
            self._jobs.update((job.id, job) for job in run.jobs)
            self._take(effects)
        self._carry_out(effects)
        return run

    def cancel(self, name: str) -> int:
        """Ask the job, or all jobs of the run, of that id to end; how many of them had not ended yet.

        Queued ones end now, running commands after SIGTERM or SIGKILL, coroutines when they are cancelled, plain
        callables when they look at ``current_job().cancelled``.
        """
        effects = self._feed(CancelRequested(name))
        return sum(isinstance(one, StopJob) or _is_cancelled(one) for one in effects)

    def catch_up(self) -> None:
        """Write to the state what is not yet written there, as far as nobody else's batch is open."""
        self._writer.flush()

    def close(self) -> None:
        """Cancel what is queued and what runs, wait for its end, leave no process and no thread. Again: no effect.

        A plain callable that does not end within 5 s is left behind in its (daemon) thread, with an entry in the log.
        """
        _open.discard(self)
        with self._lock:
            if self._machine.closed:
                return
            closed = RunnerClosed("the orchestrator was closed")
            effects = self._machine.handle(closed, now_ms())
            self._take(effects)
        self._carry_out(effects)
        # Whoever holds the turn may be about to start a job. It starts or sees its stop before the executors close.
        if self._turn.acquire(timeout=CLOSE_PATIENCE_S):
            self._turn.release()
        self._commands.close()
        self._join()
        self._writer.close()
        for executor in self._executors.values():
            executor.close()

    def __repr__(self) -> str:
        machine = self._machine
        if machine.closed:
            return "<Runner closed>"
        running, waiting = len(machine.running), len(machine.waiting)
        return f"<Runner {running} running, {waiting} queued, parallelism {self.parallelism}>"

    # --- what is asked for

    def _check(self, executor: str, tasks: list[Task], how: How) -> None:
        chosen = self._executors.get(executor)
        if chosen is None:
            names = ", ".join(repr(name) for name in self._executors)
            raise JobError(f"there is no executor {executor!r}: take one of {names}.")
        for task in tasks:
            refusal = chosen.refusal(task, how)
            if refusal is not None:
                raise JobError(f"{task.name!r}: the executor {executor!r} {refusal}")

    def _new_job(self, run: Run, task: Task, how: How, limit: int, executor: str) -> Job:
        return Job(
            Lifecycle(str(next(self._job_numbers)), run.id, limit, executor),
            run,
            task,
            how,
            log=self._log,
            ready=self._ready,
            changed=self._writer.touch,
        )

    # --- from events to effects

    def _feed(self, event: JobEvent) -> list[JobEffect]:
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
            elif not isinstance(effect, WakeWaiters):
                writes.append(effect)
                if isinstance(effect, ForgetJobs):
                    for job_id in effect.job_ids:
                        self._jobs.pop(job_id, None)
        # The writes first: who finds an act finds what is to be written before it.
        self._writer.put(writes)
        self._acts.extend(acts)

    def _carry_out(self, effects: list[JobEffect]) -> None:
        """Write, wake who waits, start and stop. Who finds the turn taken leaves the latter to its holder."""
        self._writer.flush()
        for effect in effects:
            if isinstance(effect, WakeWaiters):
                self._runs.pop(effect.run_id).finish()
        while self._acts and self._turn.acquire(blocking=False):
            try:
                while self._acts:
                    self._writer.flush()
                    self._do(self._acts.popleft())
            finally:
                self._turn.release()

    def _do(self, act: StartJob | StopJob) -> None:
        match act:
            case StartJob(job_id):
                self._start(self._jobs[job_id])
            case StopJob(job_id, reason):
                job = self._jobs.get(job_id)
                if job is not None:
                    job.stop.request(JobStatus.CANCELLED, reason)

    def _start(self, job: Job) -> None:
        try:
            if job.task.kind is JobKind.COMMAND:
                idle = self._commands.take()
                self._threads[idle] = job
                idle.works.put(partial(self._run_job, job))
                return
            # A callable has a thread of its own: what it leaves in one is not the next one's.
            thread = threading.Thread(
                target=self._run_job, args=(job,), name=f"autobench-job-{job.id}", daemon=True
            )
            self._threads[thread] = job
            thread.start()
        except RuntimeError as error:  # the system gives no more threads
            self._threads = {one: its for one, its in self._threads.items() if its is not job}
            self._feed(JobEnded(job.id, JobStatus.FAILED, f"no thread for it: {error}"))

    # --- one job, in its thread

    def _run_job(self, job: Job) -> None:
        status: JobStatus
        reason: str | None
        try:
            status, reason = perform(job, self._executors[job.lifecycle.executor], self.results)
            tell(job, status, reason)
        except BaseException as error:  # noqa: BLE001 - a fault of ours may fail this job, but not stop the queue
            status, reason = (
                JobStatus.FAILED,
                f"the runner itself failed: {type(error).__name__}: {error}",
            )
        try:
            self._feed(JobEnded(job.id, status, None if reason is None else clean(reason)))
        finally:
            # In a forked child they are forgotten.
            self._threads.pop(threading.current_thread(), None)

    def _join(self) -> None:
        until = time.monotonic() + CLOSE_PATIENCE_S
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

    def _log_refused_write(self, error: Exception) -> None:
        """Say once that the state refused what the runner wrote; the jobs go on without it."""
        notes = "".join(f" {note}" for note in getattr(error, "__notes__", ()))
        self._log(
            NARRATION,
            Level.ERROR,
            f"The state did not take what became of the jobs: {type(error).__name__}: {error}{notes}. "
            "They go on; the state is tried again.",
        )


_open: weakref.WeakSet[Runner] = weakref.WeakSet()


@atexit.register
def _close_all() -> None:
    """Runners that nobody closed leave no child process behind."""
    for runner in tuple(_open):
        runner.close()


def now_ms() -> float:
    """Milliseconds since 1970."""
    return round(time.time() * 1e3, 3)


def _is_cancelled(effect: JobEffect) -> bool:
    return isinstance(effect, WriteEnded) and effect.status is JobStatus.CANCELLED
