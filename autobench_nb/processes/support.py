"""What this system has of what commands need."""

from __future__ import annotations

import importlib
import os
import socket
from functools import cache
from typing import Final

_MODULES: Final = ("fcntl", "termios", "resource")
_FUNCTIONS: Final = ((os, "fork"), (os, "openpty"), (os, "posix_spawn"), (socket, "send_fds"))


@cache
def why_no_commands() -> str | None:
    """Why commands cannot be started, measured and ended here, as a sentence; ``None`` where they can."""
    missing = [name for name in _MODULES if not _is_there(name)]
    missing += [f"{one.__name__}.{name}" for one, name in _FUNCTIONS if not hasattr(one, name)]
    if not missing:
        return None
    return (
        f"cannot run commands on this system, whose Python has no {', '.join(missing)}: run callables, or run the "
        "commands on Linux or macOS (on Windows: in WSL)."
    )


def _is_there(name: str) -> bool:
    try:
        importlib.import_module(name)
    except ModuleNotFoundError:
        return False
    except (ImportError, OSError):
        return True  # it is there, but cannot be opened just now: no descriptors are left
    return True
