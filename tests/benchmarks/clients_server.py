"""A process with one WebSocket server, ours or a peer's, that broadcasts on demand and says what it cost.

Driven by JSON lines on stdin, one answer line each on stdout. Start: ``python -m tests.benchmarks.clients_server
KIND``.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import resource
import socket
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable, Coroutine
from itertools import repeat
from pathlib import Path
from typing import Any, Protocol

from tests.benchmarks.clients import mark
from tests.benchmarks.harness import peer

TOKEN = "the-token-of-this-benchmark"
TURNS = 5
"""Of the loop, for what follows a broadcast: tornado's tasks end in them."""
TEXT = b'{"op":"replace","path":"/devices/cap%03d/temperature","value":%d.%d},'


def payload(size: int, number: int) -> bytes:
    """A message of about ``size`` bytes that looks like ours, with the time of its sending."""
    head = b'{"type":"state.patch","at":"' + mark() + b'","patch":['
    parts = [head]
    length = len(head)
    while length < size - 40:
        parts.append(TEXT % ((number + len(parts)) % 1000, length, number))
        length += len(parts[-1])
    return b"".join(parts)[: size - 2] + b"]}"


class Contestant(Protocol):
    """A server that can say something to all its clients."""

    async def start(self, *, deflate: bool) -> int:
        """Listen; returns the port."""
        ...

    @property
    def clients(self) -> int:
        """How many are connected."""
        ...

    @property
    def is_idle(self) -> bool:
        """Whether all that was said has been handed to the kernel, or queued behind what it does not take."""
        ...

    def broadcast(self, *messages: bytes) -> None:
        """Each of them to all clients."""
        ...


class Ours:
    """The package's own server, with its hub, its pump and its writer."""

    def __init__(self, *, direct: bool = True) -> None:
        self._direct = direct

    async def start(self, *, deflate: bool) -> int:
        from autobench_nb.config import Config
        from autobench_nb.logs.ring.ring import LogRing
        from autobench_nb.state.store import StateStore
        from autobench_nb.sync.server.hub import Hub
        from autobench_nb.transports import serve

        # The clients of the benchmark answer no ping: they would be dropped as silent after three heartbeats.
        config = Config(request_sample=0.0, ws_heartbeat_interval_ms=3_600_000)
        self._store = StateStore()
        ring = LogRing(config.log_capacity)
        hub = Hub(self._store, ring, epoch="benchmark", config=config, token=TOKEN)
        self._server = serve(
            hub,
            self._store,
            ring,
            config=config,
            static=Path(tempfile.gettempdir()),
            name="benchmark",
            token=TOKEN,
            direct_writer=self._direct,
        )
        self._pump = self._server._pump
        self.loop = self._pump.thread.loop
        return self._server.port

    @property
    def clients(self) -> int:
        return len(self._pump.links)

    @property
    def is_idle(self) -> bool:
        return self._pump.is_idle

    def broadcast(self, *messages: bytes) -> None:
        from autobench_nb.sync.effects import Broadcast, Outgoing

        everyone = tuple(self._pump._links)
        self._pump.perform([Broadcast(everyone, Outgoing("benchmark", one)) for one in messages])


class SendLoop(Ours):
    """The limit: our connections, and nothing but one ``socket.send`` of ready bytes for each, in a loop in C."""

    def broadcast(self, *messages: bytes) -> None:
        from autobench_nb.transports.sockets.wire import message_bytes

        ready = b"".join([message_bytes(one, compressed=False) for one in messages])
        sockets = [link._socket for link in self._pump.links]  # type: ignore[attr-defined]
        deque(map(socket.socket.send, sockets, repeat(ready)), maxlen=0)


class Tornado:
    """Tornado's own ``write_message``, as its documentation shows it."""

    async def start(self, *, deflate: bool) -> int:
        from tornado.httpserver import HTTPServer
        from tornado.netutil import bind_sockets
        from tornado.web import Application
        from tornado.websocket import WebSocketHandler

        handlers: set[WebSocketHandler] = set()
        self._handlers = handlers

        class Handler(WebSocketHandler):
            def get_compression_options(self) -> dict[str, Any] | None:
                return {} if deflate else None

            def open(self, *args: str, **kwargs: str) -> None:
                self.set_nodelay(True)
                handlers.add(self)

            def on_message(self, message: str | bytes) -> None:
                pass

            def on_close(self) -> None:
                handlers.discard(self)

        sockets = bind_sockets(0, "127.0.0.1", backlog=1024)
        HTTPServer(Application([("/ws", Handler)])).add_sockets(sockets)
        return int(sockets[0].getsockname()[1])

    @property
    def clients(self) -> int:
        return len(self._handlers)

    @property
    def is_idle(self) -> bool:
        return True

    def broadcast(self, *messages: bytes) -> None:
        for data in messages:
            for handler in self._handlers:
                handler.write_message(data)


class Websockets:
    """The ``websockets`` library's ``broadcast``."""

    async def start(self, *, deflate: bool) -> int:
        peer("websockets")
        from websockets.asyncio.server import ServerConnection, broadcast, serve

        self._broadcast = broadcast
        self._connections: set[ServerConnection] = set()

        async def handle(connection: ServerConnection) -> None:
            self._connections.add(connection)
            try:
                await connection.wait_closed()
            finally:
                self._connections.discard(connection)

        self._server = await serve(
            handle,
            "127.0.0.1",
            0,
            compression="deflate" if deflate else None,
            ping_interval=None,
            backlog=1024,
        )
        port: int = next(iter(self._server.sockets)).getsockname()[1]
        return port

    @property
    def clients(self) -> int:
        return len(self._connections)

    @property
    def is_idle(self) -> bool:
        return True

    def broadcast(self, *messages: bytes) -> None:
        for data in messages:
            self._broadcast(self._connections, data.decode())


class Picows:
    """``picows``, a WebSocket library in Cython. It knows no compression."""

    async def start(self, *, deflate: bool) -> int:
        picows: Any = peer("picows")
        transports: set[Any] = set()
        self._transports = transports
        self._text = picows.WSMsgType.TEXT

        class Listener(picows.WSListener):  # type: ignore[misc]
            def on_ws_connected(self, transport: Any) -> None:
                transports.add(transport)

            def on_ws_disconnected(self, transport: Any) -> None:
                transports.discard(transport)

        self._server = await picows.ws_create_server(
            lambda request: Listener(), "127.0.0.1", 0, backlog=1024, enable_auto_ping=False
        )
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    @property
    def clients(self) -> int:
        return len(self._transports)

    @property
    def is_idle(self) -> bool:
        return True

    def broadcast(self, *messages: bytes) -> None:
        text = self._text
        for data in messages:
            for transport in self._transports:
                transport.send(text, data)


KINDS: dict[str, Callable[[], Contestant]] = {
    "ours": Ours,
    "ours-fallback": lambda: Ours(direct=False),
    "ours-send-loop": SendLoop,
    "write_message": Tornado,
    "websockets": Websockets,
    "picows": Picows,
}


def resident_bytes() -> int:
    """The resident memory of this process, garbage collected."""
    gc.collect()
    fields = Path("/proc/self/statm").read_text().split()
    return int(fields[1]) * os.sysconf("SC_PAGE_SIZE")


class Process:
    """Answers the orders of the benchmark."""

    def __init__(self, kind: str) -> None:
        self._contestant: Contestant = KINDS[kind]()
        self._number = 0

    async def answer(self, order: dict[str, Any]) -> dict[str, Any]:
        """Do what the one key of ``order`` says."""
        if "start" in order:
            return {"port": await self._contestant.start(**order["start"])}
        if "wait" in order:
            while self._contestant.clients < order["wait"]:
                await asyncio.sleep(0.01)
            return {"clients": self._contestant.clients}
        if "memory" in order:
            return {"bytes": resident_bytes(), "clients": self._contestant.clients}
        if "cost" in order:
            return await self._where_it_sends(self._cost(**order["cost"]))
        return await self._where_it_sends(self._pace(**order["pace"]))

    async def _where_it_sends(self, work: Coroutine[Any, Any, dict[str, Any]]) -> dict[str, Any]:
        """Measure on the loop that sends, and so on its thread: ours has one of its own."""
        loop = getattr(self._contestant, "loop", None)
        if loop is None:
            return await work
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work, loop))

    async def _cost(self, size: int, rounds: int, messages: int = 1) -> dict[str, Any]:
        """CPU microseconds of this thread a message and client, all that the loop does included.

        Few rounds, since the clients do not read meanwhile: waking their process would be billed to whoever wakes it.
        ``kernel_us`` of them the system says it spent in the kernel (its clock ticks: add up many).
        """
        clients = self._contestant.clients
        used = kernel = 0.0
        gc.collect()  # and it stays on: the litter of a message is part of its cost
        for _ in range(rounds):
            self._number += 1
            data = [payload(size, self._number) for _ in range(messages)]
            kernel -= resource.getrusage(resource.RUSAGE_THREAD).ru_stime
            begin = time.thread_time()
            self._contestant.broadcast(*data)
            turns = 0
            while turns < TURNS or not self._contestant.is_idle:
                turns += 1
                await asyncio.sleep(0)
            used += time.thread_time() - begin
            kernel += resource.getrusage(resource.RUSAGE_THREAD).ru_stime
        each = 1e6 / rounds / clients / messages
        return {"us": used * each, "kernel_us": kernel * each}

    async def _pace(self, size: int, rate: float, seconds: float) -> dict[str, Any]:
        """``rate`` messages a second to all, at even times."""
        loop = asyncio.get_running_loop()
        begin = loop.time()
        begin_cpu = time.thread_time()
        count = max(1, round(rate * seconds))
        longest = 0.0
        for number in range(count):
            await asyncio.sleep(begin + number / rate - loop.time())
            self._number += 1
            start = time.perf_counter()
            self._contestant.broadcast(payload(size, self._number))
            longest = max(longest, time.perf_counter() - start)
            while not self._contestant.is_idle:  # a turn of the loop each
                start = time.perf_counter()
                await asyncio.sleep(0)
                longest = max(longest, time.perf_counter() - start)
        await asyncio.sleep(0.2)
        return {"sent": count, "longest_ms": longest * 1e3, "cpu_s": time.thread_time() - begin_cpu}

    async def main(self) -> None:
        """One line in, one line out, until stdin ends."""
        loop = asyncio.get_running_loop()
        reader = asyncio.StreamReader()
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
        while line := await reader.readline():
            print(json.dumps(await self.answer(json.loads(line))), flush=True)
        os._exit(0)  # a thousand open connections need no farewell


if __name__ == "__main__":
    asyncio.run(Process(sys.argv[1]).main())
