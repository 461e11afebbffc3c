"""This machine: commands as processes of their own, callables in the runner's threads."""

from __future__ import annotations

from autobench_nb.jobs.executors.executor import Repetition, RepetitionOutcome
from autobench_nb.jobs.executors.in_process import InProcess
from autobench_nb.jobs.executors.local_process import GRACE_S, LocalProcess
from autobench_nb.jobs.work import How, Task
from autobench_nb.state.model import JobKind


class LocalExecutor:
    """Runs commands by :class:`LocalProcess` and callables by :class:`InProcess`.

    ``grace_s``: seconds between SIGTERM and SIGKILL.
    """

    def __init__(self, *, grace_s: float = GRACE_S) -> None:
        self._commands = LocalProcess(grace_s=grace_s)
        self._callables = InProcess()

    def refusal(self, task: Task, how: How) -> str | None:
        """Say why it cannot do this work; see :class:`~autobench_nb.jobs.executors.executor.Executor`."""
        del task, how
        return None

    def run(self, task: Task, repetition: Repetition) -> RepetitionOutcome:
        """Do one repetition; see :class:`~autobench_nb.jobs.executors.executor.Executor`."""
        if task.kind is JobKind.COMMAND:
            return self._commands.run(task, repetition)
        return self._callables.run(task, repetition)

    def close(self) -> None:
        """End the launchers of commands."""
        self._commands.close()
        self._callables.close()
