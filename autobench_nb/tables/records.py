"""The state's records as tables: jobs, devices, streams, results, findings."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

import pandas as pd
import pyarrow as pa

from autobench_nb.tables.types import EPOCH, MICROSECOND, NAME, TIME, array


class Column(NamedTuple):
    """One column of a records table: its ``name``, the ``key`` in the record (camelCase, as in the state), its type."""

    name: str
    key: str
    type: pa.DataType


_WHOLE, _REAL, _WORD = pa.int64(), pa.float64(), pa.string()

JOBS: Final = (
    Column("id", "id", _WORD),
    Column("run_id", "runId", _WORD),
    Column("name", "name", _WORD),
    Column("kind", "kind", NAME),
    Column("command", "command", _WORD),
    Column("status", "status", NAME),
    Column("reason", "reason", _WORD),
    Column("created_at", "createdAt", TIME),
    Column("started_at", "startedAt", TIME),
    Column("finished_at", "finishedAt", TIME),
    Column("repeat", "repeat", _WHOLE),
    Column("done", "done", _WHOLE),
    Column("progress", "progress", _REAL),
    Column("lines", "lines", _WHOLE),
    Column("warnings", "warnings", _WHOLE),
    Column("errors", "errors", _WHOLE),
    Column("exit_code", "exitCode", _WHOLE),
    Column("mean_s", "meanS", _REAL),
    Column("sd_s", "sdS", _REAL),
    Column("eta_s", "etaS", _REAL),
    Column("current", "current", _WORD),
)
DEVICES: Final = (
    Column("id", "id", _WORD),
    Column("type", "type", NAME),
    Column("status", "status", NAME),
    Column("last_seen", "lastSeen", TIME),
)
STREAMS: Final = (
    Column("id", "id", _WORD),
    Column("status", "status", NAME),
    Column("url", "url", _WORD),
)
RESULTS: Final = (
    Column("run_id", "runId", _WORD),
    Column("job_id", "jobId", _WORD),
    Column("name", "name", _WORD),
    Column("kind", "kind", NAME),
    Column("command", "command", _WORD),
    Column("repetition", "repetition", _WHOLE),
    Column("status", "status", NAME),
    Column("reason", "reason", _WORD),
    Column("exit_code", "exitCode", _WHOLE),
    Column("signal", "signal", _WORD),
    Column("started_at", "startedAt", TIME),
    Column("wall_s", "wallS", _REAL),
    Column("cpu_user_s", "cpuUserS", _REAL),
    Column("cpu_system_s", "cpuSystemS", _REAL),
    Column("max_rss_bytes", "maxRssBytes", _WHOLE),
    Column("lines", "lines", _WHOLE),
)
FINDINGS: Final = (
    Column("id", "id", _WORD),
    Column("severity", "severity", NAME),
    Column("check", "check", _WORD),
    Column("message", "message", _WORD),
)

Records = Mapping[str, Mapping[str, Any]] | Iterable[Mapping[str, Any]]


def records_to_arrow(records: Records, schema: Sequence[Column]) -> pa.Table:
    """Records of the state as a table: the columns of ``schema``, then whatever else the records have.

    A mapping gives its keys as ``id``. Times are read from milliseconds since 1970 or ISO 8601. What cannot be read as
    its column's type is null there, so that one odd record does not hide the others; values of further columns that
    are no scalars become JSON text.
    """
    if isinstance(records, Mapping):
        rows: list[Mapping[str, Any]] = [{"id": key, **record} for key, record in records.items()]
    else:
        rows = list(records)
    names = [column.name for column in schema]
    arrays = []
    for column in schema:
        read = _reader(column.type)
        values = [read(row.get(column.key, row.get(column.name))) for row in rows]
        arrays.append(array(values, column.type))
    known = {name for column in schema for name in (column.key, column.name)}
    for key in dict.fromkeys(key for row in rows for key in row if key not in known):
        names.append(key)
        arrays.append(_inferred([row.get(key) for row in rows]))
    return pa.table(arrays, names=names)


def records_to_pandas(records: Records, schema: Sequence[Column]) -> pd.DataFrame:
    """:func:`records_to_arrow` as a DataFrame; whole numbers may be missing (``Int64``), words are categories."""
    frame: pd.DataFrame = records_to_arrow(records, schema).to_pandas(types_mapper=_MAPPED.get)
    return frame


_MAPPED: Final = {pa.int64(): pd.Int64Dtype(), pa.bool_(): pd.BooleanDtype()}


def _reader(kind: pa.DataType) -> Callable[[Any], Any]:
    if kind == TIME:
        return _microseconds
    if kind == _WHOLE:
        return lambda value: int(value) if _is_number(value) and value == value // 1 else None
    if kind == _REAL:
        return lambda value: float(value) if _is_number(value) else None
    return lambda value: value if value is None or isinstance(value, str) else str(value)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _microseconds(value: Any) -> int | None:
    if _is_number(value):
        return round(value * 1e3) if abs(value) < 1e15 else None
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            return None
    if isinstance(value, datetime):
        aware = value if value.tzinfo else value.replace(tzinfo=UTC)
        return (aware - EPOCH) // MICROSECOND
    return None


def _inferred(values: list[Any]) -> pa.Array:
    kinds = {type(value) for value in values if value is not None}
    if kinds <= {int, float} or (len(kinds) == 1 and kinds <= {bool, str}):
        try:
            return pa.array(values)
        except (pa.ArrowInvalid, OverflowError):  # integers beyond 64 bits
            pass
    return pa.array(
        [value if value is None or isinstance(value, str) else as_json(value) for value in values],
        _WORD,
    )


def as_json(value: Any) -> str:
    return json.dumps(value, default=repr, ensure_ascii=False)
