"""A mean and its spread have the digits that are known, the same in Python and on the page."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from autobench_nb.figures import decimals, fixed, seconds_text

VECTORS = json.loads(Path(__file__).parent.joinpath("vectors", "figures.json").read_text("utf-8"))


@pytest.mark.parametrize(("mean_s", "sd_s", "text"), VECTORS["seconds"])
def test_a_figure_has_the_digits_that_its_spread_lets_count(
    mean_s: float, sd_s: float | None, text: str
) -> None:
    assert seconds_text(mean_s, sd_s) == text


@pytest.mark.parametrize(
    "sd", [10.0**power * lead for power in range(-4, 7) for lead in (1, 1.4, 2, 9.4)]
)
def test_no_spread_has_more_than_two_digits_that_count(sd: float) -> None:
    shown = fixed(sd, decimals(123.456, sd, most=9)).replace(".", "").strip("0")
    assert 1 <= len(shown) <= 2, shown


@pytest.mark.parametrize("odd", [float("nan"), float("inf")])
def test_what_is_no_number_is_said_as_it_is(odd: float) -> None:
    assert str(odd) in seconds_text(1.0, odd)
