"""The power that a meter saw while a run went on: a curve of few points, however long the run takes. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

MOST_POINTS: Final = 240
"""Stretches that are kept; when there are more, each two become one that is twice as long."""
FIRST_EVERY_MS: Final = 500.0
"""How long a stretch is at first."""


class PowerStretch(NamedTuple):
    """What was measured in one stretch of time.

    ``number``: how many stretches after the beginning it lies; those of which nothing is known are left out.
    """

    number: int
    samples: int
    total: float
    least: float
    most: float

    def joined(self, other: PowerStretch) -> PowerStretch:
        """Both as one, under this one's number."""
        return PowerStretch(
            self.number,
            self.samples + other.samples,
            self.total + other.total,
            min(self.least, other.least),
            max(self.most, other.most),
        )

    def point(self) -> list[float]:
        """As the state has it: number, mean, least, most."""
        return [
            self.number,
            *(float(f"{one:.4g}") for one in (self.total / self.samples, self.least, self.most)),
        ]


class PowerCourse:
    """The power during one run: of each stretch of time the mean, the least and the most, so that no peak is lost.

    Args:
        device: The meter's id.
        quantity: Which of its quantities is the power.
        unit: Its unit.
        start_ms: Where the first stretch begins, in ms since 1970.

    Attributes:
        joules: The energy so far.
    """

    def __init__(self, device: str, quantity: str, unit: str, start_ms: float) -> None:
        self.device = device
        self.quantity = quantity
        self.joules = 0.0
        self._unit = unit
        self._start_ms = start_ms
        self._every_ms = FIRST_EVERY_MS
        self._stretches: list[PowerStretch] = []
        self._told: list[PowerStretch] = []
        self._told_every_ms = 0.0
        self._told_joules: float | None = None

    @property
    def every_ms(self) -> float:
        """How long a stretch is now."""
        return self._every_ms

    def add(self, samples: Iterable[tuple[float, float]]) -> None:
        """Take samples: instants in ms since 1970, rising, with watts. What is no finite number is no sample."""
        for at_ms, watts in samples:
            if not math.isfinite(watts) or at_ms < self._start_ms:
                continue
            self._put(at_ms, 1, watts, watts, watts)

    def add_kept(self, device_samples: Iterable[tuple[float, Mapping[str, Any]]]) -> None:
        """Take what was kept of the meter in an earlier life: when each stretch of samples began, and what it holds."""
        for at_ms, kept in device_samples:
            values, samples = kept["values"].get(self.quantity), int(kept["samples"])
            # From its first sample to its last there is one distance fewer than there are samples.
            span_ms = 1e3 * float(kept["spanS"]) * (samples / (samples - 1) if samples > 1 else 1)
            begin_ms = max(at_ms, self._start_ms)
            left_ms = at_ms + span_ms - begin_ms
            if values is None or left_ms < 0 or left_ms == 0 < span_ms:
                continue
            mean, least, most = map(float, values)
            self._put(begin_ms + left_ms / 2, samples, samples * mean, least, most)
            self.joules += mean * left_ms / 1e3

    def _put(self, at_ms: float, samples: int, total: float, least: float, most: float) -> None:
        number = int((at_ms - self._start_ms) // self._every_ms)
        new = PowerStretch(number, samples, total, least, most)
        # A clock that was set back adds to what is there, and never disturbs the order.
        if self._stretches and self._stretches[-1].number >= number:
            self._stretches[-1] = self._stretches[-1].joined(new)
        else:
            self._stretches.append(new)
        while len(self._stretches) > MOST_POINTS:
            self._thin()

    def _thin(self) -> None:
        self._every_ms *= 2
        thinned: list[PowerStretch] = []
        for old in self._stretches:
            one = old._replace(number=old.number // 2)
            if thinned and thinned[-1].number == one.number:
                thinned[-1] = thinned[-1].joined(one)
            else:
                thinned.append(one)
        self._stretches = thinned

    def record(self) -> dict[str, Any]:
        """The whole as the state has it; it counts as told then."""
        self._told = list(self._stretches)
        self._told_every_ms = self._every_ms
        self._told_joules = self._joules
        return {
            "deviceId": self.device,
            "quantity": self.quantity,
            "unit": self._unit,
            "startsAt": self._start_ms,
            "everyMs": self._every_ms,
            "joules": self._joules,
            "points": [one.point() for one in self._stretches],
        }

    def news(self) -> list[tuple[str, Any]]:
        """What has changed since it was told, as places below the record with their values; it counts as told then.

        Usually the last stretch and those that came after it. Only after it was thinned these are all points.
        """
        if self._told_every_ms != self._every_ms:
            whole = self.record()
            return [(name, whole[name]) for name in ("everyMs", "joules", "points")]
        told, news = self._told, list[tuple[str, Any]]()
        if told and told[-1] != self._stretches[len(told) - 1]:
            last = len(told) - 1
            news.append((f"points/{last}", self._stretches[last].point()))
        news += [("points/-", one.point()) for one in self._stretches[len(told) :]]
        if self._told_joules != self._joules:
            news.append(("joules", self._joules))
        self._told, self._told_joules = list(self._stretches), self._joules
        return news

    @property
    def _joules(self) -> float:
        return float(f"{self.joules:.4g}")
