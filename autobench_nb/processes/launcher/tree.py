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
_CHASE_S: Final = 0.05
"""Seconds for which what a look at the table of processes cannot see is looked for by its pid."""
_EMPTY_LOOKS: Final = 3
"""Looks that must find nothing, where there is no exact answer to whether all has ended."""
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


def has_children() -> bool:
    """Whether this process has any child, ended or not: for a sub-reaper the exact answer to whether anything runs.

    A look at the table of processes takes a while, and what forks and ends meanwhile can be in none of its lines.
    """
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return False
    return True


def living() -> list[Member]:
    """Every process that runs; no zombies. Empty where there is no ``/proc``."""
    try:
        names = os.listdir("/proc")
    except OSError:
        return []
    members = [_member(int(name)) for name in names if name.isdigit()]
    return [member for member in members if member is not None]


def _member(pid: int) -> Member | None:
    with contextlib.suppress(OSError, ValueError):  # it has just ended
        with open(f"/proc/{pid}/stat", "rb") as file:
            # The second field, in brackets, may hold anything.
            state, parent, _, session = file.read().rpartition(b")")[2].split()[:4]
        if state not in b"ZX":
            return Member(pid, int(parent), int(session))
    return None


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
    gone: Callable[[], bool] | None = None,
    spared: Collection[int] = (),
    patience_s: float = KILL_PATIENCE_S,
) -> list[Survivor]:
    """End all that this process has started and ``find`` finds, also what forks faster than it is killed.

    Args:
        find: What runs, by a look at the table of processes.
        reap: Takes what has ended from the table of processes; called again and again.
        gone: The exact answer to whether all has ended; without it, several looks that find nothing must do.
        spared: Children of this process that live on.
        patience_s: Seconds that SIGKILL may take.

    Returns:
        Those that live on.
    """
    until = time.monotonic() + patience_s
    empty = 0
    while True:
        reap()
        if gone is not None and gone():
            return []
        members = frozen(find)
        empty = 0 if members else empty + 1
        if not members and gone is None and empty >= _EMPTY_LOOKS:
            return []
        signal_all(members, signal.SIGKILL)
        if time.monotonic() > until:
            named = [Survivor(member.pid, command_of(member.pid)) for member in members]
            return named or [Survivor(_newest(), "forks faster than it can be ended")]
        if members:
            time.sleep(PAUSE_S)
        else:
            _chase(spared)


def _chase(spared: Collection[int]) -> None:
    """Kill what forks and ends so fast that a look at the whole table misses it.

    Its next process is the newest there is, and is a child of this one as soon as its parent has ended.
    """
    parents = {os.getpid()}
    until = time.monotonic() + _CHASE_S
    while time.monotonic() < until:
        newest = _newest()
        if not newest:
            return
        for pid in range(newest - 1, newest + 2):
            member = _member(pid)
            if member is not None and member.parent in parents and pid not in spared:
                parents.add(pid)
                signal_all([member], signal.SIGKILL)


def _newest() -> int:
    """The pid that was given last; 0 where that is not told."""
    try:
        with open("/proc/loadavg", "rb") as file:
            return int(file.read().split()[4])
    except (OSError, ValueError, IndexError):
        return 0


def frozen(find: Callable[[], list[Member]]) -> list[Member]:
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
