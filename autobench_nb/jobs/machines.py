"""On which machine each job ran, and how noisy it was: fingerprints by their ids, told in the state."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator, Mapping
from typing import Final

from autobench_nb.contract.machine import MachineRecord
from autobench_nb.jobs.timing import now_ms
from autobench_nb.machine.fingerprint import Fingerprint, FingerprintReader
from autobench_nb.machine.noise import Noise, NoiseLook, NoiseMeter
from autobench_nb.machine.system import System
from autobench_nb.state.store import StateStore

FRESH_S: Final = 2.0
"""Seconds for which a fingerprint holds: reading one takes some milliseconds."""
TOLD: Final = 32
"""Fingerprints that the state holds: the newest."""
KEPT: Final = 4_096
"""Fingerprints that are held for comparisons; the oldest make room."""


class Machines(Mapping[str, Fingerprint]):
    """The fingerprints of this machine that jobs have met, by id. Thread-safe, and without a thread.

    Args:
        store: The state whose ``/jobs/machines`` tells of them.
        system: Where they are read; None: this machine.
    """

    def __init__(self, store: StateStore, system: System | None = None) -> None:
        self._store = store
        self._system = system
        # The one is held while programs are asked, the other never while anything is waited for.
        self._reading = threading.Lock()
        self._lock = threading.Lock()
        self._reader: FingerprintReader | None = None
        self._meter: NoiseMeter | None = None
        self._fresh: dict[tuple[str | None, str], tuple[float, Fingerprint, str]] = {}
        self._known: dict[str, Fingerprint] = {}
        self._records: dict[str, MachineRecord] = {}
        self._is_told = True

    def after_fork_in_child(self) -> None:
        """Another thread may have held a lock."""
        self._reading, self._lock = threading.Lock(), threading.Lock()

    def meet(self, folder: str | None, command: str) -> str:
        """Read the machine before a job runs there, and tell the state where it was not met before.

        Args:
            folder: Where the job runs; None: the working folder.
            command: The job's command; the versions of well-known programs that it names are read.

        Returns:
            The fingerprint's id.
        """
        with self._reading:
            found, machine_id = self._read(folder, command)
        with self._lock:
            if machine_id not in self._known:
                self._add(machine_id, found)
                self._is_told = False
        # Who holds a batch open may be waiting for this job, which therefore waits for no batch; what writes the
        # jobs' records tells it later.
        if not self._is_told:
            with contextlib.suppress(
                Exception
            ):  # a projection of the user's that raises is told of by that writer
                self._store.attempt(self.tell)
        return machine_id

    def look(self) -> NoiseLook:
        """What disturbs the machine now."""
        return self._get_meter().look()

    def since(self, begin: NoiseLook) -> Noise:
        """The noise since then."""
        return self._get_meter().since(begin)

    def close(self) -> None:
        """Close the files that tell of noise. Again: no effect."""
        if self._meter is not None:
            self._meter.close()

    def __getitem__(self, machine_id: str) -> Fingerprint:
        return self._known[machine_id]

    def __iter__(self) -> Iterator[str]:
        return iter(tuple(self._known))

    def __len__(self) -> int:
        return len(self._known)

    def _get_meter(self) -> NoiseMeter:
        with self._lock:
            if self._meter is None:
                self._meter = NoiseMeter(self._system)
            return self._meter

    def _read(self, folder: str | None, command: str) -> tuple[Fingerprint, str]:
        now = time.monotonic()
        key = (folder, command)
        known = self._fresh.get(key)
        if known is not None and now - known[0] < FRESH_S:
            return known[1:]
        reader = self._reader
        if reader is None:
            reader = self._reader = FingerprintReader(self._system)
        found = reader.read(folder, [command], self._get_meter().absent)
        if len(self._fresh) >= 256:
            self._fresh.clear()
        # The id is a hash of all values, which takes longer than most of what is done for a job.
        machine_id = found.id
        self._fresh[key] = (time.monotonic(), found, machine_id)
        return found, machine_id

    def _add(self, machine_id: str, found: Fingerprint) -> None:
        self._known[machine_id] = found
        self._records[machine_id] = found.record(now_ms())
        while len(self._known) > KEPT:
            oldest = next(iter(self._known))
            del self._known[oldest], self._records[oldest]

    def tell(self) -> None:
        """Write to the state what is new, within a batch that is open."""
        if self._is_told:
            return
        with self._lock:
            records = dict(list(self._records.items())[-TOLD:])
            self._is_told = True
        try:
            self._store.set("/jobs/machines", records)
        except BaseException:
            # Whatever it is goes to the caller; what was not written is told again with the next reading.
            self._is_told = False
            raise
