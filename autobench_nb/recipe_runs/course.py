"""One try of a step as its job does it: what is done around each repetition, and when it is enough."""

from __future__ import annotations

import hashlib
import shlex
import time
from collections import ChainMap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, Protocol, TypeAlias

from autobench_nb.contract.steps import ArtifactRecord, MetricAbout, StepStatus
from autobench_nb.jobs.artifacts import NotKept, keep_artifacts
from autobench_nb.jobs.executors.executor import BringsArtifacts, Executor, RepetitionOutcome
from autobench_nb.jobs.gauges import Gauge
from autobench_nb.jobs.job import Job
from autobench_nb.jobs.work import Task
from autobench_nb.logs.entry import Level
from autobench_nb.recipe_runs.context import (
    CallOfStep,
    StepContext,
    function_of,
    source_of,
    takes_argument,
)
from autobench_nb.recipe_runs.reading import (
    NotRead,
    broken_limit,
    measured_by_itself,
    numbers_returned,
    read_metric,
)
from autobench_nb.recipe_runs.repetition import PartOfRepetition
from autobench_nb.recipe_runs.statistics import is_precise
from autobench_nb.recipes.model import CommandLine, Repetitions
from autobench_nb.recipes.plan import PlannedStep
from autobench_nb.state.model import JobKind, JobStatus

Known: TypeAlias = ChainMap[str, object]
"""What the expressions of a step stand for besides what the plan knows."""

STATUSES: Final[Mapping[JobStatus, StepStatus]] = {
    JobStatus.SUCCEEDED: StepStatus.SUCCEEDED,
    JobStatus.FAILED: StepStatus.FAILED,
    JobStatus.TIMEOUT: StepStatus.TIMEOUT,
    JobStatus.CANCELLED: StepStatus.CANCELLED,
}
"""What the end of its job makes of a step."""


class TellsOfJobs(Protocol):
    """Is told what becomes of a step's job."""

    def job_began(self, course: StepCourse, job: Job) -> None: ...

    def job_rested(self, course: StepCourse, job: Job) -> None: ...

    def job_ended(self, course: StepCourse, job: Job) -> None: ...

    def repetition_ended(self, course: StepCourse, job: Job) -> None: ...


@dataclass(frozen=True, slots=True)
class RunSetting:
    """What a run gives to each of its steps.

    Attributes:
        run_id: The run's id.
        folder: Where its steps run.
        near: The recipe's own folder, where there is one.
        artifacts: Where artifacts are kept.
        gauges: What else is measured of each repetition.
        parameters: The run's parameters.
        is_temporary: Whether the folder was made for this run, and is tidied up after it.
    """

    run_id: str
    folder: Path
    near: str | None
    artifacts: Path
    gauges: Sequence[Gauge]
    parameters: Mapping[str, Any]
    is_temporary: bool = False


class StepCourse:
    """The course of one try of a planned step; see :class:`~autobench_nb.jobs.course.Course`.

    Args:
        plan: The planned step.
        attempt: Which try, from 1.
        around: What the run gives.
        known: What expressions stand for besides what the plan knows: metrics of earlier steps, the run.
        metrics: By the id of each planned step that has gone well: its metrics.
        tells: Is told what becomes of the job.
        is_by_turns: Whether it rests after each repetition.
    """

    def __init__(
        self,
        plan: PlannedStep,
        attempt: int,
        around: RunSetting,
        *,
        known: Known,
        metrics: Mapping[str, Mapping[str, float]],
        tells: TellsOfJobs,
        is_by_turns: bool,
    ) -> None:
        self.plan = plan
        self.step_id = plan.id
        self.attempt = attempt
        self.measured: dict[str, list[float]] = {}
        self.artifacts: list[ArtifactRecord] = []
        self._around = around
        self._known = known.new_child()
        self._metrics = metrics
        self._tells = tells
        self._is_by_turns = is_by_turns
        self._used_s = 0.0

    # --- what its job asks

    @property
    def about_metrics(self) -> dict[str, MetricAbout]:
        """Units of what gauges measure; units and directions of what is extracted."""
        about: dict[str, MetricAbout] = {}
        for gauge in self._around.gauges:
            about |= {name: {"unit": unit} for name, unit in gauge.units.items()}
        for name, one in self.plan.step.extract.items():
            about[name] = {"unit": one.unit, "better": one.better}
        return about

    def began(self, job: Job) -> None:
        """Pass on that it has started."""
        self._tells.job_began(self, job)

    def rested(self, job: Job) -> None:
        """Pass on that it rests."""
        self._tells.job_rested(self, job)

    def ended(self, job: Job) -> None:
        """Pass on that it has ended."""
        self._tells.job_ended(self, job)

    def rests(self, job: Job) -> bool:  # noqa: ARG002 - the protocol's
        """Whether other cells have their turn now."""
        return self._is_by_turns

    def is_enough(self, job: Job) -> bool:
        """Whether the mean is known as well as was asked for, or the budget is used."""
        return self._is_enough(job.done)

    def _is_enough(self, done: int) -> bool:
        repeat = self.plan.step.repeat
        if not isinstance(repeat, Repetitions) or done < repeat.min:
            return False
        budget_s = self.plan.seconds(repeat.budget, self._known)
        if budget_s is not None and self._used_s >= budget_s:
            return True
        until = repeat.until
        if until is None:
            return repeat.budget is None
        values = self.measured.get(until.metric, [])
        return is_precise(values, until.relative, until.confidence)

    def perform(self, job: Job, executor: Executor) -> RepetitionOutcome:
        """Prepare, do, measure and clean up; the first thing that fails is the repetition's failure."""
        began = time.monotonic()
        self._known["step.repetition"] = job.repetition
        outcome = self._all_of_it(job, executor)
        while outcome.is_lost:  # how often that may be is the executor's to say
            outcome = self._all_of_it(job, executor)
        self._used_s += time.monotonic() - began
        if job.repetition and outcome.status is JobStatus.SUCCEEDED:
            outcome = self._take_in(job, executor, outcome)
            self._tells.repetition_ended(self, job)
        return outcome

    # --- parts of a repetition

    def _all_of_it(self, job: Job, executor: Executor) -> RepetitionOutcome:
        step = self.plan.step
        prepared = self._beside(job, executor, "prepare", step.prepare)
        outcome = self._measure(job, executor) if prepared is None else prepared
        if outcome.is_lost:  # what is to be cleaned up is gone, too
            return outcome
        cleaned = self._beside(job, executor, "cleanup", step.cleanup, is_last_act=True)
        if cleaned is not None and outcome.status is JobStatus.SUCCEEDED:
            outcome = replace(
                outcome, status=JobStatus.FAILED, reason=cleaned.reason, is_lost=cleaned.is_lost
            )
        return outcome

    def _take_in(
        self, job: Job, executor: Executor, outcome: RepetitionOutcome
    ) -> RepetitionOutcome:
        """Count what was measured, and keep the artifacts of the last repetition."""
        for name, value in (outcome.metrics or {}).items():
            self.measured.setdefault(name, []).append(value)
        for name, found in measured_by_itself(outcome).items():
            self.measured.setdefault(name, []).append(found)
        is_last = job.repetition == job.how.repeat or self._is_enough(job.done + 1)
        if self.plan.step.artifacts and is_last:
            outcome = self._keep(job, executor, outcome)
        return outcome

    def _beside(
        self,
        job: Job,
        executor: Executor,
        what: str,
        line: CommandLine | None,
        *,
        is_last_act: bool = False,
    ) -> RepetitionOutcome | None:
        """Do what stands before or after a repetition; None where it went well."""
        if line is None:
            return None
        part = PartOfRepetition(job, self._env(), is_last_act=is_last_act)
        outcome = executor.run(command_task(what, line, self._fill), part)
        if outcome.status is JobStatus.SUCCEEDED:
            return None
        job.log.say(Level.WARN, f"{job.name}: its {what} did not go well: {outcome.reason}")
        return RepetitionOutcome(
            status=outcome.status, reason=f"{what}: {outcome.reason}", is_lost=outcome.is_lost
        )

    def _measure(self, job: Job, executor: Executor) -> RepetitionOutcome:
        step = self.plan.step
        part = PartOfRepetition(job, self._env(), keeps=bool(step.extract))
        gauged = [(gauge, gauge.begin()) for gauge in self._around.gauges]
        outcome = executor.run(self._task(job), part)
        metrics: dict[str, float] = {}
        for gauge, begun in gauged:
            metrics.update(gauge.end(begun))
        if outcome.status is not JobStatus.SUCCEEDED:
            return outcome
        metrics.update(numbers_returned(outcome.value))
        try:
            for name, extraction in step.extract.items():
                metrics[name] = read_metric(name, extraction, part.printed, self._call)
        except NotRead as error:
            return replace(outcome, status=JobStatus.FAILED, reason=str(error), metrics=metrics)
        broken = broken_limit({**measured_by_itself(outcome), **metrics}, step.expect)
        status = JobStatus.SUCCEEDED if broken is None else JobStatus.FAILED
        return replace(
            outcome, status=status, reason=broken or outcome.reason, metrics=metrics or None
        )

    def _keep(self, job: Job, executor: Executor, outcome: RepetitionOutcome) -> RepetitionOutcome:
        """Keep the step's artifacts; where that is not possible, the repetition has failed."""
        patterns = [self.plan.fill(text, self._known) for text in self.plan.step.artifacts]
        source = self._folder()
        target = self._around.artifacts / safe_name(self.plan.id)
        try:
            if isinstance(executor, BringsArtifacts):
                self.artifacts = executor.bring_artifacts(patterns, source, target, job)
            else:
                self.artifacts = keep_artifacts(patterns, source, target)
        except NotKept as error:
            return replace(outcome, status=JobStatus.FAILED, reason=str(error))
        return outcome

    def _task(self, job: Job) -> Task:
        step = self.plan.step
        if step.run is not None:
            return command_task(job.name, step.run, self._fill)
        context = StepContext(
            run_id=self._around.run_id,
            step_id=self.plan.id,
            folder=self._folder(),
            repetition=job.repetition,
            parameters=self._around.parameters,
            cell=self.plan.cell,
            metrics=self._metrics,
        )
        assert step.call is not None
        near = self._around.near
        source = None if job.is_here else source_of(step.call, near)
        call = CallOfStep(step.call, near, context, source)
        return replace(job.task, function=call)

    def _folder(self) -> Path:
        return self._around.folder / self.plan.fill(self.plan.step.folder or "", self._known)

    def _call(self, target: str, text: str) -> Any:
        function = function_of(target, self._around.near)
        return function(text) if takes_argument(function) else function()

    def _fill(self, text: str, *, shell: bool) -> str:
        return self.plan.fill(text, self._known, shell=shell)

    def _env(self) -> dict[str, str]:
        return {
            name: self.plan.fill(text, self._known) for name, text in self.plan.step.env.items()
        }


def command_task(name: str, line: CommandLine, fill: Callable[..., str]) -> Task:
    """A command of a step, its expressions filled in: quoted where a shell reads them."""
    if isinstance(line, str):
        text = fill(line, shell=True)
        return Task(name, JobKind.COMMAND, text, ("/bin/sh", "-c", text), shell=True)
    words = tuple(fill(word, shell=False) for word in line)
    return Task(name, JobKind.COMMAND, shlex.join(words), words)


def safe_name(planned: str) -> str:
    """A planned step's id as the name of a folder that no other step has."""
    kept = "".join(one if one.isalnum() or one in "-_.,=[]" else "_" for one in planned)[:100]
    if kept == planned:
        return kept
    return f"{kept}-{hashlib.sha256(planned.encode()).hexdigest()[:8]}"
