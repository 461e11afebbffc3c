"""A lock on a file that ends with its process, however that ends."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from autobench_nb import forks

_CLOSE_IN_CHILDREN: Final = getattr(os, "O_CLOEXEC", 0)
"""Windows knows no such flag: there no child inherits what is opened."""


def why_no_locks() -> str | None:
    """Why this system has no such lock; None where it has."""
    try:
        import fcntl  # noqa: F401  # Windows has none
    except ModuleNotFoundError:
        return "this system, whose Python has no fcntl, has no lock that ends with its process"
    return None


class FileLock:
    """Held by one open file of one process at a time; the kernel lets go of it when that process ends.

    The file holds a text that its owner has written, for whoever finds it locked. It stays when the lock ends: to
    remove it would let two processes lock two files of the same name.

    Args:
        path: The file that is locked; made where it is missing.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor = -1
        forks.register(self)

    @property
    def is_held(self) -> bool:
        """Whether this object holds the lock."""
        return self._descriptor >= 0

    def take(self, text: str) -> bool:
        """Lock the file and write ``text`` into it.

        Returns:
            Whether the lock was free; False where somebody else holds it.

        Raises:
            OSError: The file cannot be made, or its file system has no locks.
        """
        import fcntl  # here, since Windows has none

        while True:
            descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | _CLOSE_IN_CHILDREN, 0o600)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if self._is_still_named(descriptor):
                    data = text.encode()
                    os.pwrite(descriptor, data, 0)
                    os.ftruncate(descriptor, len(data))
                    self._descriptor = descriptor
                    return True
            except BlockingIOError:
                os.close(descriptor)
                return False
            except OSError:
                os.close(descriptor)
                raise
            # Somebody has removed the file between opening and locking it: what is locked has no name.
            os.close(descriptor)

    def _is_still_named(self, descriptor: int) -> bool:
        mine = os.fstat(descriptor)
        try:
            named = os.stat(self.path)
        except FileNotFoundError:
            return False
        return (mine.st_dev, mine.st_ino) == (named.st_dev, named.st_ino)

    def release(self) -> None:
        """Let go of the lock; again: no effect."""
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)

    def after_fork_in_child(self) -> None:
        """The lock belongs to the parent: the child's copy of the descriptor would outlive it."""
        self.release()


def lock_holder_text(path: Path) -> str | None:
    """What the holder of the lock on ``path`` has written; None where nobody holds it.

    Raises:
        OSError: The file cannot be read for another reason than that it is missing.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | _CLOSE_IN_CHILDREN)
    except FileNotFoundError:
        return None
    try:
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return os.pread(descriptor, 4_096, 0).decode(errors="replace")
    except ModuleNotFoundError:
        pass  # where there are no such locks nobody holds one
    finally:
        os.close(descriptor)
    return None
