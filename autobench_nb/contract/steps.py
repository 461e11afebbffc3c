"""A recipe's run as the state has it, and what the commands about it take and give.

What all cells of a step's matrix share is written once, in ``plan``; the planned steps, of which there may be ten
thousand, say only what is their own, so that a patch stays small.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, Final, Literal, Required, TypedDict

from msgspec import Meta, Struct

from autobench_nb.contract.types import Instant, Milliseconds, Seconds

SKIPPED_BY_REQUEST: Final = "skipped by request"
"""The reason of a step that counts as done, since somebody has said that it need not be done."""


class StepStatus(StrEnum):
    """Where a planned step of a recipe's run stands."""

    WAITING = "waiting"
    QUEUED = "queued"
    RUNNING = "running"
    RETRYING = "retrying"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    TIMEOUT = "timeout"
    SKIPPED = "skipped"
    CANCELLED = "cancelled"


class RunStatus(StrEnum):
    """Where a recipe's run stands."""

    QUEUED = "queued"
    RUNNING = "running"
    PAUSED = "paused"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    TIMEOUT = "timeout"
    CANCELLED = "cancelled"
    INTERRUPTED = "interrupted"


class MetricRecord(TypedDict, total=False):
    """What the measured repetitions of a planned step come to in one metric."""

    mean: Required[float]
    sd: Annotated[float | None, Meta(description="of the sample (n - 1); null for fewer than two")]
    count: Annotated[int, Meta(description="repetitions that have it")]
    halfWidth: Annotated[
        float | None,
        Meta(
            description="half the confidence interval of the mean, 95 % unless the step says other"
        ),
    ]


class MetricAbout(TypedDict, total=False):
    """What is known of a metric before it is measured."""

    unit: str | None
    better: Annotated[str | None, Meta(description="`higher` or `lower`")]


class LimitRecord(TypedDict, total=False):
    """What a metric must keep to, or its step fails."""

    min: float | None
    max: float | None
    equals: Any


class TryRecord(TypedDict, total=False):
    """A try of a planned step that is over, and was followed by another."""

    startedAt: Required[Instant]
    finishedAt: Required[Instant]
    status: StepStatus
    reason: Annotated[str | None, Meta(description="why it did not succeed")]
    jobId: str | None


class ArtifactRecord(TypedDict):
    """A file that a step has made, as it is kept in the folder of the run."""

    path: Annotated[str, Meta(description="below the folder of the run's artifacts")]
    bytes: int
    sha256: str


class PlanRecord(TypedDict, total=False):
    """``/jobs/recipeRuns/{id}/plan/{step}``: what all cells of a step share."""

    id: Required[str]
    kind: Annotated[
        str, Meta(description="`run`, `call`, `device`, `record`, `wait` or `operator`")
    ]
    does: Annotated[str, Meta(description="the command, callable, action or question, as written")]
    description: str | None
    needs: list[str]
    edges: Annotated[
        dict[str, str],
        Meta(description="by outcome (`ok`, `timeout`, `failure`): where it goes on"),
    ]
    axes: Annotated[list[str], Meta(description="the names of its matrix")]
    cells: Annotated[int, Meta(description="planned steps of it")]
    repeat: Annotated[int, Meta(description="measured repetitions of each, at most")]
    warmup: int
    retries: int
    order: str
    executor: str
    timeoutS: Seconds | None
    metrics: dict[str, MetricAbout]
    limits: Annotated[
        dict[str, LimitRecord],
        Meta(description="by metric: what it must keep to, as `expect` says"),
    ]
    expectedS: Annotated[
        Seconds | None,
        Meta(
            description="that one of them takes: the mean of those of this run that went well, before "
            "the first the median of past runs; not there where neither is known"
        ),
    ]


class StepRecord(TypedDict, total=False):
    """``/jobs/recipeRuns/{id}/steps/{planned id}``: one step, or one cell of its matrix."""

    id: Required[str]
    step: Annotated[str, Meta(description="its key in `plan`")]
    number: Annotated[int, Meta(description="its place in the plan, from 0")]
    cell: Annotated[
        dict[str, Any], Meta(description="its values by axis; not there without a matrix")
    ]
    status: Required[StepStatus]
    tries: Annotated[int, Meta(description="how often it was started; not there before the first")]
    reason: Annotated[str | None, Meta(description="why it did not succeed, or was skipped")]
    startedAt: Annotated[Instant | None, Meta(description="when its newest try began to run")]
    finishedAt: Instant | None
    expectedS: Annotated[
        Seconds,
        Meta(
            description="that this cell of a matrix took in past runs, the median; not there where that is not "
            "known, nor of a step without a matrix"
        ),
    ]
    retryAt: Annotated[Instant | None, Meta(description="when it is tried again")]
    earlier: Annotated[
        list[TryRecord],
        Meta(description="its tries before the newest, oldest first; of many the last"),
    ]
    jobId: Annotated[str | None, Meta(description="the job of its newest try")]
    done: Annotated[int, Meta(description="measured repetitions of this try that have succeeded")]
    metrics: Annotated[dict[str, MetricRecord], Meta(description="`wall`, `cpu` and `memory` too")]
    artifacts: list[ArtifactRecord]


class PromptRecord(TypedDict, total=False):
    """``/jobs/prompts/{id}``: a question of a step to a person, until it is answered."""

    id: Required[str]
    runId: str
    stepId: str
    ask: str
    answers: list[str]
    fails: Annotated[list[str], Meta(description="the answers that make the step fail")]
    askedAt: Instant
    until: Annotated[Instant | None, Meta(description="when nobody is waited for any longer")]


class PowerRecord(TypedDict):
    """``/jobs/recipeRuns/{id}/power``: what the power meter saw while something of the run was under way."""

    deviceId: Annotated[str, Meta(description="the power meter")]
    quantity: Annotated[str, Meta(description="which of its quantities is the power")]
    unit: str
    startsAt: Annotated[Instant, Meta(description="where stretch 0 begins")]
    everyMs: Annotated[
        Milliseconds,
        Meta(description="how long a stretch is; it doubles when there are very many"),
    ]
    joules: Annotated[float, Meta(description="the energy so far")]
    points: Annotated[
        list[list[float]],
        Meta(
            description="of each stretch of which something is known, 240 at most: its number, and the "
            "mean, the least and the most of its samples"
        ),
    ]


class RecipeRunRecord(TypedDict, total=False):
    """``/jobs/recipeRuns/{id}``: one run of a recipe."""

    id: Required[str]
    label: Annotated[str, Meta(description="a short name for people, unique in this life alone")]
    recipe: Annotated[str, Meta(description="the recipe's name")]
    file: str | None
    parameters: dict[str, Any]
    units: Annotated[dict[str, str], Meta(description="of the parameters that have one")]
    status: Required[RunStatus]
    reason: str | None
    priority: int
    place: Annotated[
        int, Meta(description="of those of the same priority that wait, the least is the next one")
    ]
    parallel: Annotated[int, Meta(description="how many of its steps may run at once")]
    createdAt: Instant
    startedAt: Instant | None
    finishedAt: Instant | None
    folder: Annotated[str, Meta(description="where its steps run and its artifacts are kept")]
    seed: Annotated[int, Meta(description="of the random orders")]
    total: Annotated[int, Meta(description="planned steps")]
    counts: Annotated[dict[str, int], Meta(description="planned steps by status, without zeros")]
    etaS: Annotated[
        Seconds | None, Meta(description="seconds of work that are left, by past durations")
    ]
    power: Annotated[PowerRecord, Meta(description="not there where no device measures it")]
    resumedFrom: Annotated[str | None, Meta(description="the id of the run that it goes on with")]
    plan: dict[str, PlanRecord]
    steps: dict[str, StepRecord]


class QueuePause(TypedDict, total=False):
    """``/jobs/paused``: why nothing starts, and since when; null where the queue goes on."""

    reason: Required[str]
    since: Instant


class RecipeRunArgs(Struct, frozen=True, rename="camel"):
    """Which run of a recipe."""

    run_id: Annotated[str, Meta(title="a run's id")]


class RecipeStepArgs(Struct, frozen=True, rename="camel"):
    """Which planned step of which run; a step's id stands for all cells of its matrix."""

    run_id: Annotated[str, Meta(title="a run's id")]
    step_id: Annotated[str, Meta(title="a planned step's id")]


class RecipeRetryArgs(Struct, frozen=True, rename="camel"):
    """Which run, and from which step on; without one, from each step that did not succeed."""

    run_id: Annotated[str, Meta(title="a run's id")]
    step_id: Annotated[str, Meta(title="a planned step's id")] | None = None


class QueuePauseArgs(Struct, frozen=True, rename="camel"):
    """Why the queue is paused, for people."""

    reason: Annotated[str, Meta(max_length=400, title="a text of at most 400 characters")] = (
        "paused by request"
    )


class QueueMoveArgs(Struct, frozen=True, rename="camel"):
    """Which run that waits, of a recipe or of plain jobs, and past which of its neighbours."""

    run_id: Annotated[str, Meta(title="a run's id")]
    to: Annotated[Literal["up", "down"], Meta(title="up or down")]


class QueueResumeArgs(Struct, frozen=True, rename="camel"):
    """``queue.resume`` takes nothing."""


class OperatorAnswerArgs(Struct, frozen=True, rename="camel"):
    """Which prompt, and one of its answers."""

    prompt_id: Annotated[str, Meta(title="a prompt's id")]
    answer: Annotated[str, Meta(title="one of the prompt's answers")]


class RunChanged(TypedDict):
    """Whether it has changed anything: false where it came too late."""

    changed: bool
