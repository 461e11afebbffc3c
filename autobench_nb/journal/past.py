"""What a journal knows of the past, for estimates and pictures: nothing where it cannot be read now."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TypeVar

from autobench_nb.errors import JournalError
from autobench_nb.jobs.ledger import SampledStretch
from autobench_nb.journal.reader import JournalReader

One = TypeVar("One")


class KeptPast(ABC):
    """The read side of a ledger: what work took, and what devices have sampled."""

    _reader_lock: threading.Lock

    def durations(self, name: str, command: str, limit: int = 200) -> Sequence[float]:
        """Seconds that the newest repetitions of such work took; none where the journal cannot be read now."""
        return self._past(lambda reader: reader.durations(name, command, limit))

    def step_durations(self, recipe: str) -> Sequence[tuple[str, float]]:
        """Planned steps of past runs with their seconds, see :meth:`JournalReader.step_durations`; none as above."""
        return self._past(lambda reader: reader.step_durations(recipe))

    def sample_stretches(
        self, device_id: str, from_ms: float, until_ms: float
    ) -> Sequence[SampledStretch]:
        """What a device has sampled, see :meth:`JournalReader.sample_stretches`; nothing as above."""
        return self._past(lambda reader: reader.sample_stretches(device_id, from_ms, until_ms))

    def _past(self, ask: Callable[[JournalReader], Sequence[One]]) -> Sequence[One]:
        with suppress(JournalError), self._reader_lock:
            return ask(self._reading())
        return ()

    @abstractmethod
    def _reading(self) -> JournalReader:
        """A reader of the journal."""
