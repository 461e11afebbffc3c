"""Supervised processes beside the jobs, and the streams that they send."""

from __future__ import annotations

from autobench_nb.sidecars.commands import stream_commands
from autobench_nb.sidecars.ffmpeg import Ffmpeg
from autobench_nb.sidecars.streams import Streams

__all__ = ["Ffmpeg", "Streams", "stream_commands"]
