"""Reading other people's logs: lines a second of several kinds, beside the loop that a user would write for one."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any

from autobench_nb.logs.formats import LineReader, level_of_line
from tests.benchmarks.harness import Benchmark, Row, number, race
from tests.logs.formats.kinds import KINDS, LOGHUB, Kind

NOW = datetime(2026, 11, 24, tzinfo=UTC).timestamp()
GOAL_LINES_S = 200_000
ENTRIES = 4_000
OURS_FEED = 1_000
"""Lines that are given at once, as the reader of files does it."""

Loop = Callable[[list[str]], list[dict[str, Any]]]


def by_hand(pattern: str, layout: str) -> Loop:
    """What people write: one regular expression, ``strptime`` for the time, a dict for the rest."""
    match = re.compile(pattern).match

    def loop(lines: list[str]) -> list[dict[str, Any]]:
        read = []
        for line in lines:
            found = match(line)
            if found is None:
                read.append({"message": line})
                continue
            said: dict[str, Any] = found.groupdict()
            said["ts"] = datetime.strptime(said.pop("time"), layout).replace(tzinfo=UTC).timestamp()
            read.append(said)
        return read

    return loop


def json_by_hand(lines: list[str]) -> list[dict[str, Any]]:
    """The same for JSON lines."""
    read = []
    for line in lines:
        said = json.loads(line)
        said["ts"] = said.pop("time") / 1000
        read.append(said)
    return read


PEERS: dict[str, tuple[str, Loop]] = {
    "OpenSSH": (
        "re + strptime",
        by_hand(
            r"(?P<time>\w{3} [ \d]\d [\d:]{8}) (?P<host>\S+) (?P<logger>\S+?)\[(?P<pid>\d+)\]: (?P<message>.*)",
            "%b %d %H:%M:%S",
        ),
    ),
    "Apache": (
        "re + strptime",
        by_hand(r"\[(?P<time>[^\]]+)\] \[(?P<level>\w+)\] (?P<message>.*)", "%a %b %d %H:%M:%S %Y"),
    ),
    "Hadoop": (
        "re + strptime",
        by_hand(
            r"(?P<time>[\d-]+ [\d:,]+) (?P<level>\w+) \[(?P<thread>[^\]]*)\] (?P<logger>\S+): (?P<message>.*)",
            "%Y-%m-%d %H:%M:%S,%f",
        ),
    ),
    "pino": ("json.loads", json_by_hand),
}


def read_all(lines: list[str]) -> int:
    """The entries of all lines, in blocks."""
    reader = LineReader(now=NOW)
    count = 0
    for at in range(0, len(lines), OURS_FEED):
        count += len(reader.feed(lines[at : at + OURS_FEED]))
    return count + len(reader.finish())


def _lines(kind: Kind, quick: bool) -> list[str]:
    return kind.lines(kind.entries(200 if quick else ENTRIES))


def read(quick: bool) -> list[Row]:
    """Four kinds, each beside the loop for it."""
    rows = []
    for kind in KINDS:
        if kind.name not in PEERS:
            continue
        name, loop = PEERS[kind.name]
        lines = _lines(kind, quick)
        best = race(
            {"ours": partial(read_all, lines), "theirs": partial(loop, lines)}, **_effort(quick)
        )
        rows.append(
            Row(
                f"read a log, {kind.name}",
                len(lines) / best["ours"],
                "lines/s",
                name,
                len(lines) / best["theirs"],
                1 if kind.name != "pino" else 0.3,
                "The peer knows the format beforehand, joins no lines and keeps what it cannot read apart",
                better="more",
            )
        )
    return rows


def sixteen(quick: bool) -> list[Row]:
    """The slowest of the sixteen kinds, against the goal."""
    rates = {}
    for kind in LOGHUB:
        lines = _lines(kind, quick)
        best = race({"ours": partial(read_all, lines)}, **_effort(quick))
        rates[kind.name] = len(lines) / best["ours"]
    slowest = min(rates, key=lambda name: rates[name])
    said = ", ".join(
        f"{name} {number(rate)}" for name, rate in sorted(rates.items(), key=lambda one: one[1])
    )
    note = f"Absolute, so it depends on the machine. Slowest: {slowest}. All: {said}"
    name, rate = "read a log, slowest of 16 kinds", rates[slowest]
    return [Row(name, rate, "lines/s", "the goal", GOAL_LINES_S, 1, note, better="more")]


def level(quick: bool) -> list[Row]:
    """The level of a line of a job's output, beside one search for a few words."""
    words = re.compile(r"\b(error|warning|fatal|critical)\b", re.I).search
    lines = [f"step {n} of 1000: loss 0.{n % 97:02d}, 12.5 images/s" for n in range(1_000)]
    lines[::20] = ["ERROR: no such file"] * 50

    def ours() -> None:
        for line in lines:
            level_of_line(line)

    def theirs() -> None:
        for line in lines:
            words(line)

    best = race({"ours": ours, "theirs": theirs}, **_effort(quick))
    return [
        Row("the level that a line says", best["ours"] * 1e3, "us", "re, four words", best["theirs"] * 1e3, 1.5)
    ]  # fmt: skip


def _effort(quick: bool) -> dict[str, Any]:
    return {"rounds": 1, "round_s": 0.01} if quick else {}


BENCHMARKS = [
    Benchmark("read logs", read),
    Benchmark("read sixteen kinds", sixteen),
    Benchmark("level of a line", level),
]
