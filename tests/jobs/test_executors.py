"""Where jobs run: executors are given by name."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from autobench_nb.errors import ConfigError, JobError
from autobench_nb.jobs import Repetition, RepetitionOutcome
from autobench_nb.jobs.work import How, Task
from autobench_nb.orchestrator import Orchestrator
from autobench_nb.state.model import JobKind, JobStatus
from tests.jobs.conftest import PATIENCE_S, Bench


class Elsewhere:
    """An executor such as one for other machines: it blocks until somebody says how it went; no callables."""

    def __init__(self) -> None:
        self.ran: list[tuple[str, str, int]] = []
        self.answers = threading.Semaphore(0)
        self.closed = 0

    def refusal(self, task: Task, how: How) -> str | None:
        return "runs no callables" if task.kind is JobKind.CALLABLE else None

    def run(self, task: Task, repetition: Repetition) -> RepetitionOutcome:
        self.ran.append((task.command, repetition.job_id, repetition.repetition))
        unfollow = repetition.stop.follow(self.answers.release)
        self.answers.acquire(timeout=PATIENCE_S)
        unfollow()
        repetition.stream("stdout").feed(b"from afar\n", lambda: False)
        if repetition.stop.status is not None:
            return RepetitionOutcome(status=repetition.stop.status, reason=repetition.stop.reason)
        return RepetitionOutcome(status=JobStatus.SUCCEEDED, wall_s=0.5, value=repetition.name)

    def close(self) -> None:
        self.closed += 1


def test_a_job_runs_on_the_executor_that_is_named(bench: Bench) -> None:
    lab = Elsewhere()
    runner = bench.runner(executors={"lab": lab})
    run = runner.submit("measure", executor="lab", repeat=2, warmup=1)
    lab.answers.release(3)
    assert run.wait(PATIENCE_S)
    assert lab.ran == [("measure", run.jobs[0].id, number) for number in range(3)]
    assert [(row.wall_s, row.value) for row in run.results] == [(0.5, "measure")] * 2
    assert bench.lines(run.jobs[0]) == ["from afar"] * 3


def test_without_a_name_jobs_run_on_this_machine(bench: Bench) -> None:
    lab = Elsewhere()
    runner = bench.runner(executors={"lab": lab})
    assert tuple(runner.executors) == ("lab", "local")
    run = runner.submit("echo here")
    assert run.wait(PATIENCE_S)
    assert (lab.ran, bench.lines(run.jobs[0])) == ([], ["here"])


def test_this_machine_can_be_replaced_too(bench: Bench) -> None:
    other = Elsewhere()
    run = bench.runner(executors={"local": other}).submit("x")
    other.answers.release()
    assert run.wait(PATIENCE_S)
    assert len(other.ran) == 1


def test_a_job_elsewhere_is_cancelled_through_its_stop(bench: Bench) -> None:
    lab = Elsewhere()
    runner = bench.runner(executors={"lab": lab})
    run = runner.submit("measure", executor="lab")
    run.cancel()
    assert run.wait(PATIENCE_S)
    assert run.status is JobStatus.CANCELLED


@pytest.mark.parametrize("name", ["", "labs", "Local"])
def test_an_executor_that_is_not_there_is_refused_with_those_that_are(
    bench: Bench, name: str
) -> None:
    runner = bench.runner(executors={"lab": Elsewhere()})
    version = bench.store.version
    with pytest.raises(JobError, match="take one of 'lab', 'local'"):
        runner.submit("true", executor=name)
    assert bench.store.version == version


def test_what_an_executor_cannot_do_is_refused_before_anything_is_queued(bench: Bench) -> None:
    runner = bench.runner(executors={"lab": Elsewhere()})
    mixed: list[Any] = ["true", print]
    with pytest.raises(JobError, match="'print': the executor 'lab' runs no callables"):
        runner.submit(mixed, executor="lab")
    assert bench.store.get("/jobs/items") == {}


class Faulty(Elsewhere):
    def run(self, task: Task, repetition: Repetition) -> RepetitionOutcome:
        raise OSError("the cable")


def test_an_executor_that_raises_fails_its_job_and_no_other(bench: Bench) -> None:
    runner = bench.runner(executors={"lab": Faulty()})
    broken, good = runner.submit("x", executor="lab"), runner.submit("true")
    assert broken.wait(PATIENCE_S)
    assert good.wait(PATIENCE_S)
    assert broken.jobs[0].reason == "the runner itself failed: OSError: the cable"
    assert good.status is JobStatus.SUCCEEDED


def test_executors_are_closed_with_the_runner_once(bench: Bench) -> None:
    lab = Elsewhere()
    runner = bench.runner(executors={"lab": lab})
    runner.close()
    runner.close()
    assert lab.closed == 1


def test_an_orchestrator_is_given_executors_too() -> None:
    lab = Elsewhere()
    with Orchestrator(environ={}, executors={"lab": lab}) as bench:
        run = bench.run("measure", executor="lab")
        lab.answers.release()
        assert run.wait(PATIENCE_S)
        with pytest.raises(JobError, match="take one of 'lab', 'local'"):
            bench.run("measure", executor="moon")
    assert (len(lab.ran), lab.closed) == (1, 1)


@pytest.mark.parametrize("given", [3, {"lab": 3}, {"lab": Elsewhere}, {"lab": object()}, ["lab"]])
def test_what_is_no_executor_is_refused_when_it_is_given(given: Any) -> None:
    with pytest.raises(
        ConfigError, match=r"executors=.* is not possible: it takes executors by name"
    ):
        Orchestrator(executors=given, connection_file=False)
