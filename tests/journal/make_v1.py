"""Makes ``journal-v1.db``, a journal as the first version wrote it: ``python -m tests.journal.make_v1``."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from autobench_nb.journal.schema import APPLICATION_ID, MIGRATIONS

FILE = Path(__file__).parent / "journal-v1.db"


def make(path: Path) -> None:
    """Write the tables of version 1, one run that succeeded and one that was under way."""
    path.unlink(missing_ok=True)
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA page_size = 1024")
    for statement in MIGRATIONS[0]:
        connection.execute(statement)
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute("PRAGMA user_version = 1")
    connection.execute(
        "INSERT INTO lives VALUES (1, 'abc', 4242, 'lab', 'old.ipynb', 1000, 9000, NULL)"
    )
    for run_id, status, finished in (("run-a", "succeeded", 2000), ("run-b", "running", None)):
        connection.execute(
            "INSERT INTO runs (run_id, life_id, name, status, created_ms, finished_ms, parameters, options, steps) "
            "VALUES (?, 1, 'pack', ?, 1000, ?, '{}', '{}', '[\"1\"]')",
            (run_id, status, finished),
        )
    for number in (1, 2, 3):
        connection.execute(
            "INSERT INTO results (run_id, job_id, name, kind, command, repetition, status, started_ms, wall_s, lines, "
            "value) VALUES ('run-a', '1', 'pack', 'command', 'gzip -9', ?, 'succeeded', 1500, ?, 0, 'null')",
            (number, number / 10),
        )
    connection.close()


if __name__ == "__main__":
    make(FILE)
