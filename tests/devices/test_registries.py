"""Devices, streams, pno."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from autobench_nb.devices import Devices
from autobench_nb.errors import AutoBenchError, PathError, SchemaError, StateError
from autobench_nb.pno import Pno
from autobench_nb.sidecars import Streams
from autobench_nb.state import PNO_SUMMARY, StateStore


@pytest.fixture
def store() -> StateStore:
    return StateStore(projections=[PNO_SUMMARY])


@pytest.fixture
def devices(store: StateStore) -> Devices:
    return Devices(store)


def test_a_device_is_added_read_changed_and_removed(store: StateStore, devices: Devices) -> None:
    devices.add(
        "psu0", type="power supply", status="ready", port={"baud": 9600, "path": "/dev/ttyS0"}
    )
    devices.update("psu0", status="busy", port={"baud": 115200})
    assert devices["psu0"]["status"] == "busy"
    assert devices["psu0"]["port"] == {"baud": 115200, "path": "/dev/ttyS0"}
    assert (list(devices), len(devices), "psu0" in devices) == (["psu0"], 1, True)
    devices.remove("psu0")
    assert store.get("/devices") == {}
    assert "psu0" not in devices


class Fan:
    """A device without a name."""

    actions: Mapping[str, Callable[[], None]] = {}

    def probe(self) -> dict[str, int]:
        return {"rpm": 0}

    def close(self) -> None:
        pass


class OnlyProbed:
    """What a first device often is."""

    def probe(self) -> dict[str, int]:
        return {"rpm": 0}


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (Fan, "Fan is a class: give a device of it, such as Fan()"),
        (Fan(), "has no name: give name="),
        (3, "3 is no id and no device: it has no probe, no actions, no close; a device has"),
        (OnlyProbed(), "is no id and no device: it has no actions, no close; a device has"),
    ],
)
def test_what_is_no_device_is_refused_with_what_it_lacks(
    store: StateStore, devices: Devices, given: Any, words: str
) -> None:
    with pytest.raises(SchemaError, match=re.escape(words)):
        devices.add(given)
    assert store.get("/devices") == {}


def test_touching_a_device_says_that_it_was_seen(devices: Devices) -> None:
    devices.add("cap0", type="capture", lastSeen=None)
    devices.touch("cap0", "ready")
    assert devices["cap0"]["status"] == "ready"
    assert devices["cap0"]["lastSeen"].endswith("+00:00")


def test_each_change_is_one_version(store: StateStore, devices: Devices) -> None:
    version = store.version
    devices.add("a", type="t")
    devices.update("a", status="x", more=1)
    devices.touch("a")
    devices.remove("a")
    assert store.version == version + 4


def test_what_is_read_cannot_change_the_state(devices: Devices) -> None:
    devices.add("a", type="t", tags=["x"])
    devices["a"]["tags"].append("y")
    assert devices["a"]["tags"] == ["x"]


def test_any_text_can_be_an_id(devices: Devices) -> None:
    devices.add("usb/0~1 é", type="t")
    devices.touch("usb/0~1 é")
    assert list(devices) == ["usb/0~1 é"]
    devices.remove("usb/0~1 é")


@pytest.mark.parametrize(
    ("act", "error", "says"),
    [
        (lambda d: d.add("a", type="t"), StateError, "there is one of this id already"),
        (
            lambda d: d.update("b", status="x"),
            PathError,
            r"there is no device 'b'; there are: 'a': add\(\) it first",
        ),
        (lambda d: d.touch("b"), PathError, "there is no device 'b'"),
        (lambda d: d.remove("b"), PathError, "there is no device 'b'"),
        (lambda d: d.add("c", type=3), SchemaError, "/devices/c/type"),
        (lambda d: d.add("", type="t"), SchemaError, "an id cannot be empty"),
        (lambda d: d.add(3, type="t"), SchemaError, "is no id"),
        (lambda d: d["b"], KeyError, "there is no device 'b'"),
    ],
)
def test_errors_name_the_id_and_what_is_there_and_change_nothing(
    store: StateStore, devices: Devices, act: Any, error: type[Exception], says: str
) -> None:
    devices.add("a", type="t")
    version = store.version
    with pytest.raises(error, match=says):
        act(devices)
    assert store.version == version
    assert issubclass(error, AutoBenchError | KeyError)


def test_devices_are_a_table_also_when_there_are_none(devices: Devices) -> None:
    assert len(devices.to_pandas()) == 0
    devices.add("psu0", type="power supply", status="ready", volts=12.5)
    table = devices.to_pandas()
    (row,) = table[["id", "type", "status", "volts"]].to_dict("records")
    assert list(row.values()) == [
        "psu0",
        "power supply",
        "ready",
        12.5,
    ]
    assert devices.to_arrow().num_rows == 1
    assert devices.records()[0]["id"] == "psu0"
    assert "psu0: ready" in repr(devices)


def test_streams_are_kept_in_the_same_way(store: StateStore) -> None:
    streams = Streams(store)
    streams.add("cam0", status="live", url="http://127.0.0.1:1/cam0")
    streams.touch("cam0", "stalled")
    assert store.get("/streams/cam0/status") == "stalled"
    assert streams.to_pandas().loc[0, "url"] == "http://127.0.0.1:1/cam0"
    with pytest.raises(StateError):
        streams.add("cam0")


def test_a_pno_scan_reports_findings_and_the_summary_follows(store: StateStore) -> None:
    pno = Pno(store)
    assert pno.status == "idle"
    pno.start()
    pno.advance(0.5)
    pno.finding("clock", "drifts", "error", drift_ms=12)
    pno.finding("disk", "slow")
    assert store.get("/pno/progress") == 0.5
    assert store.get("/pno/summary/total") == 2
    assert store.get("/pno/summary/bySeverity/error") == 1
    pno.finish()
    assert (pno.status, store.get("/pno/progress")) == ("done", 1.0)
    assert [record["check"] for record in pno.records()] == ["clock", "disk"]
    assert pno.to_pandas().loc[0, "message"] == "drifts"
    assert pno.to_arrow().num_rows == 2


def test_the_next_scan_forgets_the_findings_of_the_last(store: StateStore) -> None:
    pno = Pno(store)
    pno.start()
    first = pno.finding("a", "b")
    pno.start()
    assert pno.records() == []
    assert store.get("/pno/summary/total") == 0
    assert pno.finding("a", "b") != first


def test_an_unknown_severity_is_refused_and_reported_nowhere(store: StateStore) -> None:
    pno = Pno(store)
    with pytest.raises(SchemaError, match="severity"):
        pno.finding("a", "b", "terrible")
    assert pno.records() == []
