"""How the browser tests wait for what no event tells."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest


def wait_until(fact: Callable[[], Any], what: str, timeout_s: float = 60.0) -> Any:
    """Poll ``fact`` until it is true; fail with ``what`` when it does not become so in time."""
    pause, deadline = threading.Event(), time.monotonic() + timeout_s
    while not (value := fact()):
        if time.monotonic() > deadline:
            pytest.fail(f"not within {timeout_s:g} s: {what}")
        pause.wait(0.05)
    return value
