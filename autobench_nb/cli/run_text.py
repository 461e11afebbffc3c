"""A recipe's run as text for people, from its record in the state: pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from autobench_nb.contract.steps import RecipeRunRecord, RunStatus, StepRecord, StepStatus
from autobench_nb.figures import counted, figure_text

EXIT_CODES: Final[dict[str, int]] = {
    RunStatus.SUCCEEDED: 0,
    RunStatus.FAILED: 1,
    RunStatus.CANCELLED: 3,
    RunStatus.INTERRUPTED: 3,
    RunStatus.TIMEOUT: 124,
}
"""How the program ends, by how the run did; 2 is left for what could not be read or begun."""
SETTLED: Final = frozenset(
    {
        StepStatus.SUCCEEDED,
        StepStatus.FAILED,
        StepStatus.TIMEOUT,
        StepStatus.SKIPPED,
        StepStatus.CANCELLED,
    }
)
_BAD: Final = frozenset({StepStatus.FAILED, StepStatus.TIMEOUT, StepStatus.CANCELLED})
REASON_CHARS: Final = 500
_OWN: Final = ("wall", "cpu", "memory")


def exit_code(status: str) -> int:
    """The program's exit status for a run that has ended so."""
    return EXIT_CODES.get(status, 1)


def duration(seconds: float) -> str:
    """A time for people: ``17 ms``, ``1.52 s``, ``3 min 20 s``."""
    if seconds < 1e-3:
        return f"{seconds * 1e6:.3g} µs"
    if seconds < 0.9995:
        return f"{seconds * 1e3:.3g} ms"
    if seconds < 59.95:
        return f"{seconds:.3g} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min"


def size(count: float) -> str:
    """Bytes for people: ``1.73 MB``."""
    for unit in ("B", "kB", "MB", "GB"):
        if abs(count) < 999.5:
            return f"{count:.3g} {unit}"
        count /= 1e3
    return f"{count:.3g} TB"


def quantity(value: float, unit: str | None) -> str:
    """A measured value with its unit."""
    if unit in ("s", "second", "seconds"):
        return duration(value)
    if unit == "B":
        return size(value)
    whole = abs(value) < 1e15 and value == int(value)
    number = f"{int(value):,}" if whole else f"{value:.4g}"
    return number if not unit else f"{number} {unit}"


def printable(text: object) -> str:
    """What recipes and programs say is theirs, and a terminal must not obey it: one line without control characters."""
    line = " ".join(str(text).split())
    return "".join(char if char.isprintable() else repr(char)[1:-1] for char in line)


def cut(reason: str | None) -> str | None:
    """A reason that is not endless: what a program raises may be."""
    if reason is None or len(reason) <= REASON_CHARS:
        return reason
    return f"{reason[:REASON_CHARS]}… [cut: {len(reason):,} characters]"


def headline(record: RecipeRunRecord) -> str:
    """The first line: what runs, with which parameters."""
    given = ", ".join(f"{name}={value}" for name, value in record.get("parameters", {}).items())
    total = record.get("total", 0)
    steps = f"{total:,} step{'' if total == 1 else 's'}"
    return printable(
        f"{record.get('recipe')}: {steps}{f', {given}' if given else ''}; run {record['id']}"
    )


def standing(record: RecipeRunRecord) -> str:
    """How far it is: ``4 of 6 steps, 1 failed, about 12 s left``."""
    counts = record.get("counts", {})
    settled = sum(count for name, count in counts.items() if name in SETTLED)
    parts = [f"{settled:,} of {counted(record.get('total', 0), 'step')}"]
    parts += [f"{counts[name]:,} {name}" for name in sorted(_BAD) if counts.get(name)]
    left = record.get("etaS")
    if left is not None and record["status"] not in EXIT_CODES:
        parts.append(f"about {duration(left)} left")
    return ", ".join(parts)


def step_line(step: StepRecord, units: Mapping[str, str]) -> str:
    """What there is to say of a step now."""
    status = str(step["status"])
    told = [status]
    wall = step.get("metrics", {}).get("wall")
    if status in SETTLED and wall is not None:
        told.append(_with_spread(wall, units.get("wall", "s")))
    if status in SETTLED:
        told += [
            f"{name} {quantity(metric['mean'], units.get(name))}"
            for name, metric in step.get("metrics", {}).items()
            if name not in _OWN
        ]
    tries = step.get("tries", 1)
    if tries > 1:
        told.append(f"try {tries}")
    reason = cut(step.get("reason"))
    text = ", ".join(told)
    return printable(f"{step['id']}: {text}{f': {reason}' if reason else ''}")


def _with_spread(metric: Mapping[str, Any], unit: str | None) -> str:
    half = metric.get("halfWidth")
    if half is None:
        return quantity(metric["mean"], unit)
    return figure_text(metric["mean"], half, unit)


def units_of(record: RecipeRunRecord) -> dict[str, str]:
    """The units of all metrics of the run."""
    units = {"wall": "s", "cpu": "s", "memory": "B"}
    for plan in record.get("plan", {}).values():
        for name, about in plan.get("metrics", {}).items():
            unit = about.get("unit")
            if unit:
                units[name] = unit
    return units


def result_table(record: RecipeRunRecord) -> list[list[str]]:
    """The steps side by side: a head and a row for each, with the mean of each metric and half its interval."""
    steps = sorted(record.get("steps", {}).values(), key=lambda step: step.get("number", 0))
    found = dict.fromkeys(name for step in steps for name in step.get("metrics", {}))
    names = [
        *(name for name in _OWN if name in found),
        *(name for name in found if name not in _OWN),
    ]
    units = units_of(record)
    rows = [["STEP", "STATUS", "N", *(name.upper() for name in names)]]
    for step in steps:
        metrics = step.get("metrics", {})
        count = max((metric.get("count", 0) for metric in metrics.values()), default=0)
        cells = [
            _with_spread(metrics[name], units.get(name)) if name in metrics else ""
            for name in names
        ]
        rows.append([str(step["id"]), str(step["status"]), str(count or ""), *cells])
    return [[printable(cell) for cell in row] for row in rows]


def aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Rows of cells as lines whose columns stand below each other."""
    widths = [max(len(row[at]) for row in rows) for at in range(len(rows[0]))]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
