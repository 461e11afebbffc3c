"""The server: a Tornado application over one hub, on the running loop or on a thread with a loop of its own."""

from __future__ import annotations

import asyncio
import contextlib
import queue
import selectors
import socket
import threading
from collections.abc import Callable, Mapping
from html import escape
from pathlib import Path
from typing import Any, Final

from tornado.web import Application

from autobench_nb import forks
from autobench_nb.config import Config
from autobench_nb.contract.limits import MAX_MESSAGE_BYTES
from autobench_nb.logs.ring.ring import LogRing
from autobench_nb.state.store import StateStore
from autobench_nb.sync.server.hub import Hub
from autobench_nb.transports import local
from autobench_nb.transports.auth import Gate, check_token, new_token
from autobench_nb.transports.commands import Command
from autobench_nb.transports.guesses import SecretText
from autobench_nb.transports.http.admission import BoundedHTTPServer
from autobench_nb.transports.http.api import LogsHandler, StateHandler
from autobench_nb.transports.http.handlers import NotFound, Site, log_request
from autobench_nb.transports.http.pages import Health, Icon, Login, Page, Ready, Static
from autobench_nb.transports.listening import bind
from autobench_nb.transports.pump import Pump
from autobench_nb.transports.sockets.websocket import Socket

MAX_FORM_BYTES: Final = 65_536
"""Of a body that is not a log; ``/api/logs`` has its own limit."""
MAX_HEADER_BYTES: Final = 65_536
IDLE_TIMEOUT_S: Final = 60.0
"""Between two requests on one connection."""
BODY_TIMEOUT_S: Final = 60.0
GOODBYE_S: Final = 1.0
"""How long :meth:`Server.close` waits for clients to answer the close."""
START_TIMEOUT_S: Final = 30.0


class Server:
    """A running server. ``close()`` says goodbye to clients, ``abort()`` does not; both may be called twice.

    Made by :func:`serve` (the running loop) or :func:`serve_in_thread`. ``url`` holds no secret; ``login_url`` signs a
    browser in. Any thread may call the methods.

    Attributes:
        host, port: The address that it listens on; ``port`` is the one that was taken where 0 was asked for.
        token: What clients prove themselves with: a secret.
        name: What the page shows as a title.
    """

    def __init__(
        self,
        hub: Hub,
        site: Site,
        http: BoundedHTTPServer,
        sockets: list[socket.socket],
        host: str,
        on_ended: Callable[[], None],
    ) -> None:
        self.host = host
        self.port: int = sockets[0].getsockname()[1]
        self.token = site.gate.token
        self.worth_of = site.gate.worth
        self.name = site.name
        self._hub = hub
        self._on_ended = on_ended
        self._site = site
        self._pump = site.pump
        self._http = http
        self._loop = asyncio.get_running_loop()
        self._loop_thread = threading.get_ident()
        self._thread: threading.Thread | None = None
        self._is_closed = False
        self._ended = threading.Event()
        self._ended_on_loop = asyncio.Event()
        self._goodbye: asyncio.Task[None] | None = None
        local.add(self)
        forks.register(self)

    @property
    def _netloc(self) -> str:
        host = "127.0.0.1" if self.host in {"", "0.0.0.0"} else self.host
        host = "::1" if host == "::" else host
        return f"[{host}]:{self.port}" if ":" in host else f"{host}:{self.port}"

    @property
    def url(self) -> str:
        """Where the page is. Without the token."""
        return f"http://{self._netloc}/"

    @property
    def login_url(self) -> str:
        """``url`` with a code that signs one browser in, once, within ten minutes; each access makes a new one.

        Its ``repr``, which a notebook shows and saves, holds no secret: print it, or open it.
        """
        shown = f"<a link to {self.url} that signs in once: print() shows it>"
        return SecretText.of(f"{self.url}?code={self.new_code()}", shown)

    def new_code(self) -> str:
        """A code for ``?code=`` of the page's address: it signs one browser in, once, within ten minutes."""
        return self._site.gate.codes.new()

    @property
    def ws_url(self) -> str:
        """Where the socket is. Without the token."""
        return f"ws://{self._netloc}/ws"

    @property
    def is_closed(self) -> bool:
        """Whether it has been closed, or its event loop has ended without it; the port is free then."""
        return self._is_closed or self._loop.is_closed()

    @property
    def has_ended(self) -> bool:
        """Whether all is over after :meth:`close`: from then on nothing here touches the hub again."""
        return self._ended.is_set() or self._loop.is_closed()

    @property
    def runs_here(self) -> bool:
        """Whether the caller is on the thread of the server's loop, and holds it up while it runs."""
        here = threading.get_ident() == self._loop_thread
        return here and not self._is_closed and self._loop.is_running()

    @property
    def pump(self) -> Pump:
        """What its sessions run on: for a session without a socket. To be used on the loop's thread."""
        return self._pump

    def call_soon(self, work: Callable[[], None]) -> None:
        """Call ``work`` in the loop's next turn, from any thread; where the loop has ended, never."""
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(work)

    def notify(self) -> None:
        """Something changed: flush at the end of the window. Any thread may call it; it is cheap."""
        self._pump.notify()

    def flush(self) -> None:
        """Flush now, without waiting for the end of the window; from another thread: in the loop's next turn.

        A cell that blocks the loop can send what it changed this way, and who floods the log need not wait in vain.
        """
        if threading.get_ident() == self._loop_thread:
            self._pump.flush_now()
        else:
            self._pump.flush_soon()

    def close(self, reason: str = "The orchestrator is closing.") -> None:
        """Flush, say ``bye``, close every connection and free the port.

        From another thread it returns when all has ended; on the loop's own thread the clients' answers are awaited
        in the background, see :meth:`wait_closed`. ``reason``: a sentence for the clients.
        """
        self._on_loop(lambda: self._begin_close(reason))

    def abort(self) -> None:
        """End everything at once, without a word to the clients."""
        self._on_loop(self._begin_abort)

    async def wait_closed(self) -> None:
        """After :meth:`close`, on the loop: until every connection, task and thread has ended."""
        if self._goodbye is not None:
            await asyncio.shield(self._goodbye)

    def _on_loop(self, work: Callable[[], None]) -> None:
        if self._ended.is_set():
            return
        if self._loop.is_closed():
            self._release()
            return
        if threading.get_ident() == self._loop_thread:
            work()
            return
        try:
            self._loop.call_soon_threadsafe(work)
        except RuntimeError:  # closed in this very moment, and with it all we hold
            return
        self._ended.wait(GOODBYE_S + START_TIMEOUT_S)
        if self._thread is not None:
            self._thread.join(START_TIMEOUT_S)

    def _begin_close(self, reason: str) -> None:
        if self._is_closed:
            return
        self._is_closed = True
        self._http.stop()
        self._site.failures.log_rest(self._site.log)
        self._pump.close(reason)
        if self._loop.is_running():
            self._goodbye = self._loop.create_task(self._say_goodbye())
        else:  # at the interpreter's exit: what was written has left, nobody can answer any more
            self._cut()
            self._end()

    async def _say_goodbye(self) -> None:
        try:
            await self._pump.wait_without_links(GOODBYE_S)
            self._cut()
            await self._http.close_all_connections()
            await self._pump.wait_closed()
        finally:
            self._end()

    def _end(self) -> None:
        self._pump.detach()
        self._ended_on_loop.set()
        self._ended.set()
        self._on_ended()

    def _release(self) -> None:
        """Free the port and every connection of a server whose loop has ended, and with it all that could be said."""
        self._is_closed = True
        for one in _sockets_of(self._http, self._pump):
            one.close()
        self._pump.detach()
        self._ended.set()
        self._on_ended()

    def _begin_abort(self) -> None:
        self._is_closed = True
        self._http.stop()
        self._pump.abort()
        self._cut()
        if self._loop.is_running() and self._goodbye is None:
            self._goodbye = self._loop.create_task(self._say_goodbye())
        elif self._goodbye is None:
            self._end()

    def after_fork_in_child(self) -> None:
        """The parent serves on: close the child's descriptors, and leave the parent's selector alone."""
        self._is_closed = True
        self._ended = threading.Event()
        self._ended.set()
        self._on_ended = _nothing
        sockets = _sockets_of(self._http, self._pump)
        if self._thread is not None:  # the loop is ours, and the socket pair that wakes it
            self._thread = None
            pair = (getattr(self._loop, name, None) for name in ("_ssock", "_csock"))
            sockets += [one for one in pair if isinstance(one, socket.socket)]
        self._pump.after_fork_in_child()
        selector = getattr(self._loop, "_selector", None)
        if isinstance(selector, selectors.BaseSelector):
            # Shared with the parent where it is an epoll or kqueue: what the child changes there, it changes for both.
            selector.close()
            self._loop._selector = selectors.DefaultSelector()  # type: ignore[attr-defined]
        forks.close_descriptors(sockets)

    def _cut(self) -> None:
        for link in self._pump.links:
            link.abort()

    def __repr__(self) -> str:
        return f"<Server {self.url}{' closed' if self._is_closed else ''}>"

    def _repr_html_(self) -> str:
        """For notebooks, which are saved and passed on: without the token."""
        if self._is_closed:
            return f"<div>{escape(repr(self))}</div>"
        url = escape(self.url)
        return (
            f'<div><a href="{url}" target="_blank" rel="noopener noreferrer">{url}</a></div>'
            '<div style="opacity: 0.65; font-size: 90%">To sign in, open <code>bench.server.login_url</code>, '
            "or <i>Open page</i> in the dashboard.</div>"
        )


def _nothing() -> None:
    """Nobody is to be told."""


def _sockets_of(http: BoundedHTTPServer, pump: Pump) -> list[socket.socket]:
    """Every socket that the server has: those that listen, and those of its connections."""
    streams = [getattr(connection, "stream", None) for connection in http._connections]
    streams += [getattr(link, "stream", None) for link in pump.links]
    held = [*http._sockets.values(), *(getattr(one, "socket", None) for one in streams)]
    return [one for one in dict.fromkeys(held) if one is not None]


def application(site: Site) -> Application:
    """The routes of ``site``."""
    shared = {"site": site}
    return Application(
        [
            (r"/", Page, shared),
            (r"/login", Login, shared),
            (r"/ws", Socket, shared),
            (r"/static/(.*)", Static, {"site": site, "path": str(site.static)}),
            (r"/api/logs", LogsHandler, shared),
            (r"/api/state", StateHandler, shared),
            (r"/healthz", Health, shared),
            (r"/readyz", Ready, shared),
            (r"/favicon.ico", Icon, shared),
        ],
        default_handler_class=NotFound,
        default_handler_args=shared,
        log_function=log_request,
        # The hub answers what is too large for it; what is far too large does not get so far.
        websocket_max_message_size=4 * MAX_MESSAGE_BYTES,
        compress_response=False,
    )


def serve(
    hub: Hub,
    store: StateStore,
    ring: LogRing,
    *,
    config: Config,
    static: Path,
    name: str,
    host: str = "127.0.0.1",
    port: int = 0,
    token: str | None = None,
    read_token: str | None = None,
    commands: Mapping[str, Command] | None = None,
    is_ready: Callable[[], bool] = lambda: True,
    direct_writer: bool = True,
    on_ended: Callable[[], None] = _nothing,
) -> Server:
    """Serve ``hub`` on the running loop. ``Server.notify`` is to be the ``on_dirty`` of store and ring.

    Args:
        token: The access token (default: made anew).
        read_token: Lets clients look and not command (default: none does).
        static: The folder of the built browser bundles.
        port: The TCP port; 0 takes any free one.
        direct_writer: Whether sockets are written to directly, and not through tornado's ``write_message``.
        on_ended: Called when nothing here touches the hub any more.

    Raises:
        PortError: The port cannot be had.
    """
    token = new_token() if token is None else check_token(token)
    sockets = bind(host, port)
    pump = Pump(hub, store, config=config, commands=commands or {}, log=ring.append)
    port = sockets[0].getsockname()[1]
    gate = Gate(token, host=host, port=port, config=config, read_token=read_token)
    hub.prove_by(gate.proves, gate.only_reads)
    site = Site(
        name=name,
        epoch=hub.epoch,
        config=config,
        gate=gate,
        pump=pump,
        store=store,
        ring=ring,
        log=ring.append,
        static=static,
        is_ready=is_ready,
        direct_writer=direct_writer,
    )
    http = BoundedHTTPServer(
        application(site),
        half_open=site.half_open,
        on_exhausted=lambda sentence: ring.append("orchestrator", "error", sentence),
        max_body_size=MAX_FORM_BYTES,
        max_header_size=MAX_HEADER_BYTES,
        idle_connection_timeout=IDLE_TIMEOUT_S,
        body_timeout=BODY_TIMEOUT_S,
    )
    http.add_sockets(sockets)
    return Server(hub, site, http, sockets, host, on_ended)


def serve_in_thread(*args: Any, **kwargs: Any) -> Server:
    """As :func:`serve`, on a thread with a loop of its own: all stays live while a cell blocks the notebook's loop."""
    outcome: queue.SimpleQueue[Server | BaseException] = queue.SimpleQueue()

    async def main() -> None:
        server = serve(*args, **kwargs)
        server._thread = thread
        outcome.put(server)
        await server._ended_on_loop.wait()

    def run() -> None:
        try:
            asyncio.run(main())
        except BaseException as error:  # noqa: BLE001 - it is raised again, in the caller's thread
            outcome.put(error)

    thread = threading.Thread(target=run, name="autobench-server", daemon=True)
    thread.start()
    first = outcome.get(timeout=START_TIMEOUT_S)
    if isinstance(first, Server):
        return first
    thread.join()
    raise first
