"""How a journal is kept within its bounds: what is oldest and can best be missed goes first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    import sqlite3

SAMPLE_ROWS: Final = 100_000
"""Rows of devices' samples that stay, whatever the bounds say."""
ROUNDS: Final = 20
"""Steps of one clean-up; what is left over waits for the next."""
_RUN_TABLES: Final = ("steps", "results", "artifacts", "runs")
_ENDED: Final = "status != 'running'"


class Bounds(NamedTuple):
    """How large a journal may become.

    ``max_bytes``: of its pages. ``max_age_days``: of what it holds. None: no bound.
    """

    max_bytes: int | None = None
    max_age_days: float | None = None


class Removed(NamedTuple):
    """What a clean-up has removed.

    ``log_entries``: of this life; those that are left begin at ``first_seq``. ``is_too_large``: the bound is passed
    still, and only what runs now is left.
    """

    runs: int
    log_entries: int
    first_seq: int
    is_too_large: bool


def clean_up(
    connection: sqlite3.Connection, bounds: Bounds, *, life_id: int, now_ms: float
) -> Removed:
    """Remove what is too old, then the oldest until the file is small enough.

    Log entries go first, then the samples of devices, then their history, then ended runs.

    Args:
        connection: No transaction is open on it.
        bounds: How much may stay.
        life_id: Of whose log entries ``log_entries`` counts those that were removed.
        now_ms: Milliseconds since 1970.
    """
    before = _entries(connection, life_id)
    runs = 0
    is_too_large = False
    if bounds.max_age_days is not None:
        runs += _remove_older(connection, now_ms - bounds.max_age_days * 86_400_000)
    if bounds.max_bytes is not None:
        for _ in range(ROUNDS):
            if used_bytes(connection) <= bounds.max_bytes:
                break
            removed = _remove_oldest(connection)
            if removed is None:
                is_too_large = True
                break
            runs += removed
    # SQLite frees one page a step here, and execute() takes one step where there are no columns.
    connection.executescript("PRAGMA incremental_vacuum")
    first_seq = connection.execute(
        "SELECT min(first_seq) FROM log_chunks WHERE life_id = ?", (life_id,)
    ).fetchone()[0]
    return Removed(runs, before - _entries(connection, life_id), first_seq or 0, is_too_large)


def forget_old_samples(connection: sqlite3.Connection, rows: int = SAMPLE_ROWS) -> None:
    """Remove the oldest samples of devices, so that ``rows`` of them stay."""
    last = connection.execute(
        "SELECT told_id FROM devices WHERE event = 'sample' ORDER BY told_id DESC LIMIT 1 OFFSET ?",
        (rows,),
    ).fetchone()
    if last is not None:
        connection.execute(
            "DELETE FROM devices WHERE event = 'sample' AND told_id <= ?", (last[0],)
        )


def used_bytes(connection: sqlite3.Connection) -> int:
    """Bytes of the pages that are in use."""
    pages, free, size = (
        connection.execute(f"PRAGMA {name}").fetchone()[0]
        for name in ("page_count", "freelist_count", "page_size")
    )
    return int((pages - free) * size)


def _entries(connection: sqlite3.Connection, life_id: int) -> int:
    text = "SELECT coalesce(sum(end_seq - first_seq), 0) FROM log_chunks WHERE life_id = ?"
    return int(connection.execute(text, (life_id,)).fetchone()[0])


def _remove_older(connection: sqlite3.Connection, before_ms: float) -> int:
    connection.execute("BEGIN IMMEDIATE")
    connection.execute("DELETE FROM log_chunks WHERE first_ms < ?", (before_ms,))
    connection.execute("DELETE FROM devices WHERE at_ms < ?", (before_ms,))
    connection.execute("DELETE FROM missed WHERE until_ms < ?", (before_ms,))
    removed = _remove_runs(
        connection,
        f"SELECT run_id FROM runs WHERE {_ENDED} AND coalesce(finished_ms, seen_ms, created_ms) < ?",
        before_ms,
    )
    connection.execute("COMMIT")
    return removed


def _remove_oldest(connection: sqlite3.Connection) -> int | None:
    """Remove a tenth of what can best be missed; how many runs were among it; None where nothing is left."""
    for table, key in (
        ("log_chunks", "rowid"),
        ("devices WHERE event = 'sample'", "told_id"),
        ("devices", "told_id"),
    ):
        count = connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
        if count:
            name = table.partition(" ")[0]
            connection.execute(
                f"DELETE FROM {name} WHERE {key} IN (SELECT {key} FROM {table} ORDER BY {key} LIMIT ?)",
                (max(1, count // 10),),
            )
            return 0
    count = connection.execute(f"SELECT count(*) FROM runs WHERE {_ENDED}").fetchone()[0]
    if not count:
        return None
    connection.execute("BEGIN IMMEDIATE")
    removed = _remove_runs(
        connection,
        f"SELECT run_id FROM runs WHERE {_ENDED} ORDER BY created_ms LIMIT ?",
        max(1, count // 10),
    )
    connection.execute("COMMIT")
    return removed


def _remove_runs(connection: sqlite3.Connection, which: str, value: float) -> int:
    found = connection.execute(which, (value,)).fetchall()
    for table in _RUN_TABLES:
        connection.executemany(f"DELETE FROM {table} WHERE run_id = ?", found)
    return len(found)
