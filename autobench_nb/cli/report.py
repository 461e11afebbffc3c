"""What a replay tells its user: how far it is, and at its end what was recognised and what was not taken."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, TextIO

from autobench_nb.cli.sources import LogFile
from autobench_nb.figures import counted
from autobench_nb.logs.formats import JOINED, PLAIN

SHOWN_S: Final = 0.2
"""Seconds between two pictures of the progress."""
REASONS_SHOWN: Final = 5


class ReplayProgress:
    """One line on a terminal that is drawn over itself: lines so far, lines a second. Elsewhere it says nothing."""

    def __init__(self, stream: TextIO | None = None, *, quiet: bool = False) -> None:
        self._stream = sys.stderr if stream is None else stream
        self._is_shown = not quiet and self._stream.isatty()
        self._begun = self._drawn = time.monotonic()
        self._lines = 0
        self._width = 0

    def add(self, lines: int) -> None:
        """So many more lines were sent."""
        self._lines += lines
        now = time.monotonic()
        if self._is_shown and now - self._drawn >= SHOWN_S:
            self._drawn = now
            text = (
                f"{counted(self._lines, 'line')}, {self._lines / (now - self._begun):,.0f} a second"
            )
            self._stream.write("\r" + text.ljust(self._width))
            self._stream.flush()
            self._width = len(text)

    def end(self) -> None:
        """Take the line away."""
        if self._width:
            self._stream.write("\r" + " " * self._width + "\r")
            self._stream.flush()
            self._width = 0


def recognised(counts: Mapping[str, int]) -> int:
    """How many lines a format took, those below them that belong to them included."""
    total = sum(counts.values())
    return total - counts.get(PLAIN, 0)


def count_sentence(name: str, counts: Counter[str]) -> str:
    """``my.log: 1,998 of 2,000 lines recognised (syslog 1,990, joined 8), 2 kept as they are``."""
    total, plain = sum(counts.values()), counts[PLAIN]
    kinds = [
        f"{kind} {count:,}"
        for kind, count in counts.most_common()
        if kind not in (PLAIN, JOINED) and count
    ]
    if counts[JOINED]:
        kinds.append(f"{counts[JOINED]:,} joined to the one above")
    sentence = f"{name}: {recognised(counts):,} of {counted(total, 'line')} recognised"
    if kinds:
        sentence += f" ({', '.join(kinds)})"
    return sentence + (_kept(plain) if plain else "")


def _kept(plain: int) -> str:
    return f", {plain:,} kept as {'it is' if plain == 1 else 'they are'}"


def summary(files: Sequence[LogFile]) -> list[str]:
    """What was read of each file."""
    return [count_sentence(str(file.path), file.reader.counts) for file in files]


def problems(files: Sequence[LogFile], rejected: Counter[str]) -> list[str]:
    """What did not go as asked, a sentence each; empty where everything did."""
    said = [
        f"{file.path}: {file.problem}. {counted(sum(file.reader.counts.values()), 'line')} read."
        for file in files
        if file.problem is not None
    ]
    said += [
        f"{file.path}: no line was recognised. --format names a format, --formats adds one."
        for file in files
        if file.reader.counts and not recognised(file.reader.counts) and not file.wants_plain
    ]
    if rejected:
        said.append(f"{counted(sum(rejected.values()), 'entry', 'entries')} rejected:")
        said += list(_reasons(rejected.most_common()))
    return said


def _reasons(rejected: Iterable[tuple[str, int]]) -> Iterable[str]:
    for place, (reason, count) in enumerate(rejected):
        if place == REASONS_SHOWN:
            yield "  and for other reasons"
            return
        yield f"  {count:,}: {reason}"
