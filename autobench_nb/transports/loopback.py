"""Hub and mirror in one process, without a socket: for tests, and for embedding."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from autobench_nb.sync.client.effects import MirrorEffect, SendUp
from autobench_nb.sync.client.mirror import Mirror
from autobench_nb.sync.effects import Outgoing
from autobench_nb.transports.pump import Pump
from autobench_nb.transports.sockets.wire import Wire


class Loopback:
    """One session over memory. Messages are delivered in the next turn of the pump's loop, in order.

    Any thread may make one, and call the methods of the mirror's side; everything else happens on the pump's thread.

    Args:
        pump: The hub's side.
        on_effect: Sees what the mirror says, except what is for the hub. On the pump's thread.
        mirror: The client's side; one that was linked before resumes. A new one where none is given.
        on_end: Called once when the session has ended, from whichever side. On the pump's thread.
        read_only: Whether the client may look and not command.

    While ``stalled`` nothing is delivered.
    """

    def __init__(
        self,
        pump: Pump,
        on_effect: Callable[[MirrorEffect], None] | None = None,
        *,
        mirror: Mirror | None = None,
        on_end: Callable[[], None] | None = None,
        read_only: bool = False,
    ) -> None:
        self.mirror = Mirror() if mirror is None else mirror
        self.is_closed = False
        self.close_code: int | None = None
        self.close_reason = ""
        self._pump = pump
        self._on_effect = on_effect
        self._on_end = on_end
        self._queue: deque[Outgoing] = deque()
        self._waiting = 0
        self._stalled = False
        self._owes_drained = False
        self._scheduled = False
        self.session = 0
        self.session = pump.connect(
            lambda _session: self, authenticated=True, peer="loopback", read_only=read_only
        )
        self.send(self.mirror.hello())

    # --- the pump's side

    def put(self, wire: Wire, /) -> int:
        """Queue a message; returns the bytes that now wait."""
        if self.is_closed:
            return 0
        self._queue.append(wire.message)
        self._waiting += len(wire.message)
        self._schedule()
        if not self._stalled:
            return 0
        self._owes_drained = True
        return self._waiting

    def drop(self) -> list[Outgoing]:
        """Discard and return what is queued."""
        dropped = list(self._queue)
        self._queue.clear()
        self._waiting = 0
        return dropped

    def close(self, code: int, reason: str, /) -> None:
        """The hub closes: what is queued is delivered first."""
        self.close_code, self.close_reason = code, reason
        self._stalled = False
        self._deliver()
        self._end()

    def abort(self) -> None:
        """End at once."""
        self._queue.clear()
        self._end()

    # --- the mirror's side

    @property
    def stalled(self) -> bool:
        """Whether the client's end does not read."""
        return self._stalled

    @stalled.setter
    def stalled(self, stalled: bool) -> None:
        self._pump.thread.call(self._stall, stalled)

    def send(self, data: bytes) -> None:
        """A message to the hub."""
        if not self.is_closed:
            self._pump.receive(self.session, data)

    def leave(self) -> None:
        """The client goes."""
        self._on_end = None
        self._pump.thread.call(self._end)

    # --- on the pump's thread

    def _stall(self, stalled: bool) -> None:
        self._stalled = stalled
        self._schedule()

    def _schedule(self) -> None:
        if not self._scheduled and not self._stalled and not self.is_closed:
            self._scheduled = True
            self._pump.thread.loop.call_soon(self._deliver)

    def _deliver(self) -> None:
        self._scheduled = False
        while self._queue and not self._stalled:
            message = self._queue.popleft()
            self._waiting -= len(message)
            for effect in self.mirror.receive(message.data, self._pump.thread.loop.time()):
                if isinstance(effect, SendUp):
                    self.send(effect.data)
                elif self._on_effect is not None:
                    self._on_effect(effect)
        if self._owes_drained and not self._waiting and not self.is_closed:
            self._owes_drained = False
            self._pump.drained(self.session)

    def _end(self) -> None:
        if not self.is_closed:
            self.is_closed = True
            self._pump.disconnect(self.session)
            if self._on_end is not None:
                self._on_end()
