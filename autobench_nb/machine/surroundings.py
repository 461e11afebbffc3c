"""What a process is shut into: a virtual machine, a container, limits of control groups."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from typing import Final, NamedTuple

from autobench_nb.machine.processor import Absent, cpuinfo
from autobench_nb.machine.system import System, whole

NO_LIMIT: Final = "no limit is set"
UNLIMITED_BYTES: Final = 1 << 62
"""Version 1 of control groups says "no limit" by a number near the largest."""
MAKERS: Final = (
    ("qemu", "kvm"),
    ("kvm", "kvm"),
    ("google compute engine", "kvm"),
    ("amazon ec2", "kvm"),
    ("digitalocean", "kvm"),
    ("vmware", "vmware"),
    ("virtualbox", "virtualbox"),
    ("innotek", "virtualbox"),
    ("parallels", "parallels"),
    ("bochs", "bochs"),
    ("xen", "xen"),
    ("hvm domu", "xen"),
    ("openstack", "openstack"),
    ("apple virtualization", "apple"),
    ("virtual machine", "microsoft"),
    ("bhyve", "bhyve"),
)
"""What the firmware's words for maker and product say of the hypervisor."""
CONTAINERS: Final = (
    ("kubepods", "kubernetes"),
    ("docker", "docker"),
    ("libpod", "podman"),
    ("containerd", "containerd"),
    ("lxc", "lxc"),
    ("garden", "garden"),
)


class Surroundings(NamedTuple):
    """What stands around; see :class:`~autobench_nb.machine.fingerprint.Fingerprint`."""

    virtualization: str | None
    container: str | None
    cgroup: int | None
    cpu_limit: float | None
    memory_limit_bytes: int | None


def read_surroundings(system: System, absent: Absent) -> Surroundings:
    """What stands around; why a value is not known goes into ``absent``."""
    version = cgroup_version(system)
    cpu, memory = _limits(system, version)
    found = Surroundings(_virtualization(system), _container(system, version), version, cpu, memory)
    if found.virtualization is None:
        absent["virtualization"] = "neither the firmware's words nor the processor's flags tell it"
    if found.container is None:
        absent["container"] = "nothing of Linux's signs of containers can be read here"
    if version is None:
        absent["cgroup"] = "no control groups are mounted at /sys/fs/cgroup"
    unlimited = NO_LIMIT if version else "there are no control groups that could set one"
    if cpu is None:
        absent["cpuLimit"] = unlimited
    if memory is None:
        absent["memoryLimitBytes"] = unlimited
    return found


# --- virtual machines


def _virtualization(system: System) -> str | None:
    if system.name == "Darwin":
        told = system.program(["sysctl", "-n", "kern.hv_vmm_present"])
        return {"1": "apple", "0": "none"}.get((told or "").strip())
    if "microsoft" in system.release.lower():
        return "wsl"
    hypervisor = system.text("/sys/hypervisor/type")
    if hypervisor:
        return hypervisor
    words = " ".join(
        system.text("/sys/class/dmi/id", name) or ""
        for name in ("sys_vendor", "product_name", "board_vendor", "bios_vendor")
    ).lower()
    for word, name in MAKERS:
        if word in words:
            return name
    compatible = system.text("/proc/device-tree/hypervisor/compatible")
    if compatible:
        return "kvm" if "kvm" in compatible else "xen" if "xen" in compatible else "some"
    flags = {
        flag
        for block in cpuinfo(system.text("/proc/cpuinfo"))
        for flag in block.get("flags", "").split()
    }
    if "hypervisor" in flags:
        return "some"
    return "none" if flags or words.strip() else None


# --- containers


def _container(system: System, version: int | None) -> str | None:
    if system.name == "Darwin":
        return "none"
    if system.environ.get("KUBERNETES_SERVICE_HOST"):
        return "kubernetes"
    told = system.text("/run/systemd/container") or system.environ.get("container")
    if told:
        return told
    if system.exists("/run/.containerenv"):
        return "podman"
    if system.exists("/.dockerenv"):
        return "docker"
    groups = (system.text("/proc/self/cgroup") or "").lower()
    for word, name in CONTAINERS:
        if word in groups:
            return name
    return "none" if version or system.exists("/proc/self") else None


# --- control groups


def cgroup_version(system: System) -> int | None:
    """2 for the unified tree, 1 for a tree of each controller, None where there is none.

    Where both are mounted, the controllers that limit stand in those of version 1.
    """
    if system.exists("/sys/fs/cgroup/cgroup.controllers"):
        return 2
    return 1 if any(system.exists("/sys/fs/cgroup", name) for name in ("cpu", "memory")) else None


def own_groups(system: System, controller: str) -> Iterator[str]:
    """The folders of this process's control group and of those above it, the innermost first.

    Args:
        system: Where they are read.
        controller: ``cpu`` or ``memory``.
    """
    version = cgroup_version(system)
    if version is None:
        return
    base = "/sys/fs/cgroup" if version == 2 else f"/sys/fs/cgroup/{controller}"
    place = "/"
    for line in (system.text("/proc/self/cgroup") or "").splitlines():
        _, controllers, path = [*line.split(":", 2), "", ""][:3]
        if (version == 2 and not controllers) or controller in controllers.split(","):
            place = path or "/"
    # Without a namespace of its own a container sees the host's path, of which nothing is mounted but the end.
    while place not in ("", "/"):
        folder = posixpath.join(base, place.lstrip("/"))
        if system.exists(folder):
            yield folder
        place = posixpath.dirname(place)
    yield base


def _limits(system: System, version: int | None) -> tuple[float | None, int | None]:
    if version is None:
        return None, None
    cpu = [
        limit
        for folder in own_groups(system, "cpu")
        if (limit := _cpu_limit(system, folder, version)) is not None
    ]
    name = "memory.max" if version == 2 else "memory.limit_in_bytes"
    memory = [
        limit
        for folder in own_groups(system, "memory")
        if (limit := system.number(folder, name)) is not None and 0 < limit < UNLIMITED_BYTES
    ]
    return min(cpu, default=None), min(memory, default=None)


def _cpu_limit(system: System, folder: str, version: int) -> float | None:
    if version == 2:
        quota_text, _, period_text = (system.text(folder, "cpu.max") or "").partition(" ")
        quota, period = whole(quota_text), whole(period_text)
    else:
        quota = system.number(folder, "cpu.cfs_quota_us")
        period = system.number(folder, "cpu.cfs_period_us")
    if quota is None or not period or quota <= 0:
        return None
    return quota / period
