"""Pictures that stay in the saved notebook: one output beside each view, brought up to date when something has settled.

A view's own output is worth nothing without its kernel. So each view is preceded by an output that is plain HTML
(:mod:`autobench_nb.notebook.picture`) and that the live view hides while there is one. The picture is made anew after a
cell, when all jobs have ended, and when the orchestrator closes; never more often than its cost and
:data:`INTERVAL_S` allow, so that what ticks all the time costs nothing.
"""

from __future__ import annotations

import asyncio
import os
import sys
import threading
import time
import weakref
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import uuid4

from autobench_nb.ipython import current_cell, running_shell
from autobench_nb.logs.entry import LogEntry
from autobench_nb.notebook.picture import LINES, ROWS, Moment, picture_html

INTERVAL_S: Final = 5.0
"""Between two pictures of one view, except the last."""
FIRST_S: Final = 1.0
"""Until the first picture, where a page shows the live view: Jupyter loads MathJax for the first HTML of a page."""
PLACE: Final = "application/vnd.autobench.place"
"""What stands in the picture's place until then: nobody renders it, so that it takes no room."""
COST_SHARE: Final = 0.01
"""The share of the time that pictures may take."""


class KeptPicture:
    """The picture of one view of ``host``, in every output that shows the view.

    Args:
        host: Whose state, results and log it shows.
        view: Which parts it has, a key of :data:`autobench_nb.notebook.picture.PARTS`.
        entries: Gives the newest log entries to show, so many at most, oldest first.
    """

    def __init__(self, host: Any, view: str, entries: Callable[[int], Sequence[LogEntry]]) -> None:
        self._host = host
        self._view = view
        self._entries = entries
        self._id = f"autobench-{uuid4().hex}"
        self._shell: Any = None
        self._seen: tuple[Any, ...] = ()
        self._due = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._is_finished = False
        self._lock = threading.Lock()

    def show(self) -> None:
        """Put the picture among the outputs of the cell that runs now; in a host that would not hide it, do nothing.

        Where a front end shows the live view, the picture's place is empty for :data:`FIRST_S` seconds.
        """
        shell = _shell()
        if shell is None:
            return
        is_first = self._shell is None
        self._shell = shell
        with self._lock:
            if is_first and current_cell() is not None:
                self._put({PLACE: ""}, update=False)
                self._due = time.monotonic() + FIRST_S
            else:
                self._publish(update=False)
        if is_first:
            _pictures_of(shell).add(self)
            self._host.state.subscribe(_weakly(self._on_jobs), "/jobs/running")
            self._host.before_close(_weakly(self.finish))

    def refresh(self) -> None:
        """Make the picture anew, now or when it is due, where anything has changed since."""
        if self._shell is None or self._is_finished or self._position() == self._seen:
            return
        wait_s = self._due - time.monotonic()
        if wait_s <= 0:
            # Whoever makes it now, on another thread, makes it of the same moment.
            if self._lock.acquire(blocking=False):
                try:
                    self._publish(update=True)
                finally:
                    self._lock.release()
            return
        if self._timer is not None:
            return
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            # No loop would wake us: the next cell's end, or the close, makes it good.
            return
        self._timer = loop.call_later(wait_s, self._refresh_late)

    def finish(self) -> None:
        """Make the last picture: its orchestrator closes now."""
        self._is_finished = True
        if self._shell is not None:
            with self._lock:
                self._publish(update=True, is_closed=True)

    def _refresh_late(self) -> None:
        self._timer = None
        self.refresh()

    def _publish(self, *, update: bool, is_closed: bool = False) -> None:
        began = time.monotonic()
        self._seen = self._position()
        html = picture_html(self._moment(is_closed), self._view)
        # Without HTML a host shows the text, which is nothing.
        self._put({"text/html": html, "text/plain": ""}, update=update)
        now = time.monotonic()
        self._due = now + max(INTERVAL_S, (now - began) / COST_SHARE)

    def _put(self, data: dict[str, str], *, update: bool) -> None:
        self._shell.display_pub.publish(data, transient={"display_id": self._id}, update=update)

    def _moment(self, is_closed: bool) -> Moment:
        host = self._host
        # A client would have to ask its server for them, and wait: only an orchestrator has them at hand.
        page = getattr(host.results, "page", None)
        return Moment(
            title=host.name,
            taken_at=datetime.now().astimezone(),
            state=host.state.get(""),
            entries=self._entries(LINES),
            results=[] if page is None else _newest(page),
            result_count=0 if page is None else page(0, 0).end,
            is_closed=is_closed,
            redactor=host.redactor,
        )

    def _position(self) -> tuple[Any, ...]:
        """What is another one whenever the picture would be."""
        return (self._host.state.version, self._host.logs.next_seq)

    def _on_jobs(self, _commit: object) -> None:
        jobs = self._host.jobs
        if not jobs.running and not jobs.queue:
            self.refresh()


def _newest(page: Callable[[int, int], Any]) -> list[Any]:
    rows: list[Any] = page(max(0, page(0, 0).end - ROWS), ROWS).rows
    return rows


def _weakly(method: Callable[..., None]) -> Callable[..., None]:
    """``method``, as long as its owner lives: what calls it keeps nobody alive."""
    reference = weakref.WeakMethod(method)

    def call(*arguments: object) -> None:
        alive = reference()
        if alive is not None:
            alive(*arguments)

    return call


_followed: weakref.WeakKeyDictionary[Any, weakref.WeakSet[KeptPicture]] = (
    weakref.WeakKeyDictionary()
)


def _pictures_of(shell: Any) -> weakref.WeakSet[KeptPicture]:
    """The pictures of ``shell``, which are looked after whenever one of its cells has ended."""
    if shell in _followed:
        return _followed[shell]
    pictures: weakref.WeakSet[KeptPicture] = weakref.WeakSet()
    _followed[shell] = pictures

    def after_cell(*_result: object) -> None:
        for picture in tuple(pictures):
            picture.refresh()

    shell.events.register("post_run_cell", after_cell)
    return pictures


def _shell() -> Any:
    """The shell of a kernel whose front end hides a picture beside its live view, or ``None``."""
    if "google.colab" in sys.modules or "VSCODE_PID" in os.environ:
        return None
    shell = running_shell()
    return shell if hasattr(shell, "kernel") else None
