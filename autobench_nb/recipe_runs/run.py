"""A recipe's run, as who asked for it holds it."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from concurrent.futures import Future
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from autobench_nb.contract.steps import RunStatus, StepStatus
from autobench_nb.errors import JobError, RunError
from autobench_nb.jobs.cell import keep_awake
from autobench_nb.jobs.results import Results
from autobench_nb.lazy import LazyModule
from autobench_nb.machine.comparison import Conditions
from autobench_nb.recipe_runs.actor import RecipeActor
from autobench_nb.recipe_runs.tables import cells_side_by_side, repetitions_of
from autobench_nb.recipes.events import (
    SETTLED,
    PauseRequested,
    ResumeRequested,
    SkipRequested,
    StopRequested,
)

if TYPE_CHECKING:
    import asyncio

    import pandas as pd
    import pyarrow as pa

    from autobench_nb.recipe_runs.runs import RecipeRuns
else:
    asyncio = LazyModule("asyncio")

_NAMED = 20


class RecipeRun:
    """One run of a recipe. ``await`` it from any event loop, or :meth:`wait` in any thread.

    Neither raises when steps fail: the run shows it, and :meth:`check` raises.

    Attributes:
        id: Its id, unique for ever.
        label: What people may call it, such as ``run-1``.
        name: The recipe's name.
        parameters: The values of the recipe's parameters.
        folder: Where its steps run; ``artifacts`` below it holds what is kept.
        seed: Draws the random orders.
        results: One row for each measured repetition that has ended.
    """

    def __init__(self, actor: RecipeActor, runs: RecipeRuns) -> None:
        self.id = actor.step_run.id
        self.label = actor.step_run.label
        self.name = actor.recipe.metadata.name
        self.parameters: Mapping[str, Any] = actor.around.parameters
        self.folder: Path = actor.around.folder
        self.seed = actor.seed
        self.results: Results = actor.step_run.results
        self._actor = actor
        self._runs = runs
        self._over = _future()

    # --- how it stands

    @property
    def status(self) -> RunStatus:
        """Where it stands."""
        return self._actor.status

    @property
    def reason(self) -> str | None:
        """Why it did not succeed."""
        return self._actor.reason

    @property
    def done(self) -> bool:
        """Whether it is over."""
        return self._over.done()

    @property
    def steps(self) -> dict[str, StepStatus]:
        """Where each planned step stands, by its id, in the plan's order."""
        return {name: row.fields["status"] for name, row in self._actor.board.rows.items()}

    def reason_of(self, step_id: str) -> str | None:
        """Why a planned step did not succeed, or was skipped. Raises :class:`KeyError` where there is none."""
        reason: str | None = self._actor.board.rows[step_id].fields.get("reason")
        return reason

    def metrics_of(self, step_id: str) -> dict[str, float]:
        """The means of a planned step's metrics. Raises :class:`KeyError` where there is no such step."""
        found = self._actor.board.rows[step_id].fields.get("metrics") or {}
        return {name: record["mean"] for name, record in found.items()}

    @property
    def left_behind(self) -> str | None:
        """What stays of a temporary folder when the orchestrator is closed, in words; None: nothing."""
        around = self._actor.around
        if not around.is_temporary:
            return None
        if self.status is not RunStatus.SUCCEEDED:
            return f"its files stay in {around.folder}"
        return f"its artifacts stay in {around.artifacts}" if around.artifacts.exists() else None

    def wait(self, timeout_s: float | None = None) -> bool:
        """Block until it is over; False where that took longer than ``timeout_s``."""
        try:
            self._over.result(timeout_s)
        except TimeoutError:
            return False
        except KeyboardInterrupt as interrupt:
            interrupt.add_note(self._goes_on())
            raise
        return True

    def __await__(self) -> Generator[Any, None, Self]:
        sleep = keep_awake()
        try:
            yield from asyncio.wrap_future(self._over).__await__()
        except (asyncio.CancelledError, KeyboardInterrupt) as stopped:
            if not self.done:
                stopped.add_note(self._goes_on())
            raise
        finally:
            sleep()
        return self

    def check(self) -> Self:
        """Raise :class:`RunError` unless it has succeeded; gives the run itself."""
        if self.status is RunStatus.SUCCEEDED:
            return self
        bad = {
            name: self.reason_of(name) or str(status)
            for name, status in self.steps.items()
            if status in SETTLED and status is not StepStatus.SUCCEEDED
        }
        reason = (self.reason or "it is not over yet").removesuffix(".")
        lines = [f"{self.label} ({self.name}): {self.status}: {reason}."]
        lines += [f"  {name}: {why}" for name, why in list(bad.items())[:_NAMED]]
        if len(bad) > _NAMED:
            lines.append(f"  … and {len(bad) - _NAMED:,} more: run.to_pandas() has all reasons")
        raise RunError("\n".join(lines), self.id, bad)

    # --- what can be asked of it

    def cancel(self, reason: str = "cancelled") -> bool:
        """Ask it to end, and return at once; False where it is over. What runs is ended, the rest is skipped."""
        return self._tell(StopRequested(reason))

    def pause(self) -> bool:
        """Start no more steps for now; what runs goes on. False where it is over."""
        return self._tell(PauseRequested())

    def resume(self) -> bool:
        """Go on after :meth:`pause`."""
        return self._tell(ResumeRequested())

    def skip(self, step_id: str) -> bool:
        """Do a planned step no more: what needs it goes on as though it had gone well.

        One that waits is left out when its turn comes. One that is under way is ended, and its ``cleanup`` is done; the
        repetitions that were measured stay in ``results``, but the step has no metrics that others could ask for.
        A step's own id stands for all cells of its matrix; so it does in :meth:`retry`.

        Returns:
            False where it came too late: all of them are over.

        Raises:
            JobError: There is no such planned step.
        """
        steps = self.steps
        named = [name for name in self._planned(step_id) if steps[name] not in SETTLED]
        told = [self._tell(SkipRequested(name)) for name in named]
        return any(told)

    def retry(self, step_id: str | None = None) -> Self:
        """Do a planned step again, and all that waits for it; without one, each that did not succeed.

        The run keeps its id and the results of the other steps. Raises :class:`JobError` where it is not over yet,
        where there is no such step, or where all have succeeded.
        """
        if step_id is not None:
            self._planned(step_id)
        self._runs.retry(self, step_id)
        return self

    def answer(self, answer: str, step_id: str | None = None) -> bool:
        """Answer the question of a step.

        Args:
            answer: One of its answers.
            step_id: Which step's; may be left out where only one asks.

        Returns:
            False where it came too late.

        Raises:
            JobError: No step asks, several do, or it is none of the answers.
        """
        return self._runs.answer_of(self.id, step_id, answer)

    def _planned(self, step_id: str) -> list[str]:
        """The planned steps that a name stands for."""
        named = self._actor.board.named(step_id)
        if not named:
            known = ", ".join(list(self._actor.board.rows)[:_NAMED])
            raise JobError(f"{self.label} has no step {step_id!r}: it has {known}.")
        return named

    def _tell(self, event: Any) -> bool:
        if self.done:
            return False
        self._actor.tell(event)
        return True

    def conditions(self) -> Conditions:
        """On which machine its repetitions ran, and how noisy it was: what ``ab.comparable`` asks."""
        return Conditions.of(self.label, self.results, self._actor.step_run.runner.machines)

    # --- how it comes out

    def to_pandas(self) -> pd.DataFrame:
        """The planned steps side by side, one row each.

        Returns:
            A frame with ``step_id``, ``step``, a column for each axis of a matrix, ``status``, ``reason``, ``tries``,
            ``repetitions``, and for each metric its mean, ``NAME_sd`` and ``NAME_half_width`` (of the confidence
            interval). ``frame.attrs["units"]`` has the units.
        """
        return cells_side_by_side(self._actor).to_pandas()

    def to_arrow(self) -> pa.Table:
        """The planned steps side by side, as :meth:`to_pandas` has them; units stand in the fields' metadata."""
        return cells_side_by_side(self._actor).to_arrow()

    @property
    def repetitions(self) -> Any:
        """A row for each measured repetition: ``run.repetitions.to_pandas()``, with axes and metrics as columns."""
        return repetitions_of(self._actor)

    def _repr_html_(self) -> str:
        html: str = self.to_pandas().to_html(index=False, na_rep="", border=0)
        return html

    def __repr__(self) -> str:
        counts = ", ".join(
            f"{count:,} {name}" for name, count in self._actor.board.counts.items() if count
        )
        why = f": {self.reason}" if self.reason else ""
        return f"<RecipeRun {self.label} {self.name!r} {self.status}{why}; {counts}>"

    # --- as the registry tells it

    def finish(self) -> None:
        """Wake who waits."""
        self._over.set_result(None)

    def begin_again(self) -> None:
        """Have it waited for once more."""
        self._over = _future()

    def _goes_on(self) -> str:
        return f"{self.label} goes on: run.cancel() ends it, await run or run.wait() waits for it again."


def _future() -> Future[None]:
    made: Future[None] = Future()
    # A future that runs cannot be cancelled: no cancelled await ends the waiting of all others.
    made.set_running_or_notify_cancel()
    return made
