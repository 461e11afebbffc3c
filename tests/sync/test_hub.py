"""What the hub decides, as lists of effects."""

from __future__ import annotations

import itertools
import logging
import threading
import zlib
from typing import Any

import orjson
import pytest

from autobench_nb.contract.limits import AUTH_DEADLINE_S, BATCH_ENTRIES, HELLO_GRACE_S, MAX_COMMANDS
from autobench_nb.logs.ring.batch import LogBatch
from autobench_nb.sync.effects import Broadcast, Close, Compute, Drop, Outgoing, RunCommand, Send
from autobench_nb.sync.server.log_feed import BATCH_BYTES, FLUSH_ENTRIES
from autobench_nb.sync.server.pace import LookPace
from autobench_nb.sync.server.presence import LINES, PERIOD_S
from tests.sync.harness import TOKEN, Link, Server, types

BUDGET = 65_536


def live(server: Server, **payload: Any) -> Link:
    link = server.connect()
    server.hello(link, **payload)
    server.settle()
    link.take()
    return link


def touch(server: Server, name: str, note: str = "") -> None:
    server.store.merge("/devices", {name: {"type": "t", "status": "s", "note": note}})


# ---------------------------------------------------------------- the door


def test_nothing_is_sent_before_the_token() -> None:
    server = Server()
    link = server.connect(authenticated=False)
    live(server)
    touch(server, "secret")
    server.log("secret")
    server.perform(server.hub.busy(True, server.now))
    server.wait(HELLO_GRACE_S * 2)
    server.settle()
    assert link.take() == []
    assert link.closed is None


@pytest.mark.parametrize(
    "first",
    [
        {"type": "hello"},
        {"type": "hello", "payload": {"token": "wrong"}},
        {"type": "hello", "payload": {"token": "\u00e9"}},
        {"type": "hello", "payload": {"token": 5}},
        {"type": "ping", "ts": 1},
        {"type": "command", "id": "a", "name": "b"},
        "nonsense",
    ],
    ids=str,
)
def test_without_the_right_token_it_is_closed_without_a_word(first: dict[str, Any] | str) -> None:
    server = Server()
    link = server.connect(authenticated=False)
    server.say(link, first)
    server.settle()
    assert link.take() == []
    assert link.closed is not None
    assert link.closed[0] == 1008
    assert server.commands == []


def test_the_right_token_opens() -> None:
    server = Server()
    heard = server.hello(server.connect(authenticated=False), token=TOKEN)
    assert types(heard) == ["welcome", "state.snapshot", "logs.history", "ack"]


def test_the_token_has_a_deadline() -> None:
    server = Server()
    link = server.connect(authenticated=False)
    assert server.hub.next_deadline(server.now) == server.now + AUTH_DEADLINE_S
    server.wait(AUTH_DEADLINE_S)
    assert link.closed is not None
    assert link.take() == []


def test_without_a_token_to_show_everyone_is_let_in() -> None:
    server = Server(token=None)
    heard = server.hello(server.connect(authenticated=False))
    assert heard[0]["type"] == "welcome"


def test_no_deadline_is_left_when_all_have_said_hello() -> None:
    server = Server()
    live(server)
    assert server.hub.next_deadline(server.now) is None


def test_a_second_hello_is_a_mistake() -> None:
    server = Server()
    link = live(server)
    server.say(link, {"type": "hello"})
    assert [m["code"] for m in link.take()] == ["hello-twice"]


def test_the_token_is_neither_logged_nor_sent() -> None:
    server = Server()
    link = server.connect(authenticated=False)
    heard = server.hello(link, token=TOKEN)
    bad = server.connect(authenticated=False)
    server.say(bad, {"type": "hello", "payload": {"token": "almost-the-right-one"}})
    server.settle()
    said = orjson.dumps([heard, link.take()]).decode()
    said += server.ring.since(0).wire().decode()
    assert TOKEN not in said
    assert "almost-the-right-one" not in said


# ---------------------------------------------------------------- fan-out


def test_a_flush_is_one_broadcast_of_each_kind_however_many_listen() -> None:
    server = Server()
    links = [live(server) for _ in range(5)]
    server.settle()
    touch(server, "d")
    server.log("hi")
    effects = server.flush()
    assert [type(effect) for effect in effects] == [Broadcast, Broadcast]
    for effect in effects:
        assert isinstance(effect, Broadcast)
        assert set(effect.sessions) == {link.session for link in links}
    assert all(types(link.take())[-2:] == ["state.patch", "logs.append"] for link in links)


def test_a_flush_with_nothing_new_says_nothing() -> None:
    server = Server()
    live(server)
    server.settle()
    for _ in range(5):
        server.wait(60.0)
        assert server.flush() == []


def test_telemetry_goes_along_at_most_once_a_second() -> None:
    server = Server()
    link = live(server)
    for _ in range(40):
        touch(server, "d", str(server.now))
        server.wait(0.1)
        server.settle()
    paths = [op["path"] for m in link.take() if "patch" in m for op in m["patch"]]
    about = [path for path in paths if path.startswith("/meta/telemetry/patches")]
    assert 3 <= len(about) <= 5
    assert server.store.get("/meta/telemetry/clients") == 1


def test_an_open_batch_holds_back_the_state_and_nothing_else() -> None:
    server = Server()
    link = live(server)
    opened, done = threading.Event(), threading.Event()

    def hold() -> None:
        with server.store.batch():
            touch(server, "held")
            opened.set()
            done.wait(10)

    holder = threading.Thread(target=hold)
    holder.start()
    opened.wait(10)
    server.log("meanwhile")
    server.flush()
    assert types(link.take()) == ["logs.append"]
    done.set()
    holder.join()
    server.flush()
    assert "held" in orjson.dumps(link.take()).decode()


def test_a_commit_that_another_reader_took_costs_a_snapshot_and_no_gap() -> None:
    server = Server()
    link = live(server)
    touch(server, "taken")
    server.store.flush()
    touch(server, "later")
    server.settle()
    heard = [m for m in link.take() if m["type"].startswith("state")]
    assert [m["type"] for m in heard] == ["state.snapshot"]
    assert "taken" in heard[0]["data"]["devices"]


def test_sessions_with_the_same_slices_share_one_encoding() -> None:
    server = Server()
    links = [live(server) for _ in range(4)]
    for link in links[:3]:
        server.say(link, {"type": "subscribe", "payload": {"slices": ["jobs", "version"]}})
    server.settle()
    for link in links[:3]:
        snapshot = link.take()[-1]
        assert set(snapshot["data"]) == {"version", "jobs"}
    links[3].take()
    touch(server, "d")
    server.store.set("/jobs/lastCompleted", "j")
    effects = server.flush()
    assert sorted(len(e.sessions) for e in effects if isinstance(e, Broadcast)) == [1, 3]
    (patch,) = links[0].take()
    assert [op["path"] for op in patch["patch"]] == ["/jobs/lastCompleted", "/version"]


def test_a_sliced_chain_is_strict_also_where_nothing_of_it_changed() -> None:
    server = Server()
    link = live(server)
    server.say(link, {"type": "subscribe", "payload": {"slices": ["jobs"]}})
    server.settle()
    version = link.take()[-1]["stateVersion"]
    for n in range(3):
        touch(server, f"d{n}")
        server.flush()
    for patch in link.take():
        assert patch["fromVersion"] == version
        version = patch["toVersion"]
    assert version == server.store.version


def test_a_query_filters_history_and_live_entries() -> None:
    server = Server()
    link, other = live(server), live(server)
    for n in range(10):
        server.log(f"line {n}", channel="psu" if n % 2 else "app")
    server.settle()
    link.take()
    payload = {"logsQuery": "channel:psu", "logsHistory": 20}
    server.say(link, {"type": "subscribe", "payload": payload})
    server.settle()
    (history,) = link.take()
    assert [e["message"] for e in history["entries"]] == [f"line {n}" for n in (1, 3, 5, 7, 9)]
    server.log("not for it")
    server.log("for it", channel="psu")
    server.settle()
    (append,) = [m for m in link.take() if m["type"] == "logs.append"]
    assert [e["message"] for e in append["entries"]] == ["for it"]
    assert append["missed"] == 0
    assert append["firstSeq"] <= history["nextSeq"]
    assert "not for it" in orjson.dumps(other.take()).decode()


def test_a_bad_query_gets_an_error_with_its_column_and_changes_nothing() -> None:
    server = Server()
    link = live(server)
    payload = {"logsQuery": "level>=warn (", "slices": ["jobs"], "includeSnapshot": True}
    server.say(link, {"type": "subscribe", "payload": payload})
    server.settle()
    (error,) = link.take()
    assert (error["code"], error["column"]) == ("bad-query", 14)


def test_a_filter_is_taken_away_by_null() -> None:
    server = Server()
    link = live(server)
    server.say(link, {"type": "subscribe", "payload": {"logsQuery": "nothing-has-this"}})
    server.settle()
    server.log("hidden")
    server.settle()
    server.say(link, {"type": "subscribe", "payload": {"logsQuery": None}})
    server.settle()
    server.log("shown")
    server.settle()
    appends = [m for m in link.take() if m["type"] == "logs.append"]
    assert [e["message"] for m in appends for e in m["entries"]] == ["shown"]
    for before, after in itertools.pairwise(appends):
        assert after["firstSeq"] - after["missed"] <= before["nextSeq"]


# ---------------------------------------------------------------- pace


def test_a_big_history_goes_out_in_bounded_batches_over_flushes() -> None:
    server = Server(log_capacity=50_000, client_logs_snapshot=50_000)
    for n in range(32_000):
        server.log(f"{n}")
    link = server.connect()
    server.say(link, {"type": "hello"})
    per_flush = []
    while server.hub.wants_flush:
        server.flush()
        messages = [m for m in link.take() if "entries" in m]
        per_flush.append([len(m["entries"]) for m in messages])
    counts = [count for flush in per_flush for count in flush]
    assert sum(counts) == server.ring.next_seq
    assert max(counts) <= BATCH_ENTRIES
    assert max(map(sum, per_flush)) <= FLUSH_ENTRIES


def test_wide_entries_leave_one_message_a_flush_and_are_encoded_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    server = Server(log_capacity=10_000)
    link = live(server)
    encode, encoded = LogBatch._encode, []

    def counted(self: LogBatch, *args: Any) -> bytes:
        encoded.append(len(self))
        return encode(self, *args)

    monkeypatch.setattr(LogBatch, "_encode", counted)
    most = []
    for _ in range(3):
        for _ in range(2_000):
            server.log("x" * 2_000)
        server.flush()
        while server.hub.wants_flush:
            messages = [m for m in link.take() if m["type"] == "logs.append"]
            most.append(sum(len(e["message"]) for m in messages for e in m["entries"]))
            server.flush()
        link.take()
    assert sum(encoded) <= server.ring.next_seq + 3_000  # the first that were wide were too many
    assert max(most) < 2 * BATCH_BYTES
    # Narrow ones that follow go as many at once as ever.
    for _ in range(6_000):
        server.log("x")
    server.flush()
    server.flush()
    counts = [len(m["entries"]) for m in link.take() if m["type"] == "logs.append"]
    assert max(counts) == BATCH_ENTRIES


def test_many_who_come_back_from_the_same_place_cost_one_encoding() -> None:
    server = Server(log_capacity=10_000)
    links = [live(server) for _ in range(3)]
    version, seq = server.store.version, server.ring.next_seq
    server.settle()
    for link in links:
        server.leave(link)
    for n in range(100):
        server.log(f"{n}")
    server.settle()
    resume = {"epoch": "epoch-1", "stateVersion": version, "nextSeq": seq}
    for _ in links:
        link = server.connect()
        server.say(link, {"type": "hello", "payload": {"resume": resume}})
    sent = {e.message for e in server.flush() if isinstance(e, Send) and e.message.kind == "logs.append"}  # fmt: skip
    assert len(sent) == 1


def test_a_client_that_reads_slowly_is_paced_and_not_overrun() -> None:
    server = Server(log_capacity=20_000, client_logs_snapshot=20_000, client_budget_bytes=BUDGET)
    for n in range(5_000):
        server.log(f"{n} " + "x" * 100)
    link = server.connect(reads=2_000)
    server.say(link, {"type": "hello"})
    seqs: list[int] = []
    for _ in range(2_000):
        server.settle()
        server.read(link, 8_000)
        seqs += [e["seq"] for m in link.take() for e in m.get("entries", ())]
        if seqs and seqs[-1] == server.ring.next_seq - 1:
            break
    assert seqs == list(range(server.ring.next_seq))
    assert server.hub.telemetry.dropped == 0


def test_what_was_dropped_of_the_log_is_sent_again_where_the_ring_has_it() -> None:
    server = Server(log_capacity=10_000, client_budget_bytes=BUDGET)
    link = live(server)
    first = server.ring.next_seq
    server.read(link, 10)
    for n in range(100):
        server.log(f"line {n} " + "x" * 1_000)
        server.flush()
    server.read(link, None)
    server.settle()
    appends = [m for m in link.take() if m["type"] == "logs.append"]
    seqs = [e["seq"] for m in appends for e in m["entries"]]
    assert seqs == list(range(first, server.ring.next_seq))
    assert sum(m["missed"] for m in appends) == 0


def test_asking_for_snapshots_without_reading_piles_nothing_up() -> None:
    server = Server(client_budget_bytes=BUDGET)
    for n in range(20):
        touch(server, f"d{n}", "x" * 10_000)
    link = live(server)
    server.read(link, 10)
    for _ in range(20):
        server.say(link, {"type": "state.resync"})
        server.settle()
    assert sum(message.kind == "state.snapshot" for message in link.queue) == 1
    assert not any(isinstance(effect, Drop) for effect in server.effects)


def test_hidden_entries_are_no_loss_also_where_others_are_lost() -> None:
    server = Server(log_capacity=20, log_channel_allowlist=("app",))
    link = live(server)
    server.log("shown")
    server.settle()
    (position,) = [m["nextSeq"] for m in link.take() if m["type"] == "logs.append"]
    for _ in range(5):
        server.log("hidden", channel="device")
    server.settle()
    for n in range(50):
        server.log(f"line {n}")
    server.settle()
    for message in [m for m in link.take() if m["type"] == "logs.append"]:
        assert message["firstSeq"] - message["missed"] <= position
        position = message["nextSeq"]
    assert position == server.ring.next_seq


def test_who_sees_nothing_of_the_log_is_still_told_where_it_stands() -> None:
    server = Server(log_capacity=20, log_channel_allowlist=("app",))
    link = live(server)
    for _ in range(15):
        server.log("hidden", channel="device")
        server.settle()
    (append,) = [m for m in link.take() if m["type"] == "logs.append"]
    assert append["entries"] == []
    assert append["missed"] == 0
    assert append["nextSeq"] > server.ring.first_seq


def test_a_position_of_another_epoch_is_never_resumed_even_where_the_numbers_fit() -> None:
    server = Server()
    server.settle()
    resume = {"epoch": "another", "stateVersion": server.store.version, "nextSeq": 0}
    welcome, snapshot, *_ = server.hello(server.connect(), resume=resume)
    assert welcome["resumed"] is False
    assert snapshot["reason"] == "epoch"


def test_a_position_that_never_was_is_not_resumed() -> None:
    server = Server()
    server.settle()
    for wrong in ({"stateVersion": 10**6, "nextSeq": 0}, {"stateVersion": 0, "nextSeq": 10**6}):
        heard = server.hello(server.connect(), resume={"epoch": "epoch-1", **wrong})
        assert heard[0]["resumed"] is False
        assert types(heard)[1:3] == ["state.snapshot", "logs.history"]
        assert heard[2]["missed"] == 0


# ---------------------------------------------------------------- commands


def test_a_command_is_handed_over_and_its_answer_sent() -> None:
    server = Server()
    link, other = live(server), live(server)
    server.say(link, {"type": "command", "id": "c1", "name": "jobs.cancel", "args": {"runId": "r"}})
    assert server.commands == [RunCommand(link.session, "c1", "jobs.cancel", {"runId": "r"})]
    link.take()
    other.take()
    server.perform(server.hub.answer(link.session, "c1", value={"x": 1}, now=server.now))
    assert link.take() == [{"type": "result", "id": "c1", "ok": True, "value": {"x": 1}}]
    assert server.hub.answer(link.session, "c1", value=1, now=server.now) == []
    assert other.take() == []


def test_a_command_that_fails_says_code_and_message() -> None:
    server = Server()
    link = live(server)
    server.say(link, {"type": "command", "id": 7, "name": "x"})
    server.perform(server.hub.answer(link.session, 7, error=("not-found", "There is none.")))
    (result,) = link.take()
    assert result["error"] == {"code": "not-found", "message": "There is none."}


def test_an_answer_that_is_no_json_value_is_a_failure_and_no_exception() -> None:
    server = Server()
    link = live(server)
    server.say(link, {"type": "command", "id": "c", "name": "x"})
    server.perform(server.hub.answer(link.session, "c", value=object()))
    assert [m["error"]["code"] for m in link.take()] == ["failed"]


def test_commands_in_flight_are_bounded() -> None:
    server = Server()
    link = live(server)
    for n in range(MAX_COMMANDS + 1):
        server.say(link, {"type": "command", "id": n, "name": "x"})
    assert len(server.commands) == MAX_COMMANDS
    (error,) = link.take()
    assert (error["code"], error["id"]) == ("too-many-commands", MAX_COMMANDS)


def test_a_result_outlives_an_overrun() -> None:
    server = Server(client_budget_bytes=BUDGET)
    link = live(server)
    server.say(link, {"type": "command", "id": "before", "name": "x"})
    server.say(link, {"type": "command", "id": "while", "name": "x"})
    server.read(link, 10)
    touch(server, "d", "begun")
    server.flush()
    server.perform(server.hub.answer(link.session, "before", value=1))
    for n in range(50):
        touch(server, "d", str(n) + "x" * 5_000)
        server.flush()
    assert any(isinstance(effect, Drop) for effect in server.effects)
    server.perform(server.hub.answer(link.session, "while", value=2))
    server.read(link, None)
    server.settle()
    assert [m["id"] for m in link.take() if m["type"] == "result"] == ["before", "while"]


def test_answers_to_a_client_that_never_reads_are_bounded() -> None:
    server = Server(client_budget_bytes=BUDGET)
    link = live(server)
    for n in range(100):
        server.say(link, {"type": "command", "id": n, "name": "x"})
    server.read(link, 10)
    for n in range(100):
        answer = server.hub.answer(link.session, n, value="x" * 10_000, now=server.now)
        server.perform(answer)
    assert link.closed is not None
    assert link.closed[0] == 1013
    assert link.most_waiting <= BUDGET


def test_the_hash_is_computed_off_the_loop() -> None:
    server = Server()
    link = live(server)
    server.say(link, {"type": "command", "id": "h", "name": "state.hash"})
    assert server.hub.wants_snapshot
    assert any(isinstance(effect, Compute) for effect in server.flush())
    (result,) = [m for m in link.take() if m["type"] == "result"]
    assert len(result["value"]["hash"]) == 64


# ---------------------------------------------------------------- the rest


def test_a_pong_tells_the_position_of_this_session() -> None:
    server = Server()
    link = live(server)
    server.settle()
    link.take()
    touch(server, "unflushed")
    server.log("unflushed")
    server.say(link, {"type": "ping", "ts": 0.5})
    (pong,) = link.take()
    server.settle()
    patch, append = link.take()
    assert pong["epoch"] == "epoch-1"
    assert pong["stateVersion"] == patch["fromVersion"]
    assert pong["nextSeq"] == append["firstSeq"]


def test_busy_is_told_once_and_to_those_who_come() -> None:
    server = Server()
    link = live(server)
    for flag in (True, True):
        server.perform(server.hub.busy(flag, server.now))
    assert [m["busy"] for m in link.take()] == [True]
    late = server.connect()
    assert "server.busy" in types(server.hello(late))
    server.perform(server.hub.busy(False, server.now))
    assert link.take()[-1]["busy"] is False


def test_close_says_bye_to_all_and_takes_nothing_more() -> None:
    server = Server()
    link, mute = live(server), server.connect(authenticated=False)
    effects = server.perform(server.hub.close("The orchestrator was closed.", server.now))
    bye = {"type": "bye", "code": 1001, "reason": "The orchestrator was closed."}
    assert link.take() == [bye]
    assert [e.session for e in effects if isinstance(e, Close)] == [link.session, mute.session]
    assert mute.take() == []
    server.say(link, {"type": "ping", "ts": 1})
    assert server.flush() == []


def test_who_came_and_left_is_logged() -> None:
    server = Server()
    link = live(server)
    server.wait(3.0)
    server.leave(link)
    entries = [(e.channel, e.message) for e in server.ring.since(0).entries]
    assert entries == [
        ("websocket", "Client 1 connected from a test."),
        ("websocket", "Client 1 left after 3 s."),
    ]


def test_visits_are_not_logged_where_that_is_not_wanted_but_refusals_are() -> None:
    server = Server(ws_connection_log=False)
    server.leave(live(server))
    stranger = server.connect(authenticated=False)
    server.say(stranger, {"type": "hello", "payload": {"token": "wrong"}})
    (entry,) = server.ring.since(0).entries
    assert "refused" in entry.message


def test_a_thousand_who_come_at_once_do_not_empty_a_small_ring() -> None:
    server = Server(log_capacity=50)
    server.log("precious")
    for _ in range(1_000):
        server.say(server.connect(), {"type": "hello"})
    server.settle()
    assert server.ring.size == 1 + LINES
    server.wait(PERIOD_S)
    messages = [e.message for e in server.ring.since(0).entries]
    assert "precious" in messages
    assert messages[-1] == "990 more clients connected."


@pytest.mark.parametrize("kind", ["visit", "refusal", "end"])
def test_one_that_comes_and_goes_without_end_does_not_empty_a_small_ring(kind: str) -> None:
    server = Server(log_capacity=200)
    server.log("precious")
    for _ in range(600):  # twenty a second, for three periods
        link = server.connect(authenticated=kind != "refusal")
        hello = {"token": "wrong"} if kind == "refusal" else {}
        server.say(link, {"type": "hello", "payload": hello})
        if kind == "end":
            server.perform(server.hub.end_silent(link.session, server.now))
        server.leave(link)
        server.settle()
        server.wait(0.05)
    server.wait(PERIOD_S)
    messages = [e.message for e in server.ring.since(0).entries]
    assert "precious" in messages
    of_each = {"visit": ("connected", "left"), "refusal": ("refused",), "end": ("ended",)}
    for what in of_each[kind]:
        told = [message for message in messages if f" {what}" in message]
        counted = [int(m.split()[0]) for m in told if " more client" in m]
        assert len(told) - len(counted) + sum(counted) == 600
        assert len(told) <= 4 * (LINES + 1)
    assert server.hub.next_deadline(server.now) is None


def test_what_was_counted_is_told_before_the_end() -> None:
    server = Server()
    for _ in range(2 * LINES):
        server.say(server.connect(), {"type": "hello"})
    server.perform(server.hub.close("the end", server.now))
    messages = [e.message for e in server.ring.since(0).entries]
    assert messages[-1] == f"{LINES} more clients connected."


def test_a_session_that_is_gone_is_ignored() -> None:
    server = Server()
    link = live(server)
    server.leave(link)
    hub, now = server.hub, server.now
    assert hub.receive(link.session, '{"type":"ping","ts":1}', now) == []
    assert hub.queued(link.session, 10, now) == []
    assert hub.dropped(link.session, [], now) == []
    assert hub.disconnect(link.session, now) == []


def test_a_message_is_deflated_once_and_inflates_to_itself() -> None:
    message = Outgoing("x", b'{"type":"x"}' * 10_000)
    assert not message.is_deflated
    deflated = message.deflated
    assert message.deflated is deflated
    inflate = zlib.decompressobj(-zlib.MAX_WBITS)
    assert inflate.decompress(deflated + b"\x00\x00\xff\xff") == message.data
    assert not deflated.endswith(b"\x00\x00\xff\xff")


def test_the_room_logs_nothing_to_the_standard_logger(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        live(Server())
    assert caplog.records == []


def has_news(server: Server) -> bool:
    server.flush()
    return server.hub.had_news


def test_a_flush_that_only_finds_what_the_one_before_wrote_has_no_news() -> None:
    server = Server()
    live(server)
    server.log("a")
    assert has_news(server)
    assert not has_news(server)
    touch(server, "cam1")
    assert has_news(server)


def test_news_are_news_though_nobody_is_there_to_be_told() -> None:
    server = Server()
    server.flush()
    touch(server, "cam1")
    assert has_news(server)
    server.flush()
    server.log("a")
    assert has_news(server)


def test_who_asks_for_the_past_without_a_query_is_given_all_of_it_however_slow_the_machine() -> (
    None
):
    server = Server(log_capacity=4_000)
    for number in range(3_000):
        server.log(f"line {number}")
    link = live(server)
    turns = itertools.count()
    server.hub._logs._pace = LookPace(lambda: float(next(turns)))
    for _ in range(3):
        server.say(link, {"type": "logs.replay", "sinceSeq": 0, "limit": 2_000})
        server.settle()
        (answer,) = link.take()
        assert [entry["seq"] for entry in answer["entries"]] == list(range(2_000))
