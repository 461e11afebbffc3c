"""Bytes that a program writes, as lines: pure, bounded, the same however the bytes are chunked.

A line ends with a newline. A carriage return begins it anew, as a progress bar does on a terminal: only the last state
of the line that is not empty counts, and how many were written over is said. A line longer than the limit is cut at a
whole character, and how long it was is said. No more than two limits' worth of bytes is ever held.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

LINE_LIMIT: Final = 16 * 1024 * 1024
"""Bytes of a line that are kept by default: what a log's ring keeps of a message, too."""

_ESCAPED_BYTE = re.compile("[\udc80-\udcff]")


class Line(NamedTuple):
    """One line: at most the limit's ``data``, ``size`` bytes in all, ``rewritten`` earlier states that were lost.

    ``returned``: whether a carriage return began it, so that it is drawn rather than written.
    """

    data: bytes
    size: int
    rewritten: int
    returned: bool = False

    @property
    def is_cut(self) -> bool:
        """Whether the line was longer than what is kept of it."""
        return self.size > len(self.data)


class LineSplitter:
    """Give it bytes as they come, take lines as they end. ``limit``: bytes of a line that are kept."""

    __slots__ = ("_limit", "_past", "_returned", "_segment", "_size", "_states")

    def __init__(self, limit: int = LINE_LIMIT) -> None:
        self._limit = limit
        self._segment = bytearray()  # what came since the last newline or carriage return
        self._size = 0
        self._past: tuple[bytes, int] | None = None  # the state that the last carriage return ended
        self._states = 0
        self._returned = False

    @property
    def rewriting(self) -> bool:
        """Whether the line that is not yet ended has been begun anew: it is a progress line."""
        return self._past is not None

    @property
    def pending(self) -> bytes:
        """The last state of the line that is not yet ended, so far as it is known; empty when there is none."""
        return self.head(self._limit)

    def head(self, size: int) -> bytes:
        """The first bytes of :attr:`pending`: a line may be long, and is looked at again and again."""
        if self._past is not None:
            return self._past[0][:size]
        return bytes(memoryview(self._segment)[:size])

    def feed(self, data: bytes) -> Iterator[Line]:
        """The lines that end within ``data``, in order. Take them all before the next call."""
        start = 0
        end = data.find(b"\n")
        while end >= 0:
            self._extend(data, start, end)
            yield self._take()
            start = end + 1
            end = data.find(b"\n", start)
        self._extend(data, start, len(data))

    def take_open(self) -> bytes:
        """The state of the line that is not yet ended, which is forgotten."""
        state = bytes(self._segment) if self._size else self.pending
        self._take()
        return state

    def finish(self) -> Line | None:
        """The last line, where no newline ended it."""
        return self._take() if self._size or self._past is not None else None

    def _extend(self, data: bytes, start: int, end: int) -> None:
        while (turn := data.find(b"\r", start, end)) >= 0:
            self._keep(data, start, turn)
            if self._size:
                self._past = (bytes(self._segment), self._size)
                self._states += 1
                self._segment.clear()
                self._size = 0
            self._returned = True
            start = turn + 1
        self._keep(data, start, end)

    def _keep(self, data: bytes, start: int, end: int) -> None:
        room = self._limit - len(self._segment)
        if room > 0:
            self._segment += data[start : min(end, start + room)]
        self._size += end - start

    def _take(self) -> Line:
        if self._size or self._past is None:
            kept, size, rewritten = bytes(self._segment), self._size, self._states
            returned = self._returned
        else:
            (kept, size), rewritten = self._past, self._states - 1
            returned = rewritten > 0
        self._segment.clear()
        self._size = self._states = 0
        self._past = None
        self._returned = False
        return Line(_whole(kept) if size > len(kept) else kept, size, rewritten, returned)


def _whole(data: bytes) -> bytes:
    """``data`` without a UTF-8 sequence that the cut has broken at its end."""
    for back in range(1, min(4, len(data)) + 1):
        byte = data[-back]
        if byte & 0xC0 != 0x80:
            length = 4 if byte >= 0xF0 else 3 if byte >= 0xE0 else 2 if byte >= 0xC0 else 1
            return data[:-back] if length > back else data
    return data


def text_of(line: Line) -> tuple[str, dict[str, int]]:
    r"""The line as text, and what was done to it.

    Bytes that are no UTF-8 stand as ``\xNN`` (``undecodable``: how many of those shown). A cut line says so at its end
    (``cut``: its whole size in bytes). ``rewritten``: how many states of a progress line were written over.
    """
    marks: dict[str, int] = {}
    try:
        text = line.data.decode()
    except UnicodeDecodeError:
        marks["undecodable"] = len(
            _ESCAPED_BYTE.findall(line.data.decode("utf-8", "surrogateescape"))
        )
        text = line.data.decode("utf-8", "backslashreplace")
    if line.is_cut:
        marks["cut"] = line.size
        text = f"{text}… [cut: {line.size:,} bytes]"
    if line.rewritten:
        marks["rewritten"] = line.rewritten
    return text, marks
