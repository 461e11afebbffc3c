"""The JSON Schema of a recipe, for editors that complete and check while one writes."""

from __future__ import annotations

import json
from typing import Any, Final

import msgspec

from autobench_nb.recipes.model import Recipe

SCHEMA_ID: Final = "urn:autobench:recipe:v1"


def recipe_schema() -> dict[str, Any]:
    """The schema (JSON Schema 2020-12), made from the model."""
    (top,), parts = msgspec.json.schema_components([Recipe])
    parts["Recipe"]["required"] = sorted({*parts["Recipe"]["required"], "apiVersion", "kind"})
    # What begins with x- is the user's own.
    parts["Recipe"]["patternProperties"] = {"^x-": {}}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": SCHEMA_ID,
        "title": "AutoBench recipe",
        **top,
        "$ref": "#/$defs/Recipe",
        "$defs": {name: parts[name] for name in sorted(parts)},
    }


def schema_text() -> str:
    """The schema as the file ``docs/recipe.schema.json`` holds it."""
    return json.dumps(recipe_schema(), indent=2, ensure_ascii=False) + "\n"
