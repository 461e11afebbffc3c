"""Log entries that the ring has let go, as they stand in a journal."""

from __future__ import annotations

import sqlite3
import zlib
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final

import orjson

from autobench_nb.errors import JournalError
from autobench_nb.journal import rows
from autobench_nb.journal.rows import Row
from autobench_nb.lazy import LazyModule
from autobench_nb.logs.entry import Level
from autobench_nb.logs.ring.columns import WIRE_MESSAGE_LIMIT, Chunk, EntrySource

if TYPE_CHECKING:
    import numpy as np
else:
    np = LazyModule("numpy")

CHUNKS_AT_ONCE: Final = 4
"""Chunks that one look into the archive gives at most: a client asks again for what follows."""
KEPT_CHUNKS: Final = 4
"""Chunks that stay unpacked, for who scrolls through them."""
COMPRESSION: Final = 1


class PackedChunk:
    """A chunk that is packed when SQLite asks for its value: by the writer's thread, not by who has logged."""

    __slots__ = ("_chunk",)

    def __init__(self, chunk: Chunk) -> None:
        self._chunk = chunk

    def __conform__(self, protocol: object) -> bytes | None:
        return pack(self._chunk) if protocol is sqlite3.PrepareProtocol else None


def pack(chunk: Chunk) -> bytes:
    """A chunk as compressed JSON, column by column."""
    columns = {
        "firstSeq": chunk.first_seq,
        "ts": chunk.ts,
        "codes": chunk.codes,
        "sources": [[*source[:1], int(source.level), *source[2:]] for source in chunk.sources],
        "messages": chunk.messages(0, len(chunk)),
        "fields": {str(row): data.decode() for row, data in chunk.fields.items()},
        "excs": {str(row): text for row, text in chunk.excs.items()},
    }
    return zlib.compress(orjson.dumps(columns, option=orjson.OPT_SERIALIZE_NUMPY), COMPRESSION)


def unpack(data: bytes) -> Chunk:
    """What :func:`pack` was given."""
    columns = orjson.loads(zlib.decompress(data))
    messages = columns["messages"]
    chunk = Chunk(
        columns["firstSeq"],
        np.array(columns["ts"], np.int64),
        np.array(columns["codes"], np.uint16),
        messages,
        tuple(
            EntrySource(channel, Level(level), *rest)
            for channel, level, *rest in columns["sources"]
        ),
        {int(row): text.encode() for row, text in columns["fields"].items()},
        {int(row): text for row, text in columns["excs"].items()},
        [row for row, text in enumerate(messages) if len(text) > WIRE_MESSAGE_LIMIT],
    )
    chunk.release_text()
    return chunk


class JournalArchive:
    """The archive of one life's log; implements :class:`~autobench_nb.logs.archive.LogArchive`.

    Args:
        life_id: Whose entries.
        put: Hands a row to the journal's writer; whether there was room for it.
        select: Reads the journal, after what was handed over is written.
    """

    def __init__(
        self,
        life_id: int,
        put: Callable[[Row], bool],
        select: Callable[[str, Sequence[Any]], list[dict[str, Any]]],
    ) -> None:
        self.entries = 0
        self.first_seq = 0
        self._life_id = life_id
        self._put = put
        self._select = select
        self._unpacked: OrderedDict[int, Chunk] = OrderedDict()

    def take(self, chunks: Sequence[Chunk]) -> None:
        """Hand chunks to the writer; where it has no room they are lost, and the ring's account says so."""
        for chunk in chunks:
            first_ms = int(chunk.ts[0]) / 1e3 if len(chunk) else 0.0
            values = (
                self._life_id,
                chunk.first_seq,
                chunk.end_seq,
                first_ms,
                PackedChunk(chunk),
            )
            if self._put(Row(rows.LOG_CHUNK, values, chunk.nbytes)):
                self.entries += len(chunk)
            else:
                self.first_seq = chunk.end_seq

    def find(self, first_seq: int, end_seq: int) -> list[Chunk]:
        """The chunks of that range, at most :data:`CHUNKS_AT_ONCE`; none where the journal cannot be read."""
        try:
            found = self._select(
                "SELECT first_seq FROM log_chunks WHERE life_id = ? AND first_seq < ? AND end_seq > ? "
                "ORDER BY first_seq LIMIT ?",
                (self._life_id, end_seq, first_seq, CHUNKS_AT_ONCE),
            )
            return [self._chunk(row["first_seq"]) for row in found]
        except JournalError:
            return []

    def let_go(self, dropped: Sequence[Row]) -> None:
        """Take rows that were not written after all off the count."""
        for row in dropped:
            if row.statement is rows.LOG_CHUNK:
                _, first_seq, end_seq, *_ = row.values
                self.entries -= int(end_seq) - int(first_seq)  # type: ignore[arg-type]
                self.first_seq = max(self.first_seq, int(end_seq))  # type: ignore[arg-type]

    def removed(self, entries: int, first_seq: int) -> None:
        """Take off the count what a clean-up of the journal has removed; what is left begins at ``first_seq``."""
        self.entries -= entries
        self.first_seq = max(self.first_seq, first_seq)

    def _chunk(self, first_seq: int) -> Chunk:
        chunk = self._unpacked.pop(first_seq, None)
        if chunk is None:
            (row,) = self._select(
                "SELECT data FROM log_chunks WHERE life_id = ? AND first_seq = ?",
                (self._life_id, first_seq),
            )
            chunk = unpack(row["data"])
        self._unpacked[first_seq] = chunk
        while len(self._unpacked) > KEPT_CHUNKS:
            self._unpacked.popitem(last=False)
        return chunk
