"""Sessions over widget messages, against a real server: a page that is a list and a mirror."""

from __future__ import annotations

import asyncio
import threading
import time
import zlib
from collections.abc import Callable
from functools import partial
from typing import Any

import orjson
import pytest

from autobench_nb.contract.limits import HELLO_GRACE_S
from autobench_nb.sync.client.effects import LogsArrived, MirrorEffect, SendUp
from autobench_nb.sync.client.mirror import Mirror
from autobench_nb.transports import comm
from autobench_nb.transports.comm import MESSAGE_BYTES, SILENT_ROUNDS, CommLinks
from autobench_nb.transports.comm_pace import BURST, MESSAGES_A_SECOND, MessagePace
from autobench_nb.transports.comm_place import CommPlace, HubPlace
from tests.transports.conftest import Bench, Start

Message = tuple[float, dict[str, Any], list[bytes]]


class Page:
    """One page of a kernel, with its side of the link: numbers, parts, gaps."""

    def __init__(self, name: str, links: CommLinks, *, deflate: bool = False) -> None:
        self.name = name
        self.mirror = Mirror()
        self.next = 0
        self.seqs: list[int] = []
        self.kinds: list[str] = []
        self.end: dict[str, Any] | None = None
        self._links = links
        self._deflate = deflate
        self._parts: list[bytes] = []
        self._said = 0

    def open(self, *, is_linked: bool = False) -> None:
        text = '{"type":"hello"}' if is_linked else self.mirror.hello().decode()
        content = {"type": "hub.open", "link": self.name, "text": text, "deflate": self._deflate}
        assert self._links.receive(content)

    @property
    def state(self) -> dict[str, Any]:
        """The mirrored state, which has come."""
        assert self.mirror.state is not None
        return self.mirror.state

    def say(self, message: dict[str, Any]) -> None:
        self._said += 1
        content = {"type": "hub.say", "link": self.name, "n": self._said}
        self._links.receive({**content, "text": orjson.dumps(message).decode()})

    def hears(self, content: dict[str, Any], buffers: list[bytes]) -> None:
        if content["link"] != self.name:
            return
        if content["type"] == "hub.end":
            self.end = content
            return
        assert content["n"] == self.next, "a gap"
        self.next += 1
        self._parts += buffers
        if content.get("more"):
            return
        data = b"".join(self._parts)
        self._parts = []
        if content.get("deflated"):
            data = zlib.decompress(data, -zlib.MAX_WBITS)
        for line in data.split(b"\n"):
            self.kinds.append(orjson.loads(line)["type"])
            for effect in self.mirror.receive(line, time.monotonic()):
                self._on_effect(effect)

    def _on_effect(self, effect: MirrorEffect) -> None:
        if isinstance(effect, SendUp):
            self.say(orjson.loads(effect.data))
        elif isinstance(effect, LogsArrived):
            self.seqs += [entry["seq"] for entry in effect.entries]


class Kernel:
    """One widget's channel, whose messages go to every page."""

    def __init__(self, place: Bench | CommPlace, pace: MessagePace | None = None) -> None:
        self.sent: list[Message] = []
        self.pages: list[Page] = []
        self.loses: Callable[[int], bool] = lambda _n: False
        self._lock = threading.Lock()
        if isinstance(place, Bench):
            place = HubPlace(place.server)
        self.links = CommLinks(lambda: place, self._publish, pace=pace or MessagePace())

    def _publish(self, content: dict[str, Any], buffers: list[bytes]) -> None:
        with self._lock:
            self.sent.append((time.monotonic(), content, buffers))
        for page in self.pages:
            page.hears(content, buffers)

    def page(self, name: str, **options: Any) -> Page:
        made = Page(name, self.links, **options)
        self.pages.append(made)
        return made


async def until(fact: Callable[[], Any]) -> None:
    async with asyncio.timeout(20):
        while not fact():
            await asyncio.sleep(0.005)


@pytest.fixture
async def bench(start: Start) -> Bench:
    return await start()


async def test_a_page_mirrors_state_and_log_in_a_session_of_the_hub(bench: Bench) -> None:
    kernel = Kernel(bench)
    page = kernel.page("p.1")
    bench.ring.append("app", "info", "before")
    page.open()
    await until(lambda: page.mirror.state is not None and page.seqs)
    bench.store.set("/devices/cap0", {"status": "ok"})
    bench.ring.append("app", "info", "after")
    await until(lambda: page.state["devices"] and page.mirror.next_seq == bench.ring.next_seq)
    assert page.seqs == list(range(bench.ring.next_seq))
    assert bench.hub.telemetry.clients == 1
    page.say({"type": "command", "id": "c1", "name": "state.hash", "args": {}})
    await until(lambda: "result" in page.kinds)


async def test_what_was_said_unasked_is_taken_over_by_the_first_page_that_opens(
    bench: Bench,
) -> None:
    kernel = Kernel(bench)
    unasked = kernel.page("")
    kernel.links.speak_unasked()
    await until(lambda: unasked.mirror.state is not None)
    assert bench.hub.telemetry.clients == 0, "nobody may be there"
    assert not [one for one in bench.ring.since(0).entries if one.channel == "websocket"]
    page = kernel.page("p.1")
    page.mirror, page.next = unasked.mirror, unasked.next
    page.open(is_linked=True)
    bench.store.set("/devices/cap0", {"status": "ok"})
    await until(lambda: page.state["devices"])
    assert page.kinds.count("state.snapshot") == 0
    assert "ack" in page.kinds
    assert bench.hub.telemetry.clients == 1


async def test_two_pages_of_a_kernel_have_a_session_each_and_one_that_comes_back_has_one(
    bench: Bench,
) -> None:
    kernel = Kernel(bench)
    first, second = kernel.page("one.1"), kernel.page("two.1")
    first.open()
    second.open()
    await until(lambda: first.mirror.state is not None and second.mirror.state is not None)
    assert bench.hub.telemetry.clients == 2
    again = kernel.page("one.2")
    again.mirror = first.mirror
    again.open()
    await until(lambda: "welcome" in again.kinds)
    assert bench.hub.telemetry.clients == 2
    assert "state.snapshot" not in again.kinds, "it resumes"


async def test_asking_again_under_the_same_name_opens_one_session(bench: Bench) -> None:
    """A page asks now and then while a cell holds its words up; they all arrive together."""
    kernel = Kernel(bench)
    page = kernel.page("p.1")
    for _ in range(20):
        page.open()
    await until(lambda: page.mirror.state is not None)
    assert bench.hub.telemetry.clients == 1
    connected = [one for one in bench.ring.since(0).entries if "connected" in one.message]
    assert len(connected) == 1


async def test_a_page_that_asks_again_and_again_and_was_not_heard_is_told_to_begin_anew(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("autobench_nb.transports.comm.ASKED_TOGETHER_S", 0.0)
    kernel = Kernel(bench)
    page = kernel.page("p.1")
    kernel.pages.remove(page)  # it is deaf, as one whose messages were lost
    page.open()
    await until(lambda: bench.hub.telemetry.clients == 1)
    page.open()
    await until(lambda: kernel.sent and kernel.sent[-1][1]["type"] == "hub.end")
    assert bench.hub.telemetry.clients == 0
    again = kernel.page("p.2")
    again.open()
    await until(lambda: again.mirror.state is not None)


async def test_pages_that_have_gone_are_forgotten_and_a_closed_server_s_pump_with_them(
    start: Start,
) -> None:
    bench = await start()
    kernel = Kernel(bench)
    pages = comm._pages[bench.server.pump] = {}
    for number in range(5):
        page = kernel.page(f"reload{number}.1")
        page.open()
        await until(partial(getattr, page.mirror, "state"))
        assert list(pages) == [f"reload{number}"]
        kernel.links.receive({"type": "hub.close", "link": page.name})
        await until(lambda: not pages)
    last = kernel.page("last.1")
    last.open()
    await until(lambda: last.mirror.state is not None)
    bench.server.close()
    await bench.server.wait_closed()
    await until(lambda: not pages)


async def test_what_a_page_says_by_another_widget_is_heard(bench: Bench) -> None:
    """The view by which it opened its link is gone from the page; another one of the same orchestrator is not."""
    kernel, other = Kernel(bench), Kernel(bench)
    page = kernel.page("p.1")
    page.open()
    await until(lambda: page.mirror.state is not None)
    page._links = other.links
    page.say({"type": "command", "id": "c1", "name": "state.hash", "args": {}})
    await until(lambda: "result" in page.kinds)


async def test_a_page_whose_link_has_ended_without_its_hearing_is_told_when_it_speaks(
    bench: Bench,
) -> None:
    """What said so was lost, as Jupyter loses some in a burst: else it would wait for an answer for ever."""
    kernel = Kernel(bench)
    page = kernel.page("p.1")
    page.open()
    await until(lambda: page.mirror.state is not None)
    kernel.pages.remove(page)
    kernel.links.close()
    await until(lambda: kernel.sent[-1][1]["type"] == "hub.end")
    kernel.pages.append(page)
    page.say({"type": "ping", "ts": 1})
    await until(lambda: page.end is not None)
    assert page.end is not None
    assert "knows this link no more" in page.end["reason"]


async def test_of_two_links_of_a_page_the_one_that_was_opened_last_stands_and_the_other_is_told(
    bench: Bench,
) -> None:
    kernel = Kernel(bench)
    first, second = kernel.page("p.1"), kernel.page("p.2")
    first.open()
    second.open()
    await until(lambda: second.mirror.state is not None and first.end is not None)
    assert second.end is None


async def test_what_one_flush_gives_to_a_page_leaves_within_it(bench: Bench) -> None:
    """In no later turn of the loop, each of which may wait for a cell that computes; and as one message."""
    kernel = Kernel(bench)
    page = kernel.page("p.1")
    page.open()
    await until(lambda: page.mirror.state is not None)
    server = bench.server
    assert server is not None
    sent: list[int] = []

    def change_and_flush() -> None:
        before = len(kernel.sent)
        bench.store.set("/devices/cap0", {"status": "ok"})
        bench.ring.append("app", "info", "a line")
        server.pump._flush_hub()
        sent.append(len(kernel.sent) - before)

    server.call_soon(change_and_flush)
    await until(lambda: sent)
    assert sent == [1]


async def test_the_words_of_a_page_may_come_on_any_thread_in_any_order(bench: Bench) -> None:
    kernel = Kernel(bench)
    page = kernel.page("p.1")
    page.open()
    await until(lambda: page.mirror.state is not None)

    def say(n: int) -> None:
        text = orjson.dumps({"type": "command", "id": n, "name": "state.hash"}).decode()
        kernel.links.receive({"type": "hub.say", "link": "p.1", "n": n, "text": text})

    threads = [threading.Thread(target=say, args=(n,)) for n in (3, 1, 2, 5, 4, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        await asyncio.to_thread(thread.join)
    await until(lambda: page.kinds.count("result") == 5)


@pytest.mark.parametrize("deflate", [False, True])
async def test_no_message_is_over_the_limit_though_the_state_is(
    bench: Bench, deflate: bool
) -> None:
    noise = {f"k{n}": "x" * 1_000 + str(n) for n in range(3_000)}
    bench.store.set("/devices/big", noise)
    kernel = Kernel(bench)
    page = kernel.page("p.1", deflate=deflate)
    page.open()
    await until(lambda: page.mirror.state is not None)
    assert page.state["devices"]["big"] == noise
    sizes = [sum(map(len, buffers)) for _, _, buffers in kernel.sent]
    assert max(sizes) <= MESSAGE_BYTES
    if deflate:
        assert sum(sizes) < 300_000


async def test_a_flood_stays_below_the_pace_is_coalesced_and_loses_nothing(start: Start) -> None:
    bench = await start(capacity=100_000)
    kernel = Kernel(bench)
    page = kernel.page("p.1", deflate=True)
    page.open()
    await until(lambda: page.mirror.state is not None)

    def flood() -> None:
        for n in range(10_000):
            bench.ring.append("app", "info", f"line {n}")
            if n % 100 == 0:
                time.sleep(0.01)  # spread over a second, as a program that prints is

    await asyncio.to_thread(flood)
    await until(lambda: page.mirror.next_seq == bench.ring.next_seq)
    assert page.seqs == list(range(bench.ring.next_seq))
    assert page.mirror.missed == 0
    times = [at for at, _, _ in kernel.sent]
    assert most_within_a_second(times) <= 50


def most_within_a_second(times: list[float]) -> int:
    return max(sum(begin <= at < begin + 1 for at in times) for begin in times)


def test_the_pace_lets_fifty_go_within_any_second_however_many_ask() -> None:
    pace = MessagePace()
    now, gone = 0.0, []
    while now < 10:
        wait_s = pace.take(now)
        if wait_s == 0:
            gone.append(now)
        now += 0.001 if 3 < now < 6 else max(wait_s, 1e-6)
    assert most_within_a_second(gone) <= MESSAGES_A_SECOND + BURST
    assert len(gone) >= 9 * MESSAGES_A_SECOND


async def test_a_page_of_which_nothing_is_heard_is_ended_and_frees_what_waited(
    start: Start,
) -> None:
    bench = await start(ws_heartbeat_interval_ms=100)
    kernel = Kernel(bench)
    page = kernel.page("p.1")
    page.open()
    await until(lambda: page.end is not None)
    assert page.end is not None
    assert page.end["code"] == 1013
    assert bench.hub.telemetry.clients == 0


async def on_loop(bench: Bench, work: Callable[[], object]) -> None:
    """Do it where the pump runs, and wait for its end."""
    done = threading.Event()

    def do() -> None:
        work()
        done.set()

    bench.server.call_soon(do)
    await asyncio.to_thread(done.wait, 20)


def perform(bench: Bench, *, busy: bool) -> None:
    bench.server.pump.perform(bench.hub.busy(busy, time.monotonic(), listens=False))


async def test_while_a_cell_runs_silence_says_nothing_of_a_page(start: Start) -> None:
    bench = await start()
    kernel = Kernel(bench)
    page = kernel.page("p.1")
    page.open()
    await until(lambda: page.mirror.state is not None)
    (link,) = kernel.links._links.values()
    await on_loop(bench, lambda: perform(bench, busy=True))
    for _ in range(3 * SILENT_ROUNDS):
        await on_loop(bench, link._check)
    assert page.end is None
    await on_loop(bench, lambda: perform(bench, busy=False))
    for _ in range(SILENT_ROUNDS):
        assert page.end is None
        await on_loop(bench, link._check)
    assert page.end is not None


async def test_a_server_that_closes_says_goodbye_and_one_that_is_not_there_says_the_remedy(
    bench: Bench,
) -> None:
    kernel = Kernel(bench)
    page = kernel.page("p.1")
    page.open()
    await until(lambda: page.mirror.state is not None)
    bench.server.close("The orchestrator is closing.")
    await bench.server.wait_closed()
    assert page.end == {
        "type": "hub.end",
        "link": "p.1",
        "code": 1001,
        "reason": "The orchestrator is closing.",
    }
    assert "bye" in page.kinds
    links = CommLinks(lambda: None, kernel._publish)
    links.receive({"type": "hub.open", "link": "p.1", "text": "{}"})
    assert "bench.serve()" in page.end["reason"]


async def test_a_channel_that_fails_ends_the_session(bench: Bench) -> None:
    def publish(_content: dict[str, Any], _buffers: list[bytes]) -> None:
        raise RuntimeError("the kernel ends")

    links = CommLinks(lambda: HubPlace(bench.server), publish)
    Page("p.1", links).open()
    await until(lambda: bench.ring.next_seq > 0)
    await until(lambda: bench.hub.telemetry.clients == 0)
    assert not bench.server.pump.links


async def test_what_is_none_of_ours_is_left_to_others(bench: Bench) -> None:
    kernel = Kernel(bench)
    contents: list[dict[str, Any]] = [
        {},
        {"type": "link"},
        {"type": 5, "link": "x"},
        {"type": "hub.open"},
    ]
    for content in contents:
        assert not kernel.links.receive(content)
    kernel.links.receive({"type": "hub.got", "link": "of nobody", "n": "many"})
    kernel.links.close()
    await asyncio.sleep(0)
    assert kernel.sent == []


async def test_a_page_is_trusted_under_its_own_name_once_its_kernel_has_carried_its_words(
    bench: Bench,
) -> None:
    """Behind a proxy requests carry the hub's name, which no setting need repeat then."""
    headers = {"Host": "hub.example:8000", "Origin": "https://hub.example:8000"}
    assert (await bench.ask("/api/state", headers=headers)).code == 403
    kernel = Kernel(bench)
    content = {
        "type": "hub.open",
        "link": "p.1",
        "text": "{}",
        "origin": "https://hub.example:8000",
    }
    kernel.links.receive(content)
    await until(lambda: kernel.sent)
    assert (await bench.ask("/api/state", headers=headers)).code == 200
    foreign = {**headers, "Origin": "https://evil.example"}
    assert (await bench.ask("/api/state", headers=foreign)).code == 403


async def test_the_first_page_is_spoken_to_at_once_and_another_view_s_not_before_the_grace(
    bench: Bench,
) -> None:
    """What the first view waits for needs no question; the page of a further one has a link of its own."""
    now = asyncio.get_running_loop().time()
    hub = bench.hub
    first = hub.next_session()
    hub.connect(now, authenticated=True, peer="", session=first)
    assert [type(one).__name__ for one in hub.hush(first, now)][:1] == ["Send"]
    second = hub.next_session()
    hub.connect(now, authenticated=True, peer="", session=second)
    assert hub.hush(second, now) == []
    assert hub.next_deadline(now) == pytest.approx(now + HELLO_GRACE_S)
    hub.disconnect(second, now)
    hub.disconnect(first, now)
