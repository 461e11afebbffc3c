"""The state's ``jobs`` slice, as the runner writes it.

What starts and ends is written at once; what changes while a job runs is gathered and written a few times a second, by
one thread that sleeps while nothing changes: the state is no stream of metrics.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterable, Sequence
from typing import Final

from autobench_nb.errors import PathError
from autobench_nb.jobs.job import FINAL, Job
from autobench_nb.state.store import StateStore

REPORT_INTERVAL_S: Final = 0.2


class JobsSlice:
    """Writes transitions. Each call is to stand in a batch of the store, and is whole or not at all."""

    def __init__(self, store: StateStore) -> None:
        self._store = store

    def add(self, jobs: Iterable[Job]) -> None:
        """New jobs, queued."""
        records = {job.id: job.record() for job in jobs}
        self._store.merge("/jobs/items", records)
        for job_id in records:
            self._store.set("/jobs/queue/-", job_id)

    def start(self, job: Job, waiting: Sequence[str]) -> None:
        """It runs now; ``waiting`` are those that are still queued."""
        self._without("/jobs/queue", job.id, 0, waiting)
        self._store.set("/jobs/running/-", job.id)
        self._store.merge(f"/jobs/items/{job.id}", job.record())

    def end(
        self, job: Job, place: int, running: Sequence[str], waiting: Sequence[str], *, ran: bool
    ) -> None:
        """It has ended; ``place`` is where it stood among those running or (unless ``ran``) waiting."""
        if ran:
            self._without("/jobs/running", job.id, place, running)
        else:
            self._without("/jobs/queue", job.id, place, waiting)
        self._store.set("/jobs/lastCompleted", job.id)
        self._store.merge(f"/jobs/items/{job.id}", job.record())

    def forget(self, job_ids: Iterable[str]) -> None:
        """These are no longer kept."""
        for job_id in job_ids:
            with contextlib.suppress(PathError):  # somebody took it away before
                self._store.remove(f"/jobs/items/{job_id}")

    def _without(self, pointer: str, job_id: str, place: int, rest: Sequence[str]) -> None:
        """Take ``job_id`` out of a list; where others have changed the list, it is put right."""
        if self._store.get(f"{pointer}/{place}", None) == job_id:
            self._store.remove(f"{pointer}/{place}")
        else:
            self._store.set(pointer, list(rest))


class JobReporter:
    """Writes the live fields of jobs that say that they changed, at most once in ``interval_s``."""

    def __init__(self, store: StateStore, interval_s: float = REPORT_INTERVAL_S) -> None:
        self._store = store
        self._interval_s = interval_s
        self._lock = threading.Lock()
        self._dirty: dict[str, Job] = {}
        self._work = threading.Event()
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None

    def touch(self, job: Job) -> None:
        """It changed. Cheap when it is known already; the last word on an ended job was its whole record."""
        if job.id in self._dirty or job.status in FINAL:
            return
        with self._lock:
            self._dirty[job.id] = job
            if self._thread is None and not self._closing.is_set():
                self._thread = threading.Thread(
                    target=self._run, name="autobench-report", daemon=True
                )
                self._thread.start()
        self._work.set()

    def close(self) -> None:
        """End the thread."""
        self._closing.set()
        self._work.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        last = -self._interval_s
        while True:
            self._work.wait()
            self._closing.wait(max(0.0, last + self._interval_s - time.monotonic()))
            if self._closing.is_set():
                return
            last = time.monotonic()
            self._work.clear()
            # Nobody's open batch is waited for: the counts can be written when it has ended.
            if not self._store.attempt(self._write):
                self._work.set()

    def _write(self) -> None:
        with self._lock:
            jobs, self._dirty = self._dirty, {}
        for job in jobs.values():
            if job.status in FINAL:  # it may even be forgotten by now
                continue
            with contextlib.suppress(PathError):  # somebody took the slice's item away
                self._store.merge(f"/jobs/items/{job.id}", job.live())
