"""One run of a recipe, carried out: one thread takes what happens, and does what the machine decides."""

from __future__ import annotations

import heapq
import itertools
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, Final

from autobench_nb.contract.steps import RunStatus, StepStatus
from autobench_nb.errors import ClosedError, JobError
from autobench_nb.jobs.job import Job
from autobench_nb.jobs.ledger import ArtifactKept, Ledger, RunEnded, StepBegan, StepSettled
from autobench_nb.jobs.machine import (
    HoldEnded,
    HoldRequested,
    JobCalled,
    PlaceLeft,
    PlaceRequested,
)
from autobench_nb.jobs.run import StepRun
from autobench_nb.jobs.runner import Runner, now_ms
from autobench_nb.jobs.work import How, Task
from autobench_nb.recipe_runs.board import StepRow, means, most_repetitions
from autobench_nb.recipe_runs.course import StepCourse, Surroundings, command_task
from autobench_nb.recipe_runs.other_steps import Action, OtherStep, Prompt, Record, Wait
from autobench_nb.recipe_runs.outlook import Outlook
from autobench_nb.recipe_runs.statistics import metric_record
from autobench_nb.recipe_runs.turns import Turns
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
    SkipRequested,
    StartStep,
    StepChanged,
    StepEnded,
    StepState,
    StopRequested,
    StopStep,
)
from autobench_nb.recipes.machine import RecipeMachine
from autobench_nb.recipes.model import Precision, Recipe, Repetitions
from autobench_nb.recipes.plan import PlannedStep
from autobench_nb.recipes.quantities import seconds_of
from autobench_nb.state.model import JobKind, JobStatus

LATE_S: Final = 0.02
"""After how long the state is tried again while somebody's batch is open."""
_STATUSES: Final[Mapping[JobStatus, StepStatus]] = {
    JobStatus.SUCCEEDED: StepStatus.SUCCEEDED,
    JobStatus.FAILED: StepStatus.FAILED,
    JobStatus.TIMEOUT: StepStatus.TIMEOUT,
    JobStatus.CANCELLED: StepStatus.CANCELLED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Actors:
    """What a run acts through.

    Attributes:
        runner: Does the jobs of steps.
        ledger: What outlives the process.
        devices: Do what ``device`` steps say; None where there are none.
        streams: Do what ``record`` steps say; None where there are none.
        ask: Shows a question until it is answered.
        withdraw: Shows it no longer.
        write: Writes to the state; False where that is to be tried again soon.
    """

    runner: Runner
    ledger: Ledger
    devices: Any
    streams: Any
    ask: Callable[[Prompt], None]
    withdraw: Callable[[Prompt], None]
    write: Callable[[RecipeActor], bool]


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
        rows: What is known of each planned step, by its id.
        dirty: The planned steps whose records are to be written.
        counts: Planned steps by status, as the state shows them.
        status: Of the run.
        reason: Why it did not succeed.
    """

    def __init__(
        self,
        recipe: Recipe,
        planned: list[PlannedStep],
        step_run: StepRun,
        around: Surroundings,
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
        self.machine = RecipeMachine(planned)
        self.rows = {plan.id: StepRow(plan, number) for number, plan in enumerate(planned)}
        self.counts: Counter[str] = Counter({StepStatus.WAITING: len(planned)})
        self.dirty: set[str] = set()
        self.status = RunStatus.QUEUED
        self.reason: str | None = None
        self.started_ms: float | None = None
        self.finished_ms: float | None = None
        self.outlook = Outlook(planned)
        self.metrics: dict[str, dict[str, float]] = {}
        self.created_ms = now_ms()
        self.file: str | None = None
        self._told: dict[str, Any] = {}
        self._actors = actors
        self._finished = finished
        self._inbox: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._timers: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = itertools.count()
        self._ready: deque[str] = deque()
        self._active: dict[str, StepCourse | OtherStep] = {}
        self._jobs: dict[str, str] = {}
        self._working: set[str] = set()
        self._resting: set[str] = set()
        self._turns: dict[str, Turns] = {}
        self._recording: dict[str, bool] = {}
        self._has_begun = False
        self._is_over = False
        self._is_rerun = False
        self._first: Callable[[], Iterable[RecipeEffect]] = self.machine.begin
        self._window = 2 * actors.runner.parallelism
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

    def post(self, act: Callable[[], None]) -> None:
        """Have something done in the run's own thread."""
        self._inbox.put(act)

    def tell(self, event: RecipeEvent) -> None:
        """Have the machine take an event."""
        self.post(lambda: self._handle(event))

    def reach_place(self) -> None:
        """Begin: the turn of this run has come."""
        self.post(self._begin)

    def poke(self) -> None:
        """Look again whether anything can start."""
        self.post(_nothing)

    def join(self, timeout_s: float) -> None:
        """Wait for the end of its thread."""
        thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(timeout_s)

    # --- what the course of a job tells

    def job_began(self, course: StepCourse, job: Job) -> None:
        """Take note that a step's job has started."""
        at_ms = now_ms()
        self.post(lambda: self._job_began(course, job, at_ms))

    def job_rested(self, course: StepCourse, job: Job) -> None:
        """Take note that a step's job rests."""
        self.post(lambda: self._job_rested(course.plan.id, job))

    def job_ended(self, course: StepCourse, job: Job) -> None:
        """Take note that a step's job has ended."""
        status, reason = job.lifecycle.status, job.lifecycle.reason
        self.post(lambda: self._job_ended(course, job, _STATUSES[status], reason))

    def repetition_ended(self, course: StepCourse, job: Job) -> None:
        """Take note that a repetition has gone well."""
        done = job.done + 1
        found = {name: tuple(values) for name, values in course.measured.items()}
        self.post(lambda: self._repetition_ended(course, done, found))

    # --- the thread

    def _run(self) -> None:
        while not self._is_over:
            try:
                act = self._inbox.get(timeout=self._patience_s())
            except Empty:
                pass
            else:
                act()
                while not self._inbox.empty():
                    self._inbox.get()()
            now = time.monotonic()
            while self._timers and self._timers[0][0] <= now:
                heapq.heappop(self._timers)[2]()
            self._start_ready()
            if not self._actors.write(self):
                self._after(LATE_S, _nothing)
        self._finished()
        while not self._actors.write(self):
            # Whoever keeps a batch of the state open may be waiting for this very run.
            time.sleep(LATE_S)

    def _patience_s(self) -> float | None:
        return None if not self._timers else max(0.0, self._timers[0][0] - time.monotonic())

    def _after(self, delay_s: float, act: Callable[[], None]) -> None:
        at = time.monotonic() + delay_s
        heapq.heappush(self._timers, (at, next(self._numbers), act))

    def _begin(self) -> None:
        if self._has_begun or self._is_over:
            return
        self._has_begun = True
        self.started_ms = self.started_ms or now_ms()
        self.status = RunStatus.PAUSED if self.machine.paused else RunStatus.RUNNING
        self._do(self._first())

    def restore(self, settled: Mapping[str, StepState]) -> None:
        """Take over what an earlier run had settled; before :meth:`start`."""
        self.machine.restore(settled)
        for state in self.machine.steps.values():
            if state.status in SETTLED:
                self._change(
                    state.plan.id, status=state.status, tries=state.tries, reason=state.reason
                )
                self.outlook.settled(state.plan, state.status, None, 0.0)

    def rerun(self, step_id: str | None) -> bool:
        """Have a step of the ended run done again, or all that did not succeed; before :meth:`start`.

        False where there is none.
        """
        chosen = [step_id] if step_id is not None else self._unsuccessful()
        if not chosen:
            return False
        effects = list(self.machine.handle(RerunRequested(tuple(chosen))))
        again = {effect.step_id for effect in effects if isinstance(effect, StepChanged)}
        self.outlook.again(self.rows[name].plan for name in again)
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
            "parameters": dict(self.around.parameters),
            "units": {name: one.unit for name, one in parameters.items() if one.unit},
            "priority": self.priority,
            "createdAt": self.created_ms,
            "folder": str(self.around.folder),
            "seed": self.seed,
            "total": len(self.rows),
        }

    def run_news(self) -> dict[str, Any]:
        """What has changed of the run's record since this was asked last."""
        eta_s = None if self.finished_ms else self.outlook.eta_s()
        now = {
            "status": str(self.status),
            "reason": self.reason,
            "startedAt": self.started_ms,
            "finishedAt": self.finished_ms,
            "counts": {str(name): count for name, count in self.counts.items() if count},
            "etaS": None if eta_s is None else float(f"{eta_s:.3g}"),
        }
        news = {
            name: value
            for name, value in now.items()
            if name not in self._told or self._told[name] != value
        }
        self._told = now
        return news

    def _handle(self, event: RecipeEvent) -> None:
        queued = getattr(event, "step_id", None)
        if isinstance(event, SkipRequested) and queued in self._ready:
            event = StepEnded(str(queued), StepStatus.SUCCEEDED, "skipped by request")
            self._ready.remove(str(queued))
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
                    self._queue(step_id)
                case StopStep(step_id, reason):
                    self._stop(step_id, reason)
                case AwaitRetry(step_id, delay_s):
                    self._change(step_id, retryAt=now_ms() + 1e3 * delay_s)
                    self._after(delay_s, lambda name=step_id: self._handle(RetryDue(name)))  # type: ignore[misc]
                case StepChanged(step_id):
                    self._changed(self.machine.steps[step_id])
                case RunOver(status, reason):
                    self._end(RunStatus(str(status)), reason)

    def _changed(self, state: StepState) -> None:
        more: dict[str, Any] = {}
        if state.tries:
            more["tries"] = state.tries
        if state.reason is not None or "reason" in self.rows[state.plan.id].fields:
            more["reason"] = state.reason
        status = state.status
        if status is StepStatus.RUNNING:
            status = StepStatus.QUEUED
        elif status in SETTLED:
            row = self.rows[state.plan.id]
            more["finishedAt"] = now_ms()
            self._settle_in_ledger(state, row, more["finishedAt"])
            self.outlook.settled(
                state.plan, status, row.fields.get("startedAt"), more["finishedAt"]
            )
        self._change(state.plan.id, status=status, **more)

    def _change(self, step_id: str, **fields: Any) -> None:
        row = self.rows[step_id]
        status = fields.get("status")
        if status is not None:
            self.counts[row.fields["status"]] -= 1
            self.counts[status] += 1
        row.fields.update(fields)
        self.dirty.add(step_id)

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
        for active in tuple(self._active.values()):
            if isinstance(active, Record):
                active.finish()
        self._actors.ledger.run_ended(
            RunEnded(
                run_id=self.step_run.id, status=str(status), at_ms=self.finished_ms, reason=reason
            )
        )
        self._is_over = True
        self._actors.runner.feed(PlaceLeft(self.step_run.id))

    # --- starting

    def _queue(self, step_id: str) -> None:
        self._ready.append(step_id)
        plan = self.rows[step_id].plan
        if self._is_by_turns(plan):
            seed = f"{self.seed}/{plan.step.id}"
            turns = self._turns.setdefault(plan.step.id, Turns((), self._order(plan), seed))
            turns.join(step_id)

    def _order(self, plan: PlannedStep) -> Any:
        return plan.step.order or self.recipe.spec.order

    def _is_by_turns(self, plan: PlannedStep) -> bool:
        return bool(plan.cell) and plan.step.record is None and self._order(plan) != "blocks"

    def _start_ready(self) -> None:
        """Start what may start now."""
        if self.machine.paused or self._actors.runner.is_held or self._is_over:
            return
        held_back: deque[str] = deque()
        while self._ready and len(self._working) < self._window:
            step_id = self._ready.popleft()
            plan = self.rows[step_id].plan
            if self._is_by_turns(plan) or self._awaits_recording(plan):
                held_back.append(step_id)
                continue
            self._start(plan)
        self._ready = held_back + self._ready
        for turns in self._turns.values():
            self._take_turns(turns)

    def _take_turns(self, turns: Turns) -> None:
        while len(self._working) < self.step_run.parallel:
            ready = {one for one in self._ready if self._is_by_turns(self.rows[one].plan)}
            step_id = turns.next_of(ready | self._resting)
            if step_id is None:
                return
            if step_id in self._resting:
                self._resting.discard(step_id)
                self._working.add(step_id)
                self._actors.runner.feed(JobCalled(self._jobs[step_id]))
            else:
                self._ready.remove(step_id)
                self._start(self.rows[step_id].plan)

    def _awaits_recording(self, plan: PlannedStep) -> bool:
        """Whether a recording of the step, which could run, has not begun."""
        return any(
            plan.step.id in (other.step.record.during if other.step.record else ())
            for name, begun in self._recording.items()
            if not begun and (other := self.rows[name].plan)
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
        self._change(plan.id, jobId=None, done=0, retryAt=None)
        if step.run is not None or step.call is not None:
            self._start_job(plan, attempt, known)
            return
        at_ms = now_ms()
        self._change(plan.id, status=StepStatus.RUNNING, startedAt=at_ms)
        self._step_began(plan, attempt, at_ms)

        def ended(status: StepStatus, reason: str | None, metrics: Mapping[str, float]) -> None:
            self.post(lambda: self._other_ended(plan, status, reason, metrics))

        other: OtherStep
        if step.wait is not None:
            other = Wait(plan, ended, seconds_of(plan.fill(str(step.wait), known)))
        elif step.operator is not None:
            prompt_id = f"{self.step_run.id}/{plan.id}/{attempt}"
            ask = plan.fill(step.operator.ask, known)
            run_id = self.step_run.id
            other = prompt = Prompt(
                plan, ended, prompt_id=prompt_id, run_id=run_id, ask=ask, now_ms=at_ms
            )
            self._actors.ask(prompt)
        elif step.device is not None:
            other = Action(plan, ended, self._actors.devices)
        else:
            file = self.around.artifacts / self._recorded_file(plan, known)
            self._recording[plan.id] = False
            other = Record(
                plan,
                ended,
                self._actors.streams,
                file,
                lambda: self.post(lambda: self._records(plan)),
            )
        self._active[plan.id] = other
        if other.due is not None:
            self._after(other.due - time.monotonic(), other.time_is_up)

    def _recorded_file(self, plan: PlannedStep, known: Mapping[str, object]) -> Path:
        assert plan.step.record is not None
        return Path(plan.fill(plan.step.record.file or f"{plan.id}.mkv", known))

    def _records(self, plan: PlannedStep) -> None:
        self._recording[plan.id] = True
        self._finish_recordings()

    def _start_job(self, plan: PlannedStep, attempt: int, known: dict[str, object]) -> None:
        step = plan.step
        course = StepCourse(
            plan,
            attempt,
            self.around,
            known=known,
            metrics=dict(self.metrics),
            tells=self,
            is_by_turns=self._is_by_turns(plan),
        )
        first = {**known, "step.repetition": 1}
        if step.run is not None:
            task = command_task(
                plan.id, step.run, lambda text, shell: plan.fill(text, first, shell=shell)
            )
        else:
            name = step.call if isinstance(step.call, str) else step.call.__qualname__  # type: ignore[union-attr]
            task = Task(plan.id, JobKind.CALLABLE, str(name), function=_nothing)
        folder = self.around.folder / plan.fill(step.folder or "", known)
        folder.mkdir(parents=True, exist_ok=True)
        how = How(
            repeat=most_repetitions(step),
            warmup=step.warmup,
            timeout_s=None
            if step.timeout is None
            else seconds_of(plan.fill(str(step.timeout), known)),
            cwd=str(folder),
            cpus=None if step.cpus is None else tuple(step.cpus),
            nice=step.nice,
            isolate=step.run is None and (step.cpus is not None or step.nice is not None),
            resources=dict(step.resources),
        )
        self._active[plan.id] = course
        self._working.add(plan.id)
        job = self._actors.runner.submit_step(
            self.step_run,
            task,
            how,
            course,
            limit=self.step_run.parallel,
            executor=step.executor or "local",
        )
        self._jobs[plan.id] = job.id
        self.rows[plan.id].job_ids.append(job.id)
        self._change(plan.id, jobId=job.id)

    def _known(self) -> dict[str, object]:
        """What expressions stand for besides what the plan knows."""
        return {
            "run.id": self.step_run.id,
            "run.folder": str(self.around.folder),
            **self.outlook.metrics,
        }

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
            self._change(course.plan.id, status=StepStatus.RUNNING, startedAt=at_ms)

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
        self._change(course.plan.id, done=done, metrics=metrics)

    def _job_ended(
        self, course: StepCourse, job: Job, status: StepStatus, reason: str | None
    ) -> None:
        step_id = course.plan.id
        if self._active.get(step_id) is not course:
            return
        self._working.discard(step_id)
        self._resting.discard(step_id)
        turns = self._turns.get(course.plan.step.id)
        if turns is not None:
            turns.leave(step_id)
        if course.artifacts:
            self._change(step_id, artifacts=list(course.artifacts))
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
            self._note_metrics(course.plan)
        self._step_over(step_id, status, reason)

    def _note_metrics(self, plan: PlannedStep) -> None:
        found = means(self.rows[plan.id].fields.get("metrics") or {})
        self.metrics[plan.id] = found
        self.outlook.measured(plan, found)

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
            self._change(plan.id, metrics=records)
        if status is StepStatus.SUCCEEDED:
            self._note_metrics(plan)
        self._step_over(plan.id, status, reason)

    def _step_over(self, step_id: str, status: StepStatus, reason: str | None) -> None:
        self._active.pop(step_id, None)
        self._working.discard(step_id)
        self._jobs.pop(step_id, None)
        self._handle(StepEnded(step_id, status, reason))
        self._finish_recordings()

    def _finish_recordings(self) -> None:
        """End each recording of which all is over that it was to record."""
        for step_id, begun in tuple(self._recording.items()):
            recorder = self._active.get(step_id)
            during = self.rows[step_id].plan.step.record
            if begun and isinstance(recorder, Record) and during is not None:
                steps = self.machine.steps.values()
                if not any(
                    state.status not in SETTLED
                    and state.plan.step.record is None
                    and (not during.during or state.plan.step.id in during.during)
                    for state in steps
                ):
                    recorder.finish()

    def _stop(self, step_id: str, reason: str) -> None:
        active = self._active.get(step_id)
        if step_id in self._ready:
            self._ready.remove(step_id)
            self._step_over(step_id, StepStatus.CANCELLED, reason)
        elif isinstance(active, OtherStep):
            active.stop(reason)
        elif step_id in self._jobs:
            self._actors.runner.cancel(self._jobs[step_id])


def _nothing() -> None:
    """Nothing is to be done."""
