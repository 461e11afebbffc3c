"""The journal of a running orchestrator: the ledger that is told, the state of its health, and its read side."""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final, TypeAlias, TypeVar

from autobench_nb import forks
from autobench_nb.contract.journal import InterruptedRun, JournalHealth, JournalState
from autobench_nb.errors import ClosedError, reason_of
from autobench_nb.figures import counted
from autobench_nb.jobs.ledger import (
    ArtifactKept,
    DeviceTold,
    RunBegan,
    RunEnded,
    StepBegan,
    StepSettled,
)
from autobench_nb.jobs.output import LogFunction
from autobench_nb.jobs.saved import SavedRun
from autobench_nb.jobs.timing import now_ms
from autobench_nb.journal import rows
from autobench_nb.journal.archive import JournalArchive
from autobench_nb.journal.beginning import begin_life, interrupted_runs
from autobench_nb.journal.faults import Fault, fault_of
from autobench_nb.journal.opening import open_to_write, refused
from autobench_nb.journal.owner import Owner, claim
from autobench_nb.journal.past import KeptPast
from autobench_nb.journal.reader import JournalReader
from autobench_nb.journal.retention import clean_up, forget_old_samples
from autobench_nb.journal.rows import Row
from autobench_nb.journal.settings import Journal
from autobench_nb.journal.writer import JournalWriter
from autobench_nb.lifetime import Closable
from autobench_nb.logs.entry import Level
from autobench_nb.tables.results import Result

if TYPE_CHECKING:
    import pandas as pd

CHANNEL: Final = "orchestrator"
UPKEEP_INTERVAL_S: Final = 10.0
"""How often what is too old or too much is looked for."""
THINNING_INTERVAL_S: Final = 600.0
"""How often samples of devices are looked at that are more than may stay."""
READ_PATIENCE_S: Final = 2.0
"""How long a reader waits for what was told just before."""

Read = TypeVar("Read")

TellState: TypeAlias = Callable[[str, Any], None]
"""``tell(pointer, value)``: sets a value in the state."""


class LiveJournal(KeptPast, Closable):
    """Implements :class:`~autobench_nb.jobs.ledger.Ledger` over one SQLite file, which it alone writes.

    Args:
        settings: Which file, and its bounds.
        epoch: Names this life of the orchestrator.
        log: ``LogRing.append``.
        tell: Sets a value in the state.

    Attributes:
        settings: As given.
        archive: Where evicted log entries go; None where they are not kept.

    Raises:
        JournalInUse: Another orchestrator writes it.
        JournalError: The file cannot be used; the error says why, and what helps.
    """

    def __init__(self, settings: Journal, *, epoch: str, log: LogFunction, tell: TellState) -> None:
        self.settings = settings
        self._log = log
        self._tell = tell
        self._path = settings.file
        self._process = os.getpid()
        self._running: set[str] = set()
        self._is_closing = False
        self._told_late = self._told_large = False
        self._refused = 0
        self._next_upkeep = time.monotonic() + UPKEEP_INTERVAL_S
        self._next_thinning = time.monotonic() + THINNING_INTERVAL_S
        self._reader: JournalReader | None = None
        self._reader_of: tuple[int, int] | None = None
        self._reader_lock = threading.Lock()
        owner = Owner.this_process(epoch)
        self._lock_file = claim(self._path, owner)
        connection: sqlite3.Connection | None = None
        try:
            connection = open_to_write(self._path)
            self._life_id = begin_life(connection, owner, now_ms())
            self.clean_up_now(connection)
            self._interrupted = interrupted_runs(connection)
        except (sqlite3.Error, OSError) as error:
            self._give_up(connection)
            raise refused(self._path, fault_of(error)) from error
        except BaseException:
            # Whatever it is goes to the caller, an interrupt too; file and lock would stay taken without an owner.
            self._give_up(connection)
            raise
        self._writer = JournalWriter(
            self._path,
            connection,
            self._life_id,
            told=self,
            is_busy=lambda: bool(self._running),
            upkeep=self._keep_up,
            now_ms=now_ms,
        )
        self.archive = (
            JournalArchive(self._life_id, self._put_lesser, self.select) if settings.logs else None
        )
        forks.register(self)
        self._tell("/journal", self.record())

    # --- the ledger

    def run_began(self, run: RunBegan) -> None:
        """Keep that a run was asked for, or goes on; returns at once, since all that follows waits for it too."""
        self._running.add(run.run_id)
        if self._interrupted.pop(run.run_id, None) is not None:
            self._tell("/journal/interrupted", dict(self._interrupted))
        self._put(rows.run_began(self._life_id, run))

    def step_began(self, step: StepBegan) -> None:
        """Keep that a step has started; returns at once."""
        self._put(rows.step_began(step))

    def repetition(self, row: Result, settled: StepSettled | None = None) -> None:
        """Keep a result, and how its step came out where that is known; returns when it is safe, or too late."""
        if settled is None or not self._is_to_be_kept(settled):
            self._put(rows.repetition(row), wait=True)
        else:
            self._put(rows.repetition(row))
            self._put(rows.step_settled(settled), wait=True)

    def step_settled(self, step: StepSettled) -> None:
        """Keep how a step came out; returns when it is safe, or patience is used up.

        What is cancelled because the orchestrator closes is not settled: the run can be resumed.
        """
        if self._is_to_be_kept(step):
            self._put(rows.step_settled(step), wait=True)

    def _is_to_be_kept(self, step: StepSettled) -> bool:
        return not (self._is_closing and step.status in ("cancelled", "skipped"))

    def run_ended(self, run: RunEnded) -> None:
        """Keep how a run came out; returns when it is safe, or patience is used up."""
        self._running.discard(run.run_id)
        if not (self._is_closing and run.status == "cancelled"):
            self._put(rows.run_ended(run), wait=True)

    def artifact(self, artifact: ArtifactKept) -> None:
        """Keep where a file is, and its hash; returns at once."""
        self._put(rows.artifact(artifact))

    def device(self, told: DeviceTold) -> None:
        """Keep a piece of a device's history; returns at once."""
        self._put_lesser(rows.device(told))

    @property
    def samples_every_s(self) -> float | None:
        """Seconds of which the samples of a device are kept as one; None: none are kept."""
        return self.settings.samples_every_s

    def history(self, name: str, command: str, runs: int = 20) -> dict[str, list[float]]:
        """Seconds that such work took, run by run, see :meth:`JournalReader.history`."""
        return self._read(lambda reader: reader.history(name, command, runs))

    # --- how it fares

    def record(self) -> JournalState:
        """What the state says of the journal."""
        fault = self._writer.fault
        return {
            "path": str(self._path),
            "status": JournalHealth.WRITING if fault is None else JournalHealth.FAILING,
            "reason": None if fault is None else str(fault),
            "missed": self._writer.missed,
            "late": self._writer.late,
            "interrupted": dict(self._interrupted),
        }

    @property
    def interrupted(self) -> dict[str, InterruptedRun]:
        """The runs that were under way when an orchestrator on this journal ended, and were not resumed since."""
        return dict(self._interrupted)

    def saved_run(self, run_id: str) -> SavedRun | None:
        """All that is needed to go on with a run; None where there is none of that id."""
        return self._read(lambda reader: reader.saved_run(run_id))

    def flush(self, timeout_s: float = READ_PATIENCE_S) -> bool:
        """Wait until all that was told is safe; False where that takes longer, or the file cannot be written."""
        return self._writer.flush(timeout_s)

    def tidy(self) -> None:
        """Remove now what is older or more than the journal's bounds allow; else that is done every few seconds."""
        self._next_upkeep = self._next_thinning = 0.0
        self._writer.wake()
        self._writer.flush(READ_PATIENCE_S)

    # --- what it holds

    def runs(self) -> pd.DataFrame:
        """Every run, see :meth:`JournalReader.runs`."""
        return self._read(lambda reader: reader.runs())

    def steps(self, run_id: str | None = None) -> pd.DataFrame:
        """Every step that has begun, see :meth:`JournalReader.steps`."""
        return self._read(lambda reader: reader.steps(run_id))

    def results(self, run_id: str | None = None) -> pd.DataFrame:
        """Every measured repetition, see :meth:`JournalReader.results`."""
        return self._read(lambda reader: reader.results(run_id))

    def artifacts(self, run_id: str | None = None) -> pd.DataFrame:
        """Every file that was kept, see :meth:`JournalReader.artifacts`."""
        return self._read(lambda reader: reader.artifacts(run_id))

    def devices(self, device_id: str | None = None) -> pd.DataFrame:
        """The history of devices, see :meth:`JournalReader.devices`."""
        return self._read(lambda reader: reader.devices(device_id))

    def samples(self, device_id: str | None = None) -> pd.DataFrame:
        """What devices have sampled, see :meth:`JournalReader.samples`."""
        return self._read(lambda reader: reader.samples(device_id))

    def missed(self) -> pd.DataFrame:
        """What could not be written, see :meth:`JournalReader.missed`."""
        return self._read(lambda reader: reader.missed())

    def select(self, text: str, values: Sequence[Any] = ()) -> list[dict[str, Any]]:
        """What a query gives, see :meth:`JournalReader.select`."""
        return self._read(lambda reader: reader.select(text, values))

    # --- its end

    def begin_close(self) -> None:
        """From now on what is cancelled is interrupted: the orchestrator closes."""
        self._is_closing = True

    def close(self) -> None:
        """Write what waits, close the file, and let others write it. A second call has no effect."""
        if os.getpid() != self._process:
            return
        self._is_closing = True
        # The last connection folds the write-ahead log into the file, and only one that may write can do it.
        with self._reader_lock:
            reader, self._reader = self._reader, None
        if reader is not None:
            reader.close()
        self._writer.close()
        self._lock_file.release()

    def after_fork_in_child(self) -> None:
        """File, lock and thread are the parent's: nothing is written here."""
        self._is_closing = True
        self._writer.after_fork_in_child()
        self._reader_lock = threading.Lock()
        if self._reader is not None:
            # To close it would let go of locks that the parent's process holds.
            _of_the_parents.append(self._reader)
            self._reader = None

    def __repr__(self) -> str:
        fault = self._writer.fault
        told = "" if fault is None else f": {fault.fact}"
        return f"<Journal {self._path}{told}>"

    # --- told by the writer's thread

    def writing_failed(self, fault: Fault) -> None:
        """Say once that nothing can be written; what runs goes on."""
        end = "" if fault.lasts else " It is tried again."
        self._log(
            CHANNEL,
            Level.ERROR,
            f"The journal {self._path} is not written: {fault} What runs goes on without it.{end}",
        )
        self._tell("/journal", self.record())

    def writing_goes_on(self, missed: int) -> None:
        """Say that the file is written again, and how much is missing."""
        told = f"it lacks {counted(missed, 'row')}" if missed else "nothing is missing in it"
        self._log(CHANNEL, Level.WARN, f"The journal {self._path} is written again: {told}.")
        self._tell("/journal", self.record())

    def row_refused(self, error: Exception) -> None:
        """Say at the 1st, 10th, 100th time that a row could not be written though others can."""
        self._refused += 1
        if str(self._refused).strip("0") == "1":
            self._log(
                CHANNEL,
                Level.ERROR,
                f"The journal could not take a row ({self._refused:,} so far): {reason_of(error)}",
            )

    def rows_dropped(self, dropped: Sequence[Row]) -> None:
        """Take log entries that are not written after all off the archive's count."""
        if self.archive is not None:
            self.archive.let_go(dropped)

    # --- below

    def clean_up_now(self, connection: sqlite3.Connection) -> None:
        """Remove what is too old or too much; the connection is the writer's."""
        bounds = self.settings.bounds
        if bounds == (None, None):
            return
        removed = clean_up(connection, bounds, life_id=self._life_id, now_ms=now_ms())
        archive = getattr(self, "archive", None)
        if archive is not None:
            archive.removed(removed.log_entries, removed.first_seq)
        if removed.is_too_large and not self._told_large:
            self._told_large = True
            self._log(
                CHANNEL,
                Level.WARN,
                f"The journal {self._path} is larger than its max_bytes={bounds.max_bytes:_}, and all that is left "
                "in it belongs to runs that are under way: give it more.",
            )

    def _keep_up(self, connection: sqlite3.Connection) -> None:
        now = time.monotonic()
        if now >= self._next_upkeep:
            self._next_upkeep = now + UPKEEP_INTERVAL_S
            self.clean_up_now(connection)
        if now >= self._next_thinning:
            self._next_thinning = now + THINNING_INTERVAL_S
            forget_old_samples(connection)

    def _put(self, row: Row, *, wait: bool = False) -> None:
        late = self._writer.late
        self._writer.put(row, wait=wait)
        if self._writer.late > late and not self._told_late:
            self._told_late = True
            self._log(
                CHANNEL,
                Level.WARN,
                f"The disk of the journal {self._path} is slow: a job went on before its result was safe.",
            )
            self._tell("/journal/late", self._writer.late)

    def _put_lesser(self, row: Row) -> bool:
        return self._writer.put(row, lesser=True)

    def _read(self, read: Callable[[JournalReader], Read]) -> Read:
        if os.getpid() != self._process:
            raise ClosedError("this journal belongs to the process of which this one is a fork.")
        if self._lock_file.is_held:
            self._writer.flush(READ_PATIENCE_S)
            with self._reader_lock:
                return read(self._reading())
        with JournalReader(self._path) as reader:
            return read(reader)

    def _reading(self) -> JournalReader:
        """A reader of the file that has the journal's name now."""
        try:
            found = self._path.stat()
        except OSError as error:
            raise refused(self._path, fault_of(error)) from error
        identity = (found.st_dev, found.st_ino)
        if self._reader is None or identity != self._reader_of:
            if self._reader is not None:
                self._reader.close()
            self._reader, self._reader_of = JournalReader(self._path), identity
        return self._reader

    def _give_up(self, connection: sqlite3.Connection | None) -> None:
        if connection is not None:
            connection.close()
        self._lock_file.release()


_of_the_parents: list[JournalReader] = []
