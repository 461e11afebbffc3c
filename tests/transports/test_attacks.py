"""The attack matrix: each row is something that a stranger, or a page of a stranger, may try."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from contextlib import suppress

import pytest
from websockets.exceptions import InvalidStatus

from autobench_nb.config import Config
from autobench_nb.errors import ConfigError
from autobench_nb.transports.auth import Gate, TokenPlace, check_token, new_token
from autobench_nb.transports.page_keys import PAGE_KEY_LIFE_S, PageKeys
from tests.transports.conftest import TOKEN, Start, hello

OWN = "http://127.0.0.1:{port}"
FOREIGN = "http://evil.example"


def filled(headers: Mapping[str, str], port: int) -> dict[str, str]:
    """The headers, with what a page of this server would hold, one of another port, and one of last month."""
    words = {
        "port": str(port),
        "key": PageKeys(TOKEN, port).new(),
        "other": PageKeys(TOKEN, port + 1).new(),
        "foreign": PageKeys(f"another-{TOKEN}", port).new(),
        "old": PageKeys(TOKEN, port, lambda: time.time() - PAGE_KEY_LIFE_S - 100).new(),
    }
    return {name: value.format(**words) for name, value in headers.items()}


KEY = {"Authorization": "Bearer {key}"}

REFUSED = [
    ("no token", "GET", {}, 401),
    ("a wrong token", "GET", {"Authorization": "Bearer wrong"}, 401),
    ("a token in another scheme", "GET", {"Authorization": f"Basic {TOKEN}"}, 401),
    ("an empty token", "GET", {"Authorization": "Bearer "}, 401),
    ("a token with a tail", "GET", {"Authorization": f"Bearer {TOKEN}x"}, 401),
    ("a foreign origin with the token", "GET", {"Authorization": f"Bearer {TOKEN}", "Origin": FOREIGN}, 403),
    ("a foreign origin with a page's key", "GET", {**KEY, "Origin": FOREIGN}, 403),
    ("a sandboxed page", "GET", {**KEY, "Origin": "null"}, 403),
    ("a local file", "GET", {**KEY, "Origin": "file://"}, 403),
    ("a name that begins like loopback", "GET", {**KEY, "Origin": "http://127.0.0.1.evil.example"}, 403),
    ("a name that ends like loopback", "GET", {**KEY, "Origin": "http://evil-localhost"}, 403),
    ("credentials in the origin", "GET", {**KEY, "Origin": "http://127.0.0.1@evil.example"}, 403),
    ("an origin that is none", "GET", {**KEY, "Origin": "http://["}, 403),
    ("a POST with a page's key from a foreign origin", "POST", {**KEY, "Origin": FOREIGN}, 403),
    ("a POST from another page of this machine", "POST", {"Origin": "http://127.0.0.1:1"}, 401),
    ("the key of a page of another port", "GET", {"Authorization": "Bearer {other}"}, 401),
    ("the key of a page of a server with another token", "GET", {"Authorization": "Bearer {foreign}"}, 401),
    ("a page's key that is too old", "GET", {"Authorization": "Bearer {old}"}, 401),
    ("a page's key with a tail", "GET", {"Authorization": "Bearer {key}0"}, 401),
    ("a page's key in another scheme", "GET", {"Authorization": "Basic {key}"}, 401),
    ("a rebound name", "GET", {"Authorization": f"Bearer {TOKEN}", "Host": "evil.example"}, 403),
    ("a rebound name with our port", "GET", {**KEY, "Host": "evil.example:{port}"}, 403),
    ("a rebound name that is its own origin", "GET",
     {**KEY, "Host": "evil.example", "Origin": "http://evil.example"}, 403),
    ("another address", "GET", {"Authorization": f"Bearer {TOKEN}", "Host": "10.1.2.3"}, 403),
    ("the token as a cookie", "GET", {"Cookie": "autobench-nb-{port}=" + TOKEN}, 401),
    ("a page's key as a cookie", "GET", {"Cookie": "autobench-nb-{port}={key}"}, 401),
    ("a cross-site subresource without an origin", "GET",
     {**KEY, "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"}, 403),
]  # fmt: skip


@pytest.mark.parametrize("path", ["/api/logs", "/api/state"])
@pytest.mark.parametrize(
    ("name", "method", "headers", "status"), REFUSED, ids=[row[0] for row in REFUSED]
)
async def test_it_is_refused(
    start: Start, path: str, name: str, method: str, headers: Mapping[str, str], status: int
) -> None:
    bench = await start()
    port = bench.server.port
    body = b"[]" if method == "POST" else None
    answer = await bench.ask(
        path, token=None, headers=filled(headers, port), method=method, body=body
    )
    assert answer.code == status
    assert TOKEN not in answer.body.decode()
    (line,) = bench.ring.since(0).entries  # a failure is logged, and nothing else has happened
    assert line.channel == "request"
    assert f" {status} " in line.message


SOCKETS = [row for row in REFUSED if row[1] == "GET"]


@pytest.mark.parametrize(
    ("name", "method", "headers", "status"), SOCKETS, ids=[row[0] for row in SOCKETS]
)
async def test_the_socket_refuses_it_in_the_handshake_or_asks_for_the_token(
    start: Start, name: str, method: str, headers: Mapping[str, str], status: int
) -> None:
    bench = await start()
    port = bench.server.port
    sent = filled(headers, port)
    lines = ["GET /ws HTTP/1.1", "Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13",
             "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA=="]  # fmt: skip
    sent.setdefault("Host", f"127.0.0.1:{port}")
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write("\r\n".join([*lines, *(f"{k}: {v}" for k, v in sent.items()), "", ""]).encode())
    answer = await reader.readuntil(b"\r\n")
    if b" 101 " in answer:
        # Anybody may open a socket who brings nothing that is wrong; nothing is said before the token.
        assert status == 401
        await reader.readuntil(b"\r\n\r\n")
        writer.write(bytes((0x81, 0x80 | 16)) + b"\0\0\0\0" + b'{"type":"hello"}')
        assert (await reader.readexactly(2))[0] == 0x88
    else:
        assert f" {status} ".encode() in answer
    writer.close()


@pytest.mark.parametrize("path", ["/api/logs", "/api/state", "/ws", "/nothing"])
@pytest.mark.parametrize("query", [f"token={TOKEN}", f"access={TOKEN}"])
async def test_a_token_in_the_query_opens_nothing(start: Start, path: str, query: str) -> None:
    bench = await start()
    answer = await bench.ask(f"{path}?{query}", token=None)
    assert answer.code in (400, 401)


async def test_a_page_of_this_machine_may_connect_with_the_token(start: Start) -> None:
    bench = await start()
    async with bench.connect(origin="http://localhost:8888") as socket:
        await hello(socket)


async def test_a_foreign_page_may_not_even_with_the_token(start: Start) -> None:
    bench = await start()
    with pytest.raises(InvalidStatus) as caught:
        async with bench.connect(origin="https://evil.example"):
            pass
    assert caught.value.response.status_code == 403


async def test_a_configured_origin_and_host_may(start: Start) -> None:
    bench = await start(allowed_origins=("https://lab.example",), allowed_hosts=("lab.example",))
    answer = await bench.ask(
        "/api/state", headers={"Origin": "https://lab.example", "Host": "lab.example"}
    )
    assert answer.code == 200


PATHS = [
    "/static/../server.py",
    "/static/%2e%2e/%2e%2e/etc/passwd",
    "/static/..%2f..%2f..%2f..%2fetc%2fpasswd",
    "/static//etc/passwd",
    "/static/",
    "/static/%00",
    "/static/nothing.js",
]


@pytest.mark.parametrize("path", PATHS)
async def test_no_path_leads_out_of_the_static_folder(start: Start, path: str) -> None:
    bench = await start()
    reader, writer = await asyncio.open_connection("127.0.0.1", bench.server.port)
    writer.write(
        f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {TOKEN}\r\nConnection: close\r\n\r\n".encode()
    )
    answer = await reader.read()
    assert answer.split(b" ")[1] in (b"400", b"403", b"404")
    assert b"root:" not in answer
    writer.close()


async def test_an_oversize_body_is_refused_before_it_is_read(start: Start) -> None:
    bench = await start()
    reader, writer = await asyncio.open_connection("127.0.0.1", bench.server.port)
    writer.write(
        f"POST /api/logs HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {TOKEN}\r\n"
        "Content-Length: 99999999\r\n\r\n".encode()
    )
    assert b" 413 " in await reader.readuntil(b"\r\n")
    writer.close()


async def test_a_chunked_body_is_cut_off_at_the_limit(start: Start) -> None:
    bench = await start()
    reader, writer = await asyncio.open_connection("127.0.0.1", bench.server.port)
    writer.write(
        f"POST /api/logs HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {TOKEN}\r\n"
        "Transfer-Encoding: chunked\r\n\r\n".encode()
    )
    chunk = b"%x\r\n%s\r\n" % (60_000, b"a" * 60_000)
    answer = b""
    with suppress(ConnectionError):
        for _ in range(100):
            writer.write(chunk)
            await writer.drain()
        writer.write(b"0\r\n\r\n")
        await writer.drain()
    with suppress(ConnectionError):
        answer = await reader.read(200)
    assert b" 200 " not in answer
    assert bench.ring.size == 0
    writer.close()


async def test_a_body_without_the_token_is_not_read(start: Start) -> None:
    bench = await start()
    reader, writer = await asyncio.open_connection("127.0.0.1", bench.server.port)
    writer.write(b"POST /api/logs HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000000\r\n\r\n")
    assert b" 401 " in await reader.readuntil(b"\r\n")
    writer.close()


@pytest.mark.parametrize(
    "path", ["/", "/login", "/healthz", "/api/state", "/static/page.js", "/nothing", "/api/logs"]
)
async def test_every_answer_has_the_security_headers(start: Start, path: str) -> None:
    bench = await start()
    for token in (TOKEN, None):
        headers = (await bench.ask(path, token=token)).headers
        policy = headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "script-src 'self';" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'self'" in policy
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert "Access-Control-Allow-Origin" not in headers


async def test_the_access_code_is_in_no_log_line(start: Start) -> None:
    bench = await start(request_sample=1.0)
    for path in (f"/?access={TOKEN}", f"/?access=wrong-{TOKEN}", f"/api/state?token={TOKEN}"):
        await bench.ask(path, token=None)
    await bench.ask("/login", token=None, method="POST", body=f"access={TOKEN}")
    lines = [f"{entry.message} {entry.fields}" for entry in bench.ring.since(0).entries]
    assert len(lines) == 4
    assert not any(TOKEN in line for line in lines)


def test_a_rebound_address_is_let_in_only_where_all_addresses_are_served() -> None:
    config = Config()
    assert (
        Gate(TOKEN, host="127.0.0.1", port=1, config=config).host_refusal("10.0.0.5:1") is not None
    )
    wide = Gate(TOKEN, host="0.0.0.0", port=1, config=config)
    assert wide.host_refusal("10.0.0.5:1") is None
    assert wide.host_refusal("[fe80::1]:1") is None
    assert wide.host_refusal("evil.example") is not None
    assert wide.host_refusal(None) is not None


@pytest.mark.parametrize(
    ("origin", "source"),
    [
        (None, TokenPlace.NONE),
        ("http://127.0.0.1:5", TokenPlace.OWN),
        ("http://127.0.0.1:6", TokenPlace.LOOPBACK),
        ("http://localhost:5", TokenPlace.LOOPBACK),
        ("http://[::1]:8888", TokenPlace.LOOPBACK),
        ("https://127.9.9.9", TokenPlace.LOOPBACK),
        ("null", TokenPlace.FOREIGN),
        ("", TokenPlace.FOREIGN),
        ("vscode-webview://x", TokenPlace.FOREIGN),
        ("http://localhost.evil.example", TokenPlace.FOREIGN),
        ("ftp://localhost", TokenPlace.FOREIGN),
    ],
)
def test_an_origin_is_classified(origin: str | None, source: TokenPlace) -> None:
    gate = Gate(TOKEN, host="127.0.0.1", port=5, config=Config())
    assert gate.source(origin, "127.0.0.1:5") is source


@pytest.mark.parametrize("token", ["", " ", "a b", "tab\t", "zeile\n", "ümlaut", "nul\0"])
def test_a_token_that_no_header_can_carry_is_refused_without_showing_it(token: str) -> None:
    with pytest.raises(ConfigError) as caught:
        check_token(token, "AUTOBENCH_TOKEN")
    assert "AUTOBENCH_TOKEN" in str(caught.value)
    assert not token.strip() or token not in str(caught.value)


def test_tokens_made_anew_differ_and_can_travel() -> None:
    tokens = {check_token(new_token()) for _ in range(100)}
    assert len(tokens) == 100
    assert all(len(token) == 32 for token in tokens)
