"""What was observed, kept: a bounded table of samples in columns, and the integral of a quantity over a time."""

from __future__ import annotations

import bisect
import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from autobench_nb.lazy import LazyModule

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    import pyarrow as pa
    from numpy.typing import NDArray

    from autobench_nb import tables
else:
    np = LazyModule("numpy")
    tables = LazyModule("autobench_nb.tables")

MAX_SAMPLES: Final = 100_000
"""Rows that a table of samples keeps, where no other number is given."""
MAX_COLUMNS: Final = 64
"""Quantities that a table of samples keeps."""
FIRST_ROOM: Final = 256
NEAR: Final = 16
"""Samples before and after a span that say how far apart samples usually are."""
HOLD_PERIODS: Final = 3.0
"""A sample stands for what follows it for so many of its periods at most: then nothing is known."""


class Integral(NamedTuple):
    """A quantity summed up over a time.

    ``value``: in the quantity's unit times seconds (watts give joules). ``covered_s``: for how many seconds of it
    samples say anything. ``samples``: how many lie within.
    """

    value: float
    covered_s: float
    samples: int


def is_quantity(value: Any) -> bool:
    """Whether it is a number that can be a sample."""
    return isinstance(value, int | float) and not isinstance(value, bool)


class Samples:
    """The newest samples of one device, oldest first; the oldest leave when there is no more room. Thread-safe.

    Args:
        device: The device's id.
        max_rows: How many are kept.
        units: The units, by quantity.
    """

    def __init__(
        self, device: str, max_rows: int = MAX_SAMPLES, units: Mapping[str, str] | None = None
    ) -> None:
        self.device = device
        self.max_rows = max_rows
        self.units = dict(units or {})
        self.dropped = 0
        self._lock = threading.Lock()
        self._room = min(FIRST_ROOM, max_rows)
        self._at: NDArray[np.float64] = np.empty(self._room)
        self._columns: dict[str, NDArray[np.float64]] = {}
        self._first = 0
        self._size = 0

    def add(self, at: float, observed: Mapping[str, Any]) -> None:
        """Keep the numbers of one observation, made ``at`` seconds since 1970."""
        with self._lock:
            if self._size == self._room and self._room < self.max_rows:
                self._grow()
            row = (self._first + self._size) % self._room
            if self._size == self._room:
                self._first = (self._first + 1) % self._room
                self.dropped += 1
            else:
                self._size += 1
            self._at[row] = at
            for column in self._columns.values():
                column[row] = np.nan
            for name, value in observed.items():
                if not is_quantity(value):
                    continue
                column_or_none = self._columns.get(name)
                if column_or_none is None:
                    if len(self._columns) >= MAX_COLUMNS:
                        continue
                    column_or_none = self._columns[name] = np.full(self._room, np.nan)
                column_or_none[row] = value

    def _grow(self) -> None:
        room = min(self._room * 2, self.max_rows)
        order = self._order()
        at = np.empty(room)
        at[: self._size] = self._at[order]
        for name, old in self._columns.items():
            new = np.full(room, np.nan)
            new[: self._size] = old[order]
            self._columns[name] = new
        self._at, self._room, self._first = at, room, 0

    def _order(self) -> NDArray[np.int64]:
        return (self._first + np.arange(self._size)) % self._room

    @property
    def quantities(self) -> tuple[str, ...]:
        """The names of what was sampled."""
        with self._lock:
            return tuple(self._columns)

    def __len__(self) -> int:
        return self._size

    def values(self, quantity: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The instants (seconds since 1970) and values of one quantity, oldest first; copies, without gaps."""
        with self._lock:
            order = self._order()
            at = self._at[order]
            column = self._columns.get(quantity)
            if column is None:
                return at[:0], at[:0]
            values = column[order]
        known = ~np.isnan(values)
        return at[known], values[known]

    def since(self, quantity: str, after: float) -> list[tuple[float, float]]:
        """The instants and values of one quantity that were sampled after ``after``, all in seconds since 1970."""
        with self._lock:
            column = self._columns.get(quantity)
            if column is None:
                return []
            low = bisect.bisect_right(range(self._size), after, key=self._at_row)
            order = (self._first + np.arange(low, self._size)) % self._room
            at, values = self._at[order].tolist(), column[order].tolist()
        return [(one, value) for one, value in zip(at, values, strict=True) if value == value]

    def integral(self, quantity: str, start: float, end: float) -> Integral:
        """Sum a quantity up from ``start`` to ``end``, in seconds since 1970, by trapezoids between its samples.

        Where no sample lies near, nothing is counted: see ``covered_s``.
        """
        with self._lock:
            column = self._columns.get(quantity)
            if column is None:
                return Integral(0.0, 0.0, 0)
            # Only what lies around the span is copied, so that a long table costs a short step nothing.
            rows = range(self._size)
            low = max(0, bisect.bisect_left(rows, start, key=self._at_row) - NEAR)
            high = min(self._size, bisect.bisect_right(rows, end, key=self._at_row) + NEAR)
            order = (self._first + np.arange(low, high)) % self._room
            at, values = self._at[order], column[order]
        known = ~np.isnan(values)
        return integral_of(at[known], values[known], start, end)

    def _at_row(self, row: int) -> float:
        return float(self._at[(self._first + row) % self._room])

    def _rows(self) -> list[dict[str, Any]]:
        with self._lock:
            order = self._order()
            at = self._at[order].tolist()
            columns = {name: column[order].tolist() for name, column in self._columns.items()}
        return [
            {"ts": seconds * 1e3, **{name: _known(column[i]) for name, column in columns.items()}}
            for i, seconds in enumerate(at)
        ]

    def records(self) -> list[dict[str, Any]]:
        """The samples as dicts: ``ts`` in ms since 1970 UTC, and each quantity; None where it was not observed."""
        return self._rows()

    def to_arrow(self) -> pa.Table:
        """The samples as an Arrow table: ``ts`` in UTC to the microsecond, and a column for each quantity."""
        return tables.records_to_arrow(self._rows(), tables.SAMPLES)

    def to_pandas(self) -> pd.DataFrame:
        """The samples as a DataFrame with the columns of :meth:`to_arrow`."""
        return tables.records_to_pandas(self._rows(), tables.SAMPLES)

    def __repr__(self) -> str:
        return f"<Samples of {self.device!r}: {self._size:,} of {', '.join(self.quantities) or 'nothing'}>"


def _known(value: float) -> float | None:
    return None if value != value else value


def integral_of(
    at: NDArray[np.float64], values: NDArray[np.float64], start: float, end: float
) -> Integral:
    """The integral of samples (``at`` rising, in seconds) from ``start`` to ``end``.

    Between two samples the quantity is taken to change evenly; after the last one, and before the first one, it is
    taken to stand for as long as :data:`HOLD_PERIODS` usual distances of two samples. A longer silence is not covered.
    """
    if end <= start or len(at) == 0:
        return Integral(0.0, 0.0, 0)
    within = int(np.count_nonzero((at >= start) & (at <= end)))
    usual = float(np.median(np.diff(at))) if len(at) > 1 else 1.0
    longest = HOLD_PERIODS * usual
    points = [at[0] - longest, *at.tolist(), at[-1] + longest]
    levels = [values[0], *values.tolist(), values[-1]]
    total = covered = 0.0
    for left, right, low_level, high_level in zip(
        points, points[1:], levels, levels[1:], strict=False
    ):
        gap = right - left
        a, b = max(left, start), min(right, end)
        if gap <= 0 or b <= a or gap > longest * 1.000001:
            continue
        slope = (high_level - low_level) / gap
        total += (b - a) * (low_level + slope * ((a + b) / 2 - left))
        covered += b - a
    return Integral(float(total), float(covered), within)
