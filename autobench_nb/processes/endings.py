"""How a process ended, in words: pure."""

from __future__ import annotations

import errno
import os
import signal
from enum import StrEnum
from typing import Final, NamedTuple

_NOT_EXECUTABLE: Final = 126  # POSIX, Shell Command Language, 2.8.2
_NOT_FOUND: Final = 127
_SIGNALLED: Final = 128


class EndKind(StrEnum):
    """How a command came to its end."""

    EXITED = "exited"
    SIGNALLED = "signalled"
    NOT_STARTED = "not started"
    TIMED_OUT = "timed out"
    STOPPED = "stopped"
    UNKNOWN = "unknown"


class Ending(NamedTuple):
    """How a command ended: its ``exit_code`` where it exited, the ``signal``'s name where it was killed.

    ``reason`` says why it did not succeed. One that was stopped, or that took too long, may have both.
    """

    kind: EndKind
    exit_code: int | None = None
    signal: str | None = None
    reason: str | None = None

    @property
    def succeeded(self) -> bool:
        """Whether it ended by itself, with exit status 0."""
        return self.kind is EndKind.EXITED and self.exit_code == 0


def ending_of(wait_status: int, *, shell: bool) -> Ending:
    """Read what ``wait`` gave. ``shell``: it was a shell's, whose status 126 and more speak of its last command."""
    if os.WIFSIGNALED(wait_status):
        number = os.WTERMSIG(wait_status)
        return Ending(EndKind.SIGNALLED, None, signal_name(number), f"killed by {named(number)}")
    code = os.WEXITSTATUS(wait_status)
    if code == 0:
        return Ending(EndKind.EXITED, 0)
    reason = f"exit status {code}{_hint(code) if shell else ''}"
    return Ending(EndKind.EXITED, code, None, reason)


def signal_name(number: int) -> str:
    """``SIGKILL`` for 9; ``signal 99`` for one without a name."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def named(number: int) -> str:
    """A signal's name and number; SIGKILL with the usual suspect."""
    name = signal_name(number)
    shown = name if name.startswith("signal") else f"{name} (signal {number})"
    return f"{shown}, out of memory?" if number == signal.SIGKILL else shown


def why_not_started(number: int, program: str, cwd: str | None) -> str:
    """Why ``exec`` refused, from its ``errno``, and what to do about it."""
    if cwd is not None and not os.path.isdir(cwd):
        if os.path.exists(cwd):
            return f"the working directory {cwd!r} is no directory: give another cwd"
        return f"the working directory {cwd!r} is not there: make it, or give another cwd"
    if (
        number == errno.ENOENT
        and "/" in program
        and os.path.isfile(os.path.join(cwd or "", program))
    ):
        return f"{program!r} is there, but not what is to run it: see its #! line, or its libraries"
    if number == errno.EACCES and os.path.isdir(os.path.join(cwd or "", program)):
        return f"{program!r} is a directory: give a program"
    if number == errno.EPERM:
        return f"{program!r} could not be started: it may not have so low a niceness, or run at all"
    if number == errno.EINVAL:
        return f"{program!r} was given something that no program can be given"
    if number == errno.ENOENT:
        return f"command not found: {program!r} is not there and not on PATH"
    if number == errno.EACCES:
        return f"{program!r} cannot be executed: its permissions do not allow it"
    if number == errno.ENOEXEC:
        return f"{program!r} is no program: it has no #! line; run it through a shell"
    if number == errno.E2BIG:
        return f"{program!r} was given more arguments and environment than the system takes"
    return f"{program!r} could not be started: {os.strerror(number)}"


def _hint(code: int) -> str:
    if code == _NOT_FOUND:
        return ": command not found by the shell"
    if code == _NOT_EXECUTABLE:
        return ": the shell found the command but could not execute it"
    if code > _SIGNALLED and code - _SIGNALLED in _KNOWN_SIGNALS:
        return f": a command in the shell was killed by {named(code - _SIGNALLED)}"
    return ""


_KNOWN_SIGNALS = frozenset(int(known) for known in signal.Signals)
