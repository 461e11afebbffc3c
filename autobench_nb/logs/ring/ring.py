"""The log ring: bounded, numbered without a hole, written from any thread.

Accepting an entry is an append to an inbox, and nothing else: no lock, no encoding, no search for secrets. Whoever
reads drains the inbox first: the batch is redacted as a whole, numbered, and sealed into columns. The inbox is bounded
too: past its limit the accepting thread drains it itself.
"""

from __future__ import annotations

import time
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from operator import attrgetter
from typing import Any, Final

from autobench_nb import forks
from autobench_nb.logs.account import LogAccount
from autobench_nb.logs.archive import LogArchive
from autobench_nb.logs.channels import Channels
from autobench_nb.logs.entry import Level, LogEntry
from autobench_nb.logs.redaction.redactor import Redactor
from autobench_nb.logs.ring.batch import LogBatch, Part
from autobench_nb.logs.ring.bounds import checked_capacity, parts_in_order, stop_of
from autobench_nb.logs.ring.columns import NAMES, Chunk
from autobench_nb.logs.ring.inbox import LIGHT, Inbox
from autobench_nb.logs.ring.intake import Intake
from autobench_nb.logs.ring.writer import EntryWriter

TEXT_CHUNKS: Final = 4
"""Newest chunks that keep their messages as Python text, since they are about to be encoded."""
BYTES_PER_ENTRY: Final = 4_096
BYTES_FLOOR: Final = 256 * 1024 * 1024

_LEVELS = frozenset({*Level, *(level.wire for level in Level)})
_start_of = attrgetter("first_seq")


class LogRing:
    """Holds the last ``capacity`` entries. Thread-safe; an entry is accepted when :meth:`append` returns.

    Args:
        capacity: How many entries are held; older ones are evicted.
        channels: The known channels (default: new ones).
        redactor: Takes secrets out before anything else can see an entry.
        min_level: The lowest level that the wire shows unless it is asked for another. The ring holds every level.
        on_dirty: Called, outside every lock and by the accepting thread, when the first entry arrives after a read.
        clock: Gives seconds since 1970.
        max_bytes: Bytes that the held entries may take (default: 4 KiB for each entry of capacity, at least 256 MiB).
            Past it the oldest are evicted earlier, by chunks.

    Raises:
        ConfigError: ``capacity`` is no whole number above 0.
    """

    def __init__(
        self,
        capacity: int = 500,
        *,
        channels: Channels | None = None,
        redactor: Redactor | None = None,
        min_level: Level = Level.DEBUG,
        on_dirty: Callable[[], None] | None = None,
        clock: Callable[[], float] = time.time,
        max_bytes: int | None = None,
    ) -> None:
        self._capacity = checked_capacity(capacity)
        self.channels = Channels() if channels is None else channels
        self.min_level = Level.parse(min_level)
        self._max_bytes = max_bytes
        self._inbox = Inbox(clock, self._drain, on_dirty)
        # Bound once, for the hot path of append().
        self._entries, self._clock = self._inbox.entries, self._inbox.clock
        self._draining = False
        self.redactor = Redactor() if redactor is None else redactor
        self._intake = Intake(self.channels, self.redactor)
        self._chunks: list[Chunk] = []
        self._sealed_bytes = 0
        self._sealed_end = 0
        self._floor = 0
        self.archive: LogArchive | None = None
        forks.register(self)

    def after_fork_in_child(self) -> None:
        """A copy for the child alone: a lock of its own, and nobody to tell."""
        self._inbox.after_fork_in_child()
        self._draining = False
        self.channels.after_fork_in_child()

    def append(
        self,
        channel: str,
        level: Level | int | str,
        message: str,
        ts: float | None = None,
        logger: str | None = None,
        job_id: str | None = None,
        step_id: str | None = None,
        device_id: str | None = None,
        fields: Mapping[str, Any] | None = None,
        exc: str | None = None,
    ) -> None:
        """Accept one entry.

        Args:
            channel: Where it belongs; made where it is new.
            level: A :class:`Level`, its number or its name.
            message: The text.
            ts: Milliseconds since 1970 (default: now).
            logger: The name of the logger that said it.
            job_id: The job that it concerns.
            step_id: The step that it concerns.
            device_id: The device that it concerns.
            fields: Structured data, flattened and copied here, so that the caller may change them afterwards.
            exc: A traceback, as text.

        Raises:
            ValueError: ``level`` is no level, or ``ts`` is no time of the years 1 to 9999.
        """
        # Positional parameters: CPython binds defaults of keyword-only ones one by one, which costs half as much again.
        try:
            if (
                ts is None
                and fields is None
                and exc is None
                and level in _LEVELS
                and len(message) <= LIGHT
            ):
                entries = self._entries
                entries.append(
                    (self._clock(), message, (channel, level, logger, job_id, step_id, device_id))
                )
                if len(entries) <= self._inbox.threshold:
                    return
                accepted = True
            else:
                accepted = False
        except TypeError:
            # The message is no text, or the level has no hash: the longer way sees to both.
            accepted = False
        if accepted:
            self._inbox.attend()
        else:
            key = (channel, level, logger, job_id, step_id, device_id)
            self._inbox.accept(message, ts, key, fields, exc)

    def append_all(
        self,
        channel: str,
        level: Level,
        messages: Sequence[str],
        logger: str | None = None,
        job_id: str | None = None,
    ) -> None:
        """Accept an entry for each of some messages that are alike in all else; for a flood of lines.

        As :meth:`append` for each of them, but that more than the inbox's limit may wait until the last is accepted:
        give no more than a thousand or so.
        """
        key = (channel, level, logger, job_id, None, None)
        if max(map(len, messages), default=0) > LIGHT:
            for message in messages:
                self._inbox.accept(message, None, key, None, None)
            return
        clock, entries = self._clock, self._entries
        entries += [(clock(), message, key) for message in messages]
        if len(entries) > self._inbox.threshold:
            self._inbox.attend()

    def writer(
        self,
        channel: str,
        *,
        logger: str | None = None,
        job_id: str | None = None,
        step_id: str | None = None,
        device_id: str | None = None,
    ) -> EntryWriter:
        """An accept path of its own for many entries from one place; quicker than :meth:`append`."""
        return EntryWriter(self._inbox, (channel, logger, job_id, step_id, device_id))

    def _drain(self) -> None:
        """Take what waits in the inbox; the caller holds the lock.

        No call stands between taking the entries out of the inbox and counting them in, so that an interrupt, which
        Python delivers after calls, can neither lose nor double one.
        """
        entries = self._entries
        if self._draining or not entries:
            return
        self._draining = True
        try:
            self._inbox.weight = 0
            while count := min(len(entries), self._intake.room):
                intake = self._intake
                total = intake.take(entries[:count])
                del entries[:count]
                intake.count = total
                self._seal()
        finally:
            self._draining = False

    def _seal(self) -> None:
        intake = self._intake
        if intake.is_full:
            chunk = intake.chunk(self._sealed_end, 0, intake.count)
            chunks = [*self._chunks, chunk]
            if len(chunks) > TEXT_CHUNKS:
                chunks[-1 - TEXT_CHUNKS].release_text()
            sealed_bytes, end = self._sealed_bytes + chunk.nbytes, chunk.end_seq
            successor = intake.successor()
            self._chunks = chunks
            self._sealed_bytes = sealed_bytes
            self._sealed_end = end
            self._intake = successor
        self._evict()

    def _evict(self) -> None:
        chunks = self._chunks
        limit = self._max_bytes or max(BYTES_FLOOR, BYTES_PER_ENTRY * self._capacity)
        drop = 0
        size = self._sealed_bytes
        first = self._first()
        while drop < len(chunks) and (chunks[drop].end_seq <= first or size > limit):
            size -= chunks[drop].nbytes
            first = max(first, chunks[drop].end_seq)
            drop += 1
        if drop:
            if self.archive is not None:
                self.archive.take(chunks[:drop])
            self._floor = first
            self._chunks = chunks[drop:]
            self._sealed_bytes = size

    def _first(self) -> int:
        return max(0, self._floor, self._sealed_end + self._intake.count - self._capacity)

    def _read(self) -> tuple[int, int]:
        """Drain, and give the first seq and the next one; the caller holds the lock."""
        self._inbox.expect_reader()
        self._drain()
        return self._first(), self._sealed_end + self._intake.count

    def drain(self) -> None:
        """Redact, number and seal now what waits in the inbox; whoever reads does that too."""
        with self._inbox.lock:
            self._drain()

    @property
    def next_seq(self) -> int:
        """The seq that the next entry gets: how many were ever accepted."""
        with self._inbox.lock:
            return self._read()[1]

    @property
    def first_seq(self) -> int:
        """The seq of the oldest entry held."""
        with self._inbox.lock:
            return self._read()[0]

    @property
    def evicted(self) -> int:
        """How many entries are no longer held by the ring."""
        return self.first_seq

    def account(self) -> LogAccount:
        """Where the entries are that were ever accepted: all figures are of one moment, and add up."""
        with self._inbox.lock:
            first, end = self._read()
            archived = (
                0 if self.archive is None else min(first, self.archive.entries + self._leaving())
            )
            return LogAccount(end - first, first - archived, end, self._capacity, archived)

    @property
    def size(self) -> int:
        """How many entries are held."""
        with self._inbox.lock:
            first, end = self._read()
            return end - first

    def __len__(self) -> int:
        return self.size

    @property
    def capacity(self) -> int:
        """How many entries may be held."""
        return self._capacity

    @property
    def head(self) -> int:
        """The slot that the next entry takes, 0 to ``capacity`` - 1, as in a ring of slots."""
        return self.next_seq % self._capacity

    def metadata(self) -> dict[str, int]:
        """What the state's ``logs`` slice says: ``nextSeq``, ``capacity``, ``size``, ``head``."""
        with self._inbox.lock:
            first, end = self._read()
            capacity = self._capacity
            archive = self.archive
        found = {"nextSeq": end, "capacity": capacity, "size": end - first, "head": end % capacity}
        if archive is not None:
            found["archiveFirst"] = min(first, archive.first_seq)
        return found

    @property
    def nbytes(self) -> int:
        """Bytes that the sealed columns take."""
        with self._inbox.lock:
            self._read()
            return self._sealed_bytes

    def resize(self, capacity: int) -> None:
        """Hold ``capacity`` entries from now on; what is too old for it is evicted."""
        capacity = checked_capacity(capacity)
        with self._inbox.lock:
            first, _ = self._read()
            # Growing brings back nothing that was evicted.
            self._floor = first
            self._capacity = capacity
            self._evict()

    def since(self, seq: int, limit: int | None = None) -> LogBatch:
        """The entries from ``seq`` on, at most ``limit`` (the oldest of them)."""
        with self._inbox.lock:
            held, end = self._read()
            first = min(max(seq, held), end)
            return self._cut(first, stop_of(first, end, limit), missed=max(0, first - max(0, seq)))

    def since_archived(self, seq: int, limit: int) -> LogBatch:
        """As :meth:`since`, out of the archive too; ends before a hole, or where the archive gives no more."""
        archive, seq = self.archive, max(0, seq)
        with self._inbox.lock:
            held, end = self._read()
            kept = min(held, self._kept())
            stop = min(end, seq + max(0, limit))
            if archive is None or seq >= held or stop <= seq:
                begin = min(max(seq, held), end)
                return self._cut(begin, stop_of(begin, end, limit), missed=max(0, begin - seq))
            asked, seq = seq, max(seq, min(kept, archive.first_seq))
            stop = min(end, seq + limit)
            newer = self._cut(max(seq, kept), max(stop, kept), missed=0).parts
        older = archive.find(seq, min(stop, kept)) if seq < kept else ()
        first, place, parts = parts_in_order(older, newer, seq, stop, kept)
        return LogBatch(first, place, first - asked, parts, self.channels, self.min_level)

    def last(self, count: int) -> LogBatch:
        """The newest ``count`` entries, or as many as are held."""
        with self._inbox.lock:
            held, end = self._read()
            return self._cut(max(held, end - max(0, count)), end, missed=0)

    def entry(self, seq: int) -> LogEntry | None:
        """The whole entry, also where the wire cut its message; ``None`` where neither ring nor archive has it."""
        batch = self.since_archived(seq, 1)
        return batch.entries[0] if len(batch) and batch.first_seq == seq else None

    def counts(self, by: str = "job_id") -> dict[str | None, dict[Level, int]]:
        """How many held entries each value of ``by`` has at each level.

        ``by`` is ``channel``, ``logger``, ``job_id``, ``step_id`` or ``device_id``; entries without it count
        as ``None``.
        """
        if by not in NAMES:
            raise ValueError(f"by={by!r} is no column to count by: it takes {', '.join(NAMES)}.")
        counts: dict[str | None, dict[Level, int]] = {}
        for chunk, start, stop in self.since(0).parts:
            for source, count in chunk.source_counts(start, stop):
                levels = counts.setdefault(getattr(source, by), {})
                levels[source.level] = levels.get(source.level, 0) + count
        return counts

    def _leaving(self) -> int:
        """How many entries are evicted, and still in their chunk until all of that is; the caller holds the lock."""
        return max(0, self._first() - self._kept())

    def _kept(self) -> int:
        # What is evicted entry by entry stays in its chunk until all of that is.
        return self._chunks[0].first_seq if self._chunks else self._sealed_end

    def _cut(self, first: int, end: int, missed: int) -> LogBatch:
        parts: list[Part] = []
        chunks = self._chunks
        index = max(0, bisect_right(chunks, first, key=_start_of) - 1)
        for chunk in chunks[index:]:
            start, stop = max(first, chunk.first_seq), min(end, chunk.end_seq)
            if start < stop:
                parts.append(Part(chunk, start - chunk.first_seq, stop - chunk.first_seq))
        start = max(first, self._sealed_end)
        if start < end:
            chunk = self._intake.chunk(
                self._sealed_end, start - self._sealed_end, end - self._sealed_end
            )
            parts.append(Part(chunk, 0, end - start))
        return LogBatch(first, end, missed, tuple(parts), self.channels, self.min_level)
