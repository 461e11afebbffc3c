"""What a notebook's cell needs that waits for a run: a line where nobody looked at failures, and a loop that wakes up.

Outside of IPython nothing of this happens.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, Protocol

from autobench_nb.ipython import running_shell
from autobench_nb.jobs.verdict import line_of
from autobench_nb.lazy import LazyModule

if TYPE_CHECKING:
    import asyncio

    from autobench_nb.jobs.run import Run
else:
    asyncio = LazyModule("asyncio")

WAKE_S: Final = 0.2
"""How long an interrupt of a cell that awaits may go unnoticed."""


class _Shell(Protocol):
    """IPython, as far as it is used here."""

    events: Any


def _shell() -> _Shell | None:
    """The shell whose cell runs in this thread."""
    if threading.current_thread() is not threading.main_thread():
        return None
    shell = running_shell()
    return shell if hasattr(shell, "events") else None


def tell_when_it_ends(run: Run) -> None:
    """Write a line about failures when the cell has ended, unless the run was shown or checked by then.

    Elsewhere nothing is written: a program asks by :meth:`Run.check`.
    """
    shell = _shell()
    if shell is None:
        return
    events = shell.events

    def tell(*results: Any) -> None:
        events.unregister("post_run_cell", tell)
        has_raised = any(getattr(result, "success", True) is False for result in results)
        if not run.is_looked_at and not has_raised:
            sys.stderr.write(line_of(run) + "\n")

    events.register("post_run_cell", tell)


def keep_awake() -> Callable[[], None]:
    """Let the running loop turn now and then, so that the interrupt of a cell is noticed. Returns how to end that.

    ipykernel tells its loop of an interrupt without waking it, so that a cell which awaits would go on until anything
    else wakes the loop.
    """
    if _shell() is None:
        return _nothing
    loop = asyncio.get_running_loop()
    handles: list[asyncio.TimerHandle] = []

    def turn() -> None:
        handles[:] = [loop.call_later(WAKE_S, turn)]

    turn()
    return lambda: handles[0].cancel()


def _nothing() -> None:
    """Nothing is to be ended."""
