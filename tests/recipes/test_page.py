"""What docs/recipes.md says is so."""

from __future__ import annotations

import re
from pathlib import Path

from autobench_nb.cli.recipes import FIRST
from autobench_nb.recipes.load import parse_recipe
from autobench_nb.recipes.model import Parameter, Step

PAGE = (Path(__file__).resolve().parents[2] / "docs/recipes.md").read_text("utf-8")


def test_the_recipes_of_the_page_and_the_first_one_are_sound() -> None:
    blocks = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    assert blocks
    for text in (*blocks, FIRST):
        assert parse_recipe(text).spec.steps


def test_the_page_names_every_field_and_no_other() -> None:
    rows = re.findall(r"^\| (`[^|]*`) \|", PAGE, re.MULTILINE)
    named = {name for row in rows for name in re.findall(r"`(\w+)`", row)}
    assert named == {*Step.__struct_fields__, *Parameter.__struct_fields__}
