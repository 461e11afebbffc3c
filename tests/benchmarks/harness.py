"""What every benchmark shares: rows, fair timing beside a peer, the table, the JSON.

Machines are noisy, so figures are ratios within one run: :func:`race` lets the contestants take turns in short rounds,
and takes the best round of each.
"""

from __future__ import annotations

import gc
import importlib
import os
import platform
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from types import ModuleType
from typing import Any, Literal

clock = time.perf_counter


class MissingPeer(Exception):
    """What a benchmark compares with is not installed. ``package`` is its name, ``remedy`` the command to have it."""

    def __init__(self, package: str, remedy: str = "pip install 'autobench-nb[bench]'") -> None:
        super().__init__(f"{package} is not installed: {remedy}")
        self.package = package


@dataclass(frozen=True, slots=True)
class Row:
    """One figure. ``value`` and ``peer_value`` are in ``unit``; ``goal`` bounds their ratio.

    ``better="less"``: the ratio shall be at most the goal; ``"more"`` (throughput): at least. ``peer_value=None`` says
    that the peer could not be measured, ``goal=None`` that the row only informs; the note says what bounds a figure.
    """

    name: str
    value: float
    unit: str
    peer: str
    peer_value: float | None
    goal: float | None
    note: str = ""
    better: Literal["less", "more"] = "less"

    @property
    def ratio(self) -> float | None:
        """``value / peer_value``, where there is a peer."""
        return self.value / self.peer_value if self.peer_value else None

    @property
    def holds(self) -> bool | None:
        """Whether the ratio keeps to the goal; ``None`` where there is nothing to compare."""
        if self.ratio is None or self.goal is None:
            return None
        return self.ratio <= self.goal if self.better == "less" else self.ratio >= self.goal

    def to_json(self) -> dict[str, Any]:
        """The row as the JSON file holds it."""
        return {
            "name": self.name,
            "value": self.value,
            "unit": self.unit,
            "peer": self.peer,
            "peer_value": self.peer_value,
            "ratio": self.ratio,
            "goal": self.goal,
            "holds": self.holds,
            "better": self.better,
            "note": self.note,
        }


@dataclass(frozen=True, slots=True)
class Benchmark:
    """A named group of rows. ``run(quick)`` measures them; quick only shows that it works."""

    name: str
    run: Callable[[bool], list[Row]]


def peer(module: str, package: str | None = None) -> ModuleType:
    """Import a peer's module, or raise :class:`MissingPeer` naming its ``package``."""
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name is None or error.name.split(".")[0] != module.split(".")[0]:
            raise
        raise MissingPeer(package or module) from None


def race(
    contestants: Mapping[str, Callable[[], object]],
    *,
    rounds: int = 7,
    round_s: float = 0.1,
) -> dict[str, float]:
    """Seconds a call of each contestant: the best of ``rounds``, in turns of about ``round_s`` seconds each.

    The garbage collector runs between the rounds and rests within them, so that one contestant's litter is not
    billed to the other.
    """
    calls = {name: _calls_in(run, round_s) for name, run in contestants.items()}
    best = dict.fromkeys(contestants, float("inf"))
    order = list(contestants)
    for turn in range(rounds):
        for name in order if turn % 2 == 0 else reversed(order):
            best[name] = min(best[name], _round(contestants[name], calls[name]))
    return best


def paired(
    one: Callable[[], object], other: Callable[[], object], *, blocks: int, pairs: int
) -> tuple[float, float]:
    """Seconds a call of two contestants that run in turns, ``pairs`` of them in each block.

    A block's figure is the median of its calls, and of the blocks the one counts in which both took least: so a figure
    is neither one lucky call nor what else the machine did.
    """
    found: list[tuple[float, float]] = []
    for _ in range(blocks):
        gc.collect()
        took: list[tuple[float, float]] = []
        for turn in range(pairs):
            order = (one, other) if turn % 2 == 0 else (other, one)
            times = {run: _round(run, 1, collect=False) for run in order}
            took.append((times[one], times[other]))
        found.append((median(first for first, _ in took), median(second for _, second in took)))
    return min(found, key=sum)


def measure(run: Callable[[], object], *, rounds: int = 7, round_s: float = 0.1) -> float:
    """Seconds a call of ``run``: the best of ``rounds`` rounds of about ``round_s`` seconds."""
    return race({"": run}, rounds=rounds, round_s=round_s)[""]


def _calls_in(run: Callable[[], object], round_s: float) -> int:
    calls = 1
    while True:
        took = _round(run, calls) * calls
        if took >= round_s / 4 or calls >= 1 << 24:
            return max(1, round(calls * round_s / max(took, 1e-9)))
        calls *= 4


def _round(run: Callable[[], object], calls: int, *, collect: bool = True) -> float:
    if collect:
        gc.collect()
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        turns = range(calls)
        begin = clock()
        for _ in turns:
            run()
        return (clock() - begin) / calls
    finally:
        if was_enabled:
            gc.enable()


def number(value: float) -> str:
    """Three significant digits, thousands apart: ``0.0123``, ``4.56``, ``1,234``."""
    if value == 0 or abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def fraction(ratio: float | None) -> str:
    """A ratio as people say it: ``1/20,000`` or ``1.5x``."""
    if ratio is None:
        return "-"
    if 0 < ratio < 0.1:
        return f"1/{1 / ratio:,.0f}"
    return f"{number(ratio)}x"


def machine() -> str:
    """The machine in one line: processor, cores this process may use, Python."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return (
        f"{_cpu()}, {cores} cores, {platform.python_implementation()} {platform.python_version()}"
    )


def _cpu() -> str:
    info = Path("/proc/cpuinfo")
    if info.is_file():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def table(rows: Iterable[Row]) -> str:
    """The rows as an aligned Markdown table, notes below it."""
    head = ("what", "ours", "unit", "peer", "peer's", "ratio", "goal", "holds")
    lines: list[tuple[str, ...]] = []
    notes: list[str] = []
    for row in rows:
        mark = ""
        if row.note:
            notes.append(row.note)
            mark = f" [{len(notes)}]"
        sign = "<= " if row.better == "less" else ">= "
        lines.append(
            (
                row.name + mark,
                number(row.value),
                row.unit,
                row.peer or "-",
                "-" if row.peer_value is None else number(row.peer_value),
                fraction(row.ratio),
                "-" if row.goal is None else sign + fraction(row.goal),
                {True: "yes", False: "NO", None: "-"}[row.holds],
            )
        )
    widths = [max(len(line[column]) for line in [head, *lines]) for column in range(len(head))]
    right = {1, 4, 5, 6}
    text = [
        _line(head, widths, right),
        "| "
        + " | ".join(
            "-" * (width - 1) + (":" if column in right else "-")
            for column, width in enumerate(widths)
        )
        + " |",
        *(_line(line, widths, right) for line in lines),
    ]
    if notes:
        text += ["", *(f"[{index}] {note}" for index, note in enumerate(notes, 1))]
    return "\n".join(text)


def _line(cells: tuple[str, ...], widths: list[int], right: set[int]) -> str:
    padded = (
        cell.rjust(width) if column in right else cell.ljust(width)
        for column, (cell, width) in enumerate(zip(cells, widths, strict=True))
    )
    return "| " + " | ".join(padded) + " |"
