"""What a life of an orchestrator writes first: that it lives, and which runs an earlier one has left under way."""

from __future__ import annotations

import sqlite3
from typing import Any

import orjson

from autobench_nb.contract.journal import InterruptedRun
from autobench_nb.journal.owner import Owner


def begin_life(connection: sqlite3.Connection, owner: Owner, now_ms: float) -> int:
    """Write a new life, and mark as interrupted what still says that it runs. The lock is held: nobody runs it.

    Returns:
        The number of the new life.
    """
    connection.execute("BEGIN IMMEDIATE")
    connection.execute(
        "UPDATE runs SET status = 'interrupted', seen_ms = max(coalesce(seen_ms, 0), coalesce((SELECT "
        "lives.seen_ms FROM lives WHERE lives.life_id = runs.life_id), 0)) WHERE status = 'running'"
    )
    connection.execute("UPDATE steps SET status = 'interrupted' WHERE status = 'running'")
    life = connection.execute(
        "INSERT INTO lives (epoch, pid, host, notebook, began_ms, seen_ms) VALUES (?, ?, ?, ?, ?, ?)",
        (owner.epoch, owner.pid, owner.host, owner.notebook, now_ms, now_ms),
    ).lastrowid
    connection.execute("COMMIT")
    assert life is not None
    return life


def interrupted_runs(connection: sqlite3.Connection) -> dict[str, InterruptedRun]:
    """The interrupted runs by their ids, oldest first."""
    cursor = connection.execute(
        "SELECT run_id, coalesce(name, json_extract(recipe, '$.metadata.name')), created_ms, seen_ms, "
        "recipe IS NOT NULL, options, json_array_length(steps), (SELECT one.value FROM json_each(runs.steps) AS one "
        "WHERE NOT EXISTS (SELECT 1 FROM steps AS s WHERE s.run_id = runs.run_id AND s.step_id = one.value AND "
        "s.finished_ms IS NOT NULL) ORDER BY one.key LIMIT 1), (SELECT count(*) FROM steps AS s WHERE s.run_id = "
        "runs.run_id AND s.finished_ms IS NOT NULL) FROM runs WHERE status = 'interrupted' ORDER BY created_ms, run_id"
    )
    found: dict[str, InterruptedRun] = {}
    for run_id, name, created, seen, is_recipe, options, steps, following, settled in cursor:
        reason = None if is_recipe else why_not(orjson.loads(options))
        found[run_id] = {
            "id": run_id,
            "name": name,
            "createdAt": created,
            "lastSeenAt": seen or created,
            "steps": steps,
            "settled": settled,
            "next": following,
            "resumable": reason is None,
            "reason": reason,
        }
    return found


def why_not(options: dict[str, Any]) -> str | None:
    """Why a run of plain jobs cannot be resumed; None where it can, since all of it is commands."""
    if options.get("work") is None:
        return options.get("whyNot") or "what it ran was not written down"
    return None
