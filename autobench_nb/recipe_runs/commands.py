"""What clients may ask of runs of recipes, of questions to people, and of the queue as a whole."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from autobench_nb.contract.commands import (
    OPERATOR_ANSWER,
    QUEUE_MOVE,
    QUEUE_PAUSE,
    QUEUE_RESUME,
    RECIPE_CANCEL,
    RECIPE_PAUSE,
    RECIPE_RESUME,
    RECIPE_RETRY,
    RECIPE_SKIP,
)
from autobench_nb.contract.steps import RunChanged
from autobench_nb.errors import CommandError, JobError
from autobench_nb.recipe_runs.run import RecipeRun
from autobench_nb.recipe_runs.runs import RecipeRuns

Handlers = dict[str, Callable[[Mapping[str, Any]], Any]]


def recipe_commands(runs: RecipeRuns) -> Handlers:
    """Handlers of the commands about runs of recipes."""

    def run_of(run_id: str) -> RecipeRun:
        run = runs.get(run_id)
        if run is None:
            raise CommandError("not-found", f"There is no run {run_id} any more.")
        return run

    def answer(args: Mapping[str, Any]) -> RunChanged:
        asked = OPERATOR_ANSWER.read(args)
        try:
            return {"changed": runs.answer(asked.prompt_id, asked.answer)}
        except KeyError:
            raise CommandError("not-found", "Nobody asks that any more.") from None
        except JobError as error:
            raise CommandError("bad-args", f"{error}") from None

    def pause_queue(args: Mapping[str, Any]) -> RunChanged:
        return {"changed": runs.pause_queue(QUEUE_PAUSE.read(args).reason)}

    def move(args: Mapping[str, Any]) -> RunChanged:
        asked = QUEUE_MOVE.read(args)
        return {"changed": runs.move(asked.run_id, is_up=asked.to == "up")}

    def resume_queue(args: Mapping[str, Any]) -> RunChanged:
        QUEUE_RESUME.read(args)
        return {"changed": runs.resume_queue()}

    def cancel(args: Mapping[str, Any]) -> RunChanged:
        return {"changed": run_of(RECIPE_CANCEL.read(args).run_id).cancel()}

    def pause(args: Mapping[str, Any]) -> RunChanged:
        return {"changed": run_of(RECIPE_PAUSE.read(args).run_id).pause()}

    def resume(args: Mapping[str, Any]) -> RunChanged:
        return {"changed": run_of(RECIPE_RESUME.read(args).run_id).resume()}

    def retry(args: Mapping[str, Any]) -> RunChanged:
        asked = RECIPE_RETRY.read(args)
        try:
            run_of(asked.run_id).retry(asked.step_id)
        except JobError as error:
            raise CommandError("bad-args", f"{error}") from None
        return {"changed": True}

    def skip(args: Mapping[str, Any]) -> RunChanged:
        asked = RECIPE_SKIP.read(args)
        try:
            return {"changed": run_of(asked.run_id).skip(asked.step_id)}
        except JobError as error:
            raise CommandError("not-found", f"{error}") from None

    return {
        OPERATOR_ANSWER.name: answer,
        QUEUE_MOVE.name: move,
        QUEUE_PAUSE.name: pause_queue,
        QUEUE_RESUME.name: resume_queue,
        RECIPE_CANCEL.name: cancel,
        RECIPE_PAUSE.name: pause,
        RECIPE_RESUME.name: resume,
        RECIPE_RETRY.name: retry,
        RECIPE_SKIP.name: skip,
    }
