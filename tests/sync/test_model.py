"""Model-based: whatever happens to links, readers and servers, in the end every mirror equals the server."""

from __future__ import annotations

import os
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
)

from autobench_nb.contract.client_messages import SliceName
from autobench_nb.sync.client.effects import (
    Changed,
    Connected,
    Farewell,
    LogsArrived,
    MirrorEffect,
    Replaced,
    SendUp,
)
from autobench_nb.sync.client.mirror import Mirror
from tests.sync.harness import TOKEN, Link, Server

BUDGET = 65_536
SMALL: dict[str, Any] = {
    "log_capacity": 40,
    "client_logs_snapshot": 7,
    "client_budget_bytes": BUDGET,
    "resume_window_commits": 6,
    "resume_window_bytes": 100_000,
}
names = st.sampled_from([f"d{n}" for n in range(6)])
clients = st.integers(0, 2)
flags = st.booleans()


class Client:
    """A mirror, its link, and what lies on the way between them."""

    def __init__(self, slices: tuple[SliceName, ...] | None) -> None:
        self.mirror = Mirror()
        if slices is not None:
            self.mirror.subscribe(0.0, slices=slices)
        self.link: Link | None = None
        self.down: list[bytes] = []
        self.up: list[bytes] = []
        self.seen: set[int] = set()  # seqs of this epoch
        self.base: int | None = None  # the first of them that it was told of
        self.gone_at: int | None = None

    def take(self, effects: list[MirrorEffect]) -> None:
        for effect in effects:
            match effect:
                case SendUp(data):
                    self.up.append(data)
                case Replaced():
                    self.seen.clear()
                    self.base = None
                case LogsArrived(entries=entries, first_seq=first, missed=missed):
                    if self.base is None:
                        self.base = first - missed
                    self.seen.update(entry["seq"] for entry in entries)
                case Changed(from_version=before, to_version=after):
                    assert before is None or before <= after
                case Connected(epoch=epoch):
                    assert epoch == self.mirror.epoch
                case Farewell():
                    pass


class Sync(RuleBasedStateMachine):
    """Three clients, one of which mirrors two slices only; links that lose, delay, repeat and stall."""

    @initialize()
    def start(self) -> None:
        self.lives = 0
        self.restart()
        self.clients = [Client(None), Client(None), Client(("devices", "jobs"))]
        for which in range(3):
            self._connect(which)
        self._come_to_rest()

    # ------------------------------------------------------------ the server

    def restart(self) -> None:
        self.lives += 1
        now = getattr(self, "server", None)
        self.server = Server(epoch=f"epoch-{self.lives}", **SMALL)
        if now is not None:
            self.server.now = now.now

    @rule(name=names, value=st.integers(0, 9), size=st.sampled_from([0, 0, 100, 30_000]), now=flags)
    def set_device(self, name: str, value: int, size: int, now: bool) -> None:
        self.server.store.set(
            f"/devices/{name}", {"type": "t", "status": str(value), "note": "x" * size}
        )
        if now:
            self.server.flush()

    @rule(count=st.integers(1, 12))
    def commits(self, count: int) -> None:
        for n in range(count):
            self.server.store.set("/devices/busy", {"type": "t", "status": str(n)})
            self.server.flush()

    @rule(name=names, key=st.sampled_from(["status", "type"]), value=st.text(max_size=3))
    def merge_device(self, name: str, key: str, value: str) -> None:
        self.server.store.merge("/devices", {name: {"type": "t", "status": "s", key: value}})

    @rule(name=names)
    def remove_device(self, name: str) -> None:
        if self.server.store.get(f"/devices/{name}", None) is not None:
            self.server.store.remove(f"/devices/{name}")

    @rule(value=st.floats(0, 1))
    def set_another_slice(self, value: float) -> None:
        self.server.store.set("/config/requestSample", value)

    @rule(name=names)
    def roll_back(self, name: str) -> None:
        try:
            with self.server.store.batch():
                self.server.store.set(f"/devices/{name}", {"type": "never", "status": "never"})
                raise InterruptedError
        except InterruptedError:
            pass

    @rule(name=names)
    def flush_within_a_batch(self, name: str) -> None:
        with self.server.store.batch():
            self.server.store.merge("/devices", {name: {"type": "b", "status": "b"}})
            self.server.flush()

    @rule(count=st.sampled_from([1, 2, 5, 30, 100]), size=st.sampled_from([0, 3_000]), now=flags)
    def log(self, count: int, size: int, now: bool) -> None:
        for n in range(count):
            self.server.log(f"line {n} " + "y" * size)
        if now:
            self.server.flush()

    @rule()
    def settle(self) -> None:
        self.server.settle()

    @rule(seconds=st.sampled_from([0.1, 1.0, 3.0, 20.0]))
    def time_passes(self, seconds: float) -> None:
        self.server.wait(seconds)

    @rule(which=clients, slices=st.sampled_from([None, ("devices",), ("jobs", "meta")]))
    def subscribe_to_other_slices(self, which: int, slices: tuple[SliceName, ...] | None) -> None:
        client = self.clients[which]
        message = client.mirror.subscribe(self.server.now, slices=slices)
        if client.link is not None:
            client.up.append(message)

    @rule()
    def restart_the_server(self) -> None:
        self.restart()
        for client in self.clients:
            client.link = None
            client.up.clear()
            client.down.clear()

    # ------------------------------------------------------------ the links

    @rule(which=clients, authenticated=st.booleans(), heard=st.booleans())
    def connect(self, which: int, authenticated: bool, heard: bool) -> None:
        self._connect(which, authenticated=authenticated)
        if heard:
            self._come_to_rest()

    def _connect(self, which: int, *, authenticated: bool = True) -> None:
        client = self.clients[which]
        self._cut(client)
        client.link = self.server.connect(authenticated=authenticated)
        client.up.append(client.mirror.hello(None if authenticated else TOKEN))

    @rule(which=clients)
    def cut(self, which: int) -> None:
        self._cut(self.clients[which])

    def _cut(self, client: Client) -> None:
        if client.link is not None:
            self.server.leave(client.link)
        client.link = None
        client.up.clear()
        client.down.clear()

    @rule(which=clients, size=st.sampled_from([0, 10, 1_000, 50_000]))
    def stall(self, which: int, size: int) -> None:
        if link := self.clients[which].link:
            self.server.read(link, size)

    @rule(which=clients, size=st.sampled_from([0, 10, 40_000]), count=st.integers(1, 8), on=flags)
    def stall_in_a_flood(self, which: int, size: int, count: int, on: bool) -> None:
        if link := self.clients[which].link:
            self.server.read(link, size)
            for n in range(count):
                self.server.log(f"flood {n} " + "z" * 9_000)
                self.set_device(f"d{n % 3}", n, 9_000, True)
            if on:
                self.server.read(link, None)
                self.server.settle()

    @rule(which=clients, lost=st.sets(st.integers(0, 11), max_size=4), twice=st.integers(0, 11))
    def lose_some_of_many(self, which: int, lost: set[int], twice: int) -> None:
        client = self.clients[which]
        for n in range(6):
            self.server.log(f"some {n}")
            self.set_device(f"d{n % 3}", n, 0, True)
        self._pull(client)
        if len(client.down) > twice:
            client.down.append(client.down[twice])
        client.down = [data for n, data in enumerate(client.down) if n not in lost]
        if client.link:
            client.up.append(b'{"type":"ping","ts":3}')

    @rule(which=clients)
    def read_again(self, which: int) -> None:
        if link := self.clients[which].link:
            self.server.read(link, None)

    @rule()
    def deliver_all(self) -> None:
        self._come_to_rest()

    @rule(which=clients, count=st.integers(1, 5))
    def deliver(self, which: int, count: int) -> None:
        client = self.clients[which]
        for _ in range(count):
            self._deliver_up(client)
            self._deliver_down(client)

    @rule(which=clients, place=st.integers(0, 5), down=st.booleans())
    def lose(self, which: int, place: int, down: bool) -> None:
        client = self.clients[which]
        self._pull(client)
        way = client.down if down else client.up
        if not down and place == 0:
            return  # hello is what makes the link
        if place < len(way):
            del way[place]

    @rule(which=clients, place=st.integers(0, 5), later=st.integers(0, 5), down=st.booleans())
    def repeat(self, which: int, place: int, later: int, down: bool) -> None:
        client = self.clients[which]
        self._pull(client)
        way = client.down if down else client.up
        if not down and place == 0:
            return
        if place < len(way):
            way.insert(min(len(way), place + 1 + later), way[place])

    @rule(which=clients)
    def ping(self, which: int) -> None:
        client = self.clients[which]
        if client.link is not None:
            client.up.append(b'{"type":"ping","ts":1}')

    @rule(which=clients, text=st.sampled_from([b"{", b"[]", b'{"type":"no"}', b"\xff"]))
    def nonsense(self, which: int, text: bytes) -> None:
        client = self.clients[which]
        if client.link is not None and client.mirror.epoch is not None:
            client.up.append(text)

    def _pull(self, client: Client) -> None:
        if client.link is not None:
            client.down.extend(client.link.arrived)
            client.link.arrived.clear()

    def _deliver_down(self, client: Client) -> bool:
        self._pull(client)
        if not client.down:
            return False
        client.take(client.mirror.receive(client.down.pop(0), self.server.now))
        return True

    def _deliver_up(self, client: Client) -> bool:
        if client.link is None or not client.up:
            return False
        self.server.say(client.link, client.up.pop(0))
        return True

    # ------------------------------------------------------------ what holds always

    @invariant()
    def a_mirror_that_is_not_stale_shows_a_version_that_was(self) -> None:
        for client in getattr(self, "clients", []):
            mirror = client.mirror
            if mirror.state is not None and mirror.version is not None:
                assert mirror.state["version"] == mirror.version
            assert len(client.seen) <= (mirror.next_seq or 0)

    @invariant()
    def nobody_costs_more_than_the_budget(self) -> None:
        # One message of any size goes out where nothing waits; beside it no more than the budget may wait.
        for link in self.server.links.values() if hasattr(self, "server") else ():
            assert link.most_waiting <= link.largest + BUDGET

    # ------------------------------------------------------------ in the end

    def teardown(self) -> None:
        if not hasattr(self, "clients"):
            return
        for client in self.clients:
            if client.link is not None and client.link.closed:
                self._cut(client)
            if client.link is None:
                self._connect(self.clients.index(client))
            assert client.link is not None
            self.server.read(client.link, None)
        for _ in range(6):
            self._come_to_rest()
            self.server.wait(3.0)
            for client in self.clients:
                client.up.append(b'{"type":"ping","ts":2}')
        self._come_to_rest()
        state = self.server.state
        for client in self.clients:
            self._compare(client, state)

    def _come_to_rest(self) -> None:
        for _ in range(1_000):
            self.server.settle()
            moved = False
            for client in self.clients:
                while self._deliver_up(client):
                    moved = True
                self.server.settle()
                while self._deliver_down(client):
                    moved = True
            if not moved:
                return
        raise AssertionError("server and mirrors never come to rest")

    def _compare(self, client: Client, state: dict[str, Any]) -> None:
        mirror = client.mirror
        assert mirror.epoch == self.server.hub.epoch
        assert not mirror.stale
        if mirror.slices is not None:
            state = {name: state[name] for name in ("version", *mirror.slices)}
        assert mirror.state == state
        assert mirror.next_seq == self.server.ring.next_seq
        assert client.base is not None
        # every entry since the first was either seen or counted as missed
        told = {seq for seq in client.seen if seq >= client.base}
        assert len(told) + mirror.missed == self.server.ring.next_seq - client.base


TestSync = Sync.TestCase
TestSync.settings = settings(
    max_examples=int(os.environ.get("SYNC_EXAMPLES", "60")),
    stateful_step_count=60,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
