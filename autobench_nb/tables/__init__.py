"""Everything out as tables: log entries, jobs, devices, streams, results, findings; Arrow, pandas and CSV.

Log tables are built from the ring's own columns: the message text is not copied at all, the rest is gathered by NumPy.
A table has the same columns and types whether it is empty or not. pandas and pyarrow are imported when the first table
is made, not before.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from autobench_nb.tables.export import logs_to_csv, neutral
from autobench_nb.tables.schema import (
    DEVICES,
    FINDINGS,
    JOBS,
    LOG_COLUMNS,
    RESULTS,
    SAMPLES,
    STREAMS,
    Column,
    ColumnKind,
)

if TYPE_CHECKING:
    from autobench_nb.tables.entries import entries_of
    from autobench_nb.tables.logs import LOG_SCHEMA, logs_table, logs_to_pandas, to_pandas
    from autobench_nb.tables.records import records_to_arrow, records_to_pandas

__all__ = [
    "DEVICES",
    "FINDINGS",
    "JOBS",
    "LOG_COLUMNS",
    "LOG_SCHEMA",
    "RESULTS",
    "SAMPLES",
    "STREAMS",
    "Column",
    "ColumnKind",
    "entries_of",
    "logs_table",
    "logs_to_csv",
    "logs_to_pandas",
    "neutral",
    "records_to_arrow",
    "records_to_pandas",
    "to_pandas",
]

_HOMES = {
    "LOG_SCHEMA": "logs",
    "entries_of": "entries",
    "logs_table": "logs",
    "logs_to_pandas": "logs",
    "records_to_arrow": "records",
    "records_to_pandas": "records",
    "to_pandas": "logs",
}


def __getattr__(name: str) -> Any:
    """What needs pandas or pyarrow is imported when it is first asked for: they take longer than all else together."""
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(f"{__name__}.{home}"), name)
    return value
