"""Feedback: a subscriber that causes what it is told of, and one that fails, are bounded and told once."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest

import autobench_nb as ab
from autobench_nb.state.projections import Projection
from autobench_nb.state.store import StateStore
from autobench_nb.state.subscribers import MAX_ECHOES
from tests.leaks import nothing_is_left


@pytest.fixture(params=["alone", "served", "served on a thread"])
async def bench(request: pytest.FixtureRequest) -> Any:
    bench = ab.Orchestrator(flush_interval_ms=1)
    if request.param != "alone":
        bench.serve(thread="thread" in request.param)
    yield bench
    server = bench.server
    bench.close()
    if server is not None:
        await server.wait_closed()


async def until(fact: Callable[[], Any]) -> None:
    async with asyncio.timeout(20):
        while not fact():
            await asyncio.sleep(0.002)


def told(bench: ab.Orchestrator) -> list[str]:
    return [entry.message for entry in bench.logs if entry.channel == "orchestrator"]


def logs_a_line(bench: ab.Orchestrator) -> Callable[[Any], None]:
    logger = bench.log("echo")
    return lambda _commit: logger.info("again")


def sets_a_value(bench: ab.Orchestrator) -> Callable[[Any], None]:
    return lambda commit: bench.state.set("/config/features", {"seen": commit.to_version % 2 == 0})


def opens_a_batch(bench: ab.Orchestrator) -> Callable[[Any], None]:
    def mutate(commit: Any) -> None:
        with bench.state.batch():
            bench.state.merge("/config", {"seen": commit.to_version})
            bench.log("echo").info("again")

    return mutate


def adds_and_removes(bench: ab.Orchestrator) -> Callable[[Any], None]:
    def mutate(_commit: Any) -> None:
        bench.devices.add("d", type="x")
        bench.devices.remove("d")

    return mutate


ECHOES = [logs_a_line, sets_a_value, opens_a_batch, adds_and_removes]


@pytest.mark.parametrize("make", ECHOES)
async def test_a_subscriber_that_feeds_itself_comes_to_rest_and_is_told_once_by_name(
    bench: ab.Orchestrator, make: Callable[[ab.Orchestrator], Callable[[Any], None]]
) -> None:
    calls = 0
    inner = make(bench)

    def the_culprit(commit: Any) -> None:
        nonlocal calls
        calls += 1
        inner(commit)

    bench.state.subscribe(the_culprit)
    bench.state.set("/meta/build", "1")
    await until(lambda: len(told(bench)) == 1)
    assert "the_culprit" in told(bench)[0]
    before = calls
    bench.state.set("/meta/build", "2")
    bench.state.set("/meta/build", "3")
    await until(lambda: calls > before)  # it is still told of what others change
    bench.close()
    assert calls <= before + 2 * (MAX_ECHOES + 1)
    assert len(told(bench)) == 1


async def test_two_that_feed_each_other_come_to_rest(bench: ab.Orchestrator) -> None:
    def ping(_commit: Any) -> None:
        bench.state.set("/devices/pong", {"type": "x"})

    def pong(_commit: Any) -> None:
        bench.state.set("/devices/ping", {"type": "x"})

    bench.state.subscribe(ping, "/devices/ping")
    bench.state.subscribe(pong, "/devices/pong")
    bench.state.set("/devices/ping", {"type": "y"})
    bench.state.set("/meta/build", "2")
    await until(lambda: bench.state.get("/devices/pong", None) is not None)
    bench.close()


async def test_a_chain_that_settles_reaches_its_end_untold(bench: ab.Orchestrator) -> None:
    def count_down(_commit: Any) -> None:
        left = bench.state.get("/config/left")
        if left:
            bench.state.set("/config/left", left - 1)

    bench.state.subscribe(count_down, "/config")
    bench.state.set("/config/left", MAX_ECHOES - 1)
    await until(lambda: bench.state.get("/config/left") == 0)
    assert told(bench) == []


async def test_who_does_not_feed_itself_is_told_of_everything_whatever_others_do(
    bench: ab.Orchestrator,
) -> None:
    seen: list[int] = []
    bench.state.subscribe(logs_a_line(bench))
    bench.state.subscribe(lambda commit: seen.append(commit.to_version))
    bench.state.set("/meta/build", "1")
    await until(lambda: told(bench))
    bench.state.set("/meta/build", "2")
    await until(lambda: seen and seen[-1] == bench.state.version)


async def test_a_busy_log_alone_is_no_feedback(bench: ab.Orchestrator) -> None:
    seen: list[int] = []
    bench.state.subscribe(lambda _commit: seen.append(bench.state.get("/logs/nextSeq")), "/logs")
    logger = bench.log("busy")
    for number in range(4 * MAX_ECHOES):
        logger.info(f"line {number}")
        await until(lambda: seen and seen[-1] >= len(bench.logs))
    assert told(bench) == []


async def test_a_subscriber_that_raises_is_told_once_by_name(bench: ab.Orchestrator) -> None:
    calls = 0

    def the_broken_one(_commit: Any) -> None:
        nonlocal calls
        calls += 1
        raise LookupError("of the test")

    bench.state.subscribe(the_broken_one, "/meta/build")
    for number in range(9):
        bench.state.set("/meta/build", str(number))
        await until(lambda: calls == number + 1)  # noqa: B023
    (line,) = told(bench)
    assert "the_broken_one" in line
    assert "LookupError: of the test" in line
    assert bench._rooms.hub.telemetry.errors == 1


async def test_a_subscriber_that_raises_while_logging_is_captured_is_told_once(
    bench: ab.Orchestrator,
) -> None:
    bench.capture_logging("DEBUG", logger="autobench_nb")

    def broken(_commit: Any) -> None:
        raise LookupError

    bench.state.subscribe(broken)
    bench.state.set("/meta/build", "1")
    await until(lambda: told(bench))
    bench.close()
    assert len([line for line in told(bench) if "A subscriber to" in line]) == 1


@pytest.fixture
def clean() -> Iterator[None]:
    with nothing_is_left():
        yield


def test_only_one_thread_is_in_the_hub_while_it_closes(clean: None) -> None:
    """With a subscriber there, other threads flush inline where nothing serves: not before the server has ended."""
    bench = ab.Orchestrator(flush_interval_ms=1)
    hub = bench._rooms.hub
    inside: set[int] = set()
    met: list[set[int]] = []

    def watched(inner: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            inside.add(threading.get_ident())
            met.append(set(inside))
            try:
                return inner(*args, **kwargs)
            finally:
                inside.discard(threading.get_ident())

        return call

    for name in ("flush", "close", "disconnect", "receive"):
        setattr(hub, name, watched(getattr(hub, name)))
    bench.serve(thread=True)
    bench.state.subscribe(lambda _commit: None)
    stop = threading.Event()

    def mutate() -> None:
        number = 0
        while not stop.is_set():
            number += 1
            bench.state.set("/config/number", number)

    threads = [threading.Thread(target=mutate) for _ in range(2)]
    for thread in threads:
        thread.start()
    bench.close()
    stop.set()
    for thread in threads:
        thread.join()
    assert max(map(len, met)) == 1


def test_what_is_set_after_the_end_still_reaches_subscribers(clean: None) -> None:
    bench = ab.Orchestrator()
    seen: list[Any] = []
    bench.serve(thread=True)
    bench.state.subscribe(lambda _commit: seen.append(bench.state.get("/meta/build")))
    bench.close()
    bench.state.set("/meta/build", "after")
    assert seen[-1] == "after"


def test_a_second_asyncio_run_gets_a_server_that_lives(clean: None) -> None:
    bench = ab.Orchestrator()

    async def serve() -> ab.Server:
        server = bench.serve()
        assert not server.is_closed
        return server

    first = asyncio.run(serve())
    assert first.is_closed
    assert bench.server is None
    second = asyncio.run(serve())
    assert second is not first
    assert second.port != 0
    bench.close()


class Unsayable(Exception):
    """Its text cannot be had."""

    def __str__(self) -> str:
        raise RuntimeError("no text")

    __repr__ = __str__


@pytest.mark.parametrize(
    "raised",
    [SystemExit(3), KeyboardInterrupt(), asyncio.CancelledError(), GeneratorExit(), Unsayable()],
    ids=["exit", "interrupt", "cancel", "generator exit", "unsayable"],
)
async def test_whatever_a_subscriber_raises_others_are_told_on(raised: BaseException) -> None:
    def the_culprit(_commit: Any) -> None:
        raise raised

    told_on: list[int] = []
    bench = ab.Orchestrator(flush_interval_ms=1)
    bench.serve(thread=True)
    try:
        bench.state.subscribe(the_culprit)
        bench.state.subscribe(lambda _: told_on.append(bench.state.get("/config/n", 0)))
        for number in range(1, 4):
            bench.state.set("/config/n", number)
            await until(partial(told_on.__contains__, number))
        (said,) = [text for text in told(bench) if "the_culprit" in text]
        assert type(raised).__name__ in said
    finally:
        bench.close()


def test_an_interrupt_of_the_program_within_a_subscriber_reaches_the_program() -> None:
    def interrupted(_commit: Any) -> None:
        raise KeyboardInterrupt

    store = StateStore()
    store.subscribe(interrupted)
    store.set("/config/n", 1)
    with pytest.raises(KeyboardInterrupt):
        store.flush()


def test_an_exit_within_a_projection_on_another_thread_is_an_error_as_any_other() -> None:
    def leaves(_source: Any) -> Any:
        raise SystemExit(3)

    raised: list[BaseException] = []

    def on_a_thread() -> None:
        try:
            StateStore(projections=[Projection("/devices", "/config/p", leaves)])
        except Exception as error:  # noqa: BLE001 - what it is is the test's question
            raised.append(error)

    thread = threading.Thread(target=on_a_thread)
    thread.start()
    thread.join()
    assert type(raised[0]) is RuntimeError
    assert isinstance(raised[0].__cause__, SystemExit)
