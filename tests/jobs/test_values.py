"""What callables return: whole in Python, as JSON with a note for everybody else."""

from __future__ import annotations

import math
import threading
from collections import OrderedDict, namedtuple
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import Enum, IntEnum
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autobench_nb.jobs import Runner
from autobench_nb.logs.entry import Level
from autobench_nb.tables.wire_values import VALUE_LIMIT, wire_value
from tests.jobs.conftest import PATIENCE_S, Bench

Point = namedtuple("Point", "x y")


@dataclass
class Sample:
    volts: float
    where: Path


class Colour(Enum):
    RED = "red"


class Number(IntEnum):
    TWO = 2


class Rude:
    def __len__(self) -> int:
        raise RuntimeError

    @property
    def dtype(self) -> Any:
        raise RuntimeError


CARRIED: list[tuple[Any, Any]] = [
    (None, None),
    (True, True),
    (3, 3),
    (1.5, 1.5),
    ("é", "é"),
    ([1, [2, {"a": None}]], [1, [2, {"a": None}]]),
    ((1, 2), [1, 2]),
    (OrderedDict(b=1, a=2), {"b": 1, "a": 2}),
    (np.float64(1.5), 1.5),
    (np.int8(3), 3),
    (np.bool_(True), True),
    (np.arange(3), [0, 1, 2]),
    (np.ones((2, 2)), [[1.0, 1.0], [1.0, 1.0]]),
    (Point(1, 2), {"x": 1, "y": 2}),
    (Colour.RED, "red"),
    (Number.TWO, 2),
    (2**53 - 1, 2**53 - 1),
]


@pytest.mark.parametrize(("value", "expected"), CARRIED)
def test_what_json_carries_has_no_note(value: Any, expected: Any) -> None:
    assert wire_value(value) == (expected, None, False)


CONVERTED: list[tuple[Any, Any, str]] = [
    ({1: 0.5}, {"1": 0.5}, "keys of type int became text"),
    ({None: 1}, {"None": 1}, "keys of type NoneType became text"),
    ({(1, 2): 3}, {"(1, 2)": 3}, "keys of type tuple became text"),
    (2**70, str(2**70), "whole numbers beyond 2**53 - 1 became text"),
    (-(2**53), str(-(2**53)), "whole numbers beyond 2**53 - 1 became text"),
    (np.uint64(2**64 - 1), str(2**64 - 1), "whole numbers beyond 2**53 - 1 became text"),
    (Path("a/b"), "a/b", "PosixPath became text"),
    (Decimal("0.10"), "0.10", "Decimal became text"),
    (Fraction(1, 3), "1/3", "Fraction became text"),
    (date(2026, 1, 2), "2026-01-02", "date became text"),
    (datetime(2026, 1, 2, tzinfo=UTC), "2026-01-02T00:00:00+00:00", "datetime became text"),
    (timedelta(seconds=90), "0:01:30", "timedelta became text"),
    (1 + 2j, "(1+2j)", "complex became text"),
    ({3}, [3], "a set became a list"),
    ("\ud800", "\\ud800", "lone surrogates became escapes"),
    (Sample(1.0, Path("x")), {"volts": 1.0, "where": "x"}, "PosixPath became text"),
]


@pytest.mark.parametrize(("value", "expected", "note"), CONVERTED)
def test_what_can_be_converted_is_and_the_note_says_so(
    value: Any, expected: Any, note: str
) -> None:
    assert wire_value(value) == (expected, note, False)


LOOP: list[Any] = []
LOOP.append(LOOP)
LOST: list[tuple[Any, Any, str]] = [
    (math.nan, None, "nan has no JSON form"),
    ({"a": math.inf, "b": 1}, {"a": None, "b": 1}, "inf has no JSON form"),
    (np.float32("nan"), None, "nan has no JSON form"),
    (np.array([1.0, np.nan]), [1.0, None], "nan has no JSON form"),
    (object(), None, "object has no JSON form"),
    ([1, object()], [1, None], "object has no JSON form"),
    (b"bytes", None, "bytes has no JSON form"),
    (threading.Lock(), None, "lock has no JSON form"),
    (pd.DataFrame({"a": [1]}), None, "DataFrame has no JSON form"),
    (10**4_000, None, "a whole number of more than 8,192 bits has no JSON form"),
    ("x" * VALUE_LIMIT, None, "more than 65,536 bytes of JSON"),
    (list(range(100_000)), None, "more than 65,536 bytes of JSON"),
    (np.zeros(10_000_000), None, "more than 65,536 bytes of JSON"),
    ({1: 1, "1": 2}, {"1": 2}, "keys of type int became text; two keys became '1'"),
    (Rude(), None, "Rude cannot be read (RuntimeError)"),
]


@pytest.mark.parametrize(("value", "expected", "note"), LOST, ids=[row[2][:24] for row in LOST])
def test_what_json_cannot_carry_is_null_and_the_note_says_so(
    value: Any, expected: Any, note: str
) -> None:
    assert wire_value(value) == (expected, note, True)


def test_a_value_that_contains_itself_ends() -> None:
    assert wire_value(LOOP).note == "more than 32 levels"


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
        lambda inner: st.lists(inner) | st.dictionaries(st.integers() | st.text(), inner),
        max_leaves=20,
    )
)
def test_whatever_is_returned_becomes_json_and_never_null_without_a_note(value: Any) -> None:
    wire = wire_value(value)
    assert orjson.loads(orjson.dumps(wire.value)) == wire.value
    if wire.note is None:
        assert wire.value == value


def test_the_value_itself_stays_in_python_and_goes_out_as_json(
    bench: Bench, runner: Runner
) -> None:
    values = [{1: 0.5}, math.nan, 2**70, Path("a"), Decimal("1.5"), np.float64(2.5), object()]
    run = runner.submit([lambda value=value: value for value in values])
    assert run.wait(PATIENCE_S)
    for job, value in zip(run.jobs, values, strict=True):
        assert job.results[0].value is value
    out = orjson.loads(orjson.dumps(run.results.records()))
    assert [row["value"] for row in out] == [
        {"1": 0.5},
        None,
        str(2**70),
        "a",
        "1.5",
        2.5,
        None,
    ]
    assert [row["value_note"] is None for row in out] == [False] * 5 + [True, False]
    assert run.results.to_pandas()["value_note"][1] == "nan has no JSON form"


def test_what_is_lost_is_said_once_a_job(bench: Bench, runner: Runner) -> None:
    run = runner.submit({"rate": lambda: math.nan}, repeat=5)
    assert run.wait(PATIENCE_S)
    (said,) = [entry for entry in bench.entries(run.jobs[0], "job") if entry.level is Level.WARN]
    assert "rate: the value that it returned is whole in Python only: nan has no" in said.message
