"""How a journal's file is opened: whose it is, whether it is whole, and which version it has."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Final

from autobench_nb.errors import JournalError
from autobench_nb.journal.faults import (
    Fault,
    damaged,
    fault_of,
    foreign,
    no_shared_memory,
    too_new,
)
from autobench_nb.journal.schema import APPLICATION_ID, MIGRATIONS, VERSION

BUSY_TIMEOUT_S: Final = 1.0
"""How long SQLite waits for another program's lock."""
_MAGIC: Final = b"SQLite format 3\x00"


def open_to_write(path: Path) -> sqlite3.Connection:
    """Open a journal, make it where there is none, and bring it to this version.

    Raises:
        JournalError: The file is somebody else's, damaged, too new, read-only, locked, or on a disk that is full.
    """
    _refuse_foreign(path)
    connection: sqlite3.Connection | None = None
    try:
        # The writer's thread uses it, and that alone after it was opened.
        connection = sqlite3.connect(
            path, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False
        )
        is_new = not connection.execute("PRAGMA page_count").fetchone()[0]
        if is_new:
            connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
            # The header is written within the same transaction as the tables: a process that dies meanwhile leaves an
            # empty file, and no foreign one.
        else:
            _check(path, connection)
        if connection.execute("PRAGMA journal_mode = WAL").fetchone()[0] != "wal":
            raise refused(path, no_shared_memory())
        # A crash of the process loses nothing that was committed; only one of the whole machine may.
        connection.execute("PRAGMA synchronous = NORMAL")
        _migrate(path, connection)
    except (sqlite3.Error, OSError) as error:
        _close(connection)
        raise refused(path, fault_of(error)) from error
    except JournalError:
        _close(connection)
        raise
    return connection


def open_to_read(path: Path) -> sqlite3.Connection:
    """Open a journal to read it alone; whoever writes it is not disturbed.

    Raises:
        JournalError: There is none, or it is somebody else's, damaged or too new.
    """
    try:
        path.stat()
    except OSError as unreachable:
        raise refused(path, fault_of(unreachable)) from unreachable
    _refuse_foreign(path)
    # A folder that cannot be written to has no room for the shared memory of the write-ahead log. Where there is no
    # such log, nobody writes, and the file is read as it stands.
    ways = ["mode=ro", *(["mode=ro&immutable=1"] if not _log_of(path).exists() else [])]
    error: sqlite3.Error | None = None
    for way in ways:
        connection: sqlite3.Connection | None = None
        try:
            connection = sqlite3.connect(
                f"{path.absolute().as_uri()}?{way}",
                uri=True,
                timeout=BUSY_TIMEOUT_S,
                isolation_level=None,
                check_same_thread=False,
            )
            version = _version(path, connection)
        except sqlite3.Error as found:
            _close(connection)
            error = found
            continue
        except JournalError:
            _close(connection)
            raise
        if not 1 <= version <= VERSION:
            _close(connection)
            raise refused(path, too_new(version, VERSION) if version else foreign())
        return connection
    assert error is not None
    raise refused(path, fault_of(error)) from error


def refused(path: Path, fault: Fault) -> JournalError:
    """The error for a journal that cannot be used."""
    return JournalError(str(path), str(fault))


def _log_of(path: Path) -> Path:
    return path.with_name(f"{path.name}-wal")


def _refuse_foreign(path: Path) -> None:
    """SQLite would take an empty file, and says of others only that they are no database."""
    try:
        if path.is_dir():
            raise refused(path, Fault("it is a folder", "name a file in it, such as lab.db"))
        if path.exists():
            if not path.is_file():
                raise refused(path, Fault("it is no regular file", "name another path"))
            with path.open("rb") as file:
                head = file.read(len(_MAGIC))
            if head and head != _MAGIC:
                raise refused(path, foreign())
            if not head and _log_of(path).exists() and _log_of(path).stat().st_size:
                raise refused(path, damaged("the file is empty, its -wal file is not"))
    except OSError as error:
        raise refused(path, fault_of(error)) from error


def _version(path: Path, connection: sqlite3.Connection) -> int:
    application: int = connection.execute("PRAGMA application_id").fetchone()[0]
    version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    tables: int = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]
    if application != APPLICATION_ID and (application or version or tables):
        raise refused(path, foreign())
    if version > VERSION:
        raise refused(path, too_new(version, VERSION))
    return version


def _check(path: Path, connection: sqlite3.Connection) -> None:
    """Whose the file is, and whether its pages are whole."""
    _version(path, connection)
    found: str = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    if found != "ok":
        raise refused(path, damaged(found.splitlines()[-1]))


def _migrate(path: Path, connection: sqlite3.Connection) -> None:
    """Bring the tables to this version, each step whole or not at all."""
    for statements in MIGRATIONS[_version(path, connection) :]:
        connection.execute("BEGIN IMMEDIATE")
        try:
            # Another process may have done it since we looked.
            now = _version(path, connection)
            if now < VERSION and MIGRATIONS[now] is statements:
                for statement in statements:
                    connection.execute(statement)
                connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
                connection.execute(f"PRAGMA user_version = {now + 1}")
            connection.execute("COMMIT")
        except BaseException:
            # Whatever it is goes to the caller; a migration is whole or was never begun.
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise


def _close(connection: sqlite3.Connection | None) -> None:
    if connection is not None:
        connection.close()
