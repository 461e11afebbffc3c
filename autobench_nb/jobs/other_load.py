"""How busy the machine was with other work while a repetition ran: what explains a slow one."""

from __future__ import annotations

import os
import time
from typing import Final

STAT: Final = "/proc/stat"
SHORTEST_S: Final = 0.1
"""The kernel counts in hundredths of a second: of less than this nothing can be said."""
_BUSY: Final = (1, 2, 3, 6, 7, 8)
"""Columns of ``cpu`` (proc_stat(5)): user with guest, nice, system, irq, softirq, steal. Idle and iowait are none."""


class OtherLoad:
    """Begins to look when it is made. Linux alone says enough."""

    def __init__(self) -> None:
        self._busy_s = busy_s()
        self._began = time.monotonic()

    def processors(self, own_s: float | None) -> float | None:
        """How many processors work other than one's own kept busy, on average since the beginning.

        Args:
            own_s: CPU seconds that one's own work has used; None where that is not known.

        Returns:
            None where it cannot be told.
        """
        elapsed_s = time.monotonic() - self._began
        if self._busy_s is None or own_s is None or elapsed_s < SHORTEST_S:
            return None
        now_s = busy_s()
        if now_s is None:
            return None
        return round(max(0.0, (now_s - self._busy_s - own_s) / elapsed_s), 2)


def busy_s() -> float | None:
    """CPU seconds that all processors together have worked since the machine started; None where nobody says."""
    try:
        with open(STAT, "rb", buffering=0) as stat:
            words = stat.read(512).split(b"\n", 1)[0].split()
        ticks = sum(int(words[column]) for column in _BUSY)
    except (OSError, ValueError, IndexError):
        return None
    return ticks / os.sysconf("SC_CLK_TCK")
