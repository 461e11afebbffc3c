"""Lines that name what they say: JSON objects and logfmt, with the many names that loggers use for the same thing."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final, NamedTuple

import orjson

from autobench_nb.logs.entry import Level
from autobench_nb.logs.formats.definition import MACROS
from autobench_nb.logs.formats.layouts import Layout
from autobench_nb.logs.formats.levels import leading_level, level_of, pino_level, severity_of
from autobench_nb.logs.formats.parsed import NAME_CHARS, NO_FIELDS, ParsedLine
from autobench_nb.logs.formats.times import epoch_ms, in_range, zone_ms

TIME_KEYS: Final = (
    "ts", "time", "timestamp", "@timestamp", "asctime", "@t", "t", "datetime", "date", "eventtime", "created",
    "__realtime_timestamp", "instant", "timemillis", "timeunixnano", "log_time", "created_at", "event_time",
)  # fmt: skip
LEVEL_KEYS: Final = (
    "level", "severity", "lvl", "levelname", "loglevel", "log.level", "@l", "s", "priority", "severity_text",
    "severitytext", "severitynumber", "log_level",
)  # fmt: skip
MESSAGE_KEYS: Final = (
    "message", "msg", "event", "short_message", "@m", "@mt", "renderedmessage", "messagetemplate",
    "text", "log", "body", "textpayload",
)  # fmt: skip
LOGGER_KEYS: Final = (
    "logger", "logger_name", "name", "log.logger", "target", "category", "module", "c", "component",
    "syslog_identifier", "loggername", "sourcecontext",
)  # fmt: skip
EXC_KEYS: Final = (
    "exc", "exception", "exc_info", "stack_trace", "stacktrace", "stack", "traceback", "error.stack_trace",
    "err.stack", "error.stack", "@x", "full_message",
)  # fmt: skip
PLANNED_CHARS: Final = 4_096
JSON_CHARS: Final = 64 * 1024
"""Characters of a line that is no standard JSON (NaN, lone surrogates) and is still read."""

_ISO = re.compile(MACROS["iso"] + r"(?: [A-Z]{3,4})?", re.ASCII)
_PAIR = re.compile(r'([A-Za-z_@][\w.@/-]*)=(?:"((?:[^"\\]|\\.)*)"|([^\s"]*))(?:\s+|$)', re.ASCII)
_ESCAPE = re.compile(r"\\(.)")
_UNESCAPED: Final = {"n": "\n", "t": "\t", "r": "\r"}


def read_json(line: str, iso: Layout) -> ParsedLine | None:
    """A line that is a JSON object; None for every other one.

    Args:
        line: The line, without its end.
        iso: The layout that reads times as ISO 8601 writes them.
    """
    if not line.startswith("{"):
        return None
    try:
        record = orjson.loads(line)
    except ValueError:
        record = _lenient(line)
    return read_object(record, line, iso) if isinstance(record, dict) else None


def _lenient(line: str) -> Any:
    if len(line) > JSON_CHARS or not line.rstrip().endswith("}"):
        return None
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None


class _Plan(NamedTuple):
    """Which keys of an object mean what, the likeliest first; lines of one program have the same keys."""

    times: tuple[str, ...]
    levels: tuple[str, ...]
    messages: tuple[str, ...]
    loggers: tuple[str, ...]
    channels: tuple[str, ...]
    excs: tuple[str, ...]
    is_pino: bool
    is_gelf: bool
    is_docker: bool


def _plan_of(keys: tuple[str, ...]) -> _Plan:
    names = {key.lower(): key for key in keys}

    def known(keys_of_format: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(names[key] for key in keys_of_format if key in names)

    return _Plan(
        times=known(TIME_KEYS),
        levels=known(LEVEL_KEYS),
        messages=known(MESSAGE_KEYS),
        loggers=known(LOGGER_KEYS),
        channels=known(("channel",)),
        excs=known(EXC_KEYS),
        is_pino="msg" in names and ("time" in names or "pid" in names),
        is_gelf="short_message" in names or "__realtime_timestamp" in names,
        is_docker="log" in names and "stream" in names,
    )


_known_plan = lru_cache(maxsize=256)(_plan_of)


def read_object(record: Mapping[str, Any], line: str, iso: Layout) -> ParsedLine:
    """What a JSON object says, whose text is ``line``: shown as it is where it names no message."""
    rest = _unnested(record)
    # Only lines that are short can have keys that are worth to be remembered.
    plan = (_known_plan if len(line) < PLANNED_CHARS else _plan_of)(tuple(rest))
    ts = None
    for key in plan.times:
        ts = value_ms(rest[key], iso)
        if ts is not None:
            del rest[key]
            break
    level = _level(rest, plan)
    message = _take(rest, plan.messages, object)
    logger, channel = _take(rest, plan.loggers, str), _take(rest, plan.channels, str)
    exc = _take(rest, plan.excs, str) or _nested_stack(rest)
    if message is None:
        return ParsedLine(ts, level or Level.INFO, line, "json", _name(logger), _name(channel))
    if isinstance(message, dict) and isinstance(message.get("stringValue"), str):  # OpenTelemetry
        message = message["stringValue"]
    text = message if isinstance(message, str) else _json_text(message)
    if plan.is_docker:
        text = text.rstrip("\r\n")
    if level is None:
        level = leading_level(text) or Level.INFO
    return ParsedLine(
        ts, level, text, "json", _name(logger), _name(channel), rest or NO_FIELDS, exc or None
    )


def said_level(record: Mapping[str, Any]) -> Level | None:
    """The level of a JSON object, whether it has a key for it or its message says it."""
    rest = _unnested(record)
    plan = _plan_of(tuple(rest))
    level = _level(rest, plan)
    if level is None:
        message = _take(rest, plan.messages, object)
        level = leading_level(message) if isinstance(message, str) else None
    return level


def _unnested(record: Mapping[str, Any]) -> dict[str, Any]:
    rest = dict(record)
    inner = rest.get("fields")
    if isinstance(inner, dict) and "message" in inner and "message" not in rest:  # Rust's tracing
        del rest["fields"]
        rest = {**inner, **rest}
    nested = rest.get("log")
    if isinstance(nested, dict):  # Elastic's common schema, not flattened
        del rest["log"]
        rest.update({f"log.{key}": value for key, value in nested.items()})
    return rest


def _take(rest: dict[str, Any], keys: tuple[str, ...], kind: type) -> Any:
    for key in keys:
        value = rest[key]
        if value is not None and isinstance(value, kind):
            del rest[key]
            return value
    return None


def _nested_stack(rest: dict[str, Any]) -> str | None:
    """The traceback within an error that is an object, as pino writes it."""
    for holder in ("err", "error"):
        value = rest.get(holder)
        if isinstance(value, dict):
            for key in ("stack", "stack_trace"):
                if isinstance(found := value.get(key), str):
                    rest[holder] = {name: item for name, item in value.items() if name != key}
                    return found
    return None


def _level(rest: dict[str, Any], plan: _Plan) -> Level | None:
    for key in plan.levels:
        value = rest[key]
        if isinstance(value, dict):
            value = value.get("name")
        level: Level | None
        if plan.is_pino and isinstance(value, (int, float)) and not isinstance(value, bool):
            level = pino_level(value)
        elif plan.is_gelf or key.lower() in ("priority", "severity"):
            level = severity_of(value)
        else:
            level = level_of(value)
        if level is not None:
            del rest[key]
            return level
    return None


def value_ms(value: Any, iso: Layout) -> float | None:
    """Milliseconds since 1970 of what a line gives for a time: a count, ISO 8601, or an object that holds one."""
    if isinstance(value, dict):
        if "$date" in value:
            return value_ms(value["$date"], iso)
        seconds = value.get("seconds", value.get("epochSecond"))
        nanos = value.get("nanos", value.get("nanoOfSecond", 0))
        if isinstance(seconds, (int, float)) and isinstance(nanos, (int, float)):
            try:
                return in_range(seconds * 1e3 + nanos / 1e6)
            except OverflowError:
                return None
        return None
    if not isinstance(value, str):
        return epoch_ms(value)
    match = _ISO.fullmatch(value.strip())
    if match is None:
        return epoch_ms(value)
    offset = None if match["zone"] is None else zone_ms(match["zone"])
    ms = iso.local(match["time"]) if offset is None else iso.utc(match["time"])
    if ms is None:
        return None
    fraction = match["fraction"]
    if fraction:
        ms += int(fraction) * 10.0 ** (3 - len(fraction))
    return in_range(ms - (offset or 0.0))


def _name(value: Any) -> str | None:
    return value[:NAME_CHARS] if isinstance(value, str) and value else None


def _json_text(value: Any) -> str:
    try:
        return orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS).decode()
    except (TypeError, ValueError, RecursionError):
        return str(value)


def read_logfmt(line: str, iso: Layout) -> ParsedLine | None:
    """A line of ``key=value`` pairs that names a level or a message; None for every other one."""
    head = _PAIR.match(line)
    if head is None:
        return None
    record: dict[str, Any] = {}
    at = 0
    while at < len(line):
        pair = _PAIR.match(line, at)
        if pair is None:
            return None
        key, quoted, bare = pair.groups()
        record[key] = bare if quoted is None else _unescaped(quoted)
        at = pair.end()
    names = {key.lower() for key in record}
    if not names.intersection(("msg", "message", "event")) or len(record) < 2:
        return None
    if not names.intersection((*LEVEL_KEYS, *TIME_KEYS)):
        return None
    parsed = read_object(record, line, iso)
    fields = {
        key: int(value)
        if value.isdecimal() and len(value) < 16 and str(int(value)) == value
        else value
        for key, value in parsed.fields.items()
    }
    return parsed._replace(format="logfmt", fields=fields or NO_FIELDS)


def _unescaped(text: str) -> str:
    if "\\" not in text:
        return text
    return _ESCAPE.sub(lambda found: _UNESCAPED.get(found[1], found[1]), text)
