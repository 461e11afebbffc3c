"""A journal's read side: what it holds as records and tables, with and without an orchestrator that writes it."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Sequence
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import orjson

from autobench_nb import tables
from autobench_nb.contract.steps import SKIPPED_BY_REQUEST
from autobench_nb.jobs.ledger import SampledStretch
from autobench_nb.jobs.saved import SavedRun, SavedStep
from autobench_nb.journal.columns import (
    ARTIFACTS,
    DEVICES,
    MISSED,
    PAST_RESULTS,
    PAST_SAMPLES,
    RUNS,
    STEPS,
)
from autobench_nb.journal.faults import Fault, fault_of
from autobench_nb.journal.opening import open_to_read, refused
from autobench_nb.journal.owner import Owner, owner_of
from autobench_nb.lifetime import Closable
from autobench_nb.tables.results import Result

if TYPE_CHECKING:
    import pandas as pd

_RUNS: Final = (
    "SELECT runs.run_id, runs.name, json_extract(recipe, '$.metadata.name') AS recipe, {status} AS status, reason, "
    "created_ms, finished_ms, max(coalesce(runs.seen_ms, 0), CASE WHEN status = 'running' OR status = 'interrupted' "
    "THEN coalesce(lives.seen_ms, 0) ELSE 0 END) AS seen_ms, json_array_length(steps) AS steps, "
    "(SELECT count(*) FROM steps AS s WHERE s.run_id = runs.run_id AND s.status = 'succeeded') AS succeeded, "
    "parameters, retry_of, lives.host, lives.notebook FROM runs LEFT JOIN lives USING (life_id)"
)
_TRUE_STATUS: Final = (
    "CASE WHEN {table}.status = 'running' THEN 'interrupted' ELSE {table}.status END"
)

_BLANK: Final[dict[str, Any]] = dict.fromkeys(Result._fields)
_PAST_RUNS: Final = 10
_PAST_STEPS: Final = 20_000
"""Of how many past runs, and of how many of their steps, it is told what they took."""
_MOST_STRETCHES: Final = 20_000
"""Of samples, told at once."""
_CLOSED: Final = Fault("it is closed", "open it again")


class JournalReader(Closable):
    """What a journal holds; never writes it. Thread-safe.

    Args:
        path: The journal's file.

    Raises:
        JournalError: There is none, or it is somebody else's, damaged, or written by a newer version.
    """

    def __init__(self, path: str | PathLike[str]) -> None:
        self.path = Path(path)
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = open_to_read(self.path)

    # --- tables

    def runs(self) -> pd.DataFrame:
        """Every run, oldest first.

        Returns:
            A frame with ``run_id``, ``name``, ``recipe``, ``status`` (``interrupted`` where its orchestrator is gone),
            ``reason``, ``created_at``, ``finished_at``, ``last_seen``, ``steps``, ``succeeded`` (how many of them
            have), ``parameters`` (JSON), ``retry_of``, ``host`` and ``notebook``.
        """
        return tables.records_to_pandas(self.run_records(), RUNS)

    def steps(self, run_id: str | None = None) -> pd.DataFrame:
        """Every step (of runs of plain jobs: every job) that has begun or is settled, of one run or of all.

        Returns:
            A frame with ``run_id``, ``step_id``, ``name``, ``command``, ``status``, ``reason``, ``tries``,
            ``started_at``, ``finished_at``, ``cell``, ``job_ids`` and ``metrics`` (JSON).
        """
        status = self._told_status("steps")
        where, values = _where("run_id", run_id)
        text = (
            f"SELECT run_id, step_id, name, command, {status} AS status, reason, tries, started_ms, finished_ms, cell, "
            f"job_ids, metrics FROM steps {where} ORDER BY run_id, started_ms, step_id"
        )
        return tables.records_to_pandas(self.select(text, values), STEPS)

    def results(self, run_id: str | None = None) -> pd.DataFrame:
        """Every measured repetition that has ended, oldest first, of one run or of all.

        Returns:
            A frame as ``bench.results.to_pandas()`` gives it.
        """
        return tables.records_to_pandas(self.result_records(run_id), PAST_RESULTS)

    def artifacts(self, run_id: str | None = None) -> pd.DataFrame:
        """Every file that was kept.

        Returns:
            A frame with ``run_id``, ``step_id``, ``repetition``, ``path``, ``sha256``, ``size_bytes`` and ``at``.
        """
        where, values = _where("run_id", run_id)
        text = (
            "SELECT run_id, step_id, repetition, path, sha256, size_bytes, at_ms "
            f"FROM artifacts {where} ORDER BY artifact_id"
        )
        return tables.records_to_pandas(self.select(text, values), ARTIFACTS)

    def devices(self, device_id: str | None = None) -> pd.DataFrame:
        """The history of one device or of all: ``device_id``, ``at``, ``event``, and what else was told, by name."""
        where, values = _where("device_id", device_id, "event != 'sample'")
        rows = self.select(f"SELECT * FROM devices {where} ORDER BY told_id", values)
        records = [
            {
                **orjson.loads(row["detail"]),
                **{key: row[key] for key in ("device_id", "at_ms", "event")},
            }
            for row in rows
        ]
        return tables.records_to_pandas(records, DEVICES)

    def samples(self, device_id: str | None = None) -> pd.DataFrame:
        """What one device or all have sampled, a row for each stretch of time that was kept as one, oldest first.

        Returns:
            A frame with ``device_id``, ``ts`` (of the first sample), ``span_s`` (from it to the last), ``samples`` (how
            many they are) and three columns for each quantity, such as ``watts``, ``watts_min`` and ``watts_max``.
        """
        where, values = _where("device_id", device_id, "event = 'sample'")
        rows = self.select(f"SELECT * FROM devices {where} ORDER BY told_id", values)
        return tables.records_to_pandas([_as_samples(row) for row in rows], PAST_SAMPLES)

    def missed(self) -> pd.DataFrame:
        """When how much could not be written, and why: ``from``, ``until``, ``entries``, ``reason``."""
        return tables.records_to_pandas(
            self.select("SELECT from_ms, until_ms, entries, reason FROM missed ORDER BY missed_id"),
            MISSED,
        )

    # --- records

    def run_records(self) -> list[dict[str, Any]]:
        """Every run as a record, oldest first; times in milliseconds since 1970."""
        text = _RUNS.format(status=self._told_status("runs")) + " ORDER BY created_ms, run_id"
        return self.select(text)

    def result_records(self, run_id: str | None = None) -> list[dict[str, Any]]:
        """Every result as a record, oldest first; times in milliseconds since 1970, ``value`` as JSON text has it."""
        where, values = _where("run_id", run_id)
        rows = self.select(f"SELECT * FROM results {where} ORDER BY result_id", values)
        return [_as_result(row) for row in rows]

    def saved_run(self, run_id: str) -> SavedRun | None:
        """All that is needed to go on with a run; None where the journal has none of that id."""
        found = self.select("SELECT * FROM runs WHERE run_id = ?", (run_id,))
        if not found:
            return None
        run = found[0]
        settled = {
            row["step_id"]: SavedStep(
                row["status"],
                row["tries"],
                row["reason"],
                orjson.loads(row["metrics"]),
                tuple(orjson.loads(row["job_ids"])),
                row["started_ms"],
                row["finished_ms"],
            )
            for row in self.select(
                "SELECT * FROM steps WHERE run_id = ? AND finished_ms IS NOT NULL", (run_id,)
            )
        }
        return SavedRun(
            run_id=run_id,
            name=run["name"],
            status=run["status"],
            created_ms=run["created_ms"],
            recipe=None if run["recipe"] is None else orjson.loads(run["recipe"]),
            recipe_file=run["recipe_file"],
            parameters=orjson.loads(run["parameters"]),
            options=orjson.loads(run["options"]),
            steps=tuple(orjson.loads(run["steps"])),
            settled=settled,
        )

    def durations(self, name: str, command: str, limit: int = 200) -> list[float]:
        """Seconds that the newest measured repetitions that succeeded took, newest first."""
        text = (
            "SELECT wall_s FROM results WHERE name = ? AND command = ? AND status = 'succeeded' AND wall_s IS NOT NULL "
            "ORDER BY result_id DESC LIMIT ?"
        )
        return [row["wall_s"] for row in self.select(text, (name, command, limit))]

    def step_durations(self, recipe: str) -> list[tuple[str, float]]:
        """Planned steps that went well in the newest runs of a recipe of that name, with the seconds that each took."""
        text = (
            "SELECT step_id, (finished_ms - started_ms) / 1000.0 AS took_s FROM steps WHERE status = 'succeeded' AND "
            "reason IS NOT ? AND started_ms IS NOT NULL AND finished_ms IS NOT NULL AND run_id IN "
            "(SELECT run_id FROM runs WHERE name = ? AND recipe IS NOT NULL ORDER BY created_ms DESC LIMIT ?) LIMIT ?"
        )
        rows = self.select(text, (SKIPPED_BY_REQUEST, recipe, _PAST_RUNS, _PAST_STEPS))
        return [(row["step_id"], row["took_s"]) for row in rows]

    def sample_stretches(
        self, device_id: str, from_ms: float, until_ms: float
    ) -> list[SampledStretch]:
        """What a device has sampled between two times in ms since 1970, oldest first, as it was kept."""
        text = (
            "SELECT at_ms, detail FROM devices WHERE device_id = ? AND event = 'sample' AND at_ms BETWEEN ? AND ? "
            "ORDER BY at_ms LIMIT ?"
        )
        rows = self.select(text, (device_id, from_ms, until_ms, _MOST_STRETCHES))
        return [(row["at_ms"], orjson.loads(row["detail"])) for row in rows]

    def history(self, name: str, command: str, runs: int = 20) -> dict[str, list[float]]:
        """Seconds of the repetitions that succeeded, by the id of their run, of the newest runs of such work.

        Returns:
            The runs from old to new, each with its times in the order in which they were measured.
        """
        text = (
            "SELECT run_id, wall_s FROM results WHERE name = ? AND command = ? AND status = 'succeeded' AND wall_s IS "
            "NOT NULL AND run_id IN (SELECT run_id FROM results WHERE name = ? AND command = ? GROUP BY run_id "
            "ORDER BY max(result_id) DESC LIMIT ?) ORDER BY result_id"
        )
        found: dict[str, list[float]] = {}
        for row in self.select(text, (name, command, name, command, runs)):
            found.setdefault(row["run_id"], []).append(row["wall_s"])
        return found

    # --- below

    def owner(self) -> Owner | None:
        """Which orchestrator writes the journal now, if one does."""
        try:
            return owner_of(self.path)
        except OSError:
            # A folder that cannot be read further: nobody can be seen there.
            return None

    def select(self, text: str, values: Sequence[Any] = ()) -> list[dict[str, Any]]:
        """What a query gives, one mapping a row.

        Raises:
            JournalError: The file cannot be read, or the reader is closed.
        """
        with self._lock:
            if self._connection is None:
                raise refused(self.path, _CLOSED)
            try:
                cursor = self._connection.execute(text, values)
                names = [column[0] for column in cursor.description]
                return [dict(zip(names, row, strict=True)) for row in cursor]
            except sqlite3.Error as error:
                raise refused(self.path, fault_of(error)) from error

    def close(self) -> None:
        """Close the file. A second call has no effect."""
        with self._lock:
            connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.path}>"

    def _told_status(self, table: str) -> str:
        """What a status is now: nobody runs what an orchestrator that is gone has left."""
        if self.owner() is not None:
            return f"{table}.status"
        return _TRUE_STATUS.format(table=table)


def open_journal(path: str | PathLike[str]) -> JournalReader:
    """Read a journal without an orchestrator; one that writes it meanwhile is not disturbed.

    Args:
        path: The journal's file.

    Raises:
        JournalError: There is none, or it is somebody else's, damaged, or written by a newer version.
    """
    return JournalReader(path)


def _as_result(row: dict[str, Any]) -> dict[str, Any]:
    """A row with every field that results have in this version, and what another one knew besides."""
    more = row.pop("more")
    record = {**_BLANK, **row, "value": orjson.loads(row["value"])}
    del record["result_id"], record["started_at"]
    if more is not None:
        record.update(orjson.loads(more))
    return record


def _as_samples(row: dict[str, Any]) -> dict[str, Any]:
    """A row of samples with a column for each figure."""
    detail = orjson.loads(row["detail"])
    record = {
        "device_id": row["device_id"],
        "at_ms": row["at_ms"],
        "span_s": detail.get("spanS"),
        "samples": detail.get("samples"),
    }
    for name, (mean, least, most) in detail.get("values", {}).items():
        record |= {name: mean, f"{name}_min": least, f"{name}_max": most}
    return record


def _where(column: str, value: str | None, more: str = "") -> tuple[str, tuple[str, ...]]:
    tests = [*([] if value is None else [f"{column} = ?"]), *([more] if more else [])]
    text = f"WHERE {' AND '.join(tests)}" if tests else ""
    return text, () if value is None else (value,)
