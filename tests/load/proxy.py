"""A WebSocket proxy on a thread of its own, which spoils what passes: a real link with a real fault."""

from __future__ import annotations

import asyncio
import contextlib
import queue
import threading
from collections.abc import Callable, Iterator
from typing import Any

import orjson
from websockets.asyncio.client import connect
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

import autobench_nb as ab

Spoil = Callable[[dict[str, Any]], list[dict[str, Any]]]


class Proxy:
    """Hands on what passes between a client and ``bench``; :attr:`spoil` gives what the client gets of a message.

    ``asked``: the types of what the client has said, in order.
    """

    def __init__(self, bench: ab.Orchestrator) -> None:
        self.spoil: Spoil = lambda message: [message]
        self.asked: list[str] = []
        self._link = bench.link()
        self._started: queue.SimpleQueue[int] = queue.SimpleQueue()
        self._loop = asyncio.new_event_loop()
        self._end = asyncio.Event()
        self._thread = threading.Thread(target=self._main, name="autobench-test-proxy")
        self._thread.start()
        self.url = f"ws://127.0.0.1:{self._started.get(timeout=10)}/ws"

    def close(self) -> None:
        """End it and its connections."""
        self._loop.call_soon_threadsafe(self._end.set)
        self._thread.join()

    def _main(self) -> None:
        try:
            self._loop.run_until_complete(self._serve())
        finally:
            self._loop.close()

    async def _serve(self) -> None:
        async with serve(self._hand_on, "127.0.0.1", 0, max_size=None) as server:
            self._started.put(next(iter(server.sockets)).getsockname()[1])
            await self._end.wait()

    async def _hand_on(self, client: ServerConnection) -> None:
        bearer = {"Authorization": f"Bearer {self._link['token']}"}
        url = self._link["url"]
        async with connect(url, additional_headers=bearer, max_size=None, proxy=None) as upstream:

            async def up() -> None:
                async for data in client:
                    self.asked.append(orjson.loads(data)["type"])
                    await upstream.send(data)
                await upstream.close()

            async def down() -> None:
                async for data in upstream:
                    for message in self.spoil(orjson.loads(data)):
                        await client.send(orjson.dumps(message).decode())
                await client.close()

            with contextlib.suppress(ConnectionClosed):
                await asyncio.gather(up(), down())


@contextlib.contextmanager
def proxied(bench: ab.Orchestrator) -> Iterator[Proxy]:
    """A proxy before ``bench``, which must serve on a thread."""
    proxy = Proxy(bench)
    try:
        yield proxy
    finally:
        proxy.close()


class Once:
    """Spoils the first message of a type after it was made, by ``how``; everything else passes."""

    def __init__(self, kind: str, how: Spoil) -> None:
        self.done = False
        self._kind = kind
        self._how = how

    def __call__(self, message: dict[str, Any]) -> list[dict[str, Any]]:
        if self.done or message["type"] != self._kind:
            return [message]
        self.done = True
        return self._how(message)
