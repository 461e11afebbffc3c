"""What a command cost; CPU time of the calling thread and peak memory of this process, as far as the system tells."""

from __future__ import annotations

import resource
import sys
import time
from typing import Final, NamedTuple

_THREAD: Final[int | None] = getattr(resource, "RUSAGE_THREAD", None)  # Linux


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
    if _THREAD is None:
        return time.thread_time(), None
    usage = resource.getrusage(_THREAD)
    return usage.ru_utime, usage.ru_stime


def forget_peak() -> bool:
    """Let the process's peak memory begin anew (Linux, ``/proc/self/clear_refs``); False where that is not possible."""
    try:
        with open("/proc/self/clear_refs", "w") as file:
            file.write("5")
    except OSError:
        return False
    return True


def peak_bytes() -> int:
    """The process's peak resident memory: since :func:`forget_peak` on Linux, since its start elsewhere."""
    try:
        with open("/proc/self/status") as file:
            for line in file:
                if line.startswith("VmHWM:"):
                    return int(line.split()[1]) * 1024
    except OSError:
        pass
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
