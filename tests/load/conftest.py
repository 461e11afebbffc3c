"""Real servers, real clients, and what memory they cost."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import autobench_nb as ab
from tests.leaks import nothing_is_left

PATIENCE_S = 120.0
"""Nothing here takes so long on any machine; a test that fails should not hang."""
SERVERS_OWN = {"meta", "logs", "version"}
"""What the server itself writes with a flush: it may move once more after everything else stands still."""


@pytest.fixture(autouse=True)
def _clean() -> Iterator[None]:
    with nothing_is_left():
        yield


def memory_bytes() -> int:
    """What this process holds now."""
    return _status("VmRSS")


def peak_bytes() -> int:
    """The most that this process held since :func:`reset_peak`."""
    return _status("VmHWM")


def reset_peak() -> None:
    Path("/proc/self/clear_refs").write_text("5")


def _status(name: str) -> int:
    match = re.search(rf"{name}:\s+(\d+) kB", Path("/proc/self/status").read_text())
    assert match is not None
    return int(match[1]) * 1024


def all_said(client: ab.Client, bench: ab.Orchestrator) -> None:
    """Wait until the client has heard of the last entry."""
    end = bench.logs[-1].seq
    client.wait_for(lambda one: one.logs.next_seq > end, PATIENCE_S)


def is_equal(client: ab.Client, bench: ab.Orchestrator) -> bool:
    """Whether the client's mirror is the orchestrator's state."""
    theirs, ours = client.state.get(), bench.state.get()
    return all(theirs[name] == ours[name] for name in ours if name not in SERVERS_OWN)


def assert_equal(client: ab.Client, bench: ab.Orchestrator) -> None:
    """Wait until the client's mirror is the orchestrator's state, and hold its log against the ring, from where its
    first history began."""
    all_said(client, bench)
    client.wait_for(lambda one: is_equal(one, bench), PATIENCE_S)
    held = list(bench.logs.between(client.logs[0].seq))
    theirs = client.logs.since(held[0].seq)[: len(held)]
    assert [entry.to_wire() for entry in theirs] == [entry.to_wire() for entry in held]
