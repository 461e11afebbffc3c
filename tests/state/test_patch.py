from __future__ import annotations

import copy
import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autobench_nb.errors import PatchError
from autobench_nb.state import apply_in_place, apply_patch
from autobench_nb.state.values import same

ROOT = Path(__file__).parents[2]
OWN: list[dict[str, Any]] = json.loads((ROOT / "tests/vectors/json-patch.json").read_text("utf-8"))
FOREIGN = ROOT.parent / "shared" / "data" / "json-patch-tests"
"""The conformance files of the json-patch-tests project, which are no part of this one."""

both_ways = pytest.mark.parametrize("apply", [apply_patch, apply_in_place])


def check(case: dict[str, Any], apply: Any) -> None:
    document = copy.deepcopy(case["doc"])
    patch = copy.deepcopy(case["patch"])
    # What UTF-8 cannot carry is a name to JavaScript; Python's side refuses it, since it could not be sent on.
    if "error" in case or "python" in case:
        with pytest.raises(PatchError):
            apply(document, patch)
        assert same(document, case["doc"])
    else:
        after = apply(document, patch)
        assert same(after, case.get("expected", after))
        if apply is apply_patch:
            assert same(document, case["doc"])
    assert same(patch, case["patch"])


@both_ways
@pytest.mark.parametrize("case", OWN, ids=lambda case: f"{case['section']}: {case['comment']}")
def test_what_the_standards_say(case: dict[str, Any], apply: Any) -> None:
    check(case, apply)


def test_every_vector_names_its_section_says_one_thing_and_has_one_end() -> None:
    assert len(OWN) > 150
    assert len({(case["section"], case["comment"]) for case in OWN}) == len(OWN)
    for case in OWN:
        assert re.fullmatch(r"RFC 690[12] \d(\.\d)?", case["section"])
        assert ("expected" in case) != ("error" in case)
        text = "".join(
            str(operation.get("path")) for operation in case["patch"] if isinstance(operation, dict)
        )
        assert ("python" in case) == (text != text.encode("utf-8", "replace").decode())
    sections = {case["section"] for case in OWN}
    assert {f"RFC 6902 4.{number}" for number in range(1, 7)} <= sections


@both_ways
@pytest.mark.parametrize("name", ["spec_tests", "tests"])
def test_what_the_conformance_files_of_others_say(name: str, apply: Any) -> None:
    path = FOREIGN / f"{name}.json"
    if not path.is_file():
        pytest.skip(f"{path.name} of json-patch-tests is not beside the checkout, in {FOREIGN}")
    cases = [case for case in json.loads(path.read_text("utf-8")) if not case.get("disabled")]
    assert len(cases) > 10
    for case in cases:
        if "patch" in case:
            check(case, apply)


@pytest.mark.parametrize("apply", [apply_patch, apply_in_place])
def test_a_patch_is_applied_whole_or_not_at_all(apply: Any) -> None:
    before = {"a": {"b": [1, 2, 3], "c": {"d": 1}}, "e": 1}
    document = copy.deepcopy(before)
    steps: list[dict[str, Any]] = [
        {"op": "add", "path": "/a/b/1", "value": 9},
        {"op": "remove", "path": "/a/b/0"},
        {"op": "replace", "path": "/a/b/0", "value": 8},
        {"op": "move", "from": "/a/c", "path": "/f"},
        {"op": "copy", "from": "/f", "path": "/g"},
        {"op": "replace", "path": "/e", "value": {"new": []}},
        {"op": "add", "path": "/e/new/-", "value": 1},
        {"op": "remove", "path": "/g/d"},
        {"op": "replace", "path": "", "value": {"whole": True}},
    ]
    assert apply(document, copy.deepcopy(steps)) == {"whole": True}
    document = copy.deepcopy(before)
    with pytest.raises(PatchError) as error:
        apply(document, [*steps, {"op": "test", "path": "/whole", "value": 1}])
    assert error.value.path == "/whole"
    assert document == before


def test_what_did_not_change_is_shared_with_the_document() -> None:
    document: dict[str, Any] = {"a": {"x": 1}, "b": {"y": {}}}
    after = apply_patch(document, [{"op": "replace", "path": "/a/x", "value": 2}])
    assert after == {"a": {"x": 2}, "b": {"y": {}}}
    assert after["b"] is document["b"]
    assert document["a"] == {"x": 1}


def test_a_patch_in_place_keeps_the_document() -> None:
    document: dict[str, Any] = {"a": {"x": 1}}
    assert apply_in_place(document, [{"op": "add", "path": "/a/y", "value": 2}]) is document
    assert document == {"a": {"x": 1, "y": 2}}


@pytest.mark.parametrize("apply", [apply_patch, apply_in_place])
def test_the_operations_are_left_as_they_were(apply: Any) -> None:
    operations = [
        {"op": "add", "path": "/a", "value": {"b": []}},
        {"op": "add", "path": "/a/b/-", "value": 1},
        {"op": "copy", "from": "/a", "path": "/c"},
        {"op": "add", "path": "/c/b/-", "value": 2},
    ]
    before = copy.deepcopy(operations)
    assert apply({}, operations) == {"a": {"b": [1]}, "c": {"b": [1, 2]}}
    assert operations == before


@pytest.mark.parametrize(
    "operations",
    [
        "[]",
        {"op": "remove", "path": "/a"},
        ["remove"],
        [{"path": "/a"}],
        [{"op": ["remove"], "path": "/a"}],
        [{"op": "spam", "path": "/a"}],
        [{"op": "remove"}],
        [{"op": "remove", "path": None}],
        [{"op": "remove", "path": "a"}],
        [{"op": "remove", "path": ""}],
        [{"op": "add", "path": "/b"}],
        [{"op": "replace", "path": "/a"}],
        [{"op": "test", "path": "/a"}],
        [{"op": "copy", "path": "/b"}],
        [{"op": "copy", "from": "/x", "path": "/b"}],
        [{"op": "move", "from": "/l", "path": "/l/0"}],
        [{"op": "move", "from": "/x", "path": "/x"}],
        [{"op": "add", "path": "/a/b", "value": 1}],
        [{"op": "add", "path": "/x/b", "value": 1}],
        [{"op": "add", "path": "/l/3", "value": 1}],
        [{"op": "add", "path": "/l/01", "value": 1}],
        [{"op": "replace", "path": "/l/-", "value": 1}],
        [{"op": "test", "path": "/a", "value": True}],
    ],
)
def test_what_cannot_be_applied_is_an_error(operations: Any) -> None:
    document = {"a": 1, "l": [1, 2]}
    with pytest.raises(PatchError):
        apply_patch(document, operations)
    with pytest.raises(PatchError):
        apply_in_place(document, operations)
    assert document == {"a": 1, "l": [1, 2]}


_KEYS = st.sampled_from(["a", "b", "0", "1", "-", ""])
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(0, 3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=3),
    max_leaves=8,
)
_PATHS = st.lists(_KEYS, max_size=3).map(lambda parts: "".join("/" + part for part in parts))
_OPERATIONS = st.fixed_dictionaries(
    {
        "op": st.sampled_from(["add", "remove", "replace", "move", "copy", "test"]),
        "path": _PATHS,
        "from": _PATHS,
        "value": _VALUES,
    }
)


@given(_VALUES, st.lists(_OPERATIONS, max_size=6))
def test_both_ways_to_apply_agree_and_leave_nothing_behind(
    document: Any, operations: list[dict[str, Any]]
) -> None:
    before = copy.deepcopy(document)
    try:
        after = apply_patch(document, operations)
    except PatchError as error:
        assert same(document, before)
        with pytest.raises(PatchError, match=re.escape(str(error))):
            apply_in_place(document, operations)
        assert same(document, before)
        return
    assert same(document, before)
    assert same(apply_in_place(document, operations), after)
