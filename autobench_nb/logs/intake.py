"""The open end of a ring: accepted entries become clean, redacted, coded columns of Python lists."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from autobench_nb.logs.channels import Channels
from autobench_nb.logs.columns import CHUNK_ROWS, Chunk, Source
from autobench_nb.logs.entry import Level
from autobench_nb.logs.redaction import Redactor
from autobench_nb.logs.text import MESSAGE_LIMIT, clean, cut_exc, cut_message, dump_fields

SEAL_CHARACTERS: Final = 4 * 1024 * 1024
"""An open end with more text than this is sealed before it has a chunk's rows, so that eviction frees it."""
SOURCES_KEPT: Final = 256
"""Sources that the next chunk takes over; with more the table starts anew, since most will not come again."""


class Rare:
    """What only some entries have, in the place of the entry's key."""

    __slots__ = ("exc", "fields", "key")

    def __init__(
        self, key: tuple[Any, ...], fields: Mapping[str, Any] | None, exc: str | None
    ) -> None:
        self.key = key
        self.fields = fields
        self.exc = exc


class Intake:
    """Columns of the newest entries. Not thread-safe: the ring's lock guards it.

    :meth:`take` may be interrupted at any point; only what ``count`` covers is there.
    """

    def __init__(
        self,
        channels: Channels,
        redactor: Redactor,
        codes_of: dict[Any, int] | None = None,
        sources: list[Source] | None = None,
    ) -> None:
        self._channels = channels
        self._redactor = redactor
        self._code_of = {} if codes_of is None else codes_of
        self._sources = [] if sources is None else sources
        self._source_code = {source: code for code, source in enumerate(self._sources)}
        self._times: list[float] = []
        self._codes: list[int] = []
        self._messages: list[str] = []
        self._fields: dict[int, bytes] = {}
        self._excs: dict[int, str] = {}
        self._characters = 0
        self._taking = False
        self.count = 0

    @property
    def ripe(self) -> bool:
        """Whether there is enough to seal a chunk."""
        return self.count >= CHUNK_ROWS or (self._characters > SEAL_CHARACTERS and self.count > 0)

    def take(self, batch: Sequence[tuple[float, str, Any]]) -> int:
        """Add ``(seconds, message, key)`` entries; returns what ``count`` is to become."""
        if self._taking or len(self._times) > self.count:
            self._forget_uncounted()
        self._taking = True
        try:
            times, messages, keys, joined = _columns(batch)
            codes = list(map(self._code_of.get, keys))
        except (
            TypeError,
            UnicodeEncodeError,
        ):  # something that is no text, or no UTF-8: look at each
            times, messages, keys, joined = _columns([_tidy(entry) for entry in batch])
            codes = list(map(self._code_of.get, keys))
        base = self.count
        if None in codes:
            for row, code in enumerate(codes):
                if code is None:
                    codes[row] = self._new(keys[row], base + row)
        if self._redactor:
            messages = self._redactor.batch(messages, joined)
        if len(joined) > MESSAGE_LIMIT:
            messages = [cut_message(message) for message in messages]
        self._times.extend(times)
        self._codes.extend(codes)  # type: ignore[arg-type]  # no None is left in it
        self._messages.extend(messages)
        self._characters += len(joined)
        self._taking = False
        return base + len(messages)

    def _forget_uncounted(self) -> None:
        """Undo what an interrupted :meth:`take` has left."""
        count = self.count
        for column in (self._times, self._codes, self._messages):
            del column[count:]
        for rare in (self._fields, self._excs):
            for row in [row for row in rare if row >= count]:
                del rare[row]

    def _new(self, key: Any, row: int) -> int:
        """The code of a key that was not seen before; a rare one leaves its fields and traceback at ``row``."""
        if type(key) is Rare:
            if key.fields:
                self._fields[row] = dump_fields(self._redactor.fields(key.fields))
            if key.exc:
                self._excs[row] = cut_exc(self._redactor.text(key.exc))
            return self._code(key.key)
        return self._code(key)

    def _code(self, key: tuple[Any, ...]) -> int:
        code = self._code_of.get(key)
        if code is None:
            source = self._source(*key)
            code = self._source_code.get(source)
            if code is None:
                self._sources.append(source)
                code = self._source_code[source] = len(self._sources) - 1
            self._code_of[key] = code
        return code

    def _source(self, channel: Any, level: Any, *names: Any) -> Source:
        text = self._redactor.text
        cleaned = (None if name is None else text(clean(name)) for name in names)
        return Source(self._channels.get(text(clean(channel))).name, Level.parse(level), *cleaned)

    def seal(self, first_seq: int) -> tuple[Chunk, Intake]:
        """The oldest rows as a chunk, and an intake with what is left. This one is not to be used again."""
        rows = min(self.count, CHUNK_ROWS)
        chunk = self.copy(first_seq, 0, rows)
        codes = self._codes[rows : self.count]
        if len(self._sources) <= SOURCES_KEPT:
            rest = Intake(self._channels, self._redactor, self._code_of, self._sources)
        else:
            used = sorted(set(codes))
            rest = Intake(
                self._channels, self._redactor, {}, [self._sources[code] for code in used]
            )
            new_code = {code: new for new, code in enumerate(used)}
            codes = [new_code[code] for code in codes]
        rest._times = self._times[rows : self.count]
        rest._codes = codes
        rest._messages = self._messages[rows : self.count]
        rest._fields = {row - rows: data for row, data in self._fields.items() if row >= rows}
        rest._excs = {row - rows: text for row, text in self._excs.items() if row >= rows}
        rest._characters = sum(map(len, rest._messages)) if rest._messages else 0
        rest.count = self.count - rows
        return chunk, rest

    def copy(self, first_seq: int, start: int, stop: int) -> Chunk:
        """Rows ``start`` to ``stop`` as a chunk of its own; ``first_seq`` is the seq of row 0."""
        return Chunk(
            first_seq + start,
            self._times[start:stop],
            self._codes[start:stop],
            self._messages[start:stop],
            tuple(self._sources),
            {row - start: data for row, data in self._fields.items() if start <= row < stop},
            {row - start: text for row, text in self._excs.items() if start <= row < stop},
        )


def _columns(
    batch: Sequence[tuple[float, str, Any]],
) -> tuple[Sequence[float], Sequence[str], Sequence[Any], bytes]:
    times, messages, keys = zip(*batch, strict=True)
    return times, messages, keys, "\n".join(messages).encode()


def _tidy(entry: tuple[Any, Any, Any]) -> tuple[float, str, Any]:
    seconds, message, key = entry
    inner = key.key if type(key) is Rare else key
    channel, level, *names = inner
    plain = (clean(channel), level, *(None if name is None else clean(name) for name in names))
    return (
        seconds,
        clean(message),
        Rare(plain, key.fields, key.exc) if type(key) is Rare else plain,
    )
