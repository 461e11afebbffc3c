"""Clients that come and go, and links that lose, double, reorder and falsify what passes: over real sockets."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import orjson
import pytest
from websockets.sync.client import connect as dial

import autobench_nb as ab
from tests.load.conftest import PATIENCE_S, all_said, assert_equal
from tests.load.proxy import Once, Spoil, proxied

ENVIRON = {
    "FLUSH_INTERVAL_MS": "1",
    "REQUEST_SAMPLE": "0",
    "LOG_CAPACITY": "20000",
    "VITE_WS_HEARTBEAT_INTERVAL_MS": "100",
    "VITE_WS_RECONNECT_MIN_MS": "1",
}


@pytest.fixture
def bench() -> Iterator[ab.Orchestrator]:
    with ab.Orchestrator(environ=ENVIRON) as made:
        made.serve(thread=True)
        made.devices.add("cap0", type="capture")
        yield made


def test_clients_come_and_go_while_all_moves_and_those_who_stay_equal_the_server(
    bench: ab.Orchestrator,
) -> None:
    server = bench.server
    assert server is not None
    over = threading.Event()

    def move(number: int) -> None:
        log = bench.log(f"mover {number}")
        for step in range(1_000):
            bench.state.set(f"/devices/dev{number}", {"type": "mover", "status": f"at {step}"})
            log.info(f"step {step}")
            if step % 50 == 49:
                bench.state.remove(f"/devices/dev{number}")

    def come_and_go() -> None:
        while not over.is_set():
            with ab.connect(server.url, bench.token) as client:
                assert client.state.get("/devices/cap0/type") == "capture"

    with ExitStack() as ends:
        stay = [ends.enter_context(ab.connect(server.url, bench.token)) for _ in range(3)]
        movers = [threading.Thread(target=move, args=(number,)) for number in range(2)]
        guests = [threading.Thread(target=come_and_go) for _ in range(2)]
        for thread in (*movers, *guests):
            thread.start()
        for thread in movers:
            thread.join()
        over.set()
        for thread in guests:
            thread.join()
        late = ends.enter_context(ab.connect(server.url, bench.token))
        for client in (*stay, late):
            assert_equal(client, bench)
            assert client.logs.missed == 0
        for client in stay:
            assert client.logs[0].seq == 0
            assert len([e for e in client.logs if e.message.startswith("step")]) == 2_000
        assert {client.epoch for client in stay} == {bench.epoch}


def lose(_message: dict[str, Any]) -> list[dict[str, Any]]:
    return []


def double(message: dict[str, Any]) -> list[dict[str, Any]]:
    return [message, message]


def tell_a_wrong_version(message: dict[str, Any]) -> list[dict[str, Any]]:
    return [{**message, "fromVersion": message["fromVersion"] + 5}]


def spoil_the_patch(message: dict[str, Any]) -> list[dict[str, Any]]:
    wrong = {"op": "remove", "path": "/devices/nobody"}
    return [{**message, "patch": [wrong, *message["patch"]]}]


@pytest.mark.parametrize("how", [lose, tell_a_wrong_version, spoil_the_patch])
def test_a_client_that_was_told_a_wrong_patch_asks_and_is_right_again(
    how: Spoil, bench: ab.Orchestrator
) -> None:
    with proxied(bench) as proxy, ab.connect(proxy.url) as client:
        proxy.spoil = once = Once("state.patch", how)
        bench.devices.touch("cap0", "lost on the way")
        bench.devices.add("cap1", type="capture")
        client.wait_for(lambda one: once.done, PATIENCE_S)
        bench.devices.touch("cap0", "after the gap")
        assert_equal(client, bench)
        assert "state.resync" in proxy.asked
        assert client.devices["cap0"]["status"] == "after the gap"
        assert client.status.phase == "live"


def test_what_comes_twice_is_taken_once(bench: ab.Orchestrator) -> None:
    with proxied(bench) as proxy, ab.connect(proxy.url) as client:
        proxy.spoil = double
        for step in range(20):
            bench.devices.touch("cap0", f"at {step}")
            bench.log("app").info(f"step {step}")
        assert_equal(client, bench)
        seqs = [entry.seq for entry in client.logs]
        assert seqs == sorted(set(seqs))


def test_log_entries_that_were_lost_on_the_way_are_asked_for(bench: ab.Orchestrator) -> None:
    with proxied(bench) as proxy, ab.connect(proxy.url) as client:
        all_said(client, bench)
        proxy.spoil = once = Once("logs.append", lose)
        bench.log("app").info("lost on the way")
        client.wait_for(lambda one: once.done, PATIENCE_S)
        bench.log("app").info("after the gap")
        assert_equal(client, bench)
        assert "logs.replay" in proxy.asked
        said = [entry.message for entry in client.logs]
        assert said[-2:] == ["lost on the way", "after the gap"]
        assert client.logs.missed == 0


def test_a_tail_that_was_lost_is_noticed_by_the_next_heartbeat(bench: ab.Orchestrator) -> None:
    """Nothing follows that could show the gap: the pong tells where the server is."""
    with proxied(bench) as proxy, ab.connect(proxy.url) as client:
        all_said(client, bench)
        last: list[str] = []

        def lose_both(message: dict[str, Any]) -> list[dict[str, Any]]:
            if message["type"] in {"state.patch", "logs.append"}:
                last.append(message["type"])
                return []
            return [message]

        proxy.spoil = lose_both
        bench.log("app").info("the very last")
        bench.devices.touch("cap0", "the very last")
        client.wait_for(lambda one: client.status.phase == "stale", PATIENCE_S)
        proxy.spoil = lambda message: [message]
        assert_equal(client, bench)
        assert last


def ask(bench: ab.Orchestrator, wanted: str, *messages: dict[str, Any]) -> dict[str, Any]:
    """The first message of the type ``wanted`` that a client hears after it said these."""
    server = bench.server
    assert server is not None
    bearer = {"Authorization": f"Bearer {bench.token}"}
    with dial(server.ws_url, additional_headers=bearer, max_size=None, proxy=None) as link:
        for message in messages:
            link.send(orjson.dumps(message).decode())
        while True:
            heard: dict[str, Any] = orjson.loads(link.recv(timeout=PATIENCE_S))
            if heard["type"] == wanted:
                return heard


def test_a_client_that_believes_in_a_wrong_version_gets_a_snapshot_with_the_reason(
    bench: ab.Orchestrator,
) -> None:
    position = {"epoch": bench.epoch, "stateVersion": bench.state.version + 1_000, "nextSeq": 0}
    hello = {"type": "hello", "payload": {"resume": position}}
    assert ask(bench, "welcome", hello)["resumed"] is False
    snapshot = ask(bench, "state.snapshot", hello)
    assert snapshot["reason"] == "resync"
    assert snapshot["data"]["version"] == snapshot["stateVersion"]


def test_a_position_of_another_life_is_replaced_and_never_resumed(bench: ab.Orchestrator) -> None:
    position = {"epoch": "another life", "stateVersion": bench.state.version, "nextSeq": 0}
    hello = {"type": "hello", "payload": {"resume": position}}
    assert ask(bench, "welcome", hello)["resumed"] is False
    assert ask(bench, "state.snapshot", hello)["reason"] == "epoch"


def test_a_position_within_the_window_is_resumed_by_patches(bench: ab.Orchestrator) -> None:
    with ab.connect(bench.link()["url"], bench.token) as client:
        assert_equal(client, bench)
        version, seq = client.state.version, client.logs.next_seq
        bench.devices.touch("cap0", "meanwhile")
        client.wait_for(lambda one: one.devices["cap0"]["status"] == "meanwhile", PATIENCE_S)
    position = {"epoch": bench.epoch, "stateVersion": version, "nextSeq": seq}
    hello = {"type": "hello", "payload": {"resume": position}}
    patch = ask(bench, "state.patch", hello)
    assert patch["fromVersion"] == version
    assert "meanwhile" in [operation.get("value") for operation in patch["patch"]]
