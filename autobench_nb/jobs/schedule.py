"""Which job is next: pure.

Jobs start in the order in which they came, and none overtakes another. Each brings a limit: how many jobs may run
while it does. So a job with limit 1 always runs alone, whatever the limits of those before and after it.
"""

from __future__ import annotations

from collections import deque


class Schedule:
    """A queue, the running jobs, and the last ``max_kept`` finished ones."""

    def __init__(self, max_kept: int) -> None:
        self._max_kept = max_kept
        self.waiting: list[str] = []
        self.running: list[str] = []
        self._limits: dict[str, int] = {}
        self._finished: deque[str] = deque()

    def add(self, job_id: str, limit: int) -> None:
        """Queue it; ``limit``: how many jobs may run at once while it runs, itself among them."""
        self.waiting.append(job_id)
        self._limits[job_id] = limit

    def next(self) -> str | None:
        """The job that may start now; it counts as running from here on. ``None``: none may."""
        if not self.waiting:
            return None
        job_id = self.waiting[0]
        limit = min(self._limits[name] for name in (job_id, *self.running))
        if len(self.running) >= limit:
            return None
        del self.waiting[0]
        self.running.append(job_id)
        return job_id

    def withdraw(self, job_id: str) -> int | None:
        """Take it out of the queue and count it as finished; its place in the queue, or ``None`` where it was not."""
        if job_id not in self.waiting:
            return None
        place = self.waiting.index(job_id)
        del self.waiting[place]
        self._done(job_id)
        return place

    def finish(self, job_id: str) -> int:
        """It has ended; gives the place that it had among the running."""
        place = self.running.index(job_id)
        del self.running[place]
        self._done(job_id)
        return place

    def surplus(self) -> list[str]:
        """The finished jobs that are no longer kept, oldest first; they are forgotten here."""
        return [self._finished.popleft() for _ in range(len(self._finished) - self._max_kept)]

    def _done(self, job_id: str) -> None:
        del self._limits[job_id]
        self._finished.append(job_id)
