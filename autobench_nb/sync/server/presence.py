"""Who came and went, said in the log channel ``websocket``: at info, without secrets, and never as a flood."""

from __future__ import annotations

from collections import Counter
from typing import Final

from autobench_nb.logs.entry import Level
from autobench_nb.logs.ring.ring import LogRing
from autobench_nb.sync.server.session import Session

CHANNEL: Final = "websocket"
LINES: Final = 10
PERIOD_S: Final = 10.0
"""Lines of each kind within a period; what is more is one line with the count at its end, so that neither a thousand
clients nor one that comes and goes without end empties a small ring."""


class Presence:
    """Writes the lines. ``due``: when :meth:`report` is to be called next (seconds, monotonic); None: never.

    ``visits`` false: who just comes and goes is not said. Who is refused or sent away always is.
    """

    def __init__(self, ring: LogRing, visits: bool = True) -> None:
        self._ring = ring
        self._visits = visits
        self._lines: Counter[str] = Counter()
        self._ends = 0.0  # of the period
        self.due: float | None = None

    def connected(self, session: Session, now: float) -> None:
        """Say that a client was welcomed."""
        if self._visits:
            line = f"Client {session.id} connected{_from(session)}."
            self._log_line("connected", Level.INFO, line, now)

    def disconnected(self, session: Session, now: float) -> None:
        """Say that a client has gone."""
        if not self._visits:
            return
        seconds = max(0.0, now - session.connected_at)
        self._log_line("left", Level.INFO, f"Client {session.id} left after {seconds:.0f} s.", now)

    def refused(self, session: Session, why: str, now: float) -> None:
        """Say that a client was not let in."""
        line = f"Client {session.id}{_from(session)} refused: {why}"
        self._log_line("refused", Level.WARN, line, now)

    def ended(self, session: Session, why: str, now: float) -> None:
        """Say that a client was sent away."""
        self._log_line("ended", Level.WARN, f"Client {session.id} ended: {why}", now)

    def heartbeat(self, session: Session) -> None:
        """Say that a ping was answered."""
        self._ring.append(CHANNEL, Level.DEBUG, f"💓 Client {session.id}: ping answered.")

    def report(self, now: float) -> None:
        """Where the period is over, say how many more there were."""
        if now >= self._ends:
            self.report_rest()

    def report_rest(self) -> None:
        """Say how many more there were."""
        self.due = None
        lines, self._lines = self._lines, Counter()
        for what, count in lines.items():
            more = count - LINES
            if more > 0:
                level = Level.INFO if what in ("connected", "left") else Level.WARN
                clients = "clients" if more > 1 else "client"
                self._ring.append(CHANNEL, level, f"{more:,} more {clients} {what}.")

    def _log_line(self, what: str, level: Level, line: str, now: float) -> None:
        self.report(now)
        if not self._lines:
            self._ends = now + PERIOD_S
        self._lines[what] += 1
        if self._lines[what] <= LINES:
            self._ring.append(CHANNEL, level, line)
        else:
            self.due = self._ends


def _from(session: Session) -> str:
    return f" from {session.peer}" if session.peer else ""
