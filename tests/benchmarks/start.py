"""How long a process needs before it can do anything: user and system time of fresh interpreters.

Modules are compiled already, as pip leaves them: some environments forbid Python to keep what it compiles.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile

from tests.benchmarks.harness import Benchmark, Row

ROUNDS = 9
PEER = ("-c", "import asyncio, tornado.web, tornado.websocket")
FRESH = {
    "bare": ("-c", "pass"),
    "tornado": PEER,
    "pandas": ("-c", "import pandas"),
    "orchestrator": (
        "-c",
        "import autobench_nb as ab; bench = ab.Orchestrator(); bench.log('app').info('hello')",
    ),
    "serving": (
        "-c",
        "import asyncio, autobench_nb as ab\n"
        "async def main():\n"
        "    server = ab.Orchestrator().serve(); server.close(); await server.wait_closed()\n"
        "asyncio.run(main())",
    ),
    "help": ("-m", "autobench_nb.cli", "--help"),
}


def _cpu_s(arguments: tuple[str, ...], compiled: str) -> float:
    """Processor time of one fresh interpreter, in seconds: wall time would measure what else the machine does."""
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    env.pop("PYTHONDONTWRITEBYTECODE", None)
    env["PYTHONPYCACHEPREFIX"] = compiled
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, *arguments], stdout=subprocess.DEVNULL, check=True, env=env)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def start(quick: bool) -> list[Row]:
    """The best of some rounds in which all take turns."""
    best = dict.fromkeys(FRESH, float("inf"))
    with tempfile.TemporaryDirectory(prefix="autobench-start-") as compiled:
        for _ in range(1 if quick else 1 + ROUNDS):
            for name, arguments in FRESH.items():
                best[name] = min(best[name], _cpu_s(arguments, compiled))
    ms = {name: seconds * 1e3 for name, seconds in best.items()}
    peer = "import tornado.web"
    note = (
        "processor time of a fresh interpreter, the best of some rounds; a bare one needs {:.0f} ms"
    )
    said = note.format(ms["bare"])
    return [
        Row(
            "import, one orchestrator, one log entry",
            ms["orchestrator"],
            "ms",
            peer,
            ms["tornado"],
            2.5,
            said,
        ),
        Row(
            "import, one orchestrator, one server",
            ms["serving"],
            "ms",
            peer,
            ms["tornado"],
            3.0,
            said,
        ),
        Row(
            "import, one orchestrator, one log entry",
            ms["orchestrator"],
            "ms",
            "import pandas",
            ms["pandas"],
            1.0,
        ),
        Row("autobench-nb --help", ms["help"], "ms", peer, ms["tornado"], 1.5, said),
    ]


BENCHMARKS = [Benchmark("start", start)]
