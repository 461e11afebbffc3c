"""The command line, as a process."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from autobench_nb.transports.client.client import connect

TOKEN = "token-from-the-environment"


def environment(**extra: str) -> dict[str, str]:
    kept = {
        name: value
        for name, value in os.environ.items()
        if name in ("PATH", "HOME", "LANG", "PYTHONPATH")
    }
    return {**kept, **extra}


@contextmanager
def serving(*arguments: str, **extra: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A running server and the line that it printed."""
    process = subprocess.Popen(
        [sys.executable, "-m", "autobench_nb.cli", "serve", "--port", "0", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(**extra),
    )
    try:
        assert process.stdout is not None
        yield process, process.stdout.readline().strip()
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def run(*arguments: str, **extra: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "autobench_nb.cli", *arguments],
        capture_output=True,
        text=True,
        env=environment(**extra),
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_prints_one_line_answers_and_ends_cleanly(number: signal.Signals) -> None:
    with serving(AUTOBENCH_TOKEN=TOKEN) as (process, line):
        assert line.startswith("http://127.0.0.1:")
        assert TOKEN not in line
        request = urllib.request.Request(
            f"{line}api/state", headers={"Authorization": f"Bearer {TOKEN}"}
        )
        with urllib.request.urlopen(request) as answer:
            assert answer.status == 200
        process.send_signal(number)
        rest, errors = process.communicate(timeout=30)
        assert (process.returncode, rest, errors) == (0, "", "")


def test_without_a_token_the_line_is_a_link_that_signs_in_once_and_more_is_said_beside_it() -> None:
    with serving("--log-capacity", "7") as (process, link):
        base, _, code = link.partition("?code=")
        assert len(code) >= 32
        with urllib.request.urlopen(link) as page:
            assert page.status == 200
        given = f"code={code}".encode()
        with urllib.request.urlopen(f"{base}login", given) as answer:
            key = json.load(answer)["key"]
        request = urllib.request.Request(
            f"{base}api/state", headers={"Authorization": f"Bearer {key}"}
        )
        with urllib.request.urlopen(request) as answer:
            assert b'"capacity":7' in answer.read()
        with pytest.raises(urllib.error.HTTPError, match="403"):
            urllib.request.urlopen(f"{base}login", given)
        process.send_signal(signal.SIGTERM)
        rest, errors = process.communicate(timeout=30)
        assert (process.returncode, rest) == (0, "")
        assert errors.count("\n") == 1
        assert "AUTOBENCH_TOKEN" in errors
        assert code not in errors


def test_a_taken_port_is_said_and_ends_with_2() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        done = run("serve", "--port", port)
    assert (done.returncode, done.stdout) == (2, "")
    assert port in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("variable", "value"),
    [("LOG_LEVEL_MIN", "loud"), ("AUTOBENCH_TOKEN", "with space"), ("LOG_CAPACITY", "many")],
)
def test_a_wrong_setting_is_named_and_ends_with_2(variable: str, value: str) -> None:
    done = run("serve", "--port", "0", **{variable: value})
    assert (done.returncode, done.stdout) == (2, "")
    assert variable in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ["serve", "--port", "x"],
        ["serve", "--port", "70000"],
        ["serve", "--log-capacity", "0"],
        ["nothing"],
        [],
    ],
)
def test_wrong_arguments_end_with_2(arguments: list[str]) -> None:
    assert run(*arguments).returncode == 2


def test_help_teaches_and_version_is_told() -> None:
    assert "AUTOBENCH_TOKEN" in run("serve", "--help").stdout
    assert run("--version").stdout.startswith("autobench-nb ")


def test_without_a_server_a_replay_serves_the_file_itself(tmp_path: Path) -> None:
    file = tmp_path / "some.log"
    file.write_text("Jun 14 15:16:01 combo sshd[19939]: authentication failure\nsomething else\n")
    process = subprocess.Popen(
        [sys.executable, "-m", "autobench_nb.cli", "replay", str(file)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(AUTOBENCH_TOKEN=TOKEN),
    )
    assert process.stdout is not None
    with connect(process.stdout.readline().strip(), token=TOKEN) as client:
        client.wait_for(lambda mirror: len(mirror.logs.query("channel:some")) == 2, 30)
        first = client.logs.query("channel:some")[0]
        assert (first.logger, first.message) == ("sshd", "authentication failure")
    said = process.stdout.readline()
    process.send_signal(signal.SIGINT)
    rest, errors = process.communicate(timeout=30)
    assert (process.returncode, rest, errors) == (0, "", "")
    assert said == f"{file}: 1 of 2 lines recognised (syslog 1), 1 kept as it is\n"


def test_a_file_is_replayed_into_a_running_server(tmp_path: Path) -> None:
    file = tmp_path / "some.log"
    file.write_text("Jun 14 15:16:01 combo sshd[19939]: authentication failure\nsomething else\n")
    with serving(AUTOBENCH_TOKEN=TOKEN) as (_, line):
        done = run("replay", str(file), "--url", line, AUTOBENCH_TOKEN=TOKEN)
        assert (done.returncode, done.stderr) == (0, "")
        request = urllib.request.Request(
            f"{line}api/logs", headers={"Authorization": f"Bearer {TOKEN}"}
        )
        with urllib.request.urlopen(request) as answer:
            assert b"authentication failure" in answer.read()
        wrong = run("replay", str(file), "--url", line, "--token", "wrong")
        assert wrong.returncode == 2
