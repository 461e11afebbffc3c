"""The records of the state, the log and the results, with the names that they have on the wire.

A record is open: the fields that stand here have these types where they are there, and others may stand beside them.
:mod:`autobench_nb.state.schema` makes the rules from these classes that every mutation of the state is checked
against.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, Final, NotRequired, Required, TypedDict

from msgspec import Meta as About

from autobench_nb.contract.devices import DeviceRecord
from autobench_nb.contract.findings import PnoState
from autobench_nb.contract.journal import JournalState
from autobench_nb.contract.levels import LevelName
from autobench_nb.contract.machine import MachineRecord
from autobench_nb.contract.steps import PromptRecord, QueuePause, RecipeRunRecord
from autobench_nb.contract.streams import Stream
from autobench_nb.contract.types import Count, Instant, IsoTime, Milliseconds, Seconds


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


class TelemetryState(TypedDict, total=False):
    """``/meta/telemetry``: counts since the start."""

    clients: float
    patches: float
    bytesSent: float
    dropped: float
    resyncs: float
    loopLagMs: Annotated[float, About(description="how late the server's loop runs")]
    errors: float


class LastError(TypedDict):
    """``/meta/lastError``: what went wrong last within the server."""

    ts: Instant
    message: str
    count: Annotated[int, About(description="how often")]


class Meta(TypedDict):
    """``/meta``: what this orchestrator is."""

    name: NotRequired[Annotated[str, About(description="what the page's head shows")]]
    startedAt: IsoTime
    build: str
    status: OrchestratorStatus
    epoch: str
    telemetry: NotRequired[TelemetryState]
    lastError: NotRequired[LastError]


class ConfigSlice(TypedDict):
    """``/config``: settings that may change while it runs."""

    requestSample: Annotated[
        float, About(description="share of HTTP requests that are logged, 0 to 1")
    ]
    features: dict[str, bool]


class MeasureRecord(TypedDict, total=False):
    """What the measured repetitions of a job come to in one measure besides the wall time."""

    name: Required[
        Annotated[str, About(description="`cpu_s`, `max_rss_bytes`, `value`, or a metric's")]
    ]
    unit: Annotated[str, About(description="left out where there is none; `B` for bytes")]
    better: Annotated[str, About(description="`higher` or `lower`, where that is known")]
    mean: Required[float]
    sd: Required[
        Annotated[float | None, About(description="of the sample (n - 1); null for fewer than two")]
    ]
    min: Required[float]
    max: Required[float]
    count: Required[Annotated[int, About(description="repetitions that have it")]]


class JobRecord(TypedDict, total=False):
    """``/jobs/items/{id}``."""

    id: Required[str]
    runId: str
    name: str
    kind: JobKind
    command: str | None
    status: Required[JobStatus]
    reason: Annotated[str | None, About(description="why it did not succeed")]
    createdAt: Instant
    startedAt: Instant | None
    finishedAt: Instant | None
    repeat: Annotated[int, About(description="repetitions that were asked for")]
    done: Annotated[int, About(description="repetitions that have ended")]
    progress: Annotated[float, About(description="0 to 1")]
    lines: Annotated[int, About(description="lines that it printed")]
    warnings: int
    errors: int
    exitCode: int | None
    meanS: Seconds | None
    sdS: Seconds | None
    etaS: Seconds | None
    maxS: Annotated[Seconds | None, About(description="the slowest repetition that succeeded")]
    measures: Annotated[
        list[MeasureRecord], About(description="CPU, memory and metrics; told once it has ended")
    ]
    current: Annotated[str | None, About(description="what it says that it is doing")]
    fraction: Annotated[
        float | None,
        About(description="0 to 1: how far this repetition says it is; null where it says nothing"),
    ]
    repetition: Annotated[
        int | None, About(description="the one under way, from 1; 0 while it warms up")
    ]
    repetitionAt: Annotated[Instant | None, About(description="when that one began")]
    asks: Annotated[
        bool, About(description="`current` looks like a prompt, and it can be answered")
    ]
    warmup: Annotated[int, About(description="repetitions before the measured ones")]
    retryOf: Annotated[str | None, About(description="the id of the job whose work it does again")]
    machine: Annotated[
        str | None, About(description="the id of the machine, as it was when the job started")
    ]
    stepId: Annotated[
        str | None, About(description="the planned step of a recipe's run that it does")
    ]
    energyJ: Annotated[
        float, About(description="joules that a repetition used, by the power meter: the mean")
    ]
    energyShared: Annotated[
        bool, About(description="others ran meanwhile, and were given their parts of it")
    ]


class RunRecord(TypedDict, total=False):
    """``/jobs/runs/{id}``: what was asked for together."""

    id: Required[str]
    label: Annotated[str, About(description="a short name for people, unique in this life alone")]
    name: Annotated[str | None, About(description="as it was called; null where it was not")]
    createdAt: Instant
    jobs: Annotated[int, About(description="how many it has, those that left the state included")]
    parallel: Annotated[int, About(description="how many of them may run at once")]
    priority: Annotated[int, About(description="those of a higher one start before others")]
    place: Annotated[
        int,
        About(description="of runs of the same priority that wait, the least is the next one"),
    ]
    retryOf: Annotated[str | None, About(description="the id of the run whose jobs it does again")]


class JobsState(TypedDict):
    """``/jobs``: identifiers in order, and the records by identifier."""

    queue: list[str]
    running: list[str]
    lastCompleted: str | None
    items: dict[str, JobRecord]
    runs: NotRequired[dict[str, RunRecord]]
    machines: NotRequired[dict[str, MachineRecord]]
    recipeRuns: NotRequired[dict[str, RecipeRunRecord]]
    prompts: NotRequired[dict[str, PromptRecord]]
    paused: NotRequired[
        Annotated[QueuePause | None, About(description="null where the queue goes on")]
    ]


class LogsSlice(TypedDict):
    """``/logs``: where the ring stands, refreshed once a flush, not once an entry."""

    nextSeq: int
    capacity: int
    size: int
    head: int
    archiveFirst: NotRequired[
        Annotated[
            int,
            About(
                description="the first seq that the journal's archive has; not there without one"
            ),
        ]
    ]


class ServerConfigLogs(TypedDict):
    """What a client does with logs."""

    snapshot: Annotated[int, About(description="entries that it is sent when it connects")]
    capacity: Annotated[int, About(description="entries that it holds")]
    allowedChannels: Annotated[list[str], About(description="channels that it may show")]
    minLevel: Annotated[LevelName, About(description="the lowest level that it is sent")]


class ServerConfigWs(TypedDict):
    """What a client does with its connection."""

    heartbeatIntervalMs: Milliseconds
    heartbeatTimeoutMs: Milliseconds
    reconnectEnabled: bool
    reconnectMinMs: Milliseconds
    reconnectMaxMs: Milliseconds
    reconnectFactor: float
    reconnectJitter: Annotated[float, About(description="share of the delay, 0 to 1")]


class ServerConfig(TypedDict):
    """``/serverConfig``: adopted by every client on connect, and again when it changes."""

    logs: ServerConfigLogs
    ws: ServerConfigWs
    flushIntervalMs: NotRequired[Milliseconds]


class AppState(TypedDict):
    """The whole state. ``version`` belongs to the store."""

    version: Count
    meta: Meta
    config: ConfigSlice
    devices: dict[str, DeviceRecord]
    streams: dict[str, Stream]
    jobs: JobsState
    pno: PnoState
    logs: LogsSlice
    serverConfig: ServerConfig
    journal: NotRequired[JournalState]


class EntryRecord(TypedDict):
    """One log entry."""

    seq: Count
    ts: Instant
    channel: str
    emoji: str
    color: Annotated[str, About(description="a name of COLORS, or another CSS colour")]
    level: LevelName
    message: str
    logger: NotRequired[str]
    jobId: NotRequired[str]
    stepId: NotRequired[str]
    deviceId: NotRequired[str]
    fields: NotRequired[Annotated[dict[str, Any], About(description="a flat object")]]
    exc: NotRequired[Annotated[str, About(description="a formatted traceback")]]
    cut: NotRequired[
        Annotated[
            int,
            About(
                description="`message` was cut: the characters of the whole, which `logs.get` gives"
            ),
        ]
    ]


class ResultRecord(TypedDict):
    """One measured repetition of a job, as ``results.list`` gives it."""

    runId: str
    jobId: str
    name: str
    kind: JobKind
    command: str | None
    repetition: Annotated[int, About(description="from 1; warm-ups have no record")]
    status: JobStatus
    reason: str | None
    exitCode: int | None
    signal: Annotated[str | None, About(description="the name of the one that killed it")]
    startedAt: IsoTime
    wallS: Seconds | None
    cpuUserS: Seconds | None
    cpuSystemS: Seconds | None
    maxRssBytes: int | None
    shellS: Annotated[
        Seconds | None, About(description="what the start of the shell takes by itself")
    ]
    lines: int
    value: Annotated[Any, About(description="what a callable returned, as JSON")]
    valueNote: Annotated[str | None, About(description="what JSON could not carry of it")]
    stepId: NotRequired[
        Annotated[str | None, About(description="the planned step of a recipe that was done")]
    ]
    machine: Annotated[str | None, About(description="an id of `/jobs/machines`")]
    load: Annotated[float | None, About(description="average of the last minute, at its end")]
    cpuMhz: float | None
    temperatureC: float | None
    stealS: Annotated[Seconds | None, About(description="that the hypervisor gave to others")]
    cpuPressure: Annotated[
        float | None,
        About(description="0 to 1: the share in which some task waited for a processor"),
    ]
    ioPressure: Annotated[float | None, About(description="the same for a disk")]
    thermalThrottles: Annotated[int | None, About(description="how often it was too hot")]
    cgroupThrottledS: Annotated[
        Seconds | None, About(description="that the control group was held up at its limit")
    ]
    metrics: NotRequired[
        Annotated[
            dict[str, float] | None,
            About(description="what was read out of it, by the metric's name"),
        ]
    ]


OPTIONAL_SLICES: Final = ("journal",)
"""What ``slices`` may name, and is there only where it was asked for when the orchestrator was made."""
SLICES: Final = tuple(
    name for name in AppState.__annotations__ if name not in ("version", *OPTIONAL_SLICES)
)
"""What ``slices`` may name, and is always there, as ``version`` is."""
