"""Hosts of notebooks as people have them: a hub's picture around a JupyterLab, and a real JupyterHub.

A browser as on another machine: the hub has a name, and the browser's own loopback is somebody else's
(:class:`Elsewhere`).
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import importlib.util
import os
import re
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path
from typing import NoReturn

import pytest

from autobench_nb.transports.sockets.wire import message_bytes
from tests.e2e.conftest import ROOT, Lab, end_group, running_lab, wait_until
from tests.node import JS, NODE, install_modules, node_env

HOST = "hub.example"
"""The name under which the browser knows the machine of the kernel."""
NO_PROXY = "--ServerApp.jpserver_extensions={'jupyter_server_proxy': False}"
PLAIN = "plain"
"""The user of the hub whose server has no proxy."""
CHP = JS / "node_modules" / "configurable-http-proxy" / "bin" / "configurable-http-proxy"


def need(*modules: str) -> None:
    """Skip where a package is missing; in CI fail."""
    missing = [name for name in modules if importlib.util.find_spec(name) is None]
    if missing:
        _give_up(f"not installed: {', '.join(missing)} (pip install -e '.[test]')")


def need_entry_point() -> None:
    """Skip where the package was installed before it had its tile; in CI fail."""
    found = entry_points(group="jupyter_serverproxy_servers", name="autobench")
    if not found:
        _give_up("installed before it had its tile: pip install -e '.[test]' again")


def _give_up(reason: str) -> NoReturn:
    if os.environ.get("AUTOBENCH_REQUIRE_BROWSER"):
        pytest.fail(reason)
    pytest.skip(reason)


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on now, all different."""
    with contextlib.ExitStack() as stack:
        probes = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [probe.getsockname()[1] for probe in probes]


class Elsewhere:
    """The loopback of the browser's own machine, on which a stranger listens: it keeps what it is sent."""

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self.heard: list[bytes] = []
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def _listen(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:  # closed
                return
            with connection:
                connection.settimeout(2)
                with contextlib.suppress(OSError):
                    self._meet(connection)

    def _meet(self, connection: socket.socket) -> None:
        self.heard.append(connection.recv(65_536))

    def flags(self, name: str = HOST) -> list[str]:
        """With these a Chromium knows the kernel's machine by its name alone, and this as its own loopback."""
        return [
            f"--host-resolver-rules=MAP {name} 127.0.0.1",
            f"--proxy-server=http://127.0.0.1:{self.port}",
            f"--proxy-bypass-list=<-loopback>;{name}",
        ]

    def close(self) -> None:
        self._socket.close()
        # A closed listener does not wake who waits for it.
        self._thread.join(0.1)


CLAIM = (
    b'{"type":"welcome","protocol":1,"epoch":"mine","stateVersion":0,"nextSeq":0,"resumed":false,'
    b'"serverTime":"2026-01-01T00:00:00.000Z"}'
)


class Impostor(Elsewhere):
    """A stranger on every port of that loopback who speaks WebSocket, and claims to be an orchestrator's server."""

    def _meet(self, connection: socket.socket) -> None:
        first = connection.recv(65_536)
        self.heard.append(first)
        if first.startswith(b"CONNECT"):
            connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            self.heard.append(connection.recv(65_536))
        key = re.search(rb"Sec-WebSocket-Key: (\S+)", self.heard[-1])
        if key is None:
            return
        accept = base64.b64encode(hashlib.sha1(key[1] + WEBSOCKET_GUID).digest()).decode()
        connection.sendall(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Accept: {accept}\r\n\r\n".encode()
            + message_bytes(CLAIM, compressed=False)
        )
        while said := connection.recv(65_536):
            self.heard.append(unmasked(said))


WEBSOCKET_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
"""RFC 6455 section 1.3."""


def unmasked(data: bytes) -> bytes:
    """What stands in a browser's message, which is masked (RFC 6455 section 5.3)."""
    begin = 2 + {126: 2, 127: 8}.get(data[1] & 0x7F, 0)
    mask = data[begin : begin + 4]
    return bytes(byte ^ mask[at % 4] for at, byte in enumerate(data[begin + 4 :]))


@contextlib.contextmanager
def reverse_proxy(target: str, home: Path) -> Iterator[int]:
    """The proxy that hubs use, before ``target``; its port. It hands the browser's Host header on."""
    install_modules()
    port, api = free_ports(2)
    with (home / "proxy.log").open("wb") as log:
        process = subprocess.Popen(
            [
                *(str(NODE), str(CHP), "--ip=127.0.0.1", f"--port={port}"),
                *("--api-ip=127.0.0.1", f"--api-port={api}", f"--default-target={target}"),
            ],
            env={**node_env(), "CONFIGPROXY_AUTH_TOKEN": "of-the-test"},
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        wait_until(lambda: answers(f"http://127.0.0.1:{port}/"), "the reverse proxy")
        yield port
    finally:
        end_group(process)


def answers(url: str) -> bool:
    """Whether something answers there that a proxy has found."""
    try:
        urllib.request.urlopen(url, timeout=5).close()
    except urllib.error.HTTPError as error:
        error.close()
        return error.code < 500
    except OSError:
        return False
    return True


@contextlib.contextmanager
def lab_behind_proxy(folder: Path, home: Path, *options: str) -> Iterator[Lab]:
    """A JupyterLab under a base URL, behind a reverse proxy on another port, for a browser that knows it by name."""
    base = "/user/me/"
    hub = [f"--ServerApp.base_url={base}", "--ServerApp.allow_remote_access=True", *options]
    with running_lab(folder, home, *hub) as lab:
        own = lab.url.partition("/user/")[0]
        with reverse_proxy(own, home) as port:
            yield Lab(f"http://{HOST}:{port}{base}", lab.token, lab.folder)


@dataclass
class Hub:
    """A real JupyterHub with the dummy authenticator and the simple spawner. ``url`` ends in a slash."""

    url: str
    home: Path

    def lab_of(self, user: str) -> Lab:
        """The JupyterLab of a user, once that one has signed in; its folder is the user's home."""
        folder = self.home / "users" / user
        return Lab(f"{self.url}user/{user}/", "", folder)


_HUB_CONFIG = """
c.JupyterHub.bind_url = 'http://127.0.0.1:{port}/'
c.JupyterHub.hub_port = {hub_port}
c.JupyterHub.authenticator_class = 'dummy'
c.DummyAuthenticator.password = 'of-the-test'
c.Authenticator.allow_all = True
c.JupyterHub.spawner_class = 'simple'
c.SimpleLocalProcessSpawner.home_dir_template = {users!r} + '/{{username}}'
c.Spawner.args = {args!r}
c.Spawner.pre_spawn_hook = lambda spawner: (
    spawner.args.append({without!r}) if spawner.user.name == {plain!r} else None
)
c.Spawner.default_url = '/lab'
c.Spawner.environment = {environment!r}
c.Spawner.cmd = [{python!r}, '-m', 'jupyterhub.singleuser']
c.ConfigurableHTTPProxy.command = [{node!r}, {chp!r}]
c.ConfigurableHTTPProxy.api_url = 'http://127.0.0.1:{api_port}'
c.JupyterHub.db_url = 'sqlite:///' + {database!r}
c.JupyterHub.cookie_secret_file = {secret!r}
"""


@contextlib.contextmanager
def running_hub(home: Path) -> Iterator[Hub]:
    """A JupyterHub; all that it writes is in ``home``. The server of :data:`PLAIN` is without jupyter-server-proxy."""
    need("jupyterhub", "jupyter_server_proxy")
    install_modules()
    port, hub_port, api_port = free_ports(3)
    users = home / "users"
    users.mkdir()
    config = home / "jupyterhub_config.py"
    config.write_text(
        _HUB_CONFIG.format(
            port=port,
            hub_port=hub_port,
            api_port=api_port,
            users=str(users),
            plain=PLAIN,
            without=NO_PROXY,
            args=[
                "--allow-root",
                "--LabApp.expose_app_in_browser=True",
                "--LabApp.news_url=None",
            ],
            environment={
                "PYTHONPATH": os.pathsep.join(
                    filter(None, [str(ROOT), os.environ.get("PYTHONPATH")])
                ),
                "JUPYTERHUB_SINGLEUSER_EXTENSION": "1",
            },
            python=sys.executable,
            node=str(NODE),
            chp=str(CHP),
            database=str(home / "hub.sqlite"),
            secret=str(home / "secret"),
        )
    )
    with (home / "hub.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "jupyterhub", "-f", str(config)],
            cwd=home,
            env={**node_env(), "HOME": str(home), "CONFIGPROXY_AUTH_TOKEN": "of-the-test"},
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:

        def runs() -> bool:
            if process.poll() is not None:
                pytest.fail("JupyterHub ended: " + (home / "hub.log").read_text()[-4000:])
            return answers(f"http://127.0.0.1:{port}/hub/login")

        wait_until(runs, "JupyterHub")
        yield Hub(f"http://{HOST}:{port}/", home)
    finally:
        end_group(process)
