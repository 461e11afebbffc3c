"""Result rows: one for each measured repetition."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from autobench_nb.tables.records import RESULTS, records_to_arrow, records_to_pandas

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

MAX_ROWS: Final = 100_000
"""Rows that an orchestrator holds; the oldest make room."""


class Result(NamedTuple):
    """One repetition of one job. Times in seconds, sizes in bytes, ``started_at`` aware and in UTC.

    ``repetition``: 1 to ``repeat`` (warm-ups have no row). ``kind``: ``command`` or ``callable``. ``reason``: why it
    did not succeed. ``signal``: the name of the one that killed it. ``lines``: how many it printed. ``value``: what a
    callable returned, where it is JSON. ``None`` where there is nothing to say or it could not be measured; what
    exactly was measured is said by :class:`~autobench_nb.jobs.executors.local_process.LocalProcess` and
    :class:`~autobench_nb.jobs.executors.in_process.InProcess`.
    """

    run_id: str
    job_id: str
    name: str
    kind: str
    command: str
    repetition: int
    status: str
    reason: str | None
    exit_code: int | None
    signal: str | None
    started_at: datetime
    wall_s: float | None
    cpu_user_s: float | None
    cpu_system_s: float | None
    max_rss_bytes: int | None
    lines: int
    value: Any


_BLANK: Final[dict[str, Any]] = dict.fromkeys(Result._fields)


class Results:
    """The last ``max_rows`` results, oldest first: iterate, index, or take them as a table. Thread-safe.

    ``dropped``: how many older ones were let go.
    """

    def __init__(self, max_rows: int = MAX_ROWS) -> None:
        self._lock = threading.Lock()
        self._rows: deque[Result] = deque(maxlen=max_rows)
        self.dropped = 0

    def add(self, row: Result) -> None:
        """One more."""
        with self._lock:
            if len(self._rows) == self._rows.maxlen:
                self.dropped += 1
            self._rows.append(row)

    def _copy(self) -> list[Result]:
        with self._lock:
            return list(self._rows)

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[Result]:
        return iter(self._copy())

    def __getitem__(self, index: int) -> Result:
        with self._lock:
            return self._rows[index]

    def records(self) -> list[dict[str, Any]]:
        """The rows as dicts, for tables; ``started_at`` in ISO 8601, so that they are JSON."""
        return [
            {**row._asdict(), "started_at": row.started_at.isoformat(timespec="microseconds")}
            for row in self._copy()
        ]

    def to_pandas(self) -> pd.DataFrame:
        """The rows as a DataFrame, one column for each field of :class:`Result`, also when there are none.

        ``value`` has the type of what came back: numbers are numbers, what is no scalar is JSON text.
        """
        rows = self.records()
        return records_to_pandas(rows or [_BLANK], RESULTS).iloc[: len(rows)]

    def to_arrow(self) -> pa.Table:
        """The rows as an Arrow table, as :meth:`to_pandas`."""
        rows = self.records()
        return records_to_arrow(rows or [_BLANK], RESULTS).slice(0, len(rows))

    def __repr__(self) -> str:
        return f"<Results {len(self)} rows>"
