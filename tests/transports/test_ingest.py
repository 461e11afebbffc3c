"""``POST /api/logs``: other people's logs by curl, packed bodies, times that are none."""

from __future__ import annotations

import asyncio
import bz2
import csv
import gzip
import io
import json
import threading
import zlib
from collections.abc import Iterator
from typing import Any

import orjson
import pytest

from autobench_nb.logs.entry import Level
from autobench_nb.transports.http import ingest
from autobench_nb.transports.http.ingest import MAX_INFLATED_BYTES
from tests.transports.conftest import TOKEN, Bench, Start
from tests.transports.test_http import JSON, NDJSON, messages, post

CURL = {"Content-Type": "application/x-www-form-urlencoded"}
TEXT = {"Content-Type": "text/plain"}


def entries(bench: Bench) -> list[Any]:
    return list(bench.ring.since(0).entries)


LINES = [
    "2026-01-15 10:30:45,123 - my.app - ERROR - boom",
    "Traceback (most recent call last):",
    "ValueError: x",
    "{not json",
    '{"level":50,"time":1768473045123,"pid":7,"hostname":"h","msg":"pino"}',
    "[also] no {json}",
    "last",
]


@pytest.mark.parametrize(
    "headers", [CURL, TEXT, {"Content-Type": ""}], ids=["curl", "text", "none"]
)
async def test_a_log_file_posted_by_curl_loses_no_line(
    start: Start, headers: dict[str, str]
) -> None:
    bench = await start()
    code, answer = await post(bench, "\n".join(LINES), headers, "/api/logs?channel=mine")
    assert code == 200
    assert (answer["accepted"], answer["rejected"], answer["lines"]) == (5, 0, 7)
    assert answer["formats"] == {"python": 1, "json": 1, "plain": 3, "joined": 2}
    got = entries(bench)
    assert [(one.channel, one.level, one.message) for one in got] == [
        ("mine", Level.ERROR, "boom"),
        ("mine", Level.INFO, "{not json"),
        ("mine", Level.ERROR, "pino"),
        ("mine", Level.INFO, "[also] no {json}"),
        ("mine", Level.INFO, "last"),
    ]
    assert got[0].exc == "\n".join(LINES[1:3])
    assert (got[0].ts, got[0].logger) == (1_768_473_045_123.0, "my.app")


async def test_our_own_entries_posted_again_without_a_type_are_the_same(start: Start) -> None:
    bench = await start()
    bench.ring.append(
        "psu",
        "warn",
        "hot",
        ts=1e12,
        logger="l",
        job_id="j",
        device_id="d",
        fields={"a": 1},
        exc="E: x",
    )
    exported = (await bench.ask("/api/logs?format=ndjson")).body
    other = await start()
    await post(other, exported, CURL)
    first, again = entries(bench)[0], entries(other)[0]
    assert again == first


async def test_the_format_and_the_zone_can_be_named(start: Start) -> None:
    bench = await start()
    line = "2026-01-15 10:30:45,123 - my.app - ERROR - boom"
    await post(bench, line, CURL, "/api/logs?zone=Europe/Berlin")
    await post(bench, line, CURL, "/api/logs?format=plain")
    one, two = entries(bench)
    assert (one.ts, two.message) == (1_768_469_445_123.0, line)
    for query in ("zone=Mars", "format=nothing"):
        code, answer = await post(bench, line, CURL, f"/api/logs?{query}")
        assert (code, answer["error"]["code"]) == (400, "bad-argument")


@pytest.mark.parametrize("name", ["gzip", "x-gzip", "GZIP", " gzip ", "identity, gzip"])
async def test_a_body_in_gzip_is_inflated(start: Start, name: str) -> None:
    bench = await start()
    headers = {**TEXT, "Content-Encoding": name}
    code, _ = await post(bench, gzip.compress(b"one\ntwo"), headers)
    assert (code, messages(bench)) == (200, ["one", "two"])


async def test_a_packed_file_is_inflated_without_a_word_in_the_headers(start: Start) -> None:
    bench = await start()
    for pack in (gzip.compress, bz2.compress):
        await post(bench, pack(b"one\ntwo"), CURL)
    assert messages(bench) == ["one", "two", "one", "two"]


@pytest.mark.parametrize("name", ["br", "deflate", "zstd", "gzip, gzip", "nonsense"])
async def test_another_encoding_is_refused_with_what_is_taken(start: Start, name: str) -> None:
    bench = await start()
    code, answer = await post(bench, zlib.compress(b"x"), {**TEXT, "Content-Encoding": name})
    assert (code, answer["error"]["code"]) == (415, "unsupported-encoding")
    assert "gzip" in answer["error"]["message"]


@pytest.mark.parametrize(
    "body",
    [b"no gzip", gzip.compress(b"x" * 999)[:-9], gzip.compress(b"x")[:12]],
    ids=["no gzip", "cut at its end", "cut at its head"],
)
async def test_gzip_that_is_damaged_is_refused(start: Start, body: bytes) -> None:
    bench = await start()
    code, answer = await post(bench, body, {**TEXT, "Content-Encoding": "gzip"})
    assert (code, answer["error"]["code"]) == (400, "bad-encoding")


async def test_what_would_inflate_beyond_the_bound_is_refused(start: Start) -> None:
    bench = await start()
    body = gzip.compress(b"\n" * (MAX_INFLATED_BYTES + 1))
    code, answer = await post(bench, body, {**TEXT, "Content-Encoding": "gzip"})
    assert (code, answer["error"]["code"]) == (413, "too-large")


TIMES = [
    "-1e15", "1e15", "-62135596800001", "253402300800000", "1e308", "-1e308", "7" * 400,
    '"0000-01-01T00:00:00Z"', '"0001-01-01T00:00:00+14:00"', '"9999-12-31T23:59:59-14:00"', '"yesterday"', "true",
]  # fmt: skip


@pytest.mark.parametrize("time", TIMES)
async def test_a_time_that_no_calendar_can_say_is_refused_and_csv_goes_on(
    start: Start, time: str
) -> None:
    bench = await start()
    body = f'{{"message":"bad","ts":{time}}}\n{{"message":"good","ts":1000}}'
    code, answer = await post(bench, body, NDJSON)
    assert (code, answer["accepted"], answer["rejected"]) == (200, 1, 1)
    code, answer = await post(bench, f'[{{"message":"bad","ts":{time}}}]', JSON)
    assert code == 400
    code, answer = await post(bench, body, CURL)
    assert (code, answer["accepted"]) == (200, 2)
    said = (await bench.ask("/api/logs?format=csv&query=channel:app")).body.decode()
    assert {"good", "bad"} == {row["message"] for row in csv.DictReader(io.StringIO(said))}


@pytest.mark.parametrize(
    "time", ["-62135596800000", "253402300799000", '"0001-01-01T00:00:00Z"', "-1", "0.5"]
)
async def test_a_time_within_the_calendar_is_taken_and_exported(start: Start, time: str) -> None:
    bench = await start()
    assert (await post(bench, f'{{"message":"x","ts":{time}}}', NDJSON))[0] == 200
    for name in ("csv", "json", "ndjson"):
        assert (await bench.ask(f"/api/logs?format={name}")).code == 200


async def test_the_utf_16_of_windows_is_read(start: Start) -> None:
    bench = await start()
    await post(bench, "größer\r\nzwei".encode("utf-16"), CURL)
    assert messages(bench) == ["größer", "zwei"]


async def test_a_body_of_ends_of_lines_is_nothing(start: Start) -> None:
    bench = await start()
    code, answer = await post(bench, "\n" * 300_000, CURL)
    assert (code, answer["accepted"], answer["rejected"]) == (200, 0, 0)


async def test_a_name_that_is_too_long_is_cut_in_a_line_and_refused_in_an_entry(
    start: Start,
) -> None:
    bench = await start()
    body = json.dumps({"message": "x", "channel": "c" * 500, "logger": "l" * 500})
    assert (await post(bench, body, CURL))[1]["accepted"] == 1
    assert (await post(bench, body, NDJSON))[0] == 400
    assert len(entries(bench)[0].logger) == 128


# --- arrays that are too large for one call


def wide(count: int = 300) -> list[dict[str, Any]]:
    return [
        {"message": f"m{number} ] , é", "fields": {f"f{n}": n for n in range(40)}}
        for number in range(count)
    ]


@pytest.mark.parametrize("indent", [None, 2])
async def test_a_large_array_is_read_element_by_element_on_another_thread(
    start: Start, monkeypatch: pytest.MonkeyPatch, indent: int | None
) -> None:
    threads: set[str] = set()
    inner = ingest._elements

    def elements(text: str) -> Iterator[Any]:
        for element in inner(text):
            threads.add(threading.current_thread().name)
            yield element

    monkeypatch.setattr(ingest, "_elements", elements)
    bench = await start(capacity=1_000)
    rows = wide()
    status, answer = await post(bench, json.dumps(rows, indent=indent).encode(), JSON)
    assert (status, answer["accepted"]) == (200, 300)
    assert messages(bench)[-300:] == [row["message"] for row in rows]
    assert len(threads) == 1
    assert threading.current_thread().name not in threads


@pytest.mark.parametrize(
    "spoilt", ["{}] ]", "", ", ]", "]]", " {}]", '{"a":NaN}]', r'"\ud800"]', "01]"]
)
async def test_of_a_large_array_that_is_spoilt_nothing_is_taken(start: Start, spoilt: str) -> None:
    bench = await start(capacity=1_000)
    whole = json.dumps(wide())
    begin = whole[:-1] + ("" if spoilt[:1] in ("", ",", "]", " ") else ",")
    status, answer = await post(bench, (begin + spoilt).encode(), JSON)
    assert (status, answer["error"]["code"]) == (400, "bad-json")
    assert not any("m0" in message for message in messages(bench))


@pytest.mark.parametrize("body", [b"[]", b"[ ]", b" [\n] ", b'[1, "a", null, {}, [2]]', b"[1e400]"])
def test_elements_are_what_one_call_reads(body: bytes) -> None:
    try:
        whole = orjson.loads(body)
    except ValueError:
        with pytest.raises(ValueError, match=r".+"):
            list(ingest._elements(body.decode().strip()))
    else:
        assert list(ingest._elements(body.decode().strip())) == whole


async def test_a_large_body_that_only_begins_like_an_array_is_lines(start: Start) -> None:
    bench = await start(capacity=5_000)
    lines = [f"[also] no json {number} " + "x" * 60 for number in range(1_500)]
    status, answer = await post(bench, "\n".join(lines).encode(), CURL)
    assert (status, answer["accepted"]) == (200, 1_500)


@pytest.mark.parametrize("size", ["9" * 400, "9" * 5_000, "+5", "-1", "5 5", "0x5", "٥" * 20])
async def test_a_length_that_is_none_or_too_large_is_413(start: Start, size: str) -> None:
    bench = await start()
    reader, writer = await asyncio.open_connection("127.0.0.1", bench.server.port)
    writer.write(
        f"POST /api/logs HTTP/1.1\r\nHost: 127.0.0.1:{bench.server.port}\r\n"
        f"Authorization: Bearer {TOKEN}\r\nContent-Length: {size}\r\n\r\n".encode()
    )
    assert (await reader.readline()).startswith(b"HTTP/1.1 413 ")
    writer.close()
    await writer.wait_closed()
