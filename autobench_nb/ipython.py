"""IPython, where this process runs in it: it is never imported, since then it is there already."""

from __future__ import annotations

import sys
from typing import Any


def running_shell() -> Any:
    """The shell that runs cells in this process, or ``None``."""
    return getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()


def current_cell() -> tuple[str, str] | None:
    """The id of the cell that runs now, and of this run of it; ``None`` where that is not known."""
    get_parent = getattr(running_shell(), "get_parent", None)
    if get_parent is None:
        return None
    parent = get_parent()
    if not isinstance(parent, dict):
        return None
    metadata, header = parent.get("metadata"), parent.get("header")
    cell = metadata.get("cellId") if isinstance(metadata, dict) else None
    run = header.get("msg_id") if isinstance(header, dict) else None
    return (str(cell), str(run)) if cell and run else None
