"""Pictures out of the bytes of a process: pure, bounded, the same however the bytes are chunked."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

MAX_PICTURE_BYTES: Final = 16 * 1024 * 1024
"""A picture of more is dropped."""

_START: Final = b"\xff\xd8"
_END: Final = 0xD9
_SCAN: Final = 0xDA
_SIZES: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
"""The segments that say width and height (ITU T.81, table B.1)."""
_ALONE: Final = frozenset({0x01, *range(0xD0, 0xD8)})
"""Markers without a length."""
# Within a scan 0xFF stands before a stuffed zero, a restart marker or another 0xFF, and nothing else (T.81, B.1.1.5).
_AFTER_SCAN: Final = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """One picture of a stream, as JPEG.

    Attributes: ``jpeg`` (its bytes), ``number`` (from 1 within the stream), ``at`` (seconds since 1970), ``width`` and
    ``height`` (``None`` where the bytes do not say).
    """

    jpeg: bytes
    number: int
    at: float
    width: int | None = None
    height: int | None = None

    def save(self, path: str | Path) -> Path:
        """Write the JPEG to a file; gives its path."""
        path = Path(path)
        path.write_bytes(self.jpeg)
        return path

    def _repr_jpeg_(self) -> bytes:
        return self.jpeg

    def __repr__(self) -> str:
        return f"<Picture {self.number}, {self.width} × {self.height}, {len(self.jpeg):,} bytes>"


class PictureSplitter:
    """Give it bytes as they come, take whole JPEG pictures as they end.

    ``skipped`` counts the bytes that belonged to no picture, or to one that was too large.
    """

    def __init__(self, limit: int = MAX_PICTURE_BYTES) -> None:
        self._limit = limit
        self._data = bytearray()
        self._at = 0  # how far the picture at the head has been read
        self._in_scan = False
        self.skipped = 0

    def feed(self, data: bytes) -> Iterator[bytes]:
        """The pictures that end within ``data``, in order. Take them all before the next call."""
        self._data += data
        while self._find_start():
            end = self._find_end()
            if end is None:
                if len(self._data) > self._limit:
                    self._drop(len(_START))  # look for the next start within what is there
                    continue
                return
            yield bytes(memoryview(self._data)[:end])
            del self._data[:end]
            self._restart()

    def _find_start(self) -> bool:
        if self._at:
            return True
        start = self._data.find(_START)
        if start < 0:
            # The first half of a start may stand at the end.
            self._drop(max(0, len(self._data) - 1))
            return False
        self._drop(start)
        self._at = len(_START)
        return True

    def _find_end(self) -> int | None:
        """Behind the picture's last byte; ``None`` where that has not come yet."""
        data = self._data
        while True:
            if self._in_scan:
                found = _AFTER_SCAN.search(data, self._at)
                if found is None:
                    self._at = max(self._at, len(data) - 1)
                    return None
                self._at = found.start()
                self._in_scan = False
            if len(data) < self._at + 4:
                # An end has no length: it may be the last two bytes that there are.
                is_end = data[self._at : self._at + 2] == bytes((0xFF, _END))
                return self._at + 2 if is_end else None
            marker = data[self._at + 1]
            if data[self._at] != 0xFF or marker == _START[1]:
                self._drop(len(_START))  # it was no picture, or broke off before this one began
                if not self._find_start():
                    return None
            elif marker == _END:
                return self._at + 2
            elif marker == 0xFF:
                self._at += 1
            elif marker in _ALONE:
                self._at += 2
            else:
                self._at += 2 + int.from_bytes(data[self._at + 2 : self._at + 4], "big")
                self._in_scan = marker == _SCAN

    def _drop(self, count: int) -> None:
        del self._data[:count]
        self.skipped += count
        self._restart()

    def _restart(self) -> None:
        self._at = 0
        self._in_scan = False


def size_of(jpeg: bytes) -> tuple[int, int] | None:
    """Width and height of a JPEG picture; ``None`` where its head does not say."""
    at = len(_START)
    while at + 9 <= len(jpeg) and jpeg[at] == 0xFF:
        marker = jpeg[at + 1]
        if marker in _SIZES:
            return int.from_bytes(jpeg[at + 7 : at + 9], "big"), int.from_bytes(
                jpeg[at + 5 : at + 7], "big"
            )
        if marker in (_SCAN, _END):
            return None
        if marker == 0xFF or marker in _ALONE:
            at += 1 if marker == 0xFF else 2
        else:
            at += 2 + int.from_bytes(jpeg[at + 2 : at + 4], "big")
    return None
