"""The kernel's cells: who made an orchestrator, and that one runs.

Cells that are run again: what an earlier run of the same cell has made gives way to what this run makes. A kernel knows
which cell it runs: the front end sends its id along (``metadata.cellId`` of the ``execute_request``). Elsewhere, and in
front ends that send none, nothing is known and nothing gives way.

While a cell runs the kernel is busy, and may not hear what clients say: IPython's events tell the servers so. Without
IPython nothing is told.
"""

from __future__ import annotations

import sys
import time
import weakref
from types import FrameType
from typing import Any, Final, Protocol

from autobench_nb.ipython import current_cell, running_shell


class Replaceable(Protocol):
    """An orchestrator, as far as it is used here."""

    name: str

    def close(self) -> None:
        """End it."""
        ...


class Listener(Protocol):
    """A server, as far as it is used here."""

    def cell_began(self, since_s: float) -> None:
        """A cell runs since then (seconds since 1970)."""
        ...

    def cell_ended(self) -> None:
        """No cell runs any more."""
        ...


_made_by: dict[str, tuple[str, list[weakref.ref[Replaceable]]]] = {}
"""By the cell's id: the run of it that was last, and what that has made."""


def register(made: Replaceable) -> str:
    """Say that ``made`` was made now. What an earlier run of this cell made is closed; the sentence that says so."""
    cell = current_cell()
    if cell is None:
        return ""
    name, run = cell
    last_run, references = _made_by.get(name, ("", []))
    closed: list[str] = []
    if last_run != run:
        for reference in references:
            old = reference()
            if old is not None:
                shown = repr(old)
                old.close()
                if "closed" not in shown:
                    closed.append(shown)
        references = []
    _made_by[name] = (run, [*references, weakref.ref(made)])
    if not closed:
        return ""
    gone = ", ".join(closed)
    sentence = f"This cell was run again: {gone} of its earlier run was closed, and this one stands instead."
    sys.stdout.write(sentence + "\n")
    return sentence


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


def tell(listener: Listener) -> None:
    """Tell ``listener`` of each cell that this kernel runs from now on, while it lives; nothing without IPython."""
    global _cells
    shell = running_shell()
    if shell is None or not hasattr(shell, "events"):
        return
    if _cells is None or _cells.shell is not shell:
        _cells = _Cells(shell)
    _cells.add(listener)
