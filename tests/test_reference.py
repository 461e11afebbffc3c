"""The pages of reference that are made from the code are what the code gives."""

from __future__ import annotations

import pytest

from tests.reference import MARKED, ROOT, page


@pytest.mark.parametrize("name", MARKED)
def test_a_page_of_reference_is_what_the_code_gives(name: str) -> None:
    assert (ROOT / name).read_text("utf-8") == page(name), "run: python -m tests.reference"


def test_every_command_and_option_stands_there() -> None:
    text = (ROOT / "docs/reference/command-line.md").read_text("utf-8")
    for said in (
        "## serve",
        "## run",
        "## resume",
        "`--journal FILE`",
        "`-p NAME=VALUE`",
        "Required.",
    ):
        assert said in text


def test_every_part_of_a_recipe_stands_there_and_is_led_to() -> None:
    text = (ROOT / "docs/reference/recipe.md").read_text("utf-8")
    for said in (
        "## Step",
        "## Repetitions",
        "[Precision](#precision)",
        "`apiVersion`",
        "more than 0",
    ):
        assert said in text
