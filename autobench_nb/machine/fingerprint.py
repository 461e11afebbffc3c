"""The fingerprint of a machine: what a measured time depends on, and does not change from second to second."""

from __future__ import annotations

import dataclasses
import hashlib
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Self, cast

from autobench_nb.contract.machine import MachineRecord
from autobench_nb.machine.processor import Absent, read_processor
from autobench_nb.machine.source import Source, Sources
from autobench_nb.machine.surroundings import read_surroundings
from autobench_nb.machine.system import System
from autobench_nb.machine.tools import ToolVersions, programs_named

ID_CHARS: Final = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Fingerprint:
    """What is known of a machine. ``None`` is not known, or not there; ``absent`` says why, by the name on the wire.

    Attributes:
        host: The machine's name.
        architecture: Such as ``x86_64``.
        cpu_model: The processor's name.
        cores: Physical cores.
        processors: Logical processors that are online.
        usable: Processors that this process may use.
        max_mhz: The highest clock.
        governor: What governs the clock; several, with commas, where processors differ.
        turbo: Whether the clock may be raised above its base.
        smt: Whether cores run several threads.
        memory_bytes: All of the machine's memory.
        kernel: Name and release of the kernel.
        os: The distribution.
        virtualization: The hypervisor; ``none`` on bare metal, ``some`` where its name is hidden.
        container: What shuts the process in; ``none`` where nothing does.
        cgroup: The version of control groups.
        cpu_limit: Processors' worth of time that the process may use.
        memory_limit_bytes: Memory that it may use.
        tools: Versions by name.
        commit: Git's, of the folder in which the work runs.
        dirty: Whether tracked files differ from it.
        absent: Why values are not known, those of noise too.
    """

    host: str | None = None
    architecture: str | None = None
    cpu_model: str | None = None
    cores: int | None = None
    processors: int | None = None
    usable: int | None = None
    max_mhz: float | None = None
    governor: str | None = None
    turbo: bool | None = None
    smt: bool | None = None
    memory_bytes: int | None = None
    kernel: str | None = None
    os: str | None = None
    virtualization: str | None = None
    container: str | None = None
    cgroup: int | None = None
    cpu_limit: float | None = None
    memory_limit_bytes: int | None = None
    tools: Mapping[str, str] = field(default_factory=dict)
    commit: str | None = None
    dirty: bool | None = None
    absent: Mapping[str, str] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """Twelve hexadecimal digits: the same for the same values, in every process."""
        told = repr([(name, _sorted(getattr(self, name))) for name in _HASHED])
        return hashlib.sha256(told.encode("utf-8", "replace")).hexdigest()[:ID_CHARS]

    def record(self, seen_ms: float) -> MachineRecord:
        """The record of it; ``seen_ms``: when it was first found so, since 1970."""
        values = {_WIRE[name]: getattr(self, name) for name in _FIELDS}
        values["tools"], values["absent"] = dict(self.tools), dict(self.absent)
        return cast(MachineRecord, {"id": self.id, "seenAt": seen_ms, **values})

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Self:
        """Read what :meth:`record` gives; what is missing is not known."""
        return cls(**{name: record[key] for name, key in _WIRE.items() if key in record})


def _sorted(value: Any) -> Any:
    return sorted(value.items()) if isinstance(value, Mapping) else value


def _camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(part.capitalize() for part in rest)


_FIELDS: Final = tuple(one.name for one in dataclasses.fields(Fingerprint))
_HASHED: Final = tuple(name for name in _FIELDS if name != "absent")
_WIRE: Final = {name: _camel(name) for name in _FIELDS}


def read_fingerprint(
    folder: str | os.PathLike[str] | None = None,
    commands: Iterable[str] = (),
    *,
    system: System | None = None,
    noise_absent: Mapping[str, str] | None = None,
) -> Fingerprint:
    """Read what the machine is now.

    Args:
        folder: Whose commit of git is told; None: the working folder.
        commands: Shell commands; the versions of well-known programs that they name are told.
        system: Where it is read; None: this machine.
        noise_absent: Why measures of noise are missing, to stand beside the other reasons.
    """
    return FingerprintReader(system).read(folder, commands, noise_absent or {})


class FingerprintReader:
    """Reads fingerprints again and again, and asks programs only for what may have changed. Any thread may ask."""

    def __init__(self, system: System | None = None) -> None:
        self.system = System() if system is None else system
        self._sources = Sources()
        self._tools = ToolVersions()

    def read(
        self,
        folder: str | os.PathLike[str] | None = None,
        commands: Iterable[str] = (),
        noise_absent: Mapping[str, str] | None = None,
    ) -> Fingerprint:
        """Read what the machine is now; see :func:`read_fingerprint`."""
        system = self.system
        absent: Absent = dict(noise_absent or {})
        cpu = read_processor(system, absent)
        around = read_surroundings(system, absent)
        memory = _memory(system, absent)
        source = self._source(folder)
        if source.reason is not None:
            absent["commit"] = source.reason
        if source.dirty is None:
            absent["dirty"] = source.reason or "git does not tell"
        name = _os_name(system)
        if name is None:
            absent["os"] = "there is no os-release to read"
        usable = system.usable()
        if usable is None:
            absent["usable"] = "the system does not tell it"
        return Fingerprint(
            host=system.host or None,
            architecture=system.architecture or None,
            **cpu._asdict(),
            usable=usable,
            memory_bytes=memory,
            kernel=f"{system.name} {system.release}".strip() or None,
            os=name,
            **around._asdict(),
            tools=self._tools.of(system, programs_named(commands)),
            commit=source.commit,
            dirty=source.dirty,
            absent=absent,
        )

    def _source(self, folder: str | os.PathLike[str] | None) -> Source:
        try:
            place = os.path.abspath(os.fspath(folder) if folder else os.getcwd())
        except OSError:
            return Source(None, None, "the working folder is not there any more")
        return self._sources.of(self.system, place)


def _memory(system: System, absent: Absent) -> int | None:
    if system.name == "Darwin":
        told = system.program(["sysctl", "-n", "hw.memsize"])
        if told is not None and told.strip().isdecimal():
            return int(told)
    for line in (system.text("/proc/meminfo") or "").splitlines():
        words = line.split()
        if len(words) >= 2 and words[0] == "MemTotal:" and words[1].isdecimal():
            return int(words[1]) * 1024
    absent["memoryBytes"] = "neither /proc/meminfo nor sysctl tells it"
    return None


def _os_name(system: System) -> str | None:
    if system.name == "Darwin":
        told = system.program(["sw_vers", "-productVersion"])
        return None if told is None else f"macOS {told.strip()}"
    text = system.text("/etc/os-release") or system.text("/usr/lib/os-release") or ""
    fields = dict(line.partition("=")[::2] for line in text.splitlines() if "=" in line)
    name = fields.get("PRETTY_NAME") or fields.get("NAME") or ""
    return name.strip("\"'") or None
