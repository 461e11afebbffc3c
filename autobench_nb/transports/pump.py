"""Drives the hub on a thread of its own: when to flush, when to tick, and the carrying out of its effects.

The hub, and all that is written to clients, belong to this thread, so that what changes is told also while a cell
blocks the server's loop. Any thread may call what is said to be for any thread; all else runs on the pump's own.
Commands run on the server's loop (:class:`~autobench_nb.transports.command_queue.CommandQueue`).
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable, Coroutine, Iterable
from typing import Any, Final, cast

from autobench_nb.config import Config
from autobench_nb.state.store import StateStore
from autobench_nb.sync.effects import (
    Broadcast,
    Close,
    Compute,
    Drop,
    Effect,
    RunCommand,
    Send,
)
from autobench_nb.sync.server.hub import Hub
from autobench_nb.transports.command_queue import CommandQueue
from autobench_nb.transports.effect_queue import EffectQueue
from autobench_nb.transports.flush_clock import FlushClock
from autobench_nb.transports.loop_thread import LoopThread
from autobench_nb.transports.loop_watch import LoopWatch
from autobench_nb.transports.sockets.direct import put_all
from autobench_nb.transports.sockets.fan_out import FanOut, fan_outs
from autobench_nb.transports.sockets.wire import Bundle, Wire
from autobench_nb.transports.sockets.writer import Link, SocketWriter, Traffic
from autobench_nb.transports.warming import RETRY_S, warm
from autobench_nb.transports.workers import Workers

BROADCAST_SLICE: Final = 500
"""Sessions that a broadcast reaches before the time is looked at."""


class Pump:
    """One hub's engine.

    Args:
        thread: The pump's own; it ends with :meth:`end`.
        hub: The sessions.
        store: The state, which is warmed in pieces before a snapshot is cut.
        config: The settings.
        commands: Runs the clients' commands.
        on_detached: Called on the pump's thread when nothing here touches the hub any more.
    """

    def __init__(
        self,
        thread: LoopThread,
        hub: Hub,
        store: StateStore,
        *,
        config: Config,
        commands: CommandQueue,
        on_detached: Callable[[], None],
    ) -> None:
        self.hub = hub
        self.traffic = Traffic()
        self.thread = thread
        self._loop = thread.loop
        self._store = store
        self._clock = FlushClock(thread, config.flush_interval_ms / 1000, self._flush_due)
        self._commands = commands
        self._on_detached = on_detached
        self.watch = LoopWatch(thread, commands.loop, self._tell_busy)
        """Whether the server's loop turns, and what runs there."""
        self._links: dict[int, Link] = {}
        self._effects = EffectQueue[Effect | FanOut](self._loop, self._perform_one, self._arm)
        self._pending = self._effects.items
        self._closed = False
        self._is_detached = False
        self._tick: asyncio.TimerHandle | None = None
        self._warming = False
        self._tasks: set[asyncio.Task[None]] = set()
        self._without_links = asyncio.Event()
        self._workers = Workers()
        self._held_back = False  # the flush that is being carried out could not cut a snapshot
        self.is_flushing = False
        """Whether it encodes and sends what is new; any thread may look."""

    # --- for any thread

    def notify(self) -> None:
        """Something changed: flush, at once after silence, else at the end of the window that the last flush began."""
        self._clock.notify()

    def flush_soon(self) -> None:
        """Flush in the pump's next turn, without waiting for the end of the window."""
        self._clock.hurry()

    def connect(
        self,
        make_link: Callable[[int], Link],
        *,
        authenticated: bool,
        peer: str,
        read_only: bool = False,
    ) -> int:
        """A new session; ``make_link(session)`` is called here and gives its way out. Returns the session.

        All of a link is called on the pump's thread. ``read_only``: it may look and not command.
        """
        session = self.hub.next_session()
        link = make_link(session)
        self.thread.call(self._connect, session, link, authenticated, peer, read_only)
        return session

    def receive(self, session: int, data: str | bytes) -> None:
        """A message from a client."""
        self.thread.call(self._receive, session, data)

    def drained(self, session: int) -> None:
        """Everything queued for ``session`` has left."""
        self.thread.call(self._drained, session)

    def disconnect(self, session: int) -> None:
        """The link has ended, from whichever side."""
        self.thread.call(self._disconnect, session)

    def end_silent(self, session: int) -> None:
        """Nothing is heard of ``session`` any more."""
        self.thread.call(self._end_silent, session)

    def off_loop(self, work: Callable[[], Any]) -> asyncio.Future[Any]:
        """Run ``work`` on a thread of the pump's own; the future is of the loop that is running here."""
        return self._workers.do(work)

    @property
    def is_detached(self) -> bool:
        """Whether nothing here touches the hub any more."""
        return self._is_detached

    @property
    def links(self) -> tuple[Link, ...]:
        """The links that are open now."""
        return tuple(self._links.values())

    @property
    def is_idle(self) -> bool:
        """Whether all that the hub has asked of the pump is done."""
        return not self._effects.is_busy

    # --- sessions

    def _connect(
        self, session: int, link: Link, authenticated: bool, peer: str, read_only: bool
    ) -> None:
        if self._closed:
            link.abort()
            return
        self._links[session] = link
        now = self._loop.time()
        _, effects = self.hub.connect(now, authenticated=authenticated, peer=peer, session=session)
        if read_only:
            self.hub.restrict(session)
        self.perform(effects)

    def _receive(self, session: int, data: str | bytes) -> None:
        if session in self._links and not self._is_detached:
            self.perform(self.hub.receive(session, data, self._loop.time()))

    def _drained(self, session: int) -> None:
        if session in self._links and not self._is_detached:
            self.perform(self.hub.queued(session, 0, self._loop.time()))

    def _disconnect(self, session: int) -> None:
        if self._links.pop(session, None) is None:
            return
        if not self._links:
            self._without_links.set()
        if not self._is_detached:
            self.perform(self.hub.disconnect(session, self._loop.time()))

    def _end_silent(self, session: int) -> None:
        if session in self._links and not self._is_detached:
            self.perform(self.hub.end_silent(session, self._loop.time()))

    def _tell_busy(self, busy: bool, since_s: float, listens: bool) -> None:
        if not self._is_detached:
            now = self._loop.time()
            self.perform(self.hub.busy(busy, now, since_s=since_s, listens=listens))

    # --- effects

    def perform(self, effects: Iterable[Effect]) -> None:
        """Carry out ``effects`` in their order, and whatever follows from them."""
        self._effects.add(effects)

    def when_done(self, work: Callable[[], None]) -> None:
        """Call ``work`` when the effects that are being carried out are; where none is, in the loop's next turn."""
        self._effects.when_done(work)

    def _perform_one(self, effect: Effect | FanOut) -> None:
        match effect:
            case FanOut():
                self._fan_out(effect)
            case Broadcast():
                run = [effect]
                while self._pending and isinstance(self._pending[0], Broadcast):
                    run.append(cast(Broadcast, self._pending.popleft()))
                self._pending.extendleft(reversed(fan_outs(run)))
            case Send(session, message):
                self._put((session,), Bundle((Wire(message),)))
            case Drop(session):
                link = self._links.get(session)
                if link is not None:
                    self._pending.extend(self.hub.dropped(session, link.drop(), self._loop.time()))
            case Close(session, code, reason):
                link = self._links.get(session)
                if link is not None:
                    link.close(code, reason)
            case RunCommand():
                self._commands.put(effect, self._answer)
            case Compute():
                self._spawn(self._compute(effect))

    def _fan_out(self, fan_out: FanOut) -> None:
        """To the next slice of its sessions; what is left goes on after it, or in the loop's next turn."""
        begin = fan_out.at
        fan_out.at = begin + BROADCAST_SLICE
        if fan_out.at < len(fan_out.sessions):
            self._pending.appendleft(fan_out)
        self._put(fan_out.sessions[begin : fan_out.at], fan_out.bundle)

    def _put(self, sessions: Iterable[int], bundle: Bundle) -> None:
        waiting = put_all(self._links, sessions, bundle, self.traffic)
        if waiting:
            now = self._loop.time()
            for session, left in waiting:
                self._pending.extend(self.hub.queued(session, left, now))

    async def _compute(self, effect: Compute) -> None:
        value = await self.off_loop(effect.work)
        self._answer_now(effect.session, effect.id, value, None)

    def _answer(self, request: RunCommand, value: Any, error: tuple[str, str] | None) -> None:
        """What came of a command; from the thread that ran it."""
        self.thread.call(self._answer_now, request.session, request.id, value, error)

    def _answer_now(
        self, session: int, id: str | int, value: Any, error: tuple[str, str] | None
    ) -> None:
        if session in self._links and not self._is_detached:
            now = self._loop.time()
            self.perform(self.hub.answer(session, id, value=value, error=error, now=now))

    # --- time

    def _flush_due(self) -> None:
        if self._warming:
            return  # it flushes when it is warm
        if self.hub.wants_snapshot:
            self._warming = True
            self._spawn(self._warm_and_flush())
        else:
            self._flush_hub()

    async def _warm_and_flush(self) -> None:
        try:
            await warm(self._store, self.hub.faults.tell)
        finally:
            self._warming = False
        self._flush_hub()

    def _flush_hub(self) -> None:
        now = self._loop.time()
        self._clock.begin()
        telemetry = self.hub.telemetry
        telemetry.bytes_sent = self.traffic.sent
        telemetry.loop_lag_ms = self.watch.lag_s() * 1000
        self.is_flushing = True
        try:
            effects = self.hub.flush(now)
            if self.hub.had_news:
                self._clock.begin_window(now)
            self._held_back = self.hub.wants_snapshot
            self.perform(effects)
            self._held_back = False
        finally:
            self.is_flushing = False

    def _arm(self) -> None:
        """After whatever happened: has the hub more to send, and when is its next deadline?"""
        if self._closed:
            return
        now = self._loop.time()
        if self.hub.wants_flush and not self._warming:
            # What a flush left undone because a batch was open, or since it failed, can only be asked for again.
            again = self._held_back and self.hub.wants_snapshot
            longer = 2 ** min(self.hub.failed_flushes, 10)
            self._clock.schedule(now + (RETRY_S * longer if again else 0))
        deadline = self.hub.next_deadline(now)
        if self._tick is not None:
            if deadline == self._tick.when():
                return
            self._tick.cancel()
            self._tick = None
        if deadline is not None:
            self._tick = self._loop.call_at(deadline, self._tick_due)

    def _tick_due(self) -> None:
        self._tick = None
        self.perform(self.hub.tick(self._loop.time()))

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """A task that the pump owns: it ends at the latest with :meth:`close`."""
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # --- the end

    def close(self, reason: str) -> None:
        """Flush, say ``bye`` to every client, begin to close their links, and take leave of the hub."""
        if self._closed:
            return
        effects = self.hub.flush(self._loop.time())
        self._effects.finish([*effects, *self.hub.close(reason, self._loop.time())])
        self.abort()

    def abort(self) -> None:
        """Take leave of the hub without a word to the clients: whatever links still say is not heard any more."""
        self._closed = True
        self._clock.close()
        self.watch.close()
        if self._tick is not None:
            self._tick.cancel()
            self._tick = None
        for task in self._tasks:
            task.cancel()
        self._workers.abort()
        if self._is_detached:
            return
        self._is_detached = True
        for session in self._links:
            self.hub.disconnect(session, self._loop.time())
        self._effects.clear()
        self._on_detached()

    def cut(self) -> None:
        """End every link at once."""
        for link in self.links:
            link.abort()

    def end(self) -> None:
        """From any thread, when all else has ended: give up the sockets, and end the thread."""
        self.thread.call(self._end)
        self.thread.stop()

    def _end(self) -> None:
        self.abort()
        for session, link in tuple(self._links.items()):
            if isinstance(link, SocketWriter):
                link.end()
            else:
                link.abort()
            self._links.pop(session, None)

    async def wait_without_links(self, timeout_s: float) -> None:
        """Until every link has ended, or the time is over. On the pump's loop."""
        if self._links:
            self._without_links.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._without_links.wait(), timeout_s)

    async def wait_closed(self) -> None:
        """After :meth:`abort`: until every thread that worked for the pump has ended. On any loop."""
        await self._workers.wait_closed()

    def after_fork_in_child(self) -> list[socket.socket]:
        """Nothing of it is the child's: forget links, tasks and threads; the sockets that are to be closed here."""
        held = [
            one for link in self.links if isinstance(link, SocketWriter) for one in link.sockets
        ]
        self._clock.after_fork_in_child()
        self._closed = self._is_detached = True
        self._links.clear()
        self._effects.clear()
        self._tasks.clear()
        self._workers.after_fork_in_child()
        return held + self.thread.after_fork_in_child()
