"""Log entries as tables, gathered from the ring's columns."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from autobench_nb.logs.entry import WIRE_LEVELS, Level, LogEntry
from autobench_nb.logs.ring.batch import LogBatch, Part
from autobench_nb.logs.ring.columns import CHUNK_ROWS, Chunk, EntrySource
from autobench_nb.logs.ring.ring import LogRing
from autobench_nb.logs.ring.view import LogView
from autobench_nb.tables.types import LEVEL, LEVEL_CODE, NAME, TEXT, TIME, array

LogSource = LogRing | LogBatch | LogView | Iterable[LogEntry]

LOG_SCHEMA: Final = pa.schema(
    [
        ("seq", pa.int64()),
        ("ts", TIME),
        ("channel", NAME),
        ("level", LEVEL),
        ("message", TEXT),
        ("logger", NAME),
        ("job_id", NAME),
        ("step_id", NAME),
        ("device_id", NAME),
        ("fields", TEXT),
        ("exc", TEXT),
    ]
)
"""The columns of a log table; ``fields`` is the JSON text of a flat object, null where there are none."""


def logs_table(source: LogSource) -> pa.Table:
    """Log entries as an Arrow table with :data:`LOG_SCHEMA`, oldest first.

    ``source`` is a ring, a batch, a view (only the entries that it wants) or any iterable of entries. The messages of
    ring, batch and view are shown where they lie; the table keeps them alive when the ring has long evicted them.
    """
    columns = _Columns.of(source)
    if columns is not None:
        return columns.table()
    return _from_entries(source)  # type: ignore[arg-type]  # rings, batches and views are handled above


def logs_to_pandas(source: LogSource) -> pd.DataFrame:
    """Log entries as a DataFrame with the columns of :data:`LOG_SCHEMA` and a plain index.

    ``ts`` is ``datetime64[us, UTC]``, ``level`` an ordered category from ``debug`` to ``fatal``, the names are
    categories (missing where an entry has none), ``message``, ``fields`` (JSON text) and ``exc`` are text.
    """
    columns = _Columns.of(source)
    if columns is None:
        return to_pandas(logs_table(source))
    data: dict[str, Any] = {
        "seq": columns.seqs(),
        "ts": pd.DatetimeTZDtype("us", "UTC").__from_arrow__(columns.times()),
    }
    for name in LOG_SCHEMA.names[2:]:
        if name in ("message", "fields", "exc"):
            data[name] = columns.texts(name).to_pandas()
        else:
            codes, names = columns.coded(name)
            dtype = pd.CategoricalDtype(names, ordered=name == "level")
            data[name] = pd.Categorical.from_codes(codes, dtype=dtype, validate=False)
    return pd.DataFrame(data, copy=False)


def to_pandas(table: pa.Table) -> pd.DataFrame:
    """An Arrow table as a DataFrame, columns kept apart so that nothing is copied twice."""
    frame: pd.DataFrame = table.to_pandas(split_blocks=True)
    return frame


class _ColumnPiece(NamedTuple):
    """Some rows of a chunk, ascending: a run of them, or one by one."""

    chunk: Chunk
    where: slice | NDArray[np.intp]
    size: int

    @classmethod
    def of(cls, part: Part) -> _ColumnPiece:
        """The run of rows that a part is."""
        return cls(part.chunk, slice(part.start, part.stop), part.stop - part.start)


class _Columns:
    """The columns of some pieces, gathered; ``codes`` index the sources of all pieces together."""

    def __init__(self, pieces: Iterable[_ColumnPiece]) -> None:
        self.pieces = [piece for piece in pieces if piece.size]
        self.count = sum(piece.size for piece in self.pieces)
        self.sources: list[EntrySource] = []
        self.codes = np.empty(self.count, np.intp)
        code_of: dict[EntrySource, int] = {}
        last: tuple[EntrySource, ...] = ()
        table = np.empty(0, np.intp)
        same = True
        place = 0
        for chunk, where, size in self.pieces:
            if chunk.sources != last:
                last = chunk.sources
                codes = [code_of.setdefault(source, len(code_of)) for source in last]
                same = codes == list(range(len(codes)))
                table = np.array(codes, np.intp)
            rows = chunk.codes[where]
            self.codes[place : place + size] = rows if same else table[rows]
            place += size
        self.sources = list(code_of)

    @classmethod
    def of(cls, source: LogSource) -> _Columns | None:
        """Those of a ring, a batch or a view."""
        if isinstance(source, LogView):
            if source.predicate is not None:
                return cls(_ColumnPiece(chunk, rows, len(rows)) for chunk, rows in source.select())
            source = source.batch()
        if isinstance(source, LogRing):
            source = source.since(0)
        return cls(map(_ColumnPiece.of, source.parts)) if isinstance(source, LogBatch) else None

    def seqs(self) -> NDArray[np.int64]:
        if self.pieces and all(isinstance(piece.where, slice) for piece in self.pieces):
            # Runs of rows are a batch's parts, between which nothing is missing.
            chunk, where, _ = self.pieces[0]
            first = chunk.first_seq + int(_numbers(where)[0])
            return np.arange(first, first + self.count)
        return _joined([chunk.first_seq + _numbers(where) for chunk, where, _ in self.pieces])

    def times(self) -> pa.Array:
        ts = _joined([chunk.ts[where] for chunk, where, _ in self.pieces])
        return pa.Array.from_buffers(TIME, self.count, [None, pa.py_buffer(ts)])

    def coded(self, name: str) -> tuple[NDArray[np.signedinteger[Any]], list[str]]:
        """A column of names: codes (-1 where there is none), and the names in the order in which they came."""
        if name == "level":
            names = [WIRE_LEVELS[level] for level in Level]
            table = [LEVEL_CODE[source.level] for source in self.sources]
        else:
            code_of: dict[str | None, int] = {None: -1}
            values = [getattr(source, name) for source in self.sources]
            table = [code_of.setdefault(value, len(code_of) - 1) for value in values]
            names = [value for value in code_of if value is not None]
        dtype = np.min_scalar_type(-max(1, len(names)))
        if len(set(table)) == 1:  # one for all: most often none
            return np.full(self.count, table[0], dtype), names
        return np.take(np.array(table, dtype), self.codes), names

    def texts(self, name: str) -> pa.ChunkedArray:
        """A column of text: the messages where they lie, or the sparse JSON fields or tracebacks."""
        if name == "message":
            return pa.chunked_array([_messages(piece) for piece in self.pieces], TEXT)
        kind: Callable[[Chunk], Mapping[int, Any]]
        kind = _fields_of if name == "fields" else _excs_of
        return pa.chunked_array([_sparse(kind(piece.chunk), piece) for piece in self.pieces], TEXT)

    def table(self) -> pa.Table:
        """All of them as Arrow."""
        arrays: list[pa.Array | pa.ChunkedArray] = [
            pa.array(self.seqs()),
            self.times(),
        ]
        for field in list(LOG_SCHEMA)[2:]:
            if field.type == TEXT:
                arrays.append(self.texts(field.name))
                continue
            codes, names = self.coded(field.name)
            index = pa.array(codes, field.type.index_type, mask=codes < 0)
            words = pa.array(names, pa.string())
            ordered = field.type.ordered
            arrays.append(pa.DictionaryArray.from_arrays(index, words, ordered=ordered))
        return pa.table(arrays, schema=LOG_SCHEMA)


def _fields_of(chunk: Chunk) -> Mapping[int, bytes]:
    return chunk.fields


def _excs_of(chunk: Chunk) -> Mapping[int, str]:
    return chunk.excs


def _joined(pieces: list[NDArray[np.int64]]) -> NDArray[np.int64]:
    return np.concatenate(pieces) if pieces else np.empty(0, np.int64)


def _numbers(where: slice | NDArray[np.intp]) -> NDArray[np.int64]:
    return np.arange(where.start, where.stop) if isinstance(where, slice) else where


def _messages(piece: _ColumnPiece) -> pa.Array:
    """The messages of a run of rows lie there already; those of single rows are copied together."""
    chunk, where, size = piece
    text = pa.py_buffer(chunk.text)
    if isinstance(where, slice):
        offsets = pa.py_buffer(chunk.offsets[where.start : where.stop + 1])
        return pa.Array.from_buffers(TEXT, size, [None, offsets, text])
    whole = [None, pa.py_buffer(chunk.offsets), text]
    return pa.Array.from_buffers(TEXT, len(chunk), whole).take(pa.array(where))


_NULLS = pa.nulls(CHUNK_ROWS, TEXT)


def _sparse(values: Mapping[int, Any], piece: _ColumnPiece) -> pa.Array:
    size = piece.size
    places = _places(piece.where, values)
    if not places:  # all share it
        return _NULLS if size == CHUNK_ROWS else _NULLS.slice(0, size)
    dense: list[Any] = [None] * size
    for row, place in places:
        value = values[row]
        dense[place] = value.decode() if isinstance(value, bytes) else value
    return pa.array(dense, TEXT)


def _places(where: slice | NDArray[np.intp], values: Mapping[int, Any]) -> list[tuple[int, int]]:
    """The rows that have a value, each with its place among those of the piece."""
    if not values:
        return []
    if isinstance(where, slice):
        return [(row, row - where.start) for row in values if where.start <= row < where.stop]
    return [(row, place) for place, row in enumerate(where.tolist()) if row in values]


def _from_entries(entries: Iterable[LogEntry]) -> pa.Table:
    held = list(entries)
    columns: dict[str, list[Any]] = {
        name: [getattr(entry, name) for entry in held] for name in LOG_SCHEMA.names
    }
    columns["ts"] = [round(ts * 1e3) for ts in columns["ts"]]
    columns["level"] = [WIRE_LEVELS[level] for level in columns["level"]]
    columns["fields"] = [
        None
        if fields is None
        else json.dumps(dict(fields), ensure_ascii=False, separators=(",", ":"))
        for fields in columns["fields"]
    ]
    arrays = [array(columns[field.name], field.type) for field in LOG_SCHEMA]
    return pa.table(arrays, schema=LOG_SCHEMA)
