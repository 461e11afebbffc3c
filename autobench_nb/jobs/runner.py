"""The runner: carries out what the machine of jobs decides, in threads of its own that go on while a cell blocks."""

from __future__ import annotations

import atexit
import itertools
import os
import threading
import weakref
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Final

from autobench_nb import forks
from autobench_nb.jobs import again, keeping
from autobench_nb.jobs.executors.executor import Executor, check_work
from autobench_nb.jobs.executors.local import LocalExecutor
from autobench_nb.jobs.executors.local_process import GRACE_S
from autobench_nb.jobs.job import Job
from autobench_nb.jobs.ledger import Ledger, NoLedger
from autobench_nb.jobs.machine import (
    CancelRequested,
    FirstRequested,
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
    WriteFirst,
)
from autobench_nb.jobs.machines import Machines
from autobench_nb.jobs.output import LogFunction
from autobench_nb.jobs.performers import Performers
from autobench_nb.jobs.printed import ReadPrinted
from autobench_nb.jobs.records import Jobs
from autobench_nb.jobs.repetitions import perform
from autobench_nb.jobs.results import MAX_ROWS, Results
from autobench_nb.jobs.run import Run
from autobench_nb.jobs.saved import SavedRun
from autobench_nb.jobs.state_writer import REPORT_INTERVAL_S, StateWriter, say_refused
from autobench_nb.jobs.timing import now_ms
from autobench_nb.jobs.work import How, Task, Work, limit_of, read_work
from autobench_nb.lifetime import Closable
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
        ledger: What outlives the process.

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
    ) -> None:
        self.parallelism = limit_of("parallelism", parallelism)
        self.results = Results(max_rows)
        self.jobs = Jobs(store, self.cancel)
        self.machines = Machines(store)
        self.printed = printed
        self.ledger: Ledger = ledger or NoLedger()
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
            store, self._jobs.get, partial(say_refused, log), report_interval_s, self.machines.tell
        )
        # What is to be started and stopped, in the order of the events; done by whoever holds the turn.
        self._acts: deque[StartJob | StopJob] = deque()
        # Reentrant: what is written may call a subscriber of the user's, who may submit, cancel or close.
        self._turn = threading.RLock()
        self._performers = Performers(self._perform, self._feed_end, self._log)
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
        check_work(self._executors, executor, tasks, how)
        limit = self.parallelism if parallel is None else limit_of("parallel", parallel)
        run = self.new_run(len(tasks) * repeat, name=name, parallel=limit)
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

    def queue(self, run: Run) -> None:
        """Put the jobs of ``run`` into the queue."""
        keeping.tell_run_began(self.ledger, run, now_ms())
        submitted = RunSubmitted(run.id, tuple(job.lifecycle for job in run.jobs))
        with self._lock:
            effects = self._machine.handle(submitted, now_ms())
            self._runs[run.id] = run
            self._jobs.update((job.id, job) for job in run.jobs)
            self._take(effects)
        self._carry_out(effects)

    def job(self, job_id: str) -> Job | None:
        """The job of that id; None where there is none any more."""
        return self._jobs.get(job_id)

    def put_first(self, job_id: str) -> bool:
        """Have a queued job be the next one; False where it does not wait."""
        return any(isinstance(one, WriteFirst) for one in self._feed(FirstRequested(job_id)))

    def cancel(self, name: str) -> int:
        """Ask the job, or all jobs of the run, of that id to end; how many of them had not ended yet.

        Queued ones end now, running commands after SIGTERM or SIGKILL, coroutines when they are cancelled, plain
        callables when they look at ``current_job().cancelled``.
        """
        effects = self._feed(CancelRequested(name))
        # No job ends otherwise by being asked to.
        return sum(isinstance(one, StopJob | WriteEnded) for one in effects)

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
        self._performers.close(CLOSE_PATIENCE_S)
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

    def new_run(self, rows: int, **more: Any) -> Run:
        """A run without jobs, of so many result rows."""
        return Run(f"run-{next(self._run_numbers)}", self, rows, **more)

    def new_job(
        self,
        run: Run,
        task: Task,
        how: How,
        limit: int,
        executor: str,
        of: str | None = None,
        job_id: str | None = None,
    ) -> Job:
        """A job that is not queued yet; ``of``: the id of the one whose work it does again."""
        return Job(
            Lifecycle(job_id or str(next(self._job_numbers)), run.id, limit, executor),
            run,
            task,
            how,
            log=self._log,
            ready=self._ready,
            changed=self._writer.touch,
            retry_of=of,
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
            if isinstance(effect, WakeWaiters):
                run = self._runs.pop(effect.run_id)
                keeping.tell_run_ended(self.ledger, run, now_ms())
                run.finish()

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

    def _perform(self, job: Job) -> tuple[JobStatus, str | None]:
        keeping.tell_job_began(self.ledger, job, now_ms())
        return perform(job, self._executors[job.lifecycle.executor], self.results, self.ledger)

    def _feed_end(self, job: Job, status: JobStatus, reason: str | None) -> None:
        keeping.tell_job_ended(self.ledger, job, status, reason, now_ms())
        self._feed(JobEnded(job.id, status, reason))


_open: weakref.WeakSet[Runner] = weakref.WeakSet()


@atexit.register
def _close_all() -> None:
    """Runners that nobody closed leave no child process behind."""
    for runner in tuple(_open):
        runner.close()
