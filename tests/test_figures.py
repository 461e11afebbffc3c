"""A mean and its spread have the digits that are known, the same in Python and on the page."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from autobench_nb.figures import counted, decimals, figure_text, fixed, seconds_text

VECTORS = json.loads(Path(__file__).parent.joinpath("vectors", "figures.json").read_text("utf-8"))


@pytest.mark.parametrize(("mean_s", "sd_s", "text"), VECTORS["seconds"])
def test_a_figure_has_the_digits_that_its_spread_lets_count(
    mean_s: float, sd_s: float | None, text: str
) -> None:
    assert seconds_text(mean_s, sd_s) == text


@pytest.mark.parametrize(("mean", "sd", "unit", "text"), VECTORS["quantities"])
def test_what_is_no_time_has_the_same_digits(
    mean: float, sd: float | None, unit: str | None, text: str
) -> None:
    assert figure_text(mean, sd, unit) == text


@pytest.mark.parametrize(
    "sd", [10.0**power * lead for power in range(-3, 1) for lead in (1, 1.4, 2, 9.4, 9.96)]
)
def test_two_digits_of_a_spread_count(sd: float) -> None:
    shown = fixed(sd, decimals(1.23456, sd, most=9)).replace(".", "").lstrip("0")
    assert len(shown) == 2, shown


@pytest.mark.parametrize("sd", [99.6, 543.2, 12_345.6])
def test_nothing_is_rounded_to_tens(sd: float) -> None:
    """Once 24 ± 15 was told as 20 ± 20."""
    assert decimals(24.0, sd) == 0


@pytest.mark.parametrize("odd", [float("nan"), float("inf")])
def test_what_is_no_number_is_said_as_it_is(odd: float) -> None:
    assert str(odd) in seconds_text(1.0, odd)


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0 entries"), (1, "1 entry"), (2, "2 entries"), (1_204, "1,204 entries")],
)
def test_one_thing_is_told_in_the_singular(count: int, text: str) -> None:
    assert counted(count, "entry", "entries") == text
    assert counted(count, "line") == text.replace("entries", "lines").replace("entry", "line")
