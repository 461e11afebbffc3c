"""What a step's Python function is given, and where it is found."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

from autobench_nb.errors import JobError
from autobench_nb.recipes.model import Scalar


@dataclass(frozen=True, slots=True)
class StepContext:
    """What a function that a step calls is told.

    Attributes:
        run_id: The run's id.
        step_id: The planned step's id, such as ``pack[gzip,6]``.
        folder: The run's folder.
        repetition: From 1; 0 while warming up.
        parameters: The run's parameters.
        cell: The step's values by axis of its matrix.
        metrics: By the id of each planned step that has gone well: the mean of each of its metrics.
    """

    run_id: str
    step_id: str
    folder: Path
    repetition: int = 1
    parameters: Mapping[str, Scalar] = field(default_factory=dict)
    cell: Mapping[str, Scalar] = field(default_factory=dict)
    metrics: Mapping[str, Mapping[str, float]] = field(default_factory=dict)


class CallOfStep:
    """Calls a step's function with its context, if it takes an argument. Can be sent to another process.

    Args:
        target: ``module:function``, or the function itself.
        near: The folder whose modules are found first: that of the recipe.
        context: What the function is given.
        source: The text of its module, for a machine that has not got the recipe's folder.
    """

    def __init__(
        self,
        target: str | Callable[..., Any],
        near: str | None,
        context: StepContext,
        source: str | None = None,
    ) -> None:
        self.target = target
        self.source = source
        self.near = near
        self.context = context
        self.__qualname__ = target if isinstance(target, str) else target.__qualname__

    def __call__(self) -> Any:
        function = function_of(self.target, self.near, self.source)
        return function(self.context) if takes_argument(function) else function()


def takes_argument(function: Callable[..., Any]) -> bool:
    """Whether the function can be called with one argument."""
    try:
        inspect.signature(function).bind(None)
    except TypeError:
        return False
    except ValueError:  # written in C, and without a signature
        return False
    return True


def function_of(
    target: str | Callable[..., Any], near: str | None, source: str | None = None
) -> Callable[..., Any]:
    """The function of ``module:function``.

    A module that lies in the recipe's folder is read anew, so that a change of it counts; where that folder is not
    there, it is made of ``source``.

    Raises:
        JobError: There is no such module or function.
    """
    if not isinstance(target, str):
        return target
    name, _, path = target.partition(":")
    try:
        found: Any = _near(name, near) or _of_source(name, source) or importlib.import_module(name)
        for part in path.split("."):
            found = getattr(found, part)
    except ModuleNotFoundError as error:
        raise JobError(
            f"{target}: there is no module {error.name}: put {name.split('.')[0]}.py beside the recipe."
        ) from error
    except AttributeError as error:
        raise JobError(f"{target}: {error}.") from error
    if not callable(found):
        raise JobError(f"{target} is no function.")
    return found  # type: ignore[no-any-return]


def source_of(target: str | Callable[..., Any], near: str | None) -> str | None:
    """The text of a function's module, where that lies in the recipe's folder."""
    if not isinstance(target, str):
        return None
    file = _file_of(target.partition(":")[0], near)
    return None if file is None else file.read_text("utf-8")


def _of_source(name: str, source: str | None) -> ModuleType | None:
    if source is None:
        return None
    module = ModuleType(name)
    exec(compile(source, f"{name}.py", "exec"), module.__dict__)
    return module


def _file_of(name: str, near: str | None) -> Path | None:
    if near is None:
        return None
    file = Path(near, *name.split(".")).with_suffix(".py")
    return file if file.is_file() else None


def _near(name: str, near: str | None) -> ModuleType | None:
    """The module of that file in the folder; None where there is none."""
    file = _file_of(name, near)
    if file is None or near is None:
        return None
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        return None
    module = importlib.util.module_from_spec(spec)
    # Its own imports may be of files beside it.
    sys.path.insert(0, near)
    try:
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(near)
    return module
