"""What ``replay`` makes of files of all sorts: packed, damaged, in any encoding, several at once; what it says."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from autobench_nb.cli.main import parser
from autobench_nb.cli.replay import Pace, batches, replay, shifted
from autobench_nb.cli.replay_command import access_token, log_files
from autobench_nb.cli.report import ReplayProgress
from autobench_nb.cli.sinks import ENTRY_BYTES, encoded, ring_sink
from autobench_nb.cli.sources import LogFile, channel_names, merged
from autobench_nb.logs import LogRing
from autobench_nb.logs.entry import Level
from autobench_nb.logs.formats import LineReader, ParsedLine
from autobench_nb.tables import logs_to_csv
from tests.cli.test_cli import TOKEN, run, serving
from tests.logs.formats.test_odd_lines import ODD

SYSLOG = "".join(f"Jun 14 15:16:{n:02} combo sshd[7]: line {n}\n" for n in range(20))


def opened(path: Path, **more: Any) -> LogFile:
    return LogFile(path, path.stem, lambda changed: LineReader(now=changed or 0.0), **more)


def messages(file: LogFile) -> list[str]:
    return [one.message for one in file.entries() if one is not None]


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress])
def test_what_is_packed_is_read_as_it_is_whatever_it_is_called(tmp_path: Path, pack: Any) -> None:
    path = tmp_path / "some.log"
    path.write_bytes(pack(SYSLOG[:300].encode()) + pack(SYSLOG[300:].encode()))
    assert messages(opened(path)) == [f"line {n}" for n in range(20)]


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress])
def test_a_packed_file_that_ends_too_early_says_so_and_keeps_what_it_has(
    tmp_path: Path, pack: Any
) -> None:
    path = tmp_path / "some.log.gz"
    whole = "".join(f"{os.urandom(20).hex()}\n" for _ in range(60_000))
    path.write_bytes(pack(whole.encode())[:1_000_000])
    file = opened(path)
    kept = messages(file)
    assert kept[:-1] == whole.split("\n")[: len(kept) - 1]
    assert len(kept) > 1_000
    assert "ends too early" in (file.problem or "")


def test_a_packed_file_that_is_damaged_says_so(tmp_path: Path) -> None:
    path = tmp_path / "a.gz"
    path.write_bytes(gzip.compress(SYSLOG.encode())[:40] + b"rubbish" * 20)
    file = opened(path)
    messages(file)
    assert "damaged" in (file.problem or "")


def test_a_kind_of_packing_that_is_not_read_says_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "a.zst"
    path.write_bytes(b"\x28\xb5\x2f\xfd" + b"x" * 50)
    file = opened(path)
    assert messages(file) == []
    assert "zstd -dc FILE" in (file.problem or "")


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"]
)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_every_encoding_of_unicode_is_read(tmp_path: Path, encoding: str, end: str) -> None:
    path = tmp_path / "a.log"
    path.write_bytes(
        (SYSLOG + "Jun 14 16:00:00 combo p[1]: größer").replace("\n", end).encode(encoding)
    )
    assert messages(opened(path)) == [*(f"line {n}" for n in range(20)), "größer"]


@pytest.mark.parametrize(
    "data", [b"", b"x", b"\n", b"\x1f\x8b", b"\xff\xfe", b"BZh", b"\0" * 100, b"\xff" * 9]
)
def test_a_file_of_nearly_nothing(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "a.log"
    path.write_bytes(data)
    file = opened(path)
    assert sum(one.lines for one in file.entries() if one) == sum(file.reader.counts.values())


def test_a_pipe_that_falls_silent_gives_what_it_has(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    file = opened(path)
    said: list[str | None] = []
    gate = threading.Event()

    def write() -> None:
        with path.open("w") as pipe:
            pipe.write("first\nsecond\n")
            pipe.flush()
            gate.wait(30)
            pipe.write("third\n")

    writer = threading.Thread(target=write)
    writer.start()
    for one in file.entries():
        said.append(one and one.message)
        if one is None:
            gate.set()
    writer.join()
    assert said == ["first", "second", None, "third"]


def test_a_silence_sends_what_waits() -> None:
    line = ParsedLine(0.0, Level.INFO, "x", "plain")
    assert [len(batch) for _, batch in batches([line, None, None, line, line], Pace())] == [1, 2]


def test_files_are_merged_by_time_and_each_keeps_its_order(tmp_path: Path) -> None:
    one, two = tmp_path / "one.log", tmp_path / "two.log"
    one.write_text("".join(f"2026-01-15 10:00:{n:02} INFO app: one {n}\n" for n in (1, 5, 3, 9)))
    two.write_text(
        "".join(f"2026-01-15 10:00:{n:02} INFO app: two {n}\n" for n in (2, 4, 8)) + "two x\n"
    )
    got = [entry for entry in merged([opened(one), opened(two)]) if entry]
    assert [entry.message for entry in got] == [
        "one 1", "two 2", "two 4", "one 5", "one 3", "two 8", "two x", "one 9",
    ]  # fmt: skip
    assert [entry.channel for entry in got[:2]] == ["one", "two"]


def test_files_of_one_name_are_different_channels() -> None:
    paths = [Path("a/app.log"), Path("b/app.log.gz"), Path("-"), Path("c.d.xz")]
    assert channel_names(paths) == ["a/app", "b/app", "stdin", "c"]


def test_a_file_in_a_common_channel_is_a_field(tmp_path: Path) -> None:
    paths = [tmp_path / "a.log", tmp_path / "b.log"]
    for path in paths:
        path.write_text("x\n")
    options = parser().parse_args(["replay", *map(str, paths), "--channel", "all"])
    got = [entry for entry in merged(log_files(options)) if entry]
    assert [(one.channel, one.fields["file"]) for one in got] == [
        ("all", str(path)) for path in paths
    ]


def test_the_age_of_a_file_tells_its_year(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.write_text(SYSLOG)
    os.utime(path, (1_530_000_000, 1_530_000_000))
    [file] = log_files(parser().parse_args(["replay", str(path)]))
    first = next(one for one in file.entries() if one)
    assert first.ts == 1_528_989_360_000  # 2018-06-14


def test_an_entry_that_no_body_could_hold_is_cut_and_says_so() -> None:
    line = ParsedLine(0.0, Level.INFO, "\0" * 10_000_000, "plain")
    data = encoded(line, "c")
    assert len(data) < ENTRY_BYTES
    assert json.loads(data)["message"].endswith("[cut: 10,000,000 characters]")
    wide = ParsedLine(
        0.0, Level.INFO, "x", "json", fields={f"k{n}": "y" * 16_000 for n in range(256)}
    )
    assert json.loads(encoded(wide, "c"))["fields"] == {"…": "256 fields left out"}


def test_what_no_json_can_say_is_sent_as_text() -> None:
    fields = {"a": float("nan"), "b": "\ud800", "c": 10**400}
    data = json.loads(encoded(ParsedLine(None, Level.INFO, "\udcff", "json", fields=fields), "c"))
    assert (data["message"], data["fields"]["a"], data["fields"]["b"]) == (
        "\\xff",
        "nan",
        "\\ud800",
    )


@pytest.mark.parametrize("line", ODD.values(), ids=ODD.keys())
@pytest.mark.parametrize("speed", [None, 1.0])
def test_an_odd_line_reaches_a_log_and_its_exports(line: str, speed: float | None) -> None:
    read = list(
        LineReader(now=0).entries(
            ["0001-01-01 00:00:00 INFO first", line, "9999-12-31 23:59:59.999 INFO x"]
        )
    )
    ring = LogRing(100)
    entries = read if speed is None else shifted(read, 1.8e12)
    replay(entries, ring_sink(ring, "c"), Pace(), lambda _wait: False)
    assert len("".join(logs_to_csv(ring.since(0).entries)).split("\r\n")) > 2
    for one in read:
        json.loads(encoded(one, "c"))


# --- the command


def test_the_end_says_what_was_recognised(tmp_path: Path) -> None:
    file = tmp_path / "some.log"
    file.write_text(SYSLOG + "and more\n")
    with serving(AUTOBENCH_TOKEN=TOKEN) as (_, line):
        done = run("replay", str(file), "--url", line, AUTOBENCH_TOKEN=TOKEN)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == (
        f"{file}: 20 of 21 lines recognised (syslog 20), 1 kept as it is\n21 entries sent to {line}\n"
    )


def test_one_line_is_told_in_the_singular(tmp_path: Path) -> None:
    file = tmp_path / "some.log"
    file.write_text(SYSLOG.splitlines()[0] + "\n")
    with serving(AUTOBENCH_TOKEN=TOKEN) as (_, line):
        done = run("replay", str(file), "--url", line, AUTOBENCH_TOKEN=TOKEN)
    assert done.stdout == f"{file}: 1 of 1 line recognised (syslog 1)\n1 entry sent to {line}\n"


def test_nothing_recognised_is_no_success(tmp_path: Path) -> None:
    file = tmp_path / "some.log"
    file.write_text("just\ntext\n")
    with serving(AUTOBENCH_TOKEN=TOKEN) as (_, line):
        done = run("replay", str(file), "--url", line, AUTOBENCH_TOKEN=TOKEN)
        plain = run(
            "replay",
            str(file),
            "--url",
            line,
            "--format",
            "plain",
            "--quiet",
            AUTOBENCH_TOKEN=TOKEN,
        )
    assert done.returncode == 1
    assert "0 of 2 lines recognised" in done.stdout
    assert "no line was recognised" in done.stderr
    assert (plain.returncode, plain.stdout, plain.stderr) == (0, "", "")


@pytest.mark.parametrize("name", ["missing.log", "folder"])
def test_a_file_that_cannot_be_read_is_said_before_anything_else(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder").mkdir()
    done = run("replay", str(tmp_path / name))
    assert (done.returncode, done.stdout) == (2, "")
    assert name in done.stderr
    assert "Traceback" not in done.stderr


def test_a_damaged_file_is_no_success(tmp_path: Path) -> None:
    file = tmp_path / "some.log.gz"
    file.write_bytes(gzip.compress(SYSLOG.encode())[:-9])
    with serving(AUTOBENCH_TOKEN=TOKEN) as (_, line):
        done = run("replay", str(file), "--url", line, AUTOBENCH_TOKEN=TOKEN)
    assert done.returncode == 1
    assert "ends too early" in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ["--format", "sislog"], ["--zone", "Mars"], ["--year", "0"], ["--year", "x"], ["--url", "nowhere"],
        ["--url", "http://127.0.0.1:9"], ["--url", "http://[::1"], ["--formats", "/nowhere.toml"],
        ["--url", "http://127.0.0.1:9", "--token-file", "/nowhere"],
    ],
)  # fmt: skip
def test_an_option_that_cannot_be_ends_with_2_and_no_traceback(
    tmp_path: Path, arguments: list[str]
) -> None:
    file = tmp_path / "some.log"
    file.write_text("x\n")
    done = run("replay", str(file), *arguments)
    assert done.returncode == 2
    assert done.stderr
    assert "Traceback" not in done.stderr


class _Answers(BaseHTTPRequestHandler):
    """Answers each request as the server's ``answer`` says."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        status, answer = self.server.answer(body)  # type: ignore[attr-defined]
        data = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def answering(status: int, answer: dict[str, Any]) -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), _Answers)
    server.answer = lambda _body: (status, answer)  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize("status", [200, 400])
def test_entries_that_a_server_rejects_are_counted_with_their_reasons(
    tmp_path: Path, status: int
) -> None:
    file = tmp_path / "some.log"
    file.write_text(SYSLOG)
    answer = {"accepted": 17, "rejected": 3, "errors": [{"line": 1, "message": "too red"}] * 2}
    with answering(status, answer) as url:
        done = run("replay", str(file), "--url", url, AUTOBENCH_TOKEN=TOKEN)
    assert done.returncode == 1
    assert "17 entries sent" in done.stdout
    assert "3 entries rejected" in done.stderr
    assert "2: too red" in done.stderr


@pytest.mark.parametrize(
    ("status", "answer"), [(200, {}), (500, {}), (400, {"error": {}}), (413, {})]
)
def test_a_server_that_takes_nothing_ends_with_2(
    tmp_path: Path, status: int, answer: dict[str, Any]
) -> None:
    file = tmp_path / "some.log"
    file.write_text(SYSLOG)
    with answering(status, answer) as url:
        done = run("replay", str(file), "--url", url)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


def test_the_token_comes_from_a_file_and_on_the_command_line_it_is_warned_of(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "token"
    file.write_text(f"{TOKEN}\n")
    parse = parser().parse_args
    assert access_token(parse(["replay", "x", "--token-file", str(file)])) == TOKEN
    monkeypatch.setattr(sys, "stdin", io.StringIO(f"{TOKEN}\nmore\n"))
    assert access_token(parse(["replay", "x", "--token-file", "-"])) == TOKEN
    monkeypatch.setenv("AUTOBENCH_TOKEN", "from-the-environment")
    assert access_token(parse(["replay", "x"])) == "from-the-environment"
    assert capsys.readouterr().err == ""
    assert access_token(parse(["replay", "x", "--token", TOKEN])) == TOKEN
    assert "list of processes" in capsys.readouterr().err


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_progress_is_drawn_on_a_terminal_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    now = iter(range(100))
    monkeypatch.setattr("autobench_nb.cli.report.time.monotonic", lambda: float(next(now)))
    for stream, quiet, drawn in (
        (_Terminal(), False, True),
        (_Terminal(), True, False),
        (io.StringIO(), False, False),
    ):
        progress = ReplayProgress(stream, quiet=quiet)
        progress.add(1_500)
        assert ("1,500 lines, 1,500 a second" in stream.getvalue()) is drawn
        progress.end()
        assert stream.getvalue().endswith("\r") is drawn


@pytest.mark.parametrize(
    "arguments", [["--speed", "1x"], []], ids=["at its pace", "from a silent pipe"]
)
def test_ctrl_c_ends_cleanly_with_what_was_read(tmp_path: Path, arguments: list[str]) -> None:
    path = tmp_path / "some.log"
    if arguments:
        path.write_text("2026-01-15 10:00:00 INFO a: x\n2026-01-15 11:00:00 INFO a: y\n")
    else:
        os.mkfifo(path)
    process = subprocess.Popen(
        [sys.executable, "-m", "autobench_nb.cli", "replay", str(path), *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline().startswith("http://")
    process.send_signal(signal.SIGINT)
    rest, errors = process.communicate(timeout=30)
    assert (process.returncode, errors) == (0, "")
    assert "lines recognised" in rest
