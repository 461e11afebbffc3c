"""How long others wait while one client repeats the most work that it may ask for."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.benchmarks.fairness_parts import QUERIES, connected, message
from tests.benchmarks.harness import Benchmark, Row

ROOT = Path(__file__).resolve().parents[2]
ALLOWED_MS = 50.0
PAUSE_S = 0.005
PONG = b'"type":"pong"'


@contextmanager
def process(*arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    """One of the parts, in a group of its own, ended at the end."""
    started = subprocess.Popen(
        [sys.executable, "-m", "tests.benchmarks.fairness_parts", *arguments],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield started
    finally:
        os.killpg(started.pid, signal.SIGKILL)
        started.communicate()


def answer_s(one: socket.socket) -> float:
    """Seconds from a ping to its pong."""
    begin = time.perf_counter()
    one.sendall(message(json.dumps({"type": "ping", "ts": 1})))
    while PONG not in one.recv(1 << 20):
        pass
    return time.perf_counter() - begin


def p99_ms(one: socket.socket, seconds: float) -> float:
    """The time that 99 of 100 pings in a row stay below."""
    end = time.monotonic() + seconds
    times: list[float] = []
    while time.monotonic() < end:
        times.append(answer_s(one))
        time.sleep(PAUSE_S)
    return sorted(times)[int(len(times) * 0.99)] * 1e3


def fairness(quick: bool) -> list[Row]:
    """The answers that one client gets, without and with another that asks for much."""
    seconds = 0.3 if quick else 4.0
    rows = []
    for kind in ("post", *QUERIES):
        with process("server") as server:
            assert server.stdout is not None
            port = int(server.stdout.readline())
            with connected(port) as victim:
                answer_s(victim)
                alone = p99_ms(victim, seconds / 2)
                with process("attack", kind, str(port)) as attacker:
                    time.sleep(seconds / 4)  # it has begun
                    beside = p99_ms(victim, seconds)
                    assert attacker.poll() is None, f"the attack by {kind} has ended"
        asked = "POSTs 1,500 entries of 200 fields" if kind == "post" else f"subscribes: {kind}"
        rows.append(
            Row(
                f"p99 of a ping while another {asked}",
                beside,
                "ms",
                "what is allowed",
                ALLOWED_MS,
                1.0,
                f"{kind}: without it {alone:.2f} ms",
            )
        )
    return rows


BENCHMARKS = [Benchmark("fairness", fairness)]
