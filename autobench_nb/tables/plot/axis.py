"""An axis: from which number to which, where its ticks stand, and what is written at them. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final, NamedTuple

from autobench_nb.tables.plot.measures import BYTES, Measure, Unit

MOST_TICKS: Final = 6
_MARGIN: Final = 0.03
"""The share of the axis that is left free at its end, so that no dot is cut."""


class Tick(NamedTuple):
    """A tick: where it stands, as a share of the axis, and what is written at it."""

    place: float
    label: str


class Axis(NamedTuple):
    """From ``low`` to ``high``, both in the measure's base unit; ``log``: by powers of ten."""

    low: float
    high: float
    log: bool
    ticks: tuple[Tick, ...]

    def place(self, value: float) -> float:
        """Where ``value`` stands, as a share of the axis from 0 to 1."""
        return _share(value, self.low, self.high, self.log)


def axis_for(values: Sequence[float], measure: Measure, *, log: bool = False) -> Axis:
    """An axis on which all ``values`` have their place, from 0 unless it goes by powers of ten.

    Args:
        values: Finite numbers in the measure's base unit; with ``log`` all above 0.
        measure: Gives the units of the ticks.
        log: Whether it goes by powers of ten.
    """
    if log and values:
        low, high = min(values), max(values)
        spread = max(high / low, 1.25)
        low, high = low / spread**_MARGIN, low * spread ** (1 + _MARGIN)
        return Axis(low, high, True, _log_ticks(low, high, measure))
    low, high = min(0.0, *values, 0.0), max(0.0, *values, 0.0)
    if high == low:
        high = low + 1.0
    width = high - low
    high += _MARGIN * width if high > 0 else 0.0
    low -= _MARGIN * width if low < 0 else 0.0
    return Axis(low, high, False, _linear_ticks(low, high, measure))


def _share(value: float, low: float, high: float, log: bool) -> float:
    if log:
        return math.log(value / low) / math.log(high / low)
    return (value - low) / (high - low)


def _linear_ticks(low: float, high: float, measure: Measure) -> tuple[Tick, ...]:
    unit = measure.unit_for(max(abs(low), abs(high)))
    step = _nice((high - low) / unit.size / MOST_TICKS)
    first, last = math.ceil(low / unit.size / step), math.floor(high / unit.size / step)
    digits = max(0, -math.floor(math.log10(step)))
    form = f",.{digits}f" if digits <= 6 else ".3g"
    texts = [f"{number * step:{form}}" for number in range(first, last + 1)]
    return tuple(
        Tick(
            _share(number * step * unit.size, low, high, False),
            _with_sign(text, unit, number == last),
        )
        for number, text in zip(range(first, last + 1), texts, strict=True)
    )


def _nice(least: float) -> float:
    """The smallest of 1, 2, 5 times a power of ten that is not below ``least``."""
    power = 10.0 ** math.floor(math.log10(least))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= least * (1 - 1e-9))


def _log_ticks(low: float, high: float, measure: Measure) -> tuple[Tick, ...]:
    """Powers of ten (of two for bytes), multiples of them where few fit, and else what divides the axis evenly."""
    base = 2.0 if measure.units is BYTES else 10.0
    for factors in ((1.0,), (1.0, 3.0), (1.0, 2.0, 5.0), tuple(map(float, range(1, 10)))):
        found = _log_numbers(low, high, base, factors if base > 2 else (1.0,))
        if len(found) >= 3:
            break
    else:
        found = [low * (high / low) ** share for share in (0.1, 0.5, 0.9)]
    while len(found) > MOST_TICKS:
        found = found[::2]
    ticks = []
    for value in found:
        unit = measure.unit_for(value * (1 + 1e-9))
        ticks.append(
            Tick(_share(value, low, high, True), f"{value / unit.size:.3g} {unit.sign}".rstrip())
        )
    return tuple(ticks)


def _log_numbers(low: float, high: float, base: float, factors: tuple[float, ...]) -> list[float]:
    powers = range(math.floor(math.log(low, base)), math.ceil(math.log(high, base)) + 1)
    numbers = (factor * base**power for power in powers for factor in factors)
    return [number for number in numbers if low <= number <= high]


def _with_sign(text: str, unit: Unit, is_last: bool) -> str:
    """Only the last tick names the unit, since it is that of all."""
    return f"{text} {unit.sign}".rstrip() if is_last else text
