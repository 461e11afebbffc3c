"""What clients may ask of the jobs: ``job.cancel`` and ``results.list``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from autobench_nb.jobs.records import Jobs
from autobench_nb.jobs.results import Results


def job_commands(jobs: Jobs, results: Results) -> dict[str, Callable[[Mapping[str, Any]], Any]]:
    """Handlers of the jobs' commands."""

    def cancel(args: Mapping[str, Any]) -> dict[str, bool]:
        return {"cancelled": jobs.cancel(str(args.get("jobId", "")))}

    def list_results(_args: Mapping[str, Any]) -> list[dict[str, Any]]:
        return results.records()

    return {"job.cancel": cancel, "results.list": list_results}
