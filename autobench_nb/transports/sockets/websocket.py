"""One socket: its handshake, its writer, and its messages to the pump."""

from __future__ import annotations

import logging
from typing import Any, Final

from tornado.httputil import HTTPHeaders
from tornado.websocket import WebSocketHandler

from autobench_nb.contract.codes import CloseCode
from autobench_nb.transports.auth import TOO_MANY_GUESSES, Credential, unauthorized
from autobench_nb.transports.http.handlers import SECURITY_HEADERS, Guarded
from autobench_nb.transports.sockets.extensions import choose_offer
from autobench_nb.transports.sockets.writer import SocketWriter, choose_writer

_log = logging.getLogger(__name__)

_HANDSHAKE_HEADERS: Final = (
    "Cache-Control",
    "Connection",
    "Date",
    "Sec-WebSocket-Accept",
    "Sec-WebSocket-Extensions",
    "Upgrade",
)


class Socket(Guarded, WebSocketHandler):
    """``/ws``. Without a credential in the handshake the hub waits for the token in ``hello``."""

    needs_token = False
    is_socket = True
    session: int | None = None
    writer: SocketWriter | None = None

    def prepare(self) -> None:
        super().prepare()
        if self.credential in (Credential.WRONG, Credential.UNHEARD):
            self.refuse(unauthorized(self.credential))
        if self.credential is Credential.NONE and not self.site.gate.guesses.may_try(self.peer):
            self.refuse(TOO_MANY_GUESSES)  # its hello would be the next guess
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
                traffic=pump.traffic,
                off_loop=pump.off_loop,
                on_drained=self._drained,
            )
            return self.writer

        pump.connect(
            make_link,
            authenticated=self.credential is Credential.VALID,
            peer=str(self.request.remote_ip),
        )
        self._drop_handshake()

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

    def on_message(self, message: str | bytes) -> None:
        if self.writer is not None:
            self.writer.silent_rounds = 0
        if self.session is not None:
            self.site.pump.receive(self.session, message)

    @property
    def peer(self) -> str:
        """The client's address."""
        return str(self.request.remote_ip)

    def on_close(self) -> None:
        if self.writer is not None:
            if self.credential is Credential.NONE and self.writer.close_code == CloseCode.POLICY:
                self.site.gate.guesses.wrong(self.peer)  # the hub has refused its hello
            self.writer.closed()
        if self.session is not None:
            self.site.pump.disconnect(self.session)

    def log_exception(self, typ: Any, value: Any, tb: Any) -> None:
        if self.session is not None:
            _log.error("the connection of session %s failed", self.session, exc_info=value)
        else:
            super().log_exception(typ, value, tb)
