"""Eight threads at full speed while clients mirror: no version is lost, and there is no hole in seq."""

from __future__ import annotations

import threading

from autobench_nb.logs.entry import Level
from autobench_nb.sync.client.effects import LogsArrived, SendUp
from autobench_nb.sync.client.mirror import Mirror
from tests.sync.harness import Server

THREADS = 8
EACH = 400


def test_eight_threads_lose_no_version_and_no_seq() -> None:
    server = Server(log_capacity=THREADS * EACH + 1_000)
    mirrors = [Mirror() for _ in range(3)]
    links = [server.connect() for _ in mirrors]
    seen: list[list[int]] = [[] for _ in mirrors]
    for link, mirror in zip(links, mirrors, strict=True):
        server.say(link, mirror.hello())

    def deliver() -> None:
        server.flush()
        for link, mirror, seqs in zip(links, mirrors, seen, strict=True):
            for message in link.take():
                for effect in mirror.receive(message, server.now):
                    assert not isinstance(effect, SendUp), "a gap on a link that loses nothing"
                    if isinstance(effect, LogsArrived):
                        seqs += [entry["seq"] for entry in effect.entries]

    def work(number: int) -> None:
        for n in range(EACH):
            server.store.merge("/devices", {f"d{number}-{n % 20}": {"type": "t", "status": str(n)}})
            server.ring.append("app", Level.INFO, f"{number} {n}")

    threads = [threading.Thread(target=work, args=(number,)) for number in range(THREADS)]
    server.settle()
    deliver()
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        deliver()
    server.settle()
    deliver()
    state = server.state
    assert state["version"] >= THREADS * EACH
    for mirror, seqs in zip(mirrors, seen, strict=True):
        assert mirror.state == state
        assert mirror.missed == 0
        assert seqs == list(range(server.ring.next_seq))
