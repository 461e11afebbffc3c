"""Energy: the power of a meter, summed up over each repetition, and shared where several ran at the same time."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from autobench_nb.devices.samples import Samples

ENOUGH: Final = 0.5
"""The share of a time that samples must cover, so that an energy is told for it at all."""
MAX_SPANS: Final = 4_096
"""Spans that are remembered for the sharing."""


class RunSpan(NamedTuple):
    """A time in which something ran, in seconds since 1970; ``end`` is None while it does."""

    start: float
    end: float | None


class Share(NamedTuple):
    """A part of a span in which ``running`` things ran, itself among them."""

    start: float
    end: float
    running: int


def shares(start: float, end: float, others: Sequence[RunSpan]) -> list[Share]:
    """Split a span where the number of things that run changes.

    Args:
        start: Where it begins.
        end: Where it ends.
        others: What else ran; what still runs has no end.

    Returns:
        Parts in their order that fill the span without a gap.
    """
    changes: list[tuple[float, int]] = []
    for other in others:
        left = max(start, other.start)
        right = end if other.end is None else min(end, other.end)
        if left < right:
            changes += [(left, 1), (right, -1)]
    parts: list[Share] = []
    at, running = start, 1
    for when, step in sorted(changes):
        if when > at:
            parts.append(Share(at, when, running))
            at = when
        running += step
    if end > at:
        parts.append(Share(at, end, running))
    return parts


class EnergyGauge:
    """Measures the energy of each repetition with the meter that there is, in joules. Thread-safe.

    Metrics: ``energy`` in joules; ``energyShared`` is 1 where others ran at the same time, so that each of them was
    given an equal part of it, and 0 where the repetition was alone. The parts of those that ran add up to the whole.

    Args:
        meter: Gives the samples and the quantity that is a power; None where there is no meter.
        clock: Seconds since 1970.
    """

    def __init__(
        self,
        meter: Callable[[], tuple[Samples, str] | None],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._meter = meter
        self._clock = clock
        self._lock = threading.Lock()
        self._numbers = itertools.count()
        self._spans: dict[int, RunSpan] = {}

    @property
    def units(self) -> Mapping[str, str]:
        """The units of its metrics."""
        return {"energy": "joule", "energyShared": ""}

    def begin(self) -> Any:
        """Note the time; what it gives is for :meth:`end`."""
        with self._lock:
            number = next(self._numbers)
            self._spans[number] = RunSpan(self._clock(), None)
            return number

    def end(self, begun: Any) -> Mapping[str, float]:
        """The energy since ``begin`` gave ``begun``: empty where there is no meter, or it was silent."""
        with self._lock:
            mine = self._spans.get(begun)
            if mine is None or mine.end is not None:
                return {}
            end = self._clock()
            self._spans[begun] = RunSpan(mine.start, end)
            others = [span for number, span in self._spans.items() if number != begun]
            self._forget()
        meter = self._meter()
        if meter is None:
            return {}
        return energy_of(*meter, mine.start, end, others)

    def _forget(self) -> None:
        """Let go of spans that ended before everything that still runs began."""
        oldest = min(
            (span.start for span in self._spans.values() if span.end is None), default=None
        )
        for number, span in list(self._spans.items()):
            over = span.end is not None and (oldest is None or span.end <= oldest)
            if over or len(self._spans) > MAX_SPANS:
                del self._spans[number]


def energy_of(
    samples: Samples, quantity: str, start: float, end: float, others: Sequence[RunSpan] = ()
) -> dict[str, float]:
    """The metrics of one span, see :class:`EnergyGauge`; empty where samples cover less than half of it."""
    parts = [
        (share, samples.integral(quantity, share.start, share.end))
        for share in shares(start, end, others)
    ]
    covered = sum(part.covered_s for _, part in parts)
    if not parts or covered < ENOUGH * (end - start):
        return {}
    joules = sum(part.value / share.running for share, part in parts)
    shared = any(share.running > 1 for share, _ in parts)
    return {"energy": joules, "energyShared": float(shared)}
