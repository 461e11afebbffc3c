"""What clients may ask of the jobs: ``job.cancel``, and ``results.list`` in pages."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import orjson

from autobench_nb.errors import CommandError
from autobench_nb.jobs.records import Jobs
from autobench_nb.jobs.results import Results
from autobench_nb.tables.results import MAX_PAGE_ROWS

PAGE_ROWS: Final = 1_000
"""Rows of a page that says no ``limit``."""
MAX_PAGE_BYTES: Final = 524_288
"""A page ends before it becomes longer, whatever its ``limit``; one row it holds at least."""


def job_commands(
    jobs: Jobs, results: Results, max_page_bytes: int = MAX_PAGE_BYTES
) -> dict[str, Callable[[Mapping[str, Any]], Any]]:
    """Handlers of the jobs' commands; ``max_page_bytes`` bounds an answer of ``results.list``."""

    def list_results(args: Mapping[str, Any]) -> dict[str, Any]:
        since = _whole(args, "since", 0, low=0)
        limit = _whole(args, "limit", PAGE_ROWS, low=1, high=MAX_PAGE_ROWS)
        page = results.page(since, limit)
        items: list[dict[str, Any]] = []
        room = max_page_bytes
        for row in page.rows:
            item = row.to_wire()
            room -= len(orjson.dumps(item))
            if items and room < 0:
                break
            items.append(item)
        following = max(since, page.dropped) + len(items)
        return {
            "items": items,
            "next": following if following < page.end else None,
            "end": page.end,
            "dropped": page.dropped,
        }

    def cancel_job(args: Mapping[str, Any]) -> dict[str, bool]:
        return {"cancelled": jobs.cancel(str(args.get("jobId", "")))}

    return {"job.cancel": cancel_job, "results.list": list_results}


def _whole(
    args: Mapping[str, Any], name: str, default: int, *, low: int, high: int | None = None
) -> int:
    value = args.get(name, default)
    if type(value) is not int or value < low or (high is not None and value > high):
        bound = f"{low} to {high}" if high is not None else f"{low} or more"
        raise CommandError("bad-args", f"{name}={value!r:.40}: it takes a whole number, {bound}.")
    return value
