"""The server's loop is blocked: what is sent goes on from the pump's thread, and what is said waits."""

from __future__ import annotations

import asyncio
import hashlib
import queue
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import orjson
import pytest
from websockets.exceptions import ConnectionClosedError
from websockets.sync.client import ClientConnection, connect

from autobench_nb.transports.client.client import Client
from autobench_nb.transports.client.client import connect as connect_here
from autobench_nb.transports.liveness import ROUNDS
from autobench_nb.transports.loop_watch import TOLD_AFTER_S
from tests.transports.conftest import TOKEN, Bench, Start, receive, say
from tests.transports.conftest import hello as greet

PATIENCE_S = 20.0


class Viewer:
    """A client on a thread of its own, which the loop under test cannot hold up."""

    def __init__(self, bench: Bench) -> None:
        self._url = bench.server.ws_url
        self._connections: queue.SimpleQueue[ClientConnection] = queue.SimpleQueue()
        self.heard: list[dict[str, Any]] = []
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._listen, name="the test's viewer")
        self._thread.start()
        self._connection = self._connections.get(timeout=PATIENCE_S)

    def say(self, **message: Any) -> None:
        self._connection.send(orjson.dumps(message).decode())

    def wait_for(self, wanted: Callable[[dict[str, Any]], bool], count: int = 1) -> None:
        """Hold this thread, and so the loop, until ``count`` such messages have come."""
        with self._changed:
            came = self._changed.wait_for(lambda: sum(map(wanted, self.heard)) >= count, PATIENCE_S)
        assert came, [one["type"] for one in self.heard]

    def vanish(self) -> None:
        """Go without a word."""
        self._connection.socket.shutdown(socket.SHUT_RDWR)
        self._thread.join()

    def end(self) -> None:
        self._connection.close()
        self._thread.join()

    def _listen(self) -> None:
        options: dict[str, Any] = {"proxy": None, "max_size": None, "ping_interval": None}
        headers = {"Authorization": f"Bearer {TOKEN}"}
        with connect(self._url, additional_headers=headers, **options) as connection:
            self._connections.put(connection)
            with suppress(ConnectionClosedError):
                for text in connection:
                    with self._changed:
                        self.heard.append(orjson.loads(text))
                        self._changed.notify_all()
        with self._changed:
            self.heard.append({"type": "the end"})
            self._changed.notify_all()


async def look(bench: Bench) -> Viewer:
    """A viewer that is live."""

    def dial() -> Viewer:
        viewer = Viewer(bench)
        viewer.say(type="hello", payload={})
        viewer.wait_for(lambda one: one["type"] == "logs.history")
        return viewer

    return await asyncio.to_thread(dial)


@contextmanager
def another(work: Callable[[], None]) -> Iterator[None]:
    """``work`` on another thread meanwhile."""
    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        thread.join()


def says(message: str) -> Callable[[dict[str, Any]], bool]:
    return lambda one: (
        one["type"] == "logs.append" and message in [entry["message"] for entry in one["entries"]]
    )


def tells(path: str, value: Any) -> Callable[[dict[str, Any]], bool]:
    return lambda one: (
        one["type"] == "state.patch"
        and (path, value) in [(each["path"], each.get("value")) for each in one["patch"]]
    )


async def test_what_the_blocking_code_itself_changes_and_says_is_sent_while_it_blocks(
    start: Start,
) -> None:
    bench = await start()
    viewer = await look(bench)
    for number in range(5):  # the loop has no turn in between
        bench.ring.append("app", "info", f"line {number}")
        viewer.wait_for(says(f"line {number}"))
        bench.store.set("/config/at", number)
        viewer.wait_for(tells("/config/at", number))
    await asyncio.to_thread(viewer.end)


async def test_what_other_threads_change_and_say_is_sent_while_the_loop_is_blocked(
    start: Start,
) -> None:
    bench = await start()
    viewer = await look(bench)

    def work() -> None:
        for number in range(20):
            bench.ring.append("app", "info", f"line {number}")
        bench.store.set("/config/at", "the end")

    with another(work):
        viewer.wait_for(says("line 19"))
        viewer.wait_for(tells("/config/at", "the end"))
    await asyncio.to_thread(viewer.end)


async def test_pure_python_does_not_keep_lines_back(start: Start) -> None:
    bench = await start()
    viewer = await look(bench)
    data, rounds = b"x", 0
    bench.ring.append("app", "info", "it begins")
    while not any(map(says("it begins"), viewer.heard)):
        data = hashlib.sha256(data).digest()
        rounds += 1
        assert rounds < 50_000_000
    await asyncio.to_thread(viewer.end)


async def test_what_the_kernel_does_not_take_at_once_follows_while_the_loop_is_blocked(
    start: Start,
) -> None:
    bench = await start(client_budget_bytes=100_000_000)
    viewer = await look(bench)
    bench.store.set("/config/large", "y" * 20_000_000)
    viewer.wait_for(tells("/config/large", "y" * 20_000_000))
    bench.ring.append("app", "info", "behind it")
    viewer.wait_for(says("behind it"))
    await asyncio.to_thread(viewer.end)


async def test_a_command_waits_for_the_loop_and_runs_on_its_thread(start: Start) -> None:
    ran: list[int] = []

    def note(_args: Any) -> int:
        ran.append(threading.get_ident())
        return len(ran)

    bench = await start(commands={"note": note})
    viewer = await look(bench)
    viewer.say(type="command", id="1", name="note", args={})
    bench.ring.append("app", "info", "meanwhile")
    viewer.wait_for(says("meanwhile"))
    assert ran == []
    await asyncio.to_thread(viewer.wait_for, lambda one: one["type"] == "result")
    assert ran == [threading.get_ident()]
    await asyncio.to_thread(viewer.end)


async def test_a_cell_that_blocks_is_told_and_its_end_too(start: Start) -> None:
    bench = await start()
    viewer = await look(bench)
    since = time.time() - 5
    bench.server.cell_began(since)
    viewer.wait_for(lambda one: one["type"] == "server.busy")
    (busy,) = [one for one in viewer.heard if one["type"] == "server.busy"]
    assert (busy["busy"], busy["listens"]) == (True, False)
    assert busy["since"] == int(since * 1000)
    bench.server.cell_ended()
    viewer.wait_for(lambda one: one["type"] == "server.busy" and not one["busy"])
    await asyncio.to_thread(viewer.end)


async def test_a_cell_that_awaits_keeps_nobody_waiting(start: Start) -> None:
    bench = await start()
    async with bench.connect() as socket:
        await greet(socket)
        bench.server.cell_began(time.time())
        busy = await receive(socket, "server.busy")
        assert (busy["busy"], busy["listens"]) == (True, True)
        await say(socket, type="ping", ts=1)
        assert (await receive(socket, "pong"))["ts"] == 1
        bench.server.cell_ended()
        assert (await receive(socket, "server.busy"))["busy"] is False


async def test_one_who_comes_while_a_cell_runs_is_told_of_it(start: Start) -> None:
    bench = await start()
    async with bench.connect() as first:
        await greet(first)
        bench.server.cell_began(time.time())
        await receive(first, "server.busy")
        async with bench.connect() as second:
            await say(second, type="hello", payload={})
            assert (await receive(second, "server.busy"))["busy"] is True
        bench.server.cell_ended()


async def test_a_short_cell_is_not_worth_a_word(start: Start) -> None:
    bench = await start()
    async with bench.connect() as socket:
        await greet(socket)
        for _ in range(3):
            bench.server.cell_began(time.time())
            bench.server.cell_ended()
        await asyncio.to_thread(threading.Event().wait, 2 * TOLD_AFTER_S)
        await say(socket, type="ping", ts=2)
        kinds = []
        while "pong" not in kinds:
            kinds.append(orjson.loads(await socket.recv())["type"])
        assert "server.busy" not in kinds


async def test_nobody_is_dropped_for_a_pong_that_could_not_be_read(start: Start) -> None:
    bench = await start(ws_heartbeat_interval_ms=100)
    viewer = await look(bench)
    for number in range(3):
        blocked = threading.Event()
        # The fact under test: a loop that does not turn for many heartbeats.
        blocked.wait(0.1 * (ROUNDS + 2))
        bench.ring.append("app", "info", f"after {number}")
        viewer.wait_for(says(f"after {number}"))
        await asyncio.sleep(0)
    assert "the end" not in [one["type"] for one in viewer.heard]
    await asyncio.to_thread(viewer.end)


async def test_a_viewer_that_goes_while_the_loop_is_blocked_harms_nobody(start: Start) -> None:
    bench = await start()
    viewer, other = await look(bench), await look(bench)
    viewer.vanish()
    for number in range(5):
        bench.ring.append("app", "info", f"line {number}")
        other.wait_for(says(f"line {number}"))
    while len(bench.server.pump.links) > 1:
        await asyncio.sleep(0.001)
    await asyncio.to_thread(other.end)


async def test_closing_says_bye_though_the_loop_has_no_turn(start: Start) -> None:
    bench = await start()
    viewer = await look(bench)
    bench.store.set("/config/at", "the last")
    bench.server.close()
    viewer.wait_for(tells("/config/at", "the last"))
    viewer.wait_for(lambda one: one["type"] == "bye")
    await bench.server.wait_closed()
    await asyncio.to_thread(viewer.end)


async def test_a_python_clients_command_waits_for_the_cell_however_long_that_takes(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("autobench_nb.transports.client.client.COMMAND_TIMEOUT_S", 0.01)
    bench = await start(commands={"note": lambda _args: "noted"})
    client = await asyncio.to_thread(Client, bench.server.ws_url, TOKEN)
    await client
    answers: list[Any] = []

    def ask() -> None:
        answers.append(client.command("note"))

    bench.server.cell_began(time.time())
    with deaf(client):
        asking = threading.Thread(target=ask)
        asking.start()
        bench.ring.append("app", "info", "meanwhile")
        client.wait_for(lambda one: one.logs and one.logs[-1].message == "meanwhile", PATIENCE_S)
        assert answers == []
    bench.server.cell_ended()
    await asyncio.to_thread(asking.join)
    assert answers == ["noted"]
    await asyncio.to_thread(client.close)


@contextmanager
def deaf(client: Client) -> Iterator[None]:
    """Hold the loop from here on; the block begins when the client knows that."""
    pause = threading.Event()
    begun = time.monotonic()
    while not client._link.is_deaf:
        assert time.monotonic() < begun + PATIENCE_S
        pause.wait(0.005)
    yield


async def test_a_command_of_a_client_on_the_same_loop_runs_there_while_it_waits(
    start: Start,
) -> None:
    ran: list[int] = []
    bench = await start(commands={"note": lambda _args: ran.append(threading.get_ident())})
    client = connect_here(bench.server.url)
    assert client.status.phase == "live"
    client.command("note")  # without a turn of the loop
    assert ran == [threading.get_ident()]
    bench.ring.append("app", "info", "meanwhile")
    client.wait_for(lambda one: one.logs[-1].message == "meanwhile", PATIENCE_S)
    client.close()
