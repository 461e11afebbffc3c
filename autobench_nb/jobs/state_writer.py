"""The state's ``jobs`` slice, as the machine's effects write it.

What is queued, starts and ends is written at once and in its order; what changes while a job runs is gathered and
written a few times a second, by one thread that sleeps while nothing changes: the state is no stream of metrics.

Nobody's open batch is waited for without end. Who holds one may itself be waiting for a job, so that what cannot be
written within a moment is left to the thread, and the jobs go on.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any, Final, Protocol

from autobench_nb.errors import PathError
from autobench_nb.jobs.machine import (
    ForgetJobs,
    Lifecycle,
    StateWrite,
    WriteEnded,
    WriteFirst,
    WriteMoved,
    WriteQueued,
    WriteStarted,
)
from autobench_nb.jobs.state_writes import ids_of, writes_again
from autobench_nb.state.model import JobStatus
from autobench_nb.state.store import StateStore

REPORT_INTERVAL_S: Final = 0.2
PATIENCE_S: Final = 0.25
"""How long a write waits for somebody's open batch before it is left to the thread."""
RETRY_LIMIT_S: Final = 30.0
"""The longest pause between two attempts to write what the state refused."""
_FIRST_RETRY_S: Final = 0.1
_LATE_INTERVAL_S: Final = 0.02
_MOST_COMPLAINTS: Final = 16


class WrittenJob(Protocol):
    """A job, as far as its record in the state is concerned."""

    @property
    def id(self) -> str: ...

    @property
    def lifecycle(self) -> Lifecycle: ...

    def record(self) -> dict[str, Any]:
        """The whole record."""

    def live(self) -> dict[str, Any]:
        """The fields that change while it runs."""

    def run_record(self) -> dict[str, Any]:
        """The whole record of its run."""


class StateWriter:
    """Writes the jobs slice. Thread-safe.

    The order of :meth:`put` is the order in the state, whoever carries it out: the store's own lock makes it so. What
    a batch of the user's has taken back is written again, and so is what a raising projection refused, once that is
    possible. ``complain(error)`` is told once of each kind of refusal. ``also``: writes what else belongs to the jobs.
    """

    def __init__(
        self,
        store: StateStore,
        jobs: Callable[[str], WrittenJob | None],
        complain: Callable[[Exception], None],
        interval_s: float = REPORT_INTERVAL_S,
        also: Callable[[], None] = lambda: None,
    ) -> None:
        self._store = store
        self._also = also
        self._job = jobs
        self._complain = complain
        self._interval_s = interval_s
        self._writes: deque[StateWrite] = deque()
        # What the two lists of the state are to be. Only read and changed under the store's lock.
        self._queue: list[str] = []
        self._running: list[str] = []
        self._last_completed: str | None = None
        # Which jobs of a run are in the state; a run's record goes with the last of them.
        self._jobs_of: dict[str, set[str]] = {}
        self._run_of: dict[str, str] = {}
        # Jobs whose records may not be in the state as they were written: id to whether they are to be there at all.
        self._doubtful: dict[str, bool] = {}
        self._complaints: set[str] = set()
        self._lock = threading.Lock()
        self._changed: dict[str, WrittenJob] = {}
        self._is_late = False
        self._wake = threading.Event()
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None

    # --- what others call

    def put(self, writes: Iterable[StateWrite]) -> None:
        """Remember what is to be written. The caller's lock gives the order; :meth:`flush` writes."""
        self._writes.extend(writes)

    def flush(self) -> None:
        """Write what was put, by whomever; it is in the state afterwards, unless somebody's batch stays open."""
        if not self._writes or self._attempt(self._write_pending):
            return
        # A batch is open. This thread's own is joined, and may yet be taken back. Another's is waited for, but not for
        # long, and where one has been waited for in vain, not again before it has ended.
        if not self._attempt(self._write_pending, 0.0 if self._is_late else PATIENCE_S):
            self._is_late = True
        self._wake_writer()

    def touch(self, job: WrittenJob) -> None:
        """Note that live fields of ``job`` changed. Cheap when that is known; an ended job's record is final."""
        if job.id in self._changed or job.lifecycle.has_ended:
            return
        with self._lock:
            self._changed[job.id] = job
        self._wake_writer()

    def settle(self) -> bool:
        """Write what waits, and put right what was taken back or refused; False where anybody's batch is open."""
        return self._attempt(self._catch_up)

    def close(self) -> None:
        """Write what is left and end the thread."""
        self._closing.set()
        self._wake.set()
        thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join()
        self.flush()
        self.settle()

    def after_fork_in_child(self) -> None:
        """Forget what was to be written, and the thread that would do it: both are the parent's."""
        self._lock = threading.Lock()
        self._wake, self._closing = threading.Event(), threading.Event()
        self._closing.set()
        self._thread = None
        self._writes.clear()
        self._changed, self._doubtful = {}, {}

    # --- the thread

    def _wake_writer(self) -> None:
        if self._thread is None:
            with self._lock:
                if self._thread is None and not self._closing.is_set():
                    self._thread = threading.Thread(
                        target=self._run, name="autobench-report", daemon=True
                    )
                    self._thread.start()
        self._wake.set()

    def _run(self) -> None:
        last = -self._interval_s
        retry_s = _FIRST_RETRY_S
        while True:
            self._wake.wait(retry_s if self._doubtful and retry_s < RETRY_LIMIT_S else None)
            self._closing.wait(max(0.0, last + self._interval_s - time.monotonic()))
            if self._closing.is_set():
                return
            last = time.monotonic()
            self._wake.clear()
            if not self._attempt(self._catch_up):
                self._closing.wait(_LATE_INTERVAL_S)
                self._wake.set()
            else:
                retry_s = 2 * retry_s if self._doubtful else _FIRST_RETRY_S

    def _catch_up(self, written: list[StateWrite]) -> None:
        """Write everything that waits; no batch of anybody else's is open."""
        self._is_late = False
        self._also()
        self._write_pending(written)
        with self._lock:
            doubtful, self._doubtful = self._doubtful, {}
            jobs, self._changed = self._changed, {}
        # Should the state refuse the batch, these are in doubt again.
        written.extend(writes_again(doubtful))
        self._correct(doubtful)
        for job in jobs.values():
            if not job.lifecycle.has_ended:
                self._merge(job.id, job.live())

    # --- under the store's lock, in a batch

    def _attempt(
        self, change: Callable[[list[StateWrite]], None], patience_s: float | None = None
    ) -> bool:
        """Whether nobody's batch stood in the way. A refusal by the state is told; the records are doubtful then."""
        written: list[StateWrite] = []
        try:
            done = self._store.attempt(lambda: change(written), patience_s)
        except Exception as error:  # noqa: BLE001 - a projection is the user's code, which may raise anything
            self._note_unsure(written)
            self._log_once(error)
            self._wake_writer()
            return True
        if done and patience_s is not None:
            self._note_unsure(written)
        return done

    def _log_once(self, error: Exception) -> None:
        said = f"{type(error).__name__} {getattr(error, '__notes__', '')}"
        if said not in self._complaints and len(self._complaints) < _MOST_COMPLAINTS:
            self._complaints.add(said)
            self._complain(error)

    def _note_unsure(self, writes: Iterable[StateWrite]) -> None:
        with self._lock:
            for write in writes:
                for job_id in ids_of(write):
                    self._doubtful[job_id] = not isinstance(write, ForgetJobs)

    def _write_pending(self, written: list[StateWrite]) -> None:
        while self._writes:
            write = self._writes.popleft()
            written.append(write)
            self._apply(write, written)

    def _take_started(
        self, job_ids: tuple[str, ...], written: list[StateWrite]
    ) -> dict[str, float]:
        """Which of the queued jobs have started at once, and when: nobody sees them in the queue."""
        started: dict[str, float] = {}
        while self._writes:
            write = self._writes[0]
            if not isinstance(write, WriteStarted) or write.job_id not in job_ids:
                break
            self._writes.popleft()
            written.append(write)
            started[write.job_id] = write.started_ms
        return started

    def _apply(self, write: StateWrite, written: list[StateWrite]) -> None:
        match write:
            case WriteQueued(job_ids, before):
                self._apply_queued(job_ids, self._take_started(job_ids, written), before)
            case WriteFirst(job_id):
                if job_id in self._queue:
                    self._queue.remove(job_id)
                    self._queue.insert(0, job_id)
                    self._store.set("/jobs/queue", list(self._queue))
            case WriteMoved(places, waiting):
                listed = set(self._queue)
                self._queue[:] = [job_id for job_id in waiting if job_id in listed]
                self._store.set("/jobs/queue", list(self._queue))
                for run_id, priority, place in places:
                    if run_id in self._jobs_of:
                        about = {"priority": priority, "place": place}
                        self._store.merge(f"/jobs/runs/{run_id}", about)
            case WriteStarted(job_id, started_ms):
                self._take_out("/jobs/queue", self._queue, job_id)
                self._running.append(job_id)
                self._store.set("/jobs/running/-", job_id)
                self._merge(job_id, {"status": str(JobStatus.RUNNING), "startedAt": started_ms})
            case WriteEnded(job_id, status, reason, finished_ms):
                if job_id in self._running:
                    self._take_out("/jobs/running", self._running, job_id)
                else:
                    self._take_out("/jobs/queue", self._queue, job_id)
                self._last_completed = job_id
                end = {"status": str(status), "reason": reason, "finishedAt": finished_ms}
                fields = self._fields_of(job_id, {**self._live_fields(job_id), **end})
                items = {} if fields is None else {job_id: fields}
                self._store.merge("/jobs", {"lastCompleted": job_id, "items": items})
            case ForgetJobs(job_ids):
                for job_id in job_ids:
                    self._remove(job_id)
                self._forget_runs(job_ids)

    def _apply_queued(
        self, job_ids: tuple[str, ...], started: dict[str, float], before: str | None
    ) -> None:
        records = {}
        runs = {}
        waiting = [job_id for job_id in job_ids if job_id not in started]
        if waiting and before in self._queue:
            place = self._queue.index(before)
            self._queue[place:place] = waiting
            self._store.set("/jobs/queue", list(self._queue))
        for job_id in job_ids:
            started_ms = started.get(job_id)
            waits = started_ms is None
            if not waits:
                self._running.append(job_id)
                self._store.set("/jobs/running/-", job_id)
            elif before not in self._queue:
                self._queue.append(job_id)
                self._store.set("/jobs/queue/-", job_id)
            job = self._job(job_id)
            if job is not None:
                state = {
                    "status": str(JobStatus.QUEUED if waits else JobStatus.RUNNING),
                    "reason": None,
                    "startedAt": started_ms,
                    "finishedAt": None,
                }
                records[job_id] = {**job.record(), **state}
                run_id = job.lifecycle.run_id
                if run_id not in runs:
                    runs[run_id] = job.run_record()
                self._run_of[job_id] = run_id
                self._jobs_of.setdefault(run_id, set()).add(job_id)
        # One mutation: each looks at what it is given, at projections and at subscribers.
        self._store.merge("/jobs", {"items": records, "runs": runs})

    def _forget_runs(self, job_ids: tuple[str, ...]) -> None:
        """Take the records of runs out of which the last job has gone."""
        for job_id in job_ids:
            run_id = self._run_of.pop(job_id, None)
            if run_id is None:
                continue
            left = self._jobs_of[run_id]
            left.discard(job_id)
            if not left:
                del self._jobs_of[run_id]
                self._take_away(f"/jobs/runs/{run_id}")

    def _merge(self, job_id: str, fields: dict[str, Any]) -> None:
        """Lay ``fields`` over the job's record; where that is not there or not right, over a new whole one."""
        whole = self._fields_of(job_id, fields)
        if whole is not None:
            self._store.merge(f"/jobs/items/{job_id}", whole)

    def _fields_of(self, job_id: str, fields: dict[str, Any]) -> dict[str, Any] | None:
        """What is to be merged into the job's record so that it is whole; None for one that is forgotten."""
        job = self._job(job_id)
        if job is None:
            return None
        status = self._store.get(f"/jobs/items/{job_id}/status", None)
        if status is None or job_id in self._doubtful:
            return {**job.record(), **fields}
        return fields

    def _live_fields(self, job_id: str) -> dict[str, Any]:
        job = self._job(job_id)
        return {} if job is None else job.live()

    def _remove(self, job_id: str) -> None:
        self._take_away(f"/jobs/items/{job_id}")

    def _take_away(self, pointer: str) -> None:
        try:
            self._store.remove(pointer)
        except PathError:
            return  # somebody took it away before

    def _take_out(self, pointer: str, ids: list[str], job_id: str) -> None:
        """Take ``job_id`` out of a list; where others have changed the state's, it is put right."""
        place = ids.index(job_id)
        del ids[place]
        if self._store.get(f"{pointer}/{place}", None) == job_id:
            self._store.remove(f"{pointer}/{place}")
        else:
            self._store.set(pointer, list(ids))

    def _correct(self, doubtful: dict[str, bool]) -> None:
        """Put right what may have been taken back."""
        if not doubtful:
            return
        for pointer, ids in (("/jobs/queue", self._queue), ("/jobs/running", self._running)):
            if self._store.get(pointer) != ids:
                self._store.set(pointer, list(ids))
        if self._store.get("/jobs/lastCompleted") != self._last_completed:
            self._store.set("/jobs/lastCompleted", self._last_completed)
        for job_id, is_kept in doubtful.items():
            job = self._job(job_id)
            if not is_kept or job is None:
                self._remove(job_id)
            elif self._store.get(f"/jobs/items/{job_id}/status", None) != job.lifecycle.status:
                self._merge(job_id, job.record())
        self._correct_runs(doubtful)

    def _correct_runs(self, doubtful: dict[str, bool]) -> None:
        for run_id in self._store.get("/jobs/runs", {}):
            if run_id not in self._jobs_of:
                self._take_away(f"/jobs/runs/{run_id}")
        for job_id in doubtful:
            job, run_id = self._job(job_id), self._run_of.get(job_id)
            if job is None or run_id is None:
                continue
            if self._store.get(f"/jobs/runs/{run_id}", None) is None:
                self._store.merge("/jobs/runs", {run_id: job.run_record()})
