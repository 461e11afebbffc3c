"""Log entries as CSV, safe to open in a spreadsheet."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from typing import Any

from autobench_nb.logs.entry import WIRE_LEVELS, LogEntry
from autobench_nb.tables.cells import EPOCH, MICROSECOND, as_json
from autobench_nb.tables.schema import LOG_COLUMNS

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def neutral(text: str) -> str:
    """A CSV cell that no spreadsheet takes for a formula: one that begins like it gets an apostrophe before it."""
    return f"'{text}" if text.startswith(_FORMULA) else text


def logs_to_csv(entries: Iterable[LogEntry]) -> Iterator[str]:
    """Log entries as CSV, header first, one piece of text an entry (RFC 4180, lines end in CR LF).

    Columns as in :data:`LOG_COLUMNS`; ``ts`` in ISO 8601, UTC, microseconds. Formula cells are neutralised.
    """
    buffer = io.StringIO()
    writer = csv.writer(buffer)

    def taken() -> str:
        text = buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()
        return text

    writer.writerow(LOG_COLUMNS)
    yield taken()
    for entry in entries:
        time = EPOCH + round(entry.ts * 1e3) * MICROSECOND
        row: list[Any] = [entry.seq, time.isoformat(timespec="microseconds"), entry.channel]
        row += [WIRE_LEVELS[entry.level], entry.message, entry.logger, entry.job_id, entry.step_id]
        row += [
            entry.device_id,
            None if entry.fields is None else as_json(dict(entry.fields)),
            entry.exc,
        ]
        writer.writerow([neutral(cell) if isinstance(cell, str) else cell for cell in row])
        yield taken()
