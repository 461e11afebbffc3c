"""A run of a chunk's rows, as the tests of a query look at it: by columns, or row by row where few are left."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Final, TypeAlias, TypeVar

from autobench_nb.lazy import LazyModule
from autobench_nb.logs.channels import Channels
from autobench_nb.logs.entry import LogEntry
from autobench_nb.logs.query.seen import rows_with_hidden, seen, seen_all
from autobench_nb.logs.ring.columns import WIRE_MESSAGE_LIMIT, Chunk

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
else:
    np = LazyModule("numpy")

Mask: TypeAlias = "NDArray[np.bool_]"
"""One truth for each row."""
RowTest: TypeAlias = Callable[["ChunkRows", Mask], Mask]
"""Which of the rows that are asked for match. It says true of no other row."""

_Value = TypeVar("_Value")

FEW_ROWS: Final = 24
"""So few rows are looked at one by one: a comparison of columns costs as much before it begins."""
SPARSE: Final = 16
"""One row in so many is looked at by itself too, since the columns would be read for all."""
_HIDING: Final = ("hiding", "")
"""Under this key a chunk keeps which of its rows are seen otherwise than they are written."""
_SEEN: Final = ("seen", "")
"""And under this one, how they are seen."""
SEEN_KEPT: Final = 1 << 20
"""Bytes of it that a chunk keeps; of more, each query makes it anew."""


class TextColumn:
    """Texts end to end: ``text`` is their UTF-8, ``places`` where in it each begins and the last one ends."""

    def __init__(self, text: bytes, places: NDArray[np.int64]) -> None:
        self.text = text
        self.places = places
        self.count = len(places) - 1

    @cached_property
    def offsets(self) -> NDArray[np.int64]:
        """Where each text begins in :attr:`data`, and at last where the last one ends."""
        places = self.places
        return places - places[0] if places[0] else places

    @cached_property
    def data(self) -> NDArray[np.uint8]:
        """The bytes of all texts, end to end."""
        return np.frombuffer(self.text, np.uint8)[self.places[0] : self.places[-1]]

    @cached_property
    def lower(self) -> NDArray[np.uint8]:
        """:attr:`data` with ASCII letters in lower case. What is no letter is not to be looked for in it."""
        return self.data | np.uint8(0x20)

    @cached_property
    def is_ascii(self) -> bool:
        """Whether no text has a character beyond ASCII."""
        return not len(self.data) or int(self.data.max()) < 0x80


class ChunkRows:
    """Rows ``start`` to ``stop`` (exclusive) of a chunk; its own rows count from 0."""

    def __init__(self, chunk: Chunk, start: int, stop: int, channels: Channels) -> None:
        self.chunk = chunk
        self.start = start
        self.stop = stop
        self.count = stop - start
        self._channels = channels
        self._last_rows: bytes | None = None
        self._last_messages: list[str] = []

    @cached_property
    def written(self) -> TextColumn:
        """All messages as they were written."""
        return TextColumn(self.chunk.text, self.chunk.offsets[self.start : self.stop + 1])

    @cached_property
    def hiding(self) -> tuple[NDArray[np.intp], TextColumn] | None:
        """The rows whose messages are seen otherwise than they were written, and how; ``None`` where there are none."""
        chunk = self.chunk
        rows = _hidden_rows(chunk)
        if not len(rows):
            return None
        first, last = np.searchsorted(rows, (self.start, self.stop)).tolist()
        if first == last:
            return None
        column = chunk.kept.get(_SEEN)
        if isinstance(column, TextColumn):
            column = TextColumn(column.text, column.places[first : last + 1])
        elif self.are_narrow:
            column = _seen_column(chunk, rows[first:last])
        else:
            column = _seen_column(chunk, rows)
            if len(column.text) <= SEEN_KEPT:
                chunk.kept[_SEEN] = column
            column = TextColumn(column.text, column.places[first : last + 1])
        return rows[first:last] - self.start, column

    def in_columns(
        self, look: Callable[[TextColumn], tuple[Mask, Mask | None]]
    ) -> tuple[Mask, Mask | None]:
        """What ``look`` finds in all messages as they are seen, and of which rows it is not sure."""
        found, unsure = look(self.written)
        if self.hiding is not None:
            rows, seen_ones = self.hiding
            found, unsure = found.copy(), None if unsure is None else unsure.copy()
            found[rows], unsure_ones = look(seen_ones)
            if unsure is not None or unsure_ones is not None:
                unsure = np.zeros(self.count, np.bool_) if unsure is None else unsure
                unsure[rows] = False if unsure_ones is None else unsure_ones
        return found, unsure

    @cached_property
    def long(self) -> Mask | None:
        """Messages that may be longer than what a query looks at; ``None``: none is."""
        places = self.written.places
        if places[-1] - places[0] <= WIRE_MESSAGE_LIMIT:
            return None
        long: Mask = np.diff(places) > WIRE_MESSAGE_LIMIT
        return long if long.any() else None

    def are_few(self, asked: Mask) -> bool:
        """Whether to look at the rows that are asked for one by one."""
        count = np.count_nonzero(asked)
        return bool(count < FEW_ROWS or count * SPARSE < self.count)

    @property
    def are_narrow(self) -> bool:
        """Whether these are so few of the chunk's rows that what is read for a whole chunk would be read in vain."""
        return self.count * SPARSE < len(self.chunk.ts)

    @cached_property
    def entries(self) -> list[LogEntry]:
        """All of these rows as entries, made once: for long queries, that ask for them again and again."""
        return self.chunk.entries(np.arange(self.start, self.stop), self._channels)

    def each_entry(self, asked: Mask, test: Callable[[LogEntry], bool]) -> Mask:
        """The rows that are asked for and whose entries ``test`` takes."""
        rows = np.flatnonzero(asked)
        if self.are_narrow:
            return self._where(rows, map(test, map(self.entries.__getitem__, rows.tolist())))
        return self._where(rows, map(test, self.chunk.entries(rows + self.start, self._channels)))

    def having(self, column: Mapping[int, _Value]) -> Iterator[tuple[int, _Value]]:
        """Of a sparse column the values of these rows, each with its place among them."""
        start = self.start
        if self.count < len(column):
            for place in range(self.count):
                value = column.get(start + place)
                if value is not None:
                    yield place, value
        else:
            for row, value in column.items():
                if start <= row < self.stop:
                    yield row - start, value

    def each_message(self, asked: Mask, test: Callable[[str], bool]) -> Mask:
        """The rows that are asked for and of whose messages, as they are seen, ``test`` is true."""
        rows, messages = self.seen_messages(asked)
        return self._where(rows, map(test, messages))

    def seen_messages(self, asked: Mask) -> tuple[NDArray[np.intp], list[str]]:
        """The rows that are asked for, and their messages as they are seen."""
        rows = np.flatnonzero(asked)
        return rows, self._seen_messages(rows)

    def _seen_messages(self, rows: NDArray[np.intp]) -> list[str]:
        """The messages of some rows as they are seen; a long query asks for those of the same few again and again."""
        are_few = len(rows) < FEW_ROWS
        if are_few:
            key = rows.tobytes()
            if key == self._last_rows:
                return self._last_messages
        messages = [
            message[:WIRE_MESSAGE_LIMIT] for message in self.chunk.messages_of(rows + self.start)
        ]
        # Of few rows each is looked at: the whole column would cost more.
        if are_few or self.hiding is not None:
            messages = list(map(seen, messages))
        if are_few:
            self._last_rows, self._last_messages = key, messages
        return messages

    def _where(self, rows: NDArray[np.intp], answers: Iterable[bool]) -> Mask:
        found = np.zeros(self.count, np.bool_)
        found[rows] = np.fromiter(answers, np.bool_, len(rows))
        return found


def _hidden_rows(chunk: Chunk) -> NDArray[np.intp]:
    """The rows whose messages hide something, ascending. Looked for once: a chunk does not change."""
    rows = chunk.kept.get(_HIDING)
    if not isinstance(rows, np.ndarray):
        rows = chunk.kept[_HIDING] = rows_with_hidden(chunk.text, chunk.offsets)
    return rows


def _seen_column(chunk: Chunk, rows: NDArray[np.intp]) -> TextColumn:
    """The messages of some rows as they are seen."""
    texts = [message[:WIRE_MESSAGE_LIMIT] for message in chunk.messages_of(rows)]
    encoded = [text.encode() for text in seen_all(texts)]
    places = np.zeros(len(rows) + 1, np.int64)
    np.cumsum(np.fromiter(map(len, encoded), np.int64, len(encoded)), out=places[1:])
    return TextColumn(b"".join(encoded), places)
