"""What happens to the steps of a run, what is to be done about it, and where a step stands. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

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


@dataclass(slots=True)
class StepState:
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


@dataclass(frozen=True, slots=True)
class StepEnded:
    """A step that was started is over."""

    step_id: str
    status: StepStatus
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class RetryDue:
    """The wait before another try is over."""

    step_id: str


@dataclass(frozen=True, slots=True)
class PauseRequested:
    """Nothing more may start until :class:`ResumeRequested`; what runs goes on."""


@dataclass(frozen=True, slots=True)
class ResumeRequested:
    """What waits may start again."""


@dataclass(frozen=True, slots=True)
class StopRequested:
    """The run is to end."""

    reason: str = "cancelled"


@dataclass(frozen=True, slots=True)
class SkipRequested:
    """A step that waits is not to run: when its turn comes, what needs it goes on as though it had gone well."""

    step_id: str


@dataclass(frozen=True, slots=True)
class RerunRequested:
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


@dataclass(frozen=True, slots=True)
class StartStep:
    """Start it; ``attempt`` counts from 1."""

    step_id: str
    attempt: int


@dataclass(frozen=True, slots=True)
class StopStep:
    """End it; :class:`StepEnded` says when that has happened."""

    step_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class AwaitRetry:
    """Say :class:`RetryDue` after so many seconds."""

    step_id: str
    delay_s: float


@dataclass(frozen=True, slots=True)
class StepChanged:
    """Its status, tries or reason is another now."""

    step_id: str


@dataclass(frozen=True, slots=True)
class RunOver:
    """Every step is settled."""

    status: StepStatus
    reason: str | None


RecipeEffect = StartStep | StopStep | AwaitRetry | StepChanged | RunOver
