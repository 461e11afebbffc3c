"""What a repetition prints, kept for the metrics that are read out of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from autobench_nb.jobs.output import OutputStream

KEPT_BYTES: Final = 8_000_000
"""Of what was printed; of more, the end."""


class KeptOutput:
    """The last bytes that were printed, standard error too, as they came."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._size = 0

    def add(self, data: bytes) -> None:
        """Take what was printed just now."""
        self._parts.append(bytes(data))
        self._size += len(data)
        if self._size > 2 * KEPT_BYTES:
            self._parts = [b"".join(self._parts)[-KEPT_BYTES:]]
            self._size = len(self._parts[0])

    def data(self) -> bytes:
        """All that is kept."""
        return b"".join(self._parts)[-KEPT_BYTES:]

    def text(self) -> str:
        """All that is kept, as text."""
        return self.data().decode("utf-8", "replace")

    def listen(self, stream: OutputStream) -> OutputStream:
        """Keep what is fed to ``stream`` from now on; gives the stream."""
        feed = stream.feed

        def feed_both(data: bytes, urgent: Callable[[], bool]) -> None:
            self.add(data)
            feed(data, urgent)

        stream.feed = feed_both  # type: ignore[method-assign]
        return stream
