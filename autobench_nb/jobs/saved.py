"""A run as whatever outlives the process holds it: all that is needed to go on with it. Plain data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class SavedStep:
    """A step that was settled when the run was interrupted. Times in milliseconds since 1970."""

    status: str
    tries: int
    reason: str | None
    metrics: Mapping[str, Any]
    job_ids: tuple[str, ...]
    started_ms: float | None
    finished_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedRun:
    """A run, as :class:`~autobench_nb.jobs.ledger.RunBegan` told it, and what has been settled of it since.

    Attributes:
        settled: By the step's id; what ran when the run was interrupted is not there.
    """

    run_id: str
    name: str | None
    status: str
    created_ms: float
    recipe: Mapping[str, Any] | None
    recipe_file: str | None
    parameters: Mapping[str, Any]
    options: Mapping[str, Any]
    steps: tuple[str, ...]
    settled: Mapping[str, SavedStep]

    @property
    def left(self) -> tuple[str, ...]:
        """The ids of the steps that are still to be done, in the plan's order."""
        return tuple(step for step in self.steps if step not in self.settled)
