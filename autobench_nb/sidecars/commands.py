"""What clients may ask of the streams."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from autobench_nb.contract.commands import (
    STREAM_PICTURE,
    STREAM_RECORD,
    STREAM_RESTART,
    STREAM_START,
    STREAM_STOP,
)
from autobench_nb.contract.streams import (
    StreamPicture,
    StreamRecorded,
    StreamRestarted,
    StreamStarted,
    StreamStopped,
)
from autobench_nb.errors import CommandError, StreamError
from autobench_nb.lazy import LazyModule
from autobench_nb.sidecars.streams import StreamAt, Streams

if TYPE_CHECKING:
    import asyncio
else:
    asyncio = LazyModule("asyncio")

MAX_SENT_BYTES: Final = 4 * 1024 * 1024
"""A larger picture is not sent to a view: what Jupyter's proxy takes of one message, with room to spare."""

Handlers = dict[str, Callable[[Mapping[str, Any]], Any]]


def stream_commands(streams: Streams) -> Handlers:
    """Handlers of the streams' commands. What takes its time, as an end does, is done on another thread."""

    def found(name: str) -> StreamAt:
        try:
            streams.sidecar(name)
            return streams[name]
        except KeyError as error:
            raise CommandError("not-found", f"{error.args[0]}.") from None
        except StreamError as error:
            raise CommandError("bad-args", str(error)) from None

    def picture(args: Mapping[str, Any]) -> StreamPicture:
        asked = STREAM_PICTURE.read(args)
        found(asked.stream_id)
        newest = streams.picture(asked.stream_id)
        if newest is None:
            return {"number": 0, "at": None, "jpeg": None}
        at = newest.at * 1e3
        if newest.number <= asked.after:
            return {"number": newest.number, "at": at, "jpeg": None}
        if len(newest.jpeg) > MAX_SENT_BYTES:
            raise CommandError(
                "failed",
                f"A picture of {len(newest.jpeg) / 1e6:.1f} MB is too large to be sent: take a smaller size or a "
                "lower quality.",
            )
        return {
            "number": newest.number,
            "at": at,
            "jpeg": base64.b64encode(newest.jpeg).decode("ascii"),
        }

    async def record(args: Mapping[str, Any]) -> StreamRecorded:
        asked = STREAM_RECORD.read(args)
        stream = found(asked.stream_id)
        act = stream.record if asked.on else stream.stop_recording
        try:
            path = await asyncio.to_thread(act)
        except StreamError as error:
            raise CommandError("failed", str(error)) from None
        if path is None:
            raise CommandError("failed", f"{asked.stream_id} is not being recorded.")
        return {"path": str(path)}

    def start(args: Mapping[str, Any]) -> StreamStarted:
        return {"started": found(STREAM_START.read(args).stream_id).start()}

    def restart(args: Mapping[str, Any]) -> StreamRestarted:
        found(STREAM_RESTART.read(args).stream_id).restart()
        return {"restarted": True}

    async def stop(args: Mapping[str, Any]) -> StreamStopped:
        stream = found(STREAM_STOP.read(args).stream_id)
        return {"stopped": await asyncio.to_thread(stream.stop)}

    return {
        STREAM_PICTURE.name: picture,
        STREAM_RECORD.name: record,
        STREAM_RESTART.name: restart,
        STREAM_START.name: start,
        STREAM_STOP.name: stop,
    }
