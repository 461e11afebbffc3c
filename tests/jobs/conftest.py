from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from autobench_nb.jobs import Job, Runner
from autobench_nb.jobs.printed import printed_in
from autobench_nb.logs.entry import LogEntry
from autobench_nb.logs.ring.ring import LogRing
from autobench_nb.state.projections import PNO_SUMMARY
from autobench_nb.state.store import StateStore

PATIENCE_S = 60.0
"""Nothing here takes so long; a test that fails should not hang."""


class Bench:
    """A store, a ring and runners between them."""

    def __init__(self) -> None:
        self.store = StateStore(projections=[PNO_SUMMARY])
        self.ring = LogRing(200_000)
        self._runners: list[Runner] = []

    def runner(self, **how: Any) -> Runner:
        runner = Runner(
            self.store,
            self.ring.append,
            **{"grace_s": 0.2, "printed": printed_in(self.ring), **how},
        )
        self._runners.append(runner)
        return runner

    def close(self) -> None:
        for runner in self._runners:
            runner.close()

    def flush_until(self, told: threading.Event) -> None:
        """Flush as a server would, until a subscriber has set the event; fail where it never does."""
        end = time.monotonic() + PATIENCE_S
        while not told.wait(0.01):
            assert time.monotonic() < end, "what was waited for never came"
            self.store.flush()

    def entries(self, job: Job, channel: str = "benchmark") -> list[LogEntry]:
        found = self.ring.since(0).entries
        return [entry for entry in found if entry.job_id == job.id and entry.channel == channel]

    def lines(self, job: Job) -> list[str]:
        return [entry.message for entry in self.entries(job)]

    def record(self, job: Job) -> dict[str, Any]:
        record: dict[str, Any] = self.store.get(f"/jobs/items/{job.id}")
        return record


@pytest.fixture
def bench() -> Iterator[Bench]:
    made = Bench()
    threads = set(threading.enumerate())
    descriptors = len(os.listdir("/proc/self/fd"))
    yield made
    made.close()
    assert set(threading.enumerate()) <= threads, "threads are left"
    assert len(os.listdir("/proc/self/fd")) <= descriptors, "descriptors are left"


@pytest.fixture
def runner(bench: Bench) -> Runner:
    return bench.runner()


@pytest.fixture
def fifo(tmp_path: Path) -> Path:
    """A named pipe: who opens it for reading waits for who writes, and the other way round."""
    path = tmp_path / "fifo"
    os.mkfifo(path)
    return path
