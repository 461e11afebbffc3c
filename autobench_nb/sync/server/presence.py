"""Who came and went, said in the log channel ``websocket``: at info, without secrets, and never as a flood."""

from __future__ import annotations

from collections import Counter
from typing import Final

from autobench_nb.logs.entry import Level
from autobench_nb.logs.ring.ring import LogRing
from autobench_nb.sync.server.session import Session

CHANNEL: Final = "websocket"
LINES_PER_FLUSH: Final = 5
"""Of each kind; what is more is one line with the count, so that a thousand clients do not empty a small ring."""


class Presence:
    """Writes the lines. ``due``: there is a count that the next flush has to write.

    ``visits`` false: who just comes and goes is not said. Who is refused or sent away always is.
    """

    def __init__(self, ring: LogRing, visits: bool = True) -> None:
        self._ring = ring
        self._visits = visits
        self._lines: Counter[str] = Counter()

    @property
    def due(self) -> bool:
        return any(count > LINES_PER_FLUSH for count in self._lines.values())

    def connected(self, session: Session) -> None:
        """Say that a client was welcomed."""
        if self._visits:
            self._log_line(
                "connected", Level.INFO, f"Client {session.id} connected{_from(session)}."
            )

    def disconnected(self, session: Session, now: float) -> None:
        """Say that a client has gone."""
        if not self._visits:
            return
        seconds = max(0.0, now - session.connected_at)
        self._log_line("left", Level.INFO, f"Client {session.id} left after {seconds:.0f} s.")

    def refused(self, session: Session, why: str) -> None:
        """Say that a client was not let in."""
        self._log_line("refused", Level.WARN, f"Client {session.id}{_from(session)} refused: {why}")

    def ended(self, session: Session, why: str) -> None:
        """Say that a client was sent away."""
        self._log_line("ended", Level.WARN, f"Client {session.id} ended: {why}")

    def heartbeat(self, session: Session) -> None:
        """Say that a ping was answered."""
        self._ring.append(CHANNEL, Level.DEBUG, f"💓 Client {session.id}: ping answered.")

    def report(self) -> None:
        """Say how many more there were since the last call."""
        for what, count in self._lines.items():
            if count > LINES_PER_FLUSH:
                level = Level.INFO if what in ("connected", "left") else Level.WARN
                more = count - LINES_PER_FLUSH
                self._ring.append(CHANNEL, level, f"{more:,} more clients {what}.")
        self._lines.clear()

    def _log_line(self, what: str, level: Level, line: str) -> None:
        self._lines[what] += 1
        if self._lines[what] <= LINES_PER_FLUSH:
            self._ring.append(CHANNEL, level, line)


def _from(session: Session) -> str:
    return f" from {session.peer}" if session.peer else ""
