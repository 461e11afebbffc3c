"""Reading a log query: text to tree, by recursive descent. The grammar is in docs/query.md."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final, Literal, NoReturn, TypeAlias, TypeVar, cast

from autobench_nb.errors import QueryError
from autobench_nb.logs.query.ast import (
    FIELD_START,
    KEYWORDS,
    LEVELS,
    NAME_STOPS,
    NAMES,
    NUMBER,
    SPACE,
    TEXTS,
    VALUE_STOPS,
    And,
    Compare,
    Glob,
    Has,
    Item,
    Match,
    Node,
    Not,
    Nothing,
    Or,
    Pattern,
    Search,
    Span,
    Time,
    Words,
    is_range,
)
from autobench_nb.logs.query.regex import read_regex
from autobench_nb.logs.query.time import canonical_time

LENGTH_LIMIT: Final = 4_000
DEPTH_LIMIT: Final = 50

_TERM: Final = 'a word, "a phrase", /a regex/, a field like channel:psu, or ('
_EXCLUDE: Final = "something to exclude right after the -, or quotes around it"
_FIELDS: Final = (
    "a field (level, channel, logger, job, step, device, seq, since, until, has, message, exc, fields.name), "
    "or quotes around the text"
)
_LEVEL: Final = "a level: debug, info, warn, error or fatal"
_SEQ: Final = "a whole number, or a range like 10..20"
_NUMBER: Final = "a number"
_TIME: Final = "a time like -5m, 14:30, 2026-11-24, 2026-11-24T10:00 or 2026-11-24T10:00:00.250Z"
_HAS: Final = "exc, logger, job, step, device, fields or fields.name"
_VALUE: Final = "a value, like psu, ps* or psu,camera"
_TEXT: Final = 'a word, "a phrase" or /a regex/'
_EXPECTED: Final = {
    "level": _LEVEL,
    "seq": _SEQ,
    "since": _TIME,
    "until": _TIME,
    "has": _HAS,
    "message": _TEXT,
    "exc": _TEXT,
}
_LEVEL_NUMBERS: Final = {name: str(number) for number, name in LEVELS.items()} | {
    "warning": "30",
    "critical": "50",
}
_KNOWN: Final = frozenset([*NAMES, *TEXTS, "level", "seq", "since", "until", "has"])
_HAS_NAMES: Final = frozenset({"exc", "logger", "job", "step", "device", "fields"})
_OPERATORS: Final = (">=", "<=", "!=", ":", "=", ">", "<")
_SPACES: Final = re.compile(f"[{SPACE}]*")
_WORD: Final = re.compile(f'[^{SPACE}()"]*')
_NAME: Final = re.compile(f"[^{re.escape(''.join(sorted(NAME_STOPS)))}]*")
_VALUE_RUN: Final = re.compile(f"[^{re.escape(''.join(sorted(VALUE_STOPS)))}]*")
_KEYWORDS_BEGIN: Final = frozenset(word[0] for word in KEYWORDS)
_WHOLE: Final = re.compile("[0-9]{1,15}")
_Order: TypeAlias = Literal[">=", ">", "<=", "<"]
_Bound: TypeAlias = Literal["since", "until"]
_T = TypeVar("_T")


class QueryReader:
    """One reading of one text."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def fail(self, column: int, message: str, expected: str) -> NoReturn:
        raise QueryError(message, column, expected)

    def peek(self) -> str:
        return self.text[self.at] if self.at < len(self.text) else ""

    def skip(self) -> None:
        found = _SPACES.match(self.text, self.at)
        assert found is not None
        self.at = found.end()

    def run(self, until_stop: re.Pattern[str]) -> str:
        """The characters from here to one that the pattern does not take."""
        found = until_stop.match(self.text, self.at)
        assert found is not None
        return found[0]

    def keyword(self) -> str:
        """The keyword that stands here, else nothing."""
        if self.text[self.at : self.at + 1] not in _KEYWORDS_BEGIN:
            return ""
        word = self.run(_WORD)
        return word if word in KEYWORDS else ""

    def read(self) -> Node:
        """The whole query. Raises :class:`QueryError`."""
        if len(self.text) > LENGTH_LIMIT:
            self.fail(LENGTH_LIMIT, "the query is too long", "at most 4,000 characters")
        self.skip()
        if self.peek() == "":
            return And(())
        node = self.disjunction(0)
        if self.peek() == ")":
            self.fail(self.at, "this ) closes nothing", "a ( before it, or quotes around it")
        return node

    def disjunction(self, depth: int) -> Node:
        nodes = [self.conjunction(depth)]
        while self.keyword() == "OR":
            self.at += 2
            nodes.append(self.conjunction(depth))
        if len(nodes) == 1:
            return nodes[0]
        return Or(tuple(x for n in nodes for x in (n.nodes if isinstance(n, Or) else (n,))))

    def conjunction(self, depth: int) -> Node:
        nodes = [self.negation(depth)]
        self.skip()
        while self.peek() not in ("", ")") and (word := self.keyword()) != "OR":
            if word == "AND":
                self.at += 3
            nodes.append(self.negation(depth))
            self.skip()
        if len(nodes) == 1:
            return nodes[0]
        return And(tuple(x for n in nodes for x in (n.nodes if isinstance(n, And) else (n,))))

    def negation(self, depth: int) -> Node:
        self.skip()
        if self.keyword() == "NOT":
            start = self.at
            if depth >= DEPTH_LIMIT:
                self.fail(start, "this is nested too deep", "at most 50 levels")
            self.at += 3
            return Not(self.negation(depth + 1))
        if self.peek() != "-":
            return self.primary(depth)
        self.at += 1
        if self.peek() in ("", ")", "-") or self.peek() in SPACE:
            self.fail(self.at - 1, "this - excludes nothing", _EXCLUDE)
        if self.keyword() in ("AND", "OR", "NOT"):
            self.fail(self.at - 1, "this - excludes nothing", _EXCLUDE)
        return Not(self.primary(depth))

    def primary(self, depth: int) -> Node:
        char, start = self.peek(), self.at
        if char == "":
            self.fail(start, "the query ends too soon", _TERM)
        if char == ")":
            self.fail(start, "nothing stands before this )", _TERM)
        if char == "(":
            if depth >= DEPTH_LIMIT:
                self.fail(start, "this is nested too deep", "at most 50 levels")
            self.at += 1
            node = self.disjunction(depth + 1)
            if self.peek() != ")":
                self.fail(start, "this ( is never closed", "a ) after it, or quotes around it")
            self.at += 1
            return node
        if char == '"':
            phrase = self.quoted()
            if not phrase:
                self.fail(start, "this phrase is empty", "text between the quotes")
            return Search(Words(phrase))
        if char == "/":
            return Search(self.regex())
        word = self.keyword()
        if word in ("AND", "OR"):
            self.fail(start, f"nothing stands before this {word}", _TERM)
        if word == "none":
            self.at += 4
            return Nothing()
        field = self.field()
        if field is not None:
            return field
        text = self.run(_WORD)
        self.at += len(text)
        return Search(Words(text))

    def quoted(self) -> str:
        start = self.at
        self.at += 1
        out: list[str] = []
        while self.peek() != '"':
            if self.peek() == "":
                self.fail(start, 'this " is never closed', 'a closing "')
            if self.peek() == "\\" and self.text[self.at + 1 : self.at + 2] in ("\\", '"'):
                self.at += 1
            out.append(self.peek())
            self.at += 1
        self.at += 1
        return "".join(out)

    def regex(self) -> Pattern:
        start = self.at
        self.at += 1
        while self.peek() != "/":
            if self.peek() == "":
                expected = "a closing /, or quotes around text with a slash"
                self.fail(start, "this / begins a regex that never ends", expected)
            self.at += 2 if self.peek() == "\\" else 1
        source = self.text[start + 1 : self.at]
        self.at += 1
        flags = "i" if self.peek() == "i" else ""
        self.at += len(flags)
        if self.peek() and self.peek() not in VALUE_STOPS:
            expected = "a space, or the flag i; text with slashes goes in quotes"
            self.fail(self.at, "this cannot follow a regex", expected)
        if not source:
            self.fail(start, "this regex is empty", "a pattern between the slashes")
        read_regex(source, flags, start + 1)
        return Pattern(source, flags)

    def field(self) -> Node | None:
        """The field that begins here, or ``None`` where a word does."""
        start = self.at
        found = FIELD_START.match(self.text, start)
        if found is None:
            return None
        name = found[0]
        self.at = found.end()
        own = name == "fields."
        if own:
            name += self.own_name()
        op = next((op for op in _OPERATORS if self.text.startswith(op, self.at)), "")
        rest = self.text[self.at + 1 : self.at + 3]
        if not op or (
            not own
            and name not in _KNOWN
            and op == ":"
            and (not rest or rest[0] in SPACE or rest == "//")
        ):
            self.at = start  # text such as "ValueError: bad" or "http://host" is no field
            return None
        if name in ("fields", "fields."):
            self.fail(self.at, "the name of the field is missing", "a name, like fields.temp")
        if not own and name not in _KNOWN:
            self.fail(start, f"there is no field {name}", _FIELDS)
        if op == "!=":
            self.fail(self.at, "there is no !=", "- before the field and :, like -channel:psu")
        ordered = op not in (":", "=")
        if ordered and not own and name not in ("level", "seq"):
            self.fail(self.at, f"{name} cannot be compared with {op}", ":")
        self.at += len(op)
        if ordered:
            return Compare(name, cast(_Order, op), self.compared(name))
        if name in ("since", "until"):
            return Time(cast(_Bound, name), self.time())
        if name == "has":
            return Has(self.several(self.has))
        return Match(name, self.several(lambda: self.item(name)))

    def own_name(self) -> str:
        """The name of one of the entry's own fields."""
        if self.peek() == '"':
            return self.quoted()
        name = self.run(_NAME)
        self.at += len(name)
        return name

    def several(self, read: Callable[[], _T]) -> tuple[_T, ...]:
        """What ``read`` reads, once or more, with commas between."""
        items = [read()]
        while self.peek() == ",":
            self.at += 1
            items.append(read())
        self.end_value("a space or a comma")
        return tuple(items)

    def end_value(self, expected: str) -> None:
        if self.peek() and self.peek() not in SPACE and self.peek() not in "()":
            self.fail(self.at, "this cannot follow a value", expected)

    def value(self, expected: str) -> tuple[str, bool]:
        """A bare or quoted value, and whether it is quoted."""
        if self.peek() == '"':
            return self.quoted(), True
        text = self.run(_VALUE_RUN)
        if not text:
            self.fail(self.at, "a value is missing", expected)
        self.at += len(text)
        return text, False

    def compared(self, name: str) -> str:
        start = self.at
        expected = {"level": _LEVEL, "seq": "a whole number"}.get(name, _NUMBER)
        text, _ = self.value(expected)
        number = self.number(name, text)
        if number is None:
            self.fail(start, f"{text} is not possible here", expected)
        self.end_value("a space")
        return number

    def number(self, name: str, text: str) -> str | None:
        """The number that ``text`` stands for in a field, as it is kept in the tree."""
        if name == "level":
            return _LEVEL_NUMBERS.get(text.lower())
        pattern = _WHOLE if name == "seq" else NUMBER
        return text if pattern.fullmatch(text) else None

    def time(self) -> str:
        start = self.at
        text, _ = self.value(_TIME)
        when = canonical_time(text)
        if when is None:
            self.fail(start, f"{text} is no time", _TIME)
        self.end_value("a space")
        return when

    def has(self) -> str:
        start = self.at
        if self.text.startswith("fields.", start):
            self.at += len("fields.")
            own = self.own_name()
            if not own:
                self.fail(self.at, "the name of the field is missing", "a name, like fields.temp")
            return f"fields.{own}"
        name, _ = self.value(_HAS)
        if name not in _HAS_NAMES:
            self.fail(start, f"{name} is not possible here", _HAS)
        return name

    def item(self, name: str) -> Item:
        start = self.at
        if name in ("level", "seq"):
            return self.span(name)
        if self.peek() == "/":
            return self.regex()
        text, quoted = self.value(_EXPECTED.get(name, _VALUE))
        own = name.startswith("fields.")
        if not text and not own:
            self.fail(start, "a value is missing", _EXPECTED.get(name, _VALUE))
        if quoted or name in TEXTS:
            return Words(text)
        if own and is_range(text):
            low, _, high = text.partition("..")
            return Span(low or None, high or None)
        return Glob(text) if "*" in text else Words(text)

    def span(self, name: str) -> Span:
        start = self.at
        text, _ = self.value(_EXPECTED[name])
        low, dots, high = text.partition("..")
        numbers = [self.number(name, end) if end else None for end in (low, high)]
        missing = [not end for end in (low, high)]
        if [number is None for number in numbers] != missing or missing == [True, True]:
            self.fail(start, f"{text} is not possible here", _EXPECTED[name])
        if not dots:
            return Span(numbers[0], numbers[0])
        return Span(numbers[0], numbers[1])


def parse_tree(text: str) -> Node:
    """The tree of a query. Raises :class:`QueryError`."""
    return QueryReader(text).read()
