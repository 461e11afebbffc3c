"""Where replayed entries go: a log here, or a server elsewhere."""

from __future__ import annotations

import json
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from http.client import HTTPException
from typing import Any, Final
from urllib.error import HTTPError, URLError
from urllib.parse import urljoin, urlsplit

import orjson

from autobench_nb.errors import AuthenticationError, TransportError
from autobench_nb.logs.formats import ParsedLine
from autobench_nb.logs.ring.ring import LogRing
from autobench_nb.logs.ring.writer import EntryWriter
from autobench_nb.logs.text import clean, cut_exc, flatten

HTTP_TIMEOUT_S: Final = 30.0
BODY_BYTES: Final = 2 * 1024 * 1024
"""A body is sent once it has so many bytes; a server takes twice as many."""
ENTRY_BYTES: Final = 3 * 1024 * 1024
"""An entry of more bytes would not fit into one body: its message is cut to :data:`MESSAGE_CHARS`."""
MESSAGE_CHARS: Final = 384 * 1024


class _StayingHere(urllib.request.HTTPRedirectHandler):
    """Follows no redirect: the request that it makes would carry the token along, to any host."""

    def redirect_request(self, *_args: Any, **_names: Any) -> None:
        return None


WRITERS_KEPT: Final = 1_024
"""Pairs of channel and logger whose way into the ring is remembered."""

Sink = Callable[[list[ParsedLine]], None]


def to_wire(line: ParsedLine, channel: str) -> dict[str, Any]:
    """The entry as ``POST /api/logs`` takes it: valid UTF-8, flat fields, without what it lacks."""
    entry = {
        "ts": line.ts,
        "channel": clean(line.channel or channel),
        "level": line.level.wire,
        "message": clean(line.message),
        "logger": None if line.logger is None else clean(line.logger),
        "fields": flatten(line.fields) or None,
        "exc": None if line.exc is None else cut_exc(clean(line.exc)),
    }
    return {key: value for key, value in entry.items() if value is not None}


def encoded(line: ParsedLine, channel: str) -> bytes:
    """The entry as one line of NDJSON that a server can take."""
    entry = to_wire(line, channel)
    data = orjson.dumps(entry)
    if len(data) > ENTRY_BYTES:
        message = entry["message"]
        if len(message) > MESSAGE_CHARS:
            entry["message"] = f"{message[:MESSAGE_CHARS]}… [cut: {len(message):,} characters]"
        data = orjson.dumps(entry)
        if len(data) > ENTRY_BYTES:
            entry["fields"] = {"…": f"{len(entry.pop('fields', {})):,} fields left out"}
            data = orjson.dumps(entry)
    return data


class Poster:
    """A sink that posts entries to a running server, and counts what that took.

    Args:
        url: The server's.
        token: Its access token.
        channel: What entries get as channel that name none.

    Attributes:
        accepted: Entries that the server took.
        rejected: Entries that it did not, by the reason that it gave.
    """

    def __init__(self, url: str, token: str, channel: str) -> None:
        self._target = _target(url)
        # As ``ab.connect``: a proxy of the environment is neither asked for a server of this machine nor told a token.
        straight = urllib.request.ProxyHandler({})
        self._open = urllib.request.build_opener(straight, _StayingHere).open
        self._token = token
        self._channel = channel
        self.accepted = 0
        self.rejected: Counter[str] = Counter()

    def __call__(self, lines: list[ParsedLine]) -> None:
        """Post the entries. Raises :class:`TransportError` with the remedy."""
        for count, body in self._bodies(lines):
            self._count(self._post(body), count)

    def _bodies(self, lines: Sequence[ParsedLine]) -> Iterator[tuple[int, bytes]]:
        body: list[bytes] = []
        size = 0
        for line in lines:
            data = encoded(line, self._channel)
            if body and size + len(data) > BODY_BYTES:
                yield len(body), b"\n".join(body)
                body, size = [], 0
            body.append(data)
            size += len(data) + 1
        if body:
            yield len(body), b"\n".join(body)

    def _post(self, body: bytes) -> dict[str, Any]:
        try:
            headers = {
                "Authorization": f"Bearer {self._token}",
                "Content-Type": "application/x-ndjson",
            }
            request = urllib.request.Request(self._target, body, headers)
            with self._open(request, timeout=HTTP_TIMEOUT_S) as answer:
                return _object(answer.read())
        except HTTPError as error:
            return self._refused(error)
        except URLError as error:
            reason: object = error.reason
        except (OSError, HTTPException, ValueError) as error:
            reason = error or type(error).__name__
        raise TransportError(f"{self._target} cannot be reached: {reason}. Is it serving?")

    def _refused(self, error: HTTPError) -> dict[str, Any]:
        """What the server says of a body of which it took nothing."""
        with error:
            if error.code in (401, 403):
                raise AuthenticationError(
                    f"{self._target} refused the token: give it as AUTOBENCH_TOKEN or with --token-file."
                ) from None
            answer = _object(error.read()) if error.code == 400 else {}
        if "rejected" not in answer:
            raise TransportError(f"{self._target} answered {error.code} {error.reason}.") from None
        return answer

    def _count(self, answer: dict[str, Any], sent: int) -> None:
        accepted = answer.get("accepted")
        if not isinstance(accepted, int):
            raise TransportError(
                f"{self._target} is no AutoBench server: it did not say what it took."
            )
        self.accepted += accepted
        left = sent - accepted
        errors = answer.get("errors")
        for error in errors if isinstance(errors, list) else ():
            if left > 0 and isinstance(error, dict):
                self.rejected[str(error.get("message", "no reason given"))] += 1
                left -= 1
        if left > 0:
            self.rejected["no reason given"] += left


def _target(url: str) -> str:
    """Where a server of that address takes entries. Raises :class:`TransportError` for what is no address."""
    try:
        if urlsplit(url).scheme in ("http", "https"):
            return urljoin(url if url.endswith("/") else url + "/", "api/logs")
    except ValueError:
        pass
    raise TransportError(f"{url} is no address of a server: give one as http://127.0.0.1:8765.")


def _object(data: bytes) -> dict[str, Any]:
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def ring_sink(ring: LogRing, channel: str) -> Sink:
    """A sink that logs entries here.

    Args:
        ring: Takes them.
        channel: What entries get as channel that name none.
    """
    writers: dict[tuple[str | None, str | None], EntryWriter] = {}

    def accept(lines: list[ParsedLine]) -> None:
        for ts, level, message, _, logger, said, fields, exc, _ in lines:
            writer = writers.get((said, logger))
            if writer is None:
                if len(writers) >= WRITERS_KEPT:
                    writers.clear()
                writer = writers[said, logger] = ring.writer(said or channel, logger=logger)
            if ts is None or fields or exc is not None:
                writer.append(level, message, ts, fields or None, exc)
            else:
                writer.at(ts / 1e3, level, message)

    return accept
