"""What is wrong with the matrix of a step. Pure."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from typing import Final

from autobench_nb.recipes.expressions import cell_text, value_text
from autobench_nb.recipes.model import Step
from autobench_nb.recipes.problems import Problem, YamlPath

MAX_CELLS: Final = 10_000
"""Cells of one step's matrix."""


def check_matrix(step: Step, path: YamlPath) -> Iterator[Problem]:
    """Axes without values, cells that cannot be told from each other, and too many of them."""
    where = (*path, "matrix")
    for axis, values in step.matrix.items():
        if not values:
            fact = f"the axis {axis} has no value, so the step would never run"
            yield Problem((*where, axis), fact, "give it one, or leave it away")
        elif len({value_text(value) for value in values}) < len(values):
            fact = f"the axis {axis} has a value twice, or two that are written alike"
            yield Problem((*where, axis), fact, "leave one of them")
        if not axis.isidentifier():
            yield Problem((*where, axis), f"{axis!r} is no name", "letters, digits and _ alone")
    cells = math.prod(map(len, step.matrix.values()))
    if cells > MAX_CELLS:
        fact = f"{cells:,} cells are too many"
        yield Problem(where, fact, f"a matrix has at most {MAX_CELLS:,}")
    elif (twice := _named_twice(step)) is not None:
        fact = f"two cells are called {step.id}[{twice}]"
        yield Problem(where, fact, "write values without commas")


def _named_twice(step: Step) -> str | None:
    """What two cells would both be called: a comma in a value looks like the next axis."""
    texts = [list(dict.fromkeys(map(value_text, values))) for values in step.matrix.values()]
    if not any("," in text for axis in texts for text in axis):
        return None
    seen: set[str] = set()
    for cell in itertools.product(*texts):
        name = cell_text(cell)
        if name in seen:
            return name
        seen.add(name)
    return None
