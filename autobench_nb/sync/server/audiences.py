"""Who gets the same bytes: sessions with the same filter share one audience, one encoding and one effect."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from autobench_nb.logs.query.predicate import Predicate
from autobench_nb.sync.effects import Broadcast, Effect, Outgoing

if TYPE_CHECKING:
    from autobench_nb.sync.server.session import Session
    from autobench_nb.sync.server.slices import Slices


class Audience:
    """Live sessions that are sent the same. Whoever is not up to date is in none."""

    def __init__(self) -> None:
        self.members: dict[int, Session] = {}
        self._ids: tuple[int, ...] | None = None

    def add(self, session: Session) -> None:
        """Let a session that is up to date be sent what the others are."""
        self.members[session.id] = session
        self._ids = None

    def discard(self, session: Session) -> None:
        """Let go a session, where it is a member."""
        if self.members.pop(session.id, None) is not None:
            self._ids = None

    def send(
        self, message: Outgoing, lagging: Iterable[Session], out: list[Effect], now: float
    ) -> None:
        """One effect for all. Those of ``lagging`` that are members are charged; whom it overruns leaves unsent."""
        for session in lagging:
            if session.id in self.members:
                session.charge(message, out, now)
        if self.members:
            if self._ids is None:
                # In the same order in every audience, so that a transport sees at a glance who gets several messages.
                self._ids = tuple(sorted(self.members))
            out.append(Broadcast(self._ids, message))


class StateAudience(Audience):
    """Sessions that mirror the same slices."""

    def __init__(self, slices: Slices) -> None:
        super().__init__()
        self.slices = slices


class LogAudience(Audience):
    """Sessions that see the same entries. ``next_seq``: the one of the last message that they were sent."""

    def __init__(self, query: str | None, predicate: Predicate | None, next_seq: int) -> None:
        super().__init__()
        self.query = query
        self.predicate = predicate
        self.next_seq = next_seq
