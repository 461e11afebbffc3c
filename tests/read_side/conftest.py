"""An orchestrator, and the sides from which it can be read."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

import autobench_nb as ab
from tests.leaks import nothing_is_left

Reader = Any
"""An ``Orchestrator`` or a ``Client``: what they share has no class of its own, which is what is tested here."""

SIDES = ("orchestrator", "client", "memory")
PATIENCE_S = 30.0


class Pair:
    """An orchestrator, and one of the sides from which it is read."""

    def __init__(self, bench: ab.Orchestrator, reader: Reader) -> None:
        self.bench = bench
        self.reader = reader

    def wait(self, fact: Callable[[Reader], Any]) -> None:
        """Until the reader shows it."""
        if isinstance(self.reader, ab.Client):
            self.reader.wait_for(fact, PATIENCE_S)
            return
        changed = threading.Event()
        end = self.bench.state.subscribe(lambda _commit: changed.set())
        while not fact(self.bench):
            assert changed.wait(PATIENCE_S), "nothing changes any more"
            changed.clear()
        end()


@pytest.fixture(params=SIDES)
async def pair(request: pytest.FixtureRequest) -> AsyncIterator[Pair]:
    """Tests hold up this loop from their first line to their last, as a cell does.

    ``client`` reads over a real socket, from a server on a thread; ``memory`` from one on this very loop.
    """
    with nothing_is_left():
        bench = ab.Orchestrator()
        if request.param == "orchestrator":
            yield Pair(bench, bench)
            bench.close()
            return
        server = bench.serve(thread=request.param == "client")
        client = ab.connect(server.url, bench.token)
        yield Pair(bench, client)
        client.close()
        bench.close()
        if server.runs_here or request.param == "memory":
            await server.wait_closed()
