"""Every command: its name, what it takes, what it gives, and how it may fail.

A room that answers a command reads its arguments by the spec and is then sure of their types::

    def cancel(args: Mapping[str, Any]) -> JobCancelled:
        asked = JOB_CANCEL.read(args)
        return {"cancelled": jobs.cancel(asked.job_id)}

    handlers = {JOB_CANCEL.name: cancel}

Arguments that a command does not know are ignored. One that has a default may be null.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final, Generic, TypedDict, TypeVar

import msgspec
from msgspec import Meta, Struct

from autobench_nb.contract.codes import COMMAND_CODES
from autobench_nb.contract.devices import (
    DeviceDesireArgs,
    DeviceDesired,
    DeviceDoArgs,
    DeviceDone,
    DeviceProbeArgs,
    DeviceProbed,
)
from autobench_nb.contract.findings import PnoScanArgs, PnoScanned
from autobench_nb.contract.jobs import (
    JobAgain,
    JobCancelArgs,
    JobCancelled,
    JobDetails,
    JobFirstArgs,
    JobGetArgs,
    JobMoved,
    JobRetryArgs,
    JobSendArgs,
    JobSent,
    JobTimes,
    JobTimesArgs,
)
from autobench_nb.contract.journal import JournalResumeArgs, JournalResumed
from autobench_nb.contract.limits import MAX_RESULTS_PAGE, RESULTS_PAGE
from autobench_nb.contract.records import EntryRecord, ResultRecord
from autobench_nb.contract.steps import (
    OperatorAnswerArgs,
    QueueMoveArgs,
    QueuePauseArgs,
    QueueResumeArgs,
    RecipeRetryArgs,
    RecipeRunArgs,
    RecipeStepArgs,
    RunChanged,
)
from autobench_nb.contract.streams import (
    StreamArgs,
    StreamPicture,
    StreamPictureArgs,
    StreamRecordArgs,
    StreamRecorded,
    StreamRestarted,
    StreamStarted,
    StreamStopped,
)
from autobench_nb.contract.types import Count
from autobench_nb.contract.words import fields_of, first_misfit
from autobench_nb.errors import CommandError

Args = TypeVar("Args", bound=Struct)


class CommandSpec(Struct, Generic[Args], frozen=True):
    """One command.

    Attributes: ``name`` on the wire; ``args``, the struct of its arguments; ``result``, the type of its value;
    ``summary``, one line for people; ``codes`` that it may fail with, besides those of every command
    (``unknown-command``, ``internal``, ``closed``); ``reads``, whether it changes nothing, so that a client with a
    read-only token may send it (all others fail for such a client with ``read-only``).
    """

    name: str
    args: type[Args]
    result: Any
    summary: str
    codes: tuple[str, ...] = ()
    reads: bool = False

    def __post_init__(self) -> None:
        unknown = set(self.codes) - COMMAND_CODES.keys()
        if unknown:
            raise ValueError(f"{self.name}: COMMAND_CODES has no {', '.join(sorted(unknown))}")

    def read(self, args: Mapping[str, Any]) -> Args:
        """The arguments as they came, typed, with their defaults.

        Raises:
            CommandError: ``bad-args``, with a sentence that names the argument and what it takes.
        """
        given = {name: value for name, value in args.items() if value is not None}
        try:
            return msgspec.convert(given, self.args)
        except (msgspec.ValidationError, RecursionError):
            found = first_misfit(self.args, given)
            takes = ", ".join(fields_of(self.args)) or "no arguments"
            sentence = f"{self.name} takes {takes}." if found is None else found[1]
            raise CommandError("bad-args", sentence) from None


class StateHashArgs(Struct, frozen=True, rename="camel"):
    """``state.hash`` takes nothing."""


class StateHash(TypedDict):
    """A state's version, and the SHA-256 of its RFC 8785 form in UTF-8, in lower-case hexadecimal."""

    version: Count
    hash: str


class LogsGetArgs(Struct, frozen=True, rename="camel"):
    """Which entry, and from which character of its message on."""

    seq: Count
    offset: Count = 0


class WholeEntry(EntryRecord):
    """The entry, with the part of its message that begins at ``offset``."""

    next: Annotated[
        int | None, Meta(description="the offset of what follows; null where nothing does")
    ]


class ResultsListArgs(Struct, frozen=True, rename="camel"):
    """Where to begin, counted from the first result ever, and how many at most."""

    since: Count = 0
    limit: Annotated[
        int,
        Meta(ge=1, le=MAX_RESULTS_PAGE, title=f"a whole number from 1 to {MAX_RESULTS_PAGE:,}"),
    ] = RESULTS_PAGE


class ResultsPage(TypedDict):
    """Result records in the order in which they came; positions count from the first result ever."""

    items: list[ResultRecord]
    next: Annotated[
        int | None, Meta(description="`since` of the next page; null where this is the last")
    ]
    end: Annotated[int, Meta(description="the position after the newest result")]
    dropped: Annotated[int, Meta(description="results before the oldest that is still held")]


class SessionCodeArgs(Struct, frozen=True, rename="camel"):
    """``session.code`` takes nothing."""


class SessionCode(TypedDict):
    """What ``?code=`` of the page's address takes: it signs one browser in, once, within ten minutes."""

    code: str


STATE_HASH: Final = CommandSpec(
    "state.hash",
    StateHashArgs,
    StateHash,
    "The hash of what this connection mirrors: the whole state, or its slices and the version.",
    reads=True,
)
DEVICE_DESIRE: Final = CommandSpec(
    "device.desire",
    DeviceDesireArgs,
    DeviceDesired,
    "Say how a device is to be.",
    ("bad-args", "not-found"),
)
DEVICE_DO: Final = CommandSpec(
    "device.do",
    DeviceDoArgs,
    DeviceDone,
    "Have a device do one of its actions; answered when it has, or has not in time.",
    ("bad-args", "not-found", "conflict", "failed"),
)
DEVICE_PROBE: Final = CommandSpec(
    "device.probe",
    DeviceProbeArgs,
    DeviceProbed,
    "Ask a device now how it is, without waiting for its next turn.",
    ("bad-args", "not-found"),
)
JOB_CANCEL: Final = CommandSpec(
    "job.cancel",
    JobCancelArgs,
    JobCancelled,
    "Cancel a job, queued or running, or all of a run.",
    ("bad-args",),
)
JOB_FIRST: Final = CommandSpec(
    "job.first",
    JobFirstArgs,
    JobMoved,
    "Put a job that waits at the head of the queue.",
    ("bad-args",),
)
JOB_GET: Final = CommandSpec(
    "job.get",
    JobGetArgs,
    JobDetails,
    "What a job was asked to do, with secrets left out, and how each of its repetitions went.",
    ("bad-args", "not-found"),
    reads=True,
)
JOB_RETRY: Final = CommandSpec(
    "job.retry",
    JobRetryArgs,
    JobAgain,
    "Do the same work again: a new run of new jobs, asked for as the old ones were.",
    ("bad-args", "not-found", "closed"),
)
JOB_SEND: Final = CommandSpec(
    "job.send",
    JobSendArgs,
    JobSent,
    "Write to the standard input of a running command.",
    ("bad-args", "not-found"),
)
JOB_TIMES: Final = CommandSpec(
    "job.times",
    JobTimesArgs,
    JobTimes,
    "What the repetitions of some jobs came to in one measure, the wall time at first.",
    ("bad-args",),
    reads=True,
)
JOURNAL_RESUME: Final = CommandSpec(
    "journal.resume",
    JournalResumeArgs,
    JournalResumed,
    "Go on with a run that was interrupted when its orchestrator ended, after its last finished step.",
    ("bad-args", "not-found", "conflict", "closed"),
)
LOGS_GET: Final = CommandSpec(
    "logs.get",
    LogsGetArgs,
    WholeEntry,
    "One log entry with its whole message, or as much of it as fits one answer.",
    ("bad-args", "not-found"),
    reads=True,
)
PNO_SCAN: Final = CommandSpec(
    "pno.scan",
    PnoScanArgs,
    PnoScanned,
    "Begin a pno scan; what it finds comes with the state.",
    ("bad-args", "closed"),
)
OPERATOR_ANSWER: Final = CommandSpec(
    "operator.answer",
    OperatorAnswerArgs,
    RunChanged,
    "Answer the question of a step to a person.",
    ("bad-args", "not-found"),
)
QUEUE_MOVE: Final = CommandSpec(
    "queue.move",
    QueueMoveArgs,
    RunChanged,
    "Have a run that waits change places with its neighbour in the queue.",
    ("bad-args",),
)
QUEUE_PAUSE: Final = CommandSpec(
    "queue.pause",
    QueuePauseArgs,
    RunChanged,
    "Start nothing more for now; what runs goes on.",
    ("bad-args",),
)
QUEUE_RESUME: Final = CommandSpec(
    "queue.resume", QueueResumeArgs, RunChanged, "Let the queue go on.", ("bad-args",)
)
RECIPE_CANCEL: Final = CommandSpec(
    "recipe.cancel",
    RecipeRunArgs,
    RunChanged,
    "Cancel a run of a recipe: what runs is ended, the rest is skipped.",
    ("bad-args", "not-found"),
)
RECIPE_PAUSE: Final = CommandSpec(
    "recipe.pause",
    RecipeRunArgs,
    RunChanged,
    "Start no more steps of a run of a recipe for now; what runs goes on.",
    ("bad-args", "not-found"),
)
RECIPE_RESUME: Final = CommandSpec(
    "recipe.resume",
    RecipeRunArgs,
    RunChanged,
    "Let a paused run of a recipe go on.",
    ("bad-args", "not-found"),
)
RECIPE_RETRY: Final = CommandSpec(
    "recipe.retry",
    RecipeRetryArgs,
    RunChanged,
    "Do steps of an ended run of a recipe again, and all that waits for them.",
    ("bad-args", "not-found", "closed"),
)
RECIPE_SKIP: Final = CommandSpec(
    "recipe.skip",
    RecipeStepArgs,
    RunChanged,
    "Skip a step: one that is under way is ended; what needs it goes on as though it had gone well.",
    ("bad-args", "not-found"),
)
RESULTS_LIST: Final = CommandSpec(
    "results.list",
    ResultsListArgs,
    ResultsPage,
    "Result records, a page at a time, oldest first.",
    ("bad-args",),
    reads=True,
)
SESSION_CODE: Final = CommandSpec(
    "session.code",
    SessionCodeArgs,
    SessionCode,
    "A code that signs one browser in to the page, so that its address need not hold the token.",
)
STREAM_PICTURE: Final = CommandSpec(
    "stream.picture",
    StreamPictureArgs,
    StreamPicture,
    "The newest picture of a stream, where the asking side does not have it yet.",
    ("bad-args", "not-found"),
    reads=True,
)
STREAM_RECORD: Final = CommandSpec(
    "stream.record",
    StreamRecordArgs,
    StreamRecorded,
    "Begin or end the recording of a stream to a file.",
    ("bad-args", "not-found", "failed"),
)
STREAM_RESTART: Final = CommandSpec(
    "stream.restart",
    StreamArgs,
    StreamRestarted,
    "End a stream's process, where there is one, and start it anew; its recording goes on.",
    ("bad-args", "not-found"),
)
STREAM_START: Final = CommandSpec(
    "stream.start",
    StreamArgs,
    StreamStarted,
    "Start a stream's process; one that waits for its next try, or has been given up, is tried now.",
    ("bad-args", "not-found"),
)
STREAM_STOP: Final = CommandSpec(
    "stream.stop",
    StreamArgs,
    StreamStopped,
    "End a stream's process, and its recording.",
    ("bad-args", "not-found"),
)
_ALL: Final = (
    *(STATE_HASH, JOB_CANCEL, JOB_FIRST, JOB_GET, JOB_RETRY, JOB_SEND, JOB_TIMES),
    *(DEVICE_DESIRE, DEVICE_DO, DEVICE_PROBE, PNO_SCAN),
    *(JOURNAL_RESUME, LOGS_GET, OPERATOR_ANSWER, QUEUE_MOVE, QUEUE_PAUSE, QUEUE_RESUME),
    *(RECIPE_CANCEL, RECIPE_PAUSE, RECIPE_RESUME, RECIPE_RETRY, RECIPE_SKIP),
    *(RESULTS_LIST, SESSION_CODE),
    *(STREAM_PICTURE, STREAM_RECORD, STREAM_RESTART, STREAM_START, STREAM_STOP),
)
COMMANDS: Final[Mapping[str, CommandSpec[Any]]] = {spec.name: spec for spec in _ALL}
"""Every command of this orchestrator, by its name."""

READING_COMMANDS: Final = frozenset(name for name, spec in COMMANDS.items() if spec.reads)
"""What a client with a read-only token may ask for."""
