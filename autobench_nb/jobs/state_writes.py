"""What writes to the state are about, and what stands for them where they are in doubt. Pure."""

from __future__ import annotations

from autobench_nb.jobs.machine import (
    ForgetJobs,
    StateWrite,
    WriteEnded,
    WriteFirst,
    WriteMoved,
    WriteQueued,
    WriteStarted,
)


def writes_again(doubtful: dict[str, bool]) -> list[StateWrite]:
    """Writes that stand for the jobs in doubt."""
    kept = tuple(job_id for job_id, is_kept in doubtful.items() if is_kept)
    gone = tuple(job_id for job_id, is_kept in doubtful.items() if not is_kept)
    return [WriteQueued(kept), ForgetJobs(gone)]


def ids_of(write: StateWrite) -> tuple[str, ...]:
    """The jobs that a write is about."""
    match write:
        case WriteQueued(job_ids, _) | ForgetJobs(job_ids):
            return job_ids
        case WriteFirst(job_id) | WriteStarted(job_id) | WriteEnded(job_id):
            return (job_id,)
        case WriteMoved():
            # Records of jobs do not change by it, and the order of the queue is put right with any doubt.
            return ()
