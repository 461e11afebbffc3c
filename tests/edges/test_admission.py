"""The door: no descriptors, connections that say nothing, requests that are refused by the hundred."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from autobench_nb.transports.http import admission, failures
from tests.transports.conftest import TOKEN, Start, no_unexpected_log, start, until

__all__ = ["no_unexpected_log", "start"]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such limit")
def test_without_descriptors_the_server_waits_says_so_once_and_jobs_go_on() -> None:
    script = subprocess.Popen(
        [sys.executable, "-m", "tests.edges.exhausted"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    )
    assert script.stdin is not None
    assert script.stdout is not None
    held: list[socket.socket] = []

    def ask() -> tuple[int, int]:
        assert script.stdin is not None
        assert script.stdout is not None
        script.stdin.write("?\n")
        script.stdin.flush()
        lines, count = script.stdout.readline().split()
        return int(lines), int(count)

    try:
        port = int(script.stdout.readline())
        for _ in range(150):
            one = socket.create_connection(("127.0.0.1", port))
            held.append(one)
        while ask()[1] < 4:  # it has failed, and paused, and failed again
            pass
        lines, count = ask()
        assert lines == 1
        assert count < 200
        script.stdin.write("jobs\n")
        script.stdin.flush()
        assert script.stdout.readline() == "{'succeeded'} 2\n"
        for one in held:
            one.close()
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=30) as answer:
            assert answer.status == 200
    finally:
        _, errors = script.communicate(timeout=60)
        for one in held:
            one.close()
    assert errors == ""
    assert script.returncode == 0


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such limit")
def test_descriptors_that_are_gone_before_the_first_entry_is_read_lose_nothing() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.edges.exhausted_before"],
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[2],
        timeout=120,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    reason, lines, told, mirrored, runs = done.stdout.splitlines()
    assert "Too many open files" in reason
    assert (lines, mirrored, runs) == ("150", "150", "True")
    assert 1 <= int(told) < 12  # what failed is told at its first, tenth, hundredth time


async def test_half_open_connections_have_a_cap_and_the_oldest_goes(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(admission, "MAX_HALF_OPEN", 8)
    bench = await start()
    pairs = [await asyncio.open_connection("127.0.0.1", bench.server.port) for _ in range(20)]
    for reader, _ in pairs[:12]:
        assert await asyncio.wait_for(reader.read(), 10) == b""
    assert len(bench.server._site.half_open) == 8
    assert (await bench.ask("/healthz", token=None)).code == 200  # whoever speaks comes in
    for _, writer in pairs:
        writer.close()


@pytest.mark.parametrize("said", [b"", b"G", b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX: "])
async def test_half_open_connections_have_a_deadline(
    start: Start, monkeypatch: pytest.MonkeyPatch, said: bytes
) -> None:
    monkeypatch.setattr(admission, "HEAD_DEADLINE_S", 0.05)
    bench = await start()
    reader, writer = await asyncio.open_connection("127.0.0.1", bench.server.port)
    writer.write(said)
    assert await asyncio.wait_for(reader.read(), 10) == b""
    writer.close()
    assert len(bench.server._site.half_open) == 0


async def test_one_that_has_spoken_is_not_closed_by_the_deadline(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(admission, "HEAD_DEADLINE_S", 0.05)
    bench = await start()
    async with bench.connect() as viewer:
        await until(lambda: bench.hub.telemetry.clients == 1)
        idle, idle_writer = await asyncio.open_connection("127.0.0.1", bench.server.port)
        assert await asyncio.wait_for(idle.read(), 10) == b""  # the deadline has come
        idle_writer.close()
        await viewer.send('{"type":"ping","ts":1}')
        assert bench.hub.telemetry.clients == 1


async def test_refused_requests_do_not_empty_the_ring(start: Start) -> None:
    bench = await start(capacity=50)
    bench.ring.append("app", "info", "worth keeping")
    for number in range(100):
        path, token = [("/api/state", None), ("/nothing", TOKEN), ("/api/logs?limit=x", TOKEN)][
            number % 3
        ]
        assert (await bench.ask(path, token=token)).code >= 400
    bench.server._site.failures.log_rest(bench.server._site.log)  # as the period's end does
    lines = [entry.message for entry in bench.ring.since(0).entries]
    assert "worth keeping" in lines
    assert len(lines) == 1 + failures.LINES + 1
    assert lines[-1] == "90 more requests failed (400: 30, 401: 30, 404: 30)."


async def test_what_was_counted_is_told_when_the_period_is_over(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(failures, "PERIOD_S", 0.1)
    monkeypatch.setattr(failures, "LINES", 0)
    bench = await start()
    await bench.ask("/api/state", token=None)
    await until(lambda: bench.ring.size == 1)
    assert bench.ring.since(0).entries[0].message == "1 more requests failed (401: 1)."
