"""How a client begins and ends: in a script, on a loop, in the server's own kernel; and what cannot stop it."""

from __future__ import annotations

import asyncio
import logging
import socket
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from functools import partial
from typing import Any

import pytest

import autobench_nb as ab
from autobench_nb.errors import AuthenticationError, ClosedError, ConnectionLost
from autobench_nb.transports.client.memory import MemoryLink
from tests.leaks import nothing_is_left

PATIENCE_S = 30.0


@pytest.fixture
async def bench() -> AsyncIterator[ab.Orchestrator]:
    """One that serves on the test's own loop."""
    with nothing_is_left():
        bench = ab.Orchestrator()
        server = bench.serve()
        yield bench
        bench.close()
        await server.wait_closed()


@pytest.fixture
def elsewhere() -> Iterator[ab.Orchestrator]:
    """One that serves on a thread, reached by a real socket."""
    with nothing_is_left(), ab.Orchestrator() as bench:
        bench.serve(thread=True)
        yield bench


def url_of(bench: ab.Orchestrator) -> str:
    assert bench.server is not None
    return bench.server.url


@pytest.fixture
def silent() -> Iterator[int]:
    """The port of a server that takes connections and never says a word."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        one.listen()
        port: int = one.getsockname()[1]
        yield port


# ---------------------------------------------------------------- in the server's own kernel


async def test_in_the_servers_own_loop_a_client_is_live_before_the_loop_turns(
    bench: ab.Orchestrator,
) -> None:
    bench.devices.add("psu0", type="power supply")
    bench.log("app").info("hello")
    client = ab.connect(url_of(bench))
    assert client.status.phase == "live"
    assert client.epoch == bench.epoch
    assert client.devices["psu0"]["type"] == "power supply"
    assert "hello" in [entry.message for entry in client.logs]
    theirs, ours = client.link(), bench.link()
    assert theirs.keys() == ours.keys()
    for name in ("url", "page", "token", "epoch"):
        assert theirs[name] == ours[name]
    client.close()
    assert client.status.phase == "closed"


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
@pytest.mark.parametrize("form", ["http://{}:{}/", "ws://{}:{}/ws", "{}:{}", "http://{}:{}"])
async def test_every_name_of_the_own_server_leads_through_memory(
    bench: ab.Orchestrator, host: str, form: str
) -> None:
    assert bench.server is not None
    with ab.connect(form.format(host, bench.server.port)) as client:
        assert isinstance(client._link, MemoryLink)
        assert client.status.phase == "live"


async def test_it_can_be_awaited_too_and_is_the_same_client(bench: ab.Orchestrator) -> None:
    client = ab.connect(url_of(bench))
    assert await client is client
    assert await client is client
    async with ab.connect(url_of(bench)) as other:
        assert other.status.phase == "live"
    assert other.status.phase == "closed"
    client.close()


async def test_it_follows_while_a_cell_waits_and_when_the_loop_turns(
    bench: ab.Orchestrator,
) -> None:
    with ab.connect(url_of(bench)) as client:
        bench.devices.add("a", type="t")
        assert client.wait_for(lambda one: "a" in one.devices, PATIENCE_S)
        run = bench.run("echo from a job")
        client.wait_for(
            lambda one: "from a job" in [entry.message for entry in one.logs], PATIENCE_S
        )
        await run
        bench.devices.add("b", type="t")
        async with asyncio.timeout(PATIENCE_S):
            while "b" not in client.devices:
                await asyncio.sleep(0.001)


async def test_a_wrong_token_is_refused_there_too(bench: ab.Orchestrator) -> None:
    with pytest.raises(AuthenticationError):
        ab.connect(url_of(bench), "wrong")


async def test_commands_are_answered_though_their_caller_holds_up_the_loop(
    bench: ab.Orchestrator,
) -> None:
    with ab.connect(url_of(bench)) as client:
        assert client.jobs.cancel("none") is False
        assert set(client.command("state.hash")) == {"version", "hash"}
        answer = await asyncio.to_thread(client.command, "state.hash")
        assert set(answer) == {"version", "hash"}


async def test_a_subscriber_and_a_command_may_use_a_client_of_their_own_server(
    bench: ab.Orchestrator,
) -> None:
    """Within a flush the hub must not be entered again: such a client arrives in the loop's next turns."""
    made: list[ab.Client] = []
    end = bench.state.subscribe(lambda _: made.append(ab.connect(url_of(bench))), "/devices")
    bench.devices.add("a", type="t")
    async with asyncio.timeout(PATIENCE_S):
        while not made:
            await asyncio.sleep(0.001)
    end()
    async with asyncio.timeout(PATIENCE_S):
        (client,) = made
        await client
    assert client.devices["a"]["type"] == "t"
    client.close()


async def test_while_a_batch_is_open_it_ends_in_an_error_that_is_bounded(
    bench: ab.Orchestrator,
) -> None:
    with (
        bench.state.batch(),
        pytest.raises(ConnectionLost, match=r"not reached in 0\.1 s"),
    ):
        ab.connect(url_of(bench), timeout_s=0.1).devices  # noqa: B018 - the look is the test
    with ab.connect(url_of(bench)) as after:
        assert after.status.phase == "live"


async def test_when_the_server_ends_it_says_so_and_stays_readable(bench: ab.Orchestrator) -> None:
    bench.devices.add("a", type="t")
    client = ab.connect(url_of(bench))
    bench.close()
    assert client.status.phase == "closed"
    assert client.devices["a"]["type"] == "t"
    with pytest.raises(ConnectionLost, match="closing"):
        client.wait_for(lambda _: False, PATIENCE_S)
    with pytest.raises(ConnectionLost):
        client.command("results.list")
    client.close()


async def test_a_closed_one_takes_nothing_more(bench: ab.Orchestrator) -> None:
    client = ab.connect(url_of(bench))
    client.close()
    client.close()
    for ask in (
        client.reconnect,
        lambda: client.command("results.list"),
        lambda: client.wait_for(lambda _: False, PATIENCE_S),
    ):
        with pytest.raises(ClosedError, match="connect"):
            ask()


async def test_it_can_be_linked_anew_and_resumes(bench: ab.Orchestrator) -> None:
    with ab.connect(url_of(bench)) as client:
        client.reconnect()
        bench.devices.add("a", type="t")
        async with asyncio.timeout(PATIENCE_S):
            while "a" not in client.devices or client.status.phase != "live":
                await asyncio.sleep(0.001)
        assert bench.state.get("/meta/telemetry/resyncs") == 0


async def test_another_thread_may_use_it_and_close_it(bench: ab.Orchestrator) -> None:
    client = ab.connect(url_of(bench))
    bench.devices.add("a", type="t")

    def use() -> Any:
        client.wait_for(lambda one: "a" in one.devices, PATIENCE_S)
        answer = client.command("results.list")
        client.close()
        return answer

    assert (await asyncio.to_thread(use))["items"] == []
    async with asyncio.timeout(PATIENCE_S):
        while bench._rooms.hub.telemetry.clients:
            await asyncio.sleep(0.001)


# ---------------------------------------------------------------- on the loop of another server


async def test_on_a_loop_it_is_awaited_without_holding_the_loop_up(
    elsewhere: ab.Orchestrator,
) -> None:
    client = ab.connect(url_of(elsewhere), elsewhere.token)
    turns = 0

    async def turn() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    turning = asyncio.create_task(turn())
    assert await client is client
    turning.cancel()
    assert client.status.phase == "live"
    assert turns > 1
    await asyncio.to_thread(client.close)


async def test_on_a_loop_what_is_read_first_waits_for_the_state(elsewhere: ab.Orchestrator) -> None:
    elsewhere.devices.add("a", type="t")
    with ab.connect(url_of(elsewhere), elsewhere.token) as client:
        assert list(client.devices) == ["a"]
        assert client.epoch == elsewhere.epoch


async def test_on_a_loop_a_silent_server_does_not_hold_it_up(silent: int) -> None:
    with nothing_is_left():
        client = ab.connect(f"http://127.0.0.1:{silent}/", "t", timeout_s=0.2)
        assert client.status.phase == "connecting"
        with pytest.raises(ConnectionLost, match=r"not reached in 0\.2 s"):
            await client
        with pytest.raises(ClosedError):
            client.devices  # noqa: B018 - the look is the test


async def test_on_a_loop_an_unreachable_server_is_told_by_the_first_look(silent: int) -> None:
    with nothing_is_left():
        client = ab.connect(f"http://127.0.0.1:{silent}/", "t", timeout_s=0.1)
        with pytest.raises(ConnectionLost, match=r"not reached in 0\.1 s"):
            client.state  # noqa: B018 - the look is the test


async def test_errors_come_when_it_is_awaited(elsewhere: ab.Orchestrator) -> None:
    with pytest.raises(AuthenticationError):
        await ab.connect(url_of(elsewhere), "wrong")
    with pytest.raises(AuthenticationError):
        async with ab.connect(url_of(elsewhere), "wrong"):
            pass


async def test_who_stops_waiting_for_it_leaves_nothing_behind(silent: int) -> None:
    with nothing_is_left(), pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await ab.connect(f"http://127.0.0.1:{silent}/", "t", timeout_s=1e6)


# ---------------------------------------------------------------- what users give us


class Odd(Exception):
    pass


def failing(error: BaseException) -> Callable[[Any], None]:
    def a_failing_subscriber(_commit: Any) -> None:
        raise error

    return a_failing_subscriber


@pytest.mark.parametrize(
    "error",
    [
        Odd("x"),
        ZeroDivisionError(),
        RecursionError(),
        StopIteration(),
        MemoryError(),
        SystemExit(3),
        KeyboardInterrupt(),
        GeneratorExit(),
        asyncio.CancelledError(),
    ],
    ids=lambda error: type(error).__name__,
)
def test_a_subscriber_that_raises_is_told_once_by_name_and_the_client_goes_on(
    elsewhere: ab.Orchestrator, error: BaseException, caplog: pytest.LogCaptureFixture
) -> None:
    heard: list[int] = []
    with ab.connect(url_of(elsewhere), elsewhere.token) as client:
        client.state.subscribe(failing(error))
        client.state.subscribe(lambda commit: heard.append(commit.to_version))
        for number in range(5):
            elsewhere.devices.add(f"d{number}", type="t")
            client.wait_for(partial(_has_device, f"d{number}"), PATIENCE_S)
        assert client.status.phase == "live"
        assert client.command("results.list")["items"] == []
    assert len(heard) >= 5
    told = [one for one in caplog.records if "a_failing_subscriber" in one.getMessage()]
    assert len(told) == 1
    assert told[0].levelno == logging.ERROR
    assert told[0].exc_info is not None
    raised = told[0].exc_info[1]
    assert raised is not None
    assert error in (raised, raised.__cause__)


async def test_through_memory_a_subscriber_that_raises_harms_nobody(
    bench: ab.Orchestrator, caplog: pytest.LogCaptureFixture
) -> None:
    with ab.connect(url_of(bench)) as client:
        client.state.subscribe(failing(Odd()))
        for number in range(5):
            bench.devices.add(f"d{number}", type="t")
            client.wait_for(partial(_has_device, f"d{number}"), PATIENCE_S)
        assert client.status.phase == "live"
    assert len([one for one in caplog.records if "a_failing_subscriber" in one.getMessage()]) == 1


def _has_device(name: str, client: ab.Client) -> bool:
    return name in client.devices


def test_a_client_whose_thread_has_died_is_never_live(
    elsewhere: ab.Orchestrator, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = ab.connect(url_of(elsewhere), elsewhere.token)

    def broken(*_: Any) -> Any:
        raise AssertionError("a fault of ours")

    monkeypatch.setattr(client._mirror, "receive", broken)
    elsewhere.devices.add("a", type="t")
    with pytest.raises(ConnectionLost, match=r"the client itself failed \(AssertionError: a fault"):
        client.wait_for(lambda _: False, PATIENCE_S)
    assert client.status.phase == "closed"
    assert "a fault of ours" in client.status.reason
    with pytest.raises(ConnectionLost, match="connect"):
        client.command("results.list")
    client.close()
    assert client.status.phase == "closed"


def test_a_command_that_waits_when_the_thread_dies_is_told(
    elsewhere: ab.Orchestrator, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = ab.connect(url_of(elsewhere), elsewhere.token)

    def broken(*_: Any) -> Any:
        raise AssertionError("a fault of ours")

    monkeypatch.setattr(client._mirror, "receive", broken)
    with pytest.raises(ConnectionLost):
        client.command("results.list")
    client.close()


def test_in_a_script_it_waits_and_no_loop_is_needed(elsewhere: ab.Orchestrator) -> None:
    with ab.connect(url_of(elsewhere)) as client:
        assert client.status.phase == "live"
        assert threading.current_thread() is threading.main_thread()
