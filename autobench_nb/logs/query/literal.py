"""Text found in many rows at once: comparisons of whole columns of bytes instead of a search in each row.

A literal is a row of characters, each with the few characters that may stand in its place (its other case). Where
they are of the same length in UTF-8, every byte of the literal is one comparison of NumPy's. A variant of another
length (the Kelvin sign, three bytes, folds to ``k``, one byte) cannot be found so: rows that have one anywhere are
named as unsure.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from functools import cache, cached_property
from typing import TYPE_CHECKING, Final, NamedTuple

from autobench_nb.lazy import LazyModule
from autobench_nb.logs.query.chunk_rows import Mask, TextColumn
from autobench_nb.logs.query.match import fold

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
else:
    np = LazyModule("numpy")

CASED_END: Final = 0x20000
"""No letter beyond has a case: there are ideographs and what is no letter."""
_COMMON: Final = b" etaoinsr0123456789lhdcu.-_:/=,mpfgwybv"
"""Bytes of logs from the most frequent down, roughly; a search begins with what is rare."""


class Cases(NamedTuple):
    """The inverse of ``fold``."""

    single: dict[str, list[str]]
    """Which other characters become this one."""
    several: dict[str, str]
    """Characters that become several, and which."""


@cache
def unfolded() -> Cases:
    """Read from the runtime's own tables, so that it cannot differ from them."""
    single: dict[str, list[str]] = defaultdict(list)
    several: dict[str, str] = {}
    for start in range(0, CASED_END, 512):
        block = "".join(map(chr, range(start, start + 512)))
        if fold(block) == block:
            continue
        for char in block:
            folded = fold(char)
            if len(folded) > 1:
                several[char] = folded
            elif folded != char:
                single[folded].append(char)
    return Cases(dict(single), several)


class Literal:
    """Characters one after the other, each with its variants in UTF-8; none at all: stands in every row."""

    def __init__(self, characters: Sequence[Sequence[str]], odd: Sequence[str] = ()) -> None:
        """
        Args:
            characters: For each place the characters that may stand there.
            odd: Characters that make a row unsure wherever they stand.
        """
        self.odd: set[bytes] = {_utf8(char) for char in odd}
        self.width = 0
        self._places: list[tuple[int, frozenset[int]]] = []
        self._checks: list[tuple[int, list[bytes]]] = []
        self._is_ascii = True
        for variants in characters:
            self._add([_utf8(char) for char in variants])
        self._places.sort(key=lambda place: _frequency(place[1]))

    @classmethod
    def folded(cls, text: str) -> Literal:
        """What folds to ``text``, which is folded itself."""
        single, several = unfolded()
        odd = [char for char, folded in several.items() if not set(folded).isdisjoint(text)]
        return cls([[char, *single.get(char, ())] for char in text], odd)

    def _add(self, variants: list[bytes]) -> None:
        # The shortest, so that an odd variant is never ASCII, and text without others need not be searched for it.
        length = min(map(len, variants))
        same = [variant for variant in variants if len(variant) == length]
        self.odd.update(variant for variant in variants if len(variant) != length)
        self._is_ascii = self._is_ascii and length == 1
        for index in range(length):
            self._places.append((self.width + index, frozenset(one[index] for one in same)))
        if length > 1 and len(same) > 1:
            self._checks.append((self.width, same))
        self.width += length

    @cached_property
    def _odd_literals(self) -> list[Literal]:
        return [Literal([[variant.decode()]]) for variant in sorted(self.odd)]

    def rows(self, rows: TextColumn) -> tuple[Mask, Mask | None]:
        """Which rows have it, and which must be looked at one by one, whatever was said of them."""
        if not self.width:
            return np.ones(rows.count, np.bool_), None
        if rows.is_ascii:
            if not self._is_ascii:
                return np.zeros(rows.count, np.bool_), None
            return self._rows_containing(rows), None
        unsure: Mask | None = None
        for literal in self._odd_literals:
            found = literal._rows_containing(rows)
            unsure = found if unsure is None else unsure | found
        return self._rows_containing(rows), unsure

    def _rows_containing(self, rows: TextColumn) -> Mask:
        hits = self._find(rows)
        mask = np.zeros(rows.count, np.bool_)
        if not len(hits):
            return mask
        offsets = rows.offsets
        if len(hits) <= 2 * rows.count:
            row = np.searchsorted(offsets, hits, "right") - 1
            mask[row[hits + self.width <= offsets[row + 1]]] = True
            return mask
        # Of many hits a row, look for the rows among the hits: one has it where a hit lies between its ends.
        first = np.searchsorted(hits, offsets[:-1])
        last = np.searchsorted(hits, offsets[1:] - self.width, "right")
        np.greater(last, first, out=mask)
        return mask

    def _find(self, rows: TextColumn) -> NDArray[np.intp]:
        """Where it stands in the text of all rows, end to end; also across their borders."""
        data = rows.data
        span = len(data) - self.width + 1
        if span <= 0:
            return np.empty(0, np.intp)
        (place, allowed), *rest = self._places
        matches = _compare(rows, slice(place, place + span), allowed)
        if rest:
            (place, allowed), *rest = rest
            matches &= _compare(rows, slice(place, place + span), allowed)
        hits = np.flatnonzero(matches) if matches.any() else np.empty(0, np.intp)
        for place, allowed in rest:
            if not len(hits):
                return hits
            hits = hits[_compare(rows, hits + place, allowed)]
        for place, variants in self._checks:
            fits = np.zeros(len(hits), np.bool_)
            for variant in variants:
                one = np.ones(len(hits), np.bool_)
                for index, byte in enumerate(variant):
                    one &= data[hits + (place + index)] == byte
                fits |= one
            hits = hits[fits]
        return hits


def _compare(
    rows: TextColumn, where: slice | NDArray[np.intp], allowed: frozenset[int]
) -> NDArray[np.bool_]:
    first, *others = sorted(allowed)
    if others == [first + 32] and 0x41 <= first <= 0x5A:
        lower: NDArray[np.bool_] = rows.lower[where] == first + 32
        return lower
    data = rows.data[where]
    matches: NDArray[np.bool_] = data == first
    for byte in others:
        matches |= data == byte
    return matches


def _frequency(allowed: frozenset[int]) -> int:
    """How often one of these bytes is to be expected; less is rarer."""
    return sum(_byte_frequency(byte) for byte in allowed)


def _byte_frequency(byte: int) -> int:
    common = _COMMON.find(byte)
    if common >= 0:
        return len(_COMMON) - common
    # What leads a character beyond ASCII is the same for a whole script.
    return 20 if byte >= 0xC0 else 1


def _utf8(char: str) -> bytes:
    # A lone surrogate stands in no text, and what this makes of it neither.
    return char.encode("utf-8", "surrogatepass")
