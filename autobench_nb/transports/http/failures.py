"""Requests that failed: the first few are told one by one, the others by their number, so that no ring is emptied."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Final

from autobench_nb.transports.commands import Log

LINES: Final = 10
PERIOD_S: Final = 10.0
"""Lines for failed requests within a period; what is more is one line at its end."""


class FailedRequests:
    """Counts the failed requests of one server. Used on its loop."""

    def __init__(self) -> None:
        self._lines = 0
        self._more: Counter[int] = Counter()
        self._timer: asyncio.TimerHandle | None = None

    def may_log(self, status: int, log: Log) -> bool:
        """Whether this one gets a line of its own; else it is counted, and ``log`` is told of it later."""
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(PERIOD_S, self.log_rest, log)
        self._lines += 1
        if self._lines <= LINES:
            return True
        self._more[status] += 1
        return False

    def log_rest(self, log: Log) -> None:
        """The period is over: say how many more there were."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._lines = 0
        if self._more:
            each = ", ".join(f"{status}: {count:,}" for status, count in sorted(self._more.items()))
            total = sum(self._more.values())
            log(
                "request",
                "warn",
                f"{total:,} more requests failed ({each}).",
                fields={"count": total},
            )
            self._more.clear()
