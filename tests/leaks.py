"""What a test must not leave behind."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Iterator


@contextlib.contextmanager
def nothing_is_left() -> Iterator[None]:
    """No thread of ours, no process and no open descriptor more than before."""
    before = descriptors()
    yield
    assert [thread.name for thread in _threads()] == [], "threads are left"
    left = descriptors() - before
    assert left <= 0, f"{left} descriptors are left"


def _threads() -> list[threading.Thread]:
    ours = [one for one in threading.enumerate() if one.name.startswith("autobench")]
    end = time.monotonic() + 10
    for thread in ours:  # a thread that has told its result may still be on its way out
        thread.join(max(0.0, end - time.monotonic()))
    return [thread for thread in ours if thread.is_alive()]


def descriptors() -> int:
    """Sockets, pipes and files; a loop's own three are the test runner's."""
    kinds = []
    for name in os.listdir("/proc/self/fd"):
        with contextlib.suppress(OSError):
            kinds.append(os.readlink(f"/proc/self/fd/{name}"))
    return sum(kind.startswith(("socket:", "pipe:", "/")) for kind in kinds)
