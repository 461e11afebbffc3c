"""Log entries as CSV, safe to open in a spreadsheet."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator
from typing import Any

from autobench_nb.logs.entry import WIRE_LEVELS, LogEntry
from autobench_nb.tables.cells import EPOCH, MICROSECOND, as_json
from autobench_nb.tables.schema import LOG_COLUMNS

# Also behind white space and NUL, also in full width: what the page's own export neutralises.
_FORMULA = re.compile("^[\\s\0\ufeff]*[=+@\uff1d\uff0b\uff0d\uff20-]|^[\\t\\r]")
# A lone dash, and a dash before a number that a word or another number follows (as real logs begin): text in any case.
_DASH = re.compile(r"-\s*|-\s+\d+\s+\w.*", re.DOTALL | re.ASCII)


def neutral(text: str) -> str:
    """A CSV cell that no spreadsheet takes for a formula: one that begins like it gets an apostrophe before it."""
    return f"'{text}" if _FORMULA.match(text) and not _DASH.fullmatch(text) else text


def logs_to_csv(entries: Iterable[LogEntry], *, bom: bool = False) -> Iterator[str]:
    """Log entries as CSV, header first, one piece of text an entry (RFC 4180, lines end in CR LF).

    Columns as in :data:`LOG_COLUMNS`; ``ts`` in ISO 8601, UTC, microseconds. Formula cells are neutralised.

    Args:
        entries: What is exported, in its order.
        bom: Whether a byte order mark comes first, without which some spreadsheets take UTF-8 for something else.
    """
    buffer = io.StringIO()
    writer = csv.writer(buffer)

    def taken() -> str:
        text = buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()
        return text

    writer.writerow(LOG_COLUMNS)
    yield ("\ufeff" if bom else "") + taken()
    for entry in entries:
        row: list[Any] = [entry.seq, _time_text(entry.ts), entry.channel]
        row += [WIRE_LEVELS[entry.level], entry.message, entry.logger, entry.job_id, entry.step_id]
        row += [
            entry.device_id,
            None if entry.fields is None else as_json(dict(entry.fields)),
            entry.exc,
        ]
        writer.writerow([neutral(cell) if isinstance(cell, str) else cell for cell in row])
        yield taken()


def _time_text(ts: float) -> str:
    """Milliseconds since 1970 in ISO 8601; empty for what no calendar can say, so that one entry stops no export."""
    try:
        return (EPOCH + round(ts * 1e3) * MICROSECOND).isoformat(timespec="microseconds")
    except (OverflowError, ValueError):
        return ""
