"""The read side of records: one class, over whatever reads a state, for an orchestrator and for a client of one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from autobench_nb import tables
from autobench_nb.errors import PointerError
from autobench_nb.state.pointer import join
from autobench_nb.state.records import no_such
from autobench_nb.tables.cells import is_number
from autobench_nb.tables.schema import JOBS, Column

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

ReadState: TypeAlias = Callable[[str, Any], Any]
"""``read(pointer, default)``: a copy of what stands at the pointer now; ``default`` where nothing does."""

_ABSENT: Final = object()

REPR_ROWS: Final = 20
"""Records that a ``repr`` lists."""


class RecordsView(Mapping[str, Mapping[str, Any]]):
    """The records of one slice of the state, by id. Each access reads anew, and what it gives are copies.

    Every record holds its ``id``, the key in the slice, whatever else stands in it.

    Args:
        read: Reads the state, see :data:`ReadState`.
        pointer: The slice, such as ``/devices``.
        word: What one record is called in errors.
        schema: The columns that a table of the records has at least.
    """

    def __init__(self, read: ReadState, pointer: str, word: str, schema: Sequence[Column]) -> None:
        self._read = read
        self._pointer = pointer
        self._word = word
        self._schema = schema

    def __getitem__(self, name: str) -> dict[str, Any]:
        """A copy of the record.

        Raises:
            KeyError: There is none of this id; it names some of those that are there.
        """
        record = self._find(name)
        if record is _ABSENT:
            raise KeyError(no_such(self._word, name, self._all()))
        return _with_id(name, record)

    def __contains__(self, name: object) -> bool:
        return self._find(name) is not _ABSENT

    def __iter__(self) -> Iterator[str]:
        return iter(self._all())

    def __len__(self) -> int:
        return len(self._all())

    def records(self) -> list[dict[str, Any]]:
        """All records, in the order in which they were added."""
        return [_with_id(name, record) for name, record in self._all().items()]

    def to_pandas(self) -> pd.DataFrame:
        """All records as a DataFrame; the columns that every record may have come first, also when there are none."""
        return tables.records_to_pandas(self.records(), self._schema)

    def to_arrow(self) -> pa.Table:
        """All records as an Arrow table, with the columns of :meth:`to_pandas`."""
        return tables.records_to_arrow(self.records(), self._schema)

    def __repr__(self) -> str:
        rows = self._all()
        shown = [self._line(name, record) for name, record in islice(rows.items(), REPR_ROWS)]
        if len(rows) > REPR_ROWS:
            shown.append(f"  … and {len(rows) - REPR_ROWS} more")
        return "\n".join([f"<{type(self).__name__} {len(rows)}", *shown]) + ">"

    def _line(self, name: str, record: Mapping[str, Any]) -> str:
        """What the ``repr`` says of one record."""
        return f"  {name}: {record.get('status')}"

    def _all(self) -> dict[str, dict[str, Any]]:
        records: dict[str, dict[str, Any]] = self._read(self._pointer, {})
        return records

    def _find(self, name: object) -> Any:
        if not isinstance(name, str):
            return _ABSENT
        try:
            return self._read(self._pointer + join((name,)), _ABSENT)
        except PointerError:  # a name that no key of the state can have
            return _ABSENT


class JobsView(RecordsView):
    """The jobs that the state knows, by id: queued, running, and the last ones that have ended.

    Args:
        read: Reads the state, see :data:`ReadState`.
        cancel: Asks the job, or all jobs of the run, of an id to end; whether there was one that had not ended.
    """

    def __init__(self, read: ReadState, cancel: Callable[[str], bool]) -> None:
        super().__init__(read, "/jobs/items", "job", JOBS)
        self._cancel = cancel

    @property
    def queue(self) -> list[str]:
        """The ids of those that wait, in order."""
        queue: list[str] = self._read("/jobs/queue", [])
        return queue

    @property
    def running(self) -> list[str]:
        """The ids of those that run."""
        running: list[str] = self._read("/jobs/running", [])
        return running

    def _line(self, name: str, record: Mapping[str, Any]) -> str:
        mean, reason = record.get("meanS"), record.get("reason")
        wall = f", {mean:.4g} s" if is_number(mean) else ""
        why = f": {reason}" if reason else ""
        return f"  {name} {record.get('name')!r}: {record.get('status')}{why}{wall}"

    def cancel(self, name: str) -> bool:
        """Ask the job (or all jobs of the run) of that id to end; False where there is none that has not ended."""
        return self._cancel(name)


def _with_id(name: str, record: Mapping[str, Any]) -> dict[str, Any]:
    return {"id": name} | dict(record) | {"id": name}
