"""What goes to the same sockets goes at once; nobody gets anything twice, too little, or in another order."""

from __future__ import annotations

import asyncio
import json
import socket as sockets
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autobench_nb.sync.effects import Broadcast, Outgoing
from autobench_nb.transports.sockets.direct import DirectWriter
from autobench_nb.transports.sockets.fan_out import fan_outs
from autobench_nb.transports.sockets.wire import OFF_LOOP_BYTES, PLAIN, TOGETHER_BYTES, Bundle, Wire
from tests.benchmarks.clients import hello as raw_hello
from tests.benchmarks.clients import request
from tests.transports.conftest import TOKEN, Start, hello, until


def _message(number: int, size: int = 20) -> Outgoing:
    return Outgoing("test", json.dumps({"n": number, "x": "y" * size}).encode())


@given(st.lists(st.sets(st.integers(0, 6)), min_size=1, max_size=5))
def test_each_session_gets_its_own_messages_in_their_order(reach: list[set[int]]) -> None:
    run = [Broadcast(tuple(sorted(one)), _message(n)) for n, one in enumerate(reach)]
    got: dict[int, list[Outgoing]] = {}
    for fan_out in fan_outs(run):
        for session in fan_out.sessions:
            assert session not in got  # all of its own in one piece
            got[session] = [wire.message for wire in fan_out.bundle.wires]
    for session in range(7):
        expected = [one.message for one in run if session in one.sessions]
        assert got.get(session, []) == expected


def test_messages_for_the_same_sessions_are_one_piece() -> None:
    run = [Broadcast((1, 2, 3), _message(number)) for number in range(2)]
    (fan_out,) = fan_outs(run)
    assert fan_out.bundle.build(PLAIN) == b"".join(Wire(one.message).build(PLAIN) for one in run)


@pytest.mark.parametrize("size", [TOGETHER_BYTES, OFF_LOOP_BYTES + 1])
def test_long_messages_are_not_copied_together(size: int) -> None:
    bundle = Bundle([Wire(_message(0)), Wire(_message(1, size))])
    assert bundle.build(PLAIN) is None


async def test_a_patch_and_a_log_batch_of_one_flush_leave_in_one_call(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = await start(flush_interval_ms=60_000)
    async with bench.connect(compression=None) as client:
        await hello(client)
        (link,) = bench.server._pump.links
        assert isinstance(link, DirectWriter)
        send, calls = link._send, []

        def spy(data: Any, *flags: int) -> int:
            calls.append(data)
            return send(data, *flags)

        monkeypatch.setattr(link, "_send", spy)
        with bench.store.batch():
            bench.store.set("/devices/cap0", {"type": "capture", "status": "ok"})
            bench.ring.append("app", "info", "a line")
        bench.server.flush()
        kinds: list[str] = []
        while "logs.append" not in kinds or "state.patch" not in kinds:
            kinds.append(json.loads(await client.recv())["type"])
        both = [one for one in calls if b'"a line"' in one]
        assert len(both) == 1
        assert b'"/devices/cap0"' in both[0]


async def test_what_the_kernel_takes_in_parts_arrives_whole(start: Start) -> None:
    """A socket with tiny buffers: every piece is cut at some place, within and between the messages of a bundle."""
    bench = await start(client_budget_bytes=50_000_000, ws_heartbeat_interval_ms=3_600_000)
    client = sockets.socket()
    client.setsockopt(sockets.SOL_SOCKET, sockets.SO_RCVBUF, 4096)
    client.setblocking(False)
    loop = asyncio.get_running_loop()
    await loop.sock_connect(client, ("127.0.0.1", bench.server.port))
    handshake = request(bench.server.port, token=TOKEN, deflate=False)
    await loop.sock_sendall(client, handshake + raw_hello())
    await until(lambda: bench.hub.telemetry.clients == 1)
    pump = bench.server._pump
    (link,) = pump.links
    assert isinstance(link, DirectWriter)
    (connection,) = link.sockets
    connection.setsockopt(sockets.SOL_SOCKET, sockets.SO_SNDBUF, 4096)
    expected: list[dict[str, Any]] = []
    received = bytearray()
    for number in range(0, 600, 3):
        run = [_message(number + part, (number * 37 + part * 911) % 9_000) for part in range(3)]
        expected += [json.loads(one.data) for one in run]
        said = [Broadcast(tuple(pump._links), one) for one in run]
        pump.thread.call(pump.perform, said)
        if number % 30 == 0:
            received += await loop.sock_recv(client, 65_536)
    end = f'"n": {expected[-1]["n"]}, '.encode()
    async with asyncio.timeout(20):
        while end not in received or b'y"}' not in received[received.index(end) :]:
            received += await loop.sock_recv(client, 65_536)
    client.close()
    got = [one for one in _texts(bytes(received)) if "n" in one]
    assert got == expected
    await until(lambda: not pump.links)


def _texts(data: bytes) -> list[dict[str, Any]]:
    """The unmasked messages after a handshake (RFC 6455 section 5.2)."""
    at = data.index(b"\r\n\r\n") + 4
    found = []
    while at < len(data):
        opcode = data[at]
        assert opcode in (0x81, 0x89)
        size, at = data[at + 1], at + 2
        if size == 126:
            size, at = int.from_bytes(data[at : at + 2], "big"), at + 2
        elif size == 127:
            size, at = int.from_bytes(data[at : at + 8], "big"), at + 8
        if opcode == 0x81:  # and no ping, which comes to who takes long
            found.append(json.loads(data[at : at + size]))
        at += size
    return found
