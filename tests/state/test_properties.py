"""What the store tells, checked by others: jsonpatch applies its commits, orjson reads its snapshots."""

from __future__ import annotations

import copy
import json
from typing import Any

import jsonpatch
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from autobench_nb.errors import StateError
from autobench_nb.state import Commit, StateStore, apply_in_place, apply_patch
from autobench_nb.state import store as store_module
from autobench_nb.state.store import LARGE
from autobench_nb.state.values import same
from tests.state.naive import KEYS, MUTATIONS, VALUES, Impossible, naively


def mutate(store: StateStore, mutation: tuple[Any, ...]) -> None:
    kind, *arguments = mutation
    getattr(store, kind)(*arguments)


def follow(before: Any, commit: Commit | None, after: Any) -> None:
    """All who apply the commit to what was come to what is."""
    operations = [] if commit is None else list(commit.operations)
    oracle = jsonpatch.apply_patch(copy.deepcopy(before), copy.deepcopy(operations))
    assert same(oracle, after)
    assert same(apply_patch(before, operations), after)
    assert same(apply_in_place(copy.deepcopy(before), operations), after)
    if commit is not None:
        assert commit.from_version == before["version"]
        assert commit.to_version == after["version"]
        assert operations[-1] == {"op": "replace", "path": "/version", "value": after["version"]}
        assert json.loads(commit.patch) == operations


@given(st.lists(st.lists(MUTATIONS, max_size=6), max_size=4))
def test_commits_turn_what_was_into_what_is(windows: list[list[tuple[Any, ...]]]) -> None:
    store = StateStore()
    store.set("/devices/d", {"x": {"a": [1, {"b": 2}], "b": {}}})
    store.flush()
    for window in windows:
        before = store.get()
        for mutation in window:
            try:
                mutate(store, mutation)
            except StateError:
                continue
        follow(before, store.flush(), store.get())


@given(VALUES, VALUES, st.dictionaries(KEYS, st.dictionaries(KEYS, VALUES)))
def test_replace_state_gives_the_new_state_by_a_patch(
    first: Any, second: Any, devices: Any
) -> None:
    store = StateStore({"devices": {"d": {"x": first}, "same": {"type": "t"}}})
    before = store.get()
    after = {**copy.deepcopy(before), "devices": {**devices, "d": {"x": second}}}
    store.replace_state(after)
    commit = store.flush()
    assert store.get() == {**after, "version": 1}
    follow(before, commit, store.get())


@given(VALUES)
def test_a_value_that_comes_back_needs_no_operation(value: Any) -> None:
    store = StateStore({"meta": {**StateStore().get("/meta"), "free": {"a": value}}})
    store.set("/meta/free/a", "other")
    store.set("/meta/free", {"b": 1})
    store.set("/meta/free", {"a": value})
    commit = store.flush()
    assert commit is not None
    assert [one["path"] for one in commit.operations] == ["/version"]


class Failed(Exception):
    """Thrown within a batch."""


class StoreMachine(RuleBasedStateMachine):
    """The store beside the naive one: batches nest and fail, and mirrors follow by commits or by snapshots."""

    large = LARGE

    @initialize()
    def start(self) -> None:
        store_module.LARGE = self.large  # type: ignore[misc]
        self.dirty = 0
        self.store = StateStore(on_dirty=self.on_dirty)
        self.expected = self.store.get()
        self.mirror = self.store.get()
        self.batches: list[tuple[Any, dict[str, Any]]] = []
        self.subscribed: Any = self.store.get()
        self.store.subscribe(self.on_commit)

    def on_dirty(self) -> None:
        self.dirty += 1

    def on_commit(self, commit: Commit) -> None:
        self.subscribed = apply_patch(self.subscribed, commit.operations)

    @rule(mutation=MUTATIONS)
    def mutate(self, mutation: tuple[Any, ...]) -> None:
        try:
            after = naively(self.expected, mutation)
        except Impossible:
            with pytest.raises(StateError):
                mutate(self.store, mutation)
            return
        mutate(self.store, mutation)
        after["version"] += 1
        self.expected = after

    @rule(value=VALUES, other=VALUES)
    def replace(self, value: Any, other: Any) -> None:
        after = copy.deepcopy(self.expected)
        after["devices"] = {"d": {"x": value}, "e": {"y": other}}
        self.store.replace_state(after)
        self.expected = {**after, "version": after["version"] + 1}

    @rule(count=st.sampled_from([0, 40, 300, 600]), begin=st.integers(0, 200))
    def widen(self, count: int, begin: int) -> None:
        """Make a map wide, narrow or shifted, so that snapshots change the way they are cut."""
        devices = {f"w{number}": {"n": number} for number in range(begin, begin + count)}
        devices["d"] = self.expected["devices"].get("d", {})
        self.store.set("/devices", devices)
        self.expected = {**self.expected, "devices": copy.deepcopy(devices)}
        self.expected["version"] += 1

    @rule()
    def begin_batch(self) -> None:
        batch = self.store.batch()
        batch.__enter__()
        self.batches.append((batch, copy.deepcopy(self.expected)))

    @precondition(lambda self: self.batches)
    @rule(fails=st.booleans())
    def end_batch(self, fails: bool) -> None:
        batch, before = self.batches.pop()
        if fails:
            batch.__exit__(Failed, Failed(), None)
            self.expected = before
        else:
            batch.__exit__(None, None, None)

    @rule()
    def flush(self) -> None:
        commit = self.store.flush()
        if self.batches:
            assert commit is None
            return
        follow(self.mirror, commit, self.expected)
        self.mirror = copy.deepcopy(self.expected)

    @rule()
    def cut(self) -> None:
        cut = self.store.cut()
        if self.batches:
            assert cut is None
            return
        assert cut is not None
        commit, snapshot = cut
        follow(self.mirror, commit, self.expected)
        assert same(json.loads(snapshot.data), self.expected)
        assert snapshot.version == self.expected["version"]
        self.mirror = copy.deepcopy(self.expected)

    @rule(pieces=st.integers(0, 3))
    def warm(self, pieces: int) -> None:
        assert not (self.store.warm(pieces) and self.batches)

    @invariant()
    def the_store_is_as_expected(self) -> None:
        if hasattr(self, "store"):
            assert same(self.store.get(), self.expected)
            assert self.store.version == self.expected["version"]
            if self.expected["version"] != self.mirror["version"] and not self.batches:
                assert self.dirty

    def teardown(self) -> None:
        store_module.LARGE = LARGE  # type: ignore[misc]
        if hasattr(self, "store"):
            while self.batches:
                self.end_batch(fails=False)
            self.cut()
            assert same(self.subscribed, self.expected)


class PreparingMachine(StoreMachine):
    """The same where nearly every batch is large, so that commits are put together from two parts."""

    large = 2


StoreMachine.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestStoreMachine = StoreMachine.TestCase
PreparingMachine.TestCase.settings = StoreMachine.TestCase.settings
TestPreparingMachine = PreparingMachine.TestCase
