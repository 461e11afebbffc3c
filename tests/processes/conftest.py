from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from autobench_nb.processes.command import ProcessSpec
from autobench_nb.processes.launchers import Launchers
from autobench_nb.processes.stop import Stop
from autobench_nb.processes.watch import CommandReport, run_command

PATIENCE_S = 60.0
"""Nothing here takes so long; a test that fails should not hang."""


class TextSink:
    """Keeps what a command writes."""

    def __init__(self) -> None:
        self.data = b""
        self.finished = False
        self.arrived = threading.Event()

    def feed(self, data: bytes, urgent: Callable[[], bool]) -> None:
        self.data += data
        self.arrived.set()

    def finish(self) -> None:
        self.finished = True

    def due(self) -> float | None:
        return None

    def tick(self, now: float) -> None:
        raise AssertionError("it is never due")


class Started:
    """A command that runs in a thread of its own."""

    def __init__(self, launchers: Launchers, command: ProcessSpec) -> None:
        self.stop: Stop[str] = Stop()
        self.sinks = {"stdout": TextSink(), "stderr": TextSink()}
        self.warnings: list[str] = []
        self.report: CommandReport | None = None
        self._thread = threading.Thread(target=self._run, args=(launchers, command))
        self._thread.start()

    def _run(self, launchers: Launchers, command: ProcessSpec) -> None:
        self.report = run_command(
            launchers, command, self.sinks, stop=self.stop, warn=self.warnings.append
        )

    def wait(self) -> CommandReport:
        self._thread.join(PATIENCE_S)
        assert self.report is not None
        return self.report


@pytest.fixture
def launchers() -> Iterator[Launchers]:
    made = Launchers()
    yield made
    made.close()


@pytest.fixture
def fifo(tmp_path: Path) -> Path:
    """A named pipe: who opens it for reading waits for who writes, and the other way round."""
    path = tmp_path / "fifo"
    os.mkfifo(path)
    return path


def shell(text: str, *, grace_s: float = 0.1, linger_s: float = 0.1, **more: object) -> ProcessSpec:
    """A shell command with little patience."""
    return ProcessSpec(
        argv=("/bin/sh", "-c", text),
        cwd="/",
        env=dict(os.environ),
        shell=True,
        grace_s=grace_s,
        linger_s=linger_s,
        **more,  # type: ignore[arg-type]
    )


def parent_of(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
