"""Loops that are followed: how far an iteration is, told in the state as a job that nobody started.

The loop itself only counts. One thread looks at the counts a few times a second while a loop runs, and ends with the
last of them.
"""

from __future__ import annotations

import contextlib
import operator
import secrets
import threading
import time
from collections import deque
from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import Any, Final, Generic, Self, TypeVar

from autobench_nb.contract.records import JobKind, JobStatus
from autobench_nb.errors import JobError, text_of
from autobench_nb.jobs.executors.in_process import current_job
from autobench_nb.jobs.machine import FINAL
from autobench_nb.jobs.timing import now_ms
from autobench_nb.logs.text import Redact, as_it_is, clean
from autobench_nb.state.store import StateStore

LOOK_S: Final = 0.2
"""Seconds between two looks at the counts."""
KEPT: Final = 100
"""Loops that stay in the state after their end."""

T = TypeVar("T")


class Track(Generic[T]):
    """One loop that is followed: iterate it, or count by hand with :meth:`update` within ``with``.

    Left early, it is cancelled; ended by an error of the iterable (within ``with``: by any error), it has failed. Each
    iteration is a job of its own in the state.

    Attributes:
        id: The job's id in the state.
        name: What it is called.
        total: How many items are expected; None where nobody knows.
        n: How many have been done.
        status: Where it stands.
        reason: Why it did not come to its end.
    """

    def __init__(
        self, tracker: Tracker, iterable: Iterable[T] | None, total: int | None, name: str
    ) -> None:
        self._tracker = tracker
        self._iterable = iterable
        self.name = clean(name)
        self.total = total
        self._within = False
        self._begin()

    def _begin(self) -> None:
        self.id = f"track-{secrets.token_hex(5)}"
        self.run_id = self.id
        self.n = 0
        self.status = JobStatus.QUEUED
        self.reason: str | None = None
        self.created_ms = now_ms()
        self.finished_ms: float | None = None
        self._started = time.monotonic()
        self._taken_s: float | None = None
        self.is_told = False
        self.job = current_job()

    def __iter__(self) -> Iterator[T]:
        if self._iterable is None:
            raise JobError(
                "there is nothing to iterate: give track() an iterable, or use update()."
            )
        if not self._within:
            if self.status is not JobStatus.QUEUED:
                self._begin()
            self._tracker.begin(self)
        try:
            for n, item in enumerate(self._iterable, 1):
                yield item
                # Behind the yield: an item counts when its work is done.
                self.n = n
        except GeneratorExit:
            self._end(JobStatus.CANCELLED, f"left after {self._count()}")
            raise
        except BaseException as error:
            # Whatever ends the loop goes on, an interrupt too; the loop is not said to run after it.
            self._end(
                JobStatus.FAILED, f"{type(error).__name__} after {self._count()}: {text_of(error)}"
            )
            raise
        if not self._within:
            self._end(JobStatus.SUCCEEDED)

    def __enter__(self) -> Self:
        if self.status is not JobStatus.QUEUED:
            self._begin()
        self._within = True
        self._tracker.begin(self)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._within = False
        if error is not None:
            self._end(
                JobStatus.FAILED, f"{type(error).__name__} after {self._count()}: {text_of(error)}"
            )
        else:
            self._end(JobStatus.SUCCEEDED)

    def __len__(self) -> int:
        if self.total is None:
            raise TypeError("nobody knows how many items there are")
        return self.total

    def update(self, items: int = 1) -> None:
        """Count more items that are done, within ``with``."""
        self.n += items

    def _end(self, status: JobStatus, reason: str | None = None) -> None:
        # With "with" around the loop, a loop that was left is told at the end of the block, with the block's error.
        if self._within or self.status in FINAL:
            return
        self._taken_s = time.monotonic() - self._started
        self.reason = None if reason is None else self._tracker.redact(clean(reason))
        self.finished_ms = now_ms()
        self.status = status
        self._tracker.end(self)

    def _count(self) -> str:
        n, total = self.n, self.total
        if total is None:
            return f"{n:,} item{'' if n == 1 else 's'}"
        return f"{n:,} of {total:,} item{'' if total == 1 else 's'}"

    @property
    def fraction(self) -> float | None:
        """How far it is, 0 to 1; None where nobody knows."""
        if self.status is JobStatus.SUCCEEDED:
            return 1.0
        return min(1.0, self.n / self.total) if self.total else None

    @property
    def eta_s(self) -> float | None:
        """Seconds that are left, by the pace until now."""
        if self.total is None or not self.n or self.status in FINAL:
            return None
        taken_s = time.monotonic() - self._started
        return max(0.0, taken_s / self.n * (self.total - self.n))

    @property
    def current(self) -> str:
        """How many items, and how fast."""
        taken_s = self._taken_s or time.monotonic() - self._started
        pace = self.n / taken_s if taken_s > 0 else 0.0
        return f"{self._count()}, {pace:,.3g}/s"

    def begin(self, run_id: str) -> None:
        """Begin to run, within the run of that id."""
        self.run_id = run_id
        self._started = time.monotonic()
        self.status = JobStatus.RUNNING

    def live(self) -> dict[str, Any]:
        """The fields of its record that change."""
        over = self.status in FINAL
        return {
            "status": str(self.status),
            "reason": self.reason,
            "finishedAt": self.finished_ms,
            "done": int(self.status is JobStatus.SUCCEEDED),
            "progress": round(self.fraction or 0.0, 4),
            "fraction": None if over else self.fraction,
            "etaS": self.eta_s,
            "meanS": self._taken_s if self.status is JobStatus.SUCCEEDED else None,
            "current": None if over else self.current,
            "repetition": None if over else 1,
            "repetitionAt": None if over else self.created_ms,
        }

    def record(self) -> dict[str, Any]:
        """The whole record."""
        return {
            "id": self.id,
            "runId": self.run_id,
            "name": self.name,
            "kind": str(JobKind.CALLABLE),
            "command": f"track({self._count()})" if self.status in FINAL else "track()",
            "createdAt": self.created_ms,
            "startedAt": self.created_ms,
            "repeat": 1,
            "warmup": 0,
            "lines": 0,
            "warnings": 0,
            "errors": 0,
            "exitCode": None,
            "asks": False,
            "retryOf": None,
            **self.live(),
        }

    def __repr__(self) -> str:
        why = f": {self.reason}" if self.reason else ""
        return f"<Track {self.name!r} {self.status}{why}, {self.current}>"


class Tracker:
    """Tells the state of the loops that are followed. Thread-safe; its thread lives while one runs.

    Args:
        store: The state.
        redact: Takes secrets out of why a loop did not come to its end.
    """

    def __init__(self, store: StateStore, redact: Redact = as_it_is) -> None:
        self._store = store
        self.redact = redact
        self._lock = threading.Lock()
        self._running: dict[str, Track[Any]] = {}
        self._ended: deque[Track[Any]] = deque()
        self._kept: deque[Track[Any]] = deque()
        self._nested = threading.local()
        self._wake = threading.Event()
        self._thread: threading.Thread | None = None
        self._closed = False

    def follow(
        self, iterable: Iterable[T] | None, total: int | None = None, name: str | None = None
    ) -> Track[T]:
        """Follow a loop.

        Args:
            iterable: What is iterated; None where the items are counted by hand.
            total: How many items there are; None asks the iterable.
            name: What it is called; None: ``track``.

        Raises:
            JobError: ``total`` is no whole number, 0 or more, or ``iterable`` cannot be iterated.
        """
        if total is None and iterable is not None:
            total = operator.length_hint(iterable, -1)
            total = None if total < 0 else total
        if total is not None and (isinstance(total, bool) or not _is_whole(total) or total < 0):
            raise JobError(f"total={total!r} is not possible: give a whole number, 0 or more.")
        if iterable is not None and not isinstance(iterable, Iterable):
            raise JobError(f"{iterable!r:.100} cannot be iterated{_remedy_for(iterable)}.")
        return Track(self, iterable, None if total is None else int(total), name or "track")

    def begin(self, track: Track[Any]) -> None:
        """Begin to tell of a loop that begins in the calling thread."""
        around: list[Track[Any]] = self._nested.__dict__.setdefault("tracks", [])
        track.begin(around[0].run_id if around else track.id)
        around.append(track)
        with self._lock:
            if self._closed:
                return
            self._running[track.id] = track
            if self._thread is None:
                self._wake = threading.Event()
                self._thread = threading.Thread(
                    target=self._run, args=(self._wake,), name="autobench-track", daemon=True
                )
                self._thread.start()

    def end(self, track: Track[Any]) -> None:
        """Tell that the loop has ended. Any thread may do so: a generator ends where it is let go of."""
        around: list[Track[Any]] = self._nested.__dict__.get("tracks", [])
        if track in around:
            around.remove(track)
        with self._lock:
            if self._running.pop(track.id, None) is None:
                return
            self._ended.append(track)
            if not self._running:
                self._wake.set()
        self._tell()

    def close(self) -> None:
        """Tell the last, and end the thread."""
        with self._lock:
            self._closed = True
            for track in self._running.values():
                track.status = JobStatus.CANCELLED
                track.reason = "the orchestrator was closed"
                track.finished_ms = now_ms()
                self._ended.append(track)
            self._running.clear()
            thread = self._thread
            self._wake.set()
        self._tell()
        if thread is not None and thread is not threading.current_thread():
            thread.join()

    def after_fork_in_child(self) -> None:
        """Loops of the parent are not told here; a new one is."""
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._thread = None
        self._running.clear()
        self._ended.clear()
        self._closed = True

    def _run(self, wake: threading.Event) -> None:
        while True:
            wake.wait(LOOK_S)
            is_told = self._tell()
            with self._lock:
                if not self._running and (is_told or self._closed):
                    self._thread = None
                    return
                if wake.is_set():
                    wake.clear()
                    is_busy = not self._running
                else:
                    is_busy = False
            if is_busy:  # somebody's batch is open: what has ended is told when it is over
                time.sleep(LOOK_S)

    def _tell(self) -> bool:
        """Write what is new; False where somebody's batch is in the way."""
        with self._lock:
            running = list(self._running.values())
        with contextlib.suppress(
            Exception
        ):  # a projection that raises is told of by the writer of the jobs' records
            if not self._store.attempt(lambda: self._write(running)):
                return False
        for track in running:
            fraction = track.fraction
            if track.job is not None and fraction is not None and track.run_id == track.id:
                track.job.progress(fraction, f"{track.name}: {track.current}")
        return True

    def _write(self, running: list[Track[Any]]) -> None:
        with self._lock:
            ended = list(self._ended)
            self._ended.clear()
        for track in running:
            if track.status not in FINAL:
                self._write_one(track)
        for track in ended:
            self._write_one(track)
            self._kept.append(track)
        while len(self._kept) > KEPT:
            old = self._kept.popleft()
            with contextlib.suppress(LookupError):  # somebody took it away before
                self._store.remove(f"/jobs/items/{old.id}")
            if old.run_id == old.id:
                with contextlib.suppress(LookupError):
                    self._store.remove(f"/jobs/runs/{old.id}")

    def _write_one(self, track: Track[Any]) -> None:
        if track.is_told:
            self._store.merge(f"/jobs/items/{track.id}", track.live())
            return
        track.is_told = True
        self._store.merge("/jobs/items", {track.id: track.record()})
        if track.run_id == track.id:
            run = {
                "id": track.id,
                "name": track.name,
                "createdAt": track.created_ms,
                "jobs": 1,
                "parallel": 1,
                "retryOf": None,
            }
            self._store.merge("/jobs/runs", {track.id: run})


def _remedy_for(iterable: object) -> str:
    if not hasattr(iterable, "__aiter__"):
        return ""
    return " by a plain loop: count with done.update() in `with bench.track() as done:`"


def _is_whole(value: object) -> bool:
    try:
        operator.index(value)  # type: ignore[arg-type]
    except TypeError:
        return False
    return True
