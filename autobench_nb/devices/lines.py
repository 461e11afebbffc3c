"""Line protocols, declared as data: what is asked, what the answer looks like, which fields it has. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from autobench_nb.errors import ConfigError

MAX_LINE_BYTES: Final = 65_536
"""What has no end after so many bytes is no line, and is let go."""


@dataclass(frozen=True, slots=True)
class LineField:
    """A part of an answer, named by a group of its pattern.

    Attributes:
        unit: Of its value; empty for texts.
        scale: What the number is multiplied with; None leaves the text as it is.
        words: Texts that stand for other values, such as ``{"1": "on", "0": "off"}``.
    """

    unit: str = ""
    scale: float | None = 1.0
    words: Mapping[str, Any] | None = None

    def read(self, text: str) -> Any:
        """The value of a text.

        Raises:
            ValueError: It is no number, or none of the words.
        """
        if self.words is not None:
            if text not in self.words:
                raise ValueError(f"{text!r} is none of {', '.join(map(repr, self.words))}")
            return self.words[text]
        if self.scale is None:
            return text
        number = float(text)
        # A whole number stays one where nothing is to be multiplied.
        return int(number) if self.scale == 1.0 and number.is_integer() else number * self.scale


@dataclass(frozen=True, slots=True)
class Exchange:
    """One question and its answer.

    Attributes:
        query: What is written, without the end of the line; empty where the device speaks by itself.
        reply: A regular expression that the whole line of the answer matches; its named groups are fields. Lines that
            do not match are passed over. Empty: no answer is waited for.
        fields: How the groups are read; a group that does not stand here is a number where it looks like one.
        error: A regular expression of lines by which the device refuses.

    ``{name}`` in ``query`` and ``reply`` stands for the argument of that name of an action; in ``reply`` as itself.
    """

    query: str = ""
    reply: str = ""
    fields: Mapping[str, LineField] = field(default_factory=dict)
    error: str = ""

    def filled(self, args: Mapping[str, Any]) -> Exchange:
        """The exchange with the arguments put in.

        Raises:
            ValueError: An argument holds the end of a line, by which it could say something else.
        """
        texts = {name: str(value) for name, value in args.items()}
        for name, text in texts.items():
            if any(ord(letter) < 32 for letter in text):
                raise ValueError(f"{name}={text!r} holds a control character")
        query, reply = self.query, self.reply
        for name, text in texts.items():
            query = query.replace(f"{{{name}}}", text)
            reply = reply.replace(f"{{{name}}}", re.escape(text))
        return Exchange(query, reply, self.fields, self.error)

    def match(self, line: str) -> dict[str, Any] | None:
        """The fields of a line; None where it is no answer to this.

        Raises:
            ValueError: The device refuses, or a field cannot be read.
        """
        if self.error and re.fullmatch(self.error, line):
            raise ValueError(f"it answered {line!r}")
        found = re.fullmatch(self.reply, line)
        if found is None:
            return None
        values = {}
        for name, text in found.groupdict().items():
            if text is not None:
                try:
                    values[name] = _read(self.fields.get(name), text)
                except ValueError as error:
                    raise ValueError(f"{name} in {line!r:.80}: {error}") from None
        return values


def _read(how: LineField | None, text: str) -> Any:
    if how is not None:
        return how.read(text)
    try:
        return LineField().read(text)
    except ValueError:
        return text


@dataclass(frozen=True, slots=True)
class LineAction:
    """An action of a line protocol.

    Attributes:
        exchange: What is said; ``{name}`` stands for an argument.
        about: One line for people.
        desired: What is wished for once it is done; ``{name}`` in keys and texts stands for an argument.
    """

    exchange: Exchange
    about: str = ""
    desired: Mapping[str, Any] = field(default_factory=dict)

    @property
    def args(self) -> tuple[str, ...]:
        """The names of its arguments, in the order in which the query has them."""
        texts = (self.exchange.query, *self.desired, *map(str, self.desired.values()))
        names = re.findall(r"\{([A-Za-z_]\w*)\}", " ".join(texts))
        return tuple(dict.fromkeys(names))

    def wishes(self, args: Mapping[str, Any]) -> dict[str, Any]:
        """What is wished for after it was done with these arguments."""
        return {_put(key, args): _put(value, args) for key, value in self.desired.items()}


def _put(text: Any, args: Mapping[str, Any]) -> Any:
    if not isinstance(text, str):
        return text
    for name, value in args.items():
        if text == f"{{{name}}}":
            return value
        text = text.replace(f"{{{name}}}", str(value))
    return text


@dataclass(frozen=True, slots=True, kw_only=True)
class LineProtocol:
    """How a device on a serial line is spoken with.

    Attributes:
        type: What such a device is.
        baud: Bits per second.
        end: What ends each line that is written.
        ends: Bytes any of which ends a line that is read.
        identify: The handshake: only who answers it is this device. Fields are kept as its identity.
        start: What is said after the handshake, such as to begin to sample.
        queries: What a probe asks; the fields of all answers together are what is observed.
        actions: What it can do.
        power: The quantity that is a power in watts.
        reply_s: Seconds that each answer may take.
    """

    type: str = "serial device"
    baud: int = 9_600
    end: str = "\r\n"
    ends: bytes = b"\r\n"
    identify: Exchange | None = None
    start: tuple[Exchange, ...] = ()
    queries: tuple[Exchange, ...] = ()
    actions: Mapping[str, LineAction] = field(default_factory=dict)
    power: str | None = None
    reply_s: float = 2.0

    def __post_init__(self) -> None:
        actions = [action.exchange for action in self.actions.values()]
        identify = [] if self.identify is None else [self.identify]
        for one in (*identify, *self.start, *self.queries, *actions):
            for pattern in (one.reply, one.error):
                try:
                    # Arguments are put in before it is matched: here they are any letter.
                    re.compile(re.sub(r"\{[A-Za-z_]\w*\}", "x", pattern))
                except re.error as error:
                    raise ConfigError("reply", pattern, f"a regular expression ({error})") from None

    @property
    def units(self) -> dict[str, str]:
        """The units of what is observed, by quantity."""
        return {
            name: how.unit
            for query in self.queries
            for name, how in query.fields.items()
            if how.unit
        }


class Framing:
    """Cuts what is read into lines; a line that never ends is let go.

    Args:
        ends: Bytes any of which ends a line.
    """

    def __init__(self, ends: bytes) -> None:
        self._ends = re.compile(b"[" + re.escape(ends) + b"]")
        self._held = b""

    def feed(self, data: bytes) -> Iterator[str]:
        """The lines that are complete with ``data``, without empty ones; what is no ASCII is shown as escapes."""
        *whole, self._held = self._ends.split(self._held + data)
        if len(self._held) > MAX_LINE_BYTES:
            self._held = b""
        for line in whole:
            text = line.decode("ascii", "backslashreplace").strip()
            if text:
                yield text

    def forget(self) -> None:
        """Let go of what is no whole line yet."""
        self._held = b""
