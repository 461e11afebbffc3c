"""What a log pane shows, as the page tells it: so that the kernel gives exactly those rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from autobench_nb.logs.entry import LogEntry
from autobench_nb.logs.query.query import compile_query


def within(seq: int, ranges: Sequence[tuple[int, int]]) -> bool:
    """Whether one of the ranges [first, end) holds ``seq``."""
    return any(first <= seq < end for first, end in ranges)


@dataclass(frozen=True, slots=True)
class Shown:
    """The entries of ``query`` with ``first_seq <= seq < end_seq`` outside ``gaps``, and ``context`` lines around each.

    Times in ``query`` are absolute, so that it means the same here as on the page. ``locates``: the page shows every
    entry there is, and marks those of ``query``.
    """

    query: str = ""
    first_seq: int = 0
    end_seq: int | None = None
    gaps: tuple[tuple[int, int], ...] = ()
    context: int = 0
    locates: bool = False

    def choose(self, entries: Iterable[LogEntry], *, all_lines: bool = False) -> list[LogEntry]:
        """The entries of ``entries`` that are asked for, in their order.

        Args:
            entries: Those that there are.
            all_lines: In locate mode every line that is shown, not only the matches.
        """
        held = [entry for entry in entries if self._held(entry.seq)]
        if not self.query or (all_lines and self.locates):
            return held
        wants = compile_query(self.query)
        if not self.context:
            return [entry for entry in held if wants(entry)]
        kept: set[int] = set()
        for place, entry in enumerate(held):
            if wants(entry):
                kept.update(range(max(0, place - self.context), place + self.context + 1))
        return [entry for place, entry in enumerate(held) if place in kept]

    def _held(self, seq: int) -> bool:
        inside = self.first_seq <= seq and (self.end_seq is None or seq < self.end_seq)
        return inside and not within(seq, self.gaps)


def shown_of(told: Mapping[str, Any], query: str) -> Shown:
    """What the page told; before it has told anything, the entries of ``query``."""
    if not told:
        return Shown(query)
    locates = told.get("mode") == "locate"
    if told.get("rows"):  # the pane holds all rows of its DataFrame, whatever their seq
        return Shown(str(told["query"]), context=int(told["context"]), locates=locates)
    return Shown(
        str(told["query"]),
        int(told["firstSeq"]),
        int(told["endSeq"]),
        tuple((int(first), int(end)) for first, end in told["gaps"]),
        int(told["context"]),
        locates,
    )
