"""When a stream's process is started, ended and started again: pure. Times in seconds of any monotonic clock."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

TRIES: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class RestartPolicy:
    """When a process that has ended is started again. Seconds.

    Args:
        first_s: The pause before the first try.
        factor: By how much the pause grows with each further one.
        longest_s: The longest pause.
        jitter: The share of a pause, 0 to 1, that chance adds or takes: what failed together need not come back so.
        tries: After so many ends in a row it is given up; ``None``: never.
        settled_s: A process that has run so long, with pictures, has not ended in a row with the one before it.
        hung_s: A process that runs and gives no picture for so long is ended, and counts as one that has failed.
    """

    first_s: float = 0.5
    factor: float = 2.0
    longest_s: float = 30.0
    jitter: float = 0.2
    tries: int | None = TRIES
    settled_s: float = 10.0
    hung_s: float = 30.0

    def pause_s(self, failures: int, chance: float) -> float:
        """The pause after the ``failures``-th end in a row (from 1); ``chance``: 0 to 1."""
        # Beyond some doublings the longest pause is reached anyway, and a power would only overflow.
        pause = min(self.longest_s, self.first_s * self.factor ** min(failures - 1, 64))
        return pause * (1 + self.jitter * (2 * chance - 1))


class SidecarPhase(Enum):
    """Where a sidecar stands."""

    OFF = auto()
    STARTING = auto()
    """Its process runs, and no picture has come from it yet."""
    LIVE = auto()
    ENDING = auto()
    WAITING = auto()
    """It has ended, and is started again at ``next_try``."""
    GIVEN_UP = auto()


class SidecarEffect(Enum):
    """What is to be done."""

    LAUNCH = auto()
    END = auto()


class SidecarMachine:
    """One sidecar's life. Each event gives what is to be done now.

    Attributes: ``wanted`` (whether it is to run), ``phase``, ``reason`` (why it does not run), ``restarts`` (how often
    it was started again by itself), ``last_end`` (when it last ended by itself, and why), ``next_try``,
    ``launched_at``.
    """

    def __init__(self, policy: RestartPolicy, chance: Callable[[], float]) -> None:
        self._policy = policy
        self._chance = chance
        self._failures = 0
        self._picture_at: float | None = None
        self._end_reason: str | None = None
        self.wanted = False
        self.phase = SidecarPhase.OFF
        self.reason: str | None = None
        self.restarts = 0
        self.last_end: tuple[float, str] | None = None
        self.next_try: float | None = None
        self.launched_at: float | None = None

    @property
    def has_process(self) -> bool:
        """Whether a process was launched that has not ended yet."""
        return self.phase in (SidecarPhase.STARTING, SidecarPhase.LIVE, SidecarPhase.ENDING)

    @property
    def due(self) -> float | None:
        """When :meth:`tick` wants to be called, if nothing comes before."""
        if self.phase is SidecarPhase.WAITING:
            return self.next_try
        if self.phase in (SidecarPhase.STARTING, SidecarPhase.LIVE):
            return self._heard_at() + self._policy.hung_s
        return None

    def start(self, now: float) -> list[SidecarEffect]:
        """Somebody wants it to run."""
        self.wanted = True
        self._failures = 0
        return [] if self.has_process else self._launch(now)

    def stop(self) -> list[SidecarEffect]:
        """Somebody wants it not to run."""
        self.wanted = False
        self.next_try = None
        if self.phase in (SidecarPhase.STARTING, SidecarPhase.LIVE):
            self.phase = SidecarPhase.ENDING
            return [SidecarEffect.END]
        if not self.has_process:
            self.phase = SidecarPhase.OFF
            self.reason = None
        return []

    def picture(self, now: float) -> None:
        """A picture has come from its process."""
        self._picture_at = now
        if self.phase is SidecarPhase.STARTING:
            self.phase = SidecarPhase.LIVE
            self.reason = None

    def exited(self, now: float, reason: str) -> list[SidecarEffect]:
        """Its process has ended."""
        was_settled = (
            self._picture_at is not None
            and self.launched_at is not None
            and self._picture_at - self.launched_at >= self._policy.settled_s
        )
        was_asked = self.phase is SidecarPhase.ENDING and self._end_reason is None
        reason, self._end_reason = self._end_reason or reason, None
        self.launched_at = self._picture_at = None
        if not self.wanted:
            self.phase = SidecarPhase.OFF
            self.reason = None
            return []
        if was_asked:  # ended by us, and wanted again since
            return self._launch(now)
        self.reason = reason
        self.last_end = (now, reason)
        self._failures = 1 if was_settled else self._failures + 1
        tries = self._policy.tries
        if tries is not None and self._failures >= tries:
            self.phase = SidecarPhase.GIVEN_UP
            return []
        self.phase = SidecarPhase.WAITING
        self.next_try = now + self._policy.pause_s(self._failures, self._chance())
        return []

    def tick(self, now: float) -> list[SidecarEffect]:
        """Time has passed."""
        due = self.due
        if due is None or now < due:
            return []
        if self.phase is SidecarPhase.WAITING:
            self.restarts += 1
            return self._launch(now)
        self._end_reason = f"no picture came for {self._policy.hung_s:g} s, so it was ended"
        self.phase = SidecarPhase.ENDING
        return [SidecarEffect.END]

    def _heard_at(self) -> float:
        return self._picture_at if self._picture_at is not None else self.launched_at or 0.0

    def _launch(self, now: float) -> list[SidecarEffect]:
        self.phase = SidecarPhase.STARTING
        self.next_try = None
        self.launched_at = now
        self._picture_at = None
        self._end_reason = None
        return [SidecarEffect.LAUNCH]
