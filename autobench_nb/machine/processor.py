"""What the processor is, and how its clock is governed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from autobench_nb.machine.system import System, whole

MODEL_KEYS: Final = ("model name", "cpu model", "cpu", "uarch", "Hardware", "Model", "Processor")
"""Where ``/proc/cpuinfo`` of x86, MIPS, POWER, RISC-V and Arm names the model, best first."""
NO_SCALING: Final = (
    "the kernel shows no frequency scaling (usual in virtual machines and containers)"
)

Absent = dict[str, str]


class Processor(NamedTuple):
    """The processor; see :class:`~autobench_nb.machine.fingerprint.Fingerprint`."""

    cpu_model: str | None
    cores: int | None
    processors: int | None
    max_mhz: float | None
    governor: str | None
    turbo: bool | None
    smt: bool | None


def read_processor(system: System, absent: Absent) -> Processor:
    """The processor of ``system``; why a value is not known goes into ``absent``."""
    if system.name == "Darwin":
        return _of_darwin(system, absent)
    blocks = cpuinfo(system.text("/proc/cpuinfo"))
    folders = list(system.processors())
    processors = len([one for one in blocks if "processor" in one]) or None
    if processors is None:
        processors = _online(system.text("/sys/devices/system/cpu/online"))
    cores = _cores(system, blocks, folders)
    found = Processor(
        cpu_model=_model(system, blocks),
        cores=cores,
        processors=processors,
        max_mhz=_max_mhz(system, folders),
        governor=_governor(system, folders),
        turbo=_turbo(system),
        smt=_smt(system, cores, processors),
    )
    reasons = {
        "cpuModel": "/proc/cpuinfo names no model"
        if blocks
        else f"{system.name} has no /proc/cpuinfo to read",
        "cores": "neither /proc/cpuinfo nor /sys tells which processors share a core",
        "processors": "neither /proc/cpuinfo nor /sys lists the processors",
        "maxMhz": NO_SCALING,
        "governor": NO_SCALING,
        "turbo": "no driver says whether the clock may be raised (intel_pstate, cpufreq boost)",
        "smt": "neither /sys nor /proc/cpuinfo tells whether cores run several threads",
    }
    _explain(found, reasons, absent)
    return found


def _explain(found: Processor, reasons: Mapping[str, str], absent: Absent) -> None:
    for value, (name, reason) in zip(found, reasons.items(), strict=True):
        if value is None:
            absent[name] = reason


def cpuinfo(text: str | None) -> list[dict[str, str]]:
    """The blocks of ``/proc/cpuinfo``, one for each processor, and on some machines one for the board."""
    blocks: list[dict[str, str]] = [{}]
    for line in (text or "").splitlines():
        name, colon, value = line.partition(":")
        if not colon:
            if not line.strip() and blocks[-1]:
                blocks.append({})
            continue
        blocks[-1].setdefault(name.strip(), value.strip())
    return [block for block in blocks if block]


def _model(system: System, blocks: list[dict[str, str]]) -> str | None:
    for key in MODEL_KEYS:
        # The board's block comes last: its name is not the processor's where both are there.
        for block in blocks:
            if block.get(key):
                return " ".join(block[key].split())
    for block in blocks:
        if "CPU part" in block:
            return f"implementer {block.get('CPU implementer', '?')} part {block['CPU part']}"
    return system.text("/proc/device-tree/model") or None


def _cores(system: System, blocks: list[dict[str, str]], folders: list[str]) -> int | None:
    pairs = {(block.get("physical id"), block["core id"]) for block in blocks if "core id" in block}
    if pairs:
        return len(pairs)
    siblings = {
        told
        for folder in folders
        if (
            told := system.text(folder, "topology/core_cpus_list")
            or system.text(folder, "topology/thread_siblings_list")
        )
    }
    return len(siblings) or None


def _online(text: str | None) -> int | None:
    """How many processors a list such as ``0-3,6`` names."""
    count = 0
    for part in (text or "").split(","):
        first, _, last = part.partition("-")
        low, high = whole(first), whole(last or first)
        if low is None or high is None:
            return None
        count += high - low + 1
    return count


def _max_mhz(system: System, folders: list[str]) -> float | None:
    found = [
        kilohertz
        for folder in folders
        if (kilohertz := system.number(folder, "cpufreq/cpuinfo_max_freq")) is not None
    ]
    return max(found) / 1e3 if found else None


def _governor(system: System, folders: list[str]) -> str | None:
    found = {
        governor
        for folder in folders
        if (governor := system.text(folder, "cpufreq/scaling_governor"))
    }
    return ",".join(sorted(found)) or None


def _turbo(system: System) -> bool | None:
    base = "/sys/devices/system/cpu"
    refused = system.number(base, "intel_pstate/no_turbo")
    if refused is not None:
        return not refused
    boost = system.number(base, "cpufreq/boost")
    return None if boost is None else bool(boost)


def _smt(system: System, cores: int | None, processors: int | None) -> bool | None:
    active = system.number("/sys/devices/system/cpu/smt/active")
    if active is not None:
        return bool(active)
    if cores is None or processors is None:
        return None
    return processors > cores


def _of_darwin(system: System, absent: Absent) -> Processor:
    def told(name: str) -> str | None:
        text = system.program(["sysctl", "-n", name])
        return None if text is None else text.strip() or None

    hertz = whole(told("hw.cpufrequency_max"))
    cores, processors = whole(told("hw.physicalcpu")), whole(told("hw.logicalcpu"))
    found = Processor(
        cpu_model=told("machdep.cpu.brand_string"),
        cores=cores,
        processors=processors,
        max_mhz=None if hertz is None else hertz / 1e6,
        governor=None,
        turbo=None,
        smt=None if cores is None or processors is None else processors > cores,
    )
    missing = "sysctl does not tell it"
    reasons = dict.fromkeys(
        ("cpuModel", "cores", "processors", "maxMhz", "governor", "turbo", "smt"), missing
    )
    reasons["governor"] = reasons["turbo"] = "macOS governs the clock by itself and does not tell"
    _explain(found, reasons, absent)
    return found
