"""Cells that are run again, logging that is configured again: the old gives way, and nothing is doubled or lost."""

from __future__ import annotations

import gc
import logging
import logging.config
import subprocess
import sys
import threading
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from IPython.core.interactiveshell import InteractiveShell

import autobench_nb as ab
from autobench_nb.orchestrator import kernel_cells
from tests.living import is_alive


class Kernel:
    """A shell as a kernel has it: each run of a cell comes with the front end's message."""

    def __init__(self, shell: InteractiveShell) -> None:
        self.shell = shell
        self.runs = 0
        self.parent: Any = {}
        shell.get_parent = lambda: self.parent  # type: ignore[attr-defined]

    def run(self, cell: str | None, source: str) -> None:
        self.runs += 1
        metadata = {} if cell is None else {"cellId": cell}
        self.parent = {"header": {"msg_id": f"run-{self.runs}"}, "metadata": metadata}
        run_cell: Any = self.shell.run_cell
        run_cell(source, store_history=False).raise_error()

    def __getitem__(self, name: str) -> Any:
        return self.shell.user_ns[name]


@pytest.fixture
def kernel() -> Iterator[Kernel]:
    shell = InteractiveShell.instance()
    kernel = Kernel(shell)
    kernel.run(None, "import autobench_nb as ab; made = []")
    yield kernel
    for one in kernel["made"]:
        one.close()
    InteractiveShell.clear_instance()
    kernel_cells._made_by.clear()


FIRST = "b = ab.Orchestrator(); made.append(b); server = b.serve(thread=True); b.run('sleep 1000')"


def test_a_cell_that_is_run_five_times_leaves_one_orchestrator_one_port_and_one_job(
    kernel: Kernel, capsys: pytest.CaptureFixture[str]
) -> None:
    for _ in range(5):
        kernel.run("cell-1", FIRST)
    *old, last = kernel["made"]
    assert [one.server for one in old] == [None] * 4
    assert not last.server.is_closed
    assert [[job["status"] for job in one.jobs.records()] for one in old] == [["cancelled"]] * len(
        old
    )
    assert "was run again" in capsys.readouterr().out
    assert any("was run again" in entry.message for entry in last.logs)


def test_other_cells_and_several_in_one_cell_stay(kernel: Kernel) -> None:
    kernel.run("cell-1", "made += [ab.Orchestrator('same'), ab.Orchestrator('same')]")
    kernel.run("cell-2", "made += [ab.Orchestrator('same')]")
    kernel.run(None, "made += [ab.Orchestrator('same')]")
    kernel.run(None, "made += [ab.Orchestrator('same')]")
    assert ["closed" in repr(one) for one in kernel["made"]] == [False] * 5
    kernel.run("cell-1", "made += [ab.Orchestrator('same')]")
    assert ["closed" in repr(one) for one in kernel["made"]] == [True, True, *[False] * 4]


@pytest.mark.parametrize(
    "parent", [None, [], {}, {"metadata": None}, {"header": {}, "metadata": {"cellId": ""}}]
)
def test_a_front_end_that_says_nothing_of_cells_is_no_trouble(kernel: Kernel, parent: Any) -> None:
    kernel.parent = parent
    with ab.Orchestrator(), ab.Orchestrator() as second:
        assert "closed" not in repr(second)


def test_what_nobody_references_is_collected() -> None:
    bench = ab.Orchestrator()
    gone = weakref.ref(bench)
    del bench
    gc.collect()
    assert gone() is None


UNREFERENCED = """
import gc, urllib.request
import autobench_nb as ab
url = ab.Orchestrator().serve(thread=True).url
gc.collect()
assert urllib.request.urlopen(url + "healthz").status == 200
client = ab.connect(url)  # whoever has the address reaches it, and can end what runs there
bench = ab.Orchestrator()
run, other = bench.run("echo $$; exec sleep 1000"), bench.serve(thread=True).url
while not bench.logs.query("channel:benchmark"):
    pass
print(bench.logs.query("channel:benchmark")[0].message, flush=True)
del bench, run
gc.collect()
with ab.connect(other) as second:
    (job,) = second.state.get("/jobs/running")
    assert second.command("job.cancel", jobId=job)["cancelled"] if CANCEL else True
client.close()
"""


@pytest.mark.parametrize("cancels", [True, False])
def test_one_that_serves_is_reached_by_its_address_and_ends_with_the_process(cancels: bool) -> None:
    done = subprocess.run(
        [sys.executable, "-c", f"CANCEL = {cancels}\n{UNREFERENCED}"],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert not is_alive(int(done.stdout))


@pytest.fixture
def root() -> Iterator[logging.Logger]:
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    yield root
    root.handlers[:] = before
    root.setLevel(level)


def lines(bench: ab.Orchestrator) -> list[str]:
    return [entry.message for entry in bench.logs if entry.channel == "python"]


@pytest.mark.parametrize("loggers", [["", ""], ["", "a.b"], ["a.b", ""], ["a", "a.b", "a.b.c", ""]])
def test_capturing_again_doubles_nothing(root: logging.Logger, loggers: list[str]) -> None:
    with ab.Orchestrator() as bench:
        for name in loggers:
            bench.capture_logging(logger=name)
        logging.getLogger("a.b.c").warning("once")
        logging.getLogger("a.b.c").warning("once more")
        assert lines(bench) == ["once", "once more"]


def test_capturing_again_changes_the_level(root: logging.Logger) -> None:
    with ab.Orchestrator() as bench:
        bench.capture_logging("ERROR", logger="a")
        bench.capture_logging("DEBUG", logger="a")
        logging.getLogger("a").debug("low")
        assert lines(bench) == ["low"]


def by_basic_config() -> None:
    logging.basicConfig(force=True, level="INFO")


def by_dict_config() -> None:
    root = {"level": "INFO", "handlers": ["null"]}
    handlers = {"null": {"class": "logging.NullHandler"}}
    logging.config.dictConfig(
        {"version": 1, "handlers": handlers, "root": root, "disable_existing_loggers": False}
    )


@pytest.mark.parametrize("configure", [by_basic_config, by_dict_config])
def test_a_new_configuration_of_logging_does_not_end_the_capture(
    root: logging.Logger, configure: Callable[[], None]
) -> None:
    with ab.Orchestrator() as bench:
        bench.capture_logging()
        configure()
        assert root.handlers  # the user's configuration has been made
        for thread in threading.enumerate():
            if thread.name == "autobench-logging":
                thread.join(10)
        logging.getLogger("x").info("still here")
        assert lines(bench) == ["still here"]
        told = [entry.message for entry in bench.logs if "configured anew" in entry.message]
        assert len(told) == 1
    configure()
    assert not any(type(handler).__name__ == "BridgeHandler" for handler in root.handlers)
