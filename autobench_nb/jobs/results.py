"""The result rows that an orchestrator holds."""

from __future__ import annotations

import threading
from collections import deque
from itertools import islice
from typing import Final

from autobench_nb.figures import counted
from autobench_nb.tables.results import Result, ResultPage, ResultsView

__all__ = ["MAX_ROWS", "Result", "Results"]

MAX_ROWS: Final = 100_000
"""Rows that an orchestrator holds; the oldest make room."""


class Results(ResultsView):
    """The last ``max_rows`` results, oldest first: iterate, index, or take them as a table. Thread-safe."""

    def __init__(self, max_rows: int = MAX_ROWS) -> None:
        super().__init__(self.page)
        self._lock = threading.Lock()
        self._rows: deque[Result] = deque(maxlen=max_rows)
        self._dropped = 0

    def add(self, row: Result) -> None:
        """Hold one more row; the oldest makes room where ``max_rows`` are held."""
        with self._lock:
            if len(self._rows) == self._rows.maxlen:
                self._dropped += 1
            self._rows.append(row)

    def page(self, since: int, limit: int) -> ResultPage:
        """At most ``limit`` of the held rows from position ``since`` on, see :class:`ResultPage`."""
        with self._lock:
            first = max(0, since - self._dropped)
            rows = list(islice(self._rows, first, first + limit))
            end = self._dropped + len(self._rows)
            after = self._dropped + first + len(rows)
            return ResultPage(rows, after if after < end else None, end, self._dropped)

    def __repr__(self) -> str:
        return f"<Results {counted(len(self), 'row')}>"
