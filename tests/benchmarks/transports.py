"""How fast the same message reaches many clients, what a connection costs, and what a stalled one costs the others.

Each server, ours and the peers', is a process of its own; so are the clients. Servers take turns round by round.
"""

from __future__ import annotations

import json
import resource
import statistics
import subprocess
import sys
from collections.abc import Iterable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.benchmarks.clients_server import TOKEN
from tests.benchmarks.harness import Benchmark, MissingPeer, Row, peer

ROOT = Path(__file__).resolve().parents[2]
CLIENTS = 500
NEEDS = {"websockets": "websockets", "picows": "picows"}


@dataclass
class Cost:
    """CPU microseconds a message and client: the best turn, and the sums over all (``kernel``: in the kernel)."""

    us: float = float("inf")
    total: float = 0.0
    kernel: float = 0.0

    def add(self, turn: Cost) -> None:
        """One more turn."""
        self.us = min(self.us, turn.us)
        self.total += turn.total
        self.kernel += turn.kernel


class Child:
    """A child process that answers JSON lines."""

    def __init__(self, *arguments: str) -> None:
        self._name = " ".join(arguments)
        self._process = subprocess.Popen(
            [sys.executable, "-m", *arguments],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def tell(self, **order: Any) -> None:
        """Give an order, to be answered later."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()

    def hear(self) -> dict[str, Any]:
        """The next answer."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self._name} ended with {self._process.wait()}")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def ask(self, **order: Any) -> dict[str, Any]:
        """Give an order and wait for its answer."""
        self.tell(**order)
        return self.hear()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with suppress(BrokenPipeError):  # it has ended already
            self._process.stdin.close()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()


class Arena:
    """One server and its clients."""

    def __init__(self, kind: str, stack: ExitStack, *, deflate: bool = False) -> None:
        if kind in NEEDS:
            peer(NEEDS[kind])
        self.kind = kind
        self.server = stack.enter_context(Child("tests.benchmarks.clients_server", kind))
        self.clients = stack.enter_context(Child("tests.benchmarks.clients"))
        self.deflate = deflate
        self.port = self.server.ask(start={"deflate": deflate})["port"]
        self.count = 0

    def open(self, count: int, *, read: bool = True) -> None:
        """Connect ``count`` more clients."""
        ours = self.kind.startswith("ours")
        order = {
            "port": self.port,
            "count": count,
            "deflate": self.deflate,
            "token": TOKEN if ours else None,
            "say_hello": ours,
            "read": read,
        }
        self.clients.ask(open=order)
        self.count += count
        self.server.ask(wait=self.count)

    def cost(self, size: int, rounds: int, messages: int = 1) -> Cost:
        """Of ``messages`` said to all at once."""
        self.clients.ask(hold=True)
        order = {"size": size, "rounds": rounds, "messages": messages}
        said = self.server.ask(cost=order)
        self.clients.ask(go=True)
        return Cost(said["us"], said["us"], said["kernel_us"])

    def memory(self) -> int:
        """Resident bytes of the server."""
        return int(self.server.ask(memory=True)["bytes"])

    def pace(self, size: int, rate: float, seconds: float) -> dict[str, Any]:
        """Latencies (``p50``, ``p99``, ``max`` in ms) at a steady rate, and what the server says."""
        self.clients.ask(report=True)
        said = self.server.ask(pace={"size": size, "rate": rate, "seconds": seconds})
        return {**self.clients.ask(report=True), **said}


Said = tuple[int, int]
"""What is said to all at once: the size of a message in bytes, and how many of them."""


def costs(
    kinds: Iterable[str], clients: int, all_said: Sequence[Said], *, deflate: bool, quick: bool
) -> dict[Said, dict[str, Cost]]:
    """What each server takes for each of ``all_said``, in turns."""
    turns, rounds = (2, 3) if quick else (15, 4)
    with ExitStack() as stack:
        arenas = [Arena(kind, stack, deflate=deflate) for kind in kinds]
        for arena in arenas:
            arena.open(clients)
            arena.cost(250, 3)  # warms up
        found: dict[Said, dict[str, Cost]] = {}
        for said in all_said:
            sums = found[said] = {arena.kind: Cost() for arena in arenas}
            for turn in range(turns):
                for arena in arenas if turn % 2 else reversed(arenas):
                    sums[arena.kind].add(arena.cost(said[0], rounds, said[1]))
        return found


def bound(cost: dict[str, Cost], peer_kind: str, *, messages: int, quick: bool) -> str:
    """What bounds our figure, as the same run has measured it."""
    ours, limit, other = cost["ours"], cost["ours-send-loop"], cost[peer_kind]
    parts = [
        f"a loop in C of nothing but socket.send, plain, over the same connections takes {limit.us:.1f} us, "
        f"{limit.us / other.us:.2f} of the peer and {limit.us / ours.us:.0%} of ours"
    ]
    if not quick:  # the system counts in clock ticks: a few rounds tell nothing
        parts.append(f"{min(1.0, ours.kernel / ours.total):.0%} of our time is spent in the kernel")
    if messages > 1:
        parts.append("the peers are given the messages one by one, as their interfaces have it")
    return "; ".join(parts)


def _there(*kinds: str) -> list[str]:
    """The kinds whose package is installed."""
    found = []
    for kind in kinds:
        try:
            if kind in NEEDS:
                peer(NEEDS[kind])
        except MissingPeer:
            continue
        found.append(kind)
    return found


PEERS = (
    ("ours-send-loop", "socket.send, a loop in C (the limit)"),
    ("picows", "picows"),
    ("websockets", "websockets.broadcast"),
)


def fan_out(quick: bool) -> list[Row]:
    """CPU a message and client, plain: one message, and the two that a flush with state and log has."""
    clients = 50 if quick else CLIENTS
    kinds = _there("ours", "ours-send-loop", "write_message", "picows", "websockets")
    found = costs(kinds, clients, [(250, 1), (250, 2)], deflate=False, quick=quick)
    rows = []
    for (_, messages), cost in found.items():
        what = "a patch alone" if messages == 1 else "patch and log batch of one flush"
        name = f"fan-out, {clients} clients x 250 B, {what}, CPU a message and client"
        ours, peers = cost["ours"].us, cost["write_message"].us
        note = bound(cost, "write_message", messages=messages, quick=quick)
        rows.append(Row(name, ours, "us", "tornado write_message", peers, 0.30, note))
        for kind, words in PEERS:
            if kind in cost:
                rows.append(Row(name, ours, "us", words, cost[kind].us, None))
    return rows


def fan_out_compressed(quick: bool) -> list[Row]:
    """CPU a message and client, compressed."""
    clients = 50 if quick else CLIENTS
    peer("websockets")
    found = costs(
        ["ours", "ours-send-loop", "websockets", "write_message"],
        clients,
        [(250, 1), (250, 2), (7000, 1), (7000, 2)],
        deflate=True,
        quick=quick,
    )
    rows = []
    for (size, messages), cost in found.items():
        goal = 0.25 if size == 250 else 0.12
        words = "250 B" if size == 250 else "7 kB"
        what = "a patch alone" if messages == 1 else "patch and log batch of one flush"
        name = f"fan-out compressed, {clients} clients x {words}, {what}, CPU a message and client"
        ours = cost["ours"].us
        note = bound(cost, "websockets", messages=messages, quick=quick)
        rows.append(
            Row(name, ours, "us", "websockets.broadcast", cost["websockets"].us, goal, note)
        )
        rows.append(Row(name, ours, "us", "tornado write_message", cost["write_message"].us, None))
    return rows


def memory(quick: bool) -> list[Row]:
    """Resident memory that one more connection costs, compression negotiated, a few messages sent."""
    clients = 100 if quick else 1000
    used: dict[str, float] = {}
    for kind in _there("ours", "websockets", "write_message"):
        with ExitStack() as stack:
            arena = Arena(kind, stack, deflate=True)
            arena.open(50)
            arena.cost(250, 3)
            before = arena.memory()
            arena.open(clients)
            arena.cost(250, 3)
            used[kind] = (arena.memory() - before) / clients / 1000
    name = "memory a connection, compressed"
    note = "the goal is 30 kB, whatever the peer takes"
    goal = {kind: 30 / value for kind, value in used.items()}
    rows = []
    for kind, words in (("websockets", "websockets"), ("write_message", "tornado write_message")):
        if kind in used:
            rows.append(Row(name, used["ours"], "kB", words, used[kind], goal[kind], note))
    return rows


def delivery(quick: bool) -> list[Row]:
    """The time from the call to the client's read, at a steady rate."""
    clients, seconds, turns = (50, 0.5, 1) if quick else (CLIENTS, 3.0, 5)
    kinds = _there("ours", "write_message", "picows")
    with ExitStack() as stack:
        arenas = [Arena(kind, stack) for kind in kinds]
        for arena in arenas:
            arena.open(clients)
            arena.cost(250, 3)
        found: dict[str, list[float]] = {kind: [] for kind in kinds}
        for turn in range(turns):
            for arena in arenas if turn % 2 else reversed(arenas):
                found[arena.kind].append(arena.pace(250, 20, seconds)["p99"])
    p99 = {kind: min(values) for kind, values in found.items()}
    name = f"p99 delivery, 20 a second x {clients} clients"
    rows = [Row(name, p99["ours"], "ms", "tornado write_message", p99["write_message"], 0.7)]
    if "picows" in p99:
        rows.append(Row(name, p99["ours"], "ms", "picows", p99["picows"], None))
    return rows


def stalled(quick: bool) -> list[Row]:
    """The others' p99 with one client among them that never reads, and without it."""
    others, seconds, turns = (50, 0.5, 1) if quick else (199, 0.5, 25)
    found: dict[bool, list[float]] = {False: [], True: []}
    with ExitStack() as stack:
        arenas = {with_one: Arena("ours", stack) for with_one in (False, True)}
        for with_one, arena in arenas.items():
            arena.open(others)
            if with_one:
                arena.open(1, read=False)
            arena.cost(250, 3)
        for turn in range(turns):
            for with_one, arena in sorted(arenas.items(), reverse=bool(turn % 2)):
                found[with_one].append(arena.pace(20_000, 20, seconds)["p99"])
    name = f"p99 of {others} clients at 20 x 20 kB a second, one more stalled"
    note = (
        "the peer is the same without the stalled client; both are medians of short turns, since in a long one "
        "some other process is sure to delay a message"
    )
    with_it, without = statistics.median(found[True]), statistics.median(found[False])
    return [Row(name, with_it, "ms", "no stalled client", without, 1.25, note)]


def growth(quick: bool) -> list[Row]:
    """What a message costs a client as clients become many: flat is right."""
    steps = [10, 100] if quick else [10, 100, 1000, 5000]
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = max(steps) + 500
    if hard != resource.RLIM_INFINITY and hard < needed:
        steps = [step for step in steps if step + 500 <= hard]
    if soft < needed:  # children inherit it
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, needed)), hard))
    rows: list[Row] = []
    base: float | None = None
    with ExitStack() as stack:
        arena = Arena("ours", stack)
        for step in steps:
            arena.open(step - arena.count)
            arena.cost(250, 3)
            cost = min(arena.cost(250, 3).us for _ in range(2 if quick else 9))
            name = f"growth, {step:,} clients x 250 B, CPU a message and client"
            if base is None:
                rows.append(Row(name, cost, "us", "", None, None))
                base = cost
            else:
                rows.append(Row(name, cost, "us", f"{steps[0]} clients", base, None))
        found = arena.pace(250, 2, 1.0 if quick else 5.0)
    rows.append(
        Row(
            f"growth, {steps[-1]:,} clients, p99 delivery at 2 a second",
            found["p99"],
            "ms",
            "",
            None,
            None,
            f"the longest turn of the loop while it was sent: {found['longest_ms']:.1f} ms",
        )
    )
    return rows


BENCHMARKS = [
    Benchmark("transports: fan-out", fan_out),
    Benchmark("transports: fan-out compressed", fan_out_compressed),
    Benchmark("transports: memory", memory),
    Benchmark("transports: delivery", delivery),
    Benchmark("transports: one stalled", stalled),
    Benchmark("transports: growth", growth),
]
