"""When a sidecar is started, ended and started again, without a process or a clock."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autobench_nb.sidecars.ffmpeg import PictureLimits
from autobench_nb.sidecars.health import PictureClock, checks_of, status_of
from autobench_nb.sidecars.machine import (
    RestartPolicy,
    SidecarEffect,
    SidecarMachine,
    SidecarPhase,
)

LAUNCH, END = SidecarEffect.LAUNCH, SidecarEffect.END
POLICY = RestartPolicy(first_s=1, factor=2, longest_s=5, jitter=0, tries=4, settled_s=10, hung_s=30)


def machine(policy: RestartPolicy = POLICY) -> SidecarMachine:
    return SidecarMachine(policy, lambda: 0.5)


def test_it_is_started_once_and_ended_once() -> None:
    one = machine()
    assert one.start(0) == [LAUNCH]
    assert one.start(1) == []
    one.picture(2)
    assert one.phase is SidecarPhase.LIVE
    assert one.stop() == [END]
    assert one.stop() == []
    assert one.exited(3, "killed") == []
    assert (one.phase, one.reason) == (SidecarPhase.OFF, None)


def test_one_that_ends_by_itself_is_started_again_later_and_later_and_then_given_up() -> None:
    one = machine()
    now, pauses = 0.0, []
    one.start(now)
    while one.exited(now, "exit status 1") == [] and one.phase is SidecarPhase.WAITING:
        assert one.next_try is not None
        pauses.append(one.next_try - now)
        assert one.tick(one.next_try - 0.01) == []
        now = one.next_try
        assert one.tick(now) == [LAUNCH]
    assert pauses == [1, 2, 4]
    assert (one.phase, one.reason, one.restarts) == (SidecarPhase.GIVEN_UP, "exit status 1", 3)
    assert one.due is None
    assert one.start(now) == [LAUNCH]


def test_one_that_ran_well_for_a_while_has_its_tries_anew() -> None:
    one = machine()
    one.start(0)
    one.exited(0, "x")
    one.tick(1)
    one.picture(12)
    one.exited(12, "unplugged")
    assert one.next_try == 13


def test_one_that_runs_and_gives_no_picture_is_ended_and_tried_again() -> None:
    one = machine()
    one.start(0)
    one.picture(5)
    assert one.due == 35
    assert one.tick(34.9) == []
    assert one.tick(35) == [END]
    assert one.tick(90) == []
    one.exited(36, "killed by SIGTERM")
    assert one.phase is SidecarPhase.WAITING
    assert one.reason == "no picture came for 30 s, so it was ended"


def test_one_that_is_wanted_again_while_it_ends_is_launched_when_it_has_ended() -> None:
    one = machine()
    one.start(0)
    one.stop()
    assert one.start(1) == []
    assert one.exited(2, "ended") == [LAUNCH]
    assert one.restarts == 0


def test_stopping_one_that_waits_ends_the_waiting() -> None:
    one = machine()
    one.start(0)
    one.exited(0, "x")
    assert one.stop() == []
    assert (one.phase, one.next_try, one.due) == (SidecarPhase.OFF, None, None)


@given(
    st.lists(st.sampled_from(["start", "stop", "picture", "exited", "tick"]), max_size=60),
    st.floats(0, 1),
)
def test_there_is_never_more_than_one_process_and_what_is_wanted_is_always_tried(
    events: list[str], chance: float
) -> None:
    one = SidecarMachine(RestartPolicy(tries=None), lambda: chance)
    runs, now = 0, 0.0
    for event in events:
        now += 7
        if event == "start":
            effects = one.start(now)
        elif event == "stop":
            effects = one.stop()
        elif event == "tick":
            effects = one.tick(now)
        elif event == "picture" and runs:
            one.picture(now)
            effects = []
        elif event == "exited" and runs:
            runs -= 1
            effects = one.exited(now, "x")
        else:
            effects = []
        assert effects.count(END) <= runs
        runs += effects.count(LAUNCH)
        assert runs in (0, 1)
        assert one.has_process == bool(runs)
        assert not one.wanted or runs or one.due is not None
        assert one.wanted or one.phase in (SidecarPhase.OFF, SidecarPhase.ENDING)


@given(st.integers(1, 10_000), st.floats(0, 1))
def test_a_pause_is_never_longer_than_the_longest_with_its_jitter(
    failures: int, chance: float
) -> None:
    policy = RestartPolicy()
    assert 0 < policy.pause_s(failures, chance) <= policy.longest_s * (1 + policy.jitter)


LIMITS = PictureLimits(young_s=2, frozen_s=10)


def seen(machine: SidecarMachine, clock: PictureClock, now: float) -> tuple[object, ...]:
    checks = checks_of(machine, clock, LIMITS, now)
    return (
        status_of(machine, checks),
        *(checks[key]["ok"] for key in ("process", "young", "moving")),
    )


def test_each_of_the_three_checks_fails_by_itself() -> None:
    one, clock = machine(), PictureClock()
    assert seen(one, clock, 0) == ("off", None, None, None)
    one.start(0)
    assert seen(one, clock, 1) == ("starting", True, None, None)
    assert seen(one, clock, 3) == ("starting", True, False, None)
    for now in range(4, 30):
        clock.came(b"a" if now < 8 else b"b", now)
        one.picture(now)
        expected = ("live", True) if now <= 18 else ("frozen", False)
        assert seen(one, clock, now) == (expected[0], True, True, expected[1])
    assert seen(one, clock, 33) == ("silent", True, False, None)
    one.exited(33, "killed")
    assert seen(one, clock, 33)[:2] == ("waiting", False)


@pytest.mark.parametrize("gap", [0.1, 0.5])
def test_the_rate_is_that_of_late(gap: float) -> None:
    clock = PictureClock()
    for number in range(100):
        clock.came(b"x" * 100, number * gap)
    rates = clock.rates(99 * gap)
    assert rates == pytest.approx((1 / gap, 100 / gap))
    assert clock.rates(99 * gap + 60) is None
