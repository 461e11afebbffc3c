"""Where a job's work is done: what the runner asks of an executor, and what it gets back.

Two are here, :class:`~autobench_nb.jobs.executors.local_process.LocalProcess` and
:class:`~autobench_nb.jobs.executors.in_process.InProcess`; work on other machines is another class of the same shape.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from autobench_nb.jobs.output import JobLog, OutputStream
from autobench_nb.jobs.work import How, Task
from autobench_nb.processes.stop import Stop
from autobench_nb.state.model import JobStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How one repetition went. Seconds and bytes; ``None`` where it could not be measured.

    ``reason`` says why it did not succeed. ``value``: what a callable returned, where it is JSON.
    """

    status: JobStatus
    reason: str | None = None
    exit_code: int | None = None
    signal: str | None = None
    wall_s: float | None = None
    cpu_user_s: float | None = None
    cpu_system_s: float | None = None
    max_rss_bytes: int | None = None
    value: Any = None


class Attempt(Protocol):
    """One repetition of one job, as its executor sees it."""

    @property
    def job_id(self) -> str: ...

    @property
    def name(self) -> str: ...

    @property
    def repetition(self) -> int:
        """1 and more; 0 while warming up."""

    @property
    def how(self) -> How: ...

    @property
    def log(self) -> JobLog: ...

    @property
    def stop(self) -> Stop: ...

    def stream(self, name: str) -> OutputStream:
        """A new way for bytes into the log; ``name``: ``stdout`` or ``stderr``."""

    def progress(self, fraction: float, text: str | None) -> None:
        """How far this repetition is, 0 to 1, and what it does now."""


class Executor(Protocol):
    """Does one repetition at a time, in the calling thread; several threads may call."""

    def run(self, task: Task, attempt: Attempt) -> Outcome:
        """Do it. Ends early where ``attempt.stop`` asks for it or the time is up; raises nothing foreseeable."""

    def close(self) -> None:
        """Give back what it holds. Nothing runs any more."""
