"""Mean, spread and what is left, from the wall times so far; and the clock that all records are told by."""

from __future__ import annotations

import math
import time


class Timing:
    """Welford's running mean and variance of seconds; ``max_s``: the longest."""

    def __init__(self) -> None:
        self.count = 0
        self._mean = 0.0
        self._squares = 0.0
        self.max_s: float | None = None

    def add(self, seconds: float) -> None:
        """Take in one more repetition."""
        self.count += 1
        self.max_s = seconds if self.max_s is None else max(self.max_s, seconds)
        delta = seconds - self._mean
        self._mean += delta / self.count
        self._squares += delta * (seconds - self._mean)

    @property
    def mean_s(self) -> float | None:
        """The mean; ``None`` before the first."""
        return self._mean if self.count else None

    @property
    def sd_s(self) -> float | None:
        """The sample's standard deviation (n - 1); ``None`` for fewer than two."""
        return math.sqrt(self._squares / (self.count - 1)) if self.count > 1 else None

    def eta_s(self, left: float) -> float | None:
        """Seconds that ``left`` more repetitions will take; ``None`` before the first has ended."""
        return self._mean * left if self.count else None


def now_ms() -> float:
    """Milliseconds since 1970, to the microsecond."""
    return round(time.time() * 1e3, 3)
