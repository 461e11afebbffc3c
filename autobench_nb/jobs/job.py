"""A job: one command or callable of a run, repeated."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from autobench_nb.jobs.executors.executor import Outcome
from autobench_nb.jobs.output import CURRENT_LIMIT, JobLog, LogFunction, OutputStream
from autobench_nb.jobs.results import Results
from autobench_nb.jobs.timing import Timing
from autobench_nb.jobs.work import How, Task
from autobench_nb.logs.text import clean
from autobench_nb.processes.lines import LINE_LIMIT
from autobench_nb.processes.pressure import Pressure
from autobench_nb.processes.stop import Stop
from autobench_nb.state.model import JobStatus

if TYPE_CHECKING:
    from autobench_nb.jobs.run import Run

FINAL: Final = frozenset(
    {JobStatus.SUCCEEDED, JobStatus.FAILED, JobStatus.CANCELLED, JobStatus.TIMEOUT}
)


class Job:
    """One job of a :class:`Run`. Read it from any thread; it is the runner that changes it.

    ``id``, ``run_id``, ``name``, ``command`` (how it is shown); ``status``, ``reason`` (why it did not succeed);
    ``done`` of ``repeat`` repetitions; ``results``: its rows.
    """

    def __init__(
        self,
        job_id: str,
        run: Run,
        task: Task,
        how: How,
        *,
        log: LogFunction,
        ready: Callable[[float], bool] | None,
        changed: Callable[[Job], None],
    ) -> None:
        self.id = job_id
        self.run_id = run.id
        self.name = clean(task.name)
        self.command = clean(task.command)
        self.task = task
        self.how = how
        self.repeat = how.repeat
        self.status = JobStatus.QUEUED
        self.reason: str | None = None
        self.exit_code: int | None = None
        self.done = 0
        self.repetition = 0
        self.results = Results(how.repeat)
        self.stop = Stop()
        self.timing = Timing()
        self.created_ms = now_ms()
        self.started_ms: float | None = None
        self.finished_ms: float | None = None
        self.run = run
        self._ready = ready
        self._changed = changed
        self._fraction = 0.0
        self._current: str | None = None
        self.log = JobLog(log, job_id, self._touch)

    def cancel(self) -> bool:
        """Ask it to end; False where it has ended."""
        return self.run.runner.cancel(self.id) > 0

    # --- what executors see of it

    @property
    def job_id(self) -> str:
        """As ``id``, by the name that logs and results use."""
        return self.id

    def stream(self, name: str) -> OutputStream:
        """A new way for bytes into the log."""
        return OutputStream(
            self.log, name, pressure=Pressure(self._ready), limit=LINE_LIMIT, current=self._show
        )

    def progress(self, fraction: float, text: str | None = None) -> None:
        """How far this repetition is, 0 to 1, and what it does now. Raises :class:`ValueError` for no number."""
        self._fraction = min(1.0, max(0.0, float(fraction)))
        if text is not None:
            self._current = clean(text)[:CURRENT_LIMIT]
        self._touch()

    def _show(self, text: str) -> None:
        if text != self._current:
            self._current = text
            self._touch()

    def _touch(self) -> None:
        self._changed(self)

    # --- its life, as the runner tells it

    def begin(self) -> None:
        """It starts."""
        self.status = JobStatus.RUNNING
        self.started_ms = now_ms()

    def next_repetition(self, number: int) -> None:
        """A repetition starts; 0: a warm-up."""
        self.repetition = number
        self._fraction = 0.0
        self._current = None

    def count(self, outcome: Outcome) -> None:
        """A measured repetition has ended."""
        self._fraction = 0.0
        self.exit_code = outcome.exit_code
        if outcome.status is JobStatus.SUCCEEDED:
            self.done += 1
            if outcome.wall_s is not None:
                self.timing.add(outcome.wall_s)
        self._touch()

    def end(self, status: JobStatus, reason: str | None) -> None:
        """It is over."""
        self.status = status
        self.reason = None if reason is None else clean(reason)
        self.finished_ms = now_ms()
        self._current = None
        self._fraction = 0.0

    # --- as the state has it

    def live(self) -> dict[str, Any]:
        """The fields of its record that change while it runs."""
        done = self.done
        inner = done + (self._fraction if self.repetition else 0.0)
        over = self.status in FINAL
        return {
            "done": done,
            "progress": round(min(1.0, inner / self.repeat), 4),
            "lines": self.log.lines,
            "warnings": self.log.warnings,
            "errors": self.log.errors,
            "meanS": self.timing.mean_s,
            "sdS": self.timing.sd_s,
            "etaS": None if over else self.timing.eta_s(self.repeat - inner),
            "current": self._current,
        }

    def record(self) -> dict[str, Any]:
        """Its whole record."""
        return {
            "id": self.id,
            "runId": self.run_id,
            "name": self.name,
            "kind": str(self.task.kind),
            "command": self.command,
            "status": str(self.status),
            "reason": self.reason,
            "createdAt": self.created_ms,
            "startedAt": self.started_ms,
            "finishedAt": self.finished_ms,
            "repeat": self.repeat,
            "exitCode": self.exit_code,
            **self.live(),
        }

    def __repr__(self) -> str:
        why = f": {self.reason}" if self.reason else ""
        return f"<Job {self.id} {self.name!r} {self.status}{why} {self.done}/{self.repeat}>"


def now_ms() -> float:
    """Milliseconds since 1970."""
    return round(time.time() * 1e3, 3)
