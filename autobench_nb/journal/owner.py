"""Who writes a journal: one orchestrator at a time, known by process, host and notebook."""

from __future__ import annotations

import os
import socket
import sys
import time
from pathlib import Path
from typing import Final

import msgspec

from autobench_nb.errors import JournalInUse
from autobench_nb.journal.faults import fault_of, no_locks
from autobench_nb.journal.opening import refused
from autobench_nb.processes.file_lock import FileLock, lock_holder_text, why_no_locks

_TRIES: Final = 5
_BETWEEN_TRIES_S: Final = 0.02
"""Who only asks whether a journal has an owner holds the lock for a moment."""


class Owner(msgspec.Struct, frozen=True):
    """Who writes a journal.

    Attributes:
        pid: The number of the process, on its host.
        host: The name of the machine.
        notebook: The path of the notebook as Jupyter tells it, or the script; None in a bare interpreter.
        epoch: Names the life of the orchestrator.
    """

    pid: int
    host: str
    notebook: str | None
    epoch: str

    @classmethod
    def this_process(cls, epoch: str) -> Owner:
        """The one that asks."""
        notebook = os.environ.get("JPY_SESSION_NAME") or (sys.argv[0] if sys.argv else "") or None
        return cls(os.getpid(), socket.gethostname(), notebook, epoch)


def claim(path: Path, owner: Owner) -> FileLock:
    """Make ``owner`` the one that writes the journal. The claim ends with its process, or when the lock is released.

    Raises:
        JournalInUse: Somebody else writes it.
        JournalError: The lock cannot be made.
    """
    if reason := why_no_locks():
        raise refused(path, no_locks(reason))
    lock = FileLock(lock_path(path))
    text = msgspec.json.encode(owner).decode()
    for _ in range(_TRIES):
        try:
            if lock.take(text):
                return lock
            found = owner_of(path)
        except OSError as error:
            raise refused(path, fault_of(error)) from error
        if found is not None:
            break
        time.sleep(_BETWEEN_TRIES_S)
    else:
        raise JournalInUse(str(path), None, None, None)
    raise JournalInUse(str(path), found.pid, found.host, found.notebook)


def owner_of(path: Path) -> Owner | None:
    """Who writes the journal now; None where nobody does, or it cannot be read who.

    Raises:
        OSError: The lock cannot be looked at.
    """
    text = lock_holder_text(lock_path(path))
    if text is None:
        return None
    try:
        return msgspec.json.decode(text, type=Owner)
    except msgspec.DecodeError:
        # It was locked, and is not written yet.
        return None


def lock_path(path: Path) -> Path:
    """The file whose lock stands for the journal: SQLite's own locks come and go."""
    return path.with_name(f"{path.name}-owner")
