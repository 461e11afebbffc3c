"""Everything out as tables: log entries, jobs, devices, streams, results, findings; Arrow, pandas and CSV.

Log tables are built from the ring's own columns: the message text is not copied at all, the rest is gathered by NumPy.
A table has the same columns and types whether it is empty or not.
"""

from __future__ import annotations

from autobench_nb.tables.entries import entries_of
from autobench_nb.tables.export import logs_to_csv, neutral
from autobench_nb.tables.logs import LOG_SCHEMA, logs_table, logs_to_pandas, to_pandas
from autobench_nb.tables.records import (
    DEVICES,
    FINDINGS,
    JOBS,
    RESULTS,
    STREAMS,
    Column,
    records_to_arrow,
    records_to_pandas,
)

__all__ = [
    "DEVICES",
    "FINDINGS",
    "JOBS",
    "LOG_SCHEMA",
    "RESULTS",
    "STREAMS",
    "Column",
    "entries_of",
    "logs_table",
    "logs_to_csv",
    "logs_to_pandas",
    "neutral",
    "records_to_arrow",
    "records_to_pandas",
    "to_pandas",
]
