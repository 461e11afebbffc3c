"""Records by id: how those of one slice are added, changed and removed, and what is said where one is missing."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from autobench_nb.errors import PathError, SchemaError, StateError
from autobench_nb.state.pointer import join
from autobench_nb.state.store import StateStore


def iso_time(seconds: float) -> str:
    """Seconds since 1970 as ISO 8601 in UTC, to the millisecond."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")


def no_such(word: str, name: object, there: Iterable[str]) -> str:
    """The sentence for a missing record: which one, and the first ten of those that are ``there``."""
    known = ", ".join(map(repr, islice(there, 10))) or "none yet"
    return f"there is no {word} {name!r}; there are: {known}"


class RecordWriter:
    """Writes the records of one slice of the state; every call is one mutation, and changes nothing where it raises.

    Args:
        store: The state.
        pointer: The slice, such as ``/devices``.
        word: What one record is called in errors.
        clock: Seconds since 1970, for ``lastSeen``.
    """

    def __init__(
        self,
        store: StateStore,
        pointer: str,
        word: str,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._store = store
        self._slice = pointer
        self._noun = word
        self._clock = clock

    def update(self, name: str, **fields: Any) -> None:
        """Change some fields; objects within the record are merged.

        Args:
            name: The record's id.
            fields: The fields with their new JSON values; those that are not named stay.

        Raises:
            PathError: There is no record of this id.
            SchemaError: A value cannot stand where it was given for.
        """
        place = self._place(name)
        with self._store.batch():
            self._require(name, place)
            self._store.merge(place, fields)

    def touch(self, name: str, status: str | None = None) -> None:
        """Say that it was seen now (``lastSeen``, ISO 8601 in UTC).

        Args:
            name: The record's id.
            status: How it is now; ``None`` leaves what stands there.

        Raises:
            PathError: There is no record of this id.
        """
        seen: dict[str, Any] = {"lastSeen": iso_time(self._clock())}
        self.update(name, **(seen if status is None else {**seen, "status": status}))

    def remove(self, name: str) -> None:
        """Take the record away.

        Args:
            name: The record's id.

        Raises:
            PathError: There is no record of this id.
        """
        place = self._place(name)
        with self._store.batch():
            self._require(name, place)
            self._store.remove(place)

    def _add(self, name: str, record: dict[str, Any]) -> None:
        place = self._place(name)
        if not name:
            raise SchemaError(self._slice, "an id cannot be empty")
        with self._store.batch():
            if self._store.get(place, None) is not None:
                raise StateError(
                    place, "there is one of this id already: update() it, or remove() it first"
                )
            self._store.set(place, record)

    def _place(self, name: str) -> str:
        if not isinstance(name, str):
            raise SchemaError(self._slice, f"{name!r} is no id: give text")
        return self._slice + join((name,))

    def _require(self, name: str, place: str) -> None:
        if self._store.get(place, None) is None:
            there = self._store.get(self._slice)
            raise PathError(place, no_such(self._noun, name, there) + ": add() it first")
