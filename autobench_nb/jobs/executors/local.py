"""This machine: commands as processes of their own, callables in the runner's threads or isolated."""

from __future__ import annotations

import os
import sys

from autobench_nb.jobs.executors.executor import Repetition, RepetitionOutcome
from autobench_nb.jobs.executors.in_process import InProcess
from autobench_nb.jobs.executors.isolated import IsolatedCallables
from autobench_nb.jobs.executors.local_process import GRACE_S, LocalProcess
from autobench_nb.jobs.executors.overdue import NOTICE_S
from autobench_nb.jobs.work import How, Task
from autobench_nb.processes.support import why_no_commands
from autobench_nb.state.model import JobKind


def missing_cpus(cpus: tuple[int, ...]) -> str | None:
    """Why a command cannot be bound to these processors; None where it can."""
    if not hasattr(os, "sched_getaffinity"):
        return f"cannot bind a command to processors on {sys.platform}: leave cpus away."
    usable = os.sched_getaffinity(0)
    missing = sorted(set(cpus) - usable)
    if not missing:
        return None
    return f"has no processor {missing[0]}: it may use {', '.join(map(str, sorted(usable)))}."


class LocalExecutor:
    """Runs commands by :class:`LocalProcess`, callables by :class:`InProcess`, isolated ones by
    :class:`IsolatedCallables`.

    ``grace_s``: seconds between SIGTERM and SIGKILL. ``notice_s``: seconds after which a callable that ignores its time
    limit or a cancel is said to.
    """

    def __init__(self, *, grace_s: float = GRACE_S, notice_s: float = NOTICE_S) -> None:
        self._commands = LocalProcess(grace_s=grace_s)
        self._callables = InProcess(notice_s=notice_s)
        self._isolated = IsolatedCallables(self._commands)

    def refusal(self, task: Task, how: How) -> str | None:
        """Say why it cannot do this work; see :class:`~autobench_nb.jobs.executors.executor.Executor`."""
        if how.resources:
            return "has no resources to choose from: name an executor that has, such as a DaskExecutor."
        if task.kind is JobKind.CALLABLE and not how.isolate:
            bound = how.cpus is not None or how.nice is not None
            return "cannot bind a callable in this process: isolate=True." if bound else None
        if how.cpus is not None and (missing := missing_cpus(how.cpus)) is not None:
            return missing
        return why_no_commands() or (self._isolated.refusal(task, how) if how.isolate else None)

    def run(self, task: Task, repetition: Repetition) -> RepetitionOutcome:
        """Do one repetition; see :class:`~autobench_nb.jobs.executors.executor.Executor`."""
        if task.kind is JobKind.COMMAND:
            return self._commands.run(task, repetition)
        if repetition.how.isolate:
            return self._isolated.run(task, repetition)
        return self._callables.run(task, repetition)

    def close(self) -> None:
        """End the launchers of commands, and the thread that looks after callables."""
        self._commands.close()
        self._callables.close()
