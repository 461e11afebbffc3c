"""What no program can be given, no state can hold and no limit can be, wherever it stands in a recipe. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec

from autobench_nb.recipes.model import Limits, Recipe
from autobench_nb.recipes.problems import Problem, YamlPath

MOST_BITS: Final = 8_192
"""Of a whole number: of those that are much longer, Python does not make a text."""


def unfit(value: object) -> tuple[str, str] | None:
    """Why no run can have this text or number: the fact and the remedy; None where it can."""
    if isinstance(value, str):
        if "\0" in value:
            return "the text has a NUL, which no program can be given", "take it away"
        try:
            value.encode()
        except UnicodeEncodeError as error:
            fact = f"the text has a lone surrogate at {error.start}, which UTF-8 cannot carry"
            return fact, "write the character itself, or take it away"
    elif isinstance(value, int) and value.bit_length() > MOST_BITS:
        return f"a whole number of {value.bit_length():,} bits is too long", "give it as a text"
    return None


def check_carried(recipe: Recipe) -> Iterator[Problem]:
    """What of a recipe no run can have, each with its place."""
    yield from _check(recipe, ())


def _check(value: Any, path: YamlPath) -> Iterator[Problem]:
    if isinstance(value, Limits):
        yield from _check_limits(value, path)
    elif isinstance(value, msgspec.Struct):
        # Not by msgspec.structs.fields(), which reads the annotations each time.
        names = zip(value.__struct_fields__, value.__struct_encode_fields__, strict=True)
        for name, written in names:
            one = getattr(value, name)
            if one is not None and one != [] and one != {}:  # most of a step's fields are not given
                yield from _check(one, (*path, written))
    elif isinstance(value, Mapping):
        for name, one in value.items():
            if wrong := unfit(name):
                # Without the name: a problem's text is shown, and printed.
                yield Problem(path, f"a name here: {wrong[0]}", wrong[1])
            else:
                yield from _check(one, (*path, str(name)))
            if path[-1:] == ("env",) and (not name or "=" in name):
                yield Problem(path, f"{name!r} is no name of a variable", "write NAME: value")
    elif isinstance(value, list):
        for number, one in enumerate(value):
            yield from _check(one, (*path, number))
    elif wrong := unfit(value):
        yield Problem(path, *wrong)


def _check_limits(limits: Limits, path: YamlPath) -> Iterator[Problem]:
    for name in ("min", "max", "equals"):
        limit = getattr(limits, name)
        if isinstance(limit, float) and not math.isfinite(limit):
            fact = f"{limit} is no limit: a metric is a finite number"
            yield Problem((*path, name), fact, "give a number, or leave it away")
        elif wrong := unfit(limit):
            yield Problem((*path, name), *wrong)
