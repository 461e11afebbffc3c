"""A server over a real hub, store and ring on a real socket, and a few ways to talk to it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import pytest
from tornado.httpclient import AsyncHTTPClient, HTTPResponse
from websockets.asyncio.client import ClientConnection, connect

from autobench_nb.config import Config
from autobench_nb.logs.ring.ring import LogRing
from autobench_nb.state.store import StateStore
from autobench_nb.sync.server.hub import Hub
from autobench_nb.transports import Server, serve
from autobench_nb.transports.commands import Command

TOKEN = "a-token-of-the-tests"


@dataclass
class Bench:
    """Everything that one test needs."""

    store: StateStore
    ring: LogRing
    hub: Hub
    server: Server

    def connect(self, **options: Any) -> connect:
        """A client of the ``websockets`` library, authenticated in the handshake."""
        token = options.pop("token", TOKEN)
        headers = dict(options.pop("headers", {}))
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        options.setdefault("max_size", None)
        options.setdefault("proxy", None)
        return connect(
            options.pop("uri", self.server.ws_url), additional_headers=headers, **options
        )

    def flush(self) -> None:
        """Flush, and return when what is to be sent has been sent or queued."""
        self.server.flush()
        for _ in range(
            4
        ):  # turns of the pump's: to hear of it, to flush, to carry out, and what follows from it
            self.server.pump.thread.fence().result(10)

    async def ask(
        self,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        token: str | None = TOKEN,
        **options: Any,
    ) -> HTTPResponse:
        """One HTTP request; redirects are not followed, no status raises."""
        sent = dict(headers or {})
        if token is not None:
            sent["Authorization"] = f"Bearer {token}"
        options.setdefault("follow_redirects", False)
        client = AsyncHTTPClient(force_instance=True)
        try:
            return await client.fetch(
                f"http://127.0.0.1:{self.server.port}{path}",
                headers=sent,
                raise_error=False,
                **options,
            )
        finally:
            client.close()


Start = Callable[..., Awaitable[Bench]]


@pytest.fixture
async def start(tmp_path: Path) -> AsyncIterator[Start]:
    """Start benches; each ends with the test, and leaves no connection, task or port behind."""
    begun: list[Bench] = []

    async def begin(
        *,
        commands: Mapping[str, Command] | None = None,
        direct: bool = True,
        host: str = "127.0.0.1",
        capacity: int = 500,
        store: StateStore | None = None,
        **settings: Any,
    ) -> Bench:
        settings.setdefault("flush_interval_ms", 1)
        settings.setdefault("request_sample", 0.0)
        config = Config(**settings)
        (tmp_path / "page.html").write_text("<!doctype html><title>the page</title>")
        (tmp_path / "page.js").write_text("export {};")
        dirty: list[Callable[[], None]] = []

        def on_dirty() -> None:
            for notify in dirty:
                notify()

        ring = LogRing(capacity, on_dirty=on_dirty)
        store = StateStore(on_dirty=on_dirty) if store is None else store
        store._on_dirty = on_dirty
        hub = Hub(store, ring, epoch="e1", config=config, token=TOKEN)
        server = serve(
            hub,
            store,
            ring,
            config=config,
            static=tmp_path,
            name="tests",
            host=host,
            token=TOKEN,
            commands=commands,
            direct_writer=direct,
        )
        dirty.append(server.notify)
        bench = Bench(store, ring, hub, server)
        begun.append(bench)
        return bench

    yield begin
    for bench in begun:
        bench.server.close()
        await bench.server.wait_closed()
    for _ in range(100):  # what tornado spawned ends in its own next turns
        left = asyncio.all_tasks() - {asyncio.current_task()}
        if not left:
            break
        await asyncio.sleep(0.001)
    assert not left


@pytest.fixture(autouse=True)
def no_unexpected_log(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """A warning in the log that a test did not expect fails it."""
    yield
    seen = [
        record
        for record in caplog.get_records("call")
        if record.levelno >= logging.WARNING
        and record.name.startswith(("tornado", "autobench", "asyncio"))
    ]
    assert not seen, [record.getMessage() for record in seen]


async def receive(socket: ClientConnection, kind: str) -> dict[str, Any]:
    """The next message of that type."""
    async with asyncio.timeout(10):
        while True:
            message: dict[str, Any] = orjson.loads(await socket.recv())
            if message["type"] == kind:
                return message


async def say(socket: ClientConnection, **message: Any) -> None:
    """Send one message."""
    await socket.send(orjson.dumps(message).decode())


async def hello(socket: ClientConnection, **payload: Any) -> dict[str, Any]:
    """Say hello and wait for the history, after which the client is live; gives the snapshot."""
    await say(socket, type="hello", payload=payload)
    snapshot = await receive(socket, "state.snapshot")
    await receive(socket, "logs.history")
    return snapshot


async def until(fact: Callable[[], Any]) -> None:
    """Let the loop turn until ``fact()``; fail after ten seconds."""
    async with asyncio.timeout(10):
        while not fact():
            await asyncio.sleep(0.001)
