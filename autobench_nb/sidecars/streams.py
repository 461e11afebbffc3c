"""Streams: what sidecars send, as the state's ``streams`` slice knows it."""

from __future__ import annotations

from typing import Any

from autobench_nb.state.records import RecordWriter
from autobench_nb.state.store import StateStore
from autobench_nb.tables.records_view import RecordsView
from autobench_nb.tables.schema import STREAMS


class Streams(RecordsView, RecordWriter):
    """Streams by id: ``streams.add("cam0", status="live", url="http://127.0.0.1:8090/cam0")``.

    Args:
        store: The state whose ``streams`` slice it reads and writes.
    """

    def __init__(self, store: StateStore) -> None:
        RecordsView.__init__(self, store.get, "/streams", "stream", STREAMS)
        RecordWriter.__init__(self, store, "/streams", "stream")

    def add(
        self, name: str, *, status: str = "unknown", url: str | None = None, **fields: Any
    ) -> None:
        """Add a stream.

        Args:
            name: Its id.
            status: How it is, such as ``"live"`` or ``"frozen"``.
            url: Where it can be watched; ``None`` where it cannot.
            fields: Further fields of its record: JSON values.

        Raises:
            StateError: There is one of this id.
            SchemaError: A value cannot stand where it was given for.
        """
        self._add(name, {"status": status, "url": url, **fields})
