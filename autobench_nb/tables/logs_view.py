"""The held log entries of an orchestrator, out as tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from autobench_nb import tables
from autobench_nb.logs.entry import LogEntry
from autobench_nb.logs.query.predicate import RegexKernel
from autobench_nb.logs.ring.view import LogView
from autobench_nb.tables.regex_kernel import search_column

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa


class Logs(LogView):
    """The held log entries, oldest first: a live sequence, narrowed by :meth:`query`, out as tables."""

    def _regex_kernel(self) -> RegexKernel:
        """Arrow's own, which looks at a whole column in one call."""
        return search_column

    @property
    def next_seq(self) -> int:
        """One after the newest entry of all."""
        return self.ring.next_seq

    def since(self, seq: int) -> list[LogEntry]:
        """The entries of this view from ``seq`` on, oldest first, as a list that does not change."""
        return list(self.between(seq))

    def last(self, count: int) -> list[LogEntry]:
        """The newest ``count`` entries of this view, oldest first, or as many as there are."""
        return self[-count:] if count > 0 else []

    def to_arrow(self) -> pa.Table:
        """The entries as an Arrow table, one row each, oldest first.

        Returns:
            A table with the schema ``tables.LOG_SCHEMA``; message texts are not copied.
        """
        return tables.logs_table(self)

    def to_pandas(self) -> pd.DataFrame:
        """The entries as a DataFrame, one row each, oldest first.

        Returns:
            A frame with the columns of ``tables.LOG_SCHEMA``: ``seq``, ``ts`` (UTC), level, channel, message, ids,
            ``fields`` and ``exc`` (a traceback).
        """
        return tables.logs_to_pandas(self)
