"""The columns of every table, as data: no library that makes tables is imported before one is made."""

from __future__ import annotations

from enum import Enum
from typing import Final, NamedTuple


class ColumnKind(Enum):
    """What a column holds."""

    WHOLE = "whole numbers"
    REAL = "real numbers"
    TEXT = "text"
    NAME = "one of a few texts, coded as a category"
    TIME = "points in time, to the microsecond, in UTC"


class Column(NamedTuple):
    """One column of a table of records: its ``name``, the ``key`` in the record, and what it holds."""

    name: str
    key: str
    kind: ColumnKind


_WHOLE, _REAL, _TEXT = ColumnKind.WHOLE, ColumnKind.REAL, ColumnKind.TEXT
_NAME, _TIME = ColumnKind.NAME, ColumnKind.TIME

JOBS: Final = (
    Column("id", "id", _TEXT),
    Column("run_id", "runId", _TEXT),
    Column("name", "name", _TEXT),
    Column("kind", "kind", _NAME),
    Column("command", "command", _TEXT),
    Column("status", "status", _NAME),
    Column("reason", "reason", _TEXT),
    Column("created_at", "createdAt", _TIME),
    Column("started_at", "startedAt", _TIME),
    Column("finished_at", "finishedAt", _TIME),
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
    Column("current", "current", _TEXT),
)
"""The columns of jobs; keys as the state's ``/jobs/items`` has them."""

DEVICES: Final = (
    Column("id", "id", _TEXT),
    Column("type", "type", _NAME),
    Column("status", "status", _NAME),
    Column("last_seen", "lastSeen", _TIME),
)
"""The columns of devices; keys as the state's ``/devices`` has them."""

STREAMS: Final = (
    Column("id", "id", _TEXT),
    Column("status", "status", _NAME),
    Column("url", "url", _TEXT),
)
"""The columns of streams; keys as the state's ``/streams`` has them."""

FINDINGS: Final = (
    Column("id", "id", _TEXT),
    Column("severity", "severity", _NAME),
    Column("check", "check", _TEXT),
    Column("message", "message", _TEXT),
)
"""The columns of findings; keys as the state's ``/pno/findings`` has them."""

RESULTS: Final = tuple(
    Column(name, name, kind)
    for name, kind in (
        ("run_id", _TEXT),
        ("job_id", _TEXT),
        ("name", _TEXT),
        ("kind", _NAME),
        ("command", _TEXT),
        ("repetition", _WHOLE),
        ("status", _NAME),
        ("reason", _TEXT),
        ("exit_code", _WHOLE),
        ("signal", _TEXT),
        ("started_at", _TIME),
        ("wall_s", _REAL),
        ("cpu_user_s", _REAL),
        ("cpu_system_s", _REAL),
        ("max_rss_bytes", _WHOLE),
        ("lines", _WHOLE),
    )
)
"""The columns of results: the attributes of a ``Result``, without ``value``, whose type is what came back."""

LOG_COLUMNS: Final = (
    *("seq", "ts", "channel", "level", "message", "logger"),
    *("job_id", "step_id", "device_id", "fields", "exc"),
)
"""The columns of log entries, in their order."""
