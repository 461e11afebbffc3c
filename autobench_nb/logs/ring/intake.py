"""The open end of a ring: accepted entries become clean, redacted, coded columns of Python lists."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from autobench_nb.lazy import LazyModule
from autobench_nb.logs.channels import Channels
from autobench_nb.logs.entry import Level
from autobench_nb.logs.redaction.redactor import Redactor
from autobench_nb.logs.ring.columns import CHUNK_ROWS, Chunk, EntrySource
from autobench_nb.logs.ring.inbox import Key, Rare
from autobench_nb.logs.text import (
    MESSAGE_LIMIT,
    clean,
    clean_name,
    cut_exc,
    cut_message,
    dump_fields,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
else:
    np = LazyModule("numpy")

SEAL_CHARACTERS: Final = 4 * 1024 * 1024
"""An open end with more text than this is sealed before it has a chunk's rows, so that eviction frees it."""
SOURCES_KEPT: Final = 256
"""Sources that the next chunk takes over; with more the table starts anew, since most will not come again."""


class Intake:
    """Columns of the newest entries, room for one chunk. Not thread-safe: the ring's lock guards it.

    :meth:`take` may be interrupted at any point; only what ``count`` covers is there. Rows are written once, so that
    a chunk may show a part of the columns while more rows come.
    """

    def __init__(
        self,
        channels: Channels,
        redactor: Redactor,
        code_of: dict[Any, int] | None = None,
        sources: list[EntrySource] | None = None,
    ) -> None:
        self._channels = channels
        self._redactor = redactor
        self._code_of = {} if code_of is None else code_of
        self._sources = [] if sources is None else sources
        self._source_code = {source: code for code, source in enumerate(self._sources)}
        self._messages: list[str] = []
        self._fields: dict[int, bytes] = {}
        self._excs: dict[int, str] = {}
        self._longs: list[int] = []
        self._characters = 0
        self._taking = False
        self.count = 0

    # Made by the first entry: until then nobody needs NumPy.
    @cached_property
    def _ts(self) -> NDArray[np.int64]:
        return np.empty(CHUNK_ROWS, np.int64)

    @cached_property
    def _codes(self) -> NDArray[np.uint16]:
        return np.empty(CHUNK_ROWS, np.uint16)

    @property
    def room(self) -> int:
        """How many more entries can be taken."""
        return CHUNK_ROWS - self.count

    @property
    def is_full(self) -> bool:
        """Whether there is enough to seal a chunk."""
        return self.count == CHUNK_ROWS or (self._characters > SEAL_CHARACTERS and self.count > 0)

    def take(self, batch: Sequence[tuple[float, str, Any]]) -> int:
        """Add ``(seconds, message, key)`` entries, at most ``room``; returns what ``count`` is to become."""
        if self._taking or len(self._messages) > self.count:
            self._forget_uncounted()
        self._taking = True
        try:
            times, messages, keys, joined = _columns(batch)
            codes = self._codes_of(keys)
        except (TypeError, UnicodeEncodeError):
            # Something is no text, or no UTF-8, or not hashable: look at each.
            times, messages, keys, joined = _columns([_tidy(entry) for entry in batch])
            codes = self._codes_of(keys)
        if self._redactor:
            messages = self._redactor.batch(messages, joined)
        if len(joined) > MESSAGE_LIMIT:
            messages = [cut_message(message) for message in messages]
        count = self.count + len(messages)
        rows = slice(self.count, count)
        seconds = np.fromiter(times, np.float64, len(times))
        self._ts[rows] = np.rint(np.multiply(seconds, 1e6, out=seconds), out=seconds)
        self._codes[rows] = np.fromiter(codes, np.uint16, len(codes))
        self._messages.extend(messages)
        self._characters += len(joined)
        self._taking = False
        return count

    def _forget_uncounted(self) -> None:
        """Undo what an interrupted :meth:`take` has left."""
        count = self.count
        del self._messages[count:]
        for rare in (self._fields, self._excs):
            for row in [row for row in rare if row >= count]:
                del rare[row]
        self._longs = [row for row in self._longs if row < count]

    def _codes_of(self, keys: Sequence[Any]) -> list[int]:
        """The code of each key; a rare one leaves what it carries at its row."""
        code_of = self._code_of
        try:
            return list(map(code_of.__getitem__, keys))
        except KeyError:  # at least one is new or rare
            rares = [(row, key) for row, key in enumerate(keys, self.count) if type(key) is Rare]
            self._add_rares(rares)
            codes = []
            for key in keys:
                if type(key) is Rare:
                    key = key.key
                code = code_of.get(key)
                codes.append(self._code(key) if code is None else code)
            return codes

    def _add_rares(self, rares: Sequence[tuple[int, Rare]]) -> None:
        fields = [(row, rare.fields) for row, rare in rares if rare.fields]
        redacted = self._redactor.fields_batch([one for _, one in fields])
        for (row, _), one in zip(fields, redacted, strict=True):
            self._fields[row] = dump_fields(one)
        excs = [(row, rare.exc) for row, rare in rares if rare.exc]
        texts = self._redactor.batch([one for _, one in excs]) if excs else ()
        for (row, _), text in zip(excs, texts, strict=True):
            self._excs[row] = cut_exc(text)
        self._longs += [row for row, rare in rares if rare.long]

    def _code(self, key: Any) -> int:
        code = self._code_of.get(key)
        if code is None:
            source = self._source(*(key.parts if type(key) is Key else key))
            code = self._source_code.get(source)
            if code is None:
                self._sources.append(source)
                code = self._source_code[source] = len(self._sources) - 1
            self._code_of[key] = code
        return code

    def _source(self, channel: Any, level: Any, *names: Any) -> EntrySource:
        text = self._redactor.text
        cleaned = (None if name is None else text(clean_name(name)) for name in names)
        name = self._channels.get(text(clean_name(channel))).name
        return EntrySource(name, Level.parse(level), *cleaned)

    def successor(self) -> Intake:
        """An empty intake for what comes after this one is sealed; it takes over the table of sources while small."""
        if max(len(self._sources), len(self._code_of)) <= SOURCES_KEPT:
            return Intake(self._channels, self._redactor, self._code_of, self._sources)
        return Intake(self._channels, self._redactor)

    def chunk(self, first_seq: int, start: int, stop: int) -> Chunk:
        """Rows ``start`` to ``stop`` as a chunk; ``first_seq`` is the seq of row 0."""
        return Chunk(
            first_seq + start,
            self._ts[start:stop],
            self._codes[start:stop],
            self._messages[start:stop],
            tuple(self._sources),
            {row - start: data for row, data in self._fields.items() if start <= row < stop},
            {row - start: text for row, text in self._excs.items() if start <= row < stop},
            [row - start for row in self._longs if start <= row < stop],
        )


def _columns(
    batch: Sequence[tuple[float, str, Any]],
) -> tuple[Sequence[float], Sequence[str], Sequence[Any], bytes]:
    times, messages, keys = zip(*batch, strict=True)
    return times, messages, keys, "\n".join(messages).encode()


def _tidy(entry: tuple[Any, Any, Any]) -> tuple[float, str, Any]:
    seconds, message, key = entry
    rare = key if type(key) is Rare else None
    inner = key if rare is None else rare.key
    if type(inner) is not Key:
        channel, level, *names = inner
        inner = (clean(channel), level, *(None if name is None else clean(name) for name in names))
    if rare is not None:
        rare.key = inner
    return seconds, clean(message), inner if rare is None else rare
