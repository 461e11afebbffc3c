"""Systems that lack what Linux has: all but commands works there, and commands are refused with a sentence."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

import autobench_nb as ab

ROOT = Path(__file__).parents[2]

# What of others uses these modules itself is imported before: the test is of what we import.
BEFORE = """
import asyncio, ctypes, multiprocessing, subprocess, sys, os, socket, tempfile, builtins, resource
import anywidget, numpy, pandas, pyarrow, tornado.ioloop, tornado.websocket, tornado.web, tornado.httpserver
"""
NO_PROC = """
def without_them(work):
    def refuse(path=".", *rest, **more):
        if str(path).startswith(("/proc", "/sys")):
            raise FileNotFoundError(2, "there is no such folder", path)
        return work(path, *rest, **more)
    return refuse
builtins.open, os.listdir, os.open = map(without_them, (builtins.open, os.listdir, os.open))
"""
WINDOWS = """
BLOCKED = ("fcntl", "termios", "resource", "pty", "tty", "pwd", "grp", "curses", "syslog")
class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name in BLOCKED:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
for name in BLOCKED:
    sys.modules.pop(name, None)
def no_handler(*_):
    raise NotImplementedError
asyncio.SelectorEventLoop.add_signal_handler = no_handler
sys.meta_path.insert(0, Blocker())
import signal
for one, names in (
    (signal, ("SIGKILL", "SIGHUP", "SIGCONT", "SIGSTOP", "SIGTSTP", "SIGUSR1", "SIGWINCH", "pthread_kill")),
    (os, ("O_CLOEXEC", "pread", "pwrite", "uname", "getloadavg", "sched_getaffinity", "mkfifo", "fchmod", "geteuid")),
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
ROOMS = """
import asyncio, pathlib, signal, threading
import autobench_nb as ab
from autobench_nb.cli.main import main as cli
from autobench_nb.errors import AutoBenchError
from autobench_nb.transports.connection_files import running_servers

class Fan:
    name, type, units, rpm = "fan0", "fan", {"rpm": "1/min"}, 0
    def probe(self):
        return {"rpm": self.rpm}
    @property
    def actions(self):
        return {"spin": self.spin}
    def spin(self, rpm: int = 900):
        self.rpm = rpm
        return rpm
    def close(self):
        pass

def answer(context):
    return 42

def refused(work):
    try:
        work()
    except AutoBenchError as error:
        print("REFUSED", error)

async def rooms():
    with ab.Orchestrator("rooms") as bench:
        bench.devices.add(Fan(), every_s=0.05)
        assert bench.devices["fan0"].do("spin", rpm=700) == 700
        while (bench.devices["fan0"]["observed"] or {}).get("rpm") != 700:
            await asyncio.sleep(0.01)
        assert bench.pno.scan() is not None
        recipe = ab.Recipe(
            metadata=ab.Metadata(name="of callables"),
            spec=ab.Spec(steps=[ab.Step(id="answer", call=answer, repeat=2)]),
        )
        run = bench.run(recipe)
        await run
        run.check()
        assert "answer" in str(run.to_pandas())
        refused(lambda: bench.streams.add(ab.Ffmpeg("cam1")))
        of_command = bench.run("recipe.yaml")
        await of_command
        try:
            of_command.check()
        except AutoBenchError as error:
            print("REFUSED", " ".join(str(error).splitlines()))

def when_it_serves(act):
    def wait():
        while not running_servers():
            threading.Event().wait(0.05)
        act()
    thread = threading.Thread(target=wait)
    thread.start()
    return thread

asyncio.run(rooms())
refused(lambda: ab.Orchestrator("with a journal", journal="own.db"))
assert cli(["list", "--journal", "lab.db"]) == 0
assert cli(["list"]) == 0
assert cli(["init", "first.yaml"]) == 0
assert cli(["check", "recipe.yaml"]) == 0
assert cli(["run", "recipe.yaml"]) != 0
for words in (["serve", "--port", "0"], ["replay", "app.log", "--port", "0"]):
    ending = when_it_serves(lambda: os.kill(os.getpid(), signal.SIGINT))
    assert cli(words) == 0, words
    ending.join()
print("DONE")
"""
RECIPE = """
apiVersion: autobench/v1
kind: Benchmark
metadata: {name: of a command}
spec:
  steps:
    - {id: say, run: 'echo hello'}
"""
RUN = """
await bench.run("echo hello from a command")
assert "hello from a command" in [entry.message for entry in bench.logs]
"""


def output_of(host: str, commands: str, folder: Path) -> str:
    """What a program prints that uses all of it on such a system, ``commands`` in the midst."""
    return printed_by(
        BEFORE + host + USE.replace("        COMMANDS\n", textwrap.indent(commands, " " * 8)),
        folder,
    )


def printed_by(text: str, folder: Path) -> str:
    program = folder / "program.py"
    program.write_text(text)
    done = subprocess.run(
        [sys.executable, "-W", "error::ResourceWarning", str(program)],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "JUPYTER_RUNTIME_DIR": str(folder)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr[-4000:]
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


def test_without_what_windows_lacks_recipes_devices_scans_and_the_shell_work_and_the_rest_says_why(
    tmp_path: Path,
) -> None:
    """What needs commands, or a lock that ends with its process: streams, and a journal that is written."""
    with ab.Orchestrator("here", journal=tmp_path / "lab.db", connection_file=False) as bench:
        bench.run({"answer": lambda: 42}).wait(30)
    (tmp_path / "recipe.yaml").write_text(RECIPE)
    (tmp_path / "app.log").write_text("2026-11-28T12:00:00Z INFO app: a line\n" * 3)
    printed = printed_by(BEFORE + WINDOWS + NO_PROC + ROOMS, tmp_path)
    stream, recipe, journal = (one for one in printed.splitlines() if one.startswith("REFUSED"))
    for sentence in (stream, recipe):
        assert "cannot run commands on this system" in sentence
        assert ".." not in sentence
    assert "no fcntl" in journal
    assert "WSL" in journal


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
