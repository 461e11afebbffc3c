"""A real scheduler and real worker processes, for tests."""

from __future__ import annotations

import contextlib
import gc
import os
import signal
import socket
import subprocess
import sys
import threading
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

GPU = ("--resources", "GPU=1")
QUIET = {
    "DASK_DISTRIBUTED__SCHEDULER__WORK_STEALING": "False",
    "DASK_DISTRIBUTED__COMM__TIMEOUTS__CONNECT": "5s",
    "PYTHONWARNINGS": "ignore",
}


@dataclass
class Cluster:
    """A scheduler on a port of its own, and workers by name. ``address`` is the scheduler's.

    What a worker runs finds its name in ``WORKER``.
    """

    folder: Path
    address: str = ""
    scheduler: subprocess.Popen[bytes] | None = None
    workers: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    addresses: dict[str, str] = field(default_factory=dict)

    def start(self) -> None:
        """Start the scheduler and three workers; the third has the resource ``GPU``."""
        self.start_scheduler()
        self.start_workers({"w1": (), "w2": (), "w3": GPU})

    def start_scheduler(self) -> None:
        """Start it, on the port that it had before; returns when it listens."""
        port = self.address.rpartition(":")[2] or str(_free_port())
        self.address = f"tcp://127.0.0.1:{port}"
        arguments = ["--host", "127.0.0.1", "--port", port, "--no-dashboard", "--no-show"]
        self.scheduler = self._start("dask_scheduler", arguments)
        _heard(self.scheduler, "Scheduler at:")

    def start_workers(self, workers: Mapping[str, Sequence[str]]) -> None:
        """Start some, by name with their options; returns when all are registered."""
        for name, options in workers.items():
            self._start_worker(name, options)
        for name in workers:
            said = _heard(self.workers[name], "Registered to:")
            address = next(line.split()[-1] for line in said if "Start worker at:" in line)
            self.addresses[name] = address

    def _start_worker(self, name: str, options: Sequence[str]) -> None:
        arguments = [self.address, "--name", name, "--host", "127.0.0.1", "--no-dashboard"]
        arguments += ["--no-nanny", "--nthreads", "4", "--memory-limit", "0"]
        arguments += ["--local-directory", str(self.folder), "--death-timeout", "20", *options]
        self.workers[name] = self._start("dask_worker", arguments, WORKER=name)

    def kill(self, name: str) -> None:
        """Kill a worker as the kernel does when memory is short."""
        worker = self.workers.pop(name)
        worker.kill()
        worker.wait()

    def end_scheduler(self) -> None:
        """End the scheduler alone: with it there, another worker does what one that dies had begun."""
        assert self.scheduler is not None
        self.scheduler.kill()
        self.scheduler.wait()

    def end(self) -> None:
        """End all of it."""
        for process in (*self.workers.values(), self.scheduler):
            if process is not None and process.poll() is None:
                process.send_signal(signal.SIGKILL)
                process.wait()
        self.workers.clear()

    def _start(self, program: str, arguments: list[str], **env: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-m", f"distributed.cli.{program}", *arguments],
            env={**os.environ, **QUIET, **env},
            stderr=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            cwd=self.folder,
        )


def _heard(process: subprocess.Popen[bytes], sign: str) -> list[str]:
    """What a process has said until ``sign``; the rest is read and forgotten."""
    assert process.stderr is not None
    said = []
    for raw in process.stderr:
        said.append(raw.decode().strip())
        if sign in said[-1]:
            break
    else:
        raise AssertionError("\n".join(said))
    _drain(process.stderr)
    return said


def _drain(stream: IO[bytes]) -> None:
    def read() -> None:
        with contextlib.suppress(ValueError):
            for _ in stream:
                pass
        stream.close()

    threading.Thread(target=read, daemon=True).start()


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@contextlib.contextmanager
def running_cluster(folder: Path) -> Iterator[Cluster]:
    """A cluster of three workers, which ends with the context."""
    cluster = Cluster(folder)
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.end()
        # A client of Dask's whose scheduler has gone leaves its socket open: it is collected here, where nobody is
        # warned of it, and not within another test.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ResourceWarning)
            gc.collect()
