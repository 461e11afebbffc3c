"""How a server is reached: the socket's address, why a connection could not be made, and when to try again."""

from __future__ import annotations

import socket
import ssl
from typing import Any
from urllib.parse import parse_qs, urlsplit, urlunsplit

from autobench_nb.errors import TransportError


def socket_url(url: str) -> tuple[str, str | None]:
    """The socket's URL for a page's or a socket's, and the access token that stood in it, if one did."""
    parts = urlsplit(url if "://" in url else f"http://{url}")
    schemes = {"http": "ws", "https": "wss", "ws": "ws", "wss": "wss"}
    if parts.scheme not in schemes or not parts.hostname:
        raise TransportError(f"{parts.scheme}://... is no URL of a server: give http://HOST:PORT/.")
    path = parts.path if parts.path.endswith("/ws") else parts.path.rstrip("/") + "/ws"
    access = parse_qs(parts.query).get("access", [None])[0]
    return urlunsplit((schemes[parts.scheme], parts.netloc, path, "", "")), access


def backoff_s(attempt: int, settings: dict[str, Any], chance: float) -> float:
    """The delay before reconnect ``attempt`` (from 1). ``chance``: 0 to 1, which spreads clients by the jitter."""
    low, high = settings["reconnectMinMs"], settings["reconnectMaxMs"]
    grown = low * settings["reconnectFactor"] ** min(attempt - 1, 64)
    jitter = settings["reconnectJitter"]
    return float(min(high, grown) * (1 + jitter * (2 * chance - 1)) / 1000)


def explained(error: Exception) -> tuple[str, str]:
    """Why a connection could not be made, and a remedy where trying again is none."""
    match error:
        case ConnectionRefusedError():
            return "nothing listens there", (
                "Is the orchestrator serving, and is this its port? Its server.url says so."
            )
        case socket.gaierror():
            return f"the host is not known ({error.strerror})", "Is its name right?"
        case ssl.SSLError():
            return f"no TLS connection could be made ({error.reason})", (
                "A server without TLS is reached by http://, one whose certificate is not known here not at all."
            )
    return getattr(error, "strerror", None) or str(error) or type(error).__name__, ""


def explained_status(code: int) -> tuple[str, str]:
    """As :func:`explained`, for an HTTP status instead of the socket. 599 is tornado's own, for a time that is over."""
    if code == 599:
        return "it did not answer in time", ""
    remedy = "Something else answers there: give the URL of the page." if 300 <= code < 500 else ""
    return f"HTTP {code}", remedy
