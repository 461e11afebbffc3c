"""What a run has under way: steps that are queued, that work, that rest between turns, that ask, act or record."""

from __future__ import annotations

import time
from collections import ChainMap
from collections.abc import Callable, Mapping
from itertools import islice

from autobench_nb.contract.steps import StepStatus
from autobench_nb.errors import ClosedError, JobError
from autobench_nb.jobs.executors.executor import check_work
from autobench_nb.jobs.job import Job
from autobench_nb.jobs.ledger import ArtifactKept, StepBegan
from autobench_nb.jobs.machine import JobCalled
from autobench_nb.jobs.run import StepRun
from autobench_nb.jobs.runner import LOCAL
from autobench_nb.jobs.timing import now_ms
from autobench_nb.jobs.work import How, Task
from autobench_nb.recipe_runs.actors import Actors
from autobench_nb.recipe_runs.agenda import Agenda, nothing
from autobench_nb.recipe_runs.board import RunBoard, does_text, most_repetitions
from autobench_nb.recipe_runs.course import (
    STATUSES,
    Known,
    RunSetting,
    StepCourse,
    command_task,
)
from autobench_nb.recipe_runs.other_steps import DeviceStep, OtherStep, Prompt, RecordStep, WaitStep
from autobench_nb.recipe_runs.statistics import metric_record
from autobench_nb.recipe_runs.turns import Turns
from autobench_nb.recipes.events import SETTLED
from autobench_nb.recipes.machine import RecipeMachine
from autobench_nb.recipes.model import Order, Precision, Recipe, Repetitions
from autobench_nb.recipes.plan import PlannedStep
from autobench_nb.state.model import JobKind


class StepWork:
    """Starts steps, hears of their ends, and stops them. But for what jobs tell, all is the run's own thread's.

    Args:
        recipe: What is run.
        machine: Decides; is only read here.
        step_run: What the jobs of the steps belong to.
        around: What the run gives to each of its steps.
        actors: What is acted through.
        board: What is known of each step.
        agenda: What happens in the run's own thread.
        seed: Draws the random orders.
        over: ``over(step_id, status, reason)`` is told that a started step is over.
    """

    def __init__(
        self,
        recipe: Recipe,
        machine: RecipeMachine,
        step_run: StepRun,
        around: RunSetting,
        actors: Actors,
        board: RunBoard,
        agenda: Agenda,
        *,
        seed: int,
        over: Callable[[str, StepStatus, str | None], None],
    ) -> None:
        self.recipe = recipe
        self.machine = machine
        self.step_run = step_run
        self.around = around
        self.seed = seed
        self._actors = actors
        self._board = board
        self._agenda = agenda
        self._over = over
        self._ready: dict[str, None] = {}
        self._await_turn: set[str] = set()
        self._active: dict[str, StepCourse | OtherStep] = {}
        self._jobs: dict[str, str] = {}
        self._working: set[str] = set()
        self._resting: set[str] = set()
        self._turns: dict[str, Turns] = {}
        self._recording: dict[str, bool] = {}
        self._window = 2 * step_run.parallel

    def take_back(self, step_id: str) -> bool:
        """Not start a step that is queued; False where it is not."""
        if step_id not in self._ready and step_id not in self._await_turn:
            return False
        self._ready.pop(step_id, None)
        self._await_turn.discard(step_id)
        turns = self._turns.get(self._board.rows[step_id].plan.step.id)
        if turns is not None:
            turns.leave(step_id)
        return True

    # --- what the course of a job tells

    def job_began(self, course: StepCourse, job: Job) -> None:
        """Take note that a step's job has started."""
        at_ms = now_ms()
        self._agenda.post(lambda: self._job_began(course, job, at_ms))

    def job_rested(self, course: StepCourse, job: Job) -> None:
        """Take note that a step's job rests."""
        self._agenda.post(lambda: self._job_rested(course.plan.id, job))

    def job_ended(self, course: StepCourse, job: Job) -> None:
        """Take note that a step's job has ended."""
        status, reason = STATUSES[job.lifecycle.status], job.lifecycle.reason
        self._agenda.post(lambda: self._job_ended(course, status, reason))

    def repetition_ended(self, course: StepCourse, job: Job) -> None:
        """Take note that a repetition has gone well."""
        done = job.done + 1
        found = {name: tuple(values) for name, values in course.measured.items()}
        self._agenda.post(lambda: self._repetition_ended(course, done, found))

    # --- starting

    def queue(self, step_id: str) -> None:
        """Have a planned step started as soon as that may be."""
        plan = self._board.rows[step_id].plan
        if not self._is_by_turns(plan):
            self._ready[step_id] = None
        else:
            self._await_turn.add(step_id)
            seed = f"{self.seed}/{plan.step.id}"
            turns = self._turns.setdefault(plan.step.id, Turns((), self._order(plan), seed))
            turns.join(step_id)

    def _order(self, plan: PlannedStep) -> Order:
        return plan.step.order or self.recipe.spec.order

    def _is_by_turns(self, plan: PlannedStep) -> bool:
        return bool(plan.cell) and plan.step.record is None and self._order(plan) != "blocks"

    def start_ready(self) -> None:
        """Start what may start now."""
        if self.machine.paused or self._actors.runner.is_held or self.machine.is_over:
            return
        while starting := self._next_ready():
            for step_id in starting:
                del self._ready[step_id]
                self._start(self._board.rows[step_id].plan)
        for turns in self._turns.values():
            self._take_turns(turns)

    def _next_ready(self) -> list[str]:
        """Those that may start now, in their order; no more than there is room for."""
        room = max(0, self._window - len(self._working))
        plans = (self._board.rows[step_id].plan for step_id in self._ready)
        if self._recording:
            plans = (plan for plan in plans if not self._awaits_recording(plan))
        return [plan.id for plan in islice(plans, room)]

    def _take_turns(self, turns: Turns) -> None:
        while len(self._working) < self.step_run.parallel:
            step_id = turns.next_of(lambda cell: cell in self._resting or cell in self._await_turn)
            if step_id is None:
                return
            if step_id in self._resting:
                self._resting.discard(step_id)
                self._working.add(step_id)
                self._actors.runner.feed(JobCalled(self._jobs[step_id]))
            else:
                self._await_turn.discard(step_id)
                self._start(self._board.rows[step_id].plan)

    def _awaits_recording(self, plan: PlannedStep) -> bool:
        """Whether a recording of the step, which could run, has not begun."""
        return any(
            plan.step.id in (other.step.record.during if other.step.record else ())
            for name, begun in self._recording.items()
            if not begun and (other := self._board.rows[name].plan)
        )

    def _start(self, plan: PlannedStep) -> None:
        try:
            self._start_step(plan)
        except (JobError, ValueError, ClosedError, OSError) as error:
            self._step_over(plan.id, StepStatus.FAILED, str(error))
        except KeyError as error:
            self._step_over(plan.id, StepStatus.FAILED, f"{error.args[0]} was not measured")

    def _start_step(self, plan: PlannedStep) -> None:
        step = plan.step
        known = self._known()
        attempt = self.machine.steps[plan.id].tries
        self._board.change(plan.id, jobId=None, done=0, retryAt=None)
        if step.run is not None or step.call is not None:
            self._start_job(plan, attempt, known)
            return
        at_ms = now_ms()
        self._board.change(plan.id, status=StepStatus.RUNNING, startedAt=at_ms)
        self._step_began(plan, attempt, at_ms)

        def ended(status: StepStatus, reason: str | None, metrics: Mapping[str, float]) -> None:
            self._agenda.post(lambda: self._other_ended(plan, status, reason, metrics))

        other: OtherStep
        if step.wait is not None:
            other = WaitStep(plan, ended, plan.seconds(step.wait, known) or 0.0)
        elif step.operator is not None:
            other = prompt = Prompt(plan, ended, self.step_run.id, attempt, known, now_ms=at_ms)
            self._actors.ask(prompt)
        elif step.device is not None:
            other = DeviceStep(plan, ended, self._actors.devices, known)
        else:
            assert step.record is not None
            name = plan.fill(step.record.file or f"{plan.id}.mkv", known)
            self._recording[plan.id] = False
            other = RecordStep(
                plan,
                ended,
                self._actors.streams,
                self.around.artifacts / name,
                lambda: self._agenda.post(lambda: self._records(plan)),
            )
        self._active[plan.id] = other
        if other.due is not None:
            self._agenda.after(other.due - time.monotonic(), other.time_is_up)

    def _records(self, plan: PlannedStep) -> None:
        self._recording[plan.id] = True
        self._finish_recordings()

    def _start_job(self, plan: PlannedStep, attempt: int, known: Known) -> None:
        step = plan.step
        course = StepCourse(
            plan,
            attempt,
            self.around,
            known=known,
            metrics={} if step.call is None else dict(self._board.metrics),
            tells=self,
            is_by_turns=self._is_by_turns(plan),
        )
        first = known.new_child({"step.repetition": 1})
        if step.run is not None:
            task = command_task(
                plan.id, step.run, lambda text, shell: plan.fill(text, first, shell=shell)
            )
        else:
            task = Task(plan.id, JobKind.CALLABLE, does_text(step), function=nothing)
        folder = self.around.folder / plan.fill(step.folder or "", known)
        folder.mkdir(parents=True, exist_ok=True)
        how = How(
            repeat=most_repetitions(step),
            warmup=step.warmup,
            timeout_s=plan.seconds(step.timeout, known),
            cwd=str(folder),
            cpus=None if step.cpus is None else tuple(step.cpus),
            nice=step.nice,
            isolate=step.run is None and bool(step.cpus or step.nice is not None or step.env),
            resources=dict(step.resources),
            stays=bool(step.prepare or step.cleanup or step.artifacts),
            makes_cwd=True,
        )
        self._active[plan.id] = course
        self._working.add(plan.id)
        runner, executor = self._actors.runner, step.executor or LOCAL
        check_work(runner.executors, executor, [task], how)
        limit = self.step_run.parallel
        job = runner.new_job(self.step_run, task, how, limit, executor, course=course)
        runner.queue(self.step_run, (job,))
        self._jobs[plan.id] = job.id
        self._board.rows[plan.id].job_ids.append(job.id)
        self._board.change(plan.id, jobId=job.id)

    def _known(self) -> Known:
        """What expressions stand for besides what the plan knows: the run, and metrics as they are when asked for."""
        run = {"run.id": self.step_run.id, "run.folder": str(self.around.folder)}
        return ChainMap(dict[str, object](run), self._board.outlook.metrics)

    def _step_began(
        self, plan: PlannedStep, attempt: int, at_ms: float, command: str | None = None
    ) -> None:
        self._actors.ledger.step_began(
            StepBegan(
                run_id=self.step_run.id,
                step_id=plan.id,
                at_ms=at_ms,
                tries=attempt,
                name=plan.id,
                command=command,
                cell=dict(plan.cell),
            )
        )

    # --- what happens to what was started

    def _job_began(self, course: StepCourse, job: Job, at_ms: float) -> None:
        self._step_began(course.plan, course.attempt, at_ms, job.command)
        if self._active.get(course.plan.id) is course:
            self._board.change(course.plan.id, status=StepStatus.RUNNING, startedAt=at_ms)

    def _job_rested(self, step_id: str, job: Job) -> None:
        if self._jobs.get(step_id) == job.id and step_id in self._working:
            self._working.discard(step_id)
            self._resting.add(step_id)

    def _repetition_ended(
        self, course: StepCourse, done: int, found: Mapping[str, tuple[float, ...]]
    ) -> None:
        if self._active.get(course.plan.id) is not course:
            return
        repeat = course.plan.step.repeat
        until = repeat.until if isinstance(repeat, Repetitions) else None
        confidence = (until or Precision()).confidence
        metrics = {name: metric_record(values, confidence) for name, values in found.items()}
        self._board.change(course.plan.id, done=done, metrics=metrics)

    def _job_ended(self, course: StepCourse, status: StepStatus, reason: str | None) -> None:
        step_id = course.plan.id
        if self._active.get(step_id) is not course:
            return
        self._working.discard(step_id)
        self._resting.discard(step_id)
        turns = self._turns.get(course.plan.step.id)
        if turns is not None:
            turns.leave(step_id)
        if course.artifacts:
            self._board.change(step_id, artifacts=list(course.artifacts))
            for one in course.artifacts:
                self._actors.ledger.artifact(
                    ArtifactKept(
                        run_id=self.step_run.id,
                        step_id=step_id,
                        path=str(self.around.artifacts / one["path"]),
                        sha256=one["sha256"],
                        size_bytes=one["bytes"],
                        at_ms=now_ms(),
                    )
                )
        if status is StepStatus.SUCCEEDED:
            self._board.note_metrics(step_id)
        self._step_over(step_id, status, reason)

    def _other_ended(
        self,
        plan: PlannedStep,
        status: StepStatus,
        reason: str | None,
        metrics: Mapping[str, float],
    ) -> None:
        other = self._active.get(plan.id)
        if isinstance(other, Prompt):
            self._actors.withdraw(other)
        self._recording.pop(plan.id, None)
        if metrics:
            records = {name: metric_record([float(value)]) for name, value in metrics.items()}
            self._board.change(plan.id, metrics=records)
        if status is StepStatus.SUCCEEDED:
            self._board.note_metrics(plan.id)
        self._step_over(plan.id, status, reason)

    def _step_over(self, step_id: str, status: StepStatus, reason: str | None) -> None:
        self._active.pop(step_id, None)
        self._working.discard(step_id)
        self._jobs.pop(step_id, None)
        self._over(step_id, status, reason)
        self._finish_recordings()

    def _finish_recordings(self) -> None:
        """End each recording of which all is over that it was to record."""
        for step_id, begun in tuple(self._recording.items()):
            recorder = self._active.get(step_id)
            during = self._board.rows[step_id].plan.step.record
            if begun and isinstance(recorder, RecordStep) and during is not None:
                steps = self.machine.steps.values()
                if not any(
                    state.status not in SETTLED
                    and state.plan.step.record is None
                    and (not during.during or state.plan.step.id in during.during)
                    for state in steps
                ):
                    recorder.finish()

    def end_all(self, reason: str) -> None:
        """End all that was started, and hear no more of it."""
        active, self._active = self._active, {}
        for step_id, one in active.items():
            if isinstance(one, OtherStep):
                one.stop(reason)
            elif step_id in self._jobs:
                self._actors.runner.cancel(self._jobs[step_id])
        self._jobs.clear()

    def stop(self, step_id: str, reason: str) -> None:
        """End a planned step that was queued."""
        active = self._active.get(step_id)
        if self.take_back(step_id):
            self._step_over(step_id, StepStatus.CANCELLED, reason)
        elif isinstance(active, OtherStep):
            active.stop(reason)
        elif step_id in self._jobs:
            self._actors.runner.cancel(self._jobs[step_id])
