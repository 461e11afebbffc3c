"""An orchestrator in a process of its own, which can be killed and started again in its place."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

TOKEN = "the-far-server-s-token"
READ_TOKEN = "what-its-spectators-have"

_SCRIPT = """
import json, sys, autobench_nb as ab
port, environ = int(sys.argv[1]), json.loads(sys.argv[2])
with ab.Orchestrator("far away", environ=environ) as bench:
    server = bench.serve(port=port, thread=True)
    print(json.dumps([server.port, bench.epoch]), flush=True)
    for line in sys.stdin:
        value = eval(line)
        print(json.dumps(value if isinstance(value, (int, str, list)) else None), flush=True)
"""


class Far:
    """One orchestrator after the other on the same port, each called ``bench`` in its process."""

    def __init__(self, **environ: str) -> None:
        settings = {
            "WS_RECONNECT_MIN_MS": "100",
            "WS_RECONNECT_MAX_MS": "500",
            "REQUEST_SAMPLE": "0",
        }
        self.environ = {
            "AUTOBENCH_TOKEN": TOKEN,
            "AUTOBENCH_READ_TOKEN": READ_TOKEN,
            "CONNECTION_FILE": "false",
            **settings,
            **environ,
        }
        self.port = 0
        self.epoch = ""
        self.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    def start(self) -> None:
        """Another life, on the same port."""
        root = str(Path(__file__).resolve().parents[1])
        paths = os.pathsep.join(filter(None, [root, os.environ.get("PYTHONPATH")]))
        self._process = subprocess.Popen(
            [sys.executable, "-c", _SCRIPT, str(self.port), json.dumps(self.environ)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": paths},
        )
        self.port, self.epoch = self._read()

    def do(self, expression: str) -> Any:
        """What an expression gives there, where that is a number, a text or a list."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{expression}\n")
        self._process.stdin.flush()
        return self._read()

    def _read(self) -> Any:
        assert self._process.stdout is not None
        return json.loads(self._process.stdout.readline())

    def kill(self) -> None:
        """End it without a word to anybody."""
        self._end(signal.SIGKILL)

    def pause(self) -> None:
        """Its machine hears and says nothing."""
        self._process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        self._process.send_signal(signal.SIGCONT)

    def close(self) -> None:
        self._end(signal.SIGTERM)

    def _end(self, how: signal.Signals) -> None:
        process = self._process
        process.send_signal(how)
        process.send_signal(signal.SIGCONT)
        process.wait(15)
        for pipe in (process.stdin, process.stdout):
            assert pipe is not None
            with contextlib.suppress(BrokenPipeError):
                pipe.close()


@contextlib.contextmanager
def far_away(**environ: str) -> Iterator[Far]:
    """One that ends with the test."""
    far = Far(**environ)
    try:
        yield far
    finally:
        far.close()
