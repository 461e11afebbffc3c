"""Reading other people's logs: how many lines are right, beside lnav; lines a second, beside the loop for one kind."""

from __future__ import annotations

import gc
import json
import os
import re
import shutil
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from autobench_nb.cli.replay import Pace, replay
from autobench_nb.cli.sinks import ring_sink
from autobench_nb.cli.sources import LogFile
from autobench_nb.logs import LogRing
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


def _cpu_s(run: Callable[[], object], rounds: int) -> float:
    """Seconds of CPU time of the best of some calls."""
    best = float("inf")
    for _ in range(rounds):
        gc.collect()
        begin = time.process_time()
        run()
        best = min(best, time.process_time() - begin)
    return best


def sixteen(quick: bool) -> list[Row]:
    """The slowest of the sixteen kinds, against the goal."""
    rates = {}
    for kind in LOGHUB:
        lines = _lines(kind, quick)
        rates[kind.name] = len(lines) / _cpu_s(partial(read_all, lines), 1 if quick else 15)
    slowest = min(rates, key=lambda name: rates[name])
    said = ", ".join(
        f"{name} {number(rate)}" for name, rate in sorted(rates.items(), key=lambda one: one[1])
    )
    note = (
        "Absolute, so it depends on the machine; by CPU time, so hardly on what else runs there. "
    )
    note += f"Slowest: {slowest}. All: {said}"
    name, rate = "read a log, slowest of 16 kinds", rates[slowest]
    return [Row(name, rate, "lines/s", "the goal", GOAL_LINES_S, 1, note, better="more")]


Told = Counter[tuple[int, str]]
"""Times in milliseconds with levels: how often each is told."""
LNAV_LEVELS = {
    **dict.fromkeys(("trace", "debug", "debug2", "debug3", "debug4", "debug5"), "debug"),
    **dict.fromkeys(("info", "notice", "stats", "unknown"), "info"),
    "warning": "warn",
    "error": "error",
    **dict.fromkeys(("critical", "fatal"), "fatal"),
}


def accuracy(quick: bool) -> list[Row]:
    """Of how many entries of the sixteen kinds time and level are right: ours, and lnav's, which knows some of them."""
    count = 60 if quick else 1_000
    lnav = shutil.which("lnav")
    ours: dict[str, float] = {}
    theirs: dict[str, float] = {}
    for kind in LOGHUB:
        said = kind.entries(count)
        lines = kind.lines(said)
        truth: Told = Counter((round(one.when.timestamp() * 1e3), one.level) for one in said)
        read = LineReader(now=NOW).entries(lines)
        told: Told = Counter((round(one.ts or 0), one.level.wire) for one in read)
        ours[kind.name] = (truth & told).total() / count * 100
        if lnav is not None and not quick:
            theirs[kind.name] = (truth & _lnav(lnav, lines)).total() / count * 100
    mean = sum(ours.values()) / len(ours)
    peer = sum(theirs.values()) / len(theirs) if theirs else None
    missed = ", ".join(f"{name} {value:.0f}%" for name, value in theirs.items() if value < 99)
    note = f"lnav as it comes; below 99%: {missed}" if theirs else "apt-get install lnav"
    worst = min(ours, key=lambda name: ours[name])
    return [
        Row("times and levels right, the worst of 16 kinds", ours[worst], "%", "the goal", 99, 1,
            f"Of {count:,} entries each. The worst: {worst}", better="more"),
        Row("times and levels right, 16 kinds", mean, "%", "lnav", peer, 1, note, better="more"),
    ]  # fmt: skip


def _lnav(program: str, lines: list[str]) -> Told:
    """What lnav reads of the lines; nothing where it knows no such format."""
    query = ";SELECT log_time_msecs, log_level FROM all_logs"
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "a.log"
        file.write_text("\n".join(lines) + "\n", encoding="utf-8")
        os.utime(file, (NOW, NOW))
        done = subprocess.run(
            [program, "-n", "-q", "-c", query, "-c", ":write-json-to -", str(file)],
            env={"HOME": folder, "TERM": "xterm", "TZ": "UTC", "PATH": os.environ["PATH"]},
            capture_output=True,
            check=False,
            timeout=120,
        )
    try:
        rows = json.loads(done.stdout)
    except ValueError:
        return Counter()
    return Counter((row["log_time_msecs"], LNAV_LEVELS.get(row["log_level"], "")) for row in rows)


def into_ring(quick: bool) -> list[Row]:
    """A log file into the ring as ``replay`` does it, beside the loop for that format and one call a line."""
    rows = []
    for kind in LOGHUB:
        if kind.name not in PEERS:
            continue
        name, loop = PEERS[kind.name]
        lines = _lines(kind, quick)
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "a.log"
            file.write_text("\n".join(lines) + "\n", encoding="utf-8")
            peers = {
                "ours": partial(_replayed, file),
                "theirs": partial(_appended, file, loop),
            }
            best = race(peers, **_effort(quick))
        rows.append(
            Row(
                f"a log file into the ring, {kind.name}",
                len(lines) / best["ours"],
                "lines/s",
                f"{name}, ring.append",
                len(lines) / best["theirs"],
                1,
                "Read and drained. The peer joins no lines and keeps no fields",
                better="more",
            )
        )
    return rows


def _replayed(file: Path) -> None:
    ring = LogRing(100_000)
    source = LogFile(file, "app", lambda _: LineReader(now=NOW))
    sink = ring_sink(ring, "app")
    replay(source.entries(), sink, Pace(None), lambda _: False)
    ring.since(0, 1)


def _appended(file: Path, loop: Loop) -> None:
    ring = LogRing(100_000)
    with file.open(encoding="utf-8") as lines:
        for said in loop([line.rstrip("\n") for line in lines]):
            ts = said.get("ts")
            ring.append("app", "info", said["message"], ts if ts is None else abs(ts) * 1e3)
    ring.since(0, 1)


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
    Benchmark("read rightly", accuracy),
    Benchmark("read into the ring", into_ring),
    Benchmark("level of a line", level),
]
