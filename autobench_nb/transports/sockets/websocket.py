"""One socket: its handshake, its writer, and its messages to the pump."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, Final

from tornado.httputil import HTTPHeaders
from tornado.websocket import WebSocketHandler

from autobench_nb.sync.server.encoding import encoded
from autobench_nb.transports.auth import Credential, unauthorized
from autobench_nb.transports.http.handlers import SECURITY_HEADERS, Guarded
from autobench_nb.transports.queries import make_ready, may_be_long
from autobench_nb.transports.server_proof import answer_to
from autobench_nb.transports.sockets.direct import choose_writer
from autobench_nb.transports.sockets.extensions import choose_offer
from autobench_nb.transports.sockets.wire import Wire
from autobench_nb.transports.sockets.writer import SocketWriter
from autobench_nb.transports.turns import short_turns

_log = logging.getLogger(__name__)

TURN_S: Final = 0.005
"""When one client's messages have taken so long, others have their turn before its next."""
LONGEST_PAUSE_S: Final = 0.5
"""For so long a client waits at most after a message that was long work, beyond that work."""
UNREAD_BYTES: Final = 262_144
"""So much of one client's is handed to the pump; then no more of it is read until that has been looked at."""

MESSAGE_ROOM_BYTES: Final = 1_024
"""What each message counts besides its text."""

_HANDSHAKE_HEADERS: Final = (
    "Cache-Control",
    "Connection",
    "Date",
    "Sec-WebSocket-Accept",
    "Sec-WebSocket-Extensions",
    "Upgrade",
)


class Socket(Guarded, WebSocketHandler):
    """``/ws``. Without a credential in the handshake the hub waits for one in ``hello``."""

    needs_token = False
    session: int | None = None
    _is_first = True
    _took_s = 0.0
    writer: SocketWriter | None = None
    _unread = 0  # bytes

    def prepare(self) -> None:
        super().prepare()
        if self.credential in (Credential.WRONG, Credential.UNHEARD):
            self.refuse(unauthorized(self.credential))
        offers = self.request.headers.pop("Sec-WebSocket-Extensions", "")
        chosen = choose_offer(offers)
        if chosen is not None:
            self.request.headers["Sec-WebSocket-Extensions"] = chosen

    def check_origin(self, origin: str) -> bool:  # noqa: ARG002 - tornado names it
        return True  # ``prepare`` has decided, and more strictly than tornado would

    def get_compression_options(self) -> dict[str, Any]:
        return {"compression_level": 6, "mem_level": 5}

    def open(self, *_args: str, **_kwargs: str) -> None:
        assert self.ws_connection is not None
        self.set_nodelay(True)
        pump = self.site.pump
        kind, bits = choose_writer(self.ws_connection, direct=self.site.direct_writer)

        def make_link(session: int) -> SocketWriter:
            self.session = session
            self.writer = kind(
                self.ws_connection,  # type: ignore[arg-type]  # choose_writer has looked
                bits,
                thread=pump.thread,
                traffic=pump.traffic,
                off_loop=pump.off_loop,
                on_drained=self._drained,
            )
            self.site.liveness.add(session, self.writer)
            return self.writer

        pump.connect(
            make_link,
            authenticated=self.credential.lets_in,
            peer=self.peer,
            read_only=self.credential is Credential.READS,
        )
        self._prove()
        self._drop_handshake()

    def _prove(self) -> None:
        """Show a page that asks for it that this is the server that its kernel has named, before it says anything."""
        nonce = self.request.query_arguments.get("nonce", [b""])[-1].decode("latin-1")
        proof = answer_to(nonce, self.site.gate.tokens)
        if proof is not None:
            self.site.pump.thread.call(self._put, Wire(encoded(proof)))

    def _put(self, wire: Wire) -> None:
        if self.writer is not None:
            self.writer.put(wire)

    def _drop_handshake(self) -> None:
        """Let go of what only the handshake needed: a connection lives for days, and there may be thousands."""
        self.request.headers = HTTPHeaders()
        for name in (*SECURITY_HEADERS, *_HANDSHAKE_HEADERS):
            self.clear_header(name)

    def _drained(self) -> None:
        if self.session is not None:
            self.site.pump.drained(self.session)

    def on_pong(self, data: bytes) -> None:  # noqa: ARG002 - tornado names it
        if self.writer is not None:
            self.writer.silent_rounds = 0

    def on_message(self, message: str | bytes) -> Awaitable[None] | None:
        if self.writer is not None:
            self.writer.silent_rounds = 0
        is_first, self._is_first = self._is_first, False
        if not may_be_long(message):
            return self._receive(message)
        is_known = None
        if is_first and not self.credential.lets_in:
            is_known = partial(self.site.gate.knows, peer=self.peer)
        return self._receive_later(partial(make_ready, message, is_known), message)

    async def _receive_later(self, ready: Callable[[], None], message: str | bytes) -> None:
        """Do what makes the message a short work on another thread.

        The client's next message waits until that is done, and as long again: so one that repeats the longest query
        leaves at least half of the time to others, whose threads wait for this one's at every step.
        """
        began = time.perf_counter()
        try:
            with short_turns:
                await self.site.pump.off_loop(ready)
        except (RuntimeError, asyncio.CancelledError):
            return  # the server is closing, and its threads have ended
        took = time.perf_counter() - began
        turn = self._receive(message)
        if turn is not None:
            await turn
        await asyncio.sleep(min(took, LONGEST_PAUSE_S))

    def _receive(self, message: str | bytes) -> Awaitable[None] | None:
        """Hand it over; what comes back is awaited before the client's next message, so that others have their turn."""
        if self.session is None:
            return None
        pump = self.site.pump
        began = time.perf_counter()
        pump.receive(self.session, message)
        if not pump.thread.is_here:
            return self._handed_over(len(message))
        self._took_s += time.perf_counter() - began
        if self._took_s < TURN_S:
            return None
        self._took_s = 0.0
        return asyncio.sleep(0)

    def _handed_over(self, size: int) -> Awaitable[None] | None:
        """Who says more than the pump can look at waits, so that nothing piles up before it."""
        self._unread += size + MESSAGE_ROOM_BYTES
        if self._unread < UNREAD_BYTES:
            return None
        self._unread = 0
        return asyncio.wrap_future(self.site.pump.thread.fence())

    def on_close(self) -> None:
        if self.writer is not None:
            self.writer.closed()
        if self.session is not None:
            self.site.liveness.discard(self.session)
            self.site.pump.disconnect(self.session)

    def log_exception(self, typ: Any, value: Any, tb: Any) -> None:
        if self.session is not None:
            _log.error("the connection of session %s failed", self.session, exc_info=value)
        else:
            super().log_exception(typ, value, tb)
