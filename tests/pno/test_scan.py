"""Scans in a real orchestrator: users' checks, those that raise or hang, schedules, runs, commands."""

from __future__ import annotations

import os
import tempfile
import threading
from collections.abc import Iterator
from typing import Any

import pytest

import autobench_nb as ab
from autobench_nb.errors import ClosedError, CommandError, ConfigError, PathError
from autobench_nb.pno import Found
from autobench_nb.pno.checks import GIB, disk_space
from autobench_nb.pno.facts import Facts
from autobench_nb.pno.gather import Gatherer
from autobench_nb.state import StateStore
from tests.devices.test_supervisor import until


@pytest.fixture
def bench() -> Iterator[ab.Orchestrator]:
    with ab.Orchestrator(connection_file=False) as bench:
        yield bench


def test_a_scan_runs_every_check_and_says_what_each_gave(bench: ab.Orchestrator) -> None:
    @bench.pno.check("rails")
    def rails(facts: Any) -> Iterator[Found]:
        assert facts.devices == {}
        yield Found(
            "rail 3 is 40 mV too high", "error", "psu0", [{"kind": "device", "deviceId": "psu0"}]
        )

    @bench.pno.check("nothing")
    def nothing() -> None:
        return None

    findings = bench.pno.scan(["rails", "nothing"])
    (one,) = findings
    assert (one["check"], one["severity"], one["subject"]) == ("rails", "error", "psu0")
    assert one["evidence"] == [{"kind": "device", "deviceId": "psu0"}]
    assert one["foundAt"] > 1e12
    state = bench.state.get("/pno")
    assert (state["status"], state["progress"], state["because"]) == ("done", 1.0, "asked for")
    assert [(row["name"], row["outcome"]) for row in state["checks"]] == [
        ("rails", "found"),
        ("nothing", "clear"),
    ]
    assert state["summary"]["bySeverity"]["error"] == 1
    assert bench.pno.to_pandas().loc[0, "subject"] == "psu0"


def test_the_checks_that_come_along_run_on_this_machine(bench: ab.Orchestrator) -> None:
    bench.run(["true"], repeat=3).wait(60)
    bench.pno.scan()
    outcomes = {row["name"]: row["outcome"] for row in bench.state.get("/pno/checks")}
    assert len(outcomes) == 9
    assert set(outcomes.values()) <= {"clear", "found"}


def test_a_check_that_raises_is_a_finding_and_the_others_go_on(bench: ab.Orchestrator) -> None:
    @bench.pno.check("broken")
    def broken() -> None:
        raise KeyError("volts")

    @bench.pno.check("odd")
    def odd() -> Any:
        return 7

    @bench.pno.check("late raiser")
    def late() -> Iterator[Found]:
        yield Found("first")
        raise SystemExit

    @bench.pno.check("well")
    def well() -> str:
        return "all the same"

    findings = bench.pno.scan(["broken", "odd", "late raiser", "well"])
    assert [(one["check"], one["severity"]) for one in findings] == [
        ("broken", "error"),
        ("odd", "error"),
        ("late raiser", "error"),
        ("well", "warn"),
    ]
    assert findings[0]["message"] == "broken failed: KeyError: 'volts'"
    rows = bench.state.get("/pno/checks")
    assert [row["outcome"] for row in rows] == ["failed", "failed", "failed", "found"]


def test_a_check_that_hangs_is_bounded_and_is_not_begun_a_second_time(
    bench: ab.Orchestrator,
) -> None:
    gate, begun = threading.Event(), []

    @bench.pno.check("stuck", timeout_s=0.05)
    def stuck() -> None:
        begun.append(1)
        assert gate.wait(20)

    (one,) = bench.pno.scan(["stuck"])
    assert one["message"] == "stuck hangs: no end within 0.05 s"
    (again,) = bench.pno.scan(["stuck"])
    assert again["message"] == "stuck hangs: it has not come back since an earlier scan"
    assert len(begun) == 1
    gate.set()
    until(lambda: bench.pno.scan(["stuck"]) == [])


def test_one_scan_runs_at_a_time_and_who_asks_meanwhile_waits_for_it(
    bench: ab.Orchestrator,
) -> None:
    gate, inside = threading.Event(), threading.Event()

    @bench.pno.check("slow")
    def slow() -> str:
        inside.set()
        assert gate.wait(20)
        return "seen"

    started, first = bench.pno.begin(["slow"])
    assert inside.wait(20)
    again, second = bench.pno.begin()
    assert (started, again, first is second) == (True, False, True)
    assert bench.pno.status == "running"
    gate.set()
    assert [one["message"] for one in first.result(20)] == ["seen"]


def test_scans_run_on_a_schedule_and_after_runs(bench: ab.Orchestrator) -> None:
    seen: list[str] = []

    @bench.pno.check("count")
    def count() -> None:
        seen.append(bench.state.get("/pno/because"))

    bench.pno.schedule(every_s=0.05)
    until(lambda: len(seen) >= 2)
    assert set(seen) == {"on schedule"}
    until(lambda: bench.state.get("/pno/nextRunAt", None))
    bench.pno.schedule(after_runs=True)
    until(lambda: bench.pno.status == "done")
    del seen[:]
    bench.run(["true"]).wait(60)
    until(lambda: "a run has ended" in seen)
    assert bench.state.get("/pno/nextRunAt") is None
    bench.pno.schedule()


@pytest.mark.parametrize(
    ("act", "error"),
    [
        (lambda pno: pno.scan(["no such check"]), PathError),
        (lambda pno: pno.schedule(every_s=0), ConfigError),
        (lambda pno: pno.schedule(every_s="1"), ConfigError),
        (lambda pno: pno.check(""), ConfigError),
        (lambda pno: pno.check("x", timeout_s=0), ConfigError),
    ],
)
def test_what_is_not_possible_is_an_error_at_once(
    bench: ab.Orchestrator, act: Any, error: type[Exception]
) -> None:
    with pytest.raises(error):
        act(bench.pno)


def test_a_closed_orchestrator_scans_no_more() -> None:
    with ab.Orchestrator(connection_file=False) as bench:
        bench.pno.schedule(every_s=60)
    with pytest.raises(ClosedError):
        bench.pno.scan()
    assert not [one for one in threading.enumerate() if one.name.startswith("autobench-pno")]


def test_too_many_findings_are_counted(bench: ab.Orchestrator) -> None:
    @bench.pno.check("flood")
    def flood() -> list[str]:
        return ["x"] * 600

    findings = bench.pno.scan(["flood"])
    assert len(findings) == 501
    assert findings[-1]["message"] == "100 more findings are not shown"


def test_a_viewer_begins_a_scan_by_a_command(bench: ab.Orchestrator) -> None:
    @bench.pno.check("one")
    def one() -> str:
        return "found"

    server = bench.serve(thread=True)
    with ab.connect(server.url, token=bench.token) as client:
        assert client.command("pno.scan", checks=["one"]) == {"started": True}
        until(lambda: client.state.get("/pno/summary/total") == 1)
        assert client.state.get("/pno/because") == "asked for by a viewer"
        with pytest.raises(CommandError, match="there is no check 'two'") as refused:
            client.command("pno.scan", checks=["two"])
        assert refused.value.code == "bad-args"


@pytest.mark.skipif(
    not os.path.isdir("/dev/shm") or os.stat("/dev/shm").st_dev == os.stat(os.getcwd()).st_dev,
    reason="needs a second file system that can be written: Linux has one at /dev/shm",
)
def test_the_disk_of_the_journal_is_looked_at_and_says_what_it_holds() -> None:
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        seen: list[Any] = []
        with ab.Orchestrator(connection_file=False, journal=f"{folder}/lab.db") as bench:

            @bench.pno.check("mine")
            def mine(facts: Any) -> None:
                seen.extend(facts.disks)

            bench.pno.scan(["mine"])
            assert bench.state.get("/pno/subjects") >= 3
    assert [disk.holds for disk in seen] == [("the working folder",), ("the journal",)]
    assert seen[1].path == folder


def test_a_folder_with_the_journal_is_one_disk_with_the_working_folder() -> None:
    gatherer = Gatherer(StateStore(), paths={"the journal": os.getcwd(), "gone": "/no/such"})
    (disk,) = gatherer.facts().disks
    assert disk.holds == ("the working folder", "the journal")
    (found,) = disk_space(Facts(now=0.0, disks=[disk._replace(free=GIB)]))
    assert "(the working folder, the journal)" in found.message
