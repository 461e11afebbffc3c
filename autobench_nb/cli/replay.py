"""Replays log files of other programs into a log, at their own pace or as fast as they are read."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final
from urllib.error import HTTPError, URLError
from urllib.parse import urljoin

from autobench_nb.errors import AuthenticationError, TransportError
from autobench_nb.logs.formats import LineReader, ParsedLine
from autobench_nb.logs.logger import ChannelLogger

BATCH_LINES: Final = 2_000
"""Lines in one request to a server elsewhere."""
BATCH_S: Final = 0.1
"""A paced replay sends what is due within this time in one batch."""
HTTP_TIMEOUT_S: Final = 30.0


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast: ``speed`` 1.0 as it happened, 2.0 twice as fast, ``None`` as fast as it goes.

    A silence longer than ``max_gap_s`` is cut short: the interesting part of a log is seldom the night.
    """

    speed: float | None = None
    max_gap_s: float = 5.0

    def wait_s(self, before_ms: float | None, after_ms: float | None) -> float:
        """How long to wait between two lines of these times; a clock that went back costs nothing."""
        if self.speed is None or before_ms is None or after_ms is None:
            return 0.0
        return min(max(0.0, (after_ms - before_ms) / 1000 / self.speed), self.max_gap_s)


def parse_speed(text: str) -> float | None:
    """``1x``, ``10x``, ``0.5`` or ``max``. Raises :class:`ValueError`."""
    if text.strip().lower() == "max":
        return None
    speed = float(text.strip().lower().removesuffix("x"))
    if not 0 < speed < float("inf"):
        raise ValueError(text)
    return speed


def read_file(path: Path, reader: LineReader) -> Iterator[ParsedLine]:
    """The lines of a file, each in the format that fits. Undecodable bytes are shown as what they are."""
    with path.open(encoding="utf-8", errors="backslashreplace", newline="\n") as lines:
        for line in lines:
            yield reader.read(line)


def batches(lines: Iterable[ParsedLine], pace: Pace) -> Iterator[tuple[float, list[ParsedLine]]]:
    """Group lines: ``(seconds to wait first, lines)``. Waits below :data:`BATCH_S` are gathered."""
    waited, due, batch, before = 0.0, 0.0, list[ParsedLine](), None
    for line in lines:
        due += pace.wait_s(before, line.ts)
        before = line.ts if line.ts is not None else before
        if batch and (due >= BATCH_S or len(batch) >= BATCH_LINES):
            yield waited, batch
            waited, due, batch = due, 0.0, []
        batch.append(line)
    if batch:
        yield waited, batch


def shifted(lines: Iterable[ParsedLine], to_ms: float) -> Iterator[ParsedLine]:
    """The lines as if the first of them had been written at ``to_ms`` (milliseconds since 1970)."""
    offset: float | None = None
    for line in lines:
        if line.ts is None:
            yield line
            continue
        offset = to_ms - line.ts if offset is None else offset
        yield replace(line, ts=line.ts + offset)


def to_wire(line: ParsedLine, channel: str) -> dict[str, Any]:
    """The line as ``POST /api/logs`` takes it."""
    entry = {
        "ts": line.ts,
        "channel": line.channel or channel,
        "level": line.level.wire,
        "message": line.message,
        "logger": line.logger,
        "fields": dict(line.fields) or None,
    }
    return {key: value for key, value in entry.items() if value is not None}


def poster(url: str, token: str, channel: str) -> Callable[[list[ParsedLine]], None]:
    """A sink that posts lines to a running server. It raises ``TransportError`` with the remedy."""
    target = urljoin(url if url.endswith("/") else url + "/", "api/logs")

    def post(lines: list[ParsedLine]) -> None:
        body = "\n".join(json.dumps(to_wire(line, channel)) for line in lines).encode()
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/x-ndjson"}
        request = urllib.request.Request(target, body, headers)
        try:
            with urllib.request.urlopen(request, timeout=HTTP_TIMEOUT_S) as answer:
                answer.read()
        except HTTPError as error:
            if error.code in (401, 403):
                raise AuthenticationError(
                    f"{target} refused the token: give it with --token or AUTOBENCH_TOKEN."
                ) from None
            raise TransportError(f"{target} answered {error.code} {error.reason}.") from None
        except URLError as error:
            raise TransportError(
                f"{target} cannot be reached: {error.reason}. Is it serving?"
            ) from None

    return post


def ring_sink(log: ChannelLogger) -> Callable[[list[ParsedLine]], None]:
    """A sink that logs lines here, each in its own channel where it names one."""

    def accept(lines: list[ParsedLine]) -> None:
        for line in lines:
            log.at(
                line.ts,
                line.level,
                line.message,
                channel=line.channel,
                logger=line.logger,
                fields=line.fields,
            )

    return accept


def replay(
    lines: Iterable[ParsedLine],
    sink: Callable[[list[ParsedLine]], None],
    pace: Pace,
    wait: Callable[[float], bool],
) -> int:
    """Send ``lines`` at their pace; ``wait(seconds)`` is True when it is to end. Returns how many were sent."""
    sent = 0
    for wait_s, batch in batches(lines, pace):
        if wait(wait_s):
            break
        sink(batch)
        sent += len(batch)
    return sent
