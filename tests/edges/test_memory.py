"""What is kept for clients is bounded by what it really takes."""

from __future__ import annotations

import itertools
import tracemalloc
from typing import Any

import orjson
import pytest

from autobench_nb.state.model import SLICES
from autobench_nb.state.store import StateStore
from autobench_nb.sync.server.window import CommitWindow
from tests.sync.harness import Server
from tests.transports.conftest import Start, no_unexpected_log, start

__all__ = ["no_unexpected_log", "start"]


def test_many_kinds_of_sliced_clients_leave_no_more_than_one_snapshot_behind() -> None:
    server = Server()
    server.store.set("/config/large", ["x" * 100] * 5_000)
    names = [name for name in SLICES if name not in ("version", "config")]
    kinds = [("config", *some) for size in range(8) for some in itertools.combinations(names, size)]
    assert len(kinds) >= 128
    for kind in kinds:
        link = server.connect()
        server.say(link, {"type": "hello", "payload": {}})
        server.say(link, {"type": "subscribe", "payload": {"slices": list(kind)}})
    server.settle()
    state = server.state
    for link, kind in zip(server.links.values(), kinds, strict=True):
        snapshots = [one for one in link.take() if one["type"] == "state.snapshot"]
        assert snapshots[-1]["data"] == {
            name: value for name, value in state.items() if name in (*kind, "version")
        }
    held = sum(len(message) for message in server.hub._state._encoded.values())
    assert held < 2 * len(orjson.dumps(state))


@pytest.mark.parametrize("size", [10, 100, 2_000])
def test_the_window_takes_what_it_says(size: int) -> None:
    limit = 1_000_000
    window = CommitWindow(1_000_000, limit)
    store = StateStore()
    window.restart(store.version)
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        first: int | None = None
        while first is None or window.reaches(first):
            store.set("/config/value", "x" * size + str(store.version))
            commit = store.flush()
            assert commit is not None
            assert commit.operations  # as a subscriber reads them
            first = commit.from_version if first is None else first
            window.add(commit)
        for message in window.messages(window._commits[0].from_version, ("config",)):
            assert message.data
        del commit, message
        took = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    assert took < 1.5 * limit
    assert window.bytes <= limit


async def test_a_post_of_many_fields_lets_others_have_their_turns(start: Start) -> None:
    bench = await start(capacity=5_000)
    rows: list[dict[str, Any]] = [
        {"message": "m", "fields": {f"f{number}": number for number in range(200)}}
        for _ in range(1_500)
    ]
    turns: list[int] = []
    inner = bench.ring.append

    def append(*args: Any, **kwargs: Any) -> None:
        inner(*args, **kwargs)
        turns.append(bench.ring._sealed_end + bench.ring._intake.count)

    bench.ring.append = append  # type: ignore[method-assign]
    body = b"\n".join(map(orjson.dumps, rows))
    answer = await bench.ask(
        "/api/logs", method="POST", body=body, headers={"Content-Type": "application/x-ndjson"}
    )
    assert orjson.loads(answer.body)["accepted"] == 1_500
    assert len(set(turns)) > 3  # drained in between, and each time the loop had its turn
