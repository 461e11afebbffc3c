"""What a page takes for granted before a block, and what a block has done: by page, and there by a piece of its text.

A newcomer reads ``bench`` and has one; a page that is run by itself has to be given it. Where a block prints nothing, a
check looks whether it has done what the page says.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from tests import document_stands as stands
from tests.documents import Setup

BENCH: Final = """
import autobench_nb as ab
bench = ab.Orchestrator(log_capacity=10_000, connection_file=False)
"""

ASKED: Final = """
while not run.jobs[0].current:
    run.wait(0.05)
"""
RUNNING: Final = """
while not bench.jobs.running:
    slow.wait(0.05)
"""

UNTIL: Final = """
def until(condition):
    import threading, time
    pause, deadline = threading.Event(), time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline, {one: bench.devices[one]['observed'] for one in bench.devices}
        pause.wait(0.02)
"""

SETUPS: Final[Mapping[str, Mapping[str, Setup]]] = {
    "docs/connecting.md": {
        "ab.connect()": """
import autobench_nb as ab
bench = ab.Orchestrator(name="original")
bench.serve(thread=True)
""",
        "https://hub.example": stands.hub,
    },
    "docs/reference/command-line.md": {"curl": BENCH + "bench.serve(thread=True)"},
    "docs/tutorials/on-a-hub.md": {"https://hub.example": stands.hub},
    "docs/dask.md": {"DaskExecutor": stands.cluster},
    "docs/streams.md": {"/dev/video0": stands.camera},
    "docs/jobs.md": {"%%bench": BENCH + "import zlib\ndata = bytes(100_000)"},
    "docs/howto/job-hangs.md": {'send("y': ASKED, "jobs.queue": RUNNING},
    "docs/tutorials/laboratory.md": {
        'print(bench.devices["fan0"]["observed"])': """
import threading
while bench.devices["fan0"]["observed"] != {"rpm": 900}:
    threading.Event().wait(0.01)
""",
    },
    "docs/devices.md": {
        "watts_up(": stands.meter_and_relay,
        "LineProtocol(": stands.supply,
        "http://therm2.lab": stands.thermometer,
        "pyvisa.ResourceManager": stands.visa,
        "OphydDevice(": stands.libraries,
    },
    "docs/journal.md": {
        'ab.Orchestrator(journal="lab.db")': "import autobench_nb as ab",
        "journal.interrupted": """
bench.run(["true", "sleep 5"])
bench.close()
""",
        "bench.journal.runs()": "run.cancel(); run.wait()",
        "max_bytes": "bench.close()",
        "another = ": "bench = ab.Orchestrator(journal='lab.db')",
    },
    "docs/log-files.md": {
        "replay app.log": r"""
import gzip
from pathlib import Path
line = "2026-01-02 03:04:05,678 - app - {} - {}\n"
pieces = []
for n in range(1950):
    pieces.append(line.format("ERROR" if n < 24 else "INFO", f"line {n}"))
    if n < 24:
        pieces.append("  a line that belongs to it\n" * 2)
Path("app.log").write_text("it begins\n(and has no time)\n" + "".join(pieces))
Path("app.log.1.gz").write_bytes(gzip.compress(b"2026-01-01 03:04:05,678 - app - INFO - old\n"))
Path("a.log").write_text(line.format("INFO", "a"))
Path("b.log").write_text(line.format("WARNING", "b"))
Path("my.log").write_text(line.format("INFO", "mine"))
""",
        "journalctl": stands.journalctl,
    },
    "docs/log-pane.md": {"ab.LogPane(bench)": BENCH + "bench.serve()"},
    "docs/measuring.md": {
        "./install.sh": BENCH
        + """
from pathlib import Path
Path("install.sh").write_text("#!/bin/sh\\nprintf 'Go on? '; read answer; echo $answer\\n")
Path("install.sh").chmod(0o755)
""",
        'job.send("y': ASKED,
        "ab.comparable": """
run.wait()
before, after = bench.run(["true"]), bench.run(["true"])
before.wait(), after.wait()
import contextlib
from autobench_nb.errors import ComparisonError
""",
    },
    "docs/pno.md": {
        "bench.pno.scan()": BENCH + "bench.devices.add('psu', type='power supply')",
    },
    "docs/recipes.md": {
        'bench.run("recipe.yaml"': """
from pathlib import Path
from autobench_nb.cli.recipes import FIRST
Path("recipe.yaml").write_text(FIRST)
""",
        "autobench-nb init": "Path('recipe.yaml').unlink()",
        "autobench-nb resume": """
with ab.Orchestrator(journal="lab.db", connection_file=False) as earlier:
    earlier.run("recipe.yaml")
""",
        "autobench-nb check compressors.yaml": """
file = Path("compressors.yaml")
file.write_text(file.read_text().replace("needs: [data]", "needs: [dta]").replace("60s", "60sec"))
""",
    },
}
"""By page, and there by what stands in the block before which it is done."""

CHECKS: Final[Mapping[str, Mapping[str, str]]] = {
    "docs/devices.md": {
        "watts_up(": UNTIL
        + """
until(lambda: bench.devices["psu"]["observed"] == {"port1": "on", "port2": "off"})
until(lambda: (bench.devices["pm0"]["observed"] or {}).get("watts") == 118.4)
assert {"ts", "watts", "volts", "amperes"} <= set(bench.devices.samples("pm0").to_pandas())
""",
        "class Fan": 'until(lambda: bench.devices["fan0"]["observed"] == {"rpm": 900})',
        "LineProtocol(": """
until(lambda: bench.devices["psu1"]["observed"] == {"volts": 5.0, "amperes": 0.12})
bench.devices["psu1"].do("set", volts=3.3)
until(lambda: bench.devices["psu1"]["observed"]["volts"] == 3.3)
""",
        "http://therm2.lab": """
until(lambda: bench.devices["therm2"]["observed"] == {"inside": 21.5})
bench.devices["therm2"].do("valve", number=2, open=True)
assert valves == {"/valve/2": True}
""",
        "pyvisa.ResourceManager": 'until(lambda: bench.devices["psu2"]["observed"] == {"volts": 5.0})',
        "OphydDevice(": """
until(lambda: bench.devices["m1"]["observed"] == {"motor": 0, "motor_setpoint": 0})
until(lambda: bench.devices["dac"]["observed"] == {"ch1": 0, "ch2": 0})
""",
    },
    "docs/jobs.md": {"%%bench": "assert run.jobs[0].value == len(packed), run"},
    "docs/log-files.md": {
        "journalctl": """
import os
from urllib.request import Request, urlopen
bearer = {"Authorization": f"Bearer {os.environ['AUTOBENCH_TOKEN']}"}
with urlopen(Request("http://127.0.0.1:8765/api/logs?query=logger:kernel", headers=bearer)) as answer:
    assert b"usb 1-1: new device" in answer.read()
""",
    },
    "docs/streams.md": {
        "/dev/video0": """
from pathlib import Path
assert Path("boot.mkv").stat().st_size > 1000
assert bench.streams["cam1"]["status"] == "live"
""",
    },
}
"""By page, and there by what stands in the block that has run."""
