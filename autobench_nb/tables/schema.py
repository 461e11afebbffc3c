"""The columns of every table, as data: no library that makes tables is imported before one is made."""

from __future__ import annotations

import re
from enum import Enum, EnumMeta
from types import NoneType, UnionType
from typing import (
    Annotated,
    Any,
    Final,
    NamedTuple,
    NotRequired,
    Required,
    Union,
    get_args,
    get_origin,
    get_type_hints,
)

from autobench_nb.contract.devices import DeviceRecord
from autobench_nb.contract.findings import Finding
from autobench_nb.contract.records import JobRecord, ResultRecord
from autobench_nb.contract.streams import Stream
from autobench_nb.contract.types import Instant, IsoTime, Word


class ColumnKind(Enum):
    """What a column holds."""

    WHOLE = "whole numbers"
    REAL = "real numbers"
    TEXT = "text"
    NAME = "one of a few texts, coded as a category"
    TIME = "points in time, to the microsecond, in UTC"


class Column(NamedTuple):
    """One column of a table of records: its ``name``, the ``key`` in the record, and what it holds."""

    name: str
    key: str
    kind: ColumnKind


def _columns(record: type, *, named_by_key: bool = False) -> tuple[Column, ...]:
    """One column for each field of a record of the contract whose values are of one kind.

    ``named_by_key``: the records stand in a map, and their ids are its keys.
    """
    columns = [Column("id", "id", ColumnKind.TEXT)] if named_by_key else []
    for key, hint in get_type_hints(record, include_extras=True).items():
        if get_origin(hint) in (NotRequired, Required):
            hint = get_args(hint)[0]
        kind = _kind_of(hint)
        if kind is not None:
            columns.append(Column(snake_case(key), key, kind))
    return tuple(columns)


def _kind_of(hint: Any) -> ColumnKind | None:
    """What a field's column holds; ``None`` where its values may be of any kind."""
    while get_origin(hint) is Annotated and get_origin(get_args(hint)[0]) in (Union, UnionType):
        hint = get_args(hint)[0]
    for alias, kind in (
        (Word, ColumnKind.NAME),
        (Instant, ColumnKind.TIME),
        (IsoTime, ColumnKind.TIME),
    ):
        if hint == alias or alias in get_args(hint):
            return kind
    while get_origin(hint) is Annotated:
        hint = get_args(hint)[0]
    bare = next((part for part in get_args(hint) if part is not NoneType), hint)
    while get_origin(bare) is Annotated:
        bare = get_args(bare)[0]
    if isinstance(bare, EnumMeta):
        return ColumnKind.NAME
    kinds = {int: ColumnKind.WHOLE, float: ColumnKind.REAL, str: ColumnKind.TEXT}
    return kinds.get(bare)


def snake_case(name: str) -> str:
    """A field's name on the wire as Python's: ``maxRssBytes`` is ``max_rss_bytes``."""
    return re.sub("[A-Z]", lambda letter: f"_{letter[0].lower()}", name)


JOBS: Final = _columns(JobRecord)
"""The columns of jobs; keys as the state's ``/jobs/items`` has them."""

DEVICES: Final = _columns(DeviceRecord, named_by_key=True)
"""The columns of devices; keys as the state's ``/devices`` has them."""

SAMPLES: Final = (Column("ts", "ts", ColumnKind.TIME),)
"""The column that every table of a device's samples has; what it observes follows."""

STREAMS: Final = _columns(Stream, named_by_key=True)
"""The columns of streams; keys as the state's ``/streams`` has them."""

FINDINGS: Final = _columns(Finding)
"""The columns of findings; keys as the state's ``/pno/findings`` has them."""

RESULTS: Final = tuple(
    Column(column.name, column.name, column.kind)
    for column in _columns(ResultRecord)
    if column.name not in ("value_note", "metrics")
)
"""The columns of results: the attributes of a ``Result``, without ``value``, whose type is what came back, and what is
said of it; these follow as they are."""

LOG_COLUMNS: Final = (
    *("seq", "ts", "channel", "level", "message", "logger"),
    *("job_id", "step_id", "device_id", "fields", "exc"),
)
"""The columns of log entries, in their order."""
