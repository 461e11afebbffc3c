"""All that a command has started ends with it, wherever it went."""

from __future__ import annotations

import os
import select
import shlex
import shutil
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path
from typing import BinaryIO

import pytest

from autobench_nb.processes.endings import EndKind
from autobench_nb.processes.launchers import Launchers
from tests.living import is_alive
from tests.processes.conftest import PATIENCE_S, Started, parent_of, shell

ROOT = Path(__file__).resolve().parents[2]
STAY = "echo $$ > {fifo}; sleep 1000; sleep 1000"
IMMORTAL = "trap '' TERM; " + STAY
PYTHON = f"{shlex.quote(sys.executable)} -I -S -c "
NEW_SESSION = (
    "import subprocess; subprocess.Popen(['sh', '-c', {stay!r}], start_new_session=True).wait()"
)
DAEMON = (
    "import os\n"
    "if os.fork(): os._exit(0)\n"
    "os.setsid()\n"
    "if os.fork(): os._exit(0)\n"
    "os.execvp('sh', ['sh', '-c', {stay!r}])"
)
WAYS = {
    "a child": "sh -c {stay}; true",
    "in the background": "sh -c {stay} & wait",
    "timeout": "timeout 300 sh -c {stay}",
    "setsid": "setsid sh -c {stay} & wait",
    "setsid --fork": "setsid --fork sh -c {stay}; sleep 1000",
    "nohup": "nohup sh -c {stay} & wait",
    "set -m": "bash -c 'set -m; eval \"$1\" & wait' bash {stay}",
    "start_new_session": PYTHON + "{new_session}",
    "a daemon": PYTHON + "{daemon}; sleep 1000",
    "a daemon of a session of timeout": "timeout 300 setsid " + PYTHON + "{daemon}; sleep 1000",
}


def command_text(way: str, fifo: Path, stay: str = IMMORTAL) -> str:
    stays = stay.format(fifo=fifo)
    return WAYS[way].format(
        stay=shlex.quote(stays),
        new_session=shlex.quote(NEW_SESSION.format(stay=stays)),
        daemon=shlex.quote(DAEMON.format(stay=stays)),
    )


def wait_for_end_of(pid: int) -> bool:
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    ready, _, _ = select.select([descriptor], [], [], PATIENCE_S)
    os.close(descriptor)
    return bool(ready)


@pytest.mark.parametrize("way", WAYS)
def test_a_tree_ends_when_its_command_is_stopped(
    launchers: Launchers, fifo: Path, way: str
) -> None:
    started = Started(launchers, shell(command_text(way, fifo)))
    pid = int(fifo.read_text())
    started.stop.request("cancelled", "cancelled")
    report = started.wait()
    assert (report.ending.kind, report.ending.reason) == (EndKind.STOPPED, "cancelled")
    assert not is_alive(pid)
    assert started.warnings == []


@pytest.mark.parametrize("way", ["setsid", "a daemon"])
def test_a_tree_ends_at_the_time_limit(launchers: Launchers, fifo: Path, way: str) -> None:
    started = Started(launchers, shell(command_text(way, fifo), timeout_s=3.0))
    pid = int(fifo.read_text())
    assert started.wait().ending.kind is EndKind.TIMED_OUT
    assert not is_alive(pid)


@pytest.mark.parametrize("way", ["setsid", "nohup", "in the background"])
def test_what_a_command_leaves_behind_is_ended_with_a_warning(
    launchers: Launchers, fifo: Path, way: str
) -> None:
    started = Started(launchers, shell(command_text(way, fifo).replace("& wait", "&")))
    pid = int(fifo.read_text())
    assert started.wait().ending.succeeded
    assert not is_alive(pid)
    assert started.warnings == ["It left processes behind, which are ended now"]


@pytest.mark.parametrize("way", ["timeout", "setsid", "a daemon"])
def test_a_tree_ends_when_its_launcher_is_killed(
    launchers: Launchers, fifo: Path, way: str
) -> None:
    text = command_text(way, fifo).replace("echo $$", "echo $$ $AB_STARTER")
    started = Started(launchers, shell(f"AB_STARTER=$PPID; export AB_STARTER; {text}"))
    pid, starter = map(int, fifo.read_text().split())
    os.kill(parent_of(starter), signal.SIGKILL)
    assert started.wait().ending.kind is EndKind.UNKNOWN
    assert wait_for_end_of(pid)


@pytest.mark.parametrize("pty", [False, True])
@pytest.mark.parametrize(
    "way", [way for way in WAYS if way not in ("a daemon", "a daemon of a session of timeout")]
)
def test_a_tree_ends_when_its_launcher_and_its_keeper_are_killed_together(
    launchers: Launchers, fifo: Path, way: str, pty: bool
) -> None:
    text = command_text(way, fifo).replace("echo $$", "echo $$ $AB_STARTER")
    started = Started(launchers, shell(f"AB_STARTER=$PPID; export AB_STARTER; {text}", pty=pty))
    pid, starter = map(int, fifo.read_text().split())
    launcher = parent_of(starter)
    keeper = parent_of(launcher)
    other = subprocess.Popen(["sleep", "1000"])  # a child of this process is no orphan
    try:
        os.kill(keeper, signal.SIGSTOP)  # so that it does not see the launcher go
        os.kill(launcher, signal.SIGKILL)
        os.kill(keeper, signal.SIGKILL)
        assert started.wait().ending.kind is EndKind.UNKNOWN
        assert wait_for_end_of(pid)
        assert other.poll() is None
        assert started.warnings == []
        # The next command gets a keeper of its own.
        assert Started(launchers, shell("true")).wait().ending.succeeded
    finally:
        other.kill()
        other.wait()


SCRIPT = """
import os, sys
from autobench_nb.processes.launchers import Launchers
from tests.processes.conftest import Started, shell
started = Started(Launchers(), shell({text!r}))
print(open({fifo!r}).read(), flush=True)
os.kill(os.getpid(), 9)
"""


@pytest.mark.parametrize("way", ["timeout", "setsid", "a daemon"])
def test_a_tree_ends_when_the_notebooks_process_is_killed(fifo: Path, way: str) -> None:
    code = SCRIPT.format(text=command_text(way, fifo), fifo=str(fifo))
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        check=False,
    )
    assert done.returncode == -signal.SIGKILL
    assert wait_for_end_of(int(done.stdout))


# What forks without end must end by itself when the test fails: nothing else could end it. All of its processes hold
# the named pipe open, so that whoever reads there sees when none is left.
FORKS = """
import os, signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
os.write(os.open({fifo!r}, os.O_WRONLY), b"x")
until = time.monotonic() + {limit}
while time.monotonic() < until:
    if os.fork():
        os._exit(0)
    os.setsid() if os.getpgrp() != os.getpid() else None
"""
FORKS_IN_C = """
#include <fcntl.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>
int main(void) {{
    signal(SIGTERM, SIG_IGN);
    write(open("{fifo}", O_WRONLY), "x", 1);
    for (time_t until = time(0) + {limit}; time(0) < until;) {{
        if (fork())
            _exit(0);
        setsid();
    }}
}}
"""


@pytest.fixture(params=["python", "c"])
def forks(request: pytest.FixtureRequest, tmp_path: Path, fifo: Path) -> str:
    """The command of a program that is never the same process for long."""
    if request.param == "python":
        return PYTHON + shlex.quote(FORKS.format(fifo=str(fifo), limit=PATIENCE_S))
    source, program = tmp_path / "forks.c", tmp_path / "forks"
    source.write_text(FORKS_IN_C.format(fifo=str(fifo), limit=PATIENCE_S))
    built = subprocess.run(["cc", "-o", program, source], capture_output=True, check=False)
    if built.returncode:
        pytest.skip("there is no C compiler")
    return shlex.quote(str(program))


def read_to_the_end(reader: BinaryIO) -> bytes:
    """What is still to be read, once nobody can write any more."""
    until = time.monotonic() + PATIENCE_S / 2
    select.select([reader], [], [], max(0.0, until - time.monotonic()))
    os.set_blocking(reader.fileno(), False)
    data = reader.read()
    assert data is not None, "somebody still has it open"
    return data


def test_what_forks_faster_than_it_is_found_is_stopped_and_ended(
    launchers: Launchers, fifo: Path, forks: str
) -> None:
    started = Started(launchers, shell(f"{forks}; sleep 1000"))
    with fifo.open("rb", buffering=0) as reader:
        assert reader.read(1) == b"x"
        started.stop.request("cancelled", "cancelled")
        assert started.wait().ending.kind is EndKind.STOPPED
        assert started.warnings == []
        assert read_to_the_end(reader) == b""


def test_what_forks_faster_than_it_is_found_ends_with_the_notebooks_process(
    fifo: Path, forks: str
) -> None:
    code = SCRIPT.format(text=f"{forks}; sleep 1000", fifo="/dev/stdin")
    command = [sys.executable, "-c", code]
    with (
        subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE) as script,
        fifo.open("rb", buffering=0) as reader,
    ):
        assert reader.read(1) == b"x"
        script.communicate(b"")
        assert read_to_the_end(reader) == b""


AS_SOMEBODY = """
import os, sys, threading, types
os.setgroups([])
os.setgid(65534)
os.setuid(65534)
package = types.ModuleType("autobench_nb")
package.__path__ = [{package!r}]
sys.modules["autobench_nb"] = package
from autobench_nb.processes.command import ProcessSpec
from autobench_nb.processes.launchers import Launchers
from autobench_nb.processes.shells import SilentSink
from autobench_nb.processes.stop import Stop
from autobench_nb.processes.watch import run_command
launchers, stop = Launchers(), Stop()
command = ProcessSpec(argv=("sh", "-c", {program!r} + " & wait"), cwd="/", env=dict(os.environ), grace_s=0.1)
sinks = dict.fromkeys(("stdout", "stderr"), SilentSink())
def run():
    run_command(launchers, command, sinks, stop=stop, warn=print)
thread = threading.Thread(target=run)
thread.start()
open("{fifo}").read()
stop.request("cancelled", "cancelled")
thread.join()
launchers.close()
"""


@pytest.mark.skipif(
    os.getuid() != 0, reason="making a program that runs as another user needs root"
)
def test_what_cannot_be_ended_is_named(tmp_path: Path, fifo: Path) -> None:
    """A program of root's that somebody else has started, and that has become root for good."""
    tmp_path.chmod(0o755)
    # One more of them where tests run on several workers.
    for folder in tmp_path.parents[:3]:
        if folder.stat().st_uid or folder.stat().st_mode & stat.S_ISVTX:
            break
        folder.chmod(0o755)
    fifo.chmod(0o666)
    source, program = tmp_path / "root.c", tmp_path / "becomes-root"
    source.write_text(
        "#include <unistd.h>\n#include <stdio.h>\n"
        "int main(void) { if (setuid(0)) return 1;"
        f' FILE *file = fopen("{fifo}", "w"); fprintf(file, "%d", getpid()); fclose(file);'
        " sleep(1000); return 0; }\n"
    )
    built = subprocess.run(["cc", "-o", program, source], capture_output=True, check=False)
    if built.returncode:
        pytest.skip("there is no C compiler")
    program.chmod(stat.S_ISUID | 0o755)
    # A Python that everybody may run: this one may stand in somebody's home.
    python = shutil.which("python3", path="/usr/bin:/usr/local/bin")
    code = AS_SOMEBODY.format(package=str(ROOT / "autobench_nb"), program=str(program), fifo=fifo)
    done = subprocess.run(
        [python or sys.executable, "-I", "-S", "-c", code],
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        pytest.skip(f"another user cannot run this: {done.stderr[-200:]}")
    assert "Not even SIGKILL could end" in done.stdout
    assert "becomes-root" in done.stdout
    pid = int(done.stdout.split("could end ")[1].split()[0])
    os.kill(pid, signal.SIGKILL)


# --- without what only Linux has


@pytest.mark.parametrize("how", [{"starter": False}, {"starter": False, "adopt": False}])
def test_without_a_starter_or_a_sub_reaper_a_group_still_ends(
    fifo: Path, how: dict[str, bool]
) -> None:
    launchers = Launchers(**how)
    started = Started(launchers, shell(command_text("in the background", fifo)))
    pid = int(fifo.read_text())
    started.stop.request("cancelled", "cancelled")
    assert started.wait().ending.kind is EndKind.STOPPED
    assert wait_for_end_of(pid)
    launchers.close()


def test_a_fork_of_the_process_lets_go_of_the_launchers(launchers: Launchers, fifo: Path) -> None:
    """It must neither end what is not its own, nor keep the launcher from seeing its owner's end."""
    started = Started(launchers, shell(f"cat {fifo}"))
    child = os.fork()
    if child == 0:
        launchers.close()
        os._exit(0)
    os.waitpid(child, 0)
    fifo.write_text("still here")
    assert started.wait().ending.succeeded
    assert started.sinks["stdout"].data == b"still here"
