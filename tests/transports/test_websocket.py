"""Real sockets: what a client is sent, through both writers, compressed and plain."""

from __future__ import annotations

import asyncio
import json
import socket as sockets
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from autobench_nb.sync.effects import Broadcast, Outgoing
from autobench_nb.transports.sockets.direct import DirectWriter
from autobench_nb.transports.sockets.websocket import Socket
from autobench_nb.transports.sockets.wire import OFF_LOOP_BYTES
from autobench_nb.transports.sockets.writer import MessageWriter
from tests.benchmarks.clients import hello as raw_hello
from tests.benchmarks.clients import request
from tests.transports.conftest import TOKEN, Bench, Start, hello, receive, say, until


async def test_a_client_is_welcomed_served_and_then_live(start: Start) -> None:
    bench = await start()
    bench.ring.append("app", "info", "before")
    async with bench.connect() as socket:
        await say(socket, type="hello", payload={})
        kinds = [json.loads(await socket.recv())["type"] for _ in range(3)]
        assert kinds == ["welcome", "state.snapshot", "logs.history"]
        bench.store.set("/devices/cap0", {"type": "capture", "status": "ok"})
        bench.ring.append("app", "info", "after")
        patch = await receive(socket, "state.patch")
        assert {
            "op": "add",
            "path": "/devices/cap0",
            "value": {"type": "capture", "status": "ok"},
        } in patch["patch"]
        assert (await receive(socket, "logs.append"))["entries"][-1]["message"] == "after"


async def test_a_client_that_says_nothing_is_served_after_the_grace(start: Start) -> None:
    bench = await start()
    async with bench.connect() as socket:
        assert json.loads(await socket.recv())["type"] == "welcome"


async def test_the_token_may_come_in_the_hello(start: Start) -> None:
    bench = await start()
    async with bench.connect(token=None) as socket:
        await say(socket, type="hello", payload={"token": TOKEN})
        assert json.loads(await socket.recv())["type"] == "welcome"


async def test_without_the_token_nothing_is_told(start: Start) -> None:
    bench = await start()
    for payload in ({}, {"token": "wrong"}):
        async with bench.connect(token=None) as socket:
            await say(socket, type="hello", payload=payload)
            with pytest.raises(ConnectionClosed) as caught:
                await socket.recv()
            assert caught.value.rcvd is not None
            assert caught.value.rcvd.code == 1008


@pytest.mark.parametrize("direct", [True, False], ids=["direct", "write_message"])
@pytest.mark.parametrize("compression", ["deflate", None], ids=["deflate", "plain"])
async def test_messages_of_all_sizes_arrive_whole_and_in_order(
    start: Start, direct: bool, compression: str | None
) -> None:
    bench = await start(direct=direct)
    sizes = [
        0,
        1,
        63,
        64,
        124,
        125,
        126,
        127,
        4_000,
        65_535,
        65_536,
        OFF_LOOP_BYTES + 1,
        3,
        7_000,
        2_000_000,
        5,
    ]
    texts = [
        json.dumps({"n": number, "x": (f"ab{number}" * size)[:size]})
        for number, size in enumerate(sizes)
    ]
    async with bench.connect(compression=compression) as socket:
        await hello(socket)
        pump = bench.server._pump
        kind = DirectWriter if direct else MessageWriter
        assert all(type(link) is kind for link in pump.links)
        for text in texts:
            said = [Broadcast(tuple(pump._links), Outgoing("test", text.encode()))]
            pump.thread.call(pump.perform, said)
        got: list[str] = []
        while len(got) < len(texts):
            message = await socket.recv()
            assert isinstance(message, str)
            if '"n"' in message[:5]:
                got.append(message)
        assert got == texts


async def test_compressed_and_plain_clients_share_one_broadcast(start: Start) -> None:
    bench = await start()
    async with (
        bench.connect(compression="deflate") as first,
        bench.connect(compression=None) as second,
        bench.connect(compression="deflate") as third,
    ):
        for socket in (first, second, third):
            await hello(socket)
        for number in range(1, 50):
            bench.store.set("/devices/cap0", {"type": "t", "status": "x" * number * 50})
            for socket in (first, second, third):
                while True:
                    patch = (await receive(socket, "state.patch"))["patch"]
                    found = [
                        one["value"] for one in patch if one["path"].startswith("/devices/cap0")
                    ]
                    if found:
                        break
                value = found[0]["status"] if isinstance(found[0], dict) else found[0]
                assert value == "x" * number * 50


async def test_a_client_with_a_small_window_gets_what_it_can_decode(start: Start) -> None:
    from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory

    bench = await start()
    small = ClientPerMessageDeflateFactory(server_max_window_bits=9, client_max_window_bits=9)
    async with bench.connect(compression=None, extensions=[small]) as socket:
        await hello(socket)
        assert {getattr(link, "bits", None) for link in bench.server._pump.links} == {9}
        value = {
            f"k{number}": {"type": "t", "status": f"{number * 7919}"} for number in range(5000)
        }
        bench.store.merge("/devices", value)
        assert len((await receive(socket, "state.patch"))["patch"]) > 5000


async def test_a_browsers_offer_gets_a_small_window_for_its_own_messages(start: Start) -> None:
    bench = await start()
    reader, writer = await asyncio.open_connection("127.0.0.1", bench.server.port)
    writer.write(request(bench.server.port, token=TOKEN, deflate=True))
    answer = await reader.readuntil(b"\r\n\r\n")
    assert b"permessage-deflate; client_max_window_bits=10" in answer
    writer.close()


async def test_tornados_own_compressor_is_gone_from_a_direct_connection(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Any] = []
    opened = Socket.open

    def spy(self: Socket, *args: str, **kwargs: str) -> None:
        opened(self)
        seen.append(self.ws_connection)

    monkeypatch.setattr(Socket, "open", spy)
    bench = await start()
    async with bench.connect() as socket:
        await hello(socket)
        assert seen[0]._compressor is None
        assert seen[0]._decompressor is not None


async def test_a_compressed_message_of_a_client_is_understood(start: Start) -> None:
    bench = await start(commands={"echo": lambda args: args["text"]})
    async with bench.connect(compression="deflate") as socket:
        await hello(socket)
        for size in (10, 10_000, 500_000):
            await say(socket, type="command", id="1", name="echo", args={"text": "z" * size})
            assert (await receive(socket, "result"))["value"] == "z" * size


async def test_pings_between_messages_do_not_tear_them(start: Start) -> None:
    bench = await start()
    async with bench.connect() as socket:
        await hello(socket)
        for number in range(20):
            pong = await socket.ping()
            bench.store.set("/devices/cap0", {"type": "t", "status": str(number) * 100_000})
            await receive(socket, "state.patch")
            await pong


async def _send_and_listen(socket: ClientConnection, text: str) -> None:
    async with asyncio.timeout(10):
        await socket.send(text)
        while True:
            await socket.recv()


async def test_a_message_that_is_too_long_ends_the_connection_with_1009(start: Start) -> None:
    bench = await start()
    async with bench.connect() as socket:
        await hello(socket)
        with pytest.raises(ConnectionClosed) as caught:
            await _send_and_listen(socket, "x" * 5_000_000)
        assert caught.value.rcvd is None or caught.value.rcvd.code == 1009


@pytest.mark.parametrize(
    "text", ["{", "[]", "5", '{"type":"nothing"}', '{"type":5}', '{"type":"ping"}']
)
async def test_bad_input_gets_an_error_and_the_connection_goes_on(start: Start, text: str) -> None:
    bench = await start()
    async with bench.connect() as socket:
        await hello(socket)
        await socket.send(text)
        assert (await receive(socket, "error"))["code"]
        await say(socket, type="ping", ts=1)
        assert (await receive(socket, "pong"))["ts"] == 1


async def test_clients_come_and_go_and_the_others_see_everything(start: Start) -> None:
    bench = await start()

    async def visit(times: int) -> None:
        for _ in range(times):
            async with bench.connect() as socket:
                await hello(socket)
                await receive(socket, "logs.append")

    async with bench.connect() as steady:
        snapshot = await hello(steady)
        version, seen = snapshot["stateVersion"], []
        visits = [asyncio.ensure_future(visit(3)) for _ in range(5)]
        number = 0
        while not all(one.done() for one in visits):
            number += 1
            bench.store.set("/devices/cap0", {"type": "t", "status": str(number)})
            bench.ring.append("app", "info", f"line {number}")
            patch = await receive(steady, "state.patch")
            assert patch["fromVersion"] == version
            version = patch["toVersion"]
            seen.append(version)
        await asyncio.gather(*visits)
        await until(lambda: len(bench.server._pump.links) == 1)
        assert seen == sorted(set(seen))


def _stalled(bench: Bench) -> sockets.socket:
    """A client that says hello and then never reads."""
    client = sockets.socket()
    client.setsockopt(sockets.SOL_SOCKET, sockets.SO_RCVBUF, 4096)
    client.connect(("127.0.0.1", bench.server.port))
    client.sendall(request(bench.server.port, token=TOKEN, deflate=False) + raw_hello())
    return client


@pytest.mark.parametrize("direct", [True, False], ids=["direct", "write_message"])
async def test_a_client_that_never_reads_costs_less_than_its_budget_and_is_let_go(
    start: Start, direct: bool
) -> None:
    budget = 200_000
    bench = await start(client_budget_bytes=budget, direct=direct)
    stalled = _stalled(bench)
    try:
        await until(lambda: bench.hub.telemetry.clients == 1)
        (link,) = bench.server._pump.links
        most = 0
        async with bench.connect() as reader:
            await hello(reader)
            for number in range(300):
                bench.store.set("/devices/cap0", {"type": "t", "status": str(number % 10) * 50_000})
                await receive(reader, "state.patch")
                most = max(most, getattr(link, "waiting", 0))
                if len(bench.server._pump.links) == 1:
                    break
        assert 0 < most <= budget + 50_500  # the one that went over it is dropped with the rest
        assert bench.hub.telemetry.dropped > 0
    finally:
        stalled.close()
    await until(lambda: not bench.server._pump.links)


async def test_a_slow_client_gets_one_fresh_snapshot_when_it_drains(start: Start) -> None:
    bench = await start(client_budget_bytes=200_000)
    async with bench.connect(compression=None, max_queue=1) as slow, bench.connect() as reader:
        await hello(slow)
        await hello(reader)
        slow.transport.pause_reading()
        number = 0
        while bench.hub.telemetry.dropped == 0:
            number += 1
            bench.store.set("/devices/cap0", {"type": "t", "status": f"{number}:" + "y" * 100_000})
            await receive(reader, "state.patch")
        slow.transport.resume_reading()
        snapshot = await receive(slow, "state.snapshot")
        assert snapshot["reason"] == "overrun"
        assert snapshot["data"]["devices"]["cap0"]["status"].startswith(f"{number}:")
        assert bench.hub.telemetry.resyncs == 1


async def test_a_large_state_goes_out_as_one_message_while_the_loop_turns(start: Start) -> None:
    bench = await start()
    bench.store.merge(
        "/devices",
        {f"d{n}": {"type": "capture", "status": f"s{n}", "note": "n" * 100} for n in range(30_000)},
    )
    async with bench.connect() as socket:
        snapshot = await hello(socket)
        assert len(snapshot["data"]["devices"]) == 30_000
        bench.store.set("/devices/d7/status", "changed")
        patch = await receive(socket, "state.patch")
        assert patch["fromVersion"] == snapshot["stateVersion"]


async def test_closing_says_bye_and_1001_to_every_client(start: Start) -> None:
    bench = await start()
    async with bench.connect() as socket:
        await hello(socket)
        bench.server.close()
        bye = await receive(socket, "bye")
        assert bye["code"] == 1001
        with pytest.raises(ConnectionClosed) as caught:
            await socket.recv()
        assert caught.value.rcvd is not None
        assert caught.value.rcvd.code == 1001
