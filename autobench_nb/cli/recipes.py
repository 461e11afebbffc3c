"""``autobench-nb check`` and ``autobench-nb init``: a recipe is looked at before it runs, and a first one written."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from autobench_nb.errors import RecipeError
from autobench_nb.recipes.expressions import expressions_of
from autobench_nb.recipes.load import load_recipe
from autobench_nb.recipes.model import Recipe
from autobench_nb.recipes.plan import PlannedStep, plan_steps

UNSOUND: Final = 1
"""The exit code of a recipe that cannot be run as it is written."""
FIRST: Final = """\
# A first recipe: two programs compared. `autobench-nb check` says what a run of it would do.
apiVersion: autobench/v1
kind: Benchmark
metadata: {name: first}
spec:
  parameters:
    size: {type: integer, default: 1000000, unit: byte, minimum: 1}
  steps:
    - id: data
      run: seq 100000000 | head -c ${parameters.size} > data.txt
    - id: pack
      needs: [data]
      matrix:
        level: [1, 9]
      run: gzip -${matrix.level} -c data.txt | wc -c
      repeat: 5
      warmup: 1
      timeout: 60s
      extract:
        packed: {regex: '(\\d+)', unit: byte, better: lower}
"""


def check_file(file: Path, given: Sequence[str]) -> int:
    """Check a recipe; print the steps of a run of it, or every problem as compilers do. Returns the exit code."""
    try:
        recipe = load_recipe(file)
        planned = plan_steps(recipe, parameters_of(given))
    except RecipeError as error:
        print(error, file=sys.stderr)
        count = len(error.problems)
        print(f"{count} problem{'s' if count > 1 else ''}", file=sys.stderr)
        return UNSOUND
    print("\n".join(summary(recipe, planned)))
    return 0


def parameters_of(given: Sequence[str]) -> dict[str, object]:
    """``NAME=VALUE`` texts as a mapping. Raises :class:`RecipeError`."""
    from autobench_nb.recipes.problems import Problem

    values: dict[str, object] = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not equals or not name.strip():
            problem = Problem((), f"-p {text} has no value", "write -p NAME=VALUE")
            raise RecipeError("", [problem])
        values[name.strip()] = value
    return values


def summary(recipe: Recipe, planned: Sequence[PlannedStep]) -> list[str]:
    """What a run would do: a line for each step, in an order in which they may run."""
    width = max(len(step.id) for step in planned)
    lines = [
        f"{recipe.metadata.name}: sound, {len(planned)} step{'s' if len(planned) > 1 else ''} a run"
    ]
    for step in planned:
        action = step.step.actions[0]
        value = getattr(step.step, action)
        if action == "run":
            shell = isinstance(value, str)
            told = (
                _told(step, value, shell=True)
                if shell
                else " ".join(_told(step, one) for one in value)
            )
        elif action == "operator":
            told = f"asks: {_told(step, value.ask)}"
        else:
            told = f"{action}: {value}"
        needs = f"  (after {', '.join(step.step.needs)})" if step.step.needs else ""
        lines.append(f"  {step.id:{width}}  {told}{needs}")
    return lines


def _told(step: PlannedStep, text: str, *, shell: bool = False) -> str:
    """A text of the step; what only a run knows, such as a metric of an earlier step, stands as it was written."""
    unknown = {
        one.text: f"${{{one.text}}}" for one in expressions_of(text) if one.text not in step.values
    }
    # A shell would get the value quoted, and this is no value.
    marks = {name: f"\0{number}\0" for number, name in enumerate(unknown)}
    told = step.fill(text, marks, shell=shell)
    for name, mark in marks.items():
        told = told.replace(shlex.quote(mark) if shell else mark, unknown[name]).replace(
            mark, unknown[name]
        )
    return told


def write_first(file: Path) -> int:
    """Write a first recipe; what stands there already is kept. Returns the exit code. Raises :class:`OSError`."""
    try:
        opened = file.open("x", encoding="utf-8")
    except FileExistsError:
        said = "is there already, and is kept: name another file"
        raise FileExistsError(f"{file} {said}, as in autobench-nb init first.yaml") from None
    with opened:
        opened.write(FIRST)
    print(f"{file} is written; next: autobench-nb check {file}")
    return 0
