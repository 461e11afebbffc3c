"""Where the sessions of pages live that are linked by widget messages: in this process's hub, or behind a client.

:mod:`autobench_nb.transports.comm` knows neither: it has a page's link take a seat somewhere, and carries what is said.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol

from autobench_nb.transports.auth import Credential
from autobench_nb.transports.local import running_server_of, server_at
from autobench_nb.transports.server import Server
from autobench_nb.transports.sockets.writer import Link

if TYPE_CHECKING:
    from autobench_nb.transports.client.relay import Relay

PEER: Final = "a notebook (widget messages)"
NO_SERVER: Final = "No server of the orchestrator runs: bench.serve() starts one."


class Seat(Protocol):
    """One page's session, as its link sees it. Everything is called on the place's loop."""

    def hear(self, text: str) -> None:
        """A message of the page."""
        ...

    def hush(self) -> None:
        """Speak to the page though it has not asked: there may be none, and it counts as none until it is heard."""
        ...

    def drained(self) -> None:
        """All that waited has left."""
        ...

    def leave(self) -> None:
        """The link has ended, from whichever side."""
        ...


class CommPlace(Protocol):
    """Where sessions live. ``call_soon`` may be called from any thread, all else on the place's loop."""

    @property
    def home(self) -> object:
        """What the place stands for: two places of one home know the same pages."""
        ...

    @property
    def heartbeat_s(self) -> float:
        """Between two looks whether a page is still heard."""
        ...

    @property
    def is_busy(self) -> bool:
        """Whether a cell holds up what pages say, so that silence says nothing."""
        ...

    @property
    def speaks_unasked(self) -> bool:
        """Whether a page that has not asked yet can be told something."""
        ...

    @property
    def gone(self) -> str:
        """What a page is told where ``call_soon`` has failed."""
        ...

    def call_soon(self, work: Callable[[], None]) -> bool:
        """Call ``work`` on the place's loop. False: that has ended."""
        ...

    def seat(self, link: Link) -> Seat:
        """A session of its own for a page's link, which is told through ``link.put`` and ``link.close``."""
        ...

    def when_done(self, work: Callable[[], None]) -> None:
        """Call ``work`` when what is at hand is done, so that what was said meanwhile goes together."""
        ...

    def count(self, size: int) -> None:
        """So many bytes have gone to a page."""
        ...

    def trust(self, origin: str) -> None:
        """The page comes from there, and its kernel has carried its words."""
        ...


@dataclass(frozen=True, slots=True)
class HubPlace:
    """The hub of a server in this process.

    ``token``: what the view's client was let in by, whose rights its pages have; ``None``: it is no client's.
    """

    server: Server
    token: str | None = None

    @property
    def home(self) -> object:
        return self.server.pump

    @property
    def heartbeat_s(self) -> float:
        return self.server.site.config.ws_heartbeat_interval_ms / 1e3

    @property
    def is_busy(self) -> bool:
        return self.server.pump.hub.is_busy

    @property
    def speaks_unasked(self) -> bool:
        return True

    @property
    def gone(self) -> str:
        return NO_SERVER

    def call_soon(self, work: Callable[[], None]) -> bool:
        return self.server.pump.thread.call_soon(work)

    def seat(self, link: Link) -> Seat:
        credential = Credential.VALID if self.token is None else self.server.worth_of(self.token)
        pump = self.server.pump
        session = pump.connect(
            lambda _session: link,
            authenticated=credential.lets_in,
            peer=PEER,
            read_only=credential is Credential.READS,
        )
        return _HubSeat(self.server, session)

    def when_done(self, work: Callable[[], None]) -> None:
        self.server.pump.when_done(work)

    def count(self, size: int) -> None:
        self.server.pump.traffic.sent += size

    def trust(self, origin: str) -> None:
        self.server.site.gate.trust(origin)


class _HubSeat:
    def __init__(self, server: Server, session: int) -> None:
        self._pump = server.pump
        self._session = session

    def hear(self, text: str) -> None:
        self._pump.receive(self._session, text)

    def hush(self) -> None:
        self._pump.perform(self._pump.hub.hush(self._session, self._pump.thread.loop.time()))

    def drained(self) -> None:
        self._pump.drained(self._session)

    def leave(self) -> None:
        self._pump.disconnect(self._session)


@dataclass(frozen=True, slots=True)
class ClientHome:
    """Of a client: where its server is, what it is let in by, and its relay, where it has a socket to that server."""

    url: str
    token: str
    relay: Relay | None


_clients: weakref.WeakKeyDictionary[Any, ClientHome] = weakref.WeakKeyDictionary()


def add_client(client: object, home: ClientHome) -> None:
    """Say that ``client`` is one."""
    _clients[client] = home


def is_client(host: object) -> bool:
    """Whether what a widget looks at is a client, which has its server elsewhere and begins to serve nothing."""
    return host in _clients


def relay_of(host: object) -> Relay | None:
    """A client's relay, where it has one."""
    home = _clients.get(host)
    return None if home is None else home.relay


def place_of(host: object) -> CommPlace | None:
    """Where the sessions of a widget's pages live now; ``None`` where nothing serves.

    Args:
        host: What the widget looks at: an orchestrator, or a client of one.
    """
    home = _clients.get(host)
    server = running_server_of(host) if home is None else server_at(home.url)
    if server is not None:
        return HubPlace(server, None if home is None else home.token)
    return None if home is None else home.relay
