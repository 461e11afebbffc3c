"""A look through the log is as long as its time allows, whatever its query costs."""

from __future__ import annotations

from autobench_nb.sync.server.pace import FLUSH_S, KNOWN, STEP_S, LookPace


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def look(pace: LookPace, clock: Clock, query: str, entries: int, seconds: float) -> None:
    pace.begin()
    clock.now += seconds
    pace.end(query, entries)


def test_a_query_is_asked_of_as_many_entries_as_fit_into_a_step() -> None:
    clock = Clock()
    pace = LookPace(clock)
    assert pace.most("q", 30, 5_000) == 30
    look(pace, clock, "q", 30, 30 * STEP_S / 10)
    assert pace.most("q", 30, 5_000) in (9, 10)
    assert pace.most("other", 30, 5_000) == 30
    look(pace, clock, "q", 10, 0.0)
    assert pace.most("q", 30, 5_000) in (19, 20)  # one quick look may have been lucky
    look(pace, clock, "q", 10, 10 * STEP_S)
    assert pace.most("q", 30, 5_000) == 1


def test_a_quick_query_is_asked_of_more_than_was_guessed() -> None:
    clock = Clock()
    pace = LookPace(clock)
    look(pace, clock, "q", 30, 30 * STEP_S / 1_000)
    assert 990 <= pace.most("q", 30, 5_000) <= 1_000
    assert pace.most("q", 30, 500) == 500
    pace.end("q", 0)


def test_a_flush_begins_nothing_when_its_time_is_over() -> None:
    clock = Clock()
    pace = LookPace(clock)
    pace.begin_flush()
    assert not pace.is_over
    clock.now += FLUSH_S
    assert pace.is_over


def test_the_queries_that_are_remembered_do_not_pile_up() -> None:
    clock = Clock()
    pace = LookPace(clock)
    for number in range(3 * KNOWN):
        look(pace, clock, f"q{number}", 1, 1.0)
    assert len(pace._entry_s) == KNOWN
