"""Numbers as people read them, in the same words as on the page (js/src/views/shared/format.ts). Pure."""

from __future__ import annotations

import math


def duration(seconds: float) -> str:
    """``9.10 s``, ``1 m 42 s``, ``2 h 05 m``."""
    if seconds < 0.001:
        return f"{seconds * 1e6:.0f} µs"
    if seconds < 1:
        return f"{seconds * 1e3:.0f} ms"
    if seconds < 9.995:
        return f"{seconds:.2f} s"
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    minutes, left = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} m {left:02} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02} m" if hours < 24 else f"{hours // 24:,} d {hours % 24:02} h"


def size(count: float) -> str:
    """``3.2 MiB`` of a number of bytes."""
    if count < 1024:
        return f"{count:.0f} B"
    power = min(4, int(math.log(count, 1024)))
    scaled = count / 1024**power
    return f"{scaled:.{0 if scaled >= 100 else 1}f} {('KiB', 'MiB', 'GiB', 'TiB')[power - 1]}"
