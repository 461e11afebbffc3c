"""What clients may ask of the jobs: see them closely, cancel, answer, reorder and retry them; results in pages."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, Final

import orjson

from autobench_nb.contract.commands import (
    JOB_CANCEL,
    JOB_FIRST,
    JOB_GET,
    JOB_RETRY,
    JOB_SEND,
    JOB_TIMES,
    RESULTS_LIST,
)
from autobench_nb.contract.jobs import (
    JobAgain,
    JobCancelled,
    JobDetails,
    JobMoved,
    JobSent,
    JobTimes,
)
from autobench_nb.errors import CommandError
from autobench_nb.jobs.details import details_of
from autobench_nb.jobs.job import Job
from autobench_nb.jobs.results import Results
from autobench_nb.jobs.runner import Runner
from autobench_nb.logs.redaction.redactor import Redactor

MAX_PAGE_BYTES: Final = 524_288
"""A page ends before it becomes longer, whatever its ``limit``; one row it holds at least."""

Handlers = dict[str, Callable[[Mapping[str, Any]], Any]]


def job_commands(runner: Runner, redactor: Callable[[], Redactor]) -> Handlers:
    """Handlers of the jobs' commands.

    Args:
        runner: Whose jobs they are.
        redactor: Makes what takes secrets out of the environment that is told; asked for once, when it is needed.
    """
    made = cache(redactor)

    def job_of(job_id: str) -> Job:
        job = runner.job(job_id)
        if job is None:
            raise CommandError("not-found", f"There is no job {job_id} any more.")
        return job

    def cancel(args: Mapping[str, Any]) -> JobCancelled:
        return {"cancelled": runner.jobs.cancel(JOB_CANCEL.read(args).job_id)}

    def first(args: Mapping[str, Any]) -> JobMoved:
        return {"moved": runner.put_first(JOB_FIRST.read(args).job_id)}

    def get(args: Mapping[str, Any]) -> JobDetails:
        return details_of(job_of(JOB_GET.read(args).job_id), made())

    def retry(args: Mapping[str, Any]) -> JobAgain:
        asked = JOB_RETRY.read(args)
        for job_id in asked.job_ids:
            job_of(job_id)
        run = runner.retry(asked.job_ids, asked.repeat)
        return {"runId": run.id, "jobIds": [job.id for job in run.jobs]}

    def send(args: Mapping[str, Any]) -> JobSent:
        asked = JOB_SEND.read(args)
        job_of(asked.job_id).send(asked.text, end=asked.end)
        return {"sent": True}

    def times(args: Mapping[str, Any]) -> JobTimes:
        asked = JOB_TIMES.read(args)
        jobs = [runner.job(job_id) for job_id in asked.job_ids]
        return {
            "items": {
                job.id: {"times": job.numbers(asked.measure), "count": job.done}
                for job in jobs
                if job is not None
            }
        }

    return {
        JOB_CANCEL.name: cancel,
        JOB_FIRST.name: first,
        JOB_GET.name: get,
        JOB_RETRY.name: retry,
        JOB_SEND.name: send,
        JOB_TIMES.name: times,
    }


def result_commands(results: Results, max_page_bytes: int = MAX_PAGE_BYTES) -> Handlers:
    """Handlers of the results' commands; ``max_page_bytes`` bounds an answer of ``results.list``."""

    def list_results(args: Mapping[str, Any]) -> dict[str, Any]:
        asked = RESULTS_LIST.read(args)
        page = results.page(asked.since, asked.limit)
        items: list[dict[str, Any]] = []
        room = max_page_bytes
        for row in page.rows:
            item = row.to_wire()
            room -= len(orjson.dumps(item))
            if items and room < 0:
                break
            items.append(item)
        following = max(asked.since, page.dropped) + len(items)
        return {
            "items": items,
            "next": following if following < page.end else None,
            "end": page.end,
            "dropped": page.dropped,
        }

    return {RESULTS_LIST.name: list_results}
