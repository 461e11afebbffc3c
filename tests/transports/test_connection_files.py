"""Files of connection details: who may read them, when they come and go, and what finds servers by them."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import autobench_nb as ab
from autobench_nb.cli.main import main
from autobench_nb.errors import AuthenticationError, TransportError
from autobench_nb.transports.connection_files import (
    PREFIX,
    ConnectionFile,
    RunningServer,
    running_servers,
    runtime_folder,
    runtime_folders,
)
from tests.leaks import nothing_is_left

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    runtime = tmp_path / "runtime"
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(runtime))
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    with nothing_is_left():
        yield runtime


def files(folder: Path) -> list[Path]:
    return sorted(folder.glob("*")) if folder.is_dir() else []


def details(**more: object) -> str:
    told = {
        **dict.fromkeys(RunningServer.__slots__, ""),
        "pid": os.getpid(),
        "host": os.uname().nodename,
        "url": "http://127.0.0.1:1/",
        **more,
    }
    return json.dumps(told)


class Elsewhere:
    """An orchestrator in a process of its own, until told to end."""

    def __init__(self, name: str, how: str = "sys.stdin.read()") -> None:
        program = f"""
            import os, signal, sys
            import autobench_nb as ab
            bench = ab.Orchestrator({name!r})
            bench.devices.add("psu0", type="power supply")
            server = bench.serve(thread=True)
            print(server.url, flush=True)
            {how}
            bench.close()
        """
        self.process = subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(program)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            text=True,
        )
        assert self.process.stdout is not None
        self.url = self.process.stdout.readline().strip()

    def end(self) -> None:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        self.process.wait(30)
        self.process.stdout.close()

    def __enter__(self) -> Elsewhere:
        return self

    def __exit__(self, *_raised: object) -> None:
        self.process.poll()
        self.end()


def test_a_server_has_a_file_for_its_owner_alone_from_its_begin_to_its_end(folder: Path) -> None:
    with ab.Orchestrator("my rig") as bench:
        assert files(folder) == []
        server = bench.serve(thread=True)
        (file,) = files(folder)
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        told = json.loads(file.read_text())
        assert (told["name"], told["url"], told["token"]) == ("my rig", server.url, bench.token)
        server.close()
        assert files(folder) == []
        again = bench.serve(thread=True)
        assert [one.url for one in running_servers()] == [again.url]
    assert files(folder) == []


def test_abort_and_the_end_of_the_loop_take_the_file_away_as_well(folder: Path) -> None:
    import asyncio

    with ab.Orchestrator() as bench:
        bench.serve(thread=True).abort()
        assert files(folder) == []

        async def main() -> None:
            bench.serve()

        asyncio.run(main())
    assert files(folder) == []


def test_no_file_is_written_where_the_setting_says_so(folder: Path) -> None:
    with ab.Orchestrator(connection_file=False) as bench:
        bench.serve(thread=True)
        assert files(folder) == []


def test_a_folder_that_cannot_be_written_to_is_told_in_the_log_and_the_server_serves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "no folder").write_text("a file")
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path / "no folder" / "runtime"))
    with ab.Orchestrator() as bench:
        server = bench.serve(thread=True)
        assert not server.is_closed
        (told,) = bench.logs.query("level:warn")
        assert "cannot find this orchestrator by itself" in told.message


def test_where_jupyters_folder_is_not_to_be_had_the_systems_own_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "no folder").write_text("a file")
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path / "no folder" / "runtime"))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "session"))
    with ab.Orchestrator() as bench:
        server = bench.serve(thread=True)
        assert [one.url for one in running_servers()] == [server.url]
        assert len(files(tmp_path / "session" / "autobench-nb")) == 1


def test_the_folder_is_jupyters_own() -> None:
    paths = pytest.importorskip("jupyter_core.paths")
    assert runtime_folder() == Path(paths.jupyter_runtime_dir())
    assert runtime_folder({}) == Path.home() / ".local" / "share" / "jupyter" / "runtime"
    assert runtime_folders({"XDG_RUNTIME_DIR": "/run/user/1", "JUPYTER_DATA_DIR": "/d"}) == [
        *(Path("/d/runtime"), Path("/run/user/1/autobench-nb"))
    ]


def test_a_forked_child_leaves_the_file_where_it_is(folder: Path) -> None:
    fork = """
            pid = os.fork()
            if pid == 0:
                server.close(); bench.close()
                sys.exit(0)
            os.waitpid(pid, 0)
            print(len(os.listdir(os.environ["JUPYTER_RUNTIME_DIR"])), flush=True)
            sys.stdin.read()"""
    with Elsewhere("forks", fork) as one:
        assert one.process.stdout is not None
        assert one.process.stdout.readline().strip() == "1"
        assert [server.url for server in running_servers()] == [one.url]
    assert files(folder) == []


def test_what_a_killed_process_has_left_is_ignored_and_swept(folder: Path) -> None:
    with Elsewhere("killed") as one:
        assert [server.url for server in running_servers()] == [one.url]
        one.process.kill()
        one.process.wait(30)
        assert len(files(folder)) == 1
        assert running_servers() == []
        assert files(folder) == []


def test_who_serves_sweeps_too(folder: Path) -> None:
    folder.mkdir()
    left = folder / f"{PREFIX}1-abc.json"
    left.write_text(details(pid=2**22 + 1))
    with ab.Orchestrator() as bench:
        bench.serve(thread=True)
        assert not left.exists()
        assert len(files(folder)) == 1


@pytest.mark.parametrize(
    ("text", "is_kept"),
    [
        ("", True),
        ("no JSON", True),
        ("[]", True),
        ("{}", True),
        ("null", True),
        (details(pid="1"), True),
        (details(pid=True), True),
        (details(url=7), True),
        ("[" * 10_000, True),
        ("\udcff", True),
        (details(host="another machine", pid=1), True),
        (details(born="never", pid=os.getppid()), False),
        (details(pid=2**22 + 1), False),
        (details(pid=10**30), False),
    ],
)
def test_a_file_that_is_none_of_ours_or_of_a_process_that_is_gone_lists_nothing(
    folder: Path, text: str, is_kept: bool
) -> None:
    """A later process may have the number of one that has ended; another machine may share the folder."""
    folder.mkdir()
    path = folder / f"{PREFIX}1-abc.json"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    assert running_servers() == []
    assert path.exists() == is_kept


def test_a_file_of_another_user_is_not_believed(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = ConnectionFile()
    file.write(name="mine", url="http://127.0.0.1:1/", token="t", epoch="e", folder=folder)
    assert [one.name for one in running_servers()] == ["mine"]
    monkeypatch.setattr(os, "getuid", lambda: 12_345)
    assert running_servers() == []
    monkeypatch.undo()
    file.remove()


# ---------------------------------------------------------------- who finds it


def test_connect_without_arguments_finds_the_only_one() -> None:
    with Elsewhere("the only one") as one, ab.connect() as client:
        assert client.name == "the only one"
        assert client.devices["psu0"]["type"] == "power supply"
        assert client.url == one.url.replace("http", "ws") + "ws"


def test_connect_without_arguments_says_what_to_do_where_there_is_none() -> None:
    with pytest.raises(TransportError, match=r"no orchestrator of yours .* bench\.serve\(\)"):
        ab.connect()


def test_of_several_it_lists_what_to_type_and_that_works() -> None:
    with Elsewhere("left") as left, Elsewhere("right") as right:
        with pytest.raises(TransportError) as raised:
            ab.connect()
        text = str(raised.value)
        assert "2 orchestrators" in text
        for one, name in ((left, "left"), (right, "right")):
            line = next(line for line in text.splitlines() if name in line)
            typed = line.partition("#")[0].strip()
            assert typed == f"ab.connect({one.url!r})"
            with eval(typed) as client:
                assert client.name == name


def test_a_wrong_token_that_is_given_is_not_made_good_by_the_file() -> None:
    with Elsewhere("strict") as one, pytest.raises(AuthenticationError):
        ab.connect(one.url, "another-token-than-it-has")


@pytest.mark.parametrize(
    ("url", "leads"),
    [
        ("http://127.0.0.1:8765/", True),
        ("ws://127.0.0.1:8765/ws", True),
        ("ws://localhost:8765/ws", True),
        ("http://127.0.0.1:8765", True),
        ("http://127.0.0.1:8766/", False),
        ("http://127.0.0.1/", False),
        ("http://evil.example:8765/", False),
        ("http://127.0.0.2:8765/", False),
        ("https://127.0.0.1:8765/", False),
        ("http://127.0.0.1:8765/user/me/proxy/8765/", False),
    ],
)
def test_the_token_goes_only_to_the_address_of_its_own_server(url: str, leads: bool) -> None:
    told: dict[str, Any] = {**dict.fromkeys(RunningServer.__slots__, ""), "pid": 1}
    server = RunningServer(**{**told, "url": "http://127.0.0.1:8765/"})
    assert server.serves(url) == leads


def test_list_prints_what_runs_without_a_token(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list"]) == 0
    assert "No orchestrator of yours" in capsys.readouterr().err
    with Elsewhere("my \x1b[31mrig") as one, ab.Orchestrator("here") as bench:
        server = bench.serve(thread=True)
        assert main(["list"]) == 0
        head, *rows = capsys.readouterr().out.splitlines()
        assert head.split() == ["NAME", "URL", "STATE", "PROCESS", "SINCE", "WHERE"]
        assert len(rows) == 2
        assert any(one.url in row and r"my \x1b[31mrig" in row for row in rows)
        assert any(
            server.url in row and "answers" in row and str(os.getpid()) in row for row in rows
        )
        assert main(["list", "--json"]) == 0
        printed = capsys.readouterr().out
        assert {row["url"] for row in json.loads(printed)} == {one.url, server.url}
        assert bench.token not in printed
        assert "token" not in printed


def test_list_says_that_one_is_busy_which_does_not_answer(
    capsys: pytest.CaptureFixture[str],
) -> None:
    import asyncio

    async def main_and_block() -> None:
        with ab.Orchestrator("held up") as bench:
            server = bench.serve()
            assert main(["list"]) == 0  # on the loop that would have to answer
        await server.wait_closed()

    asyncio.run(main_and_block())
    assert "busy" in capsys.readouterr().out
