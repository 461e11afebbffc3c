"""Making one connection of a client to its server: with what it is let in, and why there is none."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, NamedTuple

from tornado.httpclient import HTTPClientError, HTTPRequest
from tornado.websocket import WebSocketClientConnection, WebSocketError, websocket_connect

from autobench_nb.errors import AuthenticationError
from autobench_nb.transports.client.reach import (
    authorization,
    explained,
    explained_status,
    tls_of,
    token_remedy,
)

MAX_MESSAGE_BYTES: Final = 1 << 30
TRY_S: Final = 10.0


@dataclass(frozen=True, slots=True)
class Credentials:
    """What lets a client in: the server's token, and Jupyter's where its proxy stands before the server."""

    token: str | None = field(repr=False)
    jupyter_token: str | None = field(default=None, repr=False)

    @property
    def in_hello(self) -> str | None:
        """The server's token where the first message carries it, since Jupyter's takes the header."""
        return None if self.jupyter_token is None else self.token


class Unreached(NamedTuple):
    """Why there is no connection, and a remedy where trying again is none; else it is empty."""

    reason: str
    remedy: str


async def dial(url: str, credentials: Credentials) -> WebSocketClientConnection | Unreached:
    """A new connection, or why there is none.

    Raises:
        AuthenticationError: The token is wrong or missing.
    """
    request = HTTPRequest(
        url,
        headers=authorization(credentials.token, credentials.jupyter_token),
        connect_timeout=TRY_S,
        request_timeout=TRY_S,
        ssl_options=tls_of(url),
    )
    try:
        return await websocket_connect(
            request, compression_options={}, max_message_size=MAX_MESSAGE_BYTES
        )
    except HTTPClientError as error:
        if error.code in (401, 403):
            raise AuthenticationError(
                f"{url} refused us ({error.code}): {token_remedy(url)}"
            ) from None
        return Unreached(*explained_status(error.code, url))
    except (OSError, WebSocketError) as error:
        return Unreached(*explained(error))
