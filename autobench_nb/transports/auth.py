"""Who may come in: the token, where a request comes from, and which name it was sent to. Pure decisions, no I/O.

Nothing that a browser sends by itself lets anybody in: there is no cookie, only the token, or the key that our own page
keeps (:mod:`autobench_nb.transports.page_keys`), in a header or in the first message. What comes from a foreign page
(its Origin is another site's) or to a name that an attacker points at 127.0.0.1 (DNS rebinding: its Host is not ours)
is refused all the same.
"""

from __future__ import annotations

import enum
import hmac
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from autobench_nb.config import Config
from autobench_nb.contract.commands import SESSION_CODE
from autobench_nb.errors import ClosedError, ConfigError
from autobench_nb.lazy import LazyModule
from autobench_nb.transports.guesses import Guesses, OneTimeCodes
from autobench_nb.transports.host_names import is_loopback
from autobench_nb.transports.page_keys import PageKeys

if TYPE_CHECKING:
    import ipaddress
else:
    ipaddress = LazyModule("ipaddress")

TOKEN_BYTES: Final = 24
MIN_TOKEN_CHARS: Final = 16
MAX_TRUSTED: Final = 64
"""Origins, besides those of the settings."""
ANY_HOST: Final = "*"
"""In AUTOBENCH_ALLOWED_HOSTS: whatever name a request carries, as behind a proxy that sends the token along."""
SAFE_METHODS: Final = frozenset({"GET", "HEAD"})


def new_token() -> str:
    """A fresh access token: 192 random bits as 32 URL-safe characters."""
    return secrets.token_urlsafe(TOKEN_BYTES)


def check_token(token: str, variable: str = "token") -> str:
    """``token``, where it can travel in a header and is not short: else :class:`ConfigError`, which never shows it."""
    if len(token) < MIN_TOKEN_CHARS or not all("!" <= character <= "~" for character in token):
        raise ConfigError(
            variable,
            "(not shown)",
            f"at least {MIN_TOKEN_CHARS} visible ASCII characters without spaces, which nobody can guess",
        )
    return token


def same(given: str, expected: str) -> bool:
    """Whether two secrets are equal, in constant time."""
    return hmac.compare_digest(
        given.encode("utf-8", "surrogatepass"), expected.encode("utf-8", "surrogatepass")
    )


class TokenPlace(enum.Enum):
    """Where a request says that it comes from."""

    NONE = "no Origin: a navigation, a script, a command line"
    OWN = "our own page, or an origin that the configuration names"
    LOOPBACK = "another page on this machine, such as JupyterLab"
    FOREIGN = "any other page"


class Credential(enum.Enum):
    """What a request brings along."""

    NONE = "nothing"
    VALID = "the token, or a page's key"
    READS = "the read-only token, or a key of a page that has signed in with it"
    WRONG = "something else than the token"
    UNHEARD = "something of an address that has guessed too often: not even compared with the token"

    @property
    def lets_in(self) -> bool:
        """Whether it lets its bearer in, be it only to look."""
        return self in (Credential.VALID, Credential.READS)


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a request is not served: an HTTP status, a code and a sentence for the one who sent it."""

    status: int
    code: str
    message: str


WRONG_TOKEN: Final = Refusal(401, "wrong-token", "That is not the access token of this server.")
READS_ONLY: Final = Refusal(
    403, "read-only", "The read-only token lets you look: to change something takes the other one."
)
TOO_MANY_GUESSES: Final = Refusal(
    429,
    "too-many-guesses",
    "Too many wrong tokens came from your address: try again in some seconds.",
)


class Gate:
    """Decides by the token, the names that the server answers to, and the configured origins."""

    def __init__(
        self, token: str, *, host: str, port: int, config: Config, read_token: str | None = None
    ) -> None:
        self.token = token
        self.read_token = read_token
        self.codes = OneTimeCodes()
        self.guesses = Guesses()
        self.page_keys = PageKeys(token, port)
        self.read_page_keys = None if read_token is None else PageKeys(read_token, port)
        self._any_address = host in {"", "0.0.0.0", "::"}
        self._names = {name.lower() for name in config.allowed_hosts}
        if not self._any_address:
            self._names.add(host.lower())
        self._origins = {origin.lower().rstrip("/") for origin in config.allowed_origins}

    def trust(self, origin: str) -> None:
        """Serve pages of ``origin``, also under its host name: the kernel itself has carried the words of such a page.

        What is no origin of the web is not taken; of more than :data:`MAX_TRUSTED` the newest are not either.
        """
        try:
            parts = urlsplit(origin.lower())
            name = parts.hostname or ""
        except ValueError:
            return
        if parts.scheme in {"http", "https"} and name and len(self._origins) < MAX_TRUSTED:
            self._origins.add(f"{parts.scheme}://{parts.netloc}")
            self._names.add(name)

    def host_refusal(self, host: str | None) -> Refusal | None:
        """Against DNS rebinding: the Host header must be loopback, the bound address or a configured name."""
        name = _host_name(host or "")
        if name in self._names or ANY_HOST in self._names or _is_own(name):
            return None
        if self._any_address and _is_address(name):
            return None  # an address cannot be rebound
        return Refusal(
            403,
            "bad-host",
            "This server does not answer to that host name: use 127.0.0.1 or localhost, or add the name to "
            "AUTOBENCH_ALLOWED_HOSTS.",
        )

    def source(
        self, origin: str | None, host: str | None, forwarded: str | None = None
    ) -> TokenPlace:
        """Classify the Origin header of a request that was sent to ``host``, or through a proxy to ``forwarded``."""
        if origin is None:
            return TokenPlace.NONE
        origin = origin.lower().rstrip("/")
        if origin in self._origins:
            return TokenPlace.OWN
        try:
            parts = urlsplit(origin)
            name = parts.hostname or ""
        except ValueError:
            return TokenPlace.FOREIGN
        if parts.scheme not in {"http", "https"}:
            return TokenPlace.FOREIGN  # "null" too: sandboxed frames and local files
        if parts.netloc in (host and host.lower(), forwarded):
            return TokenPlace.OWN
        return TokenPlace.LOOPBACK if _is_own(name) else TokenPlace.FOREIGN

    def origin_refusal(self, source: TokenPlace) -> Refusal | None:
        """Nobody serves a foreign page."""
        if source is not TokenPlace.FOREIGN:
            return None
        return Refusal(
            403,
            "bad-origin",
            "Pages of that origin may not use this server: add it to AUTOBENCH_ALLOWED_ORIGINS.",
        )

    def credential(self, authorization: str | None, peer: str) -> Credential:
        """What the ``Authorization`` header of a request from ``peer`` is worth."""
        if authorization is None:
            return Credential.NONE
        scheme, _, given = authorization.partition(" ")
        if scheme.lower() == "token":
            # Jupyter's own, which its proxy hands on: it is not meant for us, and what is comes with the hello.
            return Credential.NONE
        return self.judge(given.strip() if scheme.lower() == "bearer" else "", peer)

    @property
    def tokens(self) -> tuple[str, ...]:
        """All that it takes."""
        return (self.token,) if self.read_token is None else (self.token, self.read_token)

    def judge(self, given: str, peer: str) -> Credential:
        """What the token or page's key is worth that ``peer`` shows, by whichever way. Any thread may ask."""
        known = self._worth_of_key(given)
        if known.lets_in:
            return known
        if not self.guesses.may_try(peer):
            return Credential.UNHEARD
        known = self.worth(given)
        if not known.lets_in:
            self.guesses.wrong(peer)
        return known

    def worth(self, given: str) -> Credential:
        """What a token or page's key is worth by itself: ``VALID``, ``READS`` or ``WRONG``. Nothing is counted."""
        if same(given, self.token):
            return Credential.VALID
        if self.read_token is not None and same(given, self.read_token):
            return Credential.READS
        return self._worth_of_key(given)

    def new_key(self, credential: Credential) -> str:
        """A key for a page that has signed in with that."""
        keys = self.read_page_keys if credential is Credential.READS else self.page_keys
        assert keys is not None
        return keys.new()

    def only_reads(self, given: str) -> bool:
        """Whether what a client has shown lets it look and not command."""
        return self.worth(given) is not Credential.VALID

    def _worth_of_key(self, given: str) -> Credential:
        if self.page_keys.proves(given):
            return Credential.VALID
        reads = self.read_page_keys
        return Credential.READS if reads is not None and reads.proves(given) else Credential.WRONG

    def knows(self, given: str, peer: str) -> bool:
        """As :meth:`proves`, only to see whether something is worth doing beforehand: nothing is counted."""
        if self._worth_of_key(given).lets_in:
            return True
        return self.guesses.may_try(peer) and self.worth(given).lets_in

    def proves(self, given: str, peer: str) -> bool:
        """Whether what ``peer`` shows lets it in."""
        return self.judge(given, peer).lets_in


def unauthorized(credential: Credential) -> Refusal:
    """What to answer to a request without the token."""
    if credential is Credential.UNHEARD:
        return TOO_MANY_GUESSES
    if credential is Credential.WRONG:
        return WRONG_TOKEN
    return Refusal(
        401,
        "unauthorized",
        "The access token is missing: send it as 'Authorization: Bearer TOKEN', or sign in on the page.",
    )


def session_commands(
    new_code: Callable[[], str | None],
) -> dict[str, Callable[[Mapping[str, Any]], Any]]:
    """The handler of ``session.code``. Whoever can ask has proven itself, and may bring its own browser in.

    Args:
        new_code: Gives a fresh one-time code; None where no server runs that would redeem it.
    """

    def give_code(args: Mapping[str, Any]) -> dict[str, str]:
        SESSION_CODE.read(args)
        code = new_code()
        if code is None:
            raise ClosedError("No server runs that a browser could sign in to: serve() starts one.")
        return {"code": code}

    return {SESSION_CODE.name: give_code}


def _host_name(host: str) -> str:
    """The name in a Host header, without the port and an IPv6 address's brackets."""
    host = host.strip().lower()
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0].rstrip(".")


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _is_own(name: str) -> bool:
    """Whether browsers take the name for this machine: they never look ``*.localhost`` up."""
    return is_loopback(name) or name.endswith(".localhost")
