"""Files of connection details, as Jupyter's own: how a user's other programs on this machine find what serves.

One JSON file for each server, for its owner's eyes alone (0600), in Jupyter's runtime folder. It holds the token. A
file goes when its server ends; one whose process has ended without that is swept by whoever looks or serves next.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import sys
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Self
from urllib.parse import urlsplit

from autobench_nb.transports.host_names import is_loopback

PREFIX: Final = "autobench-nb-"
MAX_BYTES: Final = 65_536
"""A larger file is none of ours."""


@dataclass(frozen=True, slots=True)
class RunningServer:
    """A server of this user on this machine, as its file tells.

    Attributes:
        name: Its orchestrator's.
        url: Where its page is.
        token: What signs in: a secret.
        epoch: The life of its orchestrator.
        pid: Its process.
        born: When that process began, in the system's own count; empty where the system does not tell. It tells a
            process from a later one of the same number.
        host: The machine's name: a home folder may be shared by several.
        started_at: When it began to serve, ISO 8601 in UTC.
        session: The notebook, where Jupyter tells; else the folder in which the process works.
    """

    name: str
    url: str
    token: str
    epoch: str
    pid: int
    born: str
    host: str
    started_at: str
    session: str

    @classmethod
    def here(cls, *, name: str, url: str, token: str, epoch: str) -> Self:
        """A server of this process that begins now."""
        pid = os.getpid()
        return cls(
            name=name,
            url=url,
            token=token,
            epoch=epoch,
            pid=pid,
            born=_born(pid),
            host=socket.gethostname(),
            started_at=datetime.now(UTC).isoformat(timespec="seconds"),
            session=os.environ.get("JPY_SESSION_NAME") or _working_folder(),
        )

    @classmethod
    def read(cls, path: Path) -> Self | None:
        """What the file tells; ``None`` where it is gone, is not this user's own, or is no such file."""
        try:
            with path.open("rb") as file:
                if hasattr(os, "getuid") and os.fstat(file.fileno()).st_uid != os.getuid():
                    return None
                told = json.loads(file.read(MAX_BYTES))
            fields = {field: told[field] for field in cls.__slots__}
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            return None
        types = {"pid": int}
        if not all(type(value) is types.get(field, str) for field, value in fields.items()):
            return None
        return cls(**fields)

    @property
    def is_here(self) -> bool:
        """Whether it was written on this machine, so that its process can be looked for."""
        return self.host == socket.gethostname()

    @property
    def is_alive(self) -> bool:
        """Whether its process still runs."""
        return self.pid == os.getpid() or (_is_running(self.pid) and _born(self.pid) == self.born)

    def serves(self, url: str) -> bool:
        """Whether ``url``, of a page or a socket, leads to it, and not through a proxy."""
        asked, own = urlsplit(url), urlsplit(self.url)
        names = {own.hostname, "localhost"} if is_loopback(own.hostname) else {own.hostname}
        return (
            asked.scheme in {"http", "ws"}
            and asked.port == own.port
            and asked.hostname in names
            and asked.path.removesuffix("ws") in {"", "/"}
        )


class ConnectionFile:
    """The file of one server, from :meth:`write` to :meth:`remove`. A fork of the process leaves it where it is."""

    def __init__(self) -> None:
        self.path: Path | None = None
        self._pid = os.getpid()

    def write(
        self, *, name: str, url: str, token: str, epoch: str, folder: Path | None = None
    ) -> None:
        """Write the file of a server that begins now.

        Args:
            name: Its orchestrator's.
            url: Where its page is.
            token: What signs in.
            epoch: The life of its orchestrator.
            folder: Where the file goes; by default the first of :func:`runtime_folders` that can be written to.

        Raises:
            OSError: The folder cannot be made or written to.
        """
        server = RunningServer.here(name=name, url=url, token=token, epoch=epoch)
        folder = _writable_folder() if folder is None else folder
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Nobody else may ever look: what killed processes have left would pile up.
        running_servers([folder])
        path = folder / f"{PREFIX}{server.pid}-{server.epoch}.json"
        # Made for the owner alone from its first byte on, and never to be seen half written.
        descriptor, draft = tempfile.mkstemp(prefix=f".{PREFIX}", dir=folder)
        try:
            with open(descriptor, "w", encoding="utf-8") as file:
                json.dump(asdict(server), file)
            os.replace(draft, path)
        except BaseException:
            os.unlink(draft)
            raise
        self.path = path

    def remove(self) -> None:
        """Take the file away; in a fork of the process that made it, do nothing."""
        if self.path is not None and os.getpid() == self._pid:
            with contextlib.suppress(FileNotFoundError):
                self.path.unlink()


def runtime_folder(environ: Mapping[str, str] | None = None) -> Path:
    """Jupyter's runtime folder: ``JUPYTER_RUNTIME_DIR``, or where Jupyter has it on this system."""
    variables = os.environ if environ is None else environ
    if given := variables.get("JUPYTER_RUNTIME_DIR"):
        return Path(given)
    return _data_folder(variables) / "runtime"


def runtime_folders(environ: Mapping[str, str] | None = None) -> list[Path]:
    """Where files may be: Jupyter's runtime folder, or where that is not writable the system's own of the user."""
    variables = os.environ if environ is None else environ
    session = variables.get("XDG_RUNTIME_DIR")
    return [runtime_folder(variables), *([Path(session) / "autobench-nb"] if session else [])]


def running_servers(folders: Iterable[Path] | None = None) -> list[RunningServer]:
    """The servers of this user on this machine whose processes run, oldest first. Files of ended ones are swept."""
    folders = runtime_folders() if folders is None else folders
    found: list[RunningServer] = []
    for path in (path for folder in folders for path in folder.glob(f"{PREFIX}*.json")):
        server = RunningServer.read(path)
        if server is None or not server.is_here:
            continue
        if server.is_alive:
            found.append(server)
        else:
            with contextlib.suppress(OSError):
                path.unlink()
    return sorted(found, key=lambda server: (server.started_at, server.url))


def _writable_folder() -> Path:
    """The first of the runtime folders that can be written to; the first of all where none can."""
    folders = runtime_folders()
    for folder in folders:
        with contextlib.suppress(OSError):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if os.access(folder, os.W_OK):
                return folder
    return folders[0]


def _data_folder(variables: Mapping[str, str]) -> Path:
    """As ``jupyter_core.paths.jupyter_data_dir`` finds it, which need not be installed."""
    if given := variables.get("JUPYTER_DATA_DIR"):
        return Path(given)
    home = Path.home()
    if sys.platform == "darwin":
        return home / "Library" / "Jupyter"
    if sys.platform == "win32":
        return Path(variables.get("APPDATA") or home / "AppData" / "Roaming") / "jupyter"
    return Path(variables.get("XDG_DATA_HOME") or home / ".local" / "share") / "jupyter"


def _is_running(pid: int) -> bool:
    if sys.platform == "win32":
        return _is_running_on_windows(pid)
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        # It runs, and is not this user's: then the file tells of another one, that had this number before.
        return False
    return True


def _is_running_on_windows(pid: int) -> bool:
    # There os.kill(pid, 0) would end the process.
    import ctypes

    kernel: Any = getattr(ctypes, "windll").kernel32  # noqa: B009 - only Windows has it
    handle = kernel.OpenProcess(0x1000, False, pid)  # PROCESS_QUERY_LIMITED_INFORMATION
    if not handle:
        return False
    kernel.CloseHandle(handle)
    return True


def _born(pid: int) -> str:
    """When the process began, in clock ticks since the machine did (proc(5), the 22nd field of ``stat``).

    Empty where the system has no ``/proc``, and for a process that has ended and only waits for its parent.
    """
    try:
        stat = Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return ""
    # The second field, the name in parentheses, may hold blanks and parentheses itself.
    fields = stat.rpartition(b")")[2].split()
    return "" if fields[0] in (b"Z", b"X") else fields[19].decode()


def _working_folder() -> str:
    try:
        return os.getcwd()
    except FileNotFoundError:
        return ""
