"""Devices: what the bench operates, as the state's ``devices`` slice knows it."""

from __future__ import annotations

from typing import Any

from autobench_nb.tables.records import DEVICES
from autobench_nb.tables.registry import WritableRegistry, utc_now


class Devices(WritableRegistry):
    """Devices by id: ``devices.add("psu0", type="power supply", status="ready")``, ``devices["psu0"]["status"]``."""

    _slice = "/devices"
    _word = "device"
    _schema = DEVICES

    def add(self, name: str, *, type: str, status: str = "unknown", **fields: Any) -> None:
        """Add a device, seen now (``lastSeen``) unless ``fields`` say otherwise.

        Raises :class:`StateError` where there is one of this id, :class:`SchemaError` for a wrong value.
        """
        self._add(name, {"type": type, "status": status, "lastSeen": utc_now(), **fields})

    def touch(self, name: str, status: str | None = None) -> None:
        """It was seen now, and has this ``status``, if given. Raises :class:`PathError` where there is none."""
        seen: dict[str, Any] = {"lastSeen": utc_now()}
        self.update(name, **(seen if status is None else {**seen, "status": status}))
