from __future__ import annotations

import json
from typing import Any

import pytest

from autobench_nb.state import Snapshot, StateStore
from autobench_nb.state.snapshot_cache import CHUNK, SnapshotCache, _Wide


def wide(count: int, **slices: Any) -> StateStore:
    devices = {f"d{number}": {"status": "ok", "n": number} for number in range(count)}
    return StateStore({"devices": devices, **slices})


def snapshot(store: StateStore) -> Snapshot:
    """The snapshot, checked against what the store says itself, order of keys and all."""
    cut = store.cut()
    assert cut is not None
    parsed = json.loads(cut[1].data)
    state = store.get()
    assert parsed == state
    assert list(parsed) == list(state)
    assert list(parsed["devices"]) == list(state["devices"])
    assert cut[1].version == parsed["version"] == store.version
    return cut[1]


def test_the_same_version_is_the_same_snapshot(store: StateStore) -> None:
    first = snapshot(store)
    assert snapshot(store).data is first.data
    store.set("/devices/cap0/status", "busy")
    assert snapshot(store).data != first.data


def test_cut_gives_commit_and_snapshot_of_one_version(store: StateStore) -> None:
    store.set("/devices/cap0/status", "busy")
    cut = store.cut()
    assert cut is not None
    commit, at = cut
    assert commit is not None
    assert commit.to_version == at.version == store.version
    again = store.cut()
    assert again is not None
    assert again[0] is None
    assert again[1] is at


@pytest.mark.parametrize("count", [0, 1, 255, 256, 257, 1_000])
def test_a_snapshot_follows_a_map_of_any_width(count: int) -> None:
    store = wide(count)
    snapshot(store)
    store.set("/devices/new", {"status": "x"})
    snapshot(store)
    store.set("/devices/new/status", "y")
    snapshot(store)
    store.remove("/devices/new")
    snapshot(store)
    for number in range(count):
        store.remove(f"/devices/d{number}")
        if number % 97 == 0:
            snapshot(store)
    snapshot(store)
    for number in range(600):
        store.set(f"/devices/e{number}", {})
    snapshot(store)
    store.set("/devices", {"only": {}})
    snapshot(store)


def test_wide_maps_within_a_slice_and_lists_are_followed_too() -> None:
    jobs = {
        "queue": ["a"],
        "running": [],
        "lastCompleted": None,
        "items": {f"j{number}": {"id": f"j{number}"} for number in range(500)},
    }
    store = wide(3, jobs=jobs)
    snapshot(store)
    store.set("/jobs/items/j7/status", "running")
    store.set("/jobs/queue/-", "b")
    store.set("/jobs/more", {"x": 1})
    snapshot(store)
    store.remove("/jobs/more")
    store.set("/jobs/lastCompleted", "j7")
    snapshot(store)
    store.set("/jobs/items", {})
    snapshot(store)
    store.set("/config/deep", {"a": {"b": {str(number): number for number in range(300)}}})
    snapshot(store)
    store.set("/config/deep/a/b/7", "x")
    snapshot(store)
    store.set("/config/deep/a", [1])
    snapshot(store)
    store.remove("/config/deep")
    snapshot(store)


def test_an_empty_wide_map_is_an_empty_object() -> None:
    store = wide(300)
    snapshot(store)
    with store.batch():
        for number in range(300):
            store.remove(f"/devices/d{number}")
    snapshot(store)


def test_one_change_makes_one_piece_stale() -> None:
    store = wide(CHUNK * 10)
    snapshot(store)
    assert store.warm(0)
    store.set("/devices/d7/status", "x")
    store.flush()
    assert not store.warm(0)
    assert store.warm(1)
    snapshot(store)


@pytest.mark.parametrize("flushes", [False, True])
def test_a_store_is_warmed_in_steps_while_it_changes(flushes: bool) -> None:
    store = wide(CHUNK * 10)
    store.set("/config/wide", {str(number): number for number in range(300)})
    steps = 0
    while not store.warm(2):
        steps += 1
        store.set(f"/devices/d{steps * 20 + 1}/status", "x")
        store.remove(f"/devices/d{steps * 30}")
        store.set(f"/devices/x{steps}", {})
        if steps == 4:
            store.set("/config/wide", [1])
        if steps == 6:
            store.remove("/config/wide")
        if flushes and steps < 10:
            store.flush()
        assert steps < 100
    assert steps >= 5
    assert store.warm(0)
    snapshot(store)


def test_what_a_window_touches_does_not_keep_a_store_from_being_warm() -> None:
    store = wide(CHUNK * 10)
    for number in range(CHUNK * 10):
        store.set(f"/devices/d{number}/status", "x")
    steps = 0
    while not store.warm(1):
        steps += 1
        assert steps < 40
    snapshot(store)


def test_a_rollback_leaves_no_trace_in_the_pieces() -> None:
    store = wide(500)
    store.warm(10_000)
    with pytest.raises(ZeroDivisionError), store.batch():  # noqa: PT012 - the batch is what is tested
        store.set("/devices/d7/status", "x")
        store.remove("/devices/d8")
        store.warm(10_000)
        raise ZeroDivisionError
    assert store.warm(0)
    cut = store.cut()
    assert cut is not None
    # The key d8 may stand elsewhere, since objects have no order.
    assert json.loads(cut[1].data) == store.get()


def test_chunks_stay_few_when_keys_come_and_go() -> None:
    state: dict[str, Any] = {"version": 0, "devices": {f"d{number}": {} for number in range(2_000)}}
    pieces = SnapshotCache(state)
    pieces.assemble(0)
    wide_map = state["devices"]
    for number in range(20_000):
        new, old = f"d{number + 2_000}", f"d{number}"
        wide_map[new] = {}
        del wide_map[old]
        pieces.touch({"devices": {new: (None, None, ""), old: (None, None, "")}})
    assert json.loads(pieces.assemble(1)) == {**state, "version": 1}
    devices = pieces._root.children["devices"]
    assert isinstance(devices, _Wide)
    assert len(devices.chunks) < 3 * 2_000 / CHUNK
    assert "bytes" in repr(Snapshot(1, b"{}"))
