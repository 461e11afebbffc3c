"""Whatever a handshake offers, the answer is a connection or a refusal, never a fault of the server's."""

from __future__ import annotations

import asyncio

import pytest

from autobench_nb.transports.sockets.extensions import choose_offer
from tests.transports.conftest import TOKEN, Start, no_unexpected_log, start

__all__ = ["no_unexpected_log", "start"]

DECLINED = [
    "server_max_window_bits=abc", "server_max_window_bits=", "server_max_window_bits=-1", "server_max_window_bits=8",
    "server_max_window_bits=16", "server_max_window_bits=99999999999999999999", "server_max_window_bits",
    "client_max_window_bits=abc", "client_max_window_bits=7", "client_max_window_bits=0x0f",
    "client_max_window_bits=1e1",
    "server_max_window_bits=10; server_max_window_bits=11", "server_no_context_takeover=1", "unknown", "unknown=1",
    "server_max_window_bits=\u00b2", "=", ";", "; ; ;", "server_max_window_bits=10 11", 'server_max_window_bits="10',
    "client_max_window_bits=15;" * 500,
]  # fmt: skip
TAKEN = [
    ("", ""),
    ("client_max_window_bits", "client_max_window_bits=10"),
    ("server_max_window_bits=9", "server_max_window_bits=9"),
    ('client_max_window_bits="12"', "client_max_window_bits=12"),
    ("server_no_context_takeover", "server_no_context_takeover"),
]  # fmt: skip


async def handshake(port: int, extensions: str, token: str | None = TOKEN) -> bytes:
    """The head of the server's answer."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    lines = [
        "GET /ws HTTP/1.1", f"Host: 127.0.0.1:{port}", "Connection: Upgrade", "Upgrade: websocket",
        "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
        f"Sec-WebSocket-Extensions: {extensions}",
    ]  # fmt: skip
    if token is not None:
        lines.append(f"Authorization: Bearer {token}")
    writer.write("\r\n".join([*lines, "", ""]).encode("latin-1"))
    async with asyncio.timeout(10):
        head = await reader.readuntil(b"\r\n\r\n")
    writer.close()
    return head


@pytest.mark.parametrize("parameters", DECLINED, ids=range(len(DECLINED)))
@pytest.mark.parametrize("token", [TOKEN, None])
async def test_an_offer_that_cannot_be_taken_gives_a_plain_connection(
    start: Start, parameters: str, token: str | None
) -> None:
    bench = await start()
    head = await handshake(bench.server.port, f"permessage-deflate; {parameters}", token)
    assert head.startswith(b"HTTP/1.1 101 ")
    assert b"permessage-deflate" not in head
    assert bench.ring.size <= 1  # who came, and no error


@pytest.mark.parametrize(("parameters", "chosen"), TAKEN)
async def test_an_offer_that_can_be_taken_is(start: Start, parameters: str, chosen: str) -> None:
    bench = await start()
    offer = "permessage-deflate" + (f"; {parameters}" if parameters else "")
    head = await handshake(bench.server.port, offer)
    assert b"permessage-deflate" in head
    assert choose_offer(f"x-other; a=1, permessage-deflate; bad=1, {offer}") == "; ".join(
        filter(None, ["permessage-deflate", chosen])
    )
