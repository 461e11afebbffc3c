"""What of a repetition can be drawn, in which units, and how its figures are written. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Final, NamedTuple

from autobench_nb.errors import OptionError
from autobench_nb.figures import decimals
from autobench_nb.tables.comparison import JobRows
from autobench_nb.tables.measures import (
    CPU_S,
    MAX_RSS_BYTES,
    VALUE,
    WALL_S,
    number_of,
    numbers_of,
)
from autobench_nb.tables.results import Result


class Unit(NamedTuple):
    """One unit: its sign, and how much of the measure's base unit it is."""

    sign: str
    size: float


SECONDS: Final = (
    Unit("ns", 1e-9),
    Unit("µs", 1e-6),
    Unit("ms", 1e-3),
    Unit("s", 1.0),
    Unit("min", 60.0),
    Unit("h", 3_600.0),
)
BYTES: Final = (
    Unit("B", 1.0),
    Unit("KiB", 2.0**10),
    Unit("MiB", 2.0**20),
    Unit("GiB", 2.0**30),
    Unit("TiB", 2.0**40),
)
NONE: Final = (Unit("", 1.0),)
_STAY_BELOW: Final = {"s": 10.0, "min": 10.0}
"""Minutes and hours begin late: 90 s is read more easily than 1.5 min."""


class Measure(NamedTuple):
    """One number of each repetition: its ``title``, its units from small to large, and how a row says it."""

    title: str
    units: Sequence[Unit]
    read: Callable[[Result], float | None]

    def unit_for(self, value: float) -> Unit:
        """The unit in which ``value`` is written with the fewest digits."""
        chosen = self.units[0]
        for lower, unit in zip(self.units, self.units[1:], strict=False):
            if abs(value) >= unit.size * _STAY_BELOW.get(lower.sign, 1.0):
                chosen = unit
        return chosen


MEASURES: Final = {
    WALL_S: Measure("wall time", SECONDS, partial(number_of, measure=WALL_S)),
    CPU_S: Measure("CPU time, user and system", SECONDS, partial(number_of, measure=CPU_S)),
    MAX_RSS_BYTES: Measure("peak memory", BYTES, partial(number_of, measure=MAX_RSS_BYTES)),
    VALUE: Measure("returned value", NONE, partial(number_of, measure=VALUE)),
}
"""What can be drawn of any repetition, by the name that ``plot()`` takes."""
_UNITS: Final = {"s": SECONDS, "second": SECONDS, "seconds": SECONDS, "B": BYTES}


def measure_named(name: str, jobs: Iterable[JobRows] = (), where: str = "plot()") -> Measure:
    """The measure of that name: one of :data:`MEASURES`, or a metric that some of the jobs have.

    Raises:
        OptionError: There is none; the error names the nearest, and ``where`` it was asked for.
    """
    known = MEASURES.get(name)
    if known is not None:
        return known
    metrics: dict[str, str | None] = {}
    for job in jobs:
        metrics |= {
            found: job.units.get(found) for row in job.measured for found in numbers_of(row)
        }
    if name not in metrics:
        raise OptionError(where, str(name), dict.fromkeys((*MEASURES, *metrics)))
    unit = metrics[name] or ""
    return Measure(name, _UNITS.get(unit, (Unit(unit, 1.0),)), partial(number_of, measure=name))


def with_unit(value: float, unit: Unit, sd: float | None = None) -> str:
    """``3.08 ± 0.16 s``: as many digits as the spread lets count; without one three of the value."""
    scaled = value / unit.size
    digits = decimals(scaled, None if sd is None else sd / unit.size, most=9)
    text = _fixed(scaled, digits)
    if sd is not None:
        text += f" ± {_fixed(sd / unit.size, digits) if sd else '0'}"
    return f"{text} {unit.sign}".rstrip()


def ratio_text(ratio: float) -> str:
    """``1.00``, ``2.1×``, ``340×``."""
    if ratio < 1.005:
        return "1.00"
    return f"{ratio:.2f}×" if ratio < 10 else f"{ratio:.1f}×" if ratio < 100 else f"{ratio:,.0f}×"


def _fixed(scaled: float, digits: int) -> str:
    if abs(scaled) >= 1e9 or digits > 9:
        return f"{scaled:.3g}"
    return f"{scaled:,.{digits}f}"
