"""What is told to a journal, as the rows that keep it. Pure: statements and their values, in no connection."""

from __future__ import annotations

import math
from collections.abc import Mapping
from operator import attrgetter
from typing import Any, Final, NamedTuple, Protocol, TypeAlias

import orjson

from autobench_nb.jobs.ledger import (
    ArtifactKept,
    DeviceTold,
    RunBegan,
    RunEnded,
    StepBegan,
    StepSettled,
)
from autobench_nb.logs.text import clean
from autobench_nb.tables.results import Result
from autobench_nb.tables.wire_values import wire_value

MAX_WHOLE: Final = 2**63 - 1
"""Beyond it SQLite has no whole numbers."""

RUN_BEGAN: Final = (
    "INSERT INTO runs (life_id, run_id, name, status, created_ms, seen_ms, recipe, recipe_file, parameters, options, "
    "steps, retry_of) VALUES (?, ?, ?, 'running', ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (run_id) DO UPDATE SET "
    "life_id = excluded.life_id, status = 'running', reason = NULL, finished_ms = NULL, seen_ms = excluded.seen_ms"
)
RUN_ENDED: Final = (
    "UPDATE runs SET status = ?, reason = ?, finished_ms = ?, seen_ms = ? WHERE run_id = ?"
)
STEP_BEGAN: Final = (
    "INSERT INTO steps (run_id, step_id, name, command, cell, status, tries, started_ms) "
    "VALUES (?, ?, ?, ?, ?, 'running', ?, ?) ON CONFLICT (run_id, step_id) DO UPDATE SET status = 'running', "
    "tries = excluded.tries, started_ms = excluded.started_ms, reason = NULL, finished_ms = NULL"
)
STEP_SETTLED: Final = (
    "INSERT INTO steps (run_id, step_id, status, tries, reason, started_ms, finished_ms, job_ids, metrics) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (run_id, step_id) DO UPDATE SET status = excluded.status, "
    "tries = excluded.tries, reason = excluded.reason, finished_ms = excluded.finished_ms, "
    "started_ms = coalesce(excluded.started_ms, started_ms), job_ids = excluded.job_ids, metrics = excluded.metrics"
)
_RESULT_COLUMNS: Final = (
    *("run_id", "job_id", "name", "kind", "command", "repetition", "status", "reason", "exit_code"),
    *("signal", "wall_s", "cpu_user_s", "cpu_system_s", "max_rss_bytes", "shell_s", "lines"),
    "value_note",
)
_RESULT_MORE: Final = tuple(
    name for name in Result._fields if name not in (*_RESULT_COLUMNS, "started_at", "value")
)
_known_of: Final = attrgetter(*_RESULT_COLUMNS)
_more_of: Final = attrgetter(*_RESULT_MORE)
RESULT: Final = (
    f"INSERT INTO results ({', '.join(_RESULT_COLUMNS)}, started_ms, value, more) "
    f"VALUES ({', '.join('?' * (len(_RESULT_COLUMNS) + 3))})"
)
ARTIFACT: Final = (
    "INSERT INTO artifacts (run_id, step_id, repetition, path, sha256, size_bytes, at_ms) "
    "VALUES (?, ?, ?, ?, ?, ?, ?)"
)
DEVICE: Final = "INSERT INTO devices (device_id, at_ms, event, detail) VALUES (?, ?, ?, ?)"
LOG_CHUNK: Final = (
    "INSERT OR IGNORE INTO log_chunks (life_id, first_seq, end_seq, first_ms, data) "
    "VALUES (?, ?, ?, ?, ?)"
)


class Packed(Protocol):
    """A value that is made when SQLite asks for it."""

    def __conform__(self, protocol: object) -> bytes | None:
        """The value, for SQLite's protocol."""
        ...


Cell: TypeAlias = str | int | float | bytes | Packed | None


class Row(NamedTuple):
    """One statement with its values. ``size_bytes``: about what it takes while it waits."""

    statement: str
    values: tuple[Cell, ...]
    size_bytes: int


def run_began(life_id: int, run: RunBegan) -> Row:
    """The row of a run."""
    return _row(
        RUN_BEGAN,
        life_id,
        run.run_id,
        run.name,
        run.at_ms,
        run.at_ms,
        None if run.recipe is None else as_text(readable_again(run.recipe)),
        run.recipe_file,
        as_text(readable_again(run.parameters)),
        as_text(run.options),
        as_text(run.steps),
        run.retry_of,
    )


def run_ended(run: RunEnded) -> Row:
    """What becomes of a run's row."""
    return _row(RUN_ENDED, run.status, run.reason, run.at_ms, run.at_ms, run.run_id)


def step_began(step: StepBegan) -> Row:
    """The row of a step."""
    return _row(
        STEP_BEGAN,
        step.run_id,
        step.step_id,
        step.name,
        step.command,
        as_text(step.cell),
        step.tries,
        step.at_ms,
    )


def step_settled(step: StepSettled) -> Row:
    """What becomes of a step's row."""
    return _row(
        STEP_SETTLED,
        step.run_id,
        step.step_id,
        step.status,
        step.tries,
        step.reason,
        step.started_ms,
        step.at_ms,
        as_text(step.job_ids),
        as_text(step.metrics),
    )


def repetition(row: Result) -> Row:
    """The row of a result; what a later version of it has besides goes into ``more``."""
    started_ms = round(row.started_at.timestamp() * 1e3, 3)
    more = {
        name: found
        for name, found in zip(_RESULT_MORE, _more_of(row), strict=True)
        if found is not None
    }
    return _row(
        RESULT, *_known_of(row), started_ms, as_text(row.value), as_text(more) if more else None
    )


def artifact(kept: ArtifactKept) -> Row:
    """The row of a file."""
    return _row(
        ARTIFACT,
        kept.run_id,
        kept.step_id,
        kept.repetition,
        kept.path,
        kept.sha256,
        kept.size_bytes,
        kept.at_ms,
    )


def device(told: DeviceTold) -> Row:
    """The row of a piece of a device's history."""
    return _row(DEVICE, told.device_id, told.at_ms, told.event, as_text(told.detail))


def log_chunk(life_id: int, first_seq: int, end_seq: int, first_ms: float, data: bytes) -> Row:
    """The row of some log entries."""
    return _row(LOG_CHUNK, life_id, first_seq, end_seq, first_ms, data)


def as_text(value: object) -> str:
    """``value`` as JSON; what JSON cannot carry of it in the form that results have on the wire."""
    if value is None:  # of most steps nothing is known of most things
        return "null"
    if type(value) is dict and not value:
        return "{}"
    try:
        return orjson.dumps(value).decode()
    except TypeError:
        pass
    if isinstance(value, Mapping):
        value = {clean(key): wire_value(one).value for key, one in value.items()}
    else:
        value = wire_value(value).value
    return orjson.dumps(value).decode()


def readable_again(value: Any) -> Any:
    """What a run was asked for, so that it can be read again as it was: JSON has no infinity, its text is one."""
    if isinstance(value, Mapping):
        return {name: readable_again(one) for name, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [readable_again(one) for one in value]
    is_endless = isinstance(value, float) and not math.isfinite(value)
    return str(value) if is_endless or _is_long(value) else value


def _is_long(value: Any) -> bool:
    return isinstance(value, int) and value.bit_length() > 63


def _row(statement: str, *values: Any) -> Row:
    cells = tuple(map(_cell, values))
    size = 200 + sum(len(one) for one in cells if isinstance(one, (str, bytes)))
    return Row(statement, cells, size)


def _cell(value: Any) -> Cell:
    """A value as SQLite takes it: text that UTF-8 cannot carry is written with escapes."""
    if value is None or isinstance(value, (float, bytes)):
        return value
    if isinstance(value, str):
        return str(value) if value.isascii() else value.encode(errors="backslashreplace").decode()
    if isinstance(value, int) and abs(value) <= MAX_WHOLE:
        return int(value)
    return str(value)
