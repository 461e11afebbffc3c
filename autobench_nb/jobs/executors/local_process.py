"""Commands on this machine: started by a launcher, read line by line, measured, ended with all that they started."""

from __future__ import annotations

import os
import threading
from typing import Any, Final

from autobench_nb.config import READ_TOKEN_VARIABLE, TOKEN_VARIABLE
from autobench_nb.jobs.executors.executor import Repetition, RepetitionOutcome
from autobench_nb.jobs.work import How, Task
from autobench_nb.logs.entry import Level
from autobench_nb.processes.command import ProcessSpec
from autobench_nb.processes.endings import Ending, EndKind
from autobench_nb.processes.launchers import Launchers
from autobench_nb.processes.shells import measure_shell
from autobench_nb.processes.usage import Usage
from autobench_nb.processes.watch import run_command
from autobench_nb.state.model import JobStatus

GRACE_S: Final = 2.0
"""Between SIGTERM and SIGKILL."""
LINGER_S: Final = 0.5
"""How long what a command left behind may go on after it, before it is ended."""


class LocalProcess:
    """Runs commands, each in a session of its own, its stdout and stderr as log lines.

    Standard input is empty (``/dev/null``) unless asked for; with ``pty=True`` all three are one terminal of 120
    columns. Measured from right before the program is started to right after ``wait4``, which also tells user and
    system CPU seconds of the command and of all descendants it waited for, and the largest peak memory (resident) of
    any one of them (docs/measuring.md).

    At the time limit, or when asked to stop, the command and all that it has started, in whatever group or session,
    get SIGTERM, and SIGKILL after ``grace_s``. What a command leaves behind is ended ``linger_s`` after it, with a
    warning, unless it is a daemon and ``keep_daemons`` was asked for. What cannot be ended is named in the log.
    """

    def __init__(self, *, grace_s: float = GRACE_S, linger_s: float = LINGER_S) -> None:
        self._grace_s = grace_s
        self._linger_s = linger_s
        self._launchers = Launchers()
        self._lock = threading.Lock()
        self._shells: dict[str, Usage | None] = {}

    def run(self, task: Task, repetition: Repetition) -> RepetitionOutcome:
        """One repetition; see :class:`~autobench_nb.jobs.executors.executor.Executor`."""
        how = repetition.how
        try:
            cwd = os.path.abspath(how.cwd or os.getcwd())
        except OSError as error:
            reason = (
                f"this process's working directory cannot be used ({error.strerror}): give a cwd"
            )
            return RepetitionOutcome(status=JobStatus.FAILED, reason=reason)
        command = ProcessSpec(
            argv=task.argv,
            cwd=cwd,
            env=environment(how),
            pty=how.pty,
            stdin=how.stdin,
            shell=task.shell,
            timeout_s=how.timeout_s,
            grace_s=self._grace_s,
            linger_s=self._linger_s,
            keep_daemons=how.keep_daemons,
            cpus=how.cpus,
            nice=how.nice,
        )
        sinks = {}
        for name in ("stdout",) if how.pty else ("stdout", "stderr"):
            sinks[name] = repetition.stream(name)
            sinks[name].is_timed = True
        report = run_command(
            self._launchers,
            command,
            sinks,
            given=repetition.input,
            stop=repetition.stop,
            warn=lambda text: repetition.log.say(Level.WARN, f"{repetition.name}: {text}."),
        )
        shell = None
        if task.shell and report.ending.succeeded and report.usage is not None:
            shell = self._shell(command)
        if (
            report.usage is not None
            and report.usage.peak_bytes is None
            and repetition.repetition == 1
        ):
            floor = report.usage.floor_bytes / 1e6
            repetition.log.say(
                Level.INFO,
                f"{repetition.name}: its peak memory is not known: here a program inherits {floor:.1f} MB from what "
                "starts it, and this one needed no more.",
            )
        return _outcome(report.ending, _status(report.ending, repetition), report.usage, shell, how)

    def close(self) -> None:
        """End the launchers."""
        self._launchers.close()

    def _shell(self, command: ProcessSpec) -> Usage | None:
        """What the command's shell costs by itself; measured once."""
        shell = command.argv[0]
        with self._lock:
            if shell not in self._shells:
                self._shells[shell] = measure_shell(
                    self._launchers, shell, cwd=command.cwd, env=command.env
                )
            return self._shells[shell]


def environment(how: How) -> dict[str, str]:
    """What a command finds in its environment: this process's own, with ``how.env`` laid over it (None removes).

    ``PYTHONUNBUFFERED=1`` is added, so that a Python program's lines are seen when it prints them, and are not lost
    when it is ended; who sets or removes it has the last word. The server's token is not passed on.
    """
    inherited = _inherited()
    if not how.env:
        return inherited
    env: dict[str, str | None] = {**inherited, **how.env}
    return {name: value for name, value in env.items() if value is not None}


def _inherited() -> dict[str, str]:
    """What every command inherits. To be read only: it is made anew when something in the environment has changed."""
    global _known
    # Each look at os.environ decodes a variable anew, which takes longer than starting a program does.
    raw = getattr(os.environ, "_data", None)
    if raw is not None and raw == _known[0]:
        return _known[1]
    env = {"PYTHONUNBUFFERED": "1", **os.environ}
    env.pop(TOKEN_VARIABLE, None)
    env.pop(READ_TOKEN_VARIABLE, None)
    if raw is not None:
        _known = dict(raw), env
    return env


_known: tuple[dict[Any, Any] | None, dict[str, str]] = (None, {})


def _status(ending: Ending, repetition: Repetition) -> JobStatus:
    if ending.kind is EndKind.STOPPED and repetition.stop.status is not None:
        return repetition.stop.status
    if ending.kind is EndKind.TIMED_OUT:
        return JobStatus.TIMEOUT
    return JobStatus.SUCCEEDED if ending.succeeded else JobStatus.FAILED


def _outcome(
    ending: Ending, status: JobStatus, usage: Usage | None, shell: Usage | None, how: How
) -> RepetitionOutcome:
    wall_s = user_s = system_s = None
    if usage is not None:
        off = shell if shell is not None and how.subtract_shell else Usage(0.0, 0.0, 0.0, None)
        wall_s = max(0.0, usage.wall_s - off.wall_s)
        user_s = max(0.0, usage.user_s - off.user_s)
        system_s = max(0.0, usage.system_s - off.system_s)
    return RepetitionOutcome(
        status=status,
        reason=ending.reason,
        exit_code=ending.exit_code,
        signal=ending.signal,
        wall_s=wall_s,
        cpu_user_s=user_s,
        cpu_system_s=system_s,
        max_rss_bytes=None if usage is None else usage.peak_bytes,
        shell_s=None if shell is None else shell.wall_s,
    )
