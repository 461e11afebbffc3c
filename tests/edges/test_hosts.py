"""Systems that lack what Linux has: all but commands works there, and commands are refused with a sentence."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

# What of others uses these modules itself is imported before: the test is of what we import.
BEFORE = """
import asyncio, ctypes, multiprocessing, subprocess, sys, os, socket, tempfile, builtins, resource
import anywidget, numpy, pandas, pyarrow, tornado.ioloop, tornado.websocket, tornado.web, tornado.httpserver
"""
NO_PROC = """
_open, _listdir = builtins.open, os.listdir
def no_proc(path, *rest, **more):
    if str(path).startswith("/proc"):
        raise FileNotFoundError(2, "there is no /proc", path)
    return _open(path, *rest, **more)
def no_names(path="."):
    if str(path).startswith("/proc"):
        raise FileNotFoundError(2, "there is no /proc", path)
    return _listdir(path)
builtins.open, os.listdir = no_proc, no_names
"""
WINDOWS = """
BLOCKED = ("fcntl", "termios", "resource", "pty", "tty", "pwd", "grp", "curses", "syslog")
class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name in BLOCKED:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
for name in BLOCKED:
    sys.modules.pop(name, None)
sys.meta_path.insert(0, Blocker())
for one, names in (
    (os, ("fork", "forkpty", "openpty", "posix_spawn", "register_at_fork", "getuid", "wait4", "killpg", "waitid")),
    (socket, ("send_fds", "recv_fds")),
):
    for name in names:
        delattr(one, name)
"""
MACOS = """
del resource.RUSAGE_THREAD
for name in ("sched_getaffinity", "sched_setaffinity", "pipe2", "memfd_create"):
    if hasattr(os, name):
        delattr(os, name)
"""
USE = """
import autobench_nb as ab
from autobench_nb.errors import JobError

async def main():
    with ab.Orchestrator("elsewhere") as bench:
        bench.devices.add("psu0", type="power supply")
        bench.log("app").info("a line")
        server = bench.serve()
        pane = ab.LogPane(bench, query="level>=info")
        dashboard = bench.dashboard()
        assert bench.state.get("/devices/psu0/type") == "power supply"
        assert "a line" in list(bench.logs.to_pandas().message)
        def add():
            print("from a callable")
            return 1 + 1
        run = await bench.run(add, repeat=2)
        assert [row.value for row in bench.results] == [2, 2], list(bench.results)
        assert "from a callable" in [entry.message for entry in bench.logs]
        print("PEAK", bench.results[0].max_rss_bytes)
        client = await ab.connect(server.url)
        assert client.devices["psu0"]["type"] == "power supply"
        client.close()
        threaded = ab.Orchestrator("on a thread")
        threaded.serve(thread=True)
        other = await ab.connect(threaded.server.url)
        assert other.name == "on a thread"
        other.close()
        threaded.close()
        COMMANDS
    await server.wait_closed()
    print("DONE")

asyncio.run(main())
"""
REFUSED = """
for how in ({"work": "echo hello"}, {"work": add, "isolate": True}):
    try:
        bench.run(**how)
    except JobError as error:
        print("REFUSED", error)
"""
RUN = """
await bench.run("echo hello from a command")
assert "hello from a command" in [entry.message for entry in bench.logs]
"""


def output_of(host: str, commands: str, folder: Path) -> str:
    use = USE.replace("        COMMANDS\n", textwrap.indent(commands, " " * 8))
    program = folder / "program.py"
    program.write_text(BEFORE + host + use)
    done = subprocess.run(
        [sys.executable, "-W", "error::ResourceWarning", str(program)],
        env={**os.environ, "PYTHONPATH": str(ROOT), "JUPYTER_RUNTIME_DIR": str(folder)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    assert "DONE" in done.stdout, done.stdout
    return done.stdout


def test_without_what_windows_lacks_all_but_commands_works_and_those_are_refused_with_a_sentence(
    tmp_path: Path,
) -> None:
    printed = output_of(WINDOWS + NO_PROC, REFUSED, tmp_path)
    refused = [line for line in printed.splitlines() if line.startswith("REFUSED")]
    assert len(refused) == 2
    for line in refused:
        assert "cannot run commands on this system" in line
        assert "fcntl, termios, resource, os.fork" in line
        assert "WSL" in line
    assert "PEAK None" in printed


@pytest.mark.skipif(sys.platform == "win32", reason="commands do not run on Windows")
def test_without_what_macos_lacks_commands_run_too(tmp_path: Path) -> None:
    printed = output_of(MACOS + NO_PROC, RUN, tmp_path)
    assert "PEAK None" not in printed


def test_the_package_imports_these_modules_nowhere_but_where_they_are_used(tmp_path: Path) -> None:
    """As the first thing of a process: also what is imported late is found by the others above."""
    program = (
        "import sys, autobench_nb, autobench_nb.jobs, autobench_nb.transports.server\n"
        "import autobench_nb.processes.watch, autobench_nb.orchestrator.orchestrator\n"
        "import autobench_nb.transports.client.client, autobench_nb.cli.main\n"
    )
    found = (
        "print(sorted(n for n, m in sys.modules.items() if n.startswith('autobench_nb') and "
        + ("{'fcntl', 'termios', 'resource', 'pty'} & set(vars(m))))")
    )
    done = subprocess.run(
        [sys.executable, "-c", program + found],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout.strip() == "[]"
