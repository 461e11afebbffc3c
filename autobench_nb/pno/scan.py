"""The pno scan, as the state's ``pno`` slice knows it: status, progress and findings."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

from autobench_nb.state.model import Severity
from autobench_nb.state.store import StateStore
from autobench_nb.tables.records import FINDINGS, records_to_arrow, records_to_pandas
from autobench_nb.tables.registry import utc_now

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa


class Pno:
    """Writes one scan after the other: ``start``, then ``progress`` and ``finding``, then ``finish``.

    ``/pno/summary`` is derived from the findings by the store's own projection.
    """

    def __init__(self, store: StateStore) -> None:
        self._store = store
        self._numbers = itertools.count(1)

    @property
    def status(self) -> str:
        """``idle``, ``running``, or what :meth:`finish` was given."""
        status: str = self._store.get("/pno/status")
        return status

    def start(self) -> None:
        """A scan begins: the findings of the last one are forgotten."""
        self._store.merge(
            "/pno", {"status": "running", "progress": 0.0, "lastRunAt": utc_now(), "findings": []}
        )

    def progress(self, fraction: float) -> None:
        """How far it is, 0 to 1."""
        self._store.set("/pno/progress", min(1.0, max(0.0, float(fraction))))

    def finding(
        self, check: str, message: str, severity: Severity | str = Severity.WARN, **fields: Any
    ) -> str:
        """Report what a check found; gives the finding's id. Raises :class:`SchemaError` for an unknown severity."""
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
        """The scan has ended."""
        self._store.merge("/pno", {"status": status, "progress": 1.0})

    def records(self) -> list[dict[str, Any]]:
        """The findings, in the order in which they were reported."""
        findings: list[dict[str, Any]] = self._store.get("/pno/findings")
        return findings

    def to_pandas(self) -> pd.DataFrame:
        """The findings as a DataFrame."""
        return records_to_pandas(self.records(), FINDINGS)

    def to_arrow(self) -> pa.Table:
        """The findings as an Arrow table."""
        return records_to_arrow(self.records(), FINDINGS)

    def __repr__(self) -> str:
        return f"<Pno {self.status}, {len(self.records())} findings>"
