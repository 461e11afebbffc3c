"""Writes tests/vectors/{messages,traces,canonical}.json: what Python and TypeScript are both held to.

Run ``python -m tests.sync.make_vectors`` after a change of the contract; a test says when that is due.
"""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path
from typing import Any

from autobench_nb.contract.canonical import canonical_json, state_hash
from autobench_nb.contract.codes import ERROR_CODES
from autobench_nb.contract.parsing import BadMessage, parse_client, parse_server
from autobench_nb.errors import ProtocolError
from autobench_nb.sync.client.effects import LogsArrived, SendUp
from autobench_nb.sync.client.mirror import Mirror
from tests.sync.message_inputs import CLIENT_TEXTS, SERVER_TEXTS
from tests.sync.trace_inputs import TRACES

FOLDER = Path(__file__).parent.parent / "vectors"


def messages() -> dict[str, Any]:
    client = []
    for name, text in CLIENT_TEXTS.items():
        case: dict[str, Any] = {"name": name, "text": text}
        try:
            case["kind"] = type(parse_client(text)).__name__
        except BadMessage as error:
            case["code"] = error.code
            case |= {} if error.id is None else {"id": error.id}
        client.append(case)
    server = []
    for name, text in SERVER_TEXTS.items():
        case = {"name": name, "text": text}
        try:
            reply = parse_server(text)
            case["kind"] = None if reply is None else json.loads(text)["type"]
        except ProtocolError as wrong:
            case["code"] = wrong.code
        server.append(case)
    about = [
        "Every message of protocol 1, valid and not. 'text' is the message as it travels.",
        "client: what a client sends and a server parses. 'kind' is the Python class of a valid one (absent "
        "with 'code'); 'code' is the code of the error that answers an invalid one, with 'id' where the error "
        "carries it.",
        "server: what a server sends and a client parses. 'kind' is its type, null for one to be ignored; "
        "'code' says that a client must refuse it and change nothing.",
        "codes: every code of an error message, and what it means.",
    ]
    return {"about": about, "codes": dict(ERROR_CODES), "client": client, "server": server}


def traces() -> dict[str, Any]:
    about = [
        "What a mirror does with what it hears. Each trace starts with a new mirror and is a list of steps.",
        "A step is {now, hello: true} (a new link is made: the mirror's hello is sent), {now, subscribe: wants} (the "
        "mirror is to mirror something else) or {now, receive: message}; 'now' is seconds, monotonic.",
        "'sends' are the messages that the mirror sends in that step, as JSON values, in order; absent: none. hello's "
        "'capabilities' may differ.",
        "'logs' are the entries that reach the log in that step: {seqs, missed, isHistory}; absent: none.",
        "'mirror' is where it stands after the step: {epoch, version, nextSeq, missed, stale, state, hash}; "
        "hash is the SHA-256 of the state's RFC 8785 form, null without a state. 'state' is absent where it did not "
        "change.",
        "A question (state.resync, logs.replay, subscribe for a lost history) that has had no answer for less than "
        "2 s is not asked again.",
    ]
    return {"about": about, "traces": [_play(name, steps) for name, steps in TRACES.items()]}


def _snake(wants: dict[str, Any]) -> dict[str, Any]:
    names = {"slices": "slices", "logsQuery": "logs_query", "logsHistory": "logs_history"}
    return {
        names[key]: tuple(value) if isinstance(value, list) else value
        for key, value in wants.items()
    }


def _play(name: str, steps: list[Any]) -> dict[str, Any]:
    mirror = Mirror()
    shown: Any = math.nan
    played = []
    for now, message in steps:
        step: dict[str, Any] = {"now": now}
        sends: list[Any] = []
        logs = []
        if message == "hello":
            step["hello"] = True
            sends.append(json.loads(mirror.hello()))
        elif "subscribe" in message:
            step["subscribe"] = wants = message["subscribe"]
            sends.append(json.loads(mirror.subscribe(now, **_snake(wants))))
        else:
            step["receive"] = message
            for effect in mirror.receive(message, now):
                if isinstance(effect, SendUp):
                    sends.append(json.loads(effect.data))
                elif isinstance(effect, LogsArrived):
                    seqs = [entry["seq"] for entry in effect.entries]
                    logs.append(
                        {"seqs": seqs, "missed": effect.missed, "isHistory": effect.is_history}
                    )
        step |= {"sends": sends} if sends else {}
        step |= {"logs": logs} if logs else {}
        step["mirror"] = {
            "epoch": mirror.epoch,
            "version": mirror.version,
            "nextSeq": mirror.next_seq,
            "missed": mirror.missed,
            "stale": mirror.stale,
            "hash": mirror.hash(),
        }
        if mirror.state != shown:
            shown = step["mirror"]["state"] = mirror.state
        played.append(step)
    return {"name": name, "steps": played}


CANONICAL: list[Any] = [
    None, True, False, [], {}, "", [[]], {"a": {}},
    {"b": 1, "a": 2, "": 3, "B": 4}, {"10": 1, "9": 2, "é": 3, "z": 4},
    {"\U0001f600": "beyond U+FFFF sorts before", "\ufb33": "this, by UTF-16"},
    {"€": "Euro", "\r": "CR", "דּ": "Hebrew", "1": "One", "\x80": "Control", "ö": "Latin"},
    "\u20ac$\x0f\nA'B\"\\\\\"/\x7f\u2028", "\x00\x08\x09\x0a\x0b\x0c\x0d\x1f",
    [0, -0.0, 1, -1, 1.0, 100.0, 1e2], [0.1, 0.5, 1.5, -2.25, 1 / 3, 4.50, 2e-3],
    [1e20, 1e21, 1.5e300, 1e-6, 1e-7, 1e23, 5e-324, 1.7976931348623157e308],
    [9007199254740991, 9007199254740992, -9007199254740991, 123456789012345680000],
    [333333333.33333329, 0.000001, 0.0000012, 1234567.891, 999999999999999900000.0],
    [1700000000000.125, 1700000000000],
    {"version": 3, "devices": {"cap0": {"type": "capture", "status": "ready", "temp": 36.6}}},
]  # fmt: skip


def canonical() -> dict[str, Any]:
    about = [
        "RFC 8785. 'json' is a JSON text of the value, 'canonical' its one canonical form, 'hash' the SHA-256 of that "
        "in UTF-8, in lower-case hexadecimal.",
    ]
    cases = [
        {
            "json": json.dumps(value),
            "canonical": canonical_json(value).decode(),
            "hash": state_hash(value),
        }
        for value in CANONICAL
    ]
    return {"about": about, "cases": cases}


VECTORS = {"messages": messages, "traces": traces, "canonical": canonical}


def text_of(name: str) -> str:
    """The file's content."""
    return json.dumps(VECTORS[name](), indent=1, ensure_ascii=True) + "\n"


if __name__ == "__main__":
    for vector in VECTORS:
        (FOLDER / f"{vector}.json").write_text(text_of(vector), encoding="ascii")
        sys.stdout.write(f"{vector}.json\n")
