"""What of a repetition can be drawn, in which units, and how its figures are written. Pure."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple

from autobench_nb.errors import OptionError
from autobench_nb.figures import decimals
from autobench_nb.tables.cells import is_number
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


def _cpu_s(row: Result) -> float | None:
    parts = [row.cpu_user_s, row.cpu_system_s]
    known = [part for part in parts if part is not None]
    return sum(known) if known else None


def _value(row: Result) -> float | None:
    return real(row.value)


def real(value: Any) -> float | None:
    """``value`` as a real number, nan and infinity too; ``None`` where it is none. NumPy's numbers are numbers."""
    if hasattr(value, "dtype") and getattr(value, "ndim", None) == 0:
        value = value.item()
    if not is_number(value):
        return None
    try:
        return float(value)
    except OverflowError:  # a whole number beyond all floats
        return math.inf if value > 0 else -math.inf


MEASURES: Final = {
    "wall_s": Measure("wall time", SECONDS, lambda row: row.wall_s),
    "cpu_s": Measure("CPU time, user and system", SECONDS, _cpu_s),
    "max_rss_bytes": Measure("peak memory", BYTES, lambda row: row.max_rss_bytes),
    "value": Measure("returned value", NONE, _value),
}
"""What can be drawn, by the name that ``plot()`` takes."""


def measure_named(name: str) -> Measure:
    """The measure of that name.

    Raises:
        OptionError: There is none; the error names the nearest.
    """
    measure = MEASURES.get(name)
    if measure is None:
        raise OptionError("plot()", str(name), MEASURES)
    return measure


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
    return f"{round(scaled, digits):,.{max(0, digits)}f}"
