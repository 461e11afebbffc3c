"""The facts that checks look at: plain data, gathered before a check runs. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple


class Disk(NamedTuple):
    """A file system: where it was looked at, free and whole bytes, and what of ours is on it."""

    path: str
    free: int
    total: int
    holds: tuple[str, ...] = ()


class HostNoise(NamedTuple):
    """What makes measurements on this machine noisy; None where it is not known.

    ``governors``: of the processors' frequency. ``load``: the average of a minute. ``processors``: how many there are.
    ``ours``: jobs that run here now. ``throttled``: how often processors were slowed since they run, by number.
    """

    governors: Sequence[str]
    load: float | None
    processors: int
    ours: int
    throttled: Mapping[str, int]


class ErrorLine(NamedTuple):
    """A log entry of level error or above."""

    seq: int
    at: float
    channel: str


class WorkSeries(NamedTuple):
    """Measured seconds of the same work: earlier ones and those of the newest job, each in order of time."""

    name: str
    job_id: str
    old: Sequence[float]
    new: Sequence[float]


@dataclass(frozen=True, slots=True)
class Facts:
    """What was so when the scan began. Instants in seconds since 1970.

    Attributes:
        now: When that was.
        devices: The records of the devices, by id.
        streams: The records of the streams, by id.
        disks: The file systems that are written to.
        clock_steps_s: By how many seconds the wall clock went otherwise than time did, since the last scan.
        host: What makes measurements noisy.
        throttled_before: As ``host.throttled`` was in the last scan; None in the first one.
        errors: The newest log entries of level error or above, oldest first.
        logs_since: Since when the log knows.
        series: Measured work that was done more than once.
    """

    now: float
    devices: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    streams: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    disks: Sequence[Disk] = ()
    clock_steps_s: Sequence[float] = ()
    host: HostNoise | None = None
    throttled_before: Mapping[str, int] | None = None
    errors: Sequence[ErrorLine] = ()
    logs_since: float | None = None
    series: Sequence[WorkSeries] = ()

    @property
    def subjects(self) -> int:
        """How many things there are to look at."""
        watched = sum(1 for record in self.devices.values() if record.get("supervised"))
        streams = sum(1 for record in self.streams.values() if record.get("runs"))
        host = 0 if self.host is None else 1
        return watched + streams + len(self.disks) + len(self.series) + host
