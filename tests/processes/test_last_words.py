"""What a command has printed last is read, also where it is heard at once that it has ended."""

from __future__ import annotations

import os
import select
import signal
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from autobench_nb.processes.launchers import Launcher, Launchers
from autobench_nb.processes.watch import run_command
from tests.processes.conftest import PATIENCE_S, TextSink, parent_of, shell


class LateSink(TextSink):
    """Takes the first of what comes, and then looks at nothing until something has happened."""

    def __init__(self, wait: Callable[[str], None]) -> None:
        super().__init__()
        self._wait = wait

    def feed(self, data: bytes, urgent: Callable[[], bool]) -> None:
        is_first = not self.data
        super().feed(data, urgent)
        if is_first:
            self._wait(data.decode())


def said(launcher: Launcher, *, end: bytes) -> None:
    """Wait until the launcher has said that; nothing: until it is gone."""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        select.select([launcher], [], [], PATIENCE_S)
        heard = launcher._sock.recv(65_536, socket.MSG_PEEK)
        if end in heard if end else not heard:
            return
        os.sched_yield()
    raise AssertionError(heard)


@pytest.fixture
def daemons() -> Iterator[list[int]]:
    """Processes that are ended at the end."""
    found: list[int] = []
    yield found
    for one in found:
        os.kill(one, signal.SIGKILL)


def test_what_was_printed_last_is_read_though_a_daemon_that_is_kept_holds_the_pipe(
    launchers: Launchers, fifo: Path, daemons: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    launcher = launchers.take()
    monkeypatch.setattr(launchers, "take", lambda: launcher)

    def until_it_is_over(first: str) -> None:
        daemons.append(int(first))
        fifo.write_text("go on\n")
        said(launcher, end=b'"gone": true')

    sinks = {"stdout": LateSink(until_it_is_over), "stderr": TextSink()}
    text = f"setsid sh -c 'echo $$; exec sleep 1000' & read word < {fifo}; echo the last line"
    report = run_command(launchers, shell(text, keep_daemons=True), sinks)
    assert report.ending.succeeded
    assert sinks["stdout"].data.decode() == f"{daemons[0]}\nthe last line\n"
    assert sinks["stdout"].finished


def test_what_was_printed_before_the_launcher_was_killed_is_read(
    launchers: Launchers, fifo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    launcher = launchers.take()
    monkeypatch.setattr(launchers, "take", lambda: launcher)

    def until_the_launcher_is_gone(starter: str) -> None:
        fifo.write_text("go on\n")
        assert fifo.read_text() == "printed\n"
        os.kill(parent_of(int(starter)), signal.SIGKILL)
        said(launcher, end=b"")

    sinks = {"stdout": LateSink(until_the_launcher_is_gone), "stderr": TextSink()}
    text = f"echo $PPID; read word < {fifo}; echo the last line; echo printed > {fifo}; sleep 1000"
    report = run_command(launchers, shell(text), sinks)
    assert "its end is not known" in (report.ending.reason or "")
    assert sinks["stdout"].data.decode().splitlines()[1:] == ["the last line"]
