"""The Python client: a mirror of an orchestrator elsewhere, read like the original."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any, Final, Self
from urllib.parse import urlsplit

from autobench_nb.errors import ClosedError, ConnectionLost
from autobench_nb.sync.client.mirror import Changed, LogsArrived, Mirror, MirrorEffect, Replaced
from autobench_nb.tables.pno_view import PnoView
from autobench_nb.tables.records_view import JobsView, RecordsView
from autobench_nb.tables.results import Result, ResultPage, ResultsView
from autobench_nb.tables.schema import DEVICES, STREAMS
from autobench_nb.transports.client.link import ClientLink, LinkStatus, socket_url
from autobench_nb.transports.client.mirrored import MirroredLogs, MirroredState

COMMAND_TIMEOUT_S: Final = 30.0


class Client:
    """A live mirror. Made by :func:`connect`; a context manager; any thread may use it.

    ``state``, ``logs``, ``jobs``, ``devices``, ``streams`` and ``pno`` read what has been mirrored, also while the link
    is down; :attr:`status` says how it is. ``results`` are no part of the state: each access asks the server.
    """

    def __init__(self, url: str, token: str | None) -> None:
        self.url, found = socket_url(url)
        self._token = token if token is not None else found
        self._mirror = Mirror()
        self._changed = threading.Condition()
        self._has_logs = False
        self.logs = MirroredLogs()
        self.state = MirroredState(self._mirror)
        self.jobs = JobsView(self.state.get, self._cancel_job)
        self.devices = RecordsView(self.state.get, "/devices", "device", DEVICES)
        self.streams = RecordsView(self.state.get, "/streams", "stream", STREAMS)
        self.pno = PnoView(self.state.get)
        self.results = ResultsView(self._page_of_results)
        self._link = ClientLink(self.url, self._token, self._mirror, _Ear(self))
        self._link.start()

    @property
    def name(self) -> str:
        """The orchestrator's; where it looks as long as it has told none."""
        return str(self.state.peek("/meta/name", "") or urlsplit(self.url).netloc)

    @property
    def epoch(self) -> str:
        """The life of the orchestrator that is mirrored; another one after it was restarted. Empty before the first."""
        return self._mirror.epoch or ""

    @property
    def status(self) -> LinkStatus:
        """How the link is now."""
        return self._link.status

    def wait_for(self, predicate: Callable[[Client], Any], timeout_s: float | None = None) -> Any:
        """Wait until ``predicate(client)`` is true, asked after every change; gives what it gave.

        Raises :class:`TimeoutError`; :class:`AuthenticationError` or :class:`ClosedError` when it cannot come any more.
        """
        deadline = None if timeout_s is None else time.monotonic() + timeout_s
        with self._changed:
            while not (value := predicate(self)):
                if self._link.error is not None:
                    raise self._link.error
                if self.status.phase == "closed":
                    raise ClosedError("this client is closed: connect() again.")
                left = None if deadline is None else deadline - time.monotonic()
                if left is not None and left <= 0:
                    raise TimeoutError(f"it did not come true within {timeout_s} s.")
                self._changed.wait(left)
            return value

    def command(self, name: str, **args: Any) -> Any:
        """Have the server run a command; gives its value.

        Raises :class:`CommandError` with the server's code, :class:`ConnectionLost` where no answer can come.
        """
        answer = self._link.ask(name, args)
        try:
            return answer.result(COMMAND_TIMEOUT_S)
        except TimeoutError:
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
        """How a widget reaches the same server."""
        page = self.url.replace("ws", "http", 1).removesuffix("ws")
        return {
            "url": self.url,
            "page": page,
            "token": self._token or "",
            "epoch": self.epoch,
        }

    def close(self) -> None:
        """End the link and the thread. What was mirrored stays readable."""
        self._link.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Client {self.url} {self.status.phase}>"


class _Ear:
    """What the link tells the client, on the link's thread."""

    def __init__(self, client: Client) -> None:
        self._client = client

    @property
    def is_complete(self) -> bool:
        return self._client._mirror.state is not None and self._client._has_logs

    def settings(self) -> dict[str, Any]:
        told = self._client.state.peek("/serverConfig/ws", None)
        return told if isinstance(told, dict) else {}

    def heard(self, effect: MirrorEffect) -> None:
        client = self._client
        match effect:
            case Changed():
                capacity = client.state.peek("/serverConfig/logs/capacity", None)
                if isinstance(capacity, int):
                    client.logs.resize(capacity)
                client.state.tell(effect)
            case LogsArrived():
                client.logs.take(effect)
                client._has_logs = True
            case Replaced():
                client.logs.clear()
                client._has_logs = False

    def told(self) -> None:
        with self._client._changed:
            self._client._changed.notify_all()


def connect(url: str, token: str | None = None, timeout_s: float = 10.0) -> Client:
    """A live mirror of the orchestrator at ``url``, once its state and its first log entries are here.

    ``url``: the page's, with or without ``?access=TOKEN``, or the socket's. Raises :class:`AuthenticationError` where
    the token is wrong, :class:`ConnectionLost` where the server was not reached within ``timeout_s``.
    """
    client = Client(url, token)
    try:
        client.wait_for(lambda one: one.status.phase == "live", timeout_s)
    except TimeoutError:
        status = client.status
        client.close()
        why = status.reason or status.phase
        raise ConnectionLost(f"{client.url} was not reached in {timeout_s} s: {why}.") from None
    except BaseException:
        client.close()
        raise
    return client
