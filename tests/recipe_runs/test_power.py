"""The power along the time of a run: thinned as it grows, told in small parts, and only where something measures it."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import autobench_nb as ab
from autobench_nb.recipe_runs.power import FIRST_EVERY_MS, MOST_POINTS, PowerCourse
from autobench_nb.recipe_runs.run import RecipeRun
from tests.recipe_runs.conftest import PATIENCE_S, RunSteps
from tests.recipe_runs.test_showing import record_of, wait_for

SAMPLES = st.lists(
    st.tuples(st.floats(0.001, 40_000), st.floats(0, 1e5, allow_subnormal=False)), max_size=400
)


class Meter:
    """A meter that shows so many watts; it counts how often it was read."""

    name, type, units, power = "pm0", "power meter", {"watts": "W"}, "watts"

    def __init__(self) -> None:
        self.reads = 0
        self.actions: dict[str, Any] = {}
        self.read = threading.Event()

    def probe(self) -> dict[str, float]:
        self.reads += 1
        return {"watts": 60.0}

    def close(self) -> None:
        pass


def rising(pairs: list[tuple[float, float]], start_ms: float) -> list[tuple[float, float]]:
    """Distances and values as samples."""
    found, at = list[tuple[float, float]](), start_ms
    for apart, watts in pairs:
        at += apart
        found.append((at, watts))
    return found


def test_a_course_has_the_mean_the_least_and_the_most_of_each_stretch() -> None:
    course = PowerCourse("pm0", "watts", "W", 1_000.0)
    course.add([(1_000.0, 10.0), (1_100.0, 30.0), (1_200.0, float("nan")), (2_700.0, 5.0)])
    assert course.record() == {
        "deviceId": "pm0",
        "quantity": "watts",
        "unit": "W",
        "startsAt": 1_000.0,
        "everyMs": FIRST_EVERY_MS,
        "joules": 0.0,
        "points": [[0, 20, 10, 30], [3, 5, 5, 5]],
    }


def test_what_is_new_is_the_last_point_and_those_after_it() -> None:
    course = PowerCourse("pm0", "watts", "W", 0.0)
    course.add([(0.0, 10.0)])
    course.record()
    assert course.news() == []
    course.add([(100.0, 20.0), (600.0, 7.0), (1_100.0, 8.0)])
    assert course.news() == [
        ("points/0", [0, 15, 10, 20]),
        ("points/-", [1, 7, 7, 7]),
        ("points/-", [2, 8, 8, 8]),
    ]
    course.joules = 12.3456
    assert course.news() == [("joules", 12.35)]


def test_a_night_in_which_nothing_was_measured_takes_no_points() -> None:
    course = PowerCourse("pm0", "watts", "W", 0.0)
    night_ms = 14 * 3_600_000.0
    course.add([(500.0 * n, 10.0) for n in range(100)])
    course.add([(night_ms + 500.0 * n, 10.0) for n in range(100)])
    assert course.every_ms == FIRST_EVERY_MS
    assert len(course.record()["points"]) == 200


def test_a_clock_that_is_set_back_disturbs_no_order() -> None:
    course = PowerCourse("pm0", "watts", "W", 10_000.0)
    course.add([(12_000.0, 1.0), (10_500.0, 9.0), (9_000.0, 99.0), (12_600.0, 2.0)])
    assert course.record()["points"] == [[4, 5, 1, 9], [5, 2, 2, 2]]


@given(st.lists(SAMPLES, max_size=6))
def test_whatever_is_sampled_a_course_stays_short_keeps_each_peak_and_tells_its_news(
    parts: list[list[tuple[float, float]]],
) -> None:
    course = PowerCourse("pm0", "watts", "W", 5_000.0)
    told = course.record()
    at, values = 5_000.0, list[float]()
    for part in parts:
        samples = rising(part, at)
        values += [watts for _, watts in samples]
        course.add(samples)
        at = samples[-1][0] if samples else at
        for place, value in course.news():
            follow(told, place, value)
    whole = course.record()
    assert told == whole
    points = whole["points"]
    assert len(points) <= MOST_POINTS
    assert [one[0] for one in points] == sorted({one[0] for one in points})
    assert max((one[3] for one in points), default=None) == rounded(max(values, default=None))
    assert min((one[2] for one in points), default=None) == rounded(min(values, default=None))
    assert all(least <= mean <= most for _, mean, least, most in points)


def rounded(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.4g}")


def follow(record: dict[str, Any], place: str, value: Any) -> None:
    """Do to a copy of the record what the state is told."""
    name, _, number = place.partition("/")
    if not number:
        record[name] = value
    elif number == "-":
        record[name].append(value)
    else:
        record[name][int(number)] = value


def test_a_run_has_the_power_that_the_meter_saw_and_its_energy(
    bench: ab.Orchestrator, run_steps: RunSteps
) -> None:
    bench.devices.add(Meter(), every_s=0.05)
    run = run_steps({"id": "ask", "operator": {"ask": "Go on?"}}, wait=False)
    points = wait_for(lambda: record_of(bench, run).get("power", {}).get("points"))
    assert points[0][1:] == [60, 60, 60]
    assert run.status == "running"
    run.answer("done")
    assert run.wait(PATIENCE_S)
    power = record_of(bench, run)["power"]
    assert (power["deviceId"], power["quantity"], power["unit"]) == ("pm0", "watts", "W")
    assert 0 < power["joules"] <= 60 * (time.time() - power["startsAt"] / 1e3) * 1.001
    assert power["startsAt"] >= record_of(bench, run)["startedAt"]


def test_where_nothing_measures_power_a_run_has_none(
    bench: ab.Orchestrator, run_steps: RunSteps
) -> None:
    run = run_steps({"id": "one", "run": "true"})
    assert "power" not in record_of(bench, run)


def test_while_a_run_is_paused_nothing_of_it_is_measured(
    bench: ab.Orchestrator, run_steps: RunSteps, tmp_path: Path
) -> None:
    meter = Meter()
    bench.devices.add(meter, every_s=0.02)
    fifo = tmp_path / "fifo"
    run = run_steps(
        {"id": "make", "run": f"mkfifo {fifo}; cat {fifo}"},
        {"id": "last", "needs": ["make"], "run": "true"},
        wait=False,
    )
    wait_for(lambda: record_of(bench, run).get("power", {}).get("points"))
    run.pause()
    with fifo.open("w"):
        pass
    wait_for(lambda: run.steps["make"] == "succeeded")
    reads = meter.reads
    wait_for(lambda: meter.reads > reads + 150)
    run.resume()
    assert run.wait(PATIENCE_S)
    power = record_of(bench, run)["power"]
    record = record_of(bench, run)
    ended_ms = record["steps"]["make"]["finishedAt"]
    paused_ms = record["steps"]["last"]["startedAt"] - ended_ms
    times = [power["startsAt"] + one[0] * power["everyMs"] for one in power["points"]]
    # The look at which the pause was noticed, and the first one after it, may take a little of it.
    assert paused_ms > 2_000
    assert not [at for at in times if 0.3 < (at - ended_ms) / paused_ms < 0.7]
    lasted_s = (record["finishedAt"] - power["startsAt"]) / 1e3
    assert power["joules"] < 60 * (lasted_s - paused_ms / 2e3)


DIES = """
import os, sys, threading, time
import autobench_nb as ab
from tests.recipe_runs.conftest import recipe_of
from tests.recipe_runs.test_power import Meter
bench = ab.Orchestrator(
    environ={}, journal=ab.Journal(sys.argv[1], samples_every_s=1), connection_file=False
)
bench.devices.add(Meter(), every_s=0.1)
run = bench.run(recipe_of(
    {"id": "one", "run": "sleep 3"},
    {"id": "two", "needs": ["one"], "run": f"if [ -e again ]; then exec sleep 1; fi; exec sleep 600"},
), folder=sys.argv[2])
while run.steps["two"] != "running":
    time.sleep(0.01)
bench.journal.flush()
os._exit(9)
"""


def test_a_resumed_run_has_the_power_of_its_earlier_life_as_the_journal_kept_it(
    tmp_path: Path,
) -> None:
    journal = tmp_path / "lab.db"
    command = [sys.executable, "-c", DIES, str(journal), str(tmp_path)]
    assert subprocess.run(command, check=False, timeout=PATIENCE_S).returncode == 9
    (tmp_path / "again").touch()
    with ab.Orchestrator(environ={}, journal=journal, connection_file=False) as bench:
        bench.devices.add(Meter(), every_s=0.1)
        run = bench.resume()
        assert isinstance(run, RecipeRun)
        assert run.wait(PATIENCE_S)
        record = record_of(bench, run)
    power, first = record["power"], record["steps"]["one"]
    assert power["startsAt"] == first["startedAt"]
    times = [power["startsAt"] + one[0] * power["everyMs"] for one in power["points"]]
    assert min(times) < first["finishedAt"] < record["startedAt"] < max(times)
    # Of three seconds the journal has the whole ones at least.
    assert power["joules"] >= 60 * 2


def test_what_the_journal_kept_of_other_quantities_or_before_the_run_is_left_out() -> None:
    course = PowerCourse("pm0", "watts", "W", 10_000.0)
    kept = {"spanS": 0.9, "samples": 10, "values": {"watts": [20.0, 10.0, 30.0]}}
    course.add_kept([(9_000.0, kept), (10_000.0, kept), (11_000.0, {**kept, "values": {}})])
    assert course.record()["points"] == [[1, 20, 10, 30]]
    assert course.joules == pytest.approx(20.0)


def test_of_the_stretch_that_was_under_way_when_a_run_began_it_has_its_part() -> None:
    course = PowerCourse("pm0", "watts", "W", 10_000.0)
    course.add_kept([(4_000.0, {"spanS": 9.0, "samples": 10, "values": {"watts": [20, 10, 30]}})])
    assert course.record()["points"] == [[4, 20, 10, 30]]
    assert course.joules == pytest.approx(20.0 * 4)


def test_a_run_that_goes_on_is_told_in_small_patches(
    bench: ab.Orchestrator, run_steps: RunSteps
) -> None:
    sizes: list[int] = []
    bench.devices.add(Meter(), every_s=0.01)
    run = run_steps({"id": "ask", "operator": {"ask": "Go on?"}}, wait=False)
    wait_for(lambda: record_of(bench, run).get("power"))
    bench.state.subscribe(lambda commit: sizes.append(len(commit.patch)), "/jobs/recipeRuns")
    wait_for(lambda: len(record_of(bench, run)["power"]["points"]) >= 6)
    assert max(sizes) < 500
    run.cancel()
    assert run.wait(PATIENCE_S)
