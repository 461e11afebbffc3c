"""A mean with its spread, with as many digits as are known, and a number of things in words. Pure.

One rule for means, which the page has too (``js/src/views/runs/model/figures.ts``); both pass
``tests/vectors/figures.json``: two digits of the deviation count, as the GUM recommends (7.2.6), and the mean ends
where they do; one digit where the mean would have more than five. Neither is ever rounded to tens.
"""

from __future__ import annotations

import math
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

DIGITS: Final = 3
"""What is written of a figure whose spread is not known."""
DIGITS_OF_SD: Final = 2
"""What is written of a standard deviation: one digit alone would make 20 ± 20 of 24 ± 15."""
MOST_DIGITS: Final = 5
"""A mean with more has one digit of its deviation: 80.769 ± 0.005."""
MOST_DECIMALS: Final = 4
"""More are not written of times and sizes, however small their spread is."""
SECONDS: Final = (
    (7_200, 3_600, "h"),
    (120, 60, "min"),
    (1, 1, "s"),
    (1e-3, 1e-3, "ms"),
    (0, 1e-6, "µs"),
)
"""From so many seconds on, so many seconds each, and its sign."""
BYTES: Final = (
    *(
        (1024**power, 1024**power, sign)
        for power, sign in ((4, "TiB"), (3, "GiB"), (2, "MiB"), (1, "KiB"))
    ),
    (0, 1, "B"),
)
"""The same of bytes."""
_UNITS: Final = {"s": SECONDS, "second": SECONDS, "seconds": SECONDS, "B": BYTES}
_ALL_DECIMALS: Final = 20
_LARGE: Final = 1e9
"""From here on, and below the reverse, numbers that have no larger unit are written with a power of ten."""


def decimals(value: float, sd: float | None, most: int = MOST_DECIMALS) -> int:
    """Places after the point of ``value`` and of its standard deviation.

    Two digits of the deviation count, one where the value would have more than five; without a deviation (or with one
    of 0) three of the value.
    """
    if not sd or not math.isfinite(sd):
        return _places(value, DIGITS)
    wide, least = _places(value, MOST_DIGITS), _places(sd, 1)
    if least > most:
        return min(most, wide)
    return min(most, max(wide, least), _places(sd, DIGITS_OF_SD))


def seconds_text(mean_s: float, sd_s: float | None) -> str:
    """``3.08 ± 0.16 s``: both in the unit that suits the mean."""
    return figure_text(mean_s, sd_s, "s")


def figure_text(mean: float, sd: float | None, unit: str | None) -> str:
    """``7.93 ± 0.12 MiB``: both in the unit that suits the mean.

    Args:
        mean: In ``unit``.
        sd: In ``unit``; ``None`` where it is not known.
        unit: ``s`` and ``B`` (bytes) have larger and smaller ones, any other stands as it is; ``None`` for none.
    """
    units = _UNITS.get(unit or "")
    if units is None and _is_far(mean, sd):
        text = _powered(mean) if sd is None else f"{_powered(mean)} ± {_powered(sd)}"
        return f"{text} {unit or ''}".rstrip()
    size, sign = 1.0, unit or ""
    for least, each, name in units or ():
        # What would be rounded up to 1 of the larger unit is told in that.
        size, sign = each, name
        if abs(mean) >= least * 0.9995:
            break
    value, spread = mean / size, None if sd is None else sd / size
    places = decimals(value, spread, most=MOST_DECIMALS if units else _ALL_DECIMALS)
    if sign == "B" and not spread:
        places = 0
    text = fixed(value, places)
    if spread is not None:
        text += f" ± {_spread_text(spread, places)}"
    return f"{text} {sign}".rstrip()


def _spread_text(spread: float, places: int) -> str:
    """``0.16``, or ``< 0.001`` where it has no digit within these places."""
    if not spread:
        return "0"
    text = fixed(spread, places)
    return text if text.strip("0.") else f"< {fixed(10.0**-places, places)}"


def fixed(value: float, places: int) -> str:
    """``value`` with so many places after the point, thousands set apart; halves are rounded up, as on the page."""
    if not math.isfinite(value):
        return str(value)
    return f"{Decimal(value).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP):,f}"


def _is_far(mean: float, sd: float | None) -> bool:
    """Whether a number is too large or too small to be written out."""
    size = max(abs(mean), sd or 0.0)
    return size >= _LARGE or 0 < size < 1 / _LARGE or bool(sd and sd < 1 / _LARGE)


def _powered(value: float) -> str:
    """``3.20e+12``, as on the page."""
    head, _, power = f"{value:.{DIGITS - 1}e}".partition("e")
    return f"{head}e{int(power):+d}" if power else head


def _places(value: float, digits: int) -> int:
    """Places after the point so that so many digits count."""
    if value == 0 or not math.isfinite(value):
        return 0
    return max(0, digits - 1 - int(f"{value:.{digits - 1}e}".partition("e")[2]))


def counted(count: int, noun: str, many: str | None = None) -> str:
    """``1 line``, ``1,204 lines``; ``many`` where the plural has more than an s."""
    return f"{count:,} {noun if count == 1 else many or f'{noun}s'}"
