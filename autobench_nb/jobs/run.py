"""A run: what one ``submit`` asked for."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any, Self

from autobench_nb.jobs.job import Job
from autobench_nb.jobs.machine import FINAL
from autobench_nb.jobs.results import Results
from autobench_nb.lazy import LazyModule
from autobench_nb.state.model import JobStatus

if TYPE_CHECKING:
    import asyncio

    from autobench_nb.jobs.runner import Runner
else:
    asyncio = LazyModule("asyncio")


class Run:
    """Some jobs that were asked for together. ``await`` it from any event loop, or :meth:`wait` in any thread.

    Neither raises when jobs fail: ``status`` and each job's ``reason`` say so. A run goes on when an ``await`` of it is
    cancelled (a notebook's interrupt, for instance); :meth:`cancel` ends it.

    Attributes:
        id: Its id, such as ``run-1``.
        jobs: Its jobs, in the order in which they were given.
        results: One row for each measured repetition that has ended.
    """

    def __init__(self, run_id: str, runner: Runner, rows: int) -> None:
        self.id = run_id
        self.runner = runner
        self.jobs: tuple[Job, ...] = ()
        self.results = Results(rows)
        self._over: Future[None] = Future()
        # A future that runs cannot be cancelled: no cancelled await ends the waiting of all others.
        self._over.set_running_or_notify_cancel()

    def adopt(self, jobs: Sequence[Job]) -> None:
        """Take ``jobs`` for its own."""
        self.jobs = tuple(jobs)

    def finish(self) -> None:
        """Wake who waits: all of its jobs have ended."""
        self._over.set_result(None)

    @property
    def done(self) -> bool:
        """Whether all of its jobs have ended."""
        return self._over.done()

    @property
    def status(self) -> JobStatus:
        """``queued`` until the first job starts, ``running`` until the last has ended; then the worst of its jobs'.

        From bad to good: ``failed``, ``timeout``, ``cancelled``, ``succeeded``.
        """
        found = {job.status for job in self.jobs}
        if not found <= FINAL:
            return JobStatus.QUEUED if found == {JobStatus.QUEUED} else JobStatus.RUNNING
        for status in (JobStatus.FAILED, JobStatus.TIMEOUT, JobStatus.CANCELLED):
            if status in found:
                return status
        return JobStatus.SUCCEEDED

    def wait(self, timeout_s: float | None = None) -> bool:
        """Block until all of its jobs have ended.

        Args:
            timeout_s: How many seconds to wait at most; ``None`` waits without end.

        Returns:
            Whether all have ended.
        """
        try:
            self._over.result(timeout_s)
        except TimeoutError:
            return False
        # Within a batch of the calling thread's own nobody else could have written the ends of its jobs.
        self.runner.catch_up()
        return True

    def cancel(self) -> int:
        """Ask all of its jobs to end. Returns at once: :meth:`wait` waits for their end.

        Returns:
            How many of its jobs had not ended yet.
        """
        return self.runner.cancel(self.id)

    def __await__(self) -> Generator[Any, None, Self]:
        yield from asyncio.wrap_future(self._over).__await__()
        return self

    def __repr__(self) -> str:
        ended = sum(job.status in FINAL for job in self.jobs)
        head = f"<Run {self.id} {self.status}, {ended} of {len(self.jobs)} jobs ended"
        rows = [f"  {job!r}" for job in self.jobs[:20]]
        if len(self.jobs) > 20:
            rows.append(f"  … and {len(self.jobs) - 20} more")
        return "\n".join([head, *rows]) + ">"
