"""What a command has left where keeper and launcher were both killed: nobody adopts it, so it is known by its output.

The command's starter holds the far ends of its pipes as long as the command runs, and so do most of its descendants.
What holds none of them, began a session of its own and lost its parents cannot be told from other programs any more.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Collection

from autobench_nb.processes.launcher.tree import (
    KILL_PATIENCE_S,
    PAUSE_S,
    Member,
    Survivor,
    command_of,
    descendants,
    frozen,
    living,
    signal_all,
)


def end_orphans(outputs: Collection[str], own: str) -> list[Survivor]:
    """End what has ``outputs`` open and all that it has started; gives what lives on.

    Args:
        outputs: Where the command writes to, as ``/proc/PID/fd`` names it: ``pipe:[123]`` or ``/dev/pts/4``.
        own: A pipe that no program is given: who has it is this process, or a fork of it.
    """
    names = frozenset(outputs)
    until = time.monotonic() + KILL_PATIENCE_S
    while names and (members := frozen(lambda: _found(names, own))):
        if time.monotonic() > until:
            return [Survivor(member.pid, command_of(member.pid)) for member in members]
        signal_all(members, signal.SIGKILL)
        time.sleep(PAUSE_S)
    return []


def _found(outputs: frozenset[str], own: str) -> list[Member]:
    members = living()
    holders = [member for member in members if _writes(member.pid, outputs, own)]
    sessions = {member.pid for member in holders if member.session == member.pid}
    found = {member.pid: member for member in holders}
    found.update((member.pid, member) for member in members if member.session in sessions)
    for holder in holders:
        found.update((member.pid, member) for member in descendants(holder.pid))
    return list(found.values())


def _writes(pid: int, outputs: frozenset[str], own: str) -> bool:
    folder = f"/proc/{pid}/fd"
    opened = set()
    with contextlib.suppress(OSError):  # it has ended, or is another user's
        for name in os.listdir(folder):
            with contextlib.suppress(OSError):
                opened.add(os.readlink(f"{folder}/{name}"))
    return own not in opened and not outputs.isdisjoint(opened)
