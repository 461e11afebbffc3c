"""The machine itself as a device: load, memory, frequency, temperature, free space."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, Final

from autobench_nb.devices.device import Action
from autobench_nb.errors import DeviceError

MIB: Final = 1_048_576


class HostDevice:
    """The machine on which the orchestrator runs, seen with psutil.

    What the machine does not tell is left out: a virtual machine often has no temperatures.

    Args:
        name: Its id.
        path: Where free space is looked at.

    Raises:
        DeviceError: psutil is not installed.
    """

    type = "host"
    power = None
    units: Mapping[str, str] = {
        "cpu": "%",
        "load1": "",
        "memoryAvailable": "MiB",
        "memoryUsed": "%",
        "frequency": "MHz",
        "temperature": "°C",
        "diskFree": "MiB",
        "processes": "",
    }

    def __init__(self, name: str = "host", path: str | os.PathLike[str] = ".") -> None:
        try:
            import psutil
        except ImportError:
            why = "psutil is not installed: pip install 'autobench-nb[devices]'"
            raise DeviceError(name, "open", "refused", why) from None
        self.name = name
        self._path = os.fspath(path)
        self._psutil = psutil
        # The share of busy time is counted from the last look on: this one begins the count.
        psutil.cpu_percent(None)

    @property
    def actions(self) -> Mapping[str, Action]:
        """A host does nothing that is asked of it here."""
        return {}

    def probe(self) -> dict[str, Any]:
        """Look at the machine."""
        psutil = self._psutil
        memory = psutil.virtual_memory()
        seen: dict[str, Any] = {
            "cpu": psutil.cpu_percent(None),
            "load1": round(psutil.getloadavg()[0], 2),
            "memoryAvailable": round(memory.available / MIB),
            "memoryUsed": memory.percent,
            "diskFree": round(psutil.disk_usage(self._path).free / MIB),
            "processes": len(psutil.pids()),
        }
        frequency = getattr(psutil, "cpu_freq", lambda: None)()
        if frequency is not None and frequency.current:
            seen["frequency"] = round(frequency.current)
        temperature = _hottest(getattr(psutil, "sensors_temperatures", dict)())
        if temperature is not None:
            seen["temperature"] = temperature
        return seen

    def close(self) -> None:
        """A host stays as it is."""


def _hottest(sensors: Mapping[str, Any]) -> float | None:
    """The highest temperature of the processor's own sensors; of all, where none is known as one of those."""
    known = [name for name in ("coretemp", "k10temp", "zenpower", "cpu_thermal") if name in sensors]
    read = [one.current for name in known or sensors for one in sensors[name] if one.current]
    return max(read, default=None)
