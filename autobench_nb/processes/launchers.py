"""The notebook's side of the small processes that start commands (see :mod:`autobench_nb.processes.launcher`)."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import weakref
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from autobench_nb import forks
from autobench_nb.processes.command import ProcessSpec
from autobench_nb.processes.launcher.channel import FORGET

CLOSE_PATIENCE_S: Final = 10.0
"""How long launchers may take to end what they run."""

_PACKAGE: Final = str(Path(__file__).parents[1])
# The package without its __init__, which imports what the small processes do not need; -I and -S keep them from what
# the user has installed. So they stay small and start soon.
_BOOT: Final = """
import sys, types
package = types.ModuleType("autobench_nb")
package.__path__ = [sys.argv[1]]
sys.modules["autobench_nb"] = package
from autobench_nb.processes.launcher.keeper import main
main()
"""


class LauncherGone(Exception):
    """The launcher has ended, or could not be started; says why."""


class Launcher:
    """One launcher: starts one command at a time. Used by one thread at a time; see :class:`Launchers`."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._data = b""
        self._env: dict[str, str] | None = None
        # What wakes the thread that waits for answers; of the launcher, since it is used again and again.
        self.wake_up = _pipe()
        self._close_wake_up = weakref.finalize(self, _close, self.wake_up)
        self._close_wake_up.atexit = False
        forks.register(self)

    def fileno(self) -> int:
        """Readable when there are :meth:`answers`."""
        return self._sock.fileno()

    def start(self, command: ProcessSpec, descriptors: Sequence[int]) -> None:
        """Begin a command. ``descriptors``: its stdin, stdout and stderr, or its terminal."""
        request = {
            "argv": list(command.argv),
            "cwd": command.cwd,
            "pty": command.pty,
            "keep": command.keep_daemons,
            **({} if command.cpus is None else {"cpus": command.cpus}),
            **({} if command.nice is None else {"nice": command.nice}),
        }
        if command.env != self._env:
            # The launcher remembers it: it is most of a request, and the same for most commands.
            request["env"] = self._env = dict(command.env)
        data = json.dumps(request).encode() + b"\n"
        try:
            sent = socket.send_fds(self._sock, [data], list(descriptors))
            if sent < len(data):
                self._sock.sendall(data[sent:])
        except OSError as error:
            raise LauncherGone("the launcher process has ended") from error

    def answers(self) -> list[dict[str, Any]]:
        """What it has said; waits for at least a part of it. Raises :class:`LauncherGone`."""
        try:
            more = self._sock.recv(65536)
        except OSError as error:
            raise LauncherGone("the launcher process has ended") from error
        if not more:
            raise LauncherGone("the launcher process has ended")
        *lines, self._data = (self._data + more).split(b"\n")
        return [json.loads(line) for line in lines]

    def signal(self, number: int) -> None:
        """Send a signal to the command and all that it has started; after SIGKILL, what lives on is an answer."""
        with contextlib.suppress(OSError):  # it is gone: answers() says so
            self._sock.sendall(bytes([number]))

    def forget(self) -> None:
        """Wait no longer for what is left of the command."""
        self.signal(FORGET)

    def close(self) -> None:
        """End the launcher, and with it whatever it still watches; waits for that."""
        with contextlib.suppress(OSError):
            self._sock.shutdown(socket.SHUT_WR)
            self._sock.settimeout(CLOSE_PATIENCE_S)
            while self._sock.recv(65536):
                pass
        self._sock.close()
        self._close_wake_up()

    def after_fork_in_child(self) -> None:
        """Close the child's copy of the socket: the launcher must see when the parent is gone."""
        forks.close_descriptors([self._sock])


def _pipe() -> tuple[int, int]:
    """A pipe whose ends do not block."""
    ends = os.pipe()
    for end in ends:
        os.set_blocking(end, False)
    return ends


def _close(descriptors: tuple[int, int]) -> None:
    for descriptor in descriptors:
        os.close(descriptor)


class Launchers:
    """Launchers that are free to be used again, and the keeper that makes them. Thread-safe.

    ``starter=False`` and ``adopt=False``: do without what only Linux has, as elsewhere.
    """

    def __init__(self, *, starter: bool = True, adopt: bool = True) -> None:
        self._how = {"starter": starter, "adopt": adopt}
        self._lock = threading.Lock()
        self._free: list[Launcher] = []
        self._keeper: subprocess.Popen[bytes] | None = None
        self._keeper_sock: socket.socket | None = None
        forks.register(self)

    def take(self) -> Launcher:
        """A free launcher, or a new one. Raises :class:`LauncherGone` where it cannot be had."""
        with self._lock:
            if self._free:
                return self._free.pop()
            try:
                return self._new()
            except OSError as error:
                if error.errno in (errno.EMFILE, errno.ENFILE):  # others' commands go on
                    raise LauncherGone(f"no launcher can be had: {error.strerror}") from error
                self._end_keeper()  # it was killed
            try:
                return self._new()
            except OSError as error:
                raise LauncherGone(f"no launcher can be had: {error.strerror}") from error

    def give(self, launcher: Launcher) -> None:
        """Let it be used again."""
        with self._lock:
            self._free.append(launcher)

    def close(self) -> None:
        """End all of them, and what they run."""
        with self._lock:
            free, self._free = self._free, []
            for launcher in free:
                launcher.close()
            self._end_keeper()

    def after_fork_in_child(self) -> None:
        """Let go of them without ending them: they are the parent's."""
        self._lock = threading.Lock()
        if self._keeper_sock is not None:
            forks.close_descriptors([self._keeper_sock])
        if self._keeper is not None:
            # Nobody's child here, and nothing to wait for.
            self._keeper.returncode = 0
        self._free, self._keeper, self._keeper_sock = [], None, None

    def _new(self) -> Launcher:
        if self._keeper_sock is None:
            self._keeper_sock = self._start_keeper()
        ours, theirs = socket.socketpair()
        with theirs:
            try:
                data = json.dumps(self._how).encode() + b"\n"
                socket.send_fds(self._keeper_sock, [data], [theirs.fileno()])
            except OSError:
                ours.close()
                raise
        return Launcher(ours)

    def _start_keeper(self) -> socket.socket:
        if not sys.executable:
            raise LauncherGone("this Python does not know its own executable (sys.executable)")
        sock, theirs = socket.socketpair()
        try:
            self._keeper = subprocess.Popen(
                [sys.executable, "-I", "-S", "-c", _BOOT, _PACKAGE],
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                # An interrupt of the notebook is not the command's.
                start_new_session=True,
                cwd="/",
            )
        except OSError as error:
            sock.close()
            raise LauncherGone(f"{sys.executable} cannot be started: {error.strerror}") from error
        finally:
            theirs.close()
        return sock

    def _end_keeper(self) -> None:
        if self._keeper_sock is not None:
            self._keeper_sock.close()
            self._keeper_sock = None
        if self._keeper is not None:
            try:
                self._keeper.wait(timeout=CLOSE_PATIENCE_S)
            except subprocess.TimeoutExpired:
                self._keeper.send_signal(signal.SIGKILL)
                self._keeper.wait()
            self._keeper = None
