from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from autobench_nb.errors import SchemaError
from autobench_nb.state import PNO_SUMMARY, Projection, StateStore, summarize_findings


def summary(store: StateStore) -> Any:
    return store.get("/pno/summary")


def test_findings_are_counted_by_severity() -> None:
    assert summarize_findings(
        [{"severity": "warn"}, {"severity": "warn"}, {"severity": "fatal"}, {}]
    ) == {"total": 4, "bySeverity": {"info": 0, "warn": 2, "error": 0, "fatal": 1}}


@pytest.mark.parametrize("how", ["set", "append", "merge", "above", "whole", "batch", "field"])
def test_the_summary_follows_the_findings_in_the_same_commit(store: StateStore, how: str) -> None:
    finding = {"id": "f1", "severity": "error", "check": "c", "message": "m"}
    before = store.version
    match how:
        case "set":
            store.set("/pno/findings", [finding])
        case "append":
            store.set("/pno/findings/-", finding)
        case "merge":
            store.merge("/pno", {"findings": [finding]})
        case "above":
            store.set("/pno", {"status": "done", "findings": [finding]})
        case "whole":
            state = store.get()
            state["pno"]["findings"] = [finding]
            state["pno"]["summary"] = {"total": 99, "bySeverity": {}}
            store.replace_state(state)
        case "batch":
            with store.batch():
                store.set("/pno/findings/-", finding)
        case "field":
            store.set("/pno/findings/-", {**finding, "severity": "warn"})
            store.flush()
            before = store.version
            store.set("/pno/findings/0/severity", "error")
    assert store.version == before + 1
    assert summary(store)["total"] == 1
    assert summary(store)["bySeverity"]["error"] == 1
    commit = store.flush()
    assert commit is not None
    assert any(one["path"].startswith("/pno/summary") for one in commit.operations)
    assert store.flush() is None


def test_nobody_writes_what_is_derived(store: StateStore) -> None:
    before = store.get()
    calls: list[Callable[[], None]] = [
        lambda: store.set("/pno/summary", {"total": 3, "bySeverity": {}}),
        lambda: store.set("/pno/summary/total", 3),
        lambda: store.merge("/pno/summary", {"total": 3}),
        lambda: store.remove("/pno/summary"),
    ]
    for call in calls:
        with pytest.raises(SchemaError, match="derived from /pno/findings"):
            call()
    assert store.get() == before
    assert store.flush() is None


def test_a_projection_runs_once_a_batch_and_not_for_what_it_does_not_look_at() -> None:
    calls: list[Any] = []

    def count(devices: Any) -> int:
        calls.append(devices)
        return len(devices)

    store = StateStore(projections=[Projection("/devices", "/meta/deviceCount", count)])
    assert store.get("/meta/deviceCount") == 0
    assert len(calls) == 1
    with store.batch():
        store.set("/devices/a", {})
        with store.batch():
            store.set("/devices/b", {})
        store.set("/devices/a/status", "x")
    assert len(calls) == 2
    assert store.get("/meta/deviceCount") == 2
    store.set("/streams/s", {})
    store.set("/meta/build", "2")
    assert len(calls) == 2


def test_a_projection_that_fails_takes_the_mutation_back() -> None:
    def fail(devices: Any) -> int:
        return 1 // (2 - len(devices))

    store = StateStore(projections=[Projection("/devices", "/meta/odd", fail)])
    store.set("/devices/a", {})
    before = store.get()
    with pytest.raises(ZeroDivisionError):
        store.set("/devices/b", {})
    assert store.get() == before
    with pytest.raises(ZeroDivisionError), store.batch():  # noqa: PT012 - the batch is what is tested
        store.set("/streams/s", {})
        store.set("/devices/b", {})
    assert store.get() == before
    store.set("/devices/a/status", "x")
    assert store.version == before["version"] + 1


def test_a_projection_cannot_change_the_state_through_its_argument() -> None:
    def spoil(devices: Any) -> int:
        devices["spoiled"] = {}
        return 1

    store = StateStore(projections=[Projection("/devices", "/meta/n", spoil)])
    store.set("/devices/a", {})
    assert store.get("/devices") == {"a": {}}


def test_a_projection_without_its_source_has_no_target() -> None:
    store = StateStore(
        projections=[Projection("/devices/a/status", "/meta/aStatus", str.upper), PNO_SUMMARY]
    )
    assert store.get("/meta/aStatus", None) is None
    store.set("/devices/a", {"status": "ok"})
    assert store.get("/meta/aStatus") == "OK"
    store.remove("/devices/a")
    assert store.get("/meta/aStatus", None) is None


def test_projections_may_follow_each_other() -> None:
    store = StateStore(
        projections=[
            Projection("/devices", "/meta/count", len),
            Projection("/meta/count", "/meta/many", lambda count: count > 1),
        ]
    )
    store.set("/devices", {"a": {}, "b": {}})
    assert store.get("/meta/many") is True


def test_a_projection_whose_result_does_not_fit_takes_the_mutation_back() -> None:
    store = StateStore(
        projections=[Projection("/meta/build", "/meta/epoch", lambda text: text or None)],
        initial={"meta": {**StateStore().get("/meta"), "build": "1"}},
    )
    with pytest.raises(SchemaError, match="/meta/epoch"):
        store.set("/meta/build", "")
    assert store.get("/meta/build") == "1"
