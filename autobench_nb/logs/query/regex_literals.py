"""Text that a regex cannot match without: it is found in all rows at once, and leaves few for the regex itself."""

from __future__ import annotations

from typing import Final, TypeAlias

from autobench_nb.logs.query.literal import Literal
from autobench_nb.logs.query.regex_tree import Alt, Assert, Cat, Chars, Ranges, Regex, Repeat

VARIANTS_LIMIT: Final = 4
"""Characters of a class that are still tried one by one."""
ALTERNATIVES_LIMIT: Final = 8
WIDTH_LIMIT: Final = 32
"""Characters of a literal; more would hardly leave fewer rows."""

_Run: TypeAlias = tuple[tuple[str, ...], ...]
_Choice: TypeAlias = tuple[_Run, ...]
"""Runs of which a match has at least one."""


def required_literals(node: Regex) -> list[Literal]:
    """Literals of which every text that matches has at least one; empty where there are none worth looking for."""
    choice = _Requirements().of(node)
    if choice is None or not all(map(_is_telling, choice)):
        return []
    return [Literal(run) for run in choice]


def _is_telling(run: _Run) -> bool:
    """Whether a search for it is likely to leave out rows: one letter, digit or space stands in most of them."""
    return len(run) > 1 or (
        len(run) == 1 and not any(char.isalnum() or char == " " for char in run[0])
    )


class _Requirements:
    """Collects what the parts of one sequence require; a run goes on over the borders of groups."""

    def __init__(self) -> None:
        self.run: list[tuple[str, ...]] = []
        self.found: list[_Choice] = []

    def of(self, node: Regex) -> _Choice | None:
        """The requirement that leaves out most, or ``None``."""
        self.visit(node)
        self.end()
        return max(self.found, key=_worth, default=None)

    def end(self) -> None:
        """The run ends here: what comes next may stand anywhere behind it."""
        if self.run:
            self.found.append((tuple(self.run[:WIDTH_LIMIT]),))
            self.run = []

    def visit(self, node: Regex) -> None:
        match node:
            case Chars(ranges):
                self.characters(ranges)
            case Assert():
                pass
            case Cat(parts):
                for part in parts:
                    self.visit(part)
            case Alt(parts):
                self.end()
                choices = [_Requirements().of(part) for part in parts]
                runs = tuple(run for choice in choices for run in choice or ())
                if None not in choices and len(runs) <= ALTERNATIVES_LIMIT:
                    self.found.append(runs)
            case Repeat(part, low, high):
                self.repeat(part, low, high)

    def characters(self, ranges: Ranges) -> None:
        if 0 < sum(high - low + 1 for low, high in ranges) <= VARIANTS_LIMIT:
            points = (point for low, high in ranges for point in range(low, high + 1))
            self.run.append(tuple(map(chr, points)))
        else:
            self.end()

    def repeat(self, part: Regex, low: int, high: int | None) -> None:
        if low == 0:
            self.end()
        elif low == high:
            for _ in range(low):  # SIZE_LIMIT of the reader bounds this
                self.visit(part)
        else:
            self.visit(part)
            self.end()
            if isinstance(part, Chars):  # the last round stands before what follows
                self.visit(part)


def _worth(choice: _Choice) -> tuple[int, int]:
    return min(map(len, choice)), -len(choice)
