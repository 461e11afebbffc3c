"""Rounds of one fault each, and what must hold after each and at the end."""

from __future__ import annotations

import os
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from typing import Any, Final

import autobench_nb as ab
from autobench_nb.errors import ConnectionLost
from tests.leaks import descriptors
from tests.load.faults import FaultyNetwork, faulty_network
from tests.soak.accounts import Account
from tests.soak.inside import CAPACITY
from tests.soak.jupyter import TOKEN, running_jupyter
from tests.soak.kernel import SoakKernel, running_kernel
from tests.soak.measures import MB, MemoryCourse, cpu_s, trim
from tests.soak.widget_page import WidgetPage

FAULTS: Final = ("cell sleeps", "cut", "half open", "throttled", "cell computes", "burst", "none")
PATIENCE_S: Final = 120.0
GROWTH_BYTES: Final = 12 * MB
"""What allocators may keep besides: a leak of a megabyte a round is seen in two."""
LINES_A_S: Final = 80


class SoakFailed(AssertionError):
    """Something was lost, or is left."""


@dataclass
class Client:
    """One of the three, however it is linked."""

    name: str
    account: Account
    is_live: Callable[[], bool]
    heard: Callable[[], int]
    verify: Callable[[], bool]


@dataclass
class Bench:
    """The kernel, what stands between it and its clients, and the clients."""

    kernel: SoakKernel
    networks: list[FaultyNetwork]
    page: WidgetPage
    clients: list[Client]

    def truth(self, first_seq: int, end_seq: int) -> dict[str, Any]:
        """What the ring holds."""
        told: dict[str, Any] = self.kernel.call(f"lines_of({first_seq}, {end_seq})")
        return told


def soak(seconds: float, fault_s: float, say: Callable[[str], None]) -> str:
    """All faults by turns, for ``seconds`` and each at least once. Gives the closing line.

    Args:
        seconds: From the first client on.
        fault_s: A fault lasts until the talkers have had so long, on an idle machine.
        say: Is told how each round went.

    Raises:
        SoakFailed: A line was lost unannounced, memory grows, or something is left.
    """
    with tempfile.TemporaryDirectory(prefix="autobench-soak-") as folder, ExitStack() as ends:
        home = Path(folder)
        kernel = ends.enter_context(running_kernel(home))
        port, jupyter = ends.enter_context(running_jupyter(home))
        told = kernel.call("begin()")
        began, used = time.monotonic(), [cpu_s(pid) for pid in (told["pid"], jupyter, os.getpid())]
        with meeting(kernel, told, port):
            pass  # what is made with the first client of each kind and kept does not count
        held, before = settled(kernel), (descriptors(), threading.active_count())
        courses = {"kernel": MemoryCourse(told["pid"]), "clients": MemoryCourse(os.getpid())}
        with meeting(kernel, told, port) as bench:
            rounds, faults = 0, cycle(FAULTS)
            while rounds < len(FAULTS) or time.monotonic() - began < seconds:
                one_round(bench, fault := next(faults), fault_s)
                rounds += 1
                # The first of each kind is not compared: what it has made is kept.
                if rounds >= len(FAULTS):
                    look(kernel, courses)
                say(
                    f"{time.monotonic() - began:7.1f} s  {fault}: {accounts_of(bench)}{sizes(courses)}"
                )
            lines, accounts, links = kernel.call("written()"), accounts_of(bench), bench.page.links
        left, left_here = settled(kernel), settled_here(before)
        kernel.call("end()")
        took = time.monotonic() - began
        busy = [
            cpu_s(pid) - was
            for pid, was in zip((told["pid"], jupyter, os.getpid()), used, strict=True)
        ]
    check_what_is_left(before, left_here, held, left)
    for name, course in courses.items():
        if course.growth > GROWTH_BYTES:
            raise SoakFailed(f"the memory of the {name} grew by {course.growth / MB:.1f} MB")
    slopes = ", ".join(
        f"{name} {course.slope / MB:+.1f} MB an hour ({course.growth / MB:+.1f} MB in all)"
        for name, course in courses.items()
    )
    return (
        f"soak: {rounds} rounds in {took:.0f} s, {lines:,} lines; {accounts}; nothing lost unannounced; "
        f"{links} links by widget messages; memory: {slopes}; left in the kernel: {left}, as before; "
        f"processor: {100 * sum(busy) / took:.1f} % of a core (kernel, Jupyter, clients)"
    )


def look(kernel: SoakKernel, courses: dict[str, MemoryCourse]) -> None:
    """Note what memory is used now."""
    kernel.call("trim()")
    trim()
    for course in courses.values():
        course.look()


def sizes(courses: dict[str, MemoryCourse]) -> str:
    """What memory was used at the last look."""
    told = [
        f"{name} {course.sizes[-1] / MB:.1f} MB" for name, course in courses.items() if course.sizes
    ]
    return f"; {', '.join(told)}" if told else ""


def accounts_of(bench: Bench) -> str:
    """What each has had."""
    return ", ".join(
        f"{one.name} {one.account.received:,} + {one.account.missed:,} announced as missing"
        for one in bench.clients
    )


@contextmanager
def meeting(kernel: SoakKernel, told: dict[str, Any], jupyter_port: int) -> Iterator[Bench]:
    """Three clients, each behind what it is linked by; they are live."""
    with ExitStack() as ends:
        direct_net = ends.enter_context(faulty_network(told["port"]))
        proxy_net = ends.enter_context(faulty_network(jupyter_port))
        direct = ab.connect(f"http://127.0.0.1:{direct_net.port}/", told["token"])
        ends.callback(direct.close)
        proxied = ab.connect(
            f"http://127.0.0.1:{proxy_net.port}/proxy/{told['port']}/",
            told["token"],
            jupyter_token=TOKEN,
        )
        ends.callback(proxied.close)
        page = WidgetPage(kernel.client(), told["comm"])
        ends.callback(page.close)
        clients = [of_socket("direct", direct), of_socket("proxy", proxied), of_page(page)]
        for one in clients:
            wait_until(one.is_live, f"{one.name} is live")
        yield Bench(kernel, [direct_net, proxy_net], page, clients)


def of_socket(name: str, client: ab.Client) -> Client:
    def verify() -> bool:
        told = client.command("state.hash")
        return bool(
            client._mirror.version != told["version"] or client._mirror.hash() == told["hash"]
        )

    return Client(
        name,
        Account(client._logs),
        lambda: client.status.phase == "live",
        lambda: client._logs.next_seq,
        verify,
    )


def of_page(page: WidgetPage) -> Client:
    return Client(
        "widget messages",
        page.account,
        lambda: page.is_live,
        lambda: page.arrivals.logs.next_seq,
        lambda: True,
    )


def one_round(bench: Bench, fault: str, fault_s: float) -> None:
    """One fault for a while, then all is well again, and every client has its accounts right."""
    kernel, page = bench.kernel, bench.page
    cell = None
    if fault in ("cell sleeps", "cell computes"):
        cell = kernel.begin(
            f"sleep({fault_s})" if fault == "cell sleeps" else f"compute({fault_s / 6})"
        )
    elif fault == "cut":
        page.lose()
        for network in bench.networks:
            network.cut()
    elif fault in ("half open", "burst"):
        page.is_held = True
        for network in bench.networks:
            network.hold()
    elif fault == "throttled":
        page.is_throttled = True
        for network in bench.networks:
            network.throttle()
    if fault == "burst":
        kernel.call(f"burst({2 * CAPACITY})")
    if cell is not None:
        kernel.ended(cell)
    else:
        said(kernel, int(LINES_A_S * fault_s))
    page.is_held = page.is_throttled = False
    for network in bench.networks:
        network.mend()
        if fault in ("half open", "burst"):
            network.cut()
    said(kernel, int(LINES_A_S * fault_s / 3))
    for client in bench.clients:
        settle(bench, client, fault)


def settle(bench: Bench, client: Client, fault: str) -> None:
    """The client is live again, has heard of all that was said until now, and its accounts are right."""
    wait_until(client.is_live, f"{client.name} is live again after: {fault}")
    end = bench.kernel.call("written()")
    wait_until(lambda: client.heard() >= end, f"{client.name} has caught up after: {fault}")
    problem = client.account.problem(end, bench.truth)
    if problem:
        raise SoakFailed(f"after: {fault}: {client.name}: {problem}")
    is_right: list[bool] = []

    def has_verified() -> bool:
        # On a busy machine a heartbeat may be late: a link that ends while it is asked comes back by itself.
        with suppress(ConnectionLost):
            is_right.append(client.verify())
        return bool(is_right)

    wait_until(has_verified, f"{client.name} has compared its state after: {fault}")
    if not is_right[-1]:
        raise SoakFailed(f"after: {fault}: {client.name}: the state is another one")


def said(kernel: SoakKernel, lines: int) -> None:
    """Until so many more lines have been written: a fault lasts as long as what it may spoil takes, on any machine."""
    end = kernel.call("written()") + lines
    wait_until(lambda: kernel.call("written()") >= end, "the talkers talk", 0.25)


def settled(kernel: SoakKernel) -> dict[str, Any]:
    """What the kernel holds once its clients have left."""
    wait_until(lambda: kernel.call("held()")["clients"] == 0, "nobody is there", 0.25)
    # What tornado has spawned ends in its own next turns.
    held: dict[str, Any] = {}

    def rests() -> bool:
        nonlocal held
        was, held = held, kernel.call("held()")
        return was == held

    wait_until(rests, "the kernel is at rest", 0.5)
    return held


def settled_here(before: tuple[int, int]) -> tuple[int, int]:
    """Descriptors and threads of the clients once they have left.

    A socket of ZeroMQ that was closed is a descriptor until its own thread has turned to it, which on a
    busy machine comes later; what is a leak stays.
    """
    left = (descriptors(), threading.active_count())

    def is_as_before() -> bool:
        nonlocal left
        left = (descriptors(), threading.active_count())
        return left == before

    with suppress(SoakFailed):
        wait_until(is_as_before, "the clients' descriptors are closed", 0.25)
    return left


def check_what_is_left(
    before: tuple[int, int], after: tuple[int, int], held: dict[str, Any], left: dict[str, Any]
) -> None:
    """Descriptors, threads and tasks are where they were."""
    if after != before:
        raise SoakFailed(f"descriptors and threads of the clients: {after}, and {before} before")
    for name in ("descriptors", "threads", "tasks"):
        if left[name] > held[name]:
            raise SoakFailed(f"{name} of the kernel: {left[name]}, and {held[name]} before")


def wait_until(fact: Callable[[], object], what: str, pause_s: float = 0.05) -> None:
    """Look until it is true.

    Raises:
        SoakFailed: It was not within :data:`PATIENCE_S`.
    """
    pause, deadline = threading.Event(), time.monotonic() + PATIENCE_S
    while not fact():
        if time.monotonic() > deadline:
            raise SoakFailed(f"not within {PATIENCE_S:.0f} s: {what}")
        pause.wait(pause_s)
