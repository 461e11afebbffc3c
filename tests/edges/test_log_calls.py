"""A log call takes any field, any level and any message, and leaves its line."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterator
from typing import Any

import pytest

import autobench_nb as ab
from autobench_nb.logs.entry import Level


@pytest.fixture
def bench() -> Iterator[ab.Orchestrator]:
    with ab.Orchestrator() as bench:
        yield bench


NAMES = ["message", "self", "level", "fields", "channel", "append", "text", "ts", "bound", "cls"]
METHODS = ["debug", "info", "warn", "warning", "error", "fatal", "critical", "exception"]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("method", METHODS)
def test_a_field_may_have_any_name(bench: ab.Orchestrator, name: str, method: str) -> None:
    getattr(bench.log("x"), method)("m", **{name: 1})
    assert bench.logs[-1].fields == {name: 1}


@pytest.mark.parametrize("name", NAMES)
def test_a_bound_field_may_have_any_name(bench: ab.Orchestrator, name: str) -> None:
    bench.log("x", **{name: 1}).info("m")
    bench.log("x").bind(**{name: 2}).log("info", "m", other=3)
    assert [entry.fields for entry in bench.logs][-2:] == [{name: 1}, {name: 2, "other": 3}]


@pytest.mark.parametrize(
    ("value", "level"),
    [(math.inf, "FATAL"), (-math.inf, "DEBUG"), (1e308, "FATAL"), (10**400, "FATAL"), (-(10**400), "DEBUG"),
     (49.9, "ERROR"), (50, "FATAL"), (51, "FATAL"), (0, "DEBUG"), (10, "DEBUG"), (39, "WARN")],
)  # fmt: skip
def test_any_number_is_a_level(bench: ab.Orchestrator, value: Any, level: str) -> None:
    assert Level.parse(value) is Level[level]
    bench.log("x").log(value, "m")
    assert bench.logs[-1].level is Level[level]


@pytest.mark.parametrize("value", [math.nan, True, None, "", "loud", [], b"info", 1j])
def test_what_is_no_level_is_refused(bench: ab.Orchestrator, value: Any) -> None:
    with pytest.raises(ValueError, match="is no log level"):
        bench.log("x").log(value, "m")


class Odd:
    def __str__(self) -> str:
        raise RuntimeError("no text")

    __repr__ = __str__


CALLS: list[tuple[Any, tuple[Any, ...]]] = [
    ("%d", ("a",)), ("%s %s", ("a",)), ("%s", ("a", "b")), ("%(x)s", ({"y": 1},)), ("%q", (1,)), ("100%", (1,)),
    ("%c", (-1,)), ("%s", (Odd(),)), (Odd(), ()), ("%.5f", ("x",)), ("%*d", ("a", 1)),
]  # fmt: skip


@pytest.mark.parametrize(("message", "arguments"), CALLS, ids=range(len(CALLS)))
def test_a_record_that_cannot_be_formatted_leaves_a_line(
    bench: ab.Orchestrator,
    message: Any,
    arguments: tuple[Any, ...],
    capsys: pytest.CaptureFixture[str],
) -> None:
    logger = logging.getLogger("tests.edges.odd")
    logger.propagate = False
    try:
        bench.capture_logging(logger="tests.edges.odd")
        logger.warning(message, *arguments)
    finally:
        logger.propagate = True
    entry = bench.logs[-1]
    assert entry.level is Level.WARN
    assert entry.logger == "tests.edges.odd"
    assert entry.message
    if isinstance(message, str):
        assert entry.message.startswith(message)
    assert capsys.readouterr().err == ""
