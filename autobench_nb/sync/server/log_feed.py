"""The log's way to the clients: what is new to all who are up to date, what is older to those who catch up.

:data:`FLUSH_ENTRIES` bounds the work: one call of :meth:`LogFeed.push` and one of :meth:`LogFeed.serve` encode at
most so many entries between them, and begin nothing more after ten milliseconds; ``due`` says that more can be sent at
once. Bytes are bounded too: a message has at most a quarter of a client's budget (one entry has to fit in any case).
What is pushed in one flush is at most half of it, so that a client that has stalled unnoticed is not sent more than its
budget before the transport can tell; and of wide entries about one message, so that answers leave between two.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from autobench_nb.contract.client_messages import LogsReplay
from autobench_nb.contract.limits import BATCH_ENTRIES, MAX_REPLAYS
from autobench_nb.logs.entry import Level
from autobench_nb.logs.query.predicate import Predicate, by_columns, predicate_cost
from autobench_nb.logs.ring.batch import LogBatch
from autobench_nb.logs.ring.ring import LogRing
from autobench_nb.sync.effects import Effect, Outgoing
from autobench_nb.sync.server.audiences import LogAudience
from autobench_nb.sync.server.encoding import logs_append, logs_history
from autobench_nb.sync.server.pace import LookPace
from autobench_nb.sync.server.session import History, Session

BATCH_BYTES: Final = 1_048_576
"""Of one message, where the budget allows it: a proxy may cut at 10 MiB."""
MIN_ENTRIES: Final = 10
"""Whatever queries cost, the log goes on by so many entries a message."""
FLUSH_ENTRIES: Final = 10_000
"""Encoded within one flush."""
QUERY_COST: Final = 3
"""What it costs to try a usual query on an entry, where encoding one costs 1."""
TESTS_AS_ONE: Final = 4
"""So many single tests of a long query cost what encoding an entry does."""
COLUMN_ENTRIES: Final = 1_000
"""A long query of words is asked of so many: to look through fewer for each word takes about as long."""
QUERY_SCAN_ENTRIES: Final = 5_000
"""A client with a query is sent what matches among at least so many, when it asks for the last few."""


class LogFeed:
    """All positions in the log. ``seq`` is the one that the audiences share."""

    def __init__(
        self,
        ring: LogRing,
        *,
        epoch: str,
        allowed: frozenset[str] | None,
        min_level: Level,
        budget: int,
        clock: Callable[[], float] = time.thread_time,
    ) -> None:
        self._ring = ring
        self._pace = LookPace(clock)
        self._epoch = epoch
        self._allowed = allowed
        self._min_level = min_level
        self._batch_bytes = min(BATCH_BYTES, budget // 4)
        self._flush_bytes = min(BATCH_BYTES, budget // 2)
        self._audiences: dict[str | None, LogAudience] = {}
        self._catching: dict[int, Session] = {}
        self._replaying: dict[int, Session] = {}
        self._encoded: dict[tuple[int, int, str | None], tuple[Outgoing, LogBatch]] = {}
        self._left = FLUSH_ENTRIES
        # Of those pushed last: the next are probably as wide, and need not be encoded twice.
        self._entry_bytes = 1.0
        self.seq = ring.next_seq
        self.due = False

    # ------------------------------------------------------------ who stands where

    def catch_up(self, session: Session) -> None:
        """Bring it to where the audiences are, by ``session.history`` or from ``session.seq`` on."""
        self._catching[session.id] = session
        self.due = True

    def replay(self, session: Session, request: LogsReplay) -> None:
        """Answer it at the next flush."""
        session.replays.append(request)
        del session.replays[:-MAX_REPLAYS]
        self._replaying[session.id] = session
        self.due = True

    def filter(
        self,
        session: Session,
        query: str | None,
        predicate: Predicate | None,
        out: list[Effect],
        now: float,
    ) -> None:
        """From now on only what ``predicate`` takes."""
        audience = session.log_audience
        if audience is not None and audience.next_seq < self.seq:
            # What the old filter hid is no loss, and stays hidden.
            message = logs_append(b"[]", first_seq=audience.next_seq, next_seq=self.seq, missed=0)
            if session.send(message, out, now):
                session.leave_log()
                session.seq = self.seq
        session.leave_log()
        session.query, session.predicate = query, predicate
        self.catch_up(session)

    def forget(self, session: Session) -> None:
        """Send it nothing any more."""
        session.leave_log()
        self._catching.pop(session.id, None)
        self._replaying.pop(session.id, None)

    def wake(self) -> None:
        """A session has drained: it may take more."""
        self.due = self.due or bool(self._catching or self._replaying)

    # ------------------------------------------------------------ what is new

    def push(self, lagging: Iterable[Session], out: list[Effect], now: float) -> None:
        """Send new entries to every audience, in bounded batches."""
        self.due = False
        self._left = FLUSH_ENTRIES
        self._pace.begin_flush()
        self._encoded.clear()
        end = self._ring.next_seq
        for query in [key for key, audience in self._audiences.items() if not audience.members]:
            del self._audiences[query]
        if not self._audiences:
            # Nobody is there; who comes is served from the ring.
            self.seq = end
            return
        predicates = [audience.predicate for audience in self._audiences.values()]
        cost = 1 + sum(map(_push_cost, predicates))
        queries = tuple(self._audiences)
        is_asked = queries != (None,)
        guess = max(BATCH_ENTRIES // cost, MIN_ENTRIES)
        bytes_left, begin = self._flush_bytes, self.seq
        while self.seq < end and self._left > 0 and bytes_left > 0:
            if is_asked and self.seq > begin and self._pace.is_over:
                break
            limit = self._pace.most(queries, guess, BATCH_ENTRIES) if is_asked else guess
            fitting = max(1, int(self._batch_bytes / self._entry_bytes))
            batch, wires = self._cut(self.seq, min(limit, fitting), predicates, queries)
            if batch.next_seq <= self.seq:
                break
            self._entry_bytes = max(1.0, max(map(len, wires)) / len(batch))
            for audience, wire in zip(self._audiences.values(), wires, strict=True):
                self._send_batch(audience, batch, wire, lagging, out, now)
            self._left -= len(batch) * cost
            bytes_left -= max(map(len, wires))
            self.seq = batch.next_seq
        self.due = self.seq < end

    def _send_batch(
        self,
        audience: LogAudience,
        batch: LogBatch,
        entries: bytes,
        lagging: Iterable[Session],
        out: list[Effect],
        now: float,
    ) -> None:
        first = batch.first_seq if batch.missed else audience.next_seq
        if batch.missed and audience.next_seq < self.seq:
            # Entries that the filter hid are no loss: say so before what is lost is counted.
            hidden = logs_append(b"[]", first_seq=audience.next_seq, next_seq=self.seq, missed=0)
            self._send(audience, hidden, self.seq, lagging, out, now)
        if entries == b"[]" and not batch.missed:
            skipped = batch.next_seq - audience.next_seq
            if skipped < min(BATCH_ENTRIES, max(1, self._ring.capacity // 2)):
                # The next message covers it; but a client may not be left standing outside the ring.
                return
        message = logs_append(
            entries, first_seq=first, next_seq=batch.next_seq, missed=batch.missed
        )
        self._send(audience, message, batch.next_seq, lagging, out, now)

    @staticmethod
    def _send(
        audience: LogAudience,
        message: Outgoing,
        next_seq: int,
        lagging: Iterable[Session],
        out: list[Effect],
        now: float,
    ) -> None:
        # Who falls behind here still stands at the old position.
        audience.send(message, lagging, out, now)
        audience.next_seq = next_seq

    def _cut(
        self,
        start: int,
        limit: int,
        predicates: Sequence[Predicate | None],
        queries: tuple[str | None, ...],
        *,
        archived: bool = False,
    ) -> tuple[LogBatch, list[bytes]]:
        """Entries from ``start`` on, and their JSON for each predicate; fewer where they are long."""
        self._pace.begin()
        batch, wires = self._fitting(start, limit, predicates, archived=archived)
        self._pace.end(queries, len(batch))
        return batch, wires

    def _fitting(
        self, start: int, limit: int, predicates: Sequence[Predicate | None], *, archived: bool
    ) -> tuple[LogBatch, list[bytes]]:
        read = self._ring.since_archived if archived else self._ring.since
        while True:
            batch = read(start, limit)
            wires = [
                batch.wire(allowed=self._allowed, min_level=self._min_level, predicate=predicate)
                for predicate in predicates
            ]
            size = max(map(len, wires))
            if size <= self._batch_bytes or len(batch) <= 1:
                return batch, wires
            limit = max(1, min(len(batch) // 2, len(batch) * self._batch_bytes // size))

    def skip(self, lagging: Iterable[Session], out: list[Effect], now: float) -> None:
        """Entries that cannot be sent (encoding one has failed) are counted as missed, and the stream goes on after."""
        end = self._ring.next_seq
        for audience in self._audiences.values():
            told, missed = audience.next_seq, end - audience.next_seq
            if missed:
                message = logs_append(b"[]", first_seq=told, next_seq=end, missed=missed)
                self._send(audience, message, end, lagging, out, now)
        self.seq = end

    # ------------------------------------------------------------ what is older

    def serve(self, out: list[Effect], now: float) -> None:
        """Send histories, replays and what those who catch up do not have yet, as far as this flush goes."""
        served = 0
        for session in list(self._replaying.values()):
            if not session.is_open or session.snapshot_reason is not None or not session.takes_more:
                continue
            if self._is_over(served):
                self.due = True
                break
            self._answer(session, out, now)
            served += 1
        for session in list(self._catching.values()):
            if not session.is_open or session.snapshot_reason is not None or not session.takes_more:
                continue
            if self._is_over(served):
                self.due = True
                break
            self._advance(session, out, now)
            served += 1

    def _is_over(self, served: int) -> bool:
        """Whether the flush has done enough. Of those who wait one is served in any case: else a slow one is none."""
        return self._left <= 0 or (served > 0 and self._pace.is_over)

    def _answer(self, session: Session, out: list[Effect], now: float) -> None:
        request = session.replays.pop(0)
        limit = BATCH_ENTRIES if request.limit is None else min(request.limit, BATCH_ENTRIES)
        # Beyond its own position the live stream goes on: an answer that overtakes it would hide a loss.
        start = min(request.since_seq, self.seq)
        limit = min(limit, self.seq - start, self._most_entries(session))
        self._history(session, start, limit, out, now, live=False)
        if session.replays:
            self.due = True
        else:
            self._replaying.pop(session.id, None)

    def _advance(self, session: Session, out: list[Effect], now: float) -> None:
        history = session.history
        if history is not None:
            session.history = None
            start = history.since
            if start is None:
                count = history.last
                if session.query is not None and count:
                    count = max(count, QUERY_SCAN_ENTRIES)
                start = max(min(self._ring.first_seq, self.seq), self.seq - count)
            limit = min(self.seq - start, self._most_entries(session))
            session.seq = self._history(session, start, limit, out, now, live=True)
        elif session.seq < self.seq:
            limit = min(self.seq - session.seq, self._most_entries(session))
            message, batch = self._append(session.seq, limit, session)
            if session.send(message, out, now):
                session.seq = batch.next_seq
        if not session.is_open:
            return
        if session.seq == self.seq:
            del self._catching[session.id]
            session.join_log(self._audience(session))
        elif session.seq < self.seq:
            # The others are next.
            self._catching[session.id] = self._catching.pop(session.id)
            self.due = True

    def _most_entries(self, session: Session) -> int:
        """How many entries it may be asked about before others have their turn."""
        predicate = session.predicate
        tests = max(TESTS_AS_ONE, predicate_cost(predicate))
        least = COLUMN_ENTRIES if by_columns(predicate) else MIN_ENTRIES
        guess = max(least, min(BATCH_ENTRIES, FLUSH_ENTRIES * TESTS_AS_ONE // tests))
        if session.query is None:
            # Nothing is looked for, and who asks for the past counts on all that it asked for.
            return guess
        return self._pace.most((session.query,), guess, BATCH_ENTRIES)

    def _audience(self, session: Session) -> LogAudience:
        audience = self._audiences.get(session.query)
        if audience is None:
            audience = LogAudience(session.query, session.predicate, self.seq)
            self._audiences[session.query] = audience
        return audience

    def _append(self, start: int, limit: int, session: Session) -> tuple[Outgoing, LogBatch]:
        key = (start, limit, session.query)
        known = self._encoded.get(key)
        if known is None:
            batch, (wire,) = self._cut(start, limit, [session.predicate], (session.query,))
            self._left -= _scan_cost(batch, session.predicate)
            message = logs_append(
                wire,
                first_seq=batch.first_seq,
                next_seq=batch.next_seq,
                missed=batch.missed,
            )
            known = self._encoded[key] = (message, batch)
        return known

    def _history(
        self,
        session: Session,
        start: int,
        limit: int,
        out: list[Effect],
        now: float,
        *,
        live: bool,
    ) -> int:
        """Send entries from ``start`` on as ``logs.history``; where it ends. The past may be the archive's."""
        batch, (wire,) = self._cut(
            start, limit, [session.predicate], (session.query,), archived=not live
        )
        self._left -= _scan_cost(batch, session.predicate)
        message = logs_history(
            wire,
            epoch=self._epoch,
            first_seq=batch.first_seq,
            next_seq=batch.next_seq,
            missed=batch.missed,
            live=live,
        )
        if not session.send(message, out, now) and live:
            session.history = History(since=start)
        return batch.next_seq


def _push_cost(predicate: Predicate | None) -> int:
    """What an audience costs for each new entry, beside encoding it once."""
    if predicate is None:
        return 0
    return max(QUERY_COST, predicate_cost(predicate) // TESTS_AS_ONE)


def _scan_cost(batch: LogBatch, predicate: Predicate | None) -> int:
    """What it took to look at the entries, as part of what one flush may do."""
    return max(1, len(batch) * max(TESTS_AS_ONE, predicate_cost(predicate)) // TESTS_AS_ONE)
