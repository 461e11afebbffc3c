"""What is measured of a repetition besides its time, by something that stands beside it, such as a power meter."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol


class Gauge(Protocol):
    """Measures something of each repetition besides its time, such as the energy of a power meter."""

    @property
    def units(self) -> Mapping[str, str]:
        """The units of its metrics."""

    def begin(self) -> Any:
        """Note where it stands, right before a repetition."""

    def end(self, begun: Any) -> Mapping[str, float]:
        """What was measured since ``begin`` gave ``begun``: empty where nothing is known."""


class MeanEnergy:
    """The mean of what the repetitions of one job have used, in joules, as far as it was measured."""

    def __init__(self) -> None:
        self._sum = 0.0
        self._count = 0
        self._is_shared = False

    def add(self, metrics: Mapping[str, float] | None) -> None:
        """Take in the metrics of one more repetition."""
        joules = (metrics or {}).get("energy")
        if joules is None:
            return
        self._sum += joules
        self._count += 1
        self._is_shared = self._is_shared or bool((metrics or {}).get("energyShared"))

    def fields(self) -> dict[str, Any]:
        """The fields of a job's record that tell it; none where nothing was measured."""
        if not self._count:
            return {}
        return {"energyJ": round(self._sum / self._count, 6), "energyShared": self._is_shared}
