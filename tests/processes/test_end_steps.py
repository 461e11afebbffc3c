"""When a command is ended, and by what, without a process and without a clock."""

from __future__ import annotations

import dataclasses

from autobench_nb.processes.command import ProcessSpec
from autobench_nb.processes.end_steps import KILL_ANSWER_S, EndStep, EndSteps
from autobench_nb.processes.endings import EndKind

COMMAND = ProcessSpec(argv=("x",), cwd="/", env={}, timeout_s=10.0, grace_s=2.0, linger_s=0.5)


def test_nothing_is_done_before_the_time_limit() -> None:
    steps = EndSteps(COMMAND, 0.0)
    assert (steps.due, steps.step(9.9), steps.cause) == (10.0, None, None)


def test_the_time_limit_ends_it_first_politely_then_by_force() -> None:
    steps = EndSteps(COMMAND, 0.0)
    assert steps.step(10.0) is EndStep.TERMINATE
    assert steps.cause == (EndKind.TIMED_OUT, "took longer than 10 s")
    assert steps.step(11.9) is None
    assert steps.step(12.0) is EndStep.KILL
    assert steps.step(12.0 + KILL_ANSWER_S) is EndStep.FORGET
    assert steps.is_done
    assert steps.cause == (EndKind.UNKNOWN, "cannot be ended, not even by SIGKILL")


def test_the_first_cause_counts() -> None:
    steps = EndSteps(COMMAND, 0.0)
    assert steps.stop("cancelled", 1.0) is EndStep.TERMINATE
    assert steps.stop("again", 1.1) is None
    assert steps.step(10.0) is EndStep.KILL
    assert steps.cause == (EndKind.STOPPED, "cancelled")


def test_what_is_left_behind_may_linger_and_is_then_ended() -> None:
    steps = EndSteps(COMMAND, 0.0)
    steps.exited(1.0)
    assert steps.stop("cancelled", 1.1) is None
    assert (steps.due, steps.step(1.4)) == (1.5, None)
    assert steps.step(1.5) is EndStep.TERMINATE_LEFT
    assert steps.step(3.5) is EndStep.KILL
    assert steps.survived() is EndStep.FORGET
    assert steps.cause is None


def test_output_that_somebody_else_holds_is_waited_for_only_so_long() -> None:
    steps = EndSteps(dataclasses.replace(COMMAND, timeout_s=None), 0.0)
    steps.exited(1.0)
    steps.over(1.0)
    assert steps.step(1.5) is EndStep.CLOSE_OUTPUT
    assert (steps.is_done, steps.due) == (True, None)


def test_a_lost_command_is_ended_at_once() -> None:
    steps = EndSteps(COMMAND, 0.0)
    steps.lost(1.0)
    assert steps.step(1.0) is EndStep.TERMINATE_LEFT
    assert steps.cause is not None
    assert steps.cause[0] is EndKind.UNKNOWN
