"""Who sends a byte now and then keeps nothing: bodies and messages have deadlines, whatever drips meanwhile."""

from __future__ import annotations

import asyncio
import contextlib

import pytest

from autobench_nb.sync.server import hub
from autobench_nb.transports import serving
from tests.transports.conftest import TOKEN, Bench, Start, until

UPGRADE = (
    "GET /ws HTTP/1.1",
    "Upgrade: websocket",
    "Connection: Upgrade",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
)
POST = "POST /api/logs HTTP/1.1"
LONG = "Content-Length: 1000000"
CHUNKED = "Transfer-Encoding: chunked"
BEARER = f"Authorization: Bearer {TOKEN}"
BEGUN = bytes((0x81, 0xFE, 0xFF, 0xFF, 0, 0, 0, 0)) + b"{"
"""A message of 65,535 bytes, of which one is there."""
PART = bytes((0x00, 0x81, 0, 0, 0, 0)) + b"a"
PING = bytes((0x89, 0x80, 0, 0, 0, 0))


async def ends_by_itself(
    bench: Bench, head: tuple[str, ...], first: bytes, drip: bytes, words: bytes = b"no such words"
) -> None:
    """Send ``head`` and ``first``, then ``drip`` again and again, until the server has closed, or said ``words``."""
    port = bench.server.port
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    lines = [head[0], f"Host: 127.0.0.1:{port}", *head[1:], "", ""]
    writer.write("\r\n".join(lines).encode() + first)

    async def go_on() -> None:
        with contextlib.suppress(OSError):
            while True:
                writer.write(drip)
                await writer.drain()
                await asyncio.sleep(0.01)

    dripping = asyncio.create_task(go_on())
    came = b""
    try:
        with contextlib.suppress(ConnectionError):
            while words not in came and (data := await asyncio.wait_for(reader.read(65_536), 20)):
                came += data
    finally:
        dripping.cancel()
        writer.close()


@pytest.mark.parametrize(
    ("head", "drip"),
    [((POST, LONG, BEARER), b"a"), ((POST, CHUNKED, BEARER), b"1\r\na\r\n"), ((POST, LONG), b"a")],
    ids=["a body", "a body in chunks", "a body without the token"],
)
async def test_a_body_that_drips_has_a_deadline(
    start: Start, monkeypatch: pytest.MonkeyPatch, head: tuple[str, ...], drip: bytes
) -> None:
    monkeypatch.setattr(serving, "BODY_TIMEOUT_S", 0.2)
    bench = await start()
    await ends_by_itself(bench, head, b"", drip)
    assert [entry for entry in bench.ring.since(0).entries if entry.channel == "app"] == []
    assert (await bench.ask("/healthz", token=None)).code == 200


@pytest.mark.parametrize(
    ("first", "drip"),
    [(BEGUN, b"a"), (bytes((0x01, 0x81, 0, 0, 0, 0)) + b"{", PART), (b"", PING)],
    ids=["a message", "a message in parts", "pings"],
)
async def test_a_socket_without_the_token_has_a_deadline_whatever_drips(
    start: Start, monkeypatch: pytest.MonkeyPatch, first: bytes, drip: bytes
) -> None:
    monkeypatch.setattr(hub, "AUTH_DEADLINE_S", 0.2)
    bench = await start()
    words = "No token came in time."
    await ends_by_itself(bench, UPGRADE, first, drip, words.encode())
    await until(lambda: bench.hub.telemetry.clients == 0)
    assert any(words in entry.message for entry in bench.ring.since(0).entries)


@pytest.mark.parametrize("drip", [b"a", PART], ids=["a message", "a message in parts"])
async def test_a_socket_that_never_ends_its_message_is_dropped(start: Start, drip: bytes) -> None:
    bench = await start(ws_heartbeat_interval_ms=100)
    first = BEGUN if drip == b"a" else bytes((0x01, 0x81, 0, 0, 0, 0)) + b"{"
    words = "Nothing was heard of it for three heartbeats."
    await ends_by_itself(bench, (*UPGRADE, BEARER), first, drip, words.encode())
    await until(lambda: bench.hub.telemetry.clients == 0)
    assert any(words in entry.message for entry in bench.ring.since(0).entries)
