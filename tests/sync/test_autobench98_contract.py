"""What AutoBench98's own web client relies on: the starred types, fields and order of the wire document, and no more.

Facts from its apps/web/src/bootstrap.ts, lib/wsClient.ts, stores/mirror.ts and stores/logs.ts: on open it says hello
and ``subscribe {includeSnapshot: true}``, it replaces its log by every ``logs.history``, it applies a patch only where
``fromVersion`` is its version, and it pings.
"""

from __future__ import annotations

from typing import Any

from autobench_nb.logs.channels import Channels
from autobench_nb.state.patch import apply_patch
from tests.sync.harness import Link, Server, types

HELLO = {"type": "hello", "payload": {"capabilities": ["json-patch"]}}
SUBSCRIBE = {"type": "subscribe", "payload": {"includeSnapshot": True}}
LEVELS = {"debug", "info", "warn", "error", "fatal"}


class Web:
    """What that client does with what it hears."""

    def __init__(self) -> None:
        self.version = 0
        self.data: dict[str, Any] = {}
        self.items: list[dict[str, Any]] = []
        self.config: dict[str, Any] = {}
        self.refused = 0

    def hear(self, messages: list[dict[str, Any]]) -> None:
        for m in messages:
            match m["type"]:
                case "state.snapshot":
                    self.config = m["data"]["serverConfig"]
                    self.version, self.data = m["stateVersion"], m["data"]
                case "state.patch" if m["fromVersion"] == self.version:
                    self.data = apply_patch(self.data, m["patch"])
                    self.version = m["toVersion"]
                case "state.patch":
                    self.refused += 1
                case "logs.history":
                    self.items = list(m["entries"])
                case "logs.append":
                    self.items.extend(m["entries"])


def open_as_it_does(server: Server) -> Link:
    link = server.connect()
    server.say(link, HELLO)
    server.say(link, SUBSCRIBE)
    server.settle()
    return link


def test_the_order_is_welcome_snapshot_history_then_live() -> None:
    server = Server()
    server.log("before")
    link = server.connect()
    server.say(link, HELLO)
    server.settle()
    server.log("after")
    server.settle()
    heard = types(link.take())
    assert heard[:3] == ["welcome", "state.snapshot", "logs.history"]
    assert "logs.append" in heard[3:]
    assert heard.count("welcome") == heard.count("ack") == 1


def test_a_client_that_says_nothing_is_served_after_the_grace() -> None:
    server = Server()
    link = server.connect()
    server.settle()
    assert link.take() == []
    server.wait(0.25)
    server.settle()
    assert types(link.take()) == ["welcome", "state.snapshot", "logs.history"]


def test_hello_is_acknowledged_also_after_the_grace() -> None:
    server = Server()
    link = server.connect()
    server.wait(0.3)
    server.settle()
    link.take()
    server.say(link, HELLO)
    assert link.take() == [{"type": "ack", "ok": True}]


def test_subscribe_alone_is_served_too() -> None:
    server = Server()
    link = server.connect()
    server.say(link, SUBSCRIBE)
    server.settle()
    assert types(link.take())[:3] == ["welcome", "state.snapshot", "logs.history"]


def test_welcome_carries_the_server_time_in_iso_8601() -> None:
    server = Server()
    welcome = server.hello(server.connect())[0]
    assert welcome["serverTime"] == "2023-11-14T22:15:00.000Z"


def test_a_snapshot_is_the_whole_state_with_its_config() -> None:
    server = Server()
    snapshot = server.hello(server.connect())[1]
    assert snapshot["stateVersion"] == snapshot["data"]["version"]
    names = {"version", "meta", "config", "devices", "streams", "jobs", "pno", "logs"}
    assert names | {"serverConfig"} <= snapshot["data"].keys()
    logs = snapshot["data"]["serverConfig"]["logs"]
    assert {"snapshot", "capacity", "allowedChannels", "minLevel"} <= logs.keys()
    assert {
        "heartbeatIntervalMs", "heartbeatTimeoutMs", "reconnectEnabled", "reconnectMinMs",
        "reconnectMaxMs", "reconnectFactor", "reconnectJitter",
    } <= snapshot["data"]["serverConfig"]["ws"].keys()  # fmt: skip


def test_a_log_entry_has_the_fields_that_its_log_store_reads() -> None:
    server = Server()
    server.log("hi")
    history = server.hello(server.connect())[2]
    entry = history["entries"][0]
    assert set(entry) == {"seq", "ts", "channel", "emoji", "color", "level", "message"}
    assert isinstance(entry["ts"], (int, float))
    assert entry["level"] in LEVELS
    assert [entry["seq"] for entry in history["entries"]] == [0, 1]


def test_subscribe_without_history_leaves_its_log_as_it_is() -> None:
    server = Server()
    server.log("before")
    link = open_as_it_does(server)
    assert types(link.take()).count("logs.history") == 1


def test_subscribe_with_history_sends_the_last_entries() -> None:
    server = Server()
    for n in range(10):
        server.log(f"line {n}")
    link = open_as_it_does(server)
    link.take()
    server.say(link, {"type": "subscribe", "payload": {"includeSnapshot": True, "logsHistory": 3}})
    server.settle()
    snapshot, history = link.take()
    assert snapshot["type"] == "state.snapshot"
    assert [entry["seq"] for entry in history["entries"]] == [8, 9, 10]


def test_a_patch_carries_the_version_and_follows_on_the_last_one() -> None:
    server = Server()
    link = open_as_it_does(server)
    link.take()
    for status in ("on", "off"):
        server.store.merge("/devices", {"cap0": {"type": "capture", "status": status}})
        server.flush()
    first, second = (m for m in link.take() if m["type"] == "state.patch")
    assert first["toVersion"] == second["fromVersion"]
    for patch in (first, second):
        assert patch["fromVersion"] < patch["toVersion"]
        version = {"op": "replace", "path": "/version", "value": patch["toVersion"]}
        assert patch["patch"][-1] == version


def test_a_ping_comes_back_with_its_ts() -> None:
    server = Server()
    link = open_as_it_does(server)
    link.take()
    server.say(link, {"type": "ping", "ts": 1700000000123})
    (pong,) = link.take()
    assert (pong["type"], pong["ts"]) == ("pong", 1700000000123)


def test_a_message_of_its_device_panels_gets_an_error_and_is_served_on() -> None:
    server = Server()
    link = open_as_it_does(server)
    link.take()
    server.say(link, {"type": "ps2-keyboard.command", "payload": {"kind": "cancelAll"}})
    (error,) = link.take()
    assert (error["type"], error["code"]) == ("error", "unknown-type")
    assert link.closed is None


def test_a_hand_on_its_mouse_pane_does_not_end_the_connection() -> None:
    server = Server()
    link = open_as_it_does(server)
    for n in range(64):
        move = {"kind": "mouse.move.relative", "dx": n, "dy": 1, "requestedBy": "web"}
        server.say(link, {"type": "ps2-mouse.command", "payload": move})
        server.wait(1 / 64)
    server.say(link, {"type": "powermeter.command", "payload": {"kind": "reset"}})
    assert link.closed is None
    link.take()
    server.log("still served")
    server.settle()
    assert "still served" in str(link.take())


def test_its_log_pane_knows_the_colour_of_every_channel() -> None:
    server = Server(log_capacity=1_000, client_logs_snapshot=1_000)
    for channel in (*Channels().names, "lab-psu", "a channel of one's own"):
        server.log("hi", channel=channel)
    web = Web()
    web.hear(open_as_it_does(server).take())
    told = {item["channel"]: item["color"] for item in web.items}
    assert told.keys() >= {"orchestrator", "lab-psu"}
    assert set(told.values()) <= {
        "blue", "yellow", "green", "magenta", "cyan", "red", "white", "purple",
    }  # fmt: skip
    assert told["orchestrator"] == "blue"
    assert told["ffmpeg"] == "magenta"
    assert told["websocket"] == "cyan"
    assert told["atlona-controller"] == "purple"
    assert told["mouse"] == "white"


def test_it_mirrors_state_and_log_unmodified() -> None:
    server = Server(client_logs_snapshot=50)
    web = Web()
    link = open_as_it_does(server)
    for n in range(20):
        server.store.merge("/devices", {f"d{n % 4}": {"type": "t", "status": str(n)}})
        server.log(f"line {n}")
        if n % 3 == 0:
            server.settle()
            web.hear(link.take())
    server.settle()
    web.hear(link.take())
    assert web.refused == 0
    assert web.data == server.state
    assert [item["seq"] for item in web.items] == list(range(server.ring.next_seq))


def test_the_allowlist_and_the_lowest_level_hide_entries() -> None:
    server = Server(log_channel_allowlist=("app",), log_level_min="warn")
    web = Web()
    link = open_as_it_does(server)
    server.log("hidden by its level")
    server.log("hidden by its channel", channel="device", level=40)  # type: ignore[arg-type]
    server.log("shown", level=40)  # type: ignore[arg-type]
    server.settle()
    web.hear(link.take())
    assert [item["message"] for item in web.items] == ["shown"]


def test_the_heartbeat_is_logged_where_that_is_asked_for() -> None:
    server = Server(ws_heartbeat_log=True)
    link = open_as_it_does(server)
    server.say(link, {"type": "ping", "ts": 1})
    server.settle()
    *_, append = (m for m in link.take() if m["type"] == "logs.append")
    assert "💓" in append["entries"][-1]["message"]
    assert append["entries"][-1]["channel"] == "websocket"
    assert append["entries"][-1]["level"] == "debug"
