"""The jobs that the state knows: queued, running, and the last ones that have ended."""

from __future__ import annotations

from collections.abc import Callable

from autobench_nb.state.store import StateStore
from autobench_nb.tables.records import JOBS
from autobench_nb.tables.registry import Registry


class Jobs(Registry):
    """Job records by id, as the state has them: ``jobs["3"]["status"]``. The runner alone writes them."""

    _slice = "/jobs/items"
    _word = "job"
    _schema = JOBS

    def __init__(self, store: StateStore, cancel: Callable[[str], int]) -> None:
        super().__init__(store)
        self._cancel = cancel

    @property
    def queue(self) -> list[str]:
        """The ids of those that wait, in order."""
        queue: list[str] = self._store.get("/jobs/queue")
        return queue

    @property
    def running(self) -> list[str]:
        """The ids of those that run."""
        running: list[str] = self._store.get("/jobs/running")
        return running

    def cancel(self, name: str) -> bool:
        """Ask the job (or all jobs of the run) of that id to end; False where there is none that has not ended."""
        return self._cancel(name) > 0
