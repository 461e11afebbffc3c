"""A client's link to a server whose loop is the caller's own: through memory.

Over a socket the caller would wait for a loop that waits for the caller, since it is the loop that reads. Here the pump
delivers on its own thread; only commands are the loop's to run, and while the caller waits for one it runs them itself.
"""

from __future__ import annotations

import time
from concurrent.futures import Future
from typing import Any, Final

from autobench_nb.errors import AuthenticationError, ClosedError, ConnectionLost
from autobench_nb.sync.client.effects import Answered, Connected, Farewell, MirrorEffect
from autobench_nb.sync.client.mirror import Mirror
from autobench_nb.transports.auth import Credential
from autobench_nb.transports.client.answers import Answers
from autobench_nb.transports.client.link import LinkStatus, MessageReader
from autobench_nb.transports.loopback import Loopback
from autobench_nb.transports.server import Server

ANSWER_S: Final = 30.0
"""How long a command that holds up the loop is waited for."""


class MemoryLink:
    """One session of ``server``. ``error`` is why it ended by itself, where it did. Any thread may call the methods."""

    def __init__(
        self, server: Server, token: str | None, mirror: Mirror, reader: MessageReader
    ) -> None:
        self.url = server.ws_url
        self.error: Exception | None = None
        self.read_only = False
        self.heard_at: float | None = None
        self.status = LinkStatus("connecting")
        self._server = server
        self._token = token
        self._mirror = mirror
        self._reader = reader
        self._answers = Answers()
        self._loopback: Loopback | None = None
        self._was_welcomed = False
        self._farewell = ""
        self._session = 0

    @property
    def is_own_thread(self) -> bool:
        """Whether the caller is on the pump's thread, which must not wait for an answer."""
        return self._server.pump.thread.is_here

    def start(self) -> None:
        """Begin a session."""
        # Whoever is in the server's own process, and names no token, has its token anyway.
        known = Credential.VALID
        if self._token is not None:
            known = self._server.worth_of(self._token)
        if not known.lets_in:
            self.error = AuthenticationError(
                f"{self.url} refused us: give its own token, or none in its own process."
            )
            self._become(LinkStatus("denied", reason=str(self.error)))
            return
        self._was_welcomed = False
        self._server.pump.thread.call(self._begin, known is Credential.READS)

    def ask(self, name: str, args: dict[str, Any]) -> Future[Any]:
        """Have the server run a command; the answer may be there at once, or comes later.

        Raises:
            RuntimeError: The caller holds up the thread or the loop on which the answer would have to be made.
        """
        self.check_open()
        if self.is_own_thread:
            raise RuntimeError("a callback cannot wait for a command: call it from another thread.")
        answer: Future[Any] = Future()
        self._server.pump.thread.call(self._ask, name, args, answer)
        if not self._server.runs_here:
            return answer
        self._server.commands.run_until(answer, self._session, ANSWER_S)
        if not answer.done():
            raise RuntimeError(
                f"{name} is answered on this very loop, which would wait for itself: "
                f"await asyncio.to_thread(client.command, {name!r}, ...)."
            )
        return answer

    @property
    def is_deaf(self) -> bool:
        """Whether the server hears nothing before a cell has ended; through memory it always hears."""
        return False

    def reconnect(self) -> None:
        """End the session and begin another, which resumes."""
        self.check_open()
        self._server.pump.thread.call_soon(self._start_again)

    def close(self) -> None:
        """End the session."""
        if self.status.phase in ("closed", "denied"):
            return
        self._become(LinkStatus("closed"))
        self._server.pump.thread.call(self._leave)

    def forget(self) -> None:
        """End it soon: nobody holds the client any more. Waits for nothing, since a collector may call it anywhere."""
        self._server.pump.thread.call_soon(self.close)

    def check_open(self) -> None:
        """Raise what ended it, if it has ended."""
        if self.error is not None:
            raise self.error
        if self.status.phase == "closed":
            raise ClosedError("this client is closed: connect() again.")

    # --- on the pump's thread

    def _begin(self, read_only: bool) -> None:
        self._loopback = Loopback(
            self._server.pump,
            self._on_effect,
            mirror=self._mirror,
            on_end=self._ended,
            read_only=read_only,
        )
        self._session = self._loopback.session
        if self._loopback.is_closed:
            self._ended()

    def _ask(self, name: str, args: dict[str, Any], answer: Future[Any]) -> None:
        try:
            message = self._answers.message(name, args, answer)
        except TypeError as error:
            answer.set_exception(error)
            return
        loopback = self._loopback
        if loopback is None or loopback.is_closed:
            self._answers.fail(f"{self.url} has closed the session.")
        else:
            loopback.send(message)

    def _start_again(self) -> None:
        self._leave()
        if self.status.phase != "closed":
            self._become(LinkStatus("connecting"))
            self.start()

    def _leave(self) -> None:
        loopback, self._loopback = self._loopback, None
        if loopback is not None:
            loopback.leave()
        self._answers.fail("the client was closed.")

    def _on_effect(self, effect: MirrorEffect) -> None:
        self.heard_at = time.time()
        match effect:
            case Answered():
                self._answers.settle(effect)
            case Connected(read_only=read_only):
                self._was_welcomed = True
                self.read_only = read_only
            case Farewell(reason=reason):
                self._farewell = reason
            case _:
                self._reader.on_effect(effect)
        if self._was_welcomed and self._reader.is_complete:
            phase = "stale" if self._mirror.stale else "live"
            if self.status.phase not in (phase, "closed"):
                self._become(LinkStatus(phase))
        self._reader.on_change()

    def _ended(self) -> None:
        """The session is over, from whichever side."""
        if self._loopback is None or self.status.phase == "closed":
            return
        self._loopback = None
        reason = self._farewell or "the server has ended the session."
        self.error = ConnectionLost(f"{self.url}: {reason}")
        self._answers.fail(str(self.error))
        self._become(LinkStatus("closed", reason=reason))

    def _become(self, status: LinkStatus) -> None:
        self.status = status
        self._reader.on_change()
