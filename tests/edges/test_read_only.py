"""Spectators: a second token that lets its bearer look, and not command, whichever way it comes in."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from tornado.httpclient import AsyncHTTPClient, HTTPRequest, HTTPResponse

import autobench_nb as ab
from autobench_nb.config import Config
from autobench_nb.contract.commands import COMMANDS, READING_COMMANDS
from autobench_nb.errors import CommandError, ConfigError
from autobench_nb.transports.auth import Gate
from autobench_nb.transports.client.memory import MemoryLink
from tests.leaks import nothing_is_left
from tests.sync.harness import Server

TOKEN = "a-token-that-may-do-all"
READ_TOKEN = "a-token-that-may-look"
ENVIRON = {"AUTOBENCH_TOKEN": TOKEN, "AUTOBENCH_READ_TOKEN": READ_TOKEN}
CHANGING = sorted(COMMANDS.keys() - READING_COMMANDS)


@pytest.fixture
def bench() -> Iterator[ab.Orchestrator]:
    with nothing_is_left(), ab.Orchestrator(environ=ENVIRON) as made:
        made.devices.add("psu0", type="power supply")
        made.log("app").info("a line")
        made.serve(thread=True)
        yield made


def url_of(bench: ab.Orchestrator) -> str:
    assert bench.server is not None
    return bench.server.url


@pytest.fixture
def spectator(bench: ab.Orchestrator) -> Iterator[ab.Client]:
    with ab.connect(url_of(bench), READ_TOKEN) as client:
        yield client


def test_what_changes_something_is_no_reading_command() -> None:
    assert [
        *("device.desire", "device.do", "device.probe"),
        *("job.cancel", "job.first", "job.retry", "job.send", "journal.resume", "operator.answer"),
        *("pno.scan", "queue.move", "queue.pause", "queue.resume"),
        *("recipe.cancel", "recipe.pause", "recipe.resume", "recipe.retry", "recipe.skip"),
        *("session.code", "stream.record", "stream.restart", "stream.start", "stream.stop"),
    ] == CHANGING


def test_a_spectator_sees_all_and_follows(bench: ab.Orchestrator, spectator: ab.Client) -> None:
    assert spectator.read_only
    assert "read-only" in repr(spectator)
    assert spectator.devices["psu0"]["type"] == "power supply"
    assert "a line" in [entry.message for entry in spectator.logs]
    assert spectator.command("state.hash")["version"] >= 0
    assert list(spectator.results) == []
    bench.devices.add("cam0", type="camera")
    assert spectator.wait_for(lambda one: "cam0" in one.devices, 10)


@pytest.mark.parametrize("name", [*CHANGING, "a.command.of.later"])
def test_its_commands_are_refused_with_a_reason(spectator: ab.Client, name: str) -> None:
    with pytest.raises(CommandError, match="read-only token") as raised:
        spectator.command(name, jobId="1")
    assert raised.value.code == "read-only"


def test_it_cannot_cancel_what_runs(bench: ab.Orchestrator, spectator: ab.Client) -> None:
    run = bench.run("sleep 60")
    with pytest.raises(CommandError, match="read-only token"):
        spectator.jobs.cancel(run.jobs[0].id)
    assert run.jobs[0].status in ("queued", "running")
    with ab.connect(url_of(bench), TOKEN) as other:
        assert not other.read_only
        assert other.jobs.cancel(run.jobs[0].id)


def test_what_it_is_survives_a_reconnect(spectator: ab.Client) -> None:
    spectator.reconnect()
    spectator.wait_for(lambda one: one.status.phase != "live", 10)
    spectator.wait_for(lambda one: one.status.phase == "live", 10)
    assert spectator.read_only


async def test_it_is_one_in_the_servers_own_loop_too() -> None:
    with ab.Orchestrator(environ=ENVIRON) as bench:
        server = bench.serve()
        with ab.connect(server.url, READ_TOKEN) as client:
            assert isinstance(client._link, MemoryLink)
            assert client.read_only
            with pytest.raises(CommandError, match="read-only token"):
                client.command("job.cancel", jobId="1")
        with ab.connect(server.url) as owner:
            assert not owner.read_only
        with pytest.raises(ab.AutoBenchError):
            ab.connect(server.url, "")
    await server.wait_closed()


@pytest.fixture
async def site() -> AsyncIterator[str]:
    with ab.Orchestrator(environ=ENVIRON) as bench:
        server = bench.serve()
        yield server.url
    await server.wait_closed()


async def ask(
    url: str, method: str = "GET", body: str | None = None, **headers: str
) -> HTTPResponse:
    request = HTTPRequest(url, method, headers, body, follow_redirects=False)
    return await AsyncHTTPClient().fetch(request, raise_error=False)


async def test_over_http_it_reads_and_does_not_write(site: str) -> None:
    bearer = {"Authorization": f"Bearer {READ_TOKEN}"}
    for path in ("api/state", "api/logs"):
        assert (await ask(site + path, **bearer)).code == 200
    refused = await ask(site + "api/logs", "POST", "a line", **bearer)
    assert refused.code == 403
    assert b'"read-only"' in refused.body
    written = await ask(site + "api/logs", "POST", "a line", Authorization=f"Bearer {TOKEN}")
    assert written.code == 200


async def test_a_page_that_signed_in_with_it_reads_and_does_not_write(site: str) -> None:
    own = {"Origin": site.rstrip("/")}
    signed_in = await ask(site + "login", "POST", f"access={READ_TOKEN}", **own)
    assert signed_in.code == 200
    key = json.loads(signed_in.body)["key"]
    assert READ_TOKEN not in key
    bearer = {"Authorization": f"Bearer {key}", **own}
    assert (await ask(site + "api/state", **bearer)).code == 200
    assert (await ask(site + "api/logs", "POST", "a line", **bearer)).code == 403
    async with ab.connect(site, key) as client:
        assert client.read_only


async def test_jupyters_own_header_that_a_proxy_hands_on_is_no_guess(site: str) -> None:
    """It is not ours, so it neither lets in nor uses up what wrong tokens are allowed."""
    for _ in range(30):
        assert (await ask(site + "api/state", Authorization="token of-the-hub")).code == 401
    assert (await ask(site + "api/state", Authorization=f"token {TOKEN}")).code == 401
    assert (await ask(site + "api/state", Authorization=f"Bearer {TOKEN}")).code == 200


def test_the_welcome_says_so_and_only_there() -> None:
    for token, expected in ((TOKEN, None), (READ_TOKEN, True)):
        server = Server(token=TOKEN)
        gate = Gate(TOKEN, host="127.0.0.1", port=1, config=Config(), read_token=READ_TOKEN)
        server.hub.prove_by(gate.proves, gate.only_reads)
        heard = server.hello(server.connect(authenticated=False), token=token)
        (welcome,) = [said for said in heard if said["type"] == "welcome"]
        assert welcome.get("readOnly") is expected


@pytest.mark.parametrize("token", ["short", "with a space in it ...", TOKEN])
def test_a_read_only_token_that_is_none_is_refused_without_showing_it(token: str) -> None:
    with pytest.raises(ConfigError, match="AUTOBENCH_READ_TOKEN") as raised:
        ab.Orchestrator(environ={**ENVIRON, "AUTOBENCH_READ_TOKEN": token})
    assert token not in str(raised.value)


async def test_it_is_in_no_line_and_in_no_commands_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in ENVIRON.items():
        monkeypatch.setenv(name, value)
    with ab.Orchestrator() as bench:
        bench.log("app").info(f"{READ_TOKEN} in a line")
        await bench.run("env")
        lines: list[Any] = [entry.message for entry in bench.logs]
    assert "[redacted] in a line" in lines
    assert not [line for line in lines if "AUTOBENCH_READ_TOKEN" in line or READ_TOKEN in line]
