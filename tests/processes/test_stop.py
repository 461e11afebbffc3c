"""The wish that something should end."""

from __future__ import annotations

import threading

from autobench_nb.processes.stop import Stop


def test_the_first_wish_to_stop_counts() -> None:
    stop: Stop[str] = Stop()
    assert not stop
    assert stop.request("timeout", "late")
    assert not stop.request("cancelled", "later")
    assert (stop.status, stop.reason) == ("timeout", "late")


def test_followers_are_told_once_and_late_ones_at_once() -> None:
    stop: Stop[str] = Stop()
    told: list[str] = []
    stop.follow(lambda: told.append("early"))
    stop.follow(lambda: told.append("gone"))()
    stop.request("cancelled", "")
    stop.follow(lambda: told.append("late"))
    assert told == ["early", "late"]


def test_a_callback_that_was_taken_back_does_not_run_any_more() -> None:
    """What it writes to may be closed by then, and its descriptor may be somebody else's."""
    stop: Stop[str] = Stop()
    runs, taken_back = threading.Event(), threading.Event()
    ran_on: list[bool] = []

    def callback() -> None:
        runs.set()
        ran_on.append(taken_back.wait(0.2))

    unfollow = stop.follow(callback)
    asks = threading.Thread(target=stop.request, args=("cancelled", ""))
    asks.start()
    runs.wait()
    unfollow()
    taken_back.set()
    asks.join()
    assert ran_on == [False]
