"""Reads the lines of one source: finds the format that fits, and joins what belongs together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, tzinfo
from operator import itemgetter
from typing import Any, Final

from autobench_nb.logs.entry import Level
from autobench_nb.logs.formats.catalogue import Catalogue, default_catalogue
from autobench_nb.logs.formats.choosing import (
    CODED_PLACES,
    JSON,
    LOGFMT,
    best_format,
    first_lines,
)
from autobench_nb.logs.formats.coded import CodedParser
from autobench_nb.logs.formats.joining import INDENTED, OpenEntry
from autobench_nb.logs.formats.layouts import Layout, needs_order
from autobench_nb.logs.formats.levels import HEAD, level_in_text, uncoloured
from autobench_nb.logs.formats.parsed import PLAIN, ParsedLine
from autobench_nb.logs.formats.parser import HEAD_CHARS, FormatParser, LineParser
from autobench_nb.logs.formats.structured import read_json, read_logfmt
from autobench_nb.logs.formats.times import Clock
from autobench_nb.logs.formats.traceback_starts import PYTHON_GROUP, likely_start_of, start_of
from autobench_nb.logs.formats.tracebacks import NONE, TracebackState, goes_on

SAMPLE_LINES: Final = 200
"""Lines of which a source's format is found."""
LINES_AT_ONCE: Final = 1_024
"""Lines that are read together."""
JOINED: Final = "joined"
"""What a line below an entry counts as."""
_TIME: Final = itemgetter(0)


class LineReader:
    """Reads the lines of one source in their order.

    Give it lines with :meth:`feed` and take the last entry with :meth:`finish`; :meth:`read` reads one line by itself.
    Never raises for any line: what no format takes keeps its text, the time of the line before, and the level that it
    says. :attr:`counts` has every line that was fed, by its format, ``joined`` or ``plain``.

    Args:
        now: Seconds since 1970 of the newest moment that the lines can speak of.
        zone: What times without a zone are in.
        year: What times without a year begin with; default: the newest that does not lie in the future of ``now``. A
            January after a December begins the next year.
        catalogue: The formats to choose from; default: the package's own.
    """

    def __init__(
        self,
        *,
        now: float,
        zone: tzinfo = UTC,
        year: int | None = None,
        catalogue: Catalogue | None = None,
    ) -> None:
        self.counts: Counter[str] = Counter()
        self.format: str | None = None
        """The format that fits most lines, once some were fed; None where none does."""
        self._catalogue = catalogue or default_catalogue()
        self._now, self._zone, self._year = now, zone, year
        self._use(self._new_clock())
        self._winner: LineParser | None = None
        self._winner_name = ""
        self._is_inner = False
        self._may_be_indented = False
        self._looked = self._looked_again = 0
        self._ts: float | None = None
        self._open = OpenEntry()
        formats = self._catalogue.formats
        self._inner = frozenset(one.name for one in formats if one.inner)
        self._alone = frozenset(one.name for one in formats if one.continuation == "none")
        self._takes_any = frozenset(one.name for one in formats if one.continuation == "any")

    def _new_clock(self) -> Clock:
        return Clock(now=self._now, zone=self._zone, year=self._year)

    def _use(self, clock: Clock) -> None:
        self._clock = clock
        self._iso = Layout(clock, "iso")
        self._parsers: dict[int, LineParser] = {}

    # --- one line by itself

    def read(self, line: str) -> ParsedLine:
        """What one line says by itself (its end of line may still be there)."""
        text = line.rstrip("\r\n")
        parsed = self._recognised(text)
        if parsed is None:
            return self._plain(text)
        return self._timed(parsed)

    def _timed(self, parsed: ParsedLine) -> ParsedLine:
        if parsed.ts is None:
            return parsed if self._ts is None else parsed._replace(ts=self._ts)
        self._ts = parsed.ts
        return parsed

    def _plain(self, text: str) -> ParsedLine:
        level = level_in_text(uncoloured(text[:HEAD]) if "\x1b" in text else text[:HEAD])
        return ParsedLine(self._ts, level or Level.INFO, text, PLAIN)

    def _recognised(self, text: str) -> ParsedLine | None:
        if "\x1b" in text:
            text = uncoloured(text)
        winner = self._winner
        if winner is not None and (parsed := winner.parse(text)) is not None:
            return parsed
        if not text:
            return None
        for place in (JSON, *self._catalogue.starting_with(text[0]), LOGFMT):
            parsed = self._parser(place).parse(text)
            if parsed is not None:
                return parsed
        return None

    def _anew(self, place: int) -> LineParser:
        """A parser that has read nothing yet; :attr:`_clock` is not its clock."""
        self._use(self._new_clock())
        return self._parser(place)

    def _parser(self, place: int) -> LineParser:
        parser = self._parsers.get(place)
        if parser is None:
            formats, clock = self._catalogue.formats, self._clock
            parser = self._coded(place) if place < 0 else FormatParser(formats[place], clock)
            self._parsers[place] = parser
        return parser

    def _coded(self, place: int) -> LineParser:
        iso = self._iso
        if place == JSON:
            reads = self._catalogue.reads_json
            return CodedParser(
                lambda text: read_json(text, iso) if reads and text[:1] == "{" else None
            )
        reads = self._catalogue.reads_logfmt
        return CodedParser(lambda text: read_logfmt(text, iso) if reads and "=" in text else None)

    # --- many lines

    def entries(self, lines: Iterable[str]) -> Iterator[ParsedLine]:
        """All entries of ``lines``, read some at a time."""
        block: list[str] = []
        for line in lines:
            block.append(line)
            if len(block) >= 4 * SAMPLE_LINES:
                yield from self.feed(block)
                block = []
        yield from self.feed(block)
        yield from self.finish()

    def feed(self, lines: Sequence[str]) -> list[ParsedLine]:
        """The entries that these next lines complete; the last one stays open for lines that belong to it.

        Args:
            lines: Lines without their ends; those of a first call should be many, since the format is found in them.
        """
        if self._looked < SAMPLE_LINES:
            self._settle(lines[:SAMPLE_LINES])
        done: list[ParsedLine] = []
        read_before = self.counts[self._winner_name] + self.counts[JOINED]
        for at in range(0, len(lines), LINES_AT_ONCE):
            part = lines[at : at + LINES_AT_ONCE]
            if self._winner is None:
                for line in part:
                    self._one(line, done)
            else:
                self._many(self._winner, part, done)
        read = self.counts[self._winner_name] + self.counts[JOINED] - read_before
        if len(lines) >= SAMPLE_LINES > self._looked_again and read * 2 < len(lines):
            # What came first, such as a banner, may not be what most of the source is.
            self._looked, self._looked_again = 0, self._looked_again + SAMPLE_LINES // 8
        return done

    def _many(self, winner: LineParser, lines: Sequence[str], done: list[ParsedLine]) -> None:
        """Lines that are mostly of the winner's format, all of which are read at once."""
        is_coloured = "\x1b" in "".join(lines)
        found = winner.find([uncoloured(line) for line in lines] if is_coloured else lines)
        entries = self._all_at_once(winner, lines, found)
        state = self._clock.state
        found.append(None)
        at = taken = 0
        while at < len(lines):
            if found[at] is None:
                self._one(lines[at], done, is_tried=not is_coloured)
                at += 1
                if self._clock.has_moved(state):
                    # What comes behind it is to be read anew.
                    entries = None
                continue
            stop = found.index(None, at)
            if entries is None:
                self._run(winner, found[at:stop], lines[at:stop], done)
            else:
                self._begin(entries[taken : taken + stop - at], done)
            taken += stop - at
            at = stop

    def _all_at_once(
        self, winner: LineParser, lines: Sequence[str], found: Sequence[Any]
    ) -> list[ParsedLine] | None:
        """What was found of some lines; None where other lines in between can change what later ones say."""
        fitting = [one for one in found if one is not None]
        if not fitting:
            return []
        state = self._clock.state
        entries = winner.entries(fitting)
        if entries is not None and (
            len(fitting) == len(lines)
            or not self._clock.has_moved(state)
            or all(
                line[:1] in INDENTED for line, one in zip(lines, found, strict=True) if one is None
            )
        ):
            return entries
        self._clock.restore(state)
        return None

    def _run(
        self, winner: LineParser, found: Sequence[Any], lines: Sequence[str], done: list[ParsedLine]
    ) -> None:
        """Lines of the winner's format that follow one another."""
        state = self._clock.state
        entries = winner.entries(found)
        if entries is not None:
            self._begin(entries, done)
            return
        # One has a time that is none: whoever can read it has to.
        self._clock.restore(state)
        for line in lines:
            self._one(line, done)

    def _begin(self, entries: list[ParsedLine], done: list[ParsedLine]) -> None:
        """Entries of the winner's format, each of which closes the one before; the last stays open."""
        if self._is_inner:
            for entry in entries:
                self._accept(entry, done)
            return
        if None in map(_TIME, entries):
            entries = [self._timed(entry) for entry in entries]
        self._close_into(done)
        self.counts[self._winner_name] += len(entries)
        last = entries.pop()
        self._open.entry, self._ts = last, last.ts
        done += entries

    def _one(self, line: str, done: list[ParsedLine], *, is_tried: bool = False) -> None:
        """One line, whatever it is; ``is_tried``: it is none of the winner's."""
        opened = self._open
        if line[:1] in INDENTED and not self._may_be_indented and self._takes_indented(line):
            # Whatever kind of traceback it stands in goes on with an indented line.
            inside = opened.traceback
            if inside is not NONE:
                inside = goes_on(inside, line)
            elif line[:4] == PYTHON_GROUP:
                inside = likely_start_of(line)
            opened.join(line, inside)
            self.counts[JOINED] += 1
        elif line or opened.traceback is not NONE:
            self._other(line, done, is_tried)
        else:
            self.counts[PLAIN] += 1
            self._close_into(done)
            opened.entry = ParsedLine(self._ts, Level.INFO, line, PLAIN)

    def finish(self) -> list[ParsedLine]:
        """The entry that is still open, if any."""
        return [] if self._open.entry is None else [self._open.close()]

    def _other(self, line: str, done: list[ParsedLine], is_tried: bool) -> None:
        """A line that the winner does not take, or that may stand in a traceback."""
        opened = self._open
        text = uncoloured(line) if "\x1b" in line else line
        if opened.traceback is not NONE and start_of(text) is not NONE and opened.has_room(text):
            # What was raised is a part of its traceback, though it may look like a line of some format.
            inside = goes_on(opened.traceback, text)
            if inside is not NONE:
                opened.join(text, inside)
                self.counts[JOINED] += 1
                return
        winner = None if is_tried and len(text) <= HEAD_CHARS else self._winner
        parsed = None if winner is None else winner.parse(text)
        if parsed is None:
            after = self._continued(text)
            if after is not None:
                opened.join(text, after)
                self.counts[JOINED] += 1
                return
            if text[:1] not in INDENTED:
                parsed = self._recognised(text)
        if parsed is not None:
            self._accept(parsed, done)
            return
        kind = likely_start_of(text)
        if opened.has_room(text) and self._takes(kind):
            opened.join(text, kind)
            self.counts[JOINED] += 1
            return
        self.counts[PLAIN] += 1
        self._close_into(done)
        opened.begin(self._plain(line), kind)

    def _accept(self, parsed: ParsedLine, done: list[ParsedLine]) -> None:
        """A recognised line begins an entry, unless it is a container's that goes on with the one before."""
        parsed = self._timed(parsed)
        if parsed.format in self._inner or (parsed.format == "json" and "stream" in parsed.fields):
            if self._open.take_inner(parsed):
                self.counts[JOINED] += 1
                return
            self._close_into(done)
            self._open.begin_inner(parsed)
        else:
            self._close_into(done)
            self._open.begin(parsed)
        self.counts[parsed.format] += 1

    def _close_into(self, done: list[ParsedLine]) -> None:
        if self._open.entry is not None:
            done.append(self._open.close())

    def _continued(self, text: str) -> TracebackState | None:
        """The traceback's state after ``text``, where that goes on with it or is indented below an entry."""
        opened = self._open
        entry = opened.entry
        if entry is None or not opened.has_room(text):
            return None
        if opened.traceback is not NONE:
            after = goes_on(opened.traceback, text)
            if after is not NONE:
                return after
            opened.traceback = after
        if self._takes_indented(text):
            return NONE
        # The first line of a traceback: known before all formats are tried, since it may look like one.
        kind = likely_start_of(text)
        return kind if kind is not NONE and self._takes(kind) else None

    def _takes_indented(self, text: str) -> bool:
        """Whether the open entry takes ``text`` because that is indented."""
        opened = self._open
        entry = opened.entry
        if entry is None or text[:1] not in INDENTED or text.isspace() or not opened.has_room(text):
            return False
        if entry.format == PLAIN:
            return opened.traceback is not NONE
        return entry.format not in self._alone and "\x1b" not in text

    def _takes(self, kind: TracebackState) -> bool:
        """Whether the open entry takes a line that no format takes and that is not indented."""
        entry = self._open.entry
        if entry is None or entry.format == PLAIN or entry.format in self._alone:
            return False
        return kind is not NONE or entry.format in self._takes_any

    # --- which format

    def _settle(self, sample: Sequence[str]) -> None:
        """Find the format that fits most of the lines, without a trace in the clock that reads them afterwards."""
        lines = first_lines(sample)
        if not lines:
            return
        self._looked += len(sample)
        clock = self._clock
        best = best_format(lines, self._catalogue, self._anew)
        if self._ts is None and best is not None and best >= 0:
            format = self._catalogue.formats[best]
            if format.time and needs_order(format.time):
                trial = self._new_clock()
                FormatParser(format, trial).count(lines)
                clock.start_earlier(trial.corrected_years)
        self._use(clock)
        self._choose(best, lines)

    def _choose(self, best: int | None, lines: Sequence[str]) -> None:
        """Try the format at ``best`` first from now on."""
        self._winner, self.format = None, None
        self._is_inner = self._may_be_indented = False
        if best is None:
            return
        self._winner = self._parser(best)
        if best < 0:
            self.format = CODED_PLACES[best]
            self._is_inner = best == JSON and any('"stream"' in line for line in lines)
        else:
            format = self._catalogue.formats[best]
            self.format = format.name
            self._is_inner = format.inner
            self._may_be_indented = format.starts is None or bool(format.starts.match(" "))
        self._winner_name = self.format
