"""Queries on a full log, beside ``pyarrow.compute`` on the same column."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from autobench_nb.logs import LogRing
from autobench_nb.logs.entry import Level
from autobench_nb.logs.query.predicate import query_filter
from autobench_nb.tables import logs_table
from autobench_nb.tables.logs_view import Logs
from tests.benchmarks.harness import Benchmark, Row, race
from tests.benchmarks.logs import lines

GOAL = 2
Peer = Callable[[], Any]


def full_ring(count: int) -> LogRing:
    """Lines of six sources, one in fifty a warning, each tenth with fields."""
    ring = LogRing(count, max_bytes=1 << 40)
    jobs = [(channel, job) for channel in ("benchmark", "app") for job in ("j1", "j2", None)]
    pens = [ring.writer(channel, job_id=job) for channel, job in jobs]
    for place, text in enumerate(lines(count)):
        level = Level.WARN if place % 50 == 0 else Level.INFO
        fields = {"temp": place % 1_000 / 10, "unit": "C"} if place % 10 == 0 else None
        pens[place % 6].append(level, text, fields=fields)
    return ring


def _text_peers(message: pa.ChunkedArray) -> dict[str, tuple[str, str, Peer]]:
    """By name of the row: the query, what the peer is called, and the peer."""

    def contains(text: str) -> Peer:
        return lambda: pc.sum(pc.match_substring(message, text, ignore_case=True)).as_py()

    def regex(pattern: str, **options: bool) -> Peer:
        return lambda: pc.sum(pc.match_substring_regex(message, pattern, **options)).as_py()

    def neither() -> Any:
        return pc.sum(pc.invert(pc.match_substring(message, "hunter", ignore_case=True))).as_py()

    def one_or_both() -> Any:
        one = pc.match_substring(message, "hunter", ignore_case=True)
        other = pc.match_substring(message, "finished in 9", ignore_case=True)
        return pc.sum(pc.or_(one, other)).as_py()

    said, said_regex = "match_substring(ignore_case)", "match_substring_regex"
    return {
        "a word in 0.1% of lines": ("hunter", said, contains("hunter")),
        "a word in every line": ("gzip", said, contains("gzip")),
        "a word in no line": ("zebra", said, contains("zebra")),
        "one letter": ("e", said, contains("e")),
        "a phrase": ('"finished in 9"', said, contains("finished in 9")),
        "a negated word": ("-hunter", f"{said}, invert", neither),
        "two words with OR": ('hunter OR "finished in 9"', f"{said}, twice", one_or_both),
        "a regex, few lines": (r"/hunter\d+5/", said_regex, regex(r"hunter\d+5")),
        "a regex, a tenth": (r"/run \d+7 gzip/", said_regex, regex(r"run \d+7 gzip")),
        "a regex, every line": (r"/\d+\.\d+ s ratio/", said_regex, regex(r"\d+\.\d+ s ratio")),
        "a regex of classes": (r"/[3-5]{5}/", said_regex, regex(r"[3-5]{5}")),
        "a regex, case ignored": (
            r"/HUNTER\d+/i",
            f"{said_regex}(ignore_case)",
            regex(r"HUNTER\d+", ignore_case=True),
        ),
    }


def _field_peers(table: pa.Table) -> dict[str, tuple[str, str, Peer]]:
    channel, level, fields = table["channel"], table["level"], table["fields"]

    def levels() -> Any:
        names = pa.array(["warn", "error", "fatal"])
        return pc.sum(pc.is_in(level.cast(pa.string()), names)).as_py()

    def channels() -> Any:
        return pc.sum(pc.equal(channel.cast(pa.string()), "app")).as_py()

    def own() -> Any:
        found = pc.extract_regex(fields, r'"temp":(?P<value>-?[0-9.]+)')
        numbers = pc.cast(pc.struct_field(found, "value"), pa.float64())
        return pc.sum(pc.greater_equal(numbers, 80)).as_py()

    return {
        "level>=warn": ("level>=warn", "is_in", levels),
        "channel:app": ("channel:app", "equal", channels),
        "fields.temp>=80, read anew": ("fields.temp>=80", "extract_regex, cast, compare", own),
    }


def columns(quick: bool) -> list[Row]:
    """How many of 1,000,000 entries a query finds; asked anew each time, so that nothing is remembered."""
    count = 20_000 if quick else 1_000_000
    ring = full_ring(count)
    logs = Logs(ring)
    table = logs_table(ring)
    effort: dict[str, Any] = (
        {"rounds": 2, "round_s": 0.005} if quick else {"rounds": 5, "round_s": 0.02}
    )
    rows = []
    for name, (query, said, peer) in (_text_peers(table["message"]) | _field_peers(table)).items():
        found = _count(logs, query)
        assert found == (peer() or 0), (query, found, peer())
        best = race({"ours": partial(_count, logs, query), "theirs": peer}, **effort)
        rows.append(
            Row(
                f"query {count:,}: {name}",
                best["ours"] * 1e3,
                "ms",
                f"pyarrow.compute.{said}",
                best["theirs"] * 1e3,
                GOAL,
                f"`{query}`, {found:,} lines",
            )
        )
    return [*rows, *_again(logs, table, effort)]


def _count(logs: Logs, query: str) -> int:
    for chunk, _, _ in logs.batch().parts:
        chunk.kept.clear()
    return len(logs.query(query))


def _again(logs: Logs, table: pa.Table, effort: dict[str, Any]) -> list[Row]:
    """What is asked a second time, and what comes out of a query."""
    found = pc.extract_regex(table["fields"], r'"temp":(?P<value>-?[0-9.]+)')
    numbers = pc.cast(pc.struct_field(found, "value"), pa.float64())
    view = logs.query("finished")
    narrow = logs.query("hunter")
    # A tenth of the lines: a million one by one would take most of this benchmark's time, and say the same.
    tenth = logs.query(r"/run \d+7 gzip/")
    their_tenth = table.filter(pc.match_substring_regex(table["message"], r"run \d+7 gzip"))
    assert len(tenth) == len(their_tenth)
    len(view)
    len(narrow)

    def one_more() -> int:
        logs.ring.append("app", "info", "hunter")
        return len(narrow)

    best = race(
        {
            "own": lambda: len(logs.query("fields.temp>=80")),
            "own, theirs": lambda: pc.sum(pc.greater_equal(numbers, 80)).as_py(),
            "frame": view.to_pandas,
            "frame, theirs": lambda: table.filter(
                pc.match_substring(table["message"], "finished", ignore_case=True)
            ).to_pandas(),
            "iterate": lambda: sum(1 for _ in tenth),
            "iterate, theirs": lambda: sum(1 for _ in their_tenth.to_pylist()),
            "live": one_more,
        },
        **{**effort, "rounds": 3},
    )
    size = f"{len(view):,}"
    said = "table.filter(match_substring).to_pandas()"
    return [
        Row("query: fields.temp>=80, once more", best["own"] * 1e3, "ms",
            "pyarrow.compute.greater_equal on numbers", best["own, theirs"] * 1e3, None,
            "The peer has a column of numbers; ours keeps one with each chunk, and still looks at 245 of them"),
        Row(f"query: {size} lines to a DataFrame", best["frame"] * 1e3, "ms", said,
            best["frame, theirs"] * 1e3, GOAL, "`finished`, whose lines are known from the access before"),
        Row(f"query: {len(tenth):,} lines iterated", best["iterate"] * 1e3, "ms", "table.to_pylist()",
            best["iterate, theirs"] * 1e3, 1, "An entry each, with its fields parsed"),
        Row("query: a view asked again, one new line", best["live"] * 1e3, "ms", "none", None, None,
            "`hunter`: only the open chunk is searched"),
    ]  # fmt: skip


def live(quick: bool) -> list[Row]:
    """Batches of 100 new entries filtered as ``logsQuery`` does, beside the test of each entry."""
    count = 2_000 if quick else 20_000
    ring = full_ring(count)
    now = time.time()
    rows = []
    for query in ("hunter", "level>=warn", r"/ratio 0\.9\d+/", "-gzip", "fields.temp>=80"):
        test = query_filter(query, now=now)
        batches = [ring.since(seq, 100) for seq in range(0, count, 100)]

        def ours(test: Any = test, batches: Any = batches) -> int:
            return sum(len(batch.wire(predicate=test)) for batch in batches)

        def theirs(test: Any = test, batches: Any = batches) -> int:
            return sum(len(batch.wire(predicate=test.predicate)) for batch in batches)

        assert ours() == theirs()
        best = race(
            {"ours": ours, "theirs": theirs},
            rounds=2 if quick else 7,
            round_s=0.005 if quick else 0.05,
        )
        rows.append(
            Row(
                f"logsQuery, batches of 100: {query}",
                best["ours"] * 1e6 / count,
                "us an entry",
                "the same, asked of each entry",
                best["theirs"] * 1e6 / count,
                1,
            )
        )
    return rows


BENCHMARKS = [Benchmark("query.columns", columns), Benchmark("query.live", live)]
