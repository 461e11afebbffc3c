"""Pages of a client by widget messages: a real server in another process, the client here, a page that is a mirror."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from functools import partial
from typing import Any

import orjson
import pytest

import autobench_nb as ab
from autobench_nb.contract.codes import CloseCode
from autobench_nb.transports import comm
from autobench_nb.transports.client import dialing
from autobench_nb.transports.client import relay as relay_module
from autobench_nb.transports.client.relay import CLOSED, LOST, TOO_MANY_WORDS, Relay, with_token
from autobench_nb.transports.comm import CommLink
from autobench_nb.transports.comm_place import HubPlace, place_of, relay_of
from tests.far import READ_TOKEN, TOKEN, Far, far_away
from tests.leaks import nothing_is_left
from tests.transports.conftest import Bench
from tests.transports.test_comm import Kernel, Page, until
from tests.transports.test_comm import bench as bench

SESSIONS = "bench.server.pump.hub.telemetry.clients"
HASH = {"type": "command", "id": "c1", "name": "state.hash", "args": {}}


@pytest.fixture
def far() -> Iterator[Far]:
    with nothing_is_left(), far_away() as one:
        yield one


async def connected(far: Far, token: str = TOKEN) -> ab.Client:
    return await ab.connect(far.url, token)


def relay(client: ab.Client) -> Relay:
    place = relay_of(client)
    assert place is not None
    assert place_of(client) is place
    return place


async def opened(kernel: Kernel, name: str = "p.1") -> Page:
    page = kernel.page(name)
    page.open()
    await until(lambda: page.mirror.state is not None and "logs.history" in page.kinds)
    return page


async def do(far: Far, expression: str) -> Any:
    return await asyncio.to_thread(far.do, expression)


async def test_a_page_mirrors_state_and_log_of_the_server_and_its_commands_are_answered(
    far: Far,
) -> None:
    await do(far, "bench.log('app').info('before')")
    async with await connected(far) as client:
        kernel = Kernel(relay(client))
        page = await opened(kernel)
        assert page.mirror.epoch == far.epoch
        await do(far, "bench.log('app').info('after')")
        await do(far, "bench.devices.add('psu0', type='power supply')")
        end = await do(far, "bench.logs.next_seq")
        await until(lambda: (page.mirror.next_seq or 0) >= end and "psu0" in page.state["devices"])
        assert page.seqs == list(range(page.seqs[0], page.seqs[-1] + 1))
        page.say(HASH)
        await until(lambda: "result" in page.kinds)
        assert await do(far, SESSIONS) == 2, "the client and the page"
    assert TOKEN not in str(kernel.sent)


@pytest.mark.parametrize("where", ["in another process", "in this one"])
async def test_the_page_of_a_spectator_s_client_is_a_spectator(where: str, request) -> None:  # type: ignore[no-untyped-def]
    if where == "in this one":
        with ab.Orchestrator("here") as own:
            server = own.serve()
            async with await ab.connect(server.url, own.read_token) as client:
                place = place_of(client)
                assert isinstance(place, HubPlace)
                await sees_and_commands_nothing(Kernel(place))
        return
    far = request.getfixturevalue("far")
    async with await connected(far, READ_TOKEN) as client:
        await sees_and_commands_nothing(Kernel(relay(client)))


async def sees_and_commands_nothing(kernel: Kernel) -> None:
    page = await opened(kernel)
    page.say({"type": "command", "id": "c1", "name": "queue.pause", "args": {}})
    await until(lambda: "result" in page.kinds)
    said = b"".join(b"".join(buffers) for _, _, buffers in kernel.sent)
    assert b'"readOnly":true' in said
    assert b'"code":"read-only"' in said


async def test_the_server_is_killed_and_its_successor_is_shown_when_the_client_has_found_it(
    far: Far,
) -> None:
    returned: list[str] = []

    class Viewer:
        def __init__(self, client: ab.Client) -> None:
            self.client = client

        def told(self) -> None:
            returned.append(self.client.epoch)

    async with await connected(far) as client:
        viewer = Viewer(client)
        relay(client).on_return(viewer.told)
        kernel = Kernel(relay(client))
        page = await opened(kernel)
        await asyncio.to_thread(far.kill)
        await until(lambda: page.end is not None)
        assert page.end is not None
        assert page.end["code"] == CloseCode.GOING_AWAY
        assert page.end["reason"].startswith(LOST)
        # Whoever asks meanwhile is told at once.
        early = kernel.page("p.2")
        early.open()
        await until(lambda: early.end is not None)
        assert returned == []
        await asyncio.to_thread(far.start)
        await until(lambda: returned)
        assert returned == [far.epoch]
        again = kernel.page("p.3")
        again.mirror = page.mirror
        again.open()
        await until(lambda: again.mirror.epoch == far.epoch and again.mirror.state is not None)


async def test_a_page_whose_link_was_lost_resumes_where_it_was(far: Far) -> None:
    async with await connected(far) as client:
        kernel = Kernel(relay(client))
        page = await opened(kernel)
        client.reconnect()
        await until(lambda: page.end is not None)
        await asyncio.to_thread(client.wait_for, lambda one: not one.is_stale, 10)
        await do(far, "bench.log('app').info('meanwhile')")
        again = kernel.page("p.2")
        again.mirror = page.mirror
        again.open()
        end = await do(far, "bench.logs.next_seq")
        await until(lambda: (again.mirror.next_seq or 0) >= end)
        assert "state.snapshot" not in again.kinds, "it resumes"


async def test_with_the_client_its_pages_links_end_and_a_page_that_asks_is_told_what_helps(
    far: Far,
) -> None:
    client = await connected(far)
    kernel = Kernel(relay(client))
    page = await opened(kernel)
    await asyncio.to_thread(client.close)
    assert page.end is not None
    assert page.end["reason"] == CLOSED
    later = kernel.page("p.2")
    later.open()
    assert later.end is not None
    assert later.end["reason"] == CLOSED
    assert await do(far, SESSIONS) == 0


async def test_a_successor_that_lets_the_client_in_no_more_is_told_as_that(far: Far) -> None:
    async with await connected(far) as client:
        kernel = Kernel(relay(client))
        await opened(kernel)
        await asyncio.to_thread(far.kill)
        far.environ["AUTOBENCH_TOKEN"] = "another-token-than-the-client-s"
        await asyncio.to_thread(far.start)
        await until(lambda: client.status.phase == "denied")
        page = kernel.page("p.2")
        page.open()
        await until(lambda: page.end is not None)
        assert page.end is not None
        assert "refused us" in page.end["reason"]


async def test_a_page_that_goes_takes_its_session_with_it_also_amid_the_dial(far: Far) -> None:
    async with await connected(far) as client:
        kernel = Kernel(relay(client))
        for number in range(10):
            page = kernel.page(f"reload{number}.1")
            page.open()
            if number % 2:
                await until(partial(getattr, page.mirror, "state"))
            kernel.links.receive({"type": "hub.close", "link": page.name})
        await until(lambda: not relay(client)._sessions)
        assert not comm._pages[relay(client)]
        end = time.monotonic() + 10
        while await do(far, "len(bench.server.pump.links)") != 1:
            assert time.monotonic() < end


async def test_a_client_that_closes_while_pages_dial_waits_for_none_of_them(
    far: Far, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = await connected(far)
    monkeypatch.setattr(dialing, "TRY_S", 3_600.0)
    kernel = Kernel(relay(client))
    far.pause()
    page = kernel.page("p.1")
    page.open()
    await until(lambda: relay(client)._sessions)
    await asyncio.to_thread(client.close)
    far.go_on()
    assert page.end is not None
    assert page.end["reason"] == CLOSED


async def test_what_the_server_says_unasked_is_taken_over_by_the_first_page(far: Far) -> None:
    """The page's question waits behind a cell: the server greets who says nothing."""
    async with await connected(far) as client:
        kernel = Kernel(relay(client))
        unasked = kernel.page("")
        kernel.links.speak_unasked()
        await until(lambda: unasked.mirror.state is not None)
        page = kernel.page("p.1")
        page.mirror, page.next = unasked.mirror, unasked.next
        page.open(is_linked=True)
        await until(lambda: "ack" in page.kinds)
        assert page.kinds.count("state.snapshot") == 0
        assert await do(far, SESSIONS) == 2


def has(client: ab.Client, end: int) -> bool:
    """Whether the client has all entries before that one."""
    return client.logs.next_seq >= end


async def test_to_a_page_that_does_not_hear_no_more_is_read_than_may_wait(
    far: Far, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(comm, "WINDOW_BYTES", 200_000)
    async with await connected(far) as client:
        kernel = Kernel(relay(client))
        page = await opened(kernel)
        (link,) = comm._pages[relay(client)].values()
        sizes: list[int] = []
        while len(sizes) < 10:
            await do(far, "[bench.log('app').info('x' * 10_000) for n in range(50)]")
            end = await do(far, "bench.logs.next_seq")
            await until(partial(has, client, end))
            assert not link.is_closed
            if link._queued_bytes > comm.MESSAGE_BYTES:
                sizes.append(link._queued_bytes)
        assert max(sizes) <= comm.MESSAGE_BYTES + max(len(one) for one in link._queue)
        while (page.mirror.next_seq or 0) < end:
            kernel.links.receive({"type": "hub.got", "link": page.name, "n": page.next})
            await asyncio.sleep(0.005)
            assert page.end is None
        # Nothing is lost unannounced.
        first, last = page.seqs[0], page.seqs[-1]
        assert len(set(page.seqs)) + page.mirror.missed >= last - first + 1


async def test_a_page_that_says_more_than_the_server_takes_begins_anew(far: Far) -> None:
    async with await connected(far) as client:
        kernel = Kernel(relay(client))
        page = await opened(kernel)
        far.pause()
        for _ in range(relay_module.WORDS):
            page.say({"type": "command", "id": "x" * 100_000, "name": "state.hash", "args": {}})
        await until(lambda: page.end is not None)
        far.go_on()
        told = [content["reason"] for _, content, _ in kernel.sent if content["type"] == "hub.end"]
        assert told[0] == TOO_MANY_WORDS


async def test_while_this_kernel_runs_a_cell_pages_are_told_and_their_silence_says_nothing(
    far: Far,
) -> None:
    async with await connected(far) as client:
        place = relay(client)
        kernel = Kernel(place)
        page = await opened(kernel)
        place.cell_began(1_000.0)
        await until(lambda: "server.busy" in page.kinds)
        assert place.is_busy
        # Who comes meanwhile is told after its welcome.
        other = await opened(kernel, "q.1")
        await until(lambda: other.kinds[:2] == ["welcome", "server.busy"])
        (link, _) = comm._pages[place].values()
        assert isinstance(link, CommLink)
        for _ in range(3 * comm.SILENT_ROUNDS):
            place.call_soon(link._check)
        # The server's kernel begins to run one, too, and its end is not this one's.
        await do(far, "bench.server.cell_began(2.0)")
        await until(lambda: busy_since(kernel, page) == [1_000_000, 2_000, 1_000_000])
        await do(far, "bench.server.cell_ended()")
        await until(lambda: busy_since(kernel, page)[3:] == [None, 1_000_000])
        place.cell_ended()
        await until(lambda: busy_since(kernel, page)[5:] == [None])
        assert page.end is None


def busy_since(kernel: Kernel, page: Page) -> list[int | None]:
    """Of each message that a cell runs, since when; none where it has ended."""
    said = [
        b"".join(buffers) for _, content, buffers in kernel.sent if content["link"] == page.name
    ]
    told = [orjson.loads(line) for one in said for line in one.split(b"\n")]
    return [one["since"] if one["busy"] else None for one in told if one["type"] == "server.busy"]


@pytest.mark.parametrize(
    ("hello", "expected"),
    [
        ('{"type":"hello"}', {"type": "hello", "payload": {"token": "t"}}),
        ('{"type":"hello","payload":null}', {"type": "hello", "payload": {"token": "t"}}),
        (
            '{"type":"hello","payload":{"resume":{"epoch":"e"},"token":"of the page"}}',
            {"type": "hello", "payload": {"resume": {"epoch": "e"}, "token": "t"}},
        ),
        ("no json", None),
        ("[1]", None),
        ("7", None),
    ],
)
def test_a_hello_is_given_the_token_and_nothing_else_is_touched(
    hello: str, expected: dict[str, object] | None
) -> None:
    given = with_token(hello, "t")
    assert given == hello if expected is None else orjson.loads(given) == expected


async def test_a_short_cell_is_not_told_of(far: Far) -> None:
    async with await connected(far) as client:
        place = relay(client)
        page = await opened(Kernel(place))
        place.cell_began(1.0)
        place.cell_ended()
        page.say(HASH)
        await until(lambda: "result" in page.kinds)
        assert "server.busy" not in page.kinds
        assert not place.is_busy


async def test_views_that_know_different_lives_of_the_server_share_no_link(far: Far) -> None:
    """After a restart a page holds one client for the views of before, and one for those made since."""
    async with await connected(far) as client:
        place = relay(client)
        old, new = Kernel(place), Kernel(place)
        old.links._epoch, new.links._epoch = "e1", "e2"
        first, second = await opened(old, "p.1"), await opened(new, "p.2")
        first.say(HASH)
        second.say(HASH)
        await until(lambda: "result" in first.kinds and "result" in second.kinds)
        assert first.end is second.end is None


async def test_a_page_that_asks_while_the_server_closes_is_not_in_the_way(bench: Bench) -> None:
    kernel = Kernel(bench)
    pump = bench.server.pump

    def close_and_ask() -> None:
        pump.close("The orchestrator is closing.")
        kernel.links._open("p.1", {"text": "{}"}, HubPlace(bench.server))

    bench.server.call_soon(close_and_ask)
    await until(lambda: pump.is_detached)
    bench.server.close()
    await bench.server.wait_closed()
    assert not comm._pages[pump]
