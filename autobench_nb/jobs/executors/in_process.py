"""Python callables, in the runner's own threads."""

from __future__ import annotations

import contextlib
import contextvars
import inspect
import sys
import time
import traceback
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from autobench_nb.errors import reason_of
from autobench_nb.jobs.executors import inherit
from autobench_nb.jobs.executors.capture import STREAMS, JobStreams, captured
from autobench_nb.jobs.executors.executor import Repetition, RepetitionOutcome
from autobench_nb.jobs.executors.isolated_child import JOB_MODULE
from autobench_nb.jobs.executors.overdue import NOTICE_S, OverdueWatch
from autobench_nb.jobs.output import NARRATION
from autobench_nb.jobs.work import Task
from autobench_nb.lazy import LazyModule
from autobench_nb.logs.attribution import OWNER, LogOwner, set_owner
from autobench_nb.logs.entry import Level
from autobench_nb.logs.logger import ChannelLogger
from autobench_nb.processes.usage import forget_peak, peak_bytes, thread_cpu_s
from autobench_nb.state.model import JobStatus

if TYPE_CHECKING:
    import asyncio
else:
    asyncio = LazyModule("asyncio")

_current: ContextVar[CurrentJob | None] = ContextVar("autobench_nb_job", default=None)


class CurrentJob:
    """The job that the calling code is: ``job = current_job()``.

    ``id``, ``name``, ``repetition`` (1 and more; 0 while warming up); ``log``: a logger whose entries carry the id.
    """

    def __init__(self, repetition: Repetition, deadline: float | None) -> None:
        self._repetition = repetition
        self._deadline = deadline
        self.id = repetition.job_id
        self.name = repetition.name
        self.repetition = repetition.repetition
        self.log = ChannelLogger(repetition.log.append, NARRATION)

    @property
    def cancelled(self) -> bool:
        """Whether it should end now: it was cancelled, or its time is up. A callable that runs long looks often."""
        late = self._deadline is not None and time.monotonic() >= self._deadline
        return late or bool(self._repetition.stop)

    def progress(self, fraction: float, text: str | None = None) -> None:
        """Say how far this repetition is, 0 to 1, and what it does now."""
        self._repetition.progress(fraction, text)

    def __repr__(self) -> str:
        return f"<CurrentJob {self.id} {self.name!r} repetition {self.repetition}>"


def current_job() -> CurrentJob | None:
    """The job that calls this, also from its own tasks, threads and pools; ``None`` outside of jobs."""
    current = _current.get()
    if current is None:
        # In a process of its own the job is found there: see the program that runs it.
        current = getattr(sys.modules.get(JOB_MODULE), "job", None)
    return current


class InProcess:
    """Runs callables in the calling thread, a coroutine function on an event loop of its own there.

    Not on the notebook's loop: a cell that blocks would stop the job, and a job that computes would stop the notebook
    and its server. Who needs that loop reaches it with ``asyncio.run_coroutine_threadsafe``.

    A plain callable ends by itself: it looks at ``current_job().cancelled``; of one that does not, record and log say
    so ``notice_s`` after its time limit or a cancel. A coroutine is cancelled. CPU seconds are
    those of the thread, so not those of threads and processes that the callable starts. Peak memory is the whole
    process's while the callable ran (on Linux; elsewhere since the process began), whoever used it.
    """

    def __init__(self, *, notice_s: float = NOTICE_S) -> None:
        self._overdue = OverdueWatch(notice_s)

    def run(self, task: Task, repetition: Repetition) -> RepetitionOutcome:
        """Do one repetition; see :class:`~autobench_nb.jobs.executors.executor.Executor`."""
        function = task.function
        assert function is not None
        limit = repetition.how.timeout_s
        started = time.monotonic()
        deadline = None if limit is None else started + limit
        job = CurrentJob(repetition, deadline)
        inherit.install(_current, STREAMS, OWNER)
        forget_peak()
        user, system = thread_cpu_s()
        end = self._overdue.watch(repetition, limit)
        try:
            value, error = contextvars.copy_context().run(_call, function, job, repetition, limit)
        finally:
            end()
        wall_s = time.monotonic() - started
        user_after, system_after = thread_cpu_s()
        status, reason = JobStatus.SUCCEEDED, None
        if repetition.stop.status is not None:
            status, reason = repetition.stop.status, repetition.stop.reason
        elif limit is not None and wall_s >= limit:
            status, reason = (
                JobStatus.TIMEOUT,
                f"took longer than {limit:g} s: ended after {wall_s:.3g} s",
            )
        elif error is not None:
            status, reason = JobStatus.FAILED, _text_of(error)
            _log_error(repetition, error, reason)
        return RepetitionOutcome(
            status=status,
            reason=reason,
            wall_s=wall_s,
            cpu_user_s=user_after - user,
            cpu_system_s=None if system is None or system_after is None else system_after - system,
            max_rss_bytes=peak_bytes(),
            value=value if status is JobStatus.SUCCEEDED else None,
        )

    def close(self) -> None:
        """End the thread that looks after those that should have ended."""
        self._overdue.close()


def _call(
    function: Callable[[], Any], job: CurrentJob, repetition: Repetition, limit: float | None
) -> tuple[Any, BaseException | None]:
    _current.set(job)
    set_owner(LogOwner(repetition.log.target, repetition.log.append))
    streams = JobStreams(repetition.stream, lambda: job.cancelled)
    value, error = None, None
    try:
        with captured(streams):
            value = function()
            if inspect.isawaitable(value):
                with asyncio.Runner() as runner:
                    value = runner.run(_to_its_end(value, repetition, limit))
    except BaseException as raised:  # noqa: BLE001 - whatever a job raises, SystemExit too, ends that job alone
        error = raised
    left = streams.end()
    if left:
        repetition.log.say(
            Level.WARN,
            f"{repetition.name}: {left} of the processes that it started go on; what they print is still logged.",
        )
    return value, error


async def _to_its_end(
    awaitable: Awaitable[Any], repetition: Repetition, limit: float | None
) -> Any:
    """Await it; cancelled when the job is, or when its time is up."""
    loop = asyncio.get_running_loop()
    task = asyncio.ensure_future(awaitable)
    unfollow = repetition.stop.follow(lambda: _cancel_from_afar(loop, task))
    timer = None if limit is None else loop.call_later(limit, task.cancel)
    try:
        return await task
    finally:
        unfollow()
        if timer is not None:
            timer.cancel()


def _cancel_from_afar(loop: asyncio.AbstractEventLoop, task: asyncio.Future[Any]) -> None:
    with contextlib.suppress(RuntimeError):  # the loop has just been closed: the task is done
        loop.call_soon_threadsafe(task.cancel)


def _text_of(error: BaseException) -> str:
    return reason_of(error).removesuffix(": ")


def _log_error(repetition: Repetition, error: BaseException, reason: str) -> None:
    # The first two entries of the traceback are this module's own.
    trace = error.__traceback__
    inner = trace.tb_next if trace is not None else None
    lines = traceback.format_exception(type(error), error, inner or trace)
    repetition.log.say(Level.ERROR, reason, exc="".join(lines).rstrip("\n"))
