"""The server's life: ports, threads, the end; and the pump: windows, commands, lag."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from autobench_nb.config import Config
from autobench_nb.errors import CommandError, ConfigError, JobError, PathError, PortError
from autobench_nb.logs.ring.ring import LogRing
from autobench_nb.state.store import StateStore
from autobench_nb.sync.client.effects import Answered, Changed, MirrorEffect
from autobench_nb.sync.server.hub import Hub
from autobench_nb.transports import Server, connect, serve_in_thread
from autobench_nb.transports.listening import bind
from autobench_nb.transports.loopback import Loopback
from tests.transports.conftest import TOKEN, Start, hello, receive, say, until


def in_thread(tmp_path: Path, **options: Any) -> tuple[StateStore, LogRing, Server]:
    config = Config(flush_interval_ms=1, request_sample=0.0)
    servers: list[Server] = []

    def on_dirty() -> None:
        for server in servers:
            server.notify()

    store, ring = StateStore(on_dirty=on_dirty), LogRing(on_dirty=on_dirty)
    hub = Hub(store, ring, epoch="e1", config=config, token=TOKEN)
    server = serve_in_thread(
        hub, store, ring, config=config, static=tmp_path, name="tests", token=TOKEN, **options
    )
    servers.append(server)
    return store, ring, server


async def test_a_taken_port_is_an_error_that_names_it(start: Start) -> None:
    bench = await start()
    with pytest.raises(PortError, match=str(bench.server.port)) as caught:
        bind("127.0.0.1", bench.server.port)
    assert caught.value.port == bench.server.port


@pytest.mark.parametrize(("host", "port"), [("127.0.0.1", 70_000), ("256.1.1.1", 0)])
def test_a_port_or_host_that_cannot_be_had_is_a_port_error(host: str, port: int) -> None:
    with pytest.raises(PortError):
        bind(host, port)


async def test_the_url_holds_no_secret_and_the_port_is_free_after_close(start: Start) -> None:
    bench = await start()
    server = bench.server
    assert server.url == f"http://127.0.0.1:{server.port}/"
    assert server.ws_url == f"ws://127.0.0.1:{server.port}/ws"
    assert TOKEN not in repr(server)
    assert server.token == TOKEN
    server.close()
    server.close()
    for one in bind("127.0.0.1", server.port):
        one.close()
    await server.wait_closed()
    assert "closed" in repr(server)


async def test_abort_ends_a_connection_without_a_word(start: Start) -> None:
    bench = await start()
    reader, writer = await asyncio.open_connection("127.0.0.1", bench.server.port)
    from tests.benchmarks.clients import request

    writer.write(request(bench.server.port, token=TOKEN, deflate=False))
    await reader.readuntil(b"\r\n\r\n")
    await until(lambda: bench.server._pump.links)
    bench.server.abort()
    assert await reader.read() == b""
    writer.close()
    await bench.server.wait_closed()


def test_a_server_in_a_thread_answers_while_this_one_blocks_and_ends_with_close(
    tmp_path: Path,
) -> None:
    before = set(threading.enumerate())
    store, _, server = in_thread(tmp_path)
    with connect(server.url, TOKEN) as client:
        store.set("/devices/cap0", {"type": "t", "status": "ok"})
        client.wait_for(lambda one: one.state.get("/devices/cap0/status", None) == "ok", 10)
    server.close()
    assert set(threading.enumerate()) == before
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", server.port)) != 0


def test_a_server_in_a_thread_raises_where_it_was_asked(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(PortError):
            in_thread(tmp_path, port=taken.getsockname()[1])


def test_a_server_in_a_thread_aborts(tmp_path: Path) -> None:
    before = set(threading.enumerate())
    _, _, server = in_thread(tmp_path)
    server.abort()
    assert set(threading.enumerate()) == before


async def test_a_token_that_cannot_travel_is_refused(start: Start, tmp_path: Path) -> None:
    from autobench_nb.transports import serve

    bench = await start()
    with pytest.raises(ConfigError):
        serve(
            bench.hub,
            bench.store,
            bench.ring,
            config=Config(),
            static=tmp_path,
            name="x",
            token="a b",
        )


# --- the pump


async def test_changes_within_a_window_travel_as_one_patch(start: Start) -> None:
    bench = await start(flush_interval_ms=20)
    async with bench.connect() as client:
        await hello(client)
        version = bench.store.version
        for number in range(10):
            bench.store.set(f"/devices/d{number}", {"type": "t", "status": "ok"})
        patch = await receive(client, "state.patch")
        while patch["toVersion"] <= version:
            patch = await receive(client, "state.patch")
        assert sum(one["path"].startswith("/devices/") for one in patch["patch"]) == 10


async def test_changes_of_other_threads_are_flushed(start: Start) -> None:
    bench = await start()
    async with bench.connect() as client:
        await hello(client)

        def work() -> None:
            for number in range(200):
                bench.store.set("/devices/cap0", {"type": "t", "status": str(number)})
                bench.ring.append("app", "info", str(number))

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        while (await receive(client, "logs.append"))["nextSeq"] < 800:
            pass
        for thread in threads:
            thread.join()


async def test_an_open_batch_delays_a_joiner_and_nothing_is_lost(start: Start) -> None:
    bench = await start()
    opened, end = threading.Event(), threading.Event()

    def work() -> None:
        with bench.store.batch():
            bench.store.set("/devices/cap0", {"type": "t", "status": "in"})
            opened.set()
            end.wait(10)

    thread = threading.Thread(target=work)
    thread.start()
    opened.wait(10)
    async with bench.connect() as client:
        await say(client, type="hello", payload={})
        await receive(client, "welcome")
        end.set()
        snapshot = await receive(client, "state.snapshot")
        assert snapshot["data"]["devices"]["cap0"]["status"] == "in"
    thread.join()


def _fail(error: Exception) -> Any:
    def command(args: Mapping[str, Any]) -> Any:
        raise error

    return command


async def _later(args: Mapping[str, Any]) -> int:
    await asyncio.sleep(0)
    return int(args["x"]) + 1


COMMANDS = {
    "add": lambda args: args["x"] + 1,
    "later": _later,
    "no-json": lambda args: object(),
    "chosen": _fail(CommandError("not-there", "It is not there.")),
    "path": _fail(PathError("/devices/x", "nothing stands here")),
    "job": _fail(JobError("a run needs work")),
    "surprise": _fail(RuntimeError("the secret is 42")),
}


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("nothing", "unknown-command"), ("no-json", "failed"), ("chosen", "not-there"), ("path", "not-found"),
        ("job", "bad-args"), ("surprise", "internal"),
    ],
)  # fmt: skip
async def test_a_command_that_fails_answers_with_a_code_and_a_chosen_sentence(
    start: Start, name: str, code: str
) -> None:
    bench = await start(commands=COMMANDS)
    async with bench.connect() as client:
        await hello(client)
        await say(client, type="command", id="7", name=name, args={})
        result = await receive(client, "result")
        assert (result["id"], result["ok"], result["error"]["code"]) == ("7", False, code)
        assert "42" not in json.dumps(result)
        if name == "surprise":
            (entry,) = [one for one in bench.ring.since(0).entries if one.exc]
            assert "the secret is 42" in (entry.exc or "")


@pytest.mark.parametrize("name", ["add", "later"])
async def test_a_command_answers_with_its_value(start: Start, name: str) -> None:
    bench = await start(commands=COMMANDS)
    async with bench.connect() as client:
        await hello(client)
        await say(client, type="command", id=1, name=name, args={"x": 4})
        assert (await receive(client, "result"))["value"] == 5


async def test_the_hash_equals_the_mirrors_at_the_same_version(start: Start) -> None:
    bench = await start()
    hashes: dict[int, str | None] = {}
    answers: list[Answered] = []
    made: list[Loopback] = []

    def note(effect: MirrorEffect) -> None:
        # The pump's thread may have the first snapshot before this one has a name for it.
        if isinstance(effect, Changed) and made:
            hashes[effect.to_version] = made[0].mirror.hash()
        elif isinstance(effect, Answered):
            answers.append(effect)

    loop = Loopback(bench.server._pump, note)
    made.append(loop)
    await until(lambda: loop.mirror.state is not None)
    hashes[bench.store.version] = loop.mirror.hash()
    for number in range(20):
        bench.store.set("/devices/cap0", {"type": "t", "status": f"\u00e9 {number}", "x": 0.1})
        loop.send(b'{"type":"command","id":"%d","name":"state.hash","args":{}}' % number)
        await asyncio.sleep(0)
    bench.store.set("/devices/cap0/status", "the last")
    await until(lambda: len(answers) == 20 and bench.store.version in hashes)
    for answer in answers:
        assert answer.value["hash"] == hashes[answer.value["version"]]
    loop.leave()


async def test_a_loopback_that_stalls_is_overrun_and_comes_back(start: Start) -> None:
    bench = await start(client_budget_bytes=100_000)
    loop = Loopback(bench.server._pump)
    await until(lambda: loop.mirror.state is not None)
    loop.stalled = True
    bench.flush()
    for number in range(20):
        bench.store.set("/devices/cap0", {"type": "t", "status": f"{number}" + "x" * 20_000})
        bench.flush()
    assert bench.hub.telemetry.dropped > 0
    loop.stalled = False
    await until(lambda: loop.mirror.version == bench.store.version)
    assert loop.mirror.state == bench.store.get("")
    loop.leave()


async def test_a_blocked_loop_is_measured(start: Start) -> None:
    bench = await start()
    async with bench.connect() as client:
        await hello(client)
        bench.store.set("/devices/cap0", {"type": "t", "status": "ok"})
        for number in range(50):
            # The pump flushes meanwhile, and asks the loop, which answers late; unless the pump itself came late.
            _burn(0.05)
            await receive(client, "state.patch")
            if bench.hub.telemetry.loop_lag_ms >= 30:
                break
            bench.store.set("/devices/cap0/status", f"again {number}")
        assert bench.hub.telemetry.loop_lag_ms >= 30


def _burn(seconds: float) -> None:
    """Hold this thread: the fact under test is a loop that does not turn."""
    threading.Event().wait(seconds)


async def test_bytes_sent_are_counted_as_they_go_over_the_wire(start: Start) -> None:
    bench = await start()
    async with bench.connect() as client:
        await hello(client)
        before = bench.server._pump.traffic.sent
        bench.store.set("/devices/cap0", {"type": "t", "status": "x" * 100_000})
        await receive(client, "state.patch")
        await until(lambda: bench.server.pump.traffic.sent > before)
        assert bench.server.pump.traffic.sent - before < 10_000


async def test_a_flush_from_another_thread_does_not_wait_for_the_window(start: Start) -> None:
    bench = await start(flush_interval_ms=60_000)
    async with bench.connect() as socket:
        await hello(socket)
        bench.store.set("/devices/cap0", {"type": "capture", "status": "ok"})
        await asyncio.to_thread(bench.server.flush)
        patch = await receive(socket, "state.patch")
        assert any(one["path"] == "/devices/cap0" for one in patch["patch"])


async def test_a_server_shows_its_page_in_a_notebook_and_not_its_token(start: Start) -> None:
    bench = await start()
    html = bench.server._repr_html_()
    assert f'href="{bench.server.url}" target="_blank"' in html
    assert "bench.server.login_url" in html
    assert TOKEN not in html
    bench.server.close()
    assert "closed" in bench.server._repr_html_()
