"""Devices: what the bench operates, as the state's ``devices`` slice knows it."""

from __future__ import annotations

from typing import Any

from autobench_nb.state.records import RecordWriter, iso_time
from autobench_nb.state.store import StateStore
from autobench_nb.tables.records_view import RecordsView
from autobench_nb.tables.schema import DEVICES


class Devices(RecordsView, RecordWriter):
    """Devices by id: ``devices.add("psu0", type="power supply", status="ready")``, ``devices["psu0"]["status"]``.

    Args:
        store: The state whose ``devices`` slice it reads and writes.
    """

    def __init__(self, store: StateStore) -> None:
        RecordsView.__init__(self, store.get, "/devices", "device", DEVICES)
        RecordWriter.__init__(self, store, "/devices", "device")

    def add(self, name: str, *, type: str, status: str = "unknown", **fields: Any) -> None:
        """Add a device, seen now (``lastSeen``) unless ``fields`` say otherwise.

        Args:
            name: Its id.
            type: What it is, such as ``"power supply"``.
            status: How it is.
            fields: Further fields of its record: JSON values.

        Raises:
            StateError: There is one of this id.
            SchemaError: A value cannot stand where it was given for.
        """
        seen = iso_time(self._clock())
        self._add(name, {"type": type, "status": status, "lastSeen": seen, **fields})
