"""What decides without acting: work, schedule, endings, timing, back pressure, stop."""

from __future__ import annotations

import functools
import statistics
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autobench_nb.errors import JobError
from autobench_nb.jobs.timing import Timing
from autobench_nb.jobs.work import How, Task, read_work
from autobench_nb.processes.pressure import Pressure
from autobench_nb.state.model import JobKind

# --- work


def task(work: Any, **how: Any) -> Task:
    (only,) = read_work(work, **how)
    return only


def test_text_is_a_shell_command() -> None:
    assert task("ls | wc") == Task(
        "ls | wc", JobKind.COMMAND, "ls | wc", ("/bin/sh", "-c", "ls | wc"), True
    )


def test_another_shell_can_be_named() -> None:
    assert task("ls", shell="/bin/bash").argv == ("/bin/bash", "-c", "ls")


def test_without_a_shell_text_is_split_into_words() -> None:
    assert task("ls 'a b'", shell=False).argv == ("ls", "a b")


def test_a_list_within_a_list_is_an_argument_vector() -> None:
    assert task([["ls", "a b"]]) == Task("ls 'a b'", JobKind.COMMAND, "ls 'a b'", ("ls", "a b"))


def test_a_list_of_texts_is_several_commands() -> None:
    assert [one.command for one in read_work(["a", "b"])] == ["a", "b"]


def test_labels_are_names() -> None:
    assert [one.name for one in read_work({"x": "a", "y": ["b", "c"]})] == ["x", "y"]


def test_a_name_names_one_job_and_stands_before_several() -> None:
    assert task("a", name="n").name == "n"
    assert task(["a"], name="n").name == "n"
    assert [one.name for one in read_work(["a", "b"], name="n")] == ["n: a", "n: b"]


def test_a_callable_has_its_own_name() -> None:
    def mine() -> None: ...

    assert task(functools.partial(mine)).name.endswith("mine")
    assert task(mine).kind is JobKind.CALLABLE


@pytest.mark.parametrize(
    "work",
    ["", "  ", "a\0b", [], {}, [[]], [[""]], [["a", 1]], 3, [None], [["ls", "a\0"]], [b"ls"]],
)
def test_what_cannot_be_run_is_refused(work: Any) -> None:
    with pytest.raises(JobError):
        read_work(work)


def test_unbalanced_quotes_are_refused_without_a_shell() -> None:
    with pytest.raises(JobError, match="quotation"):
        read_work("a 'b", shell=False)


@pytest.mark.parametrize(
    "wrong",
    [
        {"repeat": 0},
        {"repeat": True},
        {"warmup": -1},
        {"timeout_s": 0},
        {"timeout_s": float("nan")},
        {"timeout_s": float("inf")},
        {"env": {"A=B": "c"}},
        {"env": {"A": 1}},
    ],
)
def test_impossible_ways_to_run_are_refused_by_name(wrong: dict[str, Any]) -> None:
    with pytest.raises(JobError, match=next(iter(wrong))):
        How(**wrong)


# --- timing


@given(st.lists(st.floats(0, 1e6), min_size=2, max_size=50))
def test_mean_and_spread_are_those_of_the_statistics_module(walls: list[float]) -> None:
    timing = Timing()
    for wall in walls:
        timing.add(wall)
    assert timing.mean_s == pytest.approx(statistics.fmean(walls), rel=1e-9, abs=1e-9)
    assert timing.sd_s == pytest.approx(statistics.stdev(walls), rel=1e-6, abs=1e-6)


def test_before_the_first_repetition_nothing_is_foretold() -> None:
    timing = Timing()
    assert (timing.mean_s, timing.sd_s, timing.eta_s(3)) == (None, None, None)
    timing.add(2.0)
    assert (timing.mean_s, timing.sd_s, timing.eta_s(3)) == (2.0, None, 6.0)


# --- back pressure


class Clock:
    """A log path that stays full while its own time passes."""

    def __init__(self, full_for_s: float) -> None:
        self.now = 0.0
        self.asked: list[float] = []
        self._full_for_s = full_for_s

    def __call__(self) -> float:
        return self.now

    def ready(self, timeout_s: float) -> bool:
        self.asked.append(timeout_s)
        self.now += timeout_s
        return self.now > self._full_for_s


def never() -> bool:
    return False


def test_a_full_log_path_is_waited_for() -> None:
    clock = Clock(full_for_s=0.3)
    Pressure(clock.ready, clock=clock).wait(never)
    assert 0.3 < clock.now < 0.5


def test_a_log_path_that_nobody_drains_is_not_waited_for_again() -> None:
    clock = Clock(full_for_s=1e9)
    pressure = Pressure(clock.ready, patience_s=1.0, clock=clock)
    pressure.wait(never)
    assert clock.now == pytest.approx(1.0)
    pressure.wait(never)
    assert clock.now == pytest.approx(1.0)


def test_a_log_path_that_has_room_again_is_waited_for_again() -> None:
    clock = Clock(full_for_s=1e9)
    pressure = Pressure(clock.ready, patience_s=1.0, clock=clock)
    pressure.wait(never)
    clock._full_for_s = 0.0
    pressure.wait(never)
    clock._full_for_s = clock.now + 0.5
    pressure.wait(never)
    assert clock.now == pytest.approx(1.5, abs=0.1)


def test_who_is_in_a_hurry_does_not_wait() -> None:
    clock = Clock(full_for_s=1e9)
    Pressure(clock.ready, clock=clock).wait(lambda: True)
    assert clock.now == 0.0
