"""Large things go out in pieces, between which the loop has its turn; and a client that never reads stays cheap."""

from __future__ import annotations

import asyncio
import gc
import socket as sockets
import tracemalloc
from collections import Counter

import orjson
import pytest

from autobench_nb.contract.limits import BATCH_ENTRIES
from autobench_nb.logs.ring.batch import LogBatch
from autobench_nb.state.store import StateStore
from autobench_nb.sync.server.log_feed import FLUSH_ENTRIES
from autobench_nb.transports.pump import Pump
from autobench_nb.transports.sockets.wire import OFF_LOOP_BYTES, PLAIN, Wire
from autobench_nb.transports.warming import WARM_PARTS
from tests.benchmarks.clients import hello as raw_hello
from tests.benchmarks.clients import request
from tests.transports.conftest import TOKEN, Start, hello, say, until

DEVICES = 100_000
ENTRIES = 100_000
STEP_BYTES = 2_000_000
"""What may be encoded in one turn; some ten milliseconds."""


class Turns:
    """Counts the turns of a pump's loop."""

    def __init__(self, pump: Pump) -> None:
        self.count = 0
        self._pump = pump
        self._is_over = False
        pump.thread.call(self._next)

    def _next(self) -> None:
        self.count += 1
        if not self._is_over:
            self._pump.thread.call_soon(self._next)

    def stop(self) -> None:
        self._is_over = True


async def test_a_snapshot_of_15_mb_is_encoded_in_pieces_and_compressed_off_the_loop(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = StateStore()
    device = {"type": "capture", "status": "ok", "note": "n" * 100}
    store.merge("/devices", {f"d{number}": device for number in range(DEVICES)})
    bench = await start(store=store)
    turns, warm, build = Turns(bench.server.pump), StateStore.warm, Wire._build
    steps: Counter[int] = Counter()
    on_loop: list[int] = []
    off_loop: list[int] = []

    def counted_warm(self: StateStore, parts: int) -> bool:
        steps[turns.count] += parts
        return warm(self, parts)

    def counted_build(self: Wire, bits: int) -> bytes:
        here = bench.server.pump.thread.is_here
        if bits != PLAIN:
            (on_loop if here else off_loop).append(len(self.message))
        return build(self, bits)

    monkeypatch.setattr(StateStore, "warm", counted_warm)
    monkeypatch.setattr(Wire, "_build", counted_build)
    async with bench.connect(compression="deflate") as client:
        snapshot = await hello(client)
    turns.stop()
    assert len(snapshot["data"]["devices"]) == DEVICES  # one message, whatever its length
    (size,) = off_loop
    assert size > 14_000_000
    assert max(on_loop, default=0) < OFF_LOOP_BYTES
    assert max(steps.values()) == WARM_PARTS
    assert size / len(steps) < STEP_BYTES


async def test_a_history_of_100_000_entries_goes_out_in_bounded_batches(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = await start(capacity=ENTRIES + 1_000, client_logs_snapshot=ENTRIES)
    for number in range(ENTRIES):
        bench.ring.append("app", "info", f"line {number}")
    turns, wire = Turns(bench.server.pump), LogBatch._encode
    encoded: Counter[int] = Counter()

    def counted(self: LogBatch, *args: object) -> bytes:
        encoded[turns.count] += len(self)
        return wire(self, *args)  # type: ignore[arg-type]

    monkeypatch.setattr(LogBatch, "_encode", counted)
    async with bench.connect() as client:
        await say(client, type="hello", payload={})
        kinds: list[str] = []
        seq, first = 0, ENTRIES
        while seq < ENTRIES:
            message = orjson.loads(await client.recv())
            if message["type"].startswith("logs."):
                first = min(first, message["firstSeq"])
                kinds.append(message["type"])
                assert seq in (0, message["firstSeq"])
                assert message.get("missed", 0) == 0
                assert len(message["entries"]) <= BATCH_ENTRIES
                seq = message["nextSeq"]
    turns.stop()
    assert first < 10  # it began with the oldest of the last 100,000
    assert kinds[0] == "logs.history"
    assert set(kinds[1:]) == {"logs.append"}
    assert sum(encoded.values()) >= ENTRIES
    assert max(encoded.values()) <= FLUSH_ENTRIES
    assert len(encoded) >= ENTRIES / FLUSH_ENTRIES


@pytest.mark.parametrize("direct", [True, False], ids=["direct", "write_message"])
async def test_what_a_client_that_never_reads_holds_in_memory_is_within_its_budget(
    start: Start, direct: bool
) -> None:
    budget, size = 2_000_000, 100_000
    bench = await start(client_budget_bytes=budget, resume_window_commits=0, direct=direct)
    client = sockets.socket()
    client.setsockopt(sockets.SOL_SOCKET, sockets.SO_RCVBUF, 4096)
    client.connect(("127.0.0.1", bench.server.port))
    client.sendall(request(bench.server.port, token=TOKEN, deflate=False) + raw_hello())
    await until(lambda: bench.hub.telemetry.clients == 1)
    held: list[int] = []
    written = 0
    tracemalloc.start()
    try:
        gc.collect()
        before, _ = tracemalloc.get_traced_memory()
        for number in range(300):
            bench.store.set("/devices/cap0", {"type": "t", "status": str(number % 10) * size})
            bench.flush()
            await asyncio.sleep(0)
            written += size
            held.append(tracemalloc.get_traced_memory()[0] - before)
    finally:
        tracemalloc.stop()
        client.close()
    assert bench.hub.telemetry.dropped > 0
    assert max(held) > size  # it did wait for the client
    # What is being written, the state, its snapshot and the text of the change are held beside the budget.
    assert max(held) < budget + 6 * size < written / 10
    await until(lambda: not bench.server._pump.links)
