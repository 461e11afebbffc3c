"""Going on with runs that were interrupted: by Python, and by command."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from autobench_nb.contract.commands import JOURNAL_RESUME
from autobench_nb.contract.journal import JournalResumed
from autobench_nb.errors import ClosedError, CommandError, JobError, JournalError
from autobench_nb.jobs.run import Run
from autobench_nb.jobs.runner import Runner
from autobench_nb.jobs.saved import SavedRun
from autobench_nb.recipe_runs.run import RecipeRun
from autobench_nb.recipe_runs.runs import RecipeRuns

if TYPE_CHECKING:
    from autobench_nb.journal.live import LiveJournal


class Resumer:
    """Goes on with what a journal says is interrupted.

    Args:
        journal: The journal, where there is one.
        runner: Takes up runs of plain jobs.
        recipes: Takes up runs of recipes.
    """

    def __init__(self, journal: LiveJournal | None, runner: Runner, recipes: RecipeRuns) -> None:
        self._journal = journal
        self._runner = runner
        self._recipes = recipes

    def resume(self, run_id: str | None = None) -> Run | RecipeRun:
        """Go on with an interrupted run, after its last finished step, under its old id.

        Args:
            run_id: Which run; None where there is only one.

        Raises:
            JobError: There is no such run, it is not interrupted, or cannot be resumed; the error says why.
            JournalError: There is no journal, or it cannot be read.
        """
        saved = self._saved(run_id)
        return self._runner.resume(saved) if saved.recipe is None else self._recipes.resume(saved)

    def _saved(self, run_id: str | None) -> SavedRun:
        journal = self._journal
        if journal is None:
            raise JobError(
                "nothing can be resumed without a journal: make the orchestrator with journal='lab.db'."
            )
        interrupted = journal.interrupted
        if run_id is None:
            if len(interrupted) != 1:
                known = ", ".join(interrupted) or "none is"
                raise JobError(f"say which run is to be resumed; interrupted: {known}.")
            (run_id,) = interrupted
        if run_id not in interrupted:
            known = ", ".join(interrupted) or "none is"
            raise JobError(f"run {run_id!r} is not interrupted; interrupted: {known}.")
        saved = journal.saved_run(run_id)
        if saved is None:
            raise JobError(f"the journal does not hold run {run_id!r} any more.")
        return saved

    def commands(self) -> dict[str, Callable[[Mapping[str, Any]], JournalResumed]]:
        """The handler of the journal's command."""

        def resume(args: Mapping[str, Any]) -> JournalResumed:
            asked = JOURNAL_RESUME.read(args)
            journal = self._journal
            if journal is None or asked.run_id not in journal.interrupted:
                raise CommandError("not-found", "No run of that id is interrupted.")
            try:
                return {"runId": self.resume(asked.run_id).id}
            except ClosedError as error:
                raise CommandError("closed", str(error)) from error
            except (JobError, JournalError) as error:
                raise CommandError("conflict", str(error)) from error

        return {JOURNAL_RESUME.name: resume}
