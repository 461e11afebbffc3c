"""How a client's connections end, so that nothing of them outlives the loop."""

from __future__ import annotations

import asyncio
from typing import Final

from tornado.ioloop import IOLoop
from tornado.platform.asyncio import BaseAsyncIOLoop
from tornado.websocket import WebSocketClientConnection

GOODBYE_S: Final = 1.0
"""How long the other side may take to answer a close."""


async def end(connection: WebSocketClientConnection) -> None:
    """Close, and wait a moment for the other side to do so too, so that nothing of it outlives the loop."""
    connection.close()
    try:
        async with asyncio.timeout(GOODBYE_S):
            while await connection.read_message() is not None:
                pass
    except TimeoutError:
        pass
    finally:
        cut(connection)


def cut(connection: WebSocketClientConnection) -> None:
    """Close the socket without a word: a dead link answers no close either."""
    stream = getattr(connection.protocol, "stream", None)
    if stream is not None:
        stream.close()


def end_begun_connections() -> None:
    """Close what tornado began to connect and was not finished: cancelling it leaves the sockets open."""
    loop = IOLoop.current()
    assert isinstance(loop, BaseAsyncIOLoop)
    for descriptor, (connection, _) in list(loop.handlers.items()):
        loop.remove_handler(descriptor)
        loop.close_fd(connection)
