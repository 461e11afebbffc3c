"""Log entries out of a DataFrame: what ``LogPane.show`` shows."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from typing import Any, Final

import pandas as pd

from autobench_nb.logs.channels import Channels
from autobench_nb.logs.entry import Level, LogEntry

_IDS: Final = ("logger", "job_id", "step_id", "device_id", "exc")
_KNOWN: Final = frozenset({"seq", "ts", "channel", "level", "message", "fields", *_IDS})


def entries_of(frame: pd.DataFrame, channels: Channels | None = None) -> list[LogEntry]:
    """One entry for each row of ``frame``, in its order.

    Columns named as those of ``LOG_SCHEMA`` are read as such; all others become fields. A frame without ``seq`` is
    numbered from 0, one without ``ts`` stands at 1970, one without ``message`` shows its fields. ``ts`` is a time
    (without a zone: UTC) or milliseconds since 1970.
    """
    looks = channels or Channels()
    columns = [str(name) for name in frame.columns]
    others = [name for name in columns if name not in _KNOWN]
    times = _times(frame["ts"]) if "ts" in columns else None
    numbered = "seq" in columns
    entries = []
    for number, values in enumerate(frame.itertuples(index=False, name=None)):
        row = {
            name: value for name, value in zip(columns, values, strict=True) if not _missing(value)
        }
        fields = {
            **_fields(row.get("fields")),
            **{name: _scalar(row[name]) for name in others if name in row},
        }
        channel = looks.get(str(row.get("channel", "app")))
        message = row.get("message")
        ids = {name: str(row[name]) for name in _IDS if row.get(name) is not None}
        entries.append(
            LogEntry(
                int(row.get("seq", number)) if numbered else number,
                0.0 if times is None else times(number),
                channel.name,
                channel.emoji,
                channel.color,
                Level.parse(row.get("level", "info")),
                str(message) if message is not None else json.dumps(fields, ensure_ascii=False),
                logger=ids.get("logger"),
                job_id=ids.get("job_id"),
                step_id=ids.get("step_id"),
                device_id=ids.get("device_id"),
                fields=fields or None,
                exc=ids.get("exc"),
            )
        )
    return entries


def _times(column: pd.Series[Any]) -> Callable[[int], float]:
    """Milliseconds since 1970 of row ``n``."""
    if pd.api.types.is_numeric_dtype(column):
        numbers = column.astype("float64").fillna(0.0).tolist()
    else:
        stamps = pd.to_datetime(column, utc=True).astype("datetime64[us, UTC]")
        micros = stamps.astype("int64").where(stamps.notna(), 0)
        numbers = (micros / 1000.0).tolist()
    return lambda row: float(numbers[row])


def _missing(value: Any) -> bool:
    return value is None or (pd.api.types.is_scalar(value) and bool(pd.isna(value)))


def _fields(value: Any) -> dict[str, Any]:
    """``fields`` as the log's own tables hold it, JSON text, or as a mapping."""
    if isinstance(value, Mapping):
        return {str(name): _scalar(inner) for name, inner in value.items()}
    if isinstance(value, str):
        try:
            loaded = json.loads(value)
        except ValueError:
            return {"fields": value}
        return loaded if isinstance(loaded, dict) else {"fields": loaded}
    return {} if value is None else {"fields": _scalar(value)}


def _scalar(value: Any) -> Any:
    """A JSON value: numpy's scalars become Python's, whatever is no scalar becomes text."""
    if hasattr(value, "item") and getattr(value, "ndim", 0) == 0:
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value if isinstance(value, (bool, int, float, str)) else str(value)
