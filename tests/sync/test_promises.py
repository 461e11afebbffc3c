"""The six promises at the end of the wire document, each by its name. What happens in between: test_model."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import orjson
import pytest

from autobench_nb.contract.limits import MAX_MISTAKES, MAX_OVERRUNS
from autobench_nb.sync.client.effects import SendUp
from autobench_nb.sync.client.mirror import Mirror
from tests.sync.harness import Link, Server, types

BUDGET = 65_536


def live(server: Server, mirror: Mirror | None = None) -> tuple[Link, Mirror]:
    mirror = mirror or Mirror()
    link = server.connect()
    server.say(link, mirror.hello())
    hear(server, link, mirror)
    return link, mirror


def hear(server: Server, link: Link, mirror: Mirror) -> list[dict[str, Any]]:
    """Deliver everything both ways until nothing moves; what the mirror heard."""
    heard = []
    for _ in range(100):
        server.settle()
        messages = link.take()
        heard.extend(messages)
        for message in messages:
            for effect in mirror.receive(message, server.now):
                if isinstance(effect, SendUp):
                    server.say(link, effect.data)
        if not messages:
            return heard
    raise AssertionError("never at rest")


def touch(server: Server, name: str, note: str = "") -> None:
    server.store.merge("/devices", {name: {"type": "t", "status": "s", "note": note}})


def test_promise_1_the_chain_has_no_gap_and_no_double() -> None:
    server = Server()
    link, _ = live(server)
    for n in range(50):
        touch(server, f"d{n % 5}", str(n))
        server.log(f"line {n}")
        server.flush()
    messages = link.take()
    patches = [m for m in messages if m["type"] == "state.patch"]
    appends = [m for m in messages if m["type"] == "logs.append"]
    assert len(patches) == len(appends) == 50
    for before, after in pairwise(patches):
        assert before["toVersion"] == after["fromVersion"]
    for before, after in pairwise(appends):
        assert before["nextSeq"] == after["firstSeq"]
    seqs = [entry["seq"] for m in appends for entry in m["entries"]]
    assert seqs == list(range(seqs[0], seqs[0] + 50))


def test_promise_1_a_patch_is_applied_whole_or_not_at_all() -> None:
    server = Server()
    _, mirror = live(server)
    before, version = mirror.state, mirror.version
    assert version is not None
    operations = [
        {"op": "add", "path": "/devices/new", "value": {}},
        {"op": "remove", "path": "/devices/none"},
        {"op": "replace", "path": "/version", "value": version + 1},
    ]
    patch = {"type": "state.patch", "fromVersion": version, "toVersion": version + 1}
    mirror.receive({**patch, "patch": operations}, 0.0)
    assert mirror.state == before
    assert mirror.stale


def test_promise_2_a_position_within_the_window_is_resumed_without_a_snapshot() -> None:
    server = Server()
    link, mirror = live(server)
    server.leave(link)
    for n in range(20):
        touch(server, f"d{n}")
        server.log(f"while away {n}")
        server.flush()
    link, _ = live(server, mirror)
    assert mirror.state == server.state
    assert mirror.missed == 0
    assert mirror.next_seq == server.ring.next_seq


def test_promise_2_a_resume_sends_patches_and_entries_and_says_so() -> None:
    server = Server()
    link, mirror = live(server)
    server.leave(link)
    touch(server, "d")
    server.log("while away")
    server.settle()
    link = server.connect()
    server.say(link, mirror.hello())
    heard = hear(server, link, mirror)
    assert heard[0]["resumed"] is True
    assert "state.snapshot" not in types(heard)
    assert "logs.history" not in types(heard)


@pytest.mark.parametrize(
    "settings", [{"resume_window_commits": 3}, {"resume_window_bytes": 300}], ids=lambda s: next(iter(s))
)  # fmt: skip
def test_promise_2_outside_the_window_the_answer_says_so(settings: dict[str, Any]) -> None:
    server = Server(**settings)
    link, mirror = live(server)
    server.leave(link)
    for n in range(10):
        touch(server, f"d{n}")
        server.flush()
    link = server.connect()
    server.say(link, mirror.hello())
    welcome, snapshot, *_ = hear(server, link, mirror)
    assert welcome["resumed"] is False
    assert (snapshot["type"], snapshot["reason"]) == ("state.snapshot", "too-old")
    assert mirror.state == server.state


def test_promise_2_another_epoch_replaces_and_merges_nothing() -> None:
    old = Server(epoch="old")
    touch(old, "only-in-the-old-life")
    _, mirror = live(old)
    new = Server(epoch="new")
    link = new.connect()
    new.say(link, mirror.hello())
    heard = hear(new, link, mirror)
    assert heard[0]["resumed"] is False
    assert heard[1]["reason"] == "epoch"
    assert mirror.state == new.state
    assert mirror.state["devices"] == {}
    assert mirror.missed == 0


def test_promise_2_resync_gives_the_missing_patches_or_a_snapshot_with_its_reason() -> None:
    server = Server(resume_window_commits=2)
    link, _ = live(server)
    versions = [server.store.version]
    for n in range(4):
        touch(server, f"d{n}")
        server.flush()
        versions.append(server.store.version)
    link.take()

    def ask(**question: Any) -> list[dict[str, Any]]:
        server.say(link, {"type": "state.resync", **question})
        server.settle()
        return link.take()

    (patch,) = ask(sinceVersion=versions[2])
    assert (patch["fromVersion"], patch["toVersion"]) == (versions[2], versions[4])
    assert ask(sinceVersion=versions[0])[0]["reason"] == "too-old"
    assert ask(sinceVersion=versions[4], epoch="another")[0]["reason"] == "epoch"
    assert ask()[0]["reason"] == "resync"
    (patch,) = ask(sinceVersion=versions[4])
    assert (patch["fromVersion"], patch["toVersion"], patch["patch"]) == (
        versions[4],
        versions[4],
        [],
    )


def test_promise_2_replay_says_what_the_ring_no_longer_holds() -> None:
    server = Server(log_capacity=10)
    link, _ = live(server)
    for n in range(30):
        server.log(f"line {n}")
    server.settle()
    link.take()
    server.say(link, {"type": "logs.replay", "sinceSeq": 5, "limit": 4})
    server.settle()
    (history,) = link.take()
    first = server.ring.first_seq
    assert (history["missed"], history["firstSeq"]) == (first - 5, first)
    assert [entry["seq"] for entry in history["entries"]] == list(range(first, first + 4))


def test_promise_3_every_lost_entry_is_counted() -> None:
    server = Server(log_capacity=10)
    link, mirror = live(server)
    had = mirror.next_seq
    assert had is not None
    for n in range(100):
        server.log(f"line {n}")
    seen = [entry["seq"] for m in hear(server, link, mirror) for entry in m.get("entries", ())]
    assert mirror.missed == 90
    assert had + mirror.missed + len(seen) == mirror.next_seq == server.ring.next_seq


def test_promise_3_what_a_slow_client_lost_is_counted_when_it_drains() -> None:
    server = Server(log_capacity=10, client_budget_bytes=BUDGET)
    link, mirror = live(server)
    had = mirror.next_seq
    assert had is not None
    server.read(link, 100)
    for n in range(200):
        server.log(f"line {n} " + "x" * 1_000)
        server.flush()
    server.read(link, None)
    seen: set[int] = set()
    for message in hear(server, link, mirror):
        seen.update(entry["seq"] for entry in message.get("entries", ()))
    assert mirror.missed > 0
    assert had + mirror.missed + len(seen) == mirror.next_seq == server.ring.next_seq


def test_promise_4_a_client_that_never_reads_costs_less_than_its_budget() -> None:
    server = Server(client_budget_bytes=BUDGET)
    link = server.connect(reads=0)
    server.hello(link)
    for n in range(500):
        touch(server, f"d{n % 7}", "x" * 5_000)
        server.log("y" * 2_000)
        server.say(link, {"type": "ping", "ts": n})
        server.flush()
    assert 0 < link.most_waiting <= BUDGET
    assert server.hub.telemetry.dropped > 0


def test_promise_4_after_an_overrun_one_fresh_snapshot_comes_and_no_old_one() -> None:
    server = Server(client_budget_bytes=BUDGET)
    link, mirror = live(server)
    server.read(link, 1_000)
    for n in range(100):
        touch(server, "d", str(n) + "x" * 5_000)
        server.flush()
    server.read(link, None)
    heard = hear(server, link, mirror)
    snapshots = [m for m in heard if m["type"] == "state.snapshot"]
    assert [m["reason"] for m in snapshots] == ["overrun"]
    # The log of the overrun itself may follow the snapshot.
    assert snapshots[0]["stateVersion"] >= server.store.version - 3
    assert mirror.state == server.state


def test_promise_4_a_stalled_client_changes_nothing_for_the_others() -> None:
    def others_hear(stalled: bool) -> list[str]:
        server = Server(client_budget_bytes=BUDGET)
        link, _ = live(server)
        slow, _ = live(server)
        link.take()
        if stalled:
            server.read(slow, 10)
        for n in range(60):
            touch(server, "d", str(n) + "x" * 5_000)
            server.flush()
        return [
            orjson.dumps(m["patch"]).decode()
            for m in link.take()
            if m["type"] == "state.patch" and m["patch"][0]["path"].startswith("/devices")
        ]

    assert others_hear(stalled=True) == others_hear(stalled=False)


def test_promise_4_behind_again_and_again_is_told_why_and_closed_with_1013() -> None:
    server = Server(client_budget_bytes=BUDGET)
    link, _ = live(server)
    for _ in range(MAX_OVERRUNS + 1):
        assert link.closed is None
        server.read(link, 10)
        for n in range(30):
            touch(server, "d", str(n) + "x" * 5_000)
            server.flush()
        server.read(link, None)
        server.settle()
    assert link.closed is not None
    assert link.closed[0] == 1013
    assert link.take()[-1]["type"] == "bye"


def test_promise_4_behind_now_and_then_is_no_reason_to_close() -> None:
    server = Server(client_budget_bytes=BUDGET)
    link, mirror = live(server)
    for _ in range(MAX_OVERRUNS * 3):
        server.read(link, 10)
        for n in range(30):
            touch(server, "d", str(n) + "x" * 5_000)
            server.flush()
        server.read(link, None)
        server.wait(30.0)
        hear(server, link, mirror)
    assert link.closed is None
    assert mirror.state == server.state


def test_promise_4_a_state_larger_than_the_budget_is_sent_all_the_same() -> None:
    server = Server(client_budget_bytes=BUDGET)
    for n in range(100):
        touch(server, f"d{n}", "x" * 10_000)
    link = server.connect(reads=1_000)
    mirror = Mirror()
    server.say(link, mirror.hello())
    server.settle()
    touch(server, "later")
    server.flush()
    assert server.hub.telemetry.dropped == 0
    server.read(link, None)
    hear(server, link, mirror)
    assert mirror.state == server.state


def test_promise_5_a_client_can_prove_that_it_equals_the_server() -> None:
    server = Server()
    link, mirror = live(server)
    touch(server, "d0", "é 📦")
    server.store.set("/config/requestSample", 0.1)
    server.say(link, {"type": "command", "id": "h", "name": "state.hash"})
    heard = hear(server, link, mirror)
    (result,) = [m for m in heard if m["type"] == "result"]
    assert result["ok"] is True
    assert result["value"] == {"version": mirror.version, "hash": mirror.hash()}


@pytest.mark.parametrize("text", ["{", "[]", '{"type":"nothing"}', '{"type":"ping"}', b"\xff\xfe"])
def test_promise_6_bad_input_gets_an_error_and_changes_nothing(text: str | bytes) -> None:
    server = Server()
    link, _ = live(server)
    version, seq = server.store.version, server.ring.next_seq
    server.say(link, text)
    (error,) = link.take()
    assert error["type"] == "error"
    assert (server.store.version, server.ring.next_seq) == (version, seq)
    server.say(link, {"type": "ping", "ts": 1})
    assert types(link.take()) == ["pong"]


def test_promise_6_it_ends_the_connection_only_when_it_goes_on() -> None:
    server = Server()
    link, _ = live(server)
    for _ in range(MAX_MISTAKES):
        server.say(link, "{")
        assert link.closed is None
    server.say(link, "{")
    assert link.closed is not None
    assert link.closed[0] == 1008
    heard = link.take()
    assert types(heard) == ["error"] * MAX_MISTAKES + ["bye"]


def test_promise_6_mistakes_long_ago_are_forgiven() -> None:
    server = Server()
    link, _ = live(server)
    for _ in range(MAX_MISTAKES * 3):
        server.say(link, "{")
        server.wait(1.0)
    assert link.closed is None
