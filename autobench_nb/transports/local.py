"""The servers of this process: a client in the same kernel finds them here, and needs no socket to itself."""

from __future__ import annotations

import os
import socket
import weakref
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from autobench_nb.transports.server import Server

_LOOPBACK: Final = ("127.0.0.1", "localhost", "::1")
_ANY: Final = ("", "0.0.0.0", "::")

# With the process: in a fork of it the same objects are there, but nobody serves.
_servers: weakref.WeakKeyDictionary[Server, int] = weakref.WeakKeyDictionary()


def add(server: Server) -> None:
    """Say that ``server`` runs in this process."""
    _servers[server] = os.getpid()


def server_at(url: str) -> Server | None:
    """The running server of this process that ``ws://HOST:PORT/ws`` leads to, ``None`` where there is none.

    A URL that leads through a proxy, or a name of this machine that is not its own, is not recognised.
    """
    parts = urlsplit(url)
    if parts.scheme != "ws" or parts.path != "/ws" or parts.port is None:
        return None
    for server, process in tuple(_servers.items()):
        if server.is_closed or process != os.getpid() or server.port != parts.port:
            continue
        names = {*_LOOPBACK, server.host.lower()}
        if server.host in _ANY:
            names.add(socket.gethostname().lower())
        if parts.hostname in names:
            return server
    return None


def running_server_of(host: Any) -> Server | None:
    """The server in this process behind what a widget looks at, ``None`` where it runs elsewhere or not at all.

    Args:
        host: An orchestrator, whose ``server`` it is; or a client of one, whose ``url`` leads to it.
    """
    server: Server | None = getattr(host, "server", None)
    if server is not None:
        return server
    url = getattr(host, "url", None)
    return server_at(url) if isinstance(url, str) else None
