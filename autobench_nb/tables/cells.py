"""How one value becomes a cell: times as microseconds, and what is no scalar as JSON text."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any, Final

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND: Final = datetime.resolution


def is_number(value: Any) -> bool:
    """Whether ``value`` is a number; a truth value is none."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def microseconds(value: Any) -> int | None:
    """Microseconds since 1970 of a time in milliseconds since 1970, in ISO 8601 or a ``datetime`` (bare ones: UTC).

    ``None`` for what is no such time.
    """
    if is_number(value):
        return round(value * 1e3) if abs(value) < 1e15 else None
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            return None
    if isinstance(value, datetime):
        aware = value if value.tzinfo else value.replace(tzinfo=UTC)
        return (aware - EPOCH) // MICROSECOND
    return None


def as_json(value: Any) -> str:
    """``value`` as JSON text; what JSON does not know is written as ``repr`` does."""
    return json.dumps(value, default=repr, ensure_ascii=False)
