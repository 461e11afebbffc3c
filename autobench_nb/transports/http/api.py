"""The HTTP interface for scripts and sidecars in any language: ``/api/logs`` and ``/api/state``."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import islice
from typing import Any, Final, NoReturn, TypeAlias

import orjson
from tornado.iostream import StreamClosedError
from tornado.web import Finish, stream_request_body

from autobench_nb.contract.limits import MAX_INTEGER
from autobench_nb.errors import ConfigError, QueryError
from autobench_nb.logs.entry import Level, LogEntry
from autobench_nb.logs.formats import Catalogue, LineReader, zone_named
from autobench_nb.logs.query.predicate import (
    Predicate,
    matching,
    predicate_cost,
    query_filter,
)
from autobench_nb.logs.ring.batch import LogBatch
from autobench_nb.logs.ring.columns import EntrySource, source_filter
from autobench_nb.transports.auth import Refusal
from autobench_nb.transports.http.handlers import Guarded
from autobench_nb.transports.http.ingest import (
    MAX_BODY_BYTES,
    MAX_ENTRIES,
    BadBody,
    BadEntry,
    Report,
    inflated,
    is_compressed,
    read_entry,
    split,
    takes_long,
)
from autobench_nb.transports.turns import short_turns

DEFAULT_LIMIT: Final = 1_000
MAX_LIMIT: Final = 1_000_000
ROWS_AT_ONCE: Final = 500
"""Entries read or written before the loop gets its turn again."""
ROWS_SEARCHED_AT_ONCE: Final = 2_048
TESTS_AT_ONCE: Final = 40_000
"""Entries that a query is tried on before the loop gets its turn again (columns are searched, not entries), and single
tests of a long query on them."""
LONG_QUERY_CHARS: Final = 200
"""A longer query is read on another thread."""
SLICE_S: Final = 0.002
"""Entries are appended for so long before the loop gets its turn again: some have hundreds of fields."""
YIELD_S: Final = 0.02
"""For how long at most entries are not appended since what is new is being sent."""
FIELDS_AT_ONCE: Final = 1_000
"""Entries and fields that are accepted before they are redacted and numbered: that takes longer than accepting them."""


def _ndjson_rows(entries: Sequence[LogEntry]) -> bytes:
    return b"".join(orjson.dumps(entry.to_wire()) + b"\n" for entry in entries)


def _json_rows(entries: Sequence[LogEntry]) -> bytes:
    return b",".join(orjson.dumps(entry.to_wire()) for entry in entries)


Filter: TypeAlias = tuple[Callable[[EntrySource], bool] | None, Predicate | None]
"""What the source of an entry must be like, and what the entry itself."""

_CONTENT_TYPES: Final = {
    "json": "application/json; charset=utf-8",
    "ndjson": "application/x-ndjson; charset=utf-8",
    "csv": "text/csv; charset=utf-8; header=present",
}


def _blocks(
    batch: LogBatch, places: Sequence[int], encode: Callable[[Sequence[LogEntry]], bytes]
) -> Iterator[bytes]:
    """The entries at ``places``, encoded some at a time; JSON's blocks with the comma between them."""
    entries = batch.entries
    for index in range(0, len(places), ROWS_AT_ONCE):
        rows = [entries[place] for place in places[index : index + ROWS_AT_ONCE]]
        yield (b"," if index and encode is _json_rows else b"") + encode(rows)


def _csv_writer() -> Callable[[Iterable[LogEntry]], Iterator[str]]:
    # Pandas takes a while to import, so it is imported here, off the loop.
    from autobench_nb.tables import logs_to_csv

    return logs_to_csv


@stream_request_body
class LogsHandler(Guarded):
    """``GET`` reads the log, ``POST`` writes to it. The body is read only once the request is let in."""

    def prepare(self) -> None:
        super().prepare()
        # Whoever posts lines would find each twice: once as it is, once as a request.
        self.success_is_silent = self.request.method == "POST"
        self._body = bytearray()
        size = self.request.headers.get("Content-Length", "0")
        if self.request.method == "POST" and not _is_short_enough(size):
            self._too_large()
        # Tornado's own limit, which is the forms' until here. One byte more: what is too long gets our answer.
        self.request.connection.set_max_body_size(MAX_BODY_BYTES + 1)  # type: ignore[union-attr]

    def _too_large(self) -> None:
        self.set_header("Connection", "close")  # what still comes is not read
        self.refuse(
            Refusal(
                413, "too-large", f"A body may have {MAX_BODY_BYTES:,} bytes: send it in parts."
            )
        )

    def data_received(self, chunk: bytes) -> None:
        if len(self._body) + len(chunk) > MAX_BODY_BYTES:  # chunked: it does not say how long it is
            self._too_large()
        self._body += chunk

    # --- writing

    async def post(self) -> None:
        defaults = {
            key: self.get_query_argument(key)
            for key in ("channel", "level", "logger", "jobId", "stepId", "deviceId")
            if self.get_query_argument(key, "")
        }
        try:
            body, reader = bytes(self._body), self._reader()
            self._body = bytearray()
            encoding = self.request.headers.get("Content-Encoding", "")
            if is_compressed(body, encoding):
                body = await self.site.pump.off_loop(partial(inflated, body, encoding))
            read = partial(split, body, self.request.headers.get("Content-Type", ""), reader)
            with short_turns:
                place, entries = await self.site.pump.off_loop(read) if takes_long(body) else read()
        except BadBody as error:
            self.refuse(Refusal(error.status, error.code, str(error)))
        report = Report(place, reader=reader)
        with short_turns:
            await self._write(entries, defaults, report)

    async def _write(
        self, entries: Iterator[tuple[int, Any]], defaults: Mapping[str, str], report: Report
    ) -> None:
        """Write raw entries to the log, with others' turns in between, and answer."""
        ring = self.site.ring
        first_seq = ring.next_seq
        began = time.monotonic()
        count = -1
        undrained = 0
        for number, raw in entries:
            if raw is None:
                await asyncio.sleep(0)
                began = time.monotonic()
                continue
            count += 1
            if count >= MAX_ENTRIES:
                report.reject(number, f"a body may have {MAX_ENTRIES:,} entries: send it in parts")
                break
            try:
                given = read_entry(raw, defaults)
                ring.append(**given)
            except (BadEntry, ValueError) as error:
                # A ValueError has the ring's own words for what is wrong with the level or the time.
                report.reject(number, str(error))
            else:
                report.accepted += 1
                undrained += 1 + len(given.get("fields") or ())
            if undrained >= FIELDS_AT_ONCE:
                undrained = 0
                ring.drain()  # here, and not all at once in the next flush
            if time.monotonic() - began > SLICE_S:
                await self._let_others()
                began = time.monotonic()
        if report.rejected and not report.accepted:
            self.set_status(400)
        self.finish_json(
            {
                "accepted": report.accepted,
                "rejected": report.rejected,
                # Nothing of this request stands before it; another writer's entries may stand between.
                "firstSeq": first_seq,
                "nextSeq": ring.next_seq,
                "errors": report.errors,
                **report.lines(),
            }
        )

    async def _let_others(self) -> None:
        """Leave the loop to others, and the interpreter's lock to the pump while it sends."""
        await asyncio.sleep(0)
        pump, until = self.site.pump, time.monotonic() + YIELD_S
        while pump.is_flushing and time.monotonic() < until:
            await asyncio.sleep(0.001)

    def _reader(self) -> LineReader:
        """What reads the lines of the body: in the format and the zone that the query names."""
        name, zone = self.get_query_argument("format", ""), self.get_query_argument("zone", "UTC")
        try:
            catalogue = Catalogue(only=name) if name else None
        except ConfigError:
            self._refuse_argument("format", "the name of a log format")
        try:
            return LineReader(now=time.time(), zone=zone_named(zone), catalogue=catalogue)
        except ConfigError:
            self._refuse_argument("zone", "a zone such as Europe/Berlin")

    # --- reading

    async def get(self) -> None:
        since = self._whole("sinceSeq", 0, MAX_INTEGER)
        limit = self._whole("limit", DEFAULT_LIMIT, MAX_LIMIT)
        name = self.get_query_argument("format", "json")
        if name not in _CONTENT_TYPES:
            self._refuse_argument("format", "json, ndjson or csv")
        bom = self._whole("bom", 0, 1) == 1
        keep = await self._filter()
        batch = self.site.ring.since(since, limit if keep is None else None)
        next_seq = batch.next_seq
        places: Sequence[int] = range(len(batch))
        if keep is not None:
            places, next_seq = await _matching(batch, keep, limit)
        position = {"firstSeq": batch.first_seq, "nextSeq": next_seq, "missed": batch.missed}
        self.set_header("Content-Type", _CONTENT_TYPES[name])
        self.set_header("X-Epoch", self.site.epoch)
        self.set_header("X-First-Seq", str(batch.first_seq))
        self.set_header("X-Next-Seq", str(next_seq))
        self.set_header("X-Missed", str(batch.missed))
        if name == "csv":
            self.set_header("Content-Disposition", 'attachment; filename="logs.csv"')
            logs_to_csv = await self.site.pump.off_loop(_csv_writer)
            entries = batch.entries
            pieces: Iterator[bytes] = map(
                str.encode, logs_to_csv((entries[place] for place in places), bom=bom)
            )
        else:
            pieces = _blocks(batch, places, _ndjson_rows if name == "ndjson" else _json_rows)
        if name == "json":
            head = orjson.dumps({"epoch": self.site.epoch, **position})
            self.write(head[:-1] + b',"entries":[')
        size = ROWS_AT_ONCE if name == "csv" else 1
        try:
            while block := b"".join(islice(pieces, size)):
                self.write(block)
                await self.flush()  # waits until the client has taken it: the memory is bounded
                await asyncio.sleep(0)
        except StreamClosedError:
            return  # the client has gone
        if name == "json":
            self.write(b"]}")
        self.finish()

    async def _filter(self) -> Filter | None:
        """What this request may see and wants to see; ``None``: everything."""
        config = self.site.config
        allowed = frozenset(config.log_channel_allowlist) or None
        lowest = Level.parse(config.log_level_min)
        predicate: Predicate | None = None
        text = self.get_query_argument("query", "")
        if text:
            try:
                read = partial(query_filter, text, now=time.time())
                is_long = len(text) > LONG_QUERY_CHARS
                with short_turns:
                    predicate = await self.site.pump.off_loop(read) if is_long else read()
            except QueryError as error:
                self.set_status(400)
                self.finish_json(
                    {
                        "error": {
                            "code": "bad-query",
                            "message": str(error),
                            "column": error.column,
                            "expected": error.expected,
                        }
                    }
                )
                raise Finish from None
        may_see = source_filter(allowed, lowest)
        return None if may_see is None and predicate is None else (may_see, predicate)

    def _whole(self, name: str, default: int, high: int) -> int:
        text = self.get_query_argument(name, str(default))
        if not (text.isascii() and text.isdecimal() and len(text) < 17 and int(text) <= high):
            self._refuse_argument(name, f"a whole number from 0 to {high:,}")
        return int(text)

    def _refuse_argument(self, name: str, accepts: str) -> NoReturn:
        self.refuse(Refusal(400, "bad-argument", f"{name} takes {accepts}."))


def _is_short_enough(size: str) -> bool:
    """Whether a Content-Length is a number, and none too large. Of thousands of digits Python makes no number."""
    return (
        len(size) <= len(str(MAX_BODY_BYTES)) and size.isdecimal() and int(size) <= MAX_BODY_BYTES
    )


async def _matching(batch: LogBatch, keep: Filter, limit: int) -> tuple[list[int], int]:
    """The places of the first ``limit`` entries that ``keep`` wants, and the seq to go on from.

    What an entry's source tells is asked once a chunk; only what that leaves open is asked of the entry itself.
    """
    may_see, predicate = keep
    places: list[int] = []
    offset = 0  # of the part's first entry, among all of the batch
    step = max(1, min(ROWS_SEARCHED_AT_ONCE, TESTS_AT_ONCE // max(1, predicate_cost(predicate))))
    for chunk, begin, end in batch.parts:
        for start in range(begin, end, step):
            stop = min(end, start + step)
            seen = None if may_see is None else chunk.rows_where(start, stop, may_see)
            rows = matching(chunk, start, stop, batch.channels, predicate, seen)
            found = (rows + (offset - begin)).tolist()
            if len(places) + len(found) >= limit:
                places += found[: limit - len(places)]
                return places, batch.first_seq + (places[-1] + 1 if places else 0)
            places += found
            await asyncio.sleep(0)
        offset += end - begin
    return places, batch.next_seq


class StateHandler(Guarded):
    """``GET /api/state``: the whole AppState. Its ETag is the epoch and the version."""

    async def get(self) -> None:
        site = self.site
        if not self._is_known(site.store.version):
            # The copy is made on another thread: the loop goes on meanwhile.
            version, data = await site.pump.off_loop(self._read)
            if not self._is_known(version):
                self.set_header("Content-Type", "application/json; charset=utf-8")
                self.finish(data)
                return
        self.set_status(304)
        self.finish()

    def _read(self) -> tuple[int, bytes]:
        state = self.site.store.get("")
        return state["version"], orjson.dumps(state)

    def _is_known(self, version: int) -> bool:
        self.set_header("ETag", f'"{self.site.epoch}-{version}"')
        self.set_header("Cache-Control", "no-cache")
        return self.check_etag_header()
