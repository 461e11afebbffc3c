"""What a page may ask of the jobs: to see one closely, to answer it, to have it first, and to do it again."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import Any

import pytest

from autobench_nb.errors import CommandError, JobError
from autobench_nb.jobs import Job, RepetitionOutcome, Runner
from autobench_nb.jobs.commands import Handlers, job_commands
from autobench_nb.jobs.other_load import OtherLoad
from autobench_nb.jobs.past import KEPT, TIMES_TOLD, Past, PastRepetition
from autobench_nb.jobs.prompts import looks_like_prompt
from autobench_nb.logs.redaction.redactor import Redactor
from autobench_nb.state.model import JobStatus
from tests.jobs.conftest import PATIENCE_S, Bench
from tests.jobs.test_state_writer import wait_for


@pytest.fixture
def ask(runner: Runner) -> Any:
    handlers: Handlers = job_commands(runner, lambda: Redactor([r"hunter\d"], secrets=True))

    def run(name: str, **args: Any) -> Any:
        return handlers[name](args)

    return run


def ended(runner: Runner, work: Any, **how: Any) -> Job:
    run = runner.submit(work, **how)
    assert run.wait(PATIENCE_S)
    return run.jobs[0]


# --- job.get


def test_a_job_tells_what_it_was_asked_to_do_and_how_each_repetition_went(
    runner: Runner, ask: Any, tmp_path: Path
) -> None:
    job = ended(runner, "exit 0", repeat=2, warmup=1, timeout_s=9.0, cwd=tmp_path)
    told = ask("job.get", jobId=job.id)
    assert (told["command"], told["folder"], told["timeoutS"]) == ("exit 0", str(tmp_path), 9.0)
    assert (told["repeat"], told["warmup"], told["executor"]) == (2, 1, "local")
    assert [one["number"] for one in told["repetitions"]] == [0, 1, 2]
    assert all(one["exitCode"] == 0 and one["wallS"] > 0 for one in told["repetitions"])
    assert told["ended"] == 3
    assert told["takesInput"] is False


def test_the_folder_is_the_process_s_own_where_none_was_given(runner: Runner, ask: Any) -> None:
    assert ask("job.get", jobId=ended(runner, "true").id)["folder"] == os.getcwd()


@pytest.mark.parametrize(
    "name",
    [
        *("API_TOKEN", "DB_PASSWORD", "AWS_SECRET_ACCESS_KEY", "GITHUBTOKEN", "my.api-key", "SSH_AUTH_SOCK"),
        *("PGPASSWORD", "SESSION_COOKIE", "PRIVATE_KEY_2", "SENTRY_DSN", "access_token", "CREDENTIALS"),
    ],
)  # fmt: skip
def test_a_variable_that_is_called_like_a_secret_is_told_without_its_value(
    name: str, runner: Runner, ask: Any
) -> None:
    job = ended(runner, "true", env={name: "x1"})
    assert ask("job.get", jobId=job.id)["environment"] == [{"name": name, "value": "[redacted]"}]


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("postgres://me:abc123@db/x", "postgres://me:[redacted]@db/x"),
        ("AKIAABCDEFGHIJKLMNOP", "[redacted]"),
        ("it is hunter2", "it is [redacted]"),
        ("plain", "plain"),
        ("", ""),
        (None, None),
    ],
)
def test_a_value_that_looks_like_a_secret_is_not_told(
    value: str | None, told: str | None, runner: Runner, ask: Any
) -> None:
    job = ended(runner, "true", env={"WHERE": value})
    assert ask("job.get", jobId=job.id)["environment"] == [{"name": "WHERE", "value": told}]


def test_names_that_only_hold_such_a_word_are_told(runner: Runner, ask: Any) -> None:
    env = {"MONKEY": "1", "PWD": "/x", "KEYBOARD": "us", "COMPASS": "n", "LC_ALL": "C"}
    told = ask("job.get", jobId=ended(runner, "true", env=env).id)["environment"]
    assert {one["name"]: one["value"] for one in told} == env


def test_a_job_that_is_not_known_is_not_found(ask: Any) -> None:
    for name in ("job.get", "job.send"):
        with pytest.raises(CommandError) as raised:
            ask(name, jobId="77", text="")
        assert raised.value.code == "not-found"
    with pytest.raises(CommandError, match="77"):
        ask("job.retry", jobIds=["77"])
    assert ask("job.times", jobIds=["77"]) == {"items": {}}
    assert ask("job.first", jobId="77") == {"moved": False}


# --- job.retry


def test_what_is_done_again_is_asked_for_as_before_and_says_what_it_repeats(
    runner: Runner, bench: Bench, ask: Any, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    work = {"one": f'echo "$WORD" >> {out}', "two": "exit 3"}
    old = runner.submit(work, repeat=2, env={"WORD": "hello"}, name="both")
    assert old.wait(PATIENCE_S)
    again = ask("job.retry", jobIds=[job.id for job in old.jobs])
    wait_for(bench, "/jobs/lastCompleted", again["jobIds"][1])
    assert out.read_text() == "hello\n" * 4
    records = [bench.store.get(f"/jobs/items/{job_id}") for job_id in again["jobIds"]]
    assert [record["retryOf"] for record in records] == [job.id for job in old.jobs]
    assert [record["status"] for record in records] == ["succeeded", "failed"]
    run = bench.store.get(f"/jobs/runs/{again['runId']}")
    assert (run["retryOf"], run["name"], run["jobs"]) == (old.id, "both", 2)


def test_it_is_repeated_as_often_as_asked(runner: Runner, bench: Bench, ask: Any) -> None:
    job = ended(runner, "true")
    again = ask("job.retry", jobIds=[job.id], repeat=3)
    (new,) = again["jobIds"]
    wait_for(bench, f"/jobs/items/{new}/done", 3)


def test_a_callable_is_done_again_in_this_process(runner: Runner, bench: Bench, ask: Any) -> None:
    calls: list[int] = []
    job = ended(runner, lambda: calls.append(1))
    (new,) = ask("job.retry", jobIds=[job.id])["jobIds"]
    wait_for(bench, f"/jobs/items/{new}/status", "succeeded")
    assert calls == [1, 1]


def test_jobs_of_several_runs_make_a_run_that_repeats_none(
    runner: Runner, bench: Bench, ask: Any
) -> None:
    ids = [ended(runner, "true").id, ended(runner, "true").id]
    again = ask("job.retry", jobIds=ids)
    assert bench.store.get(f"/jobs/runs/{again['runId']}/retryOf") is None


def test_python_can_ask_for_the_same(runner: Runner) -> None:
    job = ended(runner, "true")
    run = runner.retry([job.id])
    assert run.wait(PATIENCE_S)
    assert run.retry_of == job.run_id
    with pytest.raises(JobError, match="no job '99'"):
        runner.retry(["99"])


# --- job.first


def test_a_queued_job_can_be_put_first(runner: Runner, bench: Bench, ask: Any, fifo: Path) -> None:
    blocker = runner.submit(f"cat {fifo}")
    run = runner.submit(["true", "true", "true"])
    ids = [job.id for job in run.jobs]
    assert ask("job.first", jobId=ids[2]) == {"moved": True}
    assert bench.store.get("/jobs/queue") == [ids[2], ids[0], ids[1]]
    assert ask("job.first", jobId=blocker.jobs[0].id) == {"moved": False}
    fifo.write_text("")
    assert run.wait(PATIENCE_S)
    started = sorted(run.jobs, key=lambda job: job.lifecycle.started_ms or 0.0)
    assert started[0].id == ids[2]


# --- job.send and prompts


def test_a_prompt_is_told_and_can_be_answered(runner: Runner, bench: Bench, ask: Any) -> None:
    run = runner.submit("printf 'Go on? [y/N] '; read x; echo got $x", stdin=True)
    (job,) = run.jobs
    wait_for(bench, f"/jobs/items/{job.id}/asks", True)
    assert bench.record(job)["current"] == "Go on? [y/N] "
    assert ask("job.get", jobId=job.id)["takesInput"] is True
    assert ask("job.send", jobId=job.id, text="yes\n") == {"sent": True}
    assert run.wait(PATIENCE_S)
    assert bench.lines(job)[-1] == "Go on? [y/N] got yes"
    record = bench.record(job)
    assert (record["asks"], record["status"]) == (False, "succeeded")
    with pytest.raises(JobError, match="it has ended"):
        ask("job.send", jobId=job.id, text="more\n")


def test_one_that_cannot_be_answered_does_not_ask(runner: Runner, bench: Bench, fifo: Path) -> None:
    run = runner.submit(f"printf 'Go on? '; cat {fifo}")
    (job,) = run.jobs
    wait_for(bench, f"/jobs/items/{job.id}/current", "Go on? ")
    assert bench.record(job)["asks"] is False
    fifo.write_text("")
    assert run.wait(PATIENCE_S)


@pytest.mark.parametrize(
    "text",
    [
        *("Go on? ", "name: ", "Password:", ">>> ", "$ ", "root@x:~# ", "Continue [y/N]", "Overwrite (yes/no) "),
        *("[Y/n]", "Press ENTER to continue ", "--More--", "(END)", "Hit any key ...", "Choose <default> "),
        "one line\nWhich? ",
    ],
)  # fmt: skip
def test_these_lines_ask(text: str) -> None:
    assert looks_like_prompt(text)


@pytest.mark.parametrize(
    "text",
    [
        *("Compressing ...", "50%", "", "reading 3 of 7", "[#####     ]", "done (1/2)", "Go on? \n", "ok"),
        *("loss 0.3", "downloading a.tar", "[12/80] compiling", "elapsed 3 s", "x = 1;", "10 MB/s"),
    ],
)  # fmt: skip
def test_these_lines_say_something_and_ask_nothing(text: str) -> None:
    assert not looks_like_prompt(text)


# --- what is told while a job runs


def test_progress_that_nobody_told_is_not_told(runner: Runner, bench: Bench, fifo: Path) -> None:
    """Before, the page could not tell 'nothing is known' from 'nothing is done'."""
    run = runner.submit(f"cat {fifo}")
    (job,) = run.jobs
    wait_for(bench, f"/jobs/items/{job.id}/repetition", 1)
    record = bench.record(job)
    assert record["fraction"] is None
    assert record["repetitionAt"] >= record["startedAt"]
    fifo.write_text("")
    assert run.wait(PATIENCE_S)
    assert bench.record(job)["repetition"] is None


def test_a_warm_up_is_told_as_one_and_counts_for_nothing(
    runner: Runner, bench: Bench, fifo: Path
) -> None:
    run = runner.submit(f"cat {fifo}", warmup=1)
    (job,) = run.jobs
    wait_for(bench, f"/jobs/items/{job.id}/repetition", 0)
    assert (bench.record(job)["progress"], bench.record(job)["warmup"]) == (0, 1)
    fifo.write_text("")
    wait_for(bench, f"/jobs/items/{job.id}/repetition", 1)
    fifo.write_text("")
    assert run.wait(PATIENCE_S)
    assert bench.record(job)["maxS"] == job.results[0].wall_s


def test_a_run_leaves_the_state_with_its_last_job(bench: Bench) -> None:
    runner = bench.runner(max_kept=2)
    first = runner.submit(["true"] * 3, name="first")
    assert first.wait(PATIENCE_S)
    assert bench.store.get(f"/jobs/runs/{first.id}/jobs") == 3
    second = runner.submit(["true", "true"])
    assert second.wait(PATIENCE_S)
    wait_for(bench, "/jobs/lastCompleted", second.jobs[1].id)
    assert list(bench.store.get("/jobs/runs")) == [second.id]


def test_the_record_of_a_run_comes_back_after_a_batch_that_was_taken_back(
    runner: Runner, bench: Bench
) -> None:
    with contextlib.suppress(InterruptedError), bench.store.batch():
        run = runner.submit("true")
        raise InterruptedError
    assert run.wait(PATIENCE_S)
    wait_for(bench, f"/jobs/runs/{run.id}/jobs", 1)


# --- what is remembered


def outcome(wall_s: float) -> RepetitionOutcome:
    return RepetitionOutcome(status=JobStatus.SUCCEEDED, wall_s=wall_s, value=b"x" * 1_000)


def test_of_many_repetitions_the_newest_are_remembered_and_no_values() -> None:
    past = Past()
    for number in range(KEPT + 500):
        past.add(PastRepetition(number, 0.0, outcome(float(number)), None))
    assert past.ended == KEPT + 500
    newest = past.newest(KEPT + 1)
    assert (len(newest), newest[-1].number) == (KEPT, KEPT + 499)
    assert newest[0].outcome.value is None


def test_of_many_times_some_are_told_the_fastest_and_the_slowest_among_them() -> None:
    past = Past()
    past.add(PastRepetition(0, 0.0, outcome(99.0), None))
    for number in range(1, 1_001):
        past.add(PastRepetition(number, 0.0, outcome(number / 1_000), None))
    times = past.times()
    assert len(times) == TIMES_TOLD
    assert (times[0], times[-1]) == (0.001, 1.0)
    assert times == sorted(times)


def test_times_are_told_of_what_has_succeeded(runner: Runner, ask: Any) -> None:
    job = ended(runner, "true", repeat=3, warmup=1)
    told = ask("job.times", jobIds=[job.id, "99"])["items"]
    assert told.keys() == {job.id}
    assert told[job.id]["count"] == 3
    assert told[job.id]["times"] == sorted(row.wall_s or 0.0 for row in job.results)


def test_another_measure_is_told_as_the_times_are(runner: Runner, ask: Any) -> None:
    job = ended(runner, "true", repeat=3, warmup=1)
    told = ask("job.times", jobIds=[job.id], measure="max_rss_bytes")["items"][job.id]["times"]
    assert told == sorted(float(row.max_rss_bytes or 0) for row in job.results)
    assert ask("job.times", jobIds=[job.id], measure="no such")["items"][job.id]["times"] == []


# --- how busy the machine was


def test_the_load_of_others_is_what_they_worked_by_the_time_it_took(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    stat = tmp_path / "stat"
    monkeypatch.setattr("autobench_nb.jobs.other_load.STAT", str(stat))
    clock = iter([10.0, 12.0])
    monkeypatch.setattr("autobench_nb.jobs.other_load.time.monotonic", lambda: next(clock))
    ticks = os.sysconf("SC_CLK_TCK")
    stat.write_text(f"cpu  {100 * ticks} 0 0 777 888 0 0 0 0 0\ncpu0 1 2 3\n")
    load = OtherLoad()
    stat.write_text(f"cpu  {104 * ticks} 0 {1 * ticks} 999 999 0 0 0 0 0\n")
    assert load.processors(2.0) == 1.5


@pytest.mark.parametrize("text", ["", "nonsense", "cpu 1 2", None])
def test_where_the_machine_does_not_say_nothing_is_told(
    text: str | None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    stat = tmp_path / "stat"
    if text is not None:
        stat.write_text(text)
    monkeypatch.setattr("autobench_nb.jobs.other_load.STAT", str(stat))
    assert OtherLoad().processors(1.0) is None


def test_of_a_moment_and_of_unknown_work_nothing_is_told() -> None:
    assert OtherLoad().processors(0.0) is None
    assert OtherLoad().processors(None) is None
