"""What the journal's tests share: results, runs of real commands, and processes that end before their time."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import autobench_nb as ab
from autobench_nb.jobs.ledger import RunBegan
from autobench_nb.tables.results import Result

QUIET: dict[str, Any] = {"connection_file": False}


def orchestrator(journal: Any, **more: Any) -> ab.Orchestrator:
    """One that nobody else finds."""
    return ab.Orchestrator(journal=journal, **QUIET, **more)


def result(run_id: str = "run", repetition: int = 1, **more: Any) -> Result:
    """A row as a repetition gives it."""
    row = Result.from_wire(
        {
            "runId": run_id,
            "jobId": "job",
            "name": "work",
            "kind": "command",
            "command": "true",
            "repetition": repetition,
            "status": "succeeded",
            "startedAt": datetime.now(UTC).isoformat(),
            "wallS": 0.5,
            "lines": 0,
        }
    )
    return row._replace(**more)


def began(run_id: str = "run", **more: Any) -> RunBegan:
    """A run as the ledger hears of it."""
    return RunBegan(run_id=run_id, at_ms=time.time() * 1e3, **more)


def python(code: str, *arguments: str, timeout_s: float = 60, **more: Any) -> str:
    """What a fresh interpreter prints."""
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
        **more,
    )
    assert done.returncode == 0, done.stderr
    printed: str = done.stdout
    return printed.strip()


def eventually(fact: Callable[[], Any], timeout_s: float = 20) -> Any:
    """Wait for a fact; gives it."""
    end = time.monotonic() + timeout_s
    while not (found := fact()):
        assert time.monotonic() < end, "it never came to be"
        time.sleep(0.01)
    return found


def said(bench: ab.Orchestrator, text: str) -> list[str]:
    """The messages of the log that contain ``text``."""
    return [entry.message for entry in bench.logs if text in entry.message]


def leftovers(folder: Path) -> list[str]:
    """The files of a journal that is closed, besides itself and its lock."""
    return [path.name for path in folder.iterdir() if path.name.endswith(("-wal", "-shm", "-anew"))]
