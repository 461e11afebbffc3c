"""The launcher: a small process that starts commands, one after the other, and ends them with all that they started.

Commands are not started from the notebook's own process for two reasons. What is measured: see
:mod:`autobench_nb.processes.launcher.starter`. And ends: the launcher adopts every descendant of its command, so it can
find and end all of them; and when the notebook's process dies, even by SIGKILL, the launcher sees its socket close and
does so.

It uses nothing but the standard library, imports little, and has one thread. Each request is a line of JSON with the
command's descriptors, each answer a line of JSON; single bytes while a command runs are signals for the command and all
that it started.
"""

from __future__ import annotations

import errno
import os
import resource
import select
import signal
import socket
import sys
import time
from collections.abc import Sequence
from typing import Any

from autobench_nb.processes.launcher.channel import (
    FORGET,
    ChildWatch,
    answer,
    receive,
)
from autobench_nb.processes.launcher.forked import fork_program
from autobench_nb.processes.launcher.programs import find_program
from autobench_nb.processes.launcher.starter import StarterRecord, make_starter, read_record, spawn
from autobench_nb.processes.launcher.tree import (
    PAUSE_S,
    Member,
    Survivor,
    become_subreaper,
    descendants,
    has_children,
    kill_all,
    signal_all,
)

GROUP_POLL_S = 0.02
GRACE_S = 0.5
"""Between SIGTERM and SIGKILL when the notebook's process is gone."""


def serve(sock: socket.socket, *, starter: bool = True, adopt: bool = True) -> None:
    """Start what is asked for until the other side is gone; without a starter or a sub-reaper where asked to."""
    adopts = adopt and become_subreaper()
    children = ChildWatch()
    file = make_starter() if starter else None
    env: dict[str, str] = {}
    while True:
        request, descriptors = receive(sock)
        if request is None:
            return
        env = request.setdefault("env", env)
        command = LaunchedCommand(request, file, adopts)
        try:
            command.start(descriptors)
        except (OSError, ValueError) as error:  # a ValueError: no program can be given that
            answer(sock, failed=getattr(error, "errno", None) or errno.EINVAL)
            continue
        finally:
            for descriptor in descriptors:
                os.close(descriptor)
        try:
            watch(sock, children, command)
        except ConnectionError:
            command.end()
            return
        finally:
            command.close()


def watch(sock: socket.socket, children: ChildWatch, command: LaunchedCommand) -> None:
    """Until the command has ended with all that it started, or the other side lets go of it."""
    told = False
    while True:
        if command.exit is not None and not told:
            told = True
            command.reap()
            gone = command.is_gone()
            answer(sock, **command.exit, gone=gone, kept=command.kept)
        elif told:
            gone = command.is_gone()
            if gone:
                answer(sock, gone=True, kept=command.kept)
        else:
            gone = False
        if gone:
            return
        timeout = None if command.adopts or not told else GROUP_POLL_S
        waited = [sock.fileno(), children.wake, *command.records]
        readable, _, _ = select.select(waited, [], [], timeout)
        if children.wake in readable:
            children.drain()
        if command.records and command.records[0] in readable:
            command.read()
        command.reap()
        if sock.fileno() in readable:
            numbers = sock.recv(64)
            if not numbers:
                raise ConnectionResetError
            for number in numbers:
                if number == FORGET:
                    answer(sock, gone=False, kept=command.kept)
                    return
                left = command.send(number)
                if left:
                    answer(sock, left=left)


class LaunchedCommand:
    """One command that was started, and all that it starts. ``adopts``: whether this process is a sub-reaper."""

    def __init__(self, request: dict[str, Any], starter: int | None, adopts: bool) -> None:
        self._request = request
        self._starter = starter
        self.adopts = adopts
        self._keeps = bool(request["keep"])
        self._ending = False
        self._spared: list[int] = []
        self.records: list[int] = []
        self._group = 0
        self._begun = 0.0
        self.exit: dict[str, Any] | None = None
        self.kept = 0

    def start(self, descriptors: Sequence[int]) -> None:
        """Start it. Raises :class:`OSError` where that is not possible."""
        request = self._request
        argv, env, terminal = request["argv"], request["env"], request["pty"]
        places = [descriptors[0]] * 3 if terminal else list(descriptors)
        os.chdir(request["cwd"])
        all_cpus = None
        try:
            # What is started inherits both. This process takes back the one; the other has to end it: see Launchers.
            if "cpus" in request:
                all_cpus = os.sched_getaffinity(0)
                os.sched_setaffinity(0, request["cpus"])
            if "nice" in request:
                os.nice(request["nice"])
            path = find_program(argv[0], env.get("PATH"))
            self._begun = time.monotonic()
            if self._starter is None:
                self._group = fork_program(path, argv, env, places, terminal=terminal)
                return
            pid, records = spawn(self._starter, path, argv, env, places, terminal=terminal)
        finally:
            os.chdir("/")
            if all_cpus is not None:
                os.sched_setaffinity(0, all_cpus)
        self._spared, self.records = [pid], [records]

    def read(self) -> None:
        """Read how it has ended, from its starter."""
        self._take_record()
        os.waitpid(self._spared.pop(), 0)

    def _take_record(self) -> None:
        record = read_record(self.records[0])
        os.close(self.records.pop())
        if record is None:  # somebody has killed the starter
            self.exit = {"lost": True}
        elif record.errno:
            self.exit = {"failed": record.errno}
        else:
            self._group = record.pid
            self.exit = _measured(record)

    def reap(self) -> None:
        """Take what has ended from the table of processes."""
        while True:
            try:
                pid, status, usage = os.wait4(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if not pid:
                return
            if pid == self._group and self.exit is None:
                self.exit = self._usage_of_all(status, usage)
            elif pid in self._spared:
                self._spared.remove(pid)
                self._take_record()

    def _usage_of_all(self, status: int, usage: resource.struct_rusage) -> dict[str, Any]:
        unit = 1 if sys.platform == "darwin" else 1024
        floor = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        peak = usage.ru_maxrss
        return {
            "status": status,
            "wall": time.monotonic() - self._begun,
            "user": usage.ru_utime,
            "system": usage.ru_stime,
            # A program of less inherits the peak of what it was forked from: then its own is not known.
            "peak": peak * unit if peak > floor else None,
            "floor": floor * unit,
        }

    def is_gone(self) -> bool:
        """Whether nothing of it runs any more, apart from the daemons that are to be kept."""
        if not self.adopts:
            return not _group_is_alive(self._group)
        if not has_children():
            self.kept = 0
            return True
        if not self._keeps or self._ending:
            return False
        left = self.members()
        self.kept = sum(member.session != self._group for member in left)
        return self.kept == len(left)

    def members(self) -> list[Member]:
        """All of it that runs."""
        if self.adopts:
            return descendants(os.getpid(), self._spared)
        found = descendants(self._group) if self.exit is None else []
        return [Member(self._group, os.getpid(), self._group), *found]

    def send(self, number: int) -> list[Survivor]:
        """Send a signal to all of it; gives what SIGKILL could not end."""
        self._ending = True
        self._await_program()
        if not self.adopts and not _group_is_alive(self._group):
            return []
        if number == signal.SIGKILL and self.adopts:
            return kill_all(self.members, self.reap, lambda: not has_children(), self._spared)
        if not self.adopts:
            os.killpg(self._group, number)
        signal_all(self.members(), number)
        return []

    def _await_program(self) -> None:
        """Until the starter has started it: a signal before that would find nobody."""
        while self._spared and not self.members():
            time.sleep(PAUSE_S / 5)
            self.reap()

    def end(self) -> None:
        """Leave nothing behind: the other side is gone."""
        for number in (signal.SIGTERM, signal.SIGCONT):
            self.send(number)
        until = time.monotonic() + GRACE_S
        while time.monotonic() < until:
            self.reap()
            if not (has_children() if self.adopts else _group_is_alive(self._group)):
                return
            time.sleep(PAUSE_S)
        self.send(signal.SIGKILL)

    def close(self) -> None:
        """Give back what is left of its starter, where that was let go of."""
        for descriptor in self.records:
            os.close(descriptor)
        self.records.clear()


def _measured(record: StarterRecord) -> dict[str, Any]:
    return {
        "status": record.wait_status,
        "wall": record.wall_s,
        "user": record.user_s,
        "system": record.system_s,
        "peak": record.peak_bytes,
        "floor": 0,
    }


def _group_is_alive(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # all that is left runs as another user
        pass
    return True
