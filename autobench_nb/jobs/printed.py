"""What a job has printed, as text, as far as the log still holds it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from autobench_nb.jobs.output import OUTPUT
from autobench_nb.logs.ring.ring import LogRing
from autobench_nb.logs.ring.view import LogView

if TYPE_CHECKING:
    from autobench_nb.jobs.job import Job

ReadPrinted = Callable[["Job"], str]
"""Gives what a job has printed."""


def printed_in(ring: LogRing) -> ReadPrinted:
    """Makes what reads from ``ring``."""
    return lambda job: printed_text(ring, job)


def printed_text(ring: LogRing, job: Job) -> str:
    """The lines of ``job``, stdout and stderr as they came, without the last line break.

    A line of its own says first how many earlier lines the log has had to let go.
    """
    texts = [
        entry.message if entry.exc is None else entry.exc
        for entry in LogView(ring).query(f"channel:{OUTPUT} job:{job.id}")
    ]
    # One line break is one line more; what a progress bar drew over itself is the line that it left.
    held = sum(text.count("\n") + 1 for text in texts)
    lost = job.log.lines - held if ring.first_seq else 0
    if lost > 0:
        lines = "1 earlier line is" if lost == 1 else f"{lost:,} earlier lines are"
        texts.insert(
            0, f"[{lines} no longer in the log, which holds {ring.capacity:,}: log_capacity=...]"
        )
    return "\n".join(texts)
