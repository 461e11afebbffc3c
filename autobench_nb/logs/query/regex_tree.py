"""The tree of a query's regex: its nodes, the characters they take, what it may repeat, and how RE2 is told it."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from functools import cache
from typing import Final, Literal, TypeAlias

from msgspec import Struct

from autobench_nb.errors import QueryError

Ranges: TypeAlias = tuple[tuple[int, int], ...]
"""Code points from .. to (both included), sorted, apart from each other."""

LAST: Final = 0x10FFFF
FOLD_LIMIT: Final = 4_096
"""In a range of more characters than this only ASCII letters fold."""


class Chars(Struct, frozen=True):
    ranges: Ranges


class Assert(Struct, frozen=True):
    kind: Literal["^", "$", "\\b", "\\B"]


class Cat(Struct, frozen=True):
    parts: tuple[Regex, ...]


class Alt(Struct, frozen=True):
    parts: tuple[Regex, ...]


class Repeat(Struct, frozen=True):
    part: Regex
    low: int
    high: int | None
    lazy: bool
    column: int


Regex: TypeAlias = Chars | Assert | Cat | Alt | Repeat


def normal(ranges: Iterable[tuple[int, int]]) -> Ranges:
    """Sorted, and joined where they meet."""
    out: list[tuple[int, int]] = []
    for low, high in sorted(ranges):
        if out and low <= out[-1][1] + 1:
            out[-1] = (out[-1][0], max(out[-1][1], high))
        else:
            out.append((low, high))
    return tuple(out)


def negated(ranges: Ranges) -> Ranges:
    """All other code points."""
    out: list[tuple[int, int]] = []
    start = 0
    for low, high in ranges:
        if low > start:
            out.append((start, low - 1))
        start = high + 1
    if start <= LAST:
        out.append((start, LAST))
    return tuple(out)


def folded(ranges: Ranges) -> Ranges:
    """With the upper and lower case of every character, where that is one character."""
    out = list(ranges)
    for low, high in ranges:
        if high - low < FOLD_LIMIT:
            cased, cases = _all_cases()
            for place in range(bisect_left(cased, low), bisect_right(cased, high)):
                out.extend(cases[place])
        else:
            for first, shift in ((0x41, 32), (0x61, -32)):
                start, end = max(low, first), min(high, first + 25)
                if start <= end:
                    out.append((start + shift, end + shift))
    return normal(out)


@cache
def _all_cases() -> tuple[list[int], list[Ranges]]:
    """The characters that have another case, in their order, and for each what it becomes."""
    cased: list[int] = []
    cases: list[Ranges] = []
    for start in range(0, LAST + 1, 256):
        block = "".join(map(chr, range(start, start + 256)))
        if block.lower() == block and block.upper() == block:
            continue
        for point in range(start, start + 256):
            others = {other for other in _cases(point) if other != point}
            if others:
                cased.append(point)
                cases.append(tuple((other, other) for other in sorted(others)))
    return cased, cases


def _cases(point: int) -> list[int]:
    char = chr(point)
    upper, lower = char.upper(), char.lower()
    return [ord(c) for c in (upper, lower, upper.lower(), lower.upper()) if len(c) == 1]


_DIGIT: Final[Ranges] = ((0x30, 0x39),)
_WORD: Final[Ranges] = ((0x30, 0x39), (0x41, 0x5A), (0x5F, 0x5F), (0x61, 0x7A))
_SPACE: Final[Ranges] = ((0x09, 0x0D), (0x20, 0x20))
CLASSES: Final = {
    "d": _DIGIT,
    "D": negated(_DIGIT),
    "w": _WORD,
    "W": negated(_WORD),
    "s": _SPACE,
    "S": negated(_SPACE),
}
DOT: Final = negated(((0x0A, 0x0A),))


def single(ranges: Ranges) -> bool:
    """Whether this is one character."""
    return len(ranges) == 1 and ranges[0][0] == ranges[0][1]


def size(node: Regex) -> int:
    """How large a pattern is with its repeats written out."""
    match node:
        case Chars(ranges):
            return max(1, len(ranges))
        case Assert():
            return 1
        case Cat(parts) | Alt(parts):
            return 1 + sum(map(size, parts))
        case Repeat(part, low, high):
            return size(part) * max(low + 1 if high is None else high, 1)


def check_repeats(node: Regex) -> None:
    """Refuse repeats whose rounds can be told apart in more than one way: browsers take for ever to try them all."""
    match node:
        case Cat(parts) | Alt(parts):
            for part in parts:
                check_repeats(part)
        case Repeat(part, _, high, _, column):
            check_repeats(part)
            if (high is None or high > 1) and not isinstance(part, Chars):
                pairs = _Follow()
                first, last, _ = pairs.visit(part)
                pairs.join(last, first)
                if pairs.ambiguous():
                    raise QueryError(
                        "this repeats something that can itself match in several ways",
                        column,
                        "rounds that differ in their first character, like (\\d+,)+ and not (\\d+)+",
                    )


class _Follow:
    """Which character of a pattern can come after which (Glushkov's construction), each way counted once."""

    def __init__(self) -> None:
        self.sets: list[Ranges] = []
        # For each position the lists of those that may follow; many positions share the same lists.
        self.after: list[list[list[int]]] = []
        self.starts: list[list[int]] = []

    def visit(self, node: Regex) -> tuple[list[int], list[int], bool]:
        """First positions, last positions, and whether it can match nothing."""
        match node:
            case Chars(ranges):
                self.sets.append(ranges)
                self.after.append([])
                position = len(self.sets) - 1
                return [position], [position], False
            case Assert():
                return [], [], True
            case Cat(parts):
                first: list[int] = []
                last: list[int] = []
                empty = True
                for part in parts:
                    begin, end, nullable = self.visit(part)
                    self.join(last, begin)
                    if empty:
                        first = first + begin
                    last = last + end if nullable else end
                    empty = empty and nullable
                self.starts.append(first)
                return first, last, empty
            case Alt(parts):
                visits = [self.visit(part) for part in parts]
                first = [position for begin, _, _ in visits for position in begin]
                last = [position for _, end, _ in visits for position in end]
                self.starts.append(first)
                return first, last, any(nullable for _, _, nullable in visits)
            case Repeat(part, low, high):
                first, last, empty = self.visit(part)
                if low == high and low > 1:  # a fixed number of rounds leaves nothing to choose
                    begin, end, _ = self.visit(part)
                    self.join(last, begin)
                    first, last = (first + begin, last + end) if empty else (first, end)
                elif high is None or high > 1:
                    self.join(last, first)
                return first, last, empty or low == 0

    def join(self, ends: list[int], begins: list[int]) -> None:
        for end in ends:
            self.after[end].append(begins)

    def ambiguous(self) -> bool:
        """Whether somewhere two ways are open for one character."""
        ways = {tuple(map(id, lists)): lists for lists in self.after if lists}
        joined = [[position for each in lists for position in each] for lists in ways.values()]
        return any(map(self._overlap, [*joined, *self.starts]))

    def _overlap(self, positions: list[int]) -> bool:
        ranges = sorted(span for position in positions for span in self.sets[position])
        return any(ranges[k][1] >= ranges[k + 1][0] for k in range(len(ranges) - 1))


def re2_pattern(node: Regex) -> str:
    """The pattern for RE2, without flags."""
    match node:
        case Chars(ranges):
            return _re2_class(ranges)
        case Assert("$"):
            return r"\z"
        case Assert(kind):
            return kind
        case Cat(parts):
            return f"(?:{''.join(map(re2_pattern, parts))})"
        case Alt(parts):
            return f"(?:{'|'.join(map(re2_pattern, parts))})"
        case Repeat(part, low, high, lazy):
            inner = re2_pattern(part)
            most = "" if high is None else str(high)
            return f"(?:{inner}){{{low},{most}}}{'?' if lazy else ''}"


def _re2_class(ranges: Ranges) -> str:
    if not ranges:
        return r"[^\x{0}-\x{10ffff}]"
    spans = (rf"\x{{{a:x}}}" if a == b else rf"\x{{{a:x}}}-\x{{{b:x}}}" for a, b in ranges)
    return f"[{''.join(spans)}]" if not single(ranges) else rf"\x{{{ranges[0][0]:x}}}"
