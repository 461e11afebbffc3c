"""A TCP proxy on a thread of its own, with the faults of a real network: cut, half open, throttled."""

from __future__ import annotations

import asyncio
import contextlib
import queue
import threading
from collections.abc import Iterator

THROTTLED_BYTES = 2_048
THROTTLED_S = 0.01


class FaultyNetwork:
    """Hands on bytes between those who dial :attr:`port` and a server's port. Any thread may call the methods."""

    def __init__(self, server_port: int) -> None:
        self._server_port = server_port
        self._loop = asyncio.new_event_loop()
        self._writers: set[asyncio.StreamWriter] = set()
        self._flows = asyncio.Event()
        self._flows.set()
        self._is_throttled = False
        self._end = asyncio.Event()
        self._started: queue.SimpleQueue[int] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._main, name="autobench-test-network")
        self._thread.start()
        self.port = self._started.get(timeout=10)

    def cut(self) -> None:
        """Every connection breaks; new ones work."""
        self._loop.call_soon_threadsafe(self._cut)

    def hold(self) -> None:
        """Nothing passes any more, and nobody is told: the connections are half open."""
        self._loop.call_soon_threadsafe(self._flows.clear)

    def throttle(self) -> None:
        """Little passes."""
        self._is_throttled = True

    def mend(self) -> None:
        """Everything passes."""
        self._is_throttled = False
        self._loop.call_soon_threadsafe(self._flows.set)

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
        server = await asyncio.start_server(self._hand_on, "127.0.0.1", 0)
        self._started.put(server.sockets[0].getsockname()[1])
        await self._end.wait()
        server.close()
        self._flows.set()
        self._cut()
        while len(asyncio.all_tasks()) > 1:
            await asyncio.sleep(0.01)

    def _cut(self) -> None:
        for writer in tuple(self._writers):
            writer.transport.abort()

    async def _hand_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            upstream, up = await asyncio.open_connection("127.0.0.1", self._server_port)
        except OSError:
            writer.transport.abort()
            return
        self._writers |= {writer, up}
        ways = [
            asyncio.ensure_future(self._copy(one, other))
            for one, other in ((reader, up), (upstream, writer))
        ]
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        for one in (writer, up):
            self._writers.discard(one)
            one.transport.abort()
        await asyncio.wait(ways)

    async def _copy(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(THROTTLED_BYTES if self._is_throttled else 65_536):
                await self._flows.wait()
                if self._is_throttled:
                    await asyncio.sleep(THROTTLED_S)
                writer.write(data)
                await writer.drain()


@contextlib.contextmanager
def faulty_network(server_port: int) -> Iterator[FaultyNetwork]:
    """A network before ``server_port``."""
    network = FaultyNetwork(server_port)
    try:
        yield network
    finally:
        network.close()
