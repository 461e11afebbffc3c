"""A real Jupyter server with jupyter-server-proxy: https, a base URL, and a token of its own."""

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
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import trustme

JUPYTER_TOKEN = "jupyter-s-own-token"
START_S = 60.0


@dataclass(frozen=True)
class Jupyter:
    """A Jupyter server with jupyter-server-proxy: https, at a base URL. ``authority``: its certificate's, a file."""

    port: int
    authority: Path

    def url(self, port: int, *, kind: str = "proxy") -> str:
        """Where the server on ``port`` is reached through it."""
        return f"https://127.0.0.1:{self.port}/user/me/{kind}/{port}/"


@contextlib.contextmanager
def running_jupyter(home: Path) -> Iterator[Jupyter]:
    """A server whose files are in ``home``; it ends with the context."""
    authority = trustme.CA()
    certificate = authority.issue_cert("127.0.0.1")
    authority.cert_pem.write_to_path(home / "authority.pem")
    certificate.private_key_pem.write_to_path(home / "key.pem")
    for number, blob in enumerate(certificate.cert_chain_pems):
        blob.write_to_path(home / "cert.pem", append=bool(number))
    environ = {
        **os.environ,
        "HOME": str(home),
        "JUPYTER_CONFIG_DIR": str(home / "config"),
        "JUPYTER_DATA_DIR": str(home / "data"),
        "JUPYTER_RUNTIME_DIR": str(home / "runtime"),
    }
    with (home / "log").open("wb") as log:
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "jupyter", "server", "--no-browser", "--allow-root"),
                *("--ip=127.0.0.1", "--port=0", "--ServerApp.base_url=/user/me/"),
                *(
                    f"--ServerApp.certfile={home / 'cert.pem'}",
                    f"--ServerApp.keyfile={home / 'key.pem'}",
                ),
                *(f"--IdentityProvider.token={JUPYTER_TOKEN}", f"--ServerApp.root_dir={home}"),
            ],
            env=environ,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        yield Jupyter(_port_of(process, home), home / "authority.pem")
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        process.wait(15)


def _port_of(process: subprocess.Popen[bytes], home: Path) -> int:
    pause, deadline = threading.Event(), time.monotonic() + START_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        for file in (home / "runtime").glob("jpserver-*.json"):
            with contextlib.suppress(json.JSONDecodeError):
                told: dict[str, Any] = json.loads(file.read_text())
                return int(told["port"])
        pause.wait(0.05)
    pytest.fail("Jupyter did not start: " + (home / "log").read_text()[-3_000:])
