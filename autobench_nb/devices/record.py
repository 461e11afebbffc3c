"""The record of a supervised device in the state: written field by field, and only where something has changed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from autobench_nb.contract.devices import ActionSpec, SampleWindow
from autobench_nb.devices.machine import DeviceMachine
from autobench_nb.devices.samples import is_quantity
from autobench_nb.state.pointer import join
from autobench_nb.state.records import iso_time
from autobench_nb.state.store import StateStore

WINDOW_POINTS: Final = 120
"""Samples of one quantity that the state shows."""
WINDOW_EVERY_S: Final = 0.5
"""Seconds between two of them at least: what is sampled faster stands in the table alone."""
MAX_WINDOWS: Final = 16
"""Quantities that have a window."""
TELL_EVERY_S: Final = 0.25
"""Seconds between two writes of what is observed, at least."""


class DeviceRecordWriter:
    """Writes one device's record. Called by whoever has the supervisor's turn.

    Args:
        store: The state.
        name: The device's id.
        machine: What is to be told.
        fixed: Fields that the machine does not know, such as the device's type.
        actions: What the device can do.
    """

    def __init__(
        self,
        store: StateStore,
        name: str,
        machine: DeviceMachine,
        fixed: Mapping[str, Any],
        actions: Mapping[str, ActionSpec],
    ) -> None:
        self._store = store
        self._place = "/devices" + join((name,))
        self._machine = machine
        self._told: dict[str, Any] = {}
        self._told_at = float("-inf")
        self._sampled_at = float("-inf")
        self._windows: dict[str, SampleWindow] = {}
        self._units: Mapping[str, str] = fixed.get("units", {})
        self._first: dict[str, Any] = {**fixed, "actions": actions, "samples": {}}

    def first(self, offset: float) -> dict[str, Any]:
        """The record as it is when nothing has happened yet."""
        self._told = self.fields(offset)
        return {**self._first, **self._told}

    def fields(self, offset: float) -> dict[str, Any]:
        """What the machine has to tell; whoever calls it keeps the machine from changing meanwhile."""
        machine = self._machine
        seen = machine.last_seen
        failing = machine.failures > 0 and not machine.is_closed
        return {
            "status": machine.health.value,
            "lastSeen": None if seen is None else iso_time(seen + offset),
            "desired": dict(machine.desired),
            "observed": machine.observed,
            "was": machine.was if machine.observed is None else None,
            "differs": machine.differs,
            "error": machine.error,
            "failures": machine.failures,
            "hangs": machine.late,
            "nextTryAt": round((machine.next_probe + offset) * 1e3, 1) if failing else None,
            "asked": [one.record(offset) for one in machine.asked()],
        }

    def tell(self, now: float, fields: dict[str, Any]) -> None:
        """Write what is not as it was told last. What is only a newer observation may wait for the next call."""
        changed = {name: value for name, value in fields.items() if value != self._told[name]}
        if not changed:
            return
        if changed.keys() <= {"lastSeen", "observed"} and now - self._told_at < TELL_EVERY_S:
            return
        self._told_at = now
        with self._store.batch():
            if self._store.get(self._place, None) is None:
                # Somebody took the record away by hand; it comes back with the next device of that name alone.
                self._told = fields
                return
            for name, value in changed.items():
                self._store.set(f"{self._place}/{name}", value)
        self._told = fields

    def mark(self, field: str, value: Any) -> None:
        """Write a field that the machine does not know."""
        with self._store.batch():
            if self._store.get(self._place, None) is not None:
                self._store.set(f"{self._place}/{field}", value)

    def sample(self, now: float, offset: float, observed: Mapping[str, Any]) -> None:
        """Put the numbers of an observation into their windows, unless the last ones are too young."""
        if now - self._sampled_at < WINDOW_EVERY_S:
            return
        self._sampled_at = now
        with self._store.batch():
            if self._store.get(self._place + "/samples", None) is None:
                return
            for name, value in observed.items():
                if is_quantity(value):
                    self._point(name, [round((now + offset) * 1e3, 1), float(value)])

    def _point(self, name: str, point: list[float]) -> None:
        window = self._windows.get(name)
        place = f"{self._place}/samples" + join((name,))
        if window is None:
            if len(self._windows) >= MAX_WINDOWS:
                return
            unit = self._units.get(name, "")
            window = {"unit": unit, "size": WINDOW_POINTS, "next": 1, "points": [point]}
            self._windows[name] = window
            self._store.set(place, window)
            return
        number = window["next"]
        window["next"] = number + 1
        # The ring grows to its size, and is then written over in place: a sample is two small operations of a patch.
        slot = "-" if number < WINDOW_POINTS else str(number % WINDOW_POINTS)
        self._store.set(f"{place}/points/{slot}", point)
        self._store.set(f"{place}/next", number + 1)
