"""Streams for browsers' and other programs' own viewers: ``multipart/x-mixed-replace``, and one picture.

A viewer that is slow is sent the newest picture whenever it has taken the last one, so it skips pictures, and nothing
waits for it. The dashboard's views ask for their pictures over their own link instead (``stream.picture``): where a
page is not this server's own, its requests would be another origin's.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final, Protocol

from tornado.iostream import StreamClosedError

from autobench_nb.errors import AutoBenchError
from autobench_nb.transports.auth import Refusal
from autobench_nb.transports.http.handlers import Guarded

MAX_RATE: Final = 60.0
DEFAULT_RATE: Final = 15.0
"""Pictures a second that a viewer is sent at most."""
STILL_S: Final = 5.0
BOUNDARY: Final = "autobench-picture"


class JpegPicture(Protocol):
    """A picture, as far as it is used here."""

    @property
    def jpeg(self) -> bytes: ...

    @property
    def number(self) -> int: ...


class PictureSource(Protocol):
    """Whose pictures are served."""

    def picture(self, name: str) -> JpegPicture | None:
        """The newest picture of a stream; ``None`` before the first. ``KeyError`` where there is no such stream."""

    def follow(self, name: str, callback: Callable[[], None]) -> Callable[[], None]:
        """Call ``callback`` with each picture, on any thread. Gives back the way to end it."""


class _Viewer(Guarded):
    """What both handlers do: find the stream, and wait for its next picture."""

    is_gone = False

    def begin(self, name: str) -> None:
        """Follow the stream, or refuse."""
        source = self.site.pictures
        loop, self._came = asyncio.get_running_loop(), asyncio.Event()

        def came() -> None:
            if not loop.is_closed():
                loop.call_soon_threadsafe(self._came.set)

        try:
            if source is None:
                raise KeyError(name)
            self._source, self._name = source, name
            self._unfollow = source.follow(name, came)
        except KeyError:
            self.refuse(Refusal(404, "not-found", "There is no such stream."))
        except AutoBenchError as error:
            self.refuse(Refusal(409, "conflict", str(error)))

    def newest(self) -> JpegPicture | None:
        """The newest picture; ``None`` before the first, and where the stream is gone, which ends the viewer."""
        try:
            return self._source.picture(self._name)
        except (KeyError, AutoBenchError):
            self.is_gone = True
            return None

    async def next_came(self, timeout_s: float | None = None) -> bool:
        """Wait for a picture; False where none has come in time, or the viewer is gone."""
        try:
            async with asyncio.timeout(timeout_s):
                await self._came.wait()
        except TimeoutError:
            return False
        self._came.clear()
        return not self.is_gone

    def on_connection_close(self) -> None:
        self.is_gone = True
        if hasattr(self, "_came"):
            self._came.set()

    def on_finish(self) -> None:
        unfollow = getattr(self, "_unfollow", None)
        if unfollow is not None:
            unfollow()


class StreamHandler(_Viewer):
    """``GET /api/streams/{id}``: its pictures as they come, at most ``?rate=`` a second, until the viewer goes."""

    async def get(self, name: str) -> None:
        rate = self._rate()
        self.begin(name)
        self.set_header("Content-Type", f"multipart/x-mixed-replace; boundary={BOUNDARY}")
        # A proxy that collects an answer before it passes it on would wait for ever.
        self.set_header("X-Accel-Buffering", "no")
        loop, shown = asyncio.get_running_loop(), 0
        try:
            while not self.is_gone:
                picture = self.newest()
                if picture is not None and picture.number != shown:
                    shown, began = picture.number, loop.time()
                    head = f"--{BOUNDARY}\r\nContent-Type: image/jpeg\r\nContent-Length: {len(picture.jpeg)}\r\n\r\n"
                    self.write(head.encode() + picture.jpeg + b"\r\n")
                    await (
                        self.flush()
                    )  # waits until the viewer has taken it: what comes meanwhile it skips
                    await asyncio.sleep(max(0.0, began + 1 / rate - loop.time()))
                elif not await self.next_came():
                    return
        except StreamClosedError:
            return
        finally:
            self.on_finish()

    def _rate(self) -> float:
        text = self.get_query_argument("rate", "")
        try:
            rate = float(text) if text else DEFAULT_RATE
        except ValueError:
            rate = 0.0
        if not 0.0 < rate <= MAX_RATE:
            words = f"rate takes pictures a second: above 0, at most {MAX_RATE:g}."
            self.refuse(Refusal(400, "bad-argument", words))
        return rate


class StillHandler(_Viewer):
    """``GET /api/streams/{id}/still``: the newest picture, as JPEG; the first one is waited for."""

    async def get(self, name: str) -> None:
        self.begin(name)
        picture = self.newest()
        if picture is None:
            await self.next_came(STILL_S)
            picture = self.newest()
        if picture is None:
            self.refuse(Refusal(503, "unavailable", "The stream gives no picture."))
        self.set_header("Content-Type", "image/jpeg")
        self.set_header("X-Picture", str(picture.number))
        self.finish(picture.jpeg)
