"""What a job remembers of its repetitions, for who looks at it: bounded, however often it is repeated."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable
from itertools import islice
from typing import Final, NamedTuple

from autobench_nb.contract.jobs import RepetitionRecord
from autobench_nb.jobs.executors.executor import RepetitionOutcome
from autobench_nb.state.model import JobStatus

KEPT: Final = 2_000
"""Repetitions that a job remembers; the oldest make room."""
TIMES_TOLD: Final = 200
"""Times of one job that are told at once; of more, these are picked evenly by rank, fastest and slowest among them."""


class PastRepetition(NamedTuple):
    """One repetition that has ended. ``number``: from 1, 0 for a warm-up; ``started_ms``: since 1970.

    ``other_load``: how many processors others kept busy meanwhile; None where that is not known.
    """

    number: int
    started_ms: float
    outcome: RepetitionOutcome
    other_load: float | None

    def to_wire(self) -> RepetitionRecord:
        """The repetition as it travels."""
        outcome = self.outcome
        return {
            "number": self.number,
            "status": outcome.status,
            "startedAt": self.started_ms,
            "wallS": outcome.wall_s,
            "cpuUserS": outcome.cpu_user_s,
            "cpuSystemS": outcome.cpu_system_s,
            "maxRssBytes": outcome.max_rss_bytes,
            "exitCode": outcome.exit_code,
            "signal": outcome.signal,
            "otherLoad": self.other_load,
            "metrics": None if outcome.metrics is None else dict(outcome.metrics),
        }


class Past:
    """The last repetitions of one job, oldest first. Thread-safe.

    Attributes:
        ended: How many have ended, those that were let go included.
    """

    def __init__(self) -> None:
        self.ended = 0
        self._lock = threading.Lock()
        self._kept: deque[PastRepetition] = deque(maxlen=KEPT)

    def add(self, repetition: PastRepetition) -> None:
        """Remember one more. What a callable returned is not kept here."""
        slim = repetition._replace(outcome=repetition.outcome.without_value())
        with self._lock:
            self.ended += 1
            self._kept.append(slim)

    def newest(self, limit: int) -> list[PastRepetition]:
        """The last ``limit`` of those that are remembered, oldest first."""
        with self._lock:
            return list(islice(self._kept, max(0, len(self._kept) - limit), None))

    def times(self) -> list[float]:
        """Seconds of the measured ones that succeeded, in rising order: at most :data:`TIMES_TOLD` of them."""
        return told(
            one.outcome.wall_s
            for one in self.newest(KEPT)
            if one.number
            and one.outcome.wall_s is not None
            and one.outcome.status is JobStatus.SUCCEEDED
        )


def told(numbers: Iterable[float]) -> list[float]:
    """At most :data:`TIMES_TOLD` of the numbers, in rising order."""
    found = sorted(numbers)
    if len(found) <= TIMES_TOLD:
        return found
    step = (len(found) - 1) / (TIMES_TOLD - 1)
    return [found[round(rank * step)] for rank in range(TIMES_TOLD)]
