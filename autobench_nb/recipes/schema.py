"""The JSON Schema of a recipe, for editors that complete and check while one writes."""

from __future__ import annotations

import inspect
import json
from typing import Any, Final, get_args

import msgspec

from autobench_nb.recipes.model import Outcome, Recipe

SCHEMA_ID: Final = "urn:autobench:recipe:v1"


def recipe_schema() -> dict[str, Any]:
    """The schema (JSON Schema 2020-12), made from the model."""
    (top,), parts = msgspec.json.schema_components([Recipe])
    parts["Recipe"]["required"] = sorted({*parts["Recipe"]["required"], "apiVersion", "kind"})
    # Which outcomes there are, msgspec says since 0.23, and not before: always, and in the same place.
    edges = parts["Step"]["properties"]["edges"]
    parts["Step"]["properties"]["edges"] = {
        "type": edges["type"],
        "propertyNames": {"enum": sorted(get_args(Outcome))},
        **{name: one for name, one in edges.items() if name not in ("type", "propertyNames")},
    }
    # What begins with x- is the user's own.
    parts["Recipe"]["patternProperties"] = {"^x-": {}}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": SCHEMA_ID,
        "title": "AutoBench recipe",
        **top,
        "$ref": "#/$defs/Recipe",
        "$defs": {name: _cleaned(parts[name]) for name in sorted(parts)},
    }


def _cleaned(part: Any) -> Any:
    """A part whose descriptions have no indentation: msgspec takes that from docstrings since 0.23, and not before."""
    if isinstance(part, dict):
        return {
            name: inspect.cleandoc(one)
            if name == "description" and isinstance(one, str)
            else _cleaned(one)
            for name, one in part.items()
        }
    return [_cleaned(one) for one in part] if isinstance(part, list) else part


def schema_text() -> str:
    """The schema as the file ``docs/recipe.schema.json`` holds it."""
    return json.dumps(recipe_schema(), indent=2, ensure_ascii=False) + "\n"
