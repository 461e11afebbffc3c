"""The regexes of a log query: the subset of RE2 and JavaScript that docs/query.md describes, checked and rewritten.

Both implementations read the pattern themselves and give their engine a rewritten one, in which every character class
is spelled out and no flag is needed: so the engines' own ideas of ``\\s``, ``.`` and case cannot differ.
"""

from __future__ import annotations

from typing import Final, NoReturn

from autobench_nb.errors import QueryError
from autobench_nb.logs.query.regex_tree import (
    CLASSES,
    DOT,
    LAST,
    Alt,
    Assert,
    Cat,
    Chars,
    Ranges,
    Regex,
    Repeat,
    check_repeats,
    folded,
    negated,
    normal,
    single,
    size,
)

SIZE_LIMIT: Final = 1_000
"""Characters and classes of a pattern, repeats written out."""
DEPTH_LIMIT: Final = 50
_CONTROLS: Final = {"n": 0x0A, "t": 0x09, "r": 0x0D, "f": 0x0C, "v": 0x0B}
_HEX: Final = frozenset("0123456789abcdefABCDEF")


class RegexReader:
    """Reads one pattern; ``column`` is that of its first character in the query."""

    def __init__(self, source: str, flags: str, column: int) -> None:
        self.source = source
        self.ignore_case = "i" in flags
        self.column = column
        self.at = 0

    def fail(self, at: int, message: str, expected: str) -> NoReturn:
        raise QueryError(message, self.column + at, expected)

    def peek(self, ahead: int = 0) -> str:
        at = self.at + ahead
        return self.source[at] if at < len(self.source) else ""

    def chars(self, ranges: Ranges) -> Chars:
        return Chars(folded(ranges) if self.ignore_case else ranges)

    def read(self) -> Regex:
        """The whole pattern. Raises :class:`QueryError`."""
        node = self.alternatives(0)
        if self.at < len(self.source):
            self.fail(self.at, "this ) closes nothing in the regex", "a ( before it, or \\)")
        if size(node) > SIZE_LIMIT:
            self.fail(0, "this regex is too large", "at most 1,000 characters, repeats written out")
        check_repeats(node)
        return node

    def alternatives(self, depth: int) -> Regex:
        parts = [self.sequence(depth)]
        while self.peek() == "|":
            self.at += 1
            parts.append(self.sequence(depth))
        return parts[0] if len(parts) == 1 else Alt(tuple(parts))

    def sequence(self, depth: int) -> Regex:
        parts: list[Regex] = []
        while self.peek() not in ("", "|", ")"):
            start = self.at
            parts.append(self.repeated(self.atom(depth), start))
        return parts[0] if len(parts) == 1 else Cat(tuple(parts))

    def repeated(self, atom: Regex, start: int) -> Regex:
        counts = self.quantifier()
        if counts is None:
            return atom
        if isinstance(atom, Assert):
            self.fail(start, "^, $, \\b and \\B cannot be repeated", "a character or a group")
        lazy = self.peek() == "?"
        self.at += lazy
        again = self.at
        if self.quantifier() is not None:
            self.fail(again, "a repeat cannot be repeated", "a group around the first repeat")
        return Repeat(atom, *counts, lazy, self.column + start)

    def quantifier(self) -> tuple[int, int | None] | None:
        """The repeat that stands here, if one does; a { that begins none is a character like others."""
        char = self.peek()
        simple: tuple[int, int | None] | None = {
            "*": (0, None),
            "+": (1, None),
            "?": (0, 1),
        }.get(char)
        if simple is not None:
            self.at += 1
            return simple
        end = self.source.find("}", self.at)
        if char != "{" or end < 0:
            return None
        low, comma, high = self.source[self.at + 1 : end].partition(",")
        if not _digits(low) or not (high == "" or _digits(high)):
            return None
        start = self.at
        self.at = end + 1
        most = int(high) if high else None if comma else int(low)
        if len(low) > 4 or len(high) > 4 or max(int(low), most or 0) > SIZE_LIMIT:
            self.fail(start, "this repeats too often", "at most 1000 times")
        if most is not None and most < int(low):
            self.fail(start, "this repeat ends before it begins", "the smaller number first")
        return int(low), most

    def atom(self, depth: int) -> Regex:
        start = self.at
        char = self.peek()
        self.at += 1
        if char == "(":
            return self.group(start, depth)
        if char == "[":
            return self.bracket(start)
        if char == ".":
            return Chars(DOT)
        if char == "^":
            return Assert("^")
        if char == "$":
            return Assert("$")
        if char in "*+?":
            self.fail(
                start, f"nothing stands before this {char}", f"a character to repeat, or \\{char}"
            )
        if char == "{":
            self.at = start
            if self.quantifier() is not None:
                self.fail(start, "nothing stands before this {", "a character to repeat, or \\{")
            self.at = start + 1
        if char != "\\":
            return self.chars(((ord(char), ord(char)),))
        if self.peek() == "b":
            self.at += 1
            return Assert("\\b")
        if self.peek() == "B":
            self.at += 1
            return Assert("\\B")
        return self.chars(self.escape(start))

    def group(self, start: int, depth: int) -> Regex:
        if depth >= DEPTH_LIMIT:
            self.fail(start, "groups are nested too deep", "at most 50 levels")
        if self.peek() == "?":
            if self.peek(1) != ":":
                self.fail(
                    start,
                    "only plain groups are possible",
                    "( or (?: , no lookaround, names or flags",
                )
            self.at += 2
        node = self.alternatives(depth + 1)
        if self.peek() != ")":
            self.fail(start, "this ( is never closed in the regex", "a ) after it, or \\(")
        self.at += 1
        return node if not isinstance(node, (Repeat, Assert)) else Cat((node,))

    def bracket(self, start: int) -> Regex:
        negate = self.peek() == "^"
        self.at += negate
        if self.peek() == "]":
            self.fail(self.at, "this [ ] is empty", "a character, or \\]")
        ranges: list[tuple[int, int]] = []
        while self.peek() != "]":
            if self.peek() == "":
                self.fail(start, "this [ is never closed", "a ] after it, or \\[")
            first = self.at
            low = self.member()
            dash = self.at
            if self.peek() != "-" or self.peek(1) in ("]", ""):
                ranges.extend(low)
                continue
            self.at += 1
            high = self.member()
            if not single(low) or not single(high) or self.source[first] == "-":
                self.fail(dash, "this - makes no range", "one character on each side, or \\-")
            if high[0][0] < low[0][0]:
                self.fail(first, "this range ends before it begins", "the lower character first")
            ranges.append((low[0][0], high[0][0]))
        self.at += 1
        plain = normal(ranges)
        if self.ignore_case:
            plain = folded(plain)
        return Chars(negated(plain) if negate else plain)

    def member(self) -> Ranges:
        start = self.at
        char = self.peek()
        self.at += 1
        if char == "[" and self.peek() in (":", ".", "="):
            self.fail(
                start, "named classes are not possible", "characters, ranges, \\d, \\w or \\s"
            )
        if char == "\\":
            return self.escape(start)
        return ((ord(char), ord(char)),)

    def escape(self, start: int) -> Ranges:
        char = self.peek()
        self.at += 1
        if char in CLASSES:
            return CLASSES[char]
        point = _CONTROLS.get(char)
        if char == "x":
            point = self.hexadecimal(2)
        elif char == "u" and self.peek() == "{":
            end = self.source.find("}", self.at)
            digits = self.source[self.at + 1 : end] if end > 0 else ""
            if 1 <= len(digits) <= 6 and _HEX.issuperset(digits):
                point = int(digits, 16)
                self.at = end + 1
        elif char == "u":
            point = self.hexadecimal(4)
        elif char != "" and char < "\x7f" and not char.isalnum() and char > " ":
            point = ord(char)
        if point is None or point > LAST or 0xD800 <= point <= 0xDFFF:
            self.fail(
                start,
                "this escape is not possible",
                "\\d \\w \\s \\b (or \\D \\W \\S \\B), \\n \\t \\r \\f \\v, \\xHH, \\uHHHH, or \\ before a sign",
            )
        return ((point, point),)

    def hexadecimal(self, count: int) -> int | None:
        digits = self.source[self.at : self.at + count]
        if len(digits) < count or not _HEX.issuperset(digits):
            return None
        self.at += count
        return int(digits, 16)


def _digits(text: str) -> bool:
    return text != "" and all(char in "0123456789" for char in text)


def read_regex(source: str, flags: str, column: int) -> Regex:
    """Read and check a pattern. Raises :class:`QueryError` with the column in the whole query."""
    node = _known.get((source, flags))
    if node is None:
        node = RegexReader(source, flags, column).read()
        while len(_known) >= KNOWN_PATTERNS:
            _known.pop(next(iter(_known)), None)
        _known[source, flags] = node
    return node


KNOWN_PATTERNS: Final = 256
"""Patterns that are remembered: a query's are read when it is, and again for each way in which it is looked for."""
_known: dict[tuple[str, str], Regex] = {}
