"""What goes wrong within the server: told in the log, in the telemetry and in the state, and never as a flood."""

from __future__ import annotations

import traceback
from collections import Counter
from collections.abc import Callable
from typing import Any, Final

from autobench_nb.errors import reason_of
from autobench_nb.logs.entry import Level
from autobench_nb.logs.ring.ring import LogRing
from autobench_nb.state.store import StateStore
from autobench_nb.sync.server.telemetry import Counters

CHANNEL: Final = "orchestrator"
KINDS_REMEMBERED: Final = 256
"""Kinds of fault (where, and what was raised) that are counted one by one; the table starts anew beyond that."""


class Faults:
    """Tells each kind of fault the first time, the 10th, the 100th and so on, with how often it has happened.

    ``wall``: seconds since 1970.
    """

    def __init__(
        self, store: StateStore, ring: LogRing, telemetry: Counters, wall: Callable[[], float]
    ) -> None:
        self._store = store
        self._ring = ring
        self._telemetry = telemetry
        self._wall = wall
        self._counts: Counter[tuple[str, str]] = Counter()
        self._pending: dict[str, Any] | None = None

    def tell(self, what: str, error: BaseException | None = None) -> None:
        """Something went wrong: ``what`` is a sentence for people, ``error`` what was raised, if anything was."""
        self._telemetry.errors += 1
        if len(self._counts) >= KINDS_REMEMBERED:
            self._counts.clear()
        kind = (what, type(error).__name__)
        self._counts[kind] += 1
        count = self._counts[kind]
        if str(count).strip("0") != "1":
            return
        again = "" if count == 1 else f" ({count:,} times by now)"
        reason = "" if error is None else f" {reason_of(error)}"
        trace = None if error is None else "".join(traceback.format_exception(error))
        self._ring.append(CHANNEL, Level.ERROR, f"{what}{reason}{again}", exc=trace)
        message = f"{what}{reason}".encode(errors="backslashreplace").decode()
        self._pending = {"ts": round(self._wall() * 1e3), "message": message[:500], "count": count}

    def report(self) -> None:
        """Write what is owed to ``/meta/lastError``, unless a batch is open: then the next flush does."""
        pending = self._pending
        if pending is not None and self._store.attempt(
            lambda: self._store.set("/meta/lastError", pending)
        ):
            self._pending = None
