"""Samples made few enough to be kept: of each stretch of time the mean, least and most of each quantity. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from autobench_nb.devices.samples import MAX_COLUMNS, is_quantity


class SampleStretch(NamedTuple):
    """What was sampled in a stretch of time.

    ``at``: its first sample, in seconds since 1970. ``span_s``: from its first sample to its last. ``samples``: how
    many there were. ``values``: of each quantity the mean, the least and the most.
    """

    at: float
    span_s: float
    samples: int
    values: Mapping[str, tuple[float, float, float]]

    def detail(self) -> dict[str, Any]:
        """The stretch as JSON, as a journal keeps it."""
        return {
            "spanS": round(self.span_s, 3),
            "samples": self.samples,
            "values": {name: list(three) for name, three in self.values.items()},
        }


class Decimator:
    """Gathers samples, and gives them as stretches of equal length. Not thread-safe.

    Args:
        every_s: How long a stretch is: they begin at whole multiples of it.
    """

    def __init__(self, every_s: float) -> None:
        self._every_s = every_s
        self._place: float | None = None
        self._first = self._last = 0.0
        self._samples = 0
        self._sums: dict[str, tuple[int, float, float, float]] = {}

    def add(self, at: float, observed: Mapping[str, Any]) -> SampleStretch | None:
        """Take a sample.

        Args:
            at: When it was observed, in seconds since 1970.
            observed: What was observed; only finite numbers count.

        Returns:
            The stretch before it, where this sample begins another one.
        """
        place = at // self._every_s
        ended = self.end() if self._place is not None and place != self._place else None
        if self._place is None:
            self._place, self._first = place, at
        self._last = at
        self._samples += 1
        for name, value in observed.items():
            # A number that is none, as of a sensor that is not there, would spoil the mean.
            if not is_quantity(value) or value - value != 0:
                continue
            count, total, least, most = self._sums.get(name, (0, 0.0, value, value))
            if count or len(self._sums) < MAX_COLUMNS:
                self._sums[name] = (count + 1, total + value, min(least, value), max(most, value))
        return ended

    def end(self) -> SampleStretch | None:
        """The stretch as far as it has come; None where nothing was sampled in it."""
        sums, self._sums = self._sums, {}
        first, last, samples = self._first, self._last, self._samples
        self._place, self._samples = None, 0
        if not sums:
            return None
        values = {
            name: (total / count, float(least), float(most))
            for name, (count, total, least, most) in sums.items()
        }
        return SampleStretch(first, max(0.0, last - first), samples, values)
