"""How much a ring holds, where a range that is asked of it ends, and the parts of which its entries are made. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from autobench_nb.errors import ConfigError
from autobench_nb.logs.ring.batch import Part
from autobench_nb.logs.ring.columns import Chunk


def checked_capacity(capacity: Any) -> int:
    """The capacity, where it is one.

    Raises:
        ConfigError: It is no whole number above 0.
    """
    if isinstance(capacity, bool) or not isinstance(capacity, int) or capacity < 1:
        raise ConfigError("log_capacity", capacity, "a whole number, 1 or more")
    return capacity


def stop_of(first: int, end: int, limit: int | None) -> int:
    """The number after the last of at most ``limit`` entries from ``first`` on, before ``end``."""
    return end if limit is None else min(end, first + max(0, limit))


def parts_in_order(
    older: Iterable[Chunk], newer: tuple[Part, ...], seq: int, stop: int, kept: int
) -> tuple[int, int, tuple[Part, ...]]:
    """The parts of a batch, up to the first hole.

    Args:
        older: What the archive has, oldest first.
        newer: What the ring has.
        seq: The first number that is wanted.
        stop: The number after the last that is wanted.
        kept: The first number that the ring's chunks hold.

    Returns:
        The first number, the one after the last, and the parts between them.
    """
    parts: list[Part] = []
    first: int | None = None
    place = max(seq, kept)
    for chunk in older:
        begin, ending = max(seq, chunk.first_seq), min(stop, chunk.end_seq)
        if first is not None and begin != place:
            break
        first = begin if first is None else first
        place = ending
        parts.append(Part(chunk, begin - chunk.first_seq, ending - chunk.first_seq))
    if first is None:
        first = place
    if place == max(seq, kept):
        parts.extend(newer)
        place = max(stop, kept)
    return first, place, tuple(parts)
