"""What a shell costs before it does anything, as hyperfine measures it: it runs an empty command."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping
from typing import Final

from autobench_nb.processes.command import ProcessSpec
from autobench_nb.processes.launchers import Launchers
from autobench_nb.processes.usage import Usage
from autobench_nb.processes.watch import run_command

RUNS: Final = 30
BUDGET_S: Final = 0.1
"""After so much time no more runs are begun; there are at least three."""
_TIMEOUT_S: Final = 5.0


class SilentSink:
    """Takes output and does nothing with it."""

    def feed(self, data: bytes, urgent: Callable[[], bool]) -> None:
        """Take more."""

    def finish(self) -> None:
        """Nothing more comes."""

    def due(self) -> float | None:
        """No time: nothing here waits for a clock."""
        return None

    def tick(self, now: float) -> None:
        """Time has passed."""


def measure_shell(
    launchers: Launchers, shell: str, *, cwd: str, env: Mapping[str, str]
) -> Usage | None:
    """The medians of what ``SHELL -c ""`` costs; None where it does not succeed."""
    command = ProcessSpec(argv=(shell, "-c", ""), cwd=cwd, env=env, timeout_s=_TIMEOUT_S)
    sinks = {name: SilentSink() for name in ("stdout", "stderr")}
    rows: list[Usage] = []
    until = time.monotonic() + BUDGET_S
    while len(rows) < RUNS and (len(rows) < 3 or time.monotonic() < until):
        report = run_command(launchers, command, sinks)
        if not report.ending.succeeded or report.usage is None:
            return None
        rows.append(report.usage)
    return Usage(
        statistics.median(row.wall_s for row in rows),
        statistics.median(row.user_s for row in rows),
        statistics.median(row.system_s for row in rows),
        None,
    )
