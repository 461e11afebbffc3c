"""The Python client against a real server in another thread."""

from __future__ import annotations

import gc
import http.server
import socket
import threading
import weakref
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from autobench_nb.config import Config
from autobench_nb.errors import (
    AuthenticationError,
    ClosedError,
    CommandError,
    ConnectionLost,
    PathError,
    QueryError,
    TransportError,
)
from autobench_nb.logs.ring.ring import LogRing
from autobench_nb.state.store import StateStore
from autobench_nb.sync.server.hub import Hub
from autobench_nb.transports import Server, connect, local, serve_in_thread
from autobench_nb.transports.client import endings
from autobench_nb.transports.client.reach import backoff_s, server_address
from autobench_nb.transports.server_proof import proof_of
from tests.e2e.waiting import wait_until
from tests.far import TOKEN as far_token
from tests.far import far_away
from tests.transports.conftest import TOKEN

ROW = {
    "runId": "r1",
    "jobId": "j1",
    "name": "gzip",
    "repetition": 1,
    "status": "succeeded",
    "wallS": 0.5,
}


def results_page(args: Mapping[str, Any]) -> dict[str, Any]:
    """One row in all, as ``results.list`` answers."""
    row = {**ROW, "startedAt": "2026-01-02T03:04:05.678901+00:00"}
    return {"items": [row], "next": None, "end": 1, "dropped": 0}


class Life:
    """One life of an orchestrator; a second one may follow on the same port."""

    def __init__(self, static: Path, epoch: str = "e1", port: int = 0, **settings: Any) -> None:
        settings = {
            "flush_interval_ms": 1,
            "request_sample": 0.0,
            "ws_reconnect_min_ms": 10,
            **settings,
        }
        config = Config(**settings)
        servers: list[Server] = []

        def on_dirty() -> None:
            for server in servers:
                server.notify()

        self.ring = LogRing(on_dirty=on_dirty)
        self.store = StateStore({"serverConfig": config.to_wire()}, on_dirty=on_dirty)
        hub = Hub(self.store, self.ring, epoch=epoch, config=config, token=TOKEN)
        self.server = serve_in_thread(
            hub,
            self.store,
            self.ring,
            config=config,
            static=static,
            name="tests",
            port=port,
            token=TOKEN,
            commands={"results.list": results_page, "echo": dict},
        )
        servers.append(self.server)


@pytest.fixture
def life(tmp_path: Path) -> Iterator[Life]:
    before = set(threading.enumerate())
    one = Life(tmp_path)
    yield one
    one.server.close()
    assert set(threading.enumerate()) == before


def test_a_client_mirrors_state_and_log(life: Life) -> None:
    life.ring.append("psu", "warn", "before", fields={"temp": 80})
    with connect(life.server.url, TOKEN) as client:
        assert client.status.phase == "live"
        assert client.epoch == "e1"
        life.store.set("/devices/cap0", {"type": "capture", "status": "ok"})
        life.ring.append("app", "info", "after")
        client.wait_for(lambda one: "cap0" in one.devices, 10)
        client.wait_for(lambda one: one.logs and one.logs[-1].message == "after", 10)
        first = client.logs.query("channel:psu")[0]
        assert (first.message, first.fields) == ("before", {"temp": 80})
        assert client.devices["cap0"] == {"id": "cap0", "type": "capture", "status": "ok"}
        assert client.state.version == client.state.get("/version")


def test_the_log_is_there_as_soon_as_connect_returns(life: Life) -> None:
    for number in range(100):
        life.ring.append("app", "info", f"line {number}")
    for _ in range(10):
        with connect(life.server.url, TOKEN) as client:
            assert len(client.logs) >= 100


def test_a_query_gives_what_the_orchestrators_gives(life: Life) -> None:
    life.ring.append("psu", "warn", "hot")
    life.ring.append("app", "warn", "late")
    life.ring.append("psu", "info", "cool")
    with connect(life.server.url, TOKEN) as client:
        found = client.logs.query("channel:psu")
        assert [entry.message for entry in found] == ["hot", "cool"]
        assert found.query("level>=warn").to_pandas()["message"].tolist() == ["hot"]
        assert found.to_arrow().num_rows == 2
        assert client.logs.between(1, 2)[0].message == "late"
        life.ring.append("psu", "error", "off")
        client.wait_for(lambda one: len(found) == 3, 10)  # it is live
        with pytest.raises(QueryError):
            client.logs.query("level>=loud")


def test_it_has_the_orchestrators_name_as_soon_as_that_is_told(life: Life) -> None:
    with connect(life.server.url, TOKEN) as client:
        assert client.name == f"127.0.0.1:{life.server.port}"
        life.store.set("/meta/name", "the bench in room 4")
        client.wait_for(lambda one: one.name == "the bench in room 4", 10)


def test_widgets_take_a_client_as_they_take_an_orchestrator(life: Life) -> None:
    from autobench_nb.notebook.widgets import Dashboard, Host, LogPane

    life.ring.append("psu", "warn", "hot")
    life.ring.append("app", "info", "other")
    with connect(life.server.url, TOKEN) as client:
        host: Host = client
        pane = LogPane(host, query="channel:psu")
        assert pane.to_pandas()["message"].tolist() == ["hot"]
        assert (pane.epoch, pane.title) == ("e1", client.name)
        assert Dashboard(client).epoch == "e1"
        link = client.link()
        assert link.pop("proof") == proof_of(TOKEN, link.pop("nonce"))
        assert link == {
            "url": life.server.ws_url,
            "page": life.server.url,
            "token": TOKEN,
            "epoch": "e1",
        }


def test_what_it_hands_out_cannot_change_the_mirror(life: Life) -> None:
    life.store.set("/devices/cap0", {"type": "capture", "status": "ok"})
    with connect(life.server.url, TOKEN) as client:
        client.wait_for(lambda one: "cap0" in one.devices, 10)
        client.state.get("/devices")["cap0"]["status"] = "changed"
        assert client.state.get("/devices/cap0/status") == "ok"
        with pytest.raises(PathError):
            client.state.get("/devices/nothing")
        assert client.state.get("/devices/nothing", None) is None


def test_tables_have_the_same_columns_as_the_orchestrators(life: Life) -> None:
    from autobench_nb import tables

    life.ring.append("app", "info", "line")
    life.store.set("/devices/cap0", {"type": "capture", "status": "ok"})
    with connect(life.server.url, TOKEN) as client:
        client.wait_for(
            lambda one: "cap0" in one.devices and any(e.message == "line" for e in one.logs), 10
        )
        assert list(client.logs.to_pandas().columns) == tables.LOG_SCHEMA.names
        assert client.logs.to_arrow().schema == tables.LOG_SCHEMA
        assert client.devices.to_pandas()["id"].tolist() == ["cap0"]
        assert client.jobs.to_pandas().empty
        assert client.streams.to_arrow().num_rows == 0
        assert client.results.to_pandas()["wall_s"].tolist() == [0.5]


def test_subscribers_hear_what_concerns_them(life: Life) -> None:
    heard: list[str] = []
    with connect(life.server.url, TOKEN) as client:
        end = client.state.subscribe(
            lambda commit: heard.extend(one["path"] for one in commit.operations), "/devices/cap0"
        )
        life.store.set("/devices/cap0", {"type": "capture", "status": "ok"})
        life.store.set("/devices/cap1", {"type": "capture", "status": "ok"})
        client.wait_for(lambda one: "cap1" in one.devices, 10)
        end()
        life.store.set("/devices/cap0/status", "gone")
        client.wait_for(lambda one: one.state.get("/devices/cap0/status") == "gone", 10)
    assert heard == ["/devices/cap0"]


def test_commands_answer_or_raise_with_the_servers_code(life: Life) -> None:
    with connect(life.server.url, TOKEN) as client:
        assert client.command("echo", a=1) == {"a": 1}
        with pytest.raises(CommandError) as caught:
            client.command("nothing")
        assert caught.value.code == "unknown-command"


def test_the_login_url_is_enough(life: Life) -> None:
    with connect(life.server.login_url) as client:
        assert client.status.phase == "live"
        assert TOKEN not in repr(client)


@pytest.mark.parametrize("token", ["wrong", None])
def test_a_wrong_or_missing_token_is_an_authentication_error(
    life: Life, token: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As if the server were another process's: one's own needs no token.
    monkeypatch.setattr(local, "_servers", weakref.WeakKeyDictionary())
    before = set(threading.enumerate())
    with pytest.raises(AuthenticationError):
        connect(life.server.url, token)
    assert set(threading.enumerate()) == before


def test_a_server_of_the_same_process_needs_no_token_but_takes_no_wrong_one(life: Life) -> None:
    with connect(life.server.url) as client:
        assert client.status.phase == "live"
    with pytest.raises(AuthenticationError):
        connect(life.server.url, "wrong")


@pytest.fixture
def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
    return port


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_port_where_nobody_listens_is_said_at_once_with_the_remedy(
    host: str, free_port: int
) -> None:
    before = set(threading.enumerate())
    # With so long a time-out a client that goes on trying would hang the test.
    with pytest.raises(ConnectionLost, match=rf"{host}:{free_port}.*nothing listens.*server\.url"):
        connect(f"http://{host}:{free_port}/", TOKEN, timeout_s=1e6)
    assert set(threading.enumerate()) == before


def test_a_host_that_is_not_known_is_said_at_once() -> None:
    with pytest.raises(ConnectionLost, match="the host is not known"):
        connect("http://no-such-host.invalid:1/", TOKEN, timeout_s=1e6)


def test_a_server_of_another_kind_is_said_at_once() -> None:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_error(404)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as other:
        thread = threading.Thread(target=other.serve_forever)
        thread.start()
        with pytest.raises(ConnectionLost, match=r"HTTP 404\. Something else answers there"):
            connect(f"http://127.0.0.1:{other.server_port}/", TOKEN, timeout_s=1e6)
        other.shutdown()
        thread.join()


def test_a_server_that_takes_connections_and_says_nothing_is_given_its_time() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        port = silent.getsockname()[1]
        with pytest.raises(ConnectionLost, match=f"{port}.*was not reached in 0.2 s"):
            connect(f"http://127.0.0.1:{port}/", TOKEN, timeout_s=0.2)


def test_a_url_that_is_none_is_said_so() -> None:
    with pytest.raises(TransportError):
        connect("ftp://somewhere/")


def test_a_lost_link_comes_back_and_resumes(life: Life) -> None:
    with connect(life.server.url, TOKEN) as client:
        life.ring.append("app", "info", "one")
        client.wait_for(lambda one: any(e.message == "one" for e in one.logs), 10)
        for link in life.server._pump.links:
            life.server._pump.thread.call(link.abort)
        client.wait_for(lambda one: one.status.phase != "live", 10)
        life.ring.append("app", "info", "two")
        life.store.set("/devices/cap0", {"type": "capture", "status": "ok"})
        client.wait_for(lambda one: one.status.phase == "live" and "cap0" in one.devices, 10)
        client.wait_for(lambda one: any(e.message == "two" for e in one.logs), 10)
        seqs = [entry.seq for entry in client.logs]
        assert seqs == list(range(seqs[0], seqs[-1] + 1))
        assert client.logs.missed == 0


def test_that_a_server_was_killed_is_known_without_waiting_for_its_goodbye(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(endings, "GOODBYE_S", 3_600.0)
    with far_away() as far, connect(far.url, far_token) as client:
        far.kill()
        client.wait_for(lambda one: one.is_stale, 10)
        assert client.status.reason
        far.start()
        client.wait_for(lambda one: one.epoch == far.epoch and not one.is_stale, 10)
        # On a server that does not answer the close either, the socket is closed all the same.
        monkeypatch.setattr(endings, "GOODBYE_S", 0.01)
        far.pause()
        client.close()
        far.go_on()
        wait_until(lambda: far.do("len(bench.server.pump.links)") == 0, "the socket's end")


def test_a_restarted_server_replaces_everything(tmp_path: Path) -> None:
    first = Life(tmp_path)
    first.ring.append("app", "info", "of the first life")
    first.store.set("/devices/old", {"type": "capture", "status": "ok"})
    port = first.server.port
    with connect(first.server.url, TOKEN) as client:
        client.wait_for(lambda one: "old" in one.devices, 10)
        first.server.close()
        second = Life(tmp_path, "e2", port)
        try:
            client.wait_for(lambda one: one.epoch == "e2" and one.status.phase == "live", 10)
            assert "old" not in client.devices
            assert not any(entry.message == "of the first life" for entry in client.logs)
        finally:
            second.server.close()


def test_where_the_server_says_so_it_does_not_reconnect(tmp_path: Path) -> None:
    life = Life(tmp_path, ws_reconnect_enabled=False)
    with connect(life.server.url, TOKEN) as client:
        life.server.close()
        with pytest.raises(ConnectionLost):
            client.wait_for(lambda one: False, 10)
        assert client.status.phase == "closed"


def forgotten(begun: set[threading.Thread]) -> None:
    """Collect what nobody holds, and wait for the threads that were begun for it."""
    gc.collect()
    for thread in begun:
        thread.join(10)
        assert not thread.is_alive()


def test_a_client_that_is_forgotten_ends(life: Life) -> None:
    before = set(threading.enumerate())
    client = connect(life.server.url, TOKEN)
    begun = set(threading.enumerate()) - before
    assert begun
    del client
    forgotten(begun)


@pytest.mark.parametrize("part", ["state", "logs", "devices", "jobs", "pno", "results"])
def test_what_a_client_has_handed_out_keeps_it_live(life: Life, part: str) -> None:
    before = set(threading.enumerate())
    held = getattr(connect(life.server.url, TOKEN), part)
    begun = set(threading.enumerate()) - before
    gc.collect()
    life.store.set("/devices/late", {"type": "capture", "status": "ok"})
    with connect(life.server.url, TOKEN) as other:
        other.wait_for(lambda one: "late" in one.devices, 10)
    assert all(thread.is_alive() for thread in begun)
    del held
    forgotten(begun)


def test_a_subscriber_keeps_a_client_live_until_it_leaves(life: Life) -> None:
    before = set(threading.enumerate())
    told = threading.Event()
    unsubscribe = connect(life.server.url, TOKEN).state.subscribe(lambda _commit: told.set())
    begun = set(threading.enumerate()) - before
    gc.collect()
    life.store.set("/devices/late", {"type": "capture", "status": "ok"})
    assert told.wait(10)
    unsubscribe()
    del unsubscribe
    forgotten(begun)


def test_waiting_ends_with_its_time_or_the_client(life: Life) -> None:
    client = connect(life.server.url, TOKEN)
    with pytest.raises(TimeoutError):
        client.wait_for(lambda one: False, 0.01)
    client.close()
    client.close()
    with pytest.raises(ClosedError):
        client.wait_for(lambda one: False, 1)
    with pytest.raises(ClosedError):
        client.command("echo")
    assert client.state.get("/version") >= 0


def test_heartbeats_measure_the_latency(tmp_path: Path) -> None:
    life = Life(tmp_path, ws_heartbeat_interval_ms=100)
    with connect(life.server.url, TOKEN) as client:
        assert client.wait_for(lambda one: one.status.latency_ms is not None, 10)
    life.server.close()


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://127.0.0.1:8765/", ("ws://127.0.0.1:8765/ws", None)),
        ("http://127.0.0.1:8765/?access=abc", ("ws://127.0.0.1:8765/ws", "abc")),
        ("https://hub/user/x/proxy/8765/", ("wss://hub/user/x/proxy/8765/ws", None)),
        ("ws://127.0.0.1:1/ws", ("ws://127.0.0.1:1/ws", None)),
        ("127.0.0.1:8765", ("ws://127.0.0.1:8765/ws", None)),
    ],
)
def test_every_form_of_the_url_leads_to_the_socket(
    url: str, expected: tuple[str, str | None]
) -> None:
    address = server_address(url)
    assert (address.url, address.access) == expected


def test_delays_grow_to_the_limit_and_are_spread_by_the_jitter() -> None:
    settings = Config().to_wire()["ws"]
    middle = [backoff_s(attempt, settings, 0.5) for attempt in range(1, 9)]
    assert middle[:3] == [1.0, 1.8, pytest.approx(3.24)]
    assert middle[-1] == 15.0
    assert backoff_s(1, settings, 0.0) == 0.8
    assert backoff_s(1, settings, 1.0) == 1.2
