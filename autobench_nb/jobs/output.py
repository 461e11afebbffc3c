"""What a job says, on its way into the log: ids, levels, counts, tracebacks, pictures."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable
from typing import Any, Final, Protocol

from autobench_nb.logs.entry import Level
from autobench_nb.logs.formats import level_of_line
from autobench_nb.logs.formats.hints import lines_with_hints
from autobench_nb.logs.formats.traceback_grouper import Traceback, TracebackGrouper
from autobench_nb.logs.ring.ring import LogRing
from autobench_nb.processes.lines import Line, LineSplitter, text_of
from autobench_nb.processes.pressure import Pressure
from autobench_nb.processes.screen import DrawnLine, Screen, draws, partial_escape

OUTPUT: Final = "benchmark"
"""The channel of what jobs print."""
NARRATION: Final = "job"
"""The channel of what the runner says about them."""
CURRENT_LIMIT: Final = 2_000
"""Characters of a progress line, a picture or an unfinished line that are shown as what a job does now."""
LINES_A_LOOK: Final = 1_024
"""Lines after which the log path is asked again whether it has room."""
SILENCE_S: Final = 0.25
"""After so much silence, a line that might have become part of something larger is one by itself."""
REST_S: Final = 1.0
"""How long a picture must have been left alone, the cursor below it, to count as finished."""
SMALL_BYTES: Final = 32_768
"""A read of more says that more is coming: what it leaves unfinished is not worth showing."""

_PERCENT = re.compile(r"(?<![\d.])(\d{1,3}(?:\.\d+)?)\s?%")
_COLOR = re.compile(r"\x1b\[[\d;?]*[A-Za-z]")

LogFunction = Callable[..., None]
"""``LogRing.append``: channel, level, message, and the rest by name."""


class ShowCurrent(Protocol):
    """Is told what a job does now (None: nothing in particular), and how far it is, where that is said.

    ``unfinished``: the end of ``text`` is a line that is not finished.
    """

    def __call__(
        self, text: str | None, fraction: float | None = None, *, unfinished: bool = False
    ) -> None: ...


class JobLog:
    """One job's entries: each carries its id and is counted. Thread-safe."""

    def __init__(self, log: LogFunction, job_id: str, changed: Callable[[], None]) -> None:
        self._log = log
        self._job_id = job_id
        self._changed = changed
        # Where entries go straight into a ring, many are accepted by one call.
        ring = getattr(log, "__self__", None)
        self._log_all: LogFunction | None = None
        if isinstance(ring, LogRing) and log == ring.append:
            self._log_all = ring.append_all
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

    def printed(
        self,
        text: str,
        logger: str | None,
        *,
        level: Level | None = None,
        lines: int = 1,
        **more: Any,
    ) -> None:
        """One line, or another whole, that the job printed. ``logger``: ``stderr``, or None for ``stdout``."""
        if level is None:
            level = level_of_line(text) or Level.INFO
        self._count(level, lines)
        self._log(OUTPUT, level, text, None, logger, self._job_id, **more)

    def plain_lines(self, texts: list[str], logger: str | None) -> None:
        """Lines that are text already, and whole, and say no level."""
        self._count(Level.INFO, len(texts))
        if self._log_all is not None:
            self._log_all(OUTPUT, Level.INFO, texts, logger, self._job_id)
            return
        for text in texts:
            self._log(OUTPUT, Level.INFO, text, None, logger, self._job_id)

    def _count(self, level: Level, lines: int) -> None:
        with self._lock:
            self.lines += lines
            if level >= Level.ERROR:
                self.errors += 1
            elif level >= Level.WARN:
                self.warnings += 1
        self._changed()


class OutputStream:
    """Turns the bytes of one stream into log entries, at the pace at which the log takes them. Not thread-safe.

    A line is an entry; a traceback is one; of what is drawn again and again (progress bars) the last state of each row
    is one, and ``current`` is told what is drawn meanwhile, as it is told a line that is not finished (a prompt).
    """

    def __init__(
        self,
        log: JobLog,
        name: str,
        *,
        pressure: Pressure,
        limit: int,
        current: ShowCurrent,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._log = log
        self._logger = None if name == "stdout" else name
        self._pressure = pressure
        self._limit = limit
        self._current = current
        self._clock = clock
        self._splitter = LineSplitter(limit)
        self._grouper = TracebackGrouper()
        self._screen: Screen | None = None
        self._drawn: Line | None = None  # a finished line that may be drawn again
        self._escape = b""  # the beginning of an escape sequence
        self._shows = False
        self._due: float | None = None
        self.is_timed = False
        """Whether :meth:`tick` is called. Without it, a line that may be part of a traceback does not wait long."""

    def feed(self, data: bytes, urgent: Callable[[], bool]) -> None:
        """Log what ends within ``data``; waits while the log is full, unless ``urgent()``."""
        if self._escape:
            data = self._escape + data
            self._escape = b""
        if b"\x1b" in data:
            partial = partial_escape(data)
            if partial:
                data, self._escape = data[:-partial], data[-partial:]
            if self._screen is None and draws(data):
                self._begin_screen()
        if self._screen is not None:
            self._draw(data, urgent)
        else:
            self._read(data, urgent)
        self._set_deadline()

    def finish(self) -> None:
        """Log what is left: nothing more comes."""
        if self._escape:
            data, self._escape = self._escape, b""
            self._read(data, lambda: True) if self._screen is None else self._screen.feed(data)
        self._end_screen()
        self._drop_drawn()
        line = self._splitter.finish()
        if line is not None:
            self._line(line)
        self._flush_traceback()
        self._due = None
        self._show(None)

    def due(self) -> float | None:
        """When :meth:`tick` is to be called, if nothing comes before; None: never."""
        return self._due

    def tick(self, now: float) -> None:
        """Log what only waited for what might follow."""
        if self._due is None or now < self._due:
            return
        self._due = None
        if self._screen is not None:
            self._rest(self._screen)
        else:
            self._drop_drawn()
            self._flush_traceback()

    # --- lines

    def _read(self, data: bytes, urgent: Callable[[], bool]) -> None:
        start, end = data.find(b"\n") + 1, data.rfind(b"\n") + 1
        if start < end and end - start <= self._limit and b"\r" not in data:
            whole = data[start:end]
            try:
                texts = whole.decode().split("\n")
            except UnicodeDecodeError:
                pass
            else:
                texts.pop()
                self._split(data[:start], urgent)
                self._drop_drawn()
                self._texts(texts, whole, urgent)
                data = data[end:]
        self._split(data, urgent)
        if self._splitter.rewriting:
            self._show_bytes(self._splitter.head(4 * CURRENT_LIMIT), progress=True)
        elif len(data) < SMALL_BYTES:
            self._show_bytes(self._splitter.head(4 * CURRENT_LIMIT), progress=False)

    def _texts(self, texts: list[str], whole: bytes, urgent: Callable[[], bool]) -> None:
        """The shorter way, for lines that need no closer look: it is what keeps up with a flood."""
        plain = len(whole) == sum(map(len, texts)) + len(texts)
        sizes = (len(text if plain else text.encode()) + 1 for text in texts)
        hints = lines_with_hints(whole, sizes)
        for first in range(0, len(texts), LINES_A_LOOK):
            self._pressure.wait(urgent)
            part = texts[first : first + LINES_A_LOOK]
            if hints is None and not self._grouper.is_open:
                self._log.plain_lines(part, self._logger)
            else:
                self._mixed(part, first, hints or set())

    def _mixed(self, texts: list[str], first: int, hints: set[int]) -> None:
        plain: list[str] = []
        for number, text in enumerate(texts, first):
            if number not in hints and not self._grouper.is_open:
                plain.append(text)
                continue
            if plain:
                self._log.plain_lines(plain, self._logger)
                plain = []
            self._text(text)
        if plain:
            self._log.plain_lines(plain, self._logger)

    def _split(self, data: bytes, urgent: Callable[[], bool]) -> None:
        for number, line in enumerate(self._splitter.feed(data)):
            if number % LINES_A_LOOK == 0:
                self._pressure.wait(urgent)
            self._drop_drawn()
            if line.returned:
                self._drawn = line
            else:
                self._line(line)

    def _line(self, line: Line) -> None:
        text, marks = text_of(line)
        if marks:
            self._flush_traceback()
            self._log.printed(text, self._logger, fields=marks)
        else:
            self._text(text)

    def _text(self, text: str) -> None:
        for item in self._grouper.feed(text):
            self._item(item)

    def _item(self, item: str | Traceback) -> None:
        if isinstance(item, Traceback):
            self._log.printed(
                item.message, self._logger, level=Level.ERROR, lines=item.lines, exc=item.text
            )
        else:
            self._log.printed(item, self._logger)

    def _flush_traceback(self) -> None:
        for item in self._grouper.flush():
            self._item(item)

    def _drop_drawn(self) -> None:
        line, self._drawn = self._drawn, None
        if line is not None:
            self._line(line)

    # --- pictures

    def _begin_screen(self) -> None:
        """What is drawn goes up: from here on lines are rows. The last ones may be drawn over, too."""
        self._flush_traceback()
        self._screen = Screen()
        if self._drawn is not None:
            self._screen.feed(self._drawn.data + b"\n")
            self._drawn = None
        self._screen.feed(self._splitter.take_open())

    def _draw(self, data: bytes, urgent: Callable[[], bool]) -> None:
        screen = self._screen
        assert screen is not None
        for start in range(0, len(data), 8 * LINES_A_LOOK):
            self._pressure.wait(urgent)
            self._rows(screen.feed(data[start : start + 8 * LINES_A_LOOK]))
        picture = screen.picture()
        self._show(picture or None, _fraction(picture), unfinished=not screen.rests_below)

    def _rows(self, rows: list[DrawnLine]) -> None:
        for row in rows:
            if row.rewritten:
                self._flush_traceback()
                fields = {"rewritten": row.rewritten}
                self._log.printed(row.text, self._logger, fields=fields)
            else:
                self._text(row.text)

    def _rest(self, screen: Screen) -> None:
        """It has been left alone for a while."""
        if screen.rests_below:
            self._end_screen()
            self._show(None)
        self._flush_traceback()

    def _end_screen(self) -> None:
        screen, self._screen = self._screen, None
        if screen is not None:
            self._rows(screen.finish())

    # --- what comes next

    def _set_deadline(self) -> None:
        """When silence would say that what is held is whole."""
        if self._screen is not None:
            if self._screen.moved or self._due is None:
                self._screen.moved = False
                self._due = self._clock() + REST_S
        elif not self.is_timed and self._grouper.may_be_whole:
            self._flush_traceback()
        elif self._drawn is not None or self._grouper.is_open:
            self._due = self._clock() + SILENCE_S
        else:
            self._due = None

    def _show_bytes(self, state: bytes, *, progress: bool) -> None:
        text = state.decode("utf-8", "replace")
        text = _COLOR.sub("", text) if "\x1b" in text else text
        if text.strip():
            self._show(text, _fraction(text) if progress else None, unfinished=not progress)
        elif not progress:
            self._show(None)

    def _show(
        self, text: str | None, fraction: float | None = None, *, unfinished: bool = False
    ) -> None:
        if text is None and not self._shows:
            return
        self._shows = text is not None
        shown = None if text is None else text[:CURRENT_LIMIT]
        self._current(shown, fraction, unfinished=unfinished)


def _fraction(text: str) -> float | None:
    """How far a progress line says it is; of several, the first says it for all."""
    for match in _PERCENT.finditer(text):
        percent = float(match[1])
        if percent <= 100:
            return percent / 100
    return None
