from __future__ import annotations

import itertools
import random
from typing import Any

import jsonpatch
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autobench_nb.state import Operation, apply_patch, diff
from autobench_nb.state.diff import align
from autobench_nb.state.values import copy, same


def between(old: Any, new: Any) -> list[Operation]:
    operations: list[Operation] = []
    diff(old, new, "/x", operations)
    for after in (
        apply_patch({"x": copy(old)}, operations),
        jsonpatch.apply_patch({"x": copy(old)}, copy(operations)),
    ):
        assert same(after, {"x": new})
    return operations


_SCALARS = st.none() | st.booleans() | st.integers(0, 4) | st.sampled_from(["", "a", "é", "/~"])
_VALUES = st.recursive(
    _SCALARS,
    lambda inner: (
        st.lists(inner, max_size=6)
        | st.dictionaries(st.sampled_from(["a", "b", "c/d", "~"]), inner, max_size=4)
    ),
    max_leaves=20,
)


@given(_VALUES, _VALUES)
def test_the_difference_turns_one_value_into_the_other(old: Any, new: Any) -> None:
    operations = between(old, new)
    assert bool(operations) is not same(old, new)
    size = len(orjson.dumps(operations))
    assert size <= len(orjson.dumps([{"op": "replace", "path": "/x", "value": new}]))


@given(st.lists(st.integers(0, 30), max_size=60), st.lists(st.integers(0, 30), max_size=60))
def test_lists_turn_into_each_other(old: list[int], new: list[int]) -> None:
    between(old, new)


@given(st.lists(st.integers(0, 9), max_size=30), st.lists(st.integers(0, 9), max_size=30))
def test_aligned_pairs_are_the_same_and_rise(old: list[int], new: list[int]) -> None:
    pairs = align(old, new)
    assert all(old[here] == new[there] for here, there in pairs)
    for (here, there), (next_here, next_there) in itertools.pairwise(pairs):
        assert here < next_here
        assert there < next_there


def test_an_insertion_at_the_front_of_a_long_list_is_one_operation() -> None:
    old = [f"job{number}" for number in range(10_000)]
    assert between(old, ["new", *old]) == [{"op": "add", "path": "/x/0", "value": "new"}]


def test_a_removal_at_the_front_of_a_long_list_is_one_operation() -> None:
    old = [f"job{number}" for number in range(10_000)]
    assert between(old, old[1:]) == [{"op": "remove", "path": "/x/0"}]


def test_scattered_changes_of_a_long_list_are_as_many_operations() -> None:
    chance = random.Random(1)
    old = [f"job{number}" for number in range(5_000)]
    new = old.copy()
    for number in range(10):
        new.insert(chance.randrange(len(new)), f"new{number}")
        new.pop(chance.randrange(len(new)))
    assert len(between(old, new)) <= 20


def test_a_field_changed_behind_an_insertion_is_two_operations() -> None:
    old = [{"id": number, "text": "x" * 50} for number in range(100)]
    new = [{"id": -1}, *copy(old)]
    new[50]["text"] = "y"
    assert between(old, new) == [
        {"op": "add", "path": "/x/0", "value": {"id": -1}},
        {"op": "replace", "path": "/x/50/text", "value": "y"},
    ]


def test_a_gap_too_large_for_a_table_is_still_right() -> None:
    old = [number % 7 for number in range(400)]
    new = [number % 5 for number in range(390)]
    between(old, new)


def test_one_key_of_a_wide_map_is_one_operation() -> None:
    old = {f"k{number}": {"a": number} for number in range(5_000)}
    new = {**old, "k7": {"a": -1, "b": 2}, "more": 1}
    del new["k9"]
    assert between(old, new) == [
        {"op": "remove", "path": "/x/k9"},
        {"op": "replace", "path": "/x/k7", "value": {"a": -1, "b": 2}},
        {"op": "add", "path": "/x/more", "value": 1},
    ]


def test_where_nothing_is_left_one_replacement_says_it() -> None:
    assert len(between({"a": 1, "b": 2}, {"c": 1, "d": 2})) == 1
    assert len(between({"a": 1, "b": 2}, {"a": 3, "b": 4})) == 1
    assert len(between([1, 2, 3], [4, 5, 6])) == 1


@pytest.mark.parametrize(("old", "new"), [(1, True), ([1], [True]), ({"a": 0}, {"a": False})])
def test_a_truth_value_is_no_number(old: Any, new: Any) -> None:
    assert len(between(old, new)) == 1


def test_keys_are_escaped() -> None:
    assert between({"a/b": 1, "~": 1, "long": "x" * 99}, {"a/b": 2, "~": 1, "long": "x" * 99}) == [
        {"op": "replace", "path": "/x/a~1b", "value": 2}
    ]
