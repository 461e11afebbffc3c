"""What is wrong with a recipe: where it stands, the fact, the remedy."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

YamlPath: TypeAlias = tuple[str | int, ...]
"""Keys and positions from the top of the document: ``("spec", "steps", 0, "run")``."""


class TextPlace(NamedTuple):
    """A place in a text. Both count from 1."""

    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong.

    Attributes:
        path: Where it stands in the document.
        fact: What is wrong, in words.
        remedy: What to do about it.
        place: Where it stands in the text; None for a recipe that was made in Python.
    """

    path: YamlPath
    fact: str
    remedy: str
    place: TextPlace | None = None

    def text(self, file: str = "") -> str:
        """One line, as compilers write it: ``recipe.yaml:7:13: spec.steps[1].needs[0]: fact: remedy``."""
        where = file
        if self.place is not None:
            where += (
                f":{self.place.line}:{self.place.column}" if file else f"line {self.place.line}"
            )
        parts = [part for part in (where, path_text(self.path), self.fact) if part]
        return f"{': '.join(parts)}: {self.remedy}"


def path_text(path: YamlPath) -> str:
    """``spec.steps[1].run``; names that need it stand in brackets and quotes."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        elif part.isidentifier():
            text += f".{part}" if text else part
        else:
            text += f"[{part!r}]"
    return text


def placed(problems: Iterable[Problem], places: Mapping[YamlPath, TextPlace]) -> list[Problem]:
    """The problems with their places in the text, in its order.

    What has no place of its own, such as a field that is missing, stands where the thing does that it belongs to.
    """
    found = [
        problem
        if problem.place is not None
        else Problem(problem.path, problem.fact, problem.remedy, _nearest(problem.path, places))
        for problem in problems
    ]
    return sorted(found, key=lambda problem: problem.place or TextPlace(0, 0))


def _nearest(path: YamlPath, places: Mapping[YamlPath, TextPlace]) -> TextPlace | None:
    for length in range(len(path), -1, -1):
        place = places.get(path[:length])
        if place is not None:
            return place
    return None


def nearest_of(name: str, known: Iterable[str], what: str) -> str:
    """The remedy for a name that nothing has: the nearest that something has, or all of them."""
    from difflib import get_close_matches

    names = list(known)
    lower = {one.lower(): one for one in names}
    near = get_close_matches(name.lower(), lower, n=1)
    if near:
        return f"did you mean {lower[near[0]]}?"
    if not names:
        return f"there are no {what}"
    return f"the {what} are {', '.join(names[:20])}{', …' if len(names) > 20 else ''}"
