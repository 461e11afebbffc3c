"""The numbers of a repetition, by the names of their measures. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from autobench_nb.tables.cells import is_number
from autobench_nb.tables.results import Result

WALL_S: Final = "wall_s"
CPU_S: Final = "cpu_s"
MAX_RSS_BYTES: Final = "max_rss_bytes"
VALUE: Final = "value"
OWN: Final = (WALL_S, CPU_S, MAX_RSS_BYTES, VALUE)
"""The measures that any repetition may have; every other name is a metric's that was read out of it."""
UNITS: Final[Mapping[str, str]] = MappingProxyType({WALL_S: "s", CPU_S: "s", MAX_RSS_BYTES: "B"})
"""The units of those that have one."""


def number_of(row: Result, measure: str) -> float | None:
    """The number of ``row`` by the name of its measure, nan and infinity too; ``None`` where it has none."""
    if measure == WALL_S:
        return row.wall_s
    if measure == CPU_S:
        return _cpu_s(row)
    if measure == MAX_RSS_BYTES:
        return row.max_rss_bytes
    if measure == VALUE:
        return real(row.value)
    found = real((row.metrics or {}).get(measure))
    if found is None and isinstance(row.value, Mapping):
        return real(row.value.get(measure))
    return found


def numbers_of(row: Result) -> dict[str, float]:
    """All finite numbers of ``row``: its own, its metrics, and of a returned mapping each number by its key."""
    returned = row.value if isinstance(row.value, Mapping) else {}
    names = dict.fromkeys((*OWN, *(row.metrics or {}), *returned))
    found = ((name, number_of(row, name)) for name in names if isinstance(name, str))
    return {
        name: float(number)
        for name, number in found
        if number is not None and math.isfinite(number)
    }


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


def _cpu_s(row: Result) -> float | None:
    known = [part for part in (row.cpu_user_s, row.cpu_system_s) if part is not None]
    return sum(known) if known else None
