"""Commands on this machine: started by a launcher, read line by line, measured, ended with all that they started."""

from __future__ import annotations

import os
from typing import Final

from autobench_nb.jobs.executors.executor import Repetition, RepetitionOutcome
from autobench_nb.jobs.work import Task
from autobench_nb.processes.launchers import LauncherGone, Launchers
from autobench_nb.processes.watch import Watch
from autobench_nb.state.model import JobStatus

GRACE_S: Final = 2.0
"""Between SIGTERM and SIGKILL."""
LINGER_S: Final = 0.5
"""How long what a command left behind may go on after it, before it is ended."""


class LocalProcess:
    """Runs commands, each in a session of its own, its stdout and stderr as log lines.

    Standard input is empty (``/dev/null``); with ``pty=True`` all three are one terminal of 120 columns. Measured by
    ``wait4``: user and system CPU seconds of the command and of all descendants it waited for, and the largest peak
    memory (resident) of any one of them; wall seconds from ``fork`` to the end.

    At the time limit, or when asked to stop, the process group gets SIGTERM, and SIGKILL after ``grace_s``. Processes
    that a command leaves behind in its group are ended ``linger_s`` after it, with a warning; one that left the group
    (``setsid``) lives on, but its output is no longer read.
    """

    def __init__(self, *, grace_s: float = GRACE_S, linger_s: float = LINGER_S) -> None:
        self._grace_s = grace_s
        self._linger_s = linger_s
        self._launchers = Launchers()

    def run(self, task: Task, repetition: Repetition) -> RepetitionOutcome:
        """One repetition; see :class:`~autobench_nb.jobs.executors.executor.Executor`."""
        try:
            cwd = os.path.abspath(repetition.how.cwd or os.getcwd())
            launcher = self._launchers.take()
        except (LauncherGone, OSError) as error:
            return RepetitionOutcome(
                status=JobStatus.FAILED, reason=f"nothing can be started: {error}"
            )
        watch = None
        try:
            watch = Watch(launcher, task, repetition, self._grace_s, self._linger_s)
            outcome = watch.run(cwd)
        except LauncherGone as gone:
            if watch is not None:
                watch.kill()
            outcome = RepetitionOutcome(
                status=JobStatus.FAILED, reason=f"its end is not known: {gone}"
            )
        except OSError as error:  # out of descriptors, or of terminals
            outcome = RepetitionOutcome(
                status=JobStatus.FAILED, reason=f"nothing can be started: {error}"
            )
        finally:
            if watch is not None:
                watch.close()
            if watch is not None and watch.is_over:
                self._launchers.give(launcher)
            else:
                launcher.close()
        return outcome

    def close(self) -> None:
        """End the launchers."""
        self._launchers.close()
