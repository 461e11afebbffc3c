"""What is written to a running command's standard input."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from typing import Final

INPUT_LIMIT: Final = 1_048_576
"""Bytes that wait for a command that does not read."""


class InputClosed(Exception):
    """The text cannot be sent; says why."""


class CommandInput:
    """Bytes on their way to a command. Any thread writes; the thread that watches the command hands them over.

    What is written before the first command has started waits for it.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting = bytearray()
        self._ends = False
        self._wake: Callable[[], None] | None = _nobody

    def write(self, data: bytes, *, end: bool = False) -> None:
        """Send ``data``; with ``end`` the command sees the end of its input after it.

        Raises:
            InputClosed: The command or its input has ended, or it does not read what it was sent.
        """
        with self._lock:
            if self._wake is None:
                raise InputClosed("nothing that takes input runs")
            if self._ends:
                raise InputClosed("its input has been ended")
            if len(data) > INPUT_LIMIT:
                raise InputClosed(f"at most {INPUT_LIMIT:,} bytes can be sent at once")
            if len(self._waiting) + len(data) > INPUT_LIMIT:
                raise InputClosed(
                    f"it has not read the last {len(self._waiting):,} bytes that it was sent"
                )
            self._waiting += data
            self._ends = end
            self._wake()

    def attach(self, wake: Callable[[], None]) -> None:
        """A command takes input now: ``wake`` tells its thread that there is some."""
        with self._lock:
            if self._wake is not _nobody:
                self._waiting.clear()
                self._ends = False
            self._wake = wake
            if self._waiting or self._ends:
                wake()

    def detach(self) -> None:
        """The command takes no more input. When this returns, ``wake`` is not called any more."""
        with self._lock:
            self._waiting.clear()
            self._wake = None

    def hand_over(self, descriptor: int) -> tuple[bool, bool]:
        """Write what waits to a descriptor that does not block.

        Returns:
            Whether there is more that waits for room, and whether the input is to end now.
        """
        with self._lock:
            try:
                while self._waiting:
                    del self._waiting[: os.write(descriptor, self._waiting)]
            except BlockingIOError:
                return True, False
            except OSError:  # the command has closed its input, or has ended
                self._waiting.clear()
                self._ends = True
            return False, self._ends


def _nobody() -> None:
    """There is nobody to wake before the first command has started."""
