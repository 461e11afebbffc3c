"""What programs may build on, as a list: ``python -m tests.public_api`` writes it; a test says when that is due.

``tests/vectors/public-api.json`` holds what ``docs/stability.md`` promises: the public names with their parameters, the
public attributes of classes, the columns of tables, the settings. What is added is added there; what goes away shows as
a line that is removed, which a review has to find in the changelog, too.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Iterator
from enum import Enum
from pathlib import Path
from typing import Any

import autobench_nb
from autobench_nb.config import settings_table
from autobench_nb.journal import columns
from autobench_nb.tables import schema

FILE = Path(__file__).parent / "vectors" / "public-api.json"


def parameters_of(made: Callable[..., Any]) -> list[str]:
    """The parameters in their order: ``*`` before those by keyword, ``=`` behind what may be left out."""
    found: list[str] = []
    for one in inspect.signature(made).parameters.values():
        if one.name in ("self", "cls"):
            continue
        if one.kind is one.KEYWORD_ONLY and not any(name.startswith("*") for name in found):
            found.append("*")
        stars = "*" * (
            1 if one.kind is one.VAR_POSITIONAL else 2 if one.kind is one.VAR_KEYWORD else 0
        )
        has_default = one.default is not one.empty
        found.append(f"{stars}{one.name}{'=' if has_default else ''}")
    return found


def attributes_of(made: type) -> Iterator[tuple[str, list[str] | None]]:
    """What a class of ours offers, its own and inherited from ours; None for what is no method."""
    ours = [one for one in made.__mro__ if one.__module__.startswith("autobench_nb")]
    for name in sorted({name for one in ours for name in vars(one) if not name.startswith("_")}):
        value = getattr(made, name)
        yield name, parameters_of(value) if inspect.isroutine(value) else None


def settings() -> list[str]:
    """The variables, each with its default."""
    rows = [row.split("|")[1:3] for row in settings_table().splitlines()[2:]]
    return [" ".join(cell.strip() for cell in row).replace("`", "") for row in rows]


def public_api() -> dict[str, Any]:
    """All of it, by name."""
    names: dict[str, Any] = {}
    for name in autobench_nb.__all__:
        value = getattr(autobench_nb, name)
        if inspect.isclass(value):
            # How the members of an enum and most errors are made is the language's.
            is_made_otherwise = issubclass(value, (Enum, Exception))
            names[name] = {
                "parameters": None if is_made_otherwise else parameters_of(value),
                "attributes": dict(attributes_of(value)),
            }
        else:
            names[name] = {"parameters": parameters_of(value)}
    tables = {
        f"{module.__name__}.{name}": [column.name for column in value]
        for module in (schema, columns)
        for name, value in sorted(vars(module).items())
        if name.isupper() and isinstance(value, tuple) and value
        if all(isinstance(column, schema.Column) for column in value)
    }
    tables["logs"] = list(schema.LOG_COLUMNS)
    return {"names": names, "tables": tables, "settings": settings()}


def text() -> str:
    """The file's text."""
    return json.dumps(public_api(), indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    FILE.write_text(text(), "utf-8")
