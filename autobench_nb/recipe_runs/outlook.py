"""What a run knows of its steps as a whole: metrics for later steps, and how long the rest will take. Pure."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import suppress
from statistics import median

from autobench_nb.recipes.plan import PlannedStep


class StepMetrics(dict[str, object]):
    """``steps.ID.METRIC`` to the mean over all cells of a step that went well. Any thread may ask.

    Means are made when they are asked for: with each of thousands of cells all of them would be made anew.
    """

    def __init__(self) -> None:
        super().__init__()
        self._found: dict[str, dict[str, Mapping[str, float]]] = {}

    def measured(self, step_id: str, planned: str, metrics: Mapping[str, float]) -> None:
        """Take in the metrics of a planned step that went well."""
        self._found.setdefault(step_id, {})[planned] = metrics

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and bool(self._values(name))

    def __missing__(self, name: str) -> float:
        values = self._values(name)
        if not values:
            raise KeyError(name)
        return math.fsum(values) / len(values)

    def _values(self, name: str) -> list[float]:
        _, _, rest = name.partition(".")
        step_id, _, metric = rest.partition(".")
        cells = self._found.get(step_id, {})
        return [one[metric] for one in tuple(cells.values()) if metric in one]


class Outlook:
    """Metrics by step, and durations.

    Attributes:
        metrics: ``steps.ID.METRIC`` to the mean over the step's cells, for expressions; made when it is asked for.
        expected_s: Seconds that one planned step of a step takes, as far as that is known, by the step's id.
    """

    def __init__(self, planned: Iterable[PlannedStep]) -> None:
        self.metrics = StepMetrics()
        self.expected_s: dict[str, float] = {}
        self._told: dict[str, float] = {}
        self._changed: set[str] = set()
        planned = tuple(planned)
        self._left = Counter(plan.step.id for plan in planned)
        self._took: dict[str, list[float]] = {}
        for plan in planned:
            if plan.step.wait is not None and "${steps." not in str(plan.step.wait):
                with suppress(ValueError, KeyError):
                    self._expect(plan.step.id, plan.seconds(plan.step.wait) or 0.0)

    def remember(self, past_s: Mapping[str, float]) -> None:
        """Take in what steps took in earlier runs; what this run has found out itself stands."""
        for name, seconds in past_s.items():
            if name not in self._took:
                self._expect(name, seconds)

    def _expect(self, step_id: str, seconds: float) -> None:
        self.expected_s[step_id] = seconds
        self._changed.add(step_id)

    def news(self) -> dict[str, float]:
        """The expected seconds that have changed since this was asked last, by the step's id, as people read them."""
        now = {name: float(f"{self.expected_s[name]:.3g}") for name in self._changed}
        self._changed.clear()
        news = {name: seconds for name, seconds in now.items() if self._told.get(name) != seconds}
        self._told.update(news)
        return news

    def tell_again(self) -> None:
        """Have :meth:`news` tell all of them."""
        self._told.clear()
        self._changed.update(self.expected_s)

    def measured(self, plan: PlannedStep, metrics: Mapping[str, float]) -> None:
        """Take in the metrics of a planned step that went well."""
        self.metrics.measured(plan.step.id, plan.id, metrics)

    def settled(self, plan: PlannedStep, started_ms: float | None, finished_ms: float) -> None:
        """Take in that a planned step is settled; ``started_ms`` is None of one that was not done to its end."""
        self._left[plan.step.id] -= 1
        if started_ms is not None:
            took = self._took.setdefault(plan.step.id, [0.0, 0.0])
            took[0] += (finished_ms - started_ms) / 1e3
            took[1] += 1
            self._expect(plan.step.id, took[0] / took[1])

    def again(self, plans: Iterable[PlannedStep]) -> None:
        """Take in that planned steps are to be done again."""
        self._left.update(plan.step.id for plan in plans)

    def eta_s(self) -> float | None:
        """Seconds of work that are left; None where nothing is known of a step that is left."""
        left = {name: count for name, count in self._left.items() if count > 0}
        if not left.keys() <= self.expected_s.keys():
            return None
        return math.fsum(self.expected_s[name] * count for name, count in left.items())


def usual_s(past: Iterable[tuple[str, float]]) -> dict[str, float]:
    """The median of what planned steps took, by the id of their step.

    Args:
        past: Planned steps' ids, such as ``pack[gzip,6]``, with seconds.
    """
    took: dict[str, list[float]] = {}
    for planned, seconds in past:
        took.setdefault(planned.partition("[")[0], []).append(seconds)
    return {step_id: median(seconds) for step_id, seconds in took.items()}


def usual_cells_s(past: Iterable[tuple[str, float]]) -> dict[str, float]:
    """The median of what each cell of a matrix took, by its planned step's id; what has no matrix is left out.

    Args:
        past: Planned steps' ids with seconds.
    """
    took: dict[str, list[float]] = {}
    for planned, seconds in past:
        if "[" in planned:
            took.setdefault(planned, []).append(seconds)
    return {planned: median(seconds) for planned, seconds in took.items()}
