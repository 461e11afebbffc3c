"""Which sessions get which messages of a run of broadcasts: so that each gets all of its own at once."""

from __future__ import annotations

from collections.abc import Sequence

from autobench_nb.sync.effects import Broadcast
from autobench_nb.transports.sockets.wire import Bundle, Wire


class FanOut:
    """A bundle under way to ``sessions``; ``at`` is the place of the next one."""

    __slots__ = ("at", "bundle", "sessions")

    def __init__(self, sessions: tuple[int, ...], wires: Sequence[Wire]) -> None:
        self.sessions = sessions
        self.bundle = Bundle(wires)
        self.at = 0


def fan_outs(run: Sequence[Broadcast]) -> list[FanOut]:
    """Broadcasts that follow each other, so that each session gets all that is for it at once, in their order."""
    wires = [Wire(one.message) for one in run]
    first = run[0].sessions
    if all(one.sessions == first for one in run):
        return [FanOut(first, wires)]
    reach: dict[int, tuple[int, ...]] = {}
    for place, one in enumerate(run):
        for session in one.sessions:
            reach[session] = (*reach.get(session, ()), place)
    groups: dict[tuple[int, ...], list[int]] = {}
    for session, places in reach.items():
        groups.setdefault(places, []).append(session)
    return [
        FanOut(tuple(sessions), [wires[place] for place in places])
        for places, sessions in groups.items()
    ]
