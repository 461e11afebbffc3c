"""Reads what scripts and sidecars post as log entries: a JSON array, NDJSON, or lines of any log. No I/O."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

import orjson

from autobench_nb.logs.entry import Level
from autobench_nb.logs.formats import PLAIN, LineReader, ParsedLine
from autobench_nb.logs.formats.decoding import (
    DamagedArchive,
    Inflater,
    LineDecoder,
    compression_of,
)
from autobench_nb.logs.formats.layouts import Layout
from autobench_nb.logs.formats.structured import value_ms
from autobench_nb.logs.formats.times import Clock, in_range

MAX_BODY_BYTES: Final = 4 * 1024 * 1024
MAX_INFLATED_BYTES: Final = 16 * 1024 * 1024
"""Bytes that a compressed body may have, once it is inflated."""
MAX_ENTRIES: Final = 50_000
MAX_NAME_CHARS: Final = 128
ERRORS_SHOWN: Final = 20
DEFAULT_CHANNEL: Final = "app"
LINES_AT_ONCE: Final = 500
"""Lines that are read before the first of their entries is given."""
BLOCK_BYTES: Final = 64 * 1024
"""Bytes of a body that are made into lines at once."""
WHOLE_BYTES: Final = 64 * 1024
"""Bytes of JSON that are read in one call."""

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
    """The body as a whole cannot be read; ``status``, ``code`` and the message are for the sender."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.status = status


class BadEntry(ValueError):
    """One entry cannot be read; the message is for the sender."""


@dataclass(slots=True)
class Report:
    """What came of a body. ``errors`` are the first few, each with its ``index`` (array) or ``line`` (from 1).

    ``reader``: what read the lines, where they were lines; its counts say how many were recognised, as what.
    """

    place: str
    accepted: int = 0
    rejected: int = 0
    errors: list[dict[str, Any]] = field(default_factory=list)
    reader: LineReader | None = None

    def reject(self, number: int, message: str) -> None:
        """Count one entry that was not taken."""
        self.rejected += 1
        if len(self.errors) < ERRORS_SHOWN:
            self.errors.append({self.place: number, "message": message})

    def lines(self) -> dict[str, Any]:
        """What the answer says of the lines, by format; nothing for bodies that are JSON."""
        if self.reader is None or not self.reader.counts:
            return {}
        counts = self.reader.counts
        return {"lines": sum(counts.values()), "formats": dict(counts.most_common())}


def is_compressed(body: bytes, encoding: str) -> bool:
    """Whether :func:`inflated` would do anything, or refuse the header Content-Encoding."""
    return encoding.strip().lower() not in ("", "identity") or compression_of(body) is not None


def inflated(body: bytes, encoding: str) -> bytes:
    """The body without its content coding (RFC 9110 section 8.4); a compressed file is inflated as well.

    Args:
        body: As it came.
        encoding: The header Content-Encoding, empty where there is none.

    Raises:
        BadBody: 415 for a coding that is not read here, 413 where it would inflate to more than
            :data:`MAX_INFLATED_BYTES`, 400 where the data is damaged.
    """
    codings = [name for part in encoding.lower().split(",") if (name := part.strip()) != "identity"]
    codings = [name for name in codings if name]
    if codings not in ([], ["gzip"], ["x-gzip"]):
        raise BadBody(
            "unsupported-encoding",
            "Content-Encoding takes gzip or nothing: send the body so.",
            415,
        )
    kind = "gzip" if codings else compression_of(body)
    if kind is None:
        return body
    pieces: list[bytes] = []
    size = 0
    try:
        inflater = Inflater(kind)
        for piece in inflater.feed(body):
            size += len(piece)
            if size > MAX_INFLATED_BYTES:
                raise BadBody(
                    "too-large",
                    f"An inflated body may have {MAX_INFLATED_BYTES:,} bytes: send it in parts.",
                    413,
                )
            pieces.append(piece)
        inflater.finish()
    except DamagedArchive as error:
        raise BadBody("bad-encoding", f"The body cannot be inflated: {error}.") from None
    return b"".join(pieces)


def split(
    body: bytes, content_type: str, reader: LineReader
) -> tuple[str, Iterator[tuple[int, Any]]]:
    """The raw entries of ``body`` with their numbers, and what those count (``index`` or ``line``).

    A raw entry is a dict to be read, what ``reader`` has read of lines, or a :class:`BadEntry`. Only a body that says
    that it is JSON or NDJSON has to be; every other one is read as a log file is, whatever its lines begin with.

    Raises:
        BadBody: It says that it is JSON and is none.
    """
    kind = content_type.partition(";")[0].strip().lower()
    if kind == "application/json":
        return "index", enumerate(_array(body))
    if kind in _NDJSON:
        return "line", _ndjson(body)
    if kind != "text/plain" and body.lstrip()[:1] == b"[":  # curl -d says something that it is not
        try:
            return "index", enumerate(_array(body))
        except BadBody:
            pass
    return "line", _lines(body, reader)


def takes_long(body: bytes) -> bool:
    """Whether :func:`split` may take long: it is then to be called on another thread."""
    return len(body) > WHOLE_BYTES


def _array(body: bytes) -> list[Any]:
    try:
        if takes_long(body) and body.lstrip(_BLANKS)[:1] == b"[":
            return list(_elements(body.decode()))
        value = orjson.loads(body)
    except (ValueError, RecursionError):
        raise BadBody(
            "bad-json",
            "The body is no JSON: send an array of entries, or NDJSON as application/x-ndjson.",
        ) from None
    if isinstance(value, dict):
        return [value]
    if not isinstance(value, list):
        raise BadBody("bad-json", "The body is no array of entries.")
    return value


def _elements(text: str) -> Iterator[Any]:
    """The elements of an array, each read by itself: one call for all would hold the interpreter's lock for long.

    Raises:
        ValueError: It is no array.
    """
    at = _blanks(text, _blanks(text, 0) + 1)
    if text[at : at + 1] == "]":
        at += 1
    else:
        while True:
            _, end = _scan(text, at)
            yield orjson.loads(text[at:end])
            end = _blanks(text, end)
            mark, at = text[end : end + 1], _blanks(text, end + 1)
            if mark == "]":
                break
            if mark != ",":
                raise ValueError(f"{mark!r} stands between two elements")
    if _blanks(text, at) != len(text):
        raise ValueError("something follows the array")


# It is only asked where an element ends; numbers of any length are quickly read so.
_scan: Final = json.JSONDecoder(parse_int=float).raw_decode
_BLANKS: Final = b" \t\r\n"
_BLANK_TEXT: Final = re.compile(r"[ \t\r\n]*")


def _blanks(text: str, at: int) -> int:
    """Where the blanks from ``at`` on end."""
    found = _BLANK_TEXT.match(text, at)
    return at if found is None else found.end()


def _ndjson(body: bytes) -> Iterator[tuple[int, Any]]:
    for number, line in enumerate(body.split(b"\n"), 1):
        if not line.strip():
            continue
        try:
            yield number, orjson.loads(line)
        except orjson.JSONDecodeError:
            yield number, BadEntry("this line is no JSON")


def _lines(body: bytes, reader: LineReader) -> Iterator[tuple[int, ParsedLine | None]]:
    """The entries that ``reader`` finds, each with the number of its first line; empty lines are none.

    None comes before every few lines, whether or not they make an entry, so that others get their turn.
    """
    decoder = LineDecoder()
    number = 1
    for start in range(0, len(body) + BLOCK_BYTES, BLOCK_BYTES):
        block = body[start : start + BLOCK_BYTES]
        lines = decoder.feed(block) if block else decoder.finish()
        for at in range(0, len(lines), LINES_AT_ONCE):
            yield number, None
            for entry in reader.feed(lines[at : at + LINES_AT_ONCE]):
                if entry.message or entry.lines > 1:
                    yield number, entry
                number += entry.lines
    for entry in reader.finish():
        if entry.message or entry.lines > 1:
            yield number, entry


def read_entry(raw: Any, defaults: Mapping[str, str]) -> dict[str, Any]:
    """``raw`` as the arguments of ``LogRing.append``. ``defaults`` are wire keys. Raises :class:`BadEntry`.

    Keys that the wire does not know go into ``fields``, so that a structured logger's own are kept.
    """
    if isinstance(raw, BadEntry):
        raise raw
    if isinstance(raw, ParsedLine):
        return _read_line(raw, defaults)
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


def _read_line(line: ParsedLine, defaults: Mapping[str, str]) -> dict[str, Any]:
    """What a line says, and the request's own words for what it does not.

    A line may be one of our own entries: its ids and fields are the entry's.
    """
    fields = dict(line.fields)
    said: dict[str, Any] = {"channel": line.channel, "logger": line.logger}
    if line.format == "json":
        own = fields.pop("fields", None)
        fields.update(own if isinstance(own, dict) else {} if own is None else {"fields": own})
        for key in _OURS:
            fields.pop(key, None)
        for key in ("jobId", "stepId", "deviceId"):
            if isinstance(fields.get(key), str):
                said[key] = fields.pop(key)
    said = {key: value[:MAX_NAME_CHARS] for key, value in said.items() if value}
    is_said = line.format != PLAIN or line.level != Level.INFO
    entry: dict[str, Any] = {
        "channel": _name(said, defaults, "channel") or DEFAULT_CHANNEL,
        "level": line.level if is_said else defaults.get("level", line.level),
        "message": line.message,
        "ts": line.ts,
        "fields": fields or None,
        "exc": line.exc,
    }
    for key, argument in _NAMES.items():
        entry[argument] = _name(said, defaults, key)
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
    moment: float | None = None
    if isinstance(value, str):
        moment = _iso_ms(value)
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        moment = in_range(value)
    if moment is None:
        raise BadEntry(
            "ts takes milliseconds since 1970, or a time in ISO 8601, in the years 1 to 9999"
        )
    return float(moment)


_ISO: Final = Layout(Clock(now=0.0), "iso")


def _iso_ms(text: str) -> float | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:  # an offset after a blank, and whatever else logs write
        return None if text.strip().isdecimal() else value_ms(text, _ISO)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return in_range(moment.timestamp() * 1000)
