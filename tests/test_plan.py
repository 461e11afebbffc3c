"""The map from the plan to code and tests names only what is there."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PAGE = (ROOT / "docs" / "plan.md").read_text("utf-8")
ROWS = [
    cells
    for line in PAGE.splitlines()
    if line.startswith("| ")
    and len(cells := [cell.strip() for cell in line.strip("|").split("|")]) >= 3
    and cells[0] not in {"the plan", "---"}
]
PLACE = re.compile(r"`([\w./-]+\.\w+)(::?)([^`]+)`")


@cache
def text_of(path: str) -> str:
    return (ROOT / path).read_text("utf-8")


def places(column: int) -> list[tuple[str, str, str]]:
    return sorted({place for cells in ROWS for place in PLACE.findall(cells[column])})


def is_defined(path: str, name: str) -> bool:
    """Whether a test of that name stands in the file: a function of pytest's, or a text of vitest's."""
    text = text_of(path)
    if path.endswith(".py"):
        return re.search(rf"^(?:async )?def {re.escape(name)}\(", text, re.M) is not None
    return re.search(rf"\b(?:it|test|describe)\((['\"`]){re.escape(name)}\1", text) is not None


def test_every_row_names_code_and_a_test() -> None:
    assert len(ROWS) > 60
    for cells in ROWS:
        assert len(cells) == 3, cells
        assert PLACE.search(cells[1]), cells
        assert PLACE.search(cells[2]), cells


def test_every_section_of_the_plan_is_there() -> None:
    numbers = re.findall(r"^## (\d+) ", PAGE, re.M)
    assert numbers == [str(number) for number in range(1, 12)]


@pytest.mark.parametrize(("path", "mark", "name"), places(1))
def test_the_code_that_is_named_is_there(path: str, mark: str, name: str) -> None:
    assert mark == ":"
    assert re.search(rf"(?<![\w-]){re.escape(name)}(?![\w])", text_of(path)), f"{path}: {name}"


@pytest.mark.parametrize(("path", "mark", "name"), places(2))
def test_the_test_that_is_named_is_there(path: str, mark: str, name: str) -> None:
    assert mark == "::"
    assert is_defined(path, name), f"{path}: {name}"


def test_each_deviation_that_is_marked_is_explained_and_the_other_way_round() -> None:
    table, _, reasons = PAGE.partition("## Where we deviate")
    marked = {mark for cells in table.splitlines() for mark in re.findall(r"\[([a-z])\]", cells)}
    explained = re.findall(r"^- \*\*\[([a-z])\]\*\*", reasons, re.M)
    assert explained == sorted(marked)
