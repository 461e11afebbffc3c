"""The runner's side of the launcher (see :mod:`autobench_nb.processes.launcher` for why there is one)."""

from __future__ import annotations

import contextlib
import json
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from autobench_nb import forks
from autobench_nb.processes.launcher import FORGET

SCRIPT: Final = Path(__file__).with_name("launcher.py")


class LauncherGone(Exception):
    """The launcher has ended, or could not be started; says why."""


class Launcher:
    """One launcher process: starts one command at a time. Used by one thread at a time.

    Raises :class:`LauncherGone` where the process cannot be had.
    """

    def __init__(self) -> None:
        if not sys.executable:
            raise LauncherGone("this Python does not know its own executable (sys.executable)")
        self._sock, theirs = socket.socketpair()
        try:
            # -I and -S: no site packages and nothing of the user's, so that it stays small and starts soon.
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-S", str(SCRIPT)],
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,  # an interrupt of the notebook is not the command's
                cwd="/",
            )
        except OSError as error:
            self._sock.close()
            raise LauncherGone(f"{sys.executable} cannot be started: {error.strerror}") from error
        finally:
            theirs.close()
        self._data = b""
        forks.register(self)

    def after_fork_in_child(self) -> None:
        """Close the child's copy of the socket: the launcher must see when the parent is gone."""
        forks.close_descriptors([self._sock])

    @property
    def pid(self) -> int:
        """The launcher's own process id."""
        return int(self._process.pid)

    def fileno(self) -> int:
        """Readable when there are :meth:`answers`."""
        return self._sock.fileno()

    def start(
        self,
        argv: Sequence[str],
        descriptors: Sequence[int],
        *,
        cwd: str,
        env: Mapping[str, str],
        pty: bool,
    ) -> None:
        """Begin a command with its stdout and stderr, or its terminal, as ``descriptors``."""
        request = {"argv": list(argv), "cwd": cwd, "env": dict(env), "pty": pty}
        data = json.dumps(request).encode() + b"\n"
        try:
            sent = socket.send_fds(self._sock, [data], list(descriptors))
            self._sock.sendall(data[sent:])
        except OSError as error:
            raise LauncherGone("the launcher process has ended") from error

    def answers(self) -> list[dict[str, Any]]:
        """What it has said; waits for at least a part of it."""
        try:
            more = self._sock.recv(65536)
        except OSError as error:
            raise LauncherGone("the launcher process has ended") from error
        if not more:
            raise LauncherGone("the launcher process has ended")
        *lines, self._data = (self._data + more).split(b"\n")
        return [json.loads(line) for line in lines]

    def signal(self, number: int) -> None:
        """Send a signal to the command's process group."""
        with contextlib.suppress(OSError):  # it is gone: answers() says so
            self._sock.sendall(bytes([number]))

    def forget(self) -> None:
        """Wait no longer for what is left of the command."""
        self.signal(FORGET)

    def close(self) -> None:
        """End the launcher, and with it whatever it still watches."""
        self._sock.close()
        try:
            self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


class Launchers:
    """Launchers that are free to be used again. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._free: list[Launcher] = []
        forks.register(self)

    def after_fork_in_child(self) -> None:
        """None of them is the child's."""
        self._lock = threading.Lock()
        self._free = []

    def take(self) -> Launcher:
        """A free launcher, or a new one."""
        with self._lock:
            if self._free:
                return self._free.pop()
        return Launcher()

    def give(self, launcher: Launcher) -> None:
        """It may be used again."""
        with self._lock:
            self._free.append(launcher)

    def close(self) -> None:
        """End those that are free."""
        with self._lock:
            free, self._free = self._free, []
        for launcher in free:
            launcher.close()
