"""What runs is written as it happens, and can be read with and without the orchestrator that wrote it."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

import pytest

import autobench_nb as ab
from autobench_nb.errors import ConfigError, JournalError, JournalInUse
from autobench_nb.jobs.ledger import ArtifactKept, DeviceTold, RunEnded, StepBegan, StepSettled
from autobench_nb.journal.live import LiveJournal
from tests.journal.laboratory import began, leftovers, orchestrator, python, result
from tests.leaks import nothing_is_left


def live(bench: ab.Orchestrator) -> LiveJournal:
    """Its journal, which is there."""
    assert bench.journal is not None
    return bench.journal


def test_runs_jobs_and_results_are_in_the_file_when_the_run_is_over(tmp_path: Path) -> None:
    with orchestrator(tmp_path / "lab.db") as bench:
        run = bench.run({"one": "echo 1", "bad": "exit 3"}, repeat=2)
        run.wait()
        with ab.open_journal(tmp_path / "lab.db") as journal:
            runs, steps, results = journal.runs(), journal.steps(), journal.results()
        assert list(runs["status"]) == ["failed"]
        assert list(runs["run_id"]) == [run.id]
        assert dict(zip(steps["name"], steps["status"], strict=True)) == {
            "one": "succeeded",
            "bad": "failed",
        }
        assert "3" in steps.set_index("name")["reason"]["bad"]
        assert list(results["wall_s"]) == [row.wall_s for row in run.results]
        assert list(results["started_at"]) == [row.started_at for row in run.results]


def test_a_table_of_results_from_the_file_has_the_columns_of_the_live_one(tmp_path: Path) -> None:
    with orchestrator(tmp_path / "lab.db") as bench:
        bench.run([lambda: {"pairs": 3}, "true"]).wait()
        now = bench.results.to_pandas()
        then = live(bench).results()
    assert {*now.columns} <= {*then.columns}
    assert list(then["value"]) == list(now["value"])
    assert then[list(now.columns)].dtypes.to_dict() == now.dtypes.to_dict()


def test_a_journal_that_is_closed_leaves_one_file_and_its_lock(tmp_path: Path) -> None:
    with nothing_is_left(), orchestrator(tmp_path / "lab.db") as bench:
        bench.run("true").wait()
        assert bench.journal is not None
        assert len(bench.journal.runs()) == 1
    assert leftovers(tmp_path) == []
    assert sorted(os.listdir(tmp_path)) == ["lab.db", "lab.db-owner"]


@pytest.mark.parametrize(
    "value",
    [
        float("nan"),
        float("inf"),
        2**70,
        -(2**63) - 1,
        "\ud800 lone",
        b"\x00\xff",
        {"deep": [1, {2: object()}]},
        {1, 2},
        "x" * 2_000_000,
        None,
    ],
    ids=["nan", "inf", "large", "small", "lone", "bytes", "deep", "set", "long", "none"],
)
def test_whatever_a_callable_returns_is_kept_in_the_form_that_the_wire_has(
    tmp_path: Path, value: object
) -> None:
    with orchestrator(tmp_path / "lab.db") as bench:
        run = bench.run(lambda: value)
        run.wait()
        (kept,) = live(bench).select("SELECT status, value FROM results")
        assert kept["status"] == "succeeded"
        assert live(bench).record()["missed"] == 0


@pytest.mark.parametrize(
    "text", ["a\0b", "\udcff", "🙂", "'; DROP TABLE runs; --", "", "x" * 100_000]
)
def test_odd_texts_are_kept(tmp_path: Path, text: str) -> None:
    with orchestrator(tmp_path / "lab.db") as bench:
        journal = live(bench)
        journal.run_began(began("run", name=text, parameters={"p": 1}))
        journal.step_began(StepBegan(run_id="run", step_id=text, at_ms=1.0, command=text))
        journal.step_settled(
            StepSettled(run_id="run", step_id=text, status="failed", at_ms=2.0, reason=text)
        )
        journal.repetition(result("run", reason=text))
        journal.run_ended(RunEnded(run_id="run", status="failed", at_ms=3.0, reason=text))
        (row,) = journal.select("SELECT reason, status FROM runs")
        assert row["status"] == "failed"
        assert row["reason"].encode(errors="surrogateescape")[:3] in (
            text.encode(errors="backslashreplace")[:3],
            text.encode(errors="surrogateescape")[:3],
        )
        assert journal.record()["missed"] == 0


def test_artifacts_and_devices_come_out_as_tables(tmp_path: Path) -> None:
    with orchestrator(tmp_path / "lab.db") as bench:
        journal = live(bench)
        journal.artifact(
            ArtifactKept(
                run_id="r", step_id="s", path="a.bin", sha256="00", size_bytes=7, at_ms=5.0
            )
        )
        journal.device(
            DeviceTold(device_id="psu", at_ms=6.0, event="action", detail={"power_w": 12.5})
        )
        journal.device(
            DeviceTold(device_id="fan", at_ms=7.0, event="status", detail={"status": "degraded"})
        )
        assert list(journal.artifacts("r")["size_bytes"]) == [7]
        assert list(journal.artifacts("other")["path"]) == []
        devices = journal.devices()
        assert list(devices["device_id"]) == ["psu", "fan"]
        assert list(journal.devices("psu")["power_w"]) == [12.5]


def test_the_past_of_the_same_work_is_known_to_the_next_orchestrator(tmp_path: Path) -> None:
    with orchestrator(tmp_path / "lab.db") as bench:
        run = bench.run({"work": "true"}, repeat=3)
        run.wait()
        walls = [row.wall_s for row in run.results]
    with orchestrator(tmp_path / "lab.db") as bench:
        assert live(bench).durations("work", "true") == walls[::-1]
        assert live(bench).durations("work", "true", limit=1) == walls[-1:]
        assert live(bench).durations("work", "false") == []


def test_a_second_orchestrator_is_refused_by_the_first_ones_process_and_notebook(
    tmp_path: Path,
) -> None:
    code = """if True:
        import sys, autobench_nb as ab
        with ab.Orchestrator(journal=sys.argv[1], connection_file=False):
            print("open", flush=True)
            sys.stdin.read()
    """
    import subprocess
    import sys

    first = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path / "lab.db")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "JPY_SESSION_NAME": "/home/me/bench.ipynb"},
    )
    try:
        assert first.stdout is not None
        assert first.stdout.readline() == b"open\n"
        with pytest.raises(JournalInUse) as refused:
            orchestrator(tmp_path / "lab.db")
        assert refused.value.pid == first.pid
        assert f"process {first.pid}" in str(refused.value)
        assert "/home/me/bench.ipynb" in str(refused.value)
        # Who reads only is not refused, and sees what runs as running.
        with ab.open_journal(tmp_path / "lab.db") as reader:
            owner = reader.owner()
            assert owner is not None
            assert owner.pid == first.pid
        first.kill()
        first.wait()
        # The lock of a process that is dead is nobody's.
        with orchestrator(tmp_path / "lab.db"):
            pass
    finally:
        first.kill()
        first.communicate()


def test_two_orchestrators_of_one_process_do_not_share_a_file(tmp_path: Path) -> None:
    with (
        orchestrator(tmp_path / "lab.db"),
        pytest.raises(JournalInUse, match=f"process {os.getpid()}"),
    ):
        orchestrator(tmp_path / "lab.db")
    # Nor by another name of the same folder.
    (tmp_path / "link").symlink_to(tmp_path)
    with orchestrator(tmp_path / "lab.db"), pytest.raises(JournalInUse):
        orchestrator(tmp_path / "link" / "lab.db")
    with orchestrator(tmp_path / "link" / "lab.db"):
        pass


def test_a_lock_file_of_rubbish_is_no_owner(tmp_path: Path) -> None:
    (tmp_path / "lab.db-owner").write_bytes(b"\xff{not json")
    with orchestrator(tmp_path / "lab.db") as bench:
        bench.run("true").wait()


def test_a_forked_child_neither_writes_nor_owns_the_journal(tmp_path: Path) -> None:
    printed = python(
        """if True:
        import os, sys, autobench_nb as ab
        from autobench_nb.errors import ClosedError
        from tests.journal.laboratory import result
        bench = ab.Orchestrator(journal=sys.argv[1], connection_file=False)
        bench.run("true").wait()
        release_r, release_w = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(release_w)
            bench.journal.repetition(result("of the child"))
            bench.journal.close()
            try:
                bench.journal.runs()
            except ClosedError:
                os.write(1, b"refused\\n")
            os.read(release_r, 1)  # lives on until the parent has let go
            os._exit(0)
        os.close(release_r)
        bench.run("true").wait()
        rows = bench.journal.select("SELECT run_id FROM results")
        bench.close()
        with ab.Orchestrator(journal=sys.argv[1], connection_file=False) as other:
            print(len(rows), len(other.journal.runs()), flush=True)
        os.close(release_w)
        os.waitpid(child, 0)
        """,
        str(tmp_path / "lab.db"),
    )
    assert sorted(printed.splitlines()) == ["2 2", "refused"]


@pytest.mark.parametrize(
    "asked", ["", ":memory:", "file:lab.db?mode=memory", 7, "a\0b", b"lab.db"], ids=repr
)
def test_what_is_no_path_of_a_file_is_refused(asked: object) -> None:
    with pytest.raises(ConfigError, match="journal"):
        orchestrator(asked)


def test_the_environment_may_name_the_journal(tmp_path: Path) -> None:
    environ = {"AUTOBENCH_JOURNAL": str(tmp_path / "env.db"), "AUTOBENCH_JOURNAL_LOGS": "yes"}
    with orchestrator(None, environ=environ) as bench:
        assert live(bench).settings == ab.Journal(str(tmp_path / "env.db"), logs=True)
    assert (tmp_path / "env.db").exists()


def test_without_a_journal_nothing_is_written_and_a_resume_says_so(tmp_path: Path) -> None:
    with orchestrator(None) as bench:
        assert bench.journal is None
        assert "journal" not in bench.state.get("")
        with pytest.raises(ab.AutoBenchError, match="without a journal"):
            bench.resume()
    assert os.listdir(tmp_path) == []


def test_a_journal_of_the_first_version_is_brought_to_this_one_with_all_that_it_holds(
    tmp_path: Path,
) -> None:
    old = Path(__file__).parent / "journal-v1.db"
    path = tmp_path / "lab.db"
    path.write_bytes(old.read_bytes())
    with orchestrator(path) as bench:
        journal = live(bench)
        (version,) = journal.select("PRAGMA user_version")
        assert version == {"user_version": 2}
        assert list(journal.runs()["status"]) == ["succeeded", "interrupted"]
        assert len(journal.results()) == 3
        assert journal.durations("pack", "gzip -9") == [0.3, 0.2, 0.1]
        assert [*bench.journal.interrupted] == ["run-b"]  # type: ignore[union-attr]
        bench.run("true").wait()
        assert len(journal.results()) == 4


def test_a_migration_that_fails_half_way_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "lab.db"
    path.write_bytes((Path(__file__).parent / "journal-v1.db").read_bytes())
    with sqlite3.connect(path) as other:
        # A table of that name makes the second statement of the second version fail.
        other.execute("CREATE TABLE log_chunks (x)")
    other.close()
    with pytest.raises(JournalError, match="log_chunks"):
        orchestrator(path)
    with sqlite3.connect(path) as other:
        assert other.execute("PRAGMA user_version").fetchone() == (1,)
        indexes = [row[0] for row in other.execute("SELECT name FROM sqlite_schema")]
        assert "results_by_work" not in indexes
    other.close()
