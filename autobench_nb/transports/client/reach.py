"""How a server is reached: its address, what is shown on the way, why that failed, and when to try again."""

from __future__ import annotations

import os
import re
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit, urlunsplit

from autobench_nb.errors import TransportError
from autobench_nb.transports.host_names import is_loopback

_SCHEMES: Final = {"http": "ws", "https": "wss", "ws": "ws", "wss": "wss"}
_PROXIED: Final = re.compile(r"/proxy/(?:absolute/)?(?:[^/]+:)?\d+/")
"""What jupyter-server-proxy puts before a server's own paths."""
_HUB_TOKEN: Final = "JUPYTERHUB_API_TOKEN"
_SERVER_TOKENS: Final = (_HUB_TOKEN, "JUPYTER_TOKEN")
_PLACES: Final = (
    *("JUPYTERHUB_PUBLIC_URL", "JUPYTERHUB_PUBLIC_HUB_URL", "JUPYTERHUB_HOST"),
    *("JUPYTERHUB_API_URL", "JUPYTER_SERVER_URL"),
)
"""Variables that Jupyter sets and that say where it is."""


@dataclass(frozen=True, slots=True)
class ServerAddress:
    """Where a server is, read from what a person gave.

    Attributes:
        url: The socket's.
        access: The access token that stood in the address, if one did.
        jupyter_token: Jupyter's token that stood in the address, if one did.
    """

    url: str
    access: str | None = None
    jupyter_token: str | None = None

    @property
    def is_proxied(self) -> bool:
        """Whether it leads through jupyter-server-proxy."""
        return _PROXIED.search(urlsplit(self.url).path) is not None


def server_address(url: str) -> ServerAddress:
    """The address for a page's or a socket's URL, whatever paths a proxy has put before.

    Raises:
        TransportError: It is no URL of a server.
    """
    parts = urlsplit(url if "://" in url else f"http://{url}")
    if parts.scheme not in _SCHEMES or not parts.hostname:
        raise TransportError(f"{parts.scheme}://... is no URL of a server: give http://HOST:PORT/.")
    path = parts.path if parts.path.endswith("/ws") else parts.path.rstrip("/") + "/ws"
    query = parse_qs(parts.query)
    return ServerAddress(
        urlunsplit((_SCHEMES[parts.scheme], parts.netloc, path, "", "")),
        query.get("access", [None])[0],
        query.get("token", [None])[0],
    )


def jupyter_token_for(
    address: ServerAddress, environ: Mapping[str, str] | None = None
) -> str | None:
    """Jupyter's token for an address: the one that stood in it, or the environment's where it is meant for that host.

    A token of the environment goes only through jupyter-server-proxy, to this machine or to the host that Jupyter's own
    variables name: no other host is shown it.
    """
    if address.jupyter_token is not None:
        return address.jupyter_token
    variables = os.environ if environ is None else environ
    tokens = [variables[name] for name in _SERVER_TOKENS if variables.get(name)]
    if not tokens or not address.is_proxied:
        return None
    host = urlsplit(address.url).hostname or ""
    known = {urlsplit(variables[name]).hostname for name in _PLACES if variables.get(name)}
    return tokens[0] if is_loopback(host) or host in known else None


def authorization(token: str | None, jupyter_token: str | None) -> dict[str, str]:
    """The header that lets us in: Jupyter's where there is one, since its proxy looks at it first."""
    if jupyter_token is not None:
        return {"Authorization": f"token {jupyter_token}"}
    return {} if token is None else {"Authorization": f"Bearer {token}"}


def tls_of(url: str) -> ssl.SSLContext | None:
    """What a certificate is checked by: the system's authorities, or those that SSL_CERT_FILE names now."""
    return ssl.create_default_context() if url.startswith("wss:") else None


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
                "A server without TLS is reached by http://; a certificate that the system does not know is trusted "
                "where SSL_CERT_FILE names its authority's."
            )
    return getattr(error, "strerror", None) or str(error) or type(error).__name__, ""


def explained_status(code: int, url: str = "") -> tuple[str, str]:
    """As :func:`explained`, for an HTTP status instead of the socket. 599 is tornado's own, for a time that is over."""
    if code == 599:
        return "it did not answer in time", ""
    remedy = "Something else answers there: give the URL of the page." if 300 <= code < 500 else ""
    if 300 <= code < 400 and ServerAddress(url).is_proxied:
        remedy = f"Jupyter wants to know who asks: {token_remedy(url)}"
    if code == 404 and ServerAddress(url).is_proxied:
        remedy = "Is jupyter-server-proxy installed there, and is this the server's port?"
    return f"HTTP {code}", remedy


def token_remedy(url: str) -> str:
    """What to do where a token is missing or wrong."""
    if ServerAddress(url).is_proxied:
        return (
            f"give Jupyter's token as jupyter_token=, or set {_HUB_TOKEN}; the orchestrator's own, which its "
            "server.token says, as token=."
        )
    return "give its token, which its server.token says."
