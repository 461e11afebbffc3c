from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from autobench_nb.errors import PathError, PointerError, SchemaError, StateError
from autobench_nb.state import SLICES, Commit, StateStore


def operations(commit: Commit | None) -> list[dict[str, Any]]:
    """What a commit says, without the version."""
    assert commit is not None
    *changes, last = commit.operations
    assert last == {"op": "replace", "path": "/version", "value": commit.to_version}
    return changes


def test_a_new_store_has_every_slice_at_version_zero() -> None:
    store = StateStore()
    assert tuple(store.get()) == SLICES
    assert store.version == store.get("/version") == 0
    assert store.flush() is None


def test_initial_slices_are_laid_over_the_default_ones() -> None:
    store = StateStore({"version": 7, "devices": {"a": {"status": "ok"}}})
    assert store.version == 7
    assert store.get("/devices/a/status") == "ok"
    assert store.get("/jobs/queue") == []


@pytest.mark.parametrize(
    "initial", [{"spam": {}}, {"devices": 3}, {"version": -1}, {"version": "1"}, {"meta": {}}]
)
def test_a_wrong_initial_state_is_refused(initial: dict[str, Any]) -> None:
    with pytest.raises(SchemaError):
        StateStore(initial)


def test_every_mutation_raises_the_version_by_one(store: StateStore) -> None:
    before = store.version
    store.set("/devices/cap0/status", "busy")
    store.set("/devices/cap0/status", "busy")
    store.merge("/devices/cap0", {"a": 1, "b": 2})
    store.remove("/devices/cap0/a")
    store.replace_state(store.get())
    assert store.version == before + 5


def test_a_commit_spans_all_mutations_since_the_last(store: StateStore) -> None:
    before = store.version
    for number in range(10):
        store.set("/devices/cap0/status", f"s{number}")
    commit = store.flush()
    assert commit is not None
    assert (commit.from_version, commit.to_version) == (before, before + 10)
    assert operations(commit) == [{"op": "replace", "path": "/devices/cap0/status", "value": "s9"}]
    assert store.flush() is None


def test_what_was_added_changed_and_removed_is_one_operation_each(store: StateStore) -> None:
    store.set("/devices/new", {"type": "t", "status": "a"})
    store.set("/devices/new/status", "b")
    store.set("/devices/cap0/status", "gone")
    store.remove("/devices/cap0")
    store.set("/streams/never", {})
    store.remove("/streams/never")
    assert operations(store.flush()) == [
        {"op": "add", "path": "/devices/new", "value": {"type": "t", "status": "b"}},
        {"op": "remove", "path": "/devices/cap0"},
    ]


def test_a_value_that_came_back_is_no_operation(store: StateStore) -> None:
    store.set("/devices/cap0/status", "busy")
    store.set("/devices/cap0/status", "ready")
    store.remove("/devices/cap0/type")
    store.set("/devices/cap0/type", "capture")
    store.remove("/devices/cap0")
    store.set("/devices/cap0", {"status": "ready", "type": "capture"})
    commit = store.flush()
    assert operations(commit) == []
    assert commit is not None
    assert commit.to_version == commit.from_version + 6


def test_an_ancestor_replaced_after_its_child_is_compared_with_what_stood_before(
    store: StateStore,
) -> None:
    store.set("/devices/cap0/status", "busy")
    store.set("/devices/cap0", {"a": 1})
    store.set("/devices/cap0", {"type": "capture", "status": "ready", "a": 2})
    assert operations(store.flush()) == [{"op": "add", "path": "/devices/cap0/a", "value": 2}]


def test_a_whole_object_set_again_tells_only_what_differs(store: StateStore) -> None:
    store.set("/devices/cap0", {"type": "capture", "status": "busy"})
    assert operations(store.flush()) == [
        {"op": "replace", "path": "/devices/cap0/status", "value": "busy"}
    ]


def test_reads_are_copies(store: StateStore) -> None:
    before = store.get()
    store.get()["devices"]["cap0"]["status"] = "broken"
    store.get("/devices").clear()
    store.get("/jobs/queue").append("x")
    assert store.get() == before


def test_what_was_put_in_may_change_later_without_the_state(store: StateStore) -> None:
    device: dict[str, Any] = {"type": "t", "status": "a", "tags": ["x"]}
    store.set("/devices/new", device)
    store.merge("/devices/other", {"inner": device})
    device["tags"].append("y")
    device["status"] = "b"
    assert store.get("/devices/new") == {"type": "t", "status": "a", "tags": ["x"]}
    assert store.get("/devices/other/inner/tags") == ["x"]


def test_a_commit_does_not_change_with_the_state(store: StateStore) -> None:
    store.set("/devices/new", {"type": "t", "tags": ["x"]})
    commit = store.flush()
    store.set("/devices/new/type", "u")
    store.set("/devices/new/tags/-", "y")
    assert operations(commit)[0]["value"] == {"type": "t", "tags": ["x"]}


def test_get_gives_the_default_where_nothing_stands(store: StateStore) -> None:
    assert store.get("/devices/none", None) is None
    assert store.get("/spam/none", 3) == 3
    with pytest.raises(PathError, match="/devices/none"):
        store.get("/devices/none")
    with pytest.raises(PointerError):
        store.get("devices", None)


def test_merge_is_recursive_and_one_mutation(store: StateStore) -> None:
    store.set("/devices/cap0/power", {"volts": 5, "rail": {"a": 1}})
    store.flush()
    store.merge("/devices", {"cap0": {"power": {"rail": {"b": 2}}, "status": "ready"}, "new": {}})
    assert store.get("/devices") == {
        "cap0": {
            "type": "capture",
            "status": "ready",
            "power": {"volts": 5, "rail": {"a": 1, "b": 2}},
        },
        "new": {},
    }
    assert operations(store.flush()) == [
        {"op": "add", "path": "/devices/cap0/power/rail/b", "value": 2},
        {"op": "add", "path": "/devices/new", "value": {}},
    ]


def test_merge_takes_the_whole_state_but_not_its_version(store: StateStore) -> None:
    store.merge("", {"meta": {"status": "ready"}, "streams": {"s": {"status": "up"}}})
    assert store.get("/meta/status") == "ready"
    with pytest.raises(SchemaError, match="/version"):
        store.merge("", {"version": 3})


@pytest.mark.parametrize(
    ("pointer", "value"),
    [
        ("/spam", {}),
        ("/spam/x", 1),
        ("/version", 3),
        ("/version/x", 3),
        ("/devices", []),
        ("/devices", None),
        ("/devices/cap0", "ready"),
        ("/devices/cap0/status", 3),
        ("/devices/cap0/status", None),
        ("/devices/cap0/lastSeen", 3),
        ("/meta", {"status": "ready"}),
        ("/meta/status", "sleepy"),
        ("/meta/status", ["ready"]),
        ("/meta/telemetry/clients", "many"),
        ("/config/features/x", 1),
        ("/config/requestSample", True),
        ("/jobs/queue", {}),
        ("/jobs/queue/-", 3),
        ("/jobs/items/j", {"status": "dead"}),
        ("/jobs/items/j", {"repeat": 1.5}),
        ("/pno/findings/-", {"severity": "awful"}),
        ("/logs/nextSeq", 1.5),
        ("/serverConfig/logs/minLevel", "loud"),
        ("/devices/cap0/x", float("nan")),
        ("/devices/cap0/x", {"y": {1: 2}}),
        ("/devices/cap0/x", {1}),
    ],
)
def test_a_value_that_does_not_fit_is_refused_and_changes_nothing(
    store: StateStore, pointer: str, value: Any
) -> None:
    before = store.get()
    with pytest.raises(SchemaError) as error:
        store.set(pointer, value)
    assert str(error.value).startswith(error.value.path)
    assert error.value.path.startswith(pointer)
    assert store.get() == before
    assert store.flush() is None


def test_the_error_names_the_path_within_the_value(store: StateStore) -> None:
    with pytest.raises(SchemaError) as error:
        store.set("/devices", {"a/b": {"status": "x", "data": [1, float("inf")]}})
    assert error.value.path == "/devices/a~1b/data/1"
    with pytest.raises(SchemaError) as error:
        store.merge("/jobs", {"items": {"j1": {"progress": "half"}}})
    assert error.value.path == "/jobs/items/j1/progress"


@pytest.mark.parametrize(
    ("pointer", "words"),
    [
        ("/devices/none/status", "set /devices/none first"),
        ("/devices/none/a/b", "set /devices/none first"),
        ("/devices/cap0/status/x", "set /devices/cap0/status to an object first"),
        ("/jobs/queue/0", "/jobs/queue/-"),
        ("/jobs/queue/x", "/jobs/queue/-"),
        ("/jobs/queue/0/x", "set /jobs/queue/0 first"),
        ("/jobs/items/j/current/x", "set /jobs/items/j first"),
    ],
)
def test_a_missing_parent_is_named_with_the_remedy(
    store: StateStore, pointer: str, words: str
) -> None:
    before = store.get()
    with pytest.raises(PathError) as error:
        store.set(pointer, "x")
    assert error.value.path == pointer
    assert words in str(error.value)
    assert store.get() == before
    assert store.flush() is None


@pytest.mark.parametrize("pointer", ["devices/x", "/devices/~2", None, 3, ["devices"]])
def test_a_bad_pointer_is_refused_everywhere(store: StateStore, pointer: Any) -> None:
    for call in (
        lambda: store.set(pointer, 1),
        lambda: store.merge(pointer, {}),
        lambda: store.remove(pointer),
        lambda: store.get(pointer),
        lambda: store.subscribe(print, pointer),
    ):
        with pytest.raises(PointerError):
            call()


@pytest.mark.parametrize(
    ("pointer", "error"),
    [
        ("", SchemaError),
        ("/devices", SchemaError),
        ("/version", SchemaError),
        ("/meta/status", SchemaError),
        ("/jobs/queue", SchemaError),
        ("/devices/none", PathError),
        ("/devices/cap0/none", PathError),
        ("/jobs/queue/0", PathError),
        ("/jobs/queue/-", PathError),
    ],
)
def test_what_must_stay_or_is_not_there_cannot_be_removed(
    store: StateStore, pointer: str, error: type[StateError]
) -> None:
    before = store.get()
    with pytest.raises(error):
        store.remove(pointer)
    assert store.get() == before
    assert store.flush() is None


@pytest.mark.parametrize("value", [None, [], "x", 3])
def test_only_mappings_are_merged_or_replace_the_state(store: StateStore, value: Any) -> None:
    with pytest.raises(SchemaError):
        store.merge("/devices", value)
    with pytest.raises(SchemaError):
        store.replace_state(value)
    with pytest.raises(SchemaError):
        store.set("", value)
    store.set("/devices/cap0/note", "text")
    with pytest.raises(SchemaError, match="no object"):
        store.merge("/devices/cap0/note", {})


def test_a_state_without_a_slice_is_refused(store: StateStore) -> None:
    state = store.get()
    del state["jobs"]
    with pytest.raises(SchemaError, match="jobs"):
        store.replace_state(state)


def test_items_of_lists_are_replaced_appended_and_removed(store: StateStore) -> None:
    store.set("/jobs/queue", ["a", "b", "c"])
    store.flush()
    store.set("/jobs/queue/1", "B")
    store.set("/jobs/queue/-", "d")
    store.remove("/jobs/queue/0")
    assert store.get("/jobs/queue") == ["B", "c", "d"]
    store.set("/config/table", {"rows": [{"cells": [1, 2]}, {"cells": []}]})
    store.flush()
    store.set("/config/table/rows/1/cells/-", {"x": 1})
    store.set("/config/table/rows/1/cells/0/y", 2)
    store.merge("/config/table/rows/1/cells/0", {"z": {"q": 3}})
    store.remove("/config/table/rows/1/cells/0/x")
    store.remove("/config/table/rows/0/cells/0")
    assert store.get("/config/table/rows") == [{"cells": [2]}, {"cells": [{"y": 2, "z": {"q": 3}}]}]


def test_one_field_within_a_long_list_is_one_small_operation(store: StateStore) -> None:
    store.set("/config/rows", [{"id": number, "text": "x" * 20} for number in range(1_000)])
    store.flush()
    store.set("/config/rows/500/text", "y")
    assert operations(store.flush()) == [
        {"op": "replace", "path": "/config/rows/500/text", "value": "y"}
    ]


def test_an_insertion_at_the_front_of_a_long_list_is_one_operation(store: StateStore) -> None:
    store.set("/jobs/queue", [f"job{number}" for number in range(10_000)])
    store.flush()
    store.set("/jobs/queue", ["first", *store.get("/jobs/queue")])
    commit = store.flush()
    assert operations(commit) == [{"op": "add", "path": "/jobs/queue/0", "value": "first"}]
    assert commit is not None
    assert len(commit.patch) < 150


def test_replace_state_finds_the_few_changes_in_a_wide_map() -> None:
    devices = {f"d{number}": {"type": "t", "status": "ok", "n": number} for number in range(10_000)}
    store = StateStore({"devices": devices})
    after = store.get()
    after["devices"]["d77"]["status"] = "lost"
    del after["devices"]["d5"]
    after["devices"] = {"front": {"status": "new"}, **after["devices"]}
    after["jobs"]["queue"] = ["a"]
    store.replace_state(after)
    commit = store.flush()
    assert operations(commit) == [
        {"op": "remove", "path": "/devices/d5"},
        {"op": "add", "path": "/devices/front", "value": {"status": "new"}},
        {"op": "replace", "path": "/devices/d77/status", "value": "lost"},
        {"op": "add", "path": "/jobs/queue/0", "value": "a"},
    ]
    assert store.get("/devices") == after["devices"]


def test_a_patch_grows_with_the_change_and_not_with_the_state() -> None:
    sizes = []
    for count in (100, 10_000):
        store = StateStore({"devices": {f"d{n}": {"status": "ok"} for n in range(count)}})
        store.set("/devices/d7/status", "lost")
        store.set("/devices/zz", {"status": "ok"})
        commit = store.flush()
        assert commit is not None
        sizes.append(len(commit.patch))
    assert sizes[0] == sizes[1] < 200


def test_on_dirty_is_called_once_a_window_and_outside_the_lock() -> None:
    calls: list[Commit | None] = []
    flushes = True

    def on_dirty() -> None:
        calls.append(store.flush() if flushes else None)

    store = StateStore(on_dirty=on_dirty)
    store.set("/meta/status", "ready")
    assert [operations(commit)[0]["value"] for commit in calls] == ["ready"]
    flushes = False
    store.set("/meta/status", "error")
    store.set("/meta/status", "ready")
    store.merge("/meta", {"build": "2"})
    assert len(calls) == 2
    store.flush()
    store.set("/meta/status", "error")
    assert len(calls) == 3


def test_what_fails_does_not_make_the_store_dirty() -> None:
    calls: list[int] = []
    store = StateStore(on_dirty=lambda: calls.append(1))
    with pytest.raises(SchemaError):
        store.set("/meta/status", 3)
    with pytest.raises(PathError):
        store.set("/devices/none/status", "x")
    with pytest.raises(PathError):
        store.remove("/devices/none")
    with pytest.raises(ZeroDivisionError), store.batch():  # noqa: PT012 - the batch is what is tested
        store.set("/meta/build", "2")
        raise ZeroDivisionError
    assert calls == []


def test_a_commit_is_a_value() -> None:
    first = Commit.of(1, 2, [{"op": "remove", "path": "/a"}])
    assert first == Commit(1, 2, b'[{"op":"remove","path":"/a"}]')
    assert len({first, Commit.of(1, 2, [])}) == 2
    assert "1..2" in repr(first)


def test_unusual_keys_travel_escaped(store: StateStore) -> None:
    before = store.get()
    for key in ("a/b", "m~n", "", "é", "__proto__", "0", "-"):
        escaped = key.replace("~", "~0").replace("/", "~1")
        store.set(f"/devices/{escaped}", {"status": "x"})
        assert store.get(f"/devices/{escaped}/status") == "x"
    after = copy.deepcopy(before["devices"])
    for one in operations(store.flush()):
        assert one["op"] == "add"
    cut = store.cut()
    assert cut is not None
    assert json.loads(cut[1].data)["devices"].keys() == after.keys() | {
        "a/b",
        "m~n",
        "",
        "é",
        "__proto__",
        "0",
        "-",
    }
