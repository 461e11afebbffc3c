"""What comes out of a run: a table for people, JSON with everything, CSV or Parquet with a row for each repetition."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any, Final

import orjson

from autobench_nb.cli import run_text
from autobench_nb.errors import OptionError
from autobench_nb.orchestrator.orchestrator import Orchestrator
from autobench_nb.tables.files import table_bytes

FORMATS: Final = ("table", "json", "csv", "parquet")
_SUFFIXES: Final = {".json": "json", ".csv": "csv", ".parquet": "parquet", ".txt": "table"}


def format_of(asked: str | None, file: Path | None) -> str:
    """The format that was asked for, or that the file's name says; a table where neither does.

    Raises:
        OptionError: Parquet cannot go to a terminal, or the file's name says no format.
    """
    if asked is None and file is not None:
        asked = _SUFFIXES.get(file.suffix.lower())
        if asked is None:
            raise OptionError("--output", file.name, tuple(_SUFFIXES))
    asked = asked or "table"
    if asked == "parquet" and file is None and sys.stdout.isatty():
        raise OptionError("--format without --output", "parquet", FORMATS[:-1])
    return asked


def check_place(file: Path | None) -> None:
    """See to it, before anything runs, that the file can be written. Raises :class:`OSError`."""
    if file is None:
        return
    if file.is_dir():
        raise IsADirectoryError(f"{file} is a folder: give the name of a file")
    folder = file.absolute().parent
    if not folder.is_dir():
        raise FileNotFoundError(f"there is no folder {folder} to write {file.name} into")
    if not os.access(file if file.exists() else folder, os.W_OK):
        raise PermissionError(f"{file} cannot be written")


def write_results(bench: Orchestrator, run: Any, form: str, file: Path | None) -> None:
    """Write what came out. Raises :class:`OSError`."""
    data = _encoded(bench, run, form)
    if file is None:
        try:
            sys.stdout.flush()
            sys.stdout.buffer.write(data)
            sys.stdout.buffer.flush()
        except BrokenPipeError:
            stop_writing()
        return
    # Whole or not at all: who reads it meanwhile sees the old one.
    part = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        part.write_bytes(data)
        part.replace(file)
    finally:
        part.unlink(missing_ok=True)


def stop_writing() -> None:
    """Whoever read standard output is gone: what is written there from now on goes nowhere, also as Python ends."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


def _encoded(bench: Orchestrator, run: Any, form: str) -> bytes:
    record = bench.state.get(f"/jobs/recipeRuns/{run.id}", None)
    if form == "table":
        rows = jobs_table(run) if record is None else run_text.result_table(record)
        return ("\n".join(run_text.aligned(rows)) + "\n").encode("utf-8", "replace")
    if form == "json":
        whole = {
            "run": record or bench.state.get(f"/jobs/runs/{run.id}", None),
            "results": run.results.records(),
            "machines": bench.state.get("/jobs/machines", None) or {},
        }
        return orjson.dumps(whole, default=dict, option=orjson.OPT_INDENT_2) + b"\n"
    rows_of = run.results if record is None else run.repetitions
    return table_bytes(rows_of.to_arrow(), form)


def jobs_table(run: Any) -> list[list[str]]:
    """A head and a row for each job of a run of plain commands."""
    rows = [["JOB", "STATUS", "N", "WALL"]]
    for job in run.jobs:
        wall = "" if job.wall_s is None else run_text.duration(job.wall_s)
        rows.append([job.name, str(job.status), str(job.done), wall])
    return [[run_text.printable(cell) for cell in row] for row in rows]
