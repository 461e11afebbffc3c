"""How a client's connections end, so that nothing of them outlives the loop."""

from __future__ import annotations

import asyncio
from typing import Final

from tornado.ioloop import IOLoop
from tornado.iostream import IOStream
from tornado.platform.asyncio import BaseAsyncIOLoop
from tornado.websocket import WebSocketClientConnection

GOODBYE_S: Final = 1.0
"""How long the other side may take to answer a close."""


async def end(connection: WebSocketClientConnection) -> None:
    """Close, and wait a moment for the other side to do so too, so that nothing of it outlives the loop."""
    stream = _stream_of(connection)
    connection.close()
    if stream is None or stream.closed():
        return  # who has gone answers nothing
    try:
        async with asyncio.timeout(GOODBYE_S):
            while await connection.read_message() is not None:
                pass
    except TimeoutError:
        pass
    finally:
        stream.close()


def cut(connection: WebSocketClientConnection) -> None:
    """Close the socket without a word: a dead link answers no close either."""
    stream = _stream_of(connection)
    if stream is not None:
        stream.close()


def _stream_of(connection: WebSocketClientConnection) -> IOStream | None:
    """Its socket's; ``None`` once it was told to close, since tornado lets go of it then."""
    stream: IOStream | None = getattr(connection.protocol, "stream", None)
    return stream


def end_begun_connections() -> None:
    """Close what tornado began to connect and was not finished: cancelling it leaves the sockets open."""
    loop = IOLoop.current()
    assert isinstance(loop, BaseAsyncIOLoop)
    for descriptor, (connection, _) in list(loop.handlers.items()):
        loop.remove_handler(descriptor)
        loop.close_fd(connection)
