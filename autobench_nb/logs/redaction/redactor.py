"""Secrets never reach the ring.

Patterns are searched with RE2, whose time is linear in the text whatever the pattern, over all messages of a batch
joined by newlines: a batch without a hit costs one search. Only where that search hits are single entries looked at,
each by itself, so that no match ever spans two entries. A pattern that RE2 does not take is an error at start: falling
open is how secrets leak.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate
from typing import Any, Final

import re2

from autobench_nb.errors import ConfigError
from autobench_nb.logs.redaction.secrets import SECRETS, SENSITIVE_FIELDS
from autobench_nb.logs.text import clean

MARK: Final = "[redacted]"
_MARK = MARK.encode()
VARIABLE: Final = "LOG_REDACT_REGEX"

# What would match in an entry by itself, yet not in the joined text: anchors to the ends of the whole text, switched
# off multi-line mode, and quoting that could swallow what we put around the pattern.
_ONLY_ALONE = re.compile(r"\\[AzQ]|\(\?[a-zA-Z]*-")
_LEAPING = re.compile(r"(?:\(\?i\))?[A-Za-z0-9_:/=@-]{2,}(?![*?+{|])")
_LOOKED_AT_SINGLY: Final = 16
"""Entries of which one may have a secret among its fields, and which are then looked at one by one."""
_PROBES = (
    "",
    "\n",
    "a\nb",
    *(chr(code) for code in range(128)),
    *(f" {chr(c)} " for c in range(33, 127)),
)


class _Rule:
    """One pattern. ``alone``: it must be searched entry by entry. With a group, the group is what is replaced."""

    __slots__ = ("_expression", "_group", "alone", "hint")

    def __init__(self, expression: Any, hint: str, group: int, alone: bool) -> None:
        self._expression = expression
        self._group = group
        self.hint = hint
        self.alone = alone

    def spans(self, data: bytes) -> list[tuple[int, int]]:
        group = self._group
        found = (match.span(group) for match in self._expression.finditer(data))
        return [(start, stop) for start, stop in found if stop > start]


class Redactor:
    """Replaces what matches ``patterns`` (RE2 syntax) with ``[redacted]``; ``secrets`` adds the built-in set,
    ``literals`` texts that are secret as they stand (ASCII).

    Raises :class:`ConfigError` naming ``LOG_REDACT_REGEX`` for a pattern that RE2 refuses, with RE2's reason, and for
    one that matches the empty text. Immutable, and safe to use from any thread.
    """

    def __init__(
        self, patterns: Iterable[str] = (), secrets: bool = False, literals: Iterable[str] = ()
    ) -> None:
        given = [patterns] if isinstance(patterns, str) else list(patterns)
        self.patterns: tuple[str, ...] = tuple(given)
        self.secrets = secrets
        self._rules = [_user_rule(pattern) for pattern in given]
        if secrets:
            self._rules += [
                _Rule(_compile(secret.pattern), secret.hint, secret.group, alone=False)
                for secret in SECRETS
            ]
        for literal in literals:
            pattern = _quoted(literal)
            self._rules.append(_Rule(_compile(pattern), pattern, 0, alone=False))
        self._searches = _searches([rule.hint for rule in self._rules if not rule.alone])
        self._has_alone = any(rule.alone for rule in self._rules)

    def __bool__(self) -> bool:
        return bool(self._rules)

    def text(self, text: str) -> str:
        """One text with every secret in it replaced; text that UTF-8 cannot carry comes back escaped."""
        try:
            data = text.encode()
        except UnicodeEncodeError:
            text = clean(text)
            data = text.encode()
        redacted = self._redact(data)
        return text if redacted is data else redacted.decode()

    def batch(self, messages: Sequence[str], joined: bytes | None = None) -> Sequence[str]:
        """The messages, each as :meth:`text` gives it; ``messages`` itself where nothing was found.

        ``joined`` is their UTF-8, joined by newlines, where the caller has it already.
        """
        if self._has_alone:
            return [self.text(message) for message in messages]
        data = "\n".join(messages).encode() if joined is None else joined
        if not any(search.search(data) for search in self._searches):
            return messages
        result = list(messages)
        for index in self._matching_messages(result, data):
            result[index] = self.text(result[index])
        return result

    def fields(self, fields: Mapping[str, Any]) -> Mapping[str, Any]:
        """Flat fields with every secret replaced, in names, in texts and numbers, and where ``name=value`` is one.

        With the built-in set, the value of a field called like a secret (``password``, ``api_key`` ...) is replaced.
        """
        if not self._may_have_secrets((fields,)):
            return fields
        result: dict[str, Any] = {}
        changed = False
        for name, value in fields.items():
            new_name = self.text(name)
            new_value = self._field(name, value)
            changed = changed or new_name is not name or new_value is not value
            result[new_name] = new_value
        return result if changed else fields

    def fields_batch(self, batch: Sequence[Mapping[str, Any]]) -> Sequence[Mapping[str, Any]]:
        """Flat fields of many entries, each as :meth:`fields` gives them; ``batch`` itself where nothing was found."""
        if not self._may_have_secrets(batch):
            return batch
        if len(batch) <= _LOOKED_AT_SINGLY:
            return [self.fields(fields) for fields in batch]
        half = len(batch) // 2
        return [*self.fields_batch(batch[:half]), *self.fields_batch(batch[half:])]

    def _may_have_secrets(self, batch: Sequence[Mapping[str, Any]]) -> bool:
        """Whether one search of all names and values together finds something; too often rather than too seldom."""
        if not self._rules:
            return False
        names = set().union(*batch)
        if self._has_alone or (self.secrets and any(map(SENSITIVE_FIELDS.search, names))):
            return True
        pairs = (f"{name}={value}\n{value}" for fields in batch for name, value in fields.items())
        try:
            data = "\n".join([*names, *pairs]).encode()
        except UnicodeEncodeError:
            return True
        return any(search.search(data) for search in self._searches)

    def _field(self, name: str, value: Any) -> Any:
        if value is None or isinstance(value, bool):
            return value
        if self.secrets and SENSITIVE_FIELDS.search(name):
            return MARK
        text = value if isinstance(value, str) else repr(value)
        redacted = self.text(text)
        if redacted != text:
            return redacted
        pair = f"{clean(name)}={text}".encode()
        reach = len(pair) - len(text.encode())
        if any(stop > reach for rule in self._rules for _, stop in rule.spans(pair)):
            return MARK
        return value

    def _redact(self, data: bytes) -> bytes:
        spans = sorted(span for rule in self._rules for span in rule.spans(data))
        if not spans:
            return data
        pieces: list[bytes] = []
        done = 0
        for start, stop in spans:
            if start >= done:  # else it overlaps the one before: one mark for both
                pieces += (data[done:start], _MARK)
            done = max(done, stop)
        pieces.append(data[done:])
        return b"".join(pieces)

    def _matching_messages(self, messages: Sequence[str], data: bytes) -> list[int]:
        """Indexes of the messages that a match in the joined text touches, in order.

        After each match the search goes on at the next message's start, not at the match's end, so that a match
        that reached over a join cannot hide one that begins inside.
        """
        rows_at = _Rows(messages, data)
        suspects: set[int] = set()
        for search in self._searches:
            position = 0
            while (match := search.search(data, position)) is not None:
                first, last = rows_at(match.start()), rows_at(match.end())
                suspects.update(range(first, last + 1))
                position = rows_at.end(last, match.end())
                if position > len(data):
                    break
        return sorted(suspects)


class _Rows:
    """Which message stands at an offset of the joined text; joins belong to the message before them."""

    def __init__(self, messages: Sequence[str], data: bytes) -> None:
        self._data = data
        self._ends: list[int] | None = None
        if data.count(b"\n") != len(messages) - 1:  # some have newlines of their own: count each
            self._ends = list(accumulate(len(message.encode()) + 1 for message in messages))

    def __call__(self, offset: int) -> int:
        if self._ends is None:
            return self._data.count(b"\n", 0, offset)
        return min(bisect_right(self._ends, offset), len(self._ends) - 1)

    def end(self, row: int, offset: int) -> int:
        """Where the message after ``row``, in which ``offset`` lies, begins; beyond the text after the last."""
        if self._ends is not None:
            return self._ends[row]
        join = self._data.find(b"\n", offset)
        return len(self._data) + 1 if join < 0 else join + 1


def _quoted(literal: str) -> str:
    """A pattern for exactly this text."""
    return "".join(
        character if character.isalnum() else f"\\x{ord(character):02x}" for character in literal
    )


def _options(capture: bool) -> Any:
    options = re2.Options()
    options.log_errors = False
    options.never_capture = not capture
    options.max_mem = 64 * 1024 * 1024
    return options


def _compile(pattern: str) -> Any:
    return re2.compile(pattern, _options(capture=True))


def _user_rule(pattern: str) -> _Rule:
    if not isinstance(pattern, str):
        raise ConfigError(VARIABLE, pattern, "a pattern in RE2 syntax, as text")
    try:
        expression = _compile(pattern)
    except re2.error as error:
        reason = error.args[0] if error.args else error
        said = reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)
        raise ConfigError(
            VARIABLE, pattern, f"a pattern in RE2 syntax, and RE2 refuses this one: {said}"
        ) from None
    except UnicodeEncodeError:
        raise ConfigError(
            VARIABLE, pattern, "a pattern in RE2 syntax, without lone surrogates"
        ) from None
    for probe in _PROBES:
        if any(match.end() == match.start() for match in expression.finditer(probe.encode())):
            raise ConfigError(
                VARIABLE,
                pattern,
                "a pattern that matches something: this one matches the empty text",
            )
    return _Rule(expression, pattern, 0, alone=_ONLY_ALONE.search(pattern) is not None)


def _searches(hints: Sequence[str]) -> list[Any]:
    """What the joined text is searched for, one after the other.

    A pattern that begins with letters of its own is searched alone, since RE2 then leaps from one such beginning to the
    next; the others go together in one expression where they can. Multi-line, so that an anchor matches at each
    entry's ends, and perhaps within one: too many, never too few.
    """
    wider = [hint.removeprefix(r"\b") for hint in hints]
    leaping = [hint for hint in wider if _LEAPING.match(hint) and "|" not in hint]
    others = [hint for hint in wider if hint not in leaping]
    expressions = list(leaping)
    if others:
        together = "|".join(f"(?:{hint})" for hint in others)
        try:
            return [_search(expression) for expression in [*expressions, together]]
        except re2.error:  # the same group name in two patterns, or too large together
            expressions += others
    return [_search(expression) for expression in expressions]


def _search(expression: str) -> Any:
    return re2.compile(f"(?m)(?:{expression})", _options(capture=False))
