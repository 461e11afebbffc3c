"""Versions of tools: of Python and this package always, of well-known programs where a command names them."""

from __future__ import annotations

import os
import platform
import re
import shutil
from collections.abc import Iterable
from typing import Final

from autobench_nb import __version__
from autobench_nb.machine.system import System

_GNU: Final = (
    "7zz ar awk bash brotli bzip2 c++ cargo cc clang clang++ cmake cp curl dash dd dotnet emcc fio g++ gawk gcc "
    "gfortran ghc git grep gzip head hyperfine jq julia ld ld.lld lz4 lzip make meson mold mpirun nasm ninja node npm "
    "nvcc ocaml perf perl php pigz pypy3 python python3 qemu-system-x86_64 ruby rustc sed sort sqlite3 strace swift "
    "sysbench tail tar uv wc wget xz zip zstd"
)
KNOWN: Final[dict[str, str]] = {
    **dict.fromkeys(_GNU.split(), "--version"),
    **dict.fromkeys(("ffmpeg", "ffprobe", "java", "javac"), "-version"),
    **dict.fromkeys(("go", "openssl", "zig"), "version"),
}
"""Programs that tell their version and do nothing else when they are asked so. No other is ever started for that."""
_WORD: Final = re.compile(r"[A-Za-z0-9_.+/-]+")
_NUMBER: Final = re.compile(r"\d+(?:\.\d+)+[\w.+~-]*|(?<![\w.])\d+(?![\w.])")


def programs_named(commands: Iterable[str]) -> list[str]:
    """The well-known programs whose names stand in shell commands, sorted; an argument may be taken for one."""
    words = {
        os.path.basename(word) for command in commands for word in _WORD.findall(command[:10_000])
    }
    return sorted(words & KNOWN.keys())


class ToolVersions:
    """Asks programs for their versions, each once for as long as its file stays the same. Any thread may ask."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, int, int], str | None] = {}

    def of(self, system: System, programs: Iterable[str]) -> dict[str, str]:
        """The versions by name; programs that are not there, or say none, are left out."""
        found = {"python": platform.python_version(), "autobench-nb": __version__}
        for name in programs:
            version = self._version(system, name)
            if version is not None:
                found.setdefault(name, version)
        return dict(sorted(found.items()))

    def _version(self, system: System, name: str) -> str | None:
        path = shutil.which(name, path=system.environ.get("PATH"))
        if path is None or name not in KNOWN:
            return None
        try:
            file = os.stat(path)
        except OSError:
            return None
        key = (path, file.st_mtime_ns, file.st_size)
        if key not in self._known:
            self._known[key] = version_in(system.program([path, KNOWN[name]]))
        return self._known[key]


def version_in(text: str | None) -> str | None:
    """The first number with dots in what a program says of itself, else its first whole number; None without any."""
    line = next((line for line in (text or "").splitlines() if _NUMBER.search(line)), "")
    found = [match.group().rstrip(".,-") for match in _NUMBER.finditer(line)]
    dotted = [one for one in found if "." in one]
    return next(iter([*dotted, *found]), None)
