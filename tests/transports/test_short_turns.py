"""While one client's long work is done, threads take shorter turns; afterwards the ones that they had."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator

import pytest

from autobench_nb.transports.http import api
from autobench_nb.transports.turns import TURN_S, ShortTurns, short_turns
from tests.transports.conftest import Start, start

__all__ = ["start"]


@pytest.fixture
def usual() -> Iterator[float]:
    before = sys.getswitchinterval()
    yield before
    sys.setswitchinterval(before)


def test_turns_are_short_until_the_last_has_left(usual: float) -> None:
    turns = ShortTurns()
    with turns:
        with turns:
            assert sys.getswitchinterval() == pytest.approx(TURN_S)
        assert sys.getswitchinterval() == pytest.approx(TURN_S)
    assert sys.getswitchinterval() == pytest.approx(usual)


def test_who_sets_another_meanwhile_has_the_last_word(usual: float) -> None:
    turns = ShortTurns()
    with turns:
        sys.setswitchinterval(2 * usual)
    assert sys.getswitchinterval() == pytest.approx(2 * usual)


def test_turns_that_are_shorter_still_stay(usual: float) -> None:
    sys.setswitchinterval(TURN_S / 10)
    turns = ShortTurns()
    with turns:
        assert sys.getswitchinterval() == pytest.approx(TURN_S / 10)
    assert sys.getswitchinterval() == pytest.approx(TURN_S / 10)


def test_a_forked_child_takes_the_usual_turns(usual: float) -> None:
    turns = ShortTurns()
    with turns:
        turns.after_fork_in_child()
        assert sys.getswitchinterval() == pytest.approx(usual)


async def test_a_post_is_read_in_short_turns(
    start: Start, usual: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = await start()
    seen: list[float] = []
    inner = bench.ring.append

    def append(*args: object, **kwargs: object) -> None:
        seen.append(sys.getswitchinterval())
        inner(*args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(bench.ring, "append", append)
    answer = await bench.ask("/api/logs", method="POST", body=b"one line\n")
    assert answer.code == 200
    assert pytest.approx(min(seen)) == TURN_S
    assert not short_turns._inside
    assert sys.getswitchinterval() == pytest.approx(usual)


async def test_a_post_leaves_the_interpreter_to_what_is_being_sent_but_not_for_ever(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = await start()
    slept: list[float] = []
    sleep = asyncio.sleep

    async def counted(seconds: float) -> None:
        slept.append(seconds)
        await sleep(seconds)

    monkeypatch.setattr(asyncio, "sleep", counted)
    monkeypatch.setattr(api, "SLICE_S", 0.0)  # after each entry
    pump = bench.server.pump
    monkeypatch.setattr(type(pump), "_flush_hub", lambda _pump: None)
    pump.thread.fence().result(10)  # what had begun to flush has ended
    answer = await bench.ask("/api/logs", method="POST", body=b"one\ntwo\nthree\n")
    assert answer.code == 200
    assert not any(slept)
    pump.is_flushing = True
    answer = await bench.ask("/api/logs", method="POST", body=b"one\ntwo\nthree\n")
    assert answer.code == 200
    assert any(slept)
