"""The energy of plain jobs: of each repetition a metric, of each job a mean, shared where jobs overlap."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

import autobench_nb as ab
from tests.devices.test_supervisor import until


class Meter:
    """Always 50 W: then joules are fifty times the seconds, and need no timed asserts."""

    name, type, power = "pm0", "power meter", "watts"
    units: Mapping[str, str] = {"watts": "W"}
    actions: Mapping[str, Any] = {}

    def probe(self) -> dict[str, float]:
        return {"watts": 50.0}

    def close(self) -> None:
        pass


@pytest.fixture
def bench() -> Iterator[ab.Orchestrator]:
    with ab.Orchestrator(connection_file=False, parallelism=2) as bench:
        yield bench


def metered(bench: ab.Orchestrator) -> None:
    # So seldom that a busy machine does not make it silent: a sample stands for three of its periods.
    bench.devices.add(Meter(), every_s=0.2)
    until(lambda: len(bench.devices.samples("pm0")) > 3)


def test_a_job_has_the_energy_of_its_repetitions_where_a_meter_samples(
    bench: ab.Orchestrator,
) -> None:
    metered(bench)
    run = bench.run({"nap": ["sleep", "0.6"]}, repeat=2, warmup=1)
    assert run.wait(60)
    rows = list(run.results)
    for row in rows:
        assert row.metrics is not None
        # The start of the command is paid for too.
        assert row.wall_s is not None
        assert row.metrics["energy"] >= 50 * row.wall_s * 0.5
        assert row.metrics["energyShared"] == 0.0
    table = run.to_pandas()
    energies = [row.metrics["energy"] for row in rows if row.metrics]
    assert table.loc[0, "energy_j"] == pytest.approx(sum(energies) / 2)
    assert table.loc[0, "energy_shared"] == 0
    record = bench.state.get(f"/jobs/items/{run.jobs[0].id}")
    assert record["energyJ"] == pytest.approx(sum(energies) / 2, abs=1e-5)
    assert record["energyShared"] is False


def test_jobs_that_overlap_share_and_say_so(bench: ab.Orchestrator) -> None:
    metered(bench)
    gate = threading.Barrier(2)

    def together() -> None:
        gate.wait(30)
        threading.Event().wait(0.6)
        gate.wait(30)

    run = bench.run({"a": together, "b": together}, parallel=2)
    assert run.wait(60)
    table = run.to_pandas()
    assert list(table["energy_shared"]) == [True, True]
    whole = bench.devices.energy(
        *(
            min(row.started_at.timestamp() for row in run.results),
            max(row.started_at.timestamp() + (row.wall_s or 0) for row in run.results),
        )
    )
    # The parts add up to what the meter saw in all, give or take what starts and ends take.
    assert table["energy_j"].sum() == pytest.approx(whole["energy"], rel=0.5)


def test_without_a_meter_there_is_no_column_and_no_field(bench: ab.Orchestrator) -> None:
    run = bench.run({"quick": ["true"]})
    assert run.wait(60)
    assert "energy_j" not in run.to_pandas().columns
    assert run.results[0].metrics is None
    assert "energyJ" not in bench.state.get(f"/jobs/items/{run.jobs[0].id}")
