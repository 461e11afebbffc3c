"""``autobench-nb run`` and ``resume``: a recipe from a shell, followed to its end."""

from __future__ import annotations

import argparse
import os
import select
import signal
import sys
from types import FrameType
from typing import Any, Final, Self

from autobench_nb.cli import run_text
from autobench_nb.cli.recipes import parameters_of
from autobench_nb.cli.run_faces import Face, face_for, tell
from autobench_nb.cli.run_output import check_place, format_of, write_results
from autobench_nb.contract.steps import PromptRecord, RunStatus, StepRecord
from autobench_nb.errors import JobError
from autobench_nb.jobs.output import OUTPUT
from autobench_nb.orchestrator.orchestrator import Orchestrator
from autobench_nb.recipes.load import load_recipe
from autobench_nb.recipes.plan import parameter_values

LOOK_S: Final = 0.1
"""Seconds between two looks at the run."""
LAST_LINES: Final = 5
"""Lines that a failed step shows."""
KILLED: Final = 130
_SHOW_CURSOR: Final = b"\x1b[?25h"


def run_recipe(options: argparse.Namespace) -> int:
    """Run a recipe and follow it; returns the exit status. Raises :class:`RecipeError` before anything runs."""
    form = format_of(options.format, options.output)
    check_place(options.output)
    recipe = load_recipe(options.recipe)
    parameters = parameters_of(options.parameter)
    parameter_values(recipe, parameters)
    more = {
        name: value
        for name, value in (("folder", options.folder), ("seed", options.seed))
        if value is not None
    }
    with _Signals() as signals, _bench(options) as bench:
        run = bench.run(options.recipe.absolute(), parameters=parameters, **more)
        return _follow(bench, run, signals, options, form)


def resume_run(options: argparse.Namespace) -> int:
    """Go on with a run that was interrupted; returns the exit status."""
    form = format_of(options.format, options.output)
    check_place(options.output)
    if not options.journal.exists():
        raise FileNotFoundError(f"there is no journal {options.journal}")
    with _Signals() as signals, _bench(options) as bench:
        run = bench.resume(options.run_id)
        return _follow(bench, run, signals, options, form)


def _bench(options: argparse.Namespace) -> Orchestrator:
    settings: dict[str, Any] = {"log_capacity": 20_000}
    if options.journal is not None:
        settings["journal"] = options.journal
    if options.parallelism is not None:
        settings["parallelism"] = options.parallelism
    return Orchestrator("autobench-nb run", **settings)


def _follow(
    bench: Orchestrator, run: Any, signals: _Signals, options: argparse.Namespace, form: str
) -> int:
    """Show the run until it is over, answer its questions, cancel it when told; then write what came out."""
    face = face_for(options.plain, lambda step: _last_lines(bench, step))
    terminal = Questions(bench, run, face)
    try:
        signals.follow(run, face)
        while not run.wait(LOOK_S):
            _show(bench, run, face)
            terminal.look()
        _show(bench, run, face)
    finally:
        face.close()
    record = bench.state.get(f"/jobs/recipeRuns/{run.id}", None)
    parts = [str(run.status)]
    reason = getattr(run, "reason", None)
    if reason:
        parts[0] += f": {run_text.printable(run_text.cut(reason))}"
    if record is not None:
        parts.append(run_text.standing(record))
    tell("; ".join([*parts, f"run {run.id}"]))
    left = getattr(run, "left_behind", None)
    if left is not None:
        tell(run_text.printable(left))
    if left is not None and run.status is RunStatus.FAILED:
        # A program that lies beside the recipe is what a newcomer's first step does not find.
        tell("it began in an empty folder: with --folder . its steps find the files that are here")
    write_results(bench, run, form, options.output)
    return run_text.exit_code(run.status)


def _show(bench: Orchestrator, run: Any, face: Face) -> None:
    record = bench.state.get(f"/jobs/recipeRuns/{run.id}", None)
    if record is not None:
        face.show(record)


def _last_lines(bench: Orchestrator, step: StepRecord) -> list[str]:
    """The last lines that the step's job printed."""
    job_id = step.get("jobId")
    if not job_id:
        return []
    printed = bench.logs.query(f"channel:{OUTPUT} job:{job_id}").last(LAST_LINES)
    return [entry.message for entry in printed]


class _Signals:
    """The first SIGINT or SIGTERM cancels the run in order; the second ends the program, also while it closes."""

    _NUMBERS: Final = (signal.SIGINT, signal.SIGTERM)

    def __init__(self) -> None:
        self._told = 0
        self._run: Any = None
        self._face: Face | None = None
        self._before: dict[int, Any] = {}

    def follow(self, run: Any, face: Face) -> None:
        """Cancel this run; at once where somebody has asked for it already."""
        self._run, self._face = run, face
        if self._told:
            run.cancel()

    def __enter__(self) -> Self:
        self._before = {number: signal.signal(number, self._handle) for number in self._NUMBERS}
        return self

    def __exit__(self, *_raised: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _handle(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002
        self._told += 1
        if self._told > 1:
            # The launcher's keeper ends what still runs when this process is gone.
            os.write(2, _SHOW_CURSOR if os.isatty(2) else b"")
            os._exit(KILLED)
        name = signal.Signals(number).name
        if self._face is None:
            return
        self._face.say(f"{name}: the run is cancelled in order; once more kills it")
        run = self._run
        run.cancel(f"cancelled by {name}") if hasattr(run, "steps") else run.cancel()


class Questions:
    """Puts the questions of a run's steps to who sits at the terminal, and gives their answers back.

    Lines are read from standard input only while a question is open. Where the input has ended nobody can answer: a
    question with a time limit is left to it, one without cancels the run.
    """

    def __init__(self, bench: Orchestrator, run: Any, face: Face) -> None:
        self._bench = bench
        self._run = run
        self._face = face
        self._asked: str | None = None
        self._read = b""
        self._is_at_end = sys.stdin is None or sys.stdin.closed
        self._given_up: set[str] = set()

    def look(self) -> None:
        """Put a question that is new, and take an answer that was typed."""
        prompt = self._open_prompt()
        if prompt is None:
            self._asked = None
            return
        if prompt["id"] != self._asked:
            self._asked = prompt["id"]
            answers = "/".join(prompt.get("answers", []))
            self._face.say(
                run_text.printable(f"{prompt['stepId']} asks: {prompt['ask']} [{answers}]")
            )
        line = self._line()
        if line is not None:
            self._answer(prompt, line.strip())
        elif self._is_at_end and prompt["id"] not in self._given_up:
            self._given_up.add(prompt["id"])
            if prompt.get("until") is None:
                self._face.say("nobody can answer: standard input has ended")
                self._run.cancel("nobody could answer")

    def _open_prompt(self) -> PromptRecord | None:
        prompts = self._bench.state.get("/jobs/prompts", None) or {}
        mine = [one for one in prompts.values() if one.get("runId") == self._run.id]
        return min(mine, key=lambda one: one.get("askedAt", 0.0), default=None)

    def _line(self) -> str | None:
        """A whole line that was typed; None where there is none yet."""
        while b"\n" not in self._read and not self._is_at_end:
            try:
                ready, _, _ = select.select([0], [], [], 0)
            except OSError:  # Windows waits for sockets alone, and to read would hold up the run
                self._is_at_end = True
                return None
            if not ready:
                return None
            try:
                data = os.read(0, 4096)
            except OSError:
                data = b""
            self._is_at_end = not data
            self._read += data
        line, end, rest = self._read.partition(b"\n")
        if not end and not line:
            return None
        self._read = rest
        return line.decode("utf-8", "replace")

    def _answer(self, prompt: PromptRecord, line: str) -> None:
        answers = prompt.get("answers", [])
        chosen = [one for one in answers if one.lower() == line.lower()]
        chosen = chosen or [one for one in answers if line and one.lower().startswith(line.lower())]
        if len(chosen) != 1:
            self._face.say(f"give one of {', '.join(map(run_text.printable, answers))}")
            return
        try:
            self._run.answer(chosen[0], prompt["stepId"])
        except JobError as error:  # somebody else was faster
            self._face.say(str(error))
