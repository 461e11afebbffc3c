"""The log path: accepting, redacting, encoding, exporting, beside what a user would pick instead."""

from __future__ import annotations

import gc
import json
import logging
import re
import time
import tracemalloc
from collections import deque
from collections.abc import Callable
from typing import Any

import orjson
import pandas as pd

from autobench_nb.logs import LogRing, Redactor
from autobench_nb.notebook.logging import BridgeHandler
from autobench_nb.tables import logs_to_pandas
from tests.benchmarks.harness import Benchmark, Row, clock, number, peer, race

PATTERNS = (
    r"AKIA[0-9A-Z]{16}",
    r"gh[pousr]_[A-Za-z0-9]{36,}",
    r"(?i)bearer\s+[A-Za-z0-9._~+/-]{16,}=*",
    r"://[^\s:/@]+:[^\s/@]+@",
    r"(?i)password\s*[=:]\s*\S+",
)
CLIENTS = 10


def lines(count: int) -> list[str]:
    """Lines as a benchmark logs them, about 64 characters, one in 1,000 with a secret."""
    made = [
        f"run {place} gzip -9c data.log finished in {place * 0.37 % 100:.3f} s ratio 0.{place % 997:03d} ok"
        for place in range(count)
    ]
    made[::1_000] = [f"{line} password=hunter{place}" for place, line in enumerate(made[::1_000])]
    return made


def accept(quick: bool) -> list[Row]:
    """One entry accepted, beside a deque's append of the same facts with the time."""
    ring = LogRing(10_000)
    held: deque[tuple[object, ...]] = deque(maxlen=10_000)
    now = time.time

    def ours() -> None:
        append = ring.append
        for _ in range(1_000):
            append("benchmark", 20, "a line of the log")
        ring._inbox.clear()

    def writer() -> None:
        append = pen.append
        for _ in range(1_000):
            append(20, "a line of the log")
        ring._inbox.clear()

    def theirs() -> None:
        append = held.append
        for _ in range(1_000):
            append((now(), "benchmark", 20, "a line of the log", None, None, None, None))

    pen = ring.writer("benchmark")
    best = race({"ours": ours, "writer": writer, "theirs": theirs}, **_effort(quick))
    theirs_us = best["theirs"] * 1e3
    said = "deque.append((time(), ...))"
    note = (
        "Bounded by the call of a Python function with ten parameters, two tuples and time.time(); the entry is "
        "numbered, redacted and sealed later, by whoever reads"
    )
    return [
        Row("accept one log entry", best["ours"] * 1e3, "us", said, theirs_us, 3, note),
        Row("accept one, by a writer", best["writer"] * 1e3, "us", said, theirs_us, 3),
    ]


class _NoOp(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        pass


def bridge(quick: bool) -> list[Row]:
    """``logger.info`` into the ring, beside a handler that does nothing."""
    ring = LogRing(10_000)

    def logger_with(handler: logging.Handler) -> logging.Logger:
        logger = logging.Logger("benchmark.bridge")
        logger.addHandler(handler)
        return logger

    bridged, plain = logger_with(BridgeHandler(ring)), logger_with(_NoOp())

    def ours() -> None:
        for _ in range(200):
            bridged.info("a line of the log")
        ring._inbox.clear()

    def theirs() -> None:
        for _ in range(200):
            plain.info("a line of the log")

    best = race({"ours": ours, "theirs": theirs}, **_effort(quick))
    return [
        Row(
            "standard logging bridge",
            best["ours"] * 5e3,
            "us",
            "a no-op handler",
            best["theirs"] * 5e3,
            1.3,
            "Most of both is the logging module finding the caller and making the record",
        )
    ]


class _Redacting(logging.Handler):
    """What a user would write: redact with re, keep the last ones, encode what came since."""

    def __init__(self, capacity: int, dumps: Callable[[Any], Any]) -> None:
        super().__init__()
        self._patterns = [re.compile(pattern) for pattern in PATTERNS]
        self._ring: deque[dict[str, Any]] = deque(maxlen=capacity)
        self._fresh: list[dict[str, Any]] = []
        self._dumps = dumps
        self._seq = 0

    def emit(self, record: logging.LogRecord) -> None:
        message = record.getMessage()
        for pattern in self._patterns:
            message = pattern.sub("[redacted]", message)
        entry = {
            "seq": self._seq,
            "ts": record.created * 1e3,
            "channel": "benchmark",
            "emoji": "⏱️",
            "color": "#22c55e",
            "level": record.levelname.lower(),
            "message": message,
        }
        self._seq += 1
        self._ring.append(entry)
        self._fresh.append(entry)

    def flush_to_clients(self) -> Any:
        fresh, self._fresh = self._fresh, []
        return self._dumps(fresh)


def pipeline(quick: bool) -> list[Row]:
    """Accepted, redacted by five patterns, kept, and each batch encoded once for ten clients."""
    count, batch = (2_000, 500) if quick else (20_000, 1_000)
    texts = lines(count)

    def ours() -> None:
        ring = LogRing(count, redactor=Redactor(PATTERNS))
        append = ring.writer("benchmark").append
        seq = 0
        for start in range(0, count, batch):
            for text in texts[start : start + batch]:
                append(20, text)
            fresh = ring.since(seq)
            seq = fresh.next_seq
            data = fresh.wire()
            _ = [data for _ in range(CLIENTS)]

    def stdlib(dumps: Callable[[Any], Any]) -> Callable[[], None]:
        def run() -> None:
            handler = _Redacting(count, dumps)
            logger = logging.Logger("benchmark.pipeline")
            logger.addHandler(handler)
            for start in range(0, count, batch):
                for text in texts[start : start + batch]:
                    logger.info(text)
                data = handler.flush_to_clients()
                _ = [data for _ in range(CLIENTS)]

        return run

    contestants = {"ours": ours, "json": stdlib(json.dumps), "orjson": stdlib(orjson.dumps)}
    best = race(contestants, **_effort(quick))
    ours_s, json_s, orjson_s = (count / best[name] for name in ("ours", "json", "orjson"))
    note = (
        f"Lent orjson, the peer makes {number(orjson_s)}/s, and the ratio is {ours_s / orjson_s:.1f}x. Ours is a "
        "quarter accepting, a third draining (RE2 over the joined batch, NumPy), the rest making and encoding "
        "one dict an entry"
    )
    return [
        Row(
            "accept, redact, ring, batch, 10 clients",
            ours_s,
            "entries/s",
            "logging + re + json",
            json_s,
            8,
            note,
            better="more",
        )
    ]


def output(quick: bool) -> list[Row]:
    """Lines shown, beside ipywidgets' Output that already holds 10,000."""
    widgets = peer("ipywidgets", "ipywidgets")
    held = 500 if quick else 10_000
    out = widgets.Output()
    out.outputs = tuple(
        {"output_type": "stream", "name": "stdout", "text": f"line {place}\n"}
        for place in range(held)
    )
    begin, appended = clock(), 0
    while clock() - begin < (0.1 if quick else 2.0) or not appended:
        out.append_stdout(f"line {appended}\n")
        appended += 1
    theirs = appended / (clock() - begin)
    texts = lines(2_000)
    ring = LogRing(held)
    seq = [0]

    def ours() -> None:
        for text in texts:
            ring.append("benchmark", 20, text)
        fresh = ring.since(seq[0])
        seq[0] = fresh.next_seq
        fresh.wire()

    best = race({"ours": ours}, **_effort(quick))
    out.close()
    return [
        Row(
            "lines a second, to encoded bytes",
            len(texts) / best["ours"],
            "lines/s",
            f"Output.append_stdout at {held:,} lines",
            theirs,
            10_000,
            "Output without a kernel, so that nothing is even sent: each line copies and compares all before it",
            better="more",
        )
    ]


def export(quick: bool) -> list[Row]:
    """A full ring to a DataFrame, and what an entry weighs in it, beside a list of dicts."""
    count = 20_000 if quick else 1_000_000
    ring = LogRing(count)
    pens = [
        ring.writer(channel, job_id=job)
        for channel in ("benchmark", "app")
        for job in ("j1", "j2", None)
    ]
    texts = lines(count)
    for place, text in enumerate(texts):
        pens[place % 6].append(30 if place % 50 == 0 else 20, text)
    rows = [entry.to_wire() for entry in ring.since(0).entries]
    best = race(
        {"ours": lambda: logs_to_pandas(ring), "theirs": lambda: pd.DataFrame(rows)},
        rounds=2 if quick else 5,
        round_s=0.05,
    )
    rows.clear()
    ours_bytes = ring.nbytes / count
    theirs_bytes = _bytes_of_dicts(texts[: min(count, 100_000)])
    return [
        Row(
            f"{count:,} entries to a DataFrame",
            best["ours"] * 1e3,
            "ms",
            "DataFrame(list of dicts)",
            best["theirs"] * 1e3,
            1 / 50,
            "Text is not copied; the codes are gathered by NumPy, the rest is pandas checking what it is given",
        ),
        Row(
            "memory an entry",
            ours_bytes,
            "B",
            "a list of dicts",
            theirs_bytes,
            1 / 4,
            f"Of it the message is {sum(map(len, texts)) / count:.0f} B, time 8, offset 8, source 2",
        ),
    ]


def _bytes_of_dicts(texts: list[str]) -> float:
    gc.collect()
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        held = [
            {
                "seq": place,
                "ts": 1.7e12 + place,
                "channel": "benchmark",
                "emoji": "⏱️",
                "color": "#22c55e",
                "level": "info",
                "message": "".join((text[:8], text[8:])),
            }
            for place, text in enumerate(texts)
        ]
        return (tracemalloc.get_traced_memory()[0] - before) / len(held)
    finally:
        tracemalloc.stop()


def _effort(quick: bool) -> dict[str, Any]:
    return {"rounds": 2, "round_s": 0.01} if quick else {"rounds": 9, "round_s": 0.1}


BENCHMARKS = [
    Benchmark("logs.accept", accept),
    Benchmark("logs.bridge", bridge),
    Benchmark("logs.pipeline", pipeline),
    Benchmark("logs.output", output),
    Benchmark("logs.export", export),
]
