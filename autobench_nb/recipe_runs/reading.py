"""Metrics read out of what a repetition printed or returned, and the limits that they must keep to."""

from __future__ import annotations

import json
import math
import re
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, Final

import re2

from autobench_nb.errors import reason_of
from autobench_nb.jobs.executors.executor import RepetitionOutcome
from autobench_nb.logs.text import clean
from autobench_nb.recipes.model import Extraction, Limits, Scalar
from autobench_nb.state.pointer import MISSING, find, parse
from autobench_nb.tables.results import Result

_NUMBER: Final = re.compile(r"[+-]?(?:\d[\d_,]*\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")


class NotRead(ValueError):
    """A metric was not found; the text says which and why."""


def read_metric(
    name: str, extraction: Extraction, text: str, call: Callable[[str, str], Any]
) -> float:
    """The value of a metric.

    Args:
        name: What it is called.
        extraction: Where it is found.
        text: What the repetition printed.
        call: ``call(target, text)`` calls ``module:function`` with the text.

    Raises:
        NotRead: It is not there, or no number.
    """
    if extraction.regex is not None:
        last = deque(re2.finditer(extraction.regex, text), maxlen=1)
        if not last:
            raise NotRead(f"{name}: {extraction.regex!r} matches nothing of what was printed")
        value: Any = last[0].group(1)
        if value is None:
            raise NotRead(f"{name}: the group of {extraction.regex!r} is not part of what matches")
    elif extraction.pointer is not None:
        value = _pointed(name, extraction.pointer, text)
    else:
        try:
            value = call(str(extraction.call), text)
        except Exception as error:
            raise NotRead(f"{name}: {extraction.call}: {reason_of(error)}") from error
    number = number_of(value)
    if number is None:
        raise NotRead(f"{name}: {value!r:.60} is no number")
    return number


def number_of(value: Any) -> float | None:
    """A finite number, or a text that is one, as a number; None for anything else."""
    if isinstance(value, str):
        found = _NUMBER.fullmatch(value.strip())
        value = None if found is None else float(found[0].replace("_", "").replace(",", ""))
    if isinstance(value, bool) or value is None:
        return None
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def _pointed(name: str, pointer: str, text: str) -> Any:
    value = find(_last_json(name, text), parse(pointer))
    if value is MISSING:
        raise NotRead(f"{name}: there is nothing at {pointer} of the JSON printed")
    return value


def _last_json(name: str, text: str) -> Any:
    """The JSON that was printed: all of it, or else the last line that is some."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        pass
    for line in reversed(text.splitlines()):
        if line.lstrip()[:1] in ("{", "["):
            try:
                return json.loads(line)
            except (ValueError, RecursionError):
                continue
    raise NotRead(f"{name}: what was printed is no JSON")


def measured_by_itself(outcome: RepetitionOutcome | Result) -> dict[str, float]:
    """The metrics that every command has: ``wall`` and ``cpu`` in seconds, ``memory`` in bytes, as far as known."""
    found: dict[str, float] = {}
    if outcome.wall_s is not None:
        found["wall"] = outcome.wall_s
    if outcome.cpu_user_s is not None:
        found["cpu"] = outcome.cpu_user_s + (outcome.cpu_system_s or 0.0)
    if outcome.max_rss_bytes is not None:
        found["memory"] = float(outcome.max_rss_bytes)
    return found


def numbers_returned(value: Any) -> dict[str, float]:
    """The metrics that a callable's return value holds: a number is ``value``, of a mapping each number by its name."""
    if isinstance(value, Mapping):
        found = ((clean(key), plain_number(item)) for key, item in value.items())
        return {key: number for key, number in found if number is not None}
    number = plain_number(value)
    return {} if number is None else {"value": number}


def plain_number(value: Any) -> float | None:
    """A number, also one of NumPy's; a text is none."""
    return None if isinstance(value, str | bytes) else number_of(value)


def broken_limit(metrics: Mapping[str, float], limits: Mapping[str, Limits]) -> str | None:
    """Which limit is not kept, with the measured value: ``packed is 12, above its maximum of 10``; None: all are."""
    for name, limit in limits.items():
        value = metrics.get(name)
        if value is None:
            return f"{name} was not measured, so that its limits cannot be checked"
        if limit.max is not None and value > limit.max:
            return f"{name} is {value:g}, above its maximum of {limit.max:g}"
        if limit.min is not None and value < limit.min:
            return f"{name} is {value:g}, below its minimum of {limit.min:g}"
        if limit.equals is not None and value != _as_number(limit.equals):
            return f"{name} is {value:g}, not {limit.equals}"
    return None


def _as_number(value: Scalar) -> float | None:
    return float(value) if isinstance(value, bool) else number_of(value)
