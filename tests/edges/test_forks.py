"""A forked child owns nothing of ours: it ends at once, and the parent serves on as if it had never been."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import orjson
import pytest
from websockets.sync.client import ClientConnection, connect

WAYS = ["fork", "fork_and_vanish", "forkpty", "process", "pool", "preexec"]
ROWS = [
    *((way, "everything") for way in WAYS),
    ("fork", "nothing"),
    ("fork", "make_own"),
    ("pool", "make_own"),
]
PATIENCE_S = 15


class Script:
    """The script that forks, and lines to and from it."""

    def __init__(self, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-m", "tests.edges.forking", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[2],
        )
        self.watchdog = threading.Timer(4 * PATIENCE_S, self.process.kill)
        self.watchdog.start()

    def end(self) -> str:
        """End it, if it has not ended; what it said on stderr."""
        self.watchdog.cancel()
        with contextlib.suppress(subprocess.TimeoutExpired):
            return self.process.communicate(timeout=PATIENCE_S)[1]
        self.process.kill()
        return self.process.communicate()[1]

    def say(self, line: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def hear(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, self.end()
        facts: dict[str, Any] = json.loads(line)
        return facts


def hears(client: ClientConnection, value: str) -> None:
    """Wait until the client is told of ``value``."""
    while True:
        message = orjson.loads(client.recv(PATIENCE_S))
        if message["type"] == "state.patch" and any(
            one["path"] == "/config/told" and one["value"] == value for one in message["patch"]
        ):
            return


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no fork")
@pytest.mark.parametrize("mode", ["loop", "thread"])
@pytest.mark.parametrize(("way", "deed"), ROWS)
def test_a_child_ends_and_the_parent_serves_on(way: str, deed: str, mode: str) -> None:
    script = Script(way, deed, mode)
    try:
        facts = script.hear()
        headers = {"Authorization": f"Bearer {facts['token']}"}
        with connect(facts["url"], additional_headers=headers, proxy=None, max_size=None) as client:
            client.send('{"type":"hello","payload":{}}')
            while orjson.loads(client.recv(PATIENCE_S))["type"] != "logs.history":
                pass
            script.say("before")
            hears(client, "before")
            script.say("fork")
            assert script.hear() == {"status": 0}
            script.say("after")
            hears(client, "after")
            with connect(facts["url"], additional_headers=headers, proxy=None) as another:
                another.send('{"type":"hello","payload":{}}')
                assert orjson.loads(another.recv(PATIENCE_S))["type"] == "welcome"
        script.say("end")
        assert script.hear() == {"job": True}
    finally:
        errors = script.end()
    assert script.process.returncode == 0
    assert "Error" not in errors


AMID_AN_IMPORT = """
import os, signal, sys, threading, traceback
import autobench_nb.forks

sys.path.insert(0, sys.argv[1])
begun, go = threading.Event(), threading.Event()
sys.modules["begun_and_go"] = type(sys)("begun_and_go")
sys.modules["begun_and_go"].begun, sys.modules["begun_and_go"].go = begun, go
threading.Thread(target=__import__, args=("slow",)).start()
begun.wait()
main = threading.get_ident()

def let_it_end():
    while "_await_imports" not in [frame.name for frame in traceback.extract_stack(sys._current_frames()[main])]:
        if forked.is_set():
            return
    go.set()

forked = threading.Event()
threading.Thread(target=let_it_end).start()
child = os.fork()
if child == 0:
    signal.alarm(10)
    import slow
    os._exit(slow.VALUE)
forked.set()
go.set()
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no fork")
def test_a_fork_amid_another_threads_import_leaves_a_child_that_can_import(tmp_path: Path) -> None:
    (tmp_path / "slow.py").write_text(
        "import begun_and_go as to\nto.begun.set()\nto.go.wait()\nVALUE = 7\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", AMID_AN_IMPORT, str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.stdout, done.stderr) == ("7\n", "")
