"""The places of the state that may be written, and what may stand there.

The records of :mod:`autobench_nb.contract.records` are the schema: :mod:`autobench_nb.state.schema` makes the rules
from them that every mutation is checked against. Required fields of the fixed slices cannot be removed; the records
within ``devices``, ``streams`` and ``jobs.items`` are checked field by field, where a field is there.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from autobench_nb.config import Config
from autobench_nb.contract.findings import Severity, Summary
from autobench_nb.contract.records import (
    AppState,
    JobKind,
    JobRecord,
    JobStatus,
    OrchestratorStatus,
    TelemetryState,
)
from autobench_nb.errors import SchemaError
from autobench_nb.state import pointer as pointers
from autobench_nb.state.schema import Rule, rule_of
from autobench_nb.state.values import MAX_DEPTH, ValueRefused

__all__ = [
    "ROOT",
    "SLICES",
    "AppState",
    "JobKind",
    "JobRecord",
    "JobStatus",
    "OrchestratorStatus",
    "Place",
    "Severity",
    "Summary",
    "TelemetryState",
    "initial_state",
    "place_of",
    "refusal",
    "validated",
]

ROOT: Final = rule_of(AppState, closed=True)
SLICES: Final = tuple(name for name in AppState.__annotations__ if name in ROOT.required)


class Place:
    """A pointer that may be written, with everything about it that need not be found out twice."""

    __slots__ = ("last", "parents", "parts", "required", "room", "rule", "slice", "text")

    def __init__(self, text: str, parts: tuple[str, ...], rule: Rule, required: bool) -> None:
        self.text = text
        self.parts = parts
        self.parents = parts[:-1]
        self.last = parts[-1] if parts else ""
        self.slice = parts[0] if parts else ""
        self.rule = rule
        self.required = required
        self.room = MAX_DEPTH - len(parts)


PLACES: Final[dict[str, Place]] = {}
"""Places found before. A plain dict: an LRU cache costs more to keep than a place to find again."""

_REMEMBERED: Final = 32_768


def place_of(pointer: str) -> Place:
    """The place that ``pointer`` names. Raises :class:`PointerError`, and :class:`SchemaError` for an unknown slice."""
    try:
        place = PLACES.get(pointer)
    except TypeError:  # unhashable: parse() says what it thinks of it
        place = None
    if place is not None:
        return place
    parts = pointers.parse_anew(pointer)
    if parts[:1] == ("version",):
        raise SchemaError(pointer, "the store counts the version itself: leave it alone")
    rule, required = ROOT, False
    try:
        for part in parts:
            required = part in rule.required
            rule = rule.below(part)
    except ValueRefused as refused:
        raise SchemaError(pointer, refused.fact) from None
    if len(PLACES) >= _REMEMBERED:
        PLACES.clear()
    place = PLACES[pointer] = Place(str(pointer), parts, rule, required)
    return place


def validated(place: Place, value: Any, *, whole: bool = True) -> Any:
    """``value`` (or, unless ``whole``, a part of it to be merged) copied and checked for ``place``.

    Raises :class:`SchemaError` naming the path within the value.
    """
    rule = place.rule
    try:
        return (
            rule.validated(value, place.room) if whole else rule.validated_part(value, place.room)
        )
    except ValueRefused as refused:
        raise refusal(place, refused) from None


def refusal(place: Place, refused: ValueRefused) -> SchemaError:
    """The error for a value that ``place`` refused."""
    return SchemaError(place.text + pointers.join(reversed(refused.trail)), refused.fact)


def initial_state(
    *,
    name: str = "",
    started_at: str = "",
    build: str = "",
    epoch: str = "",
    status: str = OrchestratorStatus.BOOTING,
    config: Config | None = None,
    channels: tuple[str, ...] = (),
    features: Mapping[str, bool] | None = None,
) -> dict[str, Any]:
    """A state in which nothing has happened yet, at version 0, with every slice.

    ``started_at`` is ISO 8601; ``config`` gives ``serverConfig`` and the ring's capacity; ``channels`` those known.
    """
    settings = config or Config()
    return {
        "version": 0,
        "meta": {
            "name": name,
            "startedAt": started_at,
            "build": build,
            "status": str(status),
            "epoch": epoch,
            "telemetry": dict.fromkeys(TelemetryState.__annotations__, 0),
        },
        "config": {"requestSample": settings.request_sample, "features": dict(features or {})},
        "devices": {},
        "streams": {},
        "jobs": {"queue": [], "running": [], "lastCompleted": None, "items": {}},
        "pno": {
            "status": "idle",
            "findings": [],
            "summary": {"total": 0, "bySeverity": {severity.value: 0 for severity in Severity}},
        },
        "logs": {"nextSeq": 0, "capacity": settings.log_capacity, "size": 0, "head": 0},
        "serverConfig": settings.to_wire(channels),
    }
