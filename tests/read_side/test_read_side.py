"""What can be read of an orchestrator reads alike in its own kernel, over a socket, and through memory."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest

import autobench_nb as ab
from autobench_nb import tables
from autobench_nb.errors import CommandError, PathError
from autobench_nb.tables.results import MAX_PAGE_ROWS, Result
from tests.read_side.conftest import PATIENCE_S, Pair, Reader

WRITERS = {
    "state": {"set", "merge", "remove", "replace_state", "batch"},
    "devices": {"add", "update", "touch", "remove", "do", "desire", "probe", "act", "ask", "close"},
    "streams": {"add", "update", "touch", "remove", "record", "close"},
    "pno": {"start", "advance", "finding", "finish", "begin", "scan", "schedule", "check", "close"},
    "results": {"add"},
}
"""What only the original can: the rest is the read side."""

INNER = {
    "state": {"peek", "tell", "owner", "let_go"},
    "logs": {
        # What the ring alone can account for: a client holds a part of it.
        "account",
        "held",
        "evicted",
        "lost",
        "written",
        "take",
        "resize",
        "clear",
        "snapshot",
        "missed",
        "ring",
        "regex_kernel",
        "predicate",
        "batch",
        "select",
        "owner",
    },
    "results": {"page"},
    # What is measured, drawn and looked for is with the original alone.
    "devices": {"energy", "gauge", "meter", "samples", "supervisor"},
    "streams": {"after_fork_in_child", "follow", "picture", "sidecar"},
    "pno": {"after_fork_in_child", "checks"},
}
"""Public, for other modules of the package."""


def row(number: int, value: Any = None) -> Result:
    """A result with something in every field."""
    return Result(
        run_id="run-1",
        job_id=str(number),
        name=f"é {number}",
        kind="callable",
        command="work()",
        repetition=number + 1,
        status="failed" if number % 2 else "succeeded",
        reason="exit status 3" if number % 2 else None,
        exit_code=3 if number % 2 else None,
        signal="SIGTERM" if number % 3 == 1 else None,
        started_at=datetime(2026, 1, 2, 3, 4, 5, number % 1_000_000, tzinfo=UTC),
        wall_s=number / 8,
        cpu_user_s=None,
        cpu_system_s=0.25,
        max_rss_bytes=2**40 + number,
        shell_s=None,
        lines=number,
        value=value,
        value_note=None,
    )


def public(one: object) -> set[str]:
    return {name for name in dir(one) if not name.startswith("_")}


@pytest.mark.parametrize("part", ["state", "logs", "devices", "streams", "jobs", "pno", "results"])
async def test_each_part_has_the_same_names(pair: Pair, part: str) -> None:
    original, mirrored = getattr(pair.bench, part), getattr(pair.reader, part)
    left_out = WRITERS.get(part, set()) | INNER.get(part, set())
    assert public(original) - left_out == public(mirrored) - left_out


async def test_a_record_has_its_id_whatever_else_stands_in_it(pair: Pair) -> None:
    pair.bench.devices.add("usb/0~1 é", type="capture", status="ready", lastSeen=None, id="mine")
    pair.wait(lambda one: len(one.devices) == 1)
    devices = pair.reader.devices
    record = {"id": "usb/0~1 é", "type": "capture", "status": "ready", "lastSeen": None}
    assert devices["usb/0~1 é"] == record
    assert devices.records() == [record]
    assert dict(devices) == {"usb/0~1 é": record}
    assert devices.get("usb/0~1 é") == record
    assert (list(devices), "usb/0~1 é" in devices) == (["usb/0~1 é"], True)
    assert "usb/0~1 é: ready" in repr(devices)


@pytest.mark.parametrize("odd", ["psu1", "", "a/b", "~", 3, None, ("psu0",)])
async def test_what_is_not_there_is_a_key_error_that_names_what_is(pair: Pair, odd: Any) -> None:
    pair.bench.devices.add("psu0", type="power supply")
    pair.wait(lambda one: "psu0" in one.devices)
    assert odd not in pair.reader.devices
    with pytest.raises(KeyError, match=r"there is no device .*; there are: 'psu0'"):
        pair.reader.devices[odd]
    assert pair.reader.devices.get(odd, "another") == "another"


async def test_what_is_read_cannot_change_what_is_true(pair: Pair) -> None:
    pair.bench.devices.add("a", type="t", tags=["x"])
    pair.bench.pno.finding("clock", "drifts")
    pair.wait(lambda one: "a" in one.devices and one.pno.findings)
    pair.reader.devices["a"]["tags"].append("y")
    pair.reader.devices.records()[0]["tags"].append("y")
    pair.reader.pno.findings.clear()
    pair.reader.pno.summary["bySeverity"].clear()
    assert pair.reader.devices["a"]["tags"] == ["x"]
    assert pair.reader.pno.findings[0]["check"] == "clock"
    assert pair.reader.pno.summary["bySeverity"]["warn"] == 1


async def test_streams_are_read_as_devices_are(pair: Pair) -> None:
    pair.bench.streams.add("cam0", status="live", url="http://127.0.0.1:1/cam0")
    pair.wait(lambda one: "cam0" in one.streams)
    assert pair.reader.streams["cam0"]["url"] == "http://127.0.0.1:1/cam0"
    assert pair.reader.streams.to_pandas()["status"].tolist() == ["live"]


async def test_pno_has_status_progress_findings_and_their_summary(pair: Pair) -> None:
    assert (pair.reader.pno.status, pair.reader.pno.progress) == ("idle", None)
    assert (pair.reader.pno.last_run_at, pair.reader.pno.findings) == (None, [])
    assert pair.reader.pno.to_pandas().empty
    pair.bench.pno.start()
    pair.bench.pno.advance(0.5)
    name = pair.bench.pno.finding("clock", "drifts", "error", drift_ms=12)
    pair.wait(lambda one: one.pno.findings)
    pno = pair.reader.pno
    assert (pno.status, pno.progress) == ("running", 0.5)
    assert datetime.fromisoformat(pno.last_run_at).tzinfo is not None
    assert pno.findings == pno.records()
    assert pno.findings[0]["id"] == name
    assert pno.summary["total"] == 1
    assert pno.summary["bySeverity"]["error"] == 1
    assert pno.to_pandas()["drift_ms"].tolist() == [12]
    assert pno.to_arrow()["severity"].to_pylist() == ["error"]
    assert repr(pno).endswith("running, 1 finding>")


async def test_jobs_have_a_queue_and_can_be_cancelled(pair: Pair) -> None:
    first, second = pair.bench.run(["sleep 600", "sleep 600"]).jobs
    pair.wait(lambda one: one.jobs.running == [first.id] and one.jobs.queue == [second.id])
    assert pair.reader.jobs[second.id]["status"] == "queued"
    assert pair.reader.jobs.cancel(second.id) is True
    pair.wait(lambda one: one.jobs.queue == [])
    assert pair.reader.jobs.cancel(first.run_id) is True
    pair.wait(lambda one: one.jobs[first.id]["status"] == "cancelled")
    assert pair.reader.jobs.cancel("no such job") is False
    assert pair.reader.jobs.to_pandas()["status"].tolist() == ["cancelled"] * 2


async def test_results_of_a_run_are_rows_with_attributes(pair: Pair) -> None:
    run = pair.bench.run({"seven": lambda: 7}, repeat=2)
    assert run.wait(PATIENCE_S)
    results = pair.reader.results
    assert [one.repetition for one in results] == [1, 2]
    assert (results[0].name, results[-1].value, results[0].status) == ("seven", 7, "succeeded")
    assert results[0].started_at.tzinfo is not None
    assert list(results) == list(pair.bench.results)
    assert results.to_pandas()["value"].tolist() == [7, 7]


@pytest.mark.parametrize("count", [0, 1, 3])
async def test_results_are_a_sequence(pair: Pair, count: int) -> None:
    rows = [row(number) for number in range(count)]
    for one in rows:
        pair.bench.results.add(one)
    results = pair.reader.results
    assert list(results) == rows
    assert list(reversed(results)) == rows[::-1]
    assert len(results) == count
    assert results.dropped == 0
    for index in range(-count, count):
        assert results[index] == rows[index]
    for index in (-count - 1, count, 10**9):
        with pytest.raises(IndexError, match=f"among {count}"):
            results[index]
    assert results[1:] == rows[1:]
    assert results[::-2] == rows[::-2]
    assert results.records() == [one.to_record() for one in rows]


VALUES = [1, 2.5, True, None, "x", "é\u2028\U0001f600", [1, [2]], {"a": {"b": None}}, "", -0.0]


@pytest.mark.parametrize("value", VALUES, ids=repr)
async def test_a_result_travels_as_it_is(pair: Pair, value: Any) -> None:
    pair.bench.results.add(row(5, value))
    (there,) = pair.reader.results
    assert there == row(5, value)
    assert repr(there.value) == repr(value)


async def test_tables_of_both_sides_are_equal_with_and_without_rows(pair: Pair) -> None:
    for fill in (False, True):
        if fill:
            pair.bench.devices.add("psu0", type="power supply", volts=12.5)
            pair.bench.streams.add("cam0", url=None)
            pair.bench.pno.finding("clock", "drifts")
            pair.bench.run("echo hello").wait(PATIENCE_S)
            pair.bench.results.add(row(1, {"size": 3}))
            pair.wait(partial(_has_reached, pair.bench.state.version))
        for part in ("devices", "streams", "jobs", "pno", "results"):
            original, mirrored = getattr(pair.bench, part), getattr(pair.reader, part)
            pd.testing.assert_frame_equal(original.to_pandas(), mirrored.to_pandas())
            assert original.to_arrow().equals(mirrored.to_arrow())
            assert isinstance(mirrored.to_arrow(), pa.Table)
            assert original.to_arrow().num_rows == len(mirrored.records()) >= fill


def _has_reached(version: int, reader: Reader) -> bool:
    return bool(reader.state.version >= version)


async def test_the_columns_of_results_are_named_as_what_a_result_holds(pair: Pair) -> None:
    pair.bench.results.add(row(3, 1.5))
    frame = pair.reader.results.to_pandas()
    assert tuple(frame.columns) == Result._fields
    assert tuple(pair.reader.results.records()[0]) == Result._fields
    assert frame.loc[0, "started_at"] == pd.Timestamp(row(3).started_at)
    assert frame.loc[0, "max_rss_bytes"] == 2**40 + 3


async def test_the_log_is_read_alike(pair: Pair) -> None:
    for number in range(20):
        pair.bench.log(("app", "psu")[number % 2]).warning(f"line {number}", n=number)
    pair.wait(lambda one: any(entry.message == "line 19" for entry in one.logs))
    found = pair.reader.logs.query("channel:psu fields.n>=10")
    assert [entry.message for entry in found] == [f"line {n}" for n in range(11, 20, 2)]
    assert found[0].fields == {"n": 11}
    assert [entry.message for entry in found[-2:]] == ["line 17", "line 19"]
    assert found.to_arrow().schema == tables.LOG_SCHEMA
    assert found.to_pandas()["level"].tolist() == ["warn"] * 5
    seqs = [entry.seq for entry in found]
    assert len(pair.reader.logs.between(seqs[0], seqs[-1] + 1).query("channel:psu")) == 5
    assert [entry.seq for entry in found.last(2)] == seqs[-2:]
    assert [entry.seq for entry in found.since(seqs[2])] == seqs[2:]
    assert found.last(0) == []
    assert pair.reader.logs.next_seq > seqs[-1]


async def test_the_state_is_read_and_followed_alike(pair: Pair) -> None:
    pair.bench.state.set("/config/features/x", True)
    pair.wait(lambda one: one.state.get("/config/features/x", False))
    assert pair.reader.state.get("/config/features") == {"x": True}
    assert pair.reader.state.get("/devices/none", 3) == 3
    with pytest.raises(PathError):
        pair.reader.state.get("/devices/none")
    assert pair.reader.state.get("")["version"] == pair.reader.state.version
    heard: list[Any] = []
    end = pair.reader.state.subscribe(lambda commit: heard.append(commit), "/devices/a")
    pair.bench.devices.add("b", type="t")
    pair.bench.devices.add("a", type="t")
    pair.wait(lambda one: "a" in one.devices and heard)
    assert [one["path"] for one in heard[0].operations] == ["/devices/a"]
    end()


# ---------------------------------------------------------------- pages


def fill(bench: ab.Orchestrator, count: int, size: int = 0) -> list[Result]:
    rows = [row(number, "v" * size) for number in range(count)]
    for one in rows:
        bench.results.add(one)
    return rows


async def test_20_000_results_with_values_arrive_and_the_link_stays(pair: Pair) -> None:
    rows = fill(pair.bench, 20_000, 200)
    assert list(pair.reader.results) == rows
    assert (len(pair.reader.results), pair.reader.results[12_345]) == (20_000, rows[12_345])
    assert len(pair.reader.results.to_arrow()) == 20_000
    if isinstance(pair.reader, ab.Client):
        assert pair.reader.status.phase == "live"
        assert pair.reader.state.get("/meta/telemetry/resyncs") == 0


async def test_values_of_64_kb_arrive_and_the_link_stays(pair: Pair) -> None:
    rows = fill(pair.bench, 300, 65_000)
    assert list(pair.reader.results) == rows
    if isinstance(pair.reader, ab.Client):
        assert pair.reader.status.phase == "live"
        page = pair.reader.command("results.list", limit=MAX_PAGE_ROWS)
        assert 0 < len(page["items"]) < 10
        assert page["next"] == len(page["items"])


async def test_what_was_let_go_is_counted_and_positions_stay(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    from collections import deque

    monkeypatch.setattr(pair.bench.results, "_rows", deque(maxlen=5))
    rows = fill(pair.bench, 12)
    results = pair.reader.results
    assert (list(results), len(results), results.dropped) == (rows[7:], 5, 7)
    assert (results[0], results[-5], results[4]) == (rows[7], rows[7], rows[11])
    if isinstance(pair.reader, ab.Client):
        page = pair.reader.command("results.list", since=3, limit=2)
        assert [item["jobId"] for item in page["items"]] == ["7", "8"]
        assert (page["next"], page["end"], page["dropped"]) == (9, 12, 7)
        last = pair.reader.command("results.list", since=9)
        assert (len(last["items"]), last["next"]) == (3, None)
        assert pair.reader.command("results.list", since=12)["items"] == []
        assert pair.reader.command("results.list", since=99)["next"] is None


ODD_ARGS: list[tuple[str, Any]] = [
    *[
        ("since", -1),
        ("since", 1.0),
        ("since", "1"),
        ("since", True),
        ("since", []),
    ],
    *[
        ("limit", 0),
        ("limit", -1),
        ("limit", 5_001),
        ("limit", 1.5),
        ("limit", "9"),
    ],
]


@pytest.mark.parametrize(("name", "odd"), ODD_ARGS)
@pytest.mark.parametrize("pair", ["client"], indirect=True)
async def test_a_page_that_cannot_be_is_refused_and_says_what_it_takes(
    pair: Pair, name: str, odd: Any
) -> None:
    client = pair.reader
    with pytest.raises(CommandError, match=f"{name} takes a whole number") as caught:
        client.command("results.list", **{name: odd})
    assert caught.value.code == "bad-args"
    assert client.command("results.list")["items"] == []


async def test_a_predicate_may_ask_the_server(pair: Pair) -> None:
    """It could not: the answer waited for the lock that the one who waited held."""
    pair.bench.run({"job": lambda: None}, repeat=3)
    pair.wait(lambda one: len(one.results) == 3)
