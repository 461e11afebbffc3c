"""One command, watched from its start to its end, in one thread that waits for descriptors only."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from autobench_nb.processes.command import ProcessSpec
from autobench_nb.processes.end_steps import EndStep, EndSteps
from autobench_nb.processes.endings import Ending, EndKind, ending_of, why_not_started
from autobench_nb.processes.launcher.tree import Survivor
from autobench_nb.processes.launchers import Launcher, LauncherGone, Launchers
from autobench_nb.processes.orphans import end_orphans
from autobench_nb.processes.pipes import CommandPipes, OutputSink
from autobench_nb.processes.readiness import READ, Readiness
from autobench_nb.processes.stdin import CommandInput
from autobench_nb.processes.stop import Stop
from autobench_nb.processes.usage import Usage

PIPE_BYTES: Final = 1_048_576
"""The most that a pipe holds (Linux, unprivileged): so much may still come from a command that has ended."""
LONGEST_WAIT_S: Final = 86_400.0
"""``poll`` takes no more than 24 days; what is due later is waited for again."""
_NAMED: Final = 10
"""Processes that are named in a warning."""


class CommandReport(NamedTuple):
    """What came of a command. ``usage``: None where it did not run or its end is not known."""

    ending: Ending
    usage: Usage | None


class CommandWatch:
    """One command from its start to its end.

    Args:
        launcher: Starts it. Afterwards it can be used again if :attr:`is_clean`.
        command: What is run.
        sinks: Where its ``stdout`` and ``stderr`` go; with a terminal, ``stdout`` takes both.
        given: What it reads from its standard input, where it has one.
        stop: The wish that it should end.
        warn: Is told, in a sentence without its full stop, what is unusual.

    Raises:
        OSError: There are no descriptors or terminals for it.
    """

    def __init__(
        self,
        launcher: Launcher,
        command: ProcessSpec,
        sinks: Mapping[str, OutputSink],
        *,
        given: CommandInput,
        stop: Stop[Any],
        warn: Callable[[str], None],
    ) -> None:
        self._launcher = launcher
        self._command = command
        self._given = given
        self._stop = stop
        self._warn = warn
        self._readiness = Readiness()
        self._wake, self._waker = launcher.wake_up
        self._pipes = CommandPipes(self._readiness, command, sinks, given)
        self._steps = EndSteps(command, time.monotonic())
        self._errno: int | None = None
        self._exit: dict[str, Any] | None = None
        self._late = 0  # bytes read since it is over
        self._is_over = False
        self.is_clean = False

    def run(self) -> CommandReport:
        """Start it, and return when it and all that it has started have ended. Raises :class:`LauncherGone`."""
        self._readiness.wait_for(self._launcher.fileno(), READ)
        self._readiness.wait_for(self._wake, READ)
        try:
            self._launcher.start(self._command, self._pipes.theirs)
        finally:
            self._pipes.close_given()
        self._steps = EndSteps(self._command, time.monotonic())
        unfollow = self._stop.follow(self._wake_up)
        if self._command.pty or self._command.stdin:
            self._given.attach(self._wake_up)
        try:
            while not self._is_done():
                self._turn()
        finally:
            self._given.detach()
            unfollow()
        return self._report()

    def close(self) -> None:
        """Give back the descriptors; what was read and is not yet a line is finished."""
        self._let_go_of_output()
        self._pipes.close()

    def _wake_up(self) -> None:
        with contextlib.suppress(BlockingIOError):  # it is awake
            os.write(self._waker, b"!")

    # --- one turn of the loop

    def _turn(self) -> None:
        ready = self._readiness.ready(self._timeout())
        # The launcher first: when it says that the command has ended, that was before any time limit seen here.
        if self._launcher.fileno() in ready:
            for answer in self._launcher.answers():
                self._take(answer)
        if self._wake in ready:
            with contextlib.suppress(BlockingIOError):
                os.read(self._wake, 64)
        self._pipes.write()
        outputs = [descriptor for descriptor in self._pipes.outputs if descriptor in ready]
        for descriptor in outputs:
            count = self._pipes.read(descriptor, self._is_urgent)
            self._late += count if self._is_over else 0
        now = time.monotonic()
        for sink in self._pipes.outputs.values():
            due = sink.due()
            if due is not None and now >= due:
                sink.tick(now)
        if outputs and self._is_over and self._late < PIPE_BYTES:
            return  # its last words first
        step = self._steps.stop(self._stop.reason, now) if self._stop else None
        step = step or self._steps.step(now)
        if step is not None:
            self._do(step)

    def _timeout(self) -> float | None:
        times = [sink.due() for sink in self._pipes.outputs.values()]
        due = [when for when in (self._steps.due, *times) if when is not None]
        return min(max(0.0, min(due) - time.monotonic()), LONGEST_WAIT_S) if due else None

    def _take(self, answer: dict[str, Any]) -> None:
        now = time.monotonic()
        if "failed" in answer:
            self._errno = answer["failed"]
            if "gone" not in answer:
                self._finish(now, kept=0)
        if "lost" in answer:
            self._steps.lost(now)
        if "status" in answer:
            self._exit = answer
            self._steps.exited(now)
        if answer.get("gone"):
            self._finish(now, kept=answer["kept"])
        if "left" in answer:
            self._name_survivors([Survivor(*one) for one in answer["left"]])
            self._do(self._steps.survived())

    def _name_survivors(self, survivors: Sequence[Survivor]) -> None:
        left = [f"{pid} ({command})" for pid, command in survivors]
        more = f" and {len(left) - _NAMED} more" if len(left) > _NAMED else ""
        self._warn(f"Not even SIGKILL could end {', '.join(left[:_NAMED])}{more}")

    def end_orphans(self) -> None:
        """The launcher was killed. Its keeper ends what it has left, and where that was killed too, this does."""
        with contextlib.suppress(OSError):  # there is no /proc here
            own = os.readlink(f"/proc/self/fd/{self._wake}")
            survivors = end_orphans(self._pipes.names(), own)
            if survivors:
                self._name_survivors(survivors)

    def _finish(self, now: float, *, kept: int) -> None:
        self._is_over = True
        self.is_clean = not kept
        self._steps.over(now)
        if kept and self._pipes.outputs:
            self._do(EndStep.CLOSE_OUTPUT)

    def _do(self, step: EndStep) -> None:
        if step is EndStep.TERMINATE_LEFT:
            self._warn("It left processes behind, which are ended now")
        if step in (EndStep.TERMINATE, EndStep.TERMINATE_LEFT):
            self._launcher.signal(signal.SIGTERM)
            # A stopped process would not see it.
            self._launcher.signal(signal.SIGCONT)
        elif step is EndStep.KILL:
            self._launcher.signal(signal.SIGKILL)
        elif step is EndStep.FORGET:
            self._launcher.forget()
            self._let_go_of_output()
        else:
            if self._pipes.outputs:
                self._warn("A process outside of it still holds its output: no longer read")
            self._let_go_of_output()

    def _let_go_of_output(self) -> None:
        """Read no more, but for what waits to be read: that was printed before whatever is the reason now."""
        left = PIPE_BYTES
        while left > 0 and self._pipes.outputs:
            ready = self._readiness.ready(0.0)
            outputs = [descriptor for descriptor in self._pipes.outputs if descriptor in ready]
            count = sum(self._pipes.read(descriptor, lambda: True) for descriptor in outputs)
            if count == 0:
                break
            left -= count
        self._pipes.let_go()

    def _is_urgent(self) -> bool:
        """Whether there is something better to do than to wait for room for its output."""
        if self._steps.cause is None and self._stop:
            return True
        due = self._steps.due
        return due is not None and time.monotonic() >= due

    def _is_done(self) -> bool:
        return self._steps.is_done or (self._is_over and not self._pipes.outputs)

    # --- what came of it

    def _report(self) -> CommandReport:
        if self._errno is not None:
            reason = why_not_started(self._errno, self._command.argv[0], self._command.cwd)
            return CommandReport(Ending(EndKind.NOT_STARTED, reason=reason), None)
        if self._exit is None:
            kind, reason = self._steps.cause or (EndKind.UNKNOWN, "its end is not known")
            return CommandReport(Ending(kind, reason=reason), None)
        ending = ending_of(self._exit["status"], shell=self._command.shell)
        if self._steps.cause is not None:
            kind, reason = self._steps.cause
            ending = ending._replace(kind=kind, reason=reason)
        exit_ = self._exit
        usage = Usage(exit_["wall"], exit_["user"], exit_["system"], exit_["peak"], exit_["floor"])
        return CommandReport(ending, usage)


def run_command(
    launchers: Launchers,
    command: ProcessSpec,
    sinks: Mapping[str, OutputSink],
    *,
    given: CommandInput | None = None,
    stop: Stop[Any] | None = None,
    warn: Callable[[str], None] = lambda _: None,
) -> CommandReport:
    """Run one command with a launcher of ``launchers``; see :class:`CommandWatch` for the arguments.

    Whatever is foreseeable is an ending: also that nothing can be started, or that the launcher was killed.
    """
    watch = None
    try:
        launcher = launchers.take()
    except (LauncherGone, OSError) as error:
        return _not_started(error)
    try:
        watch = CommandWatch(
            launcher,
            command,
            sinks,
            given=CommandInput() if given is None else given,
            stop=Stop() if stop is None else stop,
            warn=warn,
        )
        return watch.run()
    except LauncherGone as gone:
        if watch is not None:
            watch.end_orphans()
        return CommandReport(Ending(EndKind.UNKNOWN, reason=f"its end is not known: {gone}"), None)
    except OSError as error:  # out of descriptors, or of terminals
        return _not_started(error)
    finally:
        if watch is not None:
            watch.close()
        if watch is not None and watch.is_clean and command.nice is None:
            launchers.give(launcher)
        else:
            launcher.close()


def _not_started(error: Exception) -> CommandReport:
    return CommandReport(
        Ending(EndKind.NOT_STARTED, reason=f"nothing can be started: {error}"), None
    )
