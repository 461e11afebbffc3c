"""A journal stays within its bounds: the oldest goes, what is under way stays."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

import autobench_nb as ab
from autobench_nb.errors import ConfigError
from autobench_nb.jobs.ledger import DeviceTold, RunBegan, RunEnded
from autobench_nb.journal.live import LiveJournal
from tests.journal.laboratory import orchestrator, result, said

DAY_MS = 86_400_000.0


def live(bench: ab.Orchestrator) -> LiveJournal:
    """Its journal, which is there."""
    assert bench.journal is not None
    return bench.journal


def fill(journal: LiveJournal, runs: int, *, at_ms: float, padding: int = 0) -> None:
    """Runs with a result each, a millisecond apart."""
    for number in range(runs):
        run_id = f"run-{at_ms:.0f}-{number}"
        journal.run_began(RunBegan(run_id=run_id, at_ms=at_ms + number))
        journal.repetition(result(run_id, reason="x" * padding))
        journal.run_ended(RunEnded(run_id=run_id, status="succeeded", at_ms=at_ms + number))


def test_what_is_too_old_goes_and_what_is_younger_stays(tmp_path: Path) -> None:
    now = time.time() * 1e3
    with orchestrator(ab.Journal(tmp_path / "lab.db", max_age_days=30)) as bench:
        journal = live(bench)
        fill(journal, 3, at_ms=now - 31 * DAY_MS)
        fill(journal, 2, at_ms=now - 29 * DAY_MS)
        for days in (31, 29):
            journal.device(DeviceTold(device_id="psu", at_ms=now - days * DAY_MS, event="status"))
        journal.tidy()
        assert len(journal.runs()) == 2
        assert len(journal.results()) == 2
        assert len(journal.devices()) == 1


def test_past_a_bound_of_size_samples_go_before_runs_and_the_oldest_runs_first(
    tmp_path: Path,
) -> None:
    path = tmp_path / "lab.db"
    with orchestrator(ab.Journal(path, max_bytes=1_000_000)) as bench:
        journal = live(bench)
        fill(journal, 100, at_ms=1e12, padding=20_000)
        journal.device(DeviceTold(device_id="psu", at_ms=1.0, event="status"))
        journal.run_began(RunBegan(run_id="under way", at_ms=1.0))
        journal.tidy()
        runs = list(journal.runs()["run_id"])
        assert len(journal.devices()) == 0
        assert "under way" in runs
        assert "run-1000000000000-99" in runs
        assert "run-1000000000000-0" not in runs
        assert len(journal.results()) == len(runs) - 1
        journal.run_ended(RunEnded(run_id="under way", status="succeeded", at_ms=2.0))
    assert path.stat().st_size < 1_300_000


def test_where_only_what_runs_is_left_the_bound_is_said_to_be_too_small(tmp_path: Path) -> None:
    with orchestrator(ab.Journal(tmp_path / "lab.db", max_bytes=1_000_000)) as bench:
        journal = live(bench)
        journal.run_began(RunBegan(run_id="large", at_ms=1.0))
        for number in range(100):
            journal.repetition(result("large", number, reason="x" * 20_000))
        journal.tidy()
        journal.tidy()
        assert len(journal.results()) == 100
        assert len(said(bench, "max_bytes=1_000_000")) == 1


@pytest.mark.parametrize(
    "bounds",
    [
        {"max_bytes": 0},
        {"max_bytes": -1},
        {"max_bytes": 999_999},
        {"max_bytes": 1e9},
        {"max_bytes": True},
        {"max_bytes": "1 GB"},
        {"max_age_days": 0},
        {"max_age_days": -1},
        {"max_age_days": float("nan")},
        {"max_age_days": "a year"},
        {"logs": "yes"},
    ],
    ids=str,
)
def test_a_bound_that_is_none_is_refused(bounds: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match=next(iter(bounds))):
        ab.Journal("lab.db", **bounds)  # type: ignore[arg-type]
