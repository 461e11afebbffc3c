"""How bytes move: the server and its sockets, the Python client, the in-memory loopback."""

from __future__ import annotations

from autobench_nb.transports.client.client import Client, connect
from autobench_nb.transports.client.link import LinkStatus
from autobench_nb.transports.server import Server, serve, serve_in_thread

__all__ = ["Client", "LinkStatus", "Server", "connect", "serve", "serve_in_thread"]
