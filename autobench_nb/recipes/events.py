"""What happens to the steps of a run, what is to be done about it, and where a step stands. Pure."""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from autobench_nb.contract.steps import StepStatus
from autobench_nb.recipes.plan import PlannedStep

SETTLED: Final = frozenset(
    (
        StepStatus.SUCCEEDED,
        StepStatus.FAILED,
        StepStatus.TIMEOUT,
        StepStatus.SKIPPED,
        StepStatus.CANCELLED,
    )
)
"""The statuses of a step about which nothing more happens by itself."""


class StepState(Struct):
    """One planned step of a run: only the machine changes it.

    Attributes:
        plan: What it is.
        status: Where it stands.
        tries: How often it was started.
        reason: Why it did not succeed, or was skipped.
    """

    plan: PlannedStep
    status: StepStatus = StepStatus.WAITING
    tries: int = 0
    reason: str | None = None


# --- events


class StepEnded(Struct, frozen=True):
    """A step that was started is over."""

    step_id: str
    status: StepStatus
    reason: str | None = None


class RetryDue(Struct, frozen=True):
    """The wait before another try is over."""

    step_id: str


class PauseRequested(Struct, frozen=True):
    """Nothing more may start until :class:`ResumeRequested`; what runs goes on."""


class ResumeRequested(Struct, frozen=True):
    """What waits may start again."""


class StopRequested(Struct, frozen=True):
    """The run is to end."""

    reason: str = "cancelled"


class SkipRequested(Struct, frozen=True):
    """A step is not to be done: what needs it goes on as though it had gone well.

    One that waits is left out when its turn comes, one that is under way is ended.
    """

    step_id: str


class RerunRequested(Struct, frozen=True):
    """Steps, and all that waits for them, are to be done again."""

    step_ids: tuple[str, ...]


RecipeEvent = (
    StepEnded
    | RetryDue
    | PauseRequested
    | ResumeRequested
    | StopRequested
    | SkipRequested
    | RerunRequested
)


# --- effects


class StartStep(Struct, frozen=True):
    """Start it; ``attempt`` counts from 1."""

    step_id: str
    attempt: int


class StopStep(Struct, frozen=True):
    """End it; :class:`StepEnded` says when that has happened."""

    step_id: str
    reason: str


class AwaitRetry(Struct, frozen=True):
    """Say :class:`RetryDue` after so many seconds."""

    step_id: str
    delay_s: float


class StepChanged(Struct, frozen=True):
    """Its status, tries or reason is another now."""

    step_id: str


class RunOver(Struct, frozen=True):
    """Every step is settled."""

    status: StepStatus
    reason: str | None


RecipeEffect = StartStep | StopStep | AwaitRetry | StepChanged | RunOver
