"""Reads what scripts and sidecars post as log entries: a JSON array, NDJSON, or plain lines. No I/O."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

import orjson

MAX_BODY_BYTES: Final = 4 * 1024 * 1024
MAX_ENTRIES: Final = 50_000
MAX_NAME_CHARS: Final = 128
ERRORS_SHOWN: Final = 20
DEFAULT_CHANNEL: Final = "app"

_NDJSON: Final = frozenset(
    {"application/x-ndjson", "application/ndjson", "application/jsonl", "application/x-jsonlines"}
)
_NAMES: Final = {
    "logger": "logger",
    "jobId": "job_id",
    "stepId": "step_id",
    "deviceId": "device_id",
}
_OURS: Final = frozenset({"seq", "emoji", "color", "cut"})
"""Keys of an entry that the server says; they are ignored, so that what was exported can be posted again."""
_TAKEN: Final = frozenset({"channel", "level", "message", "ts", "fields", "exc", *_NAMES, *_OURS})


class BadBody(Exception):
    """The body as a whole cannot be read; ``code`` and the message are for the sender."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class BadEntry(ValueError):
    """One entry cannot be read; the message is for the sender."""


@dataclass(slots=True)
class Report:
    """What came of a body. ``errors`` are the first few, each with its ``index`` (array) or ``line`` (from 1)."""

    place: str
    accepted: int = 0
    rejected: int = 0
    errors: list[dict[str, Any]] = field(default_factory=list)

    def reject(self, number: int, message: str) -> None:
        """Count one entry that was not taken."""
        self.rejected += 1
        if len(self.errors) < ERRORS_SHOWN:
            self.errors.append({self.place: number, "message": message})


def split(body: bytes, content_type: str) -> tuple[str, Iterator[tuple[int, Any]]]:
    """The raw entries of ``body`` with their numbers, and what those count (``index`` or ``line``).

    A raw entry is a dict to be read, a text (a plain line), or a :class:`BadEntry`. Raises :class:`BadBody`.
    """
    kind = content_type.partition(";")[0].strip().lower()
    if kind == "application/json":
        return "index", enumerate(_array(body))
    if kind in _NDJSON:
        return "line", _lines(body, plain=False)
    if kind == "text/plain":
        return "line", _lines(body, plain=True, objects=False)
    if body.lstrip()[:1] == b"[":  # curl -d and others say something that it is not
        try:
            return "index", enumerate(_array(body))
        except BadBody:
            return "line", _lines(body, plain=True)
    return "line", _lines(body, plain=True)


def _array(body: bytes) -> list[Any]:
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise BadBody(
            "bad-json",
            "The body is no JSON: send an array of entries, or NDJSON as application/x-ndjson.",
        ) from None
    if isinstance(value, dict):
        return [value]
    if not isinstance(value, list):
        raise BadBody("bad-json", "The body is no array of entries.")
    return value


def _lines(body: bytes, *, plain: bool, objects: bool = True) -> Iterator[tuple[int, Any]]:
    for number, line in enumerate(body.split(b"\n"), 1):
        line = line.removesuffix(b"\r")
        if not line.strip():
            continue
        if objects and (not plain or line.lstrip()[:1] == b"{"):
            try:
                yield number, orjson.loads(line)
            except orjson.JSONDecodeError:
                yield number, BadEntry("this line is no JSON")
        else:
            yield number, line.decode("utf-8", "backslashreplace")


def read_entry(raw: Any, defaults: Mapping[str, str]) -> dict[str, Any]:
    """``raw`` as the arguments of ``LogRing.append``. ``defaults`` are wire keys. Raises :class:`BadEntry`.

    Keys that the wire does not know go into ``fields``, so that a structured logger's own are kept.
    """
    if isinstance(raw, BadEntry):
        raise raw
    if isinstance(raw, str):
        raw = {"message": raw}
    if not isinstance(raw, dict):
        raise BadEntry("an entry is an object, or a text")
    message = raw.get("message")
    if not isinstance(message, str):
        raise BadEntry("message is missing, or no text")
    entry: dict[str, Any] = {
        "channel": _name(raw, defaults, "channel") or DEFAULT_CHANNEL,
        "level": raw.get("level", defaults.get("level", "info")),
        "message": message,
        "ts": _time(raw.get("ts")),
    }
    for key, argument in _NAMES.items():
        entry[argument] = _name(raw, defaults, key)
    fields = raw.get("fields")
    if fields is not None and not isinstance(fields, dict):
        raise BadEntry("fields takes an object")
    rest = {key: value for key, value in raw.items() if key not in _TAKEN}
    entry["fields"] = {**rest, **(fields or {})} or None
    exc = raw.get("exc")
    if exc is not None and not isinstance(exc, str):
        raise BadEntry("exc takes a text")
    entry["exc"] = exc
    return entry


def _name(raw: Mapping[str, Any], defaults: Mapping[str, str], key: str) -> str | None:
    value = raw.get(key, defaults.get(key))
    if value is None:
        return None
    if not isinstance(value, str) or not 0 < len(value) <= MAX_NAME_CHARS:
        raise BadEntry(f"{key} takes a text of 1 to {MAX_NAME_CHARS} characters")
    return value


def _time(value: Any) -> float | None:
    """Milliseconds since 1970 from a number of them, or from ISO 8601 (without a zone: UTC)."""
    if value is None:
        return None
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value)
    if isinstance(value, str):
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            pass
        else:
            if moment.tzinfo is None:
                moment = moment.replace(tzinfo=UTC)
            return moment.timestamp() * 1000
    raise BadEntry("ts takes milliseconds since 1970, or a time in ISO 8601")
