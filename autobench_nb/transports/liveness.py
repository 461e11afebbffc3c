"""Who is still there: a connection of which nothing has been heard for three heartbeats is ended.

A client that reads answers a WebSocket ping by itself (RFC 6455 section 5.5.3), whatever else it says; one that never
reads, or whose machine has gone, answers nothing. What is counted are rounds of the loop that reads, not seconds: after
a cell that has blocked it for an hour nobody was heard for an hour, and that is nobody's fault.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from autobench_nb.transports.sockets.writer import SocketWriter

ROUNDS: Final = 3
"""Rounds in a row without a word, after which a connection is ended. It is pinged in the first."""


class Liveness:
    """Looks at the sockets once every ``interval_s`` while there are any; ``end(session)`` ends one that is gone.

    All is called on the loop that reads: a round passes only when that turns, and so has heard what there was to hear.
    """

    def __init__(self, interval_s: float, end: Callable[[int], None]) -> None:
        self._interval_s = interval_s
        self._end = end
        self._sockets: dict[int, SocketWriter] = {}
        self._timer: asyncio.TimerHandle | None = None

    @property
    def sockets(self) -> tuple[SocketWriter, ...]:
        """The ways out of all connections that are open."""
        return tuple(self._sockets.values())

    def add(self, session: int, socket: SocketWriter) -> None:
        """Look after a connection's way out, too."""
        self._sockets[session] = socket
        if self._timer is None:
            self._arm()

    def discard(self, session: int) -> None:
        """Look no more after a connection that has ended."""
        self._sockets.pop(session, None)

    def close(self) -> None:
        """Look no more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _arm(self) -> None:
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(self._interval_s, self._check)

    def _check(self) -> None:
        self._timer = None
        for session, socket in tuple(self._sockets.items()):
            socket.silent_rounds += 1
            if socket.silent_rounds == 1:
                socket.ping()
            elif socket.silent_rounds == ROUNDS:
                self._end(session)
        if self._sockets:
            self._arm()
