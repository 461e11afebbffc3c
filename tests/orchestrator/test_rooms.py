"""The orchestrator's own small parts: the registry of commands, back pressure, flushing without a server."""

from __future__ import annotations

import threading

import pytest

import autobench_nb as ab
from autobench_nb.logs.ring.ring import LogRing
from autobench_nb.orchestrator.back_pressure import HIGH_WATER, BackPressure
from autobench_nb.orchestrator.commands import Commands


def test_a_room_adds_commands_without_touching_those_of_another() -> None:
    commands = Commands()
    commands.add({"job.cancel": lambda args: args["jobId"]})
    commands.add({"logs.get": lambda args: args["seq"]})
    assert sorted(commands) == ["job.cancel", "logs.get"]
    assert commands["logs.get"]({"seq": 3}) == 3


def test_two_rooms_cannot_bring_the_same_command() -> None:
    commands = Commands()
    commands.add({"job.cancel": lambda _args: None})
    with pytest.raises(ValueError, match=r"job\.cancel"):
        commands.add({"job.cancel": lambda _args: None})
    assert len(commands) == 1


def test_nobody_waits_where_nothing_serves() -> None:
    ring = LogRing(100_000)
    pressure = BackPressure(ring, 100_000, lambda: False)
    for number in range(HIGH_WATER + 1):
        ring.append("app", "info", str(number))
    assert pressure.wait(300.0), "the ring alone bounds memory"


def test_who_floods_goes_on_once_clients_were_told() -> None:
    ring = LogRing(100_000)
    asked = threading.Event()

    def flush_soon() -> bool:
        asked.set()
        return True

    pressure = BackPressure(ring, 100_000, flush_soon)
    for number in range(HIGH_WATER):
        ring.append("app", "info", str(number))
    assert not pressure.wait(0.0), "so many wait for the next flush already"
    free: list[bool] = []
    flooder = threading.Thread(target=lambda: free.append(pressure.wait(60.0)))
    flooder.start()
    assert asked.wait(60.0)
    pressure.flushed(ring.next_seq)
    flooder.join(60.0)
    assert free == [True]


def test_closing_lets_everybody_go_on() -> None:
    ring = LogRing(100_000)
    pressure = BackPressure(ring, 1, lambda: True)
    ring.append("app", "info", "one")
    free: list[bool] = []
    flooder = threading.Thread(target=lambda: free.append(pressure.wait(60.0)))
    flooder.start()
    pressure.close()
    flooder.join(60.0)
    assert free == [True]


def test_a_subscriber_hears_without_a_server_only_what_came_after_it() -> None:
    with ab.Orchestrator(environ={}) as bench:
        bench.state.set("/config/requestSample", 0.5)
        heard: list[int] = []
        bench.state.subscribe(lambda commit: heard.append(commit.to_version), "/config")
        assert heard == []
        bench.state.set("/config/requestSample", 0.25)
        assert heard == [bench.state.version]
