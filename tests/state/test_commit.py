"""A commit as other programs take it."""

from __future__ import annotations

from autobench_nb.state.store import StateStore


def test_a_commit_is_a_jsonpatch_that_takes_a_copy_along() -> None:
    store = StateStore()
    before = store.get()
    store.set("/devices/cap0", {"type": "capture", "status": "ready"})
    store.merge("/devices/cap0", {"status": "busy"})
    commit = store.flush()
    assert commit is not None
    assert commit.to_jsonpatch().apply(before) == store.get()
