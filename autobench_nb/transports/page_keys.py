"""What the standalone page keeps instead of the token: a key that only its own server takes, for some weeks. No I/O.

A cookie would go to every port of the host, so that any other program that listens there could read and replay it.
The page keeps its key in the browser's storage, which belongs to an origin, port included, and sends it itself.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import time
from collections.abc import Callable
from typing import Final

PAGE_KEY_LIFE_S: Final = 30 * 86_400
"""How long a page stays signed in."""
CLOCK_BACK_S: Final = 60
"""The server's clock may have been put back by so much since."""

_SHAPE: Final = re.compile(r"page\.([0-9]{1,12})\.([\w-]{22})\.[0-9a-f]{64}", re.ASCII)


class PageKeys:
    """Makes keys and knows them again, without remembering any: each is signed.

    Derived from the token, so that nobody who finds a key learns the token, and that a new token ends all keys; from
    the port too, since another server of the host may have the same token.

    Args:
        token: The server's access token.
        port: The TCP port that the server listens on.
        wall: Gives seconds since 1970.
    """

    def __init__(self, token: str, port: int, wall: Callable[[], float] = time.time) -> None:
        self._secret = hmac.digest(
            token.encode(), b"autobench-nb page keys of port %d" % port, "sha256"
        )
        self._wall = wall

    def new(self) -> str:
        """A key for one page, good from now on."""
        return self._signed(f"page.{int(self._wall())}.{secrets.token_urlsafe(16)}")

    def proves(self, given: str) -> bool:
        """Whether it is a key of this server that is not too old. 256 bits are not guessed: any may be tried."""
        shape = _SHAPE.fullmatch(given)
        if shape is None or not -CLOCK_BACK_S <= self._wall() - int(shape[1]) <= PAGE_KEY_LIFE_S:
            return False
        return hmac.compare_digest(given, self._signed(given.rpartition(".")[0]))

    def _signed(self, text: str) -> str:
        return f"{text}.{hmac.new(self._secret, text.encode(), hashlib.sha256).hexdigest()}"
