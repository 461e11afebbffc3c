"""The published JSON Schema takes what we take, and what the server really says."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from jsonschema import Draft202012Validator

from autobench_nb.contract.parsing import type_of
from autobench_nb.contract.server_messages import SERVER_MESSAGES
from autobench_nb.transports.server_proof import answer_to
from tests.contract.generate import ROOT
from tests.sync.harness import Server

SCHEMA = json.loads((ROOT / "docs" / "wire.schema.json").read_text("utf-8"))
VECTORS = json.loads((ROOT / "tests" / "vectors" / "messages.json").read_text("ascii"))
# What a schema cannot say: it looks at parsed JSON, without its length, its depth or one field beside another.
BEYOND = {
    "no JSON",
    "NaN is no JSON",
    "too deep",
    "a number that no double holds",
    "a snapshot whose data has another version",
}


def validator(name: str) -> Any:
    return Draft202012Validator({**SCHEMA, "anyOf": [{"$ref": f"#/$defs/{name}"}]})


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("side", ["client", "server"])
def test_the_schema_takes_and_refuses_what_the_vectors_say(side: str) -> None:
    check = validator("ClientMessage" if side == "client" else "ServerMessage")
    said = 0
    for case in VECTORS[side]:
        if case["name"] in BEYOND or case.get("kind", "") is None:
            continue
        is_valid = check.is_valid(json.loads(case["text"]))
        assert is_valid is ("kind" in case), case["name"]
        said += 1
    assert said > 20


def everything_that_is_said() -> list[dict[str, Any]]:
    server = Server(log_capacity=20)
    link = server.connect()
    server.log("before")
    server.say(link, {"type": "hello"})
    server.settle()
    server.ring.append("psu", 40, "a b", fields={"volts": 4.9}, exc="Traceback", job_id="j")
    server.ring.append("app", 20, "x" * 20_000)
    server.store.merge("/devices", {"d": {"type": "t", "status": "s"}})
    server.settle()
    server.store.remove("/devices/d")
    server.perform(server.hub.busy(True, server.now))
    for text in ('{"type":"ping","ts":1}', "{", '{"type":"no","id":4}'):
        server.say(link, text)
    server.say(link, {"type": "command", "id": "h", "name": "state.hash"})
    server.say(link, {"type": "command", "id": 5, "name": "no"})
    server.perform(server.hub.answer(link.session, 5, error=("failed", "no"), now=server.now))
    server.say(link, {"type": "subscribe", "payload": {"slices": ["jobs"], "logsQuery": "("}})
    server.say(link, {"type": "subscribe", "payload": {"slices": ["jobs"], "logsHistory": 9}})
    for _ in range(40):
        server.log("more than the ring holds")
    server.settle()
    server.perform(server.hub.close("enough", server.now))
    proof = answer_to("a-nonce-of-a-page", ("a-token-of-the-test",))
    assert proof is not None
    return [*link.take(), msgspec.to_builtins(proof)]


def test_whatever_the_server_says_is_of_the_schema_and_every_type_is_said() -> None:
    messages = everything_that_is_said()
    check = validator("ServerMessage")
    for message in messages:
        assert not list(check.iter_errors(message)), message
    assert {message["type"] for message in messages} == {type_of(one) for one in SERVER_MESSAGES}


def test_what_has_a_wrong_entry_or_operation_is_not_of_the_schema() -> None:
    check = validator("ServerMessage")
    patch = {"type": "state.patch", "fromVersion": 1, "toVersion": 2}
    assert check.is_valid({**patch, "patch": [{"op": "remove", "path": "/a"}]})
    assert not check.is_valid({**patch, "patch": [{"op": "replace", "path": "/a"}]})
    batch = {"type": "logs.append", "firstSeq": 0, "nextSeq": 1, "missed": 0}
    assert not check.is_valid({**batch, "entries": [{"seq": 0, "message": "hi"}]})


def test_every_reference_of_the_asyncapi_file_leads_somewhere() -> None:
    page = json.loads((ROOT / "docs" / "wire.asyncapi.json").read_text("utf-8"))
    messages = page["channels"]["socket"]["messages"]
    for name, message in messages.items():
        assert message["payload"]["$ref"] == f"wire.schema.json#/$defs/{name}"
        assert name in SCHEMA["$defs"]
    for operation in page["operations"].values():
        for message in operation["messages"]:
            assert message["$ref"].rpartition("/")[2] in messages
