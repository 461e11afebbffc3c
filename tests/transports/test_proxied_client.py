"""A Python client through a real Jupyter server: https, a base URL, jupyter-server-proxy, and Jupyter's own token."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

import autobench_nb as ab
from autobench_nb.errors import AuthenticationError, ConnectionLost
from autobench_nb.transports.client.link import ClientLink
from autobench_nb.transports.client.reach import (
    ServerAddress,
    authorization,
    jupyter_token_for,
    server_address,
)
from autobench_nb.transports.comm_place import relay_of
from tests.leaks import nothing_is_left
from tests.transports.jupyter import JUPYTER_TOKEN, Jupyter, running_jupyter
from tests.transports.test_comm import Kernel, until


@pytest.fixture(scope="module")
def jupyter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Jupyter]:
    pytest.importorskip("jupyter_server_proxy")
    with running_jupyter(tmp_path_factory.mktemp("jupyter")) as running:
        yield running


@pytest.fixture
def bench(jupyter: Jupyter, monkeypatch: pytest.MonkeyPatch) -> Iterator[ab.Orchestrator]:
    monkeypatch.setenv("SSL_CERT_FILE", str(jupyter.authority))
    for name in ("JUPYTERHUB_API_TOKEN", "JUPYTER_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    with nothing_is_left(), ab.Orchestrator("behind a proxy") as made:
        made.devices.add("psu0", type="power supply")
        made.serve(thread=True)
        yield made


def port_of(bench: ab.Orchestrator) -> int:
    assert bench.server is not None
    return bench.server.port


@pytest.mark.parametrize("how", ["argument", "address", "JUPYTERHUB_API_TOKEN", "JUPYTER_TOKEN"])
def test_it_mirrors_and_commands_through_the_proxy(
    bench: ab.Orchestrator, jupyter: Jupyter, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    url = jupyter.url(port_of(bench))
    options: dict[str, Any] = {}
    if how == "argument":
        options["jupyter_token"] = JUPYTER_TOKEN
    elif how == "address":
        url += f"?token={JUPYTER_TOKEN}"
    else:
        monkeypatch.setenv(how, JUPYTER_TOKEN)
    with ab.connect(url, bench.token, **options) as client:
        assert isinstance(client._link, ClientLink)
        assert client.name == "behind a proxy"
        assert client.devices["psu0"]["type"] == "power supply"
        assert client.command("state.hash")["version"] > 0
        bench.devices.add("cam0", type="camera")
        assert client.wait_for(lambda one: "cam0" in one.devices, 10)
        assert not client.is_stale


def test_a_spectator_is_one_behind_a_proxy_too(bench: ab.Orchestrator, jupyter: Jupyter) -> None:
    url = jupyter.url(port_of(bench))
    with ab.connect(url, bench.read_token, jupyter_token=JUPYTER_TOKEN) as client:
        assert client.read_only


async def test_the_page_of_a_client_behind_a_proxy_is_linked_by_widget_messages(
    bench: ab.Orchestrator, jupyter: Jupyter
) -> None:
    """Jupyter's token takes the header there: ours goes into the page's own hello."""
    url = jupyter.url(port_of(bench))
    async with await ab.connect(url, bench.token, jupyter_token=JUPYTER_TOKEN) as client:
        place = relay_of(client)
        assert place is not None
        assert not place.speaks_unasked
        kernel = Kernel(place)
        kernel.links.speak_unasked()
        page = kernel.page("p.1")
        page.open()
        await until(lambda: page.mirror.state is not None)
        bench.log("app").info("through all of it")
        await until(lambda: page.mirror.next_seq == bench.logs.next_seq)
    assert bench.token not in str(kernel.sent)
    assert JUPYTER_TOKEN not in str(kernel.sent)


def test_a_large_state_and_a_long_log_come_through(
    bench: ab.Orchestrator, jupyter: Jupyter
) -> None:
    bench.state.set("/config/features", {f"feature-{n}": True for n in range(100_000)})
    for number in range(500):
        bench.log("app").info(f"line {number} {'x' * 2_000}")
    with ab.connect(
        jupyter.url(port_of(bench)), bench.token, jupyter_token=JUPYTER_TOKEN
    ) as client:
        assert len(client.state.get("/config/features")) == 100_000
        lines = [entry.message for entry in client.logs if entry.channel == "app"]
        assert lines[-1].startswith("line 499")


def test_without_jupyters_token_it_says_what_to_give(
    bench: ab.Orchestrator, jupyter: Jupyter
) -> None:
    wrong: list[dict[str, Any]] = [{}, {"jupyter_token": "a wrong one"}]
    for options in wrong:
        with pytest.raises((AuthenticationError, ConnectionLost), match="jupyter_token="):
            ab.connect(jupyter.url(port_of(bench)), bench.token, **options)


def test_a_wrong_token_of_ours_is_refused_through_the_proxy(
    bench: ab.Orchestrator, jupyter: Jupyter
) -> None:
    with pytest.raises((AuthenticationError, ConnectionLost), match="token"):
        ab.connect(
            jupyter.url(port_of(bench)), "not-the-right-token", 5, jupyter_token=JUPYTER_TOKEN
        )


def test_it_is_stale_while_the_server_is_away_and_comes_back_by_itself(
    bench: ab.Orchestrator, jupyter: Jupyter
) -> None:
    port = port_of(bench)
    with ab.connect(jupyter.url(port), bench.token, jupyter_token=JUPYTER_TOKEN) as client:
        assert not client.is_stale
        assert bench.server is not None
        bench.server.close()
        client.wait_for(lambda one: one.is_stale, 30)
        assert client.last_heard is not None
        assert f"stale since {client.last_heard:%H:%M:%S}" in repr(client)
        assert client.devices["psu0"]["type"] == "power supply", "what was mirrored stays readable"
        bench.devices.add("cam0", type="camera")
        bench.serve(port=port, thread=True)
        assert client.wait_for(lambda one: "cam0" in one.devices and not one.is_stale, 60)


# ---------------------------------------------------------------- who is shown which token


@pytest.mark.parametrize(
    ("url", "variables", "expected"),
    [
        ("http://127.0.0.1:8888/proxy/1234/", {"JUPYTER_TOKEN": "t"}, "t"),
        ("http://localhost:8888/user/me/proxy/absolute/1234/", {"JUPYTER_TOKEN": "t"}, "t"),
        (
            "http://127.0.0.1:8888/proxy/1234/",
            {"JUPYTERHUB_API_TOKEN": "h", "JUPYTER_TOKEN": "t"},
            "h",
        ),
        ("http://127.0.0.1:8888/proxy/1234/?token=given", {"JUPYTER_TOKEN": "t"}, "given"),
        ("http://127.0.0.1:1234/", {"JUPYTER_TOKEN": "t"}, None),
        ("http://127.0.0.1:8888/proxy/", {"JUPYTER_TOKEN": "t"}, None),
        ("http://127.0.0.1:8888/proxy/1234/", {}, None),
        ("http://127.0.0.1:8888/proxy/1234/", {"JUPYTER_TOKEN": ""}, None),
        ("https://evil.example/proxy/1234/", {"JUPYTERHUB_API_TOKEN": "h"}, None),
        ("https://127.0.0.1.evil.example/proxy/1234/", {"JUPYTERHUB_API_TOKEN": "h"}, None),
        ("https://hub.example/user/me/proxy/1234/", {"JUPYTERHUB_API_TOKEN": "h"}, None),
        (
            "https://hub.example/user/me/proxy/1234/",
            {"JUPYTERHUB_API_TOKEN": "h", "JUPYTERHUB_PUBLIC_URL": "https://hub.example/user/me/"},
            "h",
        ),
        (
            "https://evil.example/user/me/proxy/1234/",
            {"JUPYTERHUB_API_TOKEN": "h", "JUPYTERHUB_PUBLIC_URL": "https://hub.example/user/me/"},
            None,
        ),
        (
            "https://lab.example/proxy/1234/",
            {"JUPYTER_TOKEN": "t", "JUPYTER_SERVER_URL": "https://lab.example/"},
            "t",
        ),
    ],
)
def test_a_token_of_the_environment_is_shown_to_its_own_jupyter_alone(
    url: str, variables: dict[str, str], expected: str | None
) -> None:
    assert jupyter_token_for(server_address(url), variables) == expected


def test_jupyters_token_takes_the_header_and_ours_never_stands_in_an_address() -> None:
    assert authorization("ours", None) == {"Authorization": "Bearer ours"}
    assert authorization("ours", "theirs") == {"Authorization": "token theirs"}
    assert authorization(None, None) == {}
    address = server_address("https://hub/user/me/proxy/1/?access=ours&token=theirs")
    assert address == ServerAddress("wss://hub/user/me/proxy/1/ws", "ours", "theirs")


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://hub/user/me/proxy/8765/", True),
        ("https://hub/user/me/proxy/absolute/8765/ws", True),
        ("https://hub/user/me/proxy/node7:8765/", True),
        ("http://127.0.0.1:8765/", False),
        ("http://127.0.0.1:8765/proxy", False),
        ("https://hub/proxy/x/", False),
    ],
)
def test_it_is_known_which_addresses_lead_through_jupyters_proxy(url: str, expected: bool) -> None:
    assert server_address(url).is_proxied is expected
