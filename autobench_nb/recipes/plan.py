"""The steps of a run: parameters filled in, the matrix spread out, each after what it needs."""

from __future__ import annotations

import itertools
from collections import ChainMap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

from autobench_nb.errors import RecipeError
from autobench_nb.recipes.check import value_problem
from autobench_nb.recipes.expressions import cell_text, expressions_of, filled
from autobench_nb.recipes.graph import in_order
from autobench_nb.recipes.model import Recipe, Repetitions, Retries, Scalar, Step
from autobench_nb.recipes.problems import Problem, nearest_of
from autobench_nb.recipes.quantities import seconds_of


@dataclass(frozen=True, slots=True)
class PlannedStep:
    """One step of a run, or one cell of its matrix.

    Attributes:
        id: ``pack``, or ``pack[gzip,6]`` for a cell.
        step: As the recipe has it.
        cell: The cell's value by axis; empty without a matrix.
        needs: The ids of all planned steps that it waits for.
        values: What its expressions stand for, by dotted name, as far as that is known before the run.
    """

    id: str
    step: Step
    cell: Mapping[str, Scalar]
    needs: tuple[str, ...]
    values: Mapping[str, Scalar]

    def seconds(
        self, time: float | str | None, more: Mapping[str, object] | None = None
    ) -> float | None:
        """A time of the step in seconds, its expressions filled in. Raises :class:`ValueError` where it is none."""
        if time is None:
            return None
        return seconds_of(self.fill(time, more) if isinstance(time, str) else time)

    def value_of(self, value: Any, more: Mapping[str, object] | None = None) -> Any:
        """A value of the step, its expressions filled in: one that stands alone keeps its type."""
        if not isinstance(value, str):
            return value
        found = list(expressions_of(value))
        if len(found) == 1 and found[0].end - found[0].start == len(value):
            return _both(more, self.values)[found[0].text]
        return self.fill(value, more)

    def fill(
        self, text: str, more: Mapping[str, object] | None = None, *, shell: bool = False
    ) -> str:
        """A text of the step with its expressions filled in; ``more``: what only the run knows, such as metrics."""
        return filled(text, _both(more, self.values), shell=shell)


def _both(more: Mapping[str, object] | None, values: Mapping[str, object]) -> Mapping[str, object]:
    # Not merged: of a large run there are metrics by the thousand, and a text asks for few of them.
    return ChainMap(cast("dict[str, object]", more or {}), cast("dict[str, object]", values))


def parameter_values(recipe: Recipe, given: Mapping[str, object]) -> dict[str, Scalar]:
    """Every parameter's value: what is given, else its default.

    Texts, as the command line has them, are read as the parameter's type.

    Raises:
        RecipeError: A name that the recipe does not have, a value that does not fit, or one that is missing.
    """
    known = recipe.spec.parameters
    problems = [
        Problem(
            (name,), f"the recipe has no parameter {name}", nearest_of(name, known, "parameters")
        )
        for name in given
        if name not in known
    ]
    values: dict[str, Scalar] = {}
    for name, parameter in known.items():
        value = given.get(name, parameter.default)
        if value is None:
            problems.append(
                Problem((name,), "it has no default and no value was given", f"give {name}=VALUE")
            )
            continue
        if isinstance(value, str) and parameter.type != "string":
            value = read_value(value, parameter.type)
        if wrong := value_problem(parameter, value):
            problems.append(Problem((name,), *wrong))
        elif isinstance(value, (bool, int, float, str)):
            values[name] = value
    if problems:
        raise RecipeError(recipe.metadata.name, problems)
    return values


def read_value(text: str, kind: str) -> Scalar:
    """A text as a value of a parameter's type; the text itself where it is none."""
    plain = text.strip()
    try:
        if kind == "integer":
            return int(plain.replace("_", ""))
        if kind == "number":
            return float(plain)
    except ValueError:
        return text
    if kind == "boolean":
        return {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}.get(
            plain.lower(), text
        )
    return text


def cells_of(step: Step) -> list[dict[str, Scalar]]:
    """Every combination of the matrix, the last axis running fastest; one empty cell without a matrix."""
    names = list(step.matrix)
    return [
        dict(zip(names, values, strict=True)) for values in itertools.product(*step.matrix.values())
    ]


def planned_id(step: Step, cell: Mapping[str, Scalar]) -> str:
    """``pack[gzip,6]``; the step's own id without a matrix."""
    return f"{step.id}[{cell_text(cell.values())}]" if cell else step.id


def plan_steps(recipe: Recipe, given: Mapping[str, object] | None = None) -> list[PlannedStep]:
    """What a run of the recipe consists of, each step after all that it needs.

    Args:
        recipe: A checked recipe.
        given: Values of its parameters by name.

    Returns:
        The planned steps. A step that needs one with a matrix waits for all of its cells.

    Raises:
        RecipeError: As :func:`parameter_values` does; a time that is none once its expressions are filled in.
    """
    values = {
        f"parameters.{name}": value for name, value in parameter_values(recipe, given or {}).items()
    }
    steps = {step.id: step for step in recipe.spec.steps}
    ids = {step.id: [planned_id(step, cell) for cell in cells_of(step)] for step in steps.values()}
    planned = []
    for name in in_order({step.id: step.needs for step in steps.values()}):
        step = steps[name]
        needs = tuple(one for need in step.needs for one in ids[need])
        for cell in cells_of(step):
            known = {
                **values,
                **{f"matrix.{axis}": value for axis, value in cell.items()},
                "step.id": step.id,
            }
            planned.append(PlannedStep(planned_id(step, cell), step, cell, needs, known))
    problems = [problem for plan in planned for problem in _wrong_times(plan)]
    if problems:
        raise RecipeError(recipe.metadata.name, problems)
    return planned


def _wrong_times(plan: PlannedStep) -> Iterator[Problem]:
    """Times with expressions that are none: those with metrics of earlier steps are known later."""
    step = plan.step
    times = {"timeout": step.timeout, "wait": step.wait}
    if isinstance(step.retries, Retries):
        times["backoff"] = step.retries.backoff
    if isinstance(step.repeat, Repetitions):
        times["budget"] = step.repeat.budget
    for name, time in times.items():
        if isinstance(time, str) and "${" in time:
            try:
                plan.seconds(time)
            except KeyError:
                continue
            except ValueError as error:
                fact, _, remedy = str(error).partition(": ")
                yield Problem((plan.id, name), fact, remedy)
