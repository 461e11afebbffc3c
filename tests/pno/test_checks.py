"""The checks that come along, each over given facts; and the statistics behind "results moved"."""

from __future__ import annotations

import itertools
import random
from pathlib import Path
from typing import Any

import pytest

from autobench_nb.pno.checks import CHECKS
from autobench_nb.pno.facts import Disk, ErrorLine, Facts, HostNoise, WorkSeries
from autobench_nb.pno.found import Found, found_of
from autobench_nb.pno.gather import Gatherer
from autobench_nb.pno.statistics import shift
from autobench_nb.state import StateStore

NOW = 1_800_000_000.0
SEEN = "2027-01-15T07:59:41.000+00:00"


def found(check: str, **facts: Any) -> list[tuple[str, str, str]]:
    """What a check finds in facts: severity, subject, message."""
    return [
        (str(one.severity), one.subject, one.message)
        for one in CHECKS[check](Facts(now=NOW, **facts))
    ]


def a_device(**fields: Any) -> dict[str, Any]:
    return {"psu0": {"supervised": True, "status": "ok", "lastSeen": SEEN, "error": None, **fields}}


@pytest.mark.parametrize(
    ("record", "severities"),
    [
        (a_device(), []),
        (a_device(status="closed"), []),
        (a_device(status="unknown", lastSeen=None, failures=0), []),
        (a_device(status="unknown", error="no port", failures=1), ["warn"]),
        (a_device(status="unknown", lastSeen=None, error="no port", failures=1), ["warn"]),
        (a_device(status="degraded", error="no port", failures=4), ["error"]),
        ({"psu0": {"status": "degraded"}}, []),
    ],
)
def test_a_device_that_does_not_answer_is_silent(record: Any, severities: list[str]) -> None:
    assert [one[0] for one in found("device silent", devices=record)] == severities


def test_a_silent_device_says_since_when_what_was_desired_and_where_to_look() -> None:
    devices = a_device(status="degraded", desired={"port1": "on"}, error="no port is there")
    (one,) = CHECKS["device silent"](Facts(now=NOW, devices=devices))
    said = "No answer since 07:59:41 UTC (desired: port1 on): no port is there"
    assert one.message == said
    assert one.evidence[0]["query"] == "device:psu0"
    assert one.evidence[1]["deviceId"] == "psu0"


def test_a_device_that_is_not_as_desired_is_found() -> None:
    devices = a_device(observed={"p": "off"}, desired={"p": "on"}, differs=["p"])
    assert found("device otherwise", devices=devices) == [
        ("warn", "psu0", "p is off, desired is on")
    ]
    assert found("device otherwise", devices=a_device(observed=None, differs=[])) == []


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({}, None),
        ({"frozenSince": (NOW - 14) * 1e3}, "Same picture since 07:59:46 UTC, limit 2 s"),
        ({"lastPictureAt": (NOW - 20) * 1e3}, "No picture since 07:59:40 UTC, limit 2 s"),
        ({"wanted": False, "frozenSince": 1.0}, None),
        (
            {"lastPictureAt": None, "restarts": 3, "reason": "no such device"},
            "No picture yet after 3 restarts: no such device",
        ),
    ],
)
def test_a_stream_that_stands_still_is_found(fields: dict[str, Any], says: str | None) -> None:
    stream = {
        "wanted": True, "frozenSince": None, "lastPictureAt": NOW * 1e3, "youngS": 2, "frozenS": 2,
    } | fields  # fmt: skip
    assert [one[2] for one in found("stream frozen", streams={"cam1": stream})] == (
        [] if says is None else [says]
    )


@pytest.mark.parametrize(
    ("free", "severity"), [(9e9, None), (1e9, "warn"), (1e8, "error"), (0, "error")]
)
def test_little_room_is_found(free: float, severity: str | None) -> None:
    given = found("disk space", disks=[Disk("/data", int(free), int(1e12))])
    assert [one[0] for one in given] == ([] if severity is None else [severity])


@pytest.mark.parametrize(
    ("step", "says"),
    [
        (0.0, None),
        (0.05, None),
        (0.212, "The clock went 212 ms forward"),
        (-3600, "The clock went 3600.0 s back"),
    ],
)
def test_a_clock_that_was_set_is_found(step: float, says: str | None) -> None:
    given = found("clock stepped", clock_steps_s=[step])
    assert [one[2][: len(says or "")] for one in given] == ([] if says is None else [says])


@pytest.mark.parametrize(
    ("host", "severities"),
    [
        (HostNoise([], 0.1, 4, 0, {}), []),
        (HostNoise([], None, 4, 0, {}), []),
        (HostNoise(["performance"] * 4, 1.0, 4, 1, {}), []),
        (HostNoise(["performance"] * 4, 1.9, 4, 0, {}), ["warn"]),
        (HostNoise(["powersave"] * 4, 0, 4, 0, {}), ["info"]),
        (HostNoise(["powersave", "performance"], 3, 2, 1, {}), ["warn", "info"]),
    ],
)
def test_a_host_that_is_busy_or_saves_power_is_noisy(
    host: HostNoise, severities: list[str]
) -> None:
    assert [one[0] for one in found("noisy host", host=host)] == severities


def test_others_keep_no_more_processors_busy_than_there_are() -> None:
    """A load counts those that wait, too."""
    says = [found("noisy host", host=HostNoise([], load, 2, 0, {}))[0][2] for load in (1.5, 10.6)]
    assert says == [
        "Others keep 1.5 of 2 processors busy: measurements scatter",
        "Others keep all 2 processors busy, of a load of 10.6: measurements scatter",
    ]


@pytest.mark.parametrize(
    ("before", "now", "count"),
    [
        (None, {"cpu0": 5}, 0),
        ({"cpu0": 5}, {"cpu0": 5}, 0),
        ({"cpu0": 5}, {"cpu0": 8}, 1),
        ({}, {"cpu9": 3}, 0),
    ],
)
def test_heat_is_found_where_it_slowed_since_the_last_scan(
    before: Any, now: Any, count: int
) -> None:
    host = HostNoise([], 0, 2, 0, now)
    assert len(found("thermal throttling", host=host, throttled_before=before)) == count


def test_errors_are_found_where_there_are_more_than_before() -> None:
    recent = [ErrorLine(n, NOW - 10 - n, "app") for n in range(6)]
    long_ago = [ErrorLine(100 + n, NOW - 200 - 15 * n, "app") for n in range(100)]
    (one,) = CHECKS["error rate"](Facts(now=NOW, errors=recent))
    assert one.message == "6 errors in 2 min, before there were none"
    assert one.evidence[0]["seqs"] == list(range(6))
    assert found("error rate", errors=long_ago + recent) == []
    assert found("error rate", errors=recent[:4]) == []
    assert found("error rate", errors=[]) == []


def test_work_that_became_slower_is_found_with_its_numbers() -> None:
    chance = random.Random(7)
    old = [1.84 + chance.gauss(0, 0.01) for _ in range(12)]
    new = [1.92 + chance.gauss(0, 0.01) for _ in range(5)]
    (one,) = CHECKS["results moved"](
        Facts(now=NOW, series=[WorkSeries("gzip -9", "job-7", old, new)])
    )
    assert (str(one.severity), one.subject) == ("warn", "gzip -9")
    assert "+4." in one.message
    assert "Mann-Whitney p" in one.message
    numbers, job = one.evidence
    assert numbers["values"]["delta"] == 1.0
    assert len(numbers["series"]) == 13
    assert job["jobIds"] == ["job-7"]
    faster = found("results moved", series=[WorkSeries("x", "j", new * 3, old[:5])])
    assert [one[0] for one in faster] == ["info"]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ([1.0] * 12, [1.0] * 5),
        ([1.0, 1.1] * 6, [1.05, 1.0, 1.1, 1.02, 1.08]),
        ([1.0] * 12, [5.0, 5.0]),
        ([1.0, 2.0], [5.0] * 9),
        ([1.0 + n / 1e6 for n in range(12)], [1.001 + n / 1e6 for n in range(9)]),
    ],
)
def test_chance_few_values_and_trifles_are_no_finding(old: list[float], new: list[float]) -> None:
    assert found("results moved", series=[WorkSeries("x", "j", old, new)]) == []


@pytest.mark.parametrize(("m", "n"), [(3, 3), (4, 2), (5, 3), (1, 4)])
def test_the_exact_probability_is_that_of_all_orders(m: int, n: int) -> None:
    def u(new: Any, old: Any) -> float:
        return float(sum(x > y for x in new for y in old))

    values = [float(one) for one in range(m + n)]
    every = []
    for chosen in itertools.combinations(values, n):
        rest = [one for one in values if one not in chosen]
        every.append(min(u(chosen, rest), m * n - u(chosen, rest)))
    for chosen in itertools.combinations(values, n):
        rest = [one for one in values if one not in chosen]
        mine = min(u(chosen, rest), m * n - u(chosen, rest))
        # Both sides: as far from the middle, or farther.
        share = sum(one <= mine for one in every) / len(every)
        assert shift(rest, chosen).p == pytest.approx(min(1.0, share))


def test_the_near_probability_is_near_the_exact_one_and_ties_are_taken_in() -> None:
    old = [float(n) for n in range(30)]
    new = [n + 7.5 for n in range(20)]
    # What scipy.stats.mannwhitneyu(new, old, method="asymptotic") gives for these samples.
    assert shift(old, new).p == pytest.approx(0.32696466968888227)
    tied = shift([1, 2, 2, 3, 3, 3, 4, 5], [3, 4, 4, 5, 6, 6, 7])
    assert tied.p == pytest.approx(0.015984685125196244)
    same = shift([1.0] * 9, [1.0] * 9)
    assert (same.p, same.delta, same.ratio) == (1.0, 0.0, 1.0)
    with pytest.raises(ValueError, match="two samples"):
        shift([], [1.0])


def test_chance_alone_is_told_as_often_as_the_test_says() -> None:
    chance = random.Random(1)
    told = 0
    for _ in range(1_000):
        old = [chance.gauss(1, 0.1) for _ in range(20)]
        new = [chance.gauss(1, 0.1) for _ in range(8)]
        told += shift(old, new).p < 0.05
    assert 25 <= told <= 75


def test_what_a_check_gives_is_read_in_all_its_forms() -> None:
    one = Found("x")
    assert [found_of(given) for given in (None, one, "y", [one, "y"], iter([one]))] == [
        [], [one], [Found("y")], [one, Found("y")], [one],
    ]  # fmt: skip
    with pytest.raises(TypeError, match="it gave int"):
        found_of(3)


def test_facts_are_gathered_from_the_machine_and_remembered(tmp_path: Path) -> None:
    for number in range(2):
        cpu = tmp_path / f"sys/devices/system/cpu/cpu{number}"
        (cpu / "cpufreq").mkdir(parents=True)
        (cpu / "thermal_throttle").mkdir()
        (cpu / "cpufreq/scaling_governor").write_text("powersave\n")
        (cpu / "thermal_throttle/core_throttle_count").write_text("3\n")
    gatherer = Gatherer(
        StateStore(), root=tmp_path, paths={"runs": str(tmp_path), "gone": "/no/such/folder"}
    )
    first = gatherer.facts()
    assert first.host is not None
    assert first.host.governors == ["powersave", "powersave"]
    assert first.throttled_before is None
    assert first.disks[0].total > 0
    (tmp_path / "sys/devices/system/cpu/cpu0/thermal_throttle/core_throttle_count").write_text("9")
    second = gatherer.facts()
    assert second.throttled_before == {"cpu0": 3, "cpu1": 3}
    assert len(list(CHECKS["thermal throttling"](second))) == 1
    assert abs(second.clock_steps_s[0]) < 1
