"""What an orchestrator takes from its arguments, its settings, and the thread that asks it."""

from __future__ import annotations

import inspect
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from autobench_nb.config import Config
from autobench_nb.errors import OptionError
from autobench_nb.jobs.runner import Runner
from autobench_nb.journal.settings import Journal
from autobench_nb.lazy import LazyModule
from autobench_nb.recipe_runs.runs import RecipeRuns
from autobench_nb.transports.auth import check_token, new_token

if TYPE_CHECKING:
    import asyncio
else:
    asyncio = LazyModule("asyncio")


def token_of(source: Mapping[str, str], variable: str) -> str:
    """The token that the variable holds, or a new one."""
    given = source.get(variable)
    return check_token(given, variable) if given else new_token()


def journal_of(given: str | os.PathLike[str] | Journal | None, config: Config) -> Journal | None:
    """What was asked for, by argument or by setting."""
    if isinstance(given, Journal):
        return given
    path = given if given is not None else config.journal
    return None if path is None else Journal(path, logs=config.journal_logs)


def loop_runs() -> bool:
    """Whether an event loop runs in the calling thread."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


RUN_OPTIONS: Final = tuple(inspect.signature(Runner.submit).parameters)[2:]
"""What :meth:`Orchestrator.run` takes besides the work."""
RECIPE_OPTIONS: Final = tuple(inspect.signature(RecipeRuns.submit).parameters)[2:]
"""What it takes besides a recipe."""


def check_options(how: Mapping[str, Any], *, is_recipe: bool) -> None:
    """Raise :class:`OptionError` for what a run does not take."""
    options = RECIPE_OPTIONS if is_recipe else RUN_OPTIONS
    for option in how:
        if option not in options:
            raise OptionError("run()", option, options)
