"""A server and its clients without any network: real store, real ring, real hub, real mirrors, links made of lists."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import Any

import orjson

from autobench_nb.config import Config
from autobench_nb.logs.entry import Level
from autobench_nb.logs.ring.ring import LogRing
from autobench_nb.state.store import StateStore
from autobench_nb.sync.effects import (
    Broadcast,
    Close,
    Compute,
    Drop,
    Effect,
    Outgoing,
    RunCommand,
    Send,
)
from autobench_nb.sync.server.hub import Hub
from autobench_nb.sync.server.pace import LookPace

TOKEN = "the-right-token"


class Link:
    """One client's way: a queue on the server's side, and what has arrived on the client's.

    ``reads`` is how many bytes the client takes before it stalls; ``None``: all. ``most_waiting`` and ``largest``: the
    most bytes that waited at once, and the largest message.
    """

    def __init__(self, session: int) -> None:
        self.session = session
        self.queue: deque[Outgoing] = deque()
        self.begun = 0  # bytes of the first message in the queue that have left
        self.reads: int | None = None
        self.arrived: list[bytes] = []
        self.closed: tuple[int, str] | None = None
        self.most_waiting = 0
        self.largest = 0

    @property
    def waiting(self) -> int:
        return sum(map(len, self.queue)) - self.begun

    def put(self, message: Outgoing) -> None:
        self.queue.append(message)
        self.largest = max(self.largest, len(message))
        self.move()
        self.most_waiting = max(self.most_waiting, self.waiting)

    def move(self) -> None:
        while self.queue and self.reads != 0:
            left = len(self.queue[0]) - self.begun
            step = left if self.reads is None else min(left, self.reads)
            if self.reads is not None:
                self.reads -= step
            self.begun += step
            if self.begun == len(self.queue[0]):
                self.arrived.append(self.queue.popleft().data)
                self.begun = 0

    def drop(self) -> list[Outgoing]:
        first = [self.queue.popleft()] if self.begun else []
        dropped = list(self.queue)
        self.queue = deque(first)
        return dropped

    def take(self) -> list[dict[str, Any]]:
        """The messages that have arrived since the last call, parsed."""
        messages = [orjson.loads(data) for data in self.arrived]
        self.arrived.clear()
        return messages


class Server:
    """A hub with its store and ring, and the links of its clients."""

    def __init__(
        self,
        *,
        epoch: str = "epoch-1",
        token: str | None = TOKEN,
        **settings: Any,
    ) -> None:
        self.config = Config(**settings)
        self.store = StateStore()
        self.ring = LogRing(self.config.log_capacity, clock=lambda: 1_700_000_000.0 + self.now)
        self.now = 100.0
        self.hub = Hub(
            self.store,
            self.ring,
            epoch=epoch,
            config=self.config,
            token=token,
            wall=lambda: 1_700_000_000.0 + self.now,
        )
        self.worked_s = 0.0
        """What the server's thread has worked, as it finds it: no query takes any time."""
        self.hub._logs._pace = LookPace(lambda: self.worked_s)
        self.links: dict[int, Link] = {}
        self.commands: list[RunCommand] = []
        self.effects: list[Effect] = []

    # what clients do

    def connect(self, *, authenticated: bool = True, reads: int | None = None) -> Link:
        session, effects = self.hub.connect(self.now, authenticated=authenticated, peer="a test")
        link = self.links[session] = Link(session)
        link.reads = reads
        self.perform(effects)
        return link

    def say(self, link: Link, message: dict[str, Any] | str | bytes) -> None:
        data = orjson.dumps(message) if isinstance(message, dict) else message
        self.perform(self.hub.receive(link.session, data, self.now))

    def hello(self, link: Link, **payload: Any) -> list[dict[str, Any]]:
        self.say(link, {"type": "hello", "payload": payload})
        self.settle()
        return link.take()

    def leave(self, link: Link) -> None:
        if self.links.pop(link.session, None):
            self.perform(self.hub.disconnect(link.session, self.now))

    def read(self, link: Link, size: int | None) -> None:
        """The client reads ``size`` bytes more; ``None``: it never stalls again."""
        had = link.waiting
        link.reads = size
        link.move()
        if had:
            self.perform(self.hub.queued(link.session, link.waiting, self.now))

    # what a transport does

    def log(self, message: str, channel: str = "app", level: Level = Level.INFO) -> None:
        self.ring.append(channel, level, message)

    def flush(self) -> list[Effect]:
        return self.perform(self.hub.flush(self.now))

    def settle(self) -> None:
        """Flush until there is nothing more to do now."""
        self.flush()
        for _ in range(10_000):
            if not self.hub.wants_flush:
                return
            self.flush()
        raise AssertionError("the hub never comes to rest")

    def wait(self, seconds: float) -> None:
        self.now += seconds
        due = self.hub.next_deadline(self.now)
        if due is not None and due <= self.now:
            self.perform(self.hub.tick(self.now))

    def perform(self, effects: Iterable[Effect]) -> list[Effect]:
        done: list[Effect] = []
        pending = deque(effects)
        while pending:
            effect = pending.popleft()
            done.append(effect)
            match effect:
                case Send(session, message):
                    self._put((session,), message, pending)
                case Broadcast(sessions, message):
                    self._put(sessions, message, pending)
                case Drop(session):
                    if link := self.links.get(session):
                        dropped = link.drop()
                        pending.extend(self.hub.dropped(session, dropped, self.now))
                        pending.extend(self.hub.queued(session, link.waiting, self.now))
                case Close(session, code, reason):
                    if link := self.links.get(session):
                        link.closed = (code, reason)
                case RunCommand():
                    self.commands.append(effect)
                case Compute(session, id, work):
                    answer = orjson.loads(orjson.dumps(work()))
                    pending.extend(self.hub.answer(session, id, value=answer, now=self.now))
        self.effects.extend(done)
        return done

    def _put(self, sessions: tuple[int, ...], message: Outgoing, pending: deque[Effect]) -> None:
        for session in sessions:
            link = self.links.get(session)
            if link is None or link.closed is not None:
                continue
            link.put(message)
            if link.waiting:
                pending.extend(self.hub.queued(session, link.waiting, self.now))

    # what is true

    @property
    def state(self) -> dict[str, Any]:
        cut = self.store.cut()
        assert cut is not None
        commit, snapshot = cut
        assert commit is None, "flush first"
        state: dict[str, Any] = orjson.loads(snapshot.data)
        return state


def types(messages: Iterable[dict[str, Any]]) -> list[str]:
    return [message["type"] for message in messages]
