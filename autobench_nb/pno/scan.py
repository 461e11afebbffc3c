"""The pno scan: how its status, progress and findings are written."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from typing import Any

from autobench_nb.state.model import Severity
from autobench_nb.state.records import iso_time
from autobench_nb.state.store import StateStore
from autobench_nb.tables.pno_view import PnoView


class Pno(PnoView):
    """One scan after the other: ``start``, then ``advance`` and ``finding``, then ``finish``.

    ``summary`` is derived from the findings by the store's own projection.
    """

    def __init__(self, store: StateStore, clock: Callable[[], float] = time.time) -> None:
        super().__init__(store.get)
        self._store = store
        self._clock = clock
        self._numbers = itertools.count(1)

    def start(self) -> None:
        """Begin a scan: the findings of the last one are forgotten."""
        now = iso_time(self._clock())
        self._store.merge(
            "/pno", {"status": "running", "progress": 0.0, "lastRunAt": now, "findings": []}
        )

    def advance(self, fraction: float) -> None:
        """Say how far the scan is: ``fraction`` from 0 to 1; what lies outside is taken for the nearer end."""
        self._store.set("/pno/progress", min(1.0, max(0.0, float(fraction))))

    def finding(
        self, check: str, message: str, severity: Severity | str = Severity.WARN, **fields: Any
    ) -> str:
        """Report what a check found.

        Args:
            check: The name of the check.
            message: What it found, for people.
            severity: How bad that is.
            fields: More fields of the finding, such as ``device``; ``id`` replaces the id that is made otherwise.

        Returns:
            The finding's id.

        Raises:
            SchemaError: The severity is not known, or a field cannot stand there.
        """
        name = str(fields.pop("id", None) or f"finding-{next(self._numbers)}")
        record = {
            "id": name,
            "severity": str(severity),
            "check": check,
            "message": message,
            **fields,
        }
        self._store.set("/pno/findings/-", record)
        return name

    def finish(self, status: str = "done") -> None:
        """Say that the scan has ended; ``status`` says how, and its progress becomes 1."""
        self._store.merge("/pno", {"status": status, "progress": 1.0})
