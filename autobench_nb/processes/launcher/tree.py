"""All that a process has started, whatever sessions and groups it went into, and the end of it.

On Linux a process can adopt what its descendants leave behind (a *sub-reaper*): a daemon that forks twice and begins a
session of its own stays a descendant, and is found. Elsewhere a process group is all that can be reached.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Callable, Collection, Iterable
from typing import Final, NamedTuple

_PR_SET_CHILD_SUBREAPER: Final = 36
PAUSE_S: Final = 0.005
KILL_PATIENCE_S: Final = 2.0
"""How long SIGKILL may take: what it has not ended by then sleeps in the kernel, or belongs to somebody else."""
_FREEZES: Final = 50
"""Passes that stop what is found, so that what forks without end comes to rest before it is killed."""
_COMMAND_LIMIT: Final = 120


class Member(NamedTuple):
    """A living process, as ``/proc/PID/stat`` has it."""

    pid: int
    parent: int
    session: int


class Survivor(NamedTuple):
    """A process that could not be ended, and its command line."""

    pid: int
    command: str


def become_subreaper() -> bool:
    """Adopt what descendants leave behind; False where the system does not know that."""
    try:
        import ctypes

        libc = ctypes.CDLL(None, use_errno=True)
        return bool(libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0)
    except (ImportError, OSError, AttributeError):
        return False


def living() -> list[Member]:
    """Every process that runs; no zombies. Empty where there is no ``/proc``."""
    members = []
    try:
        names = os.listdir("/proc")
    except OSError:
        return []
    for name in names:
        if name.isdigit():
            with contextlib.suppress(OSError, ValueError):  # it has just ended
                with open(f"/proc/{name}/stat", "rb") as file:
                    # The second field, in brackets, may hold anything.
                    state, parent, _, session = file.read().rpartition(b")")[2].split()[:4]
                if state not in b"ZX":
                    members.append(Member(int(name), int(parent), int(session)))
    return members


def descendants(
    root: int, spared: Collection[int] = (), pruned: Collection[int] = ()
) -> list[Member]:
    """What runs below ``root``, parents first, of one look at the table of processes.

    Left out are the ``spared`` processes themselves, and the ``pruned`` ones with all that these have started.
    """
    below: dict[int, list[Member]] = {}
    for member in living():
        below.setdefault(member.parent, []).append(member)
    found = []
    open_ends = [root]
    while open_ends:
        for member in below.pop(open_ends.pop(), ()):
            if member.pid in pruned:
                continue
            open_ends.append(member.pid)
            if member.pid not in spared:
                found.append(member)
    return found


def signal_all(members: Iterable[Member], number: int) -> int:
    """Send a signal to each; gives how many took it."""
    taken = 0
    for member in members:
        with contextlib.suppress(OSError):  # it has ended, or runs as another user
            os.kill(member.pid, number)
            taken += 1
    return taken


def kill_all(
    find: Callable[[], list[Member]],
    reap: Callable[[], object],
    patience_s: float = KILL_PATIENCE_S,
) -> list[Survivor]:
    """End all that ``find`` finds, also what forks faster than it is killed; gives those that live on.

    ``reap`` is called again and again, to take what has ended from the table of processes.
    """
    until = time.monotonic() + patience_s
    while True:
        reap()
        members = _frozen(find)
        if not members:
            return []
        signal_all(members, signal.SIGKILL)
        if time.monotonic() > until:
            return [Survivor(member.pid, command_of(member.pid)) for member in members]
        time.sleep(PAUSE_S)


def _frozen(find: Callable[[], list[Member]]) -> list[Member]:
    """What is found once all of it has been stopped: a stopped process forks no more."""
    stopped: set[int] = set()
    members = find()
    for _ in range(_FREEZES):
        new = [member for member in members if member.pid not in stopped]
        if not new:
            break
        signal_all(new, signal.SIGSTOP)
        stopped |= {member.pid for member in new}
        members = find()
    return members


def command_of(pid: int) -> str:
    """A process's command line, cut; its name where it has none; empty where nothing is known."""
    for name in ("cmdline", "comm"):
        with contextlib.suppress(OSError), open(f"/proc/{pid}/{name}", "rb") as file:
            text = file.read(4 * _COMMAND_LIMIT).replace(b"\0", b" ").strip()
            if text:
                return text.decode("utf-8", "backslashreplace")[:_COMMAND_LIMIT]
    return ""
