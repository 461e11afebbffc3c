"""The picture of a run: every mark stands where its number is, and nothing is left out without a word."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime
from html import unescape
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from autobench_nb.errors import OptionError
from autobench_nb.tables.comparison import JobRows, compared
from autobench_nb.tables.measures import real
from autobench_nb.tables.plot import MEASURES, Plot
from autobench_nb.tables.plot.axis import MOST_TICKS, axis_for
from autobench_nb.tables.plot.measures import ratio_text, with_unit
from autobench_nb.tables.plot.plot import MOST_ROWS
from autobench_nb.tables.plot.series import outside, series_of
from autobench_nb.tables.results import Result

WALL = MEASURES["wall_s"]


def row(number: int, **fields: Any) -> Result:
    given: dict[str, Any] = dict.fromkeys(Result._fields)
    given |= {"run_id": "run-1", "job_id": "1", "name": "job", "kind": "command", "lines": 0}
    given |= {"repetition": number, "status": "succeeded", "wall_s": 1.0}
    return Result(**{**given, "started_at": datetime(2026, 1, 2, tzinfo=UTC), **fields})


def job(
    name: str, walls: list[float | None], *, repeat: int | None = None, **fields: Any
) -> JobRows:
    rows = tuple(row(number, wall_s=wall) for number, wall in enumerate(walls, 1))
    given = {"job_id": name, "command": f"run {name}", "status": "succeeded", "reason": None}
    return JobRows(name=name, repeat=repeat or len(rows), rows=rows, **{**given, **fields})


def values(name: str, returned: list[Any]) -> JobRows:
    rows = tuple(row(number, value=value) for number, value in enumerate(returned, 1))
    return JobRows(name, name, "f", "succeeded", None, len(rows), rows)


def html(*jobs: JobRows, **options: Any) -> str:
    return unescape(Plot(jobs, "run-1: heading", **options)._repr_html_())


def rows_of(page: str) -> list[str]:
    return re.findall(r"<tr class=.*?</tr>", page)


def cell(line: str, name: str) -> str:
    found = re.search(rf'<td class="{name}[^"]*"[^>]*>(.*?)</td>', line)
    assert found is not None, line
    return re.sub("<[^>]+>", " ", found[1]).strip()


def places(line: str, name: str) -> list[int]:
    """Where the marks of a path begin, in ten thousandths of the axis."""
    found = re.search(rf'<path class="{name}" d="([^"]*)"', line)
    return [] if found is None else [int(x) for x in re.findall(r"M(-?\d+) ", found[1])]


# --- true figures


def test_every_repetition_is_a_dot_at_its_place_on_one_axis() -> None:
    page = html(job("a", [1.0, 2.0]), job("b", [4.0]))
    first, second = rows_of(page)
    axis = axis_for([1.0, 2.0, 4.0], WALL)
    assert places(first, "dots") == [round(1e4 * axis.place(one)) for one in (1.0, 2.0)]
    assert places(second, "dots") == [round(1e4 * axis.place(4.0))]
    assert places(first, "middle") == [round(1e4 * axis.place(1.5))]
    assert places(first, "bar") == [0], "a bar begins at 0"
    assert "1.00 s, 2.00 s" in first


def test_the_figures_stand_beside_the_marks() -> None:
    first, second = rows_of(html(job("a", [1.0, 2.0]), job("b", [4.5])))
    assert (cell(first, "mean"), cell(second, "mean")) == ("1.50 ± 0.71 s", "4.50 s")
    assert (cell(first, "ratio"), cell(second, "ratio")) == ("1.00", "3.00×")
    assert 'class="ratio best"' in first
    assert 'class="ratio best"' not in second
    assert (cell(first, "count"), cell(second, "count")) == ("2", "1")


def test_the_heading_says_how_many_repetitions_where_all_jobs_have_done_as_many() -> None:
    page = html(job("a", [1.0, 2.0]), job("b", [3.0, 4.0]))
    assert "<caption>run-1: heading, 2 repetitions each</caption>" in page
    assert "<th>repetitions</th>" not in page
    assert "<caption>run-1: heading</caption>" in html(job("a", [1.0]))
    part = html(job("a", [1.0, 2.0]), job("b", [3.0], repeat=2, status="running"))
    assert "<th>repetitions</th>" in part


def test_what_failed_shows_its_whole_reason_and_no_ratio() -> None:
    reason = "took longer than 60 s: ended with SIGTERM after " + "x" * 300 + " <b>&"
    bad = job("bad", [0.5, None], repeat=20, status="timeout", reason=reason)
    bad = bad._replace(rows=(bad.rows[0], bad.rows[1]._replace(status="timeout", wall_s=60.0)))
    page = Plot([bad, job("good", [2.0])], "h")._repr_html_()
    line = rows_of(page)[0]
    assert unescape(cell(line, "strip")).endswith(reason)
    assert "<b>&" not in page, "what a job says is text"
    assert (cell(line, "ratio"), cell(line, "count")) == ("", "1 of 20")
    assert len(places(line, "dots")) == 1, "the repetition that failed did not do the work"
    assert cell(rows_of(page)[1], "ratio") == "", "one alone is compared with nothing"


def test_jobs_that_have_not_ended_are_named_as_such() -> None:
    page = html(
        job("now", [1.0], repeat=5, status="running"), job("later", [], repeat=5, status="queued")
    )
    now, later = rows_of(page)
    assert cell(now, "strip").endswith("running")
    assert (cell(now, "count"), cell(later, "count")) == ("1 of 5", "0 of 5")
    assert cell(later, "strip") == "in the queue"


def test_a_run_in_which_nothing_was_measured_is_a_table_without_an_axis() -> None:
    page = html(job("bad", [], repeat=1, status="failed", reason="exit status 1"))
    assert "<svg" not in page
    assert 'class="ticks"' not in page
    assert "one repetition" not in page
    assert "exit status 1" in page


@pytest.mark.parametrize("walls", [[0.0], [0.0, 0.0], [1e-9], [1e6], [3.0] * 7])
def test_odd_times_have_their_place(walls: list[float | None]) -> None:
    (line,) = rows_of(html(job("a", walls)))
    assert len(places(line, "dots")) == len(walls)
    assert all(0 <= place <= 10_000 for place in places(line, "dots"))


# --- outliers


def test_what_stands_out_is_drawn_as_such_and_explained() -> None:
    page = html(job("a", [1.00, 1.01, 0.99, 1.02, 1.01, 1.60]))
    (line,) = rows_of(page)
    assert len(places(line, "dots out")) == 1
    assert len(places(line, "dots")) == 5
    assert "beyond 3 MAD of its job's median" in page
    assert "beyond 3 MAD" not in html(job("a", [1.00, 1.01, 0.99, 1.02, 1.01]))


@pytest.mark.parametrize(
    ("numbers", "stand_out"),
    [
        ([1.0, 1.0, 9.0], []),
        ([1, 2, 3, 4, 5], []),
        ([1, 2, 3, 4, 50], [50]),
        ([1.0] * 6, []),
        ([1.0] * 6 + [1.0 + 1e-15], []),
        ([1.0] * 6 + [2.0], [2.0]),
        ([-9, 1, 2, 3, 4, 5], [-9]),
        ([1, 2, 3, 4, 7.4], []),
        ([1, 2, 3, 4, 7.5], [7.5]),
    ],
)
def test_outliers_are_those_beyond_three_median_absolute_deviations(
    numbers: list[float], stand_out: list[float]
) -> None:
    bounds = outside(numbers)
    found = [one for one in numbers if bounds and not bounds[0] <= one <= bounds[1]]
    assert found == stand_out


# --- nan, infinity, and what is no number


def test_what_is_not_finite_is_counted_and_not_drawn() -> None:
    page = html(values("a", [1.0, math.nan, 3.0, math.inf]), measure="value")
    (line,) = rows_of(page)
    assert len(places(line, "dots")) == 2
    assert cell(line, "mean") == "2.0 ± 1.4"
    assert "2 not a finite number" in cell(line, "count")


@pytest.mark.parametrize("odd", ["text", None, True, [1.0], {"a": 1}, object()])
def test_a_returned_value_that_is_no_number_is_counted(odd: Any) -> None:
    (line,) = rows_of(html(values("a", [odd, 2]), measure="value"))
    assert len(places(line, "dots")) == 1
    assert "1 without a number" in cell(line, "count")


def test_numbers_of_all_kinds_are_numbers() -> None:
    odd = [1, 2.5, np.float32(0.5), np.int64(7), np.array(3.0), 10**400, -(10**400)]
    assert [real(one) for one in odd] == [1, 2.5, 0.5, 7, 3.0, math.inf, -math.inf]
    assert real(np.array([1.0])) is None
    assert real(np.bool_(True)) is None


def test_values_below_zero_have_a_bar_from_zero_to_the_left() -> None:
    page = html(values("low", [-4]), values("high", [2]), measure="value")
    low, high = rows_of(page)
    axis = axis_for([-4.0, 2.0], MEASURES["value"])
    assert places(low, "dots") == [round(1e4 * axis.place(-4.0))]
    assert places(low, "bar") == places(high, "bar") == [round(1e4 * axis.place(0.0))]
    assert (cell(low, "ratio"), cell(high, "ratio")) == ("", "")


# --- the axis


@pytest.mark.parametrize("high", [3e-9, 4.2e-6, 0.00093, 0.5, 1, 7.7, 99, 640, 9_000, 2e6])
@pytest.mark.parametrize("measure", ["wall_s", "value"])
def test_ticks_are_round_few_and_where_they_say(high: float, measure: str) -> None:
    axis = axis_for([high / 3, high], MEASURES[measure])
    assert 3 <= len(axis.ticks) <= MOST_TICKS + 1
    unit = MEASURES[measure].unit_for(axis.high)
    texts = [tick.label.removesuffix(unit.sign).replace(",", "") for tick in axis.ticks]
    numbers = [float(text) for text in texts]
    step = numbers[1] - numbers[0]
    assert float(f"{step:.1g}") == pytest.approx(step)
    assert np.diff(numbers) == pytest.approx([step] * (len(numbers) - 1))
    for number, tick in zip(numbers, axis.ticks, strict=True):
        assert axis.place(number * unit.size) == pytest.approx(tick.place, abs=1e-6)
        assert 0 <= tick.place <= 1
    assert axis.ticks[-1].label.endswith(unit.sign)
    assert all(len(tick.label) <= 9 for tick in axis.ticks)


@pytest.mark.parametrize("high", [1, 900, 5_000, 3 * 2**20, 700 * 2**20, 2**33])
def test_ticks_of_memory_are_round_in_their_unit(high: float) -> None:
    test_ticks_are_round_few_and_where_they_say(high, "max_rss_bytes")


@pytest.mark.parametrize("numbers", [[1e-3, 1e3], [1.0], [2.0, 3.0], [1.0, 1.0], [5e-9, 8e4]])
@pytest.mark.parametrize("measure", ["wall_s", "max_rss_bytes"])
def test_an_axis_of_powers_has_its_ticks_where_they_say(numbers: list[float], measure: str) -> None:
    axis = axis_for(numbers, MEASURES[measure], log=True)
    assert 2 <= len(axis.ticks) <= MOST_TICKS
    assert all(0 < axis.place(number) < 1 for number in numbers)
    assert [tick.place for tick in axis.ticks] == sorted(tick.place for tick in axis.ticks)
    sizes = {unit.sign: unit.size for unit in MEASURES[measure].units}
    for tick in axis.ticks:
        number, sign = tick.label.split(" ")
        assert axis.place(float(number) * sizes[sign]) == pytest.approx(tick.place, abs=0.02)


def test_on_an_axis_of_powers_no_bar_claims_to_begin_at_zero() -> None:
    page = html(job("a", [0.001, 0.002]), job("b", [50.0]), log=True)
    assert 'class="bar"' not in page
    assert len(places(rows_of(page)[0], "dots")) == 2
    assert "powers of ten" in page


def test_what_an_axis_of_powers_cannot_hold_is_counted() -> None:
    (line,) = rows_of(html(values("a", [0, -3, 10]), measure="value", log=True))
    assert len(places(line, "dots")) == 1
    assert "2 not a finite number" not in line
    assert "2 not above 0" in cell(line, "count")


@pytest.mark.parametrize(
    ("value", "sd", "text"),
    [
        (3.08, 0.16, "3.08 ± 0.16 s"),
        (0.0421, None, "42.1 ms"),
        (0.000_93, 0.000_01, "930 ± 10 µs"),
        (75.3, None, "75.3 s"),
        (660.0, 6.0, "11.00 ± 0.10 min"),
        (0.0, 0.0, "0 ± 0 ns"),
        (40_000.0, None, "11.1 h"),
    ],
)
def test_times_are_written_in_a_unit_that_suits_them(
    value: float, sd: float | None, text: str
) -> None:
    assert with_unit(value, WALL.unit_for(value), sd) == text


def test_ratios_are_written_short() -> None:
    shown = [ratio_text(one) for one in (1.0, 1.004, 1.01, 2.14, 10.44, 340.0, 12_000.0)]
    assert shown == ["1.00", "1.00", "1.01×", "2.14×", "10.4×", "340×", "12,000×"]


# --- few and many


def test_sixty_jobs_are_drawn_all() -> None:
    page = html(*(job(f"job {number}", [1.0 + number / 60] * 20) for number in range(60)))
    assert len(rows_of(page)) == 60
    assert len(page) < 120_000, "a notebook keeps it"
    assert "not drawn" not in page


def test_of_very_many_jobs_the_failed_ones_are_drawn_and_the_rest_is_counted() -> None:
    jobs = [job(f"job {number}", [1.0]) for number in range(MOST_ROWS + 50)]
    jobs[-1] = job("the bad one", [], repeat=1, status="failed", reason="exit status 9")
    jobs[-2] = job("the fastest", [0.5])
    page = html(*jobs)
    assert len(rows_of(page)) == MOST_ROWS
    assert "the bad one" in page
    assert "50 more jobs are not drawn: run.to_pandas() has them all" in page
    assert cell(rows_of(page)[0], "ratio") == "2.00×", "the ratio is that to the fastest of all"


def test_further_columns_stand_beside_by_the_names_of_the_jobs() -> None:
    series = pd.Series({"a": 0.123456, "b": 2.0})
    page = html(job("a", [1.0]), job("b", [1.0]), beside={"size": {"a": "54%"}, "loss": series})
    first, second = rows_of(page)
    assert "<th>size</th><th>loss</th>" in page
    assert re.findall(r'data-title="(\w+)">(.*?)<', first) == [("size", "54%"), ("loss", "0.1235")]
    assert re.findall(r'data-title="(\w+)">(.*?)<', second) == [("size", ""), ("loss", "2")]


def test_a_picture_is_saved_as_a_page_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "race.html"
    plot = Plot([job("a <b>", [1.0])], "run-1 & more")
    plot.save(path)
    text = path.read_text("utf-8")
    assert text.startswith("<!doctype html>")
    assert "<title>run-1 &amp; more</title>" in text
    assert plot._repr_html_() in text
    assert "a &lt;b&gt;" in text


def test_no_name_or_reason_can_leave_its_place() -> None:
    evil = '"><script>alert(1)</script>'
    page = Plot(
        [job(evil, [1.0], command=evil, status="failed", reason=evil)],
        evil,
        beside={evil: {evil: evil}},
    )._repr_html_()
    assert "<script>" not in page
    assert page.count("&lt;script&gt;") == 7


def test_a_measure_that_is_not_there_names_the_nearest() -> None:
    with pytest.raises(OptionError, match="did you mean max_rss_bytes"):
        Plot([], "h", "max_rss")


def test_series_and_table_agree() -> None:
    jobs = [job("a", [0.1, 0.2, 0.4]), job("b", [0.3])]
    for one, record in zip(jobs, compared(jobs), strict=True):
        figures = series_of(one, WALL).figures
        assert (figures.mean, figures.sd) == (record["mean_s"], record["sd_s"])
        assert (figures.least, figures.most) == (record["min_s"], record["max_s"])
