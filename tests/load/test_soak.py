"""Real clients and the real server over a bad network, with a kernel that is busy by turns, for as long as one likes.

    AUTOBENCH_SOAK_S=3600 python -m pytest -s tests/load/test_soak.py

It prints the slope of the memory. Without the variable it takes some seconds.
"""

from __future__ import annotations

import asyncio
import gc
import os
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest

import autobench_nb as ab
from tests.leaks import descriptors
from tests.load.conftest import PATIENCE_S, all_said, is_equal, memory_bytes
from tests.load.faults import FaultyNetwork, faulty_network

ROOT = Path(__file__).resolve().parents[2]
SOAK_S = float(os.environ.get("AUTOBENCH_SOAK_S", "12"))
WARM_ROUNDS = 6
MB = 1_000_000
GROWTH_BYTES = 12 * MB
"""What allocators may keep besides; a megabyte a round would be seen in the shortest run."""
LINES_A_TURN = 20
CLIENTS = 3
SETTINGS: dict[str, Any] = {
    "request_sample": 0.0,
    "log_capacity": 2_000,
    "ws_heartbeat_interval_ms": 200,
    "ws_heartbeat_timeout_ms": 200,
    "ws_reconnect_min_ms": 50,
    "ws_reconnect_max_ms": 200,
    "client_logs_capacity": 2_000,
}


class Talk:
    """Threads that log and change the state until they are stopped."""

    def __init__(self, bench: ab.Orchestrator) -> None:
        self._bench = bench
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._talk, args=(one,)) for one in range(2)]
        for thread in self._threads:
            thread.start()

    def _talk(self, number: int) -> None:
        log, step = self._bench.log(f"talker {number}"), 0
        while not self._over.wait(0.02):
            for _ in range(LINES_A_TURN):
                step += 1
                log.info(f"step {step} " + "x" * 100)
            self._bench.state.set(f"/devices/dev{number}", {"type": "talker", "status": f"{step}"})

    def stop(self) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()


@contextmanager
def talking(bench: ab.Orchestrator) -> Iterator[None]:
    talk = Talk(bench)
    try:
        yield
    finally:
        talk.stop()


async def one_round(fault: str, network: FaultyNetwork, bench: ab.Orchestrator) -> None:
    """One fault for a while, then all is well again."""
    with talking(bench):
        if fault == "kernel busy":
            assert bench.server is not None
            bench.server.cell_began(time.time())
            threading.Event().wait(0.6)  # the fault: this is the thread of the server's loop
            bench.server.cell_ended()
        elif fault == "cut":
            network.cut()
        elif fault == "half open":
            network.hold()
        elif fault == "throttled":
            network.throttle()
        await said(bench, 800)
        network.mend()
        if fault == "half open":
            network.cut()
        await said(bench, 400)


async def said(bench: ab.Orchestrator, lines: int) -> None:
    """Until so many more lines have been written: a fault lasts as long as what it may spoil takes, on any machine."""
    end = bench.logs.written + lines
    while bench.logs.written < end:
        await asyncio.sleep(0.005)


def settle(clients: list[ab.Client], bench: ab.Orchestrator) -> None:
    """Every client is the server's equal again, and knows of each line that it does not have."""
    for client in clients:
        client.wait_for(lambda one: one.status.phase == "live", PATIENCE_S)
        end = bench.logs[-1].seq
        all_said(client, bench)
        client.wait_for(lambda one: is_equal(one, bench), PATIENCE_S)
        theirs = {entry.seq: entry.to_wire() for entry in client.logs}
        ours = {entry.seq: entry.to_wire() for entry in bench.logs}
        common = theirs.keys() & ours.keys()
        assert end in common
        assert {seq: theirs[seq] for seq in common} == {seq: ours[seq] for seq in common}
        seqs = sorted(theirs)
        gaps = seqs[-1] + 1 - seqs[0] - len(seqs)
        assert gaps <= client.logs.missed, (gaps, client.logs.missed)


def tasks() -> int:
    return len(asyncio.all_tasks())


async def soak() -> None:
    """The whole of it, in an interpreter of its own."""
    before = (descriptors(), threading.active_count(), tasks())
    memory: list[tuple[float, int]] = []
    began = time.monotonic()
    with ab.Orchestrator(environ={}, **SETTINGS) as bench:
        server = bench.serve()
        with faulty_network(server.port) as network, ExitStack() as ends:
            url = f"http://127.0.0.1:{network.port}/"

            def meet() -> list[ab.Client]:
                return [ab.connect(url, bench.token) for _ in range(CLIENTS)]

            clients = await asyncio.to_thread(meet)
            for client in clients:
                ends.callback(client.close)
            faults = cycle(["kernel busy", "cut", "half open", "throttled", "none"])
            rounds = 0
            while rounds < 2 * WARM_ROUNDS or time.monotonic() - began < SOAK_S:
                await one_round(next(faults), network, bench)
                await asyncio.to_thread(settle, clients, bench)
                rounds += 1
                gc.collect()
                if rounds > WARM_ROUNDS:
                    memory.append((time.monotonic(), memory_bytes()))
            await asyncio.to_thread(ends.close)
    await server.wait_closed()
    await asyncio.get_running_loop().shutdown_default_executor()
    for _ in range(100):  # what tornado spawned ends in its own next turns
        if tasks() == before[2]:
            break
        await asyncio.sleep(0.01)
    times, sizes = zip(*memory, strict=True)
    slope = statistics.linear_regression(times, sizes).slope
    growth = sizes[-1] - sizes[0]
    print(
        f"{rounds} rounds, memory {slope * 3600 / MB:+.2f} MB an hour, {growth / MB:+.2f} MB in all"
    )
    after = (descriptors(), threading.active_count(), tasks())
    assert after == before, (before, after)
    assert growth < GROWTH_BYTES, growth


def alone(check: Callable[[], object]) -> str:
    """Run ``check`` in an interpreter of its own; what it printed."""
    code = f"import asyncio; from tests.load.test_soak import {check.__name__} as check; asyncio.run(check())"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.timeout(max(300, 3 * SOAK_S))
def test_a_bad_network_and_a_busy_kernel_lose_nothing_unannounced_and_leave_nothing() -> None:
    print(alone(soak))
