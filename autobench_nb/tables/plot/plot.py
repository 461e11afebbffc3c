"""The picture: an HTML table of the jobs, whose middle column is drawn.

A table, since it stays one where a viewer takes the drawing away (an untrusted notebook, a page that shows no SVG), and
for who listens to it. Its colours are the host's, light and dark, and its width is the cell's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any, Final, Protocol

from autobench_nb.figures import counted
from autobench_nb.tables.comparison import SUCCEEDED, JobRows, ratios_to_least
from autobench_nb.tables.plot.axis import Axis, axis_for
from autobench_nb.tables.plot.measures import measure_named, ratio_text, with_unit
from autobench_nb.tables.plot.series import OUTLIER_MADS, Series, series_of
from autobench_nb.tables.plot.style import STYLE

MOST_ROWS: Final = 200
"""Jobs that are drawn; of more, those that failed come first, and it is said how many are not drawn."""
VALUES_IN_TITLE: Final = 60
"""Repetitions whose figures a bar's title lists."""
GLYPHS: Final = {
    "queued": "○",
    "running": "◐",
    "succeeded": "✓",
    "failed": "✗",
    "cancelled": "⊘",
    "timeout": "✗",
}
_ENDS: Final = frozenset({"succeeded", "failed", "cancelled", "timeout"})


class Cells(Protocol):
    """A mapping, or what is like one in this: a pandas ``Series``."""

    def items(self) -> Iterable[tuple[Any, Any]]: ...


class Plot:
    """Jobs side by side: a bar to the mean from 0, each repetition a dot on it, the ratio to the fastest.

    A notebook shows it; :meth:`save` writes it as a page of its own. Repetitions that have failed are not drawn, since
    they have not done the work; the reason stands instead. Dots beyond 3 MAD (median absolute deviations, scaled to be
    the standard deviation of normally distributed times) of their job's median are amber.

    Args:
        jobs: The jobs, drawn in this order.
        heading: One line above them.
        measure: What is drawn: ``wall_s`` or ``cpu_s`` (seconds), ``max_rss_bytes``, ``value``, which a callable
            returned, or the name of a metric, which is a key where a callable returned a mapping.
        log: Whether the axis goes by powers of ten. Bars begin at 0 and are left out then.
        beside: Further columns by their titles: for each a mapping (or a pandas ``Series``) from the jobs' names to
            what stands there.

    Raises:
        OptionError: There is no such measure.
    """

    def __init__(
        self,
        jobs: Sequence[JobRows],
        heading: str,
        measure: str = "wall_s",
        *,
        log: bool = False,
        beside: Mapping[str, Cells] | None = None,
    ) -> None:
        self._heading = heading
        self._measure = measure_named(measure, jobs)
        self._log = log
        self._beside = {title: dict(cells.items()) for title, cells in (beside or {}).items()}
        shown = chosen(jobs, MOST_ROWS)
        self._left_out = len(jobs) - len(shown)
        every = [series_of(job, self._measure, log=log) for job in jobs]
        ids = {job.job_id for job in shown}
        self._series = [one for one in every if one.job.job_id in ids]
        # Ratio and axis are those of all jobs, also of those that are not drawn.
        means = ratios_to_least(one.figures.mean if one.succeeded else None for one in every)
        if sum(mean is not None for mean in means) < 2:
            # One alone is compared with nothing.
            means = [None] * len(means)
        self._ratios = {one.job.job_id: ratio for one, ratio in zip(every, means, strict=True)}
        values = [point.value for one in every for point in one.points]
        self._axis = axis_for(values, self._measure, log=log)
        self._is_empty = not values
        # Where all jobs have done the same number of repetitions, the heading says it for all.
        is_same = len({one.job.repeat for one in self._series}) == 1
        self._counts = not (is_same and all(_is_whole(one) for one in self._series))

    def _repr_html_(self) -> str:
        """The picture, as a notebook shows it."""
        return f'<div class="ab-plot">{STYLE}{self._table()}{self._legend()}</div>'

    def save(self, path: str | Path) -> None:
        """Write the picture as an HTML page of its own, light or dark as its reader's system is.

        Args:
            path: The file; what stands there is replaced.

        Raises:
            OSError: The file cannot be written.
        """
        Path(path).write_text(
            '<!doctype html><html lang="en"><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width">'
            f"<title>{escape(self._heading)}</title>"
            '<body style="margin:16px;background:light-dark(#fff,#15191e);color-scheme:light dark">'
            f"{self._repr_html_()}</body></html>\n",
            encoding="utf-8",
        )

    def __repr__(self) -> str:
        return (
            f"<Plot of {counted(len(self._series), 'job')}, {self._measure.title}: {self._heading}>"
        )

    # --- its parts

    def _table(self) -> str:
        titles = ["ratio", "mean ± sd", *(["repetitions"] if self._counts else []), *self._beside]
        head = (
            f"<thead><tr><th>job</th><th>{escape(self._measure.title)}{self._tick_labels()}</th>"
            + "".join(f"<th>{escape(title)}</th>" for title in titles)
            + "</tr></thead>"
        )
        rows = "".join(self._row(one) for one in self._series)
        caption = escape(self._heading)
        if not self._counts and self._series:
            repeat = self._series[0].job.repeat
            caption += "" if repeat == 1 else f", {repeat:,} repetitions each"
        return f"<table><caption>{caption}</caption>{head}<tbody>{rows}</tbody></table>"

    def _tick_labels(self) -> str:
        if self._is_empty:
            return ""
        labels = []
        for tick in self._axis.ticks:
            # The outermost labels end where the axis does, so that nothing is cut.
            side = "l" if tick.place < 0.04 else "r" if tick.place > 0.94 else "m"
            labels.append(
                f'<i class="{side}" style="left:{100 * tick.place:.2f}%">{escape(tick.label)}</i>'
            )
        return f'<div class="ticks">{"".join(labels)}</div>'

    def _row(self, one: Series) -> str:
        job = one.job
        ratio = self._ratios[job.job_id]
        is_fastest = ratio is not None and ratio <= 1
        mark = f'<b class="{job.status}" title="{job.status}">{GLYPHS.get(job.status, "")}</b>'
        strip = self._strip(one)
        # Where there is nothing to draw, what stands instead has the place of the figures too.
        span = "" if strip else ' colspan="3"'
        cells = [
            f'<th scope="row" title="{escape(job.command)}"><div>{mark}{escape(job.name)}</div></th>',
            f'<td class="strip"{span}>{strip}{_reason(job)}</td>',
        ]
        if strip:
            cells.append(
                f'<td class="ratio{" best" if is_fastest else ""}">'
                f"{'' if ratio is None else ratio_text(ratio)}</td>"
                f'<td class="mean">{self._mean(one)}</td>'
            )
        if self._counts:
            part = "" if _is_whole(one) else " part"
            cells.append(f'<td class="count{part}">{_count(one)}</td>')
        cells += [
            f'<td class="beside" data-title="{escape(title)}">{escape(_cell(texts.get(job.name, "")))}</td>'
            for title, texts in self._beside.items()
        ]
        state = "bad" if job.status in {"failed", "timeout"} else "rest"
        return f'<tr class="{state}">{"".join(cells)}</tr>'

    def _mean(self, one: Series) -> str:
        mean = one.figures.mean
        if mean is None:
            return ""
        unit = self._measure.unit_for(mean)
        return escape(with_unit(mean, unit, one.figures.sd))

    def _strip(self, one: Series) -> str:
        if not one.points:
            return ""
        listed = one.points[:VALUES_IN_TITLE]
        unit = self._measure.unit_for(max(abs(point.value) for point in one.points))
        title = ", ".join(with_unit(point.value, unit) for point in listed)
        if len(one.points) > len(listed):
            title += f" and {len(one.points) - len(listed)} more"
        return (
            f'<svg viewBox="0 0 10000 20" preserveAspectRatio="none" role="img">'
            f"<title>{escape(title)}</title>{drawn(one, self._axis, is_log=self._log)}</svg>"
        )

    def _legend(self) -> str:
        said = [] if self._is_empty else ["● one repetition"]
        if any(point.is_outlier for one in self._series for point in one.points):
            said.append(
                f'<span class="out">●</span> beyond {OUTLIER_MADS:g} MAD of its job\'s median'
            )
        if not self._is_empty:
            said.append("│ mean")
        if self._log and not self._is_empty:
            said.append("an axis of powers of ten")
        if self._left_out:
            said.append(f"{self._left_out:,} more jobs are not drawn: run.to_pandas() has them all")
        return f'<p class="legend">{"<span></span>".join(said)}</p>' if said else ""


def chosen(jobs: Sequence[JobRows], most: int) -> list[JobRows]:
    """At most ``most`` of the jobs, in their order: those that failed, then the first of the others."""
    if len(jobs) <= most:
        return list(jobs)
    failed = [job for job in jobs if job.status in _ENDS - {SUCCEEDED}][:most]
    kept = {job.job_id for job in failed}
    for job in jobs:
        if len(kept) >= most:
            break
        kept.add(job.job_id)
    return [job for job in jobs if job.job_id in kept]


def drawn(one: Series, axis: Axis, *, is_log: bool) -> str:
    """The marks of one row in a box of 10,000 by 20: grid, bar, dots, mean. Widths are in pixels: they do not scale."""

    def x(value: float) -> int:
        return round(10_000 * axis.place(value))

    grid = "".join(f"M{round(10_000 * tick.place)} 0v20" for tick in axis.ticks)
    marks = [f'<path class="grid" d="{grid}"/>']
    mean = one.figures.mean
    if is_log:
        values = [point.value for point in one.points]
        marks.append(f'<path class="range" d="M{x(min(values))} 10H{x(max(values))}"/>')
    elif mean is not None:
        marks.append(f'<path class="bar" d="M{x(0.0)} 10H{x(mean)}"/>')
    for is_outlier, name in ((False, "dots"), (True, "dots out")):
        places = [
            # Three heights, so that equal figures do not hide each other.
            f"M{x(point.value)} {(10, 6, 14)[point.repetition % 3]}h0"
            for point in one.points
            if point.is_outlier is is_outlier
        ]
        if places:
            marks.append(f'<path class="{name}" d="{"".join(places)}"/>')
    if mean is not None and axis.low <= mean <= axis.high:
        marks.append(f'<path class="middle" d="M{x(mean)} 3v14"/>')
    return "".join(marks)


def _cell(value: object) -> str:
    return f"{value:,.4g}" if isinstance(value, float) else str(value)


def _reason(job: JobRows) -> str:
    if job.status == SUCCEEDED:
        return ""
    words = {"queued": "in the queue", "running": "running"}
    text = job.reason or words.get(job.status, job.status)
    return f'<div class="why">{escape(text)}</div>'


def _is_whole(one: Series) -> bool:
    return len(one.points) == one.job.repeat


def _count(one: Series) -> str:
    done, asked = len(one.job.measured), one.job.repeat
    text = f"{done:,}" if done == asked else f"{done:,} of {asked:,}"
    for why, count in one.left_out.items():
        text += f"<br><small>{count:,} {why}</small>"
    return text
