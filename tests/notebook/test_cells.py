"""What a cell of a real kernel says of a run: failures that nobody looked at, and an interrupt."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import KernelManager, start_new_kernel

PATIENCE_S = 60.0
GOES_ON = (
    "run-{} goes on, 1 job not ended yet: run.cancel() ends it, "
    "await run or run.wait() waits for it again."
)
ESCAPES = re.compile(r"\x1b\[[\d;]*m")


class Kernel:
    """A kernel in which a bench was made."""

    def __init__(self, manager: KernelManager, client: BlockingKernelClient) -> None:
        self._manager = manager
        self._client = client

    def run(self, code: str, *, interrupt_after: str = "") -> dict[str, str]:
        """Run a cell; what it wrote to ``stdout`` and ``stderr``, showed as ``result``, or raised as ``error``."""
        said = dict.fromkeys(("stdout", "stderr", "result", "html", "error"), "")
        waits = interrupt_after

        def hear(message: dict[str, Any]) -> None:
            nonlocal waits
            content = message["content"]
            match message["msg_type"]:
                case "stream":
                    said[content["name"]] += content["text"]
                    if waits and waits in said["stdout"]:
                        waits = ""
                        self._manager.interrupt_kernel()
                case "execute_result":
                    said["result"] += content["data"]["text/plain"]
                    said["html"] += content["data"].get("text/html", "")
                case "error":
                    said["error"] += ESCAPES.sub("", "\n".join(content["traceback"]))

        self._client.execute_interactive(
            code, output_hook=hear, timeout=PATIENCE_S, allow_stdin=False, stop_on_error=False
        )
        return said


@pytest.fixture(scope="module")
def kernel() -> Iterator[Kernel]:
    manager, client = start_new_kernel(startup_timeout=PATIENCE_S)
    made = Kernel(manager, client)
    made.run("import autobench_nb as ab\nbench = ab.Orchestrator(parallelism=8)")
    yield made
    made.run("bench.close()")
    client.stop_channels()
    manager.shutdown_kernel()


WORK = "bench.run({'good': 'true', 'bad': 'exit 3'})"


@pytest.mark.parametrize("wait", ["await run", "run.wait()"])
def test_a_cell_that_has_waited_without_looking_ends_with_what_failed(
    kernel: Kernel, wait: str
) -> None:
    said = kernel.run(f"run = {WORK}\n{wait}\nprint(run.label)")
    name = said["stdout"].strip()
    assert said["stderr"] == (
        f"{name}: 1 of 2 jobs did not succeed (bad: exit status 3). "
        "run.check() raises an error that says all.\n"
    )
    assert kernel.run("await run\nprint(1)")["stderr"] == "", "it is said once"


@pytest.mark.parametrize(
    "look",
    [
        f"run = {WORK}\nawait run",
        f"await {WORK}",
        f"run = {WORK}\nawait run\nprint(run)",
        f"run = {WORK}\nawait run\nrun.plot()",
        f"run = {WORK}\nawait run\ntry: run.check()\nexcept Exception as error: print(error)",
    ],
)
def test_a_cell_that_shows_or_checks_the_run_says_nothing_more(kernel: Kernel, look: str) -> None:
    said = kernel.run(look)
    assert said["stderr"] == ""
    assert "exit status 3" in said["stdout"] + said["html"]


def test_a_cell_whose_jobs_all_succeed_says_nothing(kernel: Kernel) -> None:
    assert kernel.run("await bench.run('true')\nprint('done')")["stderr"] == ""


def test_a_cell_that_checks_raises_what_failed(kernel: Kernel) -> None:
    said = kernel.run("(await bench.run({'bad': 'echo no disk; exit 3'})).check()")
    assert "RunError" in said["error"]
    assert "bad: exit status 3; its last line: no disk" in said["error"]
    assert said["stderr"] == ""


def test_what_a_cell_awaits_is_shown_as_a_picture_with_its_reasons(kernel: Kernel) -> None:
    said = kernel.run("await bench.run({'good': 'true', 'bad': 'exit 3'}, repeat=3)")
    assert "2 jobs, 1 failed, 1 succeeded" in said["html"]
    assert "exit status 3" in said["html"]
    assert "<svg" in said["html"]
    assert "failed, 2 of 2 jobs ended" in said["result"]


@pytest.mark.parametrize("wait", ["await run", "run.wait()"])
def test_an_interrupted_cell_says_in_one_line_that_the_jobs_go_on(
    kernel: Kernel, wait: str
) -> None:
    begin = "run = bench.run({'long': 'sleep 300'})\nprint(run.label, 'begins')\n"
    said = kernel.run(begin + wait, interrupt_after="begins")
    number = said["stdout"].split()[0].removeprefix("run-")
    lines = [line for line in said["error"].splitlines() if "goes on" in line]
    assert lines == [GOES_ON.format(number)]
    assert kernel.run("print(run.status)")["stdout"] == "running\n"
    assert kernel.run("run.cancel(); run.wait(); print(run.status)")["stdout"] == "cancelled\n"
