"""The noise of a machine beside each repetition: two looks, a few files each, no thread."""

from __future__ import annotations

import os
import time
from typing import Final, NamedTuple

from autobench_nb.machine.processor import Absent
from autobench_nb.machine.surroundings import cgroup_version, own_groups
from autobench_nb.machine.system import System

SHORTEST_S: Final = 0.02
"""The kernel counts stolen time in hundredths of a second: of a shorter repetition no share can be said."""
FRESH_S: Final = 0.01
"""Seconds for which a look holds: the end of one repetition is the beginning of the next, and the kernel's own counts
are no finer."""
ZONES: Final = (
    "x86_pkg_temp",
    "cpu-thermal",
    "cpu_thermal",
    "soc_thermal",
    "soc-thermal",
    "acpitz",
)
SENSORS: Final = ("coretemp", "k10temp", "zenpower", "cpu_thermal")
_STEAL: Final = 8
"""The column of ``cpu`` in ``/proc/stat`` (proc_stat(5))."""


class Noise(NamedTuple):
    """What else went on while a repetition ran; ``None`` where the machine does not tell, or it was shorter than 20 ms.

    ``load``: the system's load average of the last minute, at the end. ``cpu_mhz``: the clock of one processor, at the
    end. ``temperature_c``: of the processor, at the end. ``steal_s``: CPU seconds that the hypervisor gave to others.
    ``cpu_pressure``, ``io_pressure``: the share of its time, 0 to 1, in which some task of the machine waited for a
    processor or for a disk (PSI). ``thermal_throttles``: how often the processor slowed itself down for being too hot.
    ``cgroup_throttled_s``: seconds that the control group was held up at its limit.
    """

    load: float | None = None
    cpu_mhz: float | None = None
    temperature_c: float | None = None
    steal_s: float | None = None
    cpu_pressure: float | None = None
    io_pressure: float | None = None
    thermal_throttles: int | None = None
    cgroup_throttled_s: float | None = None


class NoiseLook(NamedTuple):
    """What the machine said at one moment. Counters run since its start; ``at_s``: by the monotonic clock."""

    at_s: float
    load: float | None
    cpu_mhz: float | None
    temperature_c: float | None
    steal_s: float | None
    cpu_waited_us: int | None
    io_waited_us: int | None
    throttles: int | None
    held_s: float | None


class NoiseMeter:
    """Looks at the machine. Which files tell something is found once, and they stay open until :meth:`close`.

    Args:
        system: Where they are read; None: this machine.

    Attributes:
        absent: Why a measure is missing, by its name on the wire.
    """

    def __init__(self, system: System | None = None) -> None:
        system = System() if system is None else system
        self.absent: Absent = {}
        self._files: list[SystemFile] = []
        self._ticks = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100
        self._last: NoiseLook | None = None
        self._told_load = system.load_average
        self._load = self._chosen(
            system, "load", ["/proc/loadavg"], "the system tells no load average"
        )
        if self._load is None and self._told_load() is not None:
            del self.absent["load"]
        self._stat = self._chosen(
            system, "stealS", ["/proc/stat"], "there is no /proc/stat to read"
        )
        self._mhz = self._chosen(
            system,
            "cpuMhz",
            [f"{folder}/cpufreq/scaling_cur_freq" for folder in system.processors()],
            "the kernel shows no frequency of its own (usual in virtual machines)",
        )
        self._temperature = self._chosen(
            system, "temperatureC", _thermometers(system), "no sensor of the processor is shown"
        )
        no_psi = "the kernel tells no pressure (PSI is off, or older than Linux 4.20)"
        self._cpu_psi = self._chosen(system, "cpuPressure", ["/proc/pressure/cpu"], no_psi)
        self._io_psi = self._chosen(system, "ioPressure", ["/proc/pressure/io"], no_psi)
        counters = [self._opened(path) for path in _throttle_files(system)]
        self._throttles = [file for file in counters if file is not None]
        if not self._throttles:
            self.absent["thermalThrottles"] = "the processor's driver counts no throttling"
        self._is_v1 = cgroup_version(system) == 1
        self._held = self._chosen(
            system,
            "cgroupThrottledS",
            [f"{folder}/cpu.stat" for folder in own_groups(system, "cpu")],
            "the control group counts no time at its limit",
        )
        if self._held and self._held_s() is None:
            self._held = None
            self.absent["cgroupThrottledS"] = "the control group counts no time at its limit"

    def look(self) -> NoiseLook:
        """What the machine says now, or said at most 10 ms ago."""
        now = time.monotonic()
        last = self._last
        if last is not None and now - last.at_s < FRESH_S:
            return last
        mhz, temperature = _number(self._mhz), _number(self._temperature)
        self._last = look = NoiseLook(
            now,
            self._told_load() if self._load is None else _load(self._load),
            None if mhz is None else mhz / 1e3,
            None if temperature is None else temperature / 1e3,
            self._steal_s(),
            _waited_us(self._cpu_psi),
            _waited_us(self._io_psi),
            self._throttle_count(),
            self._held_s(),
        )
        return look

    def close(self) -> None:
        """Close the files; nothing is told afterwards."""
        for file in self._files:
            file.close()

    def since(self, begin: NoiseLook) -> Noise:
        """The noise from the look at its beginning until now."""
        if time.monotonic() - begin.at_s < SHORTEST_S:
            # No share can be said, and the rest is as it was: to read it would take longer than many a program runs.
            return Noise(begin.load, begin.cpu_mhz, begin.temperature_c)
        return noise_between(begin, self.look())

    def _chosen(
        self, system: System, name: str, places: list[str], why_not: str
    ) -> SystemFile | None:
        """The first of the places that can be read; where none can, the reason is kept."""
        for place in places:
            file = self._opened(system.path(place)) if system.text(place) else None
            if file is not None:
                return file
        self.absent[name] = why_not
        return None

    def _opened(self, path: str) -> SystemFile | None:
        try:
            file = SystemFile(path)
        except OSError:
            return None
        self._files.append(file)
        return file

    def _steal_s(self) -> float | None:
        words = self._stat.read(512).split(b"\n", 1)[0].split() if self._stat else []
        try:
            return int(words[_STEAL]) / self._ticks
        except (ValueError, IndexError):
            return None

    def _throttle_count(self) -> int | None:
        counts = [count for file in self._throttles if (count := _number(file)) is not None]
        return int(sum(counts)) if counts else None

    def _held_s(self) -> float | None:
        name, scale = (b"throttled_time", 1e9) if self._is_v1 else (b"throttled_usec", 1e6)
        for line in (self._held.read(4096) if self._held else b"").splitlines():
            key, _, value = line.partition(b" ")
            if key == name and value.isdigit():
                return int(value) / scale
        return None


def noise_between(begin: NoiseLook, end: NoiseLook) -> Noise:
    """The noise between two looks. Pure.

    A counter that has fallen (the machine slept, or a processor was taken away) tells nothing.
    """
    elapsed_s = end.at_s - begin.at_s
    if elapsed_s < SHORTEST_S:
        return Noise(end.load, end.cpu_mhz, end.temperature_c)
    return Noise(
        end.load,
        end.cpu_mhz,
        end.temperature_c,
        _rise(begin.steal_s, end.steal_s),
        _share(_rise(begin.cpu_waited_us, end.cpu_waited_us), elapsed_s),
        _share(_rise(begin.io_waited_us, end.io_waited_us), elapsed_s),
        None if (rise := _rise(begin.throttles, end.throttles)) is None else int(rise),
        _rise(begin.held_s, end.held_s),
    )


def _rise(begin: float | None, end: float | None) -> float | None:
    if begin is None or end is None or end < begin:
        return None
    return round(end - begin, 6)


def _share(waited_us: float | None, elapsed_s: float) -> float | None:
    return None if waited_us is None else round(min(1.0, waited_us / 1e6 / elapsed_s), 4)


def _thermometers(system: System) -> list[str]:
    """Files with thousandths of a degree, the processor's own first."""
    zones: dict[str, str] = {}
    base = "/sys/class/thermal"
    for name in system.names(base):
        kind = system.text(base, name, "type") if name.startswith("thermal_zone") else None
        if kind:
            zones.setdefault(kind, f"{base}/{name}/temp")
    sensors: dict[str, str] = {}
    base = "/sys/class/hwmon"
    for name in system.names(base):
        kind = system.text(base, name, "name")
        if kind:
            sensors.setdefault(kind, f"{base}/{name}/temp1_input")
    return [
        *(zones[kind] for kind in ZONES[:-1] if kind in zones),
        *(sensors[kind] for kind in SENSORS if kind in sensors),
        *(zones[kind] for kind in ZONES[-1:] if kind in zones),
    ]


def _throttle_files(system: System) -> list[str]:
    """Counters of throttling: of each package that of its first processor, and the first core's."""
    packages: dict[str, str] = {}
    first: list[str] = []
    for folder in system.processors():
        core = f"{folder}/thermal_throttle/core_throttle_count"
        package = f"{folder}/thermal_throttle/package_throttle_count"
        if not first and system.number(core) is not None:
            first.append(system.path(core))
        if system.number(package) is not None:
            which = system.text(folder, "topology/physical_package_id") or "0"
            packages.setdefault(which, system.path(package))
    return [*packages.values(), *first]


# --- reading, as little as can be: this is done beside each repetition


class SystemFile:
    """One file of ``/proc`` or ``/sys``, opened once and read anew each time; None where it is not there."""

    def __init__(self, path: str) -> None:
        self._descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_CLOEXEC", 0))

    def read(self, size: int) -> bytes:
        """At most ``size`` bytes from its beginning; nothing where it cannot be read now."""
        try:
            return os.pread(self._descriptor, size, 0)
        except OSError:  # a sensor that sleeps, or that has gone, answers so
            return b""

    def close(self) -> None:
        """Give the descriptor back. Again: no effect."""
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)


def _number(file: SystemFile | None) -> float | None:
    try:
        return int(file.read(64)) if file else None
    except ValueError:
        return None


def _load(file: SystemFile) -> float | None:
    try:
        return float(file.read(64).split(b" ", 1)[0])
    except (ValueError, IndexError):
        return None


def _waited_us(file: SystemFile | None) -> int | None:
    """The total of ``some`` in a file of PSI."""
    line = file.read(256).split(b"\n", 1)[0] if file else b""
    _, found, total = line.partition(b"total=")
    return int(total) if found and total.isdigit() else None
