"""A server shows that it is the right one before it is told anything; a stranger learns nothing by it."""

from __future__ import annotations

import json
import threading

import pytest
from websockets.exceptions import ConnectionClosed

import autobench_nb as ab
from autobench_nb.transports import server_proof
from autobench_nb.transports.server_proof import answer_to, new_challenge, proof_of
from tests.transports.conftest import TOKEN, Start, receive, say

NONCE = "a-nonce-of-the-test"


@pytest.mark.parametrize("direct", [True, False], ids=["direct writer", "tornado's writer"])
@pytest.mark.parametrize("compression", ["deflate", None])
async def test_the_proof_comes_before_anything_is_said_and_all_goes_on_after_it(
    start: Start, direct: bool, compression: str | None
) -> None:
    bench = await start(direct=direct)
    url = f"{bench.server.ws_url}?nonce={NONCE}"
    async with bench.connect(token=None, uri=url, compression=compression) as socket:
        first = json.loads(await socket.recv())
        assert first == {"type": "proof", "proofs": [proof_of(TOKEN, NONCE)]}
        assert TOKEN not in json.dumps(first)
        await say(socket, type="hello", payload={"token": TOKEN})
        await receive(socket, "logs.history")
        bench.ring.append("app", "info", "after " + "x" * 1_000)
        assert (await receive(socket, "logs.append"))["entries"][-1]["message"].startswith("after")


@pytest.mark.parametrize(
    "query",
    [
        "",
        "nonce=",
        "nonce=short",
        "nonce=" + "x" * 65,
        "nonce=with%20a%20space%20in%20the%20middle",
        "nonce=%FF%FE%FF%FE%FF%FE%FF%FE%FF%FE%FF",
        "nonce=%00%00%00%00%00%00%00%00%00%00%00%00%00%00%00%00%00",
        "nonce=%D0%B0%D0%B0%D0%B0%D0%B0%D0%B0%D0%B0%D0%B0%D0%B0%D0%B0",
        "Nonce=a-nonce-of-the-test",
        "nonces=a-nonce-of-the-test",
        "nonce=a-nonce-of-the-test%0A",
    ],
)
async def test_who_asks_nothing_that_is_a_nonce_is_served_as_ever(start: Start, query: str) -> None:
    bench = await start()
    async with bench.connect(uri=f"{bench.server.ws_url}?{query}") as socket:
        assert json.loads(await socket.recv())["type"] == "welcome"


def test_what_takes_long_is_worked_out_on_another_thread_before_the_first_page(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The first view of a notebook waited some 25 ms for it, and the loop of the server as long for each token."""
    derived: dict[str, str] = {}
    both = threading.Event()

    def derive(token: str) -> bytes:
        derived[token] = threading.current_thread().name
        if len(derived) == 2:
            both.set()
        return b"key"

    with ab.Orchestrator(environ={}) as bench:
        server = bench.serve(thread=True)
        monkeypatch.setattr(server_proof, "_key", derive)
        server.prepare_proofs()
        assert both.wait(60)
        assert derived.keys() == {bench.token, bench.read_token}
        assert all("pack" in name for name in derived.values())


async def test_a_stranger_with_a_nonce_is_told_nothing_else(start: Start) -> None:
    bench = await start()
    async with bench.connect(token=None, uri=f"{bench.server.ws_url}?nonce={NONCE}") as socket:
        assert json.loads(await socket.recv())["type"] == "proof"
        await say(socket, type="hello", payload={"token": proof_of(TOKEN, NONCE)})
        with pytest.raises(ConnectionClosed) as caught:
            await socket.recv()
    assert caught.value.rcvd is not None
    assert caught.value.rcvd.code == 1008


def test_a_proof_is_of_one_token_and_one_nonce() -> None:
    assert proof_of(TOKEN, NONCE) == proof_of(TOKEN, NONCE)
    assert len({proof_of(token, nonce) for token in ("a", "b") for nonce in ("c", "d")}) == 4
    answer = answer_to(NONCE, ("a", "b"))
    assert answer is not None
    assert answer.proofs == [proof_of("a", NONCE), proof_of("b", NONCE)]


def test_each_challenge_is_another_one_and_without_a_token_there_is_none() -> None:
    one, two = new_challenge(TOKEN), new_challenge(TOKEN)
    assert one["nonce"] != two["nonce"]
    assert one["proof"] == proof_of(TOKEN, one["nonce"])
    assert new_challenge("") == {}


def test_who_has_the_read_only_token_knows_the_server_too() -> None:
    with ab.Orchestrator(environ={}) as bench:
        server = bench.serve(thread=True)
        proofs = {proof_of(token, NONCE) for token in (bench.token, bench.read_token)}
        with ab.connect(server.url, bench.read_token) as client:
            link = client.link()
            assert link["proof"] == proof_of(bench.read_token, link["nonce"])
        answer = answer_to(NONCE, server.site.gate.tokens)
        assert answer is not None
        assert set(answer.proofs) == proofs
