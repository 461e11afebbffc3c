"""The journal's figures: what it costs a run that a step and its result are safe before anybody sees them.

A step is three rows: that it began, its result, and how it came out; the last two are waited for until they are
committed, both at once. The peer is plain ``sqlite3`` on the same thread with the same tables, settings and rows: those
of a step by ``execute`` and one commit, and the rows of all steps by ``executemany`` and one commit for all of them.
"""

from __future__ import annotations

import statistics
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from autobench_nb.jobs.ledger import StepBegan, StepSettled
from autobench_nb.journal import rows
from autobench_nb.journal.live import LiveJournal
from autobench_nb.journal.opening import open_to_write
from autobench_nb.journal.settings import Journal
from autobench_nb.tables.results import Result
from tests.benchmarks.harness import Benchmark, Row, clock

_BOUND_MS = 0.2
"""What the plan's figure allows a step."""


def _result() -> Result:
    row = Result.from_wire({"startedAt": datetime.now(UTC).isoformat(), "wallS": 0.25})
    return row._replace(
        run_id="run", job_id="job", name="pack[gzip,6]", kind="command", command="gzip -6 -kc data"
    )._replace(repetition=1, status="succeeded", lines=3)


def _told(count: int) -> list[tuple[StepBegan, Result, StepSettled]]:
    row = _result()
    return [
        (
            StepBegan(run_id="run", step_id=f"s{number}", at_ms=1e12, command="gzip -6 -kc data"),
            row,
            StepSettled(run_id="run", step_id=f"s{number}", status="succeeded", at_ms=1e12),
        )
        for number in range(count)
    ]


def _journal_ms(folder: Path, count: int) -> tuple[float, float]:
    """Milliseconds of the calling thread for each step: the median and the 95th percentile."""
    journal = LiveJournal(
        Journal(folder / "ours.db"),
        epoch="benchmark",
        log=lambda *_args, **_more: None,
        tell=lambda _pointer, _value: None,
    )
    took = []
    with journal:
        for began, row, settled in _told(count):
            begin = clock()
            journal.step_began(began)
            journal.repetition(row, settled)
            took.append((clock() - begin) * 1e3)
    return statistics.median(took), statistics.quantiles(took, n=20)[-1]


def _plain_ms(folder: Path, count: int) -> float:
    """Milliseconds a step where the same thread writes and commits the rows of each."""
    connection = open_to_write(folder / "plain.db")
    took = []
    for told in _told(count):
        begin = clock()
        connection.execute("BEGIN")
        for statement, values, _size in _rows(*told):
            connection.execute(statement, values)
        connection.execute("COMMIT")
        took.append((clock() - begin) * 1e3)
    connection.close()
    return statistics.median(took)


def _many_ms(folder: Path, count: int) -> float:
    """Milliseconds a step where ``executemany`` writes all rows of a kind, and one commit is for all."""
    connection = open_to_write(folder / "many.db")
    steps = [_rows(*told) for told in _told(count)]
    begin = clock()
    connection.execute("BEGIN")
    for kind in range(3):
        connection.executemany(steps[0][kind].statement, [step[kind].values for step in steps])
    connection.execute("COMMIT")
    took = (clock() - begin) * 1e3 / count
    connection.close()
    return took


def _rows(began: StepBegan, row: Result, settled: StepSettled) -> list[rows.Row]:
    return [rows.step_began(began), rows.repetition(row), rows.step_settled(settled)]


def _steps(quick: bool) -> list[Row]:
    count = 50 if quick else 5_000
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        ours, slowest = _journal_ms(folder, count)
        plain = _plain_ms(folder, count)
        many = _many_ms(folder, count)
    safe: dict[str, Any] = {"unit": "ms", "value": ours}
    return [
        Row(
            name="a step and its result are safe (median)",
            peer="the bound of 0.2 ms",
            peer_value=_BOUND_MS,
            goal=None if quick else 1.0,
            note="one wait for the writer's thread: what begins goes along with what has ended",
            **safe,
        ),
        Row(
            name="a step and its result are safe, beside one commit on the same thread",
            peer="sqlite3, execute and one commit a step",
            peer_value=plain,
            goal=None,
            **safe,
        ),
        Row(
            name="a step and its result are safe, beside one commit for all steps",
            peer="sqlite3, executemany and one commit",
            peer_value=many,
            goal=None,
            note="the peer's rows are safe when the last one is",
            **safe,
        ),
        Row("95th percentile of a step", slowest, "ms", "", None, None),
    ]


BENCHMARKS = [Benchmark("journal", _steps)]
