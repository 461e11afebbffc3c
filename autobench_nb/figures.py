"""A mean with its spread, with as many digits as are known. Pure.

One rule, which the page has too (``js/src/views/runs/model/figures.ts``); both pass ``tests/vectors/figures.json``.
"""

from __future__ import annotations

import math
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

DIGITS: Final = 3
"""What is written of a figure whose spread is not known."""
MOST_DECIMALS: Final = 4
"""More are not written of seconds, however small their spread is."""
UNITS: Final = (
    (7_200, 3_600, "h"),
    (120, 60, "min"),
    (1, 1, "s"),
    (1e-3, 1e-3, "ms"),
    (0, 1e-6, "µs"),
)
"""From so many seconds on, so many seconds each, and its sign."""


def decimals(value: float, sd: float | None, most: int = MOST_DECIMALS) -> int:
    """Places after the point of ``value`` and of its standard deviation; below 0 where not even its ones are known.

    One digit of the deviation counts, two where it begins with 1; without a deviation (or one of 0) three of the value.
    """
    if not sd or not math.isfinite(sd):
        return _places(value, DIGITS)
    digits = 2 if f"{sd:.1e}"[0] == "1" else 1
    return min(most, digits - 1 - Decimal(sd).adjusted())


def seconds_text(mean_s: float, sd_s: float | None) -> str:
    """``3.08 ± 0.16 s``: both in the unit that suits the mean."""
    # What would be rounded up to 1 of the larger unit is told in that.
    size, sign = next(
        ((size, sign) for least, size, sign in UNITS if mean_s >= least * 0.9995), UNITS[-1][1:]
    )
    mean, sd = mean_s / size, None if sd_s is None else sd_s / size
    places = decimals(mean, sd)
    text = fixed(mean, places)
    if sd is not None:
        text += f" ± {fixed(sd, places) if sd else '0'}"
    return f"{text} {sign}"


def fixed(value: float, places: int) -> str:
    """``value`` with so many places after the point, below 0 rounded to tens; halves are rounded up, as on the page."""
    if not math.isfinite(value):
        return str(value)
    rounded = Decimal(value).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
    return f"{rounded:.{max(0, places)}f}"


def _places(value: float, digits: int) -> int:
    """Places after the point so that so many digits count."""
    if value == 0 or not math.isfinite(value):
        return 0
    return max(0, digits - 1 - int(f"{value:.{digits - 1}e}".partition("e")[2]))
