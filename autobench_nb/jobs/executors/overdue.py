"""Says of callables that should have ended, and have not, that this is so: nobody can end them from outside."""

from __future__ import annotations

import heapq
import itertools
import threading
import time
from collections.abc import Callable
from typing import Final

from autobench_nb.jobs.executors.executor import Repetition
from autobench_nb.logs.entry import Level

NOTICE_S: Final = 0.5
"""How long after its time limit or a cancel a callable may still go on before that is said."""
_TIDY_AT: Final = 64
_ADVICE: Final = (
    "it goes on, since it does not look at current_job().cancelled; "
    "isolate=True runs it in a process that can be ended"
)


class OverdueWatch:
    """Looks after callables that run, in one thread that sleeps until the first of them is due."""

    def __init__(self, notice_s: float = NOTICE_S) -> None:
        self._notice_s = notice_s
        self._changed = threading.Condition()
        self._due: list[tuple[float, int, _Watched]] = []
        self._tidy_at = _TIDY_AT
        self._numbers = itertools.count()
        self._thread: threading.Thread | None = None
        self._closed = False

    def watch(self, repetition: Repetition, limit_s: float | None) -> Callable[[], None]:
        """Look after a repetition that begins now.

        Args:
            repetition: Whose record and log say that it is overdue.
            limit_s: Its time limit in seconds; ``None`` where it has none.

        Returns:
            What is to be called when it has ended.
        """
        watched = _Watched(repetition)
        if limit_s is not None:
            self._add(watched, limit_s, f"took longer than {limit_s:g} s")
        unfollow = repetition.stop.follow(
            lambda: self._add(watched, 0.0, repetition.stop.reason or "cancelled")
        )

        def end() -> None:
            unfollow()
            with self._changed:
                watched.has_ended = True

        return end

    def close(self) -> None:
        """End the thread."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join()

    def _add(self, watched: _Watched, after_s: float, why: str) -> None:
        with self._changed:
            if self._closed or watched.has_ended:
                return
            watched.reasons.append(why)
            if len(self._due) >= self._tidy_at:  # most of them ended long before their limits
                self._due = [one for one in self._due if not one[2].has_ended]
                heapq.heapify(self._due)
                self._tidy_at = max(_TIDY_AT, 2 * len(self._due))
            due = time.monotonic() + after_s + self._notice_s
            heapq.heappush(self._due, (due, next(self._numbers), watched))
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._run, name="autobench-overdue", daemon=True
                )
                self._thread.start()
            elif self._due[0][2] is watched:
                self._changed.notify()

    def _run(self) -> None:
        while True:
            with self._changed:
                watched = self._wait()
                if watched is None:
                    return
                said = watched.has_ended or watched.is_said
                watched.is_said = True
            if not said:
                self._warn(watched)

    def _wait(self) -> _Watched | None:
        """The next one that is due; ``None`` when closed."""
        while not self._closed:
            while self._due and self._due[0][2].has_ended:
                heapq.heappop(self._due)
            left = self._due[0][0] - time.monotonic() if self._due else None
            if left is not None and left <= 0:
                return heapq.heappop(self._due)[2]
            self._changed.wait(left)
        return None

    def _warn(self, watched: _Watched) -> None:
        repetition = watched.repetition
        # A cancel came after the limit was set down, so that it is the reason where there was one.
        reason = (
            repetition.stop.reason if repetition.stop.status is not None else watched.reasons[0]
        )
        repetition.overdue(f"{reason}; {_ADVICE}")
        repetition.log.say(Level.WARN, f"{repetition.name}: {reason}, but {_ADVICE}.")


class _Watched:
    """One repetition that runs."""

    def __init__(self, repetition: Repetition) -> None:
        self.repetition = repetition
        self.reasons: list[str] = []
        self.has_ended = False
        self.is_said = False
