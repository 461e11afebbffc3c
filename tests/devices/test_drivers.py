"""The host, HTTP devices on a real server, and the adapters of other libraries on their own simulated devices."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

import numpy as np
import pytest

import autobench_nb as ab
from autobench_nb.devices.adapters import OphydDevice, QcodesDevice, VisaDevice
from autobench_nb.devices.energy import EnergyGauge, RunSpan, Share, energy_of, shares
from autobench_nb.devices.host import HostDevice
from autobench_nb.devices.http_device import HttpAction, HttpDevice
from autobench_nb.devices.samples import Samples, integral_of
from autobench_nb.errors import ConfigError, DeviceError, PointerError
from tests.devices.test_supervisor import until

FAST: Any = {"every_s": 0.05, "degraded_after": 2, "backoff_max_s": 0.1}


@pytest.fixture
def bench() -> Iterator[ab.Orchestrator]:
    with ab.Orchestrator(connection_file=False) as bench:
        yield bench


def test_the_host_tells_its_load_and_memory(bench: ab.Orchestrator) -> None:
    bench.devices.add(HostDevice("host"), **FAST)
    observed = until(lambda: bench.devices["host"]["observed"])
    assert {"cpu", "load1", "memoryAvailable", "memoryUsed", "diskFree"} <= observed.keys()
    assert 0 <= observed["memoryUsed"] <= 100
    assert observed["diskFree"] > 0
    until(lambda: len(bench.devices.samples("host")) > 2)
    assert "cpu" in bench.devices.samples("host").to_pandas()
    assert bench.devices["host"]["units"]["cpu"] == "%"


class Thermometer(BaseHTTPRequestHandler):
    """A small web server in a device."""

    bodies: ClassVar[dict[str, bytes]] = {}
    heard: ClassVar[list[tuple[str, str, bytes, str | None]]] = []

    def do_GET(self) -> None:
        self.heard.append(("GET", self.path, b"", self.headers.get("Authorization")))
        self._answer(self.bodies.get(self.path))

    def do_POST(self) -> None:
        size = int(self.headers.get("Content-Length", 0))
        token = self.headers.get("Authorization")
        self.heard.append(("POST", self.path, self.rfile.read(size), token))
        self._answer(b'{"done": {"state": "open"}}' if self.path.startswith("/valve") else None)

    def _answer(self, body: bytes | None) -> None:
        if body == b"drip":
            self.send_response(200)
            self.end_headers()
            # One letter now and then, for ever: the device hangs up.
            try:
                while not self.server.stopped.wait(0.02):  # type: ignore[attr-defined]
                    self.wfile.write(b" ")
            except OSError:
                pass
            return
        if body == b"garbage":
            self.wfile.write(b"\0\xff\r\n\r\n")
            return
        if self.path.startswith("/to/"):
            host = self.path.removeprefix("/to/")
            self.send_response(302)
            self.send_header("Location", f"http://{host}/status")
            self.end_headers()
            return
        self.send_response(404 if body is None else 200)
        self.end_headers()
        self.wfile.write(body or b"nothing here")

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


@pytest.fixture
def thermometer() -> Iterator[str]:
    Thermometer.bodies = {
        "/status": json.dumps({"sensors": [{"t": 21.5}, {"t": 22}], "valve/1": "shut"}).encode(),
        "/text": b"all is well",
        "/long": b" " * 1_200_000,
        "/drip": b"drip",
        "/list": b"[1]",
        "/garbage": b"garbage",
    }
    Thermometer.heard = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), Thermometer)
    server.stopped = threading.Event()  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.stopped.set()  # type: ignore[attr-defined]
    server.shutdown()
    server.server_close()
    thread.join()


VALUES = {"inside": "/sensors/0/t", "outside": "/sensors/1/t", "valve": "/valve~11"}


def test_an_http_device_is_read_by_pointers_and_acts_by_requests(
    bench: ab.Orchestrator, thermometer: str
) -> None:
    valve = HttpAction(
        "/valve/{number}",
        json={"open": "{open}", "by": ["me"]},
        desired={"valve": "open"},
        value="/done/state",
    )
    device = HttpDevice(
        "therm2",
        thermometer,
        VALUES,
        path="/status",
        units={"inside": "°C"},
        actions={"valve": valve, "reset": HttpAction("/nowhere")},
        headers={"Authorization": "Bearer s3cret"},
        type="thermometer",
    )
    bench.devices.add(device, **FAST)
    observed = until(lambda: bench.devices["therm2"]["observed"])
    assert observed == {"inside": 21.5, "outside": 22, "valve": "shut"}
    assert bench.devices["therm2"]["actions"]["valve"]["args"] == ["number", "open"]
    assert bench.devices["therm2"].do("valve", number="a/b", open=True) == "open"
    (_, path, body, token) = Thermometer.heard[-1]
    assert (path, json.loads(body), token) == (
        "/valve/a%2Fb",
        {"open": True, "by": ["me"]},
        "Bearer s3cret",
    )
    assert bench.devices["therm2"]["desired"] == {"valve": "open"}
    with pytest.raises(DeviceError, match="HTTP status 404"):
        bench.devices["therm2"].do("reset")
    assert "s3cret" not in json.dumps(bench.devices["therm2"])


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("/text", "its answer is no JSON: b'all is well'"),
        ("/long", "its answer is longer than 1,048,576 bytes"),
        ("/drip", "no answer within 0.3 s"),
        ("/list", "its answer has nothing at /sensors/0/t for inside"),
        ("/gone", "HTTP status 404"),
        ("/garbage", "x: GET failed: http://.*: BadStatusLine"),
    ],
)
def test_an_answer_that_is_none_says_what_it_is(thermometer: str, path: str, says: str) -> None:
    with pytest.raises(DeviceError, match=says.replace("(", r"\(")):
        HttpDevice("x", thermometer, VALUES, path=path, timeout_s=0.3).probe()


def test_where_a_device_sends_a_request_on_it_goes_within_the_device_alone(
    thermometer: str,
) -> None:
    port = thermometer.rpartition(":")[2]
    headers = {"Authorization": "Bearer s3cret"}
    for host, is_followed in ((f"127.0.0.1:{port}", True), (f"localhost:{port}", False)):
        device = HttpDevice("x", thermometer, VALUES, path=f"/to/{host}", headers=headers)
        Thermometer.heard = []
        if is_followed:
            assert device.probe()["inside"] == pytest.approx(21.5)
        else:
            with pytest.raises(DeviceError, match="HTTP status 302"):
                device.probe()
            assert Thermometer.heard == [("GET", f"/to/{host}", b"", "Bearer s3cret")]


def test_a_device_that_is_not_there_is_refused_by_its_address() -> None:
    with pytest.raises(DeviceError, match="Connection refused"):
        HttpDevice("x", "http://127.0.0.1:9", VALUES).probe()
    with pytest.raises(ConfigError, match="http://"):
        HttpDevice("x", "file:///etc/passwd", VALUES)
    with pytest.raises(PointerError):
        HttpDevice("x", "http://127.0.0.1:9", {"t": "no pointer"})


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": "Bearer … secret"},
        {"X-Key": "secret\r\nHost: b"},
        {"a b": "secret"},
        {"": ""},
    ],
)
def test_a_header_that_http_does_not_have_is_refused_at_once_without_its_value(
    headers: dict[str, str],
) -> None:
    with pytest.raises(ConfigError, match="as HTTP has them") as refused:
        HttpDevice("x", "http://127.0.0.1:9", VALUES, headers=headers)
    assert "secret" not in str(refused.value)


def test_a_visa_instrument_is_a_device(bench: ab.Orchestrator) -> None:
    visa = pytest.importorskip("pyvisa")
    pytest.importorskip("pyvisa_sim")
    manager = visa.ResourceManager("@sim")
    resource = manager.open_resource(
        "ASRL1::INSTR", read_termination="\n", write_termination="\r\n"
    )
    device = VisaDevice(
        "psu1",
        resource,
        {"idn": "?IDN", "hertz": "?FREQ"},
        actions={"tune": "!FREQ {hertz}", "who": "?IDN"},
        answered=["tune", "who"],
        desired={"tune": {"hertz": "{hertz}"}},
        units={"hertz": "Hz"},
    )
    bench.devices.add(device, **FAST)
    observed = until(lambda: bench.devices["psu1"]["observed"])
    assert observed["idn"] == "LSG Serial #1234"
    assert observed["hertz"] == 100.0
    assert bench.devices["psu1"].do("tune", hertz=250) == "OK"
    until(lambda: (bench.devices["psu1"]["observed"] or {}).get("hertz") == 250)
    assert bench.devices["psu1"].do("who") == "LSG Serial #1234"
    assert bench.devices["psu1"]["desired"] == {"hertz": 250}
    bench.devices.remove("psu1")
    manager.close()


@pytest.mark.filterwarnings("ignore")
def test_an_ophyd_positioner_is_a_device(bench: ab.Orchestrator) -> None:
    sim = pytest.importorskip("ophyd.sim")
    motor = sim.SynAxis(name="motor")
    bench.devices.add(OphydDevice("m1", motor), **FAST)
    observed = until(lambda: bench.devices["m1"]["observed"])
    assert observed["motor"] == 0
    bench.devices["m1"].do("set", value=3)
    until(lambda: (bench.devices["m1"]["observed"] or {}).get("motor") == 3)
    assert bench.devices["m1"]["differs"] == []


@pytest.mark.filterwarnings("ignore")
def test_a_qcodes_instrument_is_a_device(bench: ab.Orchestrator) -> None:
    dummies = pytest.importorskip("qcodes.instrument_drivers.mock_instruments")
    dac = dummies.DummyInstrument("dac", gates=["ch1", "ch2"])
    bench.devices.add(QcodesDevice("dac", dac, ["ch1", "ch2"]), **FAST)
    until(lambda: bench.devices["dac"]["observed"] == {"ch1": 0, "ch2": 0})
    bench.devices["dac"].do("set", parameter="ch1", value=1.5)
    until(lambda: (bench.devices["dac"]["observed"] or {}).get("ch1") == 1.5)
    assert bench.devices["dac"]["units"] == {"ch1": "V", "ch2": "V"}


# --- samples and energy


@pytest.mark.parametrize(
    ("start", "end", "joules", "covered"),
    [
        (0, 10, 1000, 10),
        (0.5, 0.75, 25, 0.25),
        (3.2, 3.2, 0, 0),
        (9, 12, 300, 3),
        (-2, 1, 300, 3),
        (20, 30, 0, 0),
        (12, 20, 100, 1),
    ],
)
def test_the_integral_of_a_steady_power_is_power_times_time(
    start: float, end: float, joules: float, covered: float
) -> None:
    at = np.arange(0.0, 11.0)
    found = integral_of(at, np.full(11, 100.0), start, end)
    assert found.value == pytest.approx(joules)
    assert found.covered_s == pytest.approx(covered)


def test_between_samples_a_power_changes_evenly_and_a_silence_counts_for_nothing() -> None:
    at = np.array([0.0, 1, 2, 3, 60, 61, 62])
    power = np.array([0.0, 10, 20, 30, 30, 20, 10])
    assert integral_of(at, power, 0, 3).value == pytest.approx(45)
    assert integral_of(at, power, 0.5, 1.5).value == pytest.approx(10)
    silent = integral_of(at, power, 3, 60)
    assert (silent.value, silent.covered_s) == (0, 0)


def test_the_shares_of_what_ran_at_once_add_up_to_the_whole() -> None:
    others = [RunSpan(2, 5), RunSpan(4, None), RunSpan(-5, 0), RunSpan(10, 12)]
    assert shares(0, 6, others) == [Share(0, 2, 1), Share(2, 4, 2), Share(4, 5, 3), Share(5, 6, 2)]
    samples = Samples("pm0")
    for second in range(11):
        samples.add(float(second), {"watts": 100.0 + second})
    spans = [(0.0, 6.0), (2.0, 5.0), (4.0, 9.0)]
    parts = [
        energy_of(samples, "watts", *mine, [RunSpan(*one) for one in spans if one != mine])
        for mine in spans
    ]
    assert sum(part["energy"] for part in parts) == pytest.approx(
        samples.integral("watts", 0, 9).value
    )
    assert [part["energyShared"] for part in parts] == [1, 1, 1]
    assert energy_of(samples, "watts", 0, 2)["energyShared"] == 0
    assert energy_of(samples, "watts", 100, 110) == {}


def test_a_gauge_measures_each_repetition_and_says_what_was_shared() -> None:
    samples = Samples("pm0")
    now = [0.0]
    gauge = EnergyGauge(lambda: (samples, "watts"), lambda: now[0])
    for second in range(21):
        samples.add(float(second), {"watts": 50})
    first = gauge.begin()
    now[0] = 4.0
    second_one = gauge.begin()
    now[0] = 6.0
    assert gauge.end(first) == {"energy": pytest.approx(250), "energyShared": 1.0}
    now[0] = 10.0
    assert gauge.end(second_one) == {"energy": pytest.approx(250), "energyShared": 1.0}
    assert gauge.end(second_one) == {}
    alone = gauge.begin()
    now[0] = 12.0
    assert gauge.end(alone) == {"energy": pytest.approx(100), "energyShared": 0.0}
    assert gauge._spans == {}
    assert EnergyGauge(lambda: None).end(0) == {}


def test_samples_are_bounded_grow_and_keep_their_order() -> None:
    samples = Samples("x", max_rows=700)
    for number in range(1000):
        samples.add(float(number), {"a": number, **({"b": 1.5} if number >= 500 else {})})
    at, values = samples.values("a")
    assert (len(samples), samples.dropped) == (700, 300)
    assert at.tolist() == values.tolist() == [float(number) for number in range(300, 1000)]
    assert len(samples.values("b")[0]) == 500
    assert samples.records()[0] == {"ts": 300_000.0, "a": 300.0, "b": None}
    assert samples.integral("a", 990, 995).samples == 6
    assert samples.values("c")[0].size == 0
