"""When the hub is flushed: at once after silence, together within a window, and soon where somebody hurries."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from autobench_nb.transports.flush_clock import FlushClock
from autobench_nb.transports.loop_thread import LoopThread

LONG_S = 3_600.0
PATIENCE_S = 20.0


class Flushes:
    """Counts them, as a hub that has something to flush each time."""

    def __init__(self, window_s: float) -> None:
        self.thread = LoopThread("autobench-test")
        self.clock = FlushClock(self.thread, window_s, self._flush)
        self.count = 0
        self.has_news = True
        self._changed = threading.Condition()

    def _flush(self) -> None:
        self.clock.begin()
        if self.has_news:
            self.clock.begin_window(self.thread.loop.time())
        with self._changed:
            self.count += 1
            self._changed.notify_all()

    def become(self, count: int) -> bool:
        """Wait for so many."""
        with self._changed:
            return self._changed.wait_for(lambda: self.count >= count, PATIENCE_S)

    def settle(self) -> None:
        """All that was asked for before has had its turn."""
        self.thread.fence().result(PATIENCE_S)
        self.thread.fence().result(PATIENCE_S)


@pytest.fixture
def flushes(request: pytest.FixtureRequest) -> Iterator[Flushes]:
    made = Flushes(getattr(request, "param", LONG_S))
    yield made
    made.clock.close()
    made.thread.stop()


def test_a_change_after_silence_leaves_at_once_and_the_window_begins_with_it(
    flushes: Flushes,
) -> None:
    flushes.clock.notify()
    assert flushes.become(1)
    for _ in range(10):
        flushes.clock.notify()
        flushes.settle()
    assert flushes.count == 1


@pytest.mark.parametrize("flushes", [0.001], indirect=True)
def test_what_follows_within_the_window_leaves_at_its_end(flushes: Flushes) -> None:
    for number in range(1, 20):
        flushes.clock.notify()
        assert flushes.become(number)


def test_a_flush_without_news_begins_no_window(flushes: Flushes) -> None:
    flushes.has_news = False
    for number in range(1, 20):
        flushes.clock.notify()
        assert flushes.become(number)


def test_who_hurries_does_not_wait_for_the_window(flushes: Flushes) -> None:
    flushes.clock.notify()
    assert flushes.become(1)
    flushes.clock.notify()
    flushes.clock.hurry()
    assert flushes.become(2)
    flushes.clock.hurry()
    assert flushes.become(3)


def test_a_closed_clock_flushes_no_more(flushes: Flushes) -> None:
    flushes.thread.wait_for(flushes.clock.close, timeout_s=PATIENCE_S)
    flushes.clock.notify()
    flushes.clock.hurry()
    flushes.settle()
    assert flushes.count == 0


def test_what_was_handed_over_before_the_end_is_still_done() -> None:
    for _ in range(20):
        thread = LoopThread("autobench-test")
        done: list[int] = []
        thread.call(done.append, 1)
        thread.stop()
        assert done == [1]
        assert thread.call(done.append, 2) is False
        assert thread.fence().done()
