"""One job's numbers, as they are drawn: which are drawn, which stand out, and which cannot be drawn. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Final, NamedTuple

from autobench_nb.tables.comparison import SUCCEEDED, Figures, JobRows
from autobench_nb.tables.plot.measures import Measure

FEWEST_FOR_OUTLIERS: Final = 5
"""With fewer numbers nothing is said to stand out."""
OUTLIER_MADS: Final = 3.0
"""A number stands out when it is further from the median than so many median absolute deviations (MAD)."""
_NORMAL_MAD: Final = 1.4826
"""Makes the MAD of normally distributed numbers their standard deviation; the next does so for the mean deviation."""
_NORMAL_MEAN_DEVIATION: Final = 1.2533


class Point(NamedTuple):
    """One repetition that is drawn: its number from 1, and what was measured."""

    repetition: int
    value: float
    is_outlier: bool


class Series(NamedTuple):
    """One job's repetitions. ``left_out``: how many of them are not drawn, by why, in words."""

    job: JobRows
    points: tuple[Point, ...]
    figures: Figures
    left_out: dict[str, int]

    @property
    def succeeded(self) -> bool:
        """Whether the whole job did."""
        return self.job.status == SUCCEEDED


def series_of(job: JobRows, measure: Measure, *, log: bool = False) -> Series:
    """The numbers of the repetitions that have succeeded; ``log``: only what is above 0 is drawn."""
    read = [(row.repetition, measure.read(row)) for row in job.measured]
    numbers = [(repetition, value) for repetition, value in read if value is not None]
    known = [(repetition, value) for repetition, value in numbers if math.isfinite(value)]
    drawn = [(repetition, value) for repetition, value in known if value > 0 or not log]
    outliers = outside([value for _, value in known])
    points = tuple(
        Point(repetition, value, bool(outliers and not outliers[0] <= value <= outliers[1]))
        for repetition, value in drawn
    )
    figures = Figures.of(value for _, value in known)
    left_out = {
        "without a number": len(read) - len(numbers),
        "not a finite number": len(numbers) - len(known),
        "not above 0": len(known) - len(drawn),
    }
    return Series(job, points, figures, {why: count for why, count in left_out.items() if count})


def median(values: Iterable[float]) -> float:
    """The middle one, or the mean of the two in the middle; there is one at least."""
    ordered = sorted(values)
    half = len(ordered) // 2
    return ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2


def outside(values: list[float]) -> tuple[float, float] | None:
    """Below and above which a number stands out, as the dashboard's runs have it; ``None`` where there are too few.

    The MAD is scaled to be the standard deviation where numbers are normally distributed. Where more than half are
    equal, as a coarse clock makes them, the mean deviation stands for it (Iglewicz and Hoaglin).
    """
    if len(values) < FEWEST_FOR_OUTLIERS:
        return None
    middle = median(values)
    distances = [abs(value - middle) for value in values]
    deviation = _NORMAL_MAD * median(distances)
    deviation = deviation or _NORMAL_MEAN_DEVIATION * math.fsum(distances) / len(distances)
    reach = OUTLIER_MADS * deviation
    # As wide as the numbers' own last digits at least: floats that are the same but for rounding do not stand out.
    reach = max(reach, 1e-9 * abs(middle))
    return middle - reach, middle + reach
