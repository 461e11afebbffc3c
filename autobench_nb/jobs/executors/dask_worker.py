"""What runs on a Dask worker: one repetition, by the same executor that this machine's jobs have.

Plain functions that the client ships by name: a worker needs autobench_nb itself, of the same version.
"""

from __future__ import annotations

import sys
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from autobench_nb import __version__
from autobench_nb.jobs.artifacts import FoundFile, find_artifacts
from autobench_nb.jobs.executors.dask_lines import LineBatches, Sender
from autobench_nb.jobs.executors.executor import RepetitionOutcome
from autobench_nb.jobs.executors.local import LocalExecutor
from autobench_nb.jobs.kept_output import KeptOutput
from autobench_nb.jobs.output import JobLog, OutputStream
from autobench_nb.jobs.work import How, Task
from autobench_nb.logs.entry import Level
from autobench_nb.processes.lines import LINE_LIMIT
from autobench_nb.processes.pressure import Pressure
from autobench_nb.processes.stdin import CommandInput
from autobench_nb.processes.stop import Stop
from autobench_nb.state.model import JobKind, JobStatus

MAX_REFUSED: Final = 10_000
"""Of repetitions that were to end and had not begun here, so many are remembered."""
REPORT_BYTES: Final = 65_536
"""A report that is no larger goes the way of the lines, which spares who waits for it two more questions."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteWork:
    """One repetition, as it is sent to a worker.

    Attributes:
        key: Names it for ever.
        topic: Where its lines are sent.
        versions: The package's and Python's where it comes from.
        keeps: Whether what it prints is to come back as a whole.
    """

    key: str
    topic: str
    task: Task
    how: How
    job_id: str
    name: str
    repetition: int
    versions: tuple[str, str]
    keeps: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteReport:
    """What came of it.

    Attributes:
        outcome: How it went.
        worker: Where.
        batches: How many of lines were sent.
        left_out: How many lines were left out of them.
        printed: What it printed, where that was to come back.
    """

    outcome: RepetitionOutcome
    worker: str
    batches: int = 0
    left_out: int = 0
    printed: bytes = b""


@dataclass
class RemoteRepetition:
    """A repetition as the worker's own executor sees it; see :class:`Repetition`."""

    job_id: str
    name: str
    repetition: int
    how: How
    log: JobLog
    batches: LineBatches
    kept: KeptOutput | None = None
    stop: Stop[JobStatus] = field(default_factory=Stop)
    input: CommandInput = field(default_factory=CommandInput)

    def stream(self, name: str) -> OutputStream:
        """Open a new way for bytes into the batches."""
        stream = OutputStream(
            self.log,
            name,
            pressure=Pressure(None),
            limit=LINE_LIMIT,
            current=self._current,
        )
        return stream if self.kept is None else self.kept.listen(stream)

    def progress(self, fraction: float, text: str | None) -> None:
        """Send how far this repetition is."""
        self.batches.tell(progress=[fraction, text])

    def overdue(self, reason: str) -> None:
        """Send why it should have ended by now."""
        self.batches.tell(overdue=reason)

    def _current(
        self, text: str | None, fraction: float | None = None, *, unfinished: bool = False
    ) -> None:
        """A progress line is shown at its end alone: each state of it would be a message of its own."""


PYTHON: Final = f"{sys.version_info[0]}.{sys.version_info[1]}"
VERSIONS: Final = (__version__, PYTHON)
"""Of this package and of Python, here."""

_lock = threading.Lock()
_executor: LocalExecutor | None = None
_running: dict[str, Stop[JobStatus]] = {}
_refused: dict[str, bool] = {}
_sender = Sender()


def run_remotely(work: RemoteWork) -> RemoteReport | None:
    """Do one repetition on the worker of the calling thread; None where its report has gone the way of the lines."""
    from distributed import get_worker

    worker = get_worker()

    def send(message: dict[str, Any]) -> None:
        worker.log_event(work.topic, message)

    refusal = _refusal(work, worker.address)
    if refusal is not None:
        return RemoteReport(outcome=refusal, worker=worker.address)
    batches = LineBatches(send, work.key, worker.address)
    repetition = RemoteRepetition(
        work.job_id,
        work.name,
        work.repetition,
        work.how,
        JobLog(batches.append, work.job_id, lambda: None),
        batches,
        KeptOutput() if work.keeps else None,
    )
    if work.task.kind is JobKind.COMMAND:
        # Of a callable that is over at once one message says all.
        batches.tell()
    outcome = _run_here(work, repetition)
    batches.begin_last()
    kept = repetition.kept
    report = RemoteReport(
        outcome=outcome,
        worker=worker.address,
        batches=batches.number,
        left_out=batches.left_out,
        printed=b"" if kept is None else kept.data(),
    )
    data = _small(report)
    if data is None:
        batches.end()
        return report
    batches.end(report=data)
    return None


def _run_here(work: RemoteWork, repetition: RemoteRepetition) -> RepetitionOutcome:
    with _lock:
        global _executor
        executor = _executor = _executor or LocalExecutor()
        _running[work.key] = repetition.stop
        if _refused.pop(work.key, False):
            repetition.stop.request(JobStatus.CANCELLED, "cancelled")
    _sender.add(work.key, repetition.batches)
    try:
        return _sendable(executor.run(work.task, repetition), repetition)
    finally:
        _sender.remove(work.key)
        with _lock:
            del _running[work.key]


def _refusal(work: RemoteWork, here: str) -> RepetitionOutcome | None:
    """Why the work is not begun on this worker; None where it is."""
    why = why_not_of(here, work.versions, VERSIONS)
    if why is not None:
        return RepetitionOutcome(status=JobStatus.FAILED, reason=why)
    if work.how.makes_cwd and work.how.cwd is not None:
        try:
            Path(work.how.cwd).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            reason = (
                f"the folder {work.how.cwd} cannot be made on the worker {here}: {error.strerror}"
            )
            return RepetitionOutcome(status=JobStatus.FAILED, reason=reason)
    return None


def why_not_of(worker: str, here: tuple[str, str], there: tuple[str, str] | None) -> str | None:
    """Why a worker cannot do what comes from here: it has no package, another version of it, or another Python.

    Args:
        worker: Its address.
        here: The package's and Python's versions where work comes from.
        there: Those of the worker; None where it has no package.
    """
    if there is None:
        return f"the worker {worker} has no autobench_nb: install {here[0]} there, which is what runs here"
    if there[0] != here[0]:
        return f"the worker {worker} has autobench_nb {there[0]}: install {here[0]} there, which is what runs here"
    if there[1] != here[1]:
        return f"the worker {worker} runs Python {there[1]}: start it with Python {here[1]}, which is what runs here"
    return None


def _sendable(outcome: RepetitionOutcome, repetition: RemoteRepetition) -> RepetitionOutcome:
    """The outcome, without a value that cannot leave this process."""
    if outcome.value is None or isinstance(outcome.value, str | int | float | bool):
        return outcome
    from distributed.protocol.pickle import dumps

    try:
        dumps(outcome.value)  # type: ignore[no-untyped-call]
    except Exception as error:  # noqa: BLE001 - what a foreign object does when it is pickled is its own
        repetition.log.say(
            Level.WARN,
            f"{repetition.name}: the value that it returned cannot leave its worker: {type(error).__name__}: {error}.",
        )
        return outcome.without_value()
    return outcome


def _small(report: RemoteReport) -> bytes | None:
    """The report as it goes the way of the lines; None where it is too large for that."""
    if len(report.printed) > REPORT_BYTES:
        return None
    from distributed.protocol.pickle import dumps

    data: bytes = dumps(report)  # type: ignore[no-untyped-call]
    return data if len(data) <= REPORT_BYTES else None


def end_remotely(key: str, status: str, reason: str) -> bool:
    """Ask a repetition to end; whether it runs on this worker. One that comes later is ended as it begins."""
    with _lock:
        stop = _running.get(key)
        if stop is None:
            _refused[key] = True
            while len(_refused) > MAX_REFUSED:
                del _refused[next(iter(_refused))]
            return False
    stop.request(JobStatus(status), reason)
    return True


def find_remotely(patterns: list[str], folder: str) -> list[FoundFile]:
    """The artifacts below a folder of this worker. Raises :class:`~autobench_nb.jobs.artifacts.NotKept`."""
    return find_artifacts(patterns, Path(folder))


def read_remotely(path: str, offset: int, size: int) -> bytes:
    """A piece of a file of this worker, empty behind its end. Raises :class:`OSError`."""
    with open(path, "rb") as file:
        file.seek(offset)
        return file.read(size)
