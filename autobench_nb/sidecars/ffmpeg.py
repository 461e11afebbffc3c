"""What an ffmpeg sidecar is asked to do: where its pictures come from, and how they are to come."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from autobench_nb.errors import StreamError
from autobench_nb.sidecars.machine import RestartPolicy

QUIET: Final = ("-hide_banner", "-nostats", "-loglevel", "warning")
_SIZE: Final = re.compile(r"[1-9]\d{0,4}x[1-9]\d{0,4}")
_LOGIN: Final = re.compile(r"(?<=://)[^/@\s]+@")
_GENERATOR: Final = re.compile(r"[a-z][a-z0-9_]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureLimits:
    """From when on a picture is old, and from when on one that stays the same is frozen. Seconds."""

    young_s: float = 2.0
    frozen_s: float = 10.0


@dataclass(frozen=True, slots=True)
class Ffmpeg:
    """A stream that an ffmpeg process of this orchestrator's own reads: ``Ffmpeg("cam1", "/dev/video0")``.

    Args:
        name: The stream's id.
        source: A capture device (``/dev/video0``), an address (``rtsp://…``, ``http://…``), a file, a source of
            ffmpeg's ``lavfi`` (``testsrc2``, or a whole filter graph such as ``testsrc2=rate=5,hue=s=0``), or, as a
            list, ffmpeg's own arguments for the input: ``["-f", "v4l2", "-i", "/dev/video0"]``.
        size: Width and height that a device or a bare ``lavfi`` source is asked for.
        fps: Pictures a second, of the source and of what comes.
        quality: Of the JPEG pictures: 2 is best, 31 is worst.
        young_s: A picture that is more seconds old is old.
        frozen_s: A picture that is the same for more seconds is frozen.
        restart: When the process is started again after it has ended.
        program: ffmpeg's name or path.

    Raises:
        StreamError: An argument is not possible; the message names it and says what it takes.
    """

    name: str
    source: str | Sequence[str] = "testsrc2"
    size: str = "640x360"
    fps: float = 15.0
    quality: int = 5
    young_s: float = 2.0
    frozen_s: float = 10.0
    restart: RestartPolicy = field(default_factory=RestartPolicy)
    program: str = "ffmpeg"

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not self.name:
            raise StreamError(f"{self.name!r} is no name of a stream: give text.")
        words = [self.source] if isinstance(self.source, str) else list(self.source)
        if not words or not all(isinstance(word, str) and word for word in words):
            raise StreamError(
                f"source={self.source!r} is no source: give a device, an address, a file, a lavfi source, or a list "
                "of ffmpeg's arguments."
            )
        if any("\0" in word for word in (*words, self.program)):
            raise StreamError("a text with a NUL in it cannot be passed to ffmpeg.")
        if not _SIZE.fullmatch(self.size):
            raise StreamError(f"size={self.size!r} is not possible: give WIDTHxHEIGHT.")
        if not 0 < self.fps <= 240:
            raise StreamError(f"fps={self.fps!r} is not possible: give more than 0, at most 240.")
        if self.quality not in range(2, 32):
            raise StreamError(f"quality={self.quality!r} is not possible: give 2 (best) to 31.")
        if not (self.young_s > 0 and self.frozen_s > 0):
            raise StreamError("young_s and frozen_s take seconds above 0.")

    @property
    def limits(self) -> PictureLimits:
        """The limits of its checks."""
        return PictureLimits(young_s=self.young_s, frozen_s=self.frozen_s)

    @property
    def shown_source(self) -> str:
        """The source as people are shown it: without the name and password that an address may hold."""
        source = self.source if isinstance(self.source, str) else " ".join(self.source)
        return without_logins(source)

    def argv(self) -> tuple[str, ...]:
        """The command: it writes JPEG pictures to its standard output, one after the other."""
        rate = f"{self.fps:g}"
        return (
            *(self.program, *QUIET, "-nostdin"),
            *self._input(rate),
            *("-map", "0:v:0", "-an", "-r", rate, "-vf", "scale=out_range=pc,format=yuv420p"),
            *("-color_range", "pc", "-strict", "unofficial", "-c:v", "mjpeg"),
            *("-q:v", str(self.quality), "-flush_packets", "1", "-f", "mjpeg", "pipe:1"),
        )

    def _input(self, rate: str) -> tuple[str, ...]:
        if not isinstance(self.source, str):
            return tuple(self.source)
        source = self.source
        if source.startswith("/dev/video"):
            return ("-f", "v4l2", "-framerate", rate, "-video_size", self.size, "-i", source)
        if "://" in source:
            return ("-i", source)
        if _GENERATOR.fullmatch(source):
            source = f"{source}=size={self.size}:rate={rate}"
        elif "/" in source.partition("=")[0] or not _GENERATOR.match(source) or "=" not in source:
            return ("-re", "-i", source)
        return ("-re", "-f", "lavfi", "-i", source)


def recorder_argv(program: str, path: str) -> tuple[str, ...]:
    """The command that takes the pictures of a stream as they are, and writes them to a Matroska file.

    A cluster is written each second at the latest, so that what stands in the file can be read whenever it is cut off.
    """
    return (
        *(program, *QUIET),
        *("-f", "mjpeg", "-use_wallclock_as_timestamps", "1", "-i", "pipe:0"),
        *("-map", "0:v:0", "-c", "copy", "-f", "matroska", "-cluster_time_limit", "1000"),
        *("-flush_packets", "1", "-y", path),
    )


def without_logins(text: str) -> str:
    """A text without the name and password of any address in it: ``rtsp://…@10.0.0.5/1``."""
    return _LOGIN.sub("…@", text)
