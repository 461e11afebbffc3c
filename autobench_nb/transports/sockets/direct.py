"""The way out of a socket that two threads share: tornado reads it on the server's loop, the pump writes it on its own.

So what is sent leaves also while a cell blocks the server's loop. Nothing of tornado's may come between our bytes:
:class:`DirectWriter` takes its pongs and closes over, and closes the socket when tornado has let go of it. What it
leans on in tornado is checked by :func:`choose_writer`.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from tornado.iostream import IOStream
from tornado.websocket import WebSocketProtocol13

from autobench_nb.transports.sockets.wire import (
    CLOSE,
    FULL_WINDOW,
    PING,
    PLAIN,
    Bundle,
    Wire,
    control_bytes,
)
from autobench_nb.transports.sockets.writer import Link, MessageWriter, SocketWriter, Traffic

ANSWER_GRACE_S: Final = 5.0
"""How long the answer to a close is waited for."""
REASON_BYTES: Final = 123
"""Of a close message (RFC 6455 section 5.5)."""


class DirectWriter(SocketWriter):
    """Prebuilt bytes to the raw socket, what it does not take when it says that it takes more."""

    __slots__ = ("_control", "_has_closed", "_rest", "_send", "_socket")

    def __init__(self, protocol: WebSocketProtocol13, bits: int, **options: Any) -> None:
        super().__init__(protocol, bits, **options)
        self._socket: socket.socket | None = self.stream.socket
        self._send = self.stream.socket.send
        self._rest: memoryview | None = None  # of what has begun; nothing may overtake it
        self._control: dict[int, bytes] = {}  # by opcode: of several pongs the last one is enough
        self._has_closed = False
        # A compressor with a context of its own would take our messages for its own and corrupt the stream, silently;
        # it also holds 150 kB.
        protocol._compressor = None
        protocol._write_frame = self._take_over  # type: ignore[method-assign]
        self.stream.close_fd = self._let_go  # type: ignore[method-assign]

    @property
    def sockets(self) -> list[socket.socket]:
        return [] if self._socket is None else [self._socket]

    def ping(self) -> None:
        self._thread.call(self._put_control, PING, b"")

    def left_over(self, wires: Sequence[Wire], sent: int) -> int:
        """Of ``wires``, begun together, the kernel took ``sent`` bytes: see to the rest. Returns what now waits."""
        for wire in wires:
            if self._busy:  # one before it is not finished
                super().put(wire)
                continue
            form = wire.build(self.bits)
            taken = min(sent, len(form))
            sent -= taken
            self._traffic.sent += taken
            if taken < len(form):
                self._wait_with(form, taken)
        return self.waiting

    def end(self) -> None:
        super().end()
        self._close_socket()

    # --- tornado's side, on the loop that reads

    def _take_over(
        self,
        fin: bool,  # noqa: ARG002 - tornado names it
        opcode: int,
        data: bytes,
        flags: int = 0,  # noqa: ARG002 - tornado names it
    ) -> asyncio.Future[None]:
        """What tornado would write by itself, pongs and closes: the pump does, between two messages."""
        self._thread.call(self._put_control, opcode, data)
        done = asyncio.get_running_loop().create_future()
        done.set_result(None)
        return done

    def _let_go(self) -> None:
        """Tornado is finished with the socket. Its number must not be another one's while the pump may still write."""
        self.stream.socket = None  # type: ignore[assignment]
        # The way back to us: nothing is left that only the garbage collector could end.
        del self.stream.close_fd
        if not self._thread.call(self._close_socket):
            self._close_socket()  # there is no pump any more

    # --- the pump's side

    def _put_control(self, opcode: int, data: bytes) -> None:
        if self.is_closed or self._has_closed:
            return
        self._control[opcode] = control_bytes(opcode, data)
        if opcode == CLOSE:
            # The client has closed, and this is the answer: it expects nothing but that.
            self._closing = self._closing or (
                struct.unpack("!H", data[:2])[0] if data else 1005,
                "",
            )
            self._queue.clear()
        self._send_control()

    def _send_control(self) -> None:
        while self._control and self._rest is None and not self.is_closed:
            opcode = next(iter(self._control))
            form = self._control.pop(opcode)
            if opcode == CLOSE:
                self._has_closed = self._busy = True
                self._control.clear()
            sent = self._try(form)
            if sent < len(form) and not self.is_closed:
                self._wait_with(form, sent)

    def _advance(self) -> None:
        # Else a control message is not finished, and this is called again when it is.
        if self._rest is None:
            super()._advance()

    def _must_wait_for(self, wire: Wire, /) -> bool:
        return wire.is_heavy(self.bits)

    def _begin(self, wire: Wire) -> bool:
        form = wire.build(self.bits)
        sent = self._try(form)
        self._traffic.sent += sent
        if sent == len(form):
            return True
        if not self.is_closed:
            self._wait_with(form, sent)
        return False

    def _try(self, form: bytes | memoryview) -> int:
        """How many bytes the kernel takes now; where the connection is broken, it ends."""
        try:
            return self._send(form)
        except (BlockingIOError, InterruptedError):
            return 0
        except OSError:
            self.abort()
            return 0

    def _wait_with(self, form: bytes, sent: int) -> None:
        """The kernel took ``sent`` bytes of ``form``: go on when it takes more."""
        assert self._socket is not None
        self._busy = True
        self._rest = memoryview(form)[sent:]
        self.waiting += len(form) - sent
        self._thread.loop.add_writer(self._socket, self._go_on)

    def _go_on(self) -> None:
        assert self._rest is not None
        assert self._socket is not None
        sent = self._try(self._rest)
        if self.is_closed:
            return
        self._traffic.sent += sent
        self.waiting -= sent
        self._rest = self._rest[sent:]
        if self._rest:
            return
        self._rest = None
        self._thread.loop.remove_writer(self._socket)
        self._send_control()
        if self._rest is None and not self._has_closed and not self.is_closed:
            self._advance()

    def _finish(self, code: int, reason: str) -> None:
        words = reason.encode()[:REASON_BYTES].decode(errors="ignore").encode()
        self._put_control(CLOSE, struct.pack("!H", code) + words)
        if not self.is_closed:
            self._abort_after(ANSWER_GRACE_S)

    def _forget(self) -> None:
        super()._forget()
        self._control.clear()
        if self._rest is not None and self._socket is not None:
            self._rest = None
            self._thread.loop.remove_writer(self._socket)

    def _cut(self) -> None:
        if self._socket is not None:
            # Tornado reads the end of the connection, and lets go of the socket.
            with contextlib.suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)

    def _close_socket(self) -> None:
        self._forget()
        held, self._socket = self._socket, None
        if held is not None:
            held.close()


def put_all(
    links: Mapping[int, Link], sessions: Iterable[int], bundle: Bundle, traffic: Traffic
) -> list[tuple[int, int]]:
    """Send ``bundle`` to each of ``sessions``, or queue it there; returns for whom how many bytes now wait.

    Every message to every client that keeps up passes through this loop, hence no call but the kernel's.
    """
    waiting: list[tuple[int, int]] = []
    wires, forms = bundle.wires, bundle.forms
    total = 0
    for session in sessions:
        link = links.get(session)
        if link is None:
            continue
        left = 0
        if type(link) is DirectWriter and not link._busy:
            form = forms[link.bits] or bundle.build(link.bits)
            if form is not None:
                try:
                    sent = link._send(form)
                except BlockingIOError:
                    sent = 0
                except OSError:
                    link.abort()
                    continue
                if sent == len(form):
                    total += sent
                    continue
                left = link.left_over(wires, sent)
                if left:
                    waiting.append((session, left))
                continue
        for wire in wires:
            left = link.put(wire)
        if left:
            waiting.append((session, left))
    traffic.sent += total
    return waiting


def choose_writer(protocol: Any, *, direct: bool = True) -> tuple[type[SocketWriter], int]:
    """The writer for an open connection, and its window bits: a :class:`DirectWriter` where all it leans on is there.

    That is: tornado's protocol 13, unmasked, over a plain socket (no TLS) with nothing of the handshake left to write,
    whose own messages go through ``_write_frame``, which closes by ``close_fd``, and whose compressor, where there is
    one, sits in ``_compressor`` and knows its ``_max_wbits``. ``direct=False`` switches it off.
    """
    stream = getattr(protocol, "stream", None)
    fits = (
        direct
        and type(protocol) is WebSocketProtocol13
        and type(stream) is IOStream
        and callable(getattr(getattr(stream, "socket", None), "send", None))
        and callable(getattr(stream, "close_fd", None))
        and callable(getattr(protocol, "_write_frame", None))
        and not stream.writing()
        and getattr(protocol, "mask_outgoing", None) is False
        and hasattr(protocol, "_compressor")
    )
    if not fits:
        return MessageWriter, PLAIN
    compressor = protocol._compressor
    if compressor is None:
        return DirectWriter, PLAIN
    bits = getattr(compressor, "_max_wbits", None)
    if not isinstance(bits, int) or not 9 <= bits <= FULL_WINDOW:
        # Negotiated, but in a way that we cannot follow: uncompressed messages are always allowed (RFC 7692 section 6).
        return DirectWriter, PLAIN
    return DirectWriter, bits
