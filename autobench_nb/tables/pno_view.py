"""The read side of the pno scan: status, progress, findings and their summary."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from autobench_nb import tables
from autobench_nb.figures import counted
from autobench_nb.tables.records_view import ReadState
from autobench_nb.tables.schema import FINDINGS

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa


class PnoView:
    """The last pno scan, as the state has it. Each access reads anew, and what it gives are copies."""

    def __init__(self, read: ReadState) -> None:
        self._read = read

    @property
    def status(self) -> str:
        """``idle``, ``running``, or how the last scan ended."""
        return str(self._read("/pno/status", "idle"))

    @property
    def progress(self) -> float | None:
        """How far the scan is, 0 to 1; ``None`` before the first one."""
        progress: float | None = self._read("/pno/progress", None)
        return progress

    @property
    def last_run_at(self) -> str | None:
        """When the last scan started, in ISO 8601; ``None`` before the first one."""
        started: str | None = self._read("/pno/lastRunAt", None)
        return started

    @property
    def findings(self) -> list[dict[str, Any]]:
        """The findings, in the order in which they were reported."""
        findings: list[dict[str, Any]] = self._read("/pno/findings", [])
        return findings

    @property
    def summary(self) -> dict[str, Any]:
        """The findings counted: ``total``, and ``bySeverity``."""
        summary: dict[str, Any] = self._read("/pno/summary", {"total": 0, "bySeverity": {}})
        return summary

    def records(self) -> list[dict[str, Any]]:
        """The findings, by the name that every table's source has for its rows."""
        return self.findings

    def to_pandas(self) -> pd.DataFrame:
        """The findings as a DataFrame."""
        return tables.records_to_pandas(self.findings, FINDINGS)

    def to_arrow(self) -> pa.Table:
        """The findings as an Arrow table."""
        return tables.records_to_arrow(self.findings, FINDINGS)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.status}, {counted(len(self.findings), 'finding')}>"
