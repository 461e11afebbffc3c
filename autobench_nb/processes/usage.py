"""What a command cost; CPU time of the calling thread and peak memory of this process, as far as the system tells."""

from __future__ import annotations

import importlib
import sys
import time
from functools import cache
from types import ModuleType
from typing import NamedTuple


class Usage(NamedTuple):
    """What a command cost. Seconds and bytes.

    ``user_s`` and ``system_s``: CPU time of the command and of the descendants that it waited for. ``peak_bytes``: the
    largest resident memory of any one of them; None where it is not above ``floor_bytes``, what a program inherits
    from the process that it is started from, and so not known.
    """

    wall_s: float
    user_s: float
    system_s: float
    peak_bytes: int | None
    floor_bytes: int = 0


def thread_cpu_s() -> tuple[float, float | None]:
    """User and system seconds that this thread has used; elsewhere than on Linux their sum, and ``None``."""
    resource = _resource()
    thread = getattr(resource, "RUSAGE_THREAD", None)
    if resource is None or thread is None:
        return time.thread_time(), None
    usage = resource.getrusage(thread)
    return usage.ru_utime, usage.ru_stime


def forget_peak() -> bool:
    """Let the process's peak memory begin anew (Linux, ``/proc/self/clear_refs``); False where that is not possible."""
    try:
        with open("/proc/self/clear_refs", "w") as file:
            file.write("5")
    except OSError:
        return False
    return True


def peak_bytes() -> int | None:
    """The process's peak resident memory: since :func:`forget_peak` on Linux, since its start elsewhere.

    ``None`` where the system does not tell (Windows).
    """
    try:
        with open("/proc/self/status") as file:
            for line in file:
                if line.startswith("VmHWM:"):
                    return int(line.split()[1]) * 1024
    except OSError:
        pass
    resource = _resource()
    if resource is None:
        return None
    peak: int = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


@cache
def _resource() -> ModuleType | None:
    """The standard module of that name, which Windows has not."""
    try:
        return importlib.import_module("resource")
    except ImportError:
        return None
