"""A small terminal: what a program draws and draws again becomes one picture, and in the end lines. Pure.

It knows what progress displays use: carriage returns, cursor movements, erasing, colours. It has no width (a line may
be as long as it likes) and :data:`ROWS` rows: what leaves them at the top can be drawn over no more, and is a line.
"""

from __future__ import annotations

import codecs
import re
from typing import Final, NamedTuple

ROWS: Final = 40
COLUMNS: Final = 4_096
"""Characters of a row that are kept."""
_DRAWS = re.compile(rb"\x1b(?:\[[\d;]*[ABEFGHJfsu]|\[\?25l|\[\?1049h|[78MD])")
# ECMA-48 section 5.4: parameters (0 to 9 : ; < = > ?), intermediates (blank to /), and a final character.
_PARTIAL = re.compile(rb"\x1b(?:\[[0-?]{0,30}[ -/]{0,4}|[ -/]{1,4})?\Z")
_PARTIAL_TEXT = re.compile(r"\x1b(?:\[[0-?]{0,30}[ -/]{0,4}|[ -/]{1,4}|\][^\x07\x1b]{0,200})?\Z")
_TOKEN = re.compile(
    r"(?P<text>[^\x00-\x1f\x7f]+)"
    r"|\x1b\[(?P<arguments>[0-?]*)[ -/]*(?P<final>[@-~])"
    r"|\x1b[ -/]+[0-~]"
    r"|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?"
    r"|\x1b(?P<single>[78MDEc=>]?)"
    r"|(?P<control>[\x00-\x1a\x1c-\x1f\x7f])"
)
_RESET = "\x1b[0m"


def draws(data: bytes) -> bool:
    """Whether these bytes move the cursor, so that lines are not enough."""
    return b"\x1b" in data and _DRAWS.search(data) is not None


def partial_escape(data: bytes) -> int:
    """How many bytes at the end are the beginning of an escape sequence."""
    match = _PARTIAL.search(data, max(0, len(data) - 32))
    return 0 if match is None else len(match.group())


class DrawnLine(NamedTuple):
    """A row that can be drawn over no more; how often it was begun anew."""

    text: str
    rewritten: int


class _Row:
    __slots__ = ("cells", "drawn", "rewritten", "styles")

    def __init__(self) -> None:
        self.cells: list[str] = []
        self.styles: list[str] = []
        self.drawn = False  # something stood here
        self.rewritten = 0

    def put(self, column: int, text: str, style: str) -> None:
        text = text[: max(0, COLUMNS - column)]
        if not text:
            return
        missing = column - len(self.cells)
        if missing > 0:
            self.cells += " " * missing
            self.styles += [""] * missing
        self.cells[column : column + len(text)] = text
        self.styles[column : column + len(text)] = [style] * len(text)
        self.drawn = True

    def erase(self, start: int, stop: int) -> None:
        stop = min(stop, len(self.cells))
        for column in range(start, stop):
            self.cells[column] = " "
            self.styles[column] = ""

    def text(self) -> str:
        """As text, with its colours, without blanks at its end."""
        end = len("".join(self.cells).rstrip(" "))
        parts, style = [], ""
        for cell, new_style in zip(self.cells[:end], self.styles[:end], strict=True):
            if new_style != style:
                parts.append((_RESET if style else "") + new_style)
                style = new_style
            parts.append(cell)
        if style:
            parts.append(_RESET)
        return "".join(parts)


class Screen:
    """Give it bytes with :meth:`feed`, take lines; :meth:`picture` is what it shows."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("backslashreplace")
        self._held = ""
        self._rows = [_Row()]
        self._row = 0
        self._column = 0
        self._style = ""
        self._saved = (0, 0)
        self.moved = False
        """Whether the cursor has gone up since this was last set to False."""

    @property
    def rests_below(self) -> bool:
        """Whether the cursor stands at the start of an empty last row: what is above may be finished."""
        last = self._row == len(self._rows) - 1
        return last and self._column == 0 and not self._rows[-1].text()

    def feed(self, data: bytes) -> list[DrawnLine]:
        """Draw; gives the lines that have left the screen."""
        text = self._held + self._decoder.decode(data)
        partial = _PARTIAL_TEXT.search(text, max(0, len(text) - 210))
        self._held = partial.group() if partial else ""
        end = len(text) - len(self._held)
        left: list[DrawnLine] = []
        for token in _TOKEN.finditer(text, 0, end):
            if token["text"] is not None:
                self._rows[self._row].put(self._column, token["text"], self._style)
                self._column += len(token["text"])
            elif token["control"] is not None:
                self._control(token["control"], left)
            elif token["final"] is not None:
                self._sequence(token["arguments"], token["final"])
            elif token["single"]:
                self._single(token["single"])
        return left

    def picture(self) -> str:
        """The rows that are not blank, joined by newlines, without colours."""
        rows = ("".join(row.cells).rstrip() for row in self._rows)
        return "\n".join(row for row in rows if row)

    def finish(self) -> list[DrawnLine]:
        """What it shows, as lines; it is empty afterwards."""
        lines = [line for row in self._rows for line in _lines(row)]
        while lines and not lines[-1].text:
            lines.pop()
        self._rows = [_Row()]
        self._row = self._column = 0
        return lines

    def _control(self, control: str, left: list[DrawnLine]) -> None:
        if control == "\n":
            # A program's newline goes to the start of the next row, as a terminal in its usual mode does it.
            self._column = 0
            self._row += 1
            if self._row == len(self._rows):
                self._rows.append(_Row())
            if len(self._rows) > ROWS:
                left += _lines(self._rows.pop(0))
                self._row -= 1
        elif control == "\r":
            self._begin_anew()
        elif control == "\b":
            self._column = max(0, self._column - 1)
        elif control == "\t":
            self._column = min(COLUMNS, self._column // 8 * 8 + 8)

    def _begin_anew(self) -> None:
        self._column = 0
        row = self._rows[self._row]
        row.rewritten += row.drawn

    def _move_to(self, row: int, column: int | None = None) -> None:
        row = max(0, min(row, ROWS - 1))
        if row < self._row:
            self.moved = True
        while row >= len(self._rows):
            self._rows.append(_Row())
        self._row = row
        if column is not None:
            self._column = max(0, min(column, COLUMNS))

    def _sequence(self, arguments: str, final: str) -> None:
        if arguments[:1] in ("<", "=", ">"):
            return  # private: what terminals tell each other of themselves
        numbers = [int(part) if part.isdigit() else 0 for part in arguments.lstrip("?").split(";")]
        first = min(numbers[0], COLUMNS)
        count = first or 1
        if final == "m":
            self._color(arguments)
        elif final in "AF":
            self._move_to(self._row - count, 0 if final == "F" else None)
        elif final in "BE":
            self._move_to(self._row + count, 0 if final == "E" else None)
        elif final == "C":
            self._column = min(COLUMNS, self._column + count)
        elif final == "D":
            self._column = max(0, self._column - count)
        elif final == "G":
            self._column = count - 1
            if self._column == 0:
                self._begin_anew()
        elif final in "Hf":
            self._move_to(count - 1, (numbers[1] if len(numbers) > 1 and numbers[1] else 1) - 1)
        elif final == "K":
            self._erase_in(self._rows[self._row], first)
        elif final == "J":
            self._erase_below(first)
        elif final == "s":
            self._saved = (self._row, self._column)
        elif final == "u":
            self._move_to(*self._saved)

    def _single(self, single: str) -> None:
        if single == "7":
            self._saved = (self._row, self._column)
        elif single == "8":
            self._move_to(*self._saved)
        elif single == "M":
            self._move_to(self._row - 1)
        elif single in "DE":
            self._move_to(self._row + 1, 0 if single == "E" else None)

    def _color(self, arguments: str) -> None:
        code = f"\x1b[{arguments}m"
        if arguments in ("", "0"):
            self._style = ""
        elif len(self._style) < 64:
            self._style += code
        else:
            self._style = code

    def _erase_in(self, row: _Row, how: int) -> None:
        start = 0 if how else self._column
        row.erase(start, self._column + 1 if how == 1 else COLUMNS)

    def _erase_below(self, how: int) -> None:
        if how == 0:
            self._erase_in(self._rows[self._row], 0)
        above, below = self._rows[: self._row], self._rows[self._row + 1 :]
        for row in below if how == 0 else above if how == 1 else self._rows:
            row.erase(0, COLUMNS)


def _lines(row: _Row) -> list[DrawnLine]:
    """A row as a line; none where what stood there has been wiped out."""
    text = row.text()
    if not text and row.drawn:
        return []
    return [DrawnLine(text, row.rewritten)]
