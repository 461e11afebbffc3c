"""The static picture of an orchestrator, which a saved notebook keeps: HTML of its own, small, without script. Pure.

Tables and one preformatted block say everything, so that it reads where every style is stripped (GitHub); no colour is
its own, so that it reads in light and dark. Whatever it shows has gone through the redactor first, and is escaped.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from html import escape, unescape
from itertools import islice
from typing import Any, Final

from autobench_nb.figures import counted, seconds_text
from autobench_nb.logs.entry import LogEntry
from autobench_nb.logs.redaction.named import without_named_secrets
from autobench_nb.logs.redaction.redactor import Redactor
from autobench_nb.logs.text import clean
from autobench_nb.notebook.figures import duration, size
from autobench_nb.tables.results import Result

ROWS: Final = 30
"""Rows of a table at most."""
LINES: Final = 60
"""Log lines at most."""
CELL_CHARS: Final = 120
LINE_CHARS: Final = 240
BUDGETS: Final = {
    "runs": 7_500,
    "results": 4_500,
    "devices": 2_000,
    "streams": 2_000,
    "findings": 2_000,
    "state": 9_000,
    "lines": 9_000,
}
"""Bytes of each part; together with the head below 30,000 in each view."""
PARTS: Final[Mapping[str, tuple[str, ...]]] = {
    "dashboard": ("runs", "results", "devices", "streams", "findings", "lines"),
    "state": ("state",),
    "logs": ("lines",),
    "badge": (),
}
"""What the picture of each view holds."""
STYLE: Final = (
    "<style>.jp-OutputArea:has(.ab-picture) .jp-OutputArea-child:has(> .jupyter-widgets)"
    ":not(:has(> .jupyter-widgets > *)){display:none}"
    # Jupyter sets all of a table to the right: good for numbers, bad for names.
    ".ab-picture.ab-picture.ab-picture :is(caption,:is(th,td):is(:first-child,:last-child)){text-align:left}</style>"
)
"""Hides the words that stand in a widget's place where no kernel knows it any more, and no more than that."""

_SECRETS: Final = Redactor(secrets=True)
_ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])")
# As the page has it (js/src/logs/text/visible.ts): what hides, or turns other text around.
_HIDDEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff"
    "\ufff9-\ufffb\U000e0001-\U000e007f]"
)
_LINE_BREAK = re.compile(r"\r\n|[\n\r]")


@dataclass(frozen=True, slots=True)
class Moment:
    """What is known of an orchestrator at one time.

    Attributes:
        title: Its name.
        taken_at: When that was, aware; the zone is the one that times are shown in.
        state: The whole state.
        entries: The newest log entries, oldest first.
        results: The newest results, oldest first; ``result_count`` says of how many.
        is_closed: Whether the orchestrator is closed, so that nothing more will come.
        redactor: Takes out what its log must not show; the built-in set of secrets is taken out besides.
    """

    title: str
    taken_at: datetime
    state: Mapping[str, Any]
    entries: Sequence[LogEntry] = ()
    results: Sequence[Result] = ()
    result_count: int = 0
    is_closed: bool = False
    redactor: Redactor = field(default_factory=Redactor)


def picture_html(moment: Moment, view: str = "dashboard") -> str:
    """The picture of ``view`` (a key of :data:`PARTS`) as HTML, below 30,000 bytes whatever the moment holds."""
    draw = _Drawing(moment)
    parts = "".join(getattr(draw, part)(BUDGETS[part]) for part in PARTS[view])
    return f'<div class="ab-picture">{STYLE}{draw.head()}{parts}</div>'


class _Drawing:
    """Draws the parts of one moment, each within a budget of bytes; a part with nothing to show is empty."""

    def __init__(self, moment: Moment) -> None:
        self._moment = moment
        self._redactor = moment.redactor
        jobs = moment.state.get("jobs") or {}
        self._jobs: Mapping[str, Mapping[str, Any]] = jobs.get("items") or {}
        self._zone = moment.taken_at.tzinfo

    def head(self) -> str:
        """Whose picture it is, of when, what is going on, and how it becomes live again."""
        at = self._moment.taken_at
        counts = Counter(str(job.get("status")) for job in self._jobs.values())
        doing = ", ".join(f"{counts[name]:,} {self._text(name)}" for name in islice(counts, 8))
        end = "It is closed." if self._moment.is_closed else "Run the cell again for the live view."
        return (
            f"<p><strong>AutoBench</strong> {self._text(self._moment.title)}: as it was at "
            f'<time datetime="{escape(at.isoformat(timespec="seconds"))}">{escape(_stamp(at))}</time>. {end}'
            f"{f'<br>Jobs: {doing}.' if doing else ''}</p>"
        )

    def runs(self, budget: int) -> str:
        """The jobs, in their order: some that run, some that went wrong, and the newest of the others."""
        rows = (
            (
                self._text(job.get("name") or job.get("command") or job.get("id")),
                self._text(job.get("status")),
                self._progress(job),
                self._text(_fact(job)),
                self._text(_took(job)),
            )
            for job in _chosen(self._jobs.values())
        )
        heads = ("job", "status", "repetitions", "mean, or why not", "took")
        return _table("Jobs", heads, rows, len(self._jobs), budget)

    def results(self, budget: int) -> str:
        """The newest results."""
        newest = self._moment.results[-ROWS:]
        rows = (
            (
                self._text(row.name),
                str(row.repetition),
                self._text(row.status),
                "" if row.wall_s is None else duration(row.wall_s),
                _cpu(row),
                "" if row.max_rss_bytes is None else size(row.max_rss_bytes),
                "" if row.value is None else self._text(row.to_record()["value"]),
            )
            for row in reversed(newest)
        )
        heads = ("job", "repetition", "status", "wall time", "CPU time", "peak memory", "value")
        return _table("Results, newest first", heads, rows, self._moment.result_count, budget)

    def devices(self, budget: int) -> str:
        """The devices."""
        return self._records("devices", "Devices", ("type", "status", "lastSeen"), budget)

    def streams(self, budget: int) -> str:
        """The streams."""
        return self._records("streams", "Streams", ("status", "url"), budget)

    def findings(self, budget: int) -> str:
        """What the last pno scan has found."""
        findings = (self._moment.state.get("pno") or {}).get("findings") or []
        names = ("severity", "check", "message")
        rows = ([self._text(one.get(name, "")) for name in names] for one in findings)
        return _table("Findings", names, rows, len(findings), budget)

    def state(self, budget: int) -> str:
        """The state as an indented text."""
        lines = _within(self._outline(self._moment.state, 0), budget)
        return f"<pre>{chr(10).join(lines)}</pre>"

    def lines(self, budget: int) -> str:
        """The newest log lines, oldest first."""
        newest = reversed(self._moment.entries[-LINES:])
        width = max((len(entry.channel) for entry in self._moment.entries[-LINES:]), default=0)
        lines = list(_within((self._line(entry, min(width, 16)) for entry in newest), budget))
        if not lines:
            return ""
        return f"<p>Last {counted(len(lines), 'line')} of the log:</p><pre>{chr(10).join(reversed(lines))}</pre>"

    def _line(self, entry: LogEntry, width: int) -> str:
        time = datetime.fromtimestamp(entry.ts / 1000, self._zone)
        text = self._text(entry.message, LINE_CHARS)
        if entry.exc:
            text += f" ⏎ {self._text(entry.exc.rstrip().rpartition(chr(10))[2], LINE_CHARS)}"
        at = f"{time:%H:%M:%S}.{time.microsecond // 1000:03}"
        channel = self._text(entry.channel, 40)
        pad = " " * (width - len(unescape(channel)))
        return f"{at} {entry.level.wire:5} {channel}{pad}  {text}"

    def _records(self, slice_name: str, title: str, names: Sequence[str], budget: int) -> str:
        records: Mapping[str, Mapping[str, Any]] = self._moment.state.get(slice_name) or {}
        rows = (
            [self._text(id), *(self._field(name, record.get(name)) for name in names)]
            for id, record in records.items()
        )
        return _table(title, ("id", *names), rows, len(records), budget)

    def _progress(self, job: Mapping[str, Any]) -> str:
        repeat = job.get("repeat") or 1
        return self._text(f"{job.get('done') or 0} of {repeat}")

    def _outline(self, value: Any, depth: int) -> Iterator[str]:
        """The members of an object or a list, some of each, a line each."""
        is_object = isinstance(value, Mapping)
        members = value.items() if is_object else enumerate(value)
        for name, member in islice(members, ROWS):
            indent, shown = "  " * depth, self._text(name)
            if isinstance(member, (Mapping, list)) and member:
                yield f"{indent}{shown}:" + ("" if depth < 6 else " …")
                if depth < 6:
                    yield from self._outline(member, depth + 1)
            else:
                yield f"{indent}{shown}: {self._field(str(name), member)}"
        if len(value) > ROWS:
            yield f"{'  ' * depth}… and {len(value) - ROWS:,} more"

    def _field(self, name: str, value: Any) -> str:
        """A value, of which a name such as ``password`` says that it is a secret."""
        if value is None:
            return ""
        (shown,) = _SECRETS.fields({clean(name): clean(value)}).values()
        return self._text(shown)

    def _text(self, value: object, limit: int = CELL_CHARS) -> str:
        """Any value as one line of HTML: without secrets, cut, nothing hidden in it, escaped."""
        # What is cut off may be the end of a secret, whose beginning alone no pattern finds: so first the redactor, of
        # which a text without end would ask too much.
        text = _SECRETS.text(self._redactor.text(clean(value)[: 50 * limit]))
        text = _LINE_BREAK.sub(" ⏎ ", _ANSI.sub("", text).strip()).replace("\t", "  ")
        # A name stands before its value: what is cut off here takes no name with it.
        text = without_named_secrets(text[: 2 * limit])
        if len(text) > limit:
            text = text[: limit - 1] + "…"
        return escape(_HIDDEN.sub(lambda mark: f"‹U+{ord(mark.group()):04X}›", text))


def _table(
    title: str, heads: Sequence[str], rows: Iterable[Sequence[str]], total: int, budget: int
) -> str:
    """A table of ready cells; empty where there is no row. What does not fit is counted."""
    drawn = (f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    shown = list(_within(islice(drawn, ROWS), budget))
    if not shown:
        return ""
    count = f"{total:,}" if len(shown) >= total else f"{len(shown):,} of {total:,}"
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in heads)
    return (
        f"<table><caption>{escape(title)} ({count})</caption><thead><tr>{head}</tr></thead>"
        f"<tbody>{''.join(shown)}</tbody></table>"
    )


def _within(pieces: Iterable[str], budget: int) -> Iterator[str]:
    """The first of them, as many as have so many bytes."""
    for piece in pieces:
        budget -= len(piece.encode()) + 1
        if budget < 0:
            return
        yield piece


def _chosen(jobs: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The jobs to show: some that run, some that went wrong, and the newest of the others, in their order."""
    every = sorted(jobs, key=lambda job: _number(job.get("createdAt")))
    if len(every) <= ROWS:
        return every
    wanted: dict[int, None] = {}
    for statuses in (("running",), ("failed", "timeout")):
        places = [at for at, job in enumerate(every) if job.get("status") in statuses]
        wanted.update(dict.fromkeys(places[-ROWS // 3 :]))
    ended = (at for at in reversed(range(len(every))) if every[at].get("status") != "queued")
    for at in (*ended, *range(len(every))):
        if len(wanted) >= ROWS:
            break
        wanted[at] = None
    return [every[at] for at in sorted(wanted)]


def _fact(job: Mapping[str, Any]) -> str:
    """What came out, or why nothing did."""
    mean, sd = job.get("meanS"), job.get("sdS")
    if job.get("status") == "succeeded" and isinstance(mean, (int, float)):
        several = (job.get("repeat") or 1) > 1 and isinstance(sd, (int, float))
        return seconds_text(mean, _number(sd) if several else None)
    if job.get("status") == "running":
        return str(job.get("current") or "was running then")
    if job.get("reason"):
        return str(job["reason"])
    code = job.get("exitCode")
    return f"exit {code}" if job.get("status") == "failed" and code is not None else ""


def _took(job: Mapping[str, Any]) -> str:
    started, finished = job.get("startedAt"), job.get("finishedAt")
    if not isinstance(started, (int, float)) or not isinstance(finished, (int, float)):
        return ""
    # A figure and its unit stay on one line.
    return duration(max(0.0, finished - started) / 1000).replace(" ", "\u00a0")


def _cpu(row: Result) -> str:
    times = [time for time in (row.cpu_user_s, row.cpu_system_s) if time is not None]
    return duration(sum(times)) if times else ""


def _number(value: Any) -> float:
    return value if isinstance(value, (int, float)) else 0.0


def _stamp(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S} {at.tzname() or ''}".rstrip()
