"""The runner: carries out what the machine of jobs decides, in threads of its own that go on while a cell blocks."""

from __future__ import annotations

import atexit
import os
import threading
import weakref
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Final, TypeVar

from autobench_nb import forks
from autobench_nb.jobs import again, keeping
from autobench_nb.jobs.course import Course
from autobench_nb.jobs.executors.executor import Executor, check_work
from autobench_nb.jobs.executors.local import LocalExecutor
from autobench_nb.jobs.executors.local_process import GRACE_S
from autobench_nb.jobs.gauges import Gauge
from autobench_nb.jobs.ids import Ids
from autobench_nb.jobs.job import Job
from autobench_nb.jobs.ledger import Ledger, NoLedger
from autobench_nb.jobs.machine import (
    JobMachine,
    Lifecycle,
    RunnerClosed,
    RunSubmitted,
)
from autobench_nb.jobs.machines import Machines
from autobench_nb.jobs.output import LogFunction
from autobench_nb.jobs.performers import Performers
from autobench_nb.jobs.printed import ReadPrinted
from autobench_nb.jobs.queue import JobQueue, say_refused
from autobench_nb.jobs.records import Jobs
from autobench_nb.jobs.results import MAX_ROWS, Results
from autobench_nb.jobs.run import Run
from autobench_nb.jobs.saved import SavedRun
from autobench_nb.jobs.state_writer import REPORT_INTERVAL_S, StateWriter
from autobench_nb.jobs.timing import now_ms
from autobench_nb.jobs.work import How, Task, Work, limit_of, read_work
from autobench_nb.lifetime import Closable
from autobench_nb.logs.text import Redact, as_it_is
from autobench_nb.state.store import StateStore

CLOSE_PATIENCE_S: Final = 5.0
"""How long ``close`` waits for callables that do not look at ``current_job().cancelled``."""
Made = TypeVar("Made", bound=Run)
LOCAL: Final = "local"
"""The name of the executor that every runner has."""


class Runner(JobQueue, Closable):
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
        ledger: What outlives the process.
        redact: Takes secrets out of what jobs say, and of their commands, before the state and the ledger have it.

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
        ledger: Ledger | None = None,
        redact: Redact = as_it_is,
    ) -> None:
        super().__init__(max_kept)
        self.parallelism = limit_of("parallelism", parallelism)
        self.results = Results(max_rows)
        self.jobs = Jobs(store, self.cancel)
        self.machines = Machines(store)
        self.printed = printed
        self.redact = redact
        self.ledger: Ledger = ledger or NoLedger()
        self.gauges: list[Gauge] = []
        self._log = log
        self._ready = ready
        self._executors: dict[str, Executor] = dict(executors or {})
        if LOCAL not in self._executors:
            self._executors[LOCAL] = LocalExecutor(grace_s=grace_s)
        self._writer = StateWriter(
            store, self._jobs.get, partial(say_refused, log), report_interval_s, self.machines.tell
        )
        self._performers = Performers(self._perform, self._feed_end, self._log)
        self._ids = Ids()
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
        self._performers.after_fork_in_child()
        self.machines.after_fork_in_child()
        self._writer.after_fork_in_child()
        _open.discard(self)

    @property
    def executors(self) -> Mapping[str, Executor]:
        """Where jobs can run, by name."""
        return self._executors

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
        priority: int = 0,
        cpus: Sequence[int] | None = None,
        nice: int | None = None,
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
            priority: Jobs of a higher one start before those of a lower one that wait.
            cpus: The numbers of the processors that a command, or an isolated callable, is bound to.
            nice: What is added to its niceness, -20 to 19; less than 0 needs the right to it.

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
            cpus=None if cpus is None else tuple(cpus),
            nice=nice,
            priority=priority,
        )
        check_work(self._executors, executor, tasks, how)
        limit = self.parallelism if parallel is None else limit_of("parallel", parallel)
        run = self.new_run(Run, len(tasks) * repeat, name=name, parallel=limit)
        run.adopt([self.new_job(run, task, how, limit, executor) for task in tasks])
        self.queue(run)
        return run

    def retry(self, job_ids: Sequence[str], repeat: int | None = None) -> Run:
        """Do the work of some jobs again: a new run of new jobs, asked for as the old ones were.

        Args:
            job_ids: Which jobs, in the order in which they are to be done; none of them needs to have ended.
            repeat: Measured repetitions of each, where not as many as before.

        Raises:
            JobError: One of them is not known any more.
            ClosedError: after :meth:`close`.
        """
        return again.retry_jobs(self, job_ids, repeat)

    def resume(self, saved: SavedRun) -> Run:
        """Do what is left of a run of plain jobs that was interrupted, under the ids that it had.

        Raises:
            JobError: It is not known what it ran, nothing is left, or its executor is not there.
            ClosedError: after :meth:`close`.
        """
        return again.resume_run(self, saved)

    def queue(self, run: Run, jobs: tuple[Job, ...] | None = None) -> None:
        """Put jobs of ``run`` into the queue: all of them, or those."""
        jobs = run.jobs if jobs is None else jobs
        if run.is_plain:
            keeping.tell_run_began(self.ledger, run, now_ms())
        submitted = RunSubmitted(run.id, tuple(job.lifecycle for job in jobs))
        with self._lock:
            effects = self._machine.handle(submitted, now_ms())
            self._runs[run.id] = run
            self._jobs.update((job.id, job) for job in jobs)
            self._take(effects)
        self._carry_out(effects)

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
        self._performers.close(CLOSE_PATIENCE_S)
        self._writer.close()
        self.machines.close()
        for executor in self._executors.values():
            executor.close()

    def __repr__(self) -> str:
        machine = self._machine
        if machine.closed:
            return "<Runner closed>"
        running, waiting = len(machine.running), len(machine.waiting)
        return f"<Runner {running} running, {waiting} queued, parallelism {self.parallelism}>"

    # --- what is asked for

    def new_run(self, kind: type[Made], rows: int, **more: Any) -> Made:
        """Make a run, which has no jobs yet."""
        run_id, label = self._ids.run()
        return kind(run_id, self, rows, label=label, **more)

    def new_job(
        self,
        run: Run,
        task: Task,
        how: How,
        limit: int,
        executor: str,
        of: str | None = None,
        job_id: str | None = None,
        course: Course | None = None,
    ) -> Job:
        """A job that is not queued yet; ``of``: the id of the one whose work it does again."""
        lifecycle = Lifecycle(job_id or self._ids.job(), run.id, limit, executor)
        lifecycle.priority = how.priority
        return Job(
            lifecycle,
            run,
            task,
            how,
            log=self._log,
            ready=self._ready,
            changed=self._writer.touch,
            retry_of=of,
            course=course,
        )


_open: weakref.WeakSet[Runner] = weakref.WeakSet()


@atexit.register
def _close_all() -> None:
    """Runners that nobody closed leave no child process behind."""
    for runner in tuple(_open):
        runner.close()
