"""Which step waits for which: order, circles, and what can never run."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence


def in_order(needs: Mapping[str, Sequence[str]]) -> list[str]:
    """The names so that each comes after all that it needs; of several, in the order given (Kahn, 1962).

    Names that lie on a circle, or behind one, are left out.
    """
    waits = {name: {need for need in wanted if need in needs} for name, wanted in needs.items()}
    followers: dict[str, list[str]] = {name: [] for name in needs}
    for name, wanted in waits.items():
        for need in wanted:
            followers[need].append(name)
    place = {name: number for number, name in enumerate(needs)}
    ready = deque(name for name, wanted in waits.items() if not wanted)
    found: list[str] = []
    while ready:
        name = ready.popleft()
        found.append(name)
        freed = []
        for follower in followers[name]:
            waits[follower].discard(name)
            if not waits[follower]:
                freed.append(follower)
        ready.extend(sorted(freed, key=place.__getitem__))
    return found


def circle_of(needs: Mapping[str, Sequence[str]]) -> list[str]:
    """One circle, its first name repeated at its end: ``["a", "b", "a"]``; empty where there is none."""
    left = set(needs) - set(in_order(needs))
    for start in needs:
        if start not in left:
            continue
        path: list[str] = []
        name = start
        while name not in path:
            path.append(name)
            # Each name that is left waits for another one that is left, so the walk comes back to itself.
            name = next(need for need in needs[name] if need in left)
        return [*path[path.index(name) :], name]
    return []


class Waiting:
    """Which step waits for which, at any distance.

    Args:
        needs: What each waits for, by its name.
    """

    def __init__(self, needs: Mapping[str, Sequence[str]]) -> None:
        self._needs = needs
        self._place = {name: number for number, name in enumerate(in_order(needs))}

    def waits_for(self, name: str, other: str) -> bool:
        """Whether ``name`` waits for ``other``."""
        first = self._place.get(other, -1)
        seen = {name}
        ends = [name]
        while ends:
            for need in self._needs.get(ends.pop(), ()):
                if need == other:
                    return True
                # What comes before the other one cannot wait for it. Who lies on a circle has no place.
                if need not in seen and self._place.get(need, first) >= first:
                    seen.add(need)
                    ends.append(need)
        return False
