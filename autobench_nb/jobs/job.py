"""A job: one command or callable of a run, repeated."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from autobench_nb.errors import JobError
from autobench_nb.figures import seconds_text
from autobench_nb.jobs.executors.executor import RepetitionOutcome
from autobench_nb.jobs.gauges import MeanEnergy
from autobench_nb.jobs.kept_output import KeptOutput
from autobench_nb.jobs.machine import Lifecycle
from autobench_nb.jobs.measures import Measures
from autobench_nb.jobs.output import CURRENT_LIMIT, JobLog, LogFunction, OutputStream
from autobench_nb.jobs.past import Past, told
from autobench_nb.jobs.prompts import looks_like_prompt
from autobench_nb.jobs.results import Result, Results
from autobench_nb.jobs.timing import Timing
from autobench_nb.jobs.work import How, Task
from autobench_nb.logs.text import clean
from autobench_nb.machine.comparison import Conditions
from autobench_nb.processes.lines import LINE_LIMIT
from autobench_nb.processes.pressure import Pressure
from autobench_nb.processes.stdin import CommandInput, InputClosed
from autobench_nb.processes.stop import Stop
from autobench_nb.state.model import JobKind, JobStatus
from autobench_nb.tables.comparison import finite
from autobench_nb.tables.measures import WALL_S, number_of

if TYPE_CHECKING:
    from autobench_nb.jobs.course import Course
    from autobench_nb.jobs.run import Run


class Job:
    """One job of a :class:`Run`. Any thread may read it; the runner alone changes it.

    For its executor a job is the :class:`~autobench_nb.jobs.executors.executor.Repetition` that is due.

    Attributes:
        id: Its id, unique for ever, which logs and results name as ``job_id``.
        run_id: The id of its run.
        name: What it is called.
        command: The command or the callable, as it is shown.
        repeat: How many measured repetitions were asked for.
        done: How many of them have succeeded.
        results: One row for each measured repetition that has ended.
        lifecycle: What the runner's machine knows of it, and changes.
        past: What it remembers of its repetitions, warm-ups too.
        kept: Where what it prints is kept for who reads metrics out of it: nobody does of a plain job.
        folder: Where it runs; None before it has started, and where only its executor knows.
        retry_of: The id of the job whose work it does again.
        course: How its repetitions go, where it does a step of a recipe.
        step_id: That step's id.
        begun: The number of the repetition that is next; None before the first.
        told_end: How it came out, where the ledger was told that with its last result.
        machine: The id of the machine's fingerprint; None before it has started, and where it runs elsewhere.
    """

    def __init__(
        self,
        lifecycle: Lifecycle,
        run: Run,
        task: Task,
        how: How,
        *,
        log: LogFunction,
        ready: Callable[[float], bool] | None,
        changed: Callable[[Job], None],
        retry_of: str | None = None,
        course: Course | None = None,
    ) -> None:
        self.id = lifecycle.job_id
        self.run_id = run.id
        self.lifecycle = lifecycle
        self._redact = run.runner.redact
        self.name = self.seen(task.name)
        self.command = self.seen(task.command)
        self.task = task
        self.how = how
        self.repeat = how.repeat
        self.exit_code: int | None = None
        self.done = 0
        self.repetition = 0
        self.results = Results(how.repeat)
        self.stop: Stop[JobStatus] = Stop()
        self.input = CommandInput()
        self.kept: KeptOutput | None = None
        self.timing = Timing()
        self.energy = MeanEnergy()
        self._measures = Measures({} if course is None else course.about_metrics)
        self.run = run
        self._ready = ready
        self._changed = changed
        self.past = Past()
        self.folder: str | None = None
        self.retry_of = retry_of
        self.course = course
        self.step_id = None if course is None else course.step_id
        self.begun: int | None = None
        self.machine: str | None = None
        self.told_end: tuple[JobStatus, str | None] | None = None
        self._fraction: float | None = None
        self._repetition_ms: float | None = None
        self._current: str | None = None
        self._asks = False
        self._overdue: str | None = None
        self._said: set[str] = set()
        self.log = JobLog(_for_step(log, self.step_id), self.id, self._touch)

    @property
    def status(self) -> JobStatus:
        """Where it stands."""
        return self.lifecycle.status

    @property
    def reason(self) -> str | None:
        """Why it did not succeed; while it runs, why it should have ended by now."""
        return self.lifecycle.reason if self.lifecycle.has_ended else self._overdue

    @property
    def wall_s(self) -> float | None:
        """Seconds that a repetition takes: the mean of those that have succeeded, or the only one; ``None`` before."""
        return self.timing.mean_s

    @property
    def value(self) -> Any:
        """What the callable returned: the very object, of the last repetition that has succeeded; ``None`` before.

        Those of all repetitions: ``[row.value for row in job.results]``.
        """
        succeeded = (row.value for row in self.results[::-1] if row.status == JobStatus.SUCCEEDED)
        return next(succeeded, None)

    @property
    def output(self) -> str:
        """What it has printed until now: stdout and stderr as they came, warm-ups too, redacted as the log is.

        Read from the log. Where that had to let lines go, a first line in brackets says how many.

        Raises:
            JobError: The job belongs to a runner that was given no log to read.
        """
        printed = self.run.runner.printed
        if printed is None:
            raise JobError(
                f"what job {self.id} printed cannot be read: its runner was given no log to read from."
            )
        return printed(self)

    def cancel(self) -> bool:
        """Ask the job to end, and return at once.

        Returns:
            False where it has ended already.
        """
        return self.run.runner.cancel(self.id) > 0

    def send(self, text: str | bytes, *, end: bool = False) -> None:
        """Answer a command that asks: write ``text`` to its standard input.

        Before the command has started, the text waits for it.

        Args:
            text: What a person would type; a line ends with ``"\\n"``.
            end: Whether the input ends after it, as with Ctrl-D.

        Raises:
            JobError: The job has ended, was not started with ``stdin=True`` or ``pty=True``, or does not read; or it is
                neither text nor bytes.
        """
        try:
            if not isinstance(text, str | bytes | bytearray | memoryview):
                raise InputClosed(f"{type(text).__name__} is neither text nor bytes")
            try:
                data = text.encode() if isinstance(text, str) else bytes(text)
            except UnicodeEncodeError:
                raise InputClosed("the text has a lone surrogate: send bytes") from None
            if self.lifecycle.has_ended:
                raise InputClosed("it has ended")
            if not self.takes_input:
                raise InputClosed("its standard input is empty; run it with stdin=True or pty=True")
            self.input.write(data, end=end)
        except InputClosed as closed:
            why = "it has ended" if self.lifecycle.has_ended else str(closed)
            raise JobError(f"job {self.id} cannot be sent anything: {why}.") from None

    @property
    def is_here(self) -> bool:
        """Whether it runs on this machine."""
        return self.lifecycle.executor == "local"

    @property
    def is_plain_command(self) -> bool:
        """Whether nothing but time and memory is measured of it: no metrics are read, no value is returned."""
        return self.course is None and self.task.kind is JobKind.COMMAND

    @property
    def units(self) -> dict[str, str]:
        """The units of its metrics by their names, as far as they have one."""
        about = {} if self.course is None else self.course.about_metrics
        return {name: unit for name, one in about.items() if (unit := one.get("unit"))}

    def conditions(self) -> Conditions:
        """On which machine its repetitions ran, and how noisy it was: what ``ab.comparable`` asks."""
        return Conditions.of(self.name, self.results, self.run.runner.machines)

    # --- what executors see of it

    @property
    def job_id(self) -> str:
        """The same as ``id``, by the name that logs and results use."""
        return self.id

    def stream(self, name: str) -> OutputStream:
        """Open a new way for bytes into the log; ``name``: ``stdout`` or ``stderr``."""
        return OutputStream(
            self.log, name, pressure=Pressure(self._ready), limit=LINE_LIMIT, current=self._show
        )

    def progress(self, fraction: float, text: str | None = None) -> None:
        """Say how far this repetition is, 0 to 1, and what it does now.

        Raises:
            ValueError: ``fraction`` is no number.
        """
        self._fraction = min(1.0, max(0.0, float(fraction)))
        if text is not None:
            self._current = self.seen(text)[:CURRENT_LIMIT]
        self._touch()

    @property
    def current(self) -> str | None:
        """What it does now: its progress line or picture, or the line that it has not finished (a prompt)."""
        return self._current

    @property
    def takes_input(self) -> bool:
        """Whether it was asked for with a standard input that :meth:`send` writes to."""
        return self.how.stdin or self.how.pty

    def seen(self, text: object) -> str:
        """A text as anybody may see it: what it says goes the same way in state, results and journal as in the log."""
        return self._redact(clean(text))

    def _show(
        self, text: str | None, fraction: float | None = None, *, unfinished: bool = False
    ) -> None:
        text = None if text is None else self._redact(text)
        asks = unfinished and self.takes_input and looks_like_prompt(text or "")
        if fraction is not None:
            self._fraction = fraction
        elif text == self._current and asks == self._asks:
            return
        self._current, self._asks = text, asks
        self._touch()

    def _touch(self) -> None:
        self._changed(self)

    def overdue(self, reason: str) -> None:
        """Say in the record why this repetition should have ended by now, though it goes on."""
        self._overdue = self.seen(reason)
        self._touch()

    def is_news(self, note: str) -> bool:
        """Whether this was not said of the job before, so that not every repetition says it."""
        is_news = note not in self._said and len(self._said) < 8
        self._said.add(note)
        return is_news

    # --- its life, as the runner tells it

    def next_repetition(self, number: int, started_ms: float) -> None:
        """Begin repetition ``number``; 0: a warm-up. ``started_ms``: since 1970."""
        if self.folder is None:
            self.folder = self._find_folder()
        self.repetition = number
        self._repetition_ms = started_ms
        self._fraction = None
        self._current = self._overdue = None
        self._asks = False
        self._touch()

    def count(self, outcome: RepetitionOutcome, row: Result) -> None:
        """Count a measured repetition that has ended, with its row."""
        self._fraction = None
        self.exit_code = outcome.exit_code
        if outcome.status is JobStatus.SUCCEEDED:
            self.done += 1
            if outcome.wall_s is not None:
                self.timing.add(outcome.wall_s)
            self.energy.add(outcome.metrics)
            self._measures.add(row)
        self._touch()

    def numbers(self, measure: str) -> list[float]:
        """What its measured repetitions came to, in rising order; of many some.

        Args:
            measure: ``wall_s``, ``cpu_s``, ``max_rss_bytes``, ``value``, or the name of a metric.
        """
        if measure == WALL_S:
            return self.past.times()
        succeeded = (row for row in self.results if row.status == JobStatus.SUCCEEDED)
        return told(finite(number_of(row, measure) for row in succeeded))

    def _find_folder(self) -> str | None:
        if not self.is_here:
            return self.how.cwd
        try:
            return clean(os.path.abspath(self.how.cwd or os.getcwd()))
        except OSError:
            # The process's own folder was removed; that nothing can be started there is said by the outcome.
            return self.how.cwd

    # --- as the state has it

    def live(self) -> dict[str, Any]:
        """The fields of its record that change while it runs."""
        done = self.done
        over = self.lifecycle.has_ended
        fraction = None if over else self._fraction
        inner = done + (fraction if self.repetition and fraction is not None else 0.0)
        begun = not over and self._repetition_ms is not None
        return {
            "done": done,
            "exitCode": self.exit_code,
            "progress": round(min(1.0, inner / self.repeat), 4),
            "lines": self.log.lines,
            "warnings": self.log.warnings,
            "errors": self.log.errors,
            "meanS": self.timing.mean_s,
            "sdS": self.timing.sd_s,
            "etaS": None if over else self.timing.eta_s(self.repeat - inner),
            "maxS": self.timing.max_s,
            "current": None if over else self._current,
            "fraction": fraction,
            "repetition": self.repetition if begun else None,
            "repetitionAt": self._repetition_ms if begun else None,
            "machine": self.machine,
            "asks": self._asks and not over,
            "reason": self.reason,
            **self.energy.fields(),
            # Told once, at the end: while it runs, each repetition would change all of them.
            **({"measures": self._measures.to_wire()} if over else {}),
        }

    def record(self) -> dict[str, Any]:
        """The whole record. Times in milliseconds since 1970."""
        lifecycle = self.lifecycle
        return {
            "id": self.id,
            "runId": self.run_id,
            "name": self.name,
            "kind": str(self.task.kind),
            "command": self.command,
            "status": str(lifecycle.status),
            "createdAt": lifecycle.created_ms,
            "startedAt": lifecycle.started_ms,
            "finishedAt": lifecycle.finished_ms,
            "repeat": self.repeat,
            "warmup": self.how.warmup,
            "retryOf": self.retry_of,
            **({} if self.step_id is None else {"stepId": self.step_id}),
            **self.live(),
        }

    def run_record(self) -> dict[str, Any]:
        """The record of its run."""
        return self.run.record()

    def __repr__(self) -> str:
        why = f": {self.reason}" if self.reason else ""
        mean = self.timing.mean_s
        wall = "" if mean is None else f", {seconds_text(mean, self.timing.sd_s)}"
        return f"<Job {self.id} {self.name!r} {self.status}{why} {self.done}/{self.repeat}{wall}>"


def _for_step(log: LogFunction, step_id: str | None) -> LogFunction:
    """Where a job's entries go; those of a step carry its id."""
    return log if step_id is None else partial(log, step_id=step_id)
