"""Secrets: links that work once, guesses that end, tokens that nobody inherits, prints or finds in the log."""

from __future__ import annotations

import json
import os
import urllib.error
import urllib.parse
import urllib.request

import pytest
from tornado.httpclient import HTTPResponse

import autobench_nb as ab
from autobench_nb.config import TOKEN_VARIABLE
from autobench_nb.errors import ClosedError, ConfigError
from autobench_nb.logs.redaction.redactor import MARK, Redactor
from autobench_nb.transports.auth import check_token, session_commands
from autobench_nb.transports.guesses import (
    BURST,
    CODE_LIFE_S,
    CODES,
    REFILL_S,
    Guesses,
    OneTimeCodes,
)
from autobench_nb.transports.page_keys import PAGE_KEY_LIFE_S, PageKeys
from tests.transports.conftest import TOKEN, Bench, Start, no_unexpected_log, receive, say, start

__all__ = ["no_unexpected_log", "start"]


class Clock:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


def test_a_code_works_once_and_not_for_long() -> None:
    clock = Clock()
    codes = OneTimeCodes(clock)
    first, second, third = codes.new(), codes.new(), codes.new()
    assert len({first, second, third}) == 3
    assert codes.redeem(second)
    assert not codes.redeem(second)
    assert not codes.redeem("")
    assert not codes.redeem(first[:-1])
    clock.now += CODE_LIFE_S
    assert codes.redeem(first)
    clock.now += 1
    assert not codes.redeem(third)


def test_codes_that_nobody_redeems_do_not_pile_up() -> None:
    codes = OneTimeCodes()
    made = [codes.new() for _ in range(10 * CODES)]
    assert [codes.redeem(code) for code in made].count(True) == CODES


def test_guesses_end_and_come_back_slowly() -> None:
    clock = Clock()
    guesses = Guesses(clock)
    tried = 0
    for _ in range(1_000):
        if guesses.may_try("a"):
            guesses.wrong("a")
            tried += 1
    assert tried == BURST
    assert guesses.may_try("b")
    clock.now += 10 * REFILL_S
    tried = 0
    while guesses.may_try("a"):
        guesses.wrong("a")
        tried += 1
    assert tried == 10


async def sign_in(bench: Bench, **given: str) -> HTTPResponse:
    """What our own page is answered that gives the token or a code."""
    origin = {"Origin": f"http://127.0.0.1:{bench.server.port}"}
    body = urllib.parse.urlencode(given)
    return await bench.ask("/login", token=None, method="POST", body=body, headers=origin)


async def test_a_link_signs_in_once(start: Start) -> None:
    bench = await start()
    code = bench.server.login_url.partition("?code=")[2]
    # Who only looks at the address (a preview, a scanner, a history that is restored) uses nothing up.
    assert (await bench.ask(f"/?code={code}", token=None)).code == 200
    assert (await sign_in(bench, code=code)).code == 200
    again = await sign_in(bench, code=code)
    assert again.code == 403
    assert b"used before" in again.body
    assert b"key" not in again.body


def test_a_client_is_given_codes_that_sign_a_browser_in_once() -> None:
    with ab.Orchestrator(environ={}) as bench:
        url = bench.serve(thread=True).url
        with ab.connect(url) as client:
            code, other = (client.command("session.code")["code"] for _ in range(2))
        assert code != other
        assert bench.token not in code
        body = urllib.parse.urlencode({"code": code}).encode()
        with urllib.request.urlopen(f"{url}login", body) as answer:
            key = json.load(answer)["key"]
        request = urllib.request.Request(f"{url}api/state")
        request.add_header("Authorization", f"Bearer {key}")
        with urllib.request.urlopen(request) as answer:
            assert answer.status == 200
        with pytest.raises(urllib.error.HTTPError, match="403"):
            urllib.request.urlopen(f"{url}login", body)


async def test_a_socket_without_the_token_is_given_no_code(start: Start) -> None:
    bench = await start()
    async with bench.connect(token=None) as socket:
        await say(socket, type="command", id="c1", name="session.code", args={})
        await socket.wait_closed()
        assert socket.close_code == 1008


def test_no_code_is_given_where_no_server_would_redeem_it() -> None:
    give = session_commands(lambda: None)["session.code"]
    with pytest.raises(ClosedError, match=r"serve\(\)"):
        give({})


async def test_what_a_notebook_shows_of_a_link_holds_no_secret(start: Start) -> None:
    bench = await start()
    link = bench.server.login_url
    code = link.partition("?code=")[2]
    assert TOKEN not in link
    for shown in (
        repr(link),
        repr([link]),
        f"{link!r}",
        repr(bench.server),
        bench.server._repr_html_(),
    ):
        assert code not in shown
        assert TOKEN not in shown
    assert code in str(link)


WAYS = ["header", "form", "code", "hello"]


@pytest.mark.parametrize("way", WAYS)
async def test_guessing_ends_with_429_whichever_way_it_goes(start: Start, way: str) -> None:
    bench = await start()
    # A clock that stands: on a busy machine twenty guesses take so long that some are allowed again.
    bench.server._site.gate.guesses = Guesses(Clock())
    key = json.loads((await sign_in(bench, access=TOKEN)).body)["key"]

    async def guess(number: int) -> int:
        wrong = f"wrong-token-{number:04}"
        if way == "header":
            return (await bench.ask("/api/state", token=wrong)).code
        if way in ("form", "code"):
            return (await sign_in(bench, **{"access" if way == "form" else "code": wrong})).code
        async with bench.connect(token=None) as socket:
            await say(socket, type="hello", payload={"token": wrong})
            await socket.wait_closed()
            return socket.close_code or 0

    for number in range(BURST):
        assert await guess(number) in (401, 403, 1008)
    # Not even the right token is looked at: the answer would tell that it is right.
    answer = await bench.ask("/api/state")
    assert answer.code == 429
    assert int(answer.headers["Retry-After"]) >= 1
    async with bench.connect(token=None) as socket:
        await say(socket, type="hello", payload={"token": TOKEN})
        await socket.wait_closed()
        assert socket.close_code == 1008
    # A page that was signed in stays so, though who guesses may share its address.
    assert (await bench.ask("/api/state", token=key)).code == 200
    async with bench.connect(token=None) as socket:
        await say(socket, type="hello", payload={"token": key})
        await receive(socket, "welcome")


async def test_right_tokens_cost_nothing(start: Start) -> None:
    bench = await start()
    for _ in range(2 * BURST):
        assert (await bench.ask("/api/state")).code == 200
    async with bench.connect(token=None) as socket:
        await say(socket, type="hello", payload={"token": TOKEN})
        await receive(socket, "welcome")
    assert (await bench.ask("/api/state")).code == 200


def test_a_pages_key_is_good_at_its_own_server_for_some_weeks() -> None:
    clock = Clock()
    here, elsewhere = PageKeys(TOKEN, 1, clock), PageKeys(TOKEN, 2, clock)
    key = here.new()
    assert key != here.new()
    assert here.proves(key)
    assert PageKeys(TOKEN, 1, clock).proves(key)  # after a restart
    assert not elsewhere.proves(key)
    assert not PageKeys(ODD, 1, clock).proves(key)
    wrong = [
        "",
        "page",
        TOKEN,
        key + "0",
        key[:-1],
        key.upper(),
        key.replace("page.1", "page.2", 1),
    ]
    assert not any(here.proves(one) for one in [*wrong, "\ud800", f" {key}", f"{key}\n"])
    clock.now += PAGE_KEY_LIFE_S
    assert here.proves(key)
    clock.now += 61
    assert not here.proves(key)


async def test_two_servers_of_one_host_with_one_token_do_not_take_each_others_pages(
    start: Start,
) -> None:
    one, other = await start(), await start()
    key = json.loads((await sign_in(one, access=TOKEN)).body)["key"]
    for bench, status in ((one, 200), (other, 401)):
        assert (await bench.ask("/api/state", token=key)).code == status
    async with other.connect(token=None) as socket:
        await say(socket, type="hello", payload={"token": key})
        await socket.wait_closed()
        assert socket.close_code == 1008


@pytest.mark.parametrize("token", ["", "x", "secret", "123456789012345"])
def test_a_short_token_is_refused_without_showing_it(token: str) -> None:
    with pytest.raises(ConfigError, match="at least 16") as refusal:
        check_token(token, TOKEN_VARIABLE)
    assert not token or token not in str(refusal.value)
    if token:
        with pytest.raises(ConfigError, match="at least 16"):
            ab.Orchestrator(environ={TOKEN_VARIABLE: token})


def test_a_command_does_not_inherit_the_token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(TOKEN_VARIABLE, TOKEN)
    monkeypatch.setenv("OTHER_VARIABLE", "inherited")
    with ab.Orchestrator() as bench:
        assert bench.token == TOKEN
        bench.run("env").wait()
        bench.run(
            "echo given=$AUTOBENCH_TOKEN", env={TOKEN_VARIABLE: "another-token-of-mine"}
        ).wait()
        lines = [entry.message for entry in bench.logs]
    assert "OTHER_VARIABLE=inherited" in lines
    assert not any(line.startswith(TOKEN_VARIABLE) for line in lines)
    assert "given=another-token-of-mine" in lines
    assert os.environ[TOKEN_VARIABLE] == TOKEN


ODD = "a.b*c+d?e(f)g[h]i{j}k|l^m$n\\o-p/q"


@pytest.mark.parametrize("token", [TOKEN, ODD, "-leading-dash-of-mine", "~" * 16])
def test_the_servers_own_token_is_in_no_line_whatever_says_it(token: str) -> None:
    with ab.Orchestrator(environ={TOKEN_VARIABLE: token}) as bench:
        logger = bench.log("x")
        logger.info(f"token={token}!", secret=token, nested={"a": [token]})
        logger.bind(device_id=token).info("m", logger=token, exc=f"Traceback: {token}")
        bench.log(token).info("m")
        for entry in bench.logs:
            assert token not in str(entry)
        assert bench.logs[0].message == f"token={MARK}!"


def test_a_literal_is_taken_as_it_stands() -> None:
    redactor = Redactor(literals=[ODD])
    assert redactor.text(f"<{ODD}>") == f"<{MARK}>"
    assert redactor.text("abc") == "abc"
