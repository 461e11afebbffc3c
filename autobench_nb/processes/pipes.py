"""The descriptors between a command and the thread that watches it."""

from __future__ import annotations

import contextlib
import errno
import os
import struct
from collections.abc import Callable, Mapping
from typing import Final, Protocol

from autobench_nb.processes.command import TERMINAL_SIZE, ProcessSpec
from autobench_nb.processes.readiness import READ, WRITE, Readiness
from autobench_nb.processes.stdin import CommandInput

READ_BYTES: Final = 65_536
_END_OF_INPUT: Final = b"\x04"
"""What ends the input of a terminal (``VEOF``)."""


class OutputSink(Protocol):
    """Takes what a command writes to one of its streams."""

    def feed(self, data: bytes, urgent: Callable[[], bool]) -> None:
        """Take more; may wait while there is no room, unless ``urgent()``."""

    def finish(self) -> None:
        """Nothing more comes."""

    def due(self) -> float | None:
        """When :meth:`tick` is to be called (``time.monotonic``), if nothing comes before; None: never."""

    def tick(self, now: float) -> None:
        """Time has passed."""


class CommandPipes:
    """Opens a command's streams, reads its output into the sinks, writes its input. Closed with :meth:`close`."""

    def __init__(
        self,
        readiness: Readiness,
        command: ProcessSpec,
        sinks: Mapping[str, OutputSink],
        given: CommandInput,
    ) -> None:
        self._readiness = readiness
        self._pty = command.pty
        self._given = given
        self._own: set[int] = set()
        self._input: int | None = None
        self.outputs: dict[int, OutputSink] = {}
        self._terminal_name: str | None = None
        self.theirs: list[int] = []
        try:
            self._open(command, sinks)
        except OSError:
            self.close()
            raise

    def _open(self, command: ProcessSpec, sinks: Mapping[str, OutputSink]) -> None:
        if command.pty:
            ours, theirs = _terminal()
            self._terminal_name = os.ttyname(theirs)
            self._keep(ours, theirs)
            self._input = ours
            self.outputs[ours] = sinks["stdout"]
        else:
            if command.stdin:
                theirs, ours = os.pipe()
                self._keep(ours, theirs)
                self._input = ours
            else:
                theirs = os.open(os.devnull, os.O_RDONLY)
                self._own.add(theirs)
                self.theirs.append(theirs)
            for name in ("stdout", "stderr"):
                ours, theirs = os.pipe()
                self._keep(ours, theirs)
                self.outputs[ours] = sinks[name]
        if self._input is not None:
            os.set_blocking(self._input, False)
        for descriptor in self.outputs:
            self._readiness.wait_for(descriptor, READ)

    def _keep(self, ours: int, theirs: int) -> None:
        self._own |= {ours, theirs}
        self.theirs.append(theirs)

    def names(self) -> list[str]:
        """Where the command's output goes, as ``/proc/PID/fd`` names it; empty where there is no such folder."""
        if self._terminal_name is not None:
            return [self._terminal_name]
        try:
            return [os.readlink(f"/proc/self/fd/{descriptor}") for descriptor in self.outputs]
        except OSError:
            return []

    def close_given(self) -> None:
        """The command has its descriptors: close them here."""
        for descriptor in self.theirs:
            self._shut(descriptor)
        self.theirs.clear()

    def read(self, descriptor: int, urgent: Callable[[], bool]) -> int:
        """Read what is there and give it to its sink; how many bytes it was. At the end the stream is finished."""
        try:
            data = os.read(descriptor, READ_BYTES)
        except BlockingIOError:
            return 0
        except OSError as error:
            # EIO: a terminal whose other side nobody has open any more.
            if error.errno != errno.EIO:
                raise
            data = b""
        if data:
            self.outputs[descriptor].feed(data, urgent)
        else:
            self._finish(descriptor)
        return len(data)

    def write(self) -> None:
        """Hand over what waits to be written to its input."""
        descriptor = self._input
        if descriptor is None:
            return
        waits, ends = self._given.hand_over(descriptor)
        if self._pty:
            self._readiness.wait_for(descriptor, READ | WRITE if waits else READ)
            if ends:
                with contextlib.suppress(OSError):
                    os.write(descriptor, _END_OF_INPUT)
                self._input = None
            return
        if waits:
            self._readiness.wait_for(descriptor, WRITE)
        elif descriptor in self._readiness:
            self._readiness.forget(descriptor)
        if ends:
            self._input = None
            self._shut(descriptor)

    def let_go(self) -> None:
        """Read no more: finish every stream."""
        for descriptor in tuple(self.outputs):
            self._finish(descriptor)

    def close(self) -> None:
        """Give back every descriptor."""
        for descriptor in tuple(self._own):
            self._shut(descriptor)

    def _finish(self, descriptor: int) -> None:
        self._readiness.forget(descriptor)
        if descriptor == self._input:
            self._input = None
        sink = self.outputs.pop(descriptor)
        self._shut(descriptor)
        sink.finish()

    def _shut(self, descriptor: int) -> None:
        self._own.remove(descriptor)
        os.close(descriptor)


def _terminal() -> tuple[int, int]:
    # Windows has neither, and no command comes this far there.
    import fcntl
    import termios

    ours, theirs = os.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", *TERMINAL_SIZE, 0, 0))
    return ours, theirs
