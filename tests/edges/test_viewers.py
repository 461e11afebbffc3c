"""Viewers that are silent or never read are dropped within three heartbeats; those that only listen stay."""

from __future__ import annotations

import asyncio
import socket

import orjson

from autobench_nb.transports.liveness import ROUNDS
from tests.transports.conftest import TOKEN, Start, hello, no_unexpected_log, say, start, until

__all__ = ["no_unexpected_log", "start"]


async def raw_viewer(port: int) -> socket.socket:
    """A viewer that shakes hands, says hello, and then neither reads nor says anything."""
    one = socket.socket()
    one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    one.setblocking(False)
    loop = asyncio.get_running_loop()
    await loop.sock_connect(one, ("127.0.0.1", port))
    head = (
        f"GET /ws HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
        f"Authorization: Bearer {TOKEN}\r\n\r\n"
    )
    await loop.sock_sendall(one, head.encode())
    text = b'{"type":"hello","payload":{}}'
    await loop.sock_sendall(one, bytes((0x81, 0x80 | len(text), 0, 0, 0, 0)) + text)
    return one


async def test_one_that_never_reads_is_dropped_and_what_waited_for_it_is_freed(
    start: Start,
) -> None:
    bench = await start(ws_heartbeat_interval_ms=100)
    one = await raw_viewer(bench.server.port)
    await until(lambda: bench.hub.telemetry.clients == 1)
    bench.store.set("/config/large", ["x" * 1_000] * 3_000)
    (link,) = bench.server._pump.links
    await until(lambda: link.waiting > 0)  # type: ignore[attr-defined]
    await until(lambda: not bench.server._pump.links)
    assert link.waiting == 0  # type: ignore[attr-defined]
    assert bench.hub.telemetry.clients == 0
    lines = [entry.message for entry in bench.ring.since(0).entries]
    assert "Client 1 ended: Nothing was heard of it for three heartbeats." in lines
    one.close()


async def test_one_that_only_listens_stays(start: Start) -> None:
    bench = await start(ws_heartbeat_interval_ms=100)
    async with bench.connect(ping_interval=None) as viewer:
        await hello(viewer)
        (link,) = bench.server._pump.links
        rounds = 0
        pinged = False
        while rounds < 2 * ROUNDS:  # each time it answers the ping that a silent round has sent
            await until(lambda: link.silent_rounds > 0)  # type: ignore[attr-defined]
            pinged = True
            await until(lambda: link.silent_rounds == 0)  # type: ignore[attr-defined]
            rounds += 1
        assert pinged
        await say(viewer, type="ping", ts=1)
        while orjson.loads(await viewer.recv())["type"] != "pong":
            pass


async def test_a_loop_that_was_blocked_for_long_drops_nobody(start: Start) -> None:
    bench = await start(ws_heartbeat_interval_ms=100)
    async with bench.connect(ping_interval=None) as viewer:
        await hello(viewer)
        (link,) = bench.server._pump.links
        blocked = asyncio.get_running_loop().time() + 0.1 * (ROUNDS + 2)
        while asyncio.get_running_loop().time() < blocked:
            pass
        await until(lambda: link.silent_rounds > 0)  # type: ignore[attr-defined]
        await until(lambda: link.silent_rounds == 0)  # type: ignore[attr-defined]
        assert bench.server._pump.links == (link,)
