"""What runs in the kernel: the orchestrator, threads that log and change its state, and what the kernel holds."""

from __future__ import annotations

import asyncio
import gc
import hashlib
import os
import threading
import time
from typing import Any

import orjson

import autobench_nb as ab
from tests.leaks import descriptors
from tests.soak import measures

TURN_S = 0.25
LINES_A_TURN = 10
TALKERS = 2
CAPACITY = 2_000

bench = ab.Orchestrator(
    "soak",
    environ={},
    request_sample=0.0,
    log_capacity=CAPACITY,
    client_logs_capacity=CAPACITY,
    ws_heartbeat_interval_ms=1_000,
    ws_heartbeat_timeout_ms=1_000,
    ws_reconnect_min_ms=100,
    ws_reconnect_max_ms=500,
)
dashboard = bench.dashboard()
_over = threading.Event()


def _talk(number: int) -> None:
    log, step = bench.log(f"talker {number}"), 0
    while not _over.wait(TURN_S):
        for _ in range(LINES_A_TURN):
            step += 1
            log.info(f"step {step} " + "x" * 100)
        bench.state.set(f"/devices/dev{number}", {"type": "talker", "status": f"{step}"})


_talkers = [threading.Thread(target=_talk, args=(one,)) for one in range(TALKERS)]


def begin() -> dict[str, Any]:
    """Let the talkers talk; where everything is."""
    for thread in _talkers:
        thread.start()
    assert bench.server is not None
    assert dashboard.comm is not None
    return {
        "port": bench.server.port,
        "token": bench.token,
        "comm": dashboard.comm.comm_id,
        "pid": os.getpid(),
    }


def end() -> None:
    """No line any more."""
    _over.set()
    for thread in _talkers:
        thread.join()


def burst(lines: int) -> None:
    """More than the ring holds, at once."""
    log = bench.log("burst")
    for number in range(lines):
        log.info(f"line {number} of a burst")


def sleep(seconds: float) -> None:
    """A cell that sleeps, as this one does that was called."""
    time.sleep(seconds)


def compute(seconds: float) -> None:
    """A cell that computes in pure Python, logs ten times a second, and leaves the GIL now and then as all do."""
    log, digest, due, until = bench.log("app"), b"", 0.0, time.monotonic() + seconds
    while (now := time.monotonic()) < until:
        digest = hashlib.sha256(digest).digest()
        if now > due:
            due = now + 0.1
            log.info("computed")


def written() -> int:
    """How many lines there were, the orchestrator's own too."""
    return bench.logs.next_seq


def lines_of(first_seq: int, end_seq: int) -> dict[str, Any]:
    """What the ring holds of these: from where on, how many, and their digest."""
    wires = [entry.to_wire() for entry in bench.logs.between(first_seq, end_seq)]
    return {"first": wires[0]["seq"] if wires else None, **digest_of(wires)}


def digest_of(wires: list[dict[str, Any]]) -> dict[str, Any]:
    """How many entries, and a hash over all that they say."""
    text = b"\n".join(orjson.dumps(wire, option=orjson.OPT_SORT_KEYS) for wire in wires)
    return {"count": len(wires), "digest": hashlib.sha256(text).hexdigest()}


def trim() -> None:
    """Hold no memory that is not used."""
    measures.trim()


def held() -> dict[str, int]:
    """Descriptors, threads, tasks, clients. The two threads that pack begin when they are needed, and do not count."""
    gc.collect()
    threads = [one for one in threading.enumerate() if not one.name.startswith("autobench-pack")]
    return {
        "descriptors": descriptors(),
        "threads": len(threads),
        "tasks": len(asyncio.all_tasks()),
        "clients": bench.state.get("/meta/telemetry/clients"),
    }
