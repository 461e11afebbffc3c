"""Both ways to write to a socket, against a real browser and the library ``websockets``, compressed and plain."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from websockets.sync.client import ClientConnection, connect

import autobench_nb
from autobench_nb.config import Config
from autobench_nb.logs.ring.ring import LogRing
from autobench_nb.state.store import StateStore
from autobench_nb.sync.server.hub import Hub
from autobench_nb.transports import Server, serve_in_thread
from autobench_nb.transports.sockets.direct import DirectWriter
from autobench_nb.transports.sockets.wire import FULL_WINDOW, PLAIN
from autobench_nb.transports.sockets.writer import MessageWriter
from tests.e2e.conftest import wait_until

pytestmark = pytest.mark.browser

TOKEN = "a-token-of-the-test"
STATIC = Path(autobench_nb.__file__).parent / "static"
SIZES = [0, 1, 60, 90, 125, 126, 127, 1_000, 4_000, 60_000, 65_535, 65_536, 300_000, 2_000_000, 5]
"""Around every length that RFC 6455 section 5.2 writes in another way, and across what the kernel takes at once."""

OPEN = """(token) => new Promise((resolve, reject) => {
    window.heard = [];
    const socket = new WebSocket(location.origin.replace('http', 'ws') + '/ws');
    window.ears = socket;
    socket.onmessage = (event) => {
        window.heard.push(event.data);
        if (JSON.parse(event.data).type === 'logs.history') resolve(socket.extensions);
    };
    socket.onerror = reject;
    socket.onclose = (event) => { window.heard.push('closed ' + event.code); reject(event.code); };
    socket.onopen = () => socket.send(JSON.stringify({ type: 'hello', payload: { token } }));
})"""


class Served:
    """A server on a thread of its own."""

    def __init__(self, *, direct: bool) -> None:
        config = Config(flush_interval_ms=1, request_sample=0.0)
        servers: list[Server] = []

        def on_dirty() -> None:
            for server in servers:
                server.notify()

        self.ring = LogRing(on_dirty=on_dirty)
        self.store = StateStore({"serverConfig": config.to_wire()}, on_dirty=on_dirty)
        hub = Hub(self.store, self.ring, epoch="e1", config=config, token=TOKEN)
        self.server = serve_in_thread(
            hub,
            self.store,
            self.ring,
            config=config,
            static=STATIC,
            name="tests",
            token=TOKEN,
            direct_writer=direct,
        )
        servers.append(self.server)

    def on_loop(self, work: Callable[[], Any]) -> Any:
        """What ``work`` gives on the server's own thread."""
        done = threading.Event()
        found: list[Any] = []

        def run() -> None:
            found.append(work())
            done.set()

        self.server._loop.call_soon_threadsafe(run)
        assert done.wait(30)
        return found[0]


@pytest.fixture(params=[True, False], ids=["direct", "write_message"])
def served(request: pytest.FixtureRequest) -> Iterator[Served]:
    one = Served(direct=request.param)
    yield one
    links = one.on_loop(lambda: {type(link) for link in one.server._pump.links})
    one.server.close()
    assert links <= {DirectWriter if request.param else MessageWriter}


@contextlib.contextmanager
def library_client(server: Server, compression: str | None) -> Iterator[ClientConnection]:
    with connect(
        server.ws_url,
        additional_headers={"Authorization": f"Bearer {TOKEN}"},
        compression=compression,
        max_size=None,
        proxy=None,
    ) as client:
        client.send('{"type":"hello","payload":{}}')
        while json.loads(client.recv(30))["type"] != "logs.history":
            pass
        yield client


def told(messages: list[str]) -> tuple[list[str], dict[str, str]]:
    """The log lines and the last status of each device that some messages told, which must follow each other."""
    lines: list[str] = []
    devices: dict[str, str] = {}
    version = seq = None
    for message in map(json.loads, messages):
        if message["type"] == "state.patch":
            assert version in (None, message["fromVersion"])
            version = message["toVersion"]
            for one in message["patch"]:
                if one["path"].startswith("/devices/"):
                    devices[one["path"]] = one["value"]["status"]
        elif message["type"] == "logs.append":
            assert seq in (None, message["firstSeq"])
            seq = message["nextSeq"]
            lines += [one["message"] for one in message["entries"] if one["channel"] == "test"]
    return lines, devices


def test_a_browser_and_a_library_are_told_the_same(page: Page, served: Served) -> None:
    page.goto(served.server.login_url)
    extensions = page.evaluate(OPEN, TOKEN)
    assert "permessage-deflate" in extensions
    with (
        library_client(served.server, "deflate") as deflate,
        library_client(served.server, None) as plain,
    ):
        links = served.on_loop(lambda: served.server._pump.links)
        bits = {link.bits for link in links if isinstance(link, DirectWriter)}
        assert bits in ({PLAIN, FULL_WINDOW}, set())  # mixed, where the forms are ours
        devices: dict[str, str] = {}
        lines: list[str] = []
        for number, size in enumerate(SIZES):
            text = (f"{number}:" + "äb" * size)[:size]
            with served.store.batch():
                served.store.set(f"/devices/d{number}", {"type": "t", "status": text})
            served.ring.append("test", "info", f"line {number} {text[:5_000]}")
            devices[f"/devices/d{number}"] = text
            lines.append(f"line {number} {text[:5_000]}")
            plain.ping()
            page.evaluate('() => window.ears.send(\'{"type":"ping","ts":1}\')')
        served.ring.append("test", "info", "the end")
        lines.append("the end")

        def is_over(messages: list[str]) -> bool:
            return any('"the end"' in one for one in messages[-5:])

        heard: list[list[str]] = []
        for client in (deflate, plain):
            messages: list[str] = []
            while not is_over(messages):
                message = client.recv(30)
                assert isinstance(message, str)
                messages.append(message)
            heard.append(messages)
        end = "() => window.heard.some((text) => text.includes('\"the end\"'))"
        page.wait_for_function(end)
        heard.append(page.evaluate("() => window.heard"))
        for messages in heard:
            assert told(messages) == (lines, devices)
        expect(page.get_by_role("grid").first).to_contain_text("the end")  # the page's own mirror


def test_a_browser_that_reloads_meets_the_same_state(page: Page, served: Served) -> None:
    served.store.set("/meta/name", "the writer's bench")
    for number in range(300):
        served.ring.append("test", "info", f"line {number}")
    page.goto(served.server.login_url)
    for _ in range(3):
        expect(page.get_by_role("grid").first).to_contain_text("line 299")
        page.reload()
    wait_until(lambda: served.on_loop(lambda: len(served.server._pump.links)) == 1, "one link")
