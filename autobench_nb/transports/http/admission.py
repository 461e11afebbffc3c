"""Connections at the door: what happens when no descriptors are left, and to those who come in and say nothing."""

from __future__ import annotations

import asyncio
import errno
import os
import socket
import time
from collections.abc import Callable
from importlib import import_module
from typing import Any, Final

from tornado.httpserver import HTTPServer
from tornado.iostream import IOStream

ACCEPTS_AT_ONCE: Final = 128
PAUSES_S: Final = (0.05, 0.1, 0.2, 0.5, 1.0)
"""How long nothing is accepted after the first, second ... time in a row that the system has no descriptor left."""
HEAD_DEADLINE_S: Final = 10.0
"""A connection has so long to send the head of its first request."""
MAX_HALF_OPEN: Final = 256
"""Connections that may wait for their first head; beyond that the oldest is closed."""
TOLD_AGAIN_S: Final = 60.0
"""The same trouble is told once in this time, with its count."""

RESERVE: Final = 128
"""Descriptors that connections leave to imports, files and commands (up to five each); of a small limit a third."""

_EXHAUSTED: Final = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})


class HalfOpen:
    """The connections that have not sent a whole head yet, oldest first."""

    def __init__(self) -> None:
        self._since: dict[IOStream, float] = {}
        self._timer: asyncio.TimerHandle | None = None
        self.closed = 0
        """How many were closed for it."""

    def add(self, stream: IOStream) -> None:
        """Note that a connection was accepted now."""
        if len(self._since) >= MAX_HALF_OPEN:
            self._close_overdue(time.monotonic() - HEAD_DEADLINE_S)
        if len(self._since) >= MAX_HALF_OPEN:
            self._close(next(iter(self._since)))
        self._since[stream] = time.monotonic()
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(HEAD_DEADLINE_S, self._due)

    def discard(self, stream: IOStream) -> None:
        """Its first head has come."""
        self._since.pop(stream, None)

    def __len__(self) -> int:
        return len(self._since)

    def stop(self) -> None:
        """Look no more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _due(self) -> None:
        self._timer = None
        self._close_overdue(time.monotonic() - HEAD_DEADLINE_S)
        if self._since:
            wait = next(iter(self._since.values())) + HEAD_DEADLINE_S - time.monotonic()
            self._timer = asyncio.get_running_loop().call_later(max(0.01, wait), self._due)

    def _close_overdue(self, limit: float) -> None:
        for stream, since in tuple(self._since.items()):
            if stream.closed():
                del self._since[stream]
            elif since <= limit:
                self._close(stream)

    def _close(self, stream: IOStream) -> None:
        del self._since[stream]
        if not stream.closed():
            self.closed += 1
            stream.close()


class BoundedHTTPServer(HTTPServer):
    """Tornado's server, which does not spin when the system has no descriptors left, and knows who is half open.

    ``on_exhausted(sentence)`` is told of the first at once, and then once a minute at most.
    """

    half_open: HalfOpen
    on_exhausted: Callable[[str], None]

    def initialize(  # type: ignore[override]
        self, *args: Any, half_open: HalfOpen, on_exhausted: Callable[[str], None], **kwargs: Any
    ) -> None:
        super().initialize(*args, **kwargs)
        self.half_open = half_open
        self.on_exhausted = on_exhausted
        self._failures = 0
        self._untold = 0
        self._logged_at = float("-inf")
        self._pauses: set[asyncio.TimerHandle] = set()

    def add_sockets(self, sockets: Any) -> None:
        """Accept on these, as tornado does, but with a pause where accepting fails."""
        for one in sockets:
            self._sockets[one.fileno()] = one
            self._handlers[one.fileno()] = self._listen_to(one)

    def stop(self) -> None:
        """Accept nothing more."""
        for pause in self._pauses:
            pause.cancel()
        self._pauses.clear()
        self.half_open.stop()
        super().stop()

    def handle_stream(self, stream: IOStream, address: Any) -> None:
        self.half_open.add(stream)
        # The first session needs it. It cannot be imported a second time where an import has failed half way, as it
        # would where connections have taken the descriptors by then: no line could be read in this process any more.
        import_module("numpy")
        super().handle_stream(stream, address)

    def _listen_to(self, listener: socket.socket) -> Callable[[], None]:
        loop = asyncio.get_running_loop()
        is_open = True
        held: list[tuple[socket.socket, Any]] = []  # one that would take what is left for others

        def begin() -> None:
            if is_open:
                loop.add_reader(listener, accept)
                if held:
                    accept()

        def accept() -> None:
            for _ in range(ACCEPTS_AT_ONCE):
                try:
                    connection, address = held.pop() if held else listener.accept()
                    if connection.fileno() > highest() and not _is_room(listener, highest()):
                        held.append((connection, address))
                        raise OSError(errno.EMFILE, "few descriptors are left")
                except (BlockingIOError, InterruptedError):
                    return
                except ConnectionAbortedError:
                    continue
                except OSError as error:
                    if not is_open:
                        return
                    loop.remove_reader(listener)
                    self._pause(error, begin)
                    return
                self._failures = 0
                self._handle_connection(connection, address)
                if not is_open:
                    return

        def end() -> None:
            nonlocal is_open
            is_open = False
            loop.remove_reader(listener)
            for connection, _ in held:
                connection.close()

        begin()
        return end

    def _pause(self, error: OSError, go_on: Callable[[], None]) -> None:
        pause_s = PAUSES_S[min(self._failures, len(PAUSES_S) - 1)]
        self._failures += 1
        self._untold += 1
        now = time.monotonic()
        if now - self._logged_at >= TOLD_AGAIN_S:
            self._logged_at = now
            count, self._untold = self._untold, 0
            why = (
                "no descriptors are left"
                if error.errno in _EXHAUSTED
                else str(error.strerror or error)
            )
            self.on_exhausted(
                f"Connections wait: {why} ({count:,} times). Raise the limit (ulimit -n), or close clients."
            )

        def resume() -> None:
            self._pauses.discard(handle)
            go_on()

        handle = asyncio.get_running_loop().call_later(pause_s, resume)
        self._pauses.add(handle)


def highest() -> int:
    """The highest descriptor that a connection may have, as far as others need some above it."""
    limit = os.sysconf("SC_OPEN_MAX")
    return limit - min(RESERVE, limit // 3)


def _is_room(listener: socket.socket, highest: int) -> bool:
    """Whether a new descriptor would be a low one."""
    try:
        probe = os.dup(listener.fileno())
    except OSError:
        return False
    os.close(probe)
    return probe <= highest
