"""Pages, sign-in, health, and the interface for scripts."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import pytest

from autobench_nb.transports.auth import WRONG_TOKEN
from autobench_nb.transports.http.ingest import MAX_ENTRIES
from tests.transports.conftest import TOKEN, Bench, Start, hello

SEEN: dict[str, Any] = json.loads(
    (Path(__file__).parents[1] / "vectors" / "seen.json").read_text("utf-8")
)
JSON = {"Content-Type": "application/json"}
NDJSON = {"Content-Type": "application/x-ndjson"}


async def post(
    bench: Bench, body: bytes | str, headers: dict[str, str], path: str = "/api/logs"
) -> Any:
    answer = await bench.ask(path, method="POST", body=body, headers=headers)
    return answer.code, json.loads(answer.body)


def messages(bench: Bench) -> list[str]:
    return [entry.message for entry in bench.ring.since(0).entries]


async def sign_in(bench: Bench, **given: str) -> Any:
    """What ``POST /login`` answers to our own page."""
    origin = {"Origin": f"http://127.0.0.1:{bench.server.port}"}
    answer = await bench.ask(
        "/login", token=None, method="POST", body=urlencode(given), headers=origin
    )
    assert "Set-Cookie" not in answer.headers
    return answer.code, json.loads(answer.body)


async def test_a_link_and_the_token_give_a_key_that_lets_the_page_in(start: Start) -> None:
    bench = await start()
    base, _, code = bench.server.login_url.partition("?code=")
    assert base == bench.server.url
    for given in ({"code": code}, {"access": TOKEN}):
        status, answer = await sign_in(bench, **given)
        assert status == 200
        assert TOKEN not in answer["key"]
        assert (await bench.ask("/api/state", token=answer["key"])).code == 200
        async with bench.connect(token=None) as socket:
            await hello(socket, token=answer["key"])


async def test_who_gives_something_else_is_told_so_and_gets_no_key(start: Start) -> None:
    bench = await start()
    assert await sign_in(bench, access="no") == (
        401,
        {"error": {"code": "wrong-token", "message": WRONG_TOKEN.message}},
    )
    status, answer = await sign_in(bench, code="no")
    assert (status, answer["error"]["code"]) == (403, "used-link")
    assert (await sign_in(bench))[0] == 401


async def test_everyone_gets_the_page_which_holds_nothing(start: Start) -> None:
    bench = await start()
    for headers in ({}, {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}):
        answer = await bench.ask("/", token=None, headers=headers)
        assert (answer.code, b"the page" in answer.body) == (200, True)
        assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize("name", ["access", "token"])
async def test_a_token_in_the_pages_address_signs_nobody_in(start: Start, name: str) -> None:
    bench = await start()
    answer = await bench.ask(f"/?{name}={TOKEN}", token=None)
    # The address of a 404 is in no list of visited ones; what browsers show is the page, which says what to do.
    assert (answer.code, b"the page" in answer.body) == (404, True)
    assert "Set-Cookie" not in answer.headers
    assert "Location" not in answer.headers


async def test_another_page_of_this_machine_signs_nobody_in(start: Start) -> None:
    bench = await start()
    answer = await bench.ask(
        "/login",
        token=None,
        method="POST",
        body=f"access={TOKEN}",
        headers={"Origin": "http://localhost:1"},
    )
    assert answer.code == 403


async def test_health_and_readiness_need_no_token_and_leave_no_line(start: Start) -> None:
    bench = await start(request_sample=1.0)
    assert (await bench.ask("/healthz", token=None)).code == 200
    assert (await bench.ask("/readyz", token=None)).code == 200
    assert bench.ring.size == 0


async def test_requests_are_logged_by_their_share(start: Start) -> None:
    bench = await start(request_sample=1.0)
    await bench.ask("/api/state?x=1")
    await bench.ask("/nothing")
    first, second = bench.ring.since(0).entries
    assert first.channel == "request"
    assert first.message.startswith("GET /api/state 200")
    assert second.level.wire == "warn"
    silent = await start(request_sample=0.0)
    await silent.ask("/api/state")
    assert silent.ring.size == 0
    await silent.ask("/nothing")
    assert silent.ring.since(0).entries[0].message.startswith("GET /nothing 404")


async def test_who_posts_lines_finds_each_once(start: Start) -> None:
    bench = await start(request_sample=1.0)
    await post(bench, "one\ntwo", {"Content-Type": "text/plain"})
    assert [entry.message for entry in bench.ring.since(0).entries] == ["one", "two"]
    await post(bench, "{", JSON)
    assert bench.ring.since(2).entries[0].message.startswith("POST /api/logs 400")


async def test_a_query_finds_the_same_from_page_to_page_as_at_once(start: Start) -> None:
    bench = await start(capacity=10_000, log_channel_allowlist=("psu", "app"), log_level_min="info")
    for number in range(9_000):
        channel = ("psu", "app", "other")[number % 3]
        bench.ring.append(channel, "debug" if number % 5 == 0 else "info", f"line {number}")
    wanted = [n for n in range(9_000) if n % 3 == 0 and n % 5 and "7" in str(n)]
    found: list[int] = []
    since = 0
    while since < 9_000:
        answer = await bench.ask(f"/api/logs?sinceSeq={since}&limit=100&query=channel:psu+7")
        page = json.loads(answer.body)
        found += [entry["seq"] for entry in page["entries"]]
        assert page["nextSeq"] > since
        since = page["nextSeq"]
    assert found == wanted


async def test_a_json_array_is_appended(start: Start) -> None:
    bench = await start()
    entries = [
        {
            "message": "one",
            "level": "warn",
            "channel": "psu",
            "ts": 1000.5,
            "jobId": "j1",
            "fields": {"a": 1},
        },
        {"message": "two", "volts": 5, "seq": 99},
    ]
    code, answer = await post(bench, json.dumps(entries), JSON)
    assert code == 200
    assert answer == {"accepted": 2, "rejected": 0, "firstSeq": 0, "nextSeq": 2, "errors": []}
    one, two = bench.ring.since(0).entries
    assert (one.channel, one.level.wire, one.ts, one.job_id, one.fields) == (
        "psu",
        "warn",
        1000.5,
        "j1",
        {"a": 1},
    )
    assert (two.seq, two.channel, two.level.wire, two.fields) == (1, "app", "info", {"volts": 5})


async def test_each_wrong_line_is_named_and_the_others_are_taken(start: Start) -> None:
    bench = await start()
    lines = [
        '{"message":"good"}', "{bad", '{"level":"warn"}', '{"message":"m","level":"loud"}', "",
        '{"message":"m","ts":"yesterday"}', '{"message":"m","fields":5}', '{"message":"m","channel":""}', "[1]",
        '{"message":"also good","ts":"2026-01-01T00:00:00Z"}',
    ]  # fmt: skip
    code, answer = await post(bench, "\n".join(lines), NDJSON)
    assert code == 200
    assert (answer["accepted"], answer["rejected"]) == (2, 7)
    assert [error["line"] for error in answer["errors"]] == [2, 3, 4, 6, 7, 8, 9]
    assert messages(bench) == ["good", "also good"]


async def test_plain_lines_are_entries_of_the_channel_that_the_query_names(start: Start) -> None:
    bench = await start()
    body = "first\r\n\nsecond {not json\n\xff".encode("latin-1")
    code, answer = await post(
        bench,
        body,
        {"Content-Type": "text/plain"},
        "/api/logs?channel=sidecar&level=error&jobId=j7",
    )
    assert (code, answer["accepted"]) == (200, 3)
    assert messages(bench) == ["first", "second {not json", "\\xff"]
    entry = bench.ring.since(0).entries[0]
    assert (entry.channel, entry.level.wire, entry.job_id) == ("sidecar", "error", "j7")


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("a line", ["a line"]),
        ('{"message":"x"}\nplain', ["x", "plain"]),
        ('["a",{"message":"b"}]', ["a", "b"]),
        ("[not json", ["[not json"]),
    ],
)
async def test_what_curl_sends_is_understood(start: Start, body: str, expected: list[str]) -> None:
    bench = await start()
    code, _ = await post(bench, body, {"Content-Type": "application/x-www-form-urlencoded"})
    assert code == 200
    assert messages(bench) == expected


@pytest.mark.parametrize("body", ["{", "5", '"text"', "", "[1,", "\x00"])
async def test_a_body_that_is_no_json_is_refused_whole(start: Start, body: str) -> None:
    bench = await start()
    code, answer = await post(bench, body, JSON)
    assert code == 400
    assert answer["error"]["code"] == "bad-json"
    assert [entry.channel for entry in bench.ring.since(0).entries] == ["request"]


async def test_more_entries_than_allowed_are_cut_off_and_said(start: Start) -> None:
    bench = await start(capacity=100)
    code, answer = await post(bench, "x\n" * (MAX_ENTRIES + 5), {"Content-Type": "text/plain"})
    assert (code, answer["accepted"], answer["rejected"]) == (200, MAX_ENTRIES, 1)


async def test_the_log_is_read_from_a_seq_on(start: Start) -> None:
    bench = await start(capacity=10)
    for number in range(25):
        bench.ring.append("app", "info", f"m{number}")
    answer = await bench.ask("/api/logs?sinceSeq=5&limit=4")
    body = json.loads(answer.body)
    assert (body["epoch"], body["firstSeq"], body["nextSeq"], body["missed"]) == ("e1", 15, 19, 10)
    assert [entry["message"] for entry in body["entries"]] == ["m15", "m16", "m17", "m18"]
    headers = [
        answer.headers[name] for name in ("X-First-Seq", "X-Next-Seq", "X-Missed", "X-Epoch")
    ]
    assert headers == ["15", "19", "10", "e1"]
    empty = json.loads((await bench.ask("/api/logs?sinceSeq=25")).body)
    assert (empty["entries"], empty["nextSeq"]) == ([], 25)


async def test_many_entries_are_streamed_as_one_valid_answer(start: Start) -> None:
    bench = await start(capacity=5_000)
    for number in range(5_000):
        bench.ring.append("app", "info", f"m{number}")
    body = json.loads((await bench.ask("/api/logs?limit=5000")).body)
    assert [entry["seq"] for entry in body["entries"]] == list(range(5_000))
    lines = (await bench.ask("/api/logs?limit=5000&format=ndjson")).body.splitlines()
    assert [json.loads(line)["seq"] for line in lines] == list(range(5_000))


async def test_csv_neutralises_what_a_spreadsheet_would_run(start: Start) -> None:
    bench = await start()
    bench.ring.append("app", "info", "=cmd|' /C calc'!A0")
    bench.ring.append("app", "warn", 'a,"b"\nc')
    answer = await bench.ask("/api/logs?format=csv")
    assert answer.headers["Content-Type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(answer.body.decode(), newline="")))
    assert [row["message"] for row in rows] == ["'=cmd|' /C calc'!A0", 'a,"b"\nc']


async def test_csv_has_a_byte_order_mark_on_request(start: Start) -> None:
    bench = await start()
    bench.ring.append("app", "info", "é")
    plain = (await bench.ask("/api/logs?format=csv")).body
    assert not plain.startswith(b"\xef\xbb\xbf")
    assert (await bench.ask("/api/logs?format=csv&bom=1")).body == b"\xef\xbb\xbf" + plain


async def test_a_query_looks_at_what_is_seen(start: Start) -> None:
    bench = await start()
    texts = [text["raw"] for text in SEEN["texts"]]
    for text in texts:
        bench.ring.append("app", "info", text)
    for vector in SEEN["queries"]:
        query = quote(vector["query"])
        body = json.loads((await bench.ask(f"/api/logs?query={query}")).body)
        found = [entry["message"] for entry in body["entries"]]
        assert (vector["query"], found) == (vector["query"], [texts[k] for k in vector["finds"]])


async def test_a_query_filters_and_says_where_to_go_on(start: Start) -> None:
    bench = await start()
    for number in range(20):
        bench.ring.append(
            "psu" if number % 2 else "app", "warn" if number % 4 == 1 else "info", f"m{number}"
        )
    body = json.loads(
        (await bench.ask("/api/logs?limit=2&query=channel:psu%20level%3E%3Dwarn")).body
    )
    assert [entry["seq"] for entry in body["entries"]] == [1, 5]
    assert body["nextSeq"] == 6
    wrong = await bench.ask("/api/logs?query=level%3E%3D")
    assert wrong.code == 400
    assert json.loads(wrong.body)["error"]["code"] == "bad-query"


async def test_channels_and_levels_that_clients_do_not_see_are_not_read_here_either(
    start: Start,
) -> None:
    bench = await start(log_channel_allowlist=("app",), log_level_min="warn")
    bench.ring.append("app", "info", "low")
    bench.ring.append("secret", "error", "hidden")
    bench.ring.append("app", "error", "seen")
    body = json.loads((await bench.ask("/api/logs")).body)
    assert [entry["message"] for entry in body["entries"]] == ["seen"]
    assert body["nextSeq"] == 3


@pytest.mark.parametrize(
    "query", ["sinceSeq=-1", "sinceSeq=x", "limit=1e3", "limit=99999999", "format=xml", "limit="]
)
async def test_a_wrong_argument_is_named(start: Start, query: str) -> None:
    bench = await start()
    answer = await bench.ask(f"/api/logs?{query}")
    assert answer.code == 400
    assert query.partition("=")[0] in json.loads(answer.body)["error"]["message"]


async def test_the_state_has_an_etag_of_epoch_and_version(start: Start) -> None:
    bench = await start()
    answer = await bench.ask("/api/state")
    state = json.loads(answer.body)
    assert answer.headers["ETag"] == f'"e1-{state["version"]}"'
    again = await bench.ask("/api/state", headers={"If-None-Match": answer.headers["ETag"]})
    assert (again.code, again.body) == (304, b"")
    bench.store.set("/devices/cap0", {"type": "t", "status": "ok"})
    changed = await bench.ask("/api/state", headers={"If-None-Match": answer.headers["ETag"]})
    assert changed.code == 200
    assert json.loads(changed.body)["devices"]["cap0"]["status"] == "ok"


async def test_reading_the_state_takes_no_commit_from_the_clients(start: Start) -> None:
    bench = await start(flush_interval_ms=60_000)
    bench.store.set("/devices/cap0", {"type": "t", "status": "ok"})
    bench.flush()  # the window begins
    version = bench.store.version
    bench.store.set("/devices/cap0/status", "changed")
    await bench.ask("/api/state")
    commit = bench.store.flush()
    assert commit is not None
    assert commit.from_version == version


async def test_an_unknown_path_tells_nothing_without_the_token(start: Start) -> None:
    bench = await start()
    assert (await bench.ask("/nothing", token=None)).code == 401
    assert (await bench.ask("/nothing")).code == 404


async def test_a_method_that_is_not_there_is_405(start: Start) -> None:
    bench = await start()
    assert (await bench.ask("/api/state", method="DELETE")).code == 405
