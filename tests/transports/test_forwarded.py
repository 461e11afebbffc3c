"""Behind a proxy: the path that it kept, the browser's name for the server, who it lets in; refusals as pages."""

from __future__ import annotations

import asyncio
from typing import Any

import orjson
import pytest
from tornado.httputil import HTTPHeaders

from autobench_nb.transports.http.forwarded import host_of
from tests.transports.conftest import TOKEN, Bench, Start

KEPT = "/user/me/proxy/absolute/40123"


@pytest.fixture
async def bench(start: Start) -> Bench:
    return await start()


def test_of_several_proxies_the_first_was_the_browser_s() -> None:
    assert (
        host_of(HTTPHeaders({"X-Forwarded-Host": "Hub.example:8000, inner"})) == "hub.example:8000"
    )
    assert host_of(HTTPHeaders({"X-Forwarded-Host": ""})) is None
    assert host_of(HTTPHeaders()) is None


@pytest.mark.parametrize("path", ["/", "/static/page.js", "/api/state", "/healthz", "/readyz"])
async def test_a_prefix_that_was_kept_leads_to_the_same(bench: Bench, path: str) -> None:
    plain, kept = await asyncio.gather(bench.ask(path), bench.ask(KEPT + path))
    assert plain.code == kept.code == 200
    assert (await bench.ask(f"/user/me/proxy/absolute/none{path}")).code == 404
    if path == "/api/state":
        assert (await bench.ask(KEPT + path, token=None)).code == 401


async def test_the_socket_is_there_under_a_prefix_that_was_kept(bench: Bench) -> None:
    from websockets.asyncio.client import connect

    url = bench.server.ws_url.replace("/ws", f"{KEPT}/ws")
    headers = {"Authorization": f"Bearer {TOKEN}"}
    async with connect(url, additional_headers=headers, proxy=None) as socket:
        assert "welcome" in str(await socket.recv())


async def test_an_origin_that_equals_the_forwarded_name_is_our_own_page_s(bench: Bench) -> None:
    headers: dict[str, Any] = {"Host": "127.0.0.1", "Origin": "https://hub.example"}
    assert (await bench.ask("/api/state", headers=headers)).code == 403
    headers["X-Forwarded-Host"] = "hub.example"
    assert (await bench.ask("/api/state", headers=headers)).code == 200
    headers["X-Forwarded-Host"] = "another.example"
    assert (await bench.ask("/api/state", headers=headers)).code == 403


async def test_who_is_let_in_by_a_proxy_s_header_gets_a_key_without_giving_anything(
    bench: Bench,
) -> None:
    """So a launcher's tile opens the page signed in. Nobody else does, and nobody has guessed."""
    answer = await bench.ask("/login", method="POST", body="")
    assert answer.code == 200
    key = orjson.loads(answer.body)["key"]
    assert (await bench.ask("/api/state", token=key)).code == 200
    for _ in range(30):
        assert (await bench.ask("/login", method="POST", body="", token=None)).code == 401
    assert (await bench.ask("/api/state")).code == 200
    wrong = await bench.ask("/login", method="POST", body="", token="w" * 32)
    assert wrong.code == 401


@pytest.mark.parametrize(
    ("headers", "setting"),
    [
        ({"Host": "hub.example"}, "AUTOBENCH_ALLOWED_HOSTS"),
        ({"Origin": "https://evil.example"}, "AUTOBENCH_ALLOWED_ORIGINS"),
    ],
)
async def test_a_refusal_names_its_setting_to_people_and_to_programs(
    bench: Bench, headers: dict[str, str], setting: str
) -> None:
    answer = await bench.ask("/", headers=headers)
    assert answer.code == 403
    assert answer.headers["Content-Type"].startswith("application/json")
    assert setting in answer.body.decode()
    for browser in ({"Sec-Fetch-Mode": "navigate"}, {"Accept": "text/html,*/*;q=0.8"}):
        page = await bench.ask("/", headers={**headers, **browser})
        assert page.code == 403
        assert page.headers["Content-Type"].startswith("text/html")
        assert f"<code>{setting}</code>" in page.body.decode()
    fetched = await bench.ask(
        "/", headers={**headers, "Sec-Fetch-Mode": "cors", "Accept": "text/html"}
    )
    assert fetched.headers["Content-Type"].startswith("application/json")


async def test_a_refused_socket_is_told_why_where_it_asks_by_http(bench: Bench) -> None:
    """The page asks so, since a browser hides the answer to a socket's handshake."""
    answer = await bench.ask("/ws", headers={"Host": "hub.example"})
    assert answer.code == 403
    assert "AUTOBENCH_ALLOWED_HOSTS" in answer.body.decode()


async def test_any_host_is_served_where_the_settings_say_so(start: Start) -> None:
    bench = await start(allowed_hosts=("*",))
    assert (await bench.ask("/api/state", headers={"Host": "hub.example"})).code == 200
    foreign = {"Host": "hub.example", "Origin": "https://evil.example"}
    assert (await bench.ask("/api/state", headers=foreign)).code == 403


@pytest.mark.parametrize(
    "origin",
    ["", "null", "file://", "vscode-webview://x", "https://", "http://[::1", "ftp://hub.example"],
)
async def test_what_is_no_origin_of_the_web_is_not_trusted(bench: Bench, origin: str) -> None:
    bench.server.site.gate.trust(origin)
    answer = await bench.ask("/api/state", headers={"Host": "hub.example"})
    assert answer.code == 403
