"""One socket: its handshake, its writer, and its messages to the pump."""

from __future__ import annotations

import logging
import re
from typing import Any, Final

from tornado.httputil import HTTPHeaders
from tornado.websocket import WebSocketHandler

from autobench_nb.transports.auth import Credential, unauthorized
from autobench_nb.transports.http.handlers import SECURITY_HEADERS, Guarded
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
_BARE_WINDOW: Final = re.compile(r"\s*permessage-deflate\s*;\s*client_max_window_bits\s*")
"""What browsers offer (RFC 7692 section 7.1.2.2: without a value, the server may choose the window)."""

CLIENT_WINDOW_BITS: Final = 10
"""The window of what browsers send: their messages are small, and 32 kB a connection would hold the larger window."""


class Socket(Guarded, WebSocketHandler):
    """``/ws``. Without a credential in the handshake the hub waits for the token in ``hello``."""

    needs_token = False
    is_socket = True
    session: int | None = None
    writer: SocketWriter | None = None

    def prepare(self) -> None:
        super().prepare()
        if self.credential is Credential.WRONG:
            self.refuse(unauthorized(self.credential))
        offer = self.request.headers.get("Sec-WebSocket-Extensions", "")
        if _BARE_WINDOW.fullmatch(offer.partition(",")[0]):
            # Tornado loses a parameter without a value, and would take the largest window.
            self.request.headers["Sec-WebSocket-Extensions"] = (
                f"permessage-deflate; client_max_window_bits={CLIENT_WINDOW_BITS}"
            )

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
        self._shed()

    def _shed(self) -> None:
        """Let go of what only the handshake needed: a connection lives for days, and there may be thousands."""
        self.request.headers = HTTPHeaders()
        for name in (*SECURITY_HEADERS, *_HANDSHAKE_HEADERS):
            self.clear_header(name)

    def _drained(self) -> None:
        if self.session is not None:
            self.site.pump.drained(self.session)

    def on_message(self, message: str | bytes) -> None:
        if self.session is not None:
            self.site.pump.receive(self.session, message)

    def on_close(self) -> None:
        if self.writer is not None:
            self.writer.closed()
        if self.session is not None:
            self.site.pump.disconnect(self.session)

    def log_exception(self, typ: Any, value: Any, tb: Any) -> None:
        if self.session is not None:
            _log.error("the connection of session %s failed", self.session, exc_info=value)
        else:
            super().log_exception(typ, value, tb)
