"""What a job says, on its way into the log: ids, levels, counts."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from typing import Any, Final

from autobench_nb.logs.entry import Level
from autobench_nb.processes.lines import Line, LineSplitter, text_of
from autobench_nb.processes.pressure import Pressure

OUTPUT: Final = "benchmark"
"""The channel of what jobs print."""
NARRATION: Final = "job"
"""The channel of what the runner says about them."""
CURRENT_LIMIT: Final = 200
"""Characters of a progress line that are shown as what a job does now."""
LINES_A_LOOK: Final = 1_024
"""Lines after which the log path is asked again whether it has room."""

_SAID = re.compile(
    r"^[\w.]*(?P<raised>Error|Exception|Interrupt): "
    r"|\b(?P<error>(?i:error|fatal|critical|panic))\s*[:\]]"
    r"|\b(?P<warn>(?i:warning|warn))\s*[:\]]"
)


def level_on_stderr(text: str) -> Level:
    """The level of a line on stderr: what the line itself says, as in ``gzip: warning: …`` or ``[ERROR] …``.

    Without such a word it is ``INFO``: most programs report progress there, and nothing is wrong with that.
    """
    match = _SAID.search(text[:CURRENT_LIMIT])
    if match is None:
        return Level.INFO
    return Level.WARN if match["warn"] else Level.ERROR


LogFunction = Callable[..., None]
"""``LogRing.append``: channel, level, message, and the rest by name."""


class JobLog:
    """One job's entries: each carries its id and is counted. Thread-safe."""

    def __init__(self, log: LogFunction, job_id: str, changed: Callable[[], None]) -> None:
        self._log = log
        self._job_id = job_id
        self._changed = changed
        self._lock = threading.Lock()
        self.lines = 0
        self.warnings = 0
        self.errors = 0

    @property
    def target(self) -> LogFunction:
        """Where the entries go: ``LogRing.append``."""
        return self._log

    def append(
        self,
        channel: str,
        level: Level | int | str,
        message: str,
        ts: float | None = None,
        **more: Any,
    ) -> None:
        """Log one entry; ``more`` as ``LogRing.append`` takes it, the job's id is given."""
        parsed = Level.parse(level)
        self._count(parsed, 0)
        if ts is not None:
            more["ts"] = ts
        self._log(channel, parsed, message, **{**more, "job_id": self._job_id})

    def say(self, level: Level, message: str, **more: Any) -> None:
        """What the runner says about the job."""
        self.append(NARRATION, level, message, **more)

    def line(self, line: Line, stream: str) -> None:
        """A line that the job printed on ``stdout`` or ``stderr``."""
        text, marks = text_of(line)
        fields: dict[str, Any] = marks
        if stream == "stdout":
            level = Level.INFO
        else:
            level = level_on_stderr(text)
            fields = {"stream": stream, **marks}
        self._count(level, 1)
        if fields:
            self._log(OUTPUT, level, text, job_id=self._job_id, fields=fields)
        else:
            self._log(OUTPUT, level, text, job_id=self._job_id)

    def plain_lines(self, texts: list[str]) -> None:
        """Lines from ``stdout`` that are text already, and whole."""
        log, job_id = self._log, self._job_id
        self._count(Level.INFO, len(texts))
        for text in texts:
            log(OUTPUT, Level.INFO, text, job_id=job_id)

    def _count(self, level: Level, lines: int) -> None:
        with self._lock:
            self.lines += lines
            if level >= Level.ERROR:
                self.errors += 1
            elif level >= Level.WARN:
                self.warnings += 1
        self._changed()


class OutputStream:
    """Turns the bytes of one stream into log lines, at the pace at which the log takes them.

    ``current(text)`` is told what a progress line says now. Not thread-safe.
    """

    def __init__(
        self,
        log: JobLog,
        name: str,
        *,
        pressure: Pressure,
        limit: int,
        current: Callable[[str], None],
    ) -> None:
        self._log = log
        self._name = name
        self._pressure = pressure
        self._limit = limit
        self._splitter = LineSplitter(limit)
        self._current = current

    def feed(self, data: bytes, urgent: Callable[[], bool]) -> None:
        """Log the lines that end within ``data``; waits while the log is full, unless ``urgent()``."""
        start, end = data.find(b"\n") + 1, data.rfind(b"\n") + 1
        if self._is_plain(data, start, end):
            try:
                texts = data[start:end].decode().split("\n")
            except UnicodeDecodeError:
                pass
            else:
                self._feed(data[:start], urgent)
                texts.pop()
                for first in range(0, len(texts), LINES_A_LOOK):
                    self._pressure.wait(urgent)
                    self._log.plain_lines(texts[first : first + LINES_A_LOOK])
                data = data[end:]
        self._feed(data, urgent)

    def _is_plain(self, data: bytes, start: int, end: int) -> bool:
        """Whether the whole lines within ``data`` can go a shorter way: it is what keeps up with a flood."""
        return (
            start < end
            and self._name == "stdout"
            and end - start <= self._limit
            and b"\r" not in data
        )

    def _feed(self, data: bytes, urgent: Callable[[], bool]) -> None:
        for number, line in enumerate(self._splitter.feed(data)):
            if number % LINES_A_LOOK == 0:
                self._pressure.wait(urgent)
            self._log.line(line, self._name)
        if self._splitter.rewriting:
            state = self._splitter.pending[: 4 * CURRENT_LIMIT]
            self._current(state.decode("utf-8", "replace")[:CURRENT_LIMIT])

    def finish(self) -> None:
        """Log what came without a newline at the end."""
        line = self._splitter.finish()
        if line is not None:
            self._log.line(line, self._name)
