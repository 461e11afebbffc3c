"""What the name of a host says of where it is. No look-up: names are taken as they are written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from autobench_nb.lazy import LazyModule

if TYPE_CHECKING:
    import ipaddress
else:
    ipaddress = LazyModule("ipaddress")


def is_loopback(name: str | None) -> bool:
    """Whether it is ``localhost``, or an address of this machine's loopback interface (RFC 6761 section 6.3)."""
    if name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name or "").is_loopback
    except ValueError:
        return False
