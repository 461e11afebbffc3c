"""Log entries as columns: what a ring holds, what a batch is cut from, what the tables are made of.

A :class:`Chunk` is immutable. Of an entry it keeps 8 bytes of time, a 2-byte code of its source (the combination of
channel, level, logger, job, step and device, of which a chunk has few), 8 bytes of offset, and the message's UTF-8;
fields and tracebacks are kept only where there are any.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import orjson

from autobench_nb.contract.limits import WIRE_MESSAGE_LIMIT as WIRE_MESSAGE_LIMIT
from autobench_nb.lazy import LazyModule
from autobench_nb.logs.channels import Channels
from autobench_nb.logs.entry import WIRE_LEVELS, Level, LogEntry

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
else:
    np = LazyModule("numpy")

CHUNK_ROWS: Final = 4_096

NAMES: Final = ("channel", "logger", "job_id", "step_id", "device_id")
"""The columns of :class:`EntrySource` that are names."""


class EntrySource(NamedTuple):
    """Where an entry comes from: all of it that repeats from entry to entry."""

    channel: str
    level: Level
    logger: str | None = None
    job_id: str | None = None
    step_id: str | None = None
    device_id: str | None = None


class Chunk:
    """Entries ``first_seq`` to ``end_seq`` (exclusive) as columns; do not write into its arrays.

    ``ts`` int64 microseconds since 1970 UTC, ``codes`` uint16 indexes into ``sources``, ``fields`` and ``excs`` by
    row: JSON bytes and text. ``longs``: the rows whose messages may be too long for the wire. ``kept``: what readers
    have found out about the columns and may want again; they bound it themselves. The messages stay Python text until
    :meth:`release_text`, since the newest ones are about to be encoded; packed they are ``text`` and ``offsets``.
    """

    __slots__ = (
        "__weakref__",
        "_heads",
        "_heads_version",
        "_messages",
        "_offsets",
        "_text",
        "codes",
        "excs",
        "fields",
        "first_seq",
        "kept",
        "longs",
        "sources",
        "ts",
    )

    def __init__(
        self,
        first_seq: int,
        ts: NDArray[np.int64],
        codes: NDArray[np.uint16],
        messages: list[str],
        sources: tuple[EntrySource, ...],
        fields: Mapping[int, bytes],
        excs: Mapping[int, str],
        longs: Collection[int] = (),
    ) -> None:
        self.first_seq = first_seq
        self.ts = ts
        self.codes = codes
        self.sources = sources
        self.fields = fields
        self.excs = excs
        self.longs = longs
        self.kept: dict[tuple[str, str], object] = {}
        self._messages: list[str] | None = messages
        self._text: bytes | None = None
        self._offsets: NDArray[np.int64] | None = None
        self._heads: list[orjson.Fragment] | None = None
        self._heads_version = -1

    def __len__(self) -> int:
        return len(self.ts)

    @property
    def end_seq(self) -> int:
        """The seq after the last."""
        return self.first_seq + len(self.ts)

    @property
    def text(self) -> bytes:
        """All messages' UTF-8, end to end."""
        return self._packed()[0]

    @property
    def offsets(self) -> NDArray[np.int64]:
        """Where each message begins in :attr:`text`, in bytes, and at last where the last one ends."""
        return self._packed()[1]

    def _packed(self) -> tuple[bytes, NDArray[np.int64]]:
        text, offsets = self._text, self._offsets
        if text is None or offsets is None:
            messages = self._messages
            if messages is None:  # another thread has packed them since we looked
                return self._packed()
            text = "".join(messages).encode()
            offsets = np.zeros(len(messages) + 1, np.int64)
            np.cumsum(np.fromiter(map(len, messages), np.int64, len(messages)), out=offsets[1:])
            if len(text) != offsets[-1]:
                offsets = _char_starts(text)[offsets]
            self._text, self._offsets = text, offsets
        return text, offsets

    @property
    def nbytes(self) -> int:
        """Bytes that the columns take, once :meth:`release_text` has let go of the rest."""
        text, offsets = self._packed()
        rare = sum(map(len, self.fields.values())) + 4 * sum(map(len, self.excs.values()))
        rare += 120 * (len(self.fields) + len(self.excs))
        return self.ts.nbytes + self.codes.nbytes + offsets.nbytes + len(text) + rare

    def release_text(self) -> None:
        """Let go of the messages as Python text; from now on they are decoded when they are read."""
        self._packed()
        self._messages = None
        self._heads = None

    def message(self, row: int) -> str:
        """The whole message of a row."""
        messages = self._messages
        if messages is not None:
            return messages[row]
        text, offsets = self._packed()
        return text[offsets[row] : offsets[row + 1]].decode()

    def messages(self, start: int, stop: int) -> list[str]:
        """The whole messages of rows ``start`` to ``stop``."""
        messages = self._messages
        if messages is not None:
            return messages[start:stop]
        packed, offsets = self._packed()
        begin, end = int(offsets[start]), int(offsets[stop])
        data = packed[begin:end]
        text = data.decode()
        places = offsets[start : stop + 1] - begin
        if len(text) != len(data):
            places = np.searchsorted(_char_starts(data), places)
        ends = places.tolist()
        return list(map(text.__getitem__, map(slice, ends, ends[1:])))

    def entry(self, row: int, channels: Channels) -> LogEntry:
        """One row as an entry."""
        source = self.sources[self.codes[row]]
        channel = channels.get(source.channel)
        fields = self.fields.get(row)
        return LogEntry(
            self.first_seq + row,
            int(self.ts[row]) / 1e3,
            source.channel,
            channel.emoji,
            channel.color,
            source.level,
            self.message(row),
            source.logger,
            source.job_id,
            source.step_id,
            source.device_id,
            None if fields is None else orjson.loads(fields),
            self.excs.get(row),
        )

    def entries(self, rows: NDArray[np.intp], channels: Channels) -> list[LogEntry]:
        """Ascending rows as entries; of many at once quicker than one by one."""
        looks = [channels.get(source.channel) for source in self.sources]
        heads = [
            (source.channel, look.emoji, look.color, source.level)
            for source, look in zip(self.sources, looks, strict=True)
        ]
        fields, excs = self.fields, self.excs
        columns = zip(
            rows.tolist(),
            (self.ts[rows] / 1e3).tolist(),
            self.codes[rows].tolist(),
            self.messages_of(rows),
            strict=True,
        )
        make, sources, first = LogEntry._make, self.sources, self.first_seq
        return [
            make(
                (
                    first + row,
                    time,
                    *heads[code],
                    message,
                    *sources[code][2:],
                    orjson.loads(fields[row]) if row in fields else None,
                    excs.get(row),
                    None,
                )
            )
            for row, time, code, message in columns
        ]

    def messages_of(self, rows: NDArray[np.intp]) -> list[str]:
        """The whole messages of ascending rows."""
        if not len(rows):
            return []
        places = rows.tolist()
        first, stop = places[0], places[-1] + 1
        if stop - first > 4 * len(places):
            return [self.message(row) for row in places]
        messages = self.messages(first, stop)
        if stop - first == len(places):
            return messages
        return list(map(messages.__getitem__, (rows - first).tolist()))

    def rows_where(
        self, start: int, stop: int, keep: Callable[[EntrySource], bool]
    ) -> NDArray[np.intp]:
        """The rows in ``start`` to ``stop`` whose source is to be kept, ascending."""
        is_kept = np.fromiter(map(keep, self.sources), np.bool_, len(self.sources))
        return np.flatnonzero(is_kept[self.codes[start:stop]]) + start

    def source_counts(self, start: int, stop: int) -> list[tuple[EntrySource, int]]:
        """How many of rows ``start`` to ``stop`` each source has; sources that have none are left out."""
        counts = np.bincount(self.codes[start:stop], minlength=len(self.sources)).tolist()
        return [(source, n) for source, n in zip(self.sources, counts, strict=True) if n]

    def wire_rows(
        self, start: int, stop: int, channels: Channels, rows: NDArray[np.intp] | None = None
    ) -> list[dict[str, Any]]:
        """Rows as orjson encodes them to wire entries; ``rows`` picks some of ``start`` to ``stop``.

        What repeats is encoded once per source: the value of ``channel`` is a fragment that carries the keys after it.
        """
        heads = self._wire_heads(channels)
        if rows is None:
            seqs: Any = range(self.first_seq + start, self.first_seq + stop)
            times = (self.ts[start:stop] / 1e3).tolist()
            codes = self.codes[start:stop].tolist()
            messages = self.messages(start, stop)
            where = None
        else:
            seqs = (rows + self.first_seq).tolist()
            times = (self.ts[rows] / 1e3).tolist()
            codes = self.codes[rows].tolist()
            where = rows.tolist()
            messages = [self.message(row) for row in where]
        wire: list[dict[str, Any]] = [
            {"seq": seq, "ts": time, "channel": heads[code], "message": message}
            for seq, time, code, message in zip(seqs, times, codes, messages, strict=True)
        ]
        self._add_rare(wire, start, stop, where)
        return wire

    def _add_rare(
        self, wire: list[dict[str, Any]], start: int, stop: int, where: list[int] | None
    ) -> None:
        place: Callable[[int], int | None]
        if where is None:

            def place(row: int) -> int | None:
                return row - start if start <= row < stop else None
        else:
            place = {row: index for index, row in enumerate(where)}.get
        for row, data in self.fields.items():
            if (index := place(row)) is not None:
                wire[index]["fields"] = orjson.Fragment(data)
        for row, text in self.excs.items():
            if (index := place(row)) is not None:
                wire[index]["exc"] = text
        for row in self.longs:
            if (index := place(row)) is not None:
                cut_wire(wire[index])

    def _wire_heads(self, channels: Channels) -> list[orjson.Fragment]:
        heads = self._heads
        version = channels.version
        if heads is None or self._heads_version != version:
            heads = [_wire_head(source, channels) for source in self.sources]
            self._heads, self._heads_version = heads, version
        return heads


def cut_wire(entry: dict[str, Any]) -> None:
    """Cut an entry's message to :data:`WIRE_MESSAGE_LIMIT`, and mark it with the length of the whole."""
    message = entry["message"]
    if len(message) > WIRE_MESSAGE_LIMIT:
        entry["message"] = message[:WIRE_MESSAGE_LIMIT]
        entry["cut"] = len(message)


def _wire_head(source: EntrySource, channels: Channels) -> orjson.Fragment:
    channel = channels.get(source.channel)
    rest: dict[str, Any] = {
        "emoji": channel.emoji,
        "color": channel.color,
        "level": WIRE_LEVELS[source.level],
    }
    for key, value in zip(("logger", "jobId", "stepId", "deviceId"), source[2:], strict=True):
        if value is not None:
            rest[key] = value
    return orjson.Fragment(orjson.dumps(source.channel) + b"," + orjson.dumps(rest)[1:-1])


def _char_starts(data: bytes) -> NDArray[np.intp]:
    """Byte offsets at which the characters of UTF-8 ``data`` start, and its length as the last."""
    array = np.frombuffer(data, np.uint8)
    return np.append(np.flatnonzero((array & 0xC0) != 0x80), len(data))


def source_filter(
    allowed: Collection[str] | None, level: Level
) -> Callable[[EntrySource], bool] | None:
    """What keeps sources in one of the ``allowed`` channels and of ``level`` or above; ``None`` keeps all."""
    if allowed is None:
        if level <= Level.DEBUG:
            return None
        return lambda source: source.level >= level
    names = frozenset(allowed)
    return lambda source: source.level >= level and source.channel in names
