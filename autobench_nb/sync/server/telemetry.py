"""What the server says of itself in the state: ``/logs`` and ``/meta/telemetry``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from autobench_nb.logs.ring.ring import LogRing
from autobench_nb.state.store import StateStore

INTERVAL_S: Final = 1.0
"""Between two writes of the telemetry."""


@dataclass(slots=True)
class Counters:
    """What ``/meta/telemetry`` says. The transport adds to ``bytes_sent`` and sets ``loop_lag_ms``."""

    clients: int = 0
    patches: int = 0
    bytes_sent: int = 0
    dropped: int = 0
    resyncs: int = 0
    loop_lag_ms: float = 0.0
    errors: int = 0

    def to_wire(self) -> dict[str, int | float]:
        return {
            "clients": self.clients,
            "patches": self.patches,
            "bytesSent": self.bytes_sent,
            "dropped": self.dropped,
            "resyncs": self.resyncs,
            "loopLagMs": round(self.loop_lag_ms, 1),
            "errors": self.errors,
        }


class TelemetryReporter:
    """Writes both into the store, just before it is flushed."""

    def __init__(self, store: StateStore, ring: LogRing, telemetry: Counters) -> None:
        self._store = store
        self._ring = ring
        self._telemetry = telemetry
        self._logs_told: dict[str, int] = {}
        self._last_sent: dict[str, int | float] = {}
        self._last_sent_at = float("-inf")

    def report(self, flushed_version: int, now: float) -> int:
        """Write ``/logs`` where the ring has moved, and the telemetry with whatever else there is to send.

        Gives back how many mutations that were.

        The telemetry alone is no reason to send anything: an idle server stays silent. Nor is anything written while
        a batch is open: that would wait for whoever opened it.
        """
        logs = self._ring.metadata()
        has_moved = logs != self._logs_told
        if not has_moved and self._store.version == flushed_version:
            return 0
        telemetry = self._telemetry.to_wire()
        is_due = now - self._last_sent_at >= INTERVAL_S and telemetry != self._last_sent
        if not has_moved and not is_due:
            return 0

        def change() -> None:
            if has_moved:
                self._store.merge("/logs", logs)
            if is_due:
                self._store.set("/meta/telemetry", telemetry)

        if not self._store.attempt(change):
            return 0
        self._logs_told = logs
        if is_due:
            self._last_sent_at = now
            self._last_sent = telemetry
        return has_moved + is_due
