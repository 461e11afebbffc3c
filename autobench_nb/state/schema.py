"""Rules: what may stand at a pointer, made from the TypedDicts of the model, so that types are written once.

Records are open: the fields that the model names are checked, others may stand beside them. A rule *validates* a value:
it gives back a frozen copy, or raises :class:`ValueRefused`.
"""

from __future__ import annotations

import types
import typing
from collections.abc import Callable, Mapping
from enum import StrEnum
from sys import intern
from typing import Any, Final, NotRequired

from autobench_nb.state.values import MAX_INTEGER, ValueRefused, freeze, key_of, kind_of, shown


class Rule:
    """Any JSON value. ``words`` say in an error what the rule takes."""

    words = "any JSON value"
    fields: Mapping[str, Rule] = types.MappingProxyType({})
    required: frozenset[str] = frozenset()
    closed = False

    @property
    def item(self) -> Rule:
        """The rule of every part that is no named field."""
        return ANY

    def validated(self, value: Any, room: int) -> Any:
        """A frozen copy of ``value``, at most ``room`` levels deep."""
        return freeze(value, room)

    def validated_part(self, value: Any, room: int) -> Any:
        """As :meth:`validated`, for a value to be merged, where required fields may be missing."""
        return self.validated(value, room)

    def below(self, part: str) -> Rule:
        """The rule for the value at ``part`` of what this rule governs."""
        rule = self.fields.get(part)
        if rule is not None:
            return rule
        if self.closed:
            raise ValueRefused(f"there is no such slice: the state has {', '.join(self.fields)}")
        return self.item


ANY: Final = Rule()


class Kind(Rule):
    """One of some scalar types."""

    def __init__(self, words: str, *kinds: type) -> None:
        self.words = words
        self._kinds = frozenset(kinds)

    def validated(self, value: Any, room: int) -> Any:
        """A frozen scalar of this kind."""
        frozen = freeze(value, room)
        if frozen.__class__ in self._kinds:
            return frozen
        raise _wrong(value, self.words)


class Text(Rule):
    """Text: apart, since it is the most frequent."""

    words = "text"

    def validated(self, value: Any, room: int) -> Any:
        """Frozen text."""
        if type(value) is str and value.isascii():
            return value
        frozen = freeze(value, room)
        if frozen.__class__ is str:
            return frozen
        raise _wrong(value, self.words)


class Number(Rule):
    """A number; a truth value is none."""

    words = "a number"

    def validated(self, value: Any, room: int) -> Any:
        """A frozen number."""
        if type(value) is int and -MAX_INTEGER <= value <= MAX_INTEGER:
            return value
        frozen = freeze(value, room)
        if frozen.__class__ is float or frozen.__class__ is int:
            return frozen
        raise _wrong(value, self.words)


class Choice(Rule):
    """One of some texts."""

    def __init__(self, choices: type[StrEnum]) -> None:
        self._choices = frozenset(choice.value for choice in choices)
        self.words = "one of " + ", ".join(choice.value for choice in choices)

    def validated(self, value: Any, room: int) -> Any:
        """The chosen text."""
        frozen = freeze(value, room)
        if frozen.__class__ is str and frozen in self._choices:
            return frozen
        raise ValueRefused(f"{shown(value, 60)} cannot stand here: give {self.words}")


class Nullable(Rule):
    """A scalar rule, or ``None``."""

    def __init__(self, rule: Rule) -> None:
        self._rule = rule
        self.words = f"{rule.words} or null"

    def validated(self, value: Any, room: int) -> Any:
        """What the other rule accepts, or ``None``."""
        return None if value is None else self._rule.validated(value, room)


class ListOf(Rule):
    """A list whose items follow one rule."""

    words = "a list"

    def __init__(self, item: Rule) -> None:
        self._item = item

    @property
    def item(self) -> Rule:
        """The items' rule."""
        return self._item

    def validated(self, value: Any, room: int) -> Any:
        """A frozen list."""
        if not isinstance(value, list | tuple):
            raise _wrong(value, self.words)
        if self._item is ANY or room <= 0:
            return freeze(value, room)
        frozen = []
        for position, item in enumerate(value):
            try:
                frozen.append(self._item.validated(item, room - 1))
            except ValueRefused as refused:
                raise refused.at(position) from None
        return frozen


class MapOf(Rule):
    """An object of any keys, whose values follow one rule."""

    words = "an object"

    def __init__(self, item: Rule) -> None:
        self._item = item

    @property
    def item(self) -> Rule:
        """The values' rule."""
        return self._item

    def validated(self, value: Any, room: int) -> Any:
        """A frozen object."""
        return self._each(value, room, self._item.validated)

    def validated_part(self, value: Any, room: int) -> Any:
        """A frozen object of parts."""
        return self._each(value, room, self._item.validated_part)

    def _each(self, value: Any, room: int, validated: Callable[[Any, int], Any]) -> Any:
        if not isinstance(value, Mapping):
            raise _wrong(value, self.words)
        if room <= 0:
            return freeze(value, room)
        frozen = {}
        for key, item in value.items():
            try:
                frozen[key_of(key)] = validated(item, room - 1)
            except ValueRefused as refused:
                raise refused.at(key) from None
        return frozen


class Record(Rule):
    """An object with named fields, open to others unless ``closed``."""

    words = "an object"

    def __init__(
        self, fields: Mapping[str, Rule], required: frozenset[str], closed: bool = False
    ) -> None:
        self.fields = fields
        self.required = required
        self.closed = closed
        # Most fields have no parts of their own: they are asked without a detour. With the name as it is kept, so that
        # no known key is looked at any closer.
        self._parts = {
            name: (
                intern(name),
                rule.validated
                if type(rule).validated_part is Rule.validated_part
                else rule.validated_part,
            )
            for name, rule in fields.items()
        }

    def validated(self, value: Any, room: int) -> Any:
        """A frozen object with every required field."""
        if not isinstance(value, Mapping):
            raise _wrong(value, self.words)
        if room <= 0:
            return freeze(value, room)
        fields = self.fields
        frozen = {}
        for key, item in value.items():
            try:
                name = key_of(key)
                frozen[name] = (fields.get(name) or self.below(name)).validated(item, room - 1)
            except ValueRefused as refused:
                raise refused.at(key) from None
        if not self.required <= frozen.keys():
            absent = ", ".join(sorted(self.required - frozen.keys()))
            raise ValueRefused(f"it lacks {absent}: give them too, or use merge")
        return frozen

    def validated_part(self, value: Any, room: int) -> Any:
        """A frozen object with some of the fields."""
        if not isinstance(value, Mapping):
            raise _wrong(value, self.words)
        if room <= 0:
            return freeze(value, room)
        parts = self._parts
        below = room - 1
        frozen = {}
        for key, item in value.items():
            try:
                known = parts.get(key)
                if known is not None:
                    frozen[known[0]] = known[1](item, below)
                    continue
                name = key_of(key)
                frozen[name] = self.below(name).validated_part(item, below)
            except ValueRefused as refused:
                raise refused.at(key) from None
        return frozen


def _wrong(value: object, words: str) -> ValueRefused:
    return ValueRefused(f"{kind_of(value)} ({shown(value)}) cannot stand here: give {words}")


_SCALARS: Final[Mapping[Any, Rule]] = {
    str: Text(),
    int: Kind("a whole number", int),
    float: Number(),
    bool: Kind("true or false", bool),
}


def rule_of(hint: Any, *, closed: bool = False) -> Rule:
    """The rule that a type hint of the model says: scalars, enums, ``X | None``, lists, dicts, TypedDicts, ``Any``."""
    if hint is Any:
        return ANY
    if hint in _SCALARS:
        return _SCALARS[hint]
    origin = typing.get_origin(hint)
    arguments = typing.get_args(hint)
    if origin is list:
        return ListOf(rule_of(arguments[0]))
    if origin is dict:
        return MapOf(rule_of(arguments[1]))
    if (
        origin in (types.UnionType, typing.Union)
        and len(arguments) == 2
        and type(None) in arguments
    ):
        return Nullable(rule_of(next(one for one in arguments if one is not type(None))))
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return Choice(hint)
    if typing.is_typeddict(hint):
        fields = {name: rule_of(field) for name, field in typing.get_type_hints(hint).items()}
        # Not __required_keys__: where annotations are text it takes NotRequired for required.
        marked = typing.get_type_hints(hint, include_extras=True).items()
        optional = {name for name, field in marked if typing.get_origin(field) is NotRequired}
        required = fields.keys() - optional if hint.__total__ else ()
        return Record(fields, frozenset(required), closed)
    raise TypeError(f"the schema knows no rule for {hint!r}")
