"""Replays entries at their own pace or as fast as they are read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from autobench_nb.logs.formats import ParsedLine
from autobench_nb.logs.formats.times import in_range

BATCH_LINES: Final = 2_000
"""Entries that a sink gets at once."""
BATCH_S: Final = 0.1
"""A paced replay sends what is due within this time in one batch."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast: ``speed`` 1.0 as it happened, 2.0 twice as fast, ``None`` as fast as it goes.

    A silence longer than ``max_gap_s`` is cut short: the interesting part of a log is seldom the night.
    """

    speed: float | None = None
    max_gap_s: float = 5.0

    def wait_s(self, before_ms: float | None, after_ms: float | None) -> float:
        """How long to wait between two lines.

        Args:
            before_ms: The time of the earlier line in milliseconds since 1970; ``None``: it has none.
            after_ms: That of the later one.

        Returns:
            Seconds; 0 where a time is missing or the clock went back.
        """
        if self.speed is None or before_ms is None or after_ms is None:
            return 0.0
        return min(max(0.0, (after_ms - before_ms) / 1000 / self.speed), self.max_gap_s)


def parse_speed(text: str) -> float | None:
    """Read a pace: ``1x``, ``10x`` or ``0.5`` times as fast as the log was written, or ``max``.

    Returns:
        The factor; ``None`` for ``max``, which waits for nothing.

    Raises:
        ValueError: ``text`` is none of these.
    """
    if text.strip().lower() == "max":
        return None
    speed = float(text.strip().lower().removesuffix("x"))
    if not 0 < speed < float("inf"):
        raise ValueError(text)
    return speed


def batches(
    lines: Iterable[ParsedLine | None], pace: Pace
) -> Iterator[tuple[float, list[ParsedLine]]]:
    """Group entries that are due at about the same time. Waits below :data:`BATCH_S` are gathered.

    Args:
        lines: The entries in their order; ``None`` among them says that no more come for now: what was gathered goes
            out.
        pace: How fast.

    Yields:
        Seconds to wait first, and the entries that are due then, :data:`BATCH_LINES` at most.
    """
    waited, due, batch, before = 0.0, 0.0, list[ParsedLine](), None
    for line in lines:
        if line is None:
            if batch:
                yield waited, batch
                waited, due, batch = due, 0.0, []
            continue
        due += pace.wait_s(before, line.ts)
        before = line.ts if line.ts is not None else before
        if batch and (due >= BATCH_S or len(batch) >= BATCH_LINES):
            yield waited, batch
            waited, due, batch = due, 0.0, []
        batch.append(line)
    if batch:
        yield waited, batch


def shifted(lines: Iterable[ParsedLine | None], to_ms: float) -> Iterator[ParsedLine | None]:
    """The entries as if the first of them had been written at another time.

    Args:
        lines: The entries; what has no time, and ``None``, stays as it is.
        to_ms: The time of the first, in milliseconds since 1970.

    Yields:
        The entries, all moved by as much.
    """
    offset: float | None = None
    for line in lines:
        if line is None or line.ts is None:
            yield line
            continue
        offset = to_ms - line.ts if offset is None else offset
        yield line._replace(ts=in_range(line.ts + offset))


def replay(
    lines: Iterable[ParsedLine | None],
    sink: Callable[[list[ParsedLine]], None],
    pace: Pace,
    wait: Callable[[float], bool],
    sent: Callable[[int], None] = lambda _count: None,
) -> int:
    """Send entries at their pace.

    Args:
        lines: The entries; see :func:`batches`.
        sink: What takes them.
        pace: How fast.
        wait: Waits so many seconds, and says whether to end.
        sent: Is told after each batch how many lines of a file it was made of.

    Returns:
        How many entries were sent.
    """
    count = 0
    for wait_s, batch in batches(lines, pace):
        if wait(wait_s):
            break
        sink(batch)
        count += len(batch)
        sent(sum(line.lines for line in batch))
    return count
