"""What is wrong with a recipe that its structure does not show: names, circles, units, limits, expressions."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Final

import re2

from autobench_nb.recipes.actions import check_action
from autobench_nb.recipes.carried import check_carried, unfit
from autobench_nb.recipes.expressions import (
    NAMESPACES,
    RAW,
    RUN_NAMES,
    STEP_NAMES,
    Expression,
    expressions_of,
)
from autobench_nb.recipes.graph import Waiting, circle_of
from autobench_nb.recipes.matrix import check_matrix
from autobench_nb.recipes.model import CONTINUE, STOP, Parameter, Recipe, Repetitions, Retries, Step
from autobench_nb.recipes.problems import Problem, YamlPath, nearest_of
from autobench_nb.recipes.quantities import seconds_of, wrong_unit

MEASURED = ("wall", "cpu", "memory")
"""Metrics that every command has without being asked: seconds, seconds, bytes."""


def check_recipe(recipe: Recipe) -> list[Problem]:
    """Everything that is wrong with ``recipe``, each with its remedy; empty where it is sound."""
    problems: list[Problem] = []
    for name, parameter in recipe.spec.parameters.items():
        problems += _check_parameter(parameter, ("spec", "parameters", name))
    steps = {step.id: step for step in reversed(recipe.spec.steps)}
    waiting = Waiting({step.id: step.needs for step in steps.values()})
    seen: set[str] = set()
    for number, step in enumerate(recipe.spec.steps):
        path: YamlPath = ("spec", "steps", number)
        if step.id in seen:
            problems.append(
                Problem((*path, "id"), f"there are two steps {step.id}", "give each its own id")
            )
        seen.add(step.id)
        problems += check_action(step, path)
        problems += _check_numbers(step, path)
        problems += check_matrix(step, path)
        problems += _check_names(step, steps, waiting, path)
        problems += _check_metrics(step, path)
        problems += _check_expressions(step, recipe, steps, waiting, path)
    problems += _check_graph(recipe, steps)
    problems += [one for one in check_carried(recipe) if one not in problems]
    return problems


# --- parameters

_TYPES: Final[dict[str, tuple[type, ...]]] = {
    "integer": (int,),
    "number": (int, float),
    "string": (str,),
    "boolean": (bool,),
}


def value_problem(parameter: Parameter, value: object) -> tuple[str, str] | None:
    """Why a parameter cannot have a value: the fact and the remedy; None where it can."""
    wanted = _TYPES[parameter.type]
    if not isinstance(value, wanted) or (isinstance(value, bool) and parameter.type != "boolean"):
        return f"{value!r} is no {parameter.type}", f"give a value of type {parameter.type}"
    if parameter.choices is not None and value not in parameter.choices:
        return (
            f"{value!r} is not among its choices",
            f"give one of {', '.join(map(str, parameter.choices))}",
        )
    if wrong := unfit(value):
        return wrong
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        if parameter.minimum is not None and not value >= parameter.minimum:
            return f"{value} is less than its minimum", f"give {parameter.minimum:g} or more"
        if parameter.maximum is not None and not value <= parameter.maximum:
            return f"{value} is more than its maximum", f"give {parameter.maximum:g} or less"
    return None


def _check_parameter(parameter: Parameter, path: YamlPath) -> Iterator[Problem]:
    if parameter.unit is not None:
        yield from _check_unit(parameter.unit, (*path, "unit"))
    low, high = parameter.minimum, parameter.maximum
    if low is not None and high is not None and low > high:
        yield Problem(
            (*path, "minimum"), f"{low:g} is above the maximum, {high:g}", "exchange them"
        )
    if parameter.type in ("string", "boolean") and (low is not None or high is not None):
        name = "minimum" if low is not None else "maximum"
        yield Problem(
            (*path, name), f"a {parameter.type} has no {name}", "use `choices`, or leave it away"
        )
    if parameter.default is not None and (wrong := value_problem(parameter, parameter.default)):
        yield Problem((*path, "default"), *wrong)
    for number, choice in enumerate(parameter.choices or []):
        if wrong := value_problem(Parameter(type=parameter.type), choice):
            yield Problem((*path, "choices", number), *wrong)


def _check_unit(unit: str, path: YamlPath) -> Iterator[Problem]:
    if (wrong := wrong_unit(unit)) is not None:
        yield Problem(
            path,
            f"{wrong or unit!r} is no unit that is known",
            "write units as in ms, MB/s, W or 1; one of your own in braces: {image}/s",
        )


# --- one step


def _check_numbers(step: Step, path: YamlPath) -> Iterator[Problem]:
    times: list[tuple[tuple[str, ...], object]] = [
        (("timeout",), step.timeout),
        (("wait",), step.wait),
    ]
    if isinstance(step.retries, Retries):
        times.append((("retries", "backoff"), step.retries.backoff))
    if isinstance(step.repeat, Repetitions):
        times.append((("repeat", "budget"), step.repeat.budget))
        if step.repeat.min > step.repeat.max:
            fact = f"at least {step.repeat.min} is more than at most {step.repeat.max}"
            yield Problem((*path, "repeat", "min"), fact, "exchange them")
    for inner, value in times:
        if isinstance(value, str) and "${" in value:
            continue
        if isinstance(value, (int, float, str)):
            try:
                seconds = seconds_of(value)
            except ValueError as error:
                fact, _, remedy = str(error).partition(": ")
                yield Problem((*path, *inner), fact, remedy)
            else:
                if not seconds and inner == ("timeout",):
                    yield Problem(
                        (*path, "timeout"), "no step ends within 0 s", "leave it away: no limit"
                    )


def _check_names(
    step: Step, steps: dict[str, Step], waiting: Waiting, path: YamlPath
) -> Iterator[Problem]:
    for number, need in enumerate(step.needs):
        if need not in steps:
            fact = f"there is no step {need!r}"
            yield Problem((*path, "needs", number), fact, nearest_of(need, steps, "steps"))
    for outcome, target in step.edges.items():
        if target not in (STOP, CONTINUE) and target not in steps:
            fact = f"there is no step {target!r}"
            remedy = nearest_of(target, [*steps, STOP, CONTINUE], "steps")
            yield Problem((*path, "edges", outcome), fact, remedy)
        elif target == step.id:
            remedy = "use `retries`"
            yield Problem((*path, "edges", outcome), "the edge leads to its own step", remedy)
        elif target in steps and waiting.waits_for(step.id, target):
            fact = f"the edge leads back: {step.id} waits for {target} itself"
            yield Problem(
                (*path, "edges", outcome), fact, "lead it to a later step, stop or continue"
            )
    if "timeout" in step.edges and step.timeout is None:
        fact = "without a time limit there is no timeout"
        yield Problem((*path, "edges", "timeout"), fact, "add `timeout:`")
    if step.record is not None:
        for number, other in enumerate(step.record.during):
            if other not in steps:
                remedy = nearest_of(other, steps, "steps")
                where = (*path, "record", "during", number)
                yield Problem(where, f"there is no step {other!r}", remedy)
            elif other == step.id or waiting.waits_for(other, step.id):
                where = (*path, "record", "during", number)
                fact = f"{other} would wait for the recording, and the recording for {other}"
                yield Problem(where, fact, f"let {other} not need {step.id}")


def _check_metrics(step: Step, path: YamlPath) -> Iterator[Problem]:
    for name, extraction in step.extract.items():
        where = (*path, "extract", name)
        ways = [way for way in ("regex", "pointer", "call") if getattr(extraction, way) is not None]
        if len(ways) != 1:
            fact = (
                "nothing says where it is found"
                if not ways
                else f"{' and '.join(ways)} both find it"
            )
            yield Problem(where, fact, "give one of regex, pointer, call")
        if extraction.unit is not None:
            yield from _check_unit(extraction.unit, (*where, "unit"))
        if extraction.regex is not None:
            yield from _check_regex(extraction.regex, (*where, "regex"))
        pointer = extraction.pointer
        if (
            pointer is not None
            and pointer
            and (pointer[0] != "/" or re.search(r"~(?![01])", pointer))
        ):
            remedy = "write it as RFC 6901 has it: /results/0/mean"
            yield Problem((*where, "pointer"), f"{pointer!r} is no JSON pointer", remedy)
    known = (*step.extract, *MEASURED)
    for name, limits in step.expect.items():
        where = (*path, "expect", name)
        # As with the metrics of earlier steps.
        if name not in known and step.device is None and step.call is None:
            yield Problem(where, f"nothing extracts {name}", nearest_of(name, known, "metrics"))
        if limits.min is None and limits.max is None and limits.equals is None:
            yield Problem(where, "there is no limit", "give min, max or equals")
        if limits.min is not None and limits.max is not None and limits.min > limits.max:
            fact = f"nothing is both above {limits.min:g} and below {limits.max:g}"
            yield Problem((*where, "min"), fact, "exchange them")
    if isinstance(step.repeat, Repetitions) and step.repeat.until is not None:
        metric = step.repeat.until.metric
        if metric not in known and step.call is None:
            where = (*path, "repeat", "until", "metric")
            yield Problem(where, f"nothing extracts {metric}", nearest_of(metric, known, "metrics"))


def _check_regex(pattern: str, path: YamlPath) -> Iterator[Problem]:
    options = re2.Options()
    options.log_errors = False
    try:
        groups: int = re2.compile(pattern, options).groups
    except re2.error as error:
        said = error.args[0].decode() if isinstance(error.args[0], bytes) else str(error)
        yield Problem(
            path, f"the pattern cannot be read: {said}", "write it as RE2 has it, in single quotes"
        )
        return
    if groups < 1:
        yield Problem(path, "the pattern has no group", "put what is the value into parentheses")


# --- expressions


def texts_of(step: Step) -> Iterator[tuple[tuple[str | int, ...], str, bool]]:
    """The texts of a step that expressions may stand in: where, the text, whether a shell reads it."""
    for name in ("run", "prepare", "cleanup"):
        line = getattr(step, name)
        if isinstance(line, str):
            yield (name,), line, True
        elif line is not None:
            for number, argument in enumerate(line):
                yield (name, number), argument, False
    for name in ("folder", "timeout", "wait", "description"):
        if isinstance(text := getattr(step, name), str):
            yield (name,), text, False
    for name, text in step.env.items():
        yield ("env", name), text, False
    for number, text in enumerate(step.artifacts):
        yield ("artifacts", number), text, False
    if isinstance(step.retries, Retries) and isinstance(step.retries.backoff, str):
        yield ("retries", "backoff"), step.retries.backoff, False
    if isinstance(step.repeat, Repetitions) and isinstance(step.repeat.budget, str):
        yield ("repeat", "budget"), step.repeat.budget, False
    if step.device is not None:
        for name, value in step.device.arguments.items():
            if isinstance(value, str):
                yield ("device", "arguments", name), value, False
    if step.operator is not None:
        yield ("operator", "ask"), step.operator.ask, False
    if step.record is not None and step.record.file is not None:
        yield ("record", "file"), step.record.file, False


def _check_expressions(
    step: Step, recipe: Recipe, steps: dict[str, Step], waiting: Waiting, path: YamlPath
) -> Iterator[Problem]:
    checks: dict[str, Callable[[tuple[str, ...]], tuple[str, str] | None]] = {
        "parameters": lambda names: _missing(names, recipe.spec.parameters, "parameters"),
        "matrix": lambda names: _missing(names, step.matrix, "axes of the matrix"),
        "run": lambda names: _missing(names, RUN_NAMES, "names"),
        "step": lambda names: _missing(names, STEP_NAMES, "names"),
        "steps": lambda names: _unknown_metric(names, step, steps, waiting),
    }
    for inner, text, shell in texts_of(step):
        for expression in expressions_of(text):
            where = (*path, *inner)
            if inner == ("retries", "backoff") and expression.names[0] in ("run", "steps"):
                fact = f"${{{expression.text}}} is not known here"
                yield Problem(where, fact, "use parameters and the matrix alone")
                continue
            check = checks.get(expression.names[0])
            if check is None:
                fact = f"${{{expression.text}}} means nothing"
                yield Problem(
                    where, fact, nearest_of(expression.names[0], NAMESPACES, "namespaces")
                )
            elif wrong := check(expression.names[1:]):
                yield Problem(where, f"${{{expression.text}}}: {wrong[0]}", wrong[1])
            else:
                yield from _check_quoting(expression, shell, where)


def _check_quoting(expression: Expression, shell: bool, where: YamlPath) -> Iterator[Problem]:
    if expression.filter not in (None, RAW):
        fact = f"${{{expression.text} | {expression.filter}}}: there is no {expression.filter}"
        yield Problem(where, fact, "the one filter is raw")
    elif shell and expression.quote and expression.filter != RAW:
        fact = f"${{{expression.text}}} stands within {expression.quote}, and is quoted itself"
        yield Problem(
            where, fact, "take the quotes away around it; or write `| raw`, where its value is safe"
        )


def _missing(names: tuple[str, ...], known: object, what: str) -> tuple[str, str] | None:
    assert isinstance(known, (dict, tuple))
    if len(names) == 1 and names[0] in known:
        return None
    name = ".".join(names)
    return f"there is no {name!r} among the {what}", nearest_of(name, known, what)


def _unknown_metric(
    names: tuple[str, ...], step: Step, steps: dict[str, Step], waiting: Waiting
) -> tuple[str, str] | None:
    if len(names) != 2:
        return "a step and its metric are needed", "write ${steps.ID.METRIC}"
    name, metric = names
    other = steps.get(name)
    if other is None:
        return f"there is no step {name!r}", nearest_of(name, steps, "steps")
    if not waiting.waits_for(step.id, name):
        return f"{step.id} does not wait for {name}", f"add {name} to its `needs`"
    known = (*other.extract, *MEASURED)
    # What an action of a device gives, and what a function returns, is known when they have run.
    if metric not in known and other.device is None and other.call is None:
        return f"{name} has no metric {metric!r}", nearest_of(metric, known, "metrics")
    return None


# --- the graph


def _check_graph(recipe: Recipe, steps: dict[str, Step]) -> Iterator[Problem]:
    place = {step.id: number for number, step in enumerate(recipe.spec.steps)}
    needs = {step.id: list(step.needs) for step in recipe.spec.steps}
    for step in recipe.spec.steps:
        for target in step.edges.values():
            # Where an edge leads to a step that does not need this one, that step waits for the edge.
            if target in needs and step.id not in needs[target] and target != step.id:
                needs[target].append(step.id)
    circle = circle_of(needs)
    if circle:
        where = ("spec", "steps", place[circle[0]], "needs")
        yield Problem(
            where,
            f"steps wait for each other: {' -> '.join(circle)}",
            "take one of these needs or edges away",
        )
        return
    dead = {step.id for step in recipe.spec.steps if step.edges.get("ok") == STOP}
    targets = {edge for step in steps.values() for edge in step.edges.values()}
    for step in recipe.spec.steps:
        cut = [need for need in step.needs if need in dead]
        if cut and step.id not in targets:
            fact = f"step {step.id} can never run: {cut[0]} stops the run where it goes well"
            where = ("spec", "steps", place[step.id], "needs")
            yield Problem(
                where,
                fact,
                f"take {cut[0]} out of its needs, or `ok: stop` out of {cut[0]}'s edges",
            )
