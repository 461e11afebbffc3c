"""Kinds of machines as trees of files: what ``/proc`` and ``/sys`` of such a machine say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from autobench_nb.machine import System

X86: Final = """\
processor\t: {n}
vendor_id\t: GenuineIntel
model name\t: {model}
physical id\t: 0
core id\t\t: {core}
flags\t\t: fpu sse2 {more}
"""
CPU: Final = "/sys/devices/system/cpu"


def x86(model: str, processors: int, cores: int, more: str = "") -> str:
    """``/proc/cpuinfo`` of a processor of one package."""
    return "\n".join(
        X86.format(n=n, model=model, core=n % cores, more=more) for n in range(processors)
    )


def _common(load: str = "0.20") -> dict[str, str]:
    return {
        "/proc/loadavg": f"{load} 0.18 0.10 1/234 999\n",
        "/proc/stat": "cpu  100 0 50 9000 10 0 5 7 0 0\ncpu0 1 0 0 0 0 0 0 7 0 0\n",
        "/proc/meminfo": "MemTotal:       16000000 kB\nMemFree: 1 kB\n",
        "/etc/os-release": 'NAME="Debian GNU/Linux"\nPRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\n',
        "/proc/self/cgroup": "0::/user.slice\n",
    }


LAPTOP: Final = {
    **_common(),
    "/proc/cpuinfo": x86("Intel(R) Core(TM) i7-1185G7   @ 3.00GHz", 8, 4),
    **{f"{CPU}/cpu{n}/cpufreq/scaling_governor": "powersave\n" for n in range(8)},
    **{f"{CPU}/cpu{n}/cpufreq/cpuinfo_max_freq": "4800000\n" for n in range(8)},
    f"{CPU}/cpu0/cpufreq/scaling_cur_freq": "2987654\n",
    f"{CPU}/cpu0/thermal_throttle/core_throttle_count": "3\n",
    f"{CPU}/cpu0/thermal_throttle/package_throttle_count": "4\n",
    f"{CPU}/cpu0/topology/physical_package_id": "0\n",
    f"{CPU}/intel_pstate/no_turbo": "0\n",
    f"{CPU}/smt/active": "1\n",
    "/sys/class/dmi/id/sys_vendor": "LENOVO\n",
    "/sys/class/dmi/id/product_name": "20XW\n",
    "/sys/class/thermal/thermal_zone0/type": "acpitz\n",
    "/sys/class/thermal/thermal_zone0/temp": "40000\n",
    "/sys/class/thermal/thermal_zone10/type": "x86_pkg_temp\n",
    "/sys/class/thermal/thermal_zone10/temp": "61000\n",
    "/proc/pressure/cpu": "some avg10=0.00 avg60=0.00 avg300=0.00 total=500\nfull total=0\n",
    "/proc/pressure/io": "some avg10=0.00 avg60=0.00 avg300=0.00 total=70\nfull total=9\n",
    "/sys/fs/cgroup/cgroup.controllers": "cpu memory\n",
    "/sys/fs/cgroup/user.slice/cpu.max": "max 100000\n",
    "/sys/fs/cgroup/user.slice/memory.max": "max\n",
    "/sys/fs/cgroup/cpu.stat": "usage_usec 1\nuser_usec 1\nsystem_usec 0\n",
}
AMD_DESKTOP: Final = {
    **_common(),
    "/proc/cpuinfo": x86("AMD Ryzen 9 7950X", 16, 16),
    f"{CPU}/cpu0/cpufreq/scaling_governor": "performance\n",
    f"{CPU}/cpu1/cpufreq/scaling_governor": "schedutil\n",
    f"{CPU}/cpufreq/boost": "0\n",
    f"{CPU}/smt/active": "0\n",
    "/sys/class/hwmon/hwmon0/name": "nvme\n",
    "/sys/class/hwmon/hwmon0/temp1_input": "33000\n",
    "/sys/class/hwmon/hwmon2/name": "k10temp\n",
    "/sys/class/hwmon/hwmon2/temp1_input": "55125\n",
}
VIRTUAL: Final = {
    **_common(),
    "/proc/cpuinfo": x86("Intel Xeon Processor (Skylake)", 2, 1, "hypervisor"),
    "/sys/class/dmi/id/sys_vendor": "QEMU\n",
    "/sys/class/dmi/id/product_name": "Standard PC (Q35 + ICH9, 2009)\n",
}
CONTAINER_V2: Final = {
    **VIRTUAL,
    "/.dockerenv": "",
    "/proc/self/cgroup": "0::/\n",
    "/sys/fs/cgroup/cgroup.controllers": "cpu memory\n",
    "/sys/fs/cgroup/cpu.max": "150000 100000\n",
    "/sys/fs/cgroup/memory.max": "536870912\n",
    "/sys/fs/cgroup/cpu.stat": "usage_usec 9\nnr_throttled 2\nthrottled_usec 1500000\n",
}
NESTED_V2: Final = {
    **VIRTUAL,
    "/proc/self/cgroup": "0::/kubepods.slice/pod1/main\n",
    "/sys/fs/cgroup/cgroup.controllers": "cpu memory\n",
    "/sys/fs/cgroup/kubepods.slice/cpu.max": "max 100000\n",
    "/sys/fs/cgroup/kubepods.slice/pod1/cpu.max": "50000 100000\n",
    "/sys/fs/cgroup/kubepods.slice/pod1/memory.max": "1000000\n",
    "/sys/fs/cgroup/kubepods.slice/pod1/main/cpu.max": "200000 100000\n",
    "/sys/fs/cgroup/kubepods.slice/pod1/main/memory.max": "max\n",
}
CONTAINER_V1: Final = {
    **VIRTUAL,
    "/proc/self/cgroup": "4:memory:/docker/abc\n3:cpu,cpuacct:/docker/abc\n0::/\n",
    "/sys/fs/cgroup/cpu/cpu.cfs_quota_us": "200000\n",
    "/sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n",
    "/sys/fs/cgroup/cpu/cpu.stat": "nr_periods 5\nnr_throttled 1\nthrottled_time 2500000000\n",
    "/sys/fs/cgroup/memory/memory.limit_in_bytes": "268435456\n",
}
UNLIMITED_V1: Final = {
    **VIRTUAL,
    "/proc/self/cgroup": "4:memory:/\n1:cpu:/\n",
    "/sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1\n",
    "/sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n",
    "/sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n",
}
ARM_BOARD: Final = {
    **_common(),
    "/proc/cpuinfo": "processor\t: 0\nCPU implementer\t: 0x41\nCPU part\t: 0xd08\n\n"
    "processor\t: 1\nCPU implementer\t: 0x41\nCPU part\t: 0xd08\n\n"
    "Hardware\t: BCM2835\nModel\t\t: Raspberry Pi 4 Model B Rev 1.4\n",
    f"{CPU}/cpu0/topology/core_cpus_list": "0\n",
    f"{CPU}/cpu1/topology/core_cpus_list": "1\n",
    f"{CPU}/cpu0/cpufreq/scaling_governor": "ondemand\n",
    f"{CPU}/cpu1/cpufreq/scaling_governor": "ondemand\n",
    "/sys/class/thermal/thermal_zone0/type": "cpu-thermal\n",
    "/sys/class/thermal/thermal_zone0/temp": "48312\n",
}
ARM_CLOUD: Final = {
    **_common(),
    "/proc/cpuinfo": "processor\t: 0\nCPU implementer\t: 0x41\nCPU part\t: 0xd0c\n",
    f"{CPU}/online": "0\n",
    "/sys/class/dmi/id/sys_vendor": "Amazon EC2\n",
    "/proc/device-tree/hypervisor/compatible": "linux,kvm\0",
}
WINDOWS_LINUX: Final = {**_common(), "/proc/cpuinfo": x86("12th Gen Intel", 4, 2, "hypervisor")}
MAC: Final[dict[str, str]] = {}
NOTHING: Final[dict[str, str]] = {}
ODD: Final = {
    "/proc/cpuinfo": "\n\n:::\nprocessor\n",
    "/proc/loadavg": "not a number",
    "/proc/stat": "cpu  1 2\n",
    "/proc/meminfo": "MemTotal: much kB\n",
    "/proc/pressure/cpu": "some avg10=0\n",
    "/proc/self/cgroup": "nonsense\n",
    "/sys/fs/cgroup/cgroup.controllers": "\n",
    "/sys/fs/cgroup/cpu.max": "0 0\n",
    "/sys/fs/cgroup/memory.max": "-7\n",
    "/sys/fs/cgroup/cpu.stat": "throttled_usec x\n",
    f"{CPU}/cpu0/cpufreq/scaling_cur_freq": "<unknown>\n",
    f"{CPU}/smt/active": "maybe\n",
    f"{CPU}/online": "0-\n",
}
SYSCTL: Final = {
    "machdep.cpu.brand_string": "Apple M2",
    "hw.physicalcpu": "8",
    "hw.logicalcpu": "8",
    "hw.memsize": "17179869184",
    "kern.hv_vmm_present": "0",
}


def planted(folder: Path, files: Mapping[str, str], **more: Any) -> System:
    """A system whose root is ``folder``, with these files in it; ``more``: fields of :class:`System`."""
    for name, text in files.items():
        place = folder / name.lstrip("/")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, "utf-8")
    given = {
        "root": str(folder),
        "name": "Linux",
        "release": "6.1.0-18-amd64",
        "architecture": "x86_64",
        "host": "bench-1",
        "environ": {},
        "usable": lambda: 2,
        "program": lambda words: None,
        "load_average": lambda: None,
    }
    return System(**{**given, **more})


def sysctl(words: Sequence[str]) -> str | None:
    """What macOS's programs say."""
    if words[0] == "sw_vers":
        return "14.5\n"
    return SYSCTL.get(words[-1]) if words[0] == "sysctl" else None
