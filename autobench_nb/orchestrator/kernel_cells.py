"""The kernel's cells that are run again: what an earlier run of a cell has made gives way to what this run makes.

A kernel knows which cell it runs: the front end sends its id along (``metadata.cellId`` of the ``execute_request``).
Elsewhere, and in front ends that send none, nothing is known and nothing gives way.
"""

from __future__ import annotations

import sys
import weakref
from typing import Protocol

from autobench_nb.ipython import current_cell


class Replaceable(Protocol):
    """An orchestrator, as far as it is used here."""

    name: str

    def close(self) -> None:
        """End it."""
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
