r"""Text as a reader sees it: without escape sequences, with every hidden character as the sign that a row shows for it.

What is searched: a colour that changes inside a word hides nothing, and what one sees can be asked for. The raw text
stays as it was written. js/src/logs/text/seen.ts is the twin, and tests/vectors/seen.json holds both to it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from autobench_nb.lazy import LazyModule

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
else:
    np = LazyModule("numpy")

_BORDER: Final = "\ud800"
"""Stands between texts that are seen together: no text that UTF-8 can carry has it."""
# CSI sequences, OSC strings (hyperlinks, titles), other strings, and the escapes of two or three bytes; then the same
# as one C1 character. A string counts only where it ends in its line: else a line could hide what follows. What begins
# a string that has no end is an escape of two bytes, so that its text is shown.
_ESCAPE: Final = re.compile(
    "\x1b(?:\\[[0-?]*[ -/]*[@-~]"
    "|\\][^\n\x07\x1b\x9c\ud800]*(?:\x07|\x1b\\\\|\x9c)"
    "|[PX^_][^\n\x1b\x9c\ud800]*(?:\x1b\\\\|\x9c)"
    "|[ -/]*[0-~]?)"
    "|\x9b[0-?]*[ -/]*[@-~]"
    "|\x9d[^\n\x07\x1b\x80-\x9f\ud800]*(?:\x07|\x1b\\\\|\x9c)"
    # One by one, since re looks for a set of first characters only where each alternative begins with one.
    + "".join(f"|{begin}[^\n\x1b\x80-\x9f\ud800]*(?:\x1b\\\\|\x9c)" for begin in "\x90\x98\x9e\x9f")
)
# C0 but tab and line feed, DEL and C1, soft hyphen, zero width, bidirectional controls, line separators, BOM, tags.
_HIDDEN: Final = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e"
    "\u2060-\u2069\ufeff\ufff9-\ufffb\U000e0001-\U000e007f]"
)
_HIDDEN_BYTES: Final = re.compile(
    rb"\xc2[\x80-\x9f\xad]|\xd8\x9c|\xe1\xa0\x8e|\xe2\x80[\x8b\x8e\x8f\xa8-\xae]|\xe2\x81[\xa0-\xa9]"
    rb"|\xef\xbb\xbf|\xef\xbf[\xb9-\xbb]|\xf3\xa0[\x80\x81]"
)
"""What of the hidden is not ASCII, in UTF-8. Some tags that mean nothing count too; they only cost a second look."""
_UNPLAIN: Final = re.compile("[^ -~\t\n]")
_LEADS: Final = (0xC2, 0xD8, 0xE1, 0xE2, 0xEF, 0xF3)


def seen(text: str) -> str:
    """A text as it is seen."""
    # Control, format and separator characters are not printable; most text is, and most of the rest has lines.
    if text.isprintable() or not _UNPLAIN.search(text):
        return text
    return _HIDDEN.sub(_sign, _ESCAPE.sub("", text))


def seen_all(texts: Sequence[str]) -> list[str]:
    """Many texts as they are seen; none has a lone surrogate."""
    return seen(_BORDER.join(texts)).split(_BORDER) if texts else []


def _sign(match: re.Match[str]) -> str:
    point = ord(match.group())
    if point < 0x20:
        return chr(0x2400 + point)
    return "\u2421" if point == 0x7F else f"\u2039U+{point:04X}\u203a"


def rows_with_hidden(text: bytes, offsets: NDArray[np.int64]) -> NDArray[np.intp]:
    """Which of the texts may be seen otherwise than they are written, ascending; it looks at the bytes once.

    Args:
        text: UTF-8 of all texts, end to end.
        offsets: Where each text begins in it, and at last where the last one ends, in bytes.
    """
    data = np.frombuffer(text, np.uint8)[offsets[0] : offsets[-1]]
    is_ascii = text.isascii()
    if not len(data) or (is_ascii and b"\x7f" not in text and int(data.min()) >= 0x20):
        return np.empty(0, np.intp)
    hits = _controls(data)
    if not is_ascii:
        hits = np.sort(np.concatenate([hits, _beyond_ascii(text, data, int(offsets[0]))]))
    rows = np.searchsorted(offsets, hits + offsets[0], "right") - 1
    once: NDArray[np.intp] = rows[np.diff(rows, prepend=-1) > 0]
    return once


def _controls(data: NDArray[np.uint8]) -> NDArray[np.intp]:
    """Where C0 characters (but tab and line feed) and DEL stand."""
    return np.flatnonzero(((data < 0x20) & (data != 0x09) & (data != 0x0A)) | (data == 0x7F))


def _beyond_ascii(text: bytes, data: NDArray[np.uint8], begin: int) -> NDArray[np.intp]:
    """Where hidden characters beyond ASCII begin."""
    leads = data == _LEADS[0]
    for lead in _LEADS[1:]:
        leads |= data == lead
    hidden = _HIDDEN_BYTES.match
    found = [place for place in np.flatnonzero(leads).tolist() if hidden(text, begin + place)]
    return np.array(found, np.intp)
