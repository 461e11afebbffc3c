"""What a run and its jobs say to who looks: what failed and why, what was printed, what came out."""

from __future__ import annotations

import math
import re
import statistics
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from autobench_nb.errors import AutoBenchError, JobError, OptionError, RunError
from autobench_nb.figures import seconds_text
from autobench_nb.jobs import Runner
from tests.jobs.conftest import PATIENCE_S, Bench

# --- check


def test_check_gives_the_run_where_every_job_has_succeeded(runner: Runner) -> None:
    run = runner.submit({"a": "true", "b": lambda: 1})
    run.wait(PATIENCE_S)
    assert run.check() is run


def test_check_names_every_failed_job_with_its_reason(runner: Runner) -> None:
    def breaks() -> None:
        raise ValueError("no such voltage")

    run = runner.submit(
        {
            "good": "true",
            "bad": "echo first; echo the disk is full >&2; exit 3",
            "silent": "exit 4",
            "callable": breaks,
            "slow": "sleep 60",
        },
        timeout_s=5,
    )
    slow = run.jobs[-1]
    run.jobs[3].run.runner.cancel(slow.id)
    run.wait(PATIENCE_S)
    with pytest.raises(RunError) as caught:
        run.check()
    error = caught.value
    assert error.run_id == run.id
    assert error.reasons == {
        run.jobs[1].id: "exit status 3; its last line: the disk is full",
        run.jobs[2].id: "exit status 4",
        run.jobs[3].id: "ValueError: no such voltage",
        slow.id: slow.reason,
    }
    for job in run.jobs[1:]:
        assert f"  {job.name}: {error.reasons[job.id]}" in str(error)
    assert "good" not in str(error)
    assert str(error).startswith(f"{run.label}: 5 jobs, 3 failed, 1 cancelled, 1 succeeded.")
    assert f'bench.logs.query("job:{run.jobs[1].id}")' in str(error)
    assert isinstance(error, (AutoBenchError, RuntimeError))


def test_check_of_a_run_that_goes_on_says_so_instead_of_passing(runner: Runner, fifo: Path) -> None:
    run = runner.submit({"waits": f"cat {fifo}", "next": "true"})
    with pytest.raises(RunError, match="2 jobs not ended yet: await the run") as caught:
        run.check()
    assert list(caught.value.reasons) == [job.id for job in run.jobs]
    fifo.write_text("")
    assert run.wait(PATIENCE_S)
    run.check()


def test_an_error_of_many_failures_can_be_read(runner: Runner) -> None:
    run = runner.submit({f"job {number}": "exit 1" for number in range(60)}, parallel=8)
    run.wait(PATIENCE_S)
    with pytest.raises(RunError) as caught:
        run.check()
    assert len(caught.value.reasons) == 60
    assert len(str(caught.value).splitlines()) < 30
    assert "and 40 more: run.to_pandas() has all reasons" in str(caught.value)


def test_the_text_of_a_run_begins_with_what_failed(runner: Runner) -> None:
    work = {f"good {number}": "true" for number in range(30)} | {"bad": "exit 2"}
    run = runner.submit(work, parallel=8)
    run.wait(PATIENCE_S)
    lines = repr(run).splitlines()
    assert lines[0] == f"<Run {run.label} failed, 31 of 31 jobs ended"
    assert "'bad' failed: exit status 2" in lines[1]
    assert lines[-1] == "  … and 11 more>"


# --- a job


def test_a_job_has_what_a_repetition_takes(runner: Runner) -> None:
    run = runner.submit({"once": "true", "often": "true", "bad": "exit 1"}, repeat=3)
    run.wait(PATIENCE_S)
    often, bad = run.jobs[1], run.jobs[2]
    walls = [row.wall_s for row in often.results]
    assert often.wall_s == pytest.approx(math.fsum(walls) / 3)  # type: ignore[arg-type]
    assert bad.wall_s is None
    assert seconds_text(often.wall_s, statistics.stdev(walls)) in repr(often)  # type: ignore[arg-type, type-var]
    assert repr(bad).endswith("failed: exit status 1 0/3>")


def test_a_job_has_the_very_object_that_its_callable_returned_last(runner: Runner) -> None:
    made: list[object] = []

    def make() -> object:
        if len(made) == 2:
            raise RuntimeError("enough")
        made.append(object())
        return made[-1]

    run = runner.submit({"callable": make, "command": "echo 1"}, repeat=3)
    assert run.jobs[1].value is None
    run.wait(PATIENCE_S)
    assert run.jobs[0].value is made[1]
    assert run.jobs[1].value is None


@pytest.mark.parametrize(
    ("work", "output"),
    [
        ("echo hello", "hello"),
        ("echo a; echo b; printf c", "a\nb\nc"),
        ("printf ''", ""),
        ("echo; echo", "\n"),
        ("echo 'x; y:z \"q\"'", 'x; y:z "q"'),
        ("printf '10%%\\r20%%\\r30%%\\n'", "30%"),
        ("printf 'tab\\there\\n'", "tab\there"),
        ("echo grün 😀", "grün 😀"),
        (
            "printf 'Traceback (most recent call last):\\n  File \"a.py\", line 1, in <module>\\nValueError: x\\n'",
            'Traceback (most recent call last):\n  File "a.py", line 1, in <module>\nValueError: x',
        ),
    ],
)
def test_a_job_has_the_text_of_what_it_printed(runner: Runner, work: str, output: str) -> None:
    run = runner.submit(work)
    run.wait(PATIENCE_S)
    assert run.jobs[0].output == output


def test_what_a_job_printed_is_its_own(runner: Runner) -> None:
    work: list[Any] = [*(f"echo {number}" for number in range(12)), lambda: print("mine")]
    run = runner.submit(work)
    run.wait(PATIENCE_S)
    assert [job.output for job in run.jobs] == [*map(str, range(12)), "mine"]


def test_stderr_and_every_repetition_are_part_of_what_was_printed(runner: Runner) -> None:
    run = runner.submit("echo out; sleep 0.05; echo err >&2", repeat=2, warmup=1)
    run.wait(PATIENCE_S)
    assert sorted(run.jobs[0].output.split("\n")) == ["err"] * 3 + ["out"] * 3


def test_output_that_the_log_let_go_is_counted_in_it(bench: Bench, runner: Runner) -> None:
    bench.ring.resize(10)
    run = runner.submit({"counts": "seq 30", "last": "true"})
    run.wait(PATIENCE_S)
    first, *rest = run.jobs[0].output.split("\n")
    shown = len(rest)
    assert first == (
        f"[{30 - shown} earlier lines are no longer in the log, which holds 10: log_capacity=...]"
    )
    assert rest == [str(number) for number in range(31 - shown, 31)]


def test_a_runner_without_a_log_says_that_it_cannot_read_what_was_printed(bench: Bench) -> None:
    runner = bench.runner(printed=None)
    run = runner.submit({"bad": "echo text; exit 1"})
    run.wait(PATIENCE_S)
    with pytest.raises(JobError, match="no log to read"):
        run.jobs[0].output  # noqa: B018 - reading it is the test
    with pytest.raises(RunError, match="bad: exit status 1"):
        run.check()


# --- side by side


def test_a_run_is_compared_in_a_table(runner: Runner) -> None:
    run = runner.submit({"fast": "true", "slow": "sleep 0.05", "bad": "exit 2"}, repeat=3)
    run.wait(PATIENCE_S)
    table = run.to_pandas()
    assert table["name"].tolist() == ["fast", "slow", "bad"]
    fast, slow, bad = table.to_dict("records")
    walls = [row.wall_s for row in run.jobs[1].results if row.wall_s is not None]
    assert (slow["repetitions"], slow["status"]) == (3, "succeeded")
    mean = sum(walls) / 3
    assert slow["mean_s"] == pytest.approx(mean)
    assert (slow["min_s"], slow["max_s"]) == (min(walls), max(walls))
    assert slow["sd_s"] == pytest.approx(math.sqrt(sum((one - mean) ** 2 for one in walls) / 2))
    assert fast["ratio"] == 1.0
    assert slow["ratio"] == pytest.approx(slow["mean_s"] / fast["mean_s"])
    assert bad["reason"] == "exit status 2"
    assert math.isnan(bad["mean_s"])
    assert math.isnan(bad["ratio"])
    assert len(run.results.to_pandas()) == 7, "the repetitions themselves stay: 3, 3 and 1"
    assert run.to_arrow().column_names == list(run.to_pandas().columns)


def test_a_run_that_has_not_begun_is_a_table_too(runner: Runner, fifo: Path) -> None:
    run = runner.submit({"waits": f"cat {fifo}", "next": "true"})
    table = run.to_pandas()
    assert table["status"].tolist() == ["running", "queued"]
    assert table["repetitions"].tolist() == [0, 0]
    assert table["mean_s"].isna().all()
    fifo.write_text("")
    run.wait(PATIENCE_S)


def test_a_plot_waits_for_the_end_unless_it_is_told_not_to(runner: Runner, fifo: Path) -> None:
    run = runner.submit({"first": "true", "waits": f"cat {fifo}"})
    assert "1 running" in run.plot(wait=False)._repr_html_()
    assert "1 running" in run._repr_html_()
    fifo.write_text("")
    assert "2 jobs, 2 succeeded" in run.plot()._repr_html_()


def test_a_mistyped_measure_names_the_nearest_before_anything_is_waited_for(
    runner: Runner, fifo: Path
) -> None:
    run = runner.submit(f"cat {fifo}")
    with pytest.raises(OptionError, match="plot\\(\\) takes no wal_s: did you mean wall_s\\?"):
        run.plot("wal_s")
    fifo.write_text("")
    run.wait(PATIENCE_S)


def test_a_run_is_compared_by_any_measure_and_metric(runner: Runner) -> None:
    run = runner.submit({"a": partial(dict, loss=0.25, text="x"), "b": partial(dict, loss=0.5)})
    run.wait(PATIENCE_S)
    by_loss = run.to_pandas("loss")
    assert list(by_loss.columns[5:10]) == ["mean", "sd", "min", "max", "ratio"]
    assert by_loss["mean"].tolist() == [0.25, 0.5]
    assert by_loss["ratio"].tolist() == [1.0, 2.0]
    assert "mean_bytes" in run.to_pandas("max_rss_bytes")
    assert run.to_arrow("cpu_s").column_names[5:7] == ["mean_s", "sd_s"]
    page = run.plot("loss")._repr_html_()
    assert "<th>loss" in page
    assert ">0.250<" in page
    with pytest.raises(OptionError, match="to_pandas\\(\\) takes no los: did you mean loss\\?"):
        run.to_pandas("los")
    with pytest.raises(OptionError, match="plot\\(\\) takes no los: did you mean loss\\?"):
        run.plot("los")


def test_an_ended_job_tells_what_each_measure_came_to(runner: Runner) -> None:
    (job,) = runner.submit(lambda: {"loss": 0.25, "nan": math.nan, "text": "x"}, repeat=3).jobs
    job.run.wait(PATIENCE_S)
    told = {one["name"]: one for one in job.record()["measures"]}
    assert told["loss"] == {
        "name": "loss", "mean": 0.25, "sd": 0.0, "min": 0.25, "max": 0.25, "count": 3
    }  # fmt: skip
    assert told["cpu_s"]["unit"] == "s"
    assert "nan" not in told
    assert "wall_s" not in told, "it has fields of its own"
    assert job.numbers("loss") == [0.25] * 3
    assert len(job.numbers("cpu_s")) == 3
    assert job.numbers("nothing") == []


def test_a_job_tells_of_measures_at_its_end_and_of_few(runner: Runner, fifo: Path) -> None:
    """Each repetition would else change them all: the state is no stream of metrics."""
    many, waits = runner.submit(
        {"many": lambda: {f"m{n}": n for n in range(500)} | {"x" * 500: 1}, "waits": f"cat {fifo}"}
    ).jobs
    assert "measures" not in waits.record()
    fifo.write_text("")
    waits.run.wait(PATIENCE_S)
    assert len(many.record()["measures"]) <= 16
    assert all(len(one["name"]) <= 128 for one in many.record()["measures"])


def test_the_jobs_of_a_bench_are_listed_by_their_names(bench: Bench, runner: Runner) -> None:
    run = runner.submit({"gzip -9": "true", "bad one": "exit 3"})
    run.wait(PATIENCE_S)
    text = repr(runner.jobs)
    first, second = (job.id for job in run.jobs)
    assert re.search(rf"^  {first} 'gzip -9': succeeded, [\d.e-]+ s$", text, re.M)
    assert f"  {second} 'bad one': failed: exit status 3>" in text


# --- an interrupt

SCRIPT = """
import signal, sys, threading, time, traceback
import autobench_nb as ab

main = threading.main_thread().ident
# Where the tests were begun in the background, an interrupt is ignored, and so it would be here.
signal.signal(signal.SIGINT, signal.default_int_handler)

def interrupt():
    # One that comes before the main thread waits for the run, or while it leaves, would be another's.
    while "result" not in [frame.name for frame in traceback.extract_stack(sys._current_frames()[main])]:
        time.sleep(0.01)
    signal.pthread_kill(main, signal.SIGINT)

with ab.Orchestrator() as bench:
    run = bench.run({"waits": "sleep 100", "next": "true"})
    threading.Thread(target=interrupt, daemon=True).start()
    try:
        run.wait()
    except KeyboardInterrupt as stopped:
        print(run.done, *stopped.__notes__)
    run.cancel()
    print(run.wait(30))
"""


def test_an_interrupt_of_wait_says_that_the_jobs_go_on() -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], capture_output=True, text=True, timeout=120, check=False
    )
    first, second = done.stdout.splitlines()
    assert first == (
        "False run-1 goes on, 2 jobs not ended yet: run.cancel() ends it, "
        "await run or run.wait() waits for it again."
    )
    assert second == "True"
    assert done.returncode == 0, done.stderr
