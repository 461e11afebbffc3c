"""The keeper: the one small process that a notebook's process has, which makes launchers and outlives them.

A launcher that is killed can end nothing any more. The keeper then adopts what it had started, and kills it. It ends
when the notebook's process does, after its launchers, and leaves nothing behind but daemons that were to be kept.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import time
from typing import NoReturn

from autobench_nb.processes.launcher import launcher
from autobench_nb.processes.launcher.channel import (
    ChildWatch,
    receive,
    take_standard_input,
)
from autobench_nb.processes.launcher.tree import (
    PAUSE_S,
    Member,
    become_subreaper,
    descendants,
    kill_all,
)

LAST_PATIENCE_S = 5.0
"""How long launchers may take to end what they run, when the notebook's process is gone."""


def main() -> None:
    """Make a launcher for each socket that comes over standard input."""
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
    Keeper(take_standard_input()).run()


class Keeper:
    """Launchers by pid, and the pids of daemons that are kept."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._launchers: set[int] = set()
        self._kept: set[int] = set()
        self._adopts = become_subreaper()
        self._children = ChildWatch()

    def run(self) -> None:
        """Serve until the notebook's process is gone, and then end all."""
        while True:
            readable, _, _ = select.select([self._sock.fileno(), self._children.wake], [], [])
            if self._children.wake in readable:
                self._children.drain()
                self._reap()
            if self._sock.fileno() in readable:
                request, descriptors = receive(self._sock)
                if request is None:
                    break
                for descriptor in descriptors:
                    self._make_launcher(descriptor, request)
        self._end()

    def _make_launcher(self, descriptor: int, how: dict[str, bool]) -> None:
        try:
            pid = os.fork()
        except OSError:  # no more processes: the closed socket tells
            os.close(descriptor)
            return
        if pid == 0:
            self._become_launcher(descriptor, how)
        os.close(descriptor)
        self._launchers.add(pid)

    def _become_launcher(self, descriptor: int, how: dict[str, bool]) -> NoReturn:
        status = 1
        try:
            self._children.close()
            self._sock.close()
            launcher.serve(socket.socket(fileno=descriptor), **how)
            status = 0
        finally:
            os._exit(status)

    def _reap(self) -> None:
        failed = ended = False
        with contextlib.suppress(ChildProcessError):
            while True:
                pid, status = os.waitpid(-1, os.WNOHANG)
                if not pid:
                    break
                self._kept.discard(pid)
                if pid in self._launchers:
                    self._launchers.remove(pid)
                    ended = True
                    failed = failed or status != 0
        if failed and self._adopts:
            kill_all(self._orphans, self._reap_quietly, spared=self._launchers | self._kept)
        elif ended:
            self._kept |= {orphan.pid for orphan in self._orphans() if orphan.parent == os.getpid()}

    def _reap_quietly(self) -> None:
        """Reap what is no launcher: these are :meth:`_reap`'s."""
        for orphan in os.listdir("/proc"):
            if orphan.isdigit() and int(orphan) not in self._launchers:
                with contextlib.suppress(OSError):
                    os.waitpid(int(orphan), os.WNOHANG)

    def _orphans(self) -> list[Member]:
        """What launchers that are gone have left."""
        return descendants(os.getpid(), pruned=self._launchers | self._kept)

    def _end(self) -> None:
        until = time.monotonic() + LAST_PATIENCE_S
        while self._launchers and time.monotonic() < until:
            self._reap()
            time.sleep(PAUSE_S)
        for pid in self._launchers:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
        if self._launchers and self._adopts:
            self._launchers.clear()
            kill_all(self._orphans, self._reap_quietly, spared=self._kept)
