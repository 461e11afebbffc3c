"""A Python client's link: one socket at a time on a thread of its own, kept alive, and made anew when it is lost."""

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
from typing import Any, Final, Protocol

import orjson
from tornado.websocket import WebSocketClientConnection, WebSocketError

from autobench_nb.contract.codes import CloseCode
from autobench_nb.contract.defaults import WS_DEFAULTS
from autobench_nb.errors import (
    AuthenticationError,
    ClosedError,
    ConnectionLost,
    ProtocolError,
)
from autobench_nb.sync.client.effects import (
    Alive,
    Answered,
    Busy,
    Connected,
    Farewell,
    MirrorEffect,
    SendUp,
)
from autobench_nb.sync.client.mirror import Mirror
from autobench_nb.transports.client.answers import Answers
from autobench_nb.transports.client.dialing import Credentials, Unreached, dial
from autobench_nb.transports.client.endings import cut, end, end_begun_connections
from autobench_nb.transports.client.reach import backoff_s, token_remedy
from autobench_nb.transports.client.relay import Relay

WELCOME_S: Final = 10.0
"""From the handshake to the server's welcome."""


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


class MessageReader(Protocol):
    """Who looks at what arrives. Everything is called on the link's thread."""

    @property
    def is_complete(self) -> bool:
        """Whether the state and the first log entries of this epoch have arrived."""
        ...

    def settings(self) -> dict[str, Any]:
        """The server's ``serverConfig.ws``, as far as it has told."""
        ...

    def on_effect(self, effect: MirrorEffect) -> None:
        """Something of the mirror has changed."""
        ...

    def on_change(self) -> None:
        """A whole message was taken in, or the link's status is another one."""
        ...


class ClientLink:
    """One client's way to its server.

    Attributes:
        error: Why it ended by itself, where it did.
        read_only: Whether the server takes no commands of this client.
        heard_at: When a message came last, in seconds since 1970; ``None`` before the first.
        relay: Carries the widget messages of views that show this client.
    """

    def __init__(
        self,
        url: str,
        token: str | None,
        mirror: Mirror,
        reader: MessageReader,
        jupyter_token: str | None = None,
    ) -> None:
        self.url = url
        self.error: Exception | None = None
        self.read_only = False
        self.heard_at: float | None = None
        self.status = LinkStatus("connecting")
        self._credentials = Credentials(token, jupyter_token)
        self._mirror = mirror
        self._reader = reader
        self._answers = Answers()
        self._busy = False
        self._was_welcomed = False
        self._was_ever_live = False
        self._farewell: Farewell | None = None
        self._connection: WebSocketClientConnection | None = None
        self._beat: asyncio.Event | None = None
        self.relay = Relay(self, url, self._credentials)
        self._thread = threading.Thread(target=self._main, name="autobench-client", daemon=True)
        self._ready: queue.SimpleQueue[tuple[asyncio.AbstractEventLoop, asyncio.Task[None]]] = (
            queue.SimpleQueue()
        )

    # --- from any thread

    def start(self) -> None:
        """Begin to connect."""
        self._thread.start()
        self._loop, self._task = self._ready.get()

    def ask(self, name: str, args: dict[str, Any]) -> Future[Any]:
        """Have the server run a command; the answer comes later."""
        if self.is_own_thread:
            raise RuntimeError("a callback cannot wait for a command: call it from another thread.")
        answer: Future[Any] = Future()
        self.check_open()
        self._loop.call_soon_threadsafe(self._ask, name, args, answer)
        return answer

    @property
    def is_own_thread(self) -> bool:
        """Whether the caller is on the link's own thread, which must not wait for an answer."""
        return threading.current_thread() is self._thread

    def call_soon(self, work: Callable[[], None]) -> bool:
        """Call ``work`` on the link's thread, in the next turn of its loop. False: it has ended."""
        try:
            self._loop.call_soon_threadsafe(work)
        except RuntimeError:
            return False
        return True

    @property
    def is_deaf(self) -> bool:
        """Whether the server hears nothing before a cell has ended."""
        return self._busy

    def reconnect(self) -> None:
        """Drop the link and make it anew at once."""
        self.check_open()
        self._loop.call_soon_threadsafe(self._drop_link)

    def close(self) -> None:
        """End the link and the thread."""
        if self._thread.is_alive():
            with contextlib.suppress(RuntimeError):  # the loop has ended by itself
                self._loop.call_soon_threadsafe(self._task.cancel)
            if threading.current_thread() is not self._thread:
                self._thread.join()

    def forget(self) -> None:
        """End it soon: nobody holds the client any more. Waits for nothing, since a collector may call it anywhere."""
        with contextlib.suppress(
            RuntimeError, AttributeError
        ):  # it has ended, or was never started
            self._loop.call_soon_threadsafe(self._task.cancel)

    def check_open(self) -> None:
        """Raise what ended it, if it has ended."""
        if self.error is not None:
            raise self.error
        if self.status.phase == "closed" or not self._thread.is_alive():
            raise ClosedError("this client is closed: connect() again.")

    # --- the thread

    def _main(self) -> None:
        try:
            asyncio.run(self._run())
        except BaseException as error:  # noqa: BLE001 - it is kept for whoever uses the client
            self.error = ConnectionLost(
                f"{self.url}: the client itself failed ({type(error).__name__}: {error}): connect() again."
            )
            self.error.__cause__ = error
        finally:
            if self.status.phase not in ("closed", "denied"):
                self._become(
                    LinkStatus("closed", reason=str(self.error or "the thread has ended."))
                )

    async def _run(self) -> None:
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
            self.error = error
            self._become(LinkStatus("denied", reason=str(error)))
        except ConnectionLost as error:
            self.error = error
            self._become(LinkStatus("closed", reason=str(error)))
        finally:
            self._fail_answers("the client was closed.")
            await self.relay.end()
            end_begun_connections()

    async def _keep_linked(self) -> None:
        attempt, reason = 0, ""
        while True:
            attempt += 1
            self._become(LinkStatus("connecting", attempt, reason=reason))
            reason, was_live = await self._one_link()
            if was_live:
                attempt = 1
                self._was_ever_live = True
            self._fail_answers("the link was lost.")
            settings = self.settings()
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
        connection = await self._open()
        if isinstance(connection, str):
            return connection, False
        self._connection = connection
        heart: asyncio.Task[None] | None = None
        try:
            await connection.write_message(self._mirror.hello(self._credentials.in_hello))
            heart = asyncio.create_task(self._heartbeat(connection))
            # A proxy takes the connection before it has one itself: without a welcome there is none.
            silence = asyncio.get_running_loop().call_later(WELCOME_S, self._cut_silent, connection)
            while (message := await connection.read_message()) is not None:
                self._receive(connection, message)
        except (WebSocketError, OSError, ProtocolError) as error:
            return str(error) or type(error).__name__, self._was_welcomed
        finally:
            self._connection = None
            if heart is not None:
                heart.cancel()
                silence.cancel()
            await end(connection)
        was_live = self._was_welcomed
        code, reason = connection.close_code, connection.close_reason
        farewell: Farewell | None = self._farewell  # a message may have set it meanwhile
        if farewell is not None:
            code, reason = farewell.code, farewell.reason
        if code == CloseCode.POLICY and not was_live:
            raise AuthenticationError(
                f"{self.url} refused us: {reason or 'the token is not right.'}"
            )
        if not was_live and not reason:
            # A proxy hands on no close codes, and a server says nothing to whom it does not know.
            return f"the connection ended without a word: {token_remedy(self.url)}", False
        return reason or "the connection ended", was_live

    def _cut_silent(self, connection: WebSocketClientConnection) -> None:
        if not self._was_welcomed:
            self._farewell = Farewell(CloseCode.TRY_LATER, "it did not answer in time")
            cut(connection)

    async def _open(self) -> WebSocketClientConnection | str:
        """A new connection, or why there is none.

        Raises:
            AuthenticationError: The token is wrong or missing.
            ConnectionLost: It was never live, and trying again is no remedy.
        """
        opened = await dial(self.url, self._credentials)
        if not isinstance(opened, Unreached):
            return opened
        if opened.remedy and not self._was_ever_live:
            raise ConnectionLost(f"{self.url} was not reached: {opened.reason}. {opened.remedy}")
        return opened.reason

    async def _heartbeat(self, connection: WebSocketClientConnection) -> None:
        self._beat = asyncio.Event()
        await self._synced.wait()  # before that the server's settings are not known
        while True:
            settings = self.settings()
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
                    cut(connection)  # a dead link answers no close either
                    return
            except WebSocketError:
                return

    def settings(self) -> dict[str, Any]:
        """The server's ``serverConfig.ws``, or what stands for it before that was told. On the link's thread."""
        return {**WS_DEFAULTS, **self._reader.settings()}

    def _receive(self, connection: WebSocketClientConnection, message: str | bytes) -> None:
        self.heard_at = time.time()
        for effect in self._mirror.receive(message, time.monotonic()):
            self._do(connection, effect)
        if self._was_welcomed and self._reader.is_complete:
            self._synced.set()
            phase = "stale" if self._mirror.stale else "live"
            if self.status.phase != phase:
                self._become(LinkStatus(phase, latency_ms=self.status.latency_ms))
                return
        self._reader.on_change()

    def _do(self, connection: WebSocketClientConnection, effect: MirrorEffect) -> None:
        match effect:
            case SendUp(data):
                connection.write_message(data)
            case Answered():
                self._answers.settle(effect)
            case Busy():
                self._busy = effect.is_deaf
            case Alive(ts):
                if self._beat is not None:
                    self._beat.set()
                latency = time.monotonic() * 1000 - ts
                self._become(LinkStatus(self.status.phase, latency_ms=round(latency, 2)))
            case Farewell():
                self._farewell = effect
            case Connected(read_only=read_only):
                self._was_welcomed = True
                self.read_only = read_only
            case _:
                self._reader.on_effect(effect)

    def _ask(self, name: str, args: dict[str, Any], answer: Future[Any]) -> None:
        if self._connection is None:
            answer.set_exception(
                ConnectionLost(f"{self.url} is not connected: {self.status.reason}")
            )
            return
        try:
            self._connection.write_message(self._answers.message(name, args, answer))
        except TypeError as error:
            # An argument is no JSON value: nothing was sent.
            answer.set_exception(error)
        except WebSocketError:
            self._fail_answers("the link was lost.")

    def _fail_answers(self, why: str) -> None:
        self._answers.fail(f"{self.url}: {why}")

    def _drop_link(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._wake.set()

    def _become(self, status: LinkStatus) -> None:
        self.status = status
        self.relay.follow(status.phase)
        self._reader.on_change()
