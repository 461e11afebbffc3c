"""Streams: what sidecars send, as the state's ``streams`` slice knows it."""

from __future__ import annotations

from typing import Any

from autobench_nb.tables.records import STREAMS
from autobench_nb.tables.registry import WritableRegistry, utc_now


class Streams(WritableRegistry):
    """Streams by id: ``streams.add("cam0", status="live", url="http://127.0.0.1:8090/cam0")``."""

    _slice = "/streams"
    _word = "stream"
    _schema = STREAMS

    def add(
        self, name: str, *, status: str = "unknown", url: str | None = None, **fields: Any
    ) -> None:
        """Add a stream. Raises :class:`StateError` where there is one, :class:`SchemaError` for a wrong value."""
        self._add(name, {"status": status, "url": url, **fields})

    def touch(self, name: str, status: str | None = None) -> None:
        """It was seen now (``lastSeen``). Raises :class:`PathError` where there is none."""
        seen: dict[str, Any] = {"lastSeen": utc_now()}
        self.update(name, **(seen if status is None else {**seen, "status": status}))
