"""Keys are admitted like values: what no encoder takes never enters, and if it did it would stop nobody."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import jsonpatch
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autobench_nb.devices import Devices
from autobench_nb.errors import StateError
from autobench_nb.logs import LogRing
from autobench_nb.logs.logger import ChannelLogger
from autobench_nb.sidecars import Streams
from autobench_nb.state.pointer import escape
from autobench_nb.state.projections import Projection
from autobench_nb.state.store import StateStore
from autobench_nb.sync.client.mirror import Mirror
from tests.sync.harness import Server, types

ODD = "\ud800"
Way = Callable[[StateStore, str], Any]


def in_a_batch(store: StateStore, key: str) -> None:
    with store.batch():
        store.set("/devices/fine", {"type": "x"})
        store.set(f"/devices/{key}", {"type": "x"})


WAYS: dict[str, Way] = {
    "set": lambda store, key: store.set(f"/devices/{key}", {"type": "x"}),
    "set, below": lambda store, key: store.set(f"/devices/d/{key}", 1),
    "set, in a list": lambda store, key: store.set(f"/pno/findings/0/{key}", 1),
    "set, in a value": lambda store, key: store.set("/devices/d", {"type": "x", key: 1}),
    "merge, at": lambda store, key: store.merge(f"/devices/{key}", {"type": "x"}),
    "merge, within": lambda store, key: store.merge("/devices", {key: {"type": "x"}}),
    "merge, deep": lambda store, key: store.merge("/devices/d", {"a": {"b": {key: 1}}}),
    "replace_state": lambda store, key: store.replace_state(
        {**store.get(), "devices": {key: {"type": "x"}}}
    ),
    "remove": lambda store, key: store.remove(f"/devices/{key}"),
    "batch": in_a_batch,
    "devices.add": lambda store, key: Devices(store).add(key, type="x"),
    "devices.add, a field": lambda store, key: Devices(store).add(
        "e", type="x", **dict[str, Any]({key: "1"})
    ),
    "devices.update": lambda store, key: Devices(store).update("d", **{key: 1}),
    "streams.add": lambda store, key: Streams(store).add(key),
    "subscribe": lambda store, key: store.subscribe(print, f"/devices/{key}"),
    "projection": lambda _store, key: StateStore(
        projections=[Projection("/devices", f"/streams/{key}", len)]
    ),
}
KEYS = [
    ODD,
    "\udfff",
    "a\ud83d",
    "\udc80",
    "\udc80/x",
    f"~1{ODD}",
    f"é{ODD}é",
    "\udf00\ud83c",
    os.fsdecode(b"log-\xff.txt"),
]


@pytest.mark.parametrize("key", KEYS, ids=ascii)
@pytest.mark.parametrize("way", WAYS)
def test_a_key_that_utf8_cannot_carry_is_refused_by_name_and_nothing_changes(
    way: str, key: str
) -> None:
    store = StateStore()
    store.set("/devices/d", {"type": "x"})
    store.set("/pno/findings", [{"severity": "info"}])
    before = store.get()
    with pytest.raises(StateError) as refusal:
        WAYS[way](store, key)
    said = str(refusal.value)
    said.encode()  # whoever prints it does not fail in turn
    assert "surrogate" in said
    assert ascii(key.rsplit("/", 1)[0].replace("~1", "/"))[1:-1].split("\\u")[1][:4] in said
    assert store.get() == before
    store.flush()
    cut = store.cut()
    assert cut is not None
    assert orjson.loads(cut[1].data) == before


def test_a_name_that_a_folder_gives_is_refused_with_what_to_do(tmp_path: Path) -> None:
    os.close(os.open(os.fsencode(tmp_path) + b"/disk-\xe9.img", os.O_CREAT))
    (name,) = os.listdir(tmp_path)
    devices = Devices(StateStore())
    with pytest.raises(StateError, match=r"use key\.encode\(errors='backslashreplace'\)"):
        devices.add(name, type="disk")
    devices.add(name.encode(errors="backslashreplace").decode(), type="disk")
    assert list(devices) == ["disk-\\udce9.img"]


def test_an_odd_key_is_not_there_when_it_is_looked_for() -> None:
    devices = Devices(StateStore())
    assert ODD not in devices
    with pytest.raises(KeyError):
        devices[ODD]


@pytest.mark.parametrize("kind", [str, int, float, list, bool])
def test_a_value_that_only_says_to_be_of_a_json_type_is_refused(kind: type) -> None:
    store = StateStore()
    with pytest.raises((StateError, TypeError)):
        store.set("/devices/d", {"type": "x", "value": [Mock(spec=kind)]})
    store.set("/devices/d", {"type": "x"})
    assert store.flush() is not None


TEXTS = st.text(max_size=6) | st.sampled_from([*KEYS, "", "/", "~", "\0", "x" * 300])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS | st.binary(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)
MUTATIONS = st.one_of(
    st.tuples(st.just("set"), TEXTS, VALUES),
    st.tuples(st.just("merge"), TEXTS, VALUES),
    st.tuples(st.just("add"), TEXTS, VALUES),
)


@given(st.lists(MUTATIONS, max_size=8))
def test_whatever_keys_and_values_come_every_flush_reaches_the_client(
    mutations: list[tuple[str, str, Any]],
) -> None:
    server = Server()
    link = server.connect()
    mirror = Mirror()
    server.say(link, mirror.hello())
    for kind, key, value in mutations:
        try:
            if kind == "set":
                server.store.set(f"/devices/{escape(key)}", {"value": value})
            elif kind == "merge":
                server.store.merge(f"/devices/{key}", {key: value})
            else:
                Devices(server.store).add(key, type="x", value=value)
        except StateError:
            continue
        server.settle()
    server.settle()
    for message in link.take():
        mirror.receive(orjson.dumps(message), server.now)
    assert mirror.state == server.state
    assert server.hub.telemetry.errors == 0


def smuggle(server: Server) -> None:
    """Put in what the rules keep out, as a fault in them would."""
    server.store.set("/devices/fine", {"type": "x"})
    server.store._document.root["devices"][ODD] = {"type": "x"}
    server.store._document.touched["devices"][ODD] = (None, None, f"/devices/{ODD}")


def test_what_cannot_be_encoded_is_taken_out_told_and_everybody_gets_a_snapshot() -> None:
    server = Server()
    link = server.connect()
    server.hello(link)
    smuggle(server)
    server.settle()
    server.store.set("/devices/later", {"type": "y"})
    server.settle()
    messages = link.take()
    assert "state.snapshot" in types(messages)
    mirrored: Any = None
    for message in messages:
        payload = message.get("payload", message)
        if message["type"] == "state.snapshot":
            mirrored = payload["data"]
        elif message["type"] == "state.patch":
            mirrored = jsonpatch.apply_patch(mirrored, payload["patch"])
    assert mirrored == server.state
    assert list(mirrored["devices"]) == ["fine", "later"]
    assert server.hub.telemetry.errors == 1
    told = [entry for entry in server.ring.since(0).entries if entry.channel == "orchestrator"]
    assert ["/devices/\\ud800" in entry.message for entry in told] == [True]
    assert "/devices/\\ud800" in mirrored["meta"]["lastError"]["message"]


def test_a_projection_that_fails_on_the_servers_own_numbers_stops_neither_lines_nor_patches() -> (
    None
):
    def fail_later(log: dict[str, Any]) -> int:
        if log["nextSeq"] > 1:
            raise ZeroDivisionError
        return 0

    server = Server()
    projections = [Projection("/logs", "/config/seen", fail_later)]
    server.store.__init__(projections=projections)  # type: ignore[misc]
    link = server.connect()
    server.hello(link)
    for number in range(30):
        server.log(f"line {number}")
        server.store.set("/devices/d", {"type": str(number)})
        server.flush()
    server.settle()
    messages = link.take()
    lines = [entry["message"] for message in messages if message["type"] == "logs.append"
             for entry in message["entries"]]  # fmt: skip
    assert [line for line in lines if line.startswith("line")] == [f"line {n}" for n in range(30)]
    assert server.state["devices"]["d"]["type"] == "29"
    told = [entry.message for entry in server.ring.since(0).entries if entry.channel == "orchestrator"]  # fmt: skip
    assert 1 <= len(told) <= 2  # the first, and the tenth
    assert "ZeroDivisionError" in told[0]


class Unsayable:
    """Neither its text nor its repr can be had."""

    def __repr__(self) -> str:
        raise RuntimeError("no repr")

    __str__ = __repr__


def _nested() -> Any:
    value: list[Any] = []
    for _ in range(50_000):
        value = [value]
    return value


def _circle() -> Any:
    value: dict[str, Any] = {}
    value["again"] = value
    return value


@pytest.mark.parametrize("way", ["set", "merge"])
@pytest.mark.parametrize("at", ["/devices/d", "/meta/name", "/jobs/queue", "/config/x"])
@pytest.mark.parametrize(
    "make",
    [Unsayable, lambda: [Unsayable()], lambda: {"k": Unsayable()}, lambda: {Unsayable(): 1}, _nested,
     _circle, lambda: 10**6_000, lambda: {10**6_000: 1}, lambda: [[[10**6_000]]]],
    ids=["unsayable", "in a list", "in an object", "as a key", "nested", "circle", "digits", "digits as a key",
         "digits in lists"],
)  # fmt: skip
def test_a_value_that_cannot_be_shown_is_refused_all_the_same(
    make: Callable[[], Any], at: str, way: str
) -> None:
    store = StateStore()
    before = store.get()
    with pytest.raises(StateError) as refused:
        (store.set if way == "set" else store.merge)(at, make())
    assert len(str(refused.value)) < 2_000  # the way to what is too deep has a hundred parts
    assert store.get() == before


def test_a_message_whose_text_cannot_be_had_is_a_line(caplog: pytest.LogCaptureFixture) -> None:
    ring = LogRing(10)
    logger = ChannelLogger(ring.append, "x")
    logger.info(Unsayable())
    logger.error("m", exc=Unsayable())
    first, second = ring.since(0).entries
    assert "Unsayable" in first.message
    assert second.exc is not None
    assert "Unsayable" in second.exc
    assert not caplog.records
