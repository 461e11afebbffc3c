"""What the commands about jobs take and give; :mod:`autobench_nb.contract.commands` lists them by their names."""

from __future__ import annotations

from typing import Annotated, NotRequired, TypedDict

from msgspec import Meta, Struct

from autobench_nb.contract.limits import MAX_JOBS_ASKED, MAX_NAME_CHARS, MAX_SENT_CHARS
from autobench_nb.contract.records import JobKind, JobStatus
from autobench_nb.contract.types import Instant, Seconds

JobIds = Annotated[
    list[str],
    Meta(min_length=1, max_length=MAX_JOBS_ASKED, title=f"a list of 1 to {MAX_JOBS_ASKED} job ids"),
]


class JobCancelArgs(Struct, frozen=True, rename="camel"):
    """Which job; a run's id stands for all of its jobs."""

    job_id: Annotated[str, Meta(title="a job's id")]


class JobCancelled(TypedDict):
    """Whether there was something to cancel: false where the job has ended, or is not known."""

    cancelled: bool


class JobFirstArgs(Struct, frozen=True, rename="camel"):
    """Which job is to be the next one."""

    job_id: Annotated[str, Meta(title="a job's id")]


class JobMoved(TypedDict):
    """Whether it waits: false where it has started, or is not known."""

    moved: bool


class JobGetArgs(Struct, frozen=True, rename="camel"):
    """Which job."""

    job_id: Annotated[str, Meta(title="a job's id")]


class Variable(TypedDict):
    """One variable of the environment that was given for a job."""

    name: str
    value: Annotated[
        str | None, Meta(description="null where it was removed; secrets are left out")
    ]


class RepetitionRecord(TypedDict):
    """One repetition that has ended."""

    number: Annotated[int, Meta(description="from 1; 0 for a warm-up")]
    status: JobStatus
    startedAt: Instant
    wallS: Seconds | None
    cpuUserS: Seconds | None
    cpuSystemS: Seconds | None
    maxRssBytes: int | None
    exitCode: int | None
    signal: str | None
    otherLoad: Annotated[
        float | None,
        Meta(description="how many processors others kept busy meanwhile; null where not known"),
    ]
    metrics: NotRequired[
        Annotated[
            dict[str, float] | None,
            Meta(description="what was read out of it, by the metric's name"),
        ]
    ]


class JobDetails(TypedDict):
    """What a job was asked to do, and how each repetition went."""

    id: str
    runId: str
    name: str
    kind: JobKind
    command: str
    folder: Annotated[str | None, Meta(description="where it runs; null before it has started")]
    environment: Annotated[
        list[Variable], Meta(description="what was laid over that of the orchestrator")
    ]
    executor: str
    timeoutS: Annotated[Seconds | None, Meta(description="that each repetition may take")]
    repeat: int
    warmup: int
    parallel: Annotated[int, Meta(description="how many jobs may run while it does")]
    takesInput: Annotated[bool, Meta(description="whether `job.send` can reach it while it runs")]
    repetitions: Annotated[
        list[RepetitionRecord],
        Meta(description="those that have ended, warm-ups too; of many the newest"),
    ]
    ended: Annotated[int, Meta(description="how many have ended, warm-ups too")]


class JobRetryArgs(Struct, frozen=True, rename="camel"):
    """Which jobs, and how often each is to be repeated, where not as often as before."""

    job_ids: JobIds
    repeat: Annotated[int, Meta(ge=1, title="a whole number, 1 or more")] | None = None


class JobAgain(TypedDict):
    """The new run and its jobs, in the order in which they were asked for."""

    runId: str
    jobIds: list[str]


class JobSendArgs(Struct, frozen=True, rename="camel"):
    """What is written to which job; ``end``: its input ends after it."""

    job_id: Annotated[str, Meta(title="a job's id")]
    text: Annotated[
        str,
        Meta(max_length=MAX_SENT_CHARS, title=f"a text of at most {MAX_SENT_CHARS:,} characters"),
    ]
    end: Annotated[bool, Meta(title="true or false")] = False


class JobSent(TypedDict):
    """That the text is on its way: true."""

    sent: bool


class JobTimesArgs(Struct, frozen=True, rename="camel"):
    """Which jobs, and which measure of theirs: the wall time unless another is named."""

    job_ids: JobIds
    measure: Annotated[
        str, Meta(max_length=MAX_NAME_CHARS, title=f"a text of at most {MAX_NAME_CHARS} characters")
    ] = "wall_s"


class RepetitionTimes(TypedDict):
    """What the repetitions of one job took, or came to in another measure."""

    times: Annotated[
        list[float],
        Meta(
            description="those that succeeded, in the measure's unit and in rising order; of many some"
        ),
    ]
    count: Annotated[int, Meta(description="how many have succeeded")]


class JobTimes(TypedDict):
    """By the id of the job; one that is not known is left out."""

    items: dict[str, RepetitionTimes]
