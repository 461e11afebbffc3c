from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autobench_nb.errors import PointerError
from autobench_nb.state.pointer import MISSING, find, index, join, parse, related


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("", ()),
        ("/", ("",)),
        ("/a/b", ("a", "b")),
        ("/a~1b/m~0n", ("a/b", "m~n")),
        ("/~01", ("~1",)),  # RFC 6901 section 4: first ~1, then ~0
        ("//", ("", "")),
        ("/ /é", (" ", "é")),
    ],
)
def test_a_pointer_has_its_parts(text: str, parts: tuple[str, ...]) -> None:
    assert parse(text) == parts
    assert join(parts) == text


@pytest.mark.parametrize("text", ["devices", "#/devices", "/a~", "/a~2b", "/~~"])
def test_what_is_no_pointer_is_named(text: str) -> None:
    with pytest.raises(PointerError) as error:
        parse(text)
    assert error.value.path == text


@pytest.mark.parametrize("value", [None, 3, b"/a", ["a"], {}])
def test_only_text_is_a_pointer(value: Any) -> None:
    with pytest.raises(PointerError):
        parse(value)


@given(st.lists(st.text()))
def test_join_is_the_inverse_of_parse(parts: list[str]) -> None:
    assert parse(join(parts)) == tuple(parts)


@pytest.mark.parametrize(
    "part", ["01", "-1", "+1", "1.0", "1e0", "", "-", " 1", "\u0661", "3", "99999999999999999999"]
)
def test_what_is_no_index_of_three_items_is_none(part: str) -> None:
    assert index(part, 3) is None


def test_an_index_counts_from_zero() -> None:
    assert [index(part, 3) for part in ("0", "1", "2")] == [0, 1, 2]


def test_find_walks_objects_and_lists() -> None:
    document = {"a": [{"b": None}], "": 1}
    assert find(document, ("a", "0", "b")) is None
    assert find(document, ("",)) == 1
    assert find(document, ()) is document
    for parts in [("x",), ("a", "1"), ("a", "-"), ("a", "0", "b", "c"), ("", "x")]:
        assert find(document, parts) is MISSING


def test_missing_is_false_and_says_its_name() -> None:
    assert not MISSING
    assert repr(MISSING) == "MISSING"


def test_related_pointers_stand_above_each_other() -> None:
    assert related("/a", "/a/b")
    assert related("/a/b", "/a")
    assert related("", "/a")
    assert related("/a", "/a")
    assert not related("/a", "/ab")
    assert not related("/a/b", "/a/c")
