"""Replays: the pace of the file, or as fast as it goes."""

from __future__ import annotations

import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from autobench_nb.cli.replay import BATCH_LINES, Pace, batches, parse_speed, replay, shifted
from autobench_nb.cli.sinks import Poster, to_wire
from autobench_nb.cli.sources import LogFile
from autobench_nb.errors import TransportError
from autobench_nb.logs.entry import Level
from autobench_nb.logs.formats import LineReader, ParsedLine


def line(ts: float | None, text: str = "x") -> ParsedLine:
    return ParsedLine(ts, Level.INFO, text, "plain")


def test_at_full_speed_nothing_waits() -> None:
    grouped = list(batches([line(0), line(60_000), line(None)], Pace()))
    assert [(wait, len(lines)) for wait, lines in grouped] == [(0.0, 3)]


def test_at_its_own_pace_a_line_waits_for_its_time() -> None:
    grouped = list(batches([line(0), line(20), line(1020), line(3020)], Pace(1.0)))
    assert [(wait, len(lines)) for wait, lines in grouped] == [
        (0.0, 2),
        (pytest.approx(1.02), 1),
        (2.0, 1),
    ]


def test_a_faster_pace_divides_the_wait_and_a_long_silence_is_cut() -> None:
    pace = Pace(10.0, max_gap_s=5.0)
    assert pace.wait_s(0, 10_000) == 1.0
    assert pace.wait_s(0, 3_600_000) == 5.0
    assert pace.wait_s(10_000, 0) == 0.0


def test_batches_are_bounded() -> None:
    grouped = list(batches([line(0)] * (BATCH_LINES + 1), Pace()))
    assert [len(lines) for _, lines in grouped] == [BATCH_LINES, 1]


@pytest.mark.parametrize(
    ("text", "speed"), [("1x", 1.0), ("10X", 10.0), ("0.5", 0.5), ("max", None)]
)
def test_a_speed_is_read(text: str, speed: float | None) -> None:
    assert parse_speed(text) == speed


@pytest.mark.parametrize("text", ["0x", "-1", "nan", "inf", "fast"])
def test_a_speed_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        parse_speed(text)


def test_a_shift_keeps_the_distances() -> None:
    moved = list(shifted([line(None), line(1000), line(1500)], 9000))
    assert [one and one.ts for one in moved] == [None, 9000, 9500]


def test_a_file_with_foreign_bytes_and_line_ends_is_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.write_bytes(b"2024-01-01 00:00:00 INFO ok\r\ncaf\xe9\r\n\r\n")
    file = LogFile(path, "a", lambda _changed: LineReader(now=0))
    assert [one and one.message for one in file.entries()] == ["ok", "caf\\xe9", ""]


def test_a_line_travels_with_its_channel_and_without_what_it_lacks() -> None:
    assert to_wire(line(None), "sshd") == {"channel": "sshd", "level": "info", "message": "x"}


def test_a_replay_ends_when_it_is_told_to() -> None:
    got: list[ParsedLine] = []
    waits = iter([False, True])
    sent = replay([line(0), line(5000)], got.extend, Pace(1.0), lambda _: next(waits))
    assert (sent, len(got)) == (1, 1)


def test_a_server_that_is_not_there_is_named() -> None:
    with pytest.raises(TransportError, match=r"127\.0\.0\.1:9/api/logs cannot be reached"):
        Poster("http://127.0.0.1:9", "t", "c")([line(0)])


class Answering(BaseHTTPRequestHandler):
    """Takes what is posted, or sends on to where its server says; notes the tokens that it was shown."""

    def do_POST(self) -> None:
        self._answer()

    def do_GET(self) -> None:
        self._answer()

    def _answer(self) -> None:
        self.server.tokens.append(self.headers["Authorization"])  # type: ignore[attr-defined]
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        elsewhere = self.server.elsewhere  # type: ignore[attr-defined]
        body = b'{"accepted": 1, "rejected": 0}'
        self.send_response(302 if elsewhere else 200)
        if elsewhere:
            self.send_header("Location", elsewhere)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_args: object) -> None:
        pass


@contextmanager
def answering(elsewhere: str = "") -> Iterator[tuple[str, list[str]]]:
    """A server's address, and the tokens that it is shown."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
    server.elsewhere, tokens = elsewhere, list[str]()  # type: ignore[attr-defined]
    server.tokens = tokens  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/", tokens
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_the_token_is_not_carried_to_where_a_server_sends_one_on() -> None:
    with answering() as (other, seen), answering(other) as (here, _):
        with pytest.raises(TransportError, match="answered 302"):
            Poster(here, "t", "c")([line(0)])
        assert seen == []


def test_a_proxy_of_the_environment_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    with answering() as (proxy, asked), answering() as (here, seen):
        monkeypatch.setenv("http_proxy", proxy)
        for name in ("no_proxy", "NO_PROXY"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setattr(urllib.request, "_opener", None)  # which has looked at the environment
        Poster(here, "t", "c")([line(0)])
        assert (asked, seen) == ([], ["Bearer t"])
