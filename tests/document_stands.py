"""What stands for the reader's own instruments, clusters and hubs while a page runs: the real thing, but small.

Each function is given the run of a page, starts something that ends with it, and says under which name the page knows
it.
"""

from __future__ import annotations

import http.server
import json
import os
import sys
import threading
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

from autobench_nb import Orchestrator
from tests.devices.simulators import MeterModel, Plug, RelayModel
from tests.documents import PageRun, can_import
from tests.jobs.dask_cluster import running_cluster
from tests.transports.jupyter import JUPYTER_TOKEN, running_jupyter

SUPPLY = """
spec: "1.0"
devices:
  supply:
    eom:
      USB INSTR: {q: "\\r\\n", r: "\\n"}
    error: ERROR
    properties:
      volts:
        default: 3.3
        getter: {q: "MEAS:VOLT?", r: "{:.2f}"}
        setter: {q: "VOLT {}"}
        specs: {min: 0, max: 30, type: float}
resources:
  USB0::0x1111::0x2222::0x1234::0::INSTR: {device: supply}
"""


def program(page: PageRun, name: str, text: str, *, folder: str = ".") -> Path:
    """Put an executable text into the page's folder, or into ``bin`` there, which is on the PATH of its shells."""
    file = page.folder / folder / name
    file.parent.mkdir(exist_ok=True)
    file.write_text(text, "utf-8")
    file.chmod(0o755)
    return file


def variable(page: PageRun, name: str, value: str) -> None:
    """Set an environment variable for as long as the page runs."""
    before = os.environ.get(name)
    os.environ[name] = value
    page.ends.callback(_restore, name, before)


def _restore(name: str, value: str | None) -> None:
    os.environ.pop(name, None)
    if value is not None:
        os.environ[name] = value


def plugged(
    page: PageRun,
    pattern: str,
    name: str,
    answer: Callable[[str], list[str]],
    end: str = "\n",
    beat: Callable[[], list[str]] | None = None,
) -> None:
    """An instrument at a pseudo-terminal, which the page finds by ``pattern``."""
    link = page.folder / name
    page.places[pattern] = str(link)
    page.ends.callback(Plug(link, answer, end, beat).unplug)


def meter_and_relay(page: PageRun) -> None:
    """A power meter and a controller of relays, each at a pseudo-terminal."""
    meter = MeterModel()
    plugged(page, "/dev/serial/by-id/*FTDI*", "FTDI0", meter.answer, ";\r\n", meter.beat)
    plugged(page, "/dev/ttyACM*", "ttyACM0", RelayModel().answer)


def supply(page: PageRun) -> None:
    """A power supply that speaks as the page's protocol says."""
    volts = ["5.0"]

    def answer(line: str) -> list[str]:
        word, _, value = line.partition(" ")
        if word == "VOLT":
            volts[:] = [value]
            return ["OK"]
        return {"*IDN?": ["ACME,PS2,7"], "MEAS?": [f"{volts[0]} 120"]}.get(line, ["ERR what?"])

    plugged(page, "/dev/ttyUSB*", "ttyUSB0", answer)


class _Thermometer(http.server.BaseHTTPRequestHandler):
    """``GET /status`` gives a temperature, ``POST /valve/N`` opens a valve."""

    valves: dict[str, Any]

    def do_GET(self) -> None:
        self._answer({"sensors": [{"t": 21.5}]} if self.path == "/status" else None)

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        type(self).valves[self.path] = asked["open"]
        self._answer({})

    def _answer(self, value: Any) -> None:
        body = json.dumps(value).encode()
        self.send_response(404 if value is None else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """It says nothing."""


def thermometer(page: PageRun) -> None:
    """A thermometer that speaks HTTP, with what its valves are asked for in the page's ``valves``."""
    valves: dict[str, Any] = {}
    page.names["valves"] = valves
    handler = type("Thermometer", (_Thermometer,), {"valves": valves})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    page.ends.callback(thread.join)
    page.ends.callback(server.server_close)
    page.ends.callback(server.shutdown)
    page.places["http://therm2.lab"] = f"http://127.0.0.1:{server.server_port}"


def visa(page: PageRun) -> None:
    """PyVISA's own simulator in place of the instrument on a bus; the page's words are the same."""
    file = page.folder / "supply.yaml"
    file.write_text(SUPPLY, "utf-8")
    variable(page, "PYVISA_LIBRARY", f"{file}@sim")
    page.ends.callback(lambda: page.names["resource"].visalib.resource_manager.close())


def libraries(page: PageRun) -> None:
    """A motor of ophyd's and an instrument of QCoDeS's, both their own simulations."""
    if can_import("ophyd") and can_import("qcodes"):
        from ophyd.sim import SynAxis
        from qcodes.instrument_drivers.mock_instruments import DummyInstrument

        page.names["motor"] = SynAxis(name="motor")
        page.names["dac"] = DummyInstrument("dac", gates=["ch1", "ch2"])


def cluster(page: PageRun) -> None:
    """A scheduler and three workers, one of them with a GPU to give away."""
    # Dask's client leaves sockets to the garbage collector where its scheduler has gone.
    warnings.filterwarnings("ignore", category=DeprecationWarning, module="distributed")
    warnings.filterwarnings("ignore", "Exception ignored in: <socket")
    folder = page.folder / "cluster"
    folder.mkdir()
    page.places["tcp://10.0.0.5:8786"] = page.ends.enter_context(running_cluster(folder)).address
    file = program(page, "bench", "#!/bin/sh\necho size $2\n")
    page.places["./bench --size"] = f"{file} --size"


def hub(page: PageRun) -> None:
    """A Jupyter server with jupyter-server-proxy, behind https and at a user's own path, as a hub starts it."""
    home = page.folder / "hub"
    home.mkdir()
    jupyter = page.ends.enter_context(running_jupyter(home))
    variable(page, "SSL_CERT_FILE", str(jupyter.authority))
    bench = page.ends.enter_context(Orchestrator(name="on the hub", connection_file=False))
    server = bench.serve(thread=True)
    page.places["https://hub.example/user/me/proxy/43121/"] = jupyter.url(server.port)
    page.names.update(TOKEN=bench.token, HUB_TOKEN=JUPYTER_TOKEN)


def journalctl(page: PageRun) -> None:
    """A journal that is followed, and ends."""
    line = "2026-01-02T03:04:05+0000 rig kernel: usb 1-1: {}"
    said = "\n".join(f"echo '{line.format(words)}'" for words in ("new device", "gone"))
    wanted = 'test "$*" = "-o short-iso -f" || exit 2'
    program(page, "journalctl", f"#!/bin/sh\n{wanted}\n{said}\n", folder="bin")


def camera(page: PageRun) -> None:
    """ffmpeg's own picture of a test in place of a camera's."""
    page.places["/dev/video0"] = "testsrc2"


def python_on_the_path(page: PageRun) -> None:
    """A program called ``python`` for the page's shells."""
    program(page, "python", f'#!/bin/sh\nexec {sys.executable} "$@"\n', folder="bin")
