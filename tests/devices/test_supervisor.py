"""Devices that are watched: real threads, real time, in a real orchestrator."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

import autobench_nb as ab
from autobench_nb.contract.records import JobStatus
from autobench_nb.devices.device import Action
from autobench_nb.devices.panic import PausesByDevices
from autobench_nb.devices.supervisor import Supervisor
from autobench_nb.errors import CommandError, DeviceError, PathError, SchemaError, StateError
from autobench_nb.processes.stop import Stop

FAST: Any = {"every_s": 0.02, "timeout_s": 0.2, "degraded_after": 2, "backoff_max_s": 0.05}


def until(holds: Callable[[], Any], what: str = "", limit_s: float = 20.0) -> Any:
    """Wait until something holds, and give it."""
    end = time.monotonic() + limit_s
    while not (found := holds()):
        assert time.monotonic() < end, f"{what or holds} did not come"
        time.sleep(0.005)
    return found


class Lamp:
    """A device in memory whose every way of failing can be had."""

    type = "lamp"
    units: Mapping[str, str] = {"watts": "W"}

    def __init__(self, name: str = "lamp") -> None:
        self.name = name
        self.watts: float = 0.0
        self.broken: Exception | None = None
        self.gate = threading.Event()
        self.gate.set()
        self.acting = threading.Event()
        self.acting.set()
        self.probes = 0
        self.closed = 0
        self.threads: set[str] = set()

    @property
    def actions(self) -> Mapping[str, Any]:
        return {
            "on": Action(self.on, "Light it.", lambda watts=60: {"watts": watts}),
            "read": lambda: {"lux": 7, "kind": "LED", "lit": True},
            "explode": self.explode,
        }

    def on(self, watts: float = 60) -> float:
        assert self.acting.wait(20)
        self.watts = watts
        return watts

    def explode(self) -> None:
        raise OSError("the fuse has blown")

    def probe(self) -> Mapping[str, Any]:
        self.probes += 1
        self.threads.add(threading.current_thread().name)
        assert self.gate.wait(20)
        if self.broken is not None:
            raise self.broken
        return {"watts": self.watts, "lit": self.watts > 0}

    def close(self) -> None:
        self.closed += 1
        self.gate.set()
        self.acting.set()


class AsyncLamp(Lamp):
    """The same, with coroutines."""

    async def probe(self) -> Mapping[str, Any]:  # type: ignore[override]
        await asyncio.sleep(0)
        return Lamp.probe(self)

    async def on(self, watts: float = 60) -> float:  # type: ignore[override]
        await asyncio.sleep(0)
        self.watts = watts
        return watts

    async def close(self) -> None:  # type: ignore[override]
        await asyncio.sleep(0)
        self.closed += 1


@pytest.fixture
def bench() -> Iterator[ab.Orchestrator]:
    with ab.Orchestrator(connection_file=False) as bench:
        yield bench


@pytest.mark.parametrize("kind", [Lamp, AsyncLamp])
def test_a_device_is_observed_does_what_it_is_asked_for_and_is_closed(
    bench: ab.Orchestrator, kind: type[Lamp]
) -> None:
    lamp = kind()
    bench.devices.add(lamp, **FAST)
    until(lambda: bench.devices["lamp"]["observed"] == {"watts": 0, "lit": False})
    record = bench.devices["lamp"]
    assert (record["status"], record["type"], record["supervised"]) == ("ok", "lamp", True)
    assert record["actions"]["on"] == {
        "about": "Light it.",
        "args": ["watts"],
        "required": [],
        "types": {"watts": "number"},
        "defaults": {"watts": 60},
    }
    assert bench.devices["lamp"].do("on", watts=40) == 40
    until(lambda: bench.devices["lamp"]["observed"] == {"watts": 40, "lit": True})
    record = bench.devices["lamp"]
    assert (record["desired"], record["differs"]) == ({"watts": 40}, [])
    (asked,) = record["asked"]
    assert (asked["fate"], asked["args"], asked["value"]) == ("done", {"watts": 40}, 40)
    assert asked["tookMs"] >= 0
    lamp.watts = 0
    until(lambda: bench.devices["lamp"]["differs"] == ["watts"])
    assert lamp.threads == {"autobench-device-lamp"}
    bench.devices.remove("lamp")
    assert lamp.closed == 1
    assert "lamp" not in bench.devices


def test_a_probe_that_hangs_stops_no_other_device(bench: ab.Orchestrator) -> None:
    stuck, well = Lamp("stuck"), Lamp("well")
    stuck.gate.clear()
    bench.devices.add(stuck, **FAST)
    bench.devices.add(well, **FAST)
    until(lambda: bench.devices["stuck"]["status"] == "degraded")
    seen = well.probes
    until(lambda: well.probes > seen + 3)
    record = bench.devices["stuck"]
    assert (record["hangs"], record["observed"], stuck.probes) == (True, None, 1)
    assert record["error"].startswith("a probe has not come back for")
    stuck.gate.set()
    until(lambda: bench.devices["stuck"]["status"] == "ok")
    assert bench.devices["stuck"]["hangs"] is False


def test_a_device_that_hangs_for_ever_does_not_keep_the_orchestrator_open() -> None:
    lamp = Lamp()
    lamp.gate.clear()
    with ab.Orchestrator(connection_file=False) as bench:
        bench.devices.add(lamp, **FAST)
        until(lambda: lamp.probes)
    # Its close() frees it, called beside the probe that hangs.
    assert lamp.closed == 1
    assert bench.devices["lamp"]["status"] == "closed"


def test_silence_is_unknown_then_degraded_and_the_last_value_is_what_was(
    bench: ab.Orchestrator,
) -> None:
    lamp = Lamp()
    bench.devices.add(lamp, **FAST)
    until(lambda: bench.devices["lamp"]["status"] == "ok")
    lamp.broken = OSError("no such port")
    until(lambda: bench.devices["lamp"]["status"] == "degraded")
    record = bench.devices["lamp"]
    assert record["observed"] is None
    assert record["was"] == {"watts": 0.0, "lit": False}
    assert record["error"] == "no such port"
    assert record["nextTryAt"] is not None
    assert record["failures"] >= 2
    said = [entry.message for entry in bench.logs.last(50) if entry.channel == "device"]
    assert "lamp: unknown: no such port" in said
    lamp.broken = None
    until(lambda: bench.devices["lamp"]["status"] == "ok")
    assert bench.devices["lamp"]["nextTryAt"] is None


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        (None, "probe() gave NoneType: it has to give a mapping"),
        ([1], "probe() gave list: it has to give a mapping"),
        ({str(n): n for n in range(300)}, "probe() gave 300 quantities: at most 256 are kept"),
    ],
)
def test_a_probe_that_gives_nonsense_has_failed(
    bench: ab.Orchestrator, given: Any, reason: str
) -> None:
    lamp = Lamp()
    lamp.probe = lambda: given  # type: ignore[method-assign]
    bench.devices.add(lamp, **FAST)
    assert until(lambda: bench.devices["lamp"]["error"]) == reason


def test_what_json_cannot_carry_is_carried_as_far_as_it_can_be(bench: ab.Orchestrator) -> None:
    lamp = Lamp()
    seen: Any = {"nan": float("nan"), "path": os, "big": 2**70, 5: "key", "set": {1}}
    lamp.probe = lambda: seen  # type: ignore[method-assign]
    bench.devices.add(lamp, **FAST)
    observed = until(lambda: bench.devices["lamp"]["observed"])
    assert observed["nan"] is None
    assert observed["big"] == str(2**70)
    assert (observed["5"], observed["set"]) == ("key", [1])


def test_actions_that_fail_are_refused_or_late_say_why(bench: ab.Orchestrator) -> None:
    lamp = Lamp()
    bench.devices.add(lamp, **FAST, action_timeout_s=0.1)
    device = bench.devices["lamp"]
    with pytest.raises(DeviceError, match="explode failed: the fuse has blown"):
        device.do("explode")
    with pytest.raises(DeviceError, match="there is no action 'off'; there are: on, read, explode"):
        device.do("off")
    with pytest.raises(DeviceError, match="it takes no volts: it takes watts"):
        device.do("on", volts=1)
    lamp.acting.clear()
    with pytest.raises(DeviceError, match="it may be done all the same") as raised:
        device.do("on")
    assert raised.value.fate == "timeout"
    lamp.acting.set()
    until(lambda: bench.devices["lamp"]["observed"] == {"watts": 60, "lit": True})
    fates = [asked["fate"] for asked in bench.devices["lamp"]["asked"]]
    assert fates == ["failed", "refused", "refused", "timeout"]
    assert "was acknowledged after" in bench.devices["lamp"]["asked"][-1]["reason"]


def test_who_needs_a_device_that_is_not_well_is_refused(bench: ab.Orchestrator) -> None:
    supply, lamp = Lamp("psu0"), Lamp()
    supply.broken = OSError("unplugged")
    bench.devices.add(supply, **FAST)
    bench.devices.add(lamp, **FAST, needs=["psu0"])
    until(lambda: bench.devices["psu0"]["status"] == "degraded")
    with pytest.raises(DeviceError, match="on refused: it needs psu0, which is degraded"):
        bench.devices["lamp"].do("on")


class Gate:
    """A queue that notes its pauses."""

    def __init__(self) -> None:
        self.pauses: list[str] = []

    def pause(self, reason: str) -> None:
        self.pauses.append(reason)

    def resume(self, reason: str) -> None:
        self.pauses.remove(reason)


def test_a_critical_device_that_is_degraded_pauses_the_queue_and_its_recovery_ends_that(
    bench: ab.Orchestrator,
) -> None:
    gate = bench.devices.supervisor.gate = Gate()
    supply, other = Lamp("psu0"), Lamp("other")
    bench.devices.add(supply, **FAST, critical=True)
    bench.devices.add(other, **FAST)
    until(lambda: bench.devices["psu0"]["status"] == "ok")
    supply.broken = other.broken = OSError("gone")
    until(lambda: gate.pauses)
    until(lambda: bench.devices["other"]["status"] == "degraded")
    assert gate.pauses == ["psu0 degraded"]
    assert until(lambda: bench.devices["psu0"]["pausing"]) is True
    supply.broken = None
    until(lambda: not gate.pauses)
    until(lambda: bench.devices["psu0"]["pausing"] is False)
    supply.broken = OSError("gone again")
    until(lambda: gate.pauses)
    bench.devices.remove("psu0")
    until(lambda: not gate.pauses)


def test_the_queue_of_jobs_waits_for_a_critical_device_and_goes_on_by_itself(
    bench: ab.Orchestrator,
) -> None:
    supply, meter = Lamp("psu0"), Lamp("pm0")
    bench.devices.add(supply, **FAST, critical=True)
    bench.devices.add(meter, **FAST, critical=True)
    until(lambda: bench.devices["psu0"]["status"] == bench.devices["pm0"]["status"] == "ok")

    def why() -> Any:
        return (bench.state.get("/jobs/paused", None) or {}).get("reason")

    supply.broken = OSError("gone")
    until(lambda: why() == "psu0 degraded")
    run = bench.run(["true"])
    meter.broken = OSError("gone too")
    until(lambda: why() == "psu0 degraded, pm0 degraded")
    supply.broken = None
    until(lambda: why() == "pm0 degraded")
    assert [record["status"] for record in bench.jobs.records()] == ["queued"]
    meter.broken = None
    until(lambda: why() is None)
    assert run.wait(60)


def test_a_pause_that_a_person_made_or_ended_is_left_alone() -> None:
    held: list[str | None] = [None]

    def pause(reason: str) -> None:
        held[0] = reason

    gate = PausesByDevices(lambda: held[0], pause, lambda: held.__setitem__(0, None))
    held[0] = "lunch"
    gate.pause("psu0 degraded")
    gate.resume("psu0 degraded")
    assert held == ["lunch"]
    held[0] = None
    gate.pause("psu0 degraded")
    assert held == ["psu0 degraded"]
    # A person resumes anyway, and pauses for a reason of their own.
    held[0] = "lunch"
    gate.resume("psu0 degraded")
    assert held == ["lunch"]


def test_a_recipe_acts_on_a_device_and_its_steps_have_an_energy(
    bench: ab.Orchestrator, tmp_path: Path
) -> None:
    meter = Lamp("pm0")
    meter.watts = 50
    bench.devices.add(meter, **FAST, power="watts")
    until(lambda: bench.devices["pm0"]["observed"])
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text(
        """apiVersion: autobench/v1
kind: Benchmark
metadata: {name: lit}
spec:
  steps:
    - id: light
      device: {id: pm0, action: "on"}
    - {id: work, needs: [light], run: 'sleep 0.2'}
"""
    )
    began = time.time()
    run = bench.run(str(recipe))
    assert run.wait(60)
    whole = bench.devices.energy(began, time.time())["energy"]
    assert meter.watts == 60
    row = next(row for row in run.results if row.step_id == "work")
    assert row.metrics is not None
    # 60 W for a fifth of a second, and what the start of the command takes.
    assert 60 * 0.2 * 0.9 < row.metrics["energy"] <= whole
    assert row.metrics["energyShared"] == 0


def test_what_happens_is_told_to_the_journal(tmp_path: Path) -> None:
    with ab.Orchestrator(connection_file=False, journal=tmp_path / "lab.db") as bench:
        bench.devices.add(Lamp(), **FAST)
        until(lambda: bench.devices["lamp"]["status"] == "ok")
        bench.devices["lamp"].do("on")
        journal = bench.journal
        assert journal is not None
        until(lambda: len(journal.devices()) >= 2)
        kept = journal.devices()
        assert list(kept["device_id"].unique()) == ["lamp"]
        assert {"status", "action"} <= set(kept["event"])


def test_a_step_of_a_recipe_acts_and_gets_the_numbers(bench: ab.Orchestrator) -> None:
    lamp = Lamp()
    bench.devices.add(lamp, **FAST)
    stop: Stop[JobStatus] = Stop()
    act = bench.devices.act
    assert act("lamp", "read", {}, timeout_s=5, stop=stop) == {"lux": 7.0}
    assert act("lamp", "on", {"watts": 3}, timeout_s=None, stop=stop) == {"on": 3.0}
    with pytest.raises(PathError, match="there is no device 'lamb'; there are: 'lamp'"):
        act("lamb", "on", {}, timeout_s=5, stop=stop)
    lamp.acting.clear()
    with pytest.raises(TimeoutError, match="no acknowledgement within"):
        act("lamp", "on", {}, timeout_s=0.05, stop=stop)
    lamp.acting.set()
    until(lambda: not bench.devices["lamp"]["hangs"])
    lamp.acting.clear()
    timer = threading.Timer(0.05, lambda: stop.request(JobStatus.CANCELLED, "enough"))
    timer.start()
    with pytest.raises(DeviceError, match="cancelled: the step was ended; it had begun"):
        act("lamp", "on", {}, timeout_s=20, stop=stop)
    timer.join()


def test_clients_operate_devices_by_commands(bench: ab.Orchestrator) -> None:
    lamp = Lamp()
    bench.devices.add(lamp, **FAST)
    server = bench.serve(thread=True)
    with ab.connect(server.url, token=bench.token) as client:
        done = client.command("device.do", deviceId="lamp", action="on")
        assert (done["fate"], done["value"]) == ("done", 60)
        with pytest.raises(CommandError, match="the fuse has blown") as failed:
            client.command("device.do", deviceId="lamp", action="explode")
        assert failed.value.code == "failed"
        with pytest.raises(CommandError) as refused:
            client.command("device.do", deviceId="lamp", action="sing")
        assert refused.value.code == "conflict"
        with pytest.raises(CommandError) as absent:
            client.command("device.probe", deviceId="psu")
        assert absent.value.code == "not-found"
        answer = client.command("device.desire", deviceId="lamp", desired={"watts": 5})
        assert answer == {"desired": {"watts": 5}}
        assert "probing" in client.command("device.probe", deviceId="lamp")


def test_samples_are_a_table_and_their_window_is_bounded(bench: ab.Orchestrator) -> None:
    lamp = Lamp()
    bench.devices.add(lamp, **FAST, max_samples=50)
    until(lambda: lamp.probes > 60)
    samples = bench.devices.samples("lamp")
    table = samples.to_pandas()
    assert list(table.columns) == ["ts", "watts"]
    assert len(table) == 50
    assert samples.dropped >= 9
    assert table["ts"].is_monotonic_increasing
    window = bench.devices["lamp"]["samples"]["watts"]
    # What is sampled fast stands in the table; the state shows two points a second at most.
    assert (window["unit"], window["size"]) == ("W", 120)
    assert 1 <= len(window["points"]) < 20


def test_the_same_id_twice_and_no_id_are_refused_and_leave_no_thread(
    bench: ab.Orchestrator,
) -> None:
    bench.devices.add(Lamp(), **FAST)
    threads = threading.active_count()
    with pytest.raises(StateError, match="there is one of this id already"):
        bench.devices.add(Lamp(), **FAST)
    with pytest.raises(SchemaError, match="has no name: give name="):
        bench.devices.add(Lamp(""), **FAST)
    bench.devices.add("psu", type="supply")
    with pytest.raises(PathError, match="is a record alone"):
        bench.devices["psu"].do("on")
    assert threading.active_count() == threads


def test_a_subscriber_may_ask_and_is_told_that_it_cannot_wait(bench: ab.Orchestrator) -> None:
    lamp = Lamp()
    raised: list[str] = []
    asked = threading.Event()

    def follow(commit: Any) -> None:
        if not asked.is_set():
            asked.set()
            try:
                bench.devices["lamp"].do("on")
            except (DeviceError, KeyError) as error:
                raised.append(str(error))

    bench.state.subscribe(follow, "/devices")
    bench.devices.add(lamp, **FAST)
    until(asked.is_set)
    until(lambda: bench.devices["lamp"]["status"] == "ok")


def test_a_batch_of_the_state_and_the_supervisor_do_not_lock_each_other_out(
    bench: ab.Orchestrator,
) -> None:
    lamp = Lamp()
    bench.devices.add(lamp, every_s=0.001)
    for number in range(200):
        with bench.state.batch():
            bench.devices.desire("lamp", {"watts": number})
            bench.devices.probe("lamp")
    until(lambda: bench.devices["lamp"]["desired"] == {"watts": 199})


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_leaves_the_devices_alone(bench: ab.Orchestrator) -> None:
    lamp = Lamp()
    bench.devices.add(lamp, **FAST)
    until(lambda: lamp.probes > 2)
    child = os.fork()
    if child == 0:
        bench.devices.close()
        os._exit(0 if bench.devices.supervisor.all() == () and lamp.closed == 0 else 1)
    assert os.waitpid(child, 0)[1] == 0
    seen = lamp.probes
    until(lambda: lamp.probes > seen)


def test_a_supervisor_that_watched_nothing_has_no_thread() -> None:
    from autobench_nb.state import StateStore

    before = threading.active_count()
    supervisor = Supervisor(StateStore())
    supervisor.close()
    assert threading.active_count() == before
