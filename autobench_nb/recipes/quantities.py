"""Times and units as people write them."""

from __future__ import annotations

import math
import re
from typing import Final

_SECONDS: Final = {
    "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "ms": 1e-3, "s": 1.0, "min": 60.0, "m": 60.0, "h": 3600.0, "d": 86400.0,
}  # fmt: skip
_PART: Final = re.compile(r"(\d+(?:\.\d+)?|\.\d+)\s*([a-zµμ]+)")
DURATIONS: Final = (
    "a number of seconds, or a number with us, ms, s, min, h or d, such as 90s, 1.5min or 1h30min"
)
"""What a time may look like, in words."""
MOST_SECONDS: Final = 1_000_000_000
"""The longest time: of those that are much longer no clock can say when they are over."""

_PREFIXES: Final = ("", "n", "u", "µ", "μ", "m", "k", "M", "G", "T", "P")
_BINARY_PREFIXES: Final = ("Ki", "Mi", "Gi", "Ti", "Pi")
_PREFIXED: Final = (
    *("s", "g", "m", "A", "K", "mol", "cd", "Hz", "N", "Pa", "J", "W", "C", "V", "F", "Ohm", "Ω"),
    *("S", "T", "H", "lm", "lx", "Wh", "B", "b", "bit", "byte", "op", "pixel", "L"),
)
_PLAIN: Final = (
    *(
        "1",
        "%",
        "percent",
        "ppm",
        "count",
        "ratio",
        "min",
        "h",
        "d",
        "degC",
        "°C",
        "degF",
        "°F",
        "deg",
        "rad",
    ),
    *(
        "dB",
        "dBm",
        "rpm",
        "fps",
        "frame",
        "line",
        "request",
        "job",
        "token",
        "sample",
        "step",
        "cycle",
    ),
    *("instruction", "error", "item", "bytes", "bits", "baud", "bar", "points"),
)
UNITS: Final = frozenset(
    (
        *(prefix + unit for unit in _PREFIXED for prefix in _PREFIXES),
        *(prefix + unit for unit in ("B", "b", "bit", "byte") for prefix in _BINARY_PREFIXES),
        *_PLAIN,
    )
)
"""Every unit that is known by itself."""
_FACTOR: Final = re.compile(r"(\{[^{}\s]+\}|[^\s/*·^{}\d]+|1)(?:\^-?\d)?")


def seconds_of(text: float | str) -> float:
    """A time in seconds. Raises :class:`ValueError`, whose text says what a time looks like."""
    if isinstance(text, bool):
        raise ValueError(f"{text} is no time: it takes {DURATIONS}")
    if isinstance(text, (int, float)):
        seconds = float(text)
    else:
        plain = text.strip()
        parts = _PART.findall(plain)
        whole = "".join(f"{number}{unit}" for number, unit in parts)
        if (
            not parts
            or whole != re.sub(r"\s", "", plain)
            or any(unit not in _SECONDS for _, unit in parts)
        ):
            raise ValueError(f"{text!r} is no time: it takes {DURATIONS}")
        seconds = math.fsum(float(number) * _SECONDS[unit] for number, unit in parts)
    if not math.isfinite(seconds) or seconds < 0:
        raise ValueError(f"{text!r} is no time: it takes {DURATIONS}")
    if seconds > MOST_SECONDS:
        raise ValueError(f"{text!r} is too long: a time is at most {MOST_SECONDS:,} s")
    return seconds


def wrong_unit(text: str) -> str | None:
    """The part of a unit that is not known; None where all is.

    Units are those of the SI with their prefixes, bytes and bits with binary ones too, and what counts in benchmarks;
    products and quotients of them (``MB/s``, ``W*h``, ``m/s^2``). A word in braces is a unit of one's own, as in UCUM:
    ``{image}/s``.
    """
    if not text.strip():
        return text
    for factor in re.split(r"[/*·]", text):
        found = _FACTOR.fullmatch(factor.strip())
        if found is None or not (found[1].startswith("{") or found[1] in UNITS):
            return factor.strip() or text
    return None
