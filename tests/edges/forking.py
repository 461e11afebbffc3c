"""Run as a script: serves, forks in the way that is asked for, and obeys the test's lines: a value to set, fork, end.

    python -m tests.edges.forking WAY DO MODE

``WAY``: how the child comes to be. ``DO``: what it does. ``MODE``: ``loop`` or ``thread``, where the server runs.
"""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import os
import select
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from typing import Any

import pytest

import autobench_nb as ab
from autobench_nb.errors import ClosedError

PATIENCE_S = 20.0
bench: ab.Orchestrator


def nothing() -> None:
    """Only end."""


def log_much() -> None:
    """Log, from the child's only thread, whatever locks the parent's threads held."""
    logger = bench.log("child")
    for number in range(10_000):
        logger.info(f"line {number}")
    assert len(bench.logs) > 0


def use_state() -> None:
    """Read and write the state."""
    for number in range(100):
        bench.state.set("/config/child", number)
    assert bench.state.get("/config/child") == 99


def close() -> None:
    """Close what is not its own."""
    bench.close()
    server = bench._server
    assert server is not None
    server.close()
    server.abort()
    server.notify()
    server.flush()


def ask_for_more() -> None:
    """What the parent's orchestrator can do no more here says so."""
    for ask in (bench.serve, lambda: bench.run("true"), bench.capture_logging):
        with pytest.raises(ClosedError, match=r"this one is a fork"):
            ask()


def make_own() -> None:
    """An orchestrator of its own works from end to end."""
    with ab.Orchestrator() as own:
        own.serve(thread=True)
        own.run("echo of the child").wait()
        assert any("of the child" in entry.message for entry in own.logs)


def holds_nothing() -> None:
    """No socket of the parent's is open here."""
    for name in os.listdir("/proc/self/fd"):
        try:
            kind = os.readlink(f"/proc/self/fd/{name}")
        except OSError:
            continue
        assert kind not in OURS, (name, kind)


def everything() -> None:
    """All of these, one after the other."""
    holds_nothing()
    log_much()
    use_state()
    ask_for_more()
    close()


DEEDS: dict[str, Callable[[], None]] = {
    "nothing": nothing,
    "everything": everything,
    "make_own": make_own,
}


def fork(do: Callable[[], None]) -> int:
    """``os.fork``; the child ends by ``sys.exit``, with all exit handlers and through all frames."""
    pid = os.fork()
    if pid == 0:
        do()
        sys.exit(0)
    return wait(pid)


def fork_and_vanish(do: Callable[[], None]) -> int:
    """``os.fork``; the child ends by ``os._exit``."""
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            do()
            code = 0
        finally:
            os._exit(code)
    return wait(pid)


def forkpty(do: Callable[[], None]) -> int:
    """``os.forkpty``."""
    pid, terminal = os.forkpty()
    if pid == 0:
        do()
        sys.exit(0)
    try:
        return wait(pid)
    finally:
        os.close(terminal)


def process(do: Callable[[], None]) -> int:
    """``multiprocessing`` by fork."""
    child = multiprocessing.get_context("fork").Process(target=do)
    child.start()
    child.join(PATIENCE_S)
    return -1 if child.exitcode is None else child.exitcode


def pool(do: Callable[[], None]) -> int:
    """A pool of processes by fork."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("fork")) as executor:
        executor.submit(do).result(PATIENCE_S)
    return 0


def preexec(do: Callable[[], None]) -> int:
    """``subprocess`` with something to do between fork and exec."""
    return subprocess.run(["true"], preexec_fn=do, timeout=PATIENCE_S, check=False).returncode


WAYS: dict[str, Callable[[Callable[[], None]], int]] = {
    one.__name__: one for one in (fork, fork_and_vanish, forkpty, process, pool, preexec)
}


def wait(pid: int) -> int:
    """The child's status; -1 where it hangs (it is ended then)."""
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.01)
    os.kill(pid, 9)
    os.waitpid(pid, 0)
    return -1


def sockets() -> set[str]:
    """The sockets that this process has open."""
    found = set()
    for name in os.listdir("/proc/self/fd"):
        try:
            found.add(os.readlink(f"/proc/self/fd/{name}"))
        except OSError:
            continue
    return {kind for kind in found if kind.startswith("socket:")}


def flood(stop: threading.Event) -> None:
    """Threads that hold the ring's and the store's locks as often as they can."""
    logger = bench.log("flood")
    while not stop.is_set():
        logger.info("x" * 2_000)
        with bench.state.batch():
            bench.state.set("/config/flood", len(bench.logs))


def tell(**facts: Any) -> None:
    """A line for the test."""
    print(json.dumps(facts), flush=True)


def heard() -> str:
    """The next line of the test's."""
    return sys.stdin.readline().strip()


def main(way: str, deed: str) -> Iterator[ab.Server | None]:
    """All that happens; yields where the server's loop, if it is this thread's, has to have its turn."""
    global OURS
    others = sockets()
    server = bench.serve(thread=not _loop_runs())
    bench.run("true").wait()  # so that there is a launcher
    tell(url=server.ws_url, token=server.token)
    yield None
    while (word := heard()) != "fork":
        bench.state.set("/config/told", word)
        yield None
    OURS = sockets() - others
    stop = threading.Event()
    threads = [threading.Thread(target=flood, args=(stop,)) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        status = WAYS[way](DEEDS[deed])
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    tell(status=status)
    while (word := heard()) != "end":
        bench.state.set("/config/told", word)
        yield None
    bench.run("echo still here").wait()
    bench.close()
    tell(job=any(entry.message == "still here" for entry in bench.logs))
    yield server


def _loop_runs() -> bool:
    return asyncio._get_running_loop() is not None


async def main_on_loop(way: str, deed: str) -> None:
    """The server's loop is this thread's: it turns while the test has not written its next line."""
    for server in main(way, deed):
        if server is not None:
            await server.wait_closed()
        else:
            while not select.select([sys.stdin], [], [], 0)[0]:
                await asyncio.sleep(0.005)


OURS: set[str] = set()

if __name__ == "__main__":
    bench = ab.Orchestrator(flush_interval_ms=1)
    *arguments, mode = sys.argv[1:]
    if mode == "loop":
        asyncio.run(main_on_loop(*arguments))
    else:
        list(main(*arguments))
