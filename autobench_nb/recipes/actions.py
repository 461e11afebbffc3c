"""Which of a step's fields go with what it does: a field that would change nothing is a mistake."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from autobench_nb.recipes.model import Step
from autobench_nb.recipes.problems import Problem, YamlPath, nearest_of

_OF_JOBS: Final = (
    *("extract", "artifacts", "prepare", "cleanup", "warmup", "repeat", "order", "executor"),
    *("resources", "folder", "env", "cpus", "nice"),
)
"""What only a step with ``run`` or ``call`` has."""
_NOT_WITH: Final = {
    "wait": (*_OF_JOBS, "expect", "timeout"),
    "operator": (*_OF_JOBS, "expect"),
    "record": (*_OF_JOBS, "expect", "timeout"),
    "device": _OF_JOBS,
}


def check_action(step: Step, path: YamlPath) -> Iterator[Problem]:
    """What is wrong with what a step does, and with the fields beside it."""
    actions = step.actions
    known = ", ".join(Step.ACTIONS)
    if not actions:
        yield Problem(path, f"step {step.id} does nothing", f"give it one of {known}")
    elif len(actions) > 1:
        fact = f"step {step.id} does several things: {' and '.join(actions)}"
        yield Problem((*path, actions[1]), fact, "make a step of each")
    for name in ("run", "prepare", "cleanup"):
        line = getattr(step, name)
        if line is not None and (not line or not str(line[0]).strip()):
            yield Problem((*path, name), "the command is empty", "write what is to be run")
    for name in _NOT_WITH.get(actions[0], ()) if actions else ():
        if _is_given(step, name):
            fact = f"a step with `{actions[0]}` has no {name}"
            yield Problem((*path, name), fact, "leave it away, or move it to a step with `run`")
    if step.operator is not None:
        for answer in step.operator.fails:
            if answer not in step.operator.answers:
                remedy = nearest_of(answer, step.operator.answers, "answers")
                yield Problem(
                    (*path, "operator", "fails"), f"{answer!r} is none of the answers", remedy
                )


def _is_given(step: Step, name: str) -> bool:
    value = getattr(step, name)
    return value != 1 if name == "repeat" else value is not None and value not in (0, [], {})
