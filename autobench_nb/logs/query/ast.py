"""What a log query says, as a tree, and its canonical printing: parsing what is printed gives the same tree."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final, Literal, TypeAlias

from msgspec import Struct

from autobench_nb.contract import levels as contract

KEYWORDS: Final = frozenset({"AND", "OR", "NOT", "none"})
NAMES: Final = ("channel", "logger", "job", "step", "device")
"""Fields that hold the name of something; compared whole and exactly."""
TEXTS: Final = ("message", "exc")
"""Fields that are searched as text."""
SPACE: Final = " \t\n\r\f\v\u00a0"
LEVELS: Final = {number: name for name, number in contract.LEVELS.items()}


# A tree has no circle: the garbage collector need not visit the thousands of nodes of long queries.


class Words(Struct, frozen=True, gc=False):
    """Text to find anywhere, whatever the case of its letters."""

    text: str


class Pattern(Struct, frozen=True, gc=False):
    """A regex: ``source`` as written between the slashes, ``flags`` empty or ``i``."""

    source: str
    flags: str = ""


class Glob(Struct, frozen=True, gc=False):
    """A whole value in which each ``*`` stands for any text."""

    text: str


class Span(Struct, frozen=True, gc=False):
    """Numbers from ``low`` to ``high``, both included, as written; ``None`` is open. One number is its own span."""

    low: str | None
    high: str | None


Item: TypeAlias = Words | Pattern | Glob | Span


class Search(Struct, frozen=True, gc=False):
    """``Words`` or a ``Pattern`` found in the message or the traceback."""

    item: Words | Pattern


class Match(Struct, frozen=True, gc=False):
    """``field:item,item``: one of the items fits. Fields of the entry's own begin with ``fields.``."""

    field: str
    items: tuple[Item, ...]


class Compare(Struct, frozen=True, gc=False):
    """``field>=number``; a level's number is 10 to 50."""

    field: str
    op: Literal[">=", ">", "<=", "<"]
    number: str


class Time(Struct, frozen=True, gc=False):
    """``since:when`` (from then on) or ``until:when`` (before then); ``when`` is canonical, see query_time."""

    bound: Literal["since", "until"]
    when: str


class Has(Struct, frozen=True, gc=False):
    """``has:name,name``: the entry has one of them."""

    names: tuple[str, ...]


class Nothing(Struct, frozen=True, gc=False):
    """``none``: no entry."""


class Not(Struct, frozen=True, gc=False):
    """What does not match ``node``."""

    node: Node


class And(Struct, frozen=True, gc=False):
    """All of ``nodes`` match; none at all: every entry matches."""

    nodes: tuple[Node, ...]


class Or(Struct, frozen=True, gc=False):
    """One of ``nodes`` matches."""

    nodes: tuple[Node, ...]


Node: TypeAlias = Search | Match | Compare | Time | Has | Nothing | Not | And | Or

FIELD_START: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(?=[:=<>]|!=)|fields\.")
"""What begins like a field rather than a word."""
NUMBER: Final = re.compile(r"-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
RANGE: Final = re.compile(rf"({NUMBER.pattern})?\.\.({NUMBER.pattern})?")
NAME_STOPS: Final = frozenset(SPACE + '()":=<>!,')
VALUE_STOPS: Final = frozenset(SPACE + '(),"')


def quote(text: str) -> str:
    """``text`` in quotes, so that it is read as it is."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def print_words(text: str) -> str:
    """A word where it can stand alone, else a phrase."""
    bare = (
        text
        and text[0] not in "-/"
        and text not in KEYWORDS
        and not FIELD_START.match(text)
        and not any(char in SPACE or char in '()"' for char in text)
    )
    return text if bare else quote(text)


def print_value(text: str, special: Callable[[str], bool] = lambda _: False) -> str:
    """A value where it can stand alone, else in quotes; ``special`` tells what would be read as something else."""
    bare = (
        text
        and text[0] != "/"
        and "*" not in text
        and not special(text)
        and VALUE_STOPS.isdisjoint(text)
    )
    return text if bare else quote(text)


def _print_item(field: str, item: Item) -> str:
    if isinstance(item, Pattern):
        return f"/{item.source}/{item.flags}"
    if isinstance(item, Glob):
        return item.text
    if isinstance(item, Words):
        ranged = field.startswith("fields.")
        return print_value(item.text, (lambda text: bool(is_range(text))) if ranged else _never)
    if item.low is not None and item.low == item.high:
        return _print_number(field, item.low)
    low = "" if item.low is None else _print_number(field, item.low)
    high = "" if item.high is None else _print_number(field, item.high)
    return f"{low}..{high}"


def _never(_: str) -> bool:
    return False


def is_range(text: str) -> bool:
    """Whether this is ``low..high`` with at least one of the two."""
    return len(text) > 2 and RANGE.fullmatch(text) is not None


def _print_number(field: str, number: str) -> str:
    return LEVELS[int(number)] if field == "level" else number


def print_name(field: str) -> str:
    """A field's name; of the entry's own fields, in quotes where it needs them."""
    if not field.startswith("fields."):
        return field
    name = field[len("fields.") :]
    return f"fields.{name}" if name and NAME_STOPS.isdisjoint(name) else f"fields.{quote(name)}"


def print_node(node: Node, parent: Literal["top", "and", "not"] = "top") -> str:
    """The canonical text of a node inside ``parent``."""
    match node:
        case Search(item):
            return print_words(item.text) if isinstance(item, Words) else _print_item("", item)
        case Match(field, items):
            return f"{print_name(field)}:{','.join(_print_item(field, item) for item in items)}"
        case Compare(field, op, number):
            return f"{print_name(field)}{op}{_print_number(field, number)}"
        case Time(bound, when):
            return f"{bound}:{when}"
        case Has(names):
            return f"has:{','.join(print_name(name) for name in names)}"
        case Nothing():
            return "none"
        case Not(inner):
            text = f"-{print_node(inner, 'not')}"
            return f"({text})" if parent == "not" else text
        case And(nodes):
            text = " ".join(print_node(inner, "and") for inner in nodes)
            return f"({text})" if parent == "not" else text
        case Or(nodes):
            text = " OR ".join(print_node(inner) for inner in nodes)
            return text if parent == "top" else f"({text})"
