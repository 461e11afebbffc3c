"""When a command is to be ended, and by what: pure. Times in seconds of any monotonic clock."""

from __future__ import annotations

from enum import Enum, auto
from typing import Final

from autobench_nb.processes.command import ProcessSpec
from autobench_nb.processes.endings import EndKind

KILL_ANSWER_S: Final = 5.0
"""How long the launcher may take to say what SIGKILL has not ended."""


class EndStep(Enum):
    """What is to be done now."""

    TERMINATE = auto()
    """SIGTERM for the command and all that it started."""
    TERMINATE_LEFT = auto()
    """The same, for what a command left behind: that is worth a warning."""
    KILL = auto()
    FORGET = auto()
    """Even SIGKILL did not end it: wait no longer."""
    CLOSE_OUTPUT = auto()
    """All has ended, and somebody else still holds the output: read no more of it."""


class _Phase(Enum):
    RUNNING = auto()
    TERMINATED = auto()
    KILLED = auto()
    DONE = auto()


class EndSteps:
    """One command's way to its end. ``cause``: why it is being ended, where it does not end by itself.

    ``due``: when :meth:`step` wants to be asked again; None: not before something happens.
    """

    def __init__(self, command: ProcessSpec, now: float) -> None:
        self._command = command
        self._phase = _Phase.RUNNING
        self._deadline = None if command.timeout_s is None else now + command.timeout_s
        self._next: float | None = None
        self._exited = False
        self._over = False
        self.cause: tuple[EndKind, str] | None = None

    @property
    def due(self) -> float | None:
        times = [time for time in (self._deadline, self._next) if time is not None]
        return min(times) if times else None

    @property
    def is_done(self) -> bool:
        """Whether nothing more is waited for."""
        return self._phase is _Phase.DONE

    def exited(self, now: float) -> None:
        """The command itself has ended; others of its tree may run on."""
        self._exited = True
        self._deadline = None
        if self.cause is None:
            self._next = now + self._command.linger_s

    def lost(self, now: float) -> None:
        """Who waited for the command was killed: what it started can still be ended, but nobody knows how it went."""
        self._deadline = None
        if self.cause is None:
            self.cause = (
                EndKind.UNKNOWN,
                "its end is not known: the process that waited for it was killed",
            )
            self._next = now

    def over(self, now: float) -> None:
        """Nothing of it runs any more."""
        self._over = True
        self._deadline = None
        if self._next is None:
            self._next = now + self._command.linger_s

    def stop(self, reason: str, now: float) -> EndStep | None:
        """Somebody wants it to end; None where it ends already."""
        return self._begin(EndKind.STOPPED, reason, now)

    def survived(self) -> EndStep:
        """SIGKILL has not ended all of it."""
        self._next = None
        self._phase = _Phase.DONE
        if not self._exited:
            self.cause = (EndKind.UNKNOWN, "cannot be ended, not even by SIGKILL")
        return EndStep.FORGET

    def step(self, now: float) -> EndStep | None:
        """What is to be done now, if something is."""
        if self._deadline is not None and now >= self._deadline:
            limit = self._command.timeout_s
            return self._begin(EndKind.TIMED_OUT, f"took longer than {limit:g} s", now)
        if self._next is None or now < self._next:
            return None
        if self._over:
            self._next = None
            self._phase = _Phase.DONE
            return EndStep.CLOSE_OUTPUT
        if self._phase is _Phase.RUNNING:
            return self._terminate(now, EndStep.TERMINATE_LEFT)
        if self._phase is _Phase.TERMINATED:
            self._phase = _Phase.KILLED
            self._next = now + KILL_ANSWER_S
            return EndStep.KILL
        return self.survived()

    def _begin(self, kind: EndKind, reason: str, now: float) -> EndStep | None:
        if self._exited or self._over or self.cause is not None:
            return None
        self.cause = (kind, reason)
        self._deadline = None
        return self._terminate(now, EndStep.TERMINATE)

    def _terminate(self, now: float, step: EndStep) -> EndStep:
        self._phase = _Phase.TERMINATED
        self._next = now + self._command.grace_s
        return step
