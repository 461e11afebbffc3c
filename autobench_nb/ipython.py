"""IPython, where this process runs in it: it is never imported, since then it is there already.

While a cell runs the kernel is busy, and may not hear what pages say: IPython's events tell whoever asks to be told.
"""

from __future__ import annotations

import sys
import time
import weakref
from types import FrameType
from typing import Any, Final, Protocol


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


class Listener(Protocol):
    """Wants to know when a cell runs."""

    def cell_began(self, since_s: float) -> None:
        """A cell runs since then (seconds since 1970)."""
        ...

    def cell_ended(self) -> None:
        """No cell runs any more."""
        ...


class _Cells:
    """Tells ``listeners`` of the outermost cell that ``shell`` runs."""

    def __init__(self, shell: Any) -> None:
        self.shell = shell
        self.listeners: weakref.WeakSet[Listener] = weakref.WeakSet()
        self._outermost: object = None
        shell.events.register("pre_run_cell", self._began)
        shell.events.register("post_run_cell", self._ended)

    def add(self, listener: Listener) -> None:
        """Tell this one, too; at once where the caller is within a cell, as who begins to serve usually is."""
        self.listeners.add(listener)
        if self._outermost is None and self._runs_one():
            self._outermost = _ALREADY
        if self._outermost is not None:
            listener.cell_began(time.time())

    def _began(self, info: object) -> None:
        if self._runs_one():
            return  # by ``run_cell`` within the outermost
        self._outermost = info
        now = time.time()
        for listener in tuple(self.listeners):
            listener.cell_began(now)

    def _ended(self, result: Any) -> None:
        is_it = self._outermost is _ALREADY or self._outermost is getattr(result, "info", None)
        if self._outermost is None or not is_it:
            return
        self._outermost = None
        for listener in tuple(self.listeners):
            listener.cell_ended()

    def _runs_one(self) -> bool:
        """Whether the caller is within a cell of the shell's: its frames tell, whatever events were missed."""
        frame: FrameType | None = sys._getframe()
        while frame is not None:
            if frame.f_code.co_name == "run_code" and frame.f_locals.get("self") is self.shell:
                return True
            frame = frame.f_back
        return False


_ALREADY: Final = object()
_cells: _Cells | None = None


def tell_of_cells(listener: Listener) -> None:
    """Tell ``listener`` of each cell that this kernel runs from now on, while it lives; nothing without IPython."""
    global _cells
    shell = running_shell()
    if shell is None or not hasattr(shell, "events"):
        return
    if _cells is None or _cells.shell is not shell:
        _cells = _Cells(shell)
    _cells.add(listener)
