"""Runs, results and the jobs slice."""

from __future__ import annotations

import asyncio
import os
import statistics
import threading
from pathlib import Path
from typing import Any

import orjson
import pytest

from autobench_nb.errors import JobError
from autobench_nb.jobs import Results, Runner
from autobench_nb.jobs.results import Result
from autobench_nb.state.model import JobStatus
from autobench_nb.state.patch import apply_patch
from tests.jobs.conftest import PATIENCE_S, Bench

# --- awaiting


async def test_a_run_can_be_awaited_and_gives_itself(runner: Runner) -> None:
    run = runner.submit("true")
    assert await run is run
    assert await run is run
    assert run.status is JobStatus.SUCCEEDED


def test_a_run_can_be_awaited_from_several_loops_at_once(runner: Runner, fifo: Path) -> None:
    run = runner.submit(f"cat {fifo}")

    async def wait() -> JobStatus:
        return (await run).status

    found: list[JobStatus] = []
    threads = [threading.Thread(target=lambda: found.append(asyncio.run(wait()))) for _ in range(3)]
    for thread in threads:
        thread.start()
    fifo.write_text("")
    for thread in threads:
        thread.join(PATIENCE_S)
    assert found == [JobStatus.SUCCEEDED] * 3


async def test_a_cancelled_await_leaves_the_run_alone(runner: Runner, fifo: Path) -> None:
    run = runner.submit(f"cat {fifo}")

    async def wait() -> None:
        await run

    task = asyncio.create_task(wait())
    await asyncio.to_thread(fifo.open("w").close)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert (await run).status is JobStatus.SUCCEEDED


def test_waiting_ends_at_its_time_limit(runner: Runner, fifo: Path) -> None:
    run = runner.submit(f"cat {fifo}")
    assert run.wait(0.01) is False
    fifo.write_text("")
    assert run.wait(PATIENCE_S) is True


def test_jobs_go_on_while_the_submitting_thread_is_blocked(runner: Runner) -> None:
    done = threading.Event()
    work: list[Any] = ["true", done.set]
    runner.submit(work)
    assert done.wait(PATIENCE_S)  # this thread does nothing for them


def test_a_run_says_what_became_of_its_jobs(runner: Runner) -> None:
    run = runner.submit({"good": "true", "bad": "exit 2"})
    run.wait(PATIENCE_S)
    text = repr(run)
    assert "failed, 2 of 2 jobs ended" in text
    assert "'bad' failed: exit status 2 0/1" in text
    assert "'good' succeeded 1/1" in text


def test_a_run_of_jobs_that_did_not_run_is_queued_then_running(runner: Runner, fifo: Path) -> None:
    first, second = runner.submit(f"cat {fifo}"), runner.submit("true")
    assert (first.status, second.status) == (JobStatus.RUNNING, JobStatus.QUEUED)
    assert repr(runner) == "<Runner 1 running, 1 queued, parallelism 1>"
    fifo.write_text("")
    assert second.wait(PATIENCE_S)


# --- the queue


def test_one_job_runs_at_a_time_by_default(runner: Runner) -> None:
    inside = threading.Semaphore(1)

    def alone() -> bool:
        free = inside.acquire(blocking=False)
        inside.release()
        return free

    run = runner.submit([alone] * 20)
    assert run.wait(PATIENCE_S)
    assert [row.value for row in run.results] == [True] * 20


def test_parallel_jobs_of_a_run_run_together(runner: Runner) -> None:
    together = threading.Barrier(4, timeout=PATIENCE_S)
    run = runner.submit([together.wait] * 4, parallel=4)
    assert run.wait(PATIENCE_S)
    assert run.status is JobStatus.SUCCEEDED


def test_the_order_of_the_queue_is_the_order_of_asking(bench: Bench, runner: Runner) -> None:
    order: list[int] = []
    runs = [runner.submit(lambda number=number: order.append(number)) for number in range(20)]
    assert all(run.wait(PATIENCE_S) for run in runs)
    assert order == list(range(20))


def test_a_run_that_cannot_be_leaves_the_state_as_it_was(bench: Bench, runner: Runner) -> None:
    version = bench.store.version
    for wrong in ({"repeat": 0}, {"timeout_s": -1}, {"parallel": 0}):
        with pytest.raises(JobError):
            runner.submit("true", **wrong)  # type: ignore[arg-type]
    assert bench.store.version == version


def test_many_threads_may_submit_and_cancel_at_once(bench: Bench) -> None:
    runner = bench.runner(parallelism=3)

    def client() -> None:
        for number in range(15):
            run = runner.submit([lambda: None, lambda: None])
            if number % 3 == 0:
                run.cancel()
            run.wait(PATIENCE_S)

    threads = [threading.Thread(target=client) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE_S)
    jobs = bench.store.get("/jobs")
    assert (jobs["queue"], jobs["running"], len(jobs["items"])) == ([], [], 180)
    assert {item["status"] for item in jobs["items"].values()} <= {"succeeded", "cancelled"}


# --- the state


def test_the_jobs_slice_follows_a_job_from_the_queue_to_its_end(
    bench: Bench, runner: Runner, fifo: Path
) -> None:
    run = runner.submit({"a": f"cat {fifo}", "b": "true"}, repeat=1)
    jobs = bench.store.get("/jobs")
    first, second = (job.id for job in run.jobs)
    assert (jobs["queue"], jobs["running"], jobs["lastCompleted"]) == ([second], [first], None)
    assert jobs["items"][first]["status"] == "running"
    assert jobs["items"][second]["status"] == "queued"
    fifo.write_text("")
    run.wait(PATIENCE_S)
    jobs = bench.store.get("/jobs")
    assert (jobs["queue"], jobs["running"], jobs["lastCompleted"]) == ([], [], second)
    item = jobs["items"][first]
    assert item["status"] == "succeeded"
    assert item["createdAt"] <= item["startedAt"] <= item["finishedAt"]
    assert (item["runId"], item["name"], item["kind"], item["exitCode"]) == (
        run.id,
        "a",
        "command",
        0,
    )
    assert (item["progress"], item["done"], item["etaS"]) == (1.0, 1, None)


def test_mean_and_spread_in_the_state_are_those_of_the_results(
    bench: Bench, runner: Runner
) -> None:
    run = runner.submit("true", repeat=4)
    run.wait(PATIENCE_S)
    walls = [row.wall_s for row in run.results if row.wall_s is not None]
    item = bench.record(run.jobs[0])
    assert item["meanS"] == pytest.approx(statistics.fmean(walls))
    assert item["sdS"] == pytest.approx(statistics.stdev(walls))


def test_after_a_repetition_the_state_foretells_the_rest(
    bench: Bench, fifo: Path, tmp_path: Path
) -> None:
    runner = bench.runner(report_interval_s=0.0)
    told = threading.Event()
    etas: list[float] = []

    def look(commit: object) -> None:
        item = bench.record(run.jobs[0])
        if item["done"] == 1 and item["etaS"] is not None:
            etas.append(item["etaS"] / item["meanS"])
            told.set()

    bench.store.subscribe(look, "/jobs")
    run = runner.submit(f"test -e {tmp_path}/once && cat {fifo}; touch {tmp_path}/once", repeat=2)
    bench.flush_until(told)
    fifo.write_text("")
    run.wait(PATIENCE_S)
    assert etas[0] == pytest.approx(1.0)


def test_a_flood_of_lines_is_no_flood_of_mutations(bench: Bench, runner: Runner) -> None:
    before = bench.store.version
    run = runner.submit("seq 50000")
    run.wait(PATIENCE_S)
    assert bench.record(run.jobs[0])["lines"] == 50_000
    assert bench.store.version - before < 100


def test_only_the_last_finished_jobs_stay_in_the_state(bench: Bench) -> None:
    runner = bench.runner(max_kept=3)
    run = runner.submit(["true"] * 7)
    run.wait(PATIENCE_S)
    assert list(runner.jobs) == [job.id for job in run.jobs[-3:]]
    assert len(run.results) == 7


def test_a_slice_that_others_have_changed_is_put_right(
    bench: Bench, runner: Runner, fifo: Path
) -> None:
    run = runner.submit([f"cat {fifo}", "true", "true"])
    bench.store.merge("/jobs", {"queue": ["x"], "running": []})
    bench.store.remove(f"/jobs/items/{run.jobs[2].id}")
    fifo.write_text("")
    assert run.wait(PATIENCE_S)
    jobs = bench.store.get("/jobs")
    assert (jobs["queue"], jobs["running"]) == ([], [])
    assert run.status is JobStatus.SUCCEEDED


def test_an_open_batch_holds_up_no_running_command(
    bench: Bench, runner: Runner, fifo: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    run = runner.submit(f"cat {fifo}; seq 10000; echo > {other}")
    os.mkfifo(other)
    with bench.store.batch():
        fifo.write_text("")
        other.read_text()  # it printed it all, and none of that waited for the state
    assert run.wait(PATIENCE_S)
    assert bench.record(run.jobs[0])["lines"] == 10_000


def test_a_mirror_that_applies_the_patches_has_the_same_jobs(bench: Bench) -> None:
    runner = bench.runner(max_kept=2, report_interval_s=0.0)
    bench.store.flush()
    mirror = bench.store.get()
    over = threading.Event()
    run = runner.submit(["seq 1000", "exit 1", "true", "seq 10"], repeat=2)

    def wait() -> None:
        run.wait(PATIENCE_S)
        over.set()

    waiter = threading.Thread(target=wait)
    waiter.start()
    last = False
    while not last:
        last = over.is_set()
        commit = bench.store.flush()
        if commit is not None:
            mirror = apply_patch(mirror, orjson.loads(commit.patch))
    waiter.join()
    assert mirror == bench.store.get()


def test_text_that_is_no_unicode_is_made_fit_for_the_state(bench: Bench, runner: Runner) -> None:
    run = runner.submit({"caf\udce9": "echo 'caf\udce9'"})
    assert run.wait(PATIENCE_S)
    assert bench.record(run.jobs[0])["name"] == "caf\\xe9"
    assert bench.lines(run.jobs[0]) == ["caf\\xe9"]


# --- results


def row(**fields: Any) -> Result:
    blank = dict.fromkeys(Result._fields)
    return Result(**{**blank, **fields})


def test_results_are_bounded_and_count_what_they_let_go() -> None:
    results = Results(max_rows=2)
    for number in range(5):
        results.add(row(repetition=number))
    assert [one.repetition for one in results] == [3, 4]
    assert (len(results), results.dropped, results[-1].repetition) == (2, 3, 4)


def test_results_are_a_table_with_a_column_for_each_field(runner: Runner) -> None:
    empty = runner.results.to_pandas()
    runner.submit({"a": "true", "b": lambda: {"x": 1}}, repeat=2).wait(PATIENCE_S)
    table = runner.results.to_pandas()
    assert set(Result._fields) == set(table.columns) == set(empty.columns)
    assert table["name"].tolist() == ["a", "a", "b", "b"]
    assert (table["status"] == "succeeded").all()
    assert str(table["started_at"].dtype.tz) == "UTC"  # type: ignore[union-attr]
    assert runner.results.to_arrow().num_rows == 4


def test_result_records_are_json(runner: Runner) -> None:
    runner.submit({"a": "true", "b": lambda: [1]}).wait(PATIENCE_S)
    first, second = orjson.loads(orjson.dumps(runner.results.records()))
    assert (first["name"], first["wall_s"] > 0, second["value"]) == ("a", True, [1])


def test_runs_have_their_own_results_and_the_runner_has_all(runner: Runner) -> None:
    first, second = runner.submit("true", repeat=2), runner.submit("true")
    assert first.wait(PATIENCE_S)
    assert second.wait(PATIENCE_S)
    assert (len(first.results), len(second.results), len(runner.results)) == (2, 1, 3)
    assert {one.run_id for one in first.results} == {first.id}


def test_the_jobs_are_a_table(bench: Bench, runner: Runner) -> None:
    run = runner.submit({"a": "true"})
    run.wait(PATIENCE_S)
    table = runner.jobs.to_pandas()
    assert table[["name", "status"]].to_dict("records") == [{"name": "a", "status": "succeeded"}]
    assert runner.jobs[run.jobs[0].id]["status"] == "succeeded"
    with pytest.raises(KeyError, match="there is no job"):
        runner.jobs["77"]
