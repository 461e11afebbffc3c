"""What the wire document says of a connection: what belongs to it, what answers what, and what ends it."""

from __future__ import annotations

import itertools
import json
from typing import Any

import jsonpatch
import pytest

from autobench_nb.contract.canonical import state_hash
from autobench_nb.contract.limits import (
    BATCH_ENTRIES,
    HELLO_GRACE_S,
    MAX_MISTAKES,
    MAX_UNKNOWN_ANSWERS,
    MISTAKES_PERIOD_S,
    UNKNOWN_PERIOD_S,
)
from autobench_nb.sync.client.effects import SendUp
from autobench_nb.sync.client.mirror import Mirror
from tests.sync.harness import TOKEN, Link, Server, types

WHOLE = {"version", "meta", "config", "devices", "streams", "jobs", "pno", "logs", "serverConfig"}


def live(server: Server, **payload: Any) -> Link:
    link = server.connect()
    server.hello(link, **payload)
    return link


def say(server: Server, link: Link, kind: str, **payload: Any) -> list[dict[str, Any]]:
    server.settle()
    link.take()
    server.say(link, {"type": kind, "payload": payload})
    server.settle()
    return link.take()


def touch(server: Server, name: str) -> None:
    server.store.merge("/devices", {name: {"type": "t", "status": "s"}})


def here(server: Server) -> dict[str, Any]:
    """The position of a client that has everything."""
    server.settle()
    return {
        "epoch": server.hub.epoch,
        "stateVersion": server.store.version,
        "nextSeq": server.ring.next_seq,
    }


# ---------------------------------------------------------------- slices belong to the connection


def test_a_sliced_client_that_resumes_is_patched_by_any_json_patch_library() -> None:
    server = Server()
    link = server.connect()
    held = server.hello(link, slices=["jobs"])[1]["data"]
    assert held.keys() == {"version", "jobs"}
    resume = here(server)
    held = say_patches(held, link.take())
    server.leave(link)
    touch(server, "not-its-slice")
    server.store.set("/jobs/lastCompleted", "j1")
    server.flush()
    server.store.set("/jobs/lastCompleted", "j2")
    server.flush()
    again = server.connect()
    heard = server.hello(again, slices=["jobs"], resume=resume)
    assert heard[0]["resumed"] is True
    held = say_patches(held, heard)
    state = server.state
    assert held == {name: state[name] for name in ("version", "jobs")}
    touch(server, "live")
    server.flush()
    assert say_patches(held, again.take())["version"] == server.store.version


def say_patches(state: Any, messages: list[dict[str, Any]]) -> Any:
    for message in messages:
        if message["type"] == "state.patch":
            assert message["fromVersion"] == state["version"]
            state = jsonpatch.apply_patch(state, message["patch"])
    return state


def test_a_new_connection_that_does_not_name_slices_has_them_all() -> None:
    server = Server()
    first = server.connect()
    server.hello(first, slices=["jobs"])
    server.leave(first)
    snapshot = server.hello(server.connect())[1]
    assert set(snapshot["data"]) == WHOLE


def test_slices_in_hello_share_one_encoding_with_those_of_subscribe() -> None:
    server = Server()
    links = [live(server, slices=["jobs", "devices"]), live(server)]
    say(server, links[1], "subscribe", slices=["devices", "version", "jobs"])
    server.settle()
    links[0].take()
    touch(server, "d")
    server.flush()
    first, second = ([m for m in link.arrived if b"state.patch" in m] for link in links)
    assert first == second


def test_a_hello_after_the_grace_still_says_slices_and_query() -> None:
    server = Server()
    link = server.connect()
    server.wait(HELLO_GRACE_S)
    server.settle()
    assert set(link.take()[1]["data"]) == WHOLE
    heard = server.hello(link, slices=["jobs"], logsQuery="channel:psu")
    assert [m["type"] for m in heard if "entries" not in m] == ["state.snapshot", "ack"]
    assert heard[0]["data"].keys() == {"version", "jobs"}
    server.log("hidden")
    server.log("shown", channel="psu")
    server.settle()
    assert [e["message"] for m in link.take() if "entries" in m for e in m["entries"]] == ["shown"]


def test_null_slices_in_hello_are_all_of_them() -> None:
    server = Server()
    assert set(server.hello(server.connect(), slices=None)[1]["data"]) == WHOLE


def test_a_resync_after_other_slices_were_asked_for_never_answers_with_patches_for_them() -> None:
    server = Server()
    link = live(server)
    before = here(server)["stateVersion"]
    link.take()
    server.say(link, {"type": "subscribe", "payload": {"slices": ["jobs"]}})
    server.say(link, {"type": "state.resync", "sinceVersion": before})
    server.settle()
    heard = [m for m in link.take() if m["type"].startswith("state.")]
    assert heard[0]["type"] == "state.snapshot"
    assert heard[0]["data"].keys() == {"version", "jobs"}


def test_a_resync_from_before_the_slices_changed_gets_their_snapshot() -> None:
    server = Server()
    link = live(server)
    before = here(server)["stateVersion"]
    touch(server, "d")
    server.flush()
    say(server, link, "subscribe", slices=["jobs"])
    server.say(link, {"type": "state.resync", "sinceVersion": before})
    server.settle()
    assert types(link.take())[0] == "state.snapshot"
    now = here(server)["stateVersion"]
    link.take()
    server.say(link, {"type": "state.resync", "sinceVersion": now})
    assert types(link.take()) == ["state.patch"]


def test_the_mirror_says_its_slices_again_and_equals_the_server_after_a_resume() -> None:
    server = Server()
    mirror = Mirror()
    link = server.connect()
    server.say(link, mirror.hello())
    mirrored(server, link, mirror)
    server.say(link, mirror.subscribe(server.now, slices=("jobs", "devices")))
    mirrored(server, link, mirror)
    assert mirror.state is not None
    assert mirror.state.keys() == {"version", "jobs", "devices"}
    server.leave(link)
    touch(server, "while-away")
    server.settle()
    link = server.connect()
    server.say(link, mirror.hello())
    heard = mirrored(server, link, mirror)
    assert "state.snapshot" not in heard
    state = server.state
    assert mirror.state == {name: state[name] for name in ("version", "jobs", "devices")}


def mirrored(server: Server, link: Link, mirror: Mirror) -> list[str]:
    heard: list[str] = []
    while True:
        server.settle()
        messages = link.take()
        if not messages:
            return heard
        heard += types(messages)
        for message in messages:
            for effect in mirror.receive(message, server.now):
                if isinstance(effect, SendUp):
                    server.say(link, effect.data)


@pytest.mark.parametrize("slices", [None, ["jobs"], ["devices", "meta"]], ids=str)
def test_the_hash_is_of_what_the_connection_mirrors(slices: list[str] | None) -> None:
    server = Server()
    link = server.connect()
    touch(server, "d\u00e9")
    held = server.hello(link, **({} if slices is None else {"slices": slices}))[1]["data"]
    server.settle()
    held = say_patches(held, link.take())
    server.say(link, {"type": "command", "id": 1, "name": "state.hash"})
    server.settle()
    heard = link.take()
    held = say_patches(held, heard)
    (result,) = [m for m in heard if m["type"] == "result"]
    assert result["value"] == {"version": held["version"], "hash": state_hash(held)}


# ---------------------------------------------------------------- so does the query


def test_a_query_in_hello_filters_history_and_live_entries_of_this_connection_alone() -> None:
    server = Server()
    for n in range(6):
        server.log(f"line {n}", channel="psu" if n % 2 else "app")
    link, other = server.connect(), live(server)
    heard = server.hello(link, logsQuery="channel:psu")
    history = next(m for m in heard if m["type"] == "logs.history")
    assert [e["message"] for e in history["entries"]] == ["line 1", "line 3", "line 5"]
    server.log("not for it")
    server.log("for it", channel="psu")
    server.settle()
    seen = [e["message"] for m in link.take() if "entries" in m for e in m["entries"]]
    assert seen == ["for it"]
    assert "not for it" in json.dumps(other.take())


def test_a_query_looks_at_what_is_seen_and_sends_what_was_written() -> None:
    server = Server()
    server.log("fa\x1b[1miled before")
    link = server.connect()
    heard = server.hello(link, logsQuery="failed")
    server.log("\x1b[1mfa\x1b[0miled")
    server.log("\x1b[31mfine")
    server.settle()
    sent = [e["message"] for m in (*heard, *link.take()) for e in m.get("entries", ())]
    assert sent == ["fa\x1b[1miled before", "\x1b[1mfa\x1b[0miled"]


def test_a_client_with_a_query_resumes_under_it() -> None:
    server = Server()
    link = live(server, logsQuery="channel:psu")
    resume = here(server)
    server.leave(link)
    server.log("hidden")
    server.log("shown", channel="psu")
    server.settle()
    heard = server.hello(server.connect(), logsQuery="channel:psu", resume=resume)
    assert heard[0]["resumed"] is True
    batches = [m for m in heard if m["type"] == "logs.append"]
    assert [e["message"] for m in batches for e in m["entries"]] == ["shown"]
    assert [m["missed"] for m in batches] == [0]
    assert batches[0]["firstSeq"] == resume["nextSeq"]


def test_a_bad_query_in_hello_is_an_error_and_the_hello_counts_as_not_said() -> None:
    server = Server()
    for authenticated in (True, False):
        link = server.connect(authenticated=authenticated)
        payload = {"logsQuery": "level>=warn (", **({} if authenticated else {"token": TOKEN})}
        server.say(link, {"type": "hello", "payload": payload})
        (error,) = link.take()
        assert (error["code"], error["column"]) == ("bad-query", 14)
        server.wait(HELLO_GRACE_S)
        server.settle()
        assert types(link.take())[0] == "welcome"
    assert link.closed is None


def test_holes_under_a_query_are_no_loss_and_what_is_lost_is_counted_all_the_same() -> None:
    server = Server(log_capacity=20)
    link = live(server, logsQuery="channel:psu")
    told = server.ring.next_seq
    for n in range(100):
        server.log(f"line {n}", channel="psu" if n % 10 == 0 else "app")
    server.settle()
    batches = [m for m in link.take() if m["type"] == "logs.append"]
    for batch in batches:
        assert batch["firstSeq"] - batch["missed"] <= told
        told = batch["nextSeq"]
    # All that the ring let go is counted, whether or not the query would have found it.
    assert sum(batch["missed"] for batch in batches) == 80
    assert [e["message"] for m in batches for e in m["entries"]] == ["line 80", "line 90"]


def test_the_ranges_that_batches_cover_leave_no_gap_under_a_query() -> None:
    server = Server(log_capacity=100)
    link = live(server, logsQuery="rare")
    start = server.ring.next_seq
    for n in range(300):
        server.log("rare" if n % 97 == 0 else "frequent")
        if n % 7 == 0:
            server.flush()
    server.settle()
    batches = [m for m in link.take() if m["type"] == "logs.append"]
    assert batches[0]["firstSeq"] - batches[0]["missed"] <= start
    for before, after in itertools.pairwise(batches):
        assert after["firstSeq"] - after["missed"] == before["nextSeq"]


# ---------------------------------------------------------------- what subscribe answers


@pytest.mark.parametrize(
    ("payload", "answer"),
    [
        ({}, []),
        ({"includeSnapshot": False}, []),
        ({"includeSnapshot": True}, ["state.snapshot"]),
        ({"slices": ["jobs"]}, ["state.snapshot"]),
        ({"slices": None}, []),
        ({"logsQuery": "level>=warn"}, []),
        ({"logsQuery": None}, []),
        ({"logsQuery": "  "}, []),
        ({"logsHistory": 0}, []),
        ({"logsHistory": 2}, ["logs.history"]),
        ({"slices": ["jobs"], "logsHistory": 2}, ["state.snapshot", "logs.history"]),
        ({"includeSnapshot": True, "logsHistory": 2, "logsQuery": "x"}, ["state.snapshot", "logs.history"]),
    ],
    ids=str,
)  # fmt: skip
def test_subscribe_answers_what_it_names_and_nothing_else(
    payload: dict[str, Any], answer: list[str]
) -> None:
    server = Server()
    link = live(server)
    heard = say(server, link, "subscribe", **payload)
    assert types(heard) == answer
    assert all(m.get("reason", "resync") == "resync" for m in heard)


def test_the_same_slices_again_are_not_answered() -> None:
    server = Server()
    link = live(server)
    assert types(say(server, link, "subscribe", slices=["jobs", "devices"])) == ["state.snapshot"]
    assert say(server, link, "subscribe", slices=["devices", "jobs", "version"]) == []


def test_a_history_has_so_many_entries_and_never_more_than_a_batch() -> None:
    server = Server(log_capacity=10_000)
    for n in range(BATCH_ENTRIES + 500):
        server.log(f"{n}")
    link = live(server)
    for asked, given in ((3, 3), (BATCH_ENTRIES + 400, BATCH_ENTRIES)):
        (history,) = say(server, link, "subscribe", logsHistory=asked)
        assert len(history["entries"]) == given
        assert history["nextSeq"] == server.ring.next_seq


def test_a_bad_query_in_subscribe_does_nothing_of_the_message() -> None:
    server = Server()
    link = live(server)
    heard = say(server, link, "subscribe", logsQuery="(", slices=["jobs"], logsHistory=3)
    assert [m["code"] for m in heard] == ["bad-query"]
    touch(server, "d")
    server.flush()
    assert "/devices/d" in json.dumps(link.take())


# ---------------------------------------------------------------- positions


def test_a_resync_at_the_present_version_is_an_empty_patch_from_it_to_itself() -> None:
    server = Server()
    link = live(server)
    version = here(server)["stateVersion"]
    link.take()
    server.say(link, {"type": "state.resync", "sinceVersion": version})
    (patch,) = link.take()
    assert (patch["fromVersion"], patch["toVersion"], patch["patch"]) == (version, version, [])


@pytest.mark.parametrize("ahead", ["stateVersion", "nextSeq"])
def test_a_position_of_the_future_is_like_none_and_the_mirror_drops_what_it_holds(
    ahead: str,
) -> None:
    server = Server()
    server.log("a line")
    resume = here(server)
    heard = server.hello(server.connect(), resume={**resume, ahead: resume[ahead] + 1_000})
    assert heard[0]["resumed"] is False
    assert heard[1]["reason"] == "resync"
    assert "logs.history" in types(heard)

    mirror = Mirror()
    link = server.connect()
    server.say(link, mirror.hello())
    mirrored(server, link, mirror)
    server.leave(link)
    if ahead == "nextSeq":
        mirror.next_seq = resume["nextSeq"] + 1_000
    else:
        mirror.version = resume["stateVersion"] + 1_000
    link = server.connect()
    server.say(link, mirror.hello())
    mirrored(server, link, mirror)
    assert mirror.state == server.state
    assert mirror.next_seq == server.ring.next_seq


# ---------------------------------------------------------------- mistakes


def test_so_many_mistakes_within_the_period_are_forgiven_and_one_more_is_not() -> None:
    server = Server()
    link = live(server)
    for _ in range(MAX_MISTAKES):
        server.say(link, '{"type":"ping"}')
    server.wait(MISTAKES_PERIOD_S + 1)
    for _ in range(MAX_MISTAKES):
        server.say(link, '{"type":"ping"}')
    closed_before = link.closed
    link.take()
    server.say(link, '{"type":"ping"}')
    assert types(link.take()) == ["bye"]
    assert (closed_before, (link.closed or (0, ""))[0]) == (None, 1008)


def test_a_refused_token_is_closed_without_a_bye() -> None:
    server = Server()
    link = server.connect(authenticated=False)
    server.say(link, {"type": "hello", "payload": {"token": "wrong"}})
    assert link.take() == []
    assert link.closed is not None
    assert link.closed[0] == 1008


def test_unknown_types_are_no_mistake_however_many_there_are_and_get_few_answers() -> None:
    server = Server()
    link = live(server)
    link.take()
    for _ in range(20 * MAX_MISTAKES):
        server.say(link, {"type": "ps2-mouse.command", "payload": {"kind": "move", "dx": 1}})
    errors = link.take()
    assert [m["code"] for m in errors] == ["unknown-type"] * MAX_UNKNOWN_ANSWERS
    assert link.closed is None
    server.wait(UNKNOWN_PERIOD_S + 1)
    server.say(link, {"type": "ps2-mouse.command", "id": 7})
    (later,) = link.take()
    assert later["id"] == 7
    assert f"{20 * MAX_MISTAKES - MAX_UNKNOWN_ANSWERS:,} more were not answered" in later["message"]
    server.say(link, {"type": "ping", "ts": 1})
    assert types(link.take()) == ["pong"]


def test_unknown_types_and_mistakes_are_counted_apart() -> None:
    server = Server()
    link = live(server)
    for _ in range(MAX_MISTAKES):
        server.say(link, {"type": "unheard-of"})
        server.say(link, "{")
    server.say(link, {"type": "unheard-of"})
    closed_before = link.closed
    server.say(link, "{")
    assert (closed_before, (link.closed or (0, ""))[0]) == (None, 1008)


@pytest.mark.parametrize("has_journal", [False, True])
def test_the_journal_may_be_asked_for_and_is_there_where_the_orchestrator_has_one(
    has_journal: bool,
) -> None:
    server = Server()
    if has_journal:
        server.store.set("/journal", JOURNAL)
    held = server.hello(server.connect(), slices=["jobs", "journal"])[1]["data"]
    assert held.keys() == {"version", "jobs"} | ({"journal"} if has_journal else set())
    mirror = Mirror()
    mirror.slices = ("jobs", "journal")
    assert mirror._is_of_slices(held)
    mirror.slices = ("devices", "journal")
    assert not mirror._is_of_slices(held)
    mirror.slices = ("jobs",)
    assert mirror._is_of_slices(held) is not has_journal


JOURNAL: dict[str, Any] = {
    "path": "lab.db",
    "status": "writing",
    "reason": None,
    "missed": 0,
    "late": 0,
    "interrupted": {},
}
