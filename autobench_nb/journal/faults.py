"""What SQLite and the system say when a journal cannot be used, in sentences with a remedy. Pure."""

from __future__ import annotations

import errno
import sqlite3
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a journal cannot be written or read.

    Attributes:
        fact: What is wrong.
        remedy: What helps.
        lasts: Whether trying again is of no use.
    """

    fact: str
    remedy: str
    lasts: bool = False

    def __str__(self) -> str:
        return f"{self.fact}: {self.remedy}."


REMOVED: Final = Fault("its file was removed or replaced", "put the file back")

_FULL: Final = Fault("its disk is full, or a limit of size is reached", "make room")
_READ_ONLY: Final = Fault(
    "its file or folder cannot be written to", "give it permissions, or name another path"
)
_LOCKED: Final = Fault(
    "another program holds it locked",
    "end what that program does with it, such as a shell of sqlite3",
)
_NO_LOCKS: Final = Fault(
    "its file system cannot lock or share files as SQLite needs it, as network folders often cannot",
    "put the journal on a local disk",
)
_CORRUPT: Final = Fault(
    "it is damaged",
    "move it and its -wal file away, and begin a new one; `sqlite3 FILE .recover` saves what can be read of it",
    lasts=True,
)
_FOREIGN: Final = Fault(
    "it is no journal of AutoBench NB, and stays as it is", "name another path", lasts=True
)
_MISSING: Final = Fault("its file or folder is not there", "make the folder, or name another path")

_BY_CODE: Final = {
    "SQLITE_FULL": _FULL,
    "SQLITE_READONLY": _READ_ONLY,
    "SQLITE_PERM": _READ_ONLY,
    "SQLITE_BUSY": _LOCKED,
    "SQLITE_LOCKED": _LOCKED,
    "SQLITE_PROTOCOL": _NO_LOCKS,
    "SQLITE_NOLFS": _NO_LOCKS,
    "SQLITE_CORRUPT": _CORRUPT,
    "SQLITE_NOTADB": _FOREIGN,
    "SQLITE_CANTOPEN": _MISSING,
}
_BY_LONG_CODE: Final = {
    "SQLITE_IOERR_LOCK": _NO_LOCKS,
    "SQLITE_IOERR_UNLOCK": _NO_LOCKS,
    "SQLITE_IOERR_RDLOCK": _NO_LOCKS,
    "SQLITE_IOERR_CHECKRESERVEDLOCK": _NO_LOCKS,
    "SQLITE_IOERR_SHMOPEN": _NO_LOCKS,
    "SQLITE_IOERR_SHMLOCK": _NO_LOCKS,
    "SQLITE_IOERR_SHMMAP": _NO_LOCKS,
    "SQLITE_IOERR_CORRUPTFS": _CORRUPT,
    # A write beyond RLIMIT_FSIZE, or to a disk that filled up between two calls.
    "SQLITE_IOERR_WRITE": _FULL,
    "SQLITE_IOERR_SHMSIZE": _FULL,
    "SQLITE_READONLY_DBMOVED": REMOVED,
}
_BY_ERRNO: Final = {
    errno.ENOSPC: _FULL,
    errno.EDQUOT: _FULL,
    errno.EFBIG: _FULL,
    errno.EROFS: _READ_ONLY,
    errno.EACCES: _READ_ONLY,
    errno.EPERM: _READ_ONLY,
    errno.ENOENT: _MISSING,
    errno.ENOTDIR: _MISSING,
    errno.ENOLCK: _NO_LOCKS,
    errno.EOPNOTSUPP: _NO_LOCKS,
    errno.ENOSYS: _NO_LOCKS,
}


def fault_of(error: sqlite3.Error | OSError) -> Fault:
    """What an error of SQLite or of the system means for a journal."""
    if isinstance(error, OSError):
        known = _BY_ERRNO.get(error.errno or 0)
    else:
        code = getattr(error, "sqlite_errorname", None) or ""
        short = "_".join(code.split("_")[:2])
        known = _BY_LONG_CODE.get(code) or _BY_CODE.get(short)
    return known or Fault(f"SQLite says {error}", "see what its disk has to say")


def foreign() -> Fault:
    """The file belongs to somebody else."""
    return _FOREIGN


def damaged(detail: str) -> Fault:
    """The file's pages contradict each other; ``detail`` is what SQLite's check says."""
    return Fault(f"{_CORRUPT.fact} ({detail})", _CORRUPT.remedy, lasts=True)


def no_shared_memory() -> Fault:
    """The file system offers no write-ahead log."""
    return _NO_LOCKS


def no_locks(reason: str) -> Fault:
    """The system offers no lock that keeps a second orchestrator out."""
    return Fault(reason, "keep the journal on Linux or macOS (on Windows: in WSL)", lasts=True)


def too_new(found: int, known: int) -> Fault:
    """A later version of the package has written the file."""
    return Fault(
        f"a newer version of AutoBench NB has written it (format {found}, this one knows {known})",
        "upgrade autobench-nb, or name another path",
        lasts=True,
    )
