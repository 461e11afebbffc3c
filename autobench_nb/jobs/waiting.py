"""The jobs that wait, in the order in which they are to start: pure."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterator, Mapping
from typing import Generic, NamedTuple, Protocol, TypeVar


class Turn(NamedTuple):
    """Where one stands in the queue: less comes first.

    Attributes:
        rank: The priority, negated; far below all for what was put first by hand.
        place: Counts what was asked for; all jobs of a recipe's run have the place of the run.
        number: Counts what came to the queue.
    """

    rank: int
    place: int
    number: int


class Waiter(Protocol):
    """What can wait."""

    @property
    def job_id(self) -> str: ...


Waits = TypeVar("Waits", bound=Waiter)


class WaitingLine(Generic[Waits]):
    """Who waits, by turns. Adding at the end and taking from the front are cheap, whatever the length."""

    def __init__(self) -> None:
        self._turns: list[tuple[Turn, str]] = []
        self._items: dict[str, tuple[Turn, Waits]] = {}

    def __len__(self) -> int:
        return len(self._items)

    def __contains__(self, job_id: str) -> bool:
        return job_id in self._items

    def __iter__(self) -> Iterator[Waits]:
        return (self._items[job_id][1] for _, job_id in self._turns)

    def turns(self) -> Iterator[tuple[Turn, Waits]]:
        """Everybody with their turns, next one first."""
        return (self._items[job_id] for _, job_id in self._turns)

    def get(self, job_id: str) -> Waits | None:
        """Who waits under that id."""
        found = self._items.get(job_id)
        return None if found is None else found[1]

    def add(self, waiter: Waits, turn: Turn) -> str | None:
        """Have it wait; gives the id of the one that it stands before, None at the end."""
        entry = (turn, waiter.job_id)
        self._items[waiter.job_id] = (turn, waiter)
        if not self._turns or self._turns[-1] < entry:
            self._turns.append(entry)
            return None
        insort(self._turns, entry)
        return self._turns[bisect_left(self._turns, entry) + 1][1]

    def pop(self, job_id: str) -> Waits | None:
        """Take it out; None where it does not wait."""
        found = self._items.pop(job_id, None)
        if found is None:
            return None
        turn, waiter = found
        del self._turns[bisect_left(self._turns, (turn, job_id))]
        return waiter

    def turn_round(self, turns: Mapping[str, Turn]) -> None:
        """Give some of those that wait other turns."""
        for job_id, turn in turns.items():
            self._items[job_id] = (turn, self._items[job_id][1])
        self._turns = sorted((turn, job_id) for job_id, (turn, _) in self._items.items())
