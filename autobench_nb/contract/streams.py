"""Streams on the wire: their records in the state, and what the commands about them take and give."""

from __future__ import annotations

from typing import Annotated, TypedDict

from msgspec import Meta, Struct

from autobench_nb.contract.types import Count, Instant, Seconds, Word


class StreamCheck(TypedDict):
    """One of the three ways in which a stream can fail by itself."""

    ok: Annotated[bool | None, Meta(description="null where it cannot be told, as of what is off")]
    reason: Annotated[str | None, Meta(description="why it is not well, or cannot be told")]


class StreamChecks(TypedDict, total=False):
    """The three: each can fail while the others are well."""

    process: Annotated[StreamCheck, Meta(description="whether its process runs")]
    young: Annotated[StreamCheck, Meta(description="whether the last picture is young")]
    moving: Annotated[StreamCheck, Meta(description="whether the picture changes: not frozen")]


class StreamRecording(TypedDict, total=False):
    """A stream's recording: the one under way, or the last one."""

    path: str
    startedAt: Instant
    endedAt: Annotated[Instant | None, Meta(description="null while it goes on")]
    bytes: Annotated[int, Meta(description="of the file, as it was seen last")]
    pictures: int
    dropped: Annotated[int, Meta(description="pictures that the recorder was too slow for")]
    reason: Annotated[str | None, Meta(description="why it has failed; null where it has not")]


class StreamEnd(TypedDict):
    """When a stream's process has ended by itself, and why."""

    at: Instant
    reason: str


class Stream(TypedDict, total=False):
    """``/streams/{id}``. Those that this orchestrator runs itself have all fields; others what they are given."""

    status: Word
    url: str | None
    source: Annotated[str, Meta(description="where its pictures come from")]
    runs: Annotated[bool, Meta(description="whether this orchestrator starts and ends its process")]
    wanted: Annotated[bool, Meta(description="whether it is to run: it was started, and not ended")]
    reason: Annotated[str | None, Meta(description="why it does not run, or not well")]
    startedAt: Annotated[Instant | None, Meta(description="since when its process runs")]
    lastPictureAt: Annotated[Instant | None, Meta(description="told once a second at most")]
    changedAt: Annotated[
        Instant | None, Meta(description="when a picture last differed from the one before it")
    ]
    frozenSince: Annotated[Instant | None, Meta(description="null where the picture changes")]
    checks: StreamChecks
    width: int | None
    height: int | None
    fps: Annotated[float | None, Meta(description="pictures a second, as they came of late")]
    bytesPerS: Annotated[float | None, Meta(description="as they came of late")]
    pictures: Annotated[int, Meta(description="since it was added")]
    restarts: Annotated[int, Meta(description="how often its process was started again by itself")]
    lastEnd: Annotated[StreamEnd | None, Meta(description="when its process last ended by itself")]
    nextTryAt: Annotated[Instant | None, Meta(description="when it is started again")]
    youngS: Annotated[Seconds, Meta(description="a picture of more seconds is old")]
    frozenS: Annotated[Seconds, Meta(description="a picture that is the same for longer is frozen")]
    recording: StreamRecording | None
    freeBytes: Annotated[
        int | None,
        Meta(description="about what is left on the disk that it is, or would be, recorded to"),
    ]


class StreamArgs(Struct, frozen=True, rename="camel"):
    """Which stream."""

    stream_id: Annotated[str, Meta(title="a stream's id")]


class StreamStarted(TypedDict):
    """Whether it was not to run before: false where it was started already."""

    started: bool


class StreamRestarted(TypedDict):
    """That its process is started anew; a recording goes on."""

    restarted: bool


class StreamStopped(TypedDict):
    """Whether it was to run before: false where it was ended already."""

    stopped: bool


class StreamRecordArgs(Struct, frozen=True, rename="camel"):
    """Which stream, and whether its recording is to begin (true) or to end (false)."""

    stream_id: Annotated[str, Meta(title="a stream's id")]
    on: Annotated[bool, Meta(title="true or false")] = True


class StreamRecorded(TypedDict):
    """The file that is recorded to, or was."""

    path: str


class StreamPictureArgs(Struct, frozen=True, rename="camel"):
    """Which stream, and the number of the picture that is known already; 0: none is."""

    stream_id: Annotated[str, Meta(title="a stream's id")]
    after: Count = 0


class StreamPicture(TypedDict):
    """The newest picture, where it is newer than the one that is known."""

    number: Annotated[int, Meta(description="of the newest picture; 0 where there was none yet")]
    at: Annotated[Instant | None, Meta(description="when it came")]
    jpeg: Annotated[
        str | None, Meta(description="its bytes in base64; null where it is known already")
    ]
