"""The noise beside a repetition, on many kinds of machines, and what a look costs."""

from __future__ import annotations

import os
import time
from pathlib import Path
from statistics import median

import pytest

from autobench_nb.contract.records import ResultRecord
from autobench_nb.machine import Noise, NoiseMeter
from autobench_nb.machine.noise import FRESH_S, NoiseLook, SystemFile, noise_between
from autobench_nb.tables.results import Result
from autobench_nb.tables.schema import snake_case
from tests.machine import trees

BLANK = NoiseLook(0.0, None, None, None, None, None, None, None, None)


def fresh_look(meter: NoiseMeter) -> NoiseLook:
    """A look that was not taken before."""
    until = time.monotonic() + 2 * FRESH_S
    while time.monotonic() < until:
        pass
    return meter.look()


def test_a_laptop_tells_everything_and_what_rises_is_what_happened_meanwhile(
    tmp_path: Path,
) -> None:
    meter = NoiseMeter(trees.planted(tmp_path, trees.LAPTOP))
    begin = meter.look()
    trees.planted(
        tmp_path,
        {
            "/proc/loadavg": "1.50 0 0 1/2 3\n",
            "/proc/stat": "cpu  100 0 50 9000 10 0 5 57 0 0\n",
            "/proc/pressure/cpu": "some avg10=0.00 total=100500\n",
            "/proc/pressure/io": "some avg10=0.00 total=50070\n",
            f"{trees.CPU}/cpu0/thermal_throttle/core_throttle_count": "5\n",
        },
    )
    end = fresh_look(meter)._replace(at_s=begin.at_s + 1.0)
    found = noise_between(begin, end)
    # 50 ticks of a hundredth of a second; the group of this tree counts no time at its limit.
    assert found == Noise(1.5, 2987.654, 61.0, 0.5, 0.1, 0.05, 2, None)
    assert set(meter.absent) == {"cgroupThrottledS"}


@pytest.mark.parametrize(
    ("files", "seconds"),
    [(trees.CONTAINER_V2, 1.5), (trees.CONTAINER_V1, 2.5)],
    ids=["cgroup 2", "cgroup 1"],
)
def test_time_at_the_limit_is_read_of_both_versions_of_control_groups(
    files: dict[str, str], seconds: float, tmp_path: Path
) -> None:
    look = NoiseMeter(trees.planted(tmp_path, files)).look()
    assert look.held_s == seconds


def test_the_processors_own_sensor_goes_before_the_boards(tmp_path: Path) -> None:
    meter = NoiseMeter(trees.planted(tmp_path / "amd", trees.AMD_DESKTOP))
    assert meter.look().temperature_c == 55.125
    meter = NoiseMeter(trees.planted(tmp_path / "arm", trees.ARM_BOARD))
    assert meter.look().temperature_c == 48.312


@pytest.mark.parametrize("files", [trees.NOTHING, trees.MAC], ids=["nothing", "macOS"])
def test_where_nothing_is_told_everything_is_absent_for_a_reason(
    files: dict[str, str], tmp_path: Path
) -> None:
    meter = NoiseMeter(trees.planted(tmp_path, files))
    assert noise_between(meter.look(), fresh_look(meter)) == Noise()
    assert {snake_case(name) for name in meter.absent} == set(Noise._fields)


def test_without_files_the_load_is_the_c_librarys(tmp_path: Path) -> None:
    meter = NoiseMeter(trees.planted(tmp_path, trees.MAC, load_average=lambda: 2.5))
    assert meter.look().load == 2.5
    assert "load" not in meter.absent


def test_odd_files_are_no_measures(tmp_path: Path) -> None:
    meter = NoiseMeter(trees.planted(tmp_path, trees.ODD))
    assert meter.look()._replace(at_s=0.0) == BLANK


def test_files_that_go_away_leave_nothing_behind(tmp_path: Path) -> None:
    meter = NoiseMeter(trees.planted(tmp_path, trees.LAPTOP))
    begin = meter.look()
    # What stays open of a driver that is gone reads as nothing.
    (tmp_path / "proc/loadavg").write_text("")
    (tmp_path / "proc/stat").write_text("")
    end = fresh_look(meter)._replace(at_s=begin.at_s + 1.0)
    found = noise_between(begin, end)
    assert (found.load, found.steal_s) == (None, None)
    assert found.cpu_mhz == 2987.654


def test_of_a_short_repetition_no_shares_are_said() -> None:
    begin = BLANK._replace(steal_s=1.0, cpu_waited_us=5, load=1.0)
    found = noise_between(begin, begin._replace(at_s=0.019, load=2.0))
    assert found == Noise(load=2.0)


def test_a_counter_that_fell_tells_nothing() -> None:
    begin = BLANK._replace(steal_s=5.0, cpu_waited_us=900, throttles=3, held_s=2.0)
    end = begin._replace(at_s=1.0, steal_s=4.0, cpu_waited_us=800, throttles=0, held_s=0.0)
    assert noise_between(begin, end) == Noise()


def test_a_look_is_shared_by_the_end_of_one_repetition_and_the_beginning_of_the_next(
    tmp_path: Path,
) -> None:
    meter = NoiseMeter(trees.planted(tmp_path, trees.LAPTOP))
    pairs = [(meter.look(), meter.look()) for _ in range(50)]
    assert any(first is second for first, second in pairs)
    assert fresh_look(meter) is not pairs[-1][0]


def test_every_measure_is_a_field_of_the_record_and_of_the_row() -> None:
    on_the_wire = {snake_case(name) for name in ResultRecord.__annotations__}
    assert set(Noise._fields) <= on_the_wire
    assert set(Noise._fields) <= set(Result._fields)


def test_a_meter_that_was_closed_tells_nothing_and_holds_nothing_open(tmp_path: Path) -> None:
    before = len(os.listdir("/proc/self/fd"))
    meter = NoiseMeter(trees.planted(tmp_path, trees.LAPTOP))
    assert len(os.listdir("/proc/self/fd")) > before
    meter.close()
    meter.close()
    assert len(os.listdir("/proc/self/fd")) == before
    assert meter.look()._replace(at_s=0.0) == BLANK


def test_a_look_at_this_machine_opens_few_files() -> None:
    meter = NoiseMeter()
    costs = []
    for _ in range(200):
        meter._last = None
        began = time.thread_time()
        meter.look()
        costs.append(time.thread_time() - began)
    # Fifty microseconds are the figure; the bound here only finds a look that reads a file of each processor.
    assert median(costs) < 500e-6


def test_after_a_repetition_too_short_for_shares_nothing_is_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    meter = NoiseMeter(trees.planted(tmp_path, trees.LAPTOP))
    begin = meter.look()._replace(at_s=time.monotonic())
    assert begin.load is not None
    reads: list[int] = []

    def read(_: SystemFile, size: int) -> bytes:
        reads.append(size)
        return b""

    monkeypatch.setattr(SystemFile, "read", read)
    meter._last = None
    assert meter.since(begin) == Noise(begin.load, begin.cpu_mhz, begin.temperature_c)
    assert not reads
    assert meter.since(begin._replace(at_s=begin.at_s - 1.0)).load is None
    assert reads
