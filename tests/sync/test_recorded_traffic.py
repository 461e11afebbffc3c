"""A client of the first version is served by the present server as it was then."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from autobench_nb.contract.limits import PROTOCOL
from autobench_nb.errors import ProtocolError
from autobench_nb.sync.client.mirror import Mirror
from tests.sync.record_traffic import play

FILE = Path(__file__).parent.parent / "vectors" / "recorded-protocol-1.json"
RECORDED: dict[str, Any] = json.loads(FILE.read_text("utf-8"))


def kind(value: Any) -> str:
    """What a client of any language tells apart: whole numbers and others are one."""
    if isinstance(value, bool):
        return "bool"
    return "number" if isinstance(value, (int, float)) else type(value).__name__


def missing(then: Any, now: Any, place: str = "") -> list[str]:
    """What was there then and is not there now, or is of another kind. What is new is no fault."""
    if kind(then) != kind(now):
        return [f"{place}: {kind(now)}, and was {kind(then)}"]
    if isinstance(then, dict):
        gone = [f"{place}/{key}: gone" for key in then.keys() - now.keys()]
        both = sorted(then.keys() & now.keys())
        return gone + [
            one for key in both for one in missing(then[key], now[key], f"{place}/{key}")
        ]
    if isinstance(then, list) and then and isinstance(then[0], dict):
        if len(then) != len(now):
            return [f"{place}: {len(now)} of them, and were {len(then)}"]
        pairs = enumerate(zip(then, now, strict=True))
        return [one for n, (a, b) in pairs for one in missing(a, b, f"{place}/{n}")]
    return []


def test_what_an_old_client_says_is_answered_as_it_was() -> None:
    steps = RECORDED["steps"]
    assert RECORDED["protocol"] == PROTOCOL, "record the traffic of the new protocol, keep the old"
    for number, (step, heard) in enumerate(zip(steps, play(tuple(steps)), strict=True)):
        known = {message["type"] for one in steps for message in one["heard"]}
        messages = [message for message in heard if message["type"] in known]
        assert [one["type"] for one in messages] == [one["type"] for one in step["heard"]], number
        assert missing(step["heard"], messages) == [], number


def test_the_words_that_it_heard_then_are_understood_by_a_present_client() -> None:
    mirror = Mirror()
    heard = [message for step in RECORDED["steps"] for message in step["heard"]]
    for now, message in enumerate(
        heard[: heard.index(next(m for m in heard if m["type"] == "pong")) + 1]
    ):
        mirror.receive(message, float(now))
    assert mirror.state is not None
    assert mirror.state["devices"]["psu"]["status"] == "ok"
    assert not mirror.stale


def test_a_server_of_another_protocol_is_refused_by_its_number() -> None:
    (welcome,) = [
        message
        for step in RECORDED["steps"]
        for message in step["heard"]
        if message["type"] == "welcome"
    ]
    with pytest.raises(ProtocolError, match=rf"protocol {PROTOCOL + 1}, not {PROTOCOL}"):
        Mirror().receive({**welcome, "protocol": PROTOCOL + 1}, 0.0)


def test_a_field_that_is_gone_and_one_of_another_kind_are_noticed() -> None:
    then = {"a": 1, "b": [{"c": "x"}]}
    now = copy.deepcopy(then)
    assert missing(then, {**now, "new": 1}) == []
    assert missing(then, {"b": now["b"]}) == ["/a: gone"]
    assert missing(then, {"a": "1", "b": [{"c": None}]}) == [
        "/a: str, and was number",
        "/b/0/c: NoneType, and was str",
    ]
