"""What clients may ask of the jobs: ``job.cancel``, and ``results.list`` in pages."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import orjson

from autobench_nb.contract.commands import JOB_CANCEL, RESULTS_LIST
from autobench_nb.jobs.records import Jobs
from autobench_nb.jobs.results import Results

MAX_PAGE_BYTES: Final = 524_288
"""A page ends before it becomes longer, whatever its ``limit``; one row it holds at least."""


def job_commands(
    jobs: Jobs, results: Results, max_page_bytes: int = MAX_PAGE_BYTES
) -> dict[str, Callable[[Mapping[str, Any]], Any]]:
    """Handlers of the jobs' commands; ``max_page_bytes`` bounds an answer of ``results.list``."""

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

    def cancel_job(args: Mapping[str, Any]) -> dict[str, bool]:
        return {"cancelled": jobs.cancel(JOB_CANCEL.read(args).job_id)}

    return {JOB_CANCEL.name: cancel_job, RESULTS_LIST.name: list_results}
