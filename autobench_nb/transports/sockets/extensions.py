"""The compression that a client offers in its handshake, read as RFC 7692 section 7 says before tornado sees it."""

from __future__ import annotations

import re
from typing import Final

CLIENT_WINDOW_BITS: Final = 10
"""The window of what browsers send: their messages are small, and 32 kB a connection would hold the larger window."""
MAX_OFFERS: Final = 16
"""Offers that are looked at; a browser makes one."""

_PARAMETER: Final = re.compile(r"([a-z_]+)(?:\s*=\s*(?:\"([0-9]{1,2})\"|([0-9]{1,2})))?", re.ASCII)
_FLAGS: Final = ("server_no_context_takeover", "client_no_context_takeover")
# zlib makes no raw stream with a window of 8 bits.
_SERVER_WINDOWS: Final = {str(bits) for bits in range(9, 16)}
_CLIENT_WINDOWS: Final = {str(bits) for bits in range(8, 16)}


def choose_offer(header: str) -> str | None:
    """The first offer of ``Sec-WebSocket-Extensions`` that can be taken, as tornado reads it; ``None``: no compression.

    An offer with a parameter that is unknown, doubled, or has a value that it cannot have is declined (section 7.1).
    """
    for offer in header.split(",")[:MAX_OFFERS]:
        parameters = _read(offer)
        if parameters is not None:
            written = [
                name if value is None else f"{name}={value}" for name, value in parameters.items()
            ]
            return "; ".join(["permessage-deflate", *written])
    return None


def _read(offer: str) -> dict[str, str | None] | None:
    name, *parts = (part.strip() for part in offer.split(";"))
    if name.lower() != "permessage-deflate" or len(parts) > 4:
        return None
    read: dict[str, str | None] = {}
    for part in parts:
        match = _PARAMETER.fullmatch(part)
        if match is None or match[1] in read:
            return None
        key, value = match[1], match[2] or match[3]
        if key == "client_max_window_bits" and value is None:
            # Section 7.1.2.2: without a value, the server may choose. Tornado would take the largest.
            value = str(CLIENT_WINDOW_BITS)
        fits = (
            value is None if key in _FLAGS
            else value in _SERVER_WINDOWS if key == "server_max_window_bits"
            else value in _CLIENT_WINDOWS if key == "client_max_window_bits"
            else False
        )  # fmt: skip
        if not fits:
            return None
        read[key] = value
    return read
