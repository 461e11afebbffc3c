"""How bytes move: the server and its sockets, the Python client, the in-memory loopback."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from autobench_nb.transports.client.client import Client, connect
    from autobench_nb.transports.client.link import LinkStatus
    from autobench_nb.transports.server import Server
    from autobench_nb.transports.serving import serve, serve_in_thread

__all__ = ["Client", "LinkStatus", "Server", "connect", "serve", "serve_in_thread"]

_HOMES = {
    "Client": "client.client",
    "LinkStatus": "client.link",
    "Server": "server",
    "connect": "client.client",
    "serve": "serving",
    "serve_in_thread": "serving",
}


def __getattr__(name: str) -> Any:
    """Names are imported when they are first used: who only runs jobs needs neither server nor client."""
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(f"{__name__}.{home}"), name)
    return value
