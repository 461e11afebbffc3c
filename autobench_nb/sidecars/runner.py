"""One process beside the jobs, run over :mod:`autobench_nb.processes` in a thread of its own."""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable
from typing import Final

from autobench_nb.config import READ_TOKEN_VARIABLE, TOKEN_VARIABLE
from autobench_nb.figures import counted
from autobench_nb.processes.command import ProcessSpec
from autobench_nb.processes.endings import EndKind
from autobench_nb.processes.launchers import Launchers
from autobench_nb.processes.lines import LineSplitter, text_of
from autobench_nb.processes.pipes import OutputSink
from autobench_nb.processes.stdin import CommandInput
from autobench_nb.processes.stop import Stop
from autobench_nb.processes.watch import run_command

LINE_BYTES: Final = 16_384
"""Of a line that a sidecar says."""
LINES_A_SECOND: Final = 20.0
"""That a sidecar may say in the long run: one that repeats itself must not fill the log."""
BURST_LINES: Final = 100
_LAST_LINES: Final = 3


class SaidLines:
    """Takes what a sidecar writes to its standard error, line by line, and keeps the last ones for its reason.

    Lines beyond :data:`LINES_A_SECOND` are left out, and how many is said with the next one.
    """

    def __init__(self, say: Callable[[str], None], clock: Callable[[], float]) -> None:
        self._say = say
        self._clock = clock
        self._splitter = LineSplitter(LINE_BYTES)
        self._room = float(BURST_LINES)
        self._asked_at = clock()
        self._left_out = 0
        self.last: deque[str] = deque(maxlen=_LAST_LINES)

    def feed(self, data: bytes, urgent: Callable[[], bool]) -> None:
        """Take more."""
        del urgent
        for line in self._splitter.feed(data):
            self._take(text_of(line)[0])

    def finish(self) -> None:
        """Nothing more comes."""
        line = self._splitter.finish()
        if line is not None:
            self._take(text_of(line)[0])
        self._tell_left_out()

    def due(self) -> float | None:
        """Nothing waits for time to pass."""
        return None

    def tick(self, now: float) -> None:
        """Nothing waits for time to pass."""

    def _take(self, text: str) -> None:
        if not text.strip():
            return
        self.last.append(text.strip())
        now = self._clock()
        room = self._room + (now - self._asked_at) * LINES_A_SECOND
        self._room, self._asked_at = min(float(BURST_LINES), room), now
        if self._room < 1:
            self._left_out += 1
            return
        self._room -= 1
        self._tell_left_out()
        self._say(text)

    def _tell_left_out(self) -> None:
        if self._left_out:
            count, self._left_out = self._left_out, 0
            self._say(f"({counted(count, 'line')} left out here)")


class Output:
    """Takes what a sidecar writes to its standard output, and hands it on."""

    def __init__(self, take: Callable[[bytes], None]) -> None:
        self._take = take

    def feed(self, data: bytes, urgent: Callable[[], bool]) -> None:
        """Take more."""
        del urgent
        self._take(data)

    def finish(self) -> None:
        """Nothing more comes."""

    def due(self) -> float | None:
        """Nothing waits for time to pass."""
        return None

    def tick(self, now: float) -> None:
        """Nothing waits for time to pass."""


class SidecarProcess:
    """A process, from its start on. The launcher that starts it ends it when this process dies, however it dies.

    Args:
        launchers: Start it.
        argv: The command.
        output: Takes what it writes to its standard output.
        said: Takes what it says.
        ended: Is told why it has ended, once, on the process's thread.
        takes_input: Whether it reads what :attr:`input` is given.
        cwd: Its folder; the default is this process's own.
        name: Of its thread.
    """

    def __init__(
        self,
        launchers: Launchers,
        argv: tuple[str, ...],
        *,
        output: Output,
        said: SaidLines,
        ended: Callable[[str, bool], None],
        takes_input: bool = False,
        cwd: str | None = None,
        name: str,
    ) -> None:
        self.input = CommandInput()
        self._stop: Stop[str] = Stop()
        self._launchers = launchers
        self._sinks: dict[str, OutputSink] = {"stdout": output, "stderr": said}
        self._said = said
        self._ended = ended
        self._command = (argv, takes_input, cwd)
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def end(self) -> None:
        """Ask it to end; SIGKILL follows after some seconds."""
        self._stop.request("ended", "it was asked to end")

    def join(self, timeout_s: float | None = None) -> bool:
        """Wait until it has ended, and has been told so; whether it has."""
        if threading.current_thread() is not self._thread:
            self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        argv, takes_input, cwd = self._command
        try:
            folder = cwd or os.getcwd()
        except OSError:
            folder = "/"
        secret = (TOKEN_VARIABLE, READ_TOKEN_VARIABLE)
        env = {name: value for name, value in os.environ.items() if name not in secret}
        spec = ProcessSpec(argv=argv, cwd=folder, env=env, stdin=takes_input)
        report = run_command(
            self._launchers,
            spec,
            self._sinks,
            given=self.input,
            stop=self._stop,
        )
        ending = report.ending
        reason = ending.reason or "it ended by itself"
        last = "; ".join(self._said.last)
        if last and ending.kind is not EndKind.STOPPED:
            reason = f"{reason}: {last}"
        self._ended(reason, ending.succeeded)
