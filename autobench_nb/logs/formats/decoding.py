"""Bytes of a log file as lines of text: any of Unicode's encodings, with or without a mark, and bytes that are none.

:class:`Inflater` undoes gzip, bzip2 and xz in steps of bounded size; :class:`LineDecoder` gives lines.
"""

from __future__ import annotations

import bz2
import codecs
import lzma
import zlib
from collections.abc import Iterator
from typing import Any, Final

MAX_LINE_CHARS: Final = 16 * 1024 * 1024
"""A longer line comes in pieces of at least this size, so that a file without line ends does not fill the memory."""
STEP_BYTES: Final = 1024 * 1024
"""Bytes that are inflated at once."""
MAGIC_BYTES: Final = 8
"""Bytes at the start of a file that tell how it is compressed."""

_MARKS: Final = (
    (codecs.BOM_UTF32_LE, "utf-32-le"), (codecs.BOM_UTF32_BE, "utf-32-be"), (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"),
)  # fmt: skip
_LOOKED_AT: Final = 1_024
_CR_CHARS: Final = 64 * 1024
"""A text of so many characters that has carriage returns and no newline has its lines end with those."""
_MAGIC: Final = (
    (b"\x1f\x8b", "gzip"), (b"BZh", "bzip2"), (b"\xfd7zXZ\x00", "xz"), (b"]\x00\x00", "lzma"),
    (b"\x28\xb5\x2f\xfd", "zstd"), (b"\x04\x22\x4d\x18", "lz4"), (b"LZIP", "lzip"), (b"\x1f\x9d", "compress"),
    (b"PK\x03\x04", "zip"), (b"LPKSHHRH", "journal"), (b"ElfFile\x00", "evtx"),
)  # fmt: skip
_ELSEWHERE: Final = {
    "zip": "a zip archive cannot be read here: give what `unzip -p FILE` prints",
    "compress": "a file of compress cannot be read here: give what `gzip -dc FILE` prints",
    "journal": "a systemd journal cannot be read here: give what `journalctl --file FILE -o short-iso` prints",
    "evtx": "a Windows event log cannot be read here: give what `Get-WinEvent -Path FILE | Export-Csv` writes",
}
"""Kinds that are told by their beginning, and what to do about them."""


class DamagedArchive(ValueError):
    """What is to be inflated is damaged, or of a kind that cannot be inflated here; the message is for the user."""


def compression_of(start: bytes) -> str | None:
    """``gzip``, ``bzip2``, ``xz`` or another kind, from a file's first :data:`MAGIC_BYTES`; None for a plain one."""
    for magic, name in _MAGIC:
        if start.startswith(magic):
            return name
    return None


class Inflater:
    """Undoes one kind of compression, several members one after the other too, as the bytes come.

    Args:
        kind: What :func:`compression_of` says.

    Raises:
        DamagedArchive: There is no way to inflate this kind.
    """

    def __init__(self, kind: str) -> None:
        if kind not in ("gzip", "bzip2", "xz", "lzma"):
            said = f"{kind} cannot be read here: give what `{kind} -dc FILE` prints"
            raise DamagedArchive(_ELSEWHERE.get(kind, said))
        self._kind = kind
        self._member = self._begin()
        self._fed = False
        self._is_padded = False

    def _begin(self) -> Any:
        if self._kind == "gzip":
            return zlib.decompressobj(16 + zlib.MAX_WBITS)
        return bz2.BZ2Decompressor() if self._kind == "bzip2" else lzma.LZMADecompressor()

    def feed(self, data: bytes) -> Iterator[bytes]:
        """What ``data`` inflates to, in steps of at most :data:`STEP_BYTES`.

        Raises:
            DamagedArchive: The data is damaged; what was given before is right.
        """
        while data and not self._is_padded:
            if self._member.eof:
                # Behind the last member zeros or rubbish may follow, as tapes have them.
                if compression_of(data) is None:
                    self._is_padded = True
                    return
                self._member = self._begin()
            self._fed = True
            try:
                piece, data = self._step(data)
                yield piece
                while self._waits():
                    piece, data = self._step(data)
                    yield piece
            except (zlib.error, lzma.LZMAError, OSError, EOFError) as error:
                raise DamagedArchive(f"the {self._kind} data is damaged ({error})") from None

    def _step(self, data: bytes) -> tuple[bytes, bytes]:
        """One step: what it gives, and what of ``data`` is still to be given."""
        member = self._member
        piece: bytes = member.decompress(data, STEP_BYTES)
        if member.eof:
            return piece, member.unused_data
        return piece, member.unconsumed_tail if self._kind == "gzip" else b""

    def _waits(self) -> bool:
        """Whether more comes without more data."""
        return self._kind != "gzip" and not self._member.eof and not self._member.needs_input

    def finish(self) -> None:
        """Say that all data was fed.

        Raises:
            DamagedArchive: The last member is not whole.
        """
        if self._fed and not self._member.eof:
            raise DamagedArchive(f"the {self._kind} data ends too early")


class LineDecoder:
    r"""Gives the lines of a source whose bytes come piece by piece, without their ends: ``\n``, ``\r\n`` or ``\r``.

    The encoding is told by a byte order mark, or by where the zeros of UTF-16 stand; else it is UTF-8. Bytes that are
    none become ``\xNN``.
    """

    def __init__(self) -> None:
        self._decoder: codecs.IncrementalDecoder | None = None
        self._start = b""
        self._parts: list[str] = []
        self._size = 0
        self._has_newlines = False

    def feed(self, data: bytes) -> list[str]:
        """The lines that ``data`` completes."""
        if self._decoder is None:
            self._start += data
            if len(self._start) < 4:
                return []
            data = self._begin()
        assert self._decoder is not None
        return self._lines(self._decoder.decode(data))

    def _begin(self) -> bytes:
        encoding, skip = encoding_of(self._start)
        self._decoder = codecs.getincrementaldecoder(encoding)("backslashreplace")
        data, self._start = self._start[skip:], b""
        return data

    def _lines(self, text: str) -> list[str]:
        if "\n" not in text:
            self._parts.append(text)
            self._size += len(text)
            if self._size >= _CR_CHARS and not self._has_newlines and "\r" in text:
                return self._returned()
            return self._rest() if self._size >= MAX_LINE_CHARS else []
        self._has_newlines = True
        lines = ("".join(self._parts) + text).replace("\r\n", "\n").split("\n")
        rest = lines.pop()
        self._parts, self._size = [rest], len(rest)
        return lines

    def _returned(self) -> list[str]:
        """Lines of a text without any newline, which end with carriage returns instead; the last one stays open."""
        text = "".join(self._parts)
        # A last one stays: the newline that would make it an end of DOS may still come.
        end = text.rfind("\r", 0, len(text) - 1) + 1
        self._parts, self._size = [text[end:]], len(text) - end
        return text[:end].split("\r")[:-1]

    def _rest(self) -> list[str]:
        line = "".join(self._parts)
        self._parts, self._size = [], 0
        return [line.removesuffix("\r")] if line else []

    def finish(self) -> list[str]:
        """The last line, where it has no end."""
        data = self._begin() if self._decoder is None else b""
        assert self._decoder is not None
        lines = self._lines(self._decoder.decode(data, final=True))
        if not self._has_newlines:
            lines += self._returned()
        return [*lines, *self._rest()]


def encoding_of(start: bytes) -> tuple[str, int]:
    """The encoding of a text that begins with ``start``, and the bytes of its mark."""
    for mark, name in _MARKS:
        if start.startswith(mark):
            return name, len(mark)
    head = start[:_LOOKED_AT]
    pairs = len(head) // 2
    first, second = head[0 : pairs * 2 : 2].count(0), head[1 : pairs * 2 : 2].count(0)
    # Text of the western scripts has a zero in every second byte; what is binary has them anywhere.
    if second > pairs * 0.6 and first < pairs * 0.1:
        return "utf-16-le", 0
    if first > pairs * 0.6 and second < pairs * 0.1:
        return "utf-16-be", 0
    return "utf-8", 0
