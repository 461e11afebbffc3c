"""Jobs of a real orchestrator and the machine on which they ran."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import autobench_nb as ab
from autobench_nb.jobs.executors.executor import Repetition, RepetitionOutcome
from autobench_nb.jobs.machines import TOLD
from autobench_nb.jobs.work import How, Task
from autobench_nb.state.model import JobStatus


class Elsewhere:
    """An executor whose work is done on some other machine."""

    def refusal(self, task: Task, how: How) -> str | None:
        return None

    def run(self, task: Task, repetition: Repetition) -> RepetitionOutcome:
        return RepetitionOutcome(status=JobStatus.SUCCEEDED, wall_s=1.0)

    def close(self) -> None:
        return None


@pytest.fixture
def bench() -> Iterator[ab.Orchestrator]:
    with ab.Orchestrator(executors={"lab": Elsewhere()}) as bench:
        yield bench


def test_rows_record_and_table_name_the_machine_and_its_noise(
    bench: ab.Orchestrator, tmp_path: Path
) -> None:
    run = bench.run({"a": "sleep 0.05"}, repeat=2, cwd=tmp_path)
    assert run.wait(30)
    rows = list(run.results)
    machine = bench.machines[rows[0].machine or ""]
    assert bench.state.get(f"/jobs/machines/{machine.id}/kernel") == machine.kernel
    assert bench.state.get(f"/jobs/items/{run.jobs[0].id}/machine") == machine.id
    assert {row.machine for row in rows} == {machine.id}
    if sys.platform == "linux":
        assert all(row.load is not None for row in rows)
    table = run.results.to_pandas()
    assert table["machine"].tolist() == [machine.id] * 2
    assert str(table["load"].dtype).lower() == "float64"
    assert str(table["thermal_throttles"].dtype) == "Int64"
    for name in (set(table.columns) & {"cpu_mhz", "temperature_c"}) - {"machine"}:
        told = table[name].notna().any()
        wire = {"cpu_mhz": "cpuMhz", "temperature_c": "temperatureC"}[name]
        assert told != (wire in machine.absent)


def test_a_client_reads_the_same_rows(bench: ab.Orchestrator) -> None:
    bench.run("sleep 0.05").wait(30)
    with ab.connect(bench.serve(thread=True).url) as client:
        assert list(client.results) == list(bench.results)
        assert client.state.get("/jobs/machines") == bench.state.get("/jobs/machines")


def test_runs_and_jobs_of_a_run_tell_their_conditions(bench: ab.Orchestrator) -> None:
    run = bench.run({"a": "true", "b": "true"}, repeat=3)
    assert run.wait(30)
    a, b = run.jobs
    noise = {"load", "pressure", "steal", "quota", "dirty", "frequency", "temperature"}
    verdict = ab.comparable(a, b, allow=noise)
    assert verdict, str(verdict)
    assert len(run.conditions().repetitions) == 6
    assert ab.comparable(run, run, allow=noise)


def test_a_failed_repetition_is_no_measurement(bench: ab.Orchestrator) -> None:
    run = bench.run({"a": "true", "b": "exit 1"})
    assert run.wait(30)
    verdict = ab.comparable(*run.jobs)
    assert [reason.code for reason in verdict.reasons] == ["nothing"]


def test_work_on_another_machine_is_not_told_to_have_run_on_this_one(
    bench: ab.Orchestrator,
) -> None:
    run = bench.run("true", executor="lab")
    assert run.wait(30)
    (row,) = run.results
    assert (row.machine, row.load) == (None, None)


def test_a_record_that_a_batch_took_back_is_written_again(bench: ab.Orchestrator) -> None:
    def spoil() -> None:
        with bench.state.batch():
            bench.run("true").wait(30)
            raise RuntimeError("taken back")

    with pytest.raises(RuntimeError, match="taken back"):
        spoil()
    bench.run("true").wait(30)
    bench._rooms.runner.catch_up()
    (row,) = bench.results[-1:]
    assert bench.state.get(f"/jobs/machines/{row.machine}/id") == row.machine


def test_a_batch_of_another_thread_holds_up_no_job(bench: ab.Orchestrator) -> None:
    told = threading.Event()
    bench._rooms.store.subscribe(lambda commit: told.set(), "/jobs/machines")
    with bench.state.batch():
        run = bench.run("true")
        assert run.wait(30)
        (row,) = run.results
        assert row.machine in bench.machines
    bench.serve(thread=True)
    assert told.wait(30)
    assert bench.state.get(f"/jobs/machines/{row.machine}/id") == row.machine


def test_the_state_holds_a_bounded_number_of_machines(
    bench: ab.Orchestrator, monkeypatch: pytest.MonkeyPatch
) -> None:
    met: list[str] = []
    reader: Any = bench.machines
    for number in range(TOLD + 5):
        # Each command that names another program is another fingerprint: that is what a version is for.
        reader._fresh.clear()
        monkeypatch.setattr("autobench_nb.machine.tools.__version__", f"0.0.{number}")
        met.append(bench.machines.meet(None, "true"))
    assert len(set(met)) == TOLD + 5
    told = bench.state.get("/jobs/machines")
    assert set(told) == set(met[-TOLD:])
    assert bench.machines[met[0]].id == met[0]
