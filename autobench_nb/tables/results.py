"""Result rows, one for each measured repetition: what they are, how they travel, and their read side."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Self, TypeAlias, overload

from autobench_nb import tables
from autobench_nb.contract.limits import MAX_RESULTS_PAGE
from autobench_nb.tables.schema import RESULTS
from autobench_nb.tables.wire_values import wire_value

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa


class Result(NamedTuple):
    """One repetition of one job. Times in seconds, sizes in bytes, ``started_at`` aware and in UTC.

    ``repetition``: 1 to ``repeat`` (warm-ups have no row). ``kind``: ``command`` or ``callable``. ``reason``: why it
    did not succeed. ``signal``: the name of the one that killed it. ``shell_s``: what the start of the shell takes by
    itself, for shell commands. ``lines``: how many it printed. ``value``: what a callable returned, the object itself
    in the process where it ran; ``value_note``: what JSON cannot carry of it, so
    that tables and other clients have it in another form. ``step_id``: the planned step of a recipe that was done;
    ``metrics``: what was read out of it, by name. ``None`` where there is nothing to say or it could not be
    measured; what exactly was measured is said by :class:`~autobench_nb.jobs.executors.local_process.LocalProcess` and
    :class:`~autobench_nb.jobs.executors.in_process.InProcess`.

    ``machine``: the id of its fingerprint. What follows it is the noise beside the repetition, see
    :class:`~autobench_nb.machine.noise.Noise`.
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
    shell_s: float | None
    lines: int
    step_id: str | None = None
    machine: str | None = None
    load: float | None = None
    cpu_mhz: float | None = None
    temperature_c: float | None = None
    steal_s: float | None = None
    cpu_pressure: float | None = None
    io_pressure: float | None = None
    thermal_throttles: int | None = None
    cgroup_throttled_s: float | None = None
    value: Any = None
    value_note: str | None = None
    metrics: Mapping[str, float] | None = None

    def to_record(self) -> dict[str, Any]:
        """The row as a dict, by the names of its attributes; ``started_at`` in ISO 8601, ``value`` as JSON."""
        return {
            **self._asdict(),
            "started_at": self.started_at.isoformat(timespec="microseconds"),
            "value": wire_value(self.value).value,
        }

    def to_wire(self) -> dict[str, Any]:
        """The row as it travels: camelCase, ``startedAt`` in ISO 8601."""
        return {_WIRE[name]: value for name, value in self.to_record().items()}

    @classmethod
    def from_wire(cls, record: Mapping[str, Any]) -> Self:
        """Read what :meth:`to_wire` gives; what is missing is ``None``, what is not known is left out."""
        values = {name: record.get(key) for name, key in _WIRE.items()}
        values["started_at"] = _time(values["started_at"])
        return cls._make(values.values())


def _camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(part.capitalize() for part in rest)


_WIRE: Final = {name: _camel(name) for name in Result._fields}
_BLANK: Final[dict[str, Any]] = dict.fromkeys(Result._fields)


def _time(text: Any) -> datetime:
    time = datetime.fromisoformat(text)
    return time if time.tzinfo else time.replace(tzinfo=UTC)


class ResultPage(NamedTuple):
    """Some consecutive rows. Positions count from the first row ever, those that were let go included.

    ``next``: the position after the last of ``rows``, ``None`` where no more follow. ``end``: the position after the
    newest row of all. ``dropped``: how many of the oldest were let go; the position of the oldest that is held.
    """

    rows: list[Result]
    next: int | None
    end: int
    dropped: int


ReadPage: TypeAlias = Callable[[int, int], ResultPage]
"""``read(since, limit)``: at most ``limit`` of the held rows from position ``since`` on; fewer may come."""

MAX_PAGE_ROWS: Final = MAX_RESULTS_PAGE
"""Rows that a page holds at most."""


class ResultsView:
    """The held rows, oldest first: iterate, index, or take them as a table. Each access reads anew.

    Iteration reads page by page: rows that are let go meanwhile are left out, rows that come meanwhile are seen.

    Args:
        read: Gives a page of the held rows, see :data:`ReadPage`. What it raises, every access raises.
    """

    def __init__(self, read: ReadPage) -> None:
        self._read = read

    @property
    def dropped(self) -> int:
        """How many older rows were let go."""
        return self._read(0, 1).dropped

    def __len__(self) -> int:
        page = self._read(0, 1)
        return page.end - page.dropped

    def __iter__(self) -> Iterator[Result]:
        since: int | None = 0
        while since is not None:
            page = self._read(since, MAX_PAGE_ROWS)
            yield from page.rows
            since = page.next

    @overload
    def __getitem__(self, index: int) -> Result: ...
    @overload
    def __getitem__(self, index: slice) -> list[Result]: ...
    def __getitem__(self, index: int | slice) -> Result | list[Result]:
        if isinstance(index, slice):
            return list(self)[index]
        page = self._read(0, 1)
        place = index + (page.end if index < 0 else page.dropped)
        if not page.dropped <= place < page.end:
            raise IndexError(f"no result {index} among {page.end - page.dropped}")
        if place == page.dropped:
            return page.rows[0]
        return self._read(place, 1).rows[0]

    def records(self) -> list[dict[str, Any]]:
        """The rows as dicts that JSON can carry.

        Returns:
            One dict for each row, oldest first, by the names of :class:`Result`; ``started_at`` in ISO 8601.
        """
        return [row.to_record() for row in self]

    def to_pandas(self) -> pd.DataFrame:
        """The rows as a DataFrame, oldest first.

        Returns:
            A frame with one column for each field of :class:`Result`, also when there are no rows: times in seconds,
            sizes in bytes, ``started_at`` in UTC. ``value`` has the type of what came back: numbers are numbers, what
            is no scalar is JSON text.
        """
        rows = self.records()
        return tables.records_to_pandas(rows or [_BLANK], RESULTS).iloc[: len(rows)]

    def to_arrow(self) -> pa.Table:
        """The rows as an Arrow table, oldest first, with the columns of :meth:`to_pandas`."""
        rows = self.records()
        return tables.records_to_arrow(rows or [_BLANK], RESULTS).slice(0, len(rows))
