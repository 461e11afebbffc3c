"""What a run says of itself in words: its heading, what failed and why, and that it goes on."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from autobench_nb.errors import RunError
from autobench_nb.figures import counted
from autobench_nb.jobs.machine import FINAL
from autobench_nb.state.model import JobStatus

if TYPE_CHECKING:
    from autobench_nb.jobs.job import Job
    from autobench_nb.jobs.run import Run

REPR_JOBS: Final = 20
"""Jobs that the text of a run and an error list."""
NAMED_IN_LINE: Final = 3
LAST_LINE_LIMIT: Final = 200
"""Characters of what a failed command printed last."""


def heading(run: Run) -> str:
    """``run-1: 3 jobs, 1 failed, 2 succeeded``."""
    counts = Counter(str(job.status) for job in run.jobs)
    order = ("failed", "timeout", "cancelled", "running", "queued", "succeeded")
    words = {"timeout": "timed out", "running": "running", "queued": "in the queue"}
    parts = [f"{counts[name]:,} {words.get(name, name)}" for name in order if counts[name]]
    return f"{run.label}: {counted(len(run.jobs), 'job')}, {', '.join(parts)}"


def unsuccessful(run: Run) -> list[Job]:
    """The jobs that have ended without success, in the order of the run."""
    return [job for job in run.jobs if job.status in FINAL - {JobStatus.SUCCEEDED}]


def text_of(run: Run) -> str:
    """The ``repr`` of a run: the jobs that failed first, so that many others do not hide them."""
    ended = sum(job.status in FINAL for job in run.jobs)
    head = f"<Run {run.label} {run.status}, {ended} of {counted(len(run.jobs), 'job')} ended"
    failed = unsuccessful(run)
    rest = [job for job in run.jobs if job not in failed]
    rows = [f"  {job!r}" for job in [*failed, *rest][:REPR_JOBS]]
    if len(run.jobs) > REPR_JOBS:
        rows.append(f"  … and {len(run.jobs) - REPR_JOBS} more")
    return "\n".join([head, *rows]) + ">"


def error_of(run: Run) -> RunError | None:
    """The error that names every job that has not succeeded, with its reason; ``None`` where all have."""
    failed = unsuccessful(run)
    open_jobs = [job for job in run.jobs if job.status not in FINAL]
    if not failed and not open_jobs:
        return None
    said = [f"{heading(run)}."]
    said += [f"  {job.name}: {reason_of(job)}" for job in failed[:REPR_JOBS]]
    if len(failed) > REPR_JOBS:
        said.append(f"  … and {len(failed) - REPR_JOBS:,} more: run.to_pandas() has all reasons")
    if open_jobs:
        said.append(
            f"{counted(len(open_jobs), 'job')} not ended yet: await the run, or run.wait(), before run.check()."
        )
    elif failed:
        said.append(f'What the first one said: bench.logs.query("job:{failed[0].id}")')
    reasons = {job.id: reason_of(job) for job in failed}
    reasons |= {job.id: f"{job.status}: it has not ended yet" for job in open_jobs}
    return RunError("\n".join(said), run.id, reasons)


def reason_of(job: Job) -> str:
    """Why a job failed; for a command also what it printed last, since an exit status alone explains nothing."""
    reason = job.reason or str(job.status)
    is_readable = job.run.runner.printed is not None
    if is_readable and job.task.function is None and job.status is JobStatus.FAILED:
        last = next((line for line in reversed(job.output.split("\n")) if line.strip()), "")
        if last:
            cut = last if len(last) <= LAST_LINE_LIMIT else f"{last[: LAST_LINE_LIMIT - 1]}…"
            return f"{reason}; its last line: {cut}"
    return reason


def goes_on(run: Run) -> str:
    """What an interrupt has not done, and what would."""
    left = sum(job.status not in FINAL for job in run.jobs)
    return (
        f"{run.label} goes on, {counted(left, 'job')} not ended yet: run.cancel() ends it, "
        "await run or run.wait() waits for it again."
    )


def line_of(run: Run) -> str:
    """One line for who has waited and may not have looked; empty where every job has succeeded."""
    failed = unsuccessful(run)
    if not failed:
        return ""
    named = "; ".join(f"{job.name}: {job.reason or job.status}" for job in failed[:NAMED_IN_LINE])
    more = len(failed) - NAMED_IN_LINE
    named += f"; and {more:,} more" if more > 0 else ""
    count = f"{len(failed):,} of {counted(len(run.jobs), 'job')}"
    return f"{run.label}: {count} did not succeed ({named}). run.check() raises an error that says all."
