"""How a run goes on: what starts when, what is skipped and why, what a retry, an edge, a pause and a stop do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from autobench_nb.contract.steps import StepStatus
from autobench_nb.recipes.check import check_recipe
from autobench_nb.recipes.events import (
    SETTLED,
    AwaitRetry,
    PauseRequested,
    RecipeEffect,
    RerunRequested,
    ResumeRequested,
    RetryDue,
    RunOver,
    SkipRequested,
    StartStep,
    StepEnded,
    StopRequested,
    StopStep,
)
from autobench_nb.recipes.machine import RecipeMachine
from autobench_nb.recipes.model import Metadata, Recipe, Retries, Spec, Step
from autobench_nb.recipes.plan import plan_steps

OK, FAILED, TIMEOUT = StepStatus.SUCCEEDED, StepStatus.FAILED, StepStatus.TIMEOUT
SKIPPED, CANCELLED = StepStatus.SKIPPED, StepStatus.CANCELLED


def machine_of(*steps: Step) -> RecipeMachine:
    return RecipeMachine(
        plan_steps(Recipe(metadata=Metadata(name="m"), spec=Spec(steps=list(steps))))
    )


def step(name: str, *needs: str, **more: Any) -> Step:
    return Step(id=name, run="true", needs=list(needs), **more)


def started(effects: Sequence[RecipeEffect]) -> list[str]:
    return [effect.step_id for effect in effects if isinstance(effect, StartStep)]


def ended(
    machine: RecipeMachine, name: str, status: StepStatus = OK, reason: str | None = None
) -> list[str]:
    return started(machine.handle(StepEnded(name, status, reason)))


def statuses(machine: RecipeMachine) -> dict[str, str]:
    return {name: str(state.status) for name, state in machine.steps.items()}


def test_a_step_starts_when_all_that_it_needs_went_well() -> None:
    machine = machine_of(step("a"), step("b"), step("c", "a", "b"), step("d", "c"))
    assert started(machine.begin()) == ["a", "b"]
    assert ended(machine, "b") == []
    assert ended(machine, "a") == ["c"]
    assert ended(machine, "c") == ["d"]
    assert RunOver(OK, None) in machine.handle(StepEnded("d", OK))


def test_what_needs_a_step_that_failed_is_skipped_with_the_reason_and_the_rest_goes_on() -> None:
    machine = machine_of(step("a"), step("b", "a"), step("c", "b"), step("x"), step("y", "x"))
    machine.begin()
    assert ended(machine, "a", FAILED, "exit status 1") == []
    assert machine.steps["b"].reason == "a failed"
    assert machine.steps["c"].reason == "b was skipped"
    assert ended(machine, "x") == ["y"]
    assert RunOver(FAILED, "a: exit status 1") in machine.handle(StepEnded("y", OK))


def test_an_edge_leads_to_a_step_that_needs_the_one_that_failed() -> None:
    machine = machine_of(
        step("a", edges={"failure": "report"}), step("b", "a"), step("report", "a")
    )
    machine.begin()
    assert ended(machine, "a", FAILED) == ["report"]
    assert machine.steps["b"].status is SKIPPED
    assert RunOver(FAILED, "a: failed") in machine.handle(StepEnded("report", OK))


@pytest.mark.parametrize("status", [OK, FAILED, TIMEOUT])
def test_a_step_that_an_edge_alone_leads_to_waits_for_it(status: StepStatus) -> None:
    machine = machine_of(step("a", edges={"timeout": "rescue"}, timeout=1), step("rescue"))
    assert started(machine.begin()) == ["a"]
    assert ended(machine, "a", status) == (["rescue"] if status is TIMEOUT else [])
    if status is not TIMEOUT:
        assert (machine.steps["rescue"].status, machine.steps["rescue"].reason) == (
            SKIPPED,
            "no edge led to it",
        )
        assert machine.is_over


def test_one_of_several_edges_is_enough_and_the_step_runs_once() -> None:
    edges: Mapping[Any, str] = {"failure": "rescue"}
    machine = machine_of(step("a", edges=edges), step("b", edges=edges), step("rescue"))
    machine.begin()
    assert ended(machine, "a", FAILED) == ["rescue"]
    assert ended(machine, "rescue") == []
    assert ended(machine, "b", FAILED) == []
    assert machine.is_over


def test_continue_lets_those_go_on_that_need_it_and_the_run_has_not_failed() -> None:
    machine = machine_of(step("a", edges={"failure": "continue"}), step("b", "a"))
    machine.begin()
    assert ended(machine, "a", FAILED) == ["b"]
    assert RunOver(OK, None) in machine.handle(StepEnded("b", OK))


@pytest.mark.parametrize(
    ("outcome", "status", "verdict"), [("failure", FAILED, FAILED), ("ok", OK, OK)]
)
def test_stop_ends_the_run(outcome: Any, status: StepStatus, verdict: StepStatus) -> None:
    machine = machine_of(
        step("a", edges={outcome: "stop"}), step("b", "a"), step("x"), step("y", "x")
    )
    machine.begin()
    effects = machine.handle(StepEnded("a", status))
    assert StopStep("x", "a stops the run") in effects
    assert statuses(machine)["b"] == statuses(machine)["y"] == "skipped"
    (over,) = [one for one in machine.handle(StepEnded("x", CANCELLED)) if isinstance(one, RunOver)]
    assert over.status is verdict


def test_a_failure_is_tried_again_after_a_wait_that_grows() -> None:
    machine = machine_of(step("a", retries=Retries(max=2, backoff="1s", factor=3)), step("b", "a"))
    assert StartStep("a", 1) in machine.begin()
    for attempt, delay in ((2, 1.0), (3, 3.0)):
        assert AwaitRetry("a", delay) in machine.handle(StepEnded("a", FAILED, "no"))
        assert machine.steps["a"].status is StepStatus.RETRYING
        assert StartStep("a", attempt) in machine.handle(RetryDue("a"))
    assert ended(machine, "a", FAILED, "no") == []
    assert machine.steps["b"].reason == "a failed"
    assert machine.is_over


def test_what_was_cancelled_is_not_tried_again() -> None:
    machine = machine_of(step("a", retries=5))
    machine.begin()
    assert RunOver(CANCELLED, "a: cancelled") in machine.handle(
        StepEnded("a", CANCELLED, "cancelled")
    )


def test_nothing_starts_in_a_pause_and_all_that_could_does_after_it() -> None:
    machine = machine_of(step("a"), step("b", "a"), step("c", "a"))
    machine.begin()
    machine.handle(PauseRequested())
    assert ended(machine, "a") == []
    assert started(machine.handle(ResumeRequested())) == ["b", "c"]
    assert started(machine.handle(ResumeRequested())) == []


def test_a_retry_that_falls_due_in_a_pause_waits_for_its_end() -> None:
    machine = machine_of(step("a", retries=1))
    machine.begin()
    machine.handle(StepEnded("a", FAILED))
    machine.handle(PauseRequested())
    assert started(machine.handle(RetryDue("a"))) == []
    assert started(machine.handle(ResumeRequested())) == ["a"]


def test_a_stop_asks_what_runs_to_end_and_skips_the_rest() -> None:
    machine = machine_of(step("a"), step("b", "a"), step("c", retries=3))
    machine.begin()
    machine.handle(StepEnded("c", FAILED))
    effects = machine.handle(StopRequested("cancelled by you"))
    assert [one for one in effects if isinstance(one, StopStep)] == [
        StopStep("a", "cancelled by you")
    ]
    assert statuses(machine) == {"a": "running", "b": "skipped", "c": "cancelled"}
    assert machine.handle(StopRequested("again")) == []
    assert RunOver(CANCELLED, "cancelled by you") in machine.handle(StepEnded("a", CANCELLED))


def test_what_is_skipped_by_request_counts_as_done() -> None:
    machine = machine_of(step("a"), step("b", "a"), step("c", "b"))
    machine.begin()
    assert machine.handle(SkipRequested("b")) == []
    assert ended(machine, "a") == ["c"]
    assert machine.steps["b"].reason == "skipped by request"
    assert machine.handle(SkipRequested("a")) == []


@pytest.mark.parametrize("outcome", [CANCELLED, FAILED, OK])
def test_a_step_that_is_skipped_while_it_runs_is_ended_and_what_needs_it_goes_on(
    outcome: StepStatus,
) -> None:
    machine = machine_of(step("a", retries=3), step("b", "a"))
    machine.begin()
    assert machine.handle(SkipRequested("a")) == [StopStep("a", "skipped by request")]
    assert machine.handle(SkipRequested("a")) == [], "it is asked once"
    assert started(machine.handle(StepEnded("a", outcome, "was stopped"))) == ["b"]
    assert machine.steps["a"].status is OK
    # One that had gone well before the request reached it has gone well.
    assert machine.steps["a"].reason == ("was stopped" if outcome is OK else "skipped by request")


def test_a_run_is_done_again_from_a_step_on() -> None:
    machine = machine_of(step("a"), step("b", "a"), step("c", "b"), step("x"))
    machine.begin()
    for name in ("x", "a", "b"):
        machine.handle(StepEnded(name, FAILED if name == "b" else OK))
    assert machine.is_over
    assert started(machine.handle(RerunRequested(("b",)))) == ["b"]
    assert statuses(machine) == {"a": "succeeded", "b": "running", "c": "waiting", "x": "succeeded"}
    assert ended(machine, "b") == ["c"]
    assert RunOver(OK, None) in machine.handle(StepEnded("c", OK))


def test_a_run_goes_on_from_what_an_earlier_life_had_settled() -> None:
    first = machine_of(step("a"), step("b", "a"), step("c", "b"), step("x"))
    first.begin()
    first.handle(StepEnded("a", OK))
    second = machine_of(step("a"), step("b", "a"), step("c", "b"), step("x"))
    second.restore(first.steps)
    assert started(second.begin()) == ["b", "x"]


def test_an_event_that_comes_too_late_does_nothing() -> None:
    machine = machine_of(step("a"))
    machine.begin()
    machine.handle(StepEnded("a", OK))
    for event in (
        StepEnded("a", FAILED),
        RetryDue("a"),
        StopRequested(),
        SkipRequested("a"),
        StepEnded("z", OK),
        PauseRequested(),
    ):
        assert machine.handle(event) == []
    assert not machine.paused


def test_ten_thousand_steps_cost_what_follows_from_each() -> None:
    """Counted by looks at states, which a walk over all steps at each event would make 100,000,000 of."""
    axis: dict[str, list[Any]] = {"x": list(range(10_000))}
    machine = machine_of(step("a"), step("b", "a", matrix=axis), step("c", "b"))
    looks = 0
    inner = dict(machine.steps)

    class Counting(dict[str, Any]):
        def __getitem__(self, key: str) -> Any:
            nonlocal looks
            looks += 1
            return inner[key]

    machine.steps = Counting(inner)
    machine.begin()
    assert len(ended(machine, "a")) == 10_000
    looks = 0
    for number in range(10_000):
        machine.handle(StepEnded(f"b[{number}]", OK))
    assert machine.steps["c"].status is StepStatus.RUNNING
    assert looks < 100_000


# --- against a plain reading of the rules, which looks at all steps again and again


NAMES = "abcdef"


@st.composite
def recipes(draw: st.DrawFn) -> list[Step]:
    steps: list[Step] = []
    for number, name in enumerate(NAMES[: draw(st.integers(1, 6))]):
        needs = (
            draw(st.lists(st.sampled_from(NAMES[:number]), max_size=2, unique=True))
            if number
            else []
        )
        steps.append(step(name, *needs))
    names = [one.id for one in steps]
    for one in steps:
        targets = [name for name in names if name != one.id]
        for outcome in draw(st.lists(st.sampled_from(["ok", "failure"]), max_size=2, unique=True)):
            one.edges[outcome] = draw(st.sampled_from(["continue", *targets]))  # type: ignore[index]
    assume(check_recipe(Recipe(metadata=Metadata(name="m"), spec=Spec(steps=steps))) == [])
    return steps


def expected(steps: Sequence[Step], outcomes: Mapping[str, StepStatus]) -> dict[str, str]:
    """What becomes of each step."""
    word: dict[StepStatus, Any] = {OK: "ok", FAILED: "failure", TIMEOUT: "timeout"}
    found: dict[str, StepStatus] = {}
    while len(found) < len(steps):
        before = len(found)
        for one in steps:
            if one.id in found or any(need not in found for need in one.needs):
                continue
            sources = [
                other
                for other in steps
                if one.id in other.edges.values() and other.id not in one.needs
            ]
            taken = {
                other.id: other.edges.get(word.get(found[other.id], "none"))
                for other in steps
                if other.id in found
            }
            good = all(
                found[need] is OK or taken[need] in ("continue", one.id) for need in one.needs
            )
            led = [other for other in sources if taken.get(other.id) == one.id]
            if not good:
                found[one.id] = SKIPPED
            elif not sources or led:
                found[one.id] = outcomes[one.id]
            elif all(other.id in found for other in sources):
                found[one.id] = SKIPPED
        assert len(found) > before
    return {name: str(status) for name, status in found.items()}


@settings(max_examples=300)
@given(recipes(), st.data())
def test_whatever_ends_how_and_in_which_order_each_step_ends_as_the_rules_say(
    steps: list[Step], data: st.DataObject
) -> None:
    outcomes = {one.id: data.draw(st.sampled_from([OK, FAILED, TIMEOUT]), one.id) for one in steps}
    wanted = expected(steps, outcomes)
    machine = machine_of(*steps)
    running = started(machine.begin())
    while running:
        name = running.pop(data.draw(st.integers(0, len(running) - 1)))
        running += started(machine.handle(StepEnded(name, outcomes[name])))
    assert machine.is_over
    assert statuses(machine) == wanted
    assert {state.status for state in machine.steps.values()} <= SETTLED
