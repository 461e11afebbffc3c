"""What the state says of the journal, and what its commands take and give."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, TypedDict

from msgspec import Meta, Struct

from autobench_nb.contract.types import Instant


class JournalHealth(StrEnum):
    """``/journal/status``."""

    WRITING = "writing"
    FAILING = "failing"


class InterruptedRun(TypedDict):
    """``/journal/interrupted/{run id}``: a run that was under way when its orchestrator ended."""

    id: str
    name: str | None
    createdAt: Instant
    lastSeenAt: Annotated[Instant, Meta(description="when its orchestrator last wrote")]
    steps: Annotated[int, Meta(description="how many it has, or jobs")]
    settled: Annotated[int, Meta(description="how many of them are settled")]
    next: Annotated[str | None, Meta(description="the first step that is not settled")]
    resumable: Annotated[bool, Meta(description="whether `journal.resume` can go on with it")]
    reason: Annotated[str | None, Meta(description="why it cannot be resumed")]


class JournalState(TypedDict):
    """``/journal``: what outlives the process; not there where no journal was asked for."""

    path: str
    status: JournalHealth
    reason: Annotated[str | None, Meta(description="why it cannot be written, and what helps")]
    missed: Annotated[int, Meta(description="rows that could not be written since the start")]
    late: Annotated[int, Meta(description="how often a job went on before its result was safe")]
    interrupted: dict[str, InterruptedRun]


class JournalResumeArgs(Struct, frozen=True, rename="camel"):
    """Which interrupted run."""

    run_id: Annotated[str, Meta(title="a run's id")]


class JournalResumed(TypedDict):
    """That the run goes on, under its old id."""

    runId: str
