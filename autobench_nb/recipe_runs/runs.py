"""All runs of recipes of one orchestrator: where they are asked for, shown, answered and kept."""

from __future__ import annotations

import os
import secrets
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from autobench_nb.errors import ClosedError, JobError, RecipeError
from autobench_nb.jobs.gauges import Gauge
from autobench_nb.jobs.ledger import RunBegan
from autobench_nb.jobs.machine import HoldEnded, HoldRequested, PlaceLeft
from autobench_nb.jobs.output import NARRATION, LogFunction
from autobench_nb.jobs.queue import say_refused
from autobench_nb.jobs.run import StepRun
from autobench_nb.jobs.runner import Runner
from autobench_nb.jobs.saved import SavedRun
from autobench_nb.jobs.timing import now_ms
from autobench_nb.logs.entry import Level
from autobench_nb.recipe_runs.actor import RecipeActor
from autobench_nb.recipe_runs.actors import Actors
from autobench_nb.recipe_runs.board import most_repetitions, recipe_as_json
from autobench_nb.recipe_runs.course import RunSetting
from autobench_nb.recipe_runs.folders import ARTIFACTS, make_folder
from autobench_nb.recipe_runs.other_steps import Prompt
from autobench_nb.recipe_runs.power_watch import Meter
from autobench_nb.recipe_runs.run import RecipeRun
from autobench_nb.recipe_runs.showing import ShownRuns
from autobench_nb.recipes.check import check_recipe
from autobench_nb.recipes.events import StopRequested
from autobench_nb.recipes.load import load_recipe
from autobench_nb.recipes.model import Recipe
from autobench_nb.recipes.plan import parameter_values, plan_steps
from autobench_nb.state.store import StateStore

MAX_ROWS: Final = 100_000
MAX_PAST_CELLS: Final = 20_000
"""Cells of a recipe's matrices of which it is remembered what they took."""
CLOSE_PATIENCE_S: Final = 10.0


class RecipeRuns:
    """Runs recipes one after the other, by priority and in the order in which they were asked for. Thread-safe.

    Args:
        store: The state whose ``jobs`` slice shows them.
        log: ``LogRing.append``.
        runner: Does the jobs of steps.
        devices: Do what ``device`` steps say, see :class:`~autobench_nb.recipe_runs.actors.DeviceActions`.
        streams: Do what ``record`` steps say, see :class:`~autobench_nb.recipe_runs.actors.StreamRecordings`.
        gauges: What else is measured of each repetition.
        meter: Gives the power meter's samples and quantity, for the power along the time of a run.
    """

    def __init__(
        self,
        store: StateStore,
        log: LogFunction,
        runner: Runner,
        devices: Any = None,
        streams: Any = None,
        *,
        gauges: Sequence[Gauge] = (),
        meter: Meter | None = None,
    ) -> None:
        self.gauges = list(gauges)
        self._store = store
        self._log = log
        self._runner = runner
        self._ledger = runner.ledger
        self._lock = threading.Lock()
        self._runs: dict[str, RecipeRun] = {}
        self._actors: dict[str, RecipeActor] = {}
        self._prompts: dict[str, Prompt] = {}
        self._past_cells_s: dict[str, dict[str, float]] = {}
        self._past_s: dict[tuple[str, str], float] = {}
        self._is_closed = False
        self._shown = ShownRuns(
            *(store, self._asked, lambda name: self._runs[name].done, self._forget),
            redact=runner.redact,
        )
        self._services = Actors(
            runner=runner,
            ledger=self._ledger,
            devices=devices,
            streams=streams,
            ask=self._ask,
            withdraw=self._withdraw,
            write=self._shown.write,
            complain=self._complain,
            meter=meter,
        )
        runner.reach_place = self._reach_place

    def submit(
        self,
        recipe: Recipe | str | os.PathLike[str],
        parameters: Mapping[str, object] | None = None,
        *,
        folder: str | os.PathLike[str] | None = None,
        priority: int = 0,
        seed: int | None = None,
    ) -> RecipeRun:
        """Queue a run of a recipe; returns at once.

        Args:
            recipe: The recipe, or the path of its file.
            parameters: Values of its parameters by name.
            folder: Where its steps run; made where it is not there. Without one, a new folder for temporary files: when
                the run has succeeded, all in it but the artifacts is removed as the orchestrator is closed.
            priority: Runs of a higher one go before those of a lower one that wait.
            seed: Draws the random orders; without one, a new one is drawn, and recorded.

        Raises:
            RecipeError: The recipe or a parameter is wrong; each problem is named.
            ClosedError: after :meth:`close`.
            OSError: The file cannot be read, or the folder not be made.
        """
        file = None if isinstance(recipe, Recipe) else Path(recipe)
        if isinstance(recipe, Recipe):
            problems = check_recipe(recipe)
            if problems:
                raise RecipeError(recipe.metadata.name, problems)
        else:
            recipe = load_recipe(Path(recipe))
        values = parameter_values(recipe, parameters or {})
        place = None if folder is None else Path(folder).absolute()
        seed = secrets.randbits(32) if seed is None else seed
        actor = self._new_actor(recipe, values, place, file, seed, priority)
        return self._begin(actor)

    def resume(self, saved: SavedRun) -> RecipeRun:
        """Go on with a run that was interrupted, under its old id: what was settled is not done again.

        Raises:
            JobError: It was no run of a recipe, or its recipe cannot be read any more.
            ClosedError: after :meth:`close`.
        """
        try:
            recipe = msgspec.convert(saved.recipe, Recipe)
            values = parameter_values(recipe, saved.parameters)
        except (msgspec.ValidationError, RecipeError) as error:
            raise JobError(f"run {saved.run_id} cannot be resumed: {error}.") from error
        options = saved.options
        actor = self._new_actor(
            recipe,
            values,
            Path(options["folder"]),
            None if saved.recipe_file is None else Path(saved.recipe_file),
            int(options["seed"]),
            int(options["priority"]),
            run_id=saved.run_id,
            is_temporary=bool(options.get("temporary")),
        )
        actor.restore(saved.settled)
        return self._begin(actor)

    def _begin(self, actor: RecipeActor) -> RecipeRun:
        if self._is_closed:
            raise ClosedError("this orchestrator is closed and takes no more runs: make a new one.")
        actor.around.folder.mkdir(parents=True, exist_ok=True)
        run = RecipeRun(actor, self)
        self._ledger.run_began(
            RunBegan(
                run_id=run.id,
                at_ms=now_ms(),
                name=run.name,
                recipe=recipe_as_json(actor.recipe),
                recipe_file=actor.file,
                parameters=actor.around.parameters,
                options={
                    "seed": actor.seed,
                    "priority": actor.priority,
                    "folder": str(run.folder),
                    "temporary": actor.around.is_temporary,
                },
                steps=tuple(actor.board.rows),
            )
        )
        with self._lock:
            self._runs[run.id], self._actors[run.id] = run, actor
        actor.start()
        return run

    def _new_actor(
        self,
        recipe: Recipe,
        values: Mapping[str, Any],
        folder: Path | None,
        file: Path | None,
        seed: int,
        priority: int,
        run_id: str | None = None,
        *,
        is_temporary: bool = False,
    ) -> RecipeActor:
        planned = plan_steps(recipe, values)
        rows = sum(most_repetitions(plan.step) for plan in planned)
        step_run = self._runner.new_run(
            StepRun,
            min(rows, MAX_ROWS),
            name=recipe.metadata.name,
            parallel=self._runner.parallelism,
        )
        step_run.steps = len(planned)
        step_run.id = run_id or step_run.id
        is_temporary = is_temporary or folder is None
        folder = make_folder() if folder is None else folder
        around = RunSetting(
            run_id=step_run.id,
            folder=folder,
            near=str(file.absolute().parent) if file is not None else os.getcwd(),
            artifacts=folder / ARTIFACTS / step_run.id,
            gauges=self.gauges,
            parameters=values,
            is_temporary=is_temporary,
        )
        actor = RecipeActor(
            recipe,
            planned,
            step_run,
            around,
            self._services,
            seed=seed,
            priority=priority,
            finished=lambda: self._finish(step_run.id),
        )
        actor.file = None if file is None else str(file.absolute())
        found = (
            (step.id, self._past_s.get((recipe.metadata.name, step.id)))
            for step in recipe.spec.steps
        )
        actor.board.outlook.remember({name: past for name, past in found if past is not None})
        actor.board.expect(self._past_cells_s.get(recipe.metadata.name, {}))
        return actor

    # --- what can be asked of runs

    def get(self, run_id: str) -> RecipeRun | None:
        """The run of that id; None where there is none."""
        return self._runs.get(run_id)

    def retry(self, run: RecipeRun, step_id: str | None) -> None:
        """Do steps of an ended run again. Raises :class:`JobError` where that cannot be, :class:`ClosedError`."""
        if self._is_closed:
            raise ClosedError("this orchestrator is closed and takes no more runs: make a new one.")
        if not run.done:
            raise JobError(f"{run.label} is not over yet: cancel it, or wait for its end.")
        actor = self._actors[run.id]
        actor.join(CLOSE_PATIENCE_S)
        if not actor.rerun(step_id):
            raise JobError(f"{run.label} has no step that did not succeed: name one.")
        run.begin_again()
        actor.start()

    def answer(self, prompt_id: str, answer: str) -> bool:
        """Answer a question; False where it came too late.

        Raises:
            JobError: It is none of the answers.
            KeyError: Nobody asks that any more.
        """
        prompt = self._prompts[prompt_id]
        if answer not in prompt.record["answers"]:
            answers = ", ".join(prompt.record["answers"])
            raise JobError(f"{answer!r} is none of the answers: {answers}.")
        return prompt.answer(answer)

    def answer_of(self, run_id: str, step_id: str | None, answer: str) -> bool:
        """Answer what a step of the run asks; see :meth:`RecipeRun.answer`."""
        asked = [
            name
            for name, prompt in tuple(self._prompts.items())
            if prompt.record["runId"] == run_id and step_id in (None, prompt.plan.id)
        ]
        if len(asked) != 1:
            fact = "no step asks anything" if not asked else "several steps ask: say which"
            raise JobError(f"{fact}.")
        return self.answer(asked[0], answer)

    def pause_queue(self, reason: str = "paused by request") -> bool:
        """Start nothing more, neither steps nor jobs, until :meth:`resume_queue`; False where that was so already."""
        was_held = self._runner.is_held
        self._runner.feed(HoldRequested())
        self._store.set("/jobs/paused", {"reason": reason, "since": now_ms()})
        if not was_held:
            self._log(NARRATION, Level.WARN, f"The queue is paused: {reason}")
        return not was_held

    def resume_queue(self) -> bool:
        """Let the queue go on; False where it was not paused."""
        was_held = self._runner.is_held
        self._store.set("/jobs/paused", None)
        self._runner.feed(HoldEnded())
        for actor in tuple(self._actors.values()):
            actor.poke()
        if was_held:
            self._log(NARRATION, Level.INFO, "The queue goes on")
        return was_held

    def move(self, run_id: str, *, is_up: bool) -> bool:
        """Have a run that waits, of a recipe or of jobs, change places with its neighbour in the queue."""
        is_moved = self._runner.move(run_id, is_up=is_up)
        for actor in tuple(self._actors.values()):
            actor.poke()
        return is_moved

    def close(self) -> None:
        """Cancel all that is not over, and wait for its end."""
        self._is_closed = True
        for actor in tuple(self._actors.values()):
            actor.tell(StopRequested("the orchestrator was closed"))
            actor.leave()
        for actor in tuple(self._actors.values()):
            actor.join(CLOSE_PATIENCE_S)
            actor.tidy()

    # --- what actors tell

    def _reach_place(self, run_id: str) -> None:
        actor = self._actors.get(run_id)
        if actor is None:
            self._runner.feed(PlaceLeft(run_id))
        else:
            actor.reach_place()

    def _finish(self, run_id: str) -> None:
        actor, run = self._actors[run_id], self._runs[run_id]
        for step_id, seconds in actor.board.outlook.expected_s.items():
            self._past_s[actor.recipe.metadata.name, step_id] = seconds
        # Of each recipe the newest run that did any of them: what it left out is known from before.
        past = self._past_cells_s.setdefault(actor.recipe.metadata.name, {})
        past.update(actor.board.cells_took_s())
        while len(past) > MAX_PAST_CELLS:
            del past[next(iter(past))]
        run.finish()

    def _ask(self, prompt: Prompt) -> None:
        self._prompts[prompt.record["id"]] = prompt
        self._log(
            NARRATION,
            Level.WARN,
            f"{prompt.plan.id} asks: {prompt.record['ask']} [{', '.join(prompt.record['answers'])}]",
            step_id=prompt.plan.id,
        )

    def _complain(self, actor: RecipeActor, error: Exception | None) -> None:
        self._shown.again(actor)
        if error is not None:
            say_refused(self._log, error, of=actor.step_run.label)

    def _withdraw(self, prompt: Prompt) -> None:
        self._prompts.pop(prompt.record["id"], None)

    def _asked(self) -> dict[str, Any]:
        return {name: dict(prompt.record) for name, prompt in tuple(self._prompts.items())}

    def _forget(self, run_id: str) -> None:
        self._runs.pop(run_id, None)
        if actor := self._actors.pop(run_id, None):
            actor.tidy()


def names_recipe(work: Any) -> bool:
    """Whether this is a recipe, or the path of one: a ``Path``, or one word that ends as a YAML file's name does."""
    if isinstance(work, Recipe | Path):
        return True
    return isinstance(work, str) and work.endswith((".yaml", ".yml")) and len(work.split()) == 1
