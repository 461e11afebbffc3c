"""What can be read from an orchestrator and from a mirror of one: log entries and records, out as tables."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import pandas as pd
import pyarrow as pa

from autobench_nb.logs.ring.view import LogView
from autobench_nb.tables.logs import logs_table, logs_to_pandas
from autobench_nb.tables.records import Column, records_to_arrow, records_to_pandas


class Logs(LogView):
    """The held log entries, oldest first: a live sequence, narrowed by :meth:`query`, out as tables."""

    def to_arrow(self) -> pa.Table:
        """The entries as an Arrow table, see ``LOG_SCHEMA``; message texts are not copied."""
        return logs_table(self)

    def to_pandas(self) -> pd.DataFrame:
        """The entries as a DataFrame: ``seq``, ``ts`` (UTC), level, channel, message, ids, ``fields``, ``exc``."""
        return logs_to_pandas(self)


class Records:
    """Records by id, as a mapping that is read afresh at each access; ``schema`` gives the columns of their table."""

    def __init__(
        self, read: Callable[[], Mapping[str, Mapping[str, Any]]], schema: Sequence[Column]
    ) -> None:
        self._read = read
        self._schema = schema

    def records(self) -> list[dict[str, Any]]:
        """All of them, each with its ``id``."""
        return [{"id": key, **record} for key, record in self._read().items()]

    def to_pandas(self) -> pd.DataFrame:
        """All of them as a DataFrame; an empty one has the same columns and types."""
        return records_to_pandas(self.records(), self._schema)

    def to_arrow(self) -> pa.Table:
        """All of them as an Arrow table."""
        return records_to_arrow(self.records(), self._schema)

    def __getitem__(self, key: str) -> dict[str, Any]:
        return {"id": key, **self._read()[key]}

    def __contains__(self, key: object) -> bool:
        return key in self._read()

    def __iter__(self) -> Iterator[str]:
        return iter(self._read())

    def __len__(self) -> int:
        return len(self._read())

    def __repr__(self) -> str:
        return f"<{len(self)} {type(self).__name__.lower()}>"
