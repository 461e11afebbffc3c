"""Which format a source has: the one that fits most of its first lines."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from autobench_nb.logs.formats.catalogue import CODED, Catalogue
from autobench_nb.logs.formats.joining import INDENTED
from autobench_nb.logs.formats.levels import uncoloured
from autobench_nb.logs.formats.parser import HEAD_CHARS, LineParser

FIRST_LINES: Final = 24
"""Lines of the sample that every format is held against."""
JSON: Final = -1
LOGFMT: Final = -2
CODED_PLACES: Final = dict(zip((JSON, LOGFMT), CODED, strict=True))
"""The places of formats that no pattern can say, among those that have one."""


def first_lines(sample: Sequence[str]) -> list[str]:
    """The lines of a sample by which a format is told: those that begin an entry, if there are any."""
    lines = [uncoloured(line) for line in sample if line and line[0] not in INDENTED]
    return lines or [uncoloured(line) for line in sample if line.strip()]


def best_format(
    lines: Sequence[str], catalogue: Catalogue, parser_at: Callable[[int], LineParser]
) -> int | None:
    """The place of the format that fits most of the lines; None where none fits any.

    Args:
        lines: What :func:`first_lines` gives.
        catalogue: The formats.
        parser_at: Makes the parser of the format at a place.
    """
    candidates = set(CODED_PLACES)
    formats = catalogue.formats
    for line in lines[:FIRST_LINES]:
        head = line[:HEAD_CHARS]
        for place in catalogue.starting_with(line[0]):
            if place not in candidates and formats[place].matches(head):
                candidates.add(place)
    # What has fitted none of the first lines is not held against the others, and what fits many kinds of log only
    # where nothing else fits half as many.
    specific = [place for place in candidates if place < 0 or not formats[place].generic]
    best = _best(specific, parser_at, lines)
    if best is not None and best[0] * 2 >= len(lines):
        return best[1]
    generic = _best([place for place in candidates if place not in specific], parser_at, lines)
    if generic is not None and (best is None or best[0] * 2 < generic[0]):
        best = generic
    return None if best is None else best[1]


def _best(
    places: Sequence[int], parser_at: Callable[[int], LineParser], lines: Sequence[str]
) -> tuple[int, int] | None:
    """How many lines the best format fits, and its place; of several the first. None where none fits any."""
    counts = [(parser_at(place).count(lines), -place) for place in places]
    count, place = max(counts, default=(0, 0))
    return (count, -place) if count else None
