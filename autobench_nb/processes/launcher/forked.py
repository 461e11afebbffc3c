"""Starts a program with ``fork``, where there is no starter: less exact, and everywhere."""

from __future__ import annotations

import os
import signal
from collections.abc import Mapping, Sequence
from typing import NoReturn

from autobench_nb.processes.launcher.starter import IGNORED_BY_PYTHON


def fork_program(
    path: str,
    argv: Sequence[str],
    env: Mapping[str, str],
    places: Sequence[int],
    *,
    terminal: bool,
) -> int:
    """Start a program as :func:`~autobench_nb.processes.launcher.starter.spawn` does; gives its pid.

    Raises :class:`OSError` where it cannot be started.
    """
    # Both ends close on exec: no byte means that exec has succeeded.
    broken, report = os.pipe()
    try:
        pid = os.fork()
        if pid == 0:
            _become(path, argv, env, places, terminal, report)
    finally:
        os.close(report)
    number = os.read(broken, 16)
    os.close(broken)
    if number:
        os.waitpid(pid, 0)
        raise OSError(int(number), os.strerror(int(number)))
    return pid


def _become(
    path: str,
    argv: Sequence[str],
    env: Mapping[str, str],
    places: Sequence[int],
    terminal: bool,
    report: int,
) -> NoReturn:
    """In the child: its own session, its descriptors, and then the program."""
    try:
        os.setsid()
        signal.set_wakeup_fd(-1)
        for ignored in (*IGNORED_BY_PYTHON, signal.SIGCHLD):
            signal.signal(ignored, signal.SIG_DFL)
        if terminal:
            _take_terminal(places[0])
        for number, place in enumerate(places):
            os.dup2(place, number)
        os.execve(path, list(argv), env)
    except OSError as error:
        os.write(report, str(error.errno or 1).encode())
    except BaseException:  # noqa: BLE001 - nothing may ever run on in the copy of the launcher
        os.write(report, b"22")
    finally:
        os._exit(127)


def _take_terminal(descriptor: int) -> None:
    """Make the terminal the session's controlling one."""
    import fcntl
    import termios

    fcntl.ioctl(descriptor, termios.TIOCSCTTY, 0)
