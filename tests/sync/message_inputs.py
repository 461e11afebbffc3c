"""Messages as they travel, valid and not; what becomes of them is recorded by make_vectors."""
# ruff: noqa: E501, UP031 - a message stands on one line, as it travels

from __future__ import annotations

import json

from autobench_nb.contract.limits import MAX_DEPTH, MAX_ID_CHARS

DEEP = "[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1)

CLIENT_TEXTS: dict[str, str] = {
    "a bare hello": '{"type":"hello"}',
    "hello as AutoBench98 says it": '{"type":"hello","payload":{"capabilities":["json-patch"]}}',
    "hello with a token": '{"type":"hello","payload":{"capabilities":[],"token":"t"}}',
    "hello with a position": '{"type":"hello","payload":{"resume":{"epoch":"e","stateVersion":3,"nextSeq":0}}}',
    "hello with slices and a query": '{"type":"hello","payload":{"slices":["jobs"],"logsQuery":"level>=warn"}}',
    "hello whose optional fields are null": '{"type":"hello","payload":{"capabilities":null,"token":null,"resume":null,"slices":null,"logsQuery":null}}',
    "hello without a payload, said as null": '{"type":"hello","payload":null}',
    "unknown fields are ignored": '{"type":"hello","later":1,"payload":{"more":{"x":[]}}}',
    "subscribe as AutoBench98 says it": '{"type":"subscribe","payload":{"includeSnapshot":true}}',
    "subscribe with all": '{"type":"subscribe","payload":{"includeSnapshot":false,"logsHistory":50,"slices":["jobs"],"logsQuery":"level>=warn"}}',
    "null takes a filter away": '{"type":"subscribe","payload":{"slices":null,"logsQuery":null}}',
    "resync": '{"type":"state.resync"}',
    "resync since": '{"type":"state.resync","epoch":"e","sinceVersion":7}',
    "replay": '{"type":"logs.replay","sinceSeq":0}',
    "replay with a limit": '{"type":"logs.replay","sinceSeq":9,"epoch":"e","limit":100}',
    "ping": '{"type":"ping","ts":1700000000000}',
    "ping with a fraction": '{"type":"ping","ts":1.5}',
    "command": '{"type":"command","id":"c-1","name":"jobs.cancel","args":{"runId":"r1"}}',
    "command with a number as id and no args": '{"type":"command","id":1,"name":"state.hash"}',
    "no JSON": "{",
    "NaN is no JSON": '{"type":"ping","ts":NaN}',
    "no object": "[1]",
    "a text": '"ping"',
    "no type": '{"payload":{}}',
    "the type is no text": '{"type":1}',
    "an unknown type": '{"type":"state.patch"}',
    "an unknown type with an id": '{"type":"jobs.start","id":"x"}',
    "the payload is no object": '{"type":"hello","payload":[]}',
    "the token is no text": '{"type":"hello","payload":{"token":1}}',
    "a position without an epoch": '{"type":"hello","payload":{"resume":{"stateVersion":1,"nextSeq":1}}}',
    "a version below zero": '{"type":"hello","payload":{"resume":{"epoch":"e","stateVersion":-1,"nextSeq":1}}}',
    "a version with a fraction": '{"type":"state.resync","sinceVersion":1.5}',
    "a version beyond 2^53": '{"type":"state.resync","sinceVersion":9007199254740992}',
    "true is no number": '{"type":"ping","ts":true}',
    "a ping without ts": '{"type":"ping"}',
    "a slice that is none, in hello": '{"type":"hello","payload":{"slices":["nothing"]}}',
    "a number that no double holds": '{"type":"ping","ts":%s}' % ("9" * 400),
    "an unknown type, however deep": '{"type":"ps2-mouse.command","payload":%s}' % DEEP,
    "a slice that is none": '{"type":"subscribe","payload":{"slices":["nothing"]}}',
    "includeSnapshot is no truth": '{"type":"subscribe","payload":{"includeSnapshot":1}}',
    "the query is no text": '{"type":"subscribe","payload":{"logsQuery":5}}',
    "replay without sinceSeq": '{"type":"logs.replay"}',
    "a command without an id": '{"type":"command","name":"x"}',
    "a command without a name": '{"type":"command","id":"a"}',
    "the name is empty": '{"type":"command","id":"a","name":""}',
    "the id is too long": json.dumps({"type": "command", "id": "i" * (MAX_ID_CHARS + 1), "name": "x"}),
    "args is no object": '{"type":"command","id":"a","name":"x","args":[1]}',
    "too deep": '{"type":"command","id":"a","name":"x","args":{"deep":%s}}' % DEEP,
}  # fmt: skip

ENTRY = '{"seq":4,"ts":1700000000000.125,"channel":"app","emoji":"📦","color":"blue","level":"info","message":"hi"}'
FULL_ENTRY = '{"seq":5,"ts":1700000000001,"channel":"psu","emoji":"🔌","color":"yellow","level":"error","message":"no","logger":"lab.psu","jobId":"j","stepId":"s","deviceId":"d","fields":{"volts":4.9,"ok":false},"exc":"Traceback","cut":20000}'
SERVER_TEXTS: dict[str, str] = {
    "welcome": '{"type":"welcome","serverTime":"2026-01-01T00:00:00.000Z","protocol":1,"epoch":"e","stateVersion":4,"nextSeq":9,"resumed":false}',
    "snapshot": '{"type":"state.snapshot","stateVersion":4,"data":{"version":4,"devices":{}},"epoch":"e","reason":"connect"}',
    "patch": '{"type":"state.patch","fromVersion":4,"toVersion":6,"patch":[{"op":"add","path":"/devices/a","value":{}},{"op":"replace","path":"/version","value":6}]}',
    "a patch that changes nothing": '{"type":"state.patch","fromVersion":4,"toVersion":4,"patch":[]}',
    "history": '{"type":"logs.history","entries":[%s],"epoch":"e","firstSeq":4,"nextSeq":5,"missed":2}' % ENTRY,
    "append": '{"type":"logs.append","entries":[%s,%s],"firstSeq":4,"nextSeq":6,"missed":0}' % (ENTRY, FULL_ENTRY),
    "pong": '{"type":"pong","ts":17,"stateVersion":4,"nextSeq":9,"epoch":"e"}',
    "ack": '{"type":"ack","ok":true}',
    "proof": '{"type":"proof","proofs":["00","ff"]}',
    "result": '{"type":"result","id":"c-1","ok":true,"value":{"runId":"r1"}}',
    "a result that failed": '{"type":"result","id":2,"ok":false,"error":{"code":"not-found","message":"There is no run r9."}}',
    "error": '{"type":"error","code":"bad-query","message":"expected a value","column":7}',
    "an error whose column counts from 0": '{"type":"error","code":"bad-query","message":"expected a value","column":0}',
    "an error with an id": '{"type":"error","code":"bad-field","message":"name is missing","id":"c-2"}',
    "busy": '{"type":"server.busy","busy":true,"since":1700000000000}',
    "bye": '{"type":"bye","code":1013,"reason":"Behind too often."}',
    "a type of a later protocol is ignored": '{"type":"weather","rain":true}',
    "no JSON": "{",
    "no object": "[]",
    "no type": "{}",
    "a snapshot whose data has another version": '{"type":"state.snapshot","stateVersion":4,"data":{"version":5},"epoch":"e","reason":"connect"}',
    "a patch without fromVersion": '{"type":"state.patch","toVersion":6,"patch":[]}',
    "a patch that is no array": '{"type":"state.patch","fromVersion":4,"toVersion":6,"patch":{}}',
    "an append with a negative seq": '{"type":"logs.append","entries":[],"firstSeq":-1,"nextSeq":6,"missed":0}',
    "an entry without seq": '{"type":"logs.append","entries":[{"message":"hi"}],"firstSeq":4,"nextSeq":5,"missed":0}',
    "a pong without epoch": '{"type":"pong","ts":17,"stateVersion":4,"nextSeq":9}',
}  # fmt: skip
