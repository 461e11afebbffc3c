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


class ChunkRows:
    """Rows ``start`` to ``stop`` (exclusive) of a chunk; its own rows count from 0."""

    def __init__(self, chunk: Chunk, start: int, stop: int, channels: Channels) -> None:
        self.chunk = chunk
        self.start = start
        self.stop = stop
        self.count = stop - start
        self._channels = channels

    @cached_property
    def _hiding(self) -> NDArray[np.intp]:
        """The rows whose messages may be seen otherwise than they are written."""
        chunk = self.chunk
        rows = chunk.kept.get(_HIDING)
        if not isinstance(rows, np.ndarray):  # a chunk does not change: looked for once
            rows = chunk.kept[_HIDING] = rows_with_hidden(chunk.text, chunk.offsets)
        if not len(rows):
            return rows
        first, last = np.searchsorted(rows, (self.start, self.stop))
        inside: NDArray[np.intp] = rows[first:last] - self.start
        return inside

    @cached_property
    def _column(self) -> tuple[bytes, NDArray[np.int64]]:
        """The messages as they are seen: UTF-8 end to end, and where in it each begins and the last one ends."""
        chunk = self.chunk
        written = chunk.offsets[self.start : self.stop + 1]
        hiding = self._hiding
        if not len(hiding):
            return chunk.text, written
        texts = chunk.messages_of(hiding + self.start)
        replaced = [one.encode() for one in seen_all([one[:WIRE_MESSAGE_LIMIT] for one in texts])]
        lengths = np.diff(written)
        lengths[hiding] = list(map(len, replaced))
        offsets = np.zeros(self.count + 1, np.int64)
        np.cumsum(lengths, out=offsets[1:])
        pieces: list[bytes] = []
        text = memoryview(chunk.text)
        begins, ends = written[hiding].tolist(), written[hiding + 1].tolist()
        at = int(written[0])
        for begin, end, piece in zip(begins, ends, replaced, strict=True):
            pieces += (text[at:begin], piece)
            at = end
        pieces.append(text[at : int(written[-1])])
        return b"".join(pieces), offsets

    @property
    def text(self) -> bytes:
        """UTF-8 in which all messages stand as they are seen, end to end."""
        return self._column[0]

    @property
    def places(self) -> NDArray[np.int64]:
        """Where each message begins in :attr:`text`, and at last where the last one ends."""
        return self._column[1]

    @cached_property
    def offsets(self) -> NDArray[np.int64]:
        """Where each message begins in :attr:`data`, and at last where the last one ends."""
        places = self.places
        return places - places[0] if places[0] else places

    @cached_property
    def data(self) -> NDArray[np.uint8]:
        """The bytes of all messages as they are seen, end to end."""
        text, places = self._column
        return np.frombuffer(text, np.uint8)[places[0] : places[-1]]

    @cached_property
    def lower(self) -> NDArray[np.uint8]:
        """:attr:`data` with ASCII letters in lower case. What is no letter is not to be looked for in it."""
        return self.data | np.uint8(0x20)

    @cached_property
    def is_ascii(self) -> bool:
        """Whether no message has a character beyond ASCII."""
        return not len(self.data) or int(self.data.max()) < 0x80

    @cached_property
    def long(self) -> Mask | None:
        """Messages that may be longer than what a query looks at; ``None``: none is."""
        written = self.chunk.offsets[self.start : self.stop + 1]
        if written[-1] - written[0] <= WIRE_MESSAGE_LIMIT:
            return None
        long: Mask = np.diff(written) > WIRE_MESSAGE_LIMIT
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
        rows = np.flatnonzero(asked)
        messages = self.chunk.messages_of(rows + self.start)
        # Of few rows each is looked at: the whole column would cost more.
        if len(rows) >= FEW_ROWS and not len(self._hiding):
            return self._where(rows, (test(message[:WIRE_MESSAGE_LIMIT]) for message in messages))
        return self._where(rows, (test(seen(message[:WIRE_MESSAGE_LIMIT])) for message in messages))

    def _where(self, rows: NDArray[np.intp], answers: Iterable[bool]) -> Mask:
        found = np.zeros(self.count, np.bool_)
        found[rows] = np.fromiter(answers, np.bool_, len(rows))
        return found
