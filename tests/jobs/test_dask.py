"""Jobs on a real Dask cluster: a scheduler and three workers, processes of their own."""

from __future__ import annotations

import os
import re
import sys
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from autobench_nb import Orchestrator
from autobench_nb.errors import JobError, RunError
from autobench_nb.jobs import Run
from tests.jobs.dask_cluster import GPU, Cluster, running_cluster
from tests.living import is_alive

pytest.importorskip("distributed")

from autobench_nb import DaskExecutor
from autobench_nb.jobs.executors.dask_lines import LineBatches
from autobench_nb.jobs.executors.dask_worker import PYTHON, VERSIONS, why_not_of

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning:distributed.*"),
    # A client of Dask's whose scheduler is gone leaves its socket to the garbage collector.
    pytest.mark.filterwarnings(
        "ignore:Exception ignored in. <socket:pytest.PytestUnraisableExceptionWarning"
    ),
]


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with running_cluster(tmp_path_factory.mktemp("dask")) as cluster:
        yield cluster


@pytest.fixture
def bench(cluster: Cluster) -> Iterator[Orchestrator]:
    executors = {
        "lab": DaskExecutor(cluster.address),
        "gpu": DaskExecutor(cluster.address, resources={"GPU": 1}),
    }
    with Orchestrator(
        parallelism=6, executors=executors, connection_file=False, log_capacity=50_000
    ) as bench:
        yield bench


def done(run: Run) -> Run:
    assert run.wait(60)
    run.check()
    return run


def messages(bench: Orchestrator, text: str) -> list[str]:
    said = [str(one) for one in bench.logs.to_pandas()["message"]]
    return [one for one in said if re.search(text, one)]


def lines_of(bench: Orchestrator, job_id: str) -> list[str]:
    logs = bench.logs.to_pandas()
    return [
        str(one) for one in logs[(logs.job_id == job_id) & (logs.channel == "benchmark")].message
    ]


def started(bench: Orchestrator, text: str) -> str:
    """Wait until a line with ``text`` has come; gives it."""
    came = threading.Event()
    unsubscribe = bench.state.subscribe(lambda _: came.set(), "/logs")
    try:
        while not messages(bench, text):
            assert came.wait(30), bench.logs.to_pandas().message.tolist()
            came.clear()
    finally:
        unsubscribe()
    return messages(bench, text)[-1]


def gone(pid: int) -> bool:
    waiting = threading.Event()
    for _ in range(400):
        if not is_alive(pid):
            return True
        waiting.wait(0.05)
    return False


def test_a_command_runs_on_a_worker_and_its_lines_usage_and_result_come_back(
    bench: Orchestrator, cluster: Cluster
) -> None:
    run = done(bench.run("echo $PPID; seq 1000; echo bad >&2; exit 0", executor="lab", repeat=2))
    (job,) = run.jobs
    said = lines_of(bench, job.id)
    numbers = [int(one) for one in said if re.fullmatch(r"\d+", one)]
    assert len(numbers) == 2 * 1_001
    assert numbers[1:1001] == list(range(1, 1001))
    assert said.count("bad") == 2
    row = run.results[0]
    assert row.status == "succeeded"
    assert row.wall_s is not None
    assert 0 < row.wall_s < 30
    assert row.max_rss_bytes is None or row.max_rss_bytes > 0
    assert row.cpu_user_s is not None
    assert row.lines == 1_002
    assert row.reason is None


def test_what_fails_there_fails_here_with_its_reason(bench: Orchestrator) -> None:
    run = bench.run(
        {"a": "exit 3", "b": ["no-such-program"], "c": "sleep 60"}, executor="lab", timeout_s=1
    )
    with pytest.raises(RunError):
        done(run)
    reasons = {row.name: (row.status, row.reason) for row in run.results}
    assert reasons["a"] == ("failed", "exit status 3")
    assert reasons["b"][0] == "failed"
    assert "no-such-program" in str(reasons["b"][1])
    assert reasons["c"] == ("timeout", "took longer than 1 s")


def test_a_callable_runs_there_and_its_value_and_prints_come_back(bench: Orchestrator) -> None:
    def work() -> dict[str, Any]:
        print("from the worker")
        return {"pid": os.getpid(), "sum": sum(range(10))}

    run = done(bench.run(work, executor="lab"))
    value = run.results[0].value
    assert value["sum"] == 45
    assert value["pid"] != os.getpid()
    assert lines_of(bench, run.jobs[0].id) == ["from the worker"]


def test_a_callable_that_cannot_be_sent_is_refused_when_it_is_asked_for(
    bench: Orchestrator,
) -> None:
    lock = threading.Lock()
    with pytest.raises(JobError, match="cannot send it to a worker"):
        bench.run(lambda: lock, executor="lab")
    with pytest.raises(JobError, match="standard input"):
        bench.run("cat", executor="lab", stdin=True)


def test_cancel_ends_the_whole_remote_tree(bench: Orchestrator) -> None:
    run = bench.run("sleep 1000 & echo child $! ; wait", executor="lab")
    child = int(started(bench, r"^child \d+$").split()[1])
    assert is_alive(child)
    run.cancel()
    with pytest.raises(RunError):
        done(run)
    assert run.results[0].status == "cancelled"
    assert gone(child)


def test_cancel_ends_what_a_command_has_put_into_a_session_of_its_own(bench: Orchestrator) -> None:
    script = "setsid sh -c 'trap \"\" TERM HUP; echo far $$; sleep 1000 & wait; sleep 1000' & echo near $!; wait"
    run = bench.run(script, executor="lab")
    far = int(started(bench, r"^far \d+$").split()[1])
    near = int(started(bench, r"^near \d+$").split()[1])
    run.cancel()
    with pytest.raises(RunError):
        done(run)
    assert run.results[0].status == "cancelled"
    assert gone(far)
    assert gone(near)


def test_a_value_that_cannot_leave_its_worker_is_said_and_the_job_has_succeeded(
    bench: Orchestrator,
) -> None:
    run = done(bench.run({"lock": lambda: __import__("threading").Lock()}, executor="lab"))
    assert run.results[0].value is None
    assert messages(bench, r"lock: the value that it returned cannot leave its worker: TypeError")


def test_a_value_that_is_large_comes_back_whole(bench: Orchestrator) -> None:
    run = done(bench.run({"large": lambda: bytes(3_000_000)}, executor="lab"))
    assert run.results[0].value == bytes(3_000_000)


def test_the_repetitions_of_a_job_are_done_by_one_worker(
    bench: Orchestrator, cluster: Cluster
) -> None:
    run = done(bench.run({str(n): os.getpid for n in range(6)}, executor="lab", repeat=4))
    places = {job.name: {row.value for row in job.results} for job in run.jobs}
    assert {len(pids) for pids in places.values()} == {1}
    assert len(set.union(*places.values())) > 1


def test_a_step_goes_to_a_worker_that_has_what_it_needs(
    bench: Orchestrator, cluster: Cluster
) -> None:
    run = done(bench.run({str(n): os.getpid for n in range(6)}, executor="gpu"))
    assert {row.value for row in run.results} == {cluster.workers["w3"].pid}


def test_hundreds_of_steps_are_spread_over_the_workers_and_each_has_its_row(
    bench: Orchestrator, cluster: Cluster
) -> None:
    run = done(bench.run({str(n): os.getpid for n in range(300)}, executor="lab"))
    rows = list(run.results)
    assert sorted(int(row.name) for row in rows) == list(range(300))
    assert len({row.value for row in rows}) > 1
    assert {row.value for row in rows} <= {one.pid for one in cluster.workers.values()}


def test_a_worker_that_is_killed_is_a_failed_attempt_which_is_made_again_elsewhere(
    bench: Orchestrator, cluster: Cluster, tmp_path: Path
) -> None:
    marks = tmp_path / "marks"
    script = (
        f"echo x >> {marks}; echo at $PPID $$; if [ $(wc -l < {marks}) = 1 ]; then sleep 1000; fi"
    )
    run = bench.run([["sh", "-c", script]], executor="lab")
    command = int(started(bench, r"^at [\d ]+$").split()[2])
    worker = worker_of_process(cluster, command)
    cluster.kill(worker)
    try:
        done(run)
        row = run.results[0]
        assert row.status == "succeeded"
        assert "attempt 2" in str(row.reason)
        assert "died" in str(row.reason)
        assert len(marks.read_text().split()) == 2
        assert messages(bench, "attempt 1 failed: its worker")
        assert gone(command), "the keeper ends what the worker has left"
    finally:
        cluster.start_workers({worker: GPU if worker == "w3" else ()})


def worker_of_process(cluster: Cluster, pid: int) -> str:
    """The worker that a process descends from."""
    pids = {process.pid: name for name, process in cluster.workers.items()}
    while pid not in pids:
        pid = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    return pids[pid]


def test_a_repetition_whose_workers_die_again_and_again_fails_and_says_so(
    cluster: Cluster,
) -> None:
    executors = {"lab": DaskExecutor(cluster.address, retries=0)}
    with Orchestrator(executors=executors, connection_file=False) as bench:
        run = bench.run([["sh", "-c", "echo at $$; exec sleep 1000"]], executor="lab")
        worker = worker_of_process(cluster, int(started(bench, r"^at [\d ]+$").split()[1]))
        cluster.kill(worker)
        try:
            with pytest.raises(RunError):
                done(run)
            assert re.fullmatch(
                r"its worker tcp://\S+ died, which was attempt 1, the last",
                str(run.results[0].reason),
            )
        finally:
            cluster.start_workers({worker: GPU if worker == "w3" else ()})


def test_a_scheduler_that_is_lost_holds_the_queue_and_its_return_lets_it_go_on(
    cluster: Cluster,
) -> None:
    executors = {"lab": DaskExecutor(cluster.address)}
    with Orchestrator(executors=executors, connection_file=False) as bench:
        done(bench.run("true", executor="lab"))
        cluster.end()
        try:
            run = bench.run(["echo one", "echo two"], executor="lab")
            started(bench, "waits for the scheduler")
            assert [job.status for job in run.jobs] == ["running", "queued"]
        finally:
            cluster.start()
        done(run)
        assert [row.status for row in run.results] == ["succeeded"] * 2
        assert messages(bench, "the scheduler is back")


def test_what_ran_when_the_scheduler_was_lost_is_an_attempt_that_is_made_again(
    cluster: Cluster, tmp_path: Path
) -> None:
    marks = tmp_path / "marks"
    script = (
        f"echo x >> {marks}; echo at $$; if [ $(wc -l < {marks}) = 1 ]; then exec sleep 1000; fi"
    )
    executors = {"lab": DaskExecutor(cluster.address)}
    with Orchestrator(executors=executors, connection_file=False) as bench:
        run = bench.run([["sh", "-c", script]], executor="lab")
        command = int(started(bench, r"^at \d+$").split()[1])
        cluster.end_scheduler()
        cluster.end()
        try:
            started(bench, "waits for the scheduler")
        finally:
            cluster.start()
        done(run)
        assert run.results[0].reason == "attempt 2: before it, the scheduler was lost"
        assert gone(command)


def test_what_waits_for_a_scheduler_can_be_cancelled() -> None:
    executors = {"lab": DaskExecutor("tcp://127.0.0.1:9")}
    with Orchestrator(executors=executors, connection_file=False) as bench:
        run = bench.run("true", executor="lab")
        started(bench, "waits for the scheduler")
        run.cancel()
        with pytest.raises(RunError):
            done(run)
        assert run.results[0].status == "cancelled"


def test_without_distributed_the_error_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(JobError, match=r"pip install 'autobench-nb\[dask\]'"):
        DaskExecutor("tcp://127.0.0.1:8786")


@pytest.mark.parametrize("address", ["", "localhost", 5])
def test_what_is_no_address_is_refused(address: Any) -> None:
    with pytest.raises(JobError, match="no scheduler's address"):
        DaskExecutor(address)


@pytest.mark.parametrize("retries", [-1, 1.5, True])
def test_what_is_no_number_of_retries_is_refused(retries: Any) -> None:
    with pytest.raises(JobError, match="retries="):
        DaskExecutor("tcp://127.0.0.1:1", retries=retries)


@pytest.mark.parametrize("module", ["dask", "dask_link"])
@pytest.mark.parametrize(
    ("what", "told"),
    [
        ("package", r"the worker tcp://\S+ has autobench_nb .*: install 9\.9"),
        ("python", r"the worker tcp://\S+ runs Python 3\.\d+: start it with Python 3\.99"),
    ],
)
def test_a_worker_with_another_version_is_named(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch, module: str, what: str, told: str
) -> None:
    monkeypatch.setattr(
        f"autobench_nb.jobs.executors.{module}.VERSIONS",
        ("9.9", PYTHON) if what == "package" else (VERSIONS[0], "3.99"),
    )
    executors = {"lab": DaskExecutor(cluster.address)}
    with Orchestrator(executors=executors, connection_file=False) as bench:
        run = bench.run("true", executor="lab")
        with pytest.raises(RunError):
            done(run)
        assert re.match(told, run.results[0].reason or "")


def test_a_worker_without_the_package_is_named() -> None:
    assert why_not_of("tcp://w", ("9.9", "3.11"), None) == (
        "the worker tcp://w has no autobench_nb: install 9.9 there, which is what runs here"
    )


def test_a_cluster_without_workers_is_what_a_job_says_that_it_waits_for(
    cluster: Cluster, tmp_path: Path
) -> None:
    alone = Cluster(tmp_path)
    alone.start_scheduler()
    try:
        executors = {"lab": DaskExecutor(alone.address)}
        with Orchestrator(executors=executors, connection_file=False) as bench:
            run = bench.run("echo late", executor="lab")
            started(bench, r"waits: the scheduler tcp://\S+ has no worker")
            assert "has no worker" in str(run.jobs[0].reason)
            alone.start_workers({"w1": ()})
            done(run)
    finally:
        alone.end()


def test_two_thousand_steps_come_back_each_with_its_value_and_line(cluster: Cluster) -> None:
    executors = {"lab": DaskExecutor(cluster.address)}
    with Orchestrator(
        parallelism=16, executors=executors, connection_file=False, log_capacity=50_000
    ) as bench:

        def work(number: int) -> int:
            print(f"line {number}")
            return number

        run = bench.run({str(n): partial(work, n) for n in range(2_000)}, executor="lab")
        assert run.wait(300)
        run.check()
        assert [row.value for row in sorted(run.results, key=lambda row: int(row.name))] == [
            *range(2_000)
        ]
        assert len(set(messages(bench, r"^line \d+$"))) == 2_000


def test_lines_go_in_numbered_batches_and_what_has_no_room_is_counted() -> None:
    sent: list[dict[str, Any]] = []
    batches = LineBatches(sent.append, "k")
    for number in range(40_000):
        batches.append("benchmark", "info", f"{number}" + "x" * 60)
    batches.flush(0.0, all_of_it=True)
    told = [line[2] for message in sent for line in message["lines"]]
    assert [message["n"] for message in sent] == list(range(1, len(sent) + 1))
    assert len(told) + batches.left_out == 40_000
    assert batches.left_out > 0
    in_order = [int(text.rstrip("x")) for text in told]
    assert in_order == sorted(set(in_order))
