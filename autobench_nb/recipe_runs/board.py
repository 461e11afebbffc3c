"""A recipe's run as the state shows it: what has changed since it was written last, and no more. Pure."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from autobench_nb.contract.limits import MAX_INTEGER
from autobench_nb.contract.steps import SKIPPED_BY_REQUEST, StepStatus, TryRecord
from autobench_nb.jobs.saved import SavedStep
from autobench_nb.logs.text import Redact, as_it_is
from autobench_nb.recipe_runs.outlook import Outlook
from autobench_nb.recipes.expressions import value_text
from autobench_nb.recipes.model import Limits, Recipe, Repetitions, Retries, Scalar, Step
from autobench_nb.recipes.plan import PlannedStep
from autobench_nb.recipes.quantities import seconds_of

_SHOWN_CHARS: Final = 2_000
_EARLIER_KEPT: Final = 20
"""Tries of a planned step that the state tells besides the newest."""


class StepRow:
    """What the run knows of one planned step, besides what its machine decides.

    Attributes:
        plan: The planned step.
        number: Its place in the plan.
        fields: The changing fields of its record in the state.
        job_ids: The jobs of its tries.
    """

    __slots__ = ("_written", "fields", "job_ids", "number", "plan")

    def __init__(self, plan: PlannedStep, number: int) -> None:
        self.plan = plan
        self.number = number
        self.fields: dict[str, Any] = {"status": StepStatus.WAITING}
        self.job_ids: list[str] = []
        self._written: dict[str, Any] = {}

    def whole(self) -> dict[str, Any]:
        """The record as it stands; it counts as written then."""
        self._written = dict(self.fields)
        record = {
            "id": self.plan.id,
            "step": self.plan.step.id,
            "number": self.number,
            **self.fields,
        }
        return record if not self.plan.cell else {**record, "cell": shown_values(self.plan.cell)}

    def news(self) -> dict[str, Any]:
        """The fields that differ from what was written; they count as written then."""
        written = self._written
        found = {
            name: value
            for name, value in self.fields.items()
            if name not in written or written[name] != value
        }
        written.update(found)
        return found


class RunBoard:
    """What a run knows of its planned steps.

    Attributes:
        rows: By the planned step's id, in the plan's order.
        unshown: Those that the state does not have yet, in the plan's order.
        dirty: Those whose records are to be written.
        counts: Planned steps by status, as the state shows them.
        metrics: By planned step that has gone well: the mean of each metric.
        outlook: Metrics for later steps, and durations.
    """

    def __init__(self, planned: Sequence[PlannedStep]) -> None:
        self.rows = {plan.id: StepRow(plan, number) for number, plan in enumerate(planned)}
        self.unshown = list(self.rows)
        self.dirty: set[str] = set()
        self.counts: Counter[StepStatus] = Counter({StepStatus.WAITING: len(planned)})
        self.metrics: dict[str, dict[str, float]] = {}
        self.outlook = Outlook(planned)

    def show_again(self) -> None:
        """Have every record written anew."""
        self.unshown = list(self.rows)
        self.dirty.clear()
        self.outlook.tell_again()

    def change(self, step_id: str, **fields: Any) -> None:
        """Lay fields over the record of a planned step."""
        row = self.rows[step_id]
        status = fields.get("status")
        if status is not None:
            self.counts[row.fields["status"]] -= 1
            self.counts[status] += 1
        row.fields.update(fields)
        self.dirty.add(step_id)

    def named(self, name: str) -> list[str]:
        """The planned steps of that name: one, or all cells of a step's matrix; none where there is no such step."""
        if name in self.rows:
            return [name]
        return [step_id for step_id, row in self.rows.items() if row.plan.step.id == name]

    def expect(self, seconds: Mapping[str, float]) -> None:
        """Take in what cells of a matrix took in past runs, by planned step; people read three digits of it."""
        for step_id, usual_s in seconds.items():
            row = self.rows.get(step_id)
            if row is not None and row.plan.cell:
                self.change(step_id, expectedS=float(f"{usual_s:.3g}"))

    def cells_took_s(self) -> dict[str, float]:
        """The seconds of each cell of a matrix that was done, by planned step."""
        return {
            step_id: (row.fields["finishedAt"] - row.fields["startedAt"]) / 1e3
            for step_id, row in self.rows.items()
            if row.plan.cell
            and row.fields["status"] is StepStatus.SUCCEEDED
            and row.fields.get("startedAt") is not None
            and row.fields.get("reason") != SKIPPED_BY_REQUEST
        }

    def note_try(self, step_id: str, status: StepStatus, reason: str | None, now_ms: float) -> None:
        """Keep the newest try of a planned step among its earlier ones: another will follow."""
        fields = self.rows[step_id].fields
        started_ms = fields.get("startedAt")
        if started_ms is None:
            return
        finished_ms = fields.get("finishedAt")
        ended: TryRecord = {
            "startedAt": started_ms,
            "finishedAt": now_ms if finished_ms is None else finished_ms,
            "status": status,
            "reason": reason,
            "jobId": fields.get("jobId"),
        }
        self.change(step_id, earlier=[*fields.get("earlier", ()), ended][-_EARLIER_KEPT:])

    def note_metrics(self, step_id: str) -> None:
        """Take in the metrics of a planned step that went well, for later steps."""
        row = self.rows[step_id]
        self.metrics[step_id] = means(row.fields.get("metrics") or {})
        self.outlook.measured(row.plan, self.metrics[step_id])

    def restore(self, step_id: str, status: StepStatus, saved: SavedStep) -> None:
        """Take over how a planned step was settled in an earlier life."""
        row = self.rows[step_id]
        row.job_ids = list(saved.job_ids)
        more: dict[str, Any] = {"metrics": dict(saved.metrics)} if saved.metrics else {}
        self.change(
            step_id,
            status=status,
            tries=saved.tries,
            reason=saved.reason,
            startedAt=saved.started_ms,
            finishedAt=saved.finished_ms,
            done=max((one["count"] for one in saved.metrics.values()), default=0),
            **more,
        )
        if status is StepStatus.SUCCEEDED and saved.reason != SKIPPED_BY_REQUEST:
            self.note_metrics(step_id)
        self.settled(step_id, saved.finished_ms)

    def settled(self, step_id: str, finished_ms: float) -> None:
        """Take in that a planned step is settled, and how long it took if it was done."""
        row = self.rows[step_id]
        was_done = (
            row.fields["status"] is StepStatus.SUCCEEDED
            and row.fields.get("reason") != SKIPPED_BY_REQUEST
        )
        started_ms = row.fields.get("startedAt") if was_done else None
        self.outlook.settled(row.plan, started_ms, finished_ms)


def shown_values(values: Mapping[str, Scalar], redact: Redact = as_it_is) -> dict[str, Any]:
    """Values by name as the state shows them: a number that JSON does not carry exactly stands there as a text."""
    return {name: _shown(value, redact) for name, value in values.items()}


def _shown(value: Scalar, redact: Redact) -> Scalar:
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, int) and abs(value) > MAX_INTEGER:
        return value_text(value)
    return value


def plan_records(
    recipe: Recipe, planned: Sequence[PlannedStep], redact: Redact = as_it_is
) -> dict[str, dict[str, Any]]:
    """What all cells of each step share, by the step's id."""
    cells = Counter(plan.step.id for plan in planned)
    return {
        step.id: _plan_record(step, cells[step.id], step.order or recipe.spec.order, redact)
        for step in recipe.spec.steps
    }


def _plan_record(step: Step, cells: int, order: str, redact: Redact) -> dict[str, Any]:
    kind = next(iter(step.actions), "run")
    record = {
        "id": step.id,
        "kind": kind,
        "does": redact(does_text(step))[:_SHOWN_CHARS],
        "needs": list(step.needs),
        "edges": dict(step.edges),
        "cells": cells,
        "repeat": most_repetitions(step),
    }
    more: dict[str, Any] = {
        "axes": list(step.matrix),
        "warmup": step.warmup,
        "retries": step.retries.max if isinstance(step.retries, Retries) else step.retries,
        "description": step.description,
        "executor": step.executor,
        "metrics": {
            name: {"unit": one.unit, "better": one.better} for name, one in step.extract.items()
        },
    }
    more["limits"] = {name: found for name, one in step.expect.items() if (found := _limits(one))}
    if cells > 1:
        more["order"] = order
    if step.timeout is not None and "${" not in str(step.timeout):
        more["timeoutS"] = seconds_of(step.timeout)
    return record | {name: value for name, value in more.items() if value}


def _limits(limits: Limits) -> dict[str, Any]:
    given = {"min": limits.min, "max": limits.max, "equals": limits.equals}
    return {name: value for name, value in given.items() if value is not None}


def does_text(step: Step) -> str:
    """What a step does, as it was written."""
    if step.run is not None:
        return step.run if isinstance(step.run, str) else " ".join(step.run)
    if step.call is not None:
        return step.call if isinstance(step.call, str) else step.call.__qualname__
    if step.device is not None:
        return f"{step.device.id}: {step.device.action}"
    if step.record is not None:
        return step.record.stream
    if step.operator is not None:
        return step.operator.ask
    return f"{step.wait}"


def most_repetitions(step: Step) -> int:
    """Measured repetitions of a step, at most."""
    return step.repeat.max if isinstance(step.repeat, Repetitions) else step.repeat


def recipe_as_json(recipe: Recipe) -> dict[str, Any]:
    """The recipe as the journal keeps it; functions by their names."""

    def name(value: Any) -> Any:
        return f"{value.__module__}:{value.__qualname__}"

    found: dict[str, Any] = msgspec.to_builtins(recipe, enc_hook=name)
    return found


def means(metrics: Mapping[str, Mapping[str, Any]]) -> dict[str, float]:
    """The mean of each metric of a step."""
    return {name: float(record["mean"]) for name, record in metrics.items()}
