"""What is said of watched devices in the log, and kept of them in the ledger."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from autobench_nb.devices.decimate import SampleStretch
from autobench_nb.devices.worker import reason_of
from autobench_nb.jobs.ledger import DeviceTold, Ledger

LogFunction = Callable[..., None]


class DeviceTeller:
    """Says and keeps what became of devices. Called by whoever has the supervisor's turn.

    Args:
        log: ``LogRing.append``; nothing is said without one.
        ledger: What outlives the process; nothing is kept without one.
    """

    def __init__(self, log: LogFunction | None, ledger: Ledger | None) -> None:
        self._log = log
        self._ledger = ledger
        self._refused: set[str] = set()

    def say(self, name: str, level: str, message: str) -> None:
        """Say something of the device of that id."""
        if self._log is not None:
            self._log("device", level, message, device_id=name)

    def complain(self, name: str, error: Exception) -> None:
        """Say once of a device that something of it was not taken; it is watched on."""
        if name not in self._refused:
            self._refused.add(name)
            self.say(name, "error", f"{name}: not all of it can be shown: {reason_of(error)}")

    def keep(self, name: str, at_s: float, event: str, detail: Mapping[str, Any]) -> None:
        """Keep what happened to a device; ``at_s`` in seconds since 1970."""
        if self._ledger is not None:
            at_ms = round(at_s * 1e3, 1)
            told = DeviceTold(device_id=name, at_ms=at_ms, event=event, detail=detail)
            self._ledger.device(told)

    def keep_samples(self, name: str, ended: SampleStretch | None) -> None:
        """Keep a stretch of samples that is over, where there is one."""
        if ended is not None:
            self.keep(name, ended.at, "sample", ended.detail())
