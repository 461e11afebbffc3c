"""A process that is killed at any moment loses no result that it has told, and the next one tells the truth."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

import autobench_nb as ab
from autobench_nb.errors import CommandError
from tests.journal.laboratory import eventually, orchestrator
from tests.living import is_alive

KILLS = int(os.environ.get("JOURNAL_KILLS", "200"))

BREEDER = """if True:
    import os, sys
    import autobench_nb as ab
    import autobench_nb.orchestrator.orchestrator, autobench_nb.journal.live

    # Whatever is imported late is imported now, once for all lives.
    with ab.Orchestrator(journal=sys.argv[1], connection_file=False) as bench:
        bench.run({"warm": lambda: 1}, repeat=3).wait()

    # What a life prints was told: to whoever waits for the run, by the row that anybody can see.
    for line in sys.stdin:
        path, life = line.split()
        child = os.fork()
        if child == 0:
            bench = ab.Orchestrator(journal=path, connection_file=False)
            os.write(1, f"up {os.getpid()}\\n".encode())
            number = 0
            while True:
                run = bench.run({f"{life}.{number}": lambda: 1}, repeat=3)
                seen = 0
                while not run.wait(0.0005):
                    rows = run.results[seen:]
                    seen += len(rows)
                    for row in rows:
                        os.write(1, f"result {row.run_id} {row.name} {row.repetition}\\n".encode())
                for row in run.results[seen:]:
                    os.write(1, f"result {row.run_id} {row.name} {row.repetition}\\n".encode())
                os.write(1, f"over {run.id}\\n".encode())
                assert bench.journal.record()["late"] == 0
                number += 1
        os.waitpid(child, 0)
        os.write(1, b"dead\\n")
"""


def test_two_hundred_kills_at_random_moments_lose_no_result_that_was_told(tmp_path: Path) -> None:
    path = tmp_path / "lab.db"
    moments = random.Random(12)
    told: set[tuple[str, str, int]] = set()
    over: set[str] = set()
    breeder = subprocess.Popen(
        [sys.executable, "-c", BREEDER, str(tmp_path / "warm.db")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert breeder.stdin is not None
    assert breeder.stdout is not None
    try:
        for life in range(KILLS):
            breeder.stdin.write(f"{path} {life}\n")
            breeder.stdin.flush()
            word, pid = breeder.stdout.readline().split()
            assert word == "up"
            # From the first moment on: while it begins, writes, commits, or waits.
            wanted = moments.randrange(5)
            while True:
                if wanted == 0:
                    time.sleep(moments.uniform(0, 0.003))
                    os.kill(int(pid), signal.SIGKILL)
                wanted -= 1
                kind, *rest = breeder.stdout.readline().split()
                if kind == "dead":
                    break
                if kind == "result":
                    told.add((rest[0], rest[1], int(rest[2])))
                elif kind == "over":
                    over.add(rest[0])
    finally:
        breeder.stdin.close()
        breeder.wait()
        breeder.stdout.close()
    assert len(told) > KILLS, "the kills came too early to say anything"
    connection = sqlite3.connect(path)
    assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()
    with ab.open_journal(path) as journal:
        kept = {(row["run_id"], row["name"], row["repetition"]) for row in journal.result_records()}
        status = {row["run_id"]: row["status"] for row in journal.run_records()}
        lives = journal.select("SELECT count(*) AS n FROM lives")
    assert told - kept == set()
    assert {status[run_id] for run_id in over} <= {"succeeded"}
    # Nobody lives: nothing runs.
    assert set(status.values()) <= {"succeeded", "interrupted"}
    assert lives == [{"n": KILLS}]


def test_after_a_kill_the_state_says_what_was_interrupted_and_when_it_was_last_seen(
    tmp_path: Path,
) -> None:
    path = tmp_path / "lab.db"
    code = """if True:
        import sys, time, autobench_nb as ab
        bench = ab.Orchestrator(journal=sys.argv[1], connection_file=False)
        run = bench.run({"done": "echo 1", "long": "sleep 60", "never": "echo 3"}, name="three")
        while len(bench.results) < 1 or run.jobs[1].status != "running":
            time.sleep(0.001)
        # The thread of a job that is said to run may not have told the journal yet.
        while len(bench.journal.select("SELECT step_id FROM steps")) < 2:
            time.sleep(0.001)
        print(run.id, flush=True)
        time.sleep(60)
    """
    first = subprocess.Popen(
        [sys.executable, "-c", code, str(path)], stdout=subprocess.PIPE, text=True
    )
    assert first.stdout is not None
    with first.stdout:
        run_id = first.stdout.readline().strip()
        before_ms = time.time() * 1e3
        first.kill()
        first.wait()
    with ab.open_journal(path) as journal:
        assert list(journal.runs()["status"]) == ["interrupted"]
        steps = journal.steps().set_index("name")["status"]
        assert steps.to_dict() == {"done": "succeeded", "long": "interrupted"}
    with orchestrator(path) as bench:
        told = bench.state.get("/journal/interrupted")
        assert [*told] == [run_id]
        assert told[run_id]["name"] == "three"
        assert (told[run_id]["steps"], told[run_id]["settled"]) == (3, 1)
        assert told[run_id]["resumable"] is True
        assert 0 < told[run_id]["lastSeenAt"] <= before_ms
        assert bench.journal is not None
        assert list(bench.journal.runs()["status"]) == ["interrupted"]


HELD = """if True:
    import os, sys, time
    import autobench_nb as ab
    path, folder = sys.argv[1:]
    bench = ab.Orchestrator(journal=path, connection_file=False)
    # The third begins, and waits until it is killed, or until somebody lets it go.
    hold = f"echo $$ > {folder}/held; while test ! -e {folder}/go; do sleep 0.05; done; "
    run = bench.run([f"{hold if n == 2 else ''}echo {n} >> {folder}/trace" for n in range(4)], cwd=folder)
    while not os.path.exists(f"{folder}/held") or len(bench.results) < 2:
        time.sleep(0.001)
    bench.journal.flush()
    print(run.id, *(job.id for job in run.jobs), flush=True)
    if sys.stdin.readline() == "close\\n":
        bench.close()
        os._exit(0)
    time.sleep(60)
"""


@pytest.mark.parametrize("end", ["kill", "close"])
def test_a_resumed_run_does_what_was_not_finished_and_that_alone(tmp_path: Path, end: str) -> None:
    path, trace = tmp_path / "lab.db", tmp_path / "trace"
    first = subprocess.Popen(
        [sys.executable, "-c", HELD, str(path), str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert first.stdin is not None
    assert first.stdout is not None
    try:
        with first.stdout:
            run_id, *job_ids = first.stdout.readline().split()
        if end == "kill":
            first.kill()
        with first.stdin:
            if end == "close":
                first.stdin.write("close\n")
    finally:
        if end == "kill":
            first.kill()
        first.wait(30)
    assert trace.read_text().split() == ["0", "1"]
    # The keeper of the killed process ends what it has left.
    held = (tmp_path / "held").read_text().strip()
    eventually(lambda: not is_alive(int(held)))
    (tmp_path / "go").touch()
    with orchestrator(path) as bench:
        run = bench.resume()
        assert isinstance(run, ab.Run)
        assert run.id == run_id
        assert [job.id for job in run.jobs] == job_ids[2:]
        assert bench.state.get("/journal/interrupted") == {}
        assert run.wait(30)
        assert trace.read_text().split() == ["0", "1", "2", "3"]
        journal = bench.journal
        assert journal is not None
        assert list(journal.runs()["status"]) == ["succeeded"]
        results = journal.results(run_id)
        well = results[results["status"] == "succeeded"]
        assert sorted(well["job_id"]) == sorted(job_ids)
        with pytest.raises(ab.AutoBenchError, match="not interrupted"):
            bench.resume(run_id)


def test_a_run_of_callables_says_why_it_cannot_be_resumed(tmp_path: Path) -> None:
    code = """if True:
        import os, sys, time, autobench_nb as ab
        bench = ab.Orchestrator(journal=sys.argv[1], connection_file=False)
        bench.run({"mine": lambda: time.sleep(60)})
        bench.journal.flush()
        os.kill(os.getpid(), 9)
    """
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "lab.db")], check=False, timeout=60)
    with orchestrator(tmp_path / "lab.db") as bench:
        (told,) = bench.state.get("/journal/interrupted").values()
        assert told["resumable"] is False
        assert "mine is a callable" in told["reason"]
        with pytest.raises(ab.AutoBenchError, match="mine is a callable"):
            bench.resume()


def test_a_page_resumes_a_run_by_command(tmp_path: Path) -> None:
    code = """if True:
        import os, sys, time, autobench_nb as ab
        bench = ab.Orchestrator(journal=sys.argv[1], connection_file=False)
        run = bench.run({"later": "sleep 60 & wait"})
        bench.journal.flush()
        print(run.id, flush=True)
        os.kill(os.getpid(), 9)
    """
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "lab.db")],
        stdout=subprocess.PIPE,
        text=True,
        check=False,
        timeout=60,
    )
    run_id = done.stdout.strip()
    with orchestrator(tmp_path / "lab.db") as bench:
        url = bench.serve(thread=True).url
        with ab.connect(url, token=bench.token) as client:
            assert client.command("journal.resume", runId=run_id) == {"runId": run_id}
            with pytest.raises(CommandError, match="interrupted"):
                client.command("journal.resume", runId=run_id)


RECIPE = """
apiVersion: autobench/v1
kind: Benchmark
metadata: {name: resumed}
spec:
  steps:
    - {id: first, run: 'echo first >> trace; echo 41', extract: {answer: {regex: '(\\d+)'}}}
    - {id: held, needs: [first], run: 'echo $$ > held; while test ! -e go; do sleep 0.05; done; echo held >> trace'}
    - {id: last, needs: [held], run: 'echo last ${steps.first.answer} >> trace'}
"""


def test_a_recipes_run_goes_on_after_its_last_finished_step(tmp_path: Path) -> None:
    path, recipe, folder = tmp_path / "lab.db", tmp_path / "resumed.yaml", tmp_path / "run"
    recipe.write_text(RECIPE)
    code = """if True:
        import os, sys, time, autobench_nb as ab
        path, recipe, folder = sys.argv[1:]
        bench = ab.Orchestrator(journal=path, connection_file=False)
        run = bench.run(recipe, folder=folder)
        while not os.path.exists(f"{folder}/held"):
            time.sleep(0.001)
        bench.journal.flush()
        print(run.id, flush=True)
        time.sleep(60)
    """
    first = subprocess.Popen(
        [sys.executable, "-c", code, str(path), str(recipe), str(folder)],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert first.stdout is not None
    try:
        with first.stdout:
            run_id = first.stdout.readline().strip()
    finally:
        first.kill()
        first.wait(30)
    held = (folder / "held").read_text().strip()
    eventually(lambda: not is_alive(int(held)))
    (folder / "go").touch()
    # The recipe is in the journal: its file may be gone.
    recipe.unlink()
    with orchestrator(path) as bench:
        told = bench.state.get("/journal/interrupted")[run_id]
        assert (told["name"], told["steps"], told["settled"]) == ("resumed", 3, 1)
        run = bench.resume(run_id)
        assert run.id == run_id
        assert run.wait(60)
        assert (folder / "trace").read_text().splitlines() == ["first", "held", "last 41"]
        journal = bench.journal
        assert journal is not None
        steps = journal.steps(run_id).set_index("step_id")["status"].to_dict()
        assert steps == {"first": "succeeded", "held": "succeeded", "last": "succeeded"}
        assert list(journal.runs()["status"]) == ["succeeded"]
        assert len(journal.results(run_id)) == 3
