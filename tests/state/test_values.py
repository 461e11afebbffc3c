from __future__ import annotations

import datetime
import decimal
import enum
import math
import types
from collections import OrderedDict, defaultdict
from typing import Any

import numpy as np
import pytest

from autobench_nb.state.values import (
    MAX_DEPTH,
    MAX_INTEGER,
    ValueRefused,
    copy,
    freeze,
    kind_of,
    same,
)


class Colour(enum.StrEnum):
    RED = "red"


class Size(enum.IntEnum):
    BIG = 3


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        (Colour.RED, "red"),
        (Size.BIG, 3),
        ((1, (2,)), [1, [2]]),
        (OrderedDict(a=1), {"a": 1}),
        (defaultdict(int, a=1), {"a": 1}),
        (types.MappingProxyType({"a": 1}), {"a": 1}),
        ({Colour.RED: 1}, {"red": 1}),
        (np.float64(1.5), 1.5),
        (np.float32(0.5), 0.5),
        (np.int64(7), 7),
        (np.bool_(True), True),
        (np.str_("a"), "a"),
        ("é", "é"),
        (None, None),
    ],
)
def test_what_is_like_json_becomes_plain_json(value: Any, plain: Any) -> None:
    frozen = freeze(value)
    assert frozen == plain
    assert type(frozen) is type(plain)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (math.nan, "use None"),
        (math.inf, "use None"),
        (np.float64("nan"), "use None"),
        (b"a", "decode"),
        ({1}, "sorted"),
        (datetime.datetime(2025, 1, 1), "isoformat"),
        (np.datetime64("2025-01-01"), "isoformat"),
        (np.longdouble(1), "is no JSON value"),
        (np.array([1]), "tolist"),
        (np.complex128(1), "is no JSON value"),
        (decimal.Decimal(1), "float"),
        (object(), "is no JSON value"),
        ({1: 2}, "str(key)"),
        ({None: 2}, "str(key)"),
        ("\ud800", "surrogate"),
        ({"\ud800": 1}, "surrogate"),
        (MAX_INTEGER + 1, "not exact"),
        (-MAX_INTEGER - 1, "not exact"),
    ],
)
def test_what_is_no_json_is_refused_with_a_remedy(value: Any, words: str) -> None:
    with pytest.raises(ValueRefused, match=words.replace("(", r"\(").replace(")", r"\)")):
        freeze(value)


def test_a_refusal_knows_where_in_the_value() -> None:
    with pytest.raises(ValueRefused) as refused:
        freeze({"a": [1, {"b": math.nan}]})
    assert list(reversed(refused.value.trail)) == ["a", "1", "b"]


def test_a_value_may_nest_so_deep_and_no_deeper() -> None:
    value: Any = 1
    for _ in range(MAX_DEPTH):
        value = [value]
    assert freeze(value) == value
    for deeper in ([value], {"a": value}):
        with pytest.raises(ValueRefused, match="deeper"):
            freeze(deeper)


def test_a_value_that_holds_itself_is_refused() -> None:
    value: dict[str, Any] = {}
    value["me"] = value
    with pytest.raises(ValueRefused, match="holds itself"):
        freeze(value)


def test_a_frozen_value_shares_nothing_mutable() -> None:
    inner = [1]
    frozen = freeze({"a": inner})
    inner.append(2)
    assert frozen == {"a": [1]}


def test_a_copy_shares_nothing_mutable() -> None:
    value = {"a": [{"b": [1]}], "c": 1}
    twin = copy(value)
    twin["a"][0]["b"].append(2)
    assert value == {"a": [{"b": [1]}], "c": 1}


@pytest.mark.parametrize(
    ("first", "second"), [(1, 1.0), (0.0, -0.0), ([1], [1.0]), ({"a": 1, "b": 2}, {"b": 2, "a": 1})]
)
def test_equal_json_is_the_same(first: Any, second: Any) -> None:
    assert same(first, second)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (True, 1),
        (0, False),
        ([True], [1]),
        ({"a": 0}, {"a": False}),
        ("1", 1),
        (None, False),
        ({}, []),
        ([1], [1, 1]),
        ({"a": 1}, {"b": 1}),
        ({"a": 1}, {"a": 1, "b": 1}),
        ([], {}),
        ([], None),
    ],
)
def test_different_json_is_not_the_same(first: Any, second: Any) -> None:
    assert not same(first, second)


def test_kinds_have_words() -> None:
    assert kind_of({}) == "an object"
    assert kind_of(1j) == "a Python complex"
