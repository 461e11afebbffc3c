"""The Python client: a mirror of an orchestrator elsewhere, read like the original."""

from __future__ import annotations

import asyncio
import time
import weakref
from collections.abc import Callable, Generator
from datetime import datetime
from types import TracebackType
from typing import Any, Final, Self
from urllib.parse import urlsplit

from autobench_nb.errors import ConnectionLost
from autobench_nb.lifetime import Closable
from autobench_nb.logs.redaction.redactor import Redactor
from autobench_nb.sync.client.mirror import Mirror
from autobench_nb.tables.pno_view import PnoView
from autobench_nb.tables.records_view import JobsView, RecordsView
from autobench_nb.tables.results import Result, ResultPage, ResultsView
from autobench_nb.tables.schema import DEVICES, STREAMS
from autobench_nb.transports.client.arrivals import Arrivals, WeakArrivals
from autobench_nb.transports.client.found import the_only_one, token_for
from autobench_nb.transports.client.link import ClientLink, LinkStatus
from autobench_nb.transports.client.memory import MemoryLink
from autobench_nb.transports.client.mirrored import MirroredLogs, MirroredState
from autobench_nb.transports.client.reach import jupyter_token_for, server_address
from autobench_nb.transports.comm_place import ClientHome, add_client
from autobench_nb.transports.local import server_at
from autobench_nb.transports.server_proof import new_challenge

COMMAND_TIMEOUT_S: Final = 30.0
CONNECT_TIMEOUT_S: Final = 10.0
FIRST_READ_S: Final = 2.0
"""How long what is read first may hold up a running loop, where the client was not awaited."""


class Client(Closable):
    """A live mirror of an orchestrator elsewhere, made by :func:`connect`. A context manager; any thread may use it.

    ``state``, ``logs``, ``jobs``, ``devices``, ``streams`` and ``pno`` read what has been mirrored, also while the link
    is down; :attr:`status` says how it is. ``results`` are no part of the state: each access asks the server.

    One that nobody holds, and none of what it has handed out, ends as by :meth:`close`, when Python collects it; a
    subscriber of its state is somebody.

    ``await`` it (or ``async with``) to wait for its first state without holding up the loop.
    """

    def __init__(
        self,
        url: str,
        token: str | None = None,
        timeout_s: float = CONNECT_TIMEOUT_S,
        jupyter_token: str | None = None,
    ) -> None:
        address = server_address(url)
        self.url = address.url
        own = server_at(self.url)
        self._token = token if token is not None else address.access
        if self._token is None:
            # Whoever is in the server's own process, or is its user on its machine, has its token anyway.
            self._token = token_for(self.url) if own is None else own.token
        if jupyter_token is None:
            jupyter_token = jupyter_token_for(address)
        self._mirror = Mirror()
        self._arrivals = Arrivals(self._mirror)
        self._state, self._logs = self._arrivals.state, self._arrivals.logs
        self._has_arrived = False
        self._timeout_s = timeout_s
        self._patience_s: float | None = None
        self._jobs = JobsView(self._state.get, self._cancel_job)
        self._devices = RecordsView(self._state.get, "/devices", "device", DEVICES)
        self._streams = RecordsView(self._state.get, "/streams", "stream", STREAMS)
        self._pno = PnoView(self._state.get)
        self._results = ResultsView(self._page_of_results)
        self._link: ClientLink | MemoryLink
        reader, relay = WeakArrivals(self._arrivals), None
        if own is not None and own.runs_here:
            self._link = MemoryLink(own, self._token, self._mirror, reader)
        else:
            self._link = ClientLink(self.url, self._token, self._mirror, reader, jupyter_token)
            relay = self._link.relay
        add_client(self, ClientHome(self.url, self._token or "", relay))
        self._farewells: list[Callable[[], None]] = []
        # Whoever holds state or log wants them live: both hold the client.
        self._state.owner = self._logs.owner = self
        weakref.finalize(self, self._link.forget).atexit = False
        self._link.start()

    # --- what is read

    @property
    def state(self) -> MirroredState:
        """The state."""
        self._await_first_state()
        return self._state

    @property
    def logs(self) -> MirroredLogs:
        """The newest log entries."""
        self._await_first_state()
        return self._logs

    @property
    def jobs(self) -> JobsView:
        """The jobs that the state knows, by id."""
        self._await_first_state()
        return self._jobs

    @property
    def devices(self) -> RecordsView:
        """The devices by id."""
        self._await_first_state()
        return self._devices

    @property
    def streams(self) -> RecordsView:
        """The streams by id."""
        self._await_first_state()
        return self._streams

    @property
    def pno(self) -> PnoView:
        """The last pno scan."""
        self._await_first_state()
        return self._pno

    @property
    def results(self) -> ResultsView:
        """The result rows that the server holds."""
        self._await_first_state()
        return self._results

    @property
    def name(self) -> str:
        """The orchestrator's; where it looks as long as it has told none."""
        return str(self._state.peek("/meta/name", "") or urlsplit(self.url).netloc)

    @property
    def epoch(self) -> str:
        """The life of the orchestrator that is mirrored; another one after it was restarted. Empty before the first."""
        self._await_first_state()
        return self._mirror.epoch or ""

    @property
    def status(self) -> LinkStatus:
        """How the link is now."""
        return self._link.status

    @property
    def is_stale(self) -> bool:
        """Whether what is mirrored is known, or must be feared, not to be the newest."""
        return self._link.status.phase != "live"

    @property
    def last_heard(self) -> datetime | None:
        """When the server was heard of last, aware, in the local zone; ``None`` before the first message."""
        at = self._link.heard_at
        return None if at is None else datetime.fromtimestamp(at).astimezone()

    @property
    def read_only(self) -> bool:
        """Whether the token lets this client look and not command."""
        return self._link.read_only

    def wait_for(self, predicate: Callable[[Client], Any], timeout_s: float | None = None) -> Any:
        """Wait until ``predicate(client)`` is true.

        Args:
            predicate: Called with this client now and after every change.
            timeout_s: How many seconds to wait at most; ``None`` waits without end.

        Returns:
            What the predicate gave.

        Raises:
            TimeoutError: It was not true within ``timeout_s`` seconds.
            AuthenticationError: The token is wrong, so that it cannot come true any more.
            ConnectionLost: The link has ended for good.
            ClosedError: This client was closed.
        """
        deadline = None if timeout_s is None else time.monotonic() + timeout_s
        while True:
            seen = self._arrivals.changes
            if value := predicate(self):
                return value
            self._link.check_open()
            left = None if deadline is None else deadline - time.monotonic()
            if left is not None and left <= 0:
                raise TimeoutError(f"it did not come true within {timeout_s} s.")
            # The predicate may ask the server, whose answer counts as a change too: no lock is held while it is asked.
            self._arrivals.wait_past(seen, left)

    def command(self, name: str, **args: Any) -> Any:
        """Have the server run a command, and wait for its answer.

        Args:
            name: The command, as ``docs/wire.md`` lists them, such as ``"job.cancel"``.
            args: Its arguments, JSON values, by their names on the wire (camelCase).

        Returns:
            Its value.

        Raises:
            CommandError: The command failed; ``code`` is the server's.
            ConnectionLost: No answer can come, or none came within :data:`COMMAND_TIMEOUT_S`, in which no cell held up
                the server.
            RuntimeError: The caller is the one who would have to make the answer.
        """
        self._await_first_state()
        answer = self._link.ask(name, args)
        while True:
            try:
                return answer.result(COMMAND_TIMEOUT_S)
            except TimeoutError:
                if self._link.is_deaf:
                    continue  # a cell runs there, and at its end the command
                raise ConnectionLost(
                    f"{self.url} did not answer {name} in {COMMAND_TIMEOUT_S} s."
                ) from None

    def _cancel_job(self, name: str) -> bool:
        cancelled: bool = self.command("job.cancel", jobId=name)["cancelled"]
        return cancelled

    def _page_of_results(self, since: int, limit: int) -> ResultPage:
        page = self.command("results.list", since=since, limit=limit)
        rows = [Result.from_wire(item) for item in page["items"]]
        return ResultPage(rows, page["next"], page["end"], page["dropped"])

    def reconnect(self) -> None:
        """Drop the link and make it anew at once."""
        self._link.reconnect()

    def link(self) -> dict[str, str]:
        """How a widget reaches the same server, and by what it knows it."""
        page = self.url.replace("ws", "http", 1).removesuffix("ws")
        return {
            "url": self.url,
            "page": page,
            "token": self._token or "",
            "epoch": self.epoch,
            **new_challenge(self._token or ""),
        }

    @property
    def redactor(self) -> Redactor:
        """What takes secrets out of the picture that a saved notebook keeps: the built-in set, and the token."""
        return Redactor(secrets=True, literals=[self._token] if self._token else [])

    def before_close(self, callback: Callable[[], None]) -> None:
        """Have ``callback`` called once, when :meth:`close` is."""
        self._farewells.append(callback)

    def close(self) -> None:
        """End the link and the thread. What was mirrored stays readable."""
        farewells, self._farewells = self._farewells, []
        for farewell in farewells:
            farewell()
        self._link.close()
        self._state.let_go()

    # --- how it begins

    def begin(self) -> Self:
        """Wait for the first state; on a running loop only what is read first will, and not for long."""
        is_far = not isinstance(self._link, MemoryLink)
        if is_far and self.status.phase == "connecting" and _loop_runs():
            self._patience_s = min(self._timeout_s, FIRST_READ_S)
            return self
        return self._arrive(self._timeout_s)

    def _arrive(self, timeout_s: float) -> Self:
        """Wait for the first state and the first log entries; a client that does not get them is closed."""
        if self._has_arrived:
            return self
        try:
            self.wait_for(lambda one: one.status.phase == "live", timeout_s)
        except TimeoutError:
            status = self.status
            self.close()
            why = status.reason or status.phase
            raise ConnectionLost(
                f"{self.url} was not reached in {timeout_s} s: {why}. Is it serving, and not held up by a cell?"
            ) from None
        except BaseException:
            # Whatever ended the wait goes to the caller, an interrupt too; nobody has the client that could close it.
            self.close()
            raise
        self._has_arrived = True
        return self

    def _await_first_state(self) -> None:
        """Where nobody has awaited the client: what is read first waits, but not for long, since it holds up a loop."""
        if self._has_arrived or self._patience_s is None or self._link.is_own_thread:
            return
        self._arrive(self._patience_s)

    def __await__(self) -> Generator[Any, None, Self]:
        return self._awaited().__await__()

    async def _awaited(self) -> Self:
        if self._has_arrived or self.status.phase == "live":
            self._has_arrived = True
            return self
        try:
            return await asyncio.to_thread(self._arrive, self._timeout_s)
        except asyncio.CancelledError:
            # The thread would go on waiting.
            self.close()
            raise

    async def __aenter__(self) -> Self:
        return await self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await asyncio.to_thread(self.close)

    def __repr__(self) -> str:
        heard = self.last_heard
        stale = f", stale since {heard:%H:%M:%S}" if self.is_stale and heard is not None else ""
        return f"<Client {self.url} {self.status.phase}{stale}{', read-only' * self.read_only}>"


def connect(
    url: str | None = None,
    token: str | None = None,
    timeout_s: float = CONNECT_TIMEOUT_S,
    *,
    jupyter_token: str | None = None,
) -> Client:
    """A live mirror of an orchestrator, once its state and its first log entries are here.

    In a script: ``client = ab.connect(url, token)``. On a running loop, as in a notebook: ``await ab.connect(...)``, or
    ``async with``. Without ``await`` it returns at once there, and what is read first waits for the state, at most
    :data:`FIRST_READ_S` seconds. A server on the caller's own loop is mirrored through memory, and is there at once.

    Args:
        url: The page's, with or without ``?access=TOKEN``, or the socket's; through a proxy with all that the proxy
            puts before. Without it the one orchestrator is meant that this user runs on this machine.
        token: The access token, or the read-only one. A server of this process, or of this user on this machine, needs
            none.
        timeout_s: How long to wait for a server that can be reached, but does not answer yet.
        jupyter_token: What Jupyter, or the hub, wants to see before its proxy lets anybody through. By default the
            environment's (``JUPYTERHUB_API_TOKEN``, ``JUPYTER_TOKEN``), where the address is one of that Jupyter's.

    Returns:
        The client, whose state and log have arrived, unless a running loop must not be held up.

    Raises:
        AuthenticationError: The token is wrong or missing.
        ConnectionLost: The server was not reached within ``timeout_s``, or, at once, nothing listens there.
        TransportError: ``url`` is no URL of a server; or there is none, and not just one server to be found.
    """
    if url is None:
        only = the_only_one()
        url, token = only.url, only.token if token is None else token
    return Client(url, token, timeout_s, jupyter_token).begin()


def _loop_runs() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
