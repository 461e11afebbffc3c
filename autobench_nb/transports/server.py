"""The server: a Tornado application over one hub.

It accepts and reads on the loop that is running (in a notebook the notebook's own) or on the pump's; what is sent is
the pump's, on a thread of its own, either way.
"""

from __future__ import annotations

import asyncio
import contextlib
import selectors
import socket
import threading
from collections.abc import Callable
from functools import partial
from html import escape
from typing import Any, Final

from tornado.web import Application

from autobench_nb import forks
from autobench_nb.contract.limits import MAX_MESSAGE_BYTES
from autobench_nb.transports import local, server_proof
from autobench_nb.transports.command_queue import CommandQueue
from autobench_nb.transports.guesses import SecretText
from autobench_nb.transports.http.admission import BoundedHTTPServer
from autobench_nb.transports.http.api import LogsHandler, StateHandler
from autobench_nb.transports.http.forwarded import ABSOLUTE
from autobench_nb.transports.http.handlers import Guarded, NotFound, Site, log_request
from autobench_nb.transports.http.pages import Health, Icon, Login, Page, Ready, Static
from autobench_nb.transports.http.streams import StillHandler, StreamHandler
from autobench_nb.transports.pump import Pump
from autobench_nb.transports.sockets.websocket import Socket

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
        self, site: Site, http: BoundedHTTPServer, sockets: list[socket.socket], host: str
    ) -> None:
        self.host = host
        self.port: int = sockets[0].getsockname()[1]
        self.token = site.gate.token
        self.worth_of = site.gate.worth
        self.name = site.name
        self._site = site
        self._pump = site.pump
        self._http = http
        self._loop = asyncio.get_running_loop()
        self._loop_thread = threading.get_ident()
        self._is_closed = False
        self._ended = threading.Event()
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
    def site(self) -> Site:
        """What its handlers share: settings, the gate."""
        return self._site

    @property
    def ws_url(self) -> str:
        """Where the socket is. Without the token."""
        return f"ws://{self._netloc}/ws"

    @property
    def is_closed(self) -> bool:
        """Whether it has been closed, or its event loop has ended without it; the port is free then."""
        return self._is_closed or self._loop.is_closed()

    def has_ended(self) -> bool:
        """Whether nothing here touches the hub any more. A server whose loop has ended without it is ended by this."""
        if self._loop.is_closed():
            self._release()
        return self._pump.is_detached

    @property
    def runs_here(self) -> bool:
        """Whether the caller is on the thread of the server's loop, and holds it up while it runs."""
        here = threading.get_ident() == self._loop_thread
        return here and not self._is_closed and self._loop.is_running()

    @property
    def pump(self) -> Pump:
        """What its sessions run on: for a session without a socket."""
        return self._pump

    @property
    def commands(self) -> CommandQueue:
        """What runs the clients' commands, on the server's loop."""
        return self._site.commands

    def call_soon(self, work: Callable[[], None]) -> None:
        """Call ``work`` on the pump's thread, where sessions run, in its next turn; where that has ended, never."""
        self._pump.thread.call_soon(work)

    def prepare_proofs(self) -> None:
        """Work out on a thread of the pump's by what pages know this server; else the first one would wait for it."""
        tokens = self._site.gate.tokens

        def begin() -> None:
            # A server that is closed at once prepares nothing any more.
            with contextlib.suppress(RuntimeError):
                self._pump.off_loop(partial(server_proof.prepare, tokens))

        self.call_soon(begin)

    def notify(self) -> None:
        """Something changed: flush. Any thread may call it; it is cheap."""
        self._pump.notify()

    def flush(self) -> None:
        """Flush soon, without waiting for the end of the window: who floods the log need not wait in vain."""
        self._pump.flush_soon()

    def cell_began(self, since_s: float) -> None:
        """The kernel runs a cell since then (seconds since 1970): where it goes on, clients are told."""
        self._pump.watch.cell_began(since_s)

    def cell_ended(self) -> None:
        """The kernel runs no cell any more."""
        self._pump.watch.cell_ended()

    def close(self, reason: str = "The orchestrator is closing.") -> None:
        """Flush, say ``bye``, close every connection and free the port.

        From another thread it returns when all has ended; on the loop's own thread the clients' answers are awaited
        in the background, see :meth:`wait_closed`. ``reason``: a sentence for the clients.
        """
        self._on_loop(lambda: self._begin_end(lambda: self._pump.close(reason)))

    def abort(self) -> None:
        """End everything at once, without a word to the clients."""
        self._on_loop(lambda: self._begin_end(self._pump.abort, cut=True))

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
        self._pump.thread.join(START_TIMEOUT_S)

    def _begin_end(self, take_leave: Callable[[], None], *, cut: bool = False) -> None:
        """On the loop: accept nothing more, have the pump take leave, and see to what is left in the background."""
        if not self._is_closed:
            self._is_closed = True
            self._http.stop()
            self._site.liveness.close()
            self._site.failures.log_rest(self._site.log)
        # A subscriber may hold up the pump: it is not waited for without end.
        self._pump.thread.wait_for(take_leave, timeout_s=GOODBYE_S)
        if cut:
            self._cut()
        if self._goodbye is not None:
            return
        if self._loop.is_running():
            self._goodbye = self._loop.create_task(self._say_goodbye())
        else:  # at the interpreter's exit: what was written has left, nobody can answer any more
            self._cut()
            self._end()

    async def _say_goodbye(self) -> None:
        pump = self._pump
        try:
            without_links = pump.wait_without_links(GOODBYE_S)
            await asyncio.wrap_future(
                asyncio.run_coroutine_threadsafe(without_links, pump.thread.loop)
            )
            self._cut()
            await self._http.close_all_connections()
            await pump.wait_closed()
        finally:
            self._end()

    def _cut(self) -> None:
        for writer in self._site.liveness.sockets:
            writer.stream.close()
        self._pump.thread.call(self._pump.cut)

    def _end(self) -> None:
        self.commands.close()
        self._ended.set()
        self._pump.end()

    def _release(self) -> None:
        """Free the port and every connection of a server whose loop has ended, and with it all that could be said."""
        if self._ended.is_set():
            return
        self._is_closed = True
        self._ended.set()
        self._pump.end()
        held = [one for writer in self._site.liveness.sockets for one in writer.sockets]
        for one in (*held, *_sockets_of(self._http)):
            one.close()

    def after_fork_in_child(self) -> None:
        """The parent serves on: close the child's descriptors, and leave the parent's selectors alone."""
        self._is_closed = True
        self._ended = threading.Event()
        self._ended.set()
        sockets = _sockets_of(self._http) + self._pump.after_fork_in_child()
        for loop in {self._loop, self._pump.thread.loop}:
            selector = getattr(loop, "_selector", None)
            if isinstance(selector, selectors.BaseSelector):
                # Shared with the parent where it is an epoll or kqueue: a change in the child is one for both.
                selector.close()
                loop._selector = selectors.DefaultSelector()  # type: ignore[attr-defined]
        forks.close_descriptors(sockets)

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


def _sockets_of(http: BoundedHTTPServer) -> list[socket.socket]:
    """The sockets that listen, and those of connections that are no WebSockets."""
    streams = [getattr(connection, "stream", None) for connection in http._connections]
    held = [*http._sockets.values(), *(getattr(one, "socket", None) for one in streams)]
    return [one for one in dict.fromkeys(held) if one is not None]


def application(site: Site) -> Application:
    """The routes of ``site``."""
    shared = {"site": site}
    routes: list[tuple[str, type[Guarded], dict[str, Any]]] = [
        (r"/", Page, shared),
        (r"/login", Login, shared),
        (r"/ws", Socket, shared),
        (r"/static/(.*)", Static, {"site": site, "path": str(site.static)}),
        (r"/api/logs", LogsHandler, shared),
        (r"/api/state", StateHandler, shared),
        (r"/api/streams/([^/]+)", StreamHandler, shared),
        (r"/api/streams/([^/]+)/still", StillHandler, shared),
        (r"/healthz", Health, shared),
        (r"/readyz", Ready, shared),
        (r"/favicon.ico", Icon, shared),
    ]
    return Application(
        [(f"(?:{ABSOLUTE})?{path}", handler, arguments) for path, handler, arguments in routes],
        default_handler_class=NotFound,
        default_handler_args=shared,
        log_function=log_request,
        # The hub answers what is too large for it; what is far too large does not get so far.
        websocket_max_message_size=4 * MAX_MESSAGE_BYTES,
        compress_response=False,
    )
