"""One socket's way out: prebuilt messages straight to the socket, a queue in bytes behind what does not fit.

Tornado's ``write_message`` costs a coroutine and a task a message, and compresses anew for every client. Here
:class:`~autobench_nb.transports.sockets.wire.Wire` builds a message once, and :func:`put_all` hands it to the kernel.
What :class:`DirectWriter` leans on in tornado is checked by :func:`choose_writer`; where that is not there,
:class:`MessageWriter` goes through ``write_message``.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, Protocol

from tornado.iostream import IOStream, StreamClosedError
from tornado.websocket import WebSocketClosedError, WebSocketProtocol13

from autobench_nb.sync.effects import Outgoing
from autobench_nb.transports.sockets.wire import FULL_WINDOW, PLAIN, Bundle, OffLoop, Wire

CLOSE_GRACE_S: Final = 2.0
"""How long a client that does not read is waited for once its connection is to be closed."""


class Link(Protocol):
    """A session's way out: a socket's writer, or the loopback's."""

    def put(self, wire: Wire, /) -> int:
        """Send or queue; returns the bytes that now wait."""
        ...

    def drop(self) -> list[Outgoing]:
        """Discard and return what has not begun."""
        ...

    def close(self, code: int, reason: str, /) -> None:
        """Close once what is queued has left."""
        ...

    def abort(self) -> None:
        """End at once."""
        ...


class Traffic:
    """Bytes handed over for sending by all writers together. One object, so that a message costs one addition."""

    __slots__ = ("sent",)

    def __init__(self) -> None:
        self.sent = 0


class SocketWriter:
    """What both writers share: order, the queue and its count, and how it ends.

    At most one message is with the stream at a time, so that what is queued can still be dropped. ``waiting`` is the
    number of bytes that the kernel has not taken. ``on_drained`` is called when it comes back to 0.
    """

    __slots__ = (
        "_busy", "_closing", "_off_loop", "_on_drained", "_protocol", "_queue", "_stream",
        "_timer", "_traffic", "bits", "is_closed", "silent_rounds", "waiting",
    )  # fmt: skip

    def __init__(
        self,
        protocol: WebSocketProtocol13,
        bits: int,
        *,
        traffic: Traffic,
        off_loop: OffLoop,
        on_drained: Callable[[], None],
    ) -> None:
        self._protocol = protocol
        self._stream: IOStream = protocol.stream
        self._traffic = traffic
        self._off_loop = off_loop
        self._on_drained = on_drained
        self._queue: deque[Wire] = deque()
        self._busy = False  # a message has begun, or is being compressed
        self._closing: tuple[int, str] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self.bits = bits
        self.waiting = 0
        self.is_closed = False
        self.silent_rounds = 0
        """Kept by :class:`~autobench_nb.transports.liveness.Liveness`; 0 whenever something was heard."""

    @property
    def close_code(self) -> int | None:
        """With which code the server closes or has closed it, if it does."""
        return None if self._closing is None else self._closing[0]

    @property
    def stream(self) -> IOStream:
        """The connection's stream."""
        return self._stream

    def put(self, wire: Wire) -> int:
        """Send ``wire``, or queue it behind what waits. Returns the bytes that now wait."""
        if self._closing is not None or self.is_closed:
            return 0
        self._queue.append(wire)
        self.waiting += len(wire.message)
        if not self._busy:
            self._advance()
        return self.waiting

    def ping(self) -> None:
        """Ask for a sign of life, behind what waits."""
        if self._closing is None and not self.is_closed:
            with contextlib.suppress(WebSocketClosedError):  # the handler is about to hear of it
                self._protocol.write_ping(b"")

    def drop(self) -> list[Outgoing]:
        """Discard what has not begun; returns it, oldest first."""
        dropped = [wire.message for wire in self._queue]
        self._queue.clear()
        self.waiting -= sum(map(len, dropped))
        return dropped

    def close(self, code: int, reason: str) -> None:
        """Close the connection once what is queued has left, or after ``CLOSE_GRACE_S``."""
        if self._closing is not None or self.is_closed:
            return
        self._closing = (code, reason)
        if self._busy:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(CLOSE_GRACE_S, self.abort)
        else:
            self._finish()

    def abort(self) -> None:
        """End at once: what waits is lost, and the client sees a broken connection."""
        self._forget()
        self._stream.close()

    def closed(self) -> None:
        """The connection has ended, from whichever side."""
        self._forget()

    def _forget(self) -> None:
        self.is_closed = self._busy = True
        self._queue.clear()
        self.waiting = 0
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _finish(self) -> None:
        assert self._closing is not None
        code, reason = self._closing
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._busy = True  # nothing may follow a close message
        self._protocol.close(code, reason)

    def _advance(self) -> None:
        """Begin what is queued, until the kernel takes no more."""
        had_waited = self._busy
        self._busy = False
        while self._queue:
            wire = self._queue[0]
            if self._must_wait_for(wire):
                self._busy = True
                wire.build_off_loop(self.bits, self._off_loop, self._built)
                return
            self._queue.popleft()
            self.waiting -= len(wire.message)
            if not self._begin(wire):
                return
        if self.is_closed:
            return
        self.waiting = 0
        if self._closing is not None:
            self._finish()
        elif had_waited:
            self._on_drained()

    def _built(self, future: asyncio.Future[Any]) -> None:
        if self.is_closed or future.cancelled():
            return
        future.result()  # zlib cannot fail on bytes; out of memory should be seen
        self._advance()

    def _written(self, future: asyncio.Future[None]) -> None:
        if future.cancelled() or future.exception() is not None:
            self._forget()  # the stream is closed: tornado tells the handler
        elif not self.is_closed:
            self.waiting = sum(len(wire.message) for wire in self._queue)
            self._advance()

    def _must_wait_for(self, wire: Wire, /) -> bool:
        raise NotImplementedError

    def _begin(self, wire: Wire) -> bool:
        """Hand ``wire`` over; ``False`` when that is not finished, and ``_written`` will be called."""
        raise NotImplementedError


class DirectWriter(SocketWriter):
    """Prebuilt bytes to the raw socket first, what it does not take through the stream."""

    __slots__ = ("_buffer", "_send")

    def __init__(
        self,
        protocol: WebSocketProtocol13,
        bits: int,
        *,
        traffic: Traffic,
        off_loop: OffLoop,
        on_drained: Callable[[], None],
    ) -> None:
        super().__init__(protocol, bits, traffic=traffic, off_loop=off_loop, on_drained=on_drained)
        # A compressor with a context of its own would take our messages for its own and corrupt the stream, silently;
        # it also holds 150 kB.
        protocol._compressor = None
        self._send = self._stream.socket.send
        # What the stream has not sent: tornado's pongs, or the rest of a message. Nothing may overtake it. Asked for by
        # its field, since ``stream.writing()`` is two calls.
        self._buffer: Any = self._stream._write_buffer

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
                self._rest(form, taken)
        return self.waiting

    def _must_wait_for(self, wire: Wire, /) -> bool:
        return wire.is_heavy(self.bits)

    def _begin(self, wire: Wire) -> bool:
        form = wire.build(self.bits)
        sent = 0
        if not self._buffer._size:
            try:
                sent = self._send(form)
            except BlockingIOError:
                sent = 0
            except OSError:
                self.abort()
                return False
        self._traffic.sent += sent
        if sent == len(form):
            return True
        self._rest(form, sent)
        return False

    def _rest(self, form: bytes, sent: int) -> None:
        self._busy = True
        self._traffic.sent += len(form) - sent
        self.waiting += len(form) - sent
        try:
            future = self._stream.write(memoryview(form)[sent:])
        except StreamClosedError:
            self._forget()
        else:
            future.add_done_callback(self._written)


class MessageWriter(SocketWriter):
    """Through tornado's ``write_message``, which compresses for itself."""

    __slots__ = ()

    def _must_wait_for(self, _wire: Wire, /) -> bool:
        return False

    def _begin(self, wire: Wire) -> bool:
        size = len(wire.message)
        try:
            future = self._protocol.write_message(wire.message.data)
        except WebSocketClosedError:
            self._forget()
            return False
        self._traffic.sent += size
        if not self._stream.writing():
            return True
        self._busy = True
        self.waiting += size
        future.add_done_callback(self._written)
        return False


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
        if type(link) is DirectWriter and not link._busy and not link._buffer._size:
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

    That is: tornado's protocol 13, unmasked, over a plain socket (no TLS), whose compressor, where there is one, sits
    in ``_compressor`` and knows its ``_max_wbits``. ``direct=False`` switches it off.
    """
    stream = getattr(protocol, "stream", None)
    fits = (
        direct
        and type(protocol) is WebSocketProtocol13
        and type(stream) is IOStream
        and callable(getattr(getattr(stream, "socket", None), "send", None))
        and type(getattr(getattr(stream, "_write_buffer", None), "_size", None)) is int
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
