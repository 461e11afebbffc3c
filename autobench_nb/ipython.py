"""IPython, where this process runs in it: it is never imported, since then it is there already."""

from __future__ import annotations

import sys
from typing import Any


def running_shell() -> Any:
    """The shell that runs cells in this process, or ``None``."""
    return getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
