"""What processes use, read from ``/proc``; this needs Linux."""

from __future__ import annotations

import ctypes
import gc
import os
import re
import statistics
import time
from dataclasses import dataclass, field
from pathlib import Path

MB = 1_000_000
TICKS_A_S = os.sysconf("SC_CLK_TCK")


def memory_bytes(pid: int) -> int:
    """What a process holds of memory now."""
    match = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    assert match is not None
    return int(match[1]) * 1024


def trim() -> None:
    """Give back what this process holds and does not use, so that a look at its memory shows what is used.

    The C library keeps what threads have freed, each in an arena of its own: with bursts of thousands of lines by turns
    that is megabytes, more or less by chance.
    """
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)


def cpu_s(pid: int) -> float:
    """Processor time of a process since it began."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_A_S


@dataclass
class MemoryCourse:
    """The memory of one process over time."""

    pid: int
    times: list[float] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)

    def look(self) -> None:
        """Note what it is now."""
        self.times.append(time.monotonic())
        self.sizes.append(memory_bytes(self.pid))

    @property
    def slope(self) -> float:
        """Bytes an hour, the straight line through all that was noted."""
        if len(self.sizes) < 2:
            return 0.0
        return statistics.linear_regression(self.times, self.sizes).slope * 3600

    @property
    def growth(self) -> float:
        """Bytes, from the first third to the last one, as medians: what one look catches by chance does not count."""
        third = max(1, len(self.sizes) // 3)
        return statistics.median(self.sizes[-third:]) - statistics.median(self.sizes[:third])
