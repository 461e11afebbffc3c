"""The one thread that writes a journal: a bounded queue in, whole batches out, and what is done when the disk is full.

Whoever tells something waits until it is committed, but never longer than :data:`PATIENCE_S`, and not at all while the
file cannot be written. What the queue has no room for is counted, and told when writing goes on.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, Protocol

from autobench_nb.journal.faults import REMOVED, Fault, fault_of
from autobench_nb.journal.opening import open_to_write
from autobench_nb.journal.rows import Row

PATIENCE_S: Final = 2.0
"""How long a job waits for its result to be safe. Where the disk is slower, that is told, and nobody waits until it has
caught up: a disk that hangs holds up each job once."""
MAX_ROWS: Final = 20_000
MAX_BYTES: Final = 64 * 1024 * 1024
"""Rows and bytes that may wait; device samples and log entries have half of it, so that results find room."""
BATCH_ROWS: Final = 1_000
"""Rows that are committed at once."""
FIRST_RETRY_S: Final = 0.25
LAST_RETRY_S: Final = 5.0
"""A file that cannot be written is tried again after the first, at last after the other."""
SEEN_INTERVAL_S: Final = 5.0
"""While a run is under way the journal says so often that its orchestrator lives."""
LINGER_S: Final = 0.02
"""How long rows that nobody waits for may wait for company."""
LOOKS: Final = 5
"""So many times the thread looks for more by itself, each after :data:`LINGER_S`."""
SEEN_RESOLUTION_S: Final = 0.5
"""What is written within it is one sign of life."""
CLOSE_PATIENCE_S: Final = 5.0


class WriterTold(Protocol):
    """Hears how the writer fares; called by the writer's thread, which holds no lock meanwhile."""

    def writing_failed(self, fault: Fault) -> None:
        """Nothing can be written for now, or ever."""
        ...

    def writing_goes_on(self, missed: int) -> None:
        """The file can be written again; ``missed`` rows were let go meanwhile."""
        ...

    def row_refused(self, error: Exception) -> None:
        """A row could not be written though others can; it is let go."""
        ...

    def rows_dropped(self, dropped: Sequence[Row]) -> None:
        """Rows that were taken are not written after all."""
        ...


class JournalWriter:
    """Owns the connection that writes; see the module.

    Args:
        path: The journal's file.
        connection: Opened by :func:`~autobench_nb.journal.opening.open_to_write`; closed with the writer.
        life_id: Which life of an orchestrator writes.
        told: Hears of faults.
        is_busy: Whether a run is under way, so that the life is to be seen.
        upkeep: Called now and then between two batches, by the writer's thread, with the connection.
        now_ms: Gives milliseconds since 1970.

    Attributes:
        missed: Rows that were let go.
        late: How often somebody waited in vain for :data:`PATIENCE_S`.
    """

    def __init__(
        self,
        path: Path,
        connection: sqlite3.Connection,
        life_id: int,
        *,
        told: WriterTold,
        is_busy: Callable[[], bool],
        upkeep: Callable[[sqlite3.Connection], None],
        now_ms: Callable[[], float],
    ) -> None:
        self.missed = 0
        self.late = 0
        self.fault: Fault | None = None
        self._path = path
        self._connection = connection
        self._identity = _identity_of(path)
        self._life_id = life_id
        self._told = told
        self._is_busy = is_busy
        self._upkeep = upkeep
        self._now_ms = now_ms
        self._lock = threading.Lock()
        self._arrived = threading.Condition(self._lock)
        self._written = threading.Condition(self._lock)
        self._rows: deque[Row] = deque()
        self._bytes = 0
        self._accepted = 0
        """How many rows were ever taken into the queue: the last one's ticket."""
        self._settled = 0
        """Up to which ticket all rows are committed, or given up."""
        self._missed_now = 0
        self._missed_since: float | None = None
        self._is_closing = False
        self._is_slow = False
        self._is_urgent = False
        self._looks_soon = False
        """Whether the thread looks at the queue by itself within :data:`LINGER_S`, so that it need not be woken."""
        self._looks = 0
        self._next_seen = 0.0
        self._thread = threading.Thread(target=self._run, name="autobench-journal", daemon=True)
        self._thread.start()

    # --- by whoever tells something

    def put(self, row: Row, *, wait: bool = False, lesser: bool = False) -> bool:
        """Take one row.

        Args:
            row: What is to be written.
            wait: Whether to return only when it is committed, or :data:`PATIENCE_S` is used up.
            lesser: Whether it has to leave half of the room to others.

        Returns:
            Whether there was room for it.
        """
        with self._lock:
            share = 2 if lesser else 1
            full = (
                len(self._rows) >= MAX_ROWS // share
                or self._bytes + row.size_bytes > MAX_BYTES // share
            )
            if self._is_closing or full or (self.fault is not None and self.fault.lasts):
                self._miss(1)
                return False
            self._rows.append(row)
            self._bytes += row.size_bytes
            self._accepted += 1
            ticket = self._accepted
            if wait and not self._is_urgent:
                self._is_urgent = True
                self._arrived.notify()
            elif len(self._rows) == 1 and not self._looks_soon:
                self._arrived.notify()
            if not wait or self.fault is not None:
                return True
            if self._is_slow or not self._wait_for(ticket, PATIENCE_S):
                self._is_slow = self.fault is None
                self.late += self._is_slow
            return True

    def flush(self, timeout_s: float) -> bool:
        """Wait until all that was told so far is committed; False where that took longer, or cannot be."""
        with self._lock:
            self._is_urgent = True
            self._arrived.notify()
            return self._wait_for(self._accepted, timeout_s)

    def wake(self) -> None:
        """Have a batch written though nothing was told, so that the upkeep has its turn."""
        self.put(Row("SELECT 1", (), 0))

    def _wait_for(self, ticket: int, timeout_s: float) -> bool:
        self._written.wait_for(lambda: self._settled >= ticket or self.fault is not None, timeout_s)
        return self._settled >= ticket and self.fault is None

    def _miss(self, count: int) -> None:
        self.missed += count
        self._missed_now += count
        if self._missed_since is None:
            self._missed_since = self._now_ms()

    def close(self) -> None:
        """Write what waits, then close the file. Waits for :data:`CLOSE_PATIENCE_S` at most."""
        with self._lock:
            self._is_closing = True
            self._arrived.notify()
        if threading.current_thread() is not self._thread:
            self._thread.join(CLOSE_PATIENCE_S)

    def after_fork_in_child(self) -> None:
        """The file is the parent's. The connection is kept as it is: to close it would touch the parent's locks."""
        self._lock = threading.Lock()
        self._arrived = threading.Condition(self._lock)
        self._written = threading.Condition(self._lock)
        self._is_closing = True
        _of_the_parent.append(self._connection)

    # --- the thread

    def _run(self) -> None:
        delay_s = FIRST_RETRY_S
        seen = time.monotonic()
        try:
            while True:
                batch = self._take(delay_s)
                if batch is None:
                    return
                if batch or self.fault or time.monotonic() - seen > SEEN_INTERVAL_S:
                    seen = time.monotonic()
                    delay_s = self._attempt(batch, delay_s)
        finally:
            self._end()

    def _take(self, delay_s: float) -> list[Row] | None:
        """The rows to be written next; none where only the life is to be seen; None at the end."""
        with self._lock:
            if self.fault is not None:
                self._arrived.wait_for(
                    lambda: self._is_closing, None if self.fault.lasts else delay_s
                )
            else:
                self._await_rows()
                # For what nobody waits for there is time: it shares the commit of what comes next.
                if self._rows and not self._is_urgent:
                    self._arrived.wait_for(lambda: self._is_urgent or self._is_closing, LINGER_S)
            self._is_urgent = False
            if not self._rows and self._is_closing:
                return None
            return [self._rows[index] for index in range(min(len(self._rows), BATCH_ROWS))]

    def _await_rows(self) -> None:
        """Wait for what is to be written. For a while after the last of it nobody has to wake the thread for more.

        To wake it takes longer than to put a row: where steps follow each other it comes by itself.
        """
        while self._looks and not (self._rows or self._is_closing):
            self._looks -= 1
            self._looks_soon = True
            self._arrived.wait(LINGER_S)
        self._looks_soon = False
        if not (self._rows or self._is_closing):
            timeout = SEEN_INTERVAL_S if self._is_busy() else None
            self._arrived.wait_for(lambda: self._rows or self._is_closing, timeout)

    def _attempt(self, batch: list[Row], delay_s: float) -> float:
        """Write a batch; gives when to try again."""
        try:
            self._write(batch)
        except (sqlite3.OperationalError, OSError) as error:
            return self._fail(fault_of(error), delay_s)
        except sqlite3.DatabaseError as error:
            fault = fault_of(error)
            if fault.lasts:
                return self._fail(fault, delay_s)
            self._write_one_by_one(batch)
        except _FileGone:
            return self._fail(REMOVED, delay_s)
        except (sqlite3.Error, ValueError, OverflowError):
            self._write_one_by_one(batch)
        self._forget(batch)
        self._looks = LOOKS if batch else 0
        return FIRST_RETRY_S

    def _write(self, batch: list[Row]) -> None:
        if _identity_of(self._path) != self._identity:
            self._come_back()
        connection = self._connection
        connection.execute("BEGIN IMMEDIATE")
        try:
            for statement, values, _size in batch:
                connection.execute(statement, values)
            self._write_seen(connection)
            self._write_missed(connection)
            connection.execute("COMMIT")
        except BaseException:
            # Whatever it is goes to the caller; the next try must not find a half of this one open.
            _roll_back(connection)
            raise
        self._upkeep(connection)

    def _write_seen(self, connection: sqlite3.Connection) -> None:
        now = time.monotonic()
        if now >= self._next_seen:
            self._next_seen = now + SEEN_RESOLUTION_S
            connection.execute(
                "UPDATE lives SET seen_ms = ? WHERE life_id = ?", (self._now_ms(), self._life_id)
            )

    def _write_missed(self, connection: sqlite3.Connection) -> None:
        if self._missed_now:
            reason = str(self.fault) if self.fault else "more came than could be written"
            connection.execute(
                "INSERT INTO missed (life_id, from_ms, until_ms, entries, reason) VALUES (?, ?, ?, ?, ?)",
                (self._life_id, self._missed_since, self._now_ms(), self._missed_now, reason),
            )

    def _write_one_by_one(self, batch: list[Row]) -> None:
        """One of them is not to be written whatever the disk says: the others are."""
        for row in batch:
            try:
                self._connection.execute(row.statement, row.values)
            except (sqlite3.Error, ValueError, OverflowError) as error:
                with self._lock:
                    self._miss(1)
                self._told.row_refused(error)
                self._told.rows_dropped([row])

    def _forget(self, batch: list[Row]) -> None:
        with self._lock:
            for row in batch:
                self._rows.popleft()
                self._bytes -= row.size_bytes
            self._settled += len(batch)
            was, self.fault = self.fault, None
            self._is_slow = self._is_slow and bool(self._rows)
            missed, self._missed_now, self._missed_since = self._missed_now, 0, None
            self._written.notify_all()
        if was is not None or missed:
            self._told.writing_goes_on(missed)

    def _fail(self, fault: Fault, delay_s: float) -> float:
        dropped: list[Row] = []
        with self._lock:
            is_news = self.fault is None or self.fault.fact != fault.fact
            self.fault = fault
            if fault.lasts or self._is_closing:
                dropped.extend(self._rows)
                self._miss(len(dropped))
                self._settled += len(dropped)
                self._rows.clear()
                self._bytes = 0
            self._written.notify_all()
        if dropped:
            self._told.rows_dropped(dropped)
        if is_news:
            self._told.writing_failed(fault)
        return min(2 * delay_s, LAST_RETRY_S)

    def _come_back(self) -> None:
        """The file was moved, removed or replaced. What it held is still open here: it is written anew from that."""
        if _identity_of(self._path) is not None:
            raise _FileGone
        anew = self._path.with_name(f"{self._path.name}-anew")
        anew.unlink(missing_ok=True)
        self._connection.execute("VACUUM INTO ?", (str(anew),))
        self._connection.close()
        # A log of the old file beside the new one would be taken for its own.
        for ending in ("-wal", "-shm"):
            self._path.with_name(self._path.name + ending).unlink(missing_ok=True)
        anew.rename(self._path)
        self._connection = open_to_write(self._path)
        self._identity = _identity_of(self._path)

    def _end(self) -> None:
        try:
            _roll_back(self._connection)
            if self.fault is None and _identity_of(self._path) == self._identity:
                self._connection.execute(
                    "UPDATE lives SET ended_ms = ? WHERE life_id = ?",
                    (self._now_ms(), self._life_id),
                )
                self._connection.execute(
                    "UPDATE runs SET status = 'interrupted', seen_ms = ? WHERE status = 'running'",
                    (self._now_ms(),),
                )
                self._connection.execute(
                    "UPDATE steps SET status = 'interrupted' WHERE status = 'running'"
                )
        except sqlite3.Error as error:
            self._told.writing_failed(fault_of(error))
        finally:
            self._connection.close()


class _FileGone(Exception):
    """Another file stands where the journal was."""


_of_the_parent: list[sqlite3.Connection] = []
"""Connections of the process of which this one is a fork: collecting one would close it."""


def _identity_of(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino


def _roll_back(connection: sqlite3.Connection) -> None:
    if connection.in_transaction:
        connection.execute("ROLLBACK")
