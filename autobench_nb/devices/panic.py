"""The panic policy's hand on the queue of jobs: pauses by devices, apart from those of people."""

from __future__ import annotations

import threading
from collections.abc import Callable


class PausesByDevices:
    """Pauses the queue while any critical device is degraded, and ends only its own pause. Thread-safe.

    A pause that a person has made stays when the devices are well again; a pause of these devices that a person has
    ended stays ended until another device is degraded.

    Args:
        why: Why the queue is paused now; None where it is not.
        pause: Pauses the queue for a reason.
        resume: Lets the queue go on.
    """

    def __init__(
        self,
        why: Callable[[], str | None],
        pause: Callable[[str], object],
        resume: Callable[[], object],
    ) -> None:
        self._why = why
        self._pause = pause
        self._resume = resume
        self._lock = threading.Lock()
        self._reasons: list[str] = []
        self._told: str | None = None

    def pause(self, reason: str) -> None:
        """A device is degraded."""
        with self._lock:
            self._reasons.append(reason)
            ours = self._told is not None and self._why() == self._told
            if ours or self._why() is None:
                self._told = ", ".join(self._reasons)
                self._pause(self._told)

    def resume(self, reason: str) -> None:
        """A device is well again, or watched no longer."""
        with self._lock:
            if reason in self._reasons:
                self._reasons.remove(reason)
            if self._told is None or self._why() != self._told:
                return
            if self._reasons:
                self._told = ", ".join(self._reasons)
                self._pause(self._told)
            else:
                self._told = None
                self._resume()
