"""Serial devices over real pseudo-terminals: handshake, samples, actions, unplugged and plugged again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import autobench_nb as ab
from autobench_nb.devices.instruments import relay, watts_up
from autobench_nb.devices.lines import Exchange, Framing, LineAction, LineField, LineProtocol
from autobench_nb.devices.serial_device import SerialDevice
from autobench_nb.errors import ConfigError, DeviceError
from tests.devices.simulators import MeterModel, Plug, RelayModel
from tests.devices.test_supervisor import until

FAST: Any = {"every_s": 0.05, "timeout_s": 5, "degraded_after": 2, "backoff_max_s": 0.1}


@pytest.fixture
def bench() -> Iterator[ab.Orchestrator]:
    with ab.Orchestrator(connection_file=False) as bench:
        yield bench


def test_a_meter_is_found_by_its_handshake_and_found_again_under_another_path(
    bench: ab.Orchestrator, tmp_path: Path
) -> None:
    stranger = Plug(tmp_path / "usb0", RelayModel().answer, "\r\n")
    model = MeterModel()
    meter = Plug(tmp_path / "usb1", model.answer, ";", model.beat)
    device = watts_up("pm0", str(tmp_path / "usb*"))
    bench.devices.add(device, **FAST, critical=True)
    observed = until(lambda: bench.devices["pm0"]["observed"])
    assert observed == pytest.approx({"watts": 118.4, "volts": 230.1, "amperes": 0.515})
    assert device.port == str(tmp_path / "usb1")
    assert bench.devices["pm0"]["type"] == "power meter"
    assert device.identity["model"] == "2"
    meter.unplug()
    until(lambda: bench.devices["pm0"]["status"] == "degraded")
    record = bench.devices["pm0"]
    assert record["observed"] is None
    assert record["was"]["watts"] == pytest.approx(118.4)
    model.logging = False
    model.watts = 60.5
    again = Plug(tmp_path / "usb7", model.answer, ";", model.beat)
    observed = until(lambda: bench.devices["pm0"]["observed"])
    assert observed["watts"] == pytest.approx(60.5)
    assert device.port == str(tmp_path / "usb7")
    bench.devices.remove("pm0")
    again.unplug()
    stranger.unplug()


def test_a_relay_switches_acknowledges_and_refuses(bench: ab.Orchestrator, tmp_path: Path) -> None:
    model = RelayModel()
    plug = Plug(tmp_path / "acm0", model.answer, "\r\n")
    bench.devices.add(relay("psu", str(tmp_path / "acm0"), ports=2), **FAST)
    until(lambda: bench.devices["psu"]["observed"] == {"port1": "off", "port2": "off"})
    bench.devices["psu"].do("on", port=1)
    assert model.states == ["1", "0"]
    until(lambda: bench.devices["psu"]["observed"] == {"port1": "on", "port2": "off"})
    assert bench.devices["psu"]["desired"] == {"port1": "on"}
    with pytest.raises(DeviceError, match="it answered 'ERR no port 9'"):
        bench.devices["psu"].do("on", port=9)
    assert bench.devices["psu"]["actions"]["off"]["args"] == ["port"]
    with pytest.raises(DeviceError, match="holds a control character"):
        bench.devices["psu"].do("on", port="1\r\nOFF 1")
    assert model.states == ["1", "0"]
    # Somebody switches it by hand: what is desired and what is observed are two things.
    model.states[0] = "0"
    until(lambda: bench.devices["psu"]["differs"] == ["port1"])
    bench.devices.remove("psu")
    plug.unplug()


def test_noise_on_the_line_is_passed_over(bench: ab.Orchestrator, tmp_path: Path) -> None:
    plug = Plug(tmp_path / "acm0", RelayModel().answer, "\r\n")
    bench.devices.add(relay("psu", str(tmp_path / "acm0"), ports=2), **FAST)
    until(lambda: bench.devices["psu"]["observed"])
    for noise in (b"\xff\xfe\x00", b"boot v1\r\n", b"\r\n\r\n", b"STAT 1,", b"x" * 2000 + b"\r\n"):
        plug.say(noise)
        seen = len(bench.devices.samples("psu"))
        until(lambda seen=seen: len(bench.devices.samples("psu")) > seen + 1)  # type: ignore[misc]
    assert bench.devices["psu"]["status"] in ("ok", "unknown")
    until(lambda: bench.devices["psu"]["observed"] == {"port1": "off", "port2": "off"})
    bench.devices.remove("psu")
    plug.unplug()


@pytest.mark.parametrize("what", ["no port", "stranger", "mute", "folder"])
def test_where_no_port_answers_the_reason_says_what_each_did(tmp_path: Path, what: str) -> None:
    model = RelayModel()
    model.mute = what == "mute"
    plugs = []
    if what == "folder":
        (tmp_path / "tty0").mkdir()
    elif what == "stranger":
        plugs.append(Plug(tmp_path / "tty0", lambda line: ["GPS v3"], "\r\n"))
    elif what == "mute":
        plugs.append(Plug(tmp_path / "tty0", model.answer, "\r\n"))
    protocol = LineProtocol(identify=Exchange("*IDN?", ".*RELAY.*"), reply_s=0.2)
    device = SerialDevice("psu", str(tmp_path / "tty*"), protocol)
    says = {
        "no port": "no port is there",
        "stranger": r"it said 'GPS v3'",
        "mute": r"no answer to '\*IDN\?' within 0.2 s",
        "folder": "tty0: ",
    }[what]
    with pytest.raises(DeviceError, match=says):
        device.probe()
    for plug in plugs:
        plug.unplug()


@pytest.mark.parametrize(
    ("exchange", "line", "found"),
    [
        (Exchange("?", r"(?P<v>\S+)"), "12", {"v": 12}),
        (Exchange("?", r"(?P<v>\S+)"), "1e3", {"v": 1000}),
        (Exchange("?", r"(?P<v>\S+)"), "on", {"v": "on"}),
        (Exchange("?", r"V=(?P<v>.+)", {"v": LineField("V", 0.5)}), "V=3", {"v": 1.5}),
        (Exchange("?", r"(?P<v>.+)", {"v": LineField(scale=None)}), "007", {"v": "007"}),
        (Exchange("?", r"(?P<a>\d)(,(?P<b>\d))?"), "1", {"a": 1}),
        (Exchange("?", r"OK"), "OK", {}),
        (Exchange("?", r"OK"), "OK then", None),
        (Exchange("?", r"(?P<v>.+)", {"v": LineField(words={"1": "on"})}), "1", {"v": "on"}),
    ],
)
def test_a_line_is_read_by_its_pattern(exchange: Exchange, line: str, found: Any) -> None:
    assert exchange.match(line) == found


@pytest.mark.parametrize(
    ("exchange", "line", "says"),
    [
        (Exchange("?", r"(?P<v>.+)", {"v": LineField("V")}), "five", "v in 'five'"),
        (Exchange("?", r"(?P<v>.+)", {"v": LineField(words={"1": 1})}), "2", "none of '1'"),
        (Exchange("?", r"OK", error="ERR.*"), "ERR 7", "it answered 'ERR 7'"),
    ],
)
def test_a_line_that_cannot_be_read_says_why(exchange: Exchange, line: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        exchange.match(line)


def test_a_pattern_that_is_none_is_an_error_at_once() -> None:
    with pytest.raises(ConfigError, match="a regular expression"):
        LineProtocol(queries=(Exchange("?", "(unclosed"),))


def test_arguments_stand_where_they_are_named() -> None:
    action = LineAction(Exchange("SET {ch} {volts}", r"ACK {ch}"), desired={"ch{ch}": "{volts}"})
    assert action.args == ("ch", "volts")
    filled = action.exchange.filled({"ch": 1, "volts": 2.5})
    assert (filled.query, filled.match("ACK 1"), filled.match("ACK 2")) == ("SET 1 2.5", {}, None)
    assert action.wishes({"ch": 1, "volts": 2.5}) == {"ch1": 2.5}
    assert Exchange("X {a}", "{a}").filled({"a": ".*"}).match("anything") is None


@pytest.mark.parametrize("cut", range(1, 9))
def test_lines_come_whole_however_they_are_cut(cut: int) -> None:
    framing = Framing(b";\r\n")
    data = b"#d,1;\r\n\r\n#d,2;\xff;"
    parts = [data[at : at + cut] for at in range(0, len(data), cut)]
    assert [line for part in parts for line in framing.feed(part)] == ["#d,1", "#d,2", "\\xff"]


def test_a_line_without_an_end_is_let_go() -> None:
    framing = Framing(b"\n")
    assert list(framing.feed(b"x" * 70_000)) == []
    assert list(framing.feed(b"ok\n")) == ["ok"]


def test_an_answer_that_came_late_or_twice_is_not_taken_for_that_of_the_next_question(
    tmp_path: Path,
) -> None:
    value = [1]
    plug = Plug(tmp_path / "acm0", lambda _: [str(value[0])], "\n")
    query = Exchange("MEAS?", r"(?P<volts>\d+)", {"volts": LineField("V")})
    protocol = LineProtocol(end="\n", ends=b"\n", queries=(query,))
    device = SerialDevice("psu", str(tmp_path / "acm0"), protocol)
    assert device.probe() == {"volts": 1}
    plug.say(b"1\n1\n")
    port = device._open
    assert port is not None
    until(lambda: port.in_waiting == 4)
    value[0] = 2
    assert device.probe() == {"volts": 2}
    device.close()
    plug.unplug()
