"""The pno scan as the state and the commands tell it: its checks, what they found, and the evidence of that."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, NotRequired, Required, TypedDict

from msgspec import Meta, Struct

from autobench_nb.contract.types import Instant, IsoTime, Seconds


class Severity(StrEnum):
    """How bad a finding is."""

    INFO = "info"
    WARN = "warn"
    ERROR = "error"
    FATAL = "fatal"


class CheckOutcome(StrEnum):
    """What came of one check in the last scan."""

    WAITING = "waiting"
    RUNNING = "running"
    CLEAR = "clear"
    FOUND = "found"
    SKIPPED = "skipped"
    FAILED = "failed"
    TIMEOUT = "timeout"


class Evidence(TypedDict, total=False):
    """What a finding rests on: one thing that can be looked at."""

    kind: Required[
        Annotated[str, Meta(description="lines, device, stream, job, run, numbers or path")]
    ]
    label: Annotated[str, Meta(description="what a link to it says")]
    seqs: Annotated[list[int], Meta(description="of log entries; of many the newest")]
    query: Annotated[str, Meta(description="a log query that finds them all")]
    jobIds: list[str]
    runId: str
    deviceId: str
    streamId: str
    path: str
    values: Annotated[dict[str, Any], Meta(description="numbers and texts, by name")]
    series: Annotated[list[float], Meta(description="earlier values in order, the new one last")]


class Finding(TypedDict, total=False):
    """``/pno/findings/{index}``: what a check reports."""

    id: str
    severity: Severity
    check: str
    subject: Annotated[str, Meta(description="what it is about, such as a device's id")]
    message: str
    foundAt: Instant
    evidence: list[Evidence]


class CheckRecord(TypedDict):
    """One check of the last scan."""

    name: str
    outcome: CheckOutcome
    subjects: Annotated[int, Meta(description="how many things its findings are about")]
    findings: int
    tookS: Seconds | None
    reason: Annotated[str | None, Meta(description="why it was skipped, or failed")]


class Summary(TypedDict):
    """``/pno/summary``: the findings counted by severity (a projection: nobody writes it)."""

    total: int
    bySeverity: dict[str, int]


class PnoState(TypedDict):
    """``/pno``: the analysis scan."""

    status: str
    progress: NotRequired[Annotated[float | None, Meta(description="0 to 1")]]
    lastRunAt: NotRequired[IsoTime | None]
    because: NotRequired[Annotated[str | None, Meta(description="why the last scan was run")]]
    tookS: NotRequired[Annotated[Seconds | None, Meta(description="the last scan that ended")]]
    nextRunAt: NotRequired[
        Annotated[Instant | None, Meta(description="where scans are on a schedule")]
    ]
    subjects: NotRequired[
        Annotated[int, Meta(description="how many things the last scan's facts were about")]
    ]
    checks: NotRequired[list[CheckRecord]]
    findings: list[Finding]
    summary: NotRequired[Summary]


class PnoScanArgs(Struct, frozen=True, rename="camel"):
    """Which checks are to be run; all, where none are named."""

    checks: Annotated[list[str], Meta(title="a list of names of checks")] | None = None


class PnoScanned(TypedDict):
    """Whether this command began a scan; where one was under way already, that one goes on."""

    started: bool
