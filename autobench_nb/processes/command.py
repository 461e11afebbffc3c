"""What is to be run, in full: nothing is left to the surroundings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

TERMINAL_SIZE: Final = (40, 120)
"""Rows and columns of a command's terminal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessSpec:
    """A program with its arguments and surroundings. Times in seconds.

    Args:
        argv: The program (a path, or a name to be found on ``env``'s ``PATH``) and its arguments.
        cwd: The folder in which it runs.
        env: Its whole environment.
        pty: Whether stdin, stdout and stderr are one terminal, instead of pipes.
        stdin: Whether its standard input is a pipe that :class:`~autobench_nb.processes.stdin.CommandInput` writes
            to; else it is empty (``/dev/null``). A terminal can always be written to.
        shell: Whether the program is a shell, whose exit statuses above 125 speak of its last command.
        timeout_s: After how long it is ended; None: never.
        grace_s: Between SIGTERM and SIGKILL.
        linger_s: How long what it leaves behind may go on after it.
        keep_daemons: Whether what it leaves behind in sessions of their own lives on, when it ends by itself.
        cpus: The numbers of the processors that it is bound to, from before its first instruction on; None: all.
        nice: What is added to its niceness; None: nothing.
    """

    argv: tuple[str, ...]
    cwd: str
    env: Mapping[str, str]
    pty: bool = False
    stdin: bool = False
    shell: bool = False
    timeout_s: float | None = None
    grace_s: float = 2.0
    linger_s: float = 0.5
    keep_daemons: bool = False
    cpus: tuple[int, ...] | None = None
    nice: int | None = None
