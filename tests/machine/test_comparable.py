"""Whether two measurements may be compared: vectors of what differs, and the reason that is named."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

import autobench_nb as ab
from autobench_nb.errors import ComparisonError, OptionError
from autobench_nb.machine import Conditions, Fingerprint, Noise
from autobench_nb.machine.comparison import CODES, NoiseLimits, Repeated

HERE = Fingerprint(
    host="bench-1",
    architecture="x86_64",
    cpu_model="Intel i7",
    cores=4,
    processors=8,
    usable=8,
    max_mhz=4800.0,
    governor="performance",
    turbo=False,
    smt=True,
    memory_bytes=16_000_000_000,
    kernel="Linux 6.1",
    os="Debian 12",
    virtualization="none",
    container="none",
    cgroup=2,
    tools={"gcc": "12.2.0"},
    commit="a" * 40,
    dirty=False,
)
QUIET = Noise(0.5, 3000.0, 50.0, 0.0, 0.01, 0.0, 0, 0.0)


def side(
    name: str,
    *machines: Fingerprint,
    noise: Noise = QUIET,
    wall_s: float | None = 1.0,
    times: int = 5,
) -> Conditions:
    return Conditions(name, machines or (HERE,), (Repeated(wall_s, noise),) * times)


def other(**changes: Any) -> Fingerprint:
    return dataclasses.replace(HERE, **changes)


MACHINES: dict[str, dict[str, Any]] = {
    "host": {"host": "bench-2"},
    "cpu": {"cpu_model": "AMD Ryzen"},
    "cpu of another architecture": {"architecture": "aarch64"},
    "cores": {"usable": 4},
    "cores that went offline": {"processors": 6},
    "frequency-limit": {"max_mhz": 4000.0},
    "governor": {"governor": "powersave"},
    "governor that is not known": {"governor": None},
    "turbo": {"turbo": True},
    "smt": {"smt": False},
    "memory": {"memory_bytes": 8_000_000_000},
    "kernel": {"kernel": "Linux 6.2"},
    "os": {"os": "Debian 13"},
    "virtualization": {"virtualization": "kvm"},
    "container": {"container": "docker"},
    "limits": {"cpu_limit": 2.0},
    "limits of memory": {"memory_limit_bytes": 1_000_000},
    "tools": {"tools": {"gcc": "13.1.0"}},
    "commit": {"commit": "b" * 40},
    "dirty": {"dirty": True},
}
NOISES = {
    "load": QUIET._replace(load=8.5),
    "pressure": QUIET._replace(cpu_pressure=0.3),
    "pressure of a disk": QUIET._replace(io_pressure=0.9),
    "steal": QUIET._replace(steal_s=0.05),
    "throttled": QUIET._replace(thermal_throttles=1),
    "quota": QUIET._replace(cgroup_throttled_s=0.02),
    "frequency": QUIET._replace(cpu_mhz=2000.0),
    "temperature": QUIET._replace(temperature_c=75.0),
}


def test_the_same_machine_in_peace_may_be_compared() -> None:
    verdict = ab.comparable(side("a"), side("b"))
    assert verdict
    assert verdict.reasons == ()
    assert str(verdict) == "comparable"
    assert verdict.check() is verdict


@pytest.mark.parametrize("case", MACHINES)
def test_what_differs_between_the_machines_is_the_named_reason(case: str) -> None:
    verdict = ab.comparable(side("a"), side("b", other(**MACHINES[case])))
    assert [reason.code for reason in verdict.reasons] == [case.split()[0]]
    assert "b" in verdict.reasons[0].text


@pytest.mark.parametrize("case", NOISES)
def test_what_disturbed_one_side_is_the_named_reason(case: str) -> None:
    for pair in (
        (side("a"), side("b", noise=NOISES[case])),
        (side("b", noise=NOISES[case]), side("a")),
    ):
        verdict = ab.comparable(*pair)
        assert [reason.code for reason in verdict.reasons] == [case.split()[0]]
        assert "b" in verdict.reasons[0].text


def test_every_code_has_a_case() -> None:
    cases = {case.split()[0] for case in (*MACHINES, *NOISES)}
    assert cases | {"nothing"} == set(CODES)


@pytest.mark.parametrize(
    "noise",
    [
        QUIET._replace(load=8.0),
        QUIET._replace(cpu_pressure=0.2),
        QUIET._replace(steal_s=0.009),
        QUIET._replace(cgroup_throttled_s=0.01),
        QUIET._replace(cpu_mhz=2800.0),
        QUIET._replace(temperature_c=69.0),
        Noise(),
    ],
)
def test_what_stays_within_the_limits_is_no_reason(noise: Noise) -> None:
    assert ab.comparable(side("a"), side("b", noise=noise))


def test_single_ticks_of_stolen_time_are_not_judged() -> None:
    short = side("b", noise=QUIET._replace(steal_s=0.01), wall_s=0.05, times=4)
    assert ab.comparable(side("a"), short)


def test_a_governor_that_changed_within_one_side_is_told_once() -> None:
    verdict = ab.comparable(side("a", HERE, other(governor="powersave")), side("b"))
    (reason,) = verdict.reasons
    assert reason == ("governor", "governor changed within a: performance, then powersave")


def test_a_tool_that_only_one_side_names_says_nothing() -> None:
    b = side("b", other(tools={"xz": "5.4"}))
    assert ab.comparable(side("a"), b)


def test_measures_that_no_machine_tells_are_named() -> None:
    verdict = ab.comparable(side("a", noise=Noise(load=1.0)), side("b", noise=Noise()))
    assert verdict
    assert verdict.unknown == tuple(name for name in Noise._fields if name != "load")
    assert "not known" in str(verdict)


def test_what_is_allowed_is_no_hindrance_and_is_still_told() -> None:
    b = side("b", other(commit="c" * 40, dirty=True))
    verdict = ab.comparable(side("a"), b, allow={"commit"})
    assert [reason.code for reason in verdict.reasons] == ["dirty"]
    assert [reason.code for reason in verdict.allowed] == ["commit"]
    assert ab.comparable(side("a"), b, allow=("commit", "dirty"))


def test_a_reason_that_there_is_not_cannot_be_allowed() -> None:
    with pytest.raises(OptionError, match="comit"):
        ab.comparable(side("a"), side("b"), allow="comit")


def test_the_error_names_every_reason_and_the_way_out() -> None:
    verdict = ab.comparable(side("a"), side("b", other(governor="powersave", kernel="x")))
    with pytest.raises(ComparisonError, match=r"governor: .*kernel|kernel: .*governor") as caught:
        verdict.check()
    assert {code for code, _ in caught.value.reasons} == {"governor", "kernel"}
    assert "allow=" in str(caught.value)


def test_limits_can_be_given() -> None:
    busy = side("b", noise=QUIET._replace(load=20.0))
    assert not ab.comparable(side("a"), busy)
    assert ab.comparable(side("a"), busy, limits=NoiseLimits(load=3.0))


def test_nothing_measured_cannot_be_compared() -> None:
    empty = Conditions("b", (HERE,), ())
    elsewhere = Conditions("b", (), (Repeated(1.0, Noise()),))
    for b in (empty, elsewhere):
        assert [reason.code for reason in ab.comparable(side("a"), b).reasons] == ["nothing"]
