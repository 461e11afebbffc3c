"""Each environment variable of the plan, as it arrives at a client that connects."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import autobench_nb as ab
from tests.leaks import nothing_is_left

PLAN = {
    "LOG_CHANNEL_ALLOWLIST": "websocket,app,request,sidecar",
    "LOG_LEVEL_MIN": "debug",
    "LOG_REDACT_REGEX": "",
    "CLIENT_LOGS_SNAPSHOT": "200",
    "CLIENT_LOGS_CAPACITY": "500",
    "VITE_WS_HEARTBEAT_INTERVAL_MS": "10000",
    "VITE_WS_HEARTBEAT_TIMEOUT_MS": "5000",
    "VITE_WS_RECONNECT_ENABLED": "true",
    "VITE_WS_RECONNECT_MIN_MS": "1000",
    "VITE_WS_RECONNECT_MAX_MS": "15000",
    "VITE_WS_RECONNECT_FACTOR": "1.8",
    "VITE_WS_RECONNECT_JITTER": "0.2",
    "WS_HEARTBEAT_LOG": "true",
}
"""The example of the plan's section 11, as it stands there."""


@pytest.fixture(autouse=True)
def _clean() -> Iterator[None]:
    with nothing_is_left():
        yield


def test_the_example_of_the_plan_is_what_a_client_is_told() -> None:
    with (
        ab.Orchestrator(environ=PLAN) as bench,
        ab.connect(bench.serve().url, bench.token) as client,
    ):
        assert client.state.get("/serverConfig") == {
            "logs": {
                "snapshot": 200,
                "capacity": 500,
                "allowedChannels": ["websocket", "app", "request", "sidecar"],
                "minLevel": "debug",
            },
            "ws": {
                "heartbeatIntervalMs": 10_000,
                "heartbeatTimeoutMs": 5_000,
                "reconnectEnabled": True,
                "reconnectMinMs": 1_000,
                "reconnectMaxMs": 15_000,
                "reconnectFactor": 1.8,
                "reconnectJitter": 0.2,
            },
            "flushIntervalMs": 50,
        }


def test_without_any_variable_a_client_is_told_the_same_but_every_known_channel() -> None:
    with ab.Orchestrator(environ={}) as bare, ab.Orchestrator(environ=PLAN) as plan:
        ours, theirs = bare.state.get("/serverConfig"), plan.state.get("/serverConfig")
        assert set(theirs["logs"].pop("allowedChannels")) < set(ours["logs"].pop("allowedChannels"))
        assert ours == theirs


def test_a_client_gets_as_many_entries_at_first_and_holds_as_many_as_it_is_told() -> None:
    environ = {
        "CLIENT_LOGS_SNAPSHOT": "3",
        "CLIENT_LOGS_CAPACITY": "5",
        "FLUSH_INTERVAL_MS": "1",
        "REQUEST_SAMPLE": "0",
    }
    with ab.Orchestrator(environ=environ) as bench:
        log = bench.log("app")
        for number in range(10):
            log.info(f"before {number}")
        with ab.connect(bench.serve().url, bench.token) as client:
            client.wait_for(lambda one: len(one.logs) >= 3, 10)
            # The server may log the client's own coming before it cuts the history.
            assert client.logs[0].message in {"before 7", "before 8"}
            for number in range(10):
                log.info(f"after {number}")
            client.wait_for(lambda one: one.logs[-1].message == "after 9", 10)
            assert len(client.logs) == 5
            assert len(bench.logs) > 20


def test_a_client_hears_nothing_below_the_lowest_level() -> None:
    environ = {"LOG_LEVEL_MIN": "warn", "FLUSH_INTERVAL_MS": "1"}
    with ab.Orchestrator(environ=environ) as bench:
        with ab.connect(bench.serve().url, bench.token) as client:
            bench.log("app").info("too low")
            bench.log("app").warn("high enough")
            client.wait_for(lambda one: len(one.logs), 10)
            assert [entry.message for entry in client.logs] == ["high enough"]
        assert "too low" in [entry.message for entry in bench.logs]


def test_the_redaction_pattern_of_the_environment_holds() -> None:
    with ab.Orchestrator(environ={"LOG_REDACT_REGEX": r"\d{4}-\d{4}"}) as bench:
        bench.log("app").info("card 1234-5678")
        assert "1234" not in bench.logs[-1].message


@pytest.mark.parametrize(("told", "seen"), [("true", True), ("", False)])
def test_heartbeats_are_logged_in_the_websocket_channel_where_that_is_asked_for(
    told: str, seen: bool
) -> None:
    environ = {
        "WS_HEARTBEAT_LOG": told,
        "VITE_WS_HEARTBEAT_INTERVAL_MS": "100",
        "FLUSH_INTERVAL_MS": "1",
    }
    with (
        ab.Orchestrator(environ=environ) as bench,
        ab.connect(bench.serve().url, bench.token) as client,
    ):
        client.wait_for(lambda one: one.status.latency_ms is not None, 10)
        beats = [entry for entry in bench.logs if "💓" in entry.message]
        assert bool(beats) is seen
        assert {entry.channel for entry in beats} <= {"websocket"}
