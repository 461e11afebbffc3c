"""AppState: the typed slices of the state, with the names that they have on the wire.

The TypedDicts are the schema: :mod:`autobench_nb.state.schema` makes the rules from them that every mutation is
checked against. Required fields of the fixed slices cannot be removed; the records within ``devices``, ``streams`` and
``jobs.items`` are checked field by field, where a field is there.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Final, NotRequired, TypedDict

from autobench_nb.config import Config
from autobench_nb.errors import SchemaError
from autobench_nb.state import pointer as pointers
from autobench_nb.state.schema import Rule, rule_of
from autobench_nb.state.values import MAX_DEPTH, ValueRefused


class OrchestratorStatus(StrEnum):
    """``/meta/status``."""

    BOOTING = "booting"
    READY = "ready"
    ERROR = "error"


class JobStatus(StrEnum):
    """``/jobs/items/{id}/status``."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    TIMEOUT = "timeout"


class JobKind(StrEnum):
    """What a job runs."""

    COMMAND = "command"
    CALLABLE = "callable"


class Severity(StrEnum):
    """How bad a finding is."""

    INFO = "info"
    WARN = "warn"
    ERROR = "error"
    FATAL = "fatal"


class LogLevel(StrEnum):
    """A log level's name on the wire."""

    DEBUG = "debug"
    INFO = "info"
    WARN = "warn"
    ERROR = "error"
    FATAL = "fatal"


class TelemetryState(TypedDict, total=False):
    """``/meta/telemetry``: counts since the start; the lag of the loop in milliseconds."""

    clients: float
    patches: float
    bytesSent: float
    dropped: float
    resyncs: float
    loopLagMs: float
    errors: float


class LastError(TypedDict):
    """``/meta/lastError``: what went wrong last within the server; ``ts`` in ms since 1970 UTC, ``count`` how often."""

    ts: float
    message: str
    count: int


class Meta(TypedDict):
    """``/meta``; ``startedAt`` in ISO 8601; ``name`` is what the page's head shows."""

    name: NotRequired[str]
    startedAt: str
    build: str
    status: OrchestratorStatus
    epoch: str
    telemetry: NotRequired[TelemetryState]
    lastError: NotRequired[LastError]


class ConfigSlice(TypedDict):
    """``/config``: the share of requests that are logged (0 to 1), and feature flags."""

    requestSample: float
    features: dict[str, bool]


class Device(TypedDict, total=False):
    """``/devices/{id}``; ``lastSeen`` in ISO 8601."""

    type: str
    status: str
    lastSeen: str | None


class Stream(TypedDict, total=False):
    """``/streams/{id}``."""

    status: str
    url: str | None


class JobRecord(TypedDict, total=False):
    """``/jobs/items/{id}``. Times: ms since 1970 UTC; ``progress``: 0 to 1; ``...S``: seconds."""

    id: str
    runId: str
    name: str
    kind: JobKind
    command: str | None
    status: JobStatus
    reason: str | None
    createdAt: float
    startedAt: float | None
    finishedAt: float | None
    repeat: int
    done: int
    progress: float
    lines: int
    warnings: int
    errors: int
    exitCode: int | None
    meanS: float | None
    sdS: float | None
    etaS: float | None
    current: str | None


class JobsState(TypedDict):
    """``/jobs``: identifiers in order, and the records by identifier."""

    queue: list[str]
    running: list[str]
    lastCompleted: str | None
    items: dict[str, JobRecord]


class Finding(TypedDict, total=False):
    """``/pno/findings/{index}``: what a check reports."""

    id: str
    severity: Severity
    check: str
    message: str


class Summary(TypedDict):
    """``/pno/summary``: the findings counted by severity (a projection: nobody writes it)."""

    total: int
    bySeverity: dict[str, int]


class PnoState(TypedDict):
    """``/pno``: the analysis scan."""

    status: str
    progress: NotRequired[float | None]
    lastRunAt: NotRequired[str | None]
    findings: list[Finding]
    summary: NotRequired[Summary]


class LogsSlice(TypedDict):
    """``/logs``: where the ring stands."""

    nextSeq: int
    capacity: int
    size: int
    head: int


class ServerConfigLogs(TypedDict, total=False):
    """What a client does with logs."""

    snapshot: int
    capacity: int
    allowedChannels: list[str]
    minLevel: LogLevel


class ServerConfigWs(TypedDict, total=False):
    """What a client does with its connection."""

    heartbeatIntervalMs: float
    heartbeatTimeoutMs: float
    reconnectEnabled: bool
    reconnectMinMs: float
    reconnectMaxMs: float
    reconnectFactor: float
    reconnectJitter: float


class ServerConfig(TypedDict):
    """``/serverConfig``: adopted by every client."""

    logs: ServerConfigLogs
    ws: ServerConfigWs
    flushIntervalMs: NotRequired[float]


class AppState(TypedDict):
    """The whole state. ``version`` belongs to the store."""

    version: int
    meta: Meta
    config: ConfigSlice
    devices: dict[str, Device]
    streams: dict[str, Stream]
    jobs: JobsState
    pno: PnoState
    logs: LogsSlice
    serverConfig: ServerConfig


ROOT: Final = rule_of(AppState, closed=True)
SLICES: Final = tuple(AppState.__annotations__)


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


def admit(place: Place, value: Any, *, whole: bool = True) -> Any:
    """``value`` (or, unless ``whole``, a part of it to be merged) copied and checked for ``place``.

    Raises :class:`SchemaError` naming the path within the value.
    """
    rule = place.rule
    try:
        return rule.admit(value, place.room) if whole else rule.admit_part(value, place.room)
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
