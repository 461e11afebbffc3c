"""What the repetitions of a job come to in each of their measures, as the job's record tells it when it has ended."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final

from autobench_nb.contract.limits import MAX_NAME_CHARS
from autobench_nb.contract.records import MeasureRecord
from autobench_nb.contract.steps import MetricAbout
from autobench_nb.tables.measures import UNITS, WALL_S, numbers_of
from autobench_nb.tables.results import Result

MOST: Final = 16
"""Measures that a record tells, none with a name that no command takes: a callable may return thousands of them."""


class Tally:
    """Welford's running mean and variance of some numbers, the least and the most of them."""

    def __init__(self) -> None:
        self.count = 0
        self.mean = 0.0
        self.least = math.inf
        self.most = -math.inf
        self._squares = 0.0

    def add(self, number: float) -> None:
        """Take in one more."""
        self.count += 1
        self.least, self.most = min(self.least, number), max(self.most, number)
        delta = number - self.mean
        self.mean += delta / self.count
        self._squares += delta * (number - self.mean)

    @property
    def sd(self) -> float | None:
        """The sample's standard deviation (n - 1); ``None`` for fewer than two."""
        return math.sqrt(self._squares / (self.count - 1)) if self.count > 1 else None


class Measures:
    """All measures of a job but the wall time, which its record has fields for, in the order in which they came.

    Args:
        about: What is known of metrics by their names.
    """

    def __init__(self, about: Mapping[str, MetricAbout]) -> None:
        self._about = about
        self._tallies: dict[str, Tally] = {}

    def add(self, row: Result) -> None:
        """Take in a repetition that has succeeded."""
        for name, number in numbers_of(row).items():
            if name == WALL_S or len(name) > MAX_NAME_CHARS:
                continue
            tally = self._tallies.get(name)
            if tally is None:
                if len(self._tallies) >= MOST:
                    continue
                tally = self._tallies[name] = Tally()
            tally.add(number)

    def to_wire(self) -> list[MeasureRecord]:
        """As the job's record has them; none whose figures no JSON can carry."""
        told = ((name, self._record(name, tally)) for name, tally in self._tallies.items())
        return [record for _, record in told if math.isfinite(record["mean"] + (record["sd"] or 0))]

    def _record(self, name: str, tally: Tally) -> MeasureRecord:
        about = self._about.get(name, {})
        record: MeasureRecord = {
            "name": name,
            "mean": tally.mean,
            "sd": tally.sd,
            "min": tally.least,
            "max": tally.most,
            "count": tally.count,
        }
        unit = UNITS.get(name) or about.get("unit")
        if unit:
            record["unit"] = unit
        better = about.get("better")
        if better:
            record["better"] = better
        return record
