"""One command, watched from its start to its end, in one thread that waits for descriptors only."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import selectors
import signal
import struct
import termios
import time
from typing import Any, Final

from autobench_nb.config import TOKEN_VARIABLE
from autobench_nb.jobs.executors.executor import Repetition, RepetitionOutcome
from autobench_nb.jobs.output import OutputStream
from autobench_nb.jobs.work import Task
from autobench_nb.logs.entry import Level
from autobench_nb.processes.endings import ending_of, why_not_started
from autobench_nb.processes.launchers import Launcher
from autobench_nb.state.model import JobStatus

READ_BYTES: Final = 65_536
PIPE_BYTES: Final = 1_048_576
"""The most that a pipe holds (Linux, unprivileged): so much may still come from a command that has ended."""
TERMINAL_SIZE: Final = (40, 120)
_NAMES: Final = ("stdout", "stderr")


class Watch:
    """One command from its start to its end, in one thread that waits for descriptors only."""

    def __init__(
        self,
        launcher: Launcher,
        task: Task,
        repetition: Repetition,
        grace_s: float,
        linger_s: float,
    ) -> None:
        self._launcher = launcher
        self._task = task
        self._repetition = repetition
        self._grace_s = grace_s
        self._linger_s = linger_s
        self._selector = selectors.DefaultSelector()
        self._streams: dict[int, OutputStream] = {}
        self._own: set[int] = set()
        self._pid: int | None = None
        self._failed: int | None = None
        self._exit: dict[str, Any] | None = None
        self.is_over = False  # the launcher is done with it
        self._late = 0  # bytes read since then
        self._deadline: float | None = None
        self._next: float | None = None  # when the next step towards its end is due
        self._step = 0
        self._wanted: tuple[JobStatus, str] | None = None  # why it is being ended, if it is
        self._wake, self._waker = os.pipe()
        self._own |= {self._wake, self._waker}
        os.set_blocking(self._wake, False)
        os.set_blocking(self._waker, False)

    def run(self, cwd: str) -> RepetitionOutcome:
        how = self._repetition.how
        env = {**os.environ, **how.env}
        if TOKEN_VARIABLE not in how.env:
            env.pop(TOKEN_VARIABLE, None)  # the orchestrator's own, which a command could print
        theirs = self._open(how.pty)
        self._selector.register(self._launcher, selectors.EVENT_READ)
        self._selector.register(self._wake, selectors.EVENT_READ)
        try:
            self._launcher.start(
                self._task.argv,
                theirs,
                cwd=cwd,
                env={name: value for name, value in env.items() if value is not None},
                pty=how.pty,
            )
        finally:
            for descriptor in theirs:
                self._shut(descriptor)
        if how.timeout_s is not None:
            self._deadline = time.monotonic() + how.timeout_s
        unfollow = self._repetition.stop.follow(self._rouse)
        try:
            while not self._is_done():
                self._turn()
        finally:
            unfollow()
        for stream in self._streams.values():
            stream.finish()
        return self._outcome(cwd)

    def close(self) -> None:
        self._selector.close()
        for descriptor in tuple(self._own):
            self._shut(descriptor)

    def kill(self) -> None:
        """End it without the launcher, which is gone."""
        if self._pid is not None and self._exit is None:
            with contextlib.suppress(OSError):
                os.killpg(self._pid, signal.SIGKILL)

    # --- descriptors

    def _open(self, pty: bool) -> list[int]:
        """Its streams; gives the ends that the command gets."""
        pairs = [("stdout", *_terminal())] if pty else [(name, *os.pipe()) for name in _NAMES]
        theirs = []
        for name, ours, other in pairs:
            self._own |= {ours, other}
            self._streams[ours] = self._repetition.stream(name)
            self._selector.register(ours, selectors.EVENT_READ)
            theirs.append(other)
        return theirs

    def _shut(self, descriptor: int) -> None:
        self._own.remove(descriptor)
        os.close(descriptor)

    def _rouse(self) -> None:
        with contextlib.suppress(BlockingIOError):  # it is awake
            os.write(self._waker, b"!")

    # --- one turn of the loop

    def _turn(self) -> None:
        due = [when for when in (self._deadline, self._next) if when is not None]
        timeout = max(0.0, min(due) - time.monotonic()) if due else None
        # The launcher first: when it says that the command has ended, that was before any time limit seen here.
        ready = [key.fileobj for key, _ in self._selector.select(timeout)]
        if self._launcher in ready:
            for answer in self._launcher.answers():
                self._hear(answer)
        if self._wake in ready:
            os.read(self._wake, 64)
        streams = [fileobj for fileobj in ready if fileobj in self._streams]
        for descriptor in streams:
            assert isinstance(descriptor, int)
            self._read(descriptor)
        if not (streams and self.is_over and self._late < PIPE_BYTES):
            self._look(time.monotonic())

    def _read(self, descriptor: int) -> None:
        try:
            data = os.read(descriptor, READ_BYTES)
        except OSError as error:
            if error.errno != errno.EIO:  # a terminal whose other side nobody has open any more
                raise
            data = b""
        if data:
            self._late += len(data) if self.is_over else 0
            self._streams[descriptor].feed(data, self._is_urgent)
        else:
            self._selector.unregister(descriptor)
            self._streams.pop(descriptor).finish()
            self._shut(descriptor)

    def _hear(self, answer: dict[str, Any]) -> None:
        if "pid" in answer:
            self._pid = answer["pid"]
        elif "failed" in answer:
            self._failed = answer["failed"]
            self.is_over = True
        elif "status" in answer:
            self._exit = answer
            self._deadline = None
            if self._wanted is None:
                self._next = time.monotonic() + self._linger_s
        elif "gone" in answer:
            self.is_over = True

    def _look(self, now: float) -> None:
        """Take the next step towards its end, where one is due."""
        if self._pid is None:  # it has not begun, and a signal would go astray
            return
        if self._exit is None and self._failed is None and self._wanted is None:
            stop = self._repetition.stop
            if stop.status is not None:
                self._begin_end(stop.status, stop.reason)
            elif self._deadline is not None and now >= self._deadline:
                limit = self._repetition.how.timeout_s
                self._begin_end(JobStatus.TIMEOUT, f"took longer than {limit:g} s")
        if self._next is None or now < self._next:
            return
        if self.is_over:  # somebody outside the process group still holds a pipe
            self._warn(
                "A process that it left behind, in a session of its own, still holds its output: no longer read"
            )
            self._let_go()
            return
        if self._step == 0:
            self._warn("It left processes behind, which are ended now")
            self._terminate()
        elif self._step == 1:
            self._launcher.signal(signal.SIGKILL)
            self._next = now + self._grace_s
            self._step = 2
        else:  # what SIGKILL does not end sleeps in the kernel, or is a zombie that nobody reaps
            self._launcher.forget()
            self._let_go()
            if self._exit is None:
                self._wanted = (JobStatus.FAILED, "cannot be ended, not even by SIGKILL")

    def _begin_end(self, status: JobStatus, reason: str) -> None:
        self._wanted = (status, reason)
        self._deadline = None
        self._terminate()

    def _terminate(self) -> None:
        self._launcher.signal(signal.SIGTERM)
        self._launcher.signal(signal.SIGCONT)  # a stopped process would not see it
        self._next = time.monotonic() + self._grace_s
        self._step = 1

    def _let_go(self) -> None:
        self._next = None
        for descriptor in tuple(self._streams):
            self._selector.unregister(descriptor)
            self._streams.pop(descriptor).finish()
            self._shut(descriptor)
        self._step = 3

    def _is_urgent(self) -> bool:
        """Whether there is something better to do than to wait for the log."""
        if self._wanted is None and self._repetition.stop:
            return True
        now = time.monotonic()
        return any(when is not None and now >= when for when in (self._deadline, self._next))

    def _is_done(self) -> bool:
        return self._step == 3 or (self.is_over and not self._streams)

    def _warn(self, message: str) -> None:
        self._repetition.log.say(Level.WARN, f"{self._repetition.name}: {message}.")

    # --- what came of it

    def _outcome(self, cwd: str) -> RepetitionOutcome:
        if self._failed is not None:
            reason = why_not_started(self._failed, self._task.argv[0], cwd)
            return RepetitionOutcome(status=JobStatus.FAILED, reason=reason)
        if self._exit is None:
            status, reason = self._wanted or (JobStatus.FAILED, "its end is not known")
            return RepetitionOutcome(status=status, reason=reason)
        ending = ending_of(self._exit["status"], shell=self._task.shell)
        status, why = self._wanted or (ending.status, ending.reason)
        return RepetitionOutcome(
            status=status,
            reason=why,
            exit_code=ending.exit_code,
            signal=ending.signal,
            wall_s=self._exit["wall"],
            cpu_user_s=self._exit["user"],
            cpu_system_s=self._exit["system"],
            max_rss_bytes=self._exit["rss"],
        )


def _terminal() -> tuple[int, int]:
    ours, theirs = os.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", *TERMINAL_SIZE, 0, 0))
    return ours, theirs
