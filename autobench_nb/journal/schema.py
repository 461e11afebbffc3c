"""What a journal's file holds: its tables, version by version. Pure: text only.

A file says its version in SQLite's ``user_version``. Version ``n`` is made from version ``n - 1`` by
``MIGRATIONS[n - 1]``; what stands there is never changed once it was released. Times are milliseconds since 1970,
durations seconds.
"""

from __future__ import annotations

from typing import Final

APPLICATION_ID: Final = 0x41424E42
"""``ABNB``: tells a journal from other SQLite files."""

_VERSION_1: Final = (
    """CREATE TABLE lives (
        life_id INTEGER PRIMARY KEY,
        epoch TEXT NOT NULL,
        pid INTEGER NOT NULL,
        host TEXT NOT NULL,
        notebook TEXT,
        began_ms REAL NOT NULL,
        seen_ms REAL NOT NULL,
        ended_ms REAL
    )""",
    """CREATE TABLE runs (
        run_id TEXT PRIMARY KEY,
        life_id INTEGER NOT NULL,
        name TEXT,
        status TEXT NOT NULL,
        reason TEXT,
        created_ms REAL NOT NULL,
        finished_ms REAL,
        seen_ms REAL,
        recipe TEXT,
        recipe_file TEXT,
        parameters TEXT NOT NULL,
        options TEXT NOT NULL,
        steps TEXT NOT NULL,
        retry_of TEXT
    )""",
    "CREATE INDEX runs_by_status ON runs (status)",
    """CREATE TABLE steps (
        run_id TEXT NOT NULL,
        step_id TEXT NOT NULL,
        name TEXT,
        command TEXT,
        cell TEXT,
        status TEXT NOT NULL,
        tries INTEGER NOT NULL,
        reason TEXT,
        started_ms REAL,
        finished_ms REAL,
        job_ids TEXT,
        metrics TEXT,
        PRIMARY KEY (run_id, step_id)
    ) WITHOUT ROWID""",
    """CREATE TABLE results (
        result_id INTEGER PRIMARY KEY,
        run_id TEXT NOT NULL,
        job_id TEXT NOT NULL,
        name TEXT,
        kind TEXT,
        command TEXT,
        repetition INTEGER,
        status TEXT,
        reason TEXT,
        exit_code INTEGER,
        signal TEXT,
        started_ms REAL,
        wall_s REAL,
        cpu_user_s REAL,
        cpu_system_s REAL,
        max_rss_bytes INTEGER,
        shell_s REAL,
        lines INTEGER,
        value TEXT,
        value_note TEXT,
        more TEXT
    )""",
    "CREATE INDEX results_by_run ON results (run_id)",
    """CREATE TABLE artifacts (
        artifact_id INTEGER PRIMARY KEY,
        run_id TEXT NOT NULL,
        step_id TEXT NOT NULL,
        repetition INTEGER NOT NULL,
        path TEXT NOT NULL,
        sha256 TEXT NOT NULL,
        size_bytes INTEGER NOT NULL,
        at_ms REAL NOT NULL
    )""",
    "CREATE INDEX artifacts_by_run ON artifacts (run_id)",
    """CREATE TABLE devices (
        told_id INTEGER PRIMARY KEY,
        device_id TEXT NOT NULL,
        at_ms REAL NOT NULL,
        event TEXT NOT NULL,
        detail TEXT NOT NULL
    )""",
    "CREATE INDEX devices_by_device ON devices (device_id, at_ms)",
)

_VERSION_2: Final = (
    # Estimates and comparisons ask for the past of the same work.
    "CREATE INDEX results_by_work ON results (name, command, result_id)",
    """CREATE TABLE log_chunks (
        life_id INTEGER NOT NULL,
        first_seq INTEGER NOT NULL,
        end_seq INTEGER NOT NULL,
        first_ms REAL NOT NULL,
        data BLOB NOT NULL,
        PRIMARY KEY (life_id, first_seq)
    )""",
    """CREATE TABLE missed (
        missed_id INTEGER PRIMARY KEY,
        life_id INTEGER NOT NULL,
        from_ms REAL NOT NULL,
        until_ms REAL NOT NULL,
        entries INTEGER NOT NULL,
        reason TEXT NOT NULL
    )""",
)

MIGRATIONS: Final = (_VERSION_1, _VERSION_2)
"""The statements that make each version from the one before it."""

VERSION: Final = len(MIGRATIONS)
