"""A run: what one ``submit`` asked for."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Mapping
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any, Self

from autobench_nb import tables
from autobench_nb.jobs import verdict
from autobench_nb.jobs.cell import keep_awake, tell_when_it_ends
from autobench_nb.jobs.job import Job
from autobench_nb.jobs.machine import FINAL
from autobench_nb.jobs.results import Results
from autobench_nb.lazy import LazyModule
from autobench_nb.machine.comparison import Conditions
from autobench_nb.state.model import JobStatus
from autobench_nb.tables.comparison import JobRows, compared, comparison_columns
from autobench_nb.tables.measures import OWN, WALL_S

if TYPE_CHECKING:
    import asyncio

    import pandas as pd
    import pyarrow as pa

    from autobench_nb.jobs.runner import Runner
    from autobench_nb.tables.plot import Plot
    from autobench_nb.tables.plot.plot import Cells
else:
    asyncio = LazyModule("asyncio")


class Run:
    """Some jobs that were asked for together. ``await`` it from any event loop, or :meth:`wait` in any thread.

    Neither raises when jobs fail: the run shows it, a cell that has waited without showing it ends with a line that
    says so, and :meth:`check` raises. A run goes on when an ``await`` of it is cancelled (a notebook's interrupt, for
    instance); :meth:`cancel` ends it.

    Attributes:
        id: Its id, unique for ever.
        label: What people may call it, such as ``run-1``; unique in the life of its orchestrator alone.
        name: What it was called; None where it was not.
        parallel: How many of its jobs may run at once.
        retry_of: The id of the run whose jobs it does again.
        jobs: Its jobs, in the order in which they were given.
        results: One row for each measured repetition that has ended.
        is_looked_at: Whether it was shown or checked since it ended, so that nothing more need be said.
        is_plain: Whether all of its jobs were asked for with it; else they come and go while a recipe's run goes on.
    """

    is_plain = True

    def __init__(
        self,
        run_id: str,
        runner: Runner,
        rows: int,
        *,
        label: str,
        name: str | None = None,
        parallel: int = 1,
        retry_of: str | None = None,
    ) -> None:
        self.id = run_id
        self.label = label
        self.name = name
        self.parallel = parallel
        self.retry_of = retry_of
        self.runner = runner
        self.jobs: tuple[Job, ...] = ()
        self.results = Results(rows)
        self.is_looked_at = False
        self._is_told = False
        self._over: Future[None] = Future()
        # A future that runs cannot be cancelled: no cancelled await ends the waiting of all others.
        self._over.set_running_or_notify_cancel()

    def adopt(self, jobs: Iterable[Job]) -> None:
        """Take ``jobs`` for its own."""
        self.jobs = tuple(jobs)

    def record(self) -> dict[str, Any]:
        """The record of it in the state."""
        return {
            "id": self.id,
            "label": self.label,
            "name": self.name,
            "createdAt": self.jobs[0].lifecycle.created_ms,
            "jobs": len(self.jobs),
            "parallel": self.parallel,
            "priority": self.jobs[0].lifecycle.priority,
            "place": self.jobs[0].lifecycle.place,
            "retryOf": self.retry_of,
        }

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
        except KeyboardInterrupt as interrupt:
            interrupt.add_note(verdict.goes_on(self))
            raise
        # Within a batch of the calling thread's own nobody else could have written the ends of its jobs.
        self.runner.catch_up()
        self._tell()
        return True

    def check(self) -> Self:
        """Raise unless every job has succeeded.

        Returns:
            The run itself, as in ``(await run).check().to_pandas()``.

        Raises:
            RunError: Some jobs have not, or have not ended yet; the error names each with its reason.
        """
        self.is_looked_at = self.done
        error = verdict.error_of(self)
        if error is not None:
            raise error
        return self

    def cancel(self) -> int:
        """Ask all of its jobs to end. Returns at once: :meth:`wait` waits for their end.

        Returns:
            How many of its jobs had not ended yet.
        """
        return self.runner.cancel(self.id)

    def __await__(self) -> Generator[Any, None, Self]:
        sleep = keep_awake()
        try:
            yield from asyncio.wrap_future(self._over).__await__()
        except (asyncio.CancelledError, KeyboardInterrupt) as stopped:
            if not self.done:
                stopped.add_note(verdict.goes_on(self))
            raise
        finally:
            sleep()
        self._tell()
        return self

    # --- how it comes out

    def conditions(self) -> Conditions:
        """On which machine its repetitions ran, and how noisy it was: what ``ab.comparable`` asks."""
        return Conditions.of(self.name or self.label, self.results, self.runner.machines)

    def to_pandas(self, measure: str = WALL_S) -> pd.DataFrame:
        """The jobs side by side, one row each, in their order, as far as they have come.

        Args:
            measure: What is compared, by the names that :meth:`plot` takes.

        Returns:
            A frame with ``job_id``, ``name``, ``status``, ``reason`` (why not), ``repetitions`` (measured ones that
            have succeeded), of their wall times ``mean_s``, ``sd_s`` (n - 1), ``min_s`` and ``max_s`` in seconds,
            ``ratio`` (to the mean of the fastest; none for a job that has not succeeded) and ``max_rss_bytes``; where
            a power meter samples, ``energy_j`` (the mean of a repetition in joules) and ``energy_shared``.
            Of ``max_rss_bytes`` they are called ``mean_bytes`` and so on, of values and metrics ``mean`` and so on.
            ``run.results.to_pandas()`` has a row for each repetition.

        Raises:
            OptionError: There is no such measure.
        """
        return tables.records_to_pandas(
            self._compared(measure, "to_pandas()"), comparison_columns(measure)
        )

    def to_arrow(self, measure: str = WALL_S) -> pa.Table:
        """The jobs side by side as an Arrow table, with the columns of :meth:`to_pandas`."""
        return tables.records_to_arrow(
            self._compared(measure, "to_arrow()"), comparison_columns(measure)
        )

    def _compared(self, measure: str, where: str) -> list[dict[str, Any]]:
        rows = self._rows()
        if measure not in OWN:
            from autobench_nb.tables.plot import measure_named

            measure_named(measure, rows, where)
        return compared(rows, measure)

    def plot(
        self,
        measure: str = WALL_S,
        *,
        log: bool = False,
        beside: Mapping[str, Cells] | None = None,
        wait: bool = True,
    ) -> Plot:
        """The jobs side by side as a picture: a bar to the mean, a dot for each repetition, the ratio to the fastest.

        Args:
            measure: What is drawn: ``"wall_s"`` or ``"cpu_s"`` (seconds), ``"max_rss_bytes"``, ``"value"`` (of
                callables that return numbers), or the name of a metric (of callables that return a mapping: its key).
            log: Whether the axis goes by powers of ten.
            beside: Further columns by their titles, each a mapping (or a ``Series``) from the jobs' names to what is
                written there, such as ``{"compressed to": {"gzip -1": "54%"}}``.
            wait: Whether to wait until every job has ended, as :meth:`wait` does; else what has ended is drawn.

        Returns:
            The picture, which a notebook shows and :meth:`Plot.save` writes as a page.

        Raises:
            OptionError: There is no such measure.
        """
        # Imported when the first picture is made: who only runs jobs needs none of it.
        from autobench_nb.tables.plot import Plot, measure_named

        if all(job.is_plain_command for job in self.jobs):
            # No other measure will come: a name that is none is refused before anything is waited for.
            measure_named(measure)
        if wait:
            self.wait()
        self.is_looked_at = self.done
        return Plot(self._rows(), verdict.heading(self), measure, log=log, beside=beside)

    def _repr_html_(self) -> str:
        return self.plot(wait=False)._repr_html_()

    def __repr__(self) -> str:
        self.is_looked_at = self.done
        return verdict.text_of(self)

    def _rows(self) -> list[JobRows]:
        """Its jobs as they stand, with the rows of their repetitions: what tables and pictures are made of."""
        return [
            JobRows(
                job.id,
                job.name,
                job.command,
                str(job.status),
                job.reason,
                job.repeat,
                tuple(job.results),
                job.units,
            )
            for job in self.jobs
        ]

    def _tell(self) -> None:
        """Once: see that who has waited in a cell learns of failures."""
        if self._is_told:
            return
        self._is_told = True
        if self.status is not JobStatus.SUCCEEDED:
            tell_when_it_ends(self)


class StepRun(Run):
    """What the jobs of a recipe's steps belong to: they come and go while the recipe's run goes on.

    Attributes:
        steps: How many planned steps the run has.
    """

    is_plain = False
    steps = 0

    def record(self) -> dict[str, Any]:
        """The record of it in the state."""
        return {
            "id": self.id,
            "label": self.label,
            "name": self.name,
            "jobs": self.steps,
            "parallel": self.parallel,
            "retryOf": self.retry_of,
        }
