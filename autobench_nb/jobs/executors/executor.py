"""Where a job's work is done: what the runner asks of an executor, and what it gets back.

:class:`~autobench_nb.jobs.executors.local.LocalExecutor` is the one that every runner has; work on other machines is
another class of the same shape, given to the runner by name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from autobench_nb.contract.steps import ArtifactRecord
from autobench_nb.errors import ConfigError, JobError
from autobench_nb.jobs.kept_output import KeptOutput
from autobench_nb.jobs.output import JobLog, OutputStream
from autobench_nb.jobs.work import How, Task
from autobench_nb.processes.stdin import CommandInput
from autobench_nb.processes.stop import Stop
from autobench_nb.state.model import JobStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class RepetitionOutcome:
    """How one repetition went. Seconds and bytes; ``None`` where it could not be measured.

    ``reason`` says why it did not succeed. ``shell_s``: what the shell's own start takes of ``wall_s``, or what of it
    has been taken off. ``value``: what a callable returned. ``metrics``: what was read out of it, by name.
    ``is_lost``: the place where it stays was lost, so that all of the repetition is to be done again elsewhere.
    """

    status: JobStatus
    reason: str | None = None
    exit_code: int | None = None
    signal: str | None = None
    wall_s: float | None = None
    cpu_user_s: float | None = None
    cpu_system_s: float | None = None
    max_rss_bytes: int | None = None
    shell_s: float | None = None
    value: Any = None
    metrics: Mapping[str, float] | None = None
    is_lost: bool = False

    def without_value(self) -> RepetitionOutcome:
        """The same, but for what was returned, which may be large."""
        return self if self.value is None else replace(self, value=None)


class Repetition(Protocol):
    """One repetition of one job, as its executor sees it."""

    @property
    def job_id(self) -> str: ...

    @property
    def name(self) -> str: ...

    @property
    def repetition(self) -> int:
        """The repetition's number: 1 and more; 0 while warming up."""

    @property
    def how(self) -> How: ...

    @property
    def log(self) -> JobLog: ...

    @property
    def stop(self) -> Stop[JobStatus]: ...

    @property
    def input(self) -> CommandInput: ...

    @property
    def kept(self) -> KeptOutput | None:
        """Where what it prints is kept for who reads metrics out of it; None where nobody does."""

    def stream(self, name: str) -> OutputStream:
        """Open a new way for bytes into the log; ``name``: ``stdout`` or ``stderr``."""

    def progress(self, fraction: float, text: str | None) -> None:
        """Say how far this repetition is, 0 to 1, and what it does now."""

    def overdue(self, reason: str) -> None:
        """Say in the job's record why this repetition should have ended by now, though it goes on."""


class Executor(Protocol):
    """Does one repetition at a time, in the calling thread; several threads may call."""

    def refusal(self, task: Task, how: How) -> str | None:
        """Say why it cannot do this work at all, as the end of a sentence that names it; ``None``: it can.

        Asked once for each job, before anything is queued, so that what cannot be is refused to who asks for it.
        """

    def run(self, task: Task, repetition: Repetition) -> RepetitionOutcome:
        """Do one repetition, and return when it is over.

        Ends early where ``repetition.stop`` asks for it or the time is up. Blocks the calling thread meanwhile, also
        when the work is done elsewhere. What goes wrong with the work is an outcome; nothing foreseeable is raised.
        """

    def close(self) -> None:
        """Give back what it holds. No repetition runs any more, but for callables that never ended."""


@runtime_checkable
class BringsArtifacts(Protocol):
    """An executor whose steps run where their files are not at hand: it brings them."""

    def bring_artifacts(
        self, patterns: Sequence[str], source: Path, target: Path, repetition: Repetition
    ) -> list[ArtifactRecord]:
        """Copy what a repetition has made there into a folder here, as ``keep_artifacts`` does here.

        Raises:
            NotKept: A pattern matches nothing, or a file cannot be copied.
        """


def check_executors(given: object) -> None:
    """See to it that executors are what they are to be, by name. Raises :class:`ConfigError` where they are not."""
    takes = (
        "executors by name, each with refusal(), run() and close(), such as ab.DaskExecutor(...)"
    )
    if given is None:
        return
    if not isinstance(given, Mapping):
        raise ConfigError("executors", given, takes)
    for name, one in given.items():
        has_all = all(callable(getattr(one, part, None)) for part in ("refusal", "run", "close"))
        if not has_all or isinstance(one, type):
            raise ConfigError("executors", {name: one}, takes)


def check_work(
    executors: Mapping[str, Executor], name: str, tasks: Sequence[Task], how: How
) -> None:
    """See to it that all of the work can be done.

    Raises:
        JobError: There is no executor of that ``name``, or it cannot do one of the tasks.
    """
    chosen = executors.get(name)
    if chosen is None:
        names = ", ".join(repr(one) for one in executors)
        raise JobError(f"there is no executor {name!r}: take one of {names}.")
    for task in tasks:
        refusal = chosen.refusal(task, how)
        if refusal is not None:
            raise JobError(f"{task.name!r}: the executor {name!r} {refusal}")
