"""A real Jupyter server with jupyter-server-proxy."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

TOKEN = "jupyter-s-own-token-of-the-soak"
START_S = 120.0


@contextmanager
def running_jupyter(home: Path) -> Iterator[tuple[int, int]]:
    """Its port and its pid; all its files are in ``home``."""
    env = {
        **os.environ,
        "HOME": str(home),
        "JUPYTER_CONFIG_DIR": str(home / "config"),
        "JUPYTER_DATA_DIR": str(home / "data"),
        "JUPYTER_RUNTIME_DIR": str(home / "runtime"),
    }
    with (home / "jupyter.log").open("wb") as log:
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "jupyter", "server", "--no-browser", "--allow-root"),
                *("--ip=127.0.0.1", "--port=0", f"--ServerApp.root_dir={home}"),
                f"--IdentityProvider.token={TOKEN}",
            ],
            env=env,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        yield _port_of(process, home), process.pid
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _port_of(process: subprocess.Popen[bytes], home: Path) -> int:
    pause, deadline = threading.Event(), time.monotonic() + START_S
    while time.monotonic() < deadline and process.poll() is None:
        for file in (home / "runtime").glob("jpserver-*.json"):
            with contextlib.suppress(json.JSONDecodeError):
                return int(json.loads(file.read_text())["port"])
        pause.wait(0.1)
    raise RuntimeError("Jupyter did not start: " + (home / "jupyter.log").read_text()[-3_000:])
