"""From a file or plain values to a checked :class:`~autobench_nb.recipes.model.Recipe`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import msgspec

from autobench_nb.errors import RecipeError
from autobench_nb.recipes.check import check_recipe
from autobench_nb.recipes.documents import read_document
from autobench_nb.recipes.model import API_VERSION, Parameter, Recipe, Step
from autobench_nb.recipes.problems import Problem, YamlPath, nearest_of, placed

_AT: Final = re.compile(r" - at `(?:key in )?\$([^`]*)`$")
_STEP: Final = re.compile(r"\.?([^.\[\]]+)|\[(\d+)\]|\[(\.\.\.)\]")
_UNKNOWN: Final = re.compile(r"Object contains unknown field `([^`]*)`")
_MISSING: Final = re.compile(r"Object missing required field `([^`]*)`")
_MAX_BYTES: Final = 4_000_000


def load_recipe(file: str | Path) -> Recipe:
    """Read and check a recipe.

    Args:
        file: A YAML file (1.2; JSON is YAML too).

    Returns:
        The recipe, of which everything is known to be sound that can be known before it runs.

    Raises:
        RecipeError: It names every problem with file, line, column and remedy.
        OSError: The file cannot be read.
    """
    path = Path(file)
    with path.open("rb") as opened:
        data = opened.read(_MAX_BYTES + 1)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        fact = f"byte {error.start + 1} is no UTF-8"
        raise RecipeError(str(file), [Problem((), fact, "save the file as UTF-8")]) from None
    return parse_recipe(text, str(file))


def parse_recipe(text: str, file: str = "") -> Recipe:
    """The recipe of a YAML text; ``file`` is what errors call it. Raises :class:`RecipeError`."""
    document = read_document(text)
    problems = list(document.problems)
    recipe: Recipe | None = None
    if document.value is not None:
        recipe, found = structure_of(document.value)
        problems += found
    elif not problems:
        problems.append(
            Problem((), "the document is empty", "`autobench-nb init` writes a first recipe")
        )
    if recipe is not None:
        problems += check_recipe(recipe)
    if recipe is None or problems:
        raise RecipeError(file, placed(problems, document.places))
    return recipe


def structure_of(value: Any) -> tuple[Recipe | None, list[Problem]]:
    """The recipe that plain values describe, and what keeps them from it, for each step and parameter."""
    if not isinstance(value, Mapping):
        return None, [
            Problem((), "a recipe is a mapping", f"begin it with `apiVersion: {API_VERSION}`")
        ]
    # What begins with x- is the user's own, such as a place for anchors.
    value = {name: one for name, one in value.items() if not str(name).startswith("x-")}
    problems: list[Problem] = []
    if "apiVersion" not in value:
        problems.append(Problem((), "apiVersion is missing", f"write `apiVersion: {API_VERSION}`"))
    if "kind" not in value:
        problems.append(Problem((), "kind is missing", "write `kind: Benchmark`"))
    spec = value.get("spec")
    sound = dict(value)
    if isinstance(spec, Mapping):
        sound["spec"] = {**spec}
        steps = spec.get("steps")
        if isinstance(steps, list) and steps:
            for number, step in enumerate(steps):
                problems += _misfit(step, Step, ("spec", "steps", number))
            sound["spec"]["steps"] = [{"id": "sound", "wait": 0}]
        parameters = spec.get("parameters")
        if isinstance(parameters, Mapping):
            for name, parameter in parameters.items():
                problems += _misfit(parameter, Parameter, ("spec", "parameters", name))
            sound["spec"]["parameters"] = {name: {"type": "string"} for name in parameters}
    problems += _misfit(sound, Recipe, ())
    if problems:
        return None, problems
    return msgspec.convert(value, Recipe), []


def _misfit(value: Any, kind: type[msgspec.Struct], path: YamlPath) -> list[Problem]:
    try:
        msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        return [_problem(str(error), value, kind, path)]
    return []


def _problem(said: str, value: Any, kind: type[msgspec.Struct], path: YamlPath) -> Problem:
    """What msgspec said, in our words."""
    at = _AT.search(said)
    fact = _AT.sub("", said)
    inner: list[str | int] = []
    for name, number, anything in _STEP.findall(at[1] if at else ""):
        if anything:
            break  # msgspec does not say which of a mapping's values it is
        inner.append(int(number) if number else name)
    where = (*path, *inner)
    if found := _UNKNOWN.search(fact):
        known = _fields_at(kind, inner)
        return Problem(
            (*where, found[1]),
            f"there is no {found[1]} here",
            nearest_of(found[1], known, "fields"),
        )
    if found := _MISSING.search(fact):
        return Problem(where, f"{found[1]} is missing", f"add `{found[1]}:`")
    return Problem(where, _plain(fact, _at(value, inner)), _remedy(kind, inner))


def _plain(fact: str, value: Any) -> str:
    """The fact with the value in it."""
    shown = repr(value) if isinstance(value, (str, int, float, bool)) else ""
    fact = fact.replace("`", "").replace("Expected", "expected").replace("Invalid", "invalid")
    fact = fact.replace("object", "mapping").replace("array", "list").replace("str", "text")
    fact = fact.replace("matching regex", "that looks like")
    return f"{shown[:60]} does not fit: {fact}" if shown else fact


def _at(value: Any, path: list[str | int]) -> Any:
    for part in path:
        try:
            value = value[part]
        except (KeyError, IndexError, TypeError):
            return None
    return value


def _remedy(kind: type[msgspec.Struct], path: list[str | int]) -> str:
    named = [part for part in path if isinstance(part, str)]
    if not named:
        return "write it as a mapping, `name: value`"
    _, structs = msgspec.json.schema_components([kind])
    for struct in structs.values():
        about = struct.get("properties", {}).get(named[-1], {})
        for one in (about, *about.get("anyOf", ())):
            if "description" in one:
                return f"it takes {one['description']}"
            if "enum" in one:
                return f"it takes {', '.join(map(str, one['enum']))}"
    return "see docs/recipes.md for what it takes"


def _fields_at(kind: type[msgspec.Struct], path: list[str | int]) -> list[str]:
    """The fields of the struct that stands at a path below ``kind``."""
    info: Any = msgspec.inspect.type_info(kind)
    for part in path:
        info = _inner(info, part)
    for one in _choices(info):
        if isinstance(one, msgspec.inspect.StructType):
            return [field.encode_name for field in one.fields]
    return []


def _choices(info: Any) -> list[Any]:
    if isinstance(info, msgspec.inspect.Metadata):
        return _choices(info.type)
    return list(info.types) if isinstance(info, msgspec.inspect.UnionType) else [info]


def _inner(info: Any, part: str | int) -> Any:
    for one in _choices(info):
        if isinstance(one, msgspec.inspect.StructType):
            for field in one.fields:
                if field.encode_name == part:
                    return field.type
        if isinstance(one, msgspec.inspect.ListType):
            return one.item_type
        if isinstance(one, msgspec.inspect.DictType):
            return one.value_type
    return info
