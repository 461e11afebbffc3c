"""Devices as the state and the commands tell them.

A record under ``/devices/{id}`` is open: what a user writes by hand stands there as it was given. Where ``supervised``
is true, the supervisor keeps all the fields below.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, NotRequired, TypedDict

from msgspec import Meta, Struct

from autobench_nb.contract.types import Instant, IsoTime, Milliseconds, Seconds, Word


class DeviceHealth(StrEnum):
    """``status`` of a supervised device."""

    UNKNOWN = "unknown"
    OK = "ok"
    DEGRADED = "degraded"
    CLOSED = "closed"


class Fate(StrEnum):
    """What became of an action that was asked of a device."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    REFUSED = "refused"
    TIMEOUT = "timeout"
    CANCELLED = "cancelled"


class ActionSpec(TypedDict):
    """One action that a device can do."""

    about: Annotated[str, Meta(description="for people; may be empty")]
    args: Annotated[list[str], Meta(description="the names of what it takes")]
    required: Annotated[list[str], Meta(description="those of them that must be given")]
    types: NotRequired[
        Annotated[
            dict[str, str],
            Meta(description="integer, number, boolean or text, of those that declare it"),
        ]
    ]
    choices: NotRequired[
        Annotated[dict[str, list[Any]], Meta(description="of those that take one of a few values")]
    ]
    defaults: NotRequired[
        Annotated[dict[str, Any], Meta(description="of those that may be left out")]
    ]


class AskedAction(TypedDict):
    """One action that was asked for, and its fate."""

    id: str
    action: str
    args: dict[str, Any]
    fate: Fate
    reason: Annotated[str | None, Meta(description="why it was not done")]
    value: Annotated[Any, Meta(description="what the device answered, as JSON")]
    askedAt: Instant
    startedAt: Instant | None
    endedAt: Instant | None
    tookMs: Annotated[Milliseconds | None, Meta(description="from asking to the acknowledgement")]


class SampleWindow(TypedDict):
    """The newest samples of one quantity, in a ring: sample number n (from 0) stands at ``points[n % size]``."""

    unit: Annotated[str, Meta(description="empty where none was declared")]
    size: Annotated[int, Meta(description="how many the ring holds")]
    next: Annotated[int, Meta(description="the number of the next sample")]
    points: Annotated[
        list[list[float]],
        Meta(description="pairs of an instant (ms since 1970 UTC) and a value"),
    ]


class DeviceRecord(TypedDict, total=False):
    """``/devices/{id}``."""

    type: Word
    status: Annotated[Word, Meta(description="supervised: unknown, ok, degraded or closed")]
    lastSeen: IsoTime | None
    supervised: bool
    critical: Annotated[bool, Meta(description="while it is degraded, the queue is paused")]
    pausing: Annotated[bool, Meta(description="it is why the queue is paused now")]
    desired: Annotated[dict[str, Any], Meta(description="what was asked for, by quantity")]
    observed: Annotated[
        dict[str, Any] | None,
        Meta(description="what the last probe saw; null where that is not known now"),
    ]
    was: Annotated[
        dict[str, Any] | None,
        Meta(description="what was observed last, where `observed` is null"),
    ]
    differs: Annotated[
        list[str], Meta(description="quantities that are observed and not as desired")
    ]
    units: Annotated[dict[str, str], Meta(description="of what is observed, by quantity")]
    error: Annotated[str | None, Meta(description="why the last probe failed")]
    failures: Annotated[int, Meta(description="probes that failed since the last that did not")]
    hangs: Annotated[bool, Meta(description="a probe or action of it has not come back in time")]
    everyS: Annotated[Seconds, Meta(description="between probes, while all is well")]
    timeoutS: Annotated[Seconds, Meta(description="that a probe may take")]
    nextTryAt: Annotated[
        Instant | None, Meta(description="the next probe, where the last one failed")
    ]
    actions: dict[str, ActionSpec]
    asked: Annotated[list[AskedAction], Meta(description="the newest few, oldest first")]
    samples: Annotated[
        dict[str, SampleWindow], Meta(description="what is observed and a number, by quantity")
    ]
    powerFrom: Annotated[
        str | None, Meta(description="the quantity whose integral is the energy of jobs")
    ]


class DeviceDoArgs(Struct, frozen=True, rename="camel"):
    """What is asked of which device; ``timeoutS`` begins when it is asked for."""

    device_id: Annotated[str, Meta(title="a device's id")]
    action: Annotated[str, Meta(title="the name of one of its actions")]
    args: Annotated[dict[str, Any], Meta(title="an object: what the action takes, by name")] = {}
    timeout_s: Annotated[float, Meta(gt=0, le=3_600, title="seconds, above 0")] | None = None


class DeviceDone(TypedDict):
    """What came of an action: the answer comes when the device has acknowledged it."""

    deviceId: str
    actionId: str
    fate: Fate
    reason: NotRequired[str | None]
    value: Any
    tookMs: Milliseconds | None


class DeviceProbeArgs(Struct, frozen=True, rename="camel"):
    """Which device is to be asked now how it is."""

    device_id: Annotated[str, Meta(title="a device's id")]


class DeviceProbed(TypedDict):
    """Whether a probe is on its way: false where one is already, or the device is closed."""

    probing: bool


class DeviceDesireArgs(Struct, frozen=True, rename="camel"):
    """What is wished for, by quantity; a null value takes a wish back."""

    device_id: Annotated[str, Meta(title="a device's id")]
    desired: Annotated[dict[str, Any], Meta(title="an object: wishes by quantity")]


class DeviceDesired(TypedDict):
    """All that is wished for now."""

    desired: dict[str, Any]
