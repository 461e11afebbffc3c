"""The Python client: a mirror of an orchestrator elsewhere, on a thread of its own, read like the original."""

from __future__ import annotations

import asyncio
import contextlib
import queue
import random
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final, Self
from urllib.parse import parse_qs, urlsplit, urlunsplit

import orjson
from tornado.httpclient import HTTPClientError, HTTPRequest
from tornado.websocket import WebSocketClientConnection, WebSocketError, websocket_connect

from autobench_nb.errors import (
    AuthenticationError,
    ClosedError,
    CommandError,
    ConnectionLost,
    ProtocolError,
    TransportError,
)
from autobench_nb.sync.mirror import (
    Alive,
    Answered,
    Busy,
    Changed,
    Connected,
    Farewell,
    LogsArrived,
    Mirror,
    MirrorEffect,
    Replaced,
    SendUp,
)
from autobench_nb.transports.mirrored import MirroredLogs, MirroredResults, MirroredState, Records

MAX_MESSAGE_BYTES: Final = 1 << 30
COMMAND_TIMEOUT_S: Final = 30.0
GOODBYE_S: Final = 1.0
POLICY: Final = 1008
"""The close code that says: not with this token (RFC 6455 section 7.4.1)."""
FIRST_WS: Final[dict[str, Any]] = {
    "heartbeatIntervalMs": 10_000,
    "heartbeatTimeoutMs": 5_000,
    "reconnectEnabled": True,
    "reconnectMinMs": 1_000,
    "reconnectMaxMs": 15_000,
    "reconnectFactor": 1.8,
    "reconnectJitter": 0.2,
}
"""The plan's settings, until the server has told its own."""


@dataclass(frozen=True, slots=True)
class LinkStatus:
    """How the link is. ``phase``: ``connecting``, ``live``, ``stale``, ``waiting``, ``denied`` or ``closed``.

    ``attempts``: tries since it was last live. ``next_delay_s``: until the next one. ``latency_ms`` of the last
    heartbeat. ``reason``: why it is not live.
    """

    phase: str
    attempts: int = 0
    next_delay_s: float | None = None
    latency_ms: float | None = None
    reason: str = ""


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


class Client:
    """A live mirror. Made by :func:`connect`; a context manager; any thread may use it.

    ``state``, ``logs``, ``jobs``, ``devices``, ``streams`` and ``results`` read what has been mirrored, also while the
    link is down; :attr:`status` says how it is.
    """

    def __init__(self, url: str, token: str | None) -> None:
        self.url, found = socket_url(url)
        self._token = token if token is not None else found
        self._mirror = Mirror()
        self._changed = threading.Condition()
        self._status = LinkStatus("connecting")
        self._answers: dict[str, Future[Any]] = {}
        self._number = 0
        self._busy = False
        self._was_welcomed = False
        self._farewell: Farewell | None = None
        self._connection: WebSocketClientConnection | None = None
        self._error: Exception | None = None
        self._beat: asyncio.Event | None = None
        self.logs = MirroredLogs()
        self.state = MirroredState(self._mirror)
        self.jobs = Records(lambda: self.state.get("/jobs/items", {}), "JOBS")
        self.devices = Records(lambda: self.state.get("/devices", {}), "DEVICES")
        self.streams = Records(lambda: self.state.get("/streams", {}), "STREAMS")
        self.results = MirroredResults(lambda: self.command("results.list"))
        self._thread = threading.Thread(target=self._main, name="autobench-client", daemon=True)
        self._ready: queue.SimpleQueue[tuple[asyncio.AbstractEventLoop, asyncio.Task[None]]] = (
            queue.SimpleQueue()
        )
        self._thread.start()
        self._loop, self._task = self._ready.get()

    # --- what a user asks

    @property
    def name(self) -> str:
        """Where it looks."""
        return urlsplit(self.url).netloc

    @property
    def epoch(self) -> str | None:
        """The life of the orchestrator that is mirrored; another one after it was restarted."""
        return self._mirror.epoch

    @property
    def status(self) -> LinkStatus:
        """How the link is now."""
        return self._status

    def wait_for(self, predicate: Callable[[Client], Any], timeout_s: float | None = None) -> Any:
        """Wait until ``predicate(client)`` is true, asked after every change; gives what it gave.

        Raises :class:`TimeoutError`; :class:`AuthenticationError` or :class:`ClosedError` when it cannot come any more.
        """
        deadline = None if timeout_s is None else time.monotonic() + timeout_s
        with self._changed:
            while not (value := predicate(self)):
                if self._error is not None:
                    raise self._error
                if self._status.phase == "closed":
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
        if threading.current_thread() is self._thread:
            raise RuntimeError("a callback cannot wait for a command: call it from another thread.")
        answer: Future[Any] = Future()
        self._check_open()
        self._loop.call_soon_threadsafe(self._ask, name, args, answer)
        try:
            return answer.result(COMMAND_TIMEOUT_S)
        except TimeoutError:
            raise ConnectionLost(
                f"{self.url} did not answer {name} in {COMMAND_TIMEOUT_S} s."
            ) from None

    def reconnect(self) -> None:
        """Drop the link and make it anew at once."""
        self._check_open()
        self._loop.call_soon_threadsafe(self._drop_link)

    def link(self) -> dict[str, str]:
        """How a widget reaches the same server."""
        page = self.url.replace("ws", "http", 1).removesuffix("ws")
        return {
            "url": self.url,
            "page": page,
            "token": self._token or "",
            "epoch": self.epoch or "",
        }

    def close(self) -> None:
        """End the link and the thread. What was mirrored stays readable."""
        if self._thread.is_alive():
            with contextlib.suppress(RuntimeError):  # the loop has ended by itself
                self._loop.call_soon_threadsafe(self._task.cancel)
            if threading.current_thread() is not self._thread:
                self._thread.join()

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
        return f"<Client {self.url} {self._status.phase}>"

    def _check_open(self) -> None:
        if self._error is not None:
            raise self._error
        if not self._thread.is_alive():
            raise ClosedError("this client is closed: connect() again.")

    # --- the thread

    def _main(self) -> None:
        asyncio.run(self._live())

    async def _live(self) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._wake = asyncio.Event()
        self._synced = asyncio.Event()
        self._ready.put((asyncio.get_running_loop(), task))
        try:
            await self._keep_linked()
        except asyncio.CancelledError:
            self._become(LinkStatus("closed"))
        except AuthenticationError as error:
            self._error = error
            self._become(LinkStatus("denied", reason=str(error)))
        except ConnectionLost as error:
            self._error = error
            self._become(LinkStatus("closed", reason=str(error)))
        finally:
            self._fail_answers("the client was closed.")

    async def _keep_linked(self) -> None:
        attempt = 0
        while True:
            attempt += 1
            self._become(LinkStatus("connecting", attempt))
            reason, was_live = await self._one_link()
            if was_live:
                attempt = 1
            self._fail_answers("the link was lost.")
            settings = self._settings()
            if not settings["reconnectEnabled"]:
                raise ConnectionLost(f"{self.url}: {reason}; the server asks not to reconnect.")
            delay = backoff_s(attempt, settings, random.random())
            self._become(LinkStatus("waiting", attempt, delay, reason=reason))
            self._wake.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), delay)

    async def _one_link(self) -> tuple[str, bool]:
        """Connect, mirror until it ends; says why it did, and whether the server had welcomed us."""
        self._busy = self._was_welcomed = False
        self._farewell = None
        headers = {} if self._token is None else {"Authorization": f"Bearer {self._token}"}
        request = HTTPRequest(self.url, headers=headers, connect_timeout=10.0, request_timeout=10.0)
        try:
            connection = await websocket_connect(
                request, compression_options={}, max_message_size=MAX_MESSAGE_BYTES
            )
        except HTTPClientError as error:
            if error.code in (401, 403):
                raise AuthenticationError(
                    f"{self.url} refused us ({error.code}): give the token that its login URL holds."
                ) from None
            return f"HTTP {error.code}", False
        except (OSError, WebSocketError) as error:
            return getattr(error, "strerror", None) or type(error).__name__, False
        self._connection = connection
        heart: asyncio.Task[None] | None = None
        try:
            await connection.write_message(self._mirror.hello())
            heart = asyncio.create_task(self._heartbeat(connection))
            while (message := await connection.read_message()) is not None:
                self._receive(connection, message)
        except (WebSocketError, OSError, ProtocolError) as error:
            return str(error) or type(error).__name__, self._was_welcomed
        finally:
            self._connection = None
            if heart is not None:
                heart.cancel()
            await _end(connection)
        was_live = self._was_welcomed
        code, reason = connection.close_code, connection.close_reason
        farewell: Farewell | None = self._farewell  # a message may have set it meanwhile
        if farewell is not None:
            code, reason = farewell.code, farewell.reason
        if code == POLICY and not was_live:
            raise AuthenticationError(
                f"{self.url} refused us: {reason or 'the token is not right.'}"
            )
        return reason or "the connection ended", was_live

    async def _heartbeat(self, connection: WebSocketClientConnection) -> None:
        self._beat = asyncio.Event()
        await self._synced.wait()  # before that the server's settings are not known
        while True:
            settings = self._settings()
            await asyncio.sleep(settings["heartbeatIntervalMs"] / 1000)
            if self._busy:
                continue
            self._beat.clear()
            ping = {"type": "ping", "ts": time.monotonic() * 1000}
            try:
                await connection.write_message(orjson.dumps(ping))
                await asyncio.wait_for(self._beat.wait(), settings["heartbeatTimeoutMs"] / 1000)
            except TimeoutError:
                if not self._busy:
                    _cut(connection)  # a dead link answers no close either
                    return
            except WebSocketError:
                return

    def _settings(self) -> dict[str, Any]:
        told = self.state.peek("/serverConfig/ws", None)
        return FIRST_WS | told if isinstance(told, dict) else FIRST_WS

    def _receive(self, connection: WebSocketClientConnection, message: str | bytes) -> None:
        for effect in self._mirror.receive(message, time.monotonic()):
            self._do(connection, effect)
        if self._mirror.state is not None and self._was_welcomed:
            self._synced.set()
            phase = "stale" if self._mirror.stale else "live"
            if self._status.phase != phase:
                self._become(LinkStatus(phase, latency_ms=self._status.latency_ms))
                return
        with self._changed:
            self._changed.notify_all()

    def _do(self, connection: WebSocketClientConnection, effect: MirrorEffect) -> None:
        match effect:
            case SendUp(data):
                connection.write_message(data)
            case Changed():
                capacity = self.state.peek("/serverConfig/logs/capacity", None)
                if isinstance(capacity, int):
                    self.logs.resize(capacity)
                self.state.tell(effect)
            case LogsArrived():
                self.logs.take(effect)
            case Replaced():
                self.logs.clear()
            case Answered(id):
                answer = self._answers.pop(str(id), None)
                if answer is None:
                    return
                if effect.ok:
                    answer.set_result(effect.value)
                else:
                    answer.set_exception(
                        CommandError(effect.code or "failed", effect.message or "It failed.")
                    )
            case Busy(busy):
                self._busy = busy
            case Alive(ts):
                if self._beat is not None:
                    self._beat.set()
                latency = time.monotonic() * 1000 - ts
                self._become(LinkStatus(self._status.phase, latency_ms=round(latency, 2)))
            case Farewell():
                self._farewell = effect
            case Connected():
                self._was_welcomed = True

    def _ask(self, name: str, args: dict[str, Any], answer: Future[Any]) -> None:
        if self._connection is None:
            answer.set_exception(
                ConnectionLost(f"{self.url} is not connected: {self._status.reason}")
            )
            return
        self._number += 1
        id = f"py-{self._number}"
        self._answers[id] = answer
        message = {"type": "command", "id": id, "name": name, "args": args}
        try:
            self._connection.write_message(orjson.dumps(message))
        except (WebSocketError, TypeError) as error:  # TypeError: an argument is no JSON value
            del self._answers[id]
            answer.set_exception(error)

    def _fail_answers(self, why: str) -> None:
        answers, self._answers = self._answers, {}
        for answer in answers.values():
            answer.set_exception(ConnectionLost(f"{self.url}: {why}"))

    def _drop_link(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._wake.set()

    def _become(self, status: LinkStatus) -> None:
        with self._changed:
            self._status = status
            self._changed.notify_all()


async def _end(connection: WebSocketClientConnection) -> None:
    """Close, and wait a moment for the other side to do so too, so that nothing of it outlives the loop."""
    connection.close()
    try:
        async with asyncio.timeout(GOODBYE_S):
            while await connection.read_message() is not None:
                pass
    except TimeoutError:
        pass
    finally:
        _cut(connection)


def _cut(connection: WebSocketClientConnection) -> None:
    stream = getattr(connection.protocol, "stream", None)
    if stream is not None:
        stream.close()


def connect(url: str, token: str | None = None, timeout_s: float = 10.0) -> Client:
    """A live mirror of the orchestrator at ``url``, once its state is here.

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
