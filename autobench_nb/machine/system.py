"""The operating system as it is asked here: files under a root, a few calls, a few programs. Tests give their own."""

from __future__ import annotations

import os
import platform
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

MAX_BYTES: Final = 1 << 20
"""Bytes of one file that are read: a list of 4,096 processors is longer, but its head says enough."""
PROGRAM_S: Final = 5.0
"""Seconds that a program may take to say what it knows."""


def run_program(words: Sequence[str]) -> str | None:
    """What a program prints on both of its streams; None where it cannot be run, fails, or takes too long."""
    try:
        done = subprocess.run(
            list(words),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=PROGRAM_S,
            check=True,
            env={**os.environ, "LC_ALL": "C", "GIT_OPTIONAL_LOCKS": "0"},
        )
    except (OSError, subprocess.SubprocessError, ValueError):
        return None
    return done.stdout.decode("utf-8", "replace")


def usable_processors() -> int | None:
    """How many processors this process may use; None where nobody says."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count()


def load_average() -> float | None:
    """The load average of the last minute, as the C library tells it; None where it does not."""
    try:
        return os.getloadavg()[0]
    except (OSError, AttributeError):
        return None


@dataclass(frozen=True)
class System:
    """Where facts about the machine are read.

    Attributes:
        root: The folder that stands for ``/``.
        name: ``Linux``, ``Darwin``, …
        release: The kernel's.
        architecture: ``x86_64``, ``aarch64``, …
        host: The machine's name.
        environ: The environment.
        usable: Gives how many processors this process may use.
        program: Runs a program and gives what it prints, None where it cannot.
        load_average: Gives the load average of the last minute where no file does.
    """

    root: str = "/"
    name: str = field(default_factory=platform.system)
    release: str = field(default_factory=platform.release)
    architecture: str = field(default_factory=platform.machine)
    host: str = field(default_factory=platform.node)
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)
    usable: Callable[[], int | None] = usable_processors
    program: Callable[[Sequence[str]], str | None] = run_program
    load_average: Callable[[], float | None] = load_average

    def path(self, *parts: str) -> str:
        """The place of ``/parts…`` under the root."""
        return os.path.join(self.root, *(part.lstrip("/") for part in parts))

    def text(self, *parts: str) -> str | None:
        """What the file says, without white space and NUL at its ends; None where it cannot be read."""
        try:
            with open(self.path(*parts), "rb", buffering=0) as file:
                data = file.read(MAX_BYTES)
        except (OSError, ValueError):
            return None
        return (data or b"").decode("utf-8", "replace").strip("\0 \t\r\n")

    def number(self, *parts: str) -> int | None:
        """The whole number that the file says; None where there is none."""
        return whole(self.text(*parts))

    def exists(self, *parts: str) -> bool:
        """Whether something stands there."""
        return os.path.exists(self.path(*parts))

    def names(self, *parts: str) -> list[str]:
        """What the folder holds, sorted, numbers by their size; nothing where it cannot be read."""
        try:
            return sorted(os.listdir(self.path(*parts)), key=lambda name: (len(name), name))
        except OSError:
            return []

    def processors(self) -> Iterator[str]:
        """The folders of the processors: ``/sys/devices/system/cpu/cpu0`` and so on."""
        base = "/sys/devices/system/cpu"
        for name in self.names(base):
            if name.startswith("cpu") and name[3:].isdecimal():
                yield f"{base}/{name}"


def whole(text: str | None) -> int | None:
    """A whole number in a text; None where it is none."""
    try:
        return None if text is None else int(text)
    except ValueError:
        return None
