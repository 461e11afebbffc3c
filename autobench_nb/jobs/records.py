"""The jobs that the state knows: queued, running, and the last ones that have ended."""

from __future__ import annotations

from collections.abc import Callable

from autobench_nb.state.store import StateStore
from autobench_nb.tables.records_view import JobsView


class Jobs(JobsView):
    """Job records by id, as the state has them: ``jobs["3"]["status"]``. The runner alone writes them.

    Args:
        store: The state.
        cancel: Asks the job, or all jobs of the run, of an id to end; how many of them had not ended.
    """

    def __init__(self, store: StateStore, cancel: Callable[[str], int]) -> None:
        super().__init__(store.get, lambda name: cancel(name) > 0)
