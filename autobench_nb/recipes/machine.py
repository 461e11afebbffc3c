"""How a run of a recipe goes on: events in, effects out. Pure: no thread, no clock, no process.

A step starts when all that it needs is settled well for it:

* a step that went well settles those that need it;
* a step that failed, or took too long, settles only those that its edge for that outcome leads to, or all of them where
  the edge says ``continue``. The others are skipped, and what needs them is too;
* a step that an edge leads to, and that does not need the step where the edge begins, waits for that edge: it is
  skipped when no edge to it was taken;
* an edge that says ``stop`` ends the run: what runs is stopped, the rest is skipped.

A run has failed where a step has failed whose edge does not say ``continue``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from autobench_nb.contract.steps import SKIPPED_BY_REQUEST, StepStatus
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
from autobench_nb.recipes.model import CONTINUE, STOP, Outcome, Retries, Step
from autobench_nb.recipes.plan import PlannedStep

MAX_BACKOFF_S: Final = 86_400.0
"""However often it is tried: what grows without a bound would wait for ever."""
_OUTCOMES: Final[Mapping[StepStatus, Outcome]] = {
    StepStatus.SUCCEEDED: "ok",
    StepStatus.TIMEOUT: "timeout",
    StepStatus.FAILED: "failure",
}


@dataclass(slots=True)
class _Waits:
    """What a waiting step still waits for. Counted, so that an event costs what follows from it, whatever the size."""

    needs: int
    sources: int
    is_led_to: bool = False


class RecipeMachine:
    """One run of a recipe.

    Args:
        planned: What :func:`~autobench_nb.recipes.plan.plan_steps` gives.

    Attributes:
        steps: Each step's state, by the planned step's id, in the plan's order.
        paused: Whether nothing more starts for now.
        stopping: Why the run is to end, where it is.
        is_over: Whether every step is settled.
    """

    def __init__(self, planned: Sequence[PlannedStep]) -> None:
        self.steps = {plan.id: StepState(plan) for plan in planned}
        self.paused = False
        self.stopping: str | None = None
        self.is_over = False
        self._stopped_well = False
        self._unsettled = len(self.steps)
        self._ready: dict[str, None] = {}
        self._to_skip: set[str] = set()
        self._waits: dict[str, _Waits] = {}
        self._followers: dict[str, list[str]] = {}
        """By a planned step: which ones need it."""
        self._targets: dict[str, list[str]] = {}
        """By a planned step: which ones wait for an edge of it, and do not need it."""
        cells: dict[str, list[PlannedStep]] = {}
        for plan in planned:
            cells.setdefault(plan.step.id, []).append(plan)
            for need in plan.needs:
                self._followers.setdefault(need, []).append(plan.id)
        for plan in planned:
            for target in {*plan.step.edges.values()} & cells.keys():
                for one in cells[target]:
                    if plan.id not in one.needs:
                        self._targets.setdefault(plan.id, []).append(one.id)
        self._count()

    def begin(self) -> list[RecipeEffect]:
        """What is to be done first; again after :meth:`restore`."""
        return [*self._skip_hopeless(), *self._go_on()]

    def restore(self, settled: Mapping[str, StepState]) -> None:
        """Take over what an earlier life of the run had settled; the rest is to be done.

        Args:
            settled: States by the planned step's id. What ran when that life ended is not among them.
        """
        for step_id, state in settled.items():
            mine = self.steps.get(step_id)
            if mine is not None and state.status in SETTLED:
                mine.status, mine.tries, mine.reason = state.status, state.tries, state.reason
        self._count()

    def handle(self, event: RecipeEvent) -> list[RecipeEffect]:
        """Take one event; gives what is to be done, in this order. An event that comes too late does nothing."""
        match event:
            case StepEnded():
                return list(self._end(event))
            case RetryDue(step_id):
                return list(self._retry(step_id))
            case PauseRequested():
                self.paused = not self.is_over
                return []
            case ResumeRequested():
                self.paused = False
                return list(self._go_on())
            case StopRequested(reason):
                return list(self._stop(reason, well=False))
            case SkipRequested(step_id):
                return list(self._skip(step_id))
            case RerunRequested(step_ids):
                return list(self._rerun(step_ids))

    def give_up(self, reason: str) -> list[StepState]:
        """Settle all that is left as cancelled, without another event; gives those steps."""
        left = [state for state in self.steps.values() if state.status not in SETTLED]
        for state in left:
            state.status, state.reason = StepStatus.CANCELLED, reason
        self._unsettled, self._ready, self.is_over = 0, {}, True
        return left

    # --- one event each

    def _end(self, event: StepEnded) -> Iterator[RecipeEffect]:
        state = self.steps.get(event.step_id)
        if state is None or state.status is not StepStatus.RUNNING or event.status not in SETTLED:
            return
        if event.step_id in self._to_skip and event.status is not StepStatus.SUCCEEDED:
            event = StepEnded(event.step_id, StepStatus.SUCCEEDED, SKIPPED_BY_REQUEST)
        retries = _retries(state.plan.step)
        failed = event.status in (StepStatus.FAILED, StepStatus.TIMEOUT)
        if failed and retries and state.tries <= retries.max and self.stopping is None:
            state.status, state.reason = StepStatus.RETRYING, event.reason
            yield StepChanged(event.step_id)
            yield AwaitRetry(event.step_id, _backoff_s(state, retries))
            return
        yield from self._settle(state, event.status, event.reason)
        yield from self._stop_where_asked(state)
        yield from self._go_on()

    def _stop_where_asked(self, state: StepState) -> Iterator[RecipeEffect]:
        if self._edge(state) == STOP:
            well = state.status is StepStatus.SUCCEEDED
            yield from self._stop(f"{state.plan.id} stops the run", well=well)

    def _retry(self, step_id: str) -> Iterator[RecipeEffect]:
        state = self.steps.get(step_id)
        if state is not None and state.status is StepStatus.RETRYING:
            state.status = StepStatus.WAITING
            self._ready[step_id] = None
            yield StepChanged(step_id)
            yield from self._go_on()

    def _stop(self, reason: str, *, well: bool) -> Iterator[RecipeEffect]:
        if self.is_over or self.stopping is not None:
            return
        self.stopping, self._stopped_well = reason, well
        for state in self.steps.values():
            if state.status is StepStatus.RUNNING:
                yield StopStep(state.plan.id, reason)
            elif state.status is StepStatus.RETRYING:
                yield from self._settle(state, StepStatus.CANCELLED, reason)
            elif state.status is StepStatus.WAITING:
                yield from self._settle(state, StepStatus.SKIPPED, reason)
        yield from self._go_on()

    def _skip(self, step_id: str) -> Iterator[RecipeEffect]:
        state = self.steps.get(step_id)
        if state is None:
            return
        if state.status is StepStatus.RETRYING:
            state.status = StepStatus.WAITING
            self._ready[step_id] = None
        if state.status is StepStatus.WAITING:
            self._to_skip.add(step_id)
            yield from self._go_on()
        elif (
            state.status is StepStatus.RUNNING
            and step_id not in self._to_skip
            and self.stopping is None
        ):
            self._to_skip.add(step_id)
            yield StopStep(step_id, SKIPPED_BY_REQUEST)

    def _rerun(self, step_ids: Sequence[str]) -> Iterator[RecipeEffect]:
        ends = [name for name in step_ids if name in self.steps]
        if not ends or not self.is_over:
            return
        again = dict.fromkeys(ends)
        while ends:
            name = ends.pop()
            for follower in (*self._followers.get(name, ()), *self._targets.get(name, ())):
                if follower not in again:
                    again[follower] = None
                    ends.append(follower)
        for name in again:
            state = self.steps[name]
            state.status, state.reason, state.tries = StepStatus.WAITING, None, 0
            self._to_skip.discard(name)
            yield StepChanged(name)
        self.is_over, self.stopping, self._stopped_well = False, None, False
        self._count()
        yield from self._skip_hopeless()
        yield from self._go_on()

    # --- what follows

    def _go_on(self) -> Iterator[RecipeEffect]:
        """Start what may start, and say when all is settled."""
        while self._ready and not self.paused:
            name = next(iter(self._ready))
            del self._ready[name]
            state = self.steps[name]
            if name in self._to_skip:
                # It comes to its turn all the same, so that what needs it keeps to the order.
                yield from self._settle(state, StepStatus.SUCCEEDED, SKIPPED_BY_REQUEST)
                yield from self._stop_where_asked(state)
            else:
                state.status = StepStatus.RUNNING
                state.tries += 1
                yield StepChanged(name)
                yield StartStep(name, state.tries)
        if not self._unsettled and not self.is_over:
            self.is_over = True
            yield RunOver(*self._verdict())

    def _settle(
        self, state: StepState, status: StepStatus, reason: str | None
    ) -> Iterator[RecipeEffect]:
        """Settle a step, and skip whatever can never run after that."""
        settled = [(state, status, reason)]
        while settled:
            state, status, reason = settled.pop()
            if state.status in SETTLED:  # there were two reasons
                continue
            state.status, state.reason = status, reason
            self._unsettled -= 1
            self._ready.pop(state.plan.id, None)
            yield StepChanged(state.plan.id)
            settled += self._tell_followers(state)

    def _tell_followers(self, state: StepState) -> list[tuple[StepState, StepStatus, str]]:
        """Count a settled step for those that wait for it; gives those that can never run now."""
        hopeless = []
        name, edge = state.plan.id, self._edge(state)
        for follower in self._followers.get(name, ()):
            other, waits = self.steps[follower], self._waits[follower]
            if other.status is not StepStatus.WAITING:
                continue
            waits.needs -= 1
            if state.status is not StepStatus.SUCCEEDED and edge not in (
                CONTINUE,
                other.plan.step.id,
            ):
                hopeless.append((other, StepStatus.SKIPPED, f"{name} {_past(state.status)}"))
            else:
                self._consider(other, waits)
        for target in self._targets.get(name, ()):
            other, waits = self.steps[target], self._waits[target]
            if other.status is not StepStatus.WAITING:
                continue
            waits.sources -= 1
            waits.is_led_to = waits.is_led_to or edge == other.plan.step.id
            if not waits.sources and not waits.is_led_to:
                hopeless.append((other, StepStatus.SKIPPED, "no edge led to it"))
            else:
                self._consider(other, waits)
        return hopeless

    def _consider(self, state: StepState, waits: _Waits) -> None:
        if not waits.needs and waits.is_led_to:
            self._ready[state.plan.id] = None

    def _count(self) -> None:
        """Count anew what each step waits for, from where all of them stand."""
        self._waits = {
            name: _Waits(len(state.plan.needs), 0, is_led_to=True)
            for name, state in self.steps.items()
        }
        for targets in self._targets.values():
            for target in targets:
                self._waits[target].sources += 1
                self._waits[target].is_led_to = False
        self._unsettled = sum(state.status not in SETTLED for state in self.steps.values())
        self._ready = {}

    def _skip_hopeless(self) -> Iterator[RecipeEffect]:
        """Tell those that wait of what is settled already, and find what is ready from the start."""
        for state in tuple(self.steps.values()):
            if state.status in SETTLED:
                for other, status, reason in self._tell_followers(state):
                    if other.status is StepStatus.WAITING:
                        yield from self._settle(other, status, reason)
        for name, state in self.steps.items():
            if state.status is StepStatus.WAITING:
                self._consider(state, self._waits[name])

    def _edge(self, state: StepState) -> str | None:
        """Which edge a settled step has taken."""
        outcome = _OUTCOMES.get(state.status)
        return None if outcome is None else state.plan.step.edges.get(outcome)

    def _verdict(self) -> tuple[StepStatus, str | None]:
        """The run's own status: of all that went wrong the first in the plan's order says why."""
        for state in self.steps.values():
            if (
                state.status in (StepStatus.FAILED, StepStatus.TIMEOUT)
                and self._edge(state) != CONTINUE
            ):
                return state.status, f"{state.plan.id}: {state.reason or state.status}"
        if self.stopping is not None:
            if self._stopped_well:
                return StepStatus.SUCCEEDED, None
            return StepStatus.CANCELLED, self.stopping
        for state in self.steps.values():
            if state.status is StepStatus.CANCELLED:
                return StepStatus.CANCELLED, f"{state.plan.id}: {state.reason or 'cancelled'}"
        return StepStatus.SUCCEEDED, None


def _backoff_s(state: StepState, retries: Retries) -> float:
    """Seconds until the next try."""
    delay_s = min(MAX_BACKOFF_S, state.plan.seconds(retries.backoff) or 0.0)
    for _ in range(state.tries - 1):
        delay_s = min(MAX_BACKOFF_S, delay_s * retries.factor)
    return delay_s


def _retries(step: Step) -> Retries | None:
    if isinstance(step.retries, Retries):
        return step.retries
    return Retries(max=step.retries) if step.retries else None


def _past(status: StepStatus) -> str:
    return {
        StepStatus.FAILED: "failed",
        StepStatus.TIMEOUT: "took too long",
        StepStatus.SKIPPED: "was skipped",
        StepStatus.CANCELLED: "was cancelled",
    }.get(status, "went well")
