"""A client's views by widget messages: their pages' sessions are the server's, over sockets of this client.

A page that reaches the server neither directly nor through a proxy reaches its kernel, and the kernel's client reaches
the server. So for each link of a page the client opens one more socket, with what lets itself in, and hands messages on
as they are, both ways: the page says its own hello, and resumes where it was. It has the client's rights and no others.
A page's link stands no longer than the client's own, since that one notices when the server is lost.

The only word that the relay adds is whether *this* kernel runs a cell, behind which what the page says waits.
"""

from __future__ import annotations

import asyncio
import weakref
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

import orjson
from tornado.websocket import WebSocketClientConnection, WebSocketError

from autobench_nb.contract.codes import CloseCode
from autobench_nb.contract.limits import MAX_COMMANDS, MAX_MESSAGE_BYTES
from autobench_nb.errors import AuthenticationError
from autobench_nb.sync.effects import Outgoing
from autobench_nb.sync.server import encoding
from autobench_nb.transports.client.dialing import Credentials, Unreached, dial
from autobench_nb.transports.client.endings import end
from autobench_nb.transports.loop_watch import TOLD_AFTER_S
from autobench_nb.transports.sockets.wire import Wire
from autobench_nb.transports.sockets.writer import Link

if TYPE_CHECKING:
    from autobench_nb.transports.client.link import ClientLink

LINKED: Final = ("live", "stale")
"""Phases of a client whose server answers."""
ENDED: Final = ("closed", "denied")
WORDS: Final = MAX_COMMANDS
WORDS_BYTES: Final = 4 * MAX_MESSAGE_BYTES
"""Of a page, that may wait until the server takes them; a page that says more begins anew."""
CLOSED: Final = "This notebook's client was closed: ab.connect() makes another one."
LOST: Final = "This notebook's client has lost its server"
TOO_MANY_WORDS: Final = "The server does not take what this page says."

_BUSY: Final = b'{"type":"server.busy"'
_WELCOME: Final = b'{"type":"welcome"'


class Relay:
    """The place of all pages that show one client; see :class:`~autobench_nb.transports.comm_place.CommPlace`.

    ``call_soon``, ``cell_began`` and ``cell_ended`` may be called from any thread, all else on the client's.
    """

    def __init__(self, link: ClientLink, url: str, credentials: Credentials) -> None:
        self._link = link
        self._url = url
        self._credentials = credentials
        self._sessions: set[_Session] = set()
        self._is_linked = self._was_linked = False
        self._cell_since: float | None = None
        self._cell_timer: asyncio.TimerHandle | None = None
        self.busy: Outgoing | None = None
        """What is told of the cell that this kernel runs, if one does."""
        self._returns: list[weakref.WeakMethod[Callable[[], None]]] = []

    # --- as a place

    @property
    def home(self) -> object:
        return self

    @property
    def heartbeat_s(self) -> float:
        interval_ms: int = self._link.settings()["heartbeatIntervalMs"]
        return interval_ms / 1e3

    @property
    def is_busy(self) -> bool:
        return self._cell_since is not None

    @property
    def speaks_unasked(self) -> bool:
        # A server greets who is let in and says nothing; where the token comes with the hello, it waits for that.
        return self._is_linked and self._credentials.in_hello is None

    @property
    def gone(self) -> str:
        return self._link.status.reason or CLOSED

    def call_soon(self, work: Callable[[], None]) -> bool:
        return self._link.call_soon(work)

    def seat(self, link: Link) -> _Session:
        session = _Session(self, link)
        self._sessions.add(session)
        session.task.add_done_callback(lambda _task: self._forget(session))
        return session

    def _forget(self, session: _Session) -> None:
        self._sessions.discard(session)
        session.link.abort()  # it has ended by now, unless the session has failed

    def when_done(self, work: Callable[[], None]) -> None:
        asyncio.get_running_loop().call_soon(work)

    def count(self, size: int) -> None:
        """Nothing: the server counts what it sends."""

    def trust(self, origin: str) -> None:
        """The server trusts its own kernel, and no client, to name the pages that may use it."""

    # --- as the client's

    def on_return(self, method: Callable[[], None]) -> None:
        """Have ``method`` called on the client's thread when the server is back, while its object lives."""
        alive = [one for one in self._returns if one() is not None]
        self._returns = [*alive, weakref.WeakMethod(method)]

    def follow(self, phase: str) -> None:
        """The client's own link is so now: with it those of the pages end, and come back."""
        was_linked, self._is_linked = self._is_linked, phase in LINKED
        if was_linked and not self._is_linked:
            self._end_sessions(CloseCode.GOING_AWAY, self.absence)
        elif self._is_linked and not was_linked:
            returns, self._was_linked = self._was_linked, True
            for reference in self._returns if returns else ():
                tell = reference()
                if tell is not None:
                    tell()

    @property
    def absence(self) -> str:
        """Why a page cannot be linked now; empty where it can."""
        if self._is_linked:
            return ""
        status = self._link.status
        if status.phase in ENDED:
            return self.gone
        return f"{LOST}: {status.reason}." if status.reason else f"{LOST}, and looks for it."

    async def open(self) -> WebSocketClientConnection | Unreached:
        """One more connection to the server."""
        return await dial(self._url, self._credentials)

    def first(self, text: str) -> str:
        """A page's hello, with the token where no header carries it. What is none is the server's to refuse."""
        token = self._credentials.in_hello
        return text if token is None else with_token(text, token)

    async def end(self) -> None:
        """The client has ended: so do its pages' links, and the sockets behind them."""
        self._is_linked = False
        self._cell_ended()
        self._end_sessions(CloseCode.GOING_AWAY, self.gone)
        for session in self._sessions:
            session.give_up()
        await asyncio.gather(*(one.task for one in self._sessions), return_exceptions=True)

    def _end_sessions(self, code: int, reason: str) -> None:
        for session in tuple(self._sessions):
            session.link.close(code, reason)

    # --- this kernel's cells

    def cell_began(self, since_s: float) -> None:
        """A cell of this kernel runs since then (seconds since 1970): where it goes on, the pages are told."""
        self.call_soon(lambda: self._cell_began(since_s))

    def cell_ended(self) -> None:
        """No cell of this kernel runs any more."""
        self.call_soon(self._cell_ended)

    def _cell_began(self, since_s: float) -> None:
        if self._cell_since is None:
            self._cell_since = since_s
            loop = asyncio.get_running_loop()
            self._cell_timer = loop.call_later(TOLD_AFTER_S, self._tell_busy, since_s)

    def _tell_busy(self, since_s: float) -> None:
        self.busy = encoding.server_busy(True, int(since_s * 1e3), listens=False)
        for session in tuple(self._sessions):
            session.tell_busy(self.busy)

    def _cell_ended(self) -> None:
        since_s, self._cell_since = self._cell_since, None
        if self._cell_timer is not None:
            self._cell_timer.cancel()
            self._cell_timer = None
        if self.busy is not None and since_s is not None:
            self.busy = None
            free = encoding.server_busy(False, int(since_s * 1e3), listens=True)
            for session in tuple(self._sessions):
                session.tell_free(free)


def with_token(hello: str, token: str) -> str:
    """``hello`` with that token; what cannot be read stays as it is."""
    try:
        message = orjson.loads(hello)
    except ValueError:
        return hello
    if not isinstance(message, dict):
        return hello
    payload = message.get("payload")
    shown = {**payload, "token": token} if isinstance(payload, dict) else {"token": token}
    return orjson.dumps({**message, "payload": shown}).decode()


class _Session:
    """One page's: a socket to the server, and what goes through it. A seat of the relay."""

    def __init__(self, relay: Relay, link: Link) -> None:
        self.link = link
        self._relay = relay
        self._is_first = True
        self._is_open = self._has_left = False
        self._is_welcomed = False
        self._far_busy: Outgoing | None = None
        self._words: deque[str] = deque()
        self._words_bytes = 0
        self._has_words = asyncio.Event()
        self._has_room = asyncio.Event()
        self._has_room.set()
        self.task = asyncio.get_running_loop().create_task(self._run())

    # --- what the page's link asks

    def hear(self, text: str) -> None:
        if self._is_first:
            self._is_first = False
            text = self._relay.first(text)
        self._words.append(text)
        self._words_bytes += len(text)
        self._has_words.set()
        if len(self._words) > WORDS or self._words_bytes > WORDS_BYTES:
            self.link.close(CloseCode.TRY_LATER, TOO_MANY_WORDS)

    def hush(self) -> None:
        """Who says nothing is greeted by the server after its grace."""

    def drained(self) -> None:
        self._has_room.set()

    def leave(self) -> None:
        self._has_left = True
        # A try to connect that is cancelled leaves its socket open: it is let come to its end.
        if self._is_open and asyncio.current_task() is not self.task:
            self.task.cancel()

    def give_up(self) -> None:
        """The loop ends, and closes what was begun to connect."""
        if not self._is_open:
            self.task.cancel()

    # --- what the relay tells

    def tell_busy(self, message: Outgoing) -> None:
        """A cell of this kernel runs."""
        if self._is_welcomed:
            self._put(message)

    def tell_free(self, message: Outgoing) -> None:
        """It has ended: one of the server's kernel may run still."""
        if self._is_welcomed:
            self._put(self._far_busy or message)

    # --- inside

    async def _run(self) -> None:
        absence = self._relay.absence
        if absence:
            self.link.close(CloseCode.GOING_AWAY, absence)
            return
        try:
            connection = await self._relay.open()
        except AuthenticationError as error:
            self.link.close(CloseCode.POLICY, str(error))
            return
        if isinstance(connection, Unreached):
            self.link.close(CloseCode.GOING_AWAY, f"{LOST}: {connection.reason}.")
            return
        self._is_open = True
        speaker = asyncio.create_task(self._say_on(connection))
        try:
            if not self._has_left:
                self.link.close(*await self._listen(connection))
        finally:
            speaker.cancel()
            await end(connection)

    async def _listen(self, connection: WebSocketClientConnection) -> tuple[int, str]:
        """Hand on what the server says, no faster than the page is sent it; the close code, and why it ended."""
        try:
            while (message := await connection.read_message()) is not None:
                self._hand_on(message if isinstance(message, bytes) else message.encode())
                await self._has_room.wait()
        except (WebSocketError, OSError) as error:
            return CloseCode.GOING_AWAY, f"{LOST}: {error}."
        code = connection.close_code or CloseCode.GOING_AWAY
        return code, connection.close_reason or f"{LOST}."

    def _hand_on(self, data: bytes) -> None:
        message = Outgoing("", data)
        self._put(message)
        if data.startswith(_WELCOME):
            self._is_welcomed, self._far_busy = True, None
        elif data.startswith(_BUSY):
            self._far_busy = message if b'"busy":true' in data else None
        else:
            return
        if self._relay.busy is not None:
            self._put(self._relay.busy)

    def _put(self, message: Outgoing) -> None:
        if self.link.put(Wire(message)) > 0:
            self._has_room.clear()

    async def _say_on(self, connection: WebSocketClientConnection) -> None:
        while True:
            await self._has_words.wait()
            self._has_words.clear()
            while self._words:
                text = self._words[0]
                try:
                    await connection.write_message(text)
                except WebSocketError:
                    return  # who listens has heard of it
                self._words_bytes -= len(self._words.popleft())
