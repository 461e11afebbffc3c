"""One socket's way out: prebuilt messages straight to the socket, a queue in bytes behind what does not fit.

Tornado's ``write_message`` costs a coroutine and a task a message, and compresses anew for every client. Here
:class:`~autobench_nb.transports.sockets.wire.Wire` builds a message once, and
:class:`~autobench_nb.transports.sockets.direct.DirectWriter` hands it to the kernel. Where what that leans on in
tornado is not there, :class:`MessageWriter` goes through ``write_message``.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable
from typing import Any, Final, Protocol

from tornado.iostream import IOStream
from tornado.websocket import WebSocketClosedError, WebSocketProtocol13

from autobench_nb.sync.effects import Outgoing
from autobench_nb.transports.loop_thread import LoopThread
from autobench_nb.transports.sockets.wire import OffLoop, Wire

CLOSE_GRACE_S: Final = 2.0
"""How long a client that does not read is waited for once its connection is to be closed."""


class Link(Protocol):
    """A session's way out: a socket's writer, or the loopback's. Everything is called on the pump's thread."""

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


class SocketWriter(ABC):
    """What both writers share: order, the queue and its count, and how it ends.

    At most one message has begun at a time, so that what is queued can still be dropped. ``waiting`` is the number of
    bytes that the kernel has not taken. ``on_drained`` is called when it comes back to 0.

    Everything is called on the pump's thread, except :meth:`ping` and :meth:`closed`, which any thread may call.
    """

    __slots__ = (
        "_busy", "_closing", "_off_loop", "_on_drained", "_queue", "_thread", "_timer", "_traffic",
        "bits", "is_closed", "silent_rounds", "stream", "waiting",
    )  # fmt: skip

    def __init__(
        self,
        protocol: WebSocketProtocol13,
        bits: int,
        *,
        thread: LoopThread,
        traffic: Traffic,
        off_loop: OffLoop,
        on_drained: Callable[[], None],
    ) -> None:
        self.stream: IOStream = protocol.stream
        """The connection's, for the loop that reads."""
        self._thread = thread
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
    def sockets(self) -> list[socket.socket]:
        """What it holds of the system's, for a forked child."""
        held = self.stream.socket
        return [] if held is None else [held]

    def put(self, wire: Wire) -> int:
        """Send ``wire``, or queue it behind what waits. Returns the bytes that now wait."""
        if self._closing is not None or self.is_closed:
            return 0
        self._queue.append(wire)
        self.waiting += len(wire.message)
        if not self._busy:
            self._advance()
        return self.waiting

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
            self._abort_after(CLOSE_GRACE_S)
        else:
            self._finish(code, reason)

    def abort(self) -> None:
        """End at once: what waits is lost, and the client sees a broken connection."""
        self._forget()
        self._cut()

    @abstractmethod
    def ping(self) -> None:
        """Ask for a sign of life."""
        ...

    def closed(self) -> None:
        """The connection has ended, from whichever side."""
        self._thread.call(self._forget)

    def end(self) -> None:
        """The pump ends: hold nothing of the system's any more."""
        self.abort()

    def _abort_after(self, seconds: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._thread.loop.call_later(seconds, self.abort)

    def _forget(self) -> None:
        self.is_closed = self._busy = True
        self._queue.clear()
        self.waiting = 0
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

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
            self._busy = True  # nothing may follow a close message
            self._finish(*self._closing)
        elif had_waited:
            self._on_drained()

    def _built(self, future: asyncio.Future[Any]) -> None:
        if self.is_closed or future.cancelled():
            return
        future.result()  # zlib cannot fail on bytes; out of memory should be seen
        self._advance()

    @abstractmethod
    def _must_wait_for(self, wire: Wire, /) -> bool: ...

    @abstractmethod
    def _begin(self, wire: Wire) -> bool:
        """Hand ``wire`` over; ``False`` when that is not finished, and ``_advance`` will be called."""
        ...

    @abstractmethod
    def _finish(self, code: int, reason: str) -> None:
        """Say that the connection is closed; all that was queued has left."""
        ...

    @abstractmethod
    def _cut(self) -> None:
        """Break the connection."""
        ...


class MessageWriter(SocketWriter):
    """Through tornado's ``write_message``, which compresses for itself, on the server's loop and in its turns."""

    __slots__ = ("_loop", "_protocol")

    def __init__(self, protocol: WebSocketProtocol13, bits: int, **options: Any) -> None:
        super().__init__(protocol, bits, **options)
        self._protocol = protocol
        self._loop = asyncio.get_running_loop()

    def ping(self) -> None:
        self._on_loop(self._protocol.write_ping, b"")

    def _must_wait_for(self, _wire: Wire, /) -> bool:
        return False

    def _begin(self, wire: Wire) -> bool:
        size = len(wire.message)
        self._traffic.sent += size
        self._busy = True
        self.waiting += size
        self._on_loop(self._write, wire)
        return False

    def _finish(self, code: int, reason: str) -> None:
        self._on_loop(self._protocol.close, code, reason)

    def _cut(self) -> None:
        self._on_loop(self.stream.close)

    def _on_loop(self, work: Callable[..., None], *args: Any) -> None:
        def run() -> None:
            with contextlib.suppress(WebSocketClosedError):  # the handler is about to hear of it
                work(*args)

        with contextlib.suppress(RuntimeError):  # the loop has ended
            self._loop.call_soon_threadsafe(run)

    # --- on the server's loop

    def _write(self, wire: Wire) -> None:
        try:
            future = self._protocol.write_message(wire.message.data)
        except WebSocketClosedError:
            self.closed()
            return
        if self.stream.writing():
            future.add_done_callback(self._written)
        else:
            self._thread.call_soon(self._go_on)

    def _written(self, future: asyncio.Future[None]) -> None:
        if future.cancelled() or future.exception() is not None:
            self.closed()  # the stream is closed: tornado tells the handler
        else:
            self._thread.call_soon(self._go_on)

    # --- on the pump's

    def _go_on(self) -> None:
        if not self.is_closed:
            self.waiting = sum(len(wire.message) for wire in self._queue)
            self._advance()
