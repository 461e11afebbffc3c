from __future__ import annotations

import contextlib
import threading
from typing import Any

import pytest

from autobench_nb.errors import SchemaError
from autobench_nb.state import StateStore, apply_patch
from autobench_nb.state.store import LARGE


class Failed(Exception):
    """Thrown within a batch."""


def test_a_batch_is_one_commit(store: StateStore) -> None:
    before = store.version
    with store.batch() as same_store:
        assert same_store is store
        store.set("/devices/cap0/status", "busy")
        store.set("/devices/new", {"status": "ok"})
        assert store.get("/devices/new/status") == "ok"
    commit = store.flush()
    assert commit is not None
    assert (commit.from_version, commit.to_version) == (before, before + 2)
    assert len(commit.operations) == 3


def test_a_rolled_back_batch_leaves_everything_as_it_was(store: StateStore) -> None:
    store.set("/jobs/queue", ["a", "b"])
    store.set("/config/rows", [{"x": 1}, [1, 2]])
    store.flush()
    store.set("/devices/cap0/status", "busy")
    before = store.get()
    with pytest.raises(Failed), store.batch():  # noqa: PT012 - the batch is what is tested
        store.set("/devices/cap0", {"other": True})
        store.set("/devices/cap0/other", False)
        store.remove("/devices/cap0")
        store.set("/jobs/queue/0", "z")
        store.set("/jobs/queue/-", "y")
        store.remove("/jobs/queue/1")
        store.set("/config/rows/0/x", 2)
        store.set("/config/rows/0/y", 3)
        store.remove("/config/rows/0/x")
        store.set("/config/rows/1/-", 3)
        store.merge("/meta", {"status": "error", "telemetry": {"clients": 9}})
        store.replace_state({**store.get(), "devices": {"only": {"status": "x"}}})
        raise Failed
    assert store.get() == before
    commit = store.flush()
    assert commit is not None
    assert commit.operations == (
        {"op": "replace", "path": "/devices/cap0/status", "value": "busy"},
        {"op": "replace", "path": "/version", "value": before["version"]},
    )


def test_a_change_after_a_rollback_is_told(store: StateStore) -> None:
    with pytest.raises(Failed), store.batch():  # noqa: PT012 - the batch is what is tested
        store.set("/devices/cap0", {"other": True})
        raise Failed
    store.set("/devices/cap0/status", "busy")
    commit = store.flush()
    assert commit is not None
    assert commit.operations[0] == {
        "op": "replace",
        "path": "/devices/cap0/status",
        "value": "busy",
    }


def test_a_rolled_back_batch_leaves_the_version(store: StateStore) -> None:
    before = store.version
    with pytest.raises(Failed), store.batch():  # noqa: PT012 - the batch is what is tested
        store.set("/devices/cap0/status", "busy")
        assert store.version == before + 1
        raise Failed
    assert store.version == before
    assert store.flush() is None


def test_an_inner_batch_rolls_back_alone(store: StateStore) -> None:
    before = store.version
    with store.batch():
        store.set("/devices/cap0/status", "busy")
        with pytest.raises(Failed), store.batch():  # noqa: PT012 - the batch is what is tested
            store.set("/devices/cap0/status", "lost")
            store.set("/devices/inner", {})
            raise Failed
        store.set("/devices/cap0/type", "other")
    assert store.version == before + 2
    assert store.get("/devices") == {"cap0": {"status": "busy", "type": "other"}}


def test_an_outer_batch_takes_a_finished_inner_one_back(store: StateStore) -> None:
    before = store.get()
    with pytest.raises(Failed), store.batch():  # noqa: PT012 - the batch is what is tested
        with store.batch():
            store.set("/devices/cap0/status", "lost")
        raise Failed
    assert store.get() == before


def test_a_refused_mutation_within_a_batch_may_be_caught(store: StateStore) -> None:
    with store.batch():
        store.set("/devices/cap0/status", "busy")
        with pytest.raises(SchemaError):
            store.set("/devices/cap0/status", 3)
        with pytest.raises(SchemaError):
            store.merge("/devices/cap0/status", {})
    assert store.get("/devices/cap0/status") == "busy"


def test_nothing_is_flushed_while_a_batch_is_open() -> None:
    calls: list[str] = []
    store = StateStore(on_dirty=lambda: calls.append("dirty"))
    store.set("/meta/build", "1")
    assert calls == ["dirty"]
    with store.batch():
        store.set("/meta/build", "2")
        assert store.flush() is None
        assert store.cut() is None
        assert not store.warm(1_000)
        assert calls == ["dirty"]
    assert calls == ["dirty", "dirty"]
    commit = store.flush()
    assert commit is not None
    assert commit.to_version == 2


def test_a_batch_makes_the_store_dirty_once_it_ends() -> None:
    calls: list[str] = []
    store = StateStore(on_dirty=lambda: calls.append("dirty"))
    with store.batch():
        store.set("/meta/build", "1")
        with store.batch():
            store.set("/meta/build", "2")
        assert calls == []
    assert calls == ["dirty"]
    with store.batch():
        store.set("/meta/build", "3")
    assert calls == ["dirty"]


def test_a_flush_turned_away_by_another_thread_is_called_again_when_its_batch_ends() -> None:
    calls: list[str] = []
    store = StateStore(on_dirty=lambda: calls.append("dirty"))
    store.set("/meta/build", "1")
    is_open, may_end = threading.Event(), threading.Event()

    def hold() -> None:
        with pytest.raises(Failed), store.batch():  # noqa: PT012 - the batch is what is tested
            store.set("/meta/build", "2")
            is_open.set()
            assert may_end.wait(10)
            raise Failed

    thread = threading.Thread(target=hold)
    thread.start()
    assert is_open.wait(10)
    assert store.flush() is None  # at once: it does not wait for the batch
    assert store.cut() is None
    assert not store.warm(1)
    assert calls == ["dirty"]
    may_end.set()
    thread.join(10)
    assert calls == ["dirty", "dirty"]
    commit = store.flush()
    assert commit is not None
    assert commit.to_version == 1


def test_a_batch_keeps_other_threads_out(store: StateStore) -> None:
    seen: list[Any] = []
    with store.batch():
        store.set("/devices/cap0/status", "half")
        thread = threading.Thread(target=lambda: seen.append(store.get("/devices/cap0")))
        thread.start()
        assert not seen
        store.set("/devices/cap0/type", "whole")
    thread.join(10)
    assert seen == [{"status": "half", "type": "whole"}]


def test_an_empty_batch_is_nothing() -> None:
    calls: list[str] = []
    store = StateStore(on_dirty=lambda: calls.append("dirty"))
    with store.batch():
        pass
    assert calls == []
    assert store.flush() is None


def test_a_large_batch_is_worked_out_where_it_was_made_and_still_one_commit() -> None:
    store = StateStore(on_dirty=lambda: None)
    mirror = store.get()
    store.set("/meta/build", "before")
    with store.batch():
        for number in range(LARGE):
            store.set(f"/devices/d{number}", {"status": "ok"})
    store.set("/devices/d7/status", "after")
    commit = store.flush()
    assert commit is not None
    assert (commit.from_version, commit.to_version) == (0, LARGE + 2)
    assert [one["path"] for one in commit.operations].count("/version") == 1
    assert commit.operations[-2:] == (
        {"op": "replace", "path": "/devices/d7/status", "value": "after"},
        {"op": "replace", "path": "/version", "value": LARGE + 2},
    )
    assert apply_patch(mirror, commit.operations) == store.get()


def test_a_large_batch_that_nobody_waits_for_is_left_to_the_flush() -> None:
    store = StateStore()
    with store.batch():
        for number in range(LARGE):
            store.set(f"/devices/d{number}", {})
    store.set("/devices/d7/status", "after")
    commit = store.flush()
    assert commit is not None
    assert len(commit.operations) == LARGE + 1


@pytest.mark.parametrize("fails", [False, True])
def test_a_long_list_is_compared_before_the_flush(fails: bool) -> None:
    store = StateStore(on_dirty=lambda: None)
    names = [f"job{number}" for number in range(LARGE)]
    store.set("/jobs/queue", names)
    store.flush()
    with contextlib.suppress(Failed), store.batch():
        store.set("/jobs/queue", ["new", *names])
        if fails:
            raise Failed
    commit = store.flush()
    if fails:
        assert commit is None
        return
    assert commit is not None
    assert commit.operations[0] == {"op": "add", "path": "/jobs/queue/0", "value": "new"}
