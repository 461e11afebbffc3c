"""Writes the JSON Schema of recipes: ``python -m tests.recipes.generate``."""

from __future__ import annotations

from pathlib import Path

from autobench_nb.recipes.schema import schema_text

if __name__ == "__main__":
    Path(__file__).resolve().parents[2].joinpath("docs/recipe.schema.json").write_text(
        schema_text(), "utf-8"
    )
