"""Registries: a slice of the state whose entries are records by id."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, ClassVar

from autobench_nb.errors import PathError, PointerError, SchemaError, StateError
from autobench_nb.state.pointer import join
from autobench_nb.state.store import StateStore
from autobench_nb.tables.records import Column, records_to_arrow, records_to_pandas

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa


class Registry(Mapping[str, Mapping[str, Any]]):
    """Records by id, read from and written to the state. What is read are copies."""

    _slice: ClassVar[str]
    _word: ClassVar[str]
    _schema: ClassVar[Sequence[Column]]

    def __init__(self, store: StateStore) -> None:
        self._store = store

    def __getitem__(self, name: str) -> dict[str, Any]:
        """A copy of the record. Raises :class:`KeyError` naming those that are there."""
        try:
            record: dict[str, Any] = self._store.get(self._pointer(name))
        except (PathError, PointerError, SchemaError):
            raise KeyError(self._missing(name)) from None
        return record

    def __iter__(self) -> Iterator[str]:
        return iter(self._records())

    def __len__(self) -> int:
        return len(self._records())

    def records(self) -> list[dict[str, Any]]:
        """All records, each with its ``id``, in the order in which they were added."""
        return [{"id": name, **record} for name, record in self._records().items()]

    def to_pandas(self) -> pd.DataFrame:
        """All records as a DataFrame; the columns that every record may have come first."""
        return records_to_pandas(self._records(), self._schema)

    def to_arrow(self) -> pa.Table:
        """All records as an Arrow table; the columns that every record may have come first."""
        return records_to_arrow(self._records(), self._schema)

    def __repr__(self) -> str:
        rows = [f"  {name}: {record.get('status')}" for name, record in self._records().items()]
        shown = rows[:20] + ([f"  … and {len(rows) - 20} more"] if len(rows) > 20 else [])
        return "\n".join([f"<{type(self).__name__} {len(rows)}", *shown]) + ">"

    def _records(self) -> dict[str, dict[str, Any]]:
        records: dict[str, dict[str, Any]] = self._store.get(self._slice)
        return records

    def _pointer(self, name: str) -> str:
        if not isinstance(name, str):
            raise SchemaError(self._slice, f"{name!r} is no id: give text")
        return self._slice + join((name,))

    def _missing(self, name: object) -> str:
        there = ", ".join(map(repr, list(self._records())[:10])) or "none yet"
        return f"there is no {self._word} {name!r}; there are: {there}"


class WritableRegistry(Registry):
    """A registry whose records anybody may add, change and remove."""

    def update(self, name: str, **fields: Any) -> None:
        """Change some fields; objects within it are merged. Raises :class:`PathError` where there is none."""
        pointer = self._pointer(name)
        with self._store.batch():
            self._check(name, pointer)
            self._store.merge(pointer, fields)

    def remove(self, name: str) -> None:
        """Take it away. Raises :class:`PathError` where there is none."""
        pointer = self._pointer(name)
        with self._store.batch():
            self._check(name, pointer)
            self._store.remove(pointer)

    def _add(self, name: str, record: dict[str, Any]) -> None:
        pointer = self._pointer(name)
        if not name:
            raise SchemaError(self._slice, "an id cannot be empty")
        with self._store.batch():
            if self._store.get(pointer, None) is not None:
                raise StateError(
                    pointer, "there is one of this id already: update() it, or remove() it first"
                )
            self._store.set(pointer, record)

    def _check(self, name: str, pointer: str) -> None:
        if self._store.get(pointer, None) is None:
            raise PathError(pointer, self._missing(name) + ": add() it first")


def utc_now() -> str:
    """The time in ISO 8601, UTC, to the millisecond."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")
