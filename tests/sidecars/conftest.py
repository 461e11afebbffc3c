"""One orchestrator with one live stream for all tests that do not break it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from autobench_nb import Ffmpeg, Orchestrator
from autobench_nb.sidecars.machine import RestartPolicy

SOON = RestartPolicy(first_s=0.05, factor=1, longest_s=0.05, jitter=0)
SMALL: dict[str, Any] = {"size": "160x90", "fps": 20.0, "restart": SOON}


def until(bench: Orchestrator, fact: Callable[[], Any], timeout_s: float = 20.0) -> Any:
    """Wait until ``fact()`` of the state is true; fails with the state where it does not become so."""
    changed = threading.Event()
    unsubscribe = bench.state.subscribe(lambda _: changed.set(), "/streams")
    try:
        while True:
            changed.clear()
            value = fact()
            if value:
                return value
            assert changed.wait(timeout_s), dict(bench.state.get("/streams"))
    finally:
        unsubscribe()


@pytest.fixture(scope="package")
def lively() -> Iterator[Orchestrator]:
    """An orchestrator with the stream ``cam1``, which is live."""
    with Orchestrator(connection_file=False) as bench:
        bench.streams.add(Ffmpeg("cam1", **SMALL))
        until(bench, lambda: bench.streams["cam1"]["status"] == "live")
        yield bench


@pytest.fixture
def bench() -> Iterator[Orchestrator]:
    """An orchestrator without streams."""
    with Orchestrator(connection_file=False) as bench:
        yield bench
