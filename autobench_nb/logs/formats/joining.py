"""The entry that is still open: what was read of it, and the lines below that belong to it."""

from __future__ import annotations

from typing import Final

from autobench_nb.logs.entry import Level
from autobench_nb.logs.formats.levels import HEAD, leading_level, uncoloured
from autobench_nb.logs.formats.parsed import ParsedLine
from autobench_nb.logs.formats.traceback_starts import likely_start_of
from autobench_nb.logs.formats.tracebacks import NONE, TracebackState, goes_on

MAX_LINES: Final = 10_000
"""Lines that one entry may have; what follows begins a new one."""
MAX_CHARS: Final = 1024 * 1024
"""Characters of the lines below an entry that may belong to it."""
INDENTED: Final = frozenset(" \t")


class OpenEntry:
    """The newest entry, open for lines that belong to it. ``traceback`` says in what kind the last line stood."""

    def __init__(self) -> None:
        self.entry: ParsedLine | None = None
        self.traceback = NONE
        self.has_more = False
        """Whether closing it is more than taking ``entry``."""
        self._inner = NONE
        self._below: list[str] = []
        self._chars = 0
        self._exc_at = -1

    def close(self) -> ParsedLine:
        """The entry with the lines below it; there must be one, and then none is open."""
        entry, below, exc_at = self.entry, self._below, self._exc_at
        assert entry is not None
        self.entry = None
        if below:
            at = len(below) if exc_at < 0 else exc_at
            message = "\n".join([entry.message, *below[:at]]) if at else entry.message
            exc = "\n".join([*([entry.exc] if entry.exc else []), *below[at:]]).rstrip() or None
            ts, level, _, format, logger, channel, fields, _, lines = entry
            lines += len(below)
            entry = ParsedLine(ts, level, message, format, logger, channel, fields, exc, lines)
            self._below, self._chars = [], 0
        self._exc_at = -1
        self.has_more = False
        self.traceback = self._inner = NONE
        return entry

    def begin(self, entry: ParsedLine, kind: TracebackState = NONE) -> None:
        """Open an entry; a line that itself begins a traceback is at least an error."""
        self.entry = entry
        self.traceback = kind
        if kind is not NONE:
            self.entry = entry._replace(level=max(entry.level, Level.ERROR))
            self._exc_at = 0
            self.has_more = True

    def has_room(self, text: str) -> bool:
        """Whether the entry is open and may have ``text`` as well."""
        return (
            self.entry is not None
            and len(self._below) < MAX_LINES
            and self._chars + len(text) < MAX_CHARS
        )

    def join(self, text: str, kind: TracebackState) -> None:
        """Add a line below the entry; with the first one of a traceback ``exc`` begins."""
        if kind is not NONE and self._exc_at < 0:
            self._exc_at = len(self._below)
        self.traceback = kind
        self.has_more = True
        self._below.append(text)
        self._chars += len(text) + 1

    # --- a line whose message is itself a line of another log

    def take_inner(self, parsed: ParsedLine) -> bool:
        """Add what a container's line says to the open entry, where it goes on with that one's message."""
        entry, text = self.entry, parsed.message
        if entry is None or entry.format != parsed.format or not self.has_room(text):
            return False
        if entry.fields.get("stream") != parsed.fields.get("stream"):
            return False
        if "partial" in entry.fields and not self._below:
            if len(entry.message) + len(text) > MAX_CHARS:
                return False
            self.entry = parsed._replace(
                ts=entry.ts, message=entry.message + text, level=entry.level, lines=entry.lines + 1
            )
            return True
        state = self._inner
        after = goes_on(state, text) if state is not NONE else state
        says_more = text[:1] in INDENTED and leading_level(entry.message) is not None
        if after is NONE and not says_more:
            return False
        self.join(text, after)
        self.traceback, self._inner = NONE, after
        return True

    def begin_inner(self, parsed: ParsedLine) -> None:
        """Open an entry for a container's line; its level is what the message says."""
        kind = likely_start_of(parsed.message)
        level = leading_level(uncoloured(parsed.message[:HEAD]))
        self.begin(parsed if level is None else parsed._replace(level=level), kind)
        self.traceback, self._inner = NONE, kind
