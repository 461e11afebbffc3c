"""Drivers that raise what is no error or give what is no text: their device says so, and others are watched on."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

import autobench_nb as ab
from autobench_nb.errors import DeviceError
from tests.devices.test_supervisor import FAST, Lamp, until


@pytest.fixture
def bench() -> Iterator[ab.Orchestrator]:
    with ab.Orchestrator(connection_file=False) as bench:
        yield bench


class Odd(Lamp):
    """A lamp whose driver does as it likes."""

    def __init__(self, name: str, does: Callable[[], Any]) -> None:
        super().__init__(name)
        self.does = does

    @property
    def actions(self) -> Mapping[str, Any]:
        return {"do": lambda value=None: self.does() if value is None else value}

    def probe(self) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self.does()
        return found


def raiser(error: BaseException) -> Callable[[], Any]:
    def does() -> Any:
        raise error

    return does


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (SystemExit(3), "SystemExit: 3"),
        (KeyboardInterrupt(), "KeyboardInterrupt"),
        (asyncio.CancelledError(), "CancelledError"),
        (GeneratorExit(), "GeneratorExit"),
        (BaseException("odd one"), "odd one"),
        (ValueError("of \udcff"), r"of \xff"),
    ],
)
def test_a_driver_that_raises_what_is_no_error_has_not_answered_and_is_asked_again(
    bench: ab.Orchestrator, error: BaseException, said: str
) -> None:
    lamp = Odd("lamp", raiser(error))
    bench.devices.add(lamp, **FAST)
    until(lambda: bench.devices["lamp"]["status"] == "degraded")
    record = bench.devices["lamp"]
    assert (record["error"], record["hangs"]) == (said, False)
    with pytest.raises(DeviceError) as caught:
        bench.devices["lamp"].do("do")
    assert caught.value.fate == "failed"
    lamp.does = lambda: {"watts": 5}
    until(lambda: bench.devices["lamp"]["observed"] == {"watts": 5})


def test_names_and_values_that_no_text_can_carry_are_shown_escaped_and_stop_no_other_device(
    bench: ab.Orchestrator,
) -> None:
    given = {"a \udcff": 5, "b": "\udcff", 3: math.nan, "c": 2**70}
    bench.devices.add(Odd("odd", lambda: given), **FAST)
    bench.devices.add(Lamp("well"), **FAST)
    wanted = {r"a \xff": 5, "b": r"\udcff", "3": None, "c": str(2**70)}
    until(lambda: bench.devices["odd"]["observed"] == wanted)
    assert bench.devices["odd"]["samples"][r"a \xff"]["points"]
    seen = len(bench.devices.samples("well"))
    until(lambda: len(bench.devices.samples("well")) > seen + 2)
    assert not [one.message for one in bench.logs if "not all of it can be shown" in one.message]


def test_arguments_that_the_state_cannot_hold_reach_the_driver_and_are_told_as_json(
    bench: ab.Orchestrator,
) -> None:
    bench.devices.add(Odd("odd", dict), **FAST)
    for value, told in (("\udcff", r"\udcff"), (math.nan, None), (2**70, str(2**70))):
        bench.devices["odd"].do("do", value=value)
        assert bench.devices["odd"]["asked"][-1]["args"] == {"value": told}
