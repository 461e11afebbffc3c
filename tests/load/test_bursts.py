"""The plan's load: 10,000 log entries a minute, several minutes as fast as they go, and floods far above it."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import autobench_nb as ab
from tests.load.conftest import (
    PATIENCE_S,
    all_said,
    assert_equal,
    memory_bytes,
    peak_bytes,
    reset_peak,
)

ROOT = Path(__file__).resolve().parents[2]
A_MINUTE = 10_000
WINDOW = 500
MB = 1_000_000
QUICK = {"FLUSH_INTERVAL_MS": "1", "REQUEST_SAMPLE": "0"}


def a_minute(bench: ab.Orchestrator, clients: list[ab.Client], minute: int) -> None:
    """10,000 entries of 1 kB, and a state that moves with them; no faster than every client hears them."""
    log = bench.log("pno")
    padding = "x" * 1_000
    for number in range(A_MINUTE):
        log.info(f"{minute}:{number} {padding}", number=number)
        if number % WINDOW == WINDOW - 1:
            bench.devices.touch("cap0", f"at {minute}:{number}")
            for client in clients:
                all_said(client, bench)


def alone(check: Callable[[], None]) -> None:
    """Run ``check`` in an interpreter of its own: memory is the process's, and other tests leave theirs behind."""
    code = f"from tests.load.test_bursts import {check.__name__} as check; check()"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_minutes_of_10_000_entries_leave_memory_where_it_was_and_every_client_equal() -> None:
    alone(minutes)


def minutes() -> None:
    """Five minutes of 1 kB entries are 50 MB for each of four clients; a ring of 2,000 holds 2 MB."""
    environ = {**QUICK, "LOG_CAPACITY": "2000"}
    with ab.Orchestrator(environ=environ) as bench, ExitStack() as ends:
        server = bench.serve(thread=True)
        bench.devices.add("cap0", type="capture")
        clients = [ends.enter_context(ab.connect(server.url, bench.token)) for _ in range(4)]
        a_minute(bench, clients, 0)
        before = memory_bytes()
        reset_peak()
        for minute in range(1, 6):
            a_minute(bench, clients, minute)
        for client in clients:
            assert_equal(client, bench)
            assert client.logs.missed == 0
            assert client.status.phase == "live"
        assert memory_bytes() - before < 24 * MB
        assert peak_bytes() - before < 24 * MB
        assert len(bench.logs) == 2_000
        assert [len(client.logs) for client in clients] == [2_000] * 4


def test_each_entry_of_a_burst_is_at_every_client_or_counted_as_missed() -> None:
    """Eight threads log far faster than a ring of 500 can keep for anybody; the clients hold what they hear."""
    environ = {**QUICK, "CLIENT_LOGS_CAPACITY": "1000000", "CLIENT_LOGS_SNAPSHOT": "500"}
    with ab.Orchestrator(environ=environ) as bench, ExitStack() as ends:
        server = bench.serve(thread=True)
        bench.log("app").info("the first")
        clients = [ends.enter_context(ab.connect(server.url, bench.token)) for _ in range(3)]
        for client in clients:
            all_said(client, bench)

        def shout(number: int) -> None:
            log = bench.log(f"thread {number}")
            for line in range(5_000):
                log.info(f"line {line}")

        threads = [threading.Thread(target=shout, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        bench.log("app").info("the last")
        for client in clients:
            assert_equal(client, bench)
            seqs = [entry.seq for entry in client.logs]
            assert seqs == sorted(set(seqs))
            assert len(seqs) + client.logs.missed == seqs[-1] + 1 - seqs[0]
        assert bench.logs[-1].seq >= 40_000


def test_a_command_that_floods_is_slowed_so_that_a_live_client_keeps_up() -> None:
    """A quarter of a million lines through a ring of 20,000."""
    lines = 250_000
    environ = {"LOG_CAPACITY": "20000", "REQUEST_SAMPLE": "0"}
    with ab.Orchestrator(environ=environ) as bench, ExitStack() as ends:
        client = ends.enter_context(ab.connect(bench.serve(thread=True).url, bench.token))
        run = bench.run(f"seq 1 {lines}")
        assert run.wait(PATIENCE_S)
        assert run.status == "succeeded", [job.reason for job in run.jobs]
        assert run.results[0].lines == lines
        assert_equal(client, bench)
        printed = [int(entry.message) for entry in client.logs if entry.message.isdigit()]
        assert printed == list(range(printed[0], lines + 1))
        assert len(printed) > 19_000


def test_what_a_flooding_command_prints_is_never_buffered_without_limit() -> None:
    alone(flood)


def flood() -> None:
    """300 MB of output through a ring of 500 entries, while nobody looks and while somebody does.

    What it costs, 45 to 140 MB, are allocators, queues and modules; kept whole, it were 300 MB and more.
    """
    program = "import sys\nfor _ in range(1000): sys.stdout.write(('x' * 999 + '\\n') * 100)"
    with ab.Orchestrator(environ=QUICK) as bench:
        assert bench.run("seq 1 100000").wait(PATIENCE_S)
        before = memory_bytes()
        reset_peak()
        runs = [bench.run([[sys.executable, "-c", program]])]
        assert runs[0].wait(PATIENCE_S)
        with ab.connect(bench.serve(thread=True).url, bench.token) as client:
            for _ in range(2):
                runs.append(bench.run([[sys.executable, "-c", program]]))
                assert runs[-1].wait(PATIENCE_S)
            assert_equal(client, bench)
        assert [run.status for run in runs] == ["succeeded"] * 3, list(bench.logs)[-3:]
        assert [run.results[0].lines for run in runs] == [100_000] * 3
        growth = peak_bytes() - before
        assert growth < 220 * MB, growth
