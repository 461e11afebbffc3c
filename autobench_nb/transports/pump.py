"""Drives the hub on the server's loop: when to flush, when to tick, and the carrying out of its effects.

All runs on the loop's thread, except :meth:`Pump.notify` and :meth:`Pump.flush_soon`, which any thread may call.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections import deque
from collections.abc import Callable, Coroutine, Iterable, Mapping
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
from autobench_nb.transports.commands import Command, Log, run_command
from autobench_nb.transports.liveness import Liveness
from autobench_nb.transports.sockets.fan_out import FanOut, fan_outs
from autobench_nb.transports.sockets.wire import Bundle, Wire
from autobench_nb.transports.sockets.writer import Link, Traffic, put_all
from autobench_nb.transports.warming import RETRY_S, warm
from autobench_nb.transports.workers import Workers

TURN_S: Final = 0.01
"""After so long, what is left of the effects waits for the loop's next turn. Their order stays."""
BROADCAST_SLICE: Final = 500
"""Sessions that a broadcast reaches before the time is looked at."""
LAG_WINDOW_S: Final = 10.0
"""The telemetry's loop lag is the worst of about this time."""


class Pump:
    """One hub's engine. Make it on the loop that it shall run on."""

    def __init__(
        self,
        hub: Hub,
        store: StateStore,
        *,
        config: Config,
        commands: Mapping[str, Command],
        log: Log,
    ) -> None:
        self.hub = hub
        self.traffic = Traffic()
        self._store = store
        self._config = config
        self._commands = commands
        self._log = log
        self._loop = asyncio.get_running_loop()
        self._links: dict[int, Link] = {}
        self._pending: deque[Effect | FanOut] = deque()
        self._performing = False
        self._inside = False  # within a flush, or within an effect that is being carried out
        self._lock = threading.Lock()
        self._notified = False
        self._hurried = False
        self._closed = False
        self._flush: asyncio.TimerHandle | None = None
        self._tick: asyncio.TimerHandle | None = None
        self._warming = False
        self._tasks: set[asyncio.Task[None]] = set()
        self._without_links = asyncio.Event()
        self._without_links.set()
        self._workers = Workers(self._loop)
        heartbeat_s = config.ws_heartbeat_interval_ms / 1e3
        self._liveness = Liveness(self._links, heartbeat_s, self._end_silent)
        self._held_back = False  # the flush that is being carried out could not cut a snapshot
        self._lag = (0.0, 0.0)  # (seconds, when)

    # --- from any thread

    def notify(self) -> None:
        """Something changed: flush at the end of the window. Costs one lock while a flush is due anyway."""
        with self._lock:
            if self._notified or self._closed:
                return
            self._notified = True
        try:
            self._loop.call_soon_threadsafe(self._open_window)
        except RuntimeError:  # the loop ended without closing us: nobody is left to be told
            self._closed = True

    def flush_soon(self) -> None:
        """Flush in the loop's next turn, without waiting for the end of the window."""
        with self._lock:
            if self._hurried or self._closed:
                return
            self._hurried = True
        with contextlib.suppress(RuntimeError):  # the loop has ended: nobody is left to be told
            self._loop.call_soon_threadsafe(self._flush_at_once)

    # --- sessions

    def connect(self, make_link: Callable[[int], Link], *, authenticated: bool, peer: str) -> int:
        """A new session; ``make_link(session)`` gives its way out. Returns the session."""
        session, effects = self.hub.connect(
            self._loop.time(), authenticated=authenticated, peer=peer
        )
        self._links[session] = make_link(session)
        self._without_links.clear()
        self._liveness.arm()
        self.perform(effects)
        return session

    def receive(self, session: int, data: str | bytes) -> None:
        """A message from a client."""
        if session in self._links:
            self.perform(self.hub.receive(session, data, self._loop.time()))

    def drained(self, session: int) -> None:
        """Everything queued for ``session`` has left."""
        if session in self._links:
            self.perform(self.hub.queued(session, 0, self._loop.time()))

    def disconnect(self, session: int) -> None:
        """The link has ended, from whichever side."""
        if self._links.pop(session, None) is not None:
            if not self._links:
                self._without_links.set()
            self.perform(self.hub.disconnect(session, self._loop.time()))

    def _end_silent(self, session: int) -> None:
        self.perform(self.hub.end_silent(session, self._loop.time()))

    @property
    def links(self) -> tuple[Link, ...]:
        """The links that are open now."""
        return tuple(self._links.values())

    @property
    def is_idle(self) -> bool:
        """Whether all that the hub has asked of the loop is done."""
        return not self._performing

    # --- effects

    def perform(self, effects: Iterable[Effect]) -> None:
        """Carry out ``effects`` in their order, and whatever follows from them."""
        self._pending.extend(effects)
        if not self._performing:
            self._performing = True
            self._continue(TURN_S)

    def _continue(self, turn_s: float) -> None:
        """Carry out what is pending, and after ``turn_s`` let the loop's other work have its turn first."""
        end = self._loop.time() + turn_s
        self._inside = True
        try:
            while self._pending:
                self._perform_one(self._pending.popleft())
                if self._pending and self._loop.time() > end and not self._closed:
                    self._loop.call_soon(self._continue, TURN_S)
                    return
        except BaseException:
            self._performing = False
            raise
        finally:
            self._inside = False
        self._performing = False
        self._arm()

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
                self._spawn_command(effect)
            case Compute():
                self.spawn(self._compute(effect))

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

    # --- commands

    def _spawn_command(self, effect: RunCommand) -> None:
        outcome = run_command(self._commands, effect.name, effect.args, self._log)
        if isinstance(outcome, Coroutine):
            self.spawn(self._finish_command(effect, outcome))
        else:
            value, error = outcome
            self._answer(effect.session, effect.id, value, error)

    async def _finish_command(
        self,
        effect: RunCommand,
        outcome: Coroutine[Any, Any, tuple[Any, tuple[str, str] | None]],
    ) -> None:
        value, error = await outcome
        self._answer(effect.session, effect.id, value, error)

    async def _compute(self, effect: Compute) -> None:
        value = await self.off_loop(effect.work)
        self._answer(effect.session, effect.id, value, None)

    def _answer(
        self, session: int, id: str | int, value: Any, error: tuple[str, str] | None
    ) -> None:
        if session not in self._links:
            return
        now = self._loop.time()
        self.perform(self.hub.answer(session, id, value=value, error=error, now=now))

    # --- time

    def flush_now(self) -> None:
        """Flush at once, from the loop's thread: what a blocked cell changed itself still leaves."""
        if not self._closed:
            self._flush_hub()

    def settle(self) -> bool:
        """Flush, and carry out everything at once: for a caller that holds up the loop and waits for what comes of it.

        False, and nothing is done, where the caller was called by the pump itself: by a subscriber or a command.
        """
        if self._inside or self._closed:
            return False
        self._flush_hub()
        if self._pending:
            self._continue(float("inf"))
        return True

    def _open_window(self) -> None:
        self._schedule_flush(self._config.flush_interval_ms / 1000)

    def _flush_at_once(self) -> None:
        self._hurried = False
        self._schedule_flush(0)

    def _schedule_flush(self, delay_s: float) -> None:
        if self._closed:
            return
        due = self._loop.time() + delay_s
        if self._flush is not None:
            if self._flush.when() <= due:
                return
            self._flush.cancel()
        self._flush = self._loop.call_at(due, self._flush_due, due)

    def _flush_due(self, due: float) -> None:
        self._flush = None
        now = self._loop.time()
        lag, since = self._lag
        if now - due >= lag or now - since > LAG_WINDOW_S:
            self._lag = (now - due, now)
        if self._warming:
            return  # it flushes when it is warm
        if self.hub.wants_snapshot:
            self._warming = True
            self.spawn(self._warm_and_flush())
        else:
            self._flush_hub()

    async def _warm_and_flush(self) -> None:
        try:
            await warm(self._store, self.hub.faults.tell)
        finally:
            self._warming = False
        self._flush_hub()

    def _flush_hub(self) -> None:
        with self._lock:
            self._notified = False
        telemetry = self.hub.telemetry
        telemetry.bytes_sent = self.traffic.sent
        telemetry.loop_lag_ms = self._lag[0] * 1000
        self._inside = True
        try:
            effects = self.hub.flush(self._loop.time())
        finally:
            self._inside = False
        self._held_back = self.hub.wants_snapshot
        self.perform(effects)
        self._held_back = False

    def _arm(self) -> None:
        """After whatever happened: has the hub more to send, and when is its next deadline?"""
        if self._closed:
            return
        now = self._loop.time()
        if self.hub.wants_flush and not self._warming:
            # What a flush left undone because a batch was open, or since it failed, can only be asked for again.
            again = self._held_back and self.hub.wants_snapshot
            longer = 2 ** min(self.hub.failed_flushes, 10)
            self._schedule_flush(RETRY_S * longer if again else 0)
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

    # --- work beside the loop

    def off_loop(self, work: Callable[[], Any]) -> asyncio.Future[Any]:
        """Run ``work`` on a thread of the pump's own."""
        return self._workers.do(work)

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """A task that the pump owns: it ends at the latest with :meth:`close`."""
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def close(self, reason: str) -> None:
        """Flush, say ``bye`` to every client, close their links, and end everything that was begun."""
        if self._closed:
            return
        self._pending.extend(self.hub.flush(self._loop.time()))
        self._pending.extend(self.hub.close(reason, self._loop.time()))
        self._performing = True
        self._continue(float("inf"))
        self.abort()

    def abort(self) -> None:
        """End everything that was begun, without a word to the clients."""
        with self._lock:
            self._closed = True
        for handle in (self._flush, self._tick):
            if handle is not None:
                handle.cancel()
        self._flush = self._tick = None
        self._liveness.close()
        for task in self._tasks:
            task.cancel()
        self._workers.abort()

    def detach(self) -> None:
        """Take leave of the hub: whatever links still say is not heard any more."""
        self.abort()
        for session in tuple(self._links):
            del self._links[session]
            self.hub.disconnect(session, self._loop.time())
        self._pending.clear()

    def after_fork_in_child(self) -> None:
        """Nothing of it is the child's: forget the links, tasks and threads."""
        self._lock = threading.Lock()
        self._closed = True
        self._links.clear()
        self._pending.clear()
        self._tasks.clear()
        self._workers.after_fork_in_child()

    async def wait_without_links(self, timeout_s: float) -> None:
        """Until every link has ended, or the time is over."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._without_links.wait(), timeout_s)

    async def wait_closed(self) -> None:
        """Until every task and thread of the pump has ended."""
        tasks = tuple(self._tasks)
        if tasks:
            await asyncio.gather(*tasks, return_exceptions=True)
        await self._workers.wait_closed()
