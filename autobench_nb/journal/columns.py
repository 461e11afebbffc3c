"""The columns of a journal's tables, as data."""

from __future__ import annotations

from typing import Final

from autobench_nb.tables.schema import RESULTS, Column, ColumnKind


def _column(name: str, kind: ColumnKind, key: str | None = None) -> Column:
    return Column(name, key or name, kind)


RUNS: Final = (
    _column("run_id", ColumnKind.TEXT),
    _column("name", ColumnKind.TEXT),
    _column("recipe", ColumnKind.TEXT),
    _column("status", ColumnKind.NAME),
    _column("reason", ColumnKind.TEXT),
    _column("created_at", ColumnKind.TIME, "created_ms"),
    _column("finished_at", ColumnKind.TIME, "finished_ms"),
    _column("last_seen", ColumnKind.TIME, "seen_ms"),
    _column("steps", ColumnKind.WHOLE),
    _column("succeeded", ColumnKind.WHOLE),
    _column("parameters", ColumnKind.TEXT),
    _column("retry_of", ColumnKind.TEXT),
    _column("host", ColumnKind.TEXT),
    _column("notebook", ColumnKind.TEXT),
)
"""One row a run. ``steps``: how many it has, or jobs; ``succeeded``: how many of them have."""

STEPS: Final = (
    _column("run_id", ColumnKind.TEXT),
    _column("step_id", ColumnKind.TEXT),
    _column("name", ColumnKind.TEXT),
    _column("command", ColumnKind.TEXT),
    _column("status", ColumnKind.NAME),
    _column("reason", ColumnKind.TEXT),
    _column("tries", ColumnKind.WHOLE),
    _column("started_at", ColumnKind.TIME, "started_ms"),
    _column("finished_at", ColumnKind.TIME, "finished_ms"),
    _column("cell", ColumnKind.TEXT),
    _column("job_ids", ColumnKind.TEXT),
    _column("metrics", ColumnKind.TEXT),
)

PAST_RESULTS: Final = tuple(
    column._replace(key="started_ms") if column.name == "started_at" else column
    for column in RESULTS
)

ARTIFACTS: Final = (
    _column("run_id", ColumnKind.TEXT),
    _column("step_id", ColumnKind.TEXT),
    _column("repetition", ColumnKind.WHOLE),
    _column("path", ColumnKind.TEXT),
    _column("sha256", ColumnKind.TEXT),
    _column("size_bytes", ColumnKind.WHOLE),
    _column("at", ColumnKind.TIME, "at_ms"),
)

DEVICES: Final = (
    _column("device_id", ColumnKind.TEXT),
    _column("at", ColumnKind.TIME, "at_ms"),
    _column("event", ColumnKind.NAME),
)
"""What else is told of a device follows, one column a name."""

PAST_SAMPLES: Final = (
    _column("device_id", ColumnKind.TEXT),
    _column("ts", ColumnKind.TIME, "at_ms"),
    _column("span_s", ColumnKind.REAL),
    _column("samples", ColumnKind.WHOLE),
)
"""What was sampled follows, three columns a quantity."""

MISSED: Final = (
    _column("from", ColumnKind.TIME, "from_ms"),
    _column("until", ColumnKind.TIME, "until_ms"),
    _column("entries", ColumnKind.WHOLE),
    _column("reason", ColumnKind.TEXT),
)
