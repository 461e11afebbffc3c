"""``%%bench`` and ``%bench`` in a real kernel."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from jupyter_client.manager import start_new_kernel

from autobench_nb.notebook.magics import as_callable
from tests.notebook.test_cells import PATIENCE_S, Kernel


@pytest.fixture(scope="module")
def kernel() -> Iterator[Kernel]:
    manager, client = start_new_kernel(startup_timeout=PATIENCE_S)
    made = Kernel(manager, client)
    yield made
    made.run("bench.close()")
    client.stop_channels()
    manager.shutdown_kernel()


@pytest.fixture(scope="module")
def bench(kernel: Kernel) -> Kernel:
    """The kernel once an orchestrator was made in it."""
    missing = kernel.run("%load_ext autobench_nb\n")
    assert missing["error"] == ""
    said = kernel.run("%bench 1 + 1")
    assert "make one first, bench = ab.Orchestrator()" in said["error"]
    assert kernel.run("import autobench_nb as ab\nbench = ab.Orchestrator()")["error"] == ""
    return kernel


def printed(kernel: Kernel, code: str) -> str:
    said = kernel.run(code)
    assert said["error"] == ""
    return said["stdout"].strip()


def test_a_cell_is_a_job_with_its_names_in_the_notebook_and_its_output_in_the_log(
    bench: Kernel,
) -> None:
    bench.run("start = 40")
    said = bench.run(
        "%%bench -n add -r 3 --warmup 1 -o run\nprint('adding')\nstart += 1\nstart * 2"
    )
    assert said["error"] == ""
    assert "adding" not in said["stdout"]
    assert "add" in said["html"]
    facts = "print(start, run.jobs[0].value, run.jobs[0].name, len(run.results), run.status)"
    assert printed(bench, facts) == "44 88 add 3 succeeded"
    assert printed(bench, "print(run.jobs[0].output.count('adding'))") == "4"


def test_the_line_form_runs_the_rest_of_the_line(bench: Kernel) -> None:
    facts = "line = %bench -r 2 -n sum sum(range(start))\nprint(line.jobs[0].name, [r.value for r in line.results])"
    assert printed(bench, f"start = 5\n{facts}") == "sum [10, 10]"
    assert printed(bench, "x = %bench start - -1\nprint(x.jobs[0].value)") == "6"


def test_a_job_in_the_background_lets_the_cell_end(bench: Kernel) -> None:
    bench.run("import threading\ngate = threading.Event()")
    bench.run("%%bench -b -o later\ngate.wait(30)")
    assert printed(bench, "print(later.done)\ngate.set(); later.wait(); print(later.status)") == (
        "False\nsucceeded"
    )


def test_an_error_is_the_jobs_with_the_lines_of_the_cell(bench: Kernel) -> None:
    said = bench.run("%%bench -o bad\nx = 1\nx / 0")
    assert said["error"] == ""
    facts = "print(bad.status, bad.jobs[0].reason)\nprint(list(bench.logs.query('job:' + bad.jobs[0].id))[-2].exc)"
    told = printed(bench, facts)
    assert told.startswith("failed ZeroDivisionError: division by zero")
    assert "x / 0" in told


def test_await_stands_outside_of_functions_as_in_any_cell(bench: Kernel) -> None:
    bench.run(
        "%%bench -o waited\nimport asyncio\nawait asyncio.sleep(0)\nawait asyncio.sleep(0, 7)"
    )
    assert printed(bench, "print(waited.jobs[0].value)") == "7"


def test_a_time_limit_ends_what_waits(bench: Kernel) -> None:
    bench.run("%%bench -t 0.2 -o slow\nimport asyncio\nawait asyncio.sleep(60)")
    assert printed(bench, "print(slow.status)") == "timeout"


def test_shell_lines_of_a_cell_work(bench: Kernel) -> None:
    bench.run("%%bench -o shell\nlines = !echo hello\nlines[0]")
    assert printed(bench, "print(shell.jobs[0].value)") == "hello"


@pytest.mark.parametrize(
    ("cell", "told"),
    [
        ("%%bench -r many\n1", "give a whole number"),
        ("%%bench -r 0\n1", "repeat=0 is not possible"),
        ("%%bench -t soon\n1", "give seconds"),
        ("%%bench --colour red\n1", "colour"),
        ("%%bench fast\n1", "does not know what 'fast' is"),
        ("%%bench -o 1x\n1", "no name of a variable"),
        ("%bench", "nothing to run"),
        ("%%bench\n\n", "nothing to run"),
        ("%%bench\n1 +", "SyntaxError"),
    ],
)
def test_what_cannot_be_is_refused_with_what_can(bench: Kernel, cell: str, told: str) -> None:
    assert told in bench.run(cell)["error"]


def test_an_orchestrator_that_was_closed_gives_way_to_one_that_is_open(bench: Kernel) -> None:
    facts = (
        "other = ab.Orchestrator()\nfirst = %bench 1\n"
        "print(first.jobs[0].id in bench.jobs, len(other.jobs))\n"
        "other.close(); second = %bench 2\nprint(second.jobs[0].id in bench.jobs)"
    )
    assert printed(bench, facts) == "True 0\nTrue"


def test_source_becomes_a_callable_that_gives_its_last_expression() -> None:
    def value(source: str) -> Any:
        namespace: dict[str, Any] = {"a": 2}
        return as_callable(source, namespace, "it")()

    assert value("b = a\nb + 1") == 3
    assert value("a;") is None
    assert value("a = 5") is None
    assert value("def f():\n    return 4\nf()") == 4
    with pytest.raises(SyntaxError):
        as_callable("1 +", {}, "it")
