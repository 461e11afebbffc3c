"""Who is still there: a connection of which nothing has been heard for three heartbeats is ended.

A client that reads answers a WebSocket ping by itself (RFC 6455 section 5.5.3), whatever else it says; one that never
reads, or whose machine has gone, answers nothing. What is counted are rounds, not seconds: after a cell that has
blocked the loop for an hour everybody has been silent for an hour, and that is nobody's fault.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Final

from autobench_nb.transports.sockets.writer import Link, SocketWriter

ROUNDS: Final = 3
"""Rounds in a row without a word, after which a connection is ended. It is pinged in the first."""


class Liveness:
    """Looks at ``links`` once every ``interval_s`` while there are any; ``end(session)`` ends one that is gone."""

    def __init__(
        self, links: Mapping[int, Link], interval_s: float, end: Callable[[int], None]
    ) -> None:
        self._links = links
        self._interval_s = interval_s
        self._end = end
        self._timer: asyncio.TimerHandle | None = None

    def arm(self) -> None:
        """Begin to look, where that has not begun."""
        if self._timer is None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(self._interval_s, self._check_links)

    def close(self) -> None:
        """Look no more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _check_links(self) -> None:
        self._timer = None
        for session, link in tuple(self._links.items()):
            if not isinstance(link, SocketWriter):
                continue  # in memory: it cannot be gone
            link.silent_rounds += 1
            if link.silent_rounds == 1:
                link.ping()
            elif link.silent_rounds == ROUNDS:
                self._end(session)
        if self._links:
            self.arm()
