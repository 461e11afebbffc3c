"""The port: sockets that listen, on every address that a host name has."""

from __future__ import annotations

import errno
import socket
from typing import Any, Final

from autobench_nb.errors import PortError

BACKLOG: Final = 1_024
"""Connections that the kernel keeps until they are accepted."""


def bind(host: str, port: int) -> list[socket.socket]:
    """Listening sockets on one port, or :class:`PortError` naming the port and the reason."""
    if not 0 <= port <= 65_535:
        raise PortError(host, port, "a port is 0 to 65535")
    found: list[socket.socket] = []
    try:
        infos = socket.getaddrinfo(
            host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
        for family, _, _, _, address in dict.fromkeys(infos):
            if found:  # "localhost" is several addresses: all on the port that the first one got
                address = (address[0], found[0].getsockname()[1], *address[2:])
            one = _listen(family, address, may_fail=bool(found) or family is not infos[-1][0])
            if one is not None:
                found.append(one)
    except OSError as error:
        for one in found:
            one.close()
        if isinstance(error, socket.gaierror):
            raise PortError(host, port, f"the host is not known ({error.strerror})") from error
        reason = error.strerror or str(error)
        raise PortError(host, port, reason[:1].lower() + reason[1:]) from error
    return found


def _listen(family: int, address: Any, *, may_fail: bool) -> socket.socket | None:
    """One listening socket; ``None`` where the machine has no such address and another one will do."""
    one: socket.socket | None = None
    try:
        one = socket.socket(family, socket.SOCK_STREAM)
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        one.setblocking(False)
        one.bind(address)
        one.listen(BACKLOG)
    except OSError as error:
        if one is not None:
            one.close()
        if may_fail and error.errno in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT):
            return None
        raise
    return one
