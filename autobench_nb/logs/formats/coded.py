"""Formats that no pattern can say, as parsers: JSON objects and logfmt."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from autobench_nb.logs.formats.parsed import ParsedLine


class CodedParser:
    """Reads lines with a function that gives None for one that does not fit."""

    def __init__(self, read: Callable[[str], ParsedLine | None]) -> None:
        self.parse = read

    def count(self, lines: Sequence[str]) -> int:
        """How many of the lines fit."""
        return sum(self.parse(line) is not None for line in lines)

    def find(self, lines: Sequence[str]) -> list[Any]:
        """What each line says, None for one that does not fit."""
        return list(map(self.parse, lines))

    def entries(self, found: Sequence[ParsedLine]) -> list[ParsedLine] | None:
        """What was found."""
        return list(found)
