"""One run of a recipe, carried out: one thread takes what happens, and does what the machine decides."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from autobench_nb.contract.steps import RunStatus, StepStatus
from autobench_nb.errors import reason_of
from autobench_nb.jobs.ledger import RunEnded, StepSettled
from autobench_nb.jobs.machine import HoldEnded, HoldRequested, PlaceLeft, PlaceRequested
from autobench_nb.jobs.run import StepRun
from autobench_nb.jobs.saved import SavedStep
from autobench_nb.jobs.timing import now_ms
from autobench_nb.recipe_runs.actors import Actors
from autobench_nb.recipe_runs.agenda import Agenda, nothing
from autobench_nb.recipe_runs.board import RunBoard, StepRow, shown_values
from autobench_nb.recipe_runs.course import RunSetting
from autobench_nb.recipe_runs.folders import tidy
from autobench_nb.recipe_runs.outlook import usual_cells_s, usual_s
from autobench_nb.recipe_runs.power_watch import PowerWatch
from autobench_nb.recipe_runs.step_work import StepWork
from autobench_nb.recipe_runs.writes import PatientWrites
from autobench_nb.recipes.events import (
    SETTLED,
    AwaitRetry,
    PauseRequested,
    RecipeEffect,
    RecipeEvent,
    RerunRequested,
    ResumeRequested,
    RetryDue,
    RunOver,
    StartStep,
    StepChanged,
    StepEnded,
    StepState,
    StopRequested,
    StopStep,
)
from autobench_nb.recipes.machine import RecipeMachine
from autobench_nb.recipes.model import Recipe
from autobench_nb.recipes.plan import PlannedStep


class RecipeActor:
    """Carries a run out. :meth:`post` may be called by any thread, all else is its own thread's.

    Args:
        recipe: What is run.
        planned: Its planned steps.
        step_run: What the jobs of its steps belong to.
        around: What the run gives to each of its steps.
        actors: What it acts through.
        seed: Draws the random orders.
        priority: Of its place in the queue.
        finished: Is called when it is over, in its own thread.

    Attributes:
        machine: Decides.
        board: What is known of each planned step.
        status: Of the run.
        reason: Why it did not succeed.
        power: What the power meter saw meanwhile.
    """

    def __init__(
        self,
        recipe: Recipe,
        planned: list[PlannedStep],
        step_run: StepRun,
        around: RunSetting,
        actors: Actors,
        *,
        seed: int,
        priority: int,
        finished: Callable[[], None],
    ) -> None:
        self.recipe = recipe
        self.step_run = step_run
        self.around = around
        self.seed = seed
        self.priority = priority
        self.place = 0
        self.machine = RecipeMachine(planned)
        self.board = RunBoard(planned)
        self.status = RunStatus.QUEUED
        self.reason: str | None = None
        self.started_ms: float | None = None
        self.finished_ms: float | None = None
        self.created_ms = now_ms()
        self.file: str | None = None
        self._told: dict[str, Any] = {}
        self._ended_as = StepStatus.FAILED
        self.power = PowerWatch(actors.meter, actors.ledger)
        self._actors = actors
        self._finished = finished
        self._agenda = Agenda()
        self._work = StepWork(
            recipe,
            self.machine,
            step_run,
            around,
            actors,
            self.board,
            self._agenda,
            seed=seed,
            over=self._step_ended,
        )
        self._has_begun = False
        self._is_over = False
        self._write_at = 0.0
        self._is_write_due = False
        self._is_rerun = False
        self._writes = PatientWrites(actors, self)
        self._leaves = threading.Event()
        self._look_at = 0.0
        self._first: Callable[[], Iterable[RecipeEffect]] = self.machine.begin
        self._thread: threading.Thread | None = None

    # --- what others call

    def start(self) -> None:
        """Take a place in the queue, and go on from there."""
        self._is_over = False
        self._thread = threading.Thread(
            target=self._run, name=f"autobench-{self.step_run.label}", daemon=True
        )
        self._actors.runner.feed(
            PlaceRequested(self.step_run.id, self.priority, self.step_run.parallel)
        )
        self._thread.start()
        self.poke()  # it is shown while it waits for its turn

    def post(self, act: Callable[[], None]) -> None:
        """Have something done in the run's own thread."""
        self._agenda.post(act)

    def tell(self, event: RecipeEvent) -> None:
        """Have the machine take an event."""
        self.post(lambda: self._handle(event))

    def reach_place(self) -> None:
        """Begin: the turn of this run has come."""
        self.post(self._begin)

    def poke(self) -> None:
        """Look again whether anything can start."""
        self.post(nothing)

    def join(self, timeout_s: float) -> None:
        """Wait for the end of its thread."""
        thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(timeout_s)

    def leave(self) -> None:
        """Do not try for ever to write what the state refuses: the orchestrator closes."""
        self._leaves.set()

    def tell_again(self) -> None:
        """Have :meth:`run_news` tell all of the record."""
        self._told = {}

    def tidy(self) -> None:
        """Remove the temporary files of a run that has succeeded; whoever looks for a fault finds those of others."""
        if self.around.is_temporary and self.status is RunStatus.SUCCEEDED:
            tidy(self.around.folder)

    # --- the thread

    def _run(self) -> None:
        try:
            past = self._actors.ledger.step_durations(self.step_run.name or "")
            self.board.outlook.remember(usual_s(past))
            self.board.expect(usual_cells_s(past))
            # Who waits for its turn is seen, and is told of nothing before it comes.
            self._tell_state()
            while not self._is_over:
                self._agenda.do_next()
                self._work.start_ready()
                self._look_at_meter()
                if not self._is_over:
                    self._tell_state()
        except Exception as error:  # noqa: BLE001 - a fault of ours fails this run, and leaves nobody waiting for its end
            self._give_up(self._actors.seen(f"the run itself failed: {reason_of(error)}"))
        while self._writes.write() and self.board.dirty:
            pass
        self._finished()
        while not self._writes.write() or self.board.dirty:
            # Whoever keeps a batch of the state open may be waiting for this very run.
            if self._leaves.wait(self._writes.pause_s) and self._writes.is_refused:
                return

    def _look_at_meter(self) -> None:
        counts = self.board.counts
        is_active = bool(counts[StepStatus.RUNNING] or counts[StepStatus.RETRYING])
        is_active = is_active and not self._is_over
        now = time.monotonic()
        if self.power.is_active == is_active and now < self._look_at:
            return
        again_s = self.power.look(time.time(), is_active=is_active)
        # Without a meter the next event looks again whether there is one by then.
        self._look_at = now + (again_s or 0.0)
        if again_s is not None:
            self._agenda.after(again_s, nothing)

    def _give_up(self, reason: str) -> None:
        self._work.end_all(reason)
        for state in self.machine.give_up(reason):
            self.board.change(state.plan.id, status=state.status, reason=reason)
        self._end(RunStatus.FAILED, reason)

    def _tell_state(self) -> None:
        """Write what has changed, soon: what changes in quick succession is written together."""
        now = time.monotonic()
        if now < self._write_at:
            if not self._is_write_due:
                self._is_write_due = True
                self._agenda.after(self._write_at - now, nothing)
            return
        self._is_write_due = False
        is_written = self._writes.write()
        self._write_at = now + self._writes.pause_s
        if not is_written or self.board.dirty:
            self._agenda.after(self._writes.pause_s, nothing)

    def _begin(self) -> None:
        if self._has_begun or self._is_over:
            return
        self._has_begun = True
        self.started_ms = self.started_ms or now_ms()
        self.status = RunStatus.PAUSED if self.machine.paused else RunStatus.RUNNING
        self._do(self._first())

    def restore(self, settled: Mapping[str, SavedStep]) -> None:
        """Take over what an earlier life of the run had settled; before :meth:`start`."""
        states = {}
        for step_id, saved in settled.items():
            row = self.board.rows.get(step_id)
            if row is None:
                continue
            status = StepStatus(saved.status)
            states[step_id] = StepState(row.plan, status, saved.tries, saved.reason)
            self.board.restore(step_id, status, saved)
        self.machine.restore(states)
        begun = [one.started_ms for one in settled.values() if one.started_ms is not None]
        if begun:
            self.power.before = min(begun), max(one.finished_ms for one in settled.values())

    def rerun(self, step_id: str | None) -> bool:
        """Have a step of the ended run done again, or all that did not succeed; before :meth:`start`.

        False where there is none.
        """
        chosen = self.board.named(step_id) if step_id is not None else self._unsuccessful()
        if not chosen:
            return False
        effects = list(self.machine.handle(RerunRequested(tuple(chosen))))
        again = {effect.step_id for effect in effects if isinstance(effect, StepChanged)}
        self.board.outlook.again(self.board.rows[name].plan for name in again)
        self.status, self.reason, self.finished_ms = RunStatus.QUEUED, None, None
        self._has_begun = False
        self._first = lambda: effects
        self._is_rerun = True
        return True

    def _unsuccessful(self) -> list[str]:
        return [
            name
            for name, state in self.machine.steps.items()
            if state.status is not StepStatus.SUCCEEDED
        ]

    def head(self) -> dict[str, Any]:
        """What does not change of the run's record in the state."""
        parameters = self.recipe.spec.parameters
        return {
            "id": self.step_run.id,
            "label": self.step_run.label,
            "recipe": self.recipe.metadata.name,
            "file": self.file,
            "parameters": shown_values(self.around.parameters, self._actors.runner.redact),
            "units": {name: one.unit for name, one in parameters.items() if one.unit},
            "parallel": self.step_run.parallel,
            "createdAt": self.created_ms,
            "folder": str(self.around.folder),
            "seed": self.seed,
            "total": len(self.board.rows),
        }

    def run_news(self) -> dict[str, Any]:
        """What has changed of the run's record since this was asked last."""
        eta_s = None if self.finished_ms else self.board.outlook.eta_s()
        self.priority, self.place = self._actors.runner.place_of(self.step_run.id) or (
            self.priority,
            self.place,
        )
        now = {
            "status": str(self.status),
            "reason": self.reason,
            "priority": self.priority,
            "place": self.place,
            "startedAt": self.started_ms,
            "finishedAt": self.finished_ms,
            "counts": {str(name): count for name, count in self.board.counts.items() if count},
            "etaS": None if eta_s is None else float(f"{eta_s:.3g}"),
        }
        news = {
            name: value
            for name, value in now.items()
            if name not in self._told or self._told[name] != value
        }
        self._told = now
        return news

    def _step_ended(self, step_id: str, status: StepStatus, reason: str | None) -> None:
        self._handle(StepEnded(step_id, status, self._actors.seen(reason)))

    def _handle(self, event: RecipeEvent) -> None:
        if isinstance(event, StepEnded):
            self._ended_as = event.status
        if isinstance(event, StopRequested) and self._is_rerun:
            self._begin()
        effects = self.machine.handle(event)
        if isinstance(event, PauseRequested | ResumeRequested) and not self.machine.is_over:
            hold = HoldRequested if isinstance(event, PauseRequested) else HoldEnded
            self._actors.runner.feed(hold(self.step_run.id))
            if self._has_begun:
                self.status = RunStatus.PAUSED if self.machine.paused else RunStatus.RUNNING
        self._do(effects)

    def _do(self, effects: Iterable[RecipeEffect]) -> None:
        for effect in effects:
            match effect:
                case StartStep(step_id):
                    self._work.queue(step_id)
                case StopStep(step_id, reason):
                    self._work.stop(step_id, reason)
                case AwaitRetry(step_id, delay_s):
                    self.board.change(step_id, retryAt=now_ms() + 1e3 * delay_s)
                    self._agenda.after(delay_s, lambda name=step_id: self._handle(RetryDue(name)))  # type: ignore[misc]
                case StepChanged(step_id):
                    self._changed(self.machine.steps[step_id])
                case RunOver(status, reason):
                    self._end(RunStatus(str(status)), reason)

    def _changed(self, state: StepState) -> None:
        more: dict[str, Any] = {}
        if state.tries:
            more["tries"] = state.tries
        if state.reason is not None or "reason" in self.board.rows[state.plan.id].fields:
            more["reason"] = state.reason
        status = state.status
        fields = self.board.rows[state.plan.id].fields
        is_again = status not in SETTLED or not state.tries
        if is_again and fields.get("finishedAt") is not None:
            self.board.note_try(state.plan.id, fields["status"], fields.get("reason"), now_ms())
            more |= {"finishedAt": None, "startedAt": None}
        if status is StepStatus.RUNNING:
            status = StepStatus.QUEUED
        elif status is StepStatus.RETRYING:
            self.board.note_try(state.plan.id, self._ended_as, state.reason, now_ms())
            more["startedAt"] = None
        elif status in SETTLED:
            row = self.board.rows[state.plan.id]
            more["finishedAt"] = now_ms()
            self._settle_in_ledger(state, row, more["finishedAt"])
        self.board.change(state.plan.id, status=status, **more)
        if status in SETTLED:
            self.board.settled(state.plan.id, more["finishedAt"])

    def _settle_in_ledger(self, state: StepState, row: StepRow, at_ms: float) -> None:
        self._actors.ledger.step_settled(
            StepSettled(
                run_id=self.step_run.id,
                step_id=state.plan.id,
                status=str(state.status),
                at_ms=at_ms,
                started_ms=row.fields.get("startedAt"),
                tries=state.tries,
                reason=state.reason,
                job_ids=tuple(row.job_ids),
                metrics=row.fields.get("metrics") or {},
            )
        )

    def _end(self, status: RunStatus, reason: str | None) -> None:
        self.status, self.reason = status, reason
        self.finished_ms = now_ms()
        self._actors.ledger.run_ended(
            RunEnded(
                run_id=self.step_run.id, status=str(status), at_ms=self.finished_ms, reason=reason
            )
        )
        self._is_over = True
        self._actors.runner.feed(PlaceLeft(self.step_run.id))
