"""The machine of a device: what it asks for, what it says, and that whatever happens it never says a stale value."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from autobench_nb.contract.devices import DeviceHealth, Fate
from autobench_nb.devices.events import (
    ActionAcknowledged,
    ActionAsked,
    ActionDropped,
    ActionFailed,
    CloseDevice,
    DeviceEvent,
    DeviceRemoved,
    Policy,
    ProbeAnswered,
    ProbeAsked,
    ProbeFailed,
    SettleAction,
    StartAction,
    StartProbe,
    TakeSample,
    TellHealth,
    TimePassed,
    WishChanged,
)
from autobench_nb.devices.machine import DeviceMachine
from autobench_nb.errors import ConfigError

POLICY = Policy(every_s=10, timeout_s=2, degraded_after=3, backoff_max_s=8, action_timeout_s=5)


def begun(policy: Policy = POLICY, now: float = 0.0) -> DeviceMachine:
    machine = DeviceMachine(policy)
    assert machine.handle(TimePassed(), now) == [StartProbe()]
    return machine


def well(policy: Policy = POLICY, now: float = 0.0, **observed: Any) -> DeviceMachine:
    machine = begun(policy, now)
    machine.handle(ProbeAnswered(observed or {"volts": 5.0}), now)
    return machine


def vars_of(machine: DeviceMachine) -> tuple[DeviceHealth, Any]:
    return machine.health, machine.observed


def test_an_answer_is_observed_sampled_and_asked_for_again_after_its_period() -> None:
    machine = begun()
    assert machine.health is DeviceHealth.UNKNOWN
    effects = machine.handle(ProbeAnswered({"volts": 5.0}), 0.5)
    assert effects == [TellHealth(DeviceHealth.OK, None), TakeSample({"volts": 5.0})]
    assert (machine.observed, machine.last_seen) == ({"volts": 5.0}, 0.5)
    assert machine.next_deadline() == 10.0
    assert machine.handle(TimePassed(), 9.9) == []
    assert machine.handle(TimePassed(), 10.0) == [StartProbe()]


def test_one_failure_makes_it_unknown_and_so_many_degraded_at_growing_distances() -> None:
    machine = well()
    assert machine.handle(TimePassed(), 10) == [StartProbe()]
    now, seen = 10.0, []
    for _ in range(6):
        effects = machine.handle(ProbeFailed("no such file"), now)
        due = machine.next_deadline()
        assert due is not None
        seen.append((effects, due - now))
        assert (machine.observed, machine.was) == (None, {"volts": 5.0})
        now = due
        assert machine.handle(TimePassed(), now) == [StartProbe()]
    assert [pause for _, pause in seen] == [1, 2, 4, 8, 8, 8]
    assert [effects for effects, _ in seen] == [
        [TellHealth(DeviceHealth.UNKNOWN, "no such file")],
        [],
        [TellHealth(DeviceHealth.DEGRADED, "no such file")],
        [],
        [],
        [],
    ]
    assert machine.handle(ProbeAnswered({"volts": 4.9}), now)[0] == TellHealth(
        DeviceHealth.OK, None
    )
    assert (machine.failures, machine.error, machine.observed) == (0, None, {"volts": 4.9})


@pytest.mark.parametrize(("drawn", "pause"), [(0.0, 0.75), (0.5, 1.0), (1.0, 1.25)])
def test_chance_spreads_the_tries(drawn: float, pause: float) -> None:
    machine = begun(Policy(every_s=10, jitter=0.25, chance=lambda: drawn))
    machine.handle(ProbeFailed("gone"), 0)
    assert machine.next_deadline() == pause


def test_a_probe_that_hangs_is_told_counted_and_not_begun_a_second_time() -> None:
    machine = begun()
    assert machine.next_deadline() == 2
    assert machine.handle(TimePassed(), 2) == []
    assert (machine.health, machine.error) == (DeviceHealth.UNKNOWN, "no answer within 2 s")
    started = 0
    now = 2.0
    for _ in range(4):
        due = machine.next_deadline()
        assert due is not None
        assert due > now
        now = due
        started += sum(isinstance(one, StartProbe) for one in machine.handle(TimePassed(), now))
    assert started == 0
    assert machine.health is DeviceHealth.DEGRADED
    assert machine.error == f"a probe has not come back for {now:.3g} s"
    # What comes back so late is no news of now: the device is asked anew.
    assert machine.handle(ProbeAnswered({"volts": 1.0}), now + 1) == [StartProbe()]
    assert machine.observed is None
    machine.handle(ProbeAnswered({"volts": 2.0}), now + 1)
    record = vars_of(machine)
    assert record == (DeviceHealth.OK, {"volts": 2.0})


def test_an_action_is_acknowledged_and_followed_by_a_probe() -> None:
    machine = well()
    assert machine.handle(ActionAsked("a1", "on", {"port": 1}), 1) == [
        StartAction("a1", "on", {"port": 1})
    ]
    effects = machine.handle(ActionAcknowledged(7, {"port1": "on"}), 1.034)
    assert effects == [SettleAction("a1"), StartProbe()]
    (asked,) = machine.asked()
    assert (asked.fate, asked.value, asked.record(0)["tookMs"]) == (Fate.DONE, 7, 34.0)
    assert machine.desired == {"port1": "on"}
    machine.handle(ProbeAnswered({"port1": "off"}), 1.1)
    assert machine.differs == ["port1"]
    machine.handle(WishChanged({"port1": None}), 1.2)
    assert machine.differs == []


def test_actions_wait_in_their_order_and_probes_get_their_turn() -> None:
    machine = begun(Policy(every_s=1))
    for number in range(3):
        assert machine.handle(ActionAsked(f"a{number}", "x", {}), 0) == []
    order: list[Any] = []
    effects = machine.handle(ProbeAnswered({}), 0)
    for step in range(1, 7):
        order += [one for one in effects if isinstance(one, StartAction | StartProbe)]
        busy = machine.doing is not None
        effects = machine.handle(ActionFailed("no") if busy else ProbeAnswered({}), float(step))
    starts = [one.id if isinstance(one, StartAction) else "probe" for one in order]
    assert starts == ["a0", "probe", "a1", "probe", "a2", "probe"]


def test_an_action_without_acknowledgement_times_out_and_nothing_else_is_begun() -> None:
    machine = well()
    machine.handle(ActionAsked("slow", "zero", {}), 1)
    machine.handle(ActionAsked("next", "zero", {}), 2)
    assert machine.next_deadline() == 6
    assert machine.handle(TimePassed(), 6) == [SettleAction("slow")]
    assert machine.asked()[0].fate is Fate.TIMEOUT
    assert "it may be done all the same" in (machine.asked()[0].reason or "")
    assert machine.handle(TimePassed(), 7) == [SettleAction("next")]
    assert "the device was busy" in (machine.asked()[1].reason or "")
    assert machine.is_busy
    effects = machine.handle(ActionAcknowledged("at last"), 9)
    assert effects == [StartProbe()]
    slow, following = machine.asked()
    assert (slow.fate, slow.value) == (Fate.TIMEOUT, None)
    assert str(slow.reason).endswith("it was acknowledged after 8 s")
    assert following.fate is Fate.TIMEOUT


def test_a_long_action_makes_what_was_observed_unknown() -> None:
    machine = well(Policy(every_s=1, timeout_s=2, action_timeout_s=100))
    machine.handle(ActionAsked("long", "burn", {}), 0.5)
    assert machine.next_deadline() == 4
    assert machine.handle(TimePassed(), 4) == [
        TellHealth(DeviceHealth.UNKNOWN, "busy with burn for 4 s, so it is not known how it is")
    ]
    assert (machine.observed, machine.was) == (None, {"volts": 5.0})


@pytest.mark.parametrize("refusal", ["there is no action 'explode'", "psu0 is degraded"])
def test_what_cannot_be_done_is_refused_with_its_reason(refusal: str) -> None:
    machine = well()
    assert machine.handle(ActionAsked("a", "explode", {}, refusal=refusal), 1) == [
        SettleAction("a")
    ]
    assert machine.asked()[0].record(0)["reason"] == refusal
    assert machine.asked()[0].fate is Fate.REFUSED


def test_the_queue_of_actions_is_bounded() -> None:
    machine = begun(Policy(max_waiting=2))
    for number in range(3):
        machine.handle(ActionAsked(str(number), "x", {}), 0)
    assert [one.fate for one in machine.asked()] == [Fate.REFUSED, Fate.WAITING, Fate.WAITING]
    assert machine.asked()[0].reason == "2 actions wait already"


def test_an_action_that_nobody_wants_is_cancelled_where_it_stands() -> None:
    machine = well()
    machine.handle(ActionAsked("a", "x", {}), 1)
    machine.handle(ActionAsked("b", "x", {}), 1)
    assert machine.handle(ActionDropped("b", "the step was cancelled"), 2) == [SettleAction("b")]
    assert machine.handle(ActionDropped("a", "the step was cancelled"), 2) == [SettleAction("a")]
    assert machine.handle(ActionDropped("a", "again"), 2) == []
    assert [one.reason for one in machine.asked()] == [
        "the step was cancelled",
        "the step was cancelled; it had begun",
    ]
    assert machine.handle(ActionAcknowledged(), 3) == [StartProbe()]


def test_a_device_that_is_removed_settles_what_waits_and_takes_nothing_more() -> None:
    machine = well()
    machine.handle(ActionAsked("a", "x", {}), 1)
    machine.handle(ActionAsked("b", "x", {}), 1)
    effects = machine.handle(DeviceRemoved("removed"), 2)
    assert effects == [
        SettleAction("b"),
        SettleAction("a"),
        TellHealth(DeviceHealth.CLOSED, "removed"),
        CloseDevice(),
    ]
    assert machine.next_deadline() is None
    assert machine.handle(ProbeAnswered({"x": 1}), 3) == []
    assert machine.handle(ActionAsked("c", "x", {}), 3) == [SettleAction("c")]
    assert machine.observed is None


def test_asking_now_brings_the_next_probe_forward() -> None:
    machine = well()
    assert machine.handle(ProbeAsked(), 1) == [StartProbe()]
    assert machine.handle(ProbeAsked(), 1) == []


@pytest.mark.parametrize(
    "given_",
    [
        {"every_s": 0},
        {"every_s": float("nan")},
        {"every_s": float("inf")},
        {"timeout_s": -1},
        {"degraded_after": 0},
        {"backoff_max_s": 0},
        {"jitter": 1.5},
        {"action_timeout_s": 0},
        {"max_waiting": 0},
        {"every_s": "1"},
    ],
)
def test_a_policy_that_is_not_possible_names_its_number(given_: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=next(iter(given_))):
        Policy(**given_)


events = some.one_of(
    some.builds(TimePassed),
    some.builds(ProbeAsked),
    some.builds(ProbeAnswered, some.fixed_dictionaries({"v": some.integers(0, 3)})),
    some.builds(ProbeFailed, some.just("gone")),
    some.builds(ActionAcknowledged),
    some.builds(ActionFailed, some.just("no")),
    some.builds(WishChanged, some.fixed_dictionaries({"v": some.integers(0, 3)})),
    some.builds(
        ActionAsked,
        some.uuids().map(str),
        some.just("x"),
        some.just({}),
        some.none() | some.floats(0.1, 20),
    ),
)


@settings(max_examples=150, deadline=None)
@given(some.lists(some.tuples(some.floats(0, 15), events, some.booleans()), max_size=60))
def test_whatever_happens_each_action_has_one_fate_and_nothing_stale_is_said(
    story: list[tuple[float, DeviceEvent, bool]],
) -> None:
    machine = DeviceMachine(POLICY)
    now, asked, fates = 0.0, set(), []
    running = None
    for wait, event, on_time in story:
        end = now + wait
        while on_time and (due := machine.next_deadline()) is not None and due <= end:
            # A machine that is woken when it asked to be always gets on: it cannot spin.
            now = max(now, due)
            effects = machine.handle(TimePassed(), now)
            fates += [one.id for one in effects if isinstance(one, SettleAction)]
            later = machine.next_deadline()
            assert later is None or later > now
            running = next(
                (one for one in effects if isinstance(one, StartProbe | StartAction)), running
            )
            assert sum(isinstance(one, StartProbe | StartAction) for one in effects) <= 1
        now = max(now, end)
        if isinstance(event, ProbeAnswered | ProbeFailed) != isinstance(running, StartProbe):
            continue
        if isinstance(event, ActionAsked):
            asked.add(event.id)
        effects = machine.handle(event, now)
        fates += [one.id for one in effects if isinstance(one, SettleAction)]
        running = next(
            (one for one in effects if isinstance(one, StartProbe | StartAction)), running
        )
        if machine.observed is not None:
            assert machine.last_seen is not None
            assert now - machine.last_seen < POLICY.stale_s
            assert machine.health is DeviceHealth.OK
        if machine.failures >= POLICY.degraded_after:
            assert machine.health is DeviceHealth.DEGRADED
        assert machine.doing is None or machine.probe_began is None
    fates += [
        one.id for one in machine.handle(DeviceRemoved("end"), now) if isinstance(one, SettleAction)
    ]
    assert sorted(fates) == sorted(asked)
