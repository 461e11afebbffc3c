"""What a client may ask for at most is done in pieces: others have their turn in between."""

from __future__ import annotations

import asyncio
import itertools
import threading
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import orjson
import pytest

from autobench_nb.logs.entry import LogEntry
from autobench_nb.logs.query import predicate as predicates
from autobench_nb.logs.query.chunk_rows import ChunkRows, Mask
from autobench_nb.logs.query.cost import cost_of
from autobench_nb.logs.query.predicate import QueryFilter, client_filter, matching
from autobench_nb.logs.query.query import parse
from autobench_nb.logs.query.regex import KNOWN_PATTERNS, _known, read_regex
from autobench_nb.sync.server.log_feed import (
    COLUMN_ENTRIES,
    FLUSH_ENTRIES,
    MIN_ENTRIES,
    TESTS_AS_ONE,
)
from autobench_nb.sync.server.pace import FLUSH_S, STEP_S
from autobench_nb.transports.http import api
from autobench_nb.transports.queries import make_ready, may_be_long
from autobench_nb.transports.sockets import websocket
from autobench_nb.transports.sockets.websocket import LONGEST_PAUSE_S
from tests.benchmarks.fairness_parts import QUERIES
from tests.sync.harness import Server
from tests.transports.conftest import TOKEN, Start, hello, no_unexpected_log, receive, say, start

__all__ = ["no_unexpected_log", "start"]

ENTRIES = 1_000
LONG = QUERIES["words"](1)


def full(**settings: Any) -> Server:
    server = Server(log_capacity=ENTRIES, **settings)
    for number in range(ENTRIES):
        server.log(f"run {number} gzip -9c data.log finished")
    return server


TEST_S = 1e-6
"""What a single test takes, as the server finds it."""


class Counted:
    """Counts the single tests that a filter is asked for, flush by flush, and lets each take a microsecond."""

    def __init__(self, query: str, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
        self.flushes = self.since_flush = self.most = 0
        self._server = server
        inner = QueryFilter.of(parse(query), now=0)

        def rows(rows: ChunkRows, asked: Mask) -> Mask:
            self._count(int(asked.sum()) * inner.cost)
            return inner.row_test(rows, asked)

        def entry(entry: LogEntry) -> bool:
            self._count(inner.cost)
            return inner.predicate(entry)

        counted = replace(inner, predicate=entry, row_test=rows)
        monkeypatch.setattr(predicates, "_absolute_filter", lambda _query: counted)
        flush = server.flush

        def counting() -> Any:
            self.flushes += 1
            self.since_flush = 0
            return flush()

        server.flush = counting  # type: ignore[method-assign]

    def _count(self, tests: int) -> None:
        self.since_flush += tests
        self.most = max(self.most, self.since_flush)
        self._server.worked_s += tests * TEST_S


@pytest.mark.parametrize("kind", ["words", "own fields", "regexes"])
@pytest.mark.parametrize("asked", ["hello", "subscribe", "replay", "what is new"])
def test_what_a_long_query_costs_in_one_flush_has_a_bound(
    monkeypatch: pytest.MonkeyPatch, kind: str, asked: str
) -> None:
    query = QUERIES[kind](1)
    server = full()
    counted = Counted(query, server, monkeypatch)
    link = server.connect()
    said = server.hello(link, **({"logsQuery": query} if asked == "hello" else {}))
    counted.flushes = 0 if asked != "hello" else counted.flushes
    if asked == "subscribe":
        payload = {"logsQuery": query, "logsHistory": ENTRIES}
        server.say(link, {"type": "subscribe", "payload": payload})
    elif asked != "hello":
        server.say(link, {"type": "subscribe", "payload": {"logsQuery": query}})
        server.settle()
    if asked == "replay":
        server.say(link, {"type": "logs.replay", "sinceSeq": 0, "limit": ENTRIES})
    elif asked == "what is new":
        for number in range(ENTRIES):
            server.log(f"run {number}")
    if asked != "hello":
        link.take()
        server.settle()
    cost = cost_of(parse(query).node)
    assert cost > 100
    assert counted.most > 0
    # The first look is as long as is guessed; from then on it is known what one takes.
    guessed = max(
        FLUSH_ENTRIES * TESTS_AS_ONE, (COLUMN_ENTRIES if kind == "words" else MIN_ENTRIES) * cost
    )
    assert counted.most <= guessed + (FLUSH_S + STEP_S) / TEST_S + cost
    assert counted.flushes > 1 or kind == "words"  # a thousand at once are all there are
    # Nothing was left out: what comes covers all, without a hole.
    said = said if asked == "hello" else link.take()
    batches = [m for m in said if m["type"] in ("logs.history", "logs.append")]
    for one, other in itertools.pairwise(batches):
        assert one["nextSeq"] == other["firstSeq"]
    if asked in ("hello", "subscribe"):
        assert batches[-1]["nextSeq"] == server.ring.next_seq


@pytest.mark.parametrize("kind", ["words", "negated words", "letters"])
def test_a_long_query_of_words_looks_through_a_thousand_entries_at_once(
    monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    query = QUERIES[kind](2)
    inner = QueryFilter.of(parse(query), now=0)
    looks: list[int] = []

    def counting(rows: ChunkRows, asked: Mask) -> Mask:
        looks.append(int(asked.sum()))
        return inner.row_test(rows, asked)

    counted = replace(inner, row_test=counting)
    monkeypatch.setattr(predicates, "_absolute_filter", lambda _query: counted)
    server = full()
    link = server.connect()
    server.hello(link)
    payload = {"logsQuery": query, "logsHistory": ENTRIES}
    server.say(link, {"type": "subscribe", "payload": payload})
    server.settle()
    # To look for each word costs about as much in fifty entries, which it would take some twenty turns of.
    assert sum(looks) >= ENTRIES
    assert len(looks) <= 4


async def test_who_asks_for_long_work_waits_as_long_again(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticks = itertools.count(step=60)
    pauses: list[float] = []
    real = asyncio.sleep

    async def sleep(delay: float, result: Any = None) -> Any:
        pauses.append(delay)
        return await real(0 if delay == LONGEST_PAUSE_S else delay, result)

    bench = await start(capacity=ENTRIES)
    async with bench.connect(token=TOKEN) as socket:
        await hello(socket)
        monkeypatch.setattr(websocket, "time", SimpleNamespace(perf_counter=lambda: next(ticks)))
        monkeypatch.setattr(asyncio, "sleep", sleep)
        await say(socket, type="subscribe", payload={"logsQuery": "a", "logsHistory": 5})
        await receive(socket, "logs.history")
        assert LONGEST_PAUSE_S not in pauses
        await say(socket, type="subscribe", payload={"logsQuery": LONG, "logsHistory": 5})
        await say(socket, type="ping", ts=1)
        await receive(socket, "pong")
        assert LONGEST_PAUSE_S in pauses


def test_a_usual_query_is_answered_at_once() -> None:
    server = full()
    link = server.connect()
    server.hello(link)
    link.take()
    payload = {"logsQuery": 'level>=info "gzip" -noise', "logsHistory": ENTRIES}
    server.say(link, {"type": "subscribe", "payload": payload})
    server.settle()
    (history,) = (m for m in link.take() if m["type"] == "logs.history")
    assert len(history["entries"]) == ENTRIES - 1  # one is of the connection, and has no gzip


async def test_a_long_query_is_read_on_another_thread_and_found_ready(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads: list[str] = []
    inner = QueryFilter.of

    def of(*args: Any, **kwargs: Any) -> QueryFilter:
        threads.append(threading.current_thread().name)
        return inner(*args, **kwargs)

    monkeypatch.setattr(QueryFilter, "of", of)
    bench = await start(capacity=ENTRIES)
    for way in range(3):
        query = QUERIES["regexes"](way)
        async with bench.connect(token=None if way == 0 else TOKEN) as socket:
            if way < 2:  # within the hello of one that has, and of one that has not proven itself
                await hello(socket, token=TOKEN, logsQuery=query)
            else:
                await hello(socket)
                await say(socket, type="subscribe", payload={"logsQuery": query, "logsHistory": 5})
                await receive(socket, "logs.history")
    answer = await bench.ask(f"/api/logs?query={'a%20OR%20' * 60}b")
    assert answer.code == 200
    assert len(threads) == 4
    assert threading.current_thread().name not in threads


def test_for_who_is_not_known_nothing_is_read_beforehand() -> None:
    said = {"type": "hello", "payload": {"token": "wrong", "logsQuery": QUERIES["words"](77)}}
    message = orjson.dumps(said)
    assert may_be_long(message)
    before = predicates._absolute_filter.cache_info().misses
    make_ready(message, lambda token: token == "right")
    assert predicates._absolute_filter.cache_info().misses == before
    make_ready(message, None)
    assert predicates._absolute_filter.cache_info().misses == before + 1
    client_filter(QUERIES["words"](77), now=1.0)
    assert predicates._absolute_filter.cache_info().misses == before + 1


@pytest.mark.parametrize(
    "message",
    [
        b"{", b"[]", b"5", b"{}", b'{"payload":5}', b'{"payload":{"logsQuery":5}}', b"\xff",
        b'{"payload":{"logsQuery":null}}', b'{"payload":{"logsQuery":"(("}}',
        b'{"payload":{"logsQuery":"' + b"a " * 5_000 + b'"}}', b"[" * 100_000,
    ],
)  # fmt: skip
def test_what_is_wrong_is_left_to_who_answers(message: bytes) -> None:
    make_ready(message, None)
    make_ready(message.decode("utf-8", "replace"), None)


@pytest.mark.parametrize("query", ["-z " * 900, "fields.temp:" + ",".join(["/x/"] * 300)])
async def test_a_long_query_over_http_lets_others_have_their_turns(
    start: Start, monkeypatch: pytest.MonkeyPatch, query: str
) -> None:
    bench = await start(capacity=ENTRIES)
    for number in range(ENTRIES):
        bench.ring.append("app", "info", f"run {number}", fields={"temp": f"t{number}"})
    steps: list[int] = []

    def counting(chunk: Any, begin: int, stop: int, *rest: Any) -> Any:
        steps.append(stop - begin)
        return matching(chunk, begin, stop, *rest)

    monkeypatch.setattr(api, "matching", counting)
    answer = await bench.ask(f"/api/logs?limit=5000&query={query.strip().replace(' ', '%20')}")
    assert answer.code == 200
    assert sum(steps) == ENTRIES
    assert max(steps) * cost_of(parse(query).node) <= api.TESTS_AT_ONCE


def test_patterns_that_are_remembered_do_not_pile_up() -> None:
    for number in range(2 * KNOWN_PATTERNS):
        read_regex(f"a{number}", "", 0)
    assert len(_known) <= KNOWN_PATTERNS


@pytest.mark.parametrize(
    ("query", "least", "most"),
    [
        ("", 1, 1),
        ("a", 1, 1),
        ("a b -c", 3, 3),
        ("a OR (b NOT c)", 3, 3),
        ("/a/", 5, 20),
        ("fields.x>=1", 5, 20),
        ("has:exc,fields,fields.a", 5, 20),
        ("channel:a,b,c*", 3, 3),
        ("none", 1, 1),
        (LONG, 300, 1_000),
    ],
)
def test_a_query_costs_what_it_asks_for(query: str, least: int, most: int) -> None:
    assert least <= cost_of(parse(query).node) <= most
